// Every state that a connect can reach, whatever server, network or attacker
// do: all answers to all attempts, under all policies and memories. States that
// were seen are not entered again, so that it ends. In each the promises of
// docs/architecture.md are checked; their numbers stand beside the checks. The
// first needs none: a plan cannot ask for plaintext.

#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "holdfast/fallback/retry_session.h"

namespace holdfast {
namespace {

using Purpose = AttemptPlan::Purpose;

const absl::Time kNow = absl::FromUnixSeconds(1800000000);
constexpr absl::Duration kRemaining = absl::Seconds(30);

// What one attempt may meet.
struct Meeting {
  absl::string_view name;
  FailureClass failure;
  ErrorCode code;
  int alert = -1;
  bool has_bytes = true;  // the server sent something
};
constexpr Meeting kMeetings[] = {
    {"version refused", FailureClass::kVersionRefused,
     ErrorCode::kVersionRefused, 70},
    {"handshake_failure", FailureClass::kHelloRefused, ErrorCode::kHelloRefused,
     40},
    {"decode_error", FailureClass::kHelloRefused, ErrorCode::kHelloRefused, 50},
    {"alpn refused", FailureClass::kAlpnRefused, ErrorCode::kAlpnRefused, 120},
    {"dropped", FailureClass::kDropped, ErrorCode::kClosedDuringHandshake, -1,
     false},
    {"silent", FailureClass::kSilent, ErrorCode::kSilentDuringHandshake, -1,
     false},
    {"too old", FailureClass::kTooOld, ErrorCode::kServerTooOld},
    {"downgrade refused", FailureClass::kDowngradeRefused,
     ErrorCode::kDowngradeDetected, 86},
    {"interrupted", FailureClass::kInterrupted,
     ErrorCode::kHandshakeInterrupted},
    {"wrong name", FailureClass::kFinal, ErrorCode::kWrongName},
    {"plaintext", FailureClass::kFinal, ErrorCode::kPlaintextOnTlsPort},
    {"no TCP", FailureClass::kFinal, ErrorCode::kConnectionRefused, -1, false},
};

// As it is judged where something else may have ended the connection.
Meeting ThroughProxy(const Meeting& meeting) {
  if (meeting.failure != FailureClass::kDropped) return meeting;
  return {"closed through a proxy", FailureClass::kInterrupted,
          ErrorCode::kClosedThroughProxy, -1, false};
}

AttemptOutcome OutcomeOf(const Meeting& meeting) {
  AttemptOutcome outcome;
  outcome.failure = meeting.failure;
  outcome.error = MakeError(meeting.code, Phase::kHandshake);
  if (meeting.alert >= 0) {
    outcome.error->alert = TlsAlert{2, static_cast<uint8_t>(meeting.alert)};
  }
  return outcome;
}

// What is known of the host at the beginning.
struct Memory {
  absl::string_view name;
  HostRecord record;
};

HostRecord Known(const CacheUpdate& update, absl::Time at = kNow) {
  return HostRecord().Apply(update, at, RecordLifetimes());
}
HostRecord Reduced(Rung rung, bool hedged = false, absl::Time at = kNow) {
  return Known(
      LearnedReduction{rung, ErrorCode::kClosedDuringHandshake,
                       std::min(RungMaximum(rung), TlsVersion::kTls13), hedged},
      at);
}
HostRecord WithOrigin(const HostRecord& record, Rung rung,
                      RecordOrigin origin) {
  HostRecord::Fields fields = record.fields();
  fields.reduction = Reduction{rung, ErrorCode::kClosedDuringHandshake, origin,
                               kNow + absl::Hours(1), absl::Hours(1)};
  return *HostRecord::Create(fields);
}

std::vector<Memory> Memories() {
  const HostRecord proven13 = Known(LearnedProof{TlsVersion::kTls13, true});
  const HostRecord proven12 = Known(LearnedProof{TlsVersion::kTls12, true});
  return {
      {"nothing", HostRecord()},
      {"TLS 1.2 proven", proven12},
      {"TLS 1.3 proven", proven13},
      {"an expired proof", Known(LearnedProof{TlsVersion::kTls13, true},
                                 kNow - RecordLifetimes().proof)},
      {"no-alpn", Reduced(Rung::kNoAlpn)},
      {"compact", Reduced(Rung::kCompact)},
      {"expired compact",
       Reduced(Rung::kCompact, false, kNow - absl::Hours(1))},
      {"tls12", Reduced(Rung::kTls12)},
      {"hedged tls12", Reduced(Rung::kTls12, true)},
      {"expired tls12", Reduced(Rung::kTls12, false, kNow - absl::Hours(24))},
      {"tls11", Reduced(Rung::kTls11)},
      {"imported tls12",
       WithOrigin(proven12, Rung::kTls12, RecordOrigin::kImported)},
      {"pinned tls12",
       WithOrigin(proven13, Rung::kTls12, RecordOrigin::kPinned)},
      {"pinned compact",
       WithOrigin(proven13, Rung::kCompact, RecordOrigin::kPinned)},
      {"pinned tls11",
       WithOrigin(HostRecord(), Rung::kTls11, RecordOrigin::kPinned)},
  };
}

// What stays the same during one connect.
struct World {
  std::string name;
  FallbackPolicy policy;
  Peer peer;
  HostRecord record;
  bool through_proxy = false;

  std::optional<TlsVersion> proven() const {
    return record.ProvenVersion(kNow, policy.lifetimes);
  }
  // The reduction in force, if the user made it.
  std::optional<Rung> pinned() const {
    const std::optional<Reduction> active = record.ActiveReduction(kNow);
    const bool holds = policy.fallback && active &&
                       active->origin == RecordOrigin::kPinned &&
                       RungMaximum(active->rung) >= policy.versions.min();
    return holds ? std::make_optional(active->rung) : std::nullopt;
  }
  TlsVersion maximum() const {
    const Rung top = pinned().value_or(Rung::kFull);
    return std::min(policy.versions.max(), RungMaximum(top));
  }
};

// An attempt that runs.
struct Flight {
  AttemptPlan plan;
  bool answered = false;
  bool hedged_beside = false;
};

// A moment of a connect, with what the checks need to know of its past.
struct Moment {
  RetrySession session;
  std::map<int, Flight> flights = {};
  int started = 0;
  int top_offers = 0;
  int full_range_attempts = 0;
  bool downgrade_refused = false;  // by a reduced attempt
  bool doubtful = false;           // a silence was perhaps a proxy's
  std::optional<Meeting> last =
      {};  // what the last failure was; unset: a hedge
  bool failed = false;
  bool fatal = false;  // a certificate problem, or too old
  std::pair<int, ErrorCode> first_failure = {0, ErrorCode::kInternal};
  std::pair<int, ErrorCode> last_refusal = {0, ErrorCode::kInternal};
  std::vector<std::string> story = {};

  std::string Key() const {
    std::string key = absl::StrCat(
        session.Fingerprint(), "|", started, ",", top_offers, ",",
        full_range_attempts, downgrade_refused, doubtful, failed, fatal, ",",
        first_failure.first, ",", ErrorName(first_failure.second), ",",
        last_refusal.first, ",", ErrorName(last_refusal.second));
    for (const auto& [number, flight] : flights) {
      absl::StrAppend(&key, "|", number, flight.answered, flight.hedged_beside);
    }
    return key;
  }
};

class Explorer {
 public:
  explicit Explorer(World world) : world_(std::move(world)) {}

  size_t Explore() {
    Moment start = {
        RetrySession(world_.policy, world_.peer, world_.record, kNow)};
    Go(std::move(start));
    return seen_.size();
  }

 private:
  // Fails once for each world: one story is enough.
  void Check(bool holds, absl::string_view promise, const Moment& moment) {
    if (holds || broken_) return;
    broken_ = true;
    ADD_FAILURE() << promise << "\n  " << world_.name << "\n  "
                  << absl::StrJoin(moment.story, "\n  ");
  }

  void Go(Moment moment) {
    if (broken_) return;
    while (std::optional<AttemptPlan> plan = moment.session.Next(kRemaining)) {
      Begin(*plan, &moment);
    }
    if (!seen_.insert(moment.Key()).second) return;
    if (moment.flights.empty()) return CheckFailure(moment);
    Check(!moment.session.over(), "nothing runs once it is over", moment);
    for (const auto& [number, flight] : moment.flights) {
      Branch(moment, number, flight);
    }
  }

  // All that may happen to one attempt next.
  void Branch(const Moment& moment, int number, const Flight& flight) {
    if (flight.plan.hedge_delay && !flight.answered && !flight.hedged_beside) {
      Moment next = moment;
      next.flights.at(number).hedged_beside = true;
      next.last.reset();
      next.story.push_back(absl::StrCat(number, " unanswered"));
      next.session.Hedge(flight.plan, world_.through_proxy);
      Go(std::move(next));
    }
    if (!flight.answered && moment.flights.size() > 1) {
      Moment next = moment;
      Answer(number, &next);
      Go(std::move(next));
    }
    for (const Meeting& meeting : kMeetings) {
      if (flight.answered && !meeting.has_bytes) continue;
      Fail(moment, number,
           world_.through_proxy ? ThroughProxy(meeting) : meeting);
    }
    for (TlsVersion version : {TlsVersion::kTls10, TlsVersion::kTls11,
                               TlsVersion::kTls12, TlsVersion::kTls13}) {
      const TlsVersionRange& offered = flight.plan.profile.versions;
      if (version < offered.min() || version > offered.max()) continue;
      if (flight.plan.purpose == Purpose::kSentinel) continue;  // never used
      Connect(moment, number, version, /*overridden=*/false);
      Connect(moment, number, version, /*overridden=*/true);
    }
  }

  void Begin(const AttemptPlan& plan, Moment* moment) {
    const TlsVersionRange& offered = plan.profile.versions;
    moment->story.push_back(absl::StrCat(
        plan.number, " ", RungName(plan.rung), " purpose ",
        static_cast<int>(plan.purpose), plan.hedged ? " hedged" : ""));
    const auto check = [&](bool holds, absl::string_view promise) {
      Check(holds, promise, *moment);
    };
    check(plan.number == ++moment->started, "3: every attempt is a new one");
    check(plan.number <= world_.policy.max_attempts, "the budget");
    check(offered.min() >= world_.policy.versions.min(), "2: the floor");
    check(offered.max() <= world_.policy.versions.max(), "2: the maximum");
    check(world_.policy.fallback || plan.number == 1, "no fallback");
    check(!moment->fatal, "5: a certificate problem ends it");
    CheckOffer(plan, check);
    CheckCause(plan, *moment, check);
    if (plan.rung == world_.pinned().value_or(Rung::kFull)) {
      ++moment->top_offers;
    }
    moment->flights[plan.number] = Flight{plan};
  }

  template <typename CheckFunction>
  void CheckOffer(const AttemptPlan& plan, const CheckFunction& check) {
    const HandshakeProfile& profile = plan.profile;
    const TlsVersion maximum = profile.versions.max();
    const bool reduced = maximum < world_.maximum();
    check(profile.reduced_from.has_value() == reduced,
          "6: a reduced version is checked, and nothing else");
    if (reduced) {
      check(profile.reduced_from == world_.maximum(), "6: the check version");
      check(profile.fallback_scsv == (plan.purpose != Purpose::kSentinel),
            "6: TLS_FALLBACK_SCSV");
    }
    if (!world_.pinned() && world_.proven() &&
        *world_.proven() <= world_.policy.versions.max()) {
      check(maximum >= *world_.proven(), "8: never below what is proven");
    }
    check(profile.false_start == (plan.rung == Rung::kFull),
          "11: False Start on the full rung only");
    check(!profile.compact || CompactHelloFits(world_.peer.host) ||
              world_.pinned() == Rung::kCompact,
          "a compact hello fits, or the user pinned it");
    check(profile.alpn.empty() || plan.rung == Rung::kFull, "ALPN at the top");
    if (plan.hedge_delay || plan.hedged) {
      check(world_.peer.security == ConnectionSecurity::kImplicitTls,
            "no hedge with STARTTLS");
      check(!world_.proven() || world_.record.fields().reduction,
            "no hedge for a host of proven tolerance");
    }
  }

  // Promise 4: only what is on the list leads to another attempt, and only to
  // the one that it should.
  template <typename CheckFunction>
  void CheckCause(const AttemptPlan& plan, Moment& moment,
                  const CheckFunction& check) {
    if (plan.number == 1) return;
    if (plan.purpose == Purpose::kFullRange) {
      ++moment.full_range_attempts;
      check(moment.downgrade_refused, "6: full-range only after a refusal");
      check(moment.full_range_attempts == 1, "6: one full-range attempt");
      return;
    }
    check(!moment.downgrade_refused || plan.hedged,
          "6: nothing is reduced after a refusal");
    if (!moment.last) return check(plan.hedged, "a hedge makes hedged offers");
    if (plan.purpose == Purpose::kRepeat) {
      check(IsIntolerance(moment.last->failure) ||
                moment.last->failure == FailureClass::kInterrupted,
            "4: what may be a passing fault is repeated");
      return;
    }
    const bool to_the_top = plan.rung == world_.pinned().value_or(Rung::kFull);
    check(
        IsIntolerance(moment.last->failure) ||
            (moment.last->failure == FailureClass::kInterrupted && to_the_top),
        "4: only the list is intolerance");
  }

  void Answer(int number, Moment* moment) {
    Flight& flight = moment->flights.at(number);
    flight.answered = true;
    moment->story.push_back(absl::StrCat(number, " answered"));
    for (int below : moment->session.Answered(flight.plan)) {
      Check(moment->flights.at(below).plan.rung > flight.plan.rung,
            "only smaller offers are given up", *moment);
      moment->flights.erase(below);
    }
  }

  void Fail(const Moment& moment, int number, const Meeting& meeting) {
    Moment next = moment;
    if (meeting.has_bytes && !next.flights.at(number).answered) {
      Answer(number, &next);
    }
    const AttemptPlan plan = next.flights.at(number).plan;
    next.story.push_back(absl::StrCat(number, " ", meeting.name));
    if (meeting.failure == FailureClass::kSilent &&
        next.session.MoreTime(plan, kRemaining) > absl::ZeroDuration()) {
      Check(next.downgrade_refused, "6: only a refusal gives more time", next);
      return Go(std::move(next));
    }
    AttemptOutcome outcome = OutcomeOf(meeting);
    outcome.through_proxy = world_.through_proxy;
    next.flights.erase(number);
    const CacheUpdate update = next.session.Observe(plan, outcome);
    const bool refused = meeting.failure == FailureClass::kDowngradeRefused &&
                         plan.profile.reduced_from;
    Check(std::holds_alternative<ForgetReduction>(update) == refused,
          "6: a refusal forgets the record", next);
    Check(refused || std::holds_alternative<std::monostate>(update),
          "7: a failure teaches nothing", next);
    Note(number, meeting, *outcome.error, refused, &next);
    next.doubtful |= world_.through_proxy && IsAmbiguous(meeting.failure);
    if (next.session.over()) next.flights.clear();
    Go(std::move(next));
  }

  static void Note(int number, const Meeting& meeting, const Error& error,
                   bool refused, Moment* moment) {
    if (!moment->failed || number < moment->first_failure.first) {
      moment->first_failure = {number, error.code};
    }
    if (error.refused_for_safety() && number > moment->last_refusal.first) {
      moment->last_refusal = {number, error.code};
    }
    moment->failed = true;
    moment->last = meeting;
    moment->downgrade_refused |= refused;
    moment->fatal |= error.category() == ErrorCategory::kCertificate ||
                     meeting.failure == FailureClass::kTooOld;
  }

  void Connect(const Moment& moment, int number, TlsVersion version,
               bool overridden) {
    Moment next = moment;
    if (!next.flights.at(number).answered) Answer(number, &next);
    const AttemptPlan plan = next.flights.at(number).plan;
    AttemptOutcome outcome;
    outcome.connected_version = version;
    outcome.certificate_overridden = overridden;
    outcome.through_proxy = world_.through_proxy;
    next.story.push_back(
        absl::StrCat(number, " connected with ", TlsVersionName(version)));
    const CacheUpdate update = next.session.Observe(plan, outcome);
    Check(next.session.over() && !next.session.Next(kRemaining),
          "11: one connection", next);
    CheckMemory(plan, version, overridden, update, next);
  }

  void CheckMemory(const AttemptPlan& plan, TlsVersion version, bool overridden,
                   const CacheUpdate& update, const Moment& moment) {
    const auto check = [&](bool holds, absl::string_view promise) {
      Check(holds, promise, moment);
    };
    if (overridden) {
      return check(std::holds_alternative<std::monostate>(update),
                   "7: an overridden certificate teaches nothing");
    }
    const auto* learned = std::get_if<LearnedReduction>(&update);
    const bool new_reduction =
        plan.rung != world_.pinned().value_or(Rung::kFull) && !plan.from_cache;
    const bool doubtful =
        moment.doubtful || (world_.through_proxy && plan.hedged);
    check((learned != nullptr) == (new_reduction && !doubtful),
          "7: what was proven, 4: not on the word of a proxy");
    const HostRecord after =
        world_.record.Apply(update, kNow, world_.policy.lifetimes);
    const std::optional<Reduction> reduction = after.ActiveReduction(kNow);
    if (world_.pinned()) {
      return check(reduction && reduction->rung == *world_.pinned(),
                   "6: a pin stays");
    }
    if (learned != nullptr) {
      check(learned->rung == plan.rung && learned->hedged == plan.hedged &&
                learned->version == version,
            "7: the offer that worked");
      const bool proves_nothing =
          plan.hedged || RungMaximum(plan.rung) == TlsVersion::kTls13;
      check(!reduction || !proves_nothing ||
                reduction->expires_at <= kNow + absl::Hours(24),
            "9: nothing authenticates this, and it lives a day at most");
      check(!world_.proven() || RungMaximum(plan.rung) >= *world_.proven(),
            "8: no record below what is proven");
    } else if (plan.rung == Rung::kFull &&
               world_.policy.versions.max() == TlsVersion::kTls13) {
      check(!after.fields().reduction ||
                after.fields().reduction->origin == RecordOrigin::kPinned,
            "9: the full offer heals");
    }
  }

  // Nothing runs, nothing follows: what is reported.
  void CheckFailure(const Moment& moment) {
    const ErrorCode code = moment.session.Failure().code;
    const auto check = [&](bool holds, absl::string_view promise) {
      Check(holds, promise, moment);
    };
    if (code == ErrorCode::kPathBlocksNewerTls) {
      return check(moment.downgrade_refused, "6: the path, after a refusal");
    }
    const bool sums_up = code == ErrorCode::kNoCommonParameters ||
                         code == ErrorCode::kServerTooOld;
    if (moment.last_refusal.first > 0) {
      return check(code == moment.last_refusal.second,
                   "12: a refusal for safety outranks");
    }
    check(sums_up || code == moment.first_failure.second,
          "12: the first failure is the cause");
    if (world_.proven() == TlsVersion::kTls13 && !world_.pinned() &&
        !world_.record.fields().reduction) {
      check(moment.top_offers <= world_.policy.addresses_for_proven_host,
            "8: so many full offers");
    }
  }

  const World world_;
  std::unordered_set<std::string> seen_;
  bool broken_ = false;
};

std::vector<World> Worlds() {
  const std::pair<TlsVersion, TlsVersion> ranges[] = {
      {TlsVersion::kTls12, TlsVersion::kTls13},
      {TlsVersion::kTls12, TlsVersion::kTls12},
      {TlsVersion::kTls13, TlsVersion::kTls13},
      {TlsVersion::kTls11, TlsVersion::kTls13}};
  const Host short_name = *Host::Parse("mail.example.org");
  const Host long_name = *Host::Parse(
      absl::StrCat(std::string(50, 'a'), ".", std::string(50, 'b')));
  std::vector<World> worlds;
  for (const Memory& memory : Memories()) {
    for (const auto& [lowest, highest] : ranges) {
      for (bool fallback : {true, false}) {
        FallbackPolicy policy;
        policy.versions = *TlsVersionRange::Create(lowest, highest);
        policy.fallback = fallback;
        const std::string name = absl::StrCat(
            "known: ", memory.name, "; ", TlsVersionName(lowest), " to ",
            TlsVersionName(highest), fallback ? "" : ", no fallback");
        for (const Peer& peer :
             {Peer{short_name, ConnectionSecurity::kImplicitTls, "imap"},
              Peer{short_name, ConnectionSecurity::kStartTls},
              Peer{short_name, ConnectionSecurity::kStartTls, "imap"},
              Peer{long_name, ConnectionSecurity::kImplicitTls, "imap"}}) {
          const std::string full_name =
              absl::StrCat(name, "; ", ConnectionSecurityName(peer.security),
                           " ", peer.alpn, " ", peer.host.name());
          worlds.push_back({full_name, policy, peer, memory.record});
          // What a proxy changes is the same for all of these.
          if (!fallback || lowest != TlsVersion::kTls12) continue;
          worlds.push_back({full_name + " through a proxy", policy, peer,
                            memory.record, /*through_proxy=*/true});
        }
      }
    }
  }
  return worlds;
}

TEST(RetryExplorationTest, ThePromisesHoldInEveryState) {
  size_t states = 0;
  const std::vector<World> worlds = Worlds();
  for (const World& world : worlds) states += Explorer(world).Explore();
  std::cout << states << " states of " << worlds.size()
            << " worlds were visited\n";
  EXPECT_GT(states, worlds.size());
}

}  // namespace
}  // namespace holdfast
