// The ladder's rules: what follows which failure, and what is remembered.

#include "fallback/retry_session.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace holdfast {
namespace {

using testing::ElementsAre;

const absl::Time kNow = absl::FromUnixSeconds(1800000000);

AttemptOutcome Failed(FailureClass failure, ErrorCode code) {
  AttemptOutcome outcome;
  outcome.failure = failure;
  outcome.error = MakeError(code, Phase::kHandshake);
  return outcome;
}
AttemptOutcome Dropped() {
  return Failed(FailureClass::kDropped, ErrorCode::kClosedDuringHandshake);
}
AttemptOutcome Silent() {
  return Failed(FailureClass::kSilent, ErrorCode::kSilentDuringHandshake);
}
AttemptOutcome VersionRefused() {
  return Failed(FailureClass::kVersionRefused, ErrorCode::kVersionRefused);
}
AttemptOutcome HandshakeFailure() {
  AttemptOutcome outcome =
      Failed(FailureClass::kHelloRefused, ErrorCode::kHelloRefused);
  outcome.error->alert = TlsAlert{2, 40};
  return outcome;
}
AttemptOutcome DowngradeRefused() {
  return Failed(FailureClass::kDowngradeRefused, ErrorCode::kDowngradeDetected);
}
AttemptOutcome WrongName() {
  return Failed(FailureClass::kFinal, ErrorCode::kWrongName);
}
AttemptOutcome Connected(TlsVersion version) {
  AttemptOutcome outcome;
  outcome.connected_version = version;
  return outcome;
}

HostRecord Known(const CacheUpdate& update, absl::Time at = kNow) {
  return HostRecord().Apply(update, at, RecordLifetimes());
}
HostRecord Proven(TlsVersion version) {
  return Known(LearnedProof{version, /*full_offer=*/true});
}
HostRecord NeedsTls12() {
  return Known(LearnedReduction{Rung::kTls12, ErrorCode::kClosedDuringHandshake,
                                TlsVersion::kTls12, /*hedged=*/false});
}

// Plays `script` and notes each offer as "full", "tls12", ... with "*" where
// another address was asked for. The whole script must be used.
struct Play {
  std::vector<std::string> offers;
  std::vector<AttemptPlan> plans;
  CacheUpdate last_update;
  bool forgot = false;
  ErrorCode cause = ErrorCode::kInternal;  // if it did not connect
};
Play PlayOut(const std::vector<AttemptOutcome>& script,
             const HostRecord& record = HostRecord(),
             FallbackPolicy policy = {},
             ConnectionSecurity security = ConnectionSecurity::kImplicitTls) {
  RetrySession session(policy, security, record, kNow);
  Play play;
  size_t used = 0;
  while (std::optional<AttemptPlan> plan = session.Next(absl::Seconds(30))) {
    play.offers.push_back(
        absl::StrCat(RungName(plan->rung), plan->other_address ? "*" : ""));
    play.plans.push_back(*plan);
    if (used == script.size()) {
      ADD_FAILURE() << "attempt " << plan->number << " is not in the script";
      break;
    }
    play.last_update = session.Observe(*plan, script[used++]);
    if (std::holds_alternative<ForgetReduction>(play.last_update)) {
      play.forgot = true;
    }
  }
  EXPECT_EQ(used, script.size()) << "the session gave up early";
  if (used > 0 && !script[used - 1].connected()) {
    play.cause = session.Failure().code;
  }
  return play;
}

bool LearnsReduction(const Play& play) {
  return std::holds_alternative<LearnedReduction>(play.last_update);
}
bool LearnsNothing(const Play& play) {
  return std::holds_alternative<std::monostate>(play.last_update);
}

TEST(RetrySessionTest, AHealthyHostTakesOneFullOffer) {
  const Play play = PlayOut({Connected(TlsVersion::kTls13)});
  EXPECT_THAT(play.offers, ElementsAre("full"));
  const auto& proof = std::get<LearnedProof>(play.last_update);
  EXPECT_EQ(proof.version, TlsVersion::kTls13);
  EXPECT_TRUE(proof.full_offer);
  EXPECT_FALSE(play.plans[0].profile.reduced_from);
}

// Promise 7.
TEST(RetrySessionTest, AnOverriddenCertificateTeachesNothing) {
  AttemptOutcome full = Connected(TlsVersion::kTls13);
  full.certificate_overridden = true;
  EXPECT_TRUE(LearnsNothing(PlayOut({full})));
  AttemptOutcome reduced = Connected(TlsVersion::kTls12);
  reduced.certificate_overridden = true;
  const Play play = PlayOut({VersionRefused(), reduced});
  EXPECT_THAT(play.offers, ElementsAre("full", "tls12"));
  EXPECT_TRUE(LearnsNothing(play));
}

TEST(RetrySessionTest, ADropIsTriedAgainElsewhereBeforeAnythingIsReduced) {
  const Play play =
      PlayOut({Dropped(), Dropped(), Connected(TlsVersion::kTls12)});
  EXPECT_THAT(play.offers, ElementsAre("full", "full*", "tls12"));
  const auto& learned = std::get<LearnedReduction>(play.last_update);
  EXPECT_EQ(learned.rung, Rung::kTls12);
  EXPECT_EQ(learned.reason, ErrorCode::kClosedDuringHandshake);
}

TEST(RetrySessionTest, APassingDropBlamesNothing) {
  const Play play = PlayOut({Dropped(), Connected(TlsVersion::kTls13)});
  EXPECT_THAT(play.offers, ElementsAre("full", "full*"));
  EXPECT_TRUE(std::get<LearnedProof>(play.last_update).full_offer);
}

TEST(RetrySessionTest, ARefusedVersionIsDefinite) {
  const Play play = PlayOut({VersionRefused(), Connected(TlsVersion::kTls12)});
  EXPECT_THAT(play.offers, ElementsAre("full", "tls12"));
  EXPECT_TRUE(LearnsReduction(play));
}

TEST(RetrySessionTest, SilenceIsNotRepeatedWithImplicitTls) {
  const Play play = PlayOut({Silent(), Connected(TlsVersion::kTls12)});
  EXPECT_THAT(play.offers, ElementsAre("full", "tls12"));
}

TEST(RetrySessionTest, SilenceIsConfirmedWithStartTls) {
  const Play play = PlayOut({Silent(), Silent(), Connected(TlsVersion::kTls12)},
                            HostRecord(), {}, ConnectionSecurity::kStartTls);
  EXPECT_THAT(play.offers, ElementsAre("full", "full*", "tls12"));
}

TEST(RetrySessionTest, EveryReducedOfferProvesItself) {
  const Play play = PlayOut({VersionRefused(), Connected(TlsVersion::kTls12)});
  EXPECT_EQ(play.plans[1].profile.reduced_from, TlsVersion::kTls13);
  EXPECT_EQ(play.plans[1].profile.versions.max(), TlsVersion::kTls12);
}

TEST(RetrySessionTest, TheFloorIsNeverPassed) {
  const Play play = PlayOut({VersionRefused(), VersionRefused()});
  EXPECT_THAT(play.offers, ElementsAre("full", "tls12"));
  EXPECT_EQ(play.cause, ErrorCode::kServerTooOld);
  EXPECT_TRUE(LearnsNothing(play));
  for (const AttemptPlan& plan : play.plans) {
    EXPECT_GE(plan.profile.versions.min(), TlsVersion::kTls12);
  }
}

TEST(RetrySessionTest, OlderRungsOnlyWhereTheUserAllowedThem) {
  FallbackPolicy policy;
  policy.versions =
      *TlsVersionRange::Create(TlsVersion::kTls10, TlsVersion::kTls13);
  const Play play = PlayOut({VersionRefused(), VersionRefused(),
                             VersionRefused(), Connected(TlsVersion::kTls10)},
                            HostRecord(), policy);
  EXPECT_THAT(play.offers, ElementsAre("full", "tls12", "tls11", "tls10"));
}

TEST(RetrySessionTest, ARungEqualToAnEarlierOneFallsAway) {
  FallbackPolicy policy;
  policy.versions = TlsVersionRange::Only(TlsVersion::kTls12);
  const Play play = PlayOut({VersionRefused()}, HostRecord(), policy);
  EXPECT_THAT(play.offers, ElementsAre("full"));
  EXPECT_EQ(play.cause, ErrorCode::kVersionRefused);
}

TEST(RetrySessionTest, HandshakeFailureOnEveryRungMeansNoCommonParameters) {
  const Play play = PlayOut({HandshakeFailure(), HandshakeFailure()});
  EXPECT_EQ(play.cause, ErrorCode::kNoCommonParameters);
}

TEST(RetrySessionTest, AllRungsDroppedReportsTheFirstFailure) {
  const Play play = PlayOut({Dropped(), Dropped(), Dropped(), Dropped()});
  EXPECT_EQ(play.cause, ErrorCode::kClosedDuringHandshake);
  EXPECT_TRUE(LearnsNothing(play));
}

TEST(RetrySessionTest, CertificateProblemsEndItAtOnce) {
  const Play play = PlayOut({WrongName()});
  EXPECT_THAT(play.offers, ElementsAre("full"));
  EXPECT_TRUE(LearnsNothing(play));
}

TEST(RetrySessionTest, ACertificateProblemOnAReducedOfferIsTheCause) {
  const Play play = PlayOut({VersionRefused(), WrongName()});
  EXPECT_EQ(play.cause, ErrorCode::kWrongName);
}

TEST(RetrySessionTest, NoFallbackMeansOneAttempt) {
  FallbackPolicy policy;
  policy.fallback = false;
  EXPECT_THAT(PlayOut({Dropped()}, HostRecord(), policy).offers,
              ElementsAre("full"));
  EXPECT_THAT(PlayOut({Dropped()}, NeedsTls12(), policy).offers,
              ElementsAre("full"));
}

// Promise 6.
TEST(RetrySessionTest, AServerThatCanDoBetterGetsOneFullRangeAttempt) {
  const Play play = PlayOut({Dropped(), Dropped(), DowngradeRefused(),
                             Connected(TlsVersion::kTls13)});
  EXPECT_THAT(play.offers, ElementsAre("full", "full*", "tls12", "full"));
  EXPECT_TRUE(play.forgot);
  EXPECT_TRUE(std::get<LearnedProof>(play.last_update).full_offer);
}

TEST(RetrySessionTest, APathThatBlocksNewerTlsIsNeverMended) {
  const Play play =
      PlayOut({Dropped(), Dropped(), DowngradeRefused(), Dropped()});
  EXPECT_EQ(play.cause, ErrorCode::kPathBlocksNewerTls);
  EXPECT_TRUE(play.forgot);
  EXPECT_TRUE(LearnsNothing(play));
}

// Dovecot 2.3 closes without a word where inappropriate_fallback is due.
TEST(RetrySessionTest, ADroppedReducedOfferIsAskedForTheSentinel) {
  const Play play =
      PlayOut({Dropped(), Dropped(), Dropped(), DowngradeRefused(),
               Connected(TlsVersion::kTls13)});
  EXPECT_THAT(play.offers,
              ElementsAre("full", "full*", "tls12", "tls12", "full"));
  EXPECT_TRUE(play.plans[2].profile.fallback_scsv);
  EXPECT_FALSE(play.plans[3].profile.fallback_scsv);
  EXPECT_EQ(play.plans[3].profile.reduced_from, TlsVersion::kTls13);
  EXPECT_TRUE(play.forgot);
}

TEST(RetrySessionTest, ASentinelFoundOnABlockedPathIsNeverMended) {
  const Play play =
      PlayOut({Dropped(), Dropped(), Dropped(), DowngradeRefused(), Dropped()});
  EXPECT_EQ(play.cause, ErrorCode::kPathBlocksNewerTls);
  EXPECT_TRUE(LearnsNothing(play));
}

TEST(RetrySessionTest, AServerThatDropsTheSignalIsRefusedByName) {
  const Play play = PlayOut(
      {Dropped(), Dropped(), Dropped(),
       Failed(FailureClass::kFinal, ErrorCode::kFallbackSignalRefused)});
  EXPECT_EQ(play.cause, ErrorCode::kFallbackSignalRefused);
}

TEST(RetrySessionTest, ADowngradeOutranksALaterNetworkError) {
  const Play play =
      PlayOut({VersionRefused(), DowngradeRefused(),
               Failed(FailureClass::kFinal, ErrorCode::kConnectionRefused)});
  EXPECT_EQ(play.cause, ErrorCode::kDowngradeDetected);
}

TEST(RetrySessionTest, ASentinelInAnUnreducedHandshakeEndsIt) {
  const Play play = PlayOut({DowngradeRefused()});
  EXPECT_EQ(play.cause, ErrorCode::kDowngradeDetected);
  EXPECT_FALSE(play.forgot);
}

// Memory.
TEST(RetrySessionTest, ARememberedRungComesFirstAndIsChecked) {
  const Play play = PlayOut({Connected(TlsVersion::kTls12)}, NeedsTls12());
  EXPECT_THAT(play.offers, ElementsAre("tls12"));
  EXPECT_TRUE(play.plans[0].from_cache);
  EXPECT_EQ(play.plans[0].profile.reduced_from, TlsVersion::kTls13);
  // Its success must not prolong the record: it would never be tested again.
  EXPECT_FALSE(std::get<LearnedProof>(play.last_update).full_offer);
}

TEST(RetrySessionTest, AServerThatWasUpdatedIsFoundOut) {
  const Play play = PlayOut({DowngradeRefused(), Connected(TlsVersion::kTls13)},
                            NeedsTls12());
  EXPECT_THAT(play.offers, ElementsAre("tls12", "full"));
  EXPECT_TRUE(play.forgot);
}

TEST(RetrySessionTest, ARememberedRungThatFailsLeadsBackToTheFullOffer) {
  const Play play =
      PlayOut({VersionRefused(), Connected(TlsVersion::kTls13)}, NeedsTls12());
  EXPECT_THAT(play.offers, ElementsAre("tls12", "full"));
}

TEST(RetrySessionTest, AnExpiredRecordIsNotUsed) {
  const HostRecord record =
      Known(LearnedReduction{Rung::kTls12, ErrorCode::kClosedDuringHandshake,
                             TlsVersion::kTls12, false},
            kNow - RecordLifetimes().version_first);
  EXPECT_THAT(PlayOut({Connected(TlsVersion::kTls13)}, record).offers,
              ElementsAre("full"));
}

// Promise 8.
TEST(RetrySessionTest, IntolerantDoesNotOverrideTolerant) {
  const Play play =
      PlayOut({Dropped(), Dropped(), Dropped()}, Proven(TlsVersion::kTls13));
  EXPECT_THAT(play.offers, ElementsAre("full", "full*", "full*"));
  EXPECT_EQ(play.cause, ErrorCode::kClosedDuringHandshake);
  EXPECT_TRUE(LearnsNothing(play));
}

TEST(RetrySessionTest, AProofOfALowerVersionAllowsThatVersion) {
  const Play play = PlayOut({VersionRefused(), Connected(TlsVersion::kTls12)},
                            Proven(TlsVersion::kTls12));
  EXPECT_THAT(play.offers, ElementsAre("full", "tls12"));
}

TEST(RetrySessionTest, AnExpiredProofNoLongerBinds) {
  const HostRecord record = Known(LearnedProof{TlsVersion::kTls13, true},
                                  kNow - RecordLifetimes().proof);
  EXPECT_THAT(
      PlayOut({VersionRefused(), Connected(TlsVersion::kTls12)}, record).offers,
      ElementsAre("full", "tls12"));
}

TEST(RetrySessionTest, TheUsersOwnMaximumOverridesTheRatchet) {
  FallbackPolicy policy;
  policy.versions = TlsVersionRange::Only(TlsVersion::kTls12);
  const Play play = PlayOut({Connected(TlsVersion::kTls12)},
                            Proven(TlsVersion::kTls13), policy);
  // It is configuration, not fallback: nothing is reduced, nothing is checked,
  // and it says nothing of what was not offered.
  EXPECT_FALSE(play.plans[0].profile.reduced_from);
  EXPECT_FALSE(std::get<LearnedProof>(play.last_update).full_offer);
}

// Budgets.
TEST(RetrySessionTest, AnInterruptedHandshakeIsTriedOnceMore) {
  const AttemptOutcome interrupted =
      Failed(FailureClass::kInterrupted, ErrorCode::kHandshakeInterrupted);
  const Play play = PlayOut({interrupted, interrupted});
  EXPECT_THAT(play.offers, ElementsAre("full", "full*"));
}

TEST(RetrySessionTest, NothingIsTriedWhenTheTimeIsUp) {
  RetrySession session({}, ConnectionSecurity::kImplicitTls, HostRecord(),
                       kNow);
  const std::optional<AttemptPlan> plan = session.Next(absl::Seconds(1));
  ASSERT_TRUE(plan);
  session.Observe(*plan, Dropped());
  EXPECT_FALSE(session.Next(absl::ZeroDuration()));
  EXPECT_EQ(session.Failure().code, ErrorCode::kClosedDuringHandshake);
}

TEST(RetrySessionTest, TheHelloMayWaitForItsShareOfTheTime) {
  RetrySession session({}, ConnectionSecurity::kImplicitTls, HostRecord(),
                       kNow);
  EXPECT_EQ(session.Next(absl::Seconds(30))->hello_timeout, absl::Seconds(15));
  RetrySession hurried({}, ConnectionSecurity::kImplicitTls, HostRecord(),
                       kNow);
  EXPECT_EQ(hurried.Next(absl::Seconds(5))->hello_timeout, absl::Seconds(4));
}

}  // namespace
}  // namespace holdfast
