#include "holdfast/tests/helpers/proxy_server.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {
namespace {

std::string TinyproxyConfiguration(const ProxyServerOptions& options,
                                   uint16_t port) {
  std::string text =
      absl::StrCat("Port ", port,
                   "\nListen 127.0.0.1\nAllow 127.0.0.1\n"
                   "MaxClients 100\nTimeout ",
                   absl::ToInt64Seconds(Scaled(absl::Minutes(1))), "\n");
  if (!options.user.empty()) {
    absl::StrAppend(&text, "BasicAuth ", options.user, " ", options.password,
                    "\n");
  }
  if (options.only_port != 0) {
    absl::StrAppend(&text, "ConnectPort ", options.only_port, "\n");
  }
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ProxyServer>> ProxyServer::Start(
    const ProxyServerOptions& options) {
  std::unique_ptr<ProxyServer> server(new ProxyServer());
  server->kind_ = options.kind;
  ProcessOptions program;
  switch (options.kind) {
    case Proxy::Kind::kSocks5:
      program.arguments = {"microsocks", "-i", "127.0.0.1", "-p",
                           absl::StrCat(server->port_)};
      if (!options.user.empty()) {
        program.arguments.insert(program.arguments.end(),
                                 {"-u", options.user, "-P", options.password});
      }
      break;
    case Proxy::Kind::kHttpConnect:
      program.arguments = {"tinyproxy", "-d", "-c",
                           server->directory_.Write(
                               "tinyproxy.conf",
                               TinyproxyConfiguration(options, server->port_))};
      break;
  }
  absl::StatusOr<std::unique_ptr<Process>> process = Process::Start(program);
  if (!process.ok()) return process.status();
  server->process_ = *std::move(process);
  if (!WaitUntilListening(server->port_)) {
    return absl::UnavailableError("the proxy does not listen: " +
                                  server->process_->err());
  }
  return server;
}

std::string ProxyServer::url(const std::string& credentials) const {
  return absl::StrCat(kind_ == Proxy::Kind::kSocks5 ? "socks5://" : "http://",
                      credentials, "127.0.0.1:", port_);
}

}  // namespace holdfast::test
