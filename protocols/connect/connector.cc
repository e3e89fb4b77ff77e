#include "holdfast/protocols/connect/connector.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/core/base/weak_handle.h"
#include "holdfast/fallback/retry_session.h"
#include "holdfast/protocols/connect/attempt.h"
#include "holdfast/protocols/sign_in/begun_sign_in.h"

namespace holdfast {
namespace {

// `addresses` with those not yet used first, and of these the family first
// that the last one used does not have.
std::vector<SocketAddress> PreferOthers(
    std::vector<SocketAddress> addresses,
    const std::vector<SocketAddress>& used) {
  if (used.empty()) return addresses;
  const auto rank = [&used](const SocketAddress& address) {
    if (std::find(used.begin(), used.end(), address) != used.end()) return 2;
    return address.family() == used.back().family() ? 1 : 0;
  };
  std::stable_sort(addresses.begin(), addresses.end(),
                   [&rank](const SocketAddress& a, const SocketAddress& b) {
                     return rank(a) < rank(b);
                   });
  return addresses;
}

// The ways in to try, in order (RFC 8314: implicit TLS first).
std::vector<Target> WaysTo(const Target& target) {
  if (target.security != ConnectionSecurity::kAuto) return {target};
  return {target.By(ConnectionSecurity::kImplicitTls),
          target.By(ConnectionSecurity::kStartTls)};
}

// A refusal for safety, or a question that the client left open: no other way
// in is tried, and none of those tried before tells more.
bool OutweighsOthers(const Error& error) {
  return error.refused_for_safety() ||
         error.code == ErrorCode::kCertificateUndecided;
}

// Whether another way in may do better after `error` on this one.
bool MayTryOtherWay(const Error& error) {
  if (OutweighsOthers(error)) return false;
  // It would lead through the same proxy.
  if (error.code == ErrorCode::kProxyUnreachable ||
      error.code == ErrorCode::kProxyAuthenticationRefused ||
      error.code == ErrorCode::kProxyFailed) {
    return false;
  }
  switch (error.category()) {
    case ErrorCategory::kNetwork:
    case ErrorCategory::kTimeout:
    case ErrorCategory::kModeMismatch:
    case ErrorCategory::kTlsIntolerance:
    case ErrorCategory::kTlsProtocol:
    case ErrorCategory::kProtocol:
      return true;
    case ErrorCategory::kDns:
    case ErrorCategory::kStartTls:
    case ErrorCategory::kTlsVersion:
    case ErrorCategory::kDowngrade:
    case ErrorCategory::kLocalPolicy:
    case ErrorCategory::kCertificate:
    case ErrorCategory::kClientCertificate:
    case ErrorCategory::kServerPolicy:
    case ErrorCategory::kAuthentication:
    case ErrorCategory::kLocal:
      return false;
  }
  return false;
}

// How much `error` tells of why no way in led to a connection: that one mode
// was the wrong one is no news, and who came further knows more.
int Weight(const Error& error) {
  if (OutweighsOthers(error)) return 100;
  if (error.category() == ErrorCategory::kModeMismatch) return -1;
  return static_cast<int>(error.phase);
}

// One way in: all that is known and tried of it. A new one is made for each.
struct Way {
  Way(const Target& to, const ConnectRequest& request, HostCache* cache,
      absl::Time now)
      : target(to),
        key{to.endpoint, to.security, request.scope},
        known(cache->Lookup(key)),
        session(request.policy,
                {to.endpoint.host, to.security,
                 std::string(GetProtocolInfo(to.protocol).alpn)},
                known, now) {}

  const Target target;
  const HostKey key;
  HostRecord known;  // as the cache has it
  RetrySession session;
  std::vector<SocketAddress> addresses;
  std::vector<SocketAddress> used;
};

// An attempt on its way.
struct Running {
  AttemptPlan plan;
  int number;              // over all ways
  absl::Duration started;  // loop time
  bool unanswered = false;
  std::unique_ptr<Attempt> attempt = nullptr;  // null during the look-up
  BegunSignInPtr sign_in = nullptr;
};

class ConnectOperation : public Connector::Operation {
 public:
  ConnectOperation(const Connector::Services& services, ConnectRequest request,
                   std::optional<SignInRequest> sign_in,
                   std::function<void(ConnectResult)> on_done)
      : services_(services),
        request_(std::move(request)),
        sign_in_(std::move(sign_in)),
        on_done_(std::move(on_done)),
        started_(services_.loop->Now()),
        ways_left_(WaysTo(request_.target)),
        report_{request_.target} {
    next_ = services_.loop->StartTimer(absl::ZeroDuration(),
                                       [this] { StartWay(); });
    ListenForCancellation();
  }

  void Cancel() override;

 private:
  void ListenForCancellation();
  void StartWay();
  void StartNext();
  void OnWayFailed(Error error);
  void StartSoon();
  void Begin(const AttemptPlan& plan);
  // Here and below, `number` is the plan's.
  void LookUp(int number);
  void OnLookedUp(int number, Resolver::Result result);
  void StartAttempt(int number);
  AttemptHooks HooksFor(int number);
  void TakeAllTime();
  void OnUnanswered(int number, bool through_proxy);
  void OnAnswered(int number);
  SecretString BeginSignIn(int number, const SecureSocket& socket,
                           const Negotiator& negotiator);
  void OnAttemptDone(int number, AttemptResult result);
  void GiveUp(int number);
  void GiveUpAll();
  void Report(const Running& running, const AttemptResult& result);
  void OnDeadline();
  void Succeed(const AttemptPlan& plan, AttemptResult result);
  void Fail(Error error);
  void Finish(std::unique_ptr<Connection> connection);

  absl::Duration Elapsed() const { return services_.loop->Now() - started_; }
  // `attempt` is its number over all ways; 0: of none.
  void Record(EventKind kind, int attempt,
              std::vector<std::pair<std::string, std::string>> fields);
  void Learn(const CacheUpdate& update);
  void ReportCacheWarnings();

  const Connector::Services services_;
  const ConnectRequest request_;
  const std::optional<SignInRequest> sign_in_;
  std::function<void(ConnectResult)> on_done_;
  const absl::Duration started_;  // loop time
  std::vector<Target> ways_left_;
  absl::Duration way_ends_;  // loop time
  std::optional<Way> way_;
  std::optional<Error> cause_;  // of the ways that failed
  ConnectReport report_;
  BegunSignInPtr begun_sign_in_;  // of the attempt that succeeded

  std::unique_ptr<EventLoop::Registration> deadline_;
  std::unique_ptr<EventLoop::Registration> next_;
  std::unique_ptr<Resolver::Request> lookup_;
  int attempts_started_ = 0;        // over all ways
  std::map<int, Running> running_;  // by the plan's number
  // Their callbacks may still be on the stack.
  std::vector<std::unique_ptr<Attempt>> ended_;
  bool cancelled_ = false;
  // To the attempt that sent credentials: its failure is final, nobody else may
  // send them again (promise 11).
  bool committed_ = false;
  const WeakOwner<ConnectOperation> weak_{this};
  std::optional<Cancellation::Listener> cancellation_;
};

void ConnectOperation::ListenForCancellation() {
  if (request_.cancellation == nullptr) return;
  cancellation_.emplace(request_.cancellation.get(),
                        [loop = services_.loop, self = weak_.handle()] {
                          loop->Post([self] {
                            if (auto* const connect = self.get()) {
                              connect->Cancel();
                            }
                          });
                        });
}

void ConnectOperation::Record(
    EventKind kind, int attempt,
    std::vector<std::pair<std::string, std::string>> fields) {
  if (!request_.on_event) return;
  request_.on_event(Event{kind, Elapsed(), attempt, std::move(fields)});
}

void ConnectOperation::StartWay() {
  const Target target = ways_left_.front();
  ways_left_.erase(ways_left_.begin());
  way_.emplace(target, request_, services_.cache, services_.wall_clock());
  // A way that another can follow leaves it half of the time.
  const absl::Duration remaining = request_.timeout - Elapsed();
  const absl::Duration share = ways_left_.empty() ? remaining : remaining / 2;
  way_ends_ = services_.loop->Now() + share;
  deadline_ = services_.loop->StartTimer(share, [this] { OnDeadline(); });
  StartNext();
}

void ConnectOperation::StartSoon() {
  // Not at once: the attempt that called is still on the stack.
  next_ =
      services_.loop->StartTimer(absl::ZeroDuration(), [this] { StartNext(); });
}

void ConnectOperation::StartNext() {
  next_.reset();
  ReportCacheWarnings();
  ended_.clear();  // the last socket is closed before a new one is opened
  while (std::optional<AttemptPlan> plan =
             way_->session.Next(way_ends_ - services_.loop->Now())) {
    Begin(*plan);
  }
  if (running_.empty()) OnWayFailed(way_->session.Failure());
}

void ConnectOperation::Begin(const AttemptPlan& plan) {
  const int number = ++attempts_started_;
  running_.emplace(plan.number, Running{plan, number, services_.loop->Now()});
  Record(EventKind::kAttemptStarted, number,
         {{"target", way_->target.ToString()},
          {"rung", std::string(RungName(plan.rung))},
          {"from_cache", plan.from_cache ? "true" : "false"},
          {"hedged", plan.hedged ? "true" : "false"}});
  const bool needs_look_up =
      way_->addresses.empty() && !services_.dialer->looks_up();
  needs_look_up ? LookUp(plan.number) : StartAttempt(plan.number);
}

void ConnectOperation::OnWayFailed(Error error) {
  const bool may_go_on =
      !committed_ && !ways_left_.empty() && MayTryOtherWay(error);
  if (!cause_ || Weight(error) > Weight(*cause_)) cause_ = std::move(error);
  if (may_go_on) return StartWay();
  Fail(*std::move(cause_));
}

void ConnectOperation::LookUp(int number) {
  Record(EventKind::kLookupStarted, running_.at(number).number,
         {{"host", way_->target.endpoint.host.name()}});
  lookup_ = services_.resolver->Resolve(
      way_->target.endpoint, [this, number](Resolver::Result result) {
        OnLookedUp(number, std::move(result));
      });
}

void ConnectOperation::OnLookedUp(int number, Resolver::Result result) {
  lookup_.reset();
  if (cancelled_) return;
  if (!result.ok()) {
    AttemptResult failed;
    failed.outcome.error = ErrorFromStatus(result.status());
    return OnAttemptDone(number, std::move(failed));
  }
  way_->addresses = *std::move(result);
  Record(EventKind::kLookupEnded, running_.at(number).number,
         {{"addresses", std::to_string(way_->addresses.size())}});
  StartAttempt(number);
}

void ConnectOperation::StartAttempt(int number) {
  const AttemptPlan& plan = running_.at(number).plan;
  AttemptRequest request{way_->target,
                         plan,
                         plan.other_address
                             ? PreferOthers(way_->addresses, way_->used)
                             : way_->addresses,
                         request_.runtime,
                         request_.trust,
                         services_.wall_clock(),
                         request_.key_log,
                         HooksFor(number),
                         request_.identity};
  running_.at(number).attempt =
      Attempt::Start(services_.loop, services_.dialer, std::move(request),
                     [this, number](AttemptResult result) {
                       OnAttemptDone(number, std::move(result));
                     });
}

AttemptHooks ConnectOperation::HooksFor(int number) {
  AttemptHooks hooks;
  hooks.record = [this, number](
                     EventKind kind,
                     std::vector<std::pair<std::string, std::string>> fields) {
    Record(kind, running_.at(number).number, std::move(fields));
  };
  hooks.on_unanswered = [this, number](bool through_proxy) {
    OnUnanswered(number, through_proxy);
  };
  hooks.on_answered = [this, number] { OnAnswered(number); };
  hooks.more_time = [this, number] {
    return way_->session.MoreTime(running_.at(number).plan,
                                  way_ends_ - services_.loop->Now());
  };
  if (request_.on_certificate) {
    hooks.decide_certificate = [this](CertificateQuestion question,
                                      auto answer) {
      const auto answered = std::make_shared<bool>(false);
      request_.on_certificate(
          std::move(question),
          [answered, answer = std::move(answer)](CertificateDecision decision) {
            *answered = true;
            answer(decision);
          });
      if (!*answered && !cancelled_) TakeAllTime();
    };
  }
  hooks.first_command = [this, number](const SecureSocket& socket,
                                       const Negotiator& negotiator) {
    return BeginSignIn(number, socket, negotiator);
  };
  return hooks;
}

// What could speak TLS is no wrong way in: whoever thinks about its certificate
// has all the time that there is.
void ConnectOperation::TakeAllTime() {
  const absl::Duration ends = started_ + request_.timeout;
  if (way_ends_ == ends) return;
  way_ends_ = ends;
  deadline_ = services_.loop->StartTimer(ends - services_.loop->Now(),
                                         [this] { OnDeadline(); });
}

SecretString ConnectOperation::BeginSignIn(int number,
                                           const SecureSocket& socket,
                                           const Negotiator& negotiator) {
  if (!sign_in_ || committed_ || cancelled_) return SecretString();
  BegunSignInPtr& sign_in = running_.at(number).sign_in;
  sign_in = BegunSignIn::Begin(*sign_in_, socket, negotiator);
  if (sign_in == nullptr) return SecretString();
  SecretString command = sign_in->TakeCommand();
  if (command.empty()) return command;
  committed_ = true;
  for (auto next = running_.begin(); next != running_.end();) {
    const int other = (next++)->first;
    if (other != number) GiveUp(other);
  }
  return command;
}

void ConnectOperation::OnUnanswered(int number, bool through_proxy) {
  Running& running = running_.at(number);
  running.unanswered = true;
  Record(
      EventKind::kServerSilent, running.number,
      {{"milliseconds",
        std::to_string(absl::ToInt64Milliseconds(*running.plan.hedge_delay))}});
  way_->session.Hedge(running.plan, through_proxy);
  StartSoon();
}

void ConnectOperation::OnAnswered(int number) {
  Running& running = running_.at(number);
  running.unanswered = false;
  for (int below : way_->session.Answered(running.plan)) GiveUp(below);
}

void ConnectOperation::OnAttemptDone(int number, AttemptResult result) {
  if (cancelled_) return;
  Running running = std::move(running_.extract(number).mapped());
  ended_.push_back(std::move(running.attempt));
  Report(running, result);
  Learn(way_->session.Observe(running.plan, result.outcome));
  if (way_->session.over()) GiveUpAll();
  if (result.outcome.connected()) {
    begun_sign_in_ = std::move(running.sign_in);
    return Succeed(running.plan, std::move(result));
  }
  StartSoon();
}

void ConnectOperation::GiveUp(int number) {
  Running running = std::move(running_.at(number));
  AttemptResult result = running.attempt->GiveUp();
  running_.erase(number);
  if (running.unanswered) {
    result.outcome.error =
        MakeError(ErrorCode::kSilentDuringHandshake, Phase::kHandshake);
  }
  Report(running, result);
}

void ConnectOperation::GiveUpAll() {
  while (!running_.empty()) GiveUp(running_.begin()->first);
}

// One that neither connected nor failed was given up.
void ConnectOperation::Report(const Running& running,
                              const AttemptResult& result) {
  AttemptReport attempt;
  attempt.number = running.number;
  if (result.address) {
    attempt.address = result.address->AddressText();
    way_->used.push_back(*result.address);
  }
  attempt.through_proxy = result.outcome.through_proxy;
  attempt.rung = running.plan.rung;
  attempt.from_cache = running.plan.from_cache;
  attempt.offer = running.plan.profile;
  attempt.security = way_->target.security;
  attempt.duration = services_.loop->Now() - running.started;
  attempt.error = result.outcome.error;
  attempt.given_up = !attempt.error && !result.outcome.connected();
  attempt.dials = result.dials;
  attempt.certificates = std::move(result.certificates);
  if (attempt.error) {
    Record(EventKind::kAttemptFailed, running.number,
           {{"rung", std::string(RungName(running.plan.rung))},
            {"address", attempt.address},
            {"error", std::string(ErrorName(attempt.error->code))},
            {"message", attempt.error->Message()}});
  } else if (attempt.given_up) {
    Record(EventKind::kAttemptGivenUp, running.number,
           {{"rung", std::string(RungName(running.plan.rung))},
            {"address", attempt.address}});
  }
  report_.attempts.push_back(std::move(attempt));
}

void ConnectOperation::Learn(const CacheUpdate& update) {
  if (std::holds_alternative<std::monostate>(update)) return;
  if (std::holds_alternative<ForgetReduction>(update) &&
      way_->known.fields().reduction) {
    Record(EventKind::kRecordForgotten, 0, {});
  }
  way_->known =
      services_.cache->Apply(way_->key, update, services_.wall_clock());
}

// Where nobody listens they stay, for who asks the cache.
void ConnectOperation::ReportCacheWarnings() {
  if (!request_.on_event) return;
  for (const Error& warning : services_.cache->TakeWarnings()) {
    Record(EventKind::kCacheWarning, 0,
           {{"error", std::string(ErrorName(warning.code))},
            {"message", warning.Message()}});
  }
}

void ConnectOperation::Succeed(const AttemptPlan& plan, AttemptResult attempt) {
  report_.tls = attempt.connection->tls_info();
  report_.capabilities = attempt.connection->capabilities();
  ConnectReport::Fallback fallback;
  fallback.rung = plan.rung;
  fallback.from_cache = plan.from_cache;
  fallback.hedged = plan.hedged;
  fallback.pinned = plan.pinned;
  if (fallback.applied()) fallback.reason = way_->session.reduction_reason();
  report_.fallback = fallback;
  report_.target.endpoint = way_->target.endpoint;
  Finish(std::move(attempt.connection));
}

void ConnectOperation::Fail(Error error) {
  report_.error = std::move(error);
  Finish(nullptr);
}

void ConnectOperation::OnDeadline() {
  if (next_) {
    // StartNext() comes first, and gives up or begins what then ends at once.
    deadline_ = services_.loop->StartTimer(absl::ZeroDuration(),
                                           [this] { OnDeadline(); });
    return;
  }
  if (lookup_) {
    lookup_.reset();
    AttemptResult failed;
    failed.outcome.error =
        MakeError(ErrorCode::kLookupTimedOut, Phase::kLookup);
    return OnAttemptDone(running_.begin()->first, std::move(failed));
  }
  // Each that expires is taken out of `running_`, and maybe others with it.
  while (!running_.empty() && !cancelled_) {
    running_.begin()->second.attempt->Expire();
  }
}

void ConnectOperation::Cancel() {
  if (!on_done_ || cancelled_) return;
  cancelled_ = true;
  Record(EventKind::kCancelled, 0, {});
  deadline_.reset();
  // Not from here: this may have been called from inside an event.
  next_ = services_.loop->StartTimer(absl::ZeroDuration(), [this] {
    running_.clear();
    ended_.clear();
    Fail(MakeError(ErrorCode::kCancelled, Phase::kSetup));
  });
}

void ConnectOperation::Finish(std::unique_ptr<Connection> connection) {
  deadline_.reset();
  next_.reset();
  lookup_.reset();
  ReportCacheWarnings();
  if (way_) {
    report_.proven = way_->known.ProvenVersion(services_.wall_clock(),
                                               request_.policy.lifetimes);
  }
  std::sort(report_.attempts.begin(), report_.attempts.end(),
            [](const AttemptReport& a, const AttemptReport& b) {
              return a.number < b.number;
            });
  const std::optional<Reduction> reduction =
      way_ ? way_->known.ActiveReduction(services_.wall_clock()) : std::nullopt;
  if (reduction && services_.cache->persistent()) {
    report_.record_expires_at = reduction->expires_at;
  }
  // May destroy *this.
  const auto on_done = std::exchange(on_done_, nullptr);
  on_done(ConnectResult{std::move(connection), std::move(report_),
                        std::move(begun_sign_in_)});
}

}  // namespace

std::unique_ptr<Connector::Operation> Connector::Connect(
    ConnectRequest request, std::function<void(ConnectResult)> on_done) {
  return std::make_unique<ConnectOperation>(services_, std::move(request),
                                            std::nullopt, std::move(on_done));
}

std::unique_ptr<Connector::Operation> Connector::Connect(
    ConnectRequest request, SignInRequest sign_in,
    std::function<void(ConnectResult)> on_done) {
  return std::make_unique<ConnectOperation>(
      services_, std::move(request), std::move(sign_in), std::move(on_done));
}

}  // namespace holdfast
