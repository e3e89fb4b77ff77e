#include "holdfast/fallback/retry_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace holdfast {
namespace {

using Purpose = AttemptPlan::Purpose;

// Where the ladder starts. A pin is the user's decision: configuration, not
// fallback (promise 6), but it does not go below the floor (promise 2).
Rung TopOf(const FallbackPolicy& policy,
           const std::optional<Reduction>& known) {
  const bool pinned = policy.fallback && known &&
                      known->origin == RecordOrigin::kPinned &&
                      RungMaximum(known->rung) >= policy.versions.min();
  return pinned ? known->rung : Rung::kFull;
}

// Whether a smaller offer was needed before, also if that has expired.
bool NeededLess(const HostRecord& record) {
  const std::optional<Reduction>& reduction = record.fields().reduction;
  return reduction && reduction->origin != RecordOrigin::kPinned;
}

// Alerts by which a server says that it found no cipher, group or signature
// scheme to share: handshake_failure, insufficient_security (RFC 8446, 6.2).
bool SaysNoCommonParameters(const Error& error) {
  return error.code == ErrorCode::kHelloRefused && error.alert &&
         (error.alert->description == 40 || error.alert->description == 71);
}

// No other offer would meet anything else (promise 5), or should: a downgrade
// of an offer that was not reduced is none of our making.
bool IsFatal(const AttemptPlan& plan, FailureClass failure,
             const Error& error) {
  return error.category() == ErrorCategory::kCertificate ||
         failure == FailureClass::kTooOld ||
         (failure == FailureClass::kDowngradeRefused &&
          !plan.profile.reduced_from);
}

}  // namespace

RetrySession::RetrySession(FallbackPolicy policy, Peer peer,
                           const HostRecord& record, absl::Time now)
    : policy_(std::move(policy)),
      peer_(std::move(peer)),
      top_(TopOf(policy_, record.ActiveReduction(now))),
      maximum_(std::min(policy_.versions.max(), RungMaximum(top_))) {
  const std::optional<Reduction> known = record.ActiveReduction(now);
  if (top_ == Rung::kFull) {
    proven_ = record.ProvenVersion(now, policy_.lifetimes);
    full_offer_proven_ = proven_ && !NeededLess(record);
  }
  MakeLadder();
  Step first = {top_};
  if (known && known->rung != Rung::kFull && OnLadder(known->rung)) {
    first.rung = known->rung;
    first.from_cache = true;
    reason_ = known->reason;
  }
  steps_ = {first};
}

// The rungs that differ from one another within what the user allows and the
// host has proven, from the top.
void RetrySession::MakeLadder() {
  ladder_ = {top_};
  if (!policy_.fallback) return;
  const TlsVersion lowest =
      std::max(policy_.versions.min(), proven_.value_or(TlsVersion::kTls10));
  const auto adds = [&](Rung rung) {
    switch (rung) {
      case Rung::kFull:
        return false;
      case Rung::kNoAlpn:
        return !peer_.alpn.empty();
      case Rung::kCompact:
        return maximum_ == TlsVersion::kTls13 && CompactHelloFits(peer_.host);
      case Rung::kTls12:
      case Rung::kTls11:
      case Rung::kTls10:
        return RungMaximum(rung) < maximum_ && RungMaximum(rung) >= lowest;
    }
    return false;
  };
  for (Rung rung : {Rung::kNoAlpn, Rung::kCompact, Rung::kTls12, Rung::kTls11,
                    Rung::kTls10}) {
    if (rung > top_ && adds(rung)) ladder_.push_back(rung);
  }
}

bool RetrySession::OnLadder(Rung rung) const {
  return std::find(ladder_.begin(), ladder_.end(), rung) != ladder_.end();
}

HandshakeProfile RetrySession::ProfileFor(Rung rung) const {
  HandshakeProfile profile;
  const TlsVersion maximum = std::min(maximum_, RungMaximum(rung));
  profile.compact = rung == Rung::kCompact;
  // A compact hello has no room for a longer list of versions.
  const TlsVersion minimum =
      profile.compact ? std::max(policy_.versions.min(), TlsVersion::kTls12)
                      : policy_.versions.min();
  // Both ends lie inside the policy's range, so that this cannot fail.
  profile.versions = *TlsVersionRange::Create(minimum, maximum);
  if (maximum < maximum_) profile.reduced_from = maximum_;
  profile.false_start = rung == Rung::kFull;  // promise 11
  if (rung == Rung::kFull && !peer_.alpn.empty()) profile.alpn = {peer_.alpn};
  return profile;
}

bool RetrySession::MayHedge(const Step& step) const {
  return peer_.security == ConnectionSecurity::kImplicitTls && !hedge_used_ &&
         step.rung == Rung::kFull && step.purpose != Purpose::kFullRange &&
         !full_offer_proven_ &&
         RungBelow(step.rung, FailureClass::kSilent).has_value();
}

absl::Duration RetrySession::Share(Rung rung, absl::Duration remaining) const {
  int64_t offers_left =
      std::count_if(ladder_.begin(), ladder_.end(), [rung](Rung other) {
        // Nothing but an alert leads to `no-alpn`: no time is kept for it.
        return other == rung || (other > rung && other != Rung::kNoAlpn);
      });
  if (IsRatcheted()) {
    offers_left = policy_.addresses_for_proven_host - Offers(rung) + 1;
  }
  return std::max(policy_.min_attempt,
                  remaining / std::max<int64_t>(offers_left, 1));
}

std::optional<AttemptPlan> RetrySession::Next(absl::Duration remaining) {
  if (steps_.empty() || attempts_ >= policy_.max_attempts) return std::nullopt;
  if (remaining <= absl::ZeroDuration() && attempts_ > 0) return std::nullopt;
  const Step step = steps_.front();
  steps_.erase(steps_.begin());
  ++offers_[step.rung];
  AttemptPlan plan;
  plan.number = ++attempts_;
  plan.rung = step.rung;
  plan.purpose = step.purpose;
  plan.from_cache = step.from_cache;
  plan.other_address = step.other_address;
  plan.pinned = step.rung == top_ && top_ != Rung::kFull;
  plan.hedged = step.hedged;
  plan.hold_answer =
      step.hedged && step.rung > Rung::kCompact && IsRunning(Rung::kCompact);
  plan.profile = ProfileFor(step.rung);
  plan.profile.fallback_scsv = step.purpose != Purpose::kSentinel;
  plan.hello_timeout = Share(step.rung, remaining);
  if (MayHedge(step)) plan.hedge_delay = policy_.hedge_delay;
  running_.emplace(plan.number, plan.rung);
  return plan;
}

CacheUpdate RetrySession::Observe(const AttemptPlan& plan,
                                  const AttemptOutcome& outcome) {
  running_.erase(plan.number);
  if (outcome.connected()) {
    End();
    if (outcome.certificate_overridden) return std::monostate{};
    return AfterSuccess(plan, *outcome.connected_version);
  }
  const Error error =
      outcome.error.value_or(MakeError(ErrorCode::kInternal, Phase::kSetup));
  errors_.emplace(plan.number, error);
  failed_.push_back({plan, outcome.failure});
  doubtful_ |= outcome.through_proxy && IsAmbiguous(outcome.failure);
  if (IsFatal(plan, outcome.failure, error)) {
    End();
  } else if (!running_.empty()) {
    WhileOthersRun(failed_.back());
  } else if (steps_.empty()) {
    const std::optional<Step> next = AfterRace();
    failed_.clear();
    if (next) {
      steps_ = {*next};
    } else {
      End();
    }
  }
  const bool record_is_wrong =
      plan.profile.reduced_from &&
      outcome.failure == FailureClass::kDowngradeRefused;
  if (record_is_wrong) return ForgetReduction{};
  return std::monostate{};
}

CacheUpdate RetrySession::AfterSuccess(const AttemptPlan& plan,
                                       TlsVersion version) const {
  if (plan.rung == top_ || plan.from_cache) {
    // An offer that the user has limited says nothing of what it left out.
    const bool full_offer =
        plan.rung == Rung::kFull && maximum_ == TlsVersion::kTls13;
    return LearnedProof{version, full_offer};
  }
  // A silence of the way must not pass for one of the server (promise 4).
  if (doubtful_ || (plan.hedged && hedge_is_doubtful_)) return std::monostate{};
  return LearnedReduction{plan.rung, reason_.value_or(ErrorCode::kInternal),
                          version, plan.hedged};
}

void RetrySession::Hedge(const AttemptPlan& plan, bool through_proxy) {
  if (over_ || hedge_used_) return;
  hedge_used_ = true;
  hedge_is_doubtful_ = through_proxy;
  reason_ = ErrorCode::kSilentDuringHandshake;
  std::optional<Rung> rung = RungBelow(plan.rung, FailureClass::kSilent);
  if (!rung) return;
  steps_.push_back(HedgedStep(*rung));
  if (*rung != Rung::kCompact) return;
  rung = RungBelow(*rung, FailureClass::kSilent);
  if (rung) steps_.push_back(HedgedStep(*rung));
}

std::vector<int> RetrySession::Answered(const AttemptPlan& plan) {
  std::vector<int> given_up;
  for (auto it = running_.begin(); it != running_.end();) {
    const auto [number, rung] = *it;
    if (rung <= plan.rung) {
      ++it;
      continue;
    }
    given_up.push_back(number);
    --offers_[rung];  // it had no say
    it = running_.erase(it);
  }
  steps_.erase(std::remove_if(
                   steps_.begin(), steps_.end(),
                   [&plan](const Step& step) { return step.rung > plan.rung; }),
               steps_.end());
  return given_up;
}

absl::Duration RetrySession::MoreTime(const AttemptPlan& plan,
                                      absl::Duration remaining) {
  const bool refused =
      std::any_of(failed_.begin(), failed_.end(), [](const Failed& failed) {
        return failed.failure == FailureClass::kDowngradeRefused;
      });
  if (!refused || plan.rung != top_ || std::exchange(extended_, true)) {
    return absl::ZeroDuration();
  }
  return Share(plan.rung, remaining);
}

// What failed beside others leads on only to an offer that none of them makes.
void RetrySession::WhileOthersRun(const Failed& failed) {
  if (!failed.plan.hedged || !IsIntolerance(failed.failure)) return;
  const std::optional<Rung> below = RungBelow(failed.plan.rung, failed.failure);
  if (below && Offers(*below) == 0) steps_.push_back(HedgedStep(*below));
}

// What follows once nothing runs any more.
std::optional<RetrySession::Step> RetrySession::AfterRace() {
  const auto refusal =
      std::find_if(failed_.begin(), failed_.end(), [](const Failed& failed) {
        return failed.failure == FailureClass::kDowngradeRefused;
      });
  const auto is_top = [this](const Failed& f) { return f.plan.rung == top_; };
  if (refusal != failed_.end()) {
    // A full offer that was still waiting is promise 6's full-range attempt.
    const auto full = std::find_if(refusal, failed_.end(), is_top);
    if (full == failed_.end()) return AfterFailure(*refusal);
    path_blocked_ = IsIntolerance(full->failure);
    return std::nullopt;
  }
  // A failure that blames no offer counts more than those that do.
  return AfterFailure(*std::max_element(
      failed_.begin(), failed_.end(), [](const Failed& a, const Failed& b) {
        const bool a_blames = IsIntolerance(a.failure);
        const bool b_blames = IsIntolerance(b.failure);
        return a_blames != b_blames ? a_blames : a.plan.rung < b.plan.rung;
      }));
}

std::optional<RetrySession::Step> RetrySession::AfterFailure(
    const Failed& failed) {
  const auto& [plan, failure] = failed;
  if (!policy_.fallback) return std::nullopt;
  if (plan.purpose == Purpose::kFullRange) {
    // The server can do better, and the full offer fails all the same
    // (promise 6).
    path_blocked_ = IsIntolerance(failure);
    return std::nullopt;
  }
  if (failure == FailureClass::kDowngradeRefused) {
    return Step{top_, Purpose::kFullRange};
  }
  if (plan.purpose == Purpose::kSentinel) return std::nullopt;
  if (MayRepeat(plan, failure)) {
    return Step{plan.rung, Purpose::kRepeat, /*from_cache=*/false,
                /*other_address=*/true};
  }
  const bool blames = IsIntolerance(failure);
  // What was remembered does not hold any more, or a passing failure should not
  // keep it alive: the server may have changed for the better.
  if (plan.from_cache && plan.rung != top_ &&
      (blames || failure == FailureClass::kInterrupted)) {
    return Step{top_};
  }
  if (!blames) return std::nullopt;
  const std::optional<Rung> below = RungBelow(plan.rung, failure);
  if (below) {
    if (!plan.profile.reduced_from && !plan.profile.compact) {
      reason_ = errors_.at(plan.number).code;
    }
    return Step{*below};
  }
  const bool may_hide_a_refusal =
      failure == FailureClass::kDropped && plan.profile.reduced_from;
  if (!may_hide_a_refusal) return std::nullopt;
  return Step{plan.rung, Purpose::kSentinel};
}

bool RetrySession::MayRepeat(const AttemptPlan& plan,
                             FailureClass failure) const {
  // Smaller offers are made only after a failure that was confirmed.
  if (plan.rung != top_ && plan.rung != Rung::kNoAlpn) return false;
  if (plan.rung == top_ && IsRatcheted() && IsIntolerance(failure) &&
      failure != FailureClass::kAlpnRefused) {
    return Offers(top_) < policy_.addresses_for_proven_host;
  }
  if (Offers(plan.rung) > 1) return false;
  switch (failure) {
    case FailureClass::kDropped:
    case FailureClass::kInterrupted:
      return true;
    case FailureClass::kSilent:
      // With STARTTLS the server was alive a moment ago; a silence is
      // confirmed before anything is reduced.
      return peer_.security == ConnectionSecurity::kStartTls;
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
  if (failure == FailureClass::kAlpnRefused) {
    // It says nothing against the version, which stays.
    const bool offered = rung == Rung::kFull && OnLadder(Rung::kNoAlpn);
    return offered ? std::make_optional(Rung::kNoAlpn) : std::nullopt;
  }
  if (IsRatcheted()) return std::nullopt;
  const auto maximum = [this](Rung r) {
    return std::min(maximum_, RungMaximum(r));
  };
  for (Rung lower : ladder_) {
    if (lower <= rung || lower == Rung::kNoAlpn) continue;
    if (failure == FailureClass::kVersionRefused &&
        maximum(lower) == maximum(rung)) {
      continue;
    }
    return lower;
  }
  return std::nullopt;
}

bool RetrySession::IsRatcheted() const {
  return full_offer_proven_ && *proven_ == maximum_;
}

bool RetrySession::IsRunning(Rung rung) const {
  return std::any_of(
      running_.begin(), running_.end(),
      [rung](const auto& entry) { return entry.second == rung; });
}

int RetrySession::Offers(Rung rung) const {
  const auto found = offers_.find(rung);
  return found == offers_.end() ? 0 : found->second;
}

RetrySession::Step RetrySession::HedgedStep(Rung rung) {
  Step step = {rung};
  step.hedged = true;
  return step;
}

void RetrySession::End() {
  over_ = true;
  steps_.clear();
}

// What only all the attempts together show.
std::optional<Error> RetrySession::Conclusion() const {
  if (path_blocked_) {
    return MakeError(ErrorCode::kPathBlocksNewerTls, Phase::kHandshake);
  }
  // Where nothing less was offered, nothing is known of it.
  if (!policy_.fallback || IsRatcheted()) return std::nullopt;
  const auto all = [this](auto&& holds) {
    return std::all_of(errors_.begin(), errors_.end(),
                       [&](const auto& entry) { return holds(entry.second); });
  };
  Error error = errors_.begin()->second;
  if (all(SaysNoCommonParameters)) {
    error.code = ErrorCode::kNoCommonParameters;
    error.message.clear();
    return error;
  }
  if (errors_.size() > 1 && all([](const Error& e) {
        return e.code == ErrorCode::kVersionRefused;
      })) {
    error.code = ErrorCode::kServerTooOld;
    error.message =
        "The server refused every TLS version that is allowed; it speaks only "
        "older ones.";
    return error;
  }
  return std::nullopt;
}

std::string RetrySession::Fingerprint() const {
  std::string text =
      absl::StrCat(attempts_, hedge_used_, extended_, over_, path_blocked_,
                   reason_.has_value(), doubtful_, hedge_is_doubtful_);
  for (const Step& step : steps_) {
    absl::StrAppend(&text, ";s", RungName(step.rung),
                    static_cast<int>(step.purpose), step.from_cache,
                    step.other_address, step.hedged);
  }
  for (const auto& [number, rung] : running_) {
    absl::StrAppend(&text, ";r", number, RungName(rung));
  }
  // Their order matters as AfterRace() looks at it: by number, and whether a
  // refusal came before.
  std::map<int, std::string> failed_by_number;
  bool refused = false;
  for (const auto& [plan, failure] : failed_) {
    refused |= failure == FailureClass::kDowngradeRefused;
    failed_by_number[plan.number] = absl::StrCat(
        RungName(plan.rung), static_cast<int>(plan.purpose), plan.from_cache,
        static_cast<int>(failure), plan.rung == top_ && refused);
  }
  for (const auto& [number, failed] : failed_by_number) {
    absl::StrAppend(&text, ";f", number, failed);
  }
  for (const auto& [rung, count] : offers_) {
    absl::StrAppend(&text, ";o", RungName(rung), count);
  }
  if (!errors_.empty()) {
    absl::StrAppend(&text, ";e", errors_.size() > 1, ErrorName(Failure().code),
                    errors_.begin()->first,
                    ErrorName(errors_.begin()->second.code));
  }
  return text;
}

Error RetrySession::Failure() const {
  if (errors_.empty()) return MakeError(ErrorCode::kInternal, Phase::kSetup);
  if (const std::optional<Error> all_told = Conclusion()) return *all_told;
  // A question that the client left open outranks the others too: only its
  // answer could have gone on.
  const auto refusal =
      std::find_if(errors_.rbegin(), errors_.rend(), [](const auto& entry) {
        return entry.second.refused_for_safety() ||
               entry.second.code == ErrorCode::kCertificateUndecided;
      });
  return refusal != errors_.rend() ? refusal->second : errors_.begin()->second;
}

}  // namespace holdfast
