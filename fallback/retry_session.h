// What to try next: the ladder's rules as a pure state machine, without I/O and
// without a clock.
//
//   RetrySession session(policy, security, record, now);
//   while (std::optional<AttemptPlan> plan = session.Next(remaining)) {
//     AttemptOutcome outcome = ...;                  // always a new socket
//     cache.Apply(key, session.Observe(*plan, outcome), now);
//     if (outcome.connected()) break;
//   }
//
// The rules are those of docs/architecture.md; the numbers in the comments are
// its promises.

#ifndef HOLDFAST_FALLBACK_RETRY_SESSION_H_
#define HOLDFAST_FALLBACK_RETRY_SESSION_H_

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "core/endpoint.h"
#include "core/error.h"
#include "core/handshake_profile.h"
#include "core/tls_version.h"
#include "fallback/fallback_policy.h"
#include "fallback/host_record.h"
#include "fallback/intolerance.h"
#include "fallback/ladder.h"

namespace holdfast {

// One attempt, on a fresh socket. Nothing else is carried from one attempt to
// the next (promise 3).
struct AttemptPlan {
  enum class Purpose {
    kOffer,   // the next offer on the ladder
    kRepeat,  // the same again: the failure may have been a passing one
    // The same reduced offer without TLS_FALLBACK_SCSV, for the downgrade
    // sentinel in the answer alone; never for a connection. Some servers close
    // without a word where the RFC has them send inappropriate_fallback.
    kSentinel,
    kFullRange,  // the server says that it can do better (promise 6)
  };

  int number = 1;  // counted from 1
  Rung rung = Rung::kFull;
  Purpose purpose = Purpose::kOffer;
  HandshakeProfile profile;
  // `rung` comes from the cache; no failure was seen in this session.
  bool from_cache = false;
  // Take an address that was not used yet, if there is one, the other family
  // first: success there blames nothing.
  bool other_address = false;
  // How long the server may leave the ClientHello unanswered. The connect's
  // deadline holds besides.
  absl::Duration hello_timeout;
};

// What came of an attempt.
struct AttemptOutcome {
  // The version under which the first application bytes came, if they did.
  std::optional<TlsVersion> connected_version;
  // Connected with a certificate that has problems, because the user accepts
  // any: nothing is to be learned from that (promise 7).
  bool certificate_overridden = false;
  // Otherwise: why not. kFinal for whatever is not a judged handshake.
  FailureClass failure = FailureClass::kFinal;
  std::optional<Error> error;

  bool connected() const { return connected_version.has_value(); }
};

// Thread safety: none. A value that is made for one connect.
class RetrySession {
 public:
  // `record` is what is known of the host, `now` the wall clock.
  RetrySession(FallbackPolicy policy, ConnectionSecurity security,
               const HostRecord& record, absl::Time now);

  // The next attempt, or nullopt if it is over: connected, or nothing is left
  // to try, or no time. `remaining` is what is left of the deadline.
  std::optional<AttemptPlan> Next(absl::Duration remaining);

  // Takes what came of `plan`, the last that Next() gave. Returns what is to be
  // remembered.
  CacheUpdate Observe(const AttemptPlan& plan, const AttemptOutcome& outcome);

  // The cause, once Next() gave nullopt without success: the first failure,
  // unless a later one is a refusal for safety (promise 12).
  Error Failure() const;

  // Why the last offer was reduced: the failure that led to it, in this session
  // or when the record was written.
  std::optional<ErrorCode> reduction_reason() const { return reason_; }

 private:
  struct Step {
    Rung rung;
    AttemptPlan::Purpose purpose;
    bool from_cache = false;
    bool other_address = false;
  };

  HandshakeProfile ProfileFor(Rung rung) const;
  bool OnLadder(Rung rung) const;
  std::optional<Rung> RungBelow(Rung rung, FailureClass failure) const;
  std::optional<Step> AfterFailure(const AttemptPlan& plan,
                                   FailureClass failure);
  bool MayRepeat(const AttemptPlan& plan, FailureClass failure) const;
  CacheUpdate AfterSuccess(const AttemptPlan& plan, TlsVersion version) const;
  void Conclude();

  const FallbackPolicy policy_;
  const ConnectionSecurity security_;
  std::optional<TlsVersion> proven_;
  std::vector<Rung> ladder_;
  std::optional<Step> next_;
  int attempts_ = 0;
  int full_offers_ = 0;
  std::optional<ErrorCode> reason_;
  std::vector<Error> errors_;
};

}  // namespace holdfast

#endif  // HOLDFAST_FALLBACK_RETRY_SESSION_H_
