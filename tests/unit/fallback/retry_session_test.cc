// The ladder's rules: what follows which failure, and what is remembered.

#include "holdfast/fallback/retry_session.h"

#include <map>
#include <optional>
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

const Peer kPeer = {*Host::Parse("mail.example.org"),
                    ConnectionSecurity::kImplicitTls};
const Peer kStartTlsPeer = {kPeer.host, ConnectionSecurity::kStartTls};
const Peer kAlpnPeer = {kPeer.host, ConnectionSecurity::kImplicitTls, "imap"};

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
AttemptOutcome AlpnRefused() {
  return Failed(FailureClass::kAlpnRefused, ErrorCode::kAlpnRefused);
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
             FallbackPolicy policy = {}, const Peer& peer = kPeer) {
  RetrySession session(policy, peer, record, kNow);
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

TEST(RetrySessionTest, AQuestionThatTheClientLeavesOpenIsTheCause) {
  const Play play =
      PlayOut({VersionRefused(),
               Failed(FailureClass::kFinal, ErrorCode::kCertificateUndecided)});
  EXPECT_THAT(play.offers, ElementsAre("full", "tls12"));
  EXPECT_EQ(play.cause, ErrorCode::kCertificateUndecided);
}

TEST(RetrySessionTest, ADropIsTriedAgainElsewhereBeforeAnythingIsReduced) {
  const Play play =
      PlayOut({Dropped(), Dropped(), Dropped(), Connected(TlsVersion::kTls12)});
  EXPECT_THAT(play.offers, ElementsAre("full", "full*", "compact", "tls12"));
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
  const Play play =
      PlayOut({Silent(), Silent(), Connected(TlsVersion::kTls12)});
  EXPECT_THAT(play.offers, ElementsAre("full", "compact", "tls12"));
}

TEST(RetrySessionTest, SilenceIsConfirmedWithStartTls) {
  const Play play =
      PlayOut({Silent(), Silent(), Silent(), Connected(TlsVersion::kTls12)},
              HostRecord(), {}, kStartTlsPeer);
  EXPECT_THAT(play.offers, ElementsAre("full", "full*", "compact", "tls12"));
  EXPECT_FALSE(play.plans[0].hedge_delay);
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
  const Play play =
      PlayOut({HandshakeFailure(), HandshakeFailure(), HandshakeFailure()});
  EXPECT_EQ(play.cause, ErrorCode::kNoCommonParameters);
}

TEST(RetrySessionTest, AllRungsDroppedReportsTheFirstFailure) {
  const Play play =
      PlayOut({Dropped(), Dropped(), Dropped(), Dropped(), Dropped()});
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
  const Play play =
      PlayOut({Dropped(), Dropped(), Dropped(), DowngradeRefused(),
               Connected(TlsVersion::kTls13)});
  EXPECT_THAT(play.offers,
              ElementsAre("full", "full*", "compact", "tls12", "full"));
  EXPECT_TRUE(play.forgot);
  EXPECT_TRUE(std::get<LearnedProof>(play.last_update).full_offer);
}

TEST(RetrySessionTest, APathThatBlocksNewerTlsIsNeverMended) {
  const Play play =
      PlayOut({Dropped(), Dropped(), Dropped(), DowngradeRefused(), Dropped()});
  EXPECT_EQ(play.cause, ErrorCode::kPathBlocksNewerTls);
  EXPECT_TRUE(play.forgot);
  EXPECT_TRUE(LearnsNothing(play));
}

// Dovecot 2.3 closes without a word where inappropriate_fallback is due.
TEST(RetrySessionTest, ADroppedReducedOfferIsAskedForTheSentinel) {
  const Play play =
      PlayOut({Dropped(), Dropped(), Dropped(), Dropped(), DowngradeRefused(),
               Connected(TlsVersion::kTls13)});
  EXPECT_THAT(play.offers, ElementsAre("full", "full*", "compact", "tls12",
                                       "tls12", "full"));
  EXPECT_TRUE(play.plans[3].profile.fallback_scsv);
  EXPECT_FALSE(play.plans[4].profile.fallback_scsv);
  EXPECT_EQ(play.plans[4].profile.reduced_from, TlsVersion::kTls13);
  EXPECT_TRUE(play.forgot);
}

TEST(RetrySessionTest, ASentinelFoundOnABlockedPathIsNeverMended) {
  const Play play = PlayOut({Dropped(), Dropped(), Dropped(), Dropped(),
                             DowngradeRefused(), Dropped()});
  EXPECT_EQ(play.cause, ErrorCode::kPathBlocksNewerTls);
  EXPECT_TRUE(LearnsNothing(play));
}

TEST(RetrySessionTest, AServerThatDropsTheSignalIsRefusedByName) {
  const Play play = PlayOut(
      {Dropped(), Dropped(), Dropped(), Dropped(),
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

TEST(RetrySessionTest, WhatWasNotOfferedIsNotSaidToBeRefused) {
  const Play play =
      PlayOut({VersionRefused(), VersionRefused(), VersionRefused()},
              Proven(TlsVersion::kTls13));
  EXPECT_EQ(play.cause, ErrorCode::kVersionRefused);
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

// The rungs between `full` and `tls12`.
TEST(RetrySessionTest, TheLeastReductionThatWorksIsUsedAndRemembered) {
  const Play play =
      PlayOut({Dropped(), Dropped(), Connected(TlsVersion::kTls13)});
  EXPECT_THAT(play.offers, ElementsAre("full", "full*", "compact"));
  EXPECT_TRUE(play.plans[2].profile.compact);
  EXPECT_FALSE(play.plans[2].profile.reduced_from);
  EXPECT_EQ(std::get<LearnedReduction>(play.last_update).rung, Rung::kCompact);
}

TEST(RetrySessionTest, ARefusedHelloIsMadeSmallerBeforeItsVersionIsLowered) {
  EXPECT_THAT(PlayOut({HandshakeFailure(), HandshakeFailure(),
                       Connected(TlsVersion::kTls12)})
                  .offers,
              ElementsAre("full", "compact", "tls12"));
}

TEST(RetrySessionTest, ALongNameHasNoCompactHello) {
  const std::string label(37, 'a');
  const auto offers = [](const std::string& name) {
    return PlayOut({HandshakeFailure(), Connected(TlsVersion::kTls12)},
                   HostRecord(), {},
                   {*Host::Parse(name), ConnectionSecurity::kImplicitTls})
        .offers;
  };
  EXPECT_THAT(offers(absl::StrCat(label, ".", label, "a")),  // 76 octets
              ElementsAre("full", "compact"));
  EXPECT_THAT(offers(absl::StrCat(label, "a.", label, "a")),
              ElementsAre("full", "tls12"));
}

TEST(RetrySessionTest, ACompactHelloHasNoRoomForLegacyVersions) {
  FallbackPolicy policy;
  policy.versions =
      *TlsVersionRange::Create(TlsVersion::kTls10, TlsVersion::kTls13);
  const Play play = PlayOut({HandshakeFailure(), Connected(TlsVersion::kTls12)},
                            HostRecord(), policy);
  EXPECT_EQ(play.plans[1].profile.versions.min(), TlsVersion::kTls12);
}

TEST(RetrySessionTest, AlpnIsOfferedAtTheTopOnly) {
  const Play play = PlayOut({Dropped(), Dropped(), Dropped(), Silent()},
                            HostRecord(), {}, kAlpnPeer);
  EXPECT_THAT(play.offers, ElementsAre("full", "full*", "compact", "tls12"));
  EXPECT_THAT(play.plans[1].profile.alpn, ElementsAre("imap"));
  EXPECT_TRUE(play.plans[2].profile.alpn.empty());
  EXPECT_TRUE(play.plans[3].profile.alpn.empty());
}

TEST(RetrySessionTest, ARefusedAlpnIsLeftOutAndNothingElse) {
  const Play play = PlayOut({AlpnRefused(), Connected(TlsVersion::kTls13)},
                            HostRecord(), {}, kAlpnPeer);
  EXPECT_THAT(play.offers, ElementsAre("full", "no-alpn"));
  EXPECT_TRUE(play.plans[1].profile.alpn.empty());
  EXPECT_EQ(play.plans[1].profile.versions.max(), TlsVersion::kTls13);
  EXPECT_FALSE(play.plans[1].profile.compact);
  const auto& learned = std::get<LearnedReduction>(play.last_update);
  EXPECT_EQ(learned.rung, Rung::kNoAlpn);
  EXPECT_EQ(learned.reason, ErrorCode::kAlpnRefused);
}

TEST(RetrySessionTest, AnAlpnThatWasNotOfferedCannotBeRefused) {
  EXPECT_THAT(PlayOut({AlpnRefused()}).offers, ElementsAre("full"));
  EXPECT_THAT(
      PlayOut({AlpnRefused(), AlpnRefused()}, HostRecord(), {}, kAlpnPeer)
          .offers,
      ElementsAre("full", "no-alpn"));
}

TEST(RetrySessionTest, WithoutAlpnTheOtherFailuresLeadOnAsEver) {
  EXPECT_THAT(PlayOut({AlpnRefused(), Dropped(), Dropped(), Dropped(),
                       Connected(TlsVersion::kTls12)},
                      HostRecord(), {}, kAlpnPeer)
                  .offers,
              ElementsAre("full", "no-alpn", "no-alpn*", "compact", "tls12"));
}

// Promise 11.
TEST(RetrySessionTest, OnlyTheFullOfferMayFalseStart) {
  const Play play = PlayOut({AlpnRefused(), HandshakeFailure(), Silent(),
                             Connected(TlsVersion::kTls12)},
                            HostRecord(), {}, kAlpnPeer);
  ASSERT_EQ(play.plans.size(), 4u);
  EXPECT_TRUE(play.plans[0].profile.false_start);
  for (int i : {1, 2, 3}) EXPECT_FALSE(play.plans[i].profile.false_start) << i;
}

// Its proof of TLS 1.3 was made under the compact offer.
TEST(RetrySessionTest, AHostThatNeedsTheCompactHelloKeepsItAfterExpiry) {
  const RecordLifetimes lifetimes;
  const HostRecord record =
      Known(LearnedReduction{Rung::kCompact, ErrorCode::kSilentDuringHandshake,
                             TlsVersion::kTls13, /*hedged=*/true},
            kNow - lifetimes.feature_first);
  const Play play = PlayOut({Dropped(), Dropped(), Dropped()}, record);
  EXPECT_THAT(play.offers, ElementsAre("full", "full*", "compact"));
}

// Pins (promise 6): the user's own decision.
HostRecord Pinned(Rung rung, const HostRecord& known = HostRecord()) {
  HostRecord::Fields fields = known.fields();
  fields.reduction =
      Reduction{rung, ErrorCode::kClosedDuringHandshake, RecordOrigin::kPinned,
                kNow + absl::Hours(1), absl::Hours(1)};
  return *HostRecord::Create(fields);
}

TEST(RetrySessionTest, APinIsTheTopOfTheLadderAndNotAReduction) {
  const Play play = PlayOut({Dropped(), Connected(TlsVersion::kTls12)},
                            Pinned(Rung::kTls12, Proven(TlsVersion::kTls13)));
  EXPECT_THAT(play.offers, ElementsAre("tls12", "tls12*"));
  EXPECT_TRUE(play.plans[0].from_cache);
  EXPECT_EQ(play.plans[0].profile.versions.max(), TlsVersion::kTls12);
  EXPECT_FALSE(play.plans[0].profile.reduced_from) << "no SCSV";
  EXPECT_FALSE(std::get<LearnedProof>(play.last_update).full_offer);
}

TEST(RetrySessionTest, APinLeadsDownFromItsOwnMaximum) {
  FallbackPolicy policy;
  policy.versions =
      *TlsVersionRange::Create(TlsVersion::kTls11, TlsVersion::kTls13);
  const Play play = PlayOut({VersionRefused(), Connected(TlsVersion::kTls11)},
                            Pinned(Rung::kTls12), policy);
  EXPECT_THAT(play.offers, ElementsAre("tls12", "tls11"));
  EXPECT_EQ(play.plans[1].profile.reduced_from, TlsVersion::kTls12);
}

TEST(RetrySessionTest, APinDoesNotGoBelowTheFloor) {
  const Play play =
      PlayOut({Connected(TlsVersion::kTls13)}, Pinned(Rung::kTls11));
  EXPECT_THAT(play.offers, ElementsAre("full"));
}

// The hedge.
class HedgeTest : public testing::Test {
 protected:
  explicit HedgeTest(const HostRecord& record = HostRecord(),
                     const Peer& peer = kPeer, FallbackPolicy policy = {})
      : session_(policy, peer, record, kNow) {}

  // "compact,tls12": all that is to be started now.
  std::string Start() {
    std::string started;
    while (std::optional<AttemptPlan> plan = session_.Next(absl::Seconds(30))) {
      absl::StrAppend(&started, started.empty() ? "" : ",",
                      RungName(plan->rung), plan->hedged ? "/" : "");
      plans_[plan->rung] = *plan;
    }
    return started;
  }
  // The first offer is silent, and others run beside it.
  void StartHedge() {
    ASSERT_EQ(Start(), "full");
    session_.Hedge(plans_.at(Rung::kFull));
    ASSERT_EQ(Start(), "compact/,tls12/");
  }
  CacheUpdate Observe(Rung rung, const AttemptOutcome& outcome) {
    return session_.Observe(plans_.at(rung), outcome);
  }
  std::vector<int> Answered(Rung rung) {
    return session_.Answered(plans_.at(rung));
  }

  RetrySession session_;
  std::map<Rung, AttemptPlan> plans_;
};

TEST_F(HedgeTest, NothingRunsBesideAnAttemptUnlessTheServerIsSilent) {
  EXPECT_EQ(Start(), "full");
  EXPECT_EQ(plans_.at(Rung::kFull).hedge_delay, absl::Seconds(2));
}

TEST_F(HedgeTest, OffersBothReductionsBesideASilentServer) {
  StartHedge();
  EXPECT_FALSE(plans_.at(Rung::kCompact).hold_answer);
  EXPECT_TRUE(plans_.at(Rung::kTls12).hold_answer);
  EXPECT_FALSE(plans_.at(Rung::kCompact).hedge_delay);
  const CacheUpdate update =
      Observe(Rung::kTls12, Connected(TlsVersion::kTls12));
  const auto& learned = std::get<LearnedReduction>(update);
  EXPECT_EQ(learned.rung, Rung::kTls12);
  EXPECT_EQ(learned.reason, ErrorCode::kSilentDuringHandshake);
  EXPECT_TRUE(learned.hedged);
  EXPECT_TRUE(session_.over());
  EXPECT_EQ(Start(), "");
}

TEST_F(HedgeTest, AnAnswerToAFullerOfferEndsTheSmallerOnes) {
  StartHedge();
  EXPECT_THAT(Answered(Rung::kTls12), ElementsAre());
  EXPECT_THAT(Answered(Rung::kCompact), ElementsAre(3));
  EXPECT_THAT(Answered(Rung::kFull), ElementsAre(2));
  const CacheUpdate update =
      Observe(Rung::kFull, Connected(TlsVersion::kTls13));
  EXPECT_TRUE(std::get<LearnedProof>(update).full_offer);
}

TEST_F(HedgeTest, WithoutACompactHelloTheVersionIsLoweredAlone) {
  FallbackPolicy policy;
  RetrySession session(
      policy,
      {*Host::Parse(std::string(60, 'a') + "." + std::string(30, 'b')),
       ConnectionSecurity::kImplicitTls},
      HostRecord(), kNow);
  const AttemptPlan full = *session.Next(absl::Seconds(30));
  session.Hedge(full);
  const std::optional<AttemptPlan> tls12 = session.Next(absl::Seconds(28));
  ASSERT_TRUE(tls12);
  EXPECT_EQ(tls12->rung, Rung::kTls12);
  EXPECT_FALSE(tls12->hold_answer);
}

TEST_F(HedgeTest, IsNeverForAProvenHostNorForStartTls) {
  for (TlsVersion version : {TlsVersion::kTls12, TlsVersion::kTls13}) {
    RetrySession proven({}, kPeer, Proven(version), kNow);
    EXPECT_FALSE(proven.Next(absl::Seconds(30))->hedge_delay);
  }
  RetrySession start_tls({}, kStartTlsPeer, HostRecord(), kNow);
  EXPECT_FALSE(start_tls.Next(absl::Seconds(30))->hedge_delay);
}

TEST_F(HedgeTest, HappensOnce) {
  StartHedge();
  Answered(Rung::kFull);
  Observe(Rung::kFull, Dropped());
  EXPECT_EQ(Start(), "full");
  EXPECT_FALSE(plans_.at(Rung::kFull).hedge_delay);
}

TEST_F(HedgeTest, EveryOfferSilentIsReportedAsTheFirst) {
  StartHedge();
  Observe(Rung::kFull, Silent());
  Observe(Rung::kCompact, Dropped());
  EXPECT_FALSE(session_.over());
  Observe(Rung::kTls12, Silent());
  EXPECT_EQ(Start(), "");
  EXPECT_TRUE(session_.over());
  EXPECT_EQ(session_.Failure().code, ErrorCode::kSilentDuringHandshake);
}

TEST_F(HedgeTest, ARefusedDowngradeWaitsForTheFullOffer) {
  StartHedge();
  const CacheUpdate update = Observe(Rung::kTls12, DowngradeRefused());
  EXPECT_TRUE(std::holds_alternative<ForgetReduction>(update));
  EXPECT_EQ(Start(), "");
  EXPECT_FALSE(session_.over());
  // It gets one share more, once.
  EXPECT_EQ(session_.MoreTime(plans_.at(Rung::kFull), absl::Seconds(15)),
            absl::Seconds(5));
  EXPECT_EQ(session_.MoreTime(plans_.at(Rung::kFull), absl::Seconds(10)),
            absl::ZeroDuration());
  Observe(Rung::kFull, Silent());
  Observe(Rung::kCompact, Silent());
  EXPECT_EQ(Start(), "") << "the full offer that waited was the full-range one";
  EXPECT_EQ(session_.Failure().code, ErrorCode::kPathBlocksNewerTls);
}

TEST_F(HedgeTest, ARefusedDowngradeIsForgottenIfAFullerOfferConnects) {
  StartHedge();
  Observe(Rung::kTls12, DowngradeRefused());
  const CacheUpdate update =
      Observe(Rung::kCompact, Connected(TlsVersion::kTls13));
  EXPECT_EQ(std::get<LearnedReduction>(update).rung, Rung::kCompact);
}

TEST_F(HedgeTest, AFullOfferThatEndedBeforeTheRefusalIsMadeAgain) {
  StartHedge();
  Observe(Rung::kFull, Dropped());
  Observe(Rung::kCompact, Dropped());
  Observe(Rung::kTls12, DowngradeRefused());
  EXPECT_EQ(Start(), "full");
  EXPECT_EQ(plans_.at(Rung::kFull).purpose, AttemptPlan::Purpose::kFullRange);
}

TEST_F(HedgeTest, NoMoreTimeWithoutARefusal) {
  StartHedge();
  EXPECT_EQ(session_.MoreTime(plans_.at(Rung::kFull), absl::Seconds(15)),
            absl::ZeroDuration());
}

// Promise 5.
TEST_F(HedgeTest, ACertificateProblemEndsAll) {
  StartHedge();
  Observe(Rung::kTls12, WrongName());
  EXPECT_TRUE(session_.over());
  EXPECT_EQ(session_.Failure().code, ErrorCode::kWrongName);
}

TEST_F(HedgeTest, ASmallerOfferFollowsAtOnceWhereItWasGivenUp) {
  StartHedge();
  EXPECT_THAT(Answered(Rung::kCompact), ElementsAre(3));
  Observe(Rung::kCompact, VersionRefused());
  EXPECT_EQ(Start(), "tls12/");
}

// Promise 4: what is between may have been silent, or have ended it.
AttemptOutcome ThroughProxy(AttemptOutcome outcome) {
  outcome.through_proxy = true;
  return outcome;
}
AttemptOutcome ClosedThroughProxy() {
  return ThroughProxy(
      Failed(FailureClass::kInterrupted, ErrorCode::kClosedThroughProxy));
}

TEST(RetrySessionTest, ASilenceThroughAProxyTeachesNothing) {
  for (const Peer& peer : {kPeer, kStartTlsPeer}) {
    std::vector<AttemptOutcome> script = {Silent(), Silent(),
                                          Connected(TlsVersion::kTls12)};
    if (peer.security == ConnectionSecurity::kStartTls) {
      script.insert(script.begin(), Silent());  // is confirmed
    }
    EXPECT_TRUE(LearnsReduction(PlayOut(script, {}, {}, peer)));
    for (AttemptOutcome& outcome : script) outcome.through_proxy = true;
    const Play play = PlayOut(script, {}, {}, peer);
    EXPECT_EQ(play.offers.back(), "tls12");
    EXPECT_TRUE(LearnsNothing(play));
  }
  // Not even where something else was the first reason.
  EXPECT_TRUE(LearnsNothing(
      PlayOut({ThroughProxy(HandshakeFailure()), ThroughProxy(Silent()),
               ThroughProxy(Connected(TlsVersion::kTls12))})));
}

TEST(RetrySessionTest, AnAlertThroughAProxyIsTheServersAndIsRemembered) {
  EXPECT_TRUE(
      LearnsReduction(PlayOut({ThroughProxy(VersionRefused()),
                               ThroughProxy(Connected(TlsVersion::kTls12))})));
}

TEST(RetrySessionTest, AHedgeAfterASilenceThroughAProxyTeachesNothing) {
  for (bool through_proxy : {false, true}) {
    RetrySession session({}, kPeer, HostRecord(), kNow);
    const AttemptPlan full = *session.Next(absl::Seconds(30));
    session.Hedge(full, through_proxy);
    const AttemptPlan compact = *session.Next(absl::Seconds(28));
    ASSERT_TRUE(session.Next(absl::Seconds(28)));
    if (through_proxy) session.Observe(full, ClosedThroughProxy());
    const CacheUpdate update =
        session.Observe(compact, Connected(TlsVersion::kTls13));
    EXPECT_EQ(std::holds_alternative<LearnedReduction>(update), !through_proxy);
    EXPECT_EQ(std::holds_alternative<std::monostate>(update), through_proxy);
  }
}

TEST(RetrySessionTest, AnAnswerAfterAHedgeThroughAProxyCounts) {
  RetrySession session({}, kPeer, HostRecord(), kNow);
  const AttemptPlan full = *session.Next(absl::Seconds(30));
  session.Hedge(full, /*through_proxy=*/true);
  while (session.Next(absl::Seconds(28))) {
  }
  session.Answered(full);
  session.Observe(full, ThroughProxy(VersionRefused()));
  const AttemptPlan tls12 = *session.Next(absl::Seconds(27));
  EXPECT_TRUE(std::holds_alternative<LearnedReduction>(
      session.Observe(tls12, ThroughProxy(Connected(TlsVersion::kTls12)))));
}

TEST(RetrySessionTest, AnEndThroughAProxyIsTriedOnceMoreAndLeadsToNoLess) {
  EXPECT_THAT(
      PlayOut({ClosedThroughProxy(), Connected(TlsVersion::kTls13)}).offers,
      ElementsAre("full", "full*"));
  const Play play = PlayOut({ClosedThroughProxy(), ClosedThroughProxy()});
  EXPECT_THAT(play.offers, ElementsAre("full", "full*"));
  EXPECT_EQ(play.cause, ErrorCode::kClosedThroughProxy);
}

TEST(RetrySessionTest, AnEndThroughAProxyDoesNotKeepAReductionAlive) {
  const Play healed = PlayOut(
      {ClosedThroughProxy(), Connected(TlsVersion::kTls13)}, NeedsTls12());
  EXPECT_THAT(healed.offers, ElementsAre("tls12", "full"));
  EXPECT_TRUE(std::get<LearnedProof>(healed.last_update).full_offer);
  EXPECT_THAT(PlayOut({ClosedThroughProxy(), ClosedThroughProxy(),
                       ClosedThroughProxy()},
                      NeedsTls12())
                  .offers,
              ElementsAre("tls12", "full", "full*"));
}

// Budgets.
TEST(RetrySessionTest, AnInterruptedHandshakeIsTriedOnceMore) {
  const AttemptOutcome interrupted =
      Failed(FailureClass::kInterrupted, ErrorCode::kHandshakeInterrupted);
  const Play play = PlayOut({interrupted, interrupted});
  EXPECT_THAT(play.offers, ElementsAre("full", "full*"));
}

TEST(RetrySessionTest, NothingIsTriedWhenTheTimeIsUp) {
  RetrySession session({}, kPeer, HostRecord(), kNow);
  const std::optional<AttemptPlan> plan = session.Next(absl::Seconds(1));
  ASSERT_TRUE(plan);
  session.Observe(*plan, Dropped());
  EXPECT_FALSE(session.Next(absl::ZeroDuration()));
  EXPECT_EQ(session.Failure().code, ErrorCode::kClosedDuringHandshake);
}

TEST(RetrySessionTest, TheHelloMayWaitForItsShareOfTheTime) {
  RetrySession session({}, kPeer, HostRecord(), kNow);
  EXPECT_EQ(session.Next(absl::Seconds(30))->hello_timeout, absl::Seconds(10));
  RetrySession hurried({}, kPeer, HostRecord(), kNow);
  EXPECT_EQ(hurried.Next(absl::Seconds(5))->hello_timeout, absl::Seconds(4));
}

}  // namespace
}  // namespace holdfast
