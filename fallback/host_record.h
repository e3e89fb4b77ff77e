// SPDX-License-Identifier: MPL-2.0

// What is known of one host: the version that it has proven, and the reduced
// offer that it needs. Pure values and rules; host_cache.h keeps them.
//
// The invariants hold by construction, and Create() checks them for records
// that come from outside: a host that needs `tls12` has not proven TLS 1.3.

#ifndef HOLDFAST_FALLBACK_HOST_RECORD_H_
#define HOLDFAST_FALLBACK_HOST_RECORD_H_

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/fallback/ladder.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Port and mode are part of the key: what one port of a host needs says nothing
// of another. `scope` is the embedder's, such as a network's name; empty by
// default.
struct HostKey {
  Endpoint endpoint;
  ConnectionSecurity security;  // kImplicitTls or kStartTls
  std::string scope;

  friend bool operator==(const HostKey& a, const HostKey& b) {
    return a.endpoint == b.endpoint && a.security == b.security &&
           a.scope == b.scope;
  }
  template <typename H>
  friend H AbslHashValue(H hash, const HostKey& key) {
    return H::combine(std::move(hash), key.endpoint.host.name(),
                      key.endpoint.port, key.security, key.scope);
  }
};

enum class RecordOrigin { kObserved, kPinned, kImported };
absl::string_view RecordOriginName(RecordOrigin origin);  // "observed", ...
std::optional<RecordOrigin> ParseRecordOrigin(absl::string_view name);

// How long a record lives (promises 8 and 9).
struct RecordLifetimes {
  // A proof outlives any version record, so that healing can be relied upon.
  absl::Duration proof = absl::Hours(24 * 30);
  // SCSV and the downgrade check have shown that the server cannot do better.
  absl::Duration version_first = absl::Hours(24);
  absl::Duration version_longest = absl::Hours(24 * 30);
  // Nothing authenticates a feature reduction, or one that a hedge found.
  absl::Duration feature_first = absl::Hours(1);
  absl::Duration feature_longest = absl::Hours(24);
};

// The highest version under which the host has sent application data.
struct Proof {
  TlsVersion version;
  absl::Time at;

  friend bool operator==(const Proof& a, const Proof& b) {
    return a.version == b.version && a.at == b.at;
  }
};

// The reduced offer that worked, or that the user has pinned.
struct Reduction {
  Rung rung;
  std::optional<ErrorCode> reason;  // the failure that led to it; unset: pinned
  RecordOrigin origin;
  absl::Time expires_at;
  absl::Duration lifetime;  // this time; the next is twice as long

  friend bool operator==(const Reduction& a, const Reduction& b) {
    return a.rung == b.rung && a.reason == b.reason && a.origin == b.origin &&
           a.expires_at == b.expires_at && a.lifetime == b.lifetime;
  }
};

// All that a record holds, as read from a file.
struct HostRecordFields {
  std::optional<Proof> proof;
  std::optional<Reduction> reduction;
  int failures = 0;    // of fuller offers, which led to the reduction
  int recoveries = 0;  // connections that found the reduced offer to work
  absl::Time first_seen;
  absl::Time last_seen;
};

// What a connect learned. The rules for applying it stand in HostRecord.
struct LearnedProof {  // application data arrived under `version`
  TlsVersion version;
  // The offer was not reduced: a reduction that was remembered has healed.
  bool full_offer;
};
struct LearnedReduction {  // `rung` worked after `reason`, certificate verified
  Rung rung;
  ErrorCode reason;
  TlsVersion version;  // negotiated, and proven by it
  bool hedged;
};
struct ForgetReduction {};  // the server can do better (promise 6)

// What the user decided.
struct PinReduction {  // offer `rung` until then, whatever was proven
  Rung rung;
  absl::Time until;
};
struct ImportRecord {  // what another cache has exported
  HostRecordFields fields;
};

using CacheUpdate = std::variant<std::monostate, LearnedProof, LearnedReduction,
                                 ForgetReduction, PinReduction, ImportRecord>;

class HostRecord {
 public:
  using Fields = HostRecordFields;

  // A host of which nothing is known.
  HostRecord() = default;
  // Errors: kCacheDamaged if `fields` break an invariant: a reduction to a
  // version below the proven one (unless it is pinned: the user's decision
  // overrides the ratchet, promise 6), kFull as a reduction, one that is not
  // pinned without a reason, a lifetime that is not positive, negative counts.
  static absl::StatusOr<HostRecord> Create(const Fields& fields);

  const Fields& fields() const { return fields_; }

  // The proof, if it has not expired at `now`. Here and below, what a clock
  // that was wrong has dated too far ahead counts as expired, so that it
  // cannot lock a host out for years.
  std::optional<TlsVersion> ProvenVersion(absl::Time now,
                                          const RecordLifetimes&) const;
  // The reduction, if it has not expired at `now`.
  std::optional<Reduction> ActiveReduction(absl::Time now) const;
  // From when on nothing in it is of any use, so that it may be deleted. A
  // reduction that expired is kept for as long again, so that its return is
  // recognised and lives longer (promise 9). InfinitePast if it is empty.
  absl::Time SpentAt(const RecordLifetimes&) const;

  // The record after `update`; equal to *this if nothing is to be written. A
  // proof is renewed only in the second half of its life, so that a connection
  // to a known host writes nothing. A reduction is refused (the record stays
  // as it is) if its rung lies below what is proven (promise 8). Nothing that
  // is learned or imported touches a pinned reduction before it expires. Of an
  // import all is taken that ImportRefusals() does not name. `now` is taken in
  // whole microseconds, as files keep it.
  HostRecord Apply(const CacheUpdate& update, absl::Time now,
                   const RecordLifetimes&) const;

  // Why parts of `import` would not be taken, each a clause that fits after a
  // colon; empty if nothing stands against it. An import never makes a pin,
  // lowers the floor or a proof, adds what has expired, or contradicts what was
  // observed here.
  std::vector<std::string> ImportRefusals(const ImportRecord& import,
                                          absl::Time now,
                                          const RecordLifetimes&) const;

  // The record with `now` as last_seen, unless it was seen later.
  HostRecord SeenAt(absl::Time now) const;

  // The record after the user forgot its reduction, pinned or not.
  HostRecord WithoutReduction() const;

  bool empty() const { return !fields_.proof && !fields_.reduction; }
  friend bool operator==(const HostRecord& a, const HostRecord& b);
  friend bool operator!=(const HostRecord& a, const HostRecord& b) {
    return !(a == b);
  }

 private:
  explicit HostRecord(const Fields& fields) : fields_(fields) {}

  HostRecord AfterProof(const LearnedProof&, absl::Time now,
                        const RecordLifetimes&) const;
  HostRecord AfterReduction(const LearnedReduction&, absl::Time now,
                            const RecordLifetimes&) const;
  HostRecord AfterPin(const PinReduction&, absl::Time now) const;
  HostRecord AfterImport(const Fields&, absl::Time now,
                         const RecordLifetimes&) const;
  std::string RefusalOf(const Proof& imported, absl::Time now,
                        const RecordLifetimes&) const;
  std::string RefusalOf(const Reduction& imported, absl::Time now,
                        const RecordLifetimes&) const;

  Fields fields_;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_FALLBACK_HOST_RECORD_H_
