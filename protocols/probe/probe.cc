#include "holdfast/protocols/probe/probe.h"

#include <algorithm>
#include <deque>
#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/core/tls/handshake_profile.h"
#include "holdfast/protocols/dialogue/farewell.h"

namespace holdfast {
namespace {

// A courtesy, not worth more.
constexpr absl::Duration kFarewellLimit = absl::Seconds(2);

constexpr Rung kRungs[] = {Rung::kFull, Rung::kNoAlpn, Rung::kCompact,
                           Rung::kTls12};
constexpr TlsVersion kVersions[] = {TlsVersion::kTls13, TlsVersion::kTls12,
                                    TlsVersion::kTls11, TlsVersion::kTls10};

// Reports what is wrong with a certificate and accepts it: nothing but what
// anybody may hear is said on a probe's connections.
class ReportingTrust : public Trust {
 public:
  explicit ReportingTrust(std::shared_ptr<const Trust> trust)
      : trust_(std::move(trust)) {}

  std::unique_ptr<Verification> Begin(
      ServerCertificates server, std::function<void()> wake) const override {
    return trust_->Begin(std::move(server), std::move(wake));
  }
  bool danger_accepts_any_certificate() const override { return true; }

 private:
  const std::shared_ptr<const Trust> trust_;
};

// Once it is known, always the same address: machines behind one name may
// differ.
class OneAddressResolver : public Resolver {
 public:
  OneAddressResolver(EventLoop* loop, Resolver* next)
      : loop_(loop), next_(next) {}

  void Fix(const SocketAddress& address) { address_ = address; }

  std::unique_ptr<Request> Resolve(
      const Endpoint& endpoint,
      std::function<void(Result)> on_result) override {
    if (!address_) return next_->Resolve(endpoint, std::move(on_result));
    return std::make_unique<Answer>(
        loop_, [address = *address_, on_result = std::move(on_result)] {
          on_result(std::vector<SocketAddress>{address});
        });
  }

 private:
  struct Answer : Request {
    Answer(EventLoop* loop, EventLoop::Callback call)
        : timer(loop->StartTimer(absl::ZeroDuration(), std::move(call))) {}
    const std::unique_ptr<EventLoop::Registration> timer;
  };

  EventLoop* const loop_;
  Resolver* const next_;
  std::optional<SocketAddress> address_;
};

// A rung that offers something else than those above it.
bool IsOffer(Rung rung, const ProbeRequest& request) {
  const TlsVersionRange& versions = request.versions;
  if (rung != Rung::kFull && !request.fallback) return false;
  switch (rung) {
    case Rung::kFull:
      return true;
    case Rung::kNoAlpn:
      return !GetProtocolInfo(request.target.protocol).alpn.empty();
    case Rung::kCompact:
      return versions.max() == TlsVersion::kTls13 &&
             CompactHelloFits(request.target.endpoint.host);
    case Rung::kTls12:
    case Rung::kTls11:
    case Rung::kTls10:
      return RungMaximum(rung) < versions.max() &&
             RungMaximum(rung) >= versions.min();
  }
  return false;
}

// One that may not come again with the same offer.
bool MayBePassing(const Error& error) {
  return error.code == ErrorCode::kClosedDuringHandshake ||
         error.code == ErrorCode::kResetDuringHandshake ||
         error.code == ErrorCode::kClosedThroughProxy ||
         error.code == ErrorCode::kHandshakeInterrupted;
}

// Nothing was seen of TLS, and no other offer would change that.
bool EndsProbe(const Error& error) {
  if (error.category() == ErrorCategory::kModeMismatch) return true;
  switch (error.phase) {
    case Phase::kSetup:
    case Phase::kLookup:
    case Phase::kConnect:
    case Phase::kPlaintext:
      return true;
    case Phase::kHandshake:
    case Phase::kSession:
      return false;
  }
  return false;
}

// What `error` says of the only version that was offered. That a connection
// ended says nothing of the server if something else may have ended it, even
// if an alert came before.
VersionSupport SupportAfter(const Error& error, bool through_proxy) {
  const auto is = [&error](std::initializer_list<ErrorCode> codes) {
    return std::find(codes.begin(), codes.end(), error.code) != codes.end();
  };
  if (MayBePassing(error)) {
    return through_proxy ? VersionSupport::kUnknown : VersionSupport::kDropped;
  }
  if (is({ErrorCode::kSilentDuringHandshake, ErrorCode::kHandshakeTimedOut})) {
    return VersionSupport::kSilent;
  }
  if (is({ErrorCode::kVersionRefused, ErrorCode::kServerTooOld,
          ErrorCode::kServerSpeaksSsl3})) {
    return VersionSupport::kUnsupported;
  }
  // The version was agreed on before that came up.
  if (error.code == ErrorCode::kClientCertificateRequired) {
    return VersionSupport::kOk;
  }
  return error.alert ? VersionSupport::kRefused : VersionSupport::kUnknown;
}

class ProbeImpl : public Probe {
 public:
  ProbeImpl(const Connector::Services& services, ProbeRequest request,
            std::function<void(ProbeReport)> on_done)
      : services_(services),
        request_(std::move(request)),
        on_done_(std::move(on_done)),
        resolver_(services.loop, services.resolver),
        trust_(std::make_shared<ReportingTrust>(request_.trust)),
        report_{request_.target, absl::Time()} {
    for (Rung rung : kRungs) {
      report_.rungs[rung] = RungReport();
      if (IsOffer(rung, request_)) steps_.push_back({rung});
    }
    for (TlsVersion version : kVersions) {
      report_.versions[version] = VersionSupport::kUnknown;
      // ALPN has been looked at by then, and could be the cause of a failure.
      steps_.push_back({Rung::kNoAlpn, version});
    }
    StartSoon(absl::ZeroDuration());
  }

 private:
  // One attempt.
  struct Step {
    Rung rung;
    std::optional<TlsVersion> alone = std::nullopt;  // only this is offered
    enum class Purpose {
      kOffer,
      kRepeat,
      kFallback,  // as a connect would come to that rung: with SCSV
      kOtherMode
    } purpose = Purpose::kOffer;
  };

  void StartSoon(absl::Duration pause);
  void StartNext();
  bool IsKnown(const Step& step) const;
  void Attempt(const Step& step);
  ConnectRequest RequestFor(const Step& step);
  std::unique_ptr<HostCache> CacheFor(const Step& step) const;
  void Note(const Event& event);
  void OnAttemptDone(ConnectResult result);
  void Learn(const ConnectReport& attempt);
  void LearnWay(const AttemptReport& attempt);
  void LearnFrom(const std::optional<Error>& error);
  void PlanAfter(const Step& step, const std::optional<Error>& error);
  void Leave(std::unique_ptr<Connection> connection);
  void Finish();

  const Connector::Services services_;
  const ProbeRequest request_;
  std::function<void(ProbeReport)> on_done_;
  OneAddressResolver resolver_;
  const std::shared_ptr<const Trust> trust_;
  ProbeReport report_;

  std::deque<Step> steps_;
  Step step_ = {Rung::kFull};          // that runs
  std::optional<TlsVersion> came_up_;  // in it
  std::unique_ptr<HostCache> cache_;
  std::unique_ptr<EventLoop::Registration> next_;
  std::unique_ptr<Connector::Operation> operation_;
  std::unique_ptr<Farewell> farewell_;
};

void ProbeImpl::StartSoon(absl::Duration pause) {
  next_ = services_.loop->StartTimer(pause, [this] { StartNext(); });
}

void ProbeImpl::StartNext() {
  farewell_.reset();
  operation_.reset();
  while (!steps_.empty() && IsKnown(steps_.front())) steps_.pop_front();
  if (steps_.empty()) return Finish();
  const Step step = steps_.front();
  steps_.pop_front();
  Attempt(step);
}

// A version that a rung has shown is not tried again.
bool ProbeImpl::IsKnown(const Step& step) const {
  return step.alone &&
         report_.versions.at(*step.alone) != VersionSupport::kUnknown;
}

void ProbeImpl::Attempt(const Step& step) {
  step_ = step;
  came_up_.reset();
  cache_ = CacheFor(step);
  if (request_.on_progress) {
    request_.on_progress(std::string(step.alone ? TlsVersionText(*step.alone)
                                                : RungName(step.rung)));
  }
  Connector::Services services = services_;
  services.resolver = &resolver_;
  services.cache = cache_.get();
  operation_ = Connector(services).Connect(
      RequestFor(step),
      [this](ConnectResult result) { OnAttemptDone(std::move(result)); });
}

ConnectRequest ProbeImpl::RequestFor(const Step& step) {
  ConnectRequest request{request_.target, request_.runtime, trust_};
  request.timeout = request_.timeout;
  request.key_log = request_.key_log;
  if (step.purpose == Step::Purpose::kOtherMode) {
    request.target.security = ConnectionSecurity::kStartTls;
  }
  FallbackPolicy& policy = request.policy;
  policy.versions =
      step.alone ? TlsVersionRange::Only(*step.alone) : request_.versions;
  policy.max_attempts = 1;
  policy.min_attempt = request.timeout;      // it has all of the time
  policy.hedge_delay = 2 * request.timeout;  // never
  request.on_event = [this](const Event& event) { Note(event); };
  return request;
}

// In which the host is pinned to the step's rung, or needs it, for this
// attempt.
std::unique_ptr<HostCache> ProbeImpl::CacheFor(const Step& step) const {
  std::unique_ptr<HostCache> cache = NewMemoryHostCache();
  const Target& target = request_.target;
  const absl::Time now = services_.wall_clock();
  CacheUpdate update = PinReduction{step.rung, now + absl::Hours(1)};
  if (step.purpose == Step::Purpose::kFallback) {
    update = LearnedReduction{step.rung, ErrorCode::kClosedDuringHandshake,
                              RungMaximum(step.rung), /*hedged=*/false};
  }
  cache->Apply({target.endpoint, target.security, ""}, update, now);
  return cache;
}

void ProbeImpl::Note(const Event& event) {
  if (event.kind == EventKind::kHandshakeDone) {
    came_up_ = ParseTlsVersion(event.field("version"));
  }
  if (event.kind == EventKind::kStartTlsAccepted &&
      step_.purpose != Step::Purpose::kOtherMode) {
    report_.starttls_accepted = true;
  }
  // An old version is offered to learn of it, not because the user allowed it.
  if (event.kind == EventKind::kLegacyVersion) return;
  if (request_.on_event) request_.on_event(event);
}

void ProbeImpl::OnAttemptDone(ConnectResult result) {
  Learn(result.report);
  if (result.connection) return Leave(std::move(result.connection));
  StartSoon(steps_.empty() ? absl::ZeroDuration() : request_.pause);
}

void ProbeImpl::Learn(const ConnectReport& attempt) {
  const std::optional<Error> error =
      attempt.attempts.empty() ? attempt.error : attempt.attempts.front().error;
  if (step_.purpose == Step::Purpose::kOtherMode) {
    report_.other_mode_works = came_up_.has_value();
    return;
  }
  if (step_.purpose == Step::Purpose::kFallback) {
    report_.fallback_error = error;
    return;
  }
  if (!attempt.attempts.empty()) LearnWay(attempt.attempts.front());
  if (!report_.tls && attempt.tls) {
    report_.tls = attempt.tls;
    report_.capabilities = attempt.capabilities;
  }
  LearnFrom(error);
}

// A machine is only fixed where addresses are ours to choose.
void ProbeImpl::LearnWay(const AttemptReport& attempt) {
  report_.through_proxy |= attempt.through_proxy;
  if (attempt.error && attempt.error->phase <= Phase::kConnect) return;
  report_.reached = true;
  report_.address = attempt.address;
  for (const DialAttempt& dial : attempt.dials) {
    if (!dial.error) resolver_.Fix(dial.address);
  }
}

void ProbeImpl::LearnFrom(const std::optional<Error>& error) {
  if (!step_.alone) report_.rungs[step_.rung] = {true, came_up_, error};
  if (came_up_) report_.versions[*came_up_] = VersionSupport::kOk;
  // The rung that offers nothing else, unless the user allows what is older.
  const bool tls12_alone = step_.rung == Rung::kTls12 &&
                           request_.versions.min() == TlsVersion::kTls12;
  const std::optional<TlsVersion> only =
      tls12_alone ? TlsVersion::kTls12 : step_.alone;
  if (only && error && report_.versions[*only] == VersionSupport::kUnknown) {
    report_.versions[*only] = SupportAfter(*error, report_.through_proxy);
  }
  if (!step_.alone) PlanAfter(step_, error);
}

// What else there is to do once a rung has been tried.
void ProbeImpl::PlanAfter(const Step& step, const std::optional<Error>& error) {
  using Purpose = Step::Purpose;
  if (step.rung == Rung::kTls12 && report_.best_rung() == Rung::kTls12) {
    steps_.push_front({step.rung, std::nullopt, Purpose::kFallback});
  }
  if (step.rung != Rung::kFull || !error) return;
  if (EndsProbe(*error)) {
    steps_.clear();
    if (error->code == ErrorCode::kPlaintextOnTlsPort) {
      steps_.push_back({step.rung, std::nullopt, Purpose::kOtherMode});
    }
  } else if (MayBePassing(*error) && step.purpose == Purpose::kOffer) {
    steps_.push_front({step.rung, std::nullopt, Purpose::kRepeat});
  }
}

void ProbeImpl::Leave(std::unique_ptr<Connection> connection) {
  farewell_ = Farewell::Start(
      services_.loop, std::move(connection), kFarewellLimit, [this] {
        StartSoon(steps_.empty() ? absl::ZeroDuration() : request_.pause);
      });
}

void ProbeImpl::Finish() {
  report_.at = services_.wall_clock();
  // May destroy *this.
  const auto on_done = std::move(on_done_);
  on_done(std::move(report_));
}

}  // namespace

std::unique_ptr<Probe> Probe::Start(const Connector::Services& services,
                                    ProbeRequest request,
                                    std::function<void(ProbeReport)> on_done) {
  return std::make_unique<ProbeImpl>(services, std::move(request),
                                     std::move(on_done));
}

}  // namespace holdfast
