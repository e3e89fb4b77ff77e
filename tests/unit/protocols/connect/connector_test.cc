// The connector's clockwork on a manual clock: one deadline over everything,
// cancellation, and what is carried from attempt to attempt (nothing).

#include "holdfast/protocols/connect/connector.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/fake_way.h"
#include "holdfast/tests/helpers/manual_event_loop.h"

namespace holdfast {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);
constexpr absl::Duration kInstant = absl::Microseconds(1);

std::vector<SocketAddress> Addresses(const std::vector<std::string>& texts) {
  std::vector<SocketAddress> addresses;
  for (const std::string& text : texts) {
    addresses.push_back(SocketAddress::FromLiteral(*Host::Parse(text), 993));
  }
  return addresses;
}

class ConnectorTest : public testing::Test {
 protected:
  ConnectorTest()
      : cache_(NewMemoryHostCache()),
        connector_({&loop_, &resolver_, &dialer_, cache_.get(),
                    [] { return absl::FromUnixSeconds(1800000000); }}) {}

  void Connect(ConnectionSecurity security = ConnectionSecurity::kImplicitTls) {
    ConnectRequest request{
        Target{
            Protocol::kImap, {*Host::Parse("mail.example.org"), 993}, security},
        nullptr, nullptr};
    request.timeout = kTimeout;
    request.on_event = [this](const Event& event) {
      events_.push_back(event.kind);
    };
    operation_ =
        connector_.Connect(std::move(request), [this](ConnectResult result) {
          result_ = std::move(result);
          operation_.reset();  // the callback may do so
        });
  }

  ErrorCode cause() const { return result_->report.error->code; }

  ManualEventLoop loop_;
  test::FakeResolver resolver_;
  test::FakeDialer dialer_;
  std::unique_ptr<HostCache> cache_;
  Connector connector_;
  std::vector<EventKind> events_;
  std::optional<ConnectResult> result_;
  std::unique_ptr<Connector::Operation> operation_;
};

TEST_F(ConnectorTest, NothingHappensInsideConnect) {
  Connect();
  EXPECT_THAT(resolver_.asked, testing::IsEmpty());
  EXPECT_TRUE(events_.empty());
  operation_.reset();  // abandoned: the loop must be left empty
}

TEST_F(ConnectorTest, ALookUpThatHangsEndsExactlyAtTheDeadline) {
  Connect();
  loop_.Advance(kTimeout - kInstant);
  ASSERT_EQ(resolver_.asked.size(), 1u);
  EXPECT_FALSE(result_);
  loop_.Advance(kInstant);
  loop_.Advance(absl::ZeroDuration());
  ASSERT_TRUE(result_);
  EXPECT_EQ(cause(), ErrorCode::kLookupTimedOut);
  EXPECT_EQ(result_->report.attempts.size(), 1u);
}

TEST_F(ConnectorTest, ADialThatHangsEndsExactlyAtTheDeadline) {
  Connect();
  loop_.Advance(absl::Seconds(10));
  resolver_.answer(Addresses({"192.0.2.1"}));
  loop_.Advance(kTimeout - absl::Seconds(10) - kInstant);
  EXPECT_FALSE(result_);
  loop_.Advance(kInstant);
  loop_.Advance(absl::ZeroDuration());
  ASSERT_TRUE(result_);
  EXPECT_EQ(cause(), ErrorCode::kConnectTimedOut);
  EXPECT_EQ(result_->report.attempts[0].address, "192.0.2.1");
  EXPECT_EQ(result_->report.attempts[0].duration, kTimeout);
}

TEST_F(ConnectorTest, NothingIsLookedUpForADialerThatLooksUp) {
  dialer_.is_proxy = true;
  Connect();
  loop_.Advance(absl::ZeroDuration());
  EXPECT_THAT(resolver_.asked, testing::IsEmpty());
  ASSERT_EQ(dialer_.dialled.size(), 1u);
  EXPECT_TRUE(dialer_.addresses_of[0].empty());
  DialResult refused;
  refused.error = MakeError(ErrorCode::kProxyRefused, Phase::kConnect);
  refused.through_proxy = true;
  dialer_.answer(std::move(refused));
  loop_.Advance(absl::ZeroDuration());
  ASSERT_TRUE(result_);
  EXPECT_EQ(cause(), ErrorCode::kProxyRefused);
  EXPECT_EQ(result_->report.attempts[0].address, "");
  EXPECT_TRUE(result_->report.attempts[0].through_proxy);
}

// Nor is its password sent to it again.
TEST_F(ConnectorTest, TheOtherWayInIsNotTriedThroughAProxyThatDoesNotServeUs) {
  dialer_.is_proxy = true;
  const auto dials_after = [this](ErrorCode code) {
    dialer_.dialled.clear();
    result_.reset();
    Connect(ConnectionSecurity::kAuto);
    loop_.Advance(absl::ZeroDuration());
    for (size_t i = 0; i < dialer_.dialled.size(); ++i) {
      DialResult refused;
      refused.error = MakeError(code, Phase::kConnect);
      refused.through_proxy = true;
      dialer_.answer(std::move(refused));
      loop_.Advance(absl::ZeroDuration());
    }
    EXPECT_TRUE(result_);
    EXPECT_EQ(cause(), code);
    return dialer_.dialled.size();
  };
  EXPECT_EQ(dials_after(ErrorCode::kProxyAuthenticationRefused), 1u);
  EXPECT_EQ(dials_after(ErrorCode::kProxyFailed), 1u);
  EXPECT_EQ(dials_after(ErrorCode::kProxyUnreachable), 1u);
  // It may be that port alone that it does not reach.
  EXPECT_EQ(dials_after(ErrorCode::kProxyRefused), 2u);
}

TEST_F(ConnectorTest, AnUnknownHostIsOneAttempt) {
  Connect();
  loop_.Advance(absl::ZeroDuration());
  resolver_.answer(
      MakeStatus(ErrorCode::kHostNotFound, Phase::kLookup, "No such host."));
  loop_.Advance(absl::ZeroDuration());
  ASSERT_TRUE(result_);
  EXPECT_EQ(cause(), ErrorCode::kHostNotFound);
  EXPECT_EQ(result_->report.attempts.size(), 1u);
  EXPECT_TRUE(dialer_.dialled.empty());
}

TEST_F(ConnectorTest, NetworkErrorsAreNotRetried) {
  Connect();
  loop_.Advance(absl::ZeroDuration());
  resolver_.answer(Addresses({"192.0.2.1", "192.0.2.2"}));
  DialResult refused;
  refused.error = MakeError(ErrorCode::kConnectionRefused, Phase::kConnect);
  dialer_.answer(std::move(refused));
  loop_.Advance(absl::ZeroDuration());
  ASSERT_TRUE(result_);
  EXPECT_EQ(cause(), ErrorCode::kConnectionRefused);
  EXPECT_EQ(dialer_.dialled.size(), 1u);
  EXPECT_TRUE(cache_->List().empty());
}

TEST_F(ConnectorTest, CancellingEndsItWhereverItIs) {
  Connect();
  operation_->Cancel();  // before it began
  loop_.Advance(absl::ZeroDuration());
  ASSERT_TRUE(result_);
  EXPECT_EQ(cause(), ErrorCode::kCancelled);
  EXPECT_THAT(resolver_.asked, testing::IsEmpty());

  result_.reset();
  Connect();
  loop_.Advance(absl::ZeroDuration());
  resolver_.answer(Addresses({"192.0.2.1"}));
  operation_->Cancel();  // while it dials
  EXPECT_FALSE(result_) << "never from inside Cancel()";
  loop_.Advance(absl::ZeroDuration());
  ASSERT_TRUE(result_);
  EXPECT_EQ(cause(), ErrorCode::kCancelled);
  EXPECT_THAT(events_, testing::Contains(EventKind::kCancelled));
}

TEST_F(ConnectorTest, AbandoningItCallsNobody) {
  Connect();
  loop_.Advance(absl::ZeroDuration());
  resolver_.answer(Addresses({"192.0.2.1"}));
  operation_.reset();
  loop_.Advance(kTimeout);
  EXPECT_FALSE(result_);
}

}  // namespace
}  // namespace holdfast
