// When a lost connection is dialled again, and when it is left.

#include "holdfast/protocols/connect/redialer.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error_note.h"
#include "holdfast/tests/helpers/manual_event_loop.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;

constexpr absl::Duration kInstant = absl::Microseconds(1);

Error Lost(ErrorCode code = ErrorCode::kConnectionReset) {
  return MakeError(code, Phase::kSession);
}

TEST(RedialPauseTest, DoublesUpToTheLongest) {
  RedialPolicy policy;
  policy.first_pause = absl::Seconds(1);
  policy.longest_pause = absl::Seconds(10);
  std::vector<int> seconds;
  for (int dials : {0, 1, 2, 3, 4, 5, 1000000}) {
    seconds.push_back(static_cast<int>(
        absl::ToInt64Seconds(RedialPause(policy, Lost(), dials, 0))));
  }
  EXPECT_THAT(seconds, ElementsAre(1, 2, 4, 8, 10, 10, 10));
}

TEST(RedialPauseTest, ARandomPartOfUpToHalfIsTakenOff) {
  RedialPolicy policy;
  policy.first_pause = absl::Seconds(8);
  EXPECT_EQ(RedialPause(policy, Lost(), 0, 0.5), absl::Seconds(6));
  EXPECT_EQ(RedialPause(policy, Lost(), 0, 1), absl::Seconds(4));
}

TEST(RedialPauseTest, WhoAsksForPeaceIsLeftInPeace) {
  const RedialPolicy policy;
  for (const ErrorCode code :
       {ErrorCode::kServerBusy, ErrorCode::kAuthenticationUnavailable,
        ErrorCode::kStartTlsUnavailable}) {
    for (const double random : {0.0, 0.5, 1.0}) {
      EXPECT_GE(RedialPause(policy, Lost(code), 0, random),
                policy.pause_after_refusal);
    }
  }
  EXPECT_NE(RedialPause(policy, Lost(ErrorCode::kServerBusy), 0, 0),
            RedialPause(policy, Lost(ErrorCode::kServerBusy), 0, 1));
}

TEST(MayPassTest, NoRefusalForSafetyAndNothingThatNeedsAChange) {
  for (const ErrorInfo& info : AllErrors()) {
    const Error error = Lost(info.code);
    if (!MayPass(error)) continue;
    EXPECT_FALSE(info.refused_for_safety) << info.name;
    EXPECT_NE(GetErrorNote(info.code).retry, Retry::kNo) << info.name;
  }
  EXPECT_TRUE(MayPass(Lost(ErrorCode::kLookupFailed)));
  EXPECT_TRUE(MayPass(Lost(ErrorCode::kHostUnreachable)));
  EXPECT_TRUE(MayPass(Lost(ErrorCode::kServerBusy)));
  EXPECT_FALSE(MayPass(Lost(ErrorCode::kExpired)));
  EXPECT_FALSE(MayPass(Lost(ErrorCode::kDowngradeDetected)));
  EXPECT_FALSE(MayPass(Lost(ErrorCode::kAuthenticationRefused)));
  EXPECT_FALSE(MayPass(Lost(ErrorCode::kCancelled)));
  EXPECT_FALSE(MayPass(Lost(ErrorCode::kUnexpectedResponse)));
}

// Fails each look-up with what the test says.
class FailingResolver final : public Resolver {
 public:
  explicit FailingResolver(EventLoop* loop) : loop_(loop) {}
  std::unique_ptr<Request> Resolve(
      const Endpoint&, std::function<void(Result)> on_result) override {
    times.push_back(loop_->Now());
    answer_ = std::move(on_result);
    timer_ = loop_->StartTimer(absl::ZeroDuration(), [this] {
      timer_.reset();
      std::exchange(answer_, nullptr)(MakeStatus(failure, Phase::kLookup, ""));
    });
    return std::make_unique<Request>();
  }

  ErrorCode failure = ErrorCode::kLookupFailed;
  std::vector<absl::Duration> times;

 private:
  EventLoop* const loop_;
  std::function<void(Result)> answer_;
  std::unique_ptr<EventLoop::Registration> timer_;
};

class NoDialer final : public Dialer {
 public:
  std::unique_ptr<Request> Dial(const Endpoint&, std::vector<SocketAddress>,
                                std::function<void(DialResult)>) override {
    ADD_FAILURE() << "dialled";
    return nullptr;
  }
};

class RedialerTest : public testing::Test {
 protected:
  RedialerTest() {
    RedialOptions options{
        {*ParseTarget("imaps://mail.example.org"), nullptr, nullptr}};
    options.policy.max_redials = 3;
    options.policy.first_pause = absl::Seconds(1);
    options.random = [] { return 0.0; };
    options.connect.on_event = [this](const Event& event) {
      if (event.kind == EventKind::kLookupStarted) at_.push_back(event.at);
    };
    options.connect.cancellation = cancellation_;
    redialer_ =
        Redialer::Create({&loop_, &resolver_, &dialer_, cache_.get()}, options);
  }
  Redialer::Done Keep() {
    return [this](RedialResult result) { result_ = std::move(result); };
  }
  ErrorCode Code() const { return result_->error->code; }

  ManualEventLoop loop_;
  FailingResolver resolver_{&loop_};
  NoDialer dialer_;
  std::unique_ptr<HostCache> cache_ = NewMemoryHostCache();
  std::vector<absl::Duration> at_;
  std::optional<RedialResult> result_;
  const std::shared_ptr<Cancellation> cancellation_ =
      std::make_shared<Cancellation>();
  std::unique_ptr<Redialer> redialer_;
};

TEST_F(RedialerTest, TheFirstDialIsTheOnlyOne) {
  redialer_->Dial(Keep());
  EXPECT_FALSE(result_);
  loop_.Advance(absl::ZeroDuration());
  ASSERT_TRUE(result_);
  EXPECT_EQ(Code(), ErrorCode::kLookupFailed);
  EXPECT_EQ(result_->dials, 1);
  EXPECT_EQ(result_->report.attempts.size(), 1u);
}

TEST_F(RedialerTest, ALossIsDialledAgainWithGrowingPausesUpToTheLimit) {
  loop_.Advance(absl::Seconds(100));
  redialer_->DialAgain({Lost(), loop_.Now()}, Keep());
  loop_.Advance(absl::Seconds(1) - kInstant);
  EXPECT_EQ(resolver_.times.size(), 0u);
  loop_.Advance(absl::Seconds(60));
  EXPECT_THAT(
      resolver_.times,
      ElementsAre(absl::Seconds(101), absl::Seconds(103), absl::Seconds(107)));
  // What a sink is told counts from the redialer's beginning.
  EXPECT_THAT(at_, ElementsAre(absl::Seconds(101), absl::Seconds(103),
                               absl::Seconds(107)));
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->dials, 3);
}

TEST_F(RedialerTest, ThePauseIsCountedFromTheLoss) {
  loop_.Advance(absl::Seconds(100));
  redialer_->DialAgain({Lost(), absl::Seconds(50)}, Keep());
  loop_.Advance(absl::ZeroDuration());
  EXPECT_EQ(resolver_.times.size(), 1u);
}

TEST_F(RedialerTest, WhatCannotPassEndsItAtOnce) {
  resolver_.failure = ErrorCode::kHostNotFound;
  redialer_->DialAgain({Lost(), loop_.Now()}, Keep());
  loop_.Advance(absl::Seconds(1));
  ASSERT_TRUE(result_);
  EXPECT_EQ(Code(), ErrorCode::kHostNotFound);
  EXPECT_EQ(result_->dials, 1);
}

TEST_F(RedialerTest, LossesInARowPauseLonger) {
  resolver_.failure = ErrorCode::kHostNotFound;  // each is one dial
  for (const int pause : {1, 2, 4}) {
    const absl::Duration lost = loop_.Now();
    redialer_->DialAgain({Lost(), lost}, Keep());
    loop_.Advance(absl::Seconds(30));
    EXPECT_EQ(resolver_.times.back() - lost, absl::Seconds(pause));
  }
}

TEST_F(RedialerTest, CancellationEndsAPause) {
  redialer_->DialAgain({Lost(), loop_.Now()}, Keep());
  loop_.Advance(absl::Milliseconds(1));
  cancellation_->Cancel();
  EXPECT_FALSE(result_);  // not on the thread that cancels
  loop_.RunPosted();
  ASSERT_TRUE(result_);
  EXPECT_EQ(Code(), ErrorCode::kCancelled);
  result_.reset();
  loop_.Advance(absl::Seconds(60));
  EXPECT_FALSE(result_);
  EXPECT_EQ(resolver_.times.size(), 0u);
}

TEST_F(RedialerTest, CancellationEndsADialThatHasNotBegun) {
  redialer_->Dial(Keep());
  cancellation_->Cancel();
  loop_.RunPosted();
  ASSERT_TRUE(result_);
  EXPECT_EQ(Code(), ErrorCode::kCancelled);
  loop_.Advance(absl::Seconds(60));
  EXPECT_EQ(resolver_.times.size(), 0u);
}

TEST_F(RedialerTest, OnceCancelledNothingIsWaitedFor) {
  cancellation_->Cancel();
  loop_.RunPosted();
  redialer_->DialAgain({Lost(), loop_.Now()}, Keep());
  EXPECT_FALSE(result_);
  loop_.Advance(absl::ZeroDuration());
  ASSERT_TRUE(result_);
  EXPECT_EQ(Code(), ErrorCode::kCancelled);
  EXPECT_EQ(result_->dials, 0);
}

TEST_F(RedialerTest, DestroyedItIsSilent) {
  redialer_->DialAgain({Lost(), loop_.Now()}, Keep());
  redialer_.reset();
  loop_.Advance(absl::Seconds(60));
  EXPECT_FALSE(result_);
}

}  // namespace
}  // namespace holdfast::test
