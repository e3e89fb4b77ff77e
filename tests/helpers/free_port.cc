#include "holdfast/tests/helpers/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast::test {
namespace {

UniqueFd NewSocket() {
  return UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

}  // namespace

uint16_t ReserveFreePort() {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  UniqueFd listener = NewSocket();
  if (bind(listener.get(), generic, length) != 0) return 0;
  // Only now: with it set before, bind() might choose a port reserved earlier.
  const int reuse = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  listen(listener.get(), 1);
  getsockname(listener.get(), generic, &length);
  const uint16_t port = ntohs(address.sin_port);

  // The side that closes first keeps the port in TIME_WAIT: the kernel hands
  // it to nobody, and lets those bind it who set SO_REUSEADDR.
  UniqueFd client = NewSocket();
  if (connect(client.get(), generic, length) != 0) return 0;
  UniqueFd accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  accepted.reset();
  char end;
  return recv(client.get(), &end, 1, 0) == 0 ? port : 0;
}

bool IsListening(uint16_t port) {
  // "sl: address:port remote state …"; 0A is LISTEN.
  const std::string loopback = absl::StrFormat(": 0100007F:%04X ", port);
  const std::string anywhere = absl::StrFormat(": 00000000:%04X ", port);
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    if ((absl::StrContains(line, loopback) ||
         absl::StrContains(line, anywhere)) &&
        absl::StrContains(line, ":0000 0A ")) {
      return true;
    }
  }
  return false;
}

bool WaitUntilListening(uint16_t port, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!IsListening(port)) {
    if (absl::Now() >= deadline) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return true;
}

}  // namespace holdfast::test
