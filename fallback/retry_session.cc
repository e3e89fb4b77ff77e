#include "fallback/retry_session.h"

#include <algorithm>
#include <utility>

namespace holdfast {
namespace {

// The rungs that differ from one another within what the user allows and the
// host has proven, from the top.
std::vector<Rung> MakeLadder(const FallbackPolicy& policy,
                             std::optional<TlsVersion> proven) {
  std::vector<Rung> ladder = {Rung::kFull};
  if (!policy.fallback) return ladder;
  const TlsVersion lowest =
      std::max(policy.versions.min(), proven.value_or(policy.versions.min()));
  for (Rung rung : {Rung::kTls12, Rung::kTls11, Rung::kTls10}) {
    const TlsVersion maximum = RungMaximum(rung);
    if (maximum < policy.versions.max() && maximum >= lowest) {
      ladder.push_back(rung);
    }
  }
  return ladder;
}

// Alerts by which a server says that it found no cipher, group or signature
// scheme to share: handshake_failure, insufficient_security (RFC 8446, 6.2).
bool SaysNoCommonParameters(const Error& error) {
  return error.code == ErrorCode::kHelloRefused && error.alert &&
         (error.alert->description == 40 || error.alert->description == 71);
}

}  // namespace

RetrySession::RetrySession(FallbackPolicy policy, ConnectionSecurity security,
                           const HostRecord& record, absl::Time now)
    : policy_(std::move(policy)),
      security_(security),
      proven_(record.ProvenVersion(now, policy_.lifetimes)),
      ladder_(MakeLadder(policy_, proven_)),
      next_(Step{Rung::kFull, AttemptPlan::Purpose::kOffer}) {
  const std::optional<Reduction> known = record.ActiveReduction(now);
  if (known && known->rung != Rung::kFull && OnLadder(known->rung)) {
    next_ = Step{known->rung, AttemptPlan::Purpose::kOffer,
                 /*from_cache=*/true};
    reason_ = known->reason;
  }
}

bool RetrySession::OnLadder(Rung rung) const {
  return std::find(ladder_.begin(), ladder_.end(), rung) != ladder_.end();
}

HandshakeProfile RetrySession::ProfileFor(Rung rung) const {
  HandshakeProfile profile;
  profile.versions = policy_.versions;
  const TlsVersion maximum = RungMaximum(rung);
  if (maximum < policy_.versions.max()) {
    // Both ends lie inside the policy's range, so that this cannot fail.
    profile.versions =
        *TlsVersionRange::Create(policy_.versions.min(), maximum);
    profile.reduced_from = policy_.versions.max();
  }
  return profile;
}

std::optional<AttemptPlan> RetrySession::Next(absl::Duration remaining) {
  if (!next_ || attempts_ >= policy_.max_attempts) return std::nullopt;
  if (remaining <= absl::ZeroDuration() && attempts_ > 0) return std::nullopt;
  const Step step = *std::exchange(next_, std::nullopt);
  AttemptPlan plan;
  plan.number = ++attempts_;
  plan.rung = step.rung;
  plan.purpose = step.purpose;
  plan.from_cache = step.from_cache;
  plan.other_address = step.other_address;
  plan.profile = ProfileFor(step.rung);
  if (step.purpose == AttemptPlan::Purpose::kSentinel) {
    plan.profile.fallback_scsv = false;
  }
  const auto rungs_left =
      ladder_.end() - std::find(ladder_.begin(), ladder_.end(), step.rung);
  plan.hello_timeout = std::max(
      policy_.min_attempt,
      remaining / std::max<int64_t>(static_cast<int64_t>(rungs_left), 1));
  if (step.rung == Rung::kFull) ++full_offers_;
  return plan;
}

CacheUpdate RetrySession::Observe(const AttemptPlan& plan,
                                  const AttemptOutcome& outcome) {
  if (outcome.connected()) {
    next_.reset();
    if (outcome.certificate_overridden) return std::monostate{};
    return AfterSuccess(plan, *outcome.connected_version);
  }
  errors_.push_back(
      outcome.error.value_or(MakeError(ErrorCode::kInternal, Phase::kSetup)));
  next_ = AfterFailure(plan, outcome.failure);
  const bool record_is_wrong =
      plan.profile.reduced_from &&
      outcome.failure == FailureClass::kDowngradeRefused;
  if (!next_) Conclude();
  if (record_is_wrong) return ForgetReduction{};
  return std::monostate{};
}

CacheUpdate RetrySession::AfterSuccess(const AttemptPlan& plan,
                                       TlsVersion version) const {
  if (plan.rung == Rung::kFull || plan.from_cache) {
    // An offer that the user has limited says nothing of what it left out.
    const bool full_offer = plan.rung == Rung::kFull &&
                            policy_.versions.max() == TlsVersion::kTls13;
    return LearnedProof{version, full_offer};
  }
  return LearnedReduction{plan.rung, reason_.value_or(ErrorCode::kInternal),
                          version, /*hedged=*/false};
}

bool RetrySession::MayRepeat(const AttemptPlan& plan,
                             FailureClass failure) const {
  if (plan.rung != Rung::kFull) return false;
  const bool proven = proven_ && *proven_ == policy_.versions.max();
  if (proven && IsIntolerance(failure)) {
    return full_offers_ < policy_.addresses_for_proven_host;
  }
  if (full_offers_ > 1) return false;
  switch (failure) {
    case FailureClass::kDropped:
    case FailureClass::kInterrupted:
      return true;
    case FailureClass::kSilent:
      // With STARTTLS the server was alive a moment ago; a silence is
      // confirmed before anything is reduced.
      return security_ == ConnectionSecurity::kStartTls;
    case FailureClass::kVersionRefused:
    case FailureClass::kHelloRefused:
    case FailureClass::kAlpnRefused:
    case FailureClass::kTooOld:
    case FailureClass::kDowngradeRefused:
    case FailureClass::kFinal:
      return false;
  }
  return false;
}

std::optional<Rung> RetrySession::RungBelow(Rung rung,
                                            FailureClass failure) const {
  // A refused ALPN says nothing against the version, which stays.
  if (failure == FailureClass::kAlpnRefused) return std::nullopt;
  const auto here = std::find(ladder_.begin(), ladder_.end(), rung);
  if (here == ladder_.end() || here + 1 == ladder_.end()) return std::nullopt;
  return *(here + 1);
}

std::optional<RetrySession::Step> RetrySession::AfterFailure(
    const AttemptPlan& plan, FailureClass failure) {
  using Purpose = AttemptPlan::Purpose;
  if (!policy_.fallback) return std::nullopt;
  if (plan.purpose == Purpose::kFullRange) {
    // The server can do better, and the full offer fails all the same
    // (promise 6).
    if (IsIntolerance(failure)) {
      errors_.push_back(
          MakeError(ErrorCode::kPathBlocksNewerTls, Phase::kHandshake));
    }
    return std::nullopt;
  }
  if (failure == FailureClass::kDowngradeRefused) {
    if (!plan.profile.reduced_from) return std::nullopt;
    return Step{Rung::kFull, Purpose::kFullRange};
  }
  if (plan.purpose == Purpose::kSentinel) return std::nullopt;
  if (MayRepeat(plan, failure)) {
    return Step{Rung::kFull, Purpose::kRepeat, /*from_cache=*/false,
                /*other_address=*/true};
  }
  if (!IsIntolerance(failure)) return std::nullopt;
  // What was remembered does not hold any more: the server may have changed for
  // the better.
  if (plan.from_cache) return Step{Rung::kFull, Purpose::kOffer};
  const std::optional<Rung> below = RungBelow(plan.rung, failure);
  if (!below) {
    const bool may_hide_a_refusal =
        failure == FailureClass::kDropped && plan.profile.reduced_from;
    if (!may_hide_a_refusal) return std::nullopt;
    return Step{plan.rung, Purpose::kSentinel};
  }
  if (plan.rung == Rung::kFull) reason_ = errors_.back().code;
  return Step{*below, Purpose::kOffer};
}

// Names what only all the attempts together show.
void RetrySession::Conclude() {
  if (!policy_.fallback) return;
  const auto all = [this](auto&& holds) {
    return std::all_of(errors_.begin(), errors_.end(), holds);
  };
  if (all(SaysNoCommonParameters)) {
    errors_.front().code = ErrorCode::kNoCommonParameters;
    errors_.front().message.clear();
  } else if (attempts_ > 1 && all([](const Error& e) {
               return e.code == ErrorCode::kVersionRefused;
             })) {
    errors_.front().code = ErrorCode::kServerTooOld;
    errors_.front().message =
        "The server refused every TLS version that is allowed; it speaks only "
        "older ones.";
  }
}

Error RetrySession::Failure() const {
  if (errors_.empty()) return MakeError(ErrorCode::kInternal, Phase::kSetup);
  const auto refusal =
      std::find_if(errors_.rbegin(), errors_.rend(),
                   [](const Error& e) { return e.refused_for_safety(); });
  return refusal != errors_.rend() ? *refusal : errors_.front();
}

}  // namespace holdfast
