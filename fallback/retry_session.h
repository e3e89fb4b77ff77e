// What to try next: the ladder's rules as a pure state machine, without I/O and
// without a clock.
//
//   RetrySession session(policy, peer, record, now);
//   while (std::optional<AttemptPlan> plan = session.Next(remaining)) {
//     AttemptOutcome outcome = ...;                  // always a new socket
//     cache.Apply(key, session.Observe(*plan, outcome), now);
//     if (outcome.connected()) break;
//   }
//
// One attempt runs at a time, but for a server that says nothing at all: then
// Hedge() lets Next() give smaller offers while the first one waits on.
//
// The rules are those of docs/architecture.md; the numbers in the comments are
// its promises.

#ifndef HOLDFAST_FALLBACK_RETRY_SESSION_H_
#define HOLDFAST_FALLBACK_RETRY_SESSION_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/core/tls/handshake_profile.h"
#include "holdfast/fallback/fallback_policy.h"
#include "holdfast/fallback/host_record.h"
#include "holdfast/fallback/intolerance.h"
#include "holdfast/fallback/ladder.h"

namespace holdfast {

// Whom an offer is made to.
struct Peer {
  Host host;
  ConnectionSecurity security;
  std::string alpn = {};  // the protocol's id; empty if it has none
};

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
  // `rung` is where the user pinned the host: the top of its ladder.
  bool pinned = false;
  // It runs beside an attempt that the server leaves unanswered.
  bool hedged = false;
  // A fuller offer runs beside it, whose answer is to be preferred: the first
  // bytes of the server are left waiting for a round trip.
  bool hold_answer = false;
  // How long the server may leave the ClientHello unanswered. The connect's
  // deadline holds besides.
  absl::Duration hello_timeout;
  // Call Hedge() after so long without a byte; unset: never.
  std::optional<absl::Duration> hedge_delay;
};

// What came of an attempt.
struct AttemptOutcome {
  // The version under which the first application bytes came, if they did.
  std::optional<TlsVersion> connected_version;
  // Connected with a certificate that we found problems in or that the client
  // takes for unverified: nothing is to be learned from that (promise 7).
  bool certificate_overridden = false;
  // Otherwise: why not. kFinal for whatever is not a judged handshake.
  FailureClass failure = FailureClass::kFinal;
  std::optional<Error> error;
  // As in DialResult: then silence may be that of the way, too (promise 4).
  bool through_proxy = false;

  bool connected() const { return connected_version.has_value(); }
};

// Thread safety: none. A value that is made for one connect.
class RetrySession {
 public:
  // `record` is what is known of the peer, `now` the wall clock.
  RetrySession(FallbackPolicy policy, Peer peer, const HostRecord& record,
               absl::Time now);

  // An attempt to start now, or nullopt if there is none: one that runs decides
  // what follows, or it is over. `remaining` is what is left of the deadline.
  std::optional<AttemptPlan> Next(absl::Duration remaining);

  // Takes what came of `plan`, one that Next() gave. Returns what is to be
  // remembered. After a success nothing more is tried.
  CacheUpdate Observe(const AttemptPlan& plan, const AttemptOutcome& outcome);

  // The server has left `plan` unanswered for its hedge delay: Next() then
  // gives what to offer beside it. `through_proxy` as in AttemptOutcome.
  void Hedge(const AttemptPlan& plan, bool through_proxy = false);

  // The first byte came on `plan`. Returns the numbers of the attempts below
  // it, which are to be given up: no smaller offer is needed.
  std::vector<int> Answered(const AttemptPlan& plan);

  // `plan` was left unanswered for its hello_timeout. Returns how much longer
  // it may wait; zero if it has failed. A full offer that still waits while
  // another attempt was told that the server can do better is promise 6's
  // full-range attempt, and waits for one share more.
  absl::Duration MoreTime(const AttemptPlan& plan, absl::Duration remaining);

  // Nothing that still runs can change the result.
  bool over() const { return over_; }

  // The cause, once it ended without success: the first failure, unless a later
  // one is a refusal for safety (promise 12) or a question left open.
  Error Failure() const;

  // All that decides what follows: sessions that were made alike and have equal
  // fingerprints behave alike. For tests that explore every state.
  std::string Fingerprint() const;

  // Why the last offer was reduced: the failure that led to it, in this session
  // or when the record was written.
  std::optional<ErrorCode> reduction_reason() const { return reason_; }

 private:
  struct Step {
    Rung rung;
    AttemptPlan::Purpose purpose = AttemptPlan::Purpose::kOffer;
    bool from_cache = false;
    bool other_address = false;
    bool hedged = false;
  };
  struct Failed {
    AttemptPlan plan;
    FailureClass failure;
  };

  void MakeLadder();
  HandshakeProfile ProfileFor(Rung rung) const;
  bool OnLadder(Rung rung) const;
  bool MayHedge(const Step& step) const;
  // Of the remaining time, for one of the offers from `rung` down.
  absl::Duration Share(Rung rung, absl::Duration remaining) const;
  std::optional<Rung> RungBelow(Rung rung, FailureClass failure) const;
  // The host has proven the highest version under the full offer, and is
  // offered nothing less (promise 8).
  bool IsRatcheted() const;
  bool IsRunning(Rung rung) const;
  int Offers(Rung rung) const;  // made so far
  static Step HedgedStep(Rung rung);

  void WhileOthersRun(const Failed& failed);
  std::optional<Step> AfterRace();
  std::optional<Step> AfterFailure(const Failed& failed);
  bool MayRepeat(const AttemptPlan& plan, FailureClass failure) const;
  CacheUpdate AfterSuccess(const AttemptPlan& plan, TlsVersion version) const;
  void End();
  std::optional<Error> Conclusion() const;

  const FallbackPolicy policy_;
  const Peer peer_;
  const Rung top_;            // `full`, or what the user pinned
  const TlsVersion maximum_;  // is offered at the top
  std::optional<TlsVersion> proven_;
  bool full_offer_proven_ = false;
  std::vector<Rung> ladder_;

  std::vector<Step> steps_;      // to be started now
  std::map<int, Rung> running_;  // by the attempt's number
  std::vector<Failed> failed_;   // beside one another, in order of time
  bool hedge_used_ = false;
  bool hedge_is_doubtful_ = false;  // it answers a silence through a proxy
  bool doubtful_ = false;           // so does another smaller offer
  bool extended_ = false;
  bool over_ = false;

  int attempts_ = 0;
  std::map<Rung, int> offers_;
  std::optional<ErrorCode> reason_;
  std::map<int, Error> errors_;  // by the attempt's number
  bool path_blocked_ = false;
};

}  // namespace holdfast

#endif  // HOLDFAST_FALLBACK_RETRY_SESSION_H_
