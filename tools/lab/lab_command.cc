#include "holdfast/tools/lab/lab_command.h"

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "holdfast/tools/lab/behaviour.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::lab {
namespace {

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
    return absl::InvalidArgumentError(absl::StrCat(
        behaviour.status().message(), "; --list explains them all"));
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
  options.seed = command.seed;
  if (!command.upstream.empty()) {
    options.upstream = ParseUpstream(command.upstream);
    if (!options.upstream) {
      return absl::InvalidArgumentError("--upstream must be HOST:PORT");
    }
    if (!command.ca_out.empty()) {
      return absl::InvalidArgumentError(
          "--ca-out does not go with --upstream: the certificate is that of "
          "the real server");
    }
  }
  return options;
}

int Fail(const LabCommand& command, const absl::Status& status) {
  const bool usage = absl::IsInvalidArgument(status);
  std::cerr << command.name << ": " << status.message() << "\n";
  if (usage) std::cerr << "Try: " << command.name << " --help\n";
  return usage ? kLabUsage : kLabLocal;
}

}  // namespace

int RunLab(const LabCommand& command) {
  if (command.list) {
    List();
    return std::cout.flush() ? kLabDone : kLabLocal;
  }
  absl::StatusOr<LabOptions> options = MakeOptions(command);
  if (!options.ok()) return Fail(command, options.status());

  // Blocked before there are threads, so that all of them inherit it and only
  // sigwait() sees these signals.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  absl::StatusOr<std::unique_ptr<LabServer>> server =
      LabServer::Start(*std::move(options));
  if (!server.ok()) return Fail(command, server.status());
  if (!command.ca_out.empty()) {
    std::ofstream file(command.ca_out);
    file << (*server)->ca_pem() << std::flush;
    if (!file) {
      return Fail(command, absl::UnavailableError(
                               absl::StrCat("cannot write ", command.ca_out)));
    }
  }
  std::cout << "listening on " << command.bind_address << ":"
            << (*server)->port() << std::endl;
  int received = 0;
  sigwait(&ending, &received);
  return kLabDone;
}

}  // namespace holdfast::lab
