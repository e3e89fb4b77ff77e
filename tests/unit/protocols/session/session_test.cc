// A session on connections that are made up: order, repetition, restoring,
// silence, and what the caller is told.

#include "holdfast/protocols/session/session.h"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/fake_connection.h"
#include "holdfast/tests/helpers/fake_redialer.h"
#include "holdfast/tests/helpers/manual_event_loop.h"

namespace holdfast::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr absl::Duration kInstant = absl::Microseconds(1);

// Sends a line, and takes lines until one begins with "done".
class LineExchange final : public Exchange {
 public:
  LineExchange(std::string line, OnLoss on_loss)
      : line_(std::move(line)), on_loss_(on_loss) {}

  absl::Status Start(const std::vector<std::string>& capabilities) override {
    heard.clear();
    seen_capabilities = capabilities;
    to_send_ = absl::StrCat(line_, "\r\n");
    done_ = false;
    ++starts;
    return start_error;
  }
  absl::StatusOr<std::string> Produce() override {
    if (!woken.empty()) return std::exchange(woken, "");
    return std::exchange(to_send_, "");
  }
  absl::StatusOr<size_t> Consume(absl::string_view bytes) override {
    const size_t before = bytes.size();
    const std::optional<absl::string_view> line = TakeLine(&bytes);
    if (!line) return 0;
    heard.emplace_back(*line);
    if (on_line) on_line();
    if (absl::StartsWith(*line, "busy")) {
      return MakeStatus(ErrorCode::kServerBusy, Phase::kSession, "");
    }
    if (absl::StartsWith(*line, "wrong")) {
      return MakeStatus(ErrorCode::kUnexpectedResponse, Phase::kSession, "");
    }
    done_ = absl::StartsWith(*line, "done");
    return before - bytes.size();
  }
  bool done() const override { return done_; }
  OnLoss on_loss() const override { return on_loss_; }
  bool waits_for_news() const override { return waits; }
  std::optional<absl::Duration> patience() const override { return limit; }

  std::vector<std::string> heard;
  std::vector<std::string> seen_capabilities;
  int starts = 0;
  absl::Status start_error;
  bool waits = false;
  std::optional<absl::Duration> limit;
  std::function<void()> on_line;
  std::string woken;  // to be produced

 private:
  const std::string line_;
  const OnLoss on_loss_;
  std::string to_send_;
  bool done_ = false;
};

class FakeState final : public SessionState {
 public:
  std::shared_ptr<Exchange> NextRestoring() override {
    if (next >= restoring.size()) return nullptr;
    return restoring[next++];
  }
  absl::Status Restored() override { return restored; }
  absl::StatusOr<size_t> OnUnasked(absl::string_view bytes) override {
    const size_t before = bytes.size();
    const std::optional<absl::string_view> line = TakeLine(&bytes);
    if (!line) return 0;
    unasked.emplace_back(*line);
    if (*line == "bye") {
      return MakeStatus(ErrorCode::kServerBusy, Phase::kSession, "");
    }
    if (*line == "wrong") {
      return MakeStatus(ErrorCode::kUnexpectedResponse, Phase::kSession, "");
    }
    return before - bytes.size();
  }
  void OnLost() override {
    ++losses;
    next = 0;
  }

  std::vector<std::shared_ptr<Exchange>> restoring;
  size_t next = 0;
  absl::Status restored;
  std::vector<std::string> unasked;
  int losses = 0;
};

class SessionTest : public testing::Test {
 protected:
  SessionTest() { Create(nullptr); }

  void Create(std::shared_ptr<Cancellation> cancellation) {
    session_.reset();
    SessionOptions options{
        {{*ParseTarget("imaps://mail.example.org"), nullptr, nullptr}}};
    options.patience = kPatience;
    options.redial.connect.cancellation = std::move(cancellation);
    options.redial.connect.on_event = [this](const Event& event) {
      events_.emplace_back(EventKindName(event.kind));
    };
    auto redialer = std::make_unique<FakeRedialer>();
    redialer_ = redialer.get();
    session_ = Session::Create(&loop_, std::move(redialer), options, &state_);
  }

  void Settle() { loop_.Advance(absl::ZeroDuration()); }
  std::shared_ptr<LineExchange> Run(const std::string& line,
                                    OnLoss on_loss = OnLoss::kRepeat) {
    auto exchange = std::make_shared<LineExchange>(line, on_loss);
    Run(exchange);
    Settle();
    return exchange;
  }
  void Run(std::shared_ptr<LineExchange> exchange) {
    session_->Run(std::move(exchange), [this](absl::Status status) {
      outcomes_.push_back(
          status.ok() ? "ok"
                      : std::string(ErrorName(ErrorFromStatus(status).code)));
      if (!status.ok()) last_error_ = ErrorFromStatus(status);
    });
  }
  // What was dialled for is there.
  std::shared_ptr<FakePeer> Answer() {
    auto peer = std::make_shared<FakePeer>(static_cast<int>(100 + ++peers_));
    peer->capabilities = {"CAP"};
    RedialResult result{FakeConnection(peer), {target_}, {}, {}};
    std::exchange(redialer_->waiting, nullptr)(std::move(result));
    Settle();
    return peer;
  }
  void Refuse(ErrorCode code) {
    RedialResult result{nullptr, {target_}, {}, {}};
    result.error = MakeError(code, Phase::kConnect);
    std::exchange(redialer_->waiting, nullptr)(std::move(result));
    Settle();
  }
  void Say(FakePeer* peer, const std::string& text) {
    peer->unread += text;
    loop_.MarkReady(peer->fd);
    Settle();
  }
  void Break(FakePeer* peer, ErrorCode code = ErrorCode::kConnectionReset) {
    peer->failure = code;
    loop_.MarkReady(peer->fd);
    Settle();
  }
  bool Dials() const { return redialer_->waiting != nullptr; }

  ManualEventLoop loop_;
  FakeState state_;
  const Target target_ = *ParseTarget("imaps://mail.example.org");
  FakeRedialer* redialer_ = nullptr;
  std::vector<std::string> events_;
  std::vector<std::string> outcomes_;
  Error last_error_ = MakeError(ErrorCode::kInternal, Phase::kSetup);
  size_t peers_ = 0;
  std::unique_ptr<Session> session_;
};

// --- In order

TEST_F(SessionTest, NothingHappensInsideRun) {
  session_->Run(std::make_shared<LineExchange>("a", OnLoss::kRepeat),
                [](const absl::Status&) {});
  EXPECT_EQ(redialer_->first_dials, 0);
}

TEST_F(SessionTest, TheFirstRunConnectsAndOneConnectionServesAll) {
  const auto a = Run("a");
  const auto b = Run("b");
  EXPECT_FALSE(session_->connected());
  const auto peer = Answer();
  EXPECT_TRUE(session_->connected());
  EXPECT_EQ(peer->received, "a\r\n");
  EXPECT_THAT(a->seen_capabilities, ElementsAre("CAP"));
  Say(peer.get(), "x\r\ndone\r\n");
  EXPECT_THAT(a->heard, ElementsAre("x", "done"));
  EXPECT_EQ(peer->received, "a\r\nb\r\n");
  Say(peer.get(), "done\r\n");
  EXPECT_THAT(outcomes_, ElementsAre("ok", "ok"));
  EXPECT_EQ(redialer_->first_dials, 1);
  EXPECT_THAT(redialer_->losses, IsEmpty());
}

TEST_F(SessionTest, AnAnswerInPiecesAndAWriteInPiecesAreWhole) {
  const auto a = Run("abcdef");
  auto peer = std::make_shared<FakePeer>(100);
  peer->takes = 3;
  peer->takes_at_once = 2;
  std::exchange(redialer_->waiting,
                nullptr)({FakeConnection(peer), {target_}, {}, {}});
  EXPECT_EQ(peer->received, "abc");
  EXPECT_EQ(loop_.WatchedFor(100), Interest::kReadWrite);
  peer->takes = 100;
  loop_.MarkReady(100);
  EXPECT_EQ(peer->received, "abcdef\r\n");
  EXPECT_EQ(loop_.WatchedFor(100), Interest::kRead);
  for (const char byte : std::string("do1\r\ndone\r\n")) {
    Say(peer.get(), std::string(1, byte));
  }
  EXPECT_THAT(a->heard, ElementsAre("do1", "done"));
  EXPECT_THAT(outcomes_, ElementsAre("ok"));
}

TEST_F(SessionTest, WhatComesWhileAWriteWaitsIsHeard) {
  const auto a = Run("abcdef");
  auto peer = std::make_shared<FakePeer>(100);
  peer->takes = 3;
  std::exchange(redialer_->waiting,
                nullptr)({FakeConnection(peer), {target_}, {}, {}});
  Say(peer.get(), "too long\r\n");
  EXPECT_THAT(a->heard, ElementsAre("too long"));
  EXPECT_THAT(outcomes_, IsEmpty());
}

TEST_F(SessionTest, AFailedConnectFailsAllThatWaitsAndTheNextRunDialsAnew) {
  Run("a");
  Run("b");
  Refuse(ErrorCode::kUnknownIssuer);
  EXPECT_THAT(outcomes_, ElementsAre("unknown_issuer", "unknown_issuer"));
  EXPECT_FALSE(Dials());
  Run("c");
  EXPECT_EQ(redialer_->first_dials, 2);
}

TEST_F(SessionTest, WhatCannotBeStartedSendsNothing) {
  auto bad = std::make_shared<LineExchange>("a", OnLoss::kRepeat);
  bad->start_error = MakeStatus(ErrorCode::kInvalidArgument, Phase::kSetup, "");
  Run(bad);
  Settle();
  const auto peer = Answer();
  EXPECT_EQ(peer->received, "");
  EXPECT_THAT(outcomes_, ElementsAre("invalid_argument"));
  Run("b");
  EXPECT_EQ(peer->received, "b\r\n");
}

// --- Lost in the middle

TEST_F(SessionTest, WhatIsSafeIsRepeatedOnTheNextConnection) {
  const auto a = Run("a");
  Run("b");
  const auto first = Answer();
  Say(first.get(), "half\r\n");
  Break(first.get());
  EXPECT_TRUE(first->gone);
  EXPECT_FALSE(session_->connected());
  EXPECT_THAT(redialer_->losses, ElementsAre(ErrorCode::kConnectionReset));
  const auto second = Answer();
  EXPECT_EQ(second->received, "a\r\n");
  EXPECT_EQ(a->starts, 2);
  EXPECT_THAT(a->heard, IsEmpty());
  Say(second.get(), "done\r\n");
  EXPECT_EQ(second->received, "a\r\nb\r\n");
  EXPECT_THAT(outcomes_, ElementsAre("ok"));
  EXPECT_THAT(events_, ElementsAre("connection_lost", "state_restored",
                                   "command_repeated"));
}

TEST_F(SessionTest, WhatMayHaveHappenedIsNotRepeated) {
  const auto a = Run("a", OnLoss::kUnknown);
  Run("b");
  Break(Answer().get());
  EXPECT_THAT(outcomes_, ElementsAre("outcome_unknown"));
  EXPECT_THAT(last_error_.Message(), HasSubstr("reset"));
  EXPECT_EQ(a->starts, 1);
  EXPECT_EQ(Answer()->received, "b\r\n");
}

TEST_F(SessionTest, WhatWouldMeanSomethingElseIsNotRepeated) {
  Run("a", OnLoss::kGiveUp);
  Break(Answer().get());
  EXPECT_THAT(outcomes_, ElementsAre("connection_lost"));
  // Nothing waits: nothing is dialled.
  EXPECT_FALSE(Dials());
}

TEST_F(SessionTest, TheEndAfterAFarewellIsClean) {
  Run("quit", OnLoss::kDone);
  const auto peer = Answer();
  peer->closed = true;
  loop_.MarkReady(peer->fd);
  Settle();
  EXPECT_THAT(outcomes_, ElementsAre("ok"));
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_FALSE(Dials());
}

TEST_F(SessionTest, AnAnsweredFarewellClosesTheConnection) {
  Run("quit", OnLoss::kDone);
  const auto peer = Answer();
  Say(peer.get(), "done\r\n");
  EXPECT_THAT(outcomes_, ElementsAre("ok"));
  EXPECT_TRUE(peer->said_goodbye);
  EXPECT_TRUE(peer->gone);
  EXPECT_EQ(state_.losses, 1);
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(SessionTest, WhoHasLeftComesBackAtOnce) {
  Run("quit", OnLoss::kDone);
  Say(Answer().get(), "done\r\n");
  Run("a");
  EXPECT_EQ(redialer_->first_dials, 2);
  EXPECT_THAT(redialer_->losses, IsEmpty());
  // A loss later is one all the same.
  Break(Answer().get());
  EXPECT_THAT(redialer_->losses, ElementsAre(ErrorCode::kConnectionReset));
}

TEST_F(SessionTest, RepetitionsAreBounded) {
  Run("a");
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(Dials()) << i;
    Break(Answer().get());
  }
  EXPECT_THAT(outcomes_, ElementsAre("connection_reset"));
  EXPECT_FALSE(Dials());
}

TEST_F(SessionTest,
       WaitingForNewsMayBeInterruptedAnyNumberOfTimesButNotAtOnce) {
  const auto idle = Run("idle");
  idle->limit = absl::InfiniteDuration();
  idle->waits = true;
  for (int i = 0; i < 10; ++i) {
    const auto peer = Answer();
    loop_.Advance(kPatience);
    Break(peer.get());
    ASSERT_TRUE(Dials()) << i;
  }
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Dials()) << i;
    const auto peer = Answer();
    loop_.Advance(kPatience - kInstant);
    Break(peer.get());
  }
  EXPECT_THAT(outcomes_, ElementsAre("connection_reset"));
}

TEST_F(SessionTest, AServerThatLeavesIsDialledAgainAndSaidToHaveLeft) {
  Run("a");
  Say(Answer().get(), "busy\r\n");
  EXPECT_THAT(redialer_->losses, ElementsAre(ErrorCode::kServerBusy));
  EXPECT_THAT(outcomes_, IsEmpty());
}

TEST_F(SessionTest, GarbageEndsTheConnectionAndTheExchange) {
  Run("a");
  const auto peer = Answer();
  Say(peer.get(), "wrong\r\n");
  EXPECT_TRUE(peer->gone);
  EXPECT_THAT(outcomes_, ElementsAre("unexpected_response"));
  EXPECT_FALSE(Dials());
}

TEST_F(SessionTest, GarbageAfterWhatMayHaveHappenedIsAnUnknownOutcome) {
  Run("a", OnLoss::kUnknown);
  Say(Answer().get(), "wrong\r\n");
  EXPECT_THAT(outcomes_, ElementsAre("outcome_unknown"));
}

TEST_F(SessionTest, ALineWithoutEndIsCutOff) {
  Run("a");
  const auto peer = Answer();
  for (int i = 0; i < 5 && !peer->gone; ++i) {
    Say(peer.get(), std::string(16384, 'x'));
  }
  EXPECT_TRUE(peer->gone);
  EXPECT_THAT(outcomes_, ElementsAre("line_too_long"));
}

// --- The state

TEST_F(SessionTest, TheStateIsRestoredBeforeTheRepetition) {
  auto select = std::make_shared<LineExchange>("select", OnLoss::kRepeat);
  state_.restoring = {select};
  Run("a");
  const auto first = Answer();
  EXPECT_EQ(first->received, "a\r\n");  // not on the first one
  Break(first.get());
  const auto second = Answer();
  EXPECT_EQ(second->received, "select\r\n");
  Say(second.get(), "done\r\n");
  EXPECT_EQ(second->received, "select\r\na\r\n");
}

TEST_F(SessionTest, AStateThatIsNotWhatItWasFailsTheInterruptedExchange) {
  Run("a");
  Run("b");
  Break(Answer().get());
  state_.restored = MakeStatus(ErrorCode::kMailboxChanged, Phase::kSession, "");
  const auto second = Answer();
  EXPECT_THAT(outcomes_, ElementsAre("mailbox_changed"));
  EXPECT_EQ(second->received, "b\r\n");
}

TEST_F(SessionTest, AConnectionLostWhileRestoringIsDialledAgainButNotForEver) {
  auto select = std::make_shared<LineExchange>("select", OnLoss::kRepeat);
  state_.restoring = {select};
  Run("a");
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(Dials()) << i;
    Break(Answer().get());
  }
  EXPECT_THAT(outcomes_, ElementsAre("connection_reset"));
  EXPECT_FALSE(Dials());
}

// --- Silence

TEST_F(SessionTest, SilenceIsALossExactlyAtTheLimit) {
  Run("a");
  const auto peer = Answer();
  loop_.Advance(kPatience - kInstant);
  EXPECT_FALSE(peer->gone);
  loop_.Advance(kInstant);
  EXPECT_TRUE(peer->gone);
  EXPECT_THAT(redialer_->losses, ElementsAre(ErrorCode::kResponseTimedOut));
}

TEST_F(SessionTest, WhatMovesPutsTheLimitOff) {
  Run("a");
  const auto peer = Answer();
  loop_.Advance(kPatience - kInstant);
  Say(peer.get(), "x\r\n");
  loop_.Advance(kPatience - kInstant);
  EXPECT_FALSE(peer->gone);
  loop_.Advance(kInstant);
  EXPECT_TRUE(peer->gone);
}

TEST_F(SessionTest, AnExchangeMayAskForMorePatienceAndForLess) {
  const auto a = Run("a");
  a->limit = absl::Hours(1);
  const auto peer = Answer();
  loop_.Advance(absl::Hours(1) - kInstant);
  EXPECT_FALSE(peer->gone);
  a->limit = absl::Seconds(5);
  a->woken = "more\r\n";
  session_->Wake();
  Settle();
  EXPECT_EQ(peer->received, "a\r\nmore\r\n");
  loop_.Advance(absl::Seconds(5) - kInstant);
  EXPECT_FALSE(peer->gone);
  loop_.Advance(kInstant);
  EXPECT_TRUE(peer->gone);
}

TEST_F(SessionTest, WhilePausedNothingIsReadAndSilenceIsNone) {
  const auto a = Run("a");
  const auto peer = Answer();
  session_->PauseReading();
  peer->unread = "done\r\n";
  session_->Wake();
  loop_.Advance(kPatience * 3);
  EXPECT_THAT(a->heard, IsEmpty());
  EXPECT_FALSE(peer->gone);
  session_->ResumeReading();
  Settle();
  EXPECT_THAT(outcomes_, ElementsAre("ok"));
}

// --- While nothing runs

TEST_F(SessionTest, WhatIsSaidUnaskedGoesToTheState) {
  Run("a");
  const auto peer = Answer();
  Say(peer.get(), "done\r\n3 EXISTS\r\n");
  EXPECT_THAT(state_.unasked, ElementsAre("3 EXISTS"));
  Say(peer.get(), "4 EXISTS\r\n5 EX");
  Say(peer.get(), "ISTS\r\n");
  EXPECT_THAT(state_.unasked, ElementsAre("3 EXISTS", "4 EXISTS", "5 EXISTS"));
}

TEST_F(SessionTest, ALossWhileIdleIsMendedWhenThereIsSomethingToDo) {
  Run("a");
  const auto first = Answer();
  Say(first.get(), "done\r\n");
  Break(first.get());
  EXPECT_TRUE(first->gone);
  EXPECT_FALSE(Dials());
  Run("b", OnLoss::kUnknown);
  EXPECT_EQ(Answer()->received, "b\r\n");
}

TEST_F(SessionTest, ACommandIsNotSentIntoAConnectionThatHasEnded) {
  Run("a");
  const auto first = Answer();
  Say(first.get(), "done\r\n");
  first->closed = true;  // and the loop has not said so yet
  Run("b", OnLoss::kUnknown);
  EXPECT_EQ(first->received, "a\r\n");
  EXPECT_EQ(Answer()->received, "b\r\n");
  EXPECT_THAT(outcomes_, ElementsAre("ok"));
}

TEST_F(SessionTest, AServerThatEndsEachConnectionAtOnceIsLeftAfterAWhile) {
  Run("a", OnLoss::kUnknown);
  for (int i = 0; i < 10 && Dials(); ++i) {
    auto peer = std::make_shared<FakePeer>(100 + i);
    peer->closed = true;
    std::exchange(redialer_->waiting,
                  nullptr)({FakeConnection(peer), {target_}, {}, {}});
    Settle();
  }
  EXPECT_FALSE(Dials());
  EXPECT_THAT(outcomes_, ElementsAre("connection_closed"));
  EXPECT_EQ(redialer_->losses.size(), 3u);
}

TEST_F(SessionTest, AFarewellWhileIdleIsHeard) {
  Run("a");
  const auto first = Answer();
  Say(first.get(), "done\r\n");
  Say(first.get(), "bye\r\n");
  Run("b");
  EXPECT_THAT(redialer_->losses, ElementsAre(ErrorCode::kServerBusy));
}

TEST_F(SessionTest, GarbageWhileIdleIsNotTheNextExchangesFault) {
  Run("a");
  const auto first = Answer();
  Say(first.get(), "done\r\n");
  first->unread = "wrong\r\n";  // and the loop has not said so yet
  Run("b", OnLoss::kUnknown);
  EXPECT_TRUE(first->gone);
  EXPECT_EQ(Answer()->received, "b\r\n");
}

TEST_F(SessionTest, AServerThatNeverStopsLeavesOthersTheirTurn) {
  Run("a");
  const auto peer = Answer();
  Say(peer.get(), "done\r\n");
  const size_t lines = 100 * Exchange::kChunk / 4;
  for (size_t i = 0; i < lines; ++i) peer->unread += "xx\r\n";
  loop_.MarkReady(peer->fd);
  EXPECT_LT(state_.unasked.size(), lines / 2);
  Settle();
  EXPECT_EQ(state_.unasked.size(), lines);
}

// --- The end

TEST_F(SessionTest, ClosingFailsWhatWaitsAndWhatComesLater) {
  Run("a");
  const auto peer = Answer();
  Run("b");
  session_->Close();
  EXPECT_THAT(outcomes_, IsEmpty());
  Settle();
  EXPECT_THAT(outcomes_, ElementsAre("session_closed", "session_closed"));
  EXPECT_TRUE(peer->said_goodbye);
  EXPECT_TRUE(peer->gone);
  Run("c");
  EXPECT_EQ(outcomes_.size(), 3u);
  EXPECT_FALSE(session_->connected());
}

TEST_F(SessionTest, AnEndHidesNoUnknownOutcome) {
  Run("a", OnLoss::kUnknown);
  const auto peer = Answer();
  Run("b");
  session_->Close();
  Settle();
  EXPECT_THAT(outcomes_, ElementsAre("outcome_unknown", "session_closed"));

  const auto cancellation = std::make_shared<Cancellation>();
  Create(cancellation);
  Run("c", OnLoss::kUnknown);
  const auto other = Answer();
  cancellation->Cancel();
  loop_.RunPosted();
  Settle();
  EXPECT_EQ(outcomes_.back(), "outcome_unknown");
}

TEST_F(SessionTest, ClosingFromInsideAnExchangeIsSafe) {
  auto a = std::make_shared<LineExchange>("a", OnLoss::kRepeat);
  a->on_line = [this] { session_->Close(); };
  Run(a);
  Settle();
  Say(Answer().get(), "x\r\ny\r\ndone\r\n");
  EXPECT_THAT(outcomes_, ElementsAre("session_closed"));
  EXPECT_THAT(a->heard, ElementsAre("x"));
}

TEST_F(SessionTest, ItMayBeDestroyedByACallback) {
  session_->Connect([this](const absl::Status&) { session_.reset(); });
  session_->Run(std::make_shared<LineExchange>("a", OnLoss::kRepeat),
                [](const absl::Status&) { ADD_FAILURE() << "called"; });
  Settle();
  Refuse(ErrorCode::kConnectionRefused);
  EXPECT_EQ(session_, nullptr);
}

TEST_F(SessionTest, ItMayBeDestroyedByACallbackWhileOthersWait) {
  struct Case {
    OnLoss on_loss;
    std::function<void(FakePeer*)> end;
  };
  const Case kCases[] = {
      {OnLoss::kRepeat, [this](FakePeer* p) { Say(p, "done\r\n"); }},
      {OnLoss::kDone, [this](FakePeer* p) { Say(p, "done\r\n"); }},
      {OnLoss::kDone, [this](FakePeer* p) { Break(p); }},
      {OnLoss::kUnknown, [this](FakePeer* p) { Break(p); }},
      {OnLoss::kGiveUp, [this](FakePeer* p) { Say(p, "wrong\r\n"); }},
      {OnLoss::kUnknown, [this](FakePeer*) { loop_.Advance(kPatience); }},
      {OnLoss::kRepeat,
       [this](FakePeer*) {
         session_->Close();
         Settle();
       }},
  };
  for (const Case& each : kCases) {
    Create(nullptr);
    session_->Run(std::make_shared<LineExchange>("a", each.on_loss),
                  [this](const absl::Status&) { session_.reset(); });
    for (int i = 0; i < 2; ++i) {
      session_->Run(std::make_shared<LineExchange>("b", OnLoss::kRepeat),
                    [](const absl::Status&) { ADD_FAILURE() << "called"; });
    }
    Settle();
    const auto peer = Answer();
    each.end(peer.get());
    EXPECT_EQ(session_, nullptr);
    EXPECT_TRUE(peer->gone);
    EXPECT_EQ(peer->received, "a\r\n");
  }
}

TEST_F(SessionTest, CancellationEndsADialAndAnExchange) {
  auto cancellation = std::make_shared<Cancellation>();
  Create(cancellation);
  Run("a");
  cancellation->Cancel();
  loop_.RunPosted();
  Settle();
  EXPECT_THAT(outcomes_, ElementsAre("cancelled"));

  cancellation = std::make_shared<Cancellation>();
  Create(cancellation);
  Run("b");
  const auto peer = Answer();
  cancellation->Cancel();
  loop_.RunPosted();
  Settle();
  EXPECT_THAT(outcomes_, ElementsAre("cancelled", "cancelled"));
  EXPECT_TRUE(peer->gone);
}

}  // namespace
}  // namespace holdfast::test
