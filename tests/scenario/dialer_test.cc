// The dialer with real sockets on loopback.

#include "holdfast/core/net/dialer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "holdfast/core/base/uv_event_loop.h"

namespace holdfast {
namespace {

// A socket bound to a free port of `address`; a server once it listens.
class BoundSocket {
 public:
  explicit BoundSocket(absl::string_view address = "127.0.0.1", int port = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto wanted = SocketAddress::FromLiteral(*Host::Parse(address), port);
    EXPECT_EQ(bind(fd_.get(), wanted.get(), wanted.length()), 0);
  }
  void Listen(int backlog) { EXPECT_EQ(listen(fd_.get(), backlog), 0); }
  SocketAddress address() const {
    sockaddr_in address;
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(getsockname(fd_.get(), generic, &length), 0);
    return SocketAddress(generic, length);
  }

 private:
  UniqueFd fd_;
};

DialResult Dial(const std::vector<SocketAddress>& addresses,
                absl::Duration stagger = absl::Milliseconds(250)) {
  auto loop = UvEventLoop::Create();
  EXPECT_TRUE(loop.ok());
  const std::unique_ptr<Dialer> dialer = NewTcpDialer(loop->get(), stagger);
  std::optional<DialResult> result;
  const auto request =
      dialer->Dial({*Host::Parse("mail.example.org"), 993}, addresses,
                   [&result](DialResult r) { result = std::move(r); });
  (*loop)->RunUntil([&result] { return result.has_value(); });
  return *std::move(result);
}

TEST(DialerScenarioTest, ConnectsWithTheFlagsThatAreNeeded) {
  BoundSocket server;
  server.Listen(1);
  const DialResult result = Dial({server.address()});
  ASSERT_TRUE(result.fd.valid()) << result.error->Message();
  EXPECT_EQ(*result.address, server.address());

  EXPECT_TRUE(fcntl(result.fd.get(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(result.fd.get(), F_GETFD) & FD_CLOEXEC);
  int no_delay = 0;
  socklen_t length = sizeof no_delay;
  getsockopt(result.fd.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &length);
  EXPECT_EQ(no_delay, 1);
}

TEST(DialerScenarioTest, APortThatNobodyListensOnIsRefused) {
  const BoundSocket nobody;
  const DialResult result = Dial({nobody.address()});
  EXPECT_FALSE(result.fd.valid());
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kConnectionRefused);
}

TEST(DialerScenarioTest, ARefusedAddressIsPassed) {
  const BoundSocket nobody;
  BoundSocket server;
  server.Listen(1);
  // The stagger would outlast the test: only the failure leads on.
  const DialResult result =
      Dial({nobody.address(), server.address()}, absl::Hours(1));
  ASSERT_TRUE(result.fd.valid());
  EXPECT_EQ(*result.address, server.address());
  EXPECT_EQ(result.attempts[0].error->code, ErrorCode::kConnectionRefused);
}

TEST(DialerScenarioTest, ASilentAddressIsOvertaken) {
  // Linux leaves a connection to a full backlog unanswered.
  BoundSocket silent;
  silent.Listen(0);
  const DialResult filler = Dial({silent.address()});
  ASSERT_TRUE(filler.fd.valid());
  BoundSocket server;
  server.Listen(1);

  const DialResult result =
      Dial({silent.address(), server.address()}, absl::Milliseconds(20));
  ASSERT_TRUE(result.fd.valid());
  EXPECT_EQ(*result.address, server.address());
  EXPECT_EQ(result.attempts[0].error->code, ErrorCode::kCancelled);
  EXPECT_GE(result.attempts[1].started - result.attempts[0].started,
            absl::Milliseconds(20));
}

}  // namespace
}  // namespace holdfast
