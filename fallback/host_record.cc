// The rules of the memory (promises 6 to 9): what is kept, for how long, and
// what replaces what.

#include "holdfast/fallback/host_record.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"

namespace holdfast {
namespace {

absl::Time WholeMicroseconds(absl::Time time) {
  return absl::FromUnixMicros(absl::ToUnixMicros(time));
}

bool ProofHolds(const Proof& proof, absl::Time now, absl::Duration lifetime) {
  return now - proof.at < lifetime && proof.at - now < lifetime;
}

bool ReductionHolds(const Reduction& reduction, absl::Time now) {
  if (now >= reduction.expires_at) return false;
  return reduction.origin == RecordOrigin::kPinned ||
         reduction.expires_at - now < 2 * reduction.lifetime;
}

bool IsPinned(const std::optional<Reduction>& reduction, absl::Time now) {
  return reduction && reduction->origin == RecordOrigin::kPinned &&
         ReductionHolds(*reduction, now);
}

// Whether the host has shown that it needs no rung so low.
bool Contradicts(TlsVersion proven, const Reduction& reduction) {
  return reduction.origin != RecordOrigin::kPinned &&
         RungMaximum(reduction.rung) < proven;
}

// The proof after application data arrived under `version`. A higher version
// replaces a lower one, never the other way round while the higher one holds.
std::optional<Proof> UpdatedProof(const std::optional<Proof>& old,
                                  TlsVersion version, absl::Time now,
                                  absl::Duration lifetime) {
  if (old && ProofHolds(*old, now, lifetime)) {
    if (version < old->version) return old;
    const bool first_half = now >= old->at && now - old->at < lifetime / 2;
    if (version == old->version && first_half) return old;
  }
  return Proof{version, now};
}

// How long a reduction lives that was found just now (promise 9). The same
// failure and recovery as before lives twice as long; another one is news.
absl::Duration LifetimeOf(const LearnedReduction& learned,
                          const std::optional<Reduction>& before,
                          const RecordLifetimes& lifetimes) {
  const bool authenticated =
      RungMaximum(learned.rung) < TlsVersion::kTls13 && !learned.hedged;
  const absl::Duration first =
      authenticated ? lifetimes.version_first : lifetimes.feature_first;
  const absl::Duration longest =
      authenticated ? lifetimes.version_longest : lifetimes.feature_longest;
  const bool again = before && before->origin != RecordOrigin::kPinned &&
                     before->rung == learned.rung &&
                     before->reason == learned.reason;
  return again ? std::clamp(2 * before->lifetime, first, longest) : first;
}

// How long an imported reduction may live at most.
absl::Duration LongestLifetime(Rung rung, const RecordLifetimes& lifetimes) {
  return RungMaximum(rung) < TlsVersion::kTls13 ? lifetimes.version_longest
                                                : lifetimes.feature_longest;
}

void Increment(int& count) {
  if (count < std::numeric_limits<int>::max()) ++count;
}

}  // namespace

absl::string_view RecordOriginName(RecordOrigin origin) {
  switch (origin) {
    case RecordOrigin::kObserved:
      return "observed";
    case RecordOrigin::kPinned:
      return "pinned";
    case RecordOrigin::kImported:
      return "imported";
  }
  return "";
}

std::optional<RecordOrigin> ParseRecordOrigin(absl::string_view name) {
  for (RecordOrigin origin : {RecordOrigin::kObserved, RecordOrigin::kPinned,
                              RecordOrigin::kImported}) {
    if (name == RecordOriginName(origin)) return origin;
  }
  return std::nullopt;
}

absl::StatusOr<HostRecord> HostRecord::Create(const Fields& fields) {
  const auto damaged = [](absl::string_view why) {
    return MakeStatus(ErrorCode::kCacheDamaged, Phase::kSetup, why);
  };
  if (fields.failures < 0 || fields.recoveries < 0) {
    return damaged("A host record counts less than nothing.");
  }
  if (fields.reduction) {
    if (fields.reduction->rung == Rung::kFull) {
      return damaged("A host record names the full offer as a reduced one.");
    }
    if (!fields.reduction->reason &&
        fields.reduction->origin != RecordOrigin::kPinned) {
      return damaged("A host record has a reduced offer without a reason.");
    }
    if (fields.reduction->lifetime <= absl::ZeroDuration()) {
      return damaged("A host record has no lifetime.");
    }
    if (fields.proof && Contradicts(fields.proof->version, *fields.reduction)) {
      return damaged("A host record offers less than the host has proven.");
    }
  }
  return HostRecord(fields);
}

std::optional<TlsVersion> HostRecord::ProvenVersion(
    absl::Time now, const RecordLifetimes& lifetimes) const {
  if (!fields_.proof || !ProofHolds(*fields_.proof, now, lifetimes.proof)) {
    return std::nullopt;
  }
  return fields_.proof->version;
}

std::optional<Reduction> HostRecord::ActiveReduction(absl::Time now) const {
  if (!fields_.reduction || !ReductionHolds(*fields_.reduction, now)) {
    return std::nullopt;
  }
  return fields_.reduction;
}

absl::Time HostRecord::SpentAt(const RecordLifetimes& lifetimes) const {
  absl::Time spent = absl::InfinitePast();
  if (fields_.proof) spent = fields_.proof->at + lifetimes.proof;
  if (fields_.reduction) {
    const Reduction& reduction = *fields_.reduction;
    const bool pinned = reduction.origin == RecordOrigin::kPinned;
    spent = std::max(spent, pinned ? reduction.expires_at
                                   : reduction.expires_at + reduction.lifetime);
  }
  return spent;
}

HostRecord HostRecord::WithoutReduction() const {
  if (!fields_.reduction) return *this;
  if (!fields_.proof) return HostRecord();
  HostRecord record = *this;
  record.fields_.reduction.reset();
  record.fields_.failures = 0;
  record.fields_.recoveries = 0;
  return record;
}

HostRecord HostRecord::Apply(const CacheUpdate& update, absl::Time now,
                             const RecordLifetimes& lifetimes) const {
  now = WholeMicroseconds(now);
  HostRecord record = *this;
  if (const auto* proof = std::get_if<LearnedProof>(&update)) {
    record = AfterProof(*proof, now, lifetimes);
  } else if (const auto* reduction = std::get_if<LearnedReduction>(&update)) {
    record = AfterReduction(*reduction, now, lifetimes);
  } else if (std::holds_alternative<ForgetReduction>(update)) {
    if (!IsPinned(fields_.reduction, now)) record = WithoutReduction();
  } else if (const auto* pin = std::get_if<PinReduction>(&update)) {
    record = AfterPin(*pin, now);
  } else if (const auto* import = std::get_if<ImportRecord>(&update)) {
    return AfterImport(import->fields, now, lifetimes);
  }
  if (record == *this || record.empty()) return record;
  if (empty()) record.fields_.first_seen = now;
  record.fields_.last_seen = now;
  return record;
}

HostRecord HostRecord::AfterProof(const LearnedProof& learned, absl::Time now,
                                  const RecordLifetimes& lifetimes) const {
  HostRecord record = *this;
  record.fields_.proof =
      UpdatedProof(fields_.proof, learned.version, now, lifetimes.proof);
  const std::optional<Reduction>& reduction = fields_.reduction;
  const bool healed = reduction && !IsPinned(reduction, now) &&
                      (learned.full_offer ||
                       Contradicts(record.fields_.proof->version, *reduction));
  return healed ? record.WithoutReduction() : record;
}

HostRecord HostRecord::AfterReduction(const LearnedReduction& learned,
                                      absl::Time now,
                                      const RecordLifetimes& lifetimes) const {
  const TlsVersion maximum = RungMaximum(learned.rung);
  const std::optional<TlsVersion> proven = ProvenVersion(now, lifetimes);
  const bool impossible =
      learned.rung == Rung::kFull || learned.version > maximum;
  if (impossible || (proven && *proven > maximum)) return *this;
  HostRecord record = *this;
  record.fields_.proof =
      UpdatedProof(fields_.proof, learned.version, now, lifetimes.proof);
  if (IsPinned(fields_.reduction, now)) return record;

  const std::optional<Reduction> active = ActiveReduction(now);
  // One that still runs is neither renewed nor doubled by a connection that was
  // under way when it was recorded: only its return after expiry says more.
  if (!active || active->rung != learned.rung) {
    const absl::Duration lifetime =
        LifetimeOf(learned, fields_.reduction, lifetimes);
    record.fields_.reduction =
        Reduction{learned.rung, learned.reason, RecordOrigin::kObserved,
                  now + lifetime, lifetime};
  }
  if (fields_.reduction && fields_.reduction->rung != learned.rung) {
    record.fields_.failures = 0;
    record.fields_.recoveries = 0;
  }
  Increment(record.fields_.failures);
  Increment(record.fields_.recoveries);
  return record;
}

HostRecord HostRecord::AfterPin(const PinReduction& pin, absl::Time now) const {
  const absl::Time until = WholeMicroseconds(pin.until);
  if (pin.rung == Rung::kFull || until <= now) return *this;
  HostRecord record = *this;
  record.fields_.reduction = Reduction{
      pin.rung, std::nullopt, RecordOrigin::kPinned, until, until - now};
  record.fields_.failures = 0;
  record.fields_.recoveries = 0;
  return record;
}

std::string HostRecord::RefusalOf(const Proof& imported, absl::Time now,
                                  const RecordLifetimes& lifetimes) const {
  if (!ProofHolds(imported, now, lifetimes.proof)) {
    return "its proof has expired";
  }
  const std::optional<Reduction> active = ActiveReduction(now);
  if (active && Contradicts(imported.version, *active)) {
    return absl::StrCat("the host needs ", RungName(active->rung),
                        " here, not ", TlsVersionText(imported.version));
  }
  return "";
}

std::string HostRecord::RefusalOf(const Reduction& imported, absl::Time now,
                                  const RecordLifetimes& lifetimes) const {
  const absl::string_view rung = RungName(imported.rung);
  if (imported.origin == RecordOrigin::kPinned) {
    return "a pin is a decision that no import can make";
  }
  if (RungMaximum(imported.rung) < TlsVersion::kTls12) {
    return absl::StrCat(rung, " lies below the floor, TLS 1.2");
  }
  if (!ReductionHolds(imported, now)) {
    return absl::StrCat("its reduced offer, ", rung, ", has expired");
  }
  const std::optional<TlsVersion> proven = ProvenVersion(now, lifetimes);
  if (proven && Contradicts(*proven, imported)) {
    return absl::StrCat("the host has proven ", TlsVersionText(*proven),
                        " here, more than ", rung, " offers");
  }
  const std::optional<Reduction> active = ActiveReduction(now);
  if (active && active->rung != imported.rung) {
    return absl::StrCat("the host needs ", RungName(active->rung),
                        " here, not ", rung);
  }
  return "";
}

std::vector<std::string> HostRecord::ImportRefusals(
    const ImportRecord& import, absl::Time now,
    const RecordLifetimes& lifetimes) const {
  std::vector<std::string> refusals;
  const auto add = [&refusals](std::string refusal) {
    if (!refusal.empty()) refusals.push_back(std::move(refusal));
  };
  if (import.fields.proof) add(RefusalOf(*import.fields.proof, now, lifetimes));
  if (import.fields.reduction) {
    add(RefusalOf(*import.fields.reduction, now, lifetimes));
  }
  return refusals;
}

// What is taken lives no longer than if it had been learned here and now.
HostRecord HostRecord::AfterImport(const Fields& imported, absl::Time now,
                                   const RecordLifetimes& lifetimes) const {
  HostRecord record = *this;
  if (imported.proof && RefusalOf(*imported.proof, now, lifetimes).empty()) {
    const Proof proof = {imported.proof->version,
                         std::min(imported.proof->at, now)};
    const std::optional<TlsVersion> own = ProvenVersion(now, lifetimes);
    if (!own || proof.version > *own ||
        (proof.version == *own && proof.at > fields_.proof->at)) {
      record.fields_.proof = proof;
    }
    // One that has expired; RefusalOf() protects the others.
    if (fields_.reduction && Contradicts(proof.version, *fields_.reduction)) {
      record = record.WithoutReduction();
    }
  }
  if (imported.reduction && !ActiveReduction(now) &&
      record.RefusalOf(*imported.reduction, now, lifetimes).empty()) {
    if (!record.ProvenVersion(now, lifetimes)) record.fields_.proof.reset();
    Reduction reduction = *imported.reduction;
    reduction.origin = RecordOrigin::kImported;
    reduction.lifetime = std::min(reduction.lifetime,
                                  LongestLifetime(reduction.rung, lifetimes));
    reduction.expires_at =
        std::min(reduction.expires_at, now + reduction.lifetime);
    record.fields_.reduction = reduction;
    record.fields_.failures = imported.failures;
    record.fields_.recoveries = imported.recoveries;
  }
  if (record == *this) return record;
  const absl::Time first_seen = std::min(imported.first_seen, now);
  const absl::Time last_seen = std::min(imported.last_seen, now);
  record.fields_.first_seen =
      empty() ? first_seen : std::min(fields_.first_seen, first_seen);
  record.fields_.last_seen =
      empty() ? last_seen : std::max(fields_.last_seen, last_seen);
  return record;
}

HostRecord HostRecord::SeenAt(absl::Time now) const {
  HostRecord record = *this;
  record.fields_.last_seen =
      std::max(record.fields_.last_seen, WholeMicroseconds(now));
  return record;
}

bool operator==(const HostRecord& a, const HostRecord& b) {
  const HostRecord::Fields& x = a.fields_;
  const HostRecord::Fields& y = b.fields_;
  return x.proof == y.proof && x.reduction == y.reduction &&
         x.failures == y.failures && x.recoveries == y.recoveries &&
         x.first_seen == y.first_seen && x.last_seen == y.last_seen;
}

}  // namespace holdfast
