#include "holdfast/tests/helpers/openssl_server.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "holdfast/tests/helpers/free_port.h"

namespace holdfast::test {

absl::StatusOr<std::unique_ptr<OpensslServer>> OpensslServer::Start(
    const lab::Certificate& certificate,
    const std::vector<std::string>& options) {
  std::unique_ptr<OpensslServer> server(new OpensslServer());
  const TempDir& directory = server->directory_;
  server->port_ = ReserveFreePort();
  ProcessOptions program;
  // The address is spelt out: a mere port would be open on every interface.
  program.arguments = {
      "openssl",     "s_server",
      "-accept",     absl::StrCat("127.0.0.1:", server->port_),
      "-cert",       directory.Write("leaf.pem", certificate.certificate_pem),
      "-cert_chain", directory.Write("chain.pem", certificate.chain_pem),
      "-key",        directory.Write("key.pem", certificate.key_pem)};
  program.arguments.insert(program.arguments.end(), options.begin(),
                           options.end());
  program.input = std::nullopt;  // its end would be the server's
  absl::StatusOr<std::unique_ptr<Process>> process = Process::Start(program);
  if (!process.ok()) return process.status();
  server->process_ = *std::move(process);
  if (!WaitUntilListening(server->port_)) {
    return absl::UnavailableError("openssl s_server does not listen: " +
                                  server->process_->err());
  }
  return server;
}

}  // namespace holdfast::test
