#include "tools/lab/lab_command.h"

#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tools/lab/behaviour.h"
#include "tools/lab/lab_server.h"

namespace holdfast::lab {
namespace {

constexpr int kDone = 0;
constexpr int kUsage = 2;
constexpr int kLocal = 4;

int Fail(int exit_status, absl::string_view message) {
  std::cerr << "holdfast-lab: " << message << "\n";
  return exit_status;
}

void List() {
  size_t width = 0;
  for (const Behaviour& behaviour : AllBehaviours()) {
    width = std::max(width, behaviour.name.size());
  }
  for (const Behaviour& behaviour : AllBehaviours()) {
    const std::string pad(width - behaviour.name.size() + 2, ' ');
    std::cout << behaviour.name << pad << behaviour.explanation << "\n";
  }
}

// "HOST:PORT"; an IPv6 address stands in brackets.
std::optional<Upstream> ParseUpstream(absl::string_view text) {
  const size_t colon = text.rfind(':');
  uint32_t port = 0;
  if (colon == absl::string_view::npos ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port) || port == 0 ||
      port > 65535) {
    return std::nullopt;
  }
  absl::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return Upstream{std::string(host), static_cast<uint16_t>(port)};
}

absl::StatusOr<LabOptions> MakeOptions(const LabCommand& command) {
  LabOptions options;
  absl::StatusOr<Behaviour> behaviour = FindBehaviour(command.behaviour);
  if (!behaviour.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(behaviour.status().message(), "; --list shows them all"));
  }
  options.behaviour = *std::move(behaviour);
  options.protocol = command.protocol;
  if (command.security == "starttls") {
    options.security = Security::kStartTls;
  } else if (command.security != "implicit") {
    return absl::InvalidArgumentError(
        "--security must be implicit or starttls");
  }
  options.bind_address = command.bind_address;
  options.port = command.port;
  if (!command.upstream.empty()) {
    options.upstream = ParseUpstream(command.upstream);
    if (!options.upstream) {
      return absl::InvalidArgumentError("--upstream must be HOST:PORT");
    }
  }
  return options;
}

int FailWith(const absl::Status& status) {
  return Fail(absl::IsInvalidArgument(status) ? kUsage : kLocal,
              status.message());
}

}  // namespace

void AddLabOptions(CLI::App* app, LabCommand* command) {
  app->add_option("--protocol", command->protocol,
                  "the protocol to speak: imap, pop3, smtp, submission or nntp")
      ->capture_default_str();
  app->add_option("--security", command->security,
                  "how it comes to TLS: implicit (from the first byte) or "
                  "starttls (by a command)")
      ->capture_default_str();
  app->add_option("--behaviour", command->behaviour,
                  "how to misbehave; --list explains each")
      ->capture_default_str();
  app->add_option("--bind", command->bind_address, "the address to listen at")
      ->capture_default_str();
  app->add_option("--port", command->port, "the port; 0: any that is free")
      ->capture_default_str();
  app->add_option("--upstream", command->upstream,
                  "HOST:PORT of a real server to stand in front of");
  app->add_option("--ca-out", command->ca_out,
                  "write the certificate to trust to this file (PEM)");
  app->add_flag("--list", command->list, "list the behaviours and end");
}

int RunLab(const LabCommand& command) {
  if (command.list) {
    List();
    return kDone;
  }
  absl::StatusOr<LabOptions> options = MakeOptions(command);
  if (!options.ok()) return FailWith(options.status());

  // Blocked before there are threads, so that all of them inherit it and only
  // sigwait() sees these signals.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  absl::StatusOr<std::unique_ptr<LabServer>> server =
      LabServer::Start(*std::move(options));
  if (!server.ok()) return FailWith(server.status());
  if (!command.ca_out.empty()) {
    std::ofstream file(command.ca_out);
    file << (*server)->ca_pem() << std::flush;
    if (!file) return Fail(kLocal, "cannot write " + command.ca_out);
  }
  std::cout << "listening on " << command.bind_address << ":"
            << (*server)->port() << std::endl;
  int received = 0;
  sigwait(&ending, &received);
  return kDone;
}

}  // namespace holdfast::lab
