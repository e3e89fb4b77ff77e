#include "protocols/connector.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/uv_event_loop.h"
#include "fallback/retry_session.h"
#include "protocols/attempt.h"

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

// Whether another way in may do better after `error` on this one. Never after a
// refusal for safety.
bool MayTryOtherWay(const Error& error) {
  if (error.refused_for_safety()) return false;
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
  if (error.refused_for_safety()) return 100;
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
        session(request.policy, to.security, known, now) {}

  const Target target;
  const HostKey key;
  HostRecord known;  // as the cache has it
  RetrySession session;
  std::vector<SocketAddress> addresses;
  std::vector<SocketAddress> used;
};

class ConnectOperation : public Connector::Operation {
 public:
  ConnectOperation(const Connector::Services& services, ConnectRequest request,
                   std::function<void(ConnectResult)> on_done)
      : services_(services),
        request_(std::move(request)),
        on_done_(std::move(on_done)),
        started_(services_.loop->Now()),
        ways_left_(WaysTo(request_.target)),
        report_{request_.target} {
    next_ = services_.loop->StartTimer(absl::ZeroDuration(),
                                       [this] { StartWay(); });
    ListenForCancellation();
  }

  ~ConnectOperation() override { *self_ = nullptr; }

  void Cancel() override;

 private:
  void ListenForCancellation();
  void StartWay();
  void StartNext();
  void OnWayFailed(Error error);
  void LookUp();
  void OnLookedUp(Resolver::Result result);
  void StartAttempt();
  void OnAttemptDone(AttemptResult result);
  void OnDeadline();
  void Succeed(AttemptResult result);
  void Fail(Error error);
  void Finish(std::unique_ptr<Connection> connection);

  absl::Duration Elapsed() const { return services_.loop->Now() - started_; }
  void Record(EventKind kind,
              std::vector<std::pair<std::string, std::string>> fields);
  void Learn(const CacheUpdate& update);
  void ReportCacheWarnings();

  const Connector::Services services_;
  const ConnectRequest request_;
  std::function<void(ConnectResult)> on_done_;
  const absl::Duration started_;  // loop time
  std::vector<Target> ways_left_;
  absl::Duration way_ends_;  // loop time
  std::optional<Way> way_;
  std::optional<Error> cause_;  // of the ways that failed
  ConnectReport report_;

  std::unique_ptr<EventLoop::Registration> deadline_;
  std::unique_ptr<EventLoop::Registration> next_;
  std::unique_ptr<Resolver::Request> lookup_;
  std::unique_ptr<Attempt> attempt_;
  std::optional<AttemptPlan> plan_;
  int attempts_started_ = 0;  // over all ways
  absl::Duration attempt_started_;
  bool cancelled_ = false;
  // Null once *this is gone; used on the loop's thread only.
  const std::shared_ptr<ConnectOperation*> self_ =
      std::make_shared<ConnectOperation*>(this);
  std::optional<Cancellation::Listener> cancellation_;
};

void ConnectOperation::ListenForCancellation() {
  if (request_.cancellation == nullptr) return;
  cancellation_.emplace(request_.cancellation.get(),
                        [loop = services_.loop, self = self_] {
                          loop->Post([self] {
                            if (*self != nullptr) (*self)->Cancel();
                          });
                        });
}

void ConnectOperation::Record(
    EventKind kind, std::vector<std::pair<std::string, std::string>> fields) {
  if (!request_.on_event) return;
  request_.on_event(
      Event{kind, Elapsed(), attempts_started_, std::move(fields)});
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

void ConnectOperation::StartNext() {
  next_.reset();
  ReportCacheWarnings();
  attempt_.reset();  // the last socket is closed before a new one is opened
  plan_ = way_->session.Next(way_ends_ - services_.loop->Now());
  if (!plan_) return OnWayFailed(way_->session.Failure());
  ++attempts_started_;
  attempt_started_ = services_.loop->Now();
  Record(EventKind::kAttemptStarted,
         {{"target", way_->target.ToString()},
          {"rung", std::string(RungName(plan_->rung))},
          {"from_cache", plan_->from_cache ? "true" : "false"}});
  if (way_->addresses.empty()) return LookUp();
  StartAttempt();
}

void ConnectOperation::OnWayFailed(Error error) {
  const bool may_go_on = !ways_left_.empty() && MayTryOtherWay(error);
  if (!cause_ || Weight(error) > Weight(*cause_)) cause_ = std::move(error);
  if (may_go_on) return StartWay();
  Fail(*std::move(cause_));
}

void ConnectOperation::LookUp() {
  Record(EventKind::kLookupStarted,
         {{"host", way_->target.endpoint.host.name()}});
  lookup_ = services_.resolver->Resolve(
      way_->target.endpoint,
      [this](Resolver::Result result) { OnLookedUp(std::move(result)); });
}

void ConnectOperation::OnLookedUp(Resolver::Result result) {
  lookup_.reset();
  if (!result.ok()) {
    AttemptResult failed;
    failed.outcome.error = ErrorFromStatus(result.status());
    return OnAttemptDone(std::move(failed));
  }
  way_->addresses = *std::move(result);
  Record(EventKind::kLookupEnded,
         {{"addresses", std::to_string(way_->addresses.size())}});
  StartAttempt();
}

void ConnectOperation::StartAttempt() {
  AttemptRequest request{way_->target,
                         *plan_,
                         plan_->other_address
                             ? PreferOthers(way_->addresses, way_->used)
                             : way_->addresses,
                         request_.runtime,
                         request_.trust,
                         services_.wall_clock(),
                         request_.key_log,
                         {}};
  request.record =
      [this](EventKind kind,
             std::vector<std::pair<std::string, std::string>> fields) {
        Record(kind, std::move(fields));
      };
  attempt_ = Attempt::Start(
      services_.loop, services_.dialer, std::move(request),
      [this](AttemptResult result) { OnAttemptDone(std::move(result)); });
}

void ConnectOperation::OnAttemptDone(AttemptResult result) {
  if (cancelled_) return;
  AttemptReport attempt;
  attempt.number = attempts_started_;
  if (result.address) {
    attempt.address = result.address->AddressText();
    way_->used.push_back(*result.address);
  }
  attempt.rung = plan_->rung;
  attempt.from_cache = plan_->from_cache;
  attempt.security = way_->target.security;
  attempt.duration = services_.loop->Now() - attempt_started_;
  attempt.error = result.outcome.error;
  attempt.dials = std::move(result.dials);
  Learn(way_->session.Observe(*plan_, result.outcome));
  if (attempt.error) {
    Record(EventKind::kAttemptFailed,
           {{"rung", std::string(RungName(plan_->rung))},
            {"address", attempt.address},
            {"error", std::string(ErrorName(attempt.error->code))},
            {"message", attempt.error->Message()}});
  }
  report_.attempts.push_back(std::move(attempt));
  if (result.outcome.connected()) return Succeed(std::move(result));
  // Not from here: the attempt that called is still on the stack.
  next_ =
      services_.loop->StartTimer(absl::ZeroDuration(), [this] { StartNext(); });
}

void ConnectOperation::Learn(const CacheUpdate& update) {
  if (std::holds_alternative<std::monostate>(update)) return;
  if (std::holds_alternative<ForgetReduction>(update)) {
    Record(EventKind::kRecordForgotten, {});
  }
  way_->known =
      services_.cache->Apply(way_->key, update, services_.wall_clock());
}

void ConnectOperation::ReportCacheWarnings() {
  for (const Error& warning : services_.cache->TakeWarnings()) {
    Record(EventKind::kCacheWarning,
           {{"error", std::string(ErrorName(warning.code))},
            {"message", warning.Message()}});
  }
}

void ConnectOperation::Succeed(AttemptResult attempt) {
  report_.tls = attempt.connection->tls_info();
  report_.capabilities = attempt.connection->capabilities();
  ConnectReport::Fallback fallback;
  fallback.rung = plan_->rung;
  fallback.from_cache = plan_->from_cache;
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
  if (attempt_ && !next_) return attempt_->Expire();
  if (lookup_) {
    lookup_.reset();
    AttemptResult failed;
    failed.outcome.error =
        MakeError(ErrorCode::kLookupTimedOut, Phase::kLookup);
    return OnAttemptDone(std::move(failed));
  }
  // Between two attempts: StartNext() comes first, and gives up or begins what
  // then ends at once.
  deadline_ = services_.loop->StartTimer(absl::ZeroDuration(),
                                         [this] { OnDeadline(); });
}

void ConnectOperation::Cancel() {
  if (!on_done_ || cancelled_) return;
  cancelled_ = true;
  Record(EventKind::kCancelled, {});
  deadline_.reset();
  // Not from here: this may have been called from inside an event.
  next_ = services_.loop->StartTimer(absl::ZeroDuration(), [this] {
    attempt_.reset();
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
  const std::optional<Reduction> reduction =
      way_ ? way_->known.ActiveReduction(services_.wall_clock()) : std::nullopt;
  if (reduction && services_.cache->persistent()) {
    report_.record_expires_at = reduction->expires_at;
  }
  // May destroy *this.
  const auto on_done = std::exchange(on_done_, nullptr);
  on_done(ConnectResult{std::move(connection), std::move(report_)});
}

}  // namespace

std::unique_ptr<Connector::Operation> Connector::Connect(
    ConnectRequest request, std::function<void(ConnectResult)> on_done) {
  return std::make_unique<ConnectOperation>(services_, std::move(request),
                                            std::move(on_done));
}

ConnectResult ConnectBlocking(const ConnectRequest& request, HostCache* cache) {
  ConnectResult result{nullptr, ConnectReport{request.target}};
  absl::StatusOr<std::unique_ptr<UvEventLoop>> loop = UvEventLoop::Create();
  if (!loop.ok()) {
    result.report.error = ErrorFromStatus(loop.status());
    return result;
  }
  const std::unique_ptr<HostCache> forgetful = NewMemoryHostCache();
  const std::unique_ptr<Resolver> resolver = NewSystemResolver(loop->get());
  const std::unique_ptr<Dialer> dialer = NewTcpDialer(loop->get());
  Connector connector({loop->get(), resolver.get(), dialer.get(),
                       cache != nullptr ? cache : forgetful.get()});
  bool done = false;
  const std::unique_ptr<Connector::Operation> operation =
      connector.Connect(request, [&result, &done](ConnectResult r) {
        result = std::move(r);
        done = true;
      });
  (*loop)->RunUntil([&done] { return done; });
  return result;
}

}  // namespace holdfast
