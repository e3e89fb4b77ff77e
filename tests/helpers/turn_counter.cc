// Sockets on loopback: what is written to them never has to wait.

#include "holdfast/tests/helpers/turn_counter.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

#include "gtest/gtest.h"

namespace holdfast::test {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void DoNotDelay(const UniqueFd& fd) {
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// All that is there; nullopt at the end of the stream.
std::optional<std::string> Receive(const UniqueFd& fd) {
  std::string bytes;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t got = recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got > 0) {
      bytes.append(buffer, static_cast<size_t>(got));
    } else if (bytes.empty() && (got == 0 || errno != EAGAIN)) {
      return std::nullopt;
    } else {
      return bytes;
    }
  }
}

}  // namespace

TurnCounter::TurnCounter(EventLoop* loop, uint16_t server_port)
    : loop_(loop),
      server_port_(server_port),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener_.get(), raw, size), 0);
  EXPECT_EQ(listen(listener_.get(), 1), 0);
  EXPECT_EQ(getsockname(listener_.get(), raw, &size), 0);
  port_ = ntohs(address.sin_port);
  accepting_ =
      loop_->Watch(listener_.get(), Interest::kRead, [this] { Accept(); });
}

void TurnCounter::Accept() {
  accepting_.reset();
  client_.reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  server_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(server_port_);
  ASSERT_EQ(connect(server_.get(), reinterpret_cast<const sockaddr*>(&address),
                    sizeof address),
            0);
  DoNotDelay(client_);
  DoNotDelay(server_);
  turns_ = 1;
  from_client_ = loop_->Watch(client_.get(), Interest::kRead, [this] {
    PassOn(client_, server_, &from_client_);
  });
  from_server_ = loop_->Watch(server_.get(), Interest::kRead, [this] {
    PassOn(server_, client_, &from_server_);
  });
}

void TurnCounter::PassOn(const UniqueFd& from, const UniqueFd& to,
                         std::unique_ptr<EventLoop::Registration>* watch) {
  const std::optional<std::string> bytes = Receive(from);
  if (!bytes) {
    shutdown(to.get(), SHUT_WR);
    watch->reset();
    return;
  }
  const bool of_server = &from == &server_;
  if (of_server && client_waits_) ++turns_;
  client_waits_ = !of_server;
  send(to.get(), bytes->data(), bytes->size(), MSG_NOSIGNAL);
}

}  // namespace holdfast::test
