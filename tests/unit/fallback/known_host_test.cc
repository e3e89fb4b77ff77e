// What is on record of a host, and what a connect then offers: the memory and
// the ladder together, with times given by hand.

#include <gtest/gtest.h>

#include "holdfast/fallback/fallback_policy.h"
#include "holdfast/fallback/host_record.h"
#include "holdfast/fallback/retry_session.h"

namespace holdfast {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kSecond = absl::Seconds(1);
constexpr absl::Duration kDay = absl::Hours(24);
constexpr auto kTls10 = TlsVersion::kTls10;
constexpr auto kTls12 = TlsVersion::kTls12;
constexpr auto kTls13 = TlsVersion::kTls13;
constexpr auto kClosed = ErrorCode::kClosedDuringHandshake;
constexpr LearnedReduction kNeedsTls12 = {Rung::kTls12, kClosed, kTls12, false};

FallbackPolicy PolicyFor(TlsVersion floor, TlsVersion top = kTls13) {
  FallbackPolicy policy;
  policy.versions = *TlsVersionRange::Create(floor, top);
  return policy;
}

Peer ThePeer() {
  return {*Host::Parse("mail.example"), ConnectionSecurity::kImplicitTls,
          "imap"};
}

HostRecord Known(const CacheUpdate& update) {
  return HostRecord().Apply(update, kStart, RecordLifetimes());
}

Rung FirstOffer(const HostRecord& record, absl::Time now,
                const FallbackPolicy& policy = {}) {
  RetrySession session(policy, ThePeer(), record, now);
  return session.Next(absl::Seconds(30))->rung;
}

// The lowest version that is offered to a server that refuses all.
TlsVersion LowestOffer(const HostRecord& record, absl::Time now,
                       const FallbackPolicy& policy = {}) {
  RetrySession session(policy, ThePeer(), record, now);
  TlsVersion lowest = kTls13;
  while (const auto plan = session.Next(absl::Seconds(30))) {
    lowest = std::min(lowest, plan->profile.versions.max());
    AttemptOutcome outcome;
    outcome.failure = FailureClass::kVersionRefused;
    outcome.error = MakeError(ErrorCode::kVersionRefused, Phase::kHandshake);
    session.Observe(*plan, outcome);
  }
  return lowest;
}

TEST(KnownHostTest, ReducedOfferOnRecordIsMadeToTheSecondBeforeItExpires) {
  const HostRecord record = Known(kNeedsTls12);
  EXPECT_EQ(FirstOffer(record, kStart + kDay - kSecond), Rung::kTls12);
  EXPECT_EQ(FirstOffer(record, kStart + kDay), Rung::kFull);
}

TEST(KnownHostTest, RecordBelowTheFloorInForceIsNotUsed) {
  const HostRecord record =
      Known(LearnedReduction{Rung::kTls10, kClosed, kTls10, false});
  EXPECT_EQ(FirstOffer(record, kStart, PolicyFor(kTls10)), Rung::kTls10);
  EXPECT_EQ(FirstOffer(record, kStart), Rung::kFull);
  EXPECT_EQ(LowestOffer(record, kStart), kTls12);
  EXPECT_EQ(FirstOffer(Known(kNeedsTls12), kStart, PolicyFor(kTls13)),
            Rung::kFull);
  EXPECT_EQ(LowestOffer(Known(kNeedsTls12), kStart, PolicyFor(kTls13)), kTls13);
}

TEST(KnownHostTest, PinBelowTheFloorInForceIsNotUsed) {
  const HostRecord record = Known(PinReduction{Rung::kTls10, kStart + kDay});
  EXPECT_EQ(FirstOffer(record, kStart), Rung::kFull);
  EXPECT_EQ(LowestOffer(record, kStart), kTls12);
}

TEST(KnownHostTest, HostOfProvenToleranceGetsNothingLessUntilItsProofExpires) {
  const HostRecord record = Known(LearnedProof{kTls13, true});
  const absl::Time end = kStart + 30 * kDay;
  EXPECT_EQ(LowestOffer(record, end - kSecond), kTls13);
  EXPECT_EQ(LowestOffer(record, end), kTls12);
}

TEST(KnownHostTest, WhoForgetsAHostLetsALesserServerInAtOnce) {
  EXPECT_EQ(LowestOffer(Known(LearnedProof{kTls13, true}), kStart), kTls13);
  EXPECT_EQ(LowestOffer(HostRecord(), kStart), kTls12);
}

TEST(KnownHostTest, PinHoldsToTheSecondBeforeItExpiresAgainstTheRatchet) {
  const absl::Time end = kStart + 30 * kDay;
  const HostRecord record =
      Known(LearnedProof{kTls13, true})
          .Apply(PinReduction{Rung::kTls12, end}, kStart, RecordLifetimes());
  EXPECT_EQ(FirstOffer(record, end - kSecond), Rung::kTls12);
  EXPECT_EQ(FirstOffer(record, end), Rung::kFull);
}

// The full circle of promise 9: needed, expired, tried again, healed.
TEST(KnownHostTest, HostThatWasMendedHealsWhenItsRecordExpires) {
  const HostRecord record = Known(kNeedsTls12);
  const absl::Time later = kStart + kDay;
  RetrySession session({}, ThePeer(), record, later);
  const auto plan = session.Next(absl::Seconds(30));
  ASSERT_EQ(plan->rung, Rung::kFull);
  AttemptOutcome outcome;
  outcome.connected_version = kTls13;
  const HostRecord healed =
      record.Apply(session.Observe(*plan, outcome), later, RecordLifetimes());
  EXPECT_FALSE(healed.fields().reduction);
  EXPECT_EQ(healed.fields().failures, 0);
  EXPECT_EQ(healed.fields().proof, (Proof{kTls13, later}));
}

}  // namespace
}  // namespace holdfast
