// What is remembered of a host and for how long, with times given by hand: at
// one second before each boundary and exactly at it.

#include "holdfast/fallback/host_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <vector>

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kSecond = absl::Seconds(1);
constexpr absl::Duration kHour = absl::Hours(1);
constexpr absl::Duration kDay = absl::Hours(24);
constexpr auto kTls12 = TlsVersion::kTls12;
constexpr auto kTls13 = TlsVersion::kTls13;
constexpr auto kClosed = ErrorCode::kClosedDuringHandshake;
constexpr auto kSilent = ErrorCode::kSilentDuringHandshake;

const RecordLifetimes kLifetimes;

HostRecord Applied(const HostRecord& record, const CacheUpdate& update,
                   absl::Time now = kStart) {
  return record.Apply(update, now, kLifetimes);
}

HostRecord Known(const CacheUpdate& update) {
  return Applied(HostRecord(), update);
}

LearnedReduction Tls12(ErrorCode reason = kClosed, bool hedged = false) {
  return {Rung::kTls12, reason, kTls12, hedged};
}
LearnedReduction Compact() { return {Rung::kCompact, kClosed, kTls13, false}; }
LearnedProof FullOffer(TlsVersion version) { return {version, true}; }
LearnedProof ReducedOffer(TlsVersion version) { return {version, false}; }

std::optional<Rung> ActiveRung(const HostRecord& record,
                               absl::Time now = kStart) {
  const std::optional<Reduction> reduction = record.ActiveReduction(now);
  if (!reduction) return std::nullopt;
  return reduction->rung;
}

HostRecord Pinned(std::optional<Proof> proof, absl::Time expires_at) {
  HostRecord::Fields fields;
  fields.proof = proof;
  fields.reduction =
      Reduction{Rung::kTls12, std::nullopt, RecordOrigin::kPinned, expires_at,
                absl::InfiniteDuration()};
  absl::StatusOr<HostRecord> record = HostRecord::Create(fields);
  EXPECT_TRUE(record.ok()) << record.status();
  return *record;
}

// What is known, what is learned of it, and what is known then, all at once.
struct Semantics {
  const char* name;
  std::vector<CacheUpdate> before;
  CacheUpdate learned;
  std::optional<TlsVersion> proven;
  std::optional<Rung> rung;
};

void PrintTo(const Semantics& row, std::ostream* out) { *out << row.name; }

class MemorySemantics : public testing::TestWithParam<Semantics> {};

TEST_P(MemorySemantics, Hold) {
  HostRecord record;
  for (const CacheUpdate& update : GetParam().before) {
    record = Applied(record, update);
  }
  record = Applied(record, GetParam().learned);
  EXPECT_EQ(record.ProvenVersion(kStart, kLifetimes), GetParam().proven);
  EXPECT_EQ(ActiveRung(record), GetParam().rung);
}

INSTANTIATE_TEST_SUITE_P(
    HostRecord, MemorySemantics,
    testing::Values(
        Semantics{"NothingLearnedIsNothingKnown", {}, std::monostate{}, {}, {}},
        Semantics{"ProofIsKept", {}, FullOffer(kTls13), kTls13, {}},
        Semantics{
            "ReductionProvesItsVersion", {}, Tls12(), kTls12, Rung::kTls12},
        Semantics{"IntolerantDoesNotOverrideTolerant",
                  {FullOffer(kTls13)},
                  Tls12(),
                  kTls13,
                  {}},
        Semantics{"HigherProofReplacesLower",
                  {FullOffer(kTls12)},
                  FullOffer(kTls13),
                  kTls13,
                  {}},
        Semantics{"LowerProofDoesNotReplaceHigher",
                  {FullOffer(kTls13)},
                  FullOffer(kTls12),
                  kTls13,
                  {}},
        Semantics{"FullOfferHeals", {Tls12()}, FullOffer(kTls13), kTls13, {}},
        Semantics{"FullOfferHealsWhateverTheServerChose",
                  {Compact()},
                  FullOffer(kTls12),
                  kTls13,
                  {}},
        Semantics{"ReducedOfferDoesNotHeal",
                  {Tls12()},
                  ReducedOffer(kTls12),
                  kTls12,
                  Rung::kTls12},
        Semantics{"HigherProofEndsAReductionThatItContradicts",
                  {Tls12()},
                  ReducedOffer(kTls13),
                  kTls13,
                  {}},
        Semantics{"ForgettingKeepsTheProof",
                  {Tls12()},
                  ForgetReduction{},
                  kTls12,
                  {}},
        Semantics{"ForgettingNothingChangesNothing",
                  {FullOffer(kTls13)},
                  ForgetReduction{},
                  kTls13,
                  {}},
        Semantics{"SmallerHelloIsNoLowerVersion",
                  {FullOffer(kTls13)},
                  Compact(),
                  kTls13,
                  Rung::kCompact},
        Semantics{"LowerRungReplacesHigher",
                  {LearnedReduction{Rung::kCompact, kClosed, kTls12, false}},
                  Tls12(),
                  kTls12,
                  Rung::kTls12},
        Semantics{"RungThatKeepsTls13ReplacesTls12",
                  {Tls12()},
                  Compact(),
                  kTls13,
                  Rung::kCompact},
        Semantics{"FullIsNoReduction",
                  {},
                  LearnedReduction{Rung::kFull, kClosed, kTls13, false},
                  {},
                  {}},
        Semantics{"VersionAboveTheRungIsNotBelieved",
                  {},
                  LearnedReduction{Rung::kTls12, kClosed, kTls13, false},
                  {},
                  {}}),
    [](const auto& row) { return row.param.name; });

TEST(HostRecordTest, ProofEndsAfterThirtyDays) {
  const HostRecord record = Known(FullOffer(kTls13));
  const absl::Time end = kStart + 30 * kDay;
  EXPECT_EQ(record.ProvenVersion(end - kSecond, kLifetimes), kTls13);
  EXPECT_EQ(record.ProvenVersion(end, kLifetimes), std::nullopt);
  EXPECT_EQ(record.SpentAt(kLifetimes), end);
}

TEST(HostRecordTest, RatchetHoldsToItsExpiry) {
  const HostRecord record = Known(FullOffer(kTls13));
  const absl::Time end = kStart + 30 * kDay;
  EXPECT_EQ(Applied(record, Tls12(), end - kSecond), record);
  const HostRecord after = Applied(record, Tls12(), end);
  EXPECT_EQ(ActiveRung(after, end), Rung::kTls12);
  EXPECT_EQ(after.ProvenVersion(end, kLifetimes), kTls12);
}

TEST(HostRecordTest, ProofIsRenewedOnlyInTheSecondHalfOfItsLife) {
  const HostRecord record = Known(FullOffer(kTls13));
  const absl::Time half = kStart + 15 * kDay;
  EXPECT_EQ(Applied(record, FullOffer(kTls13), half - kSecond), record);
  const HostRecord renewed = Applied(record, FullOffer(kTls13), half);
  EXPECT_EQ(renewed.fields().proof, (Proof{kTls13, half}));
  EXPECT_EQ(renewed.fields().first_seen, kStart);
  EXPECT_EQ(renewed.fields().last_seen, half);
}

TEST(HostRecordTest, LowerProofIsTakenOnceTheHigherHasExpired) {
  const HostRecord record = Known(FullOffer(kTls13));
  const absl::Time end = kStart + 30 * kDay;
  EXPECT_EQ(Applied(record, FullOffer(kTls12), end - kSecond), record);
  EXPECT_EQ(Applied(record, FullOffer(kTls12), end).fields().proof,
            (Proof{kTls12, end}));
}

TEST(HostRecordTest, KnownIntolerantHostWritesNothing) {
  const HostRecord record = Known(Tls12());
  EXPECT_EQ(Applied(record, ReducedOffer(kTls12), kStart + 23 * kHour), record);
}

TEST(HostRecordTest, HealedHostLeavesNothingButItsProof) {
  const HostRecord healed =
      Applied(Known(Tls12()), FullOffer(kTls13), kStart + kDay);
  EXPECT_FALSE(healed.fields().reduction);
  EXPECT_EQ(healed.fields().failures, 0);
  EXPECT_EQ(healed.fields().recoveries, 0);
  EXPECT_EQ(healed.fields().proof, (Proof{kTls13, kStart + kDay}));
}

// How long each kind of reduction lives when it comes back again and again at
// the very moment at which it expires.
struct Doubling {
  const char* name;
  LearnedReduction learned;
  std::vector<absl::Duration> lifetimes;
};

void PrintTo(const Doubling& row, std::ostream* out) { *out << row.name; }

class ReductionLifetime : public testing::TestWithParam<Doubling> {};

TEST_P(ReductionLifetime, DoublesWhenItComesBack) {
  HostRecord record;
  absl::Time now = kStart;
  int seen = 0;
  for (absl::Duration lifetime : GetParam().lifetimes) {
    record = Applied(record, GetParam().learned, now);
    ++seen;
    EXPECT_EQ(record.fields().reduction->lifetime, lifetime);
    EXPECT_EQ(record.fields().failures, seen);
    EXPECT_EQ(record.fields().recoveries, seen);
    const absl::Time end = now + lifetime;
    EXPECT_EQ(ActiveRung(record, end - kSecond), GetParam().learned.rung);
    EXPECT_EQ(ActiveRung(record, end), std::nullopt);
    now = end;
  }
}

INSTANTIATE_TEST_SUITE_P(
    HostRecord, ReductionLifetime,
    testing::Values(Doubling{"OfAVersion",
                             Tls12(),
                             {kDay, 2 * kDay, 4 * kDay, 8 * kDay, 16 * kDay,
                              30 * kDay, 30 * kDay}},
                    Doubling{"OfAFeature",
                             Compact(),
                             {kHour, 2 * kHour, 4 * kHour, 8 * kHour,
                              16 * kHour, kDay, kDay}},
                    Doubling{"OfAHedgedVersion",
                             Tls12(kSilent, /*hedged=*/true),
                             {kHour, 2 * kHour, 4 * kHour, 8 * kHour,
                              16 * kHour, kDay, kDay}}),
    [](const auto& row) { return row.param.name; });

TEST(HostRecordTest,
     ReductionThatStillRunsIsCountedButNeitherDoubledNorRenewed) {
  const HostRecord first = Known(Tls12());
  const HostRecord second = Applied(first, Tls12(), kStart + kDay - kSecond);
  EXPECT_EQ(second.fields().reduction, first.fields().reduction);
  EXPECT_EQ(second.fields().failures, 2);
}

TEST(HostRecordTest, AnotherFailureStartsAnew) {
  const absl::Time end = kStart + kDay;
  const HostRecord after = Applied(Known(Tls12(kClosed)), Tls12(kSilent), end);
  EXPECT_EQ(after.fields().reduction->lifetime, kDay);
}

TEST(HostRecordTest, AnotherRungStartsAnew) {
  const LearnedReduction compact = {Rung::kCompact, kClosed, kTls12, false};
  const HostRecord after = Applied(Known(compact), Tls12(), kStart + kHour);
  EXPECT_EQ(after.fields().reduction->lifetime, kDay);
  EXPECT_EQ(after.fields().failures, 1);
}

TEST(HostRecordTest, WhatAHedgeFoundLivesLongerOnceItIsConfirmed) {
  const HostRecord hedged = Known(Tls12(kClosed, /*hedged=*/true));
  const HostRecord after = Applied(hedged, Tls12(kClosed), kStart + kHour);
  EXPECT_EQ(after.fields().reduction->lifetime, kDay);
}

TEST(HostRecordTest, ExpiredReductionIsKeptAsLongAgainToRecogniseItsReturn) {
  HostRecord::Fields fields;
  fields.reduction = Reduction{Rung::kTls12, kClosed, RecordOrigin::kObserved,
                               kStart + kDay, kDay};
  const absl::StatusOr<HostRecord> record = HostRecord::Create(fields);
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->SpentAt(kLifetimes), kStart + 2 * kDay);
}

TEST(HostRecordTest, EmptyRecordIsSpentAtOnce) {
  EXPECT_EQ(HostRecord().SpentAt(kLifetimes), absl::InfinitePast());
  EXPECT_TRUE(HostRecord().empty());
}

TEST(HostRecordTest, PinOverridesTheRatchet) {
  const HostRecord pinned = Pinned(Proof{kTls13, kStart}, kStart + 30 * kDay);
  EXPECT_EQ(ActiveRung(pinned), Rung::kTls12);
}

TEST(HostRecordTest, NothingThatIsLearnedTouchesAPin) {
  const absl::Time end = kStart + 30 * kDay;
  for (const CacheUpdate& update :
       {CacheUpdate(FullOffer(kTls13)), CacheUpdate(ReducedOffer(kTls13)),
        CacheUpdate(
            LearnedReduction{Rung::kTls10, kClosed, TlsVersion::kTls10, false}),
        CacheUpdate(ForgetReduction{})}) {
    const HostRecord pinned = Pinned(std::nullopt, end);
    const HostRecord after = Applied(pinned, update, end - kSecond);
    EXPECT_EQ(after.fields().reduction, pinned.fields().reduction);
  }
  EXPECT_FALSE(Applied(Pinned(std::nullopt, end), FullOffer(kTls13), end)
                   .fields()
                   .reduction);
}

TEST(HostRecordTest, PinHoldsToItsExpiryWhateverWasProven) {
  const absl::Time end = kStart + 30 * kDay;
  const HostRecord pinned =
      Applied(Known(FullOffer(kTls13)), PinReduction{Rung::kTls12, end});
  EXPECT_EQ(ActiveRung(pinned, end - kSecond), Rung::kTls12);
  EXPECT_EQ(ActiveRung(pinned, end), std::nullopt);
  EXPECT_EQ(pinned.SpentAt(kLifetimes), end);
  EXPECT_EQ(pinned.fields().reduction->origin, RecordOrigin::kPinned);
  EXPECT_EQ(pinned.fields().reduction->reason, std::nullopt);
  EXPECT_EQ(pinned.ProvenVersion(kStart, kLifetimes), kTls13);
  EXPECT_TRUE(HostRecord::Create(pinned.fields()).ok());
}

TEST(HostRecordTest, PinReplacesWhatWasLearnedAndAnEarlierPin) {
  const HostRecord pinned =
      Applied(Known(Tls12()), PinReduction{Rung::kCompact, kStart + kDay});
  EXPECT_EQ(ActiveRung(pinned), Rung::kCompact);
  EXPECT_EQ(pinned.fields().failures, 0);
  EXPECT_EQ(pinned.fields().recoveries, 0);
  const HostRecord again =
      Applied(pinned, PinReduction{Rung::kTls12, kStart + kHour});
  EXPECT_EQ(ActiveRung(again, kStart + kHour - kSecond), Rung::kTls12);
  EXPECT_EQ(ActiveRung(again, kStart + kHour), std::nullopt);
}

TEST(HostRecordTest, PinToTheFullOfferOrToThePastIsNone) {
  EXPECT_TRUE(Known(PinReduction{Rung::kFull, kStart + kDay}).empty());
  EXPECT_TRUE(Known(PinReduction{Rung::kTls12, kStart}).empty());
}

TEST(HostRecordTest, PinWithoutEndLastsForEver) {
  const HostRecord pinned = Pinned(std::nullopt, absl::InfiniteFuture());
  EXPECT_EQ(ActiveRung(pinned, kStart + 100000 * kDay), Rung::kTls12);
  EXPECT_EQ(pinned.SpentAt(kLifetimes), absl::InfiniteFuture());
}

TEST(HostRecordTest, ExpiredPinIsNoEarlierFailure) {
  const absl::Time end = kStart + kDay;
  const HostRecord after = Applied(Pinned(std::nullopt, end), Tls12(), end);
  EXPECT_EQ(after.fields().reduction->lifetime, kDay);
  EXPECT_EQ(after.fields().reduction->origin, RecordOrigin::kObserved);
}

TEST(HostRecordTest, UserCanForgetAPin) {
  EXPECT_TRUE(
      Pinned(std::nullopt, absl::InfiniteFuture()).WithoutReduction().empty());
  const HostRecord record = Pinned(Proof{kTls13, kStart}, kStart + kDay);
  EXPECT_EQ(record.WithoutReduction().ProvenVersion(kStart, kLifetimes),
            kTls13);
}

TEST(HostRecordTest, DatesFromAClockThatWasWrongLockNobodyOut) {
  const absl::Time wrong = kStart + 40000 * kDay;
  const HostRecord record =
      HostRecord().Apply(FullOffer(kTls13), wrong, kLifetimes);
  EXPECT_EQ(record.ProvenVersion(kStart, kLifetimes), std::nullopt);
  EXPECT_EQ(ActiveRung(Applied(record, Tls12())), Rung::kTls12);

  const HostRecord reduced = HostRecord().Apply(Tls12(), wrong, kLifetimes);
  EXPECT_EQ(ActiveRung(reduced), std::nullopt);
}

TEST(HostRecordTest, TimesAreWholeMicroseconds) {
  const absl::Time now = kStart + absl::Nanoseconds(1999);
  const HostRecord record = Applied(HostRecord(), Tls12(), now);
  EXPECT_EQ(record.fields().first_seen, kStart + absl::Microseconds(1));
  EXPECT_EQ(record.fields().reduction->expires_at,
            kStart + absl::Microseconds(1) + kDay);
}

ErrorCode CreateError(const HostRecord::Fields& fields) {
  const absl::StatusOr<HostRecord> record = HostRecord::Create(fields);
  EXPECT_FALSE(record.ok());
  return ErrorFromStatus(record.status()).code;
}

TEST(HostRecordTest, CreateRefusesWhatBreaksAnInvariant) {
  HostRecord::Fields good;
  good.proof = Proof{kTls12, kStart};
  good.reduction = Reduction{Rung::kTls12, kClosed, RecordOrigin::kObserved,
                             kStart + kDay, kDay};
  ASSERT_TRUE(HostRecord::Create(good).ok());

  HostRecord::Fields below_proof = good;
  below_proof.proof->version = kTls13;
  EXPECT_EQ(CreateError(below_proof), ErrorCode::kCacheDamaged);

  HostRecord::Fields imported_below_proof = below_proof;
  imported_below_proof.reduction->origin = RecordOrigin::kImported;
  EXPECT_EQ(CreateError(imported_below_proof), ErrorCode::kCacheDamaged);

  HostRecord::Fields full = good;
  full.reduction->rung = Rung::kFull;
  EXPECT_EQ(CreateError(full), ErrorCode::kCacheDamaged);

  HostRecord::Fields no_lifetime = good;
  no_lifetime.reduction->lifetime = absl::ZeroDuration();
  EXPECT_EQ(CreateError(no_lifetime), ErrorCode::kCacheDamaged);

  HostRecord::Fields no_reason = good;
  no_reason.reduction->reason.reset();
  EXPECT_EQ(CreateError(no_reason), ErrorCode::kCacheDamaged);

  HostRecord::Fields negative = good;
  negative.failures = -1;
  EXPECT_EQ(CreateError(negative), ErrorCode::kCacheDamaged);
}

TEST(HostRecordTest, SeenAtNeverGoesBack) {
  const HostRecord record = Known(FullOffer(kTls13));
  EXPECT_EQ(record.SeenAt(kStart + kDay).fields().last_seen, kStart + kDay);
  EXPECT_EQ(record.SeenAt(kStart - kDay), record);
}

// What another cache would export of `record`.
ImportRecord Exported(const HostRecord& record) { return {record.fields()}; }

std::vector<std::string> Refusals(const HostRecord& record,
                                  const ImportRecord& import,
                                  absl::Time now = kStart) {
  return record.ImportRefusals(import, now, kLifetimes);
}

TEST(ImportTest, UnknownHostIsTakenInWithAllThatIsKnownOfIt) {
  const HostRecord there = Applied(Known(Tls12()), Tls12(), kStart + kHour);
  const absl::Time now = kStart + 2 * kHour;
  EXPECT_THAT(Refusals(HostRecord(), Exported(there), now), IsEmpty());
  const HostRecord here = Applied(HostRecord(), Exported(there), now);
  HostRecord::Fields expected = there.fields();
  expected.reduction->origin = RecordOrigin::kImported;
  EXPECT_EQ(here, *HostRecord::Create(expected));
  EXPECT_EQ(Applied(here, Exported(there), now), here) << "no news";
}

TEST(ImportTest, ImportMakesNoPin) {
  const HostRecord there = Pinned(std::nullopt, kStart + kDay);
  EXPECT_THAT(Refusals(HostRecord(), Exported(there)),
              ElementsAre(HasSubstr("pin")));
  EXPECT_TRUE(Applied(HostRecord(), Exported(there)).empty());
}

TEST(ImportTest, ImportNeverLowersTheFloor) {
  for (Rung rung : {Rung::kTls11, Rung::kTls10}) {
    const HostRecord there =
        Known(LearnedReduction{rung, kClosed, RungMaximum(rung), false});
    EXPECT_THAT(Refusals(HostRecord(), Exported(there)),
                ElementsAre(HasSubstr("below the floor")));
    EXPECT_EQ(ActiveRung(Applied(HostRecord(), Exported(there))), std::nullopt);
  }
}

TEST(ImportTest, WhatHasExpiredIsRefusedFromThatSecondOn) {
  const HostRecord reduced = Known(Tls12());
  const absl::Time reduction_ends = kStart + kDay;
  EXPECT_THAT(
      Refusals(HostRecord(), Exported(reduced), reduction_ends - kSecond),
      IsEmpty());
  EXPECT_THAT(Refusals(HostRecord(), Exported(reduced), reduction_ends),
              ElementsAre(HasSubstr("tls12, has expired")));
  const HostRecord here =
      Applied(HostRecord(), Exported(reduced), reduction_ends);
  EXPECT_FALSE(here.fields().reduction);
  EXPECT_EQ(here.ProvenVersion(reduction_ends, kLifetimes), kTls12);

  const HostRecord healthy = Known(FullOffer(kTls13));
  const absl::Time proof_ends = kStart + 30 * kDay;
  EXPECT_THAT(Refusals(HostRecord(), Exported(healthy), proof_ends - kSecond),
              IsEmpty());
  EXPECT_THAT(Refusals(HostRecord(), Exported(healthy), proof_ends),
              ElementsAre(HasSubstr("proof has expired")));
  EXPECT_TRUE(Applied(HostRecord(), Exported(healthy), proof_ends).empty());
}

TEST(ImportTest, ImportDoesNotRemoveOrLowerAProof) {
  const HostRecord here = Known(FullOffer(kTls13));
  EXPECT_THAT(Refusals(here, Exported(Known(Tls12()))),
              ElementsAre(HasSubstr("has proven TLS 1.3")));
  EXPECT_EQ(Applied(here, Exported(Known(Tls12()))), here);
  EXPECT_EQ(Applied(here, Exported(HostRecord())), here);
  EXPECT_EQ(Applied(here, Exported(Known(FullOffer(kTls12)))), here);
}

TEST(ImportTest, ImportDoesNotContradictWhatWasObservedHere) {
  const HostRecord here = Known(Tls12());
  EXPECT_THAT(Refusals(here, Exported(Known(FullOffer(kTls13)))),
              ElementsAre(HasSubstr("needs tls12 here")));
  EXPECT_EQ(Applied(here, Exported(Known(FullOffer(kTls13)))), here);
  const LearnedReduction compact = {Rung::kCompact, kClosed, kTls12, false};
  EXPECT_THAT(Refusals(here, Exported(Known(compact))),
              ElementsAre(HasSubstr("needs tls12 here")));
  EXPECT_EQ(ActiveRung(Applied(here, Exported(Known(compact)))), Rung::kTls12);
}

TEST(ImportTest, ImportDoesNotTouchAPin) {
  const HostRecord pinned = Pinned(std::nullopt, kStart + kDay);
  const HostRecord after = Applied(pinned, Exported(Known(FullOffer(kTls13))));
  EXPECT_EQ(after.fields().reduction, pinned.fields().reduction);
  EXPECT_EQ(after.ProvenVersion(kStart, kLifetimes), kTls13);
}

TEST(ImportTest, HigherProofEndsAReductionThatHasExpired) {
  const absl::Time end = kStart + kDay;
  const HostRecord after =
      Applied(Known(Tls12()), Exported(Known(FullOffer(kTls13))), end);
  EXPECT_EQ(after.ProvenVersion(end, kLifetimes), kTls13);
  EXPECT_FALSE(after.fields().reduction);
}

TEST(ImportTest, ReductionReplacesAProofThatHasExpired) {
  const absl::Time end = kStart + 30 * kDay;
  HostRecord::Fields there;
  there.reduction = Reduction{Rung::kTls12, kClosed, RecordOrigin::kObserved,
                              end + kHour, kDay};
  const HostRecord after =
      Applied(Known(FullOffer(kTls13)), ImportRecord{there}, end);
  EXPECT_EQ(ActiveRung(after, end), Rung::kTls12);
  EXPECT_TRUE(HostRecord::Create(after.fields()).ok());
}

// A file that somebody has written, or a clock that was wrong.
TEST(ImportTest, NothingLivesLongerThanIfItHadBeenLearnedNow) {
  HostRecord::Fields there;
  there.proof = Proof{kTls12, kStart + kDay};
  there.reduction = Reduction{Rung::kTls12, kClosed, RecordOrigin::kObserved,
                              kStart + 1000 * kDay, 1000 * kDay};
  there.last_seen = kStart + 1000 * kDay;
  const HostRecord here = Applied(HostRecord(), ImportRecord{there});
  EXPECT_EQ(here.fields().proof->at, kStart);
  EXPECT_EQ(here.fields().reduction->lifetime, 30 * kDay);
  EXPECT_EQ(here.fields().reduction->expires_at, kStart + 30 * kDay);
  EXPECT_EQ(here.fields().last_seen, kStart);

  there.reduction->rung = Rung::kCompact;
  EXPECT_EQ(
      Applied(HostRecord(), ImportRecord{there}).fields().reduction->lifetime,
      kDay);
}

TEST(HostRecordTest, OriginsHaveNamesThatAreReadBack) {
  for (RecordOrigin origin : {RecordOrigin::kObserved, RecordOrigin::kPinned,
                              RecordOrigin::kImported}) {
    EXPECT_EQ(ParseRecordOrigin(RecordOriginName(origin)), origin);
  }
  EXPECT_EQ(ParseRecordOrigin("guessed"), std::nullopt);
}

}  // namespace
}  // namespace holdfast
