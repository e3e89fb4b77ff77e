// Silent servers: smaller offers beside a first hello that nobody answers.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/attacker.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/in_process_test.h"
#include "holdfast/tests/helpers/own_loop.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {
namespace {

using lab::Behaviour;
using lab::ClientHello;
using testing::Each;
using testing::ElementsAre;

const absl::Duration kHedgeDelay = Scaled(absl::Milliseconds(300));
constexpr size_t kLarge = 256;

bool IsCompact(const ClientHello& hello) {
  return hello.OffersTls13() && hello.message_size < kLarge;
}
bool IsFull(const ClientHello& hello) {
  return hello.OffersTls13() && !IsCompact(hello);
}

// Never answers an offer of TLS 1.3, though the server speaks it.
Behaviour PathThatSwallowsTls13() {
  Behaviour behaviour = *lab::FindBehaviour("tls13-silent");
  behaviour.tls = {};
  return behaviour;
}

class HedgeTest : public InProcessTest {
 protected:
  ConnectRequest HedgingRequest(uint16_t port, const Way& way = {}) {
    ConnectRequest request = RequestFor(port, way);
    request.policy.hedge_delay = kHedgeDelay;
    request.on_event = [this](const Event& event) { events_.push_back(event); };
    return request;
  }
  // One that gives up soon.
  ConnectRequest HurriedRequest(uint16_t port, absl::Duration timeout,
                                const Way& way = {}) {
    ConnectRequest request = HedgingRequest(port, way);
    request.timeout = timeout;
    request.policy.min_attempt = Scaled(absl::Milliseconds(100));
    return request;
  }
  ConnectResult Connect(const ConnectRequest& request) {
    events_.clear();
    return ConnectBlocking(request, cache_.get());
  }

  int Count(EventKind kind) const {
    return static_cast<int>(
        std::count_if(events_.begin(), events_.end(),
                      [kind](const Event& e) { return e.kind == kind; }));
  }
  // When attempt `number` began.
  absl::Duration StartOf(int number) const {
    for (const Event& event : events_) {
      if (event.kind == EventKind::kAttemptStarted && event.attempt == number) {
        return event.at;
      }
    }
    ADD_FAILURE() << "there was no attempt " << number;
    return absl::ZeroDuration();
  }

  void ExpectRecord(Rung rung, absl::Duration lifetime) {
    const std::optional<Reduction> reduction = ReductionIn(cache_.get());
    ASSERT_TRUE(reduction);
    EXPECT_EQ(reduction->rung, rung);
    EXPECT_EQ(reduction->reason, ErrorCode::kSilentDuringHandshake);
    EXPECT_EQ(reduction->lifetime, lifetime);
    EXPECT_LE(reduction->expires_at, absl::Now() + lifetime);
  }

  std::unique_ptr<HostCache> cache_ = NewMemoryHostCache();
  std::vector<Event> events_;
};

TEST_F(HedgeTest, AServerThatSwallowsTls13IsReachedAfterOneHedgeDelay) {
  const auto healthy = StartLab("tls12-only");
  const absl::Time begun = absl::Now();
  ASSERT_TRUE(Connect(HedgingRequest(healthy->port())).ok());
  const absl::Duration ordinary = absl::Now() - begun;
  cache_ = NewMemoryHostCache();

  const auto server = StartLab("tls13-silent");
  const absl::Time started = absl::Now();
  const ConnectResult result = Connect(HedgingRequest(server->port()));
  const absl::Duration taken = absl::Now() - started;
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GE(taken, kHedgeDelay);
  EXPECT_LE(taken, kHedgeDelay + 5 * ordinary + Scaled(absl::Seconds(1)));
  EXPECT_EQ(result.report.tls->version, TlsVersion::kTls12);
  EXPECT_THAT(Rungs(result), ElementsAre("full", "compact", "tls12"));
  EXPECT_TRUE(result.report.fallback->hedged);
  EXPECT_EQ(result.report.fallback->reason, ErrorCode::kSilentDuringHandshake);
  EXPECT_EQ(Count(EventKind::kServerSilent), 1);
  EXPECT_GE(StartOf(2), kHedgeDelay);
  EXPECT_TRUE(result.report.attempts[1].given_up);
  ExpectRecord(Rung::kTls12, absl::Hours(1));

  const ConnectResult second = Connect(HedgingRequest(server->port()));
  EXPECT_TRUE(second.ok()) << second.status();
  EXPECT_THAT(Rungs(second), ElementsAre("tls12"));
}

TEST_F(HedgeTest, AServerThatIsMerelySlowKeepsItsFirstAttempt) {
  Behaviour slow = *lab::FindBehaviour("healthy");
  slow.hello_delay = 3 * kHedgeDelay;
  const auto server = StartLab(slow);
  const ConnectResult result = Connect(HedgingRequest(server->port()));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result.report.tls->version, TlsVersion::kTls13);
  EXPECT_THAT(Rungs(result), ElementsAre("full", "compact", "tls12"));
  EXPECT_FALSE(result.report.fallback->applied());
  EXPECT_FALSE(result.report.attempts[0].error);
  EXPECT_TRUE(result.report.attempts[1].given_up);
  EXPECT_TRUE(result.report.attempts[2].given_up);
  EXPECT_EQ(ReductionIn(cache_.get()), std::nullopt);
}

TEST_F(HedgeTest, AServerThatDislikesLargeHellosKeepsTls13) {
  const auto server = StartLab("large-hello-silent");
  const ConnectResult result = Connect(HedgingRequest(server->port()));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result.report.tls->version, TlsVersion::kTls13);
  EXPECT_EQ(result.report.fallback->rung, Rung::kCompact);
  EXPECT_TRUE(result.report.fallback->hedged);
  ExpectRecord(Rung::kCompact, absl::Hours(1));
}

TEST_F(HedgeTest, AHostOfProvenToleranceIsNeverHedged) {
  const auto server = StartLab("silent-after-hello");
  const ConnectRequest request =
      HurriedRequest(server->port(), 6 * kHedgeDelay);
  cache_->Apply(KeyOf(request),
                LearnedProof{TlsVersion::kTls13, /*full_offer=*/true},
                absl::Now());
  const ConnectResult result = Connect(request);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.report.error->code, ErrorCode::kSilentDuringHandshake);
  EXPECT_THAT(Rungs(result), Each("full"));
  EXPECT_EQ(Count(EventKind::kServerSilent), 0);
  // The second attempt waited for the first one's share: a third of the time.
  EXPECT_GE(StartOf(2), 2 * kHedgeDelay);
  for (const ClientHello& hello : server->hellos()) {
    EXPECT_TRUE(hello.OffersTls13());
  }
}

TEST_F(HedgeTest, WithStartTlsOneAttemptFollowsTheOther) {
  const auto server = StartLab("tls13-silent", kStartTlsImap);
  const ConnectResult result =
      Connect(HurriedRequest(server->port(), 9 * kHedgeDelay, kStartTlsImap));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(Rungs(result), ElementsAre("full", "full", "compact", "tls12"));
  EXPECT_FALSE(result.report.fallback->hedged);
  EXPECT_EQ(Count(EventKind::kServerSilent), 0);
  for (int number = 2; number <= 4; ++number) {
    const AttemptReport& before = result.report.attempts[number - 2];
    EXPECT_GE(StartOf(number), StartOf(number - 1) + before.duration);
    EXPECT_EQ(before.error->code, ErrorCode::kSilentDuringHandshake);
  }
  ExpectRecord(Rung::kTls12, absl::Hours(24));
}

TEST_F(HedgeTest, ARefusedDowngradeBesideASilentFullOfferIsABlockedPath) {
  const auto server = StartLab(PathThatSwallowsTls13());
  const ConnectResult result =
      Connect(HurriedRequest(server->port(), 5 * kHedgeDelay));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.report.error->code, ErrorCode::kPathBlocksNewerTls);
  // The full offer that waited was the full-range attempt.
  EXPECT_THAT(Rungs(result), ElementsAre("full", "compact", "tls12"));
  EXPECT_EQ(result.report.attempts[2].error->code,
            ErrorCode::kDowngradeDetected);
  EXPECT_TRUE(cache_->List().empty());
}

TEST_F(HedgeTest, TheCommandCallsABlockedPathARefusalForSafety) {
  const auto server = StartLab(PathThatSwallowsTls13());
  const std::string url = absl::StrCat("imaps://127.0.0.1:", server->port());
  const std::vector<std::string> arguments = {
      "connect",
      "--check",
      "--json",
      "--no-system-roots",
      "--ca",
      directory_.Path("ca.pem"),
      "--cache",
      directory_.Path("hosts.db"),
      "--hedge-delay",
      ScaledOption(absl::Milliseconds(200)),
      "--timeout",
      ScaledOption(absl::Milliseconds(1500)),
      url};
  CommandResult result = RunHoldfast(arguments);
  EXPECT_EQ(result.exit_code(), 3) << result.process.out;
  EXPECT_EQ(result.json["error"]["code"], "path_blocks_newer_tls");
  EXPECT_EQ(result.json["cache"]["recorded"], false);
}

// Connections that look as if their round trip had taken `longer`.
class FarDialer final : public Dialer {
 public:
  FarDialer(Dialer* dialer, absl::Duration longer)
      : dialer_(dialer), longer_(longer) {}
  std::unique_ptr<Request> Dial(
      const Endpoint& endpoint, std::vector<SocketAddress> addresses,
      std::function<void(DialResult)> on_result) override {
    return dialer_->Dial(endpoint, std::move(addresses),
                         [longer = longer_,
                          on_result = std::move(on_result)](DialResult result) {
                           for (DialAttempt& dial : result.attempts)
                             dial.started -= longer;
                           on_result(std::move(result));
                         });
  }

 private:
  Dialer* const dialer_;
  const absl::Duration longer_;
};

// The full offer is never answered, the compact one `late`, `tls12` at once.
class HoldTest : public HedgeTest {
 protected:
  // To a server that is so far away that an answer is held for most of a
  // second.
  ConnectResult ConnectFarAway(const ConnectRequest& request) {
    const auto own = *OwnLoop::Create(cache_.get());
    Connector::Services services = own->services();
    FarDialer dialer(services.dialer, absl::Milliseconds(900));
    services.dialer = &dialer;
    Connector connector(services);
    std::unique_ptr<Connector::Operation> operation;
    return own->Await<ConnectResult>([&](auto done) {
      operation = connector.Connect(request, std::move(done));
    });
  }
  std::unique_ptr<Attacker> AnswerCompact(absl::Duration late,
                                          uint16_t server_port) {
    Attack attack;
    attack.end = Attack::End::kSilence;
    attack.only = IsFull;
    attack.delay = [late](const ClientHello& hello) {
      return IsCompact(hello) ? late : absl::ZeroDuration();
    };
    return *Attacker::Start(attack, lab::Security::kImplicit, server_port);
  }
};

TEST_F(HoldTest, ACompactAnswerWithinTheHoldIsPreferred) {
  const auto server = StartLab("tls12-only");
  const auto slow = AnswerCompact(absl::Milliseconds(100), server->port());
  ConnectResult result = ConnectFarAway(HedgingRequest(slow->port()));
  // On a busy machine an answer may be late for once.
  for (int i = 0; i < 4 && result.report.fallback->rung != Rung::kCompact;
       ++i) {
    cache_ = NewMemoryHostCache();
    result = ConnectFarAway(HedgingRequest(slow->port()));
  }
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result.report.fallback->rung, Rung::kCompact);
  EXPECT_TRUE(result.report.attempts[2].given_up);
  ExpectRecord(Rung::kCompact, absl::Hours(1));
}

TEST_F(HoldTest, NobodyWaitsLongerForIt) {
  const auto server = StartLab("tls12-only");
  const auto slow = AnswerCompact(Scaled(absl::Seconds(5)), server->port());
  const ConnectResult result = Connect(HedgingRequest(slow->port()));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result.report.fallback->rung, Rung::kTls12);
  EXPECT_GE(result.report.attempts[2].duration, absl::Milliseconds(50));
  EXPECT_LE(result.report.attempts[2].duration, Scaled(absl::Seconds(4)));
}

}  // namespace
}  // namespace holdfast::test
