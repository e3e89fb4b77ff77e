// The race of RFC 8305 to the microsecond, without a network.

#include "holdfast/core/net/dialer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <map>
#include <string>

#include "holdfast/tests/helpers/manual_event_loop.h"

namespace holdfast {
namespace {

using ::testing::ElementsAre;

// The addresses say where to go.
const Endpoint kEndpoint{*Host::Parse("mail.example.org"), 993};

SocketAddress Address(absl::string_view literal) {
  return SocketAddress::FromLiteral(*Host::Parse(literal), 993);
}

std::vector<SocketAddress> Addresses(
    std::initializer_list<absl::string_view> literals) {
  std::vector<SocketAddress> addresses;
  for (absl::string_view literal : literals) {
    addresses.push_back(Address(literal));
  }
  return addresses;
}

std::vector<std::string> Texts(const std::vector<SocketAddress>& addresses) {
  std::vector<std::string> texts;
  for (const auto& address : addresses) texts.push_back(address.AddressText());
  return texts;
}

// Sockets that the test connects. Any descriptor will do, as long as it is real
// enough to be closed.
class FakeConnectCalls : public ConnectCalls {
 public:
  std::optional<Error> Start(const SocketAddress& address,
                             UniqueFd* fd) override {
    const std::string text = address.AddressText();
    started.push_back(text);
    if (text == unusable) {
      return MakeError(ErrorCode::kLocalAddressUnusable, Phase::kConnect);
    }
    if (const auto error = start_errors.find(text);
        error != start_errors.end()) {
      return ConnectError(error->second, address);
    }
    fd->reset(eventfd(0, EFD_CLOEXEC));
    fds[text] = fd->get();
    return std::nullopt;
  }
  int Finish(int fd) override { return finish_errors[fd]; }

  std::vector<std::string> started;
  std::string unusable;  // has no local address to connect from
  std::map<std::string, int> start_errors;
  std::map<std::string, int> fds;
  std::map<int, int> finish_errors;
};

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) != -1; }

class DialerTest : public ::testing::Test {
 protected:
  DialerTest() {
    auto calls = std::make_unique<FakeConnectCalls>();
    calls_ = calls.get();
    dialer_ = NewTcpDialer(&loop_, absl::Milliseconds(250), std::move(calls));
  }

  // Dials and starts the first address.
  void Dial(std::initializer_list<absl::string_view> literals) {
    request_ = dialer_->Dial(
        kEndpoint, Addresses(literals),
        [this](DialResult result) { result_ = std::move(result); });
    EXPECT_FALSE(result_) << "called from inside Dial()";
    loop_.Advance(absl::ZeroDuration());
  }

  void Succeed(const std::string& address) {
    loop_.MarkReady(calls_->fds[address]);
  }
  void Fail(const std::string& address, int error) {
    calls_->finish_errors[calls_->fds[address]] = error;
    loop_.MarkReady(calls_->fds[address]);
  }
  std::vector<ErrorCode> AttemptCodes() const {
    std::vector<ErrorCode> codes;
    for (const DialAttempt& attempt : result_->attempts) {
      codes.push_back(attempt.error ? attempt.error->code : ErrorCode{0});
    }
    return codes;
  }

  ManualEventLoop loop_;
  FakeConnectCalls* calls_;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<Dialer::Request> request_;
  std::optional<DialResult> result_;
};

constexpr ErrorCode kWon = ErrorCode{0};

TEST_F(DialerTest, TheNextAddressStartsExactlyAfterTheStagger) {
  Dial({"192.0.2.1", "192.0.2.2", "192.0.2.3"});
  loop_.Advance(absl::Milliseconds(250) - absl::Microseconds(1));
  EXPECT_THAT(calls_->started, ElementsAre("192.0.2.1"));
  loop_.Advance(absl::Microseconds(1));
  EXPECT_THAT(calls_->started, ElementsAre("192.0.2.1", "192.0.2.2"));
  loop_.Advance(absl::Milliseconds(250) - absl::Microseconds(1));
  EXPECT_EQ(calls_->started.size(), 2u);
  loop_.Advance(absl::Microseconds(1));
  EXPECT_EQ(calls_->started.size(), 3u);
  request_.reset();
}

TEST_F(DialerTest, TheFirstToAnswerWinsAndTheLosersAreClosed) {
  Dial({"192.0.2.1", "192.0.2.2", "192.0.2.3"});
  loop_.Advance(absl::Milliseconds(300));
  Succeed("192.0.2.2");

  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->fd.get(), calls_->fds["192.0.2.2"]);
  EXPECT_TRUE(IsOpen(result_->fd.get()));
  EXPECT_FALSE(IsOpen(calls_->fds["192.0.2.1"]));
  EXPECT_EQ(result_->address, Address("192.0.2.2"));
  EXPECT_FALSE(result_->error);
  EXPECT_THAT(AttemptCodes(),
              ElementsAre(ErrorCode::kCancelled, kWon, ErrorCode::kCancelled));
  EXPECT_EQ(result_->attempts[1].started, absl::Milliseconds(250));
  EXPECT_EQ(result_->attempts[1].ended, absl::Milliseconds(300));
  EXPECT_EQ(result_->attempts[0].error->message,
            "192.0.2.1:993 was slower than another address.");
  EXPECT_EQ(result_->attempts[2].error->message,
            "192.0.2.3:993 was not tried: another address answered first.");
}

TEST_F(DialerTest, WhoGivesUpLearnsWhatCameOfEachAddress) {
  Dial({"192.0.2.1", "192.0.2.2", "192.0.2.3"});
  Fail("192.0.2.1", ECONNREFUSED);
  loop_.Advance(absl::Milliseconds(100));
  const DialResult time_up = request_->TimeUp();
  const std::vector<DialAttempt>& attempts = time_up.attempts;
  request_.reset();
  EXPECT_EQ(time_up.error->code, ErrorCode::kConnectTimedOut);
  ASSERT_EQ(attempts.size(), 3u);
  EXPECT_EQ(attempts[0].error->code, ErrorCode::kConnectionRefused);
  EXPECT_EQ(attempts[1].error->message,
            "192.0.2.2:993 did not answer in time.");
  EXPECT_EQ(attempts[1].ended - attempts[1].started, absl::Milliseconds(100));
  EXPECT_EQ(attempts[2].error->message,
            "192.0.2.3:993 was not tried: the time was up.");
  EXPECT_EQ(DialOutcomeName(attempts[1]), "failed");
  EXPECT_EQ(DialOutcomeName(attempts[2]), "cancelled");
}

TEST_F(DialerTest, AnEarlierAddressMayStillWin) {
  Dial({"192.0.2.1", "192.0.2.2"});
  loop_.Advance(absl::Seconds(10));
  Succeed("192.0.2.1");
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->address, Address("192.0.2.1"));
}

TEST_F(DialerTest, AFailureStartsTheNextAddressAtOnce) {
  Dial({"192.0.2.1", "192.0.2.2", "192.0.2.3"});
  loop_.Advance(absl::Milliseconds(10));
  Fail("192.0.2.1", ECONNREFUSED);
  EXPECT_THAT(calls_->started, ElementsAre("192.0.2.1", "192.0.2.2"));
  // The stagger counts from there.
  loop_.Advance(absl::Milliseconds(250) - absl::Microseconds(1));
  EXPECT_EQ(calls_->started.size(), 2u);
  loop_.Advance(absl::Microseconds(1));
  EXPECT_EQ(calls_->started.size(), 3u);
  Succeed("192.0.2.3");
  EXPECT_THAT(AttemptCodes(), ElementsAre(ErrorCode::kConnectionRefused,
                                          ErrorCode::kCancelled, kWon));
}

TEST_F(DialerTest, AnAddressWithoutARouteCostsNoTime) {
  calls_->start_errors = {{"2001:db8::1", ENETUNREACH}};
  Dial({"2001:db8::1", "192.0.2.1"});
  EXPECT_THAT(calls_->started, ElementsAre("2001:db8::1", "192.0.2.1"));
  Succeed("192.0.2.1");
  EXPECT_THAT(AttemptCodes(), ElementsAre(ErrorCode::kHostUnreachable, kWon));
}

TEST_F(DialerTest, IfAllFailTheErrorIsTheFirstAddresss) {
  calls_->start_errors = {{"192.0.2.2", EMFILE}};
  Dial({"192.0.2.1", "192.0.2.2", "192.0.2.3"});
  Fail("192.0.2.1", ECONNREFUSED);
  Fail("192.0.2.3", ETIMEDOUT);
  ASSERT_TRUE(result_);
  EXPECT_FALSE(result_->fd.valid());
  EXPECT_FALSE(result_->address);
  EXPECT_EQ(result_->error->code, ErrorCode::kConnectionRefused);
  EXPECT_EQ(result_->error->phase, Phase::kConnect);
  EXPECT_EQ(result_->error->message,
            "192.0.2.1:993 could not be reached: Connection refused.");
  EXPECT_THAT(AttemptCodes(), ElementsAre(ErrorCode::kConnectionRefused,
                                          ErrorCode::kOutOfResources,
                                          ErrorCode::kConnectTimedOut));
}

TEST_F(DialerTest, AnAddressThatCannotBeConnectedFromHereIsNoCauseIfOneCan) {
  calls_->unusable = "2001:db8::1";
  Dial({"2001:db8::1", "192.0.2.1"});
  Fail("192.0.2.1", ECONNREFUSED);
  EXPECT_EQ(result_->error->code, ErrorCode::kConnectionRefused);
  EXPECT_THAT(AttemptCodes(), ElementsAre(ErrorCode::kLocalAddressUnusable,
                                          ErrorCode::kConnectionRefused));
  result_.reset();
  Dial({"2001:db8::1"});
  EXPECT_EQ(result_->error->code, ErrorCode::kLocalAddressUnusable);
}

TEST_F(DialerTest, AFailureOfTheLastWaitsForThoseStillRunning) {
  Dial({"192.0.2.1", "192.0.2.2"});
  loop_.Advance(absl::Milliseconds(250));
  Fail("192.0.2.2", ECONNREFUSED);
  EXPECT_FALSE(result_);
  Succeed("192.0.2.1");
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->address, Address("192.0.2.1"));
}

TEST_F(DialerTest, BeingReadyTooEarlyIsNoResult) {
  Dial({"192.0.2.1"});
  Fail("192.0.2.1", EINPROGRESS);
  EXPECT_FALSE(result_);
  Fail("192.0.2.1", 0);
  EXPECT_TRUE(result_->fd.valid());
}

TEST_F(DialerTest, DestroyingTheRequestClosesAllSockets) {
  Dial({"192.0.2.1", "192.0.2.2"});
  loop_.Advance(absl::Seconds(1));
  request_.reset();
  EXPECT_FALSE(IsOpen(calls_->fds["192.0.2.1"]));
  EXPECT_FALSE(IsOpen(calls_->fds["192.0.2.2"]));
  EXPECT_FALSE(result_);
}

TEST_F(DialerTest, TheRequestMayGoInsideItsCallback) {
  bool called = false;
  request_ =
      dialer_->Dial(kEndpoint, Addresses({"192.0.2.1"}), [&](DialResult) {
        request_.reset();
        called = true;
      });
  loop_.Advance(absl::ZeroDuration());
  Succeed("192.0.2.1");
  EXPECT_TRUE(called);
}

TEST_F(DialerTest, ErrnosHaveTheirCodes) {
  const std::map<int, ErrorCode> codes = {
      {ECONNREFUSED, ErrorCode::kConnectionRefused},
      {ENETUNREACH, ErrorCode::kHostUnreachable},
      {EHOSTUNREACH, ErrorCode::kHostUnreachable},
      {ETIMEDOUT, ErrorCode::kConnectTimedOut},
      {ECONNRESET, ErrorCode::kConnectionReset},
      {EMFILE, ErrorCode::kOutOfResources},
      {ENFILE, ErrorCode::kOutOfResources},
      {ENOBUFS, ErrorCode::kOutOfResources},
      {EPERM, ErrorCode::kNetworkError},
  };
  for (const auto& [error, code] : codes) {
    result_.reset();
    calls_->start_errors = {{"2001:db8::1", error}};
    Dial({"2001:db8::1"});
    ASSERT_TRUE(result_);
    EXPECT_EQ(result_->error->code, code) << error;
    EXPECT_THAT(
        result_->error->message,
        ::testing::StartsWith("[2001:db8::1]:993 could not be reached"));
  }
}

TEST(InterleaveFamiliesTest, TakesTurnsBeginningWithTheFirstsFamily) {
  EXPECT_THAT(Texts(InterleaveFamilies(
                  Addresses({"::1", "::2", "::3", "192.0.2.1", "192.0.2.2"}))),
              ElementsAre("::1", "192.0.2.1", "::2", "192.0.2.2", "::3"));
  EXPECT_THAT(Texts(InterleaveFamilies(
                  Addresses({"192.0.2.1", "192.0.2.2", "192.0.2.3", "::1"}))),
              ElementsAre("192.0.2.1", "::1", "192.0.2.2", "192.0.2.3"));
  EXPECT_THAT(Texts(InterleaveFamilies(Addresses({"::1"}))),
              ElementsAre("::1"));
  EXPECT_TRUE(InterleaveFamilies({}).empty());
}

}  // namespace
}  // namespace holdfast
