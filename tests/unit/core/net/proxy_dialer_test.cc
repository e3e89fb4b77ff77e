// Ways to a server without a network: through a proxy, whose part the test
// plays, and over sockets that a client makes itself.

#include "holdfast/core/net/proxy_dialer.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/net/socket_factory.h"
#include "holdfast/tests/helpers/fake_way.h"
#include "holdfast/tests/helpers/manual_event_loop.h"
#include "holdfast/tests/helpers/socket_pair.h"

namespace holdfast {
namespace {

using testing::HasSubstr;

const Endpoint kServer{*Host::Parse("mail.example.org"), 993};
const SocketAddress kProxyAddress =
    SocketAddress::FromLiteral(*Host::Parse("192.0.2.9"), 1080);

constexpr char kGreeting[] = "\x05\x01\0";
constexpr char kReply[] = "\x05\0\0\x01\0\0\0\0\0\0";
template <size_t size>
std::string Bytes(const char (&literal)[size]) {
  return std::string(literal, size - 1);
}

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) != -1; }

class ProxyDialerTest : public testing::Test {
 protected:
  void Dial(const std::string& proxy = "socks5://proxy.example.org") {
    auto to_proxy = std::make_unique<test::FakeDialer>();
    to_proxy->is_proxy = over_proxy_;
    to_proxy->tried = {kProxyAddress};
    to_proxy_ = to_proxy.get();
    dialer_ = NewProxyDialer(&loop_, &resolver_, std::move(to_proxy),
                             *Proxy::Parse(proxy));
    request_ = dialer_->Dial(kServer, {}, [this](DialResult result) {
      request_.reset();  // the callback may do so
      result_ = std::move(result);
    });
  }
  // The connection to the proxy is up.
  void Connect() {
    resolver_.answer(std::vector<SocketAddress>{kProxyAddress});
    client_ = pair_.client.get();
    loop_.Advance(absl::Milliseconds(10));
    to_proxy_->answer(
        DialResult{std::move(pair_.client),
                   kProxyAddress,
                   std::nullopt,
                   {{kProxyAddress, {}, absl::Milliseconds(10), {}}}});
  }
  std::string Hear() { return ReadAll(pair_.server); }
  void Say(const std::string& bytes) {
    SendAll(pair_.server, bytes);
    loop_.MarkReady(client_);
  }
  std::string code() const {
    return std::string(ErrorName(result_->error->code));
  }

  ManualEventLoop loop_;
  test::FakeResolver resolver_;
  SocketPair pair_;
  bool over_proxy_ = false;
  int client_ = -1;
  test::FakeDialer* to_proxy_ = nullptr;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<Dialer::Request> request_;
  std::optional<DialResult> result_;
};

TEST_F(ProxyDialerTest, OnlyTheProxyIsLookedUp) {
  Dial();
  EXPECT_TRUE(dialer_->looks_up());
  EXPECT_THAT(resolver_.asked, testing::ElementsAre("proxy.example.org:1080"));
  resolver_.answer(std::vector<SocketAddress>{kProxyAddress});
  EXPECT_THAT(to_proxy_->addresses_of.back(),
              testing::ElementsAre(kProxyAddress));
}

TEST_F(ProxyDialerTest, TheSocketIsHandedOnWithEveryByteOfTheServer) {
  Dial();
  Connect();
  EXPECT_EQ(Hear(), Bytes(kGreeting));
  Say(Bytes("\x05\0"));
  EXPECT_THAT(Hear(), HasSubstr("mail.example.org"));
  EXPECT_FALSE(result_);
  loop_.Advance(absl::Milliseconds(30));
  Say(Bytes(kReply) + "* OK ready\r\n");

  ASSERT_TRUE(result_);
  EXPECT_FALSE(result_->error);
  EXPECT_TRUE(result_->through_proxy);
  EXPECT_EQ(result_->address, kProxyAddress);
  EXPECT_EQ(result_->fd.get(), client_);
  ASSERT_EQ(result_->attempts.size(), 1u);
  EXPECT_FALSE(result_->attempts[0].error);
  // With the time in which the proxy connected: a round trip is no shorter.
  EXPECT_EQ(result_->attempts[0].ended, absl::Milliseconds(40));
  char buffer[64];
  EXPECT_EQ(recv(client_, buffer, sizeof buffer, 0), 12);
}

TEST_F(ProxyDialerTest, TheAnswerMayComeByteByByte) {
  Dial();
  Connect();
  Hear();
  for (char byte : Bytes("\x05\0")) Say({byte});
  Hear();
  for (char byte : Bytes(kReply)) {
    EXPECT_FALSE(result_);
    Say({byte});
  }
  ASSERT_TRUE(result_);
  EXPECT_TRUE(result_->fd.valid());
}

TEST_F(ProxyDialerTest, ARefusalClosesTheSocketAndStandsBesideTheAddress) {
  Dial();
  Connect();
  Say(Bytes("\x05\0"));
  Say(Bytes("\x05\x05"));
  ASSERT_TRUE(result_);
  EXPECT_EQ(code(), "proxy_refused");
  EXPECT_TRUE(result_->through_proxy);
  EXPECT_FALSE(result_->fd.valid());
  EXPECT_FALSE(IsOpen(client_));
  EXPECT_EQ(result_->attempts[0].error->code, ErrorCode::kProxyRefused);
}

TEST_F(ProxyDialerTest, AProxyThatEndsTheConnectionIsUnreachable) {
  Dial();
  Connect();
  Hear();
  pair_.server.reset();
  loop_.MarkReady(client_);
  EXPECT_EQ(code(), "proxy_unreachable");
  EXPECT_THAT(result_->error->message, HasSubstr("closed the connection"));
}

TEST_F(ProxyDialerTest, AProxyThatResetsTheConnectionIsUnreachable) {
  Dial();
  Connect();
  pair_.server.reset();  // with our bytes unread
  loop_.MarkReady(client_);
  EXPECT_EQ(code(), "proxy_unreachable");
  EXPECT_THAT(result_->error->message, HasSubstr("Connection reset"));
}

TEST_F(ProxyDialerTest, AProxyThatCannotBeFoundIsUnreachable) {
  Dial();
  resolver_.answer(
      MakeStatus(ErrorCode::kHostNotFound, Phase::kLookup, "No such host."));
  EXPECT_EQ(code(), "proxy_unreachable");
  EXPECT_EQ(result_->error->message,
            "No connection to the proxy socks5://proxy.example.org:1080: "
            "No such host.");
}

TEST_F(ProxyDialerTest, AProxyThatCannotBeConnectedToIsUnreachable) {
  Dial();
  resolver_.answer(std::vector<SocketAddress>{kProxyAddress});
  DialResult refused;
  refused.error = ConnectError(ECONNREFUSED, kProxyAddress);
  refused.attempts = {{kProxyAddress, {}, {}, refused.error}};
  to_proxy_->answer(std::move(refused));
  EXPECT_EQ(code(), "proxy_unreachable");
  EXPECT_THAT(result_->error->message, HasSubstr("192.0.2.9:1080"));
  EXPECT_EQ(result_->attempts[0].error->code, ErrorCode::kConnectionRefused);
}

TEST_F(ProxyDialerTest, AFaultOfThisMachineStaysOne) {
  Dial();
  resolver_.answer(std::vector<SocketAddress>{kProxyAddress});
  DialResult failed;
  failed.error = MakeError(ErrorCode::kLocalAddressUnusable, Phase::kConnect);
  to_proxy_->answer(std::move(failed));
  EXPECT_EQ(code(), "local_address_unusable");
}

TEST_F(ProxyDialerTest, WhenTheTimeIsUpItIsTheProxyThatDidNotAnswer) {
  Dial();
  EXPECT_THAT(request_->TimeUp().error->message, HasSubstr("looked up"));
  resolver_.answer(std::vector<SocketAddress>{kProxyAddress});
  EXPECT_THAT(request_->TimeUp().error->message, HasSubstr("did not answer"));
  EXPECT_EQ(request_->TimeUp().attempts[0].error->code,
            ErrorCode::kConnectTimedOut);
  request_.reset();

  Dial();
  Connect();
  loop_.Advance(absl::Seconds(5));
  const DialResult result = request_->TimeUp();
  EXPECT_EQ(result.error->code, ErrorCode::kProxyTimedOut);
  EXPECT_THAT(result.error->message, HasSubstr("did not say in time"));
  EXPECT_TRUE(result.through_proxy);
  ASSERT_EQ(result.attempts.size(), 1u);
  EXPECT_EQ(result.attempts[0].error->code, ErrorCode::kProxyTimedOut);
  EXPECT_EQ(result.attempts[0].ended, absl::Milliseconds(5010));
  request_.reset();
}

TEST_F(ProxyDialerTest, DestroyingTheRequestClosesTheSocket) {
  Dial();
  Connect();
  EXPECT_TRUE(IsOpen(client_));
  request_.reset();
  EXPECT_FALSE(IsOpen(client_));
  EXPECT_FALSE(result_);
}

TEST_F(ProxyDialerTest, OverAnotherProxyNothingIsLookedUp) {
  over_proxy_ = true;
  Dial();
  EXPECT_TRUE(resolver_.asked.empty());
  EXPECT_THAT(to_proxy_->dialled,
              testing::ElementsAre("proxy.example.org:1080"));
  DialResult refused;
  refused.through_proxy = true;
  refused.error = MakeError(ErrorCode::kProxyAuthenticationRefused,
                            Phase::kConnect, "The first says no.");
  to_proxy_->answer(std::move(refused));
  EXPECT_EQ(code(), "proxy_authentication_refused");
}

// Sockets of the client's own.
class SocketFactoryTest : public testing::Test {
 protected:
  using Answer = absl::StatusOr<FactorySocket>;

  // Keeps what it is to call.
  std::unique_ptr<Dialer> Factory() {
    return NewFactoryDialer(&loop_, [this](const Endpoint& server, auto call) {
      asked_.push_back(server.ToString());
      answer_ = std::move(call);
    });
  }
  std::unique_ptr<Dialer::Request> Dial(Dialer* dialer) {
    return dialer->Dial(kServer, {}, [this](DialResult result) {
      result_ = std::move(result);
    });
  }
  std::string code() const {
    return result_ && result_->error
               ? std::string(ErrorName(result_->error->code))
               : "";
  }

  ManualEventLoop loop_;
  SocketPair pair_;
  std::vector<std::string> asked_;
  std::function<void(Answer)> answer_;
  std::optional<DialResult> result_;
};

TEST_F(SocketFactoryTest, ASocketIsMadeReadyForUse) {
  const auto dialer = Factory();
  EXPECT_TRUE(dialer->looks_up());
  const auto request = Dial(dialer.get());
  EXPECT_THAT(asked_, testing::ElementsAre("mail.example.org:993"));
  const int fd = pair_.client.get();
  fcntl(fd, F_SETFL, 0);
  fcntl(fd, F_SETFD, 0);
  answer_(FactorySocket(std::move(pair_.client), SocketPath::kDirect));
  EXPECT_FALSE(result_);
  loop_.RunPosted();
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->fd.get(), fd);
  EXPECT_TRUE(fcntl(fd, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  EXPECT_FALSE(result_->through_proxy);
  EXPECT_FALSE(result_->address);  // of a pair of Unix sockets
}

TEST_F(SocketFactoryTest, TheAnswerMayComeFromAnotherThread) {
  const auto dialer = Factory();
  const auto request = Dial(dialer.get());
  std::thread([this] {
    answer_(FactorySocket(std::move(pair_.client), SocketPath::kThroughProxy));
  }).join();
  loop_.RunPosted();
  ASSERT_TRUE(result_);
  EXPECT_TRUE(result_->through_proxy);
}

TEST_F(SocketFactoryTest, AnAnswerFromInsideTheCallComesAfterIt) {
  const auto dialer =
      NewFactoryDialer(&loop_, [](const Endpoint&, const auto& answer) {
        answer(absl::UnavailableError("The tunnel is down."));
      });
  const auto request = Dial(dialer.get());
  EXPECT_FALSE(result_);
  loop_.RunPosted();
  EXPECT_EQ(code(), "network_error");
  EXPECT_EQ(result_->error->message, "The tunnel is down.");
  EXPECT_EQ(result_->error->phase, Phase::kConnect);
}

TEST_F(SocketFactoryTest, AnErrorWithOurCodeKeepsIt) {
  const auto dialer = Factory();
  const auto request = Dial(dialer.get());
  answer_(MakeStatus(ErrorCode::kConnectionRefused, Phase::kConnect, "No."));
  loop_.RunPosted();
  EXPECT_EQ(code(), "connection_refused");
}

TEST_F(SocketFactoryTest, WhatIsNoSocketIsAnError) {
  const auto dialer = Factory();
  const auto request = Dial(dialer.get());
  answer_(FactorySocket(UniqueFd(), SocketPath::kDirect));
  loop_.RunPosted();
  EXPECT_EQ(code(), "network_error");
}

TEST_F(SocketFactoryTest, AnAnswerThatNobodyWaitsForIsClosed) {
  const auto dialer = Factory();
  auto request = Dial(dialer.get());
  const int fd = pair_.client.get();
  answer_(FactorySocket(std::move(pair_.client), SocketPath::kDirect));
  request.reset();
  loop_.RunPosted();
  EXPECT_FALSE(result_);
  EXPECT_FALSE(IsOpen(fd));
}

TEST_F(SocketFactoryTest, AnAnswerMayComeWhenTheLoopIsGone) {
  auto loop = std::make_unique<ManualEventLoop>();
  auto dialer = NewFactoryDialer(
      loop.get(),
      [this](const Endpoint&, auto call) { answer_ = std::move(call); });
  auto request = Dial(dialer.get());
  request.reset();
  dialer.reset();
  loop.reset();
  const int fd = pair_.client.get();
  std::thread([this] {
    answer_(FactorySocket(std::move(pair_.client), SocketPath::kDirect));
  }).join();
  EXPECT_FALSE(result_);
  EXPECT_FALSE(IsOpen(fd));
}

TEST_F(SocketFactoryTest, WhoDropsTheQuestionGivesNoSocket) {
  const auto dialer = NewFactoryDialer(
      &loop_, [](const Endpoint&, const auto&) { /* forgets it */ });
  const auto request = Dial(dialer.get());
  EXPECT_FALSE(result_);
  loop_.RunPosted();
  EXPECT_EQ(code(), "network_error");
  EXPECT_EQ(result_->error->message, "The client gave no socket.");
}

TEST_F(SocketFactoryTest, ASecondAnswerIsClosed) {
  const auto dialer = Factory();
  const auto request = Dial(dialer.get());
  const int first = pair_.client.get(), second = pair_.server.get();
  answer_(FactorySocket(std::move(pair_.client), SocketPath::kDirect));
  answer_(FactorySocket(std::move(pair_.server), SocketPath::kDirect));
  loop_.RunPosted();
  EXPECT_EQ(result_->fd.get(), first);
  EXPECT_FALSE(IsOpen(second));
}

TEST_F(SocketFactoryTest, AConnectedSocketServesOneAttempt) {
  const int fd = pair_.client.get();
  const auto dialer = NewConnectedDialer(
      &loop_, FactorySocket(std::move(pair_.client), SocketPath::kDirect));
  const auto first = Dial(dialer.get());
  EXPECT_FALSE(result_);
  loop_.RunPosted();
  EXPECT_EQ(result_->fd.get(), fd);
  result_.reset();
  const auto second = Dial(dialer.get());
  loop_.RunPosted();
  EXPECT_EQ(code(), "no_new_connection");
}

}  // namespace
}  // namespace holdfast
