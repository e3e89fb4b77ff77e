#include "holdfast/protocols/connect/attempt.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/core/base/weak_handle.h"
#include "holdfast/core/nss/nss_error.h"
#include "holdfast/fallback/intolerance.h"
#include "holdfast/protocols/connect/tls_probe.h"
#include "holdfast/protocols/dialogue/connection_parts.h"
#include "holdfast/protocols/dialogue/line_channel.h"

namespace holdfast {
namespace {

using Progress = SecureSocket::Progress;

// How long a server may keep us waiting for its greeting before we look whether
// it waits for us. SMTP servers delay theirs on purpose, to catch spammers.
absl::Duration MuteDelay(Protocol protocol) {
  switch (protocol) {
    case Protocol::kSmtp:
    case Protocol::kSubmission:
      return absl::Seconds(7);
    case Protocol::kImap:
    case Protocol::kPop3:
    case Protocol::kNntp:
      return absl::Seconds(3);
  }
  return absl::Seconds(7);
}

// Never on the port where servers talk to servers: it has no TLS from the first
// byte, and a second connection may be held against us.
bool MayProbeForTls(const Target& target) { return target.endpoint.port != 25; }

// An alert or a handshake record (RFC 8446, 5.1).
bool IsTlsRecord(char first_byte) {
  return first_byte == 0x15 || first_byte == 0x16;
}

// The facts of a failed handshake, for a trace. The bytes are a server's, from
// before TLS: there is no secret in them.
std::vector<std::pair<std::string, std::string>> EvidenceFields(
    const HandshakeEvidence& evidence) {
  return {{"nss", evidence.nss_error != 0 ? NssErrorName(evidence.nss_error)
                                          : std::string()},
          {"alert",
           evidence.alert ? TlsAlertName(evidence.alert->description) : ""},
          {"bytes_received", absl::StrCat(evidence.bytes_received)},
          {"first_bytes", EscapeBytes(evidence.first_bytes)},
          {"server_hello_version",
           evidence.server_hello_version
               ? WireVersionText(*evidence.server_hello_version)
               : ""}};
}

std::string CertificateWord(const TlsInfo& tls) {
  if (tls.certificate_vouched_for()) return "vouched for";
  return tls.certificate_verified() ? "verified" : "not verified";
}

// How long an answer is held at least: on a fast network, time for the other
// side to compute.
constexpr absl::Duration kShortestHold = absl::Milliseconds(50);
// And at most: what a proxy or a client needed to make the connection counts as
// a round trip, and may be much more.
constexpr absl::Duration kLongestHold = absl::Seconds(1);

// One answer to one question; given by kRefuse if nobody gives another.
class CertificateAnswer {
 public:
  using Take = std::function<void(CertificateDecision)>;

  explicit CertificateAnswer(Take take) : take_(std::move(take)) {}
  CertificateAnswer(const CertificateAnswer&) = delete;
  CertificateAnswer& operator=(const CertificateAnswer&) = delete;
  ~CertificateAnswer() { Give(CertificateDecision::kRefuse); }

  void Give(CertificateDecision decision) {
    if (const Take take = std::exchange(take_, nullptr)) take(decision);
  }

 private:
  Take take_;
};

class AttemptImpl : public Attempt {
 public:
  AttemptImpl(EventLoop* loop, Dialer* dialer, AttemptRequest request,
              std::function<void(AttemptResult)> on_done)
      : loop_(loop),
        dialer_(dialer),
        request_(std::move(request)),
        on_done_(std::move(on_done)),
        negotiator_(NewNegotiator(request_.target.protocol,
                                  request_.target.security)) {}

  void Dial();
  void Expire() override;
  AttemptResult GiveUp() override;

 private:
  enum class State { kDialling, kPlaintext, kHandshake, kSession };

  void OnDialled(DialResult result);
  void StartPlaintext();
  void ProbeForTls();
  void FailAsTls();
  void RecordDials(const DialResult& result);
  void StartHandshake();
  void AwaitAnswer(absl::Duration timeout);
  void ContinueHandshake();
  void HoldAnswer();
  void TakeTurn();
  void AskAboutCertificate();
  void OnAnswer(CertificateDecision decision);
  void OnDecided(CertificateDecision decision);
  void FailUndecided();
  void OnHandshakeFailed(bool timed_out);
  // Acts on what the negotiator asks for, in clear or inside TLS.
  void Take(Step step);
  // To be sent, alone or with the first command.
  void Queue(const Step& step);
  // Sends and feeds lines until something must be waited for, or it is over.
  void Converse();
  // These return false if the conversation waits, or is over and *this may be
  // gone.
  bool SendUnsent();
  bool GoOn(const IoResult& result);
  bool Receive();
  void OnIoFailed(Error error);
  void OnEndOfStream();
  void Ready();

  void Wait(EventLoop::Callback then);
  // What was there before the command that it seems to answer. Data that may
  // come unasked is dropped.
  std::string EarlyAnswer();
  void FailInjected(absl::string_view bytes);
  void Fail(FailureClass failure, Error error);
  void Finish(AttemptResult result);
  void Stop();

  Phase phase() const;

  EventLoop* const loop_;
  Dialer* const dialer_;
  AttemptRequest request_;
  std::function<void(AttemptResult)> on_done_;
  std::unique_ptr<Negotiator> negotiator_;

  State state_ = State::kDialling;
  std::unique_ptr<Dialer::Request> dial_;
  std::vector<DialAttempt> dials_;
  std::optional<SocketAddress> address_;
  bool through_proxy_ = false;
  absl::Duration round_trip_;  // of TCP
  std::unique_ptr<SecureSocket> socket_;
  std::unique_ptr<EventLoop::Registration> watch_;
  std::unique_ptr<EventLoop::Registration> hello_timer_;
  std::unique_ptr<EventLoop::Registration> hedge_timer_;
  std::unique_ptr<EventLoop::Registration> hold_;
  bool answered_ = false;  // since the ClientHello
  bool held_ = false;
  // Set while a question about the certificate is open.
  std::optional<WeakOwner<AttemptImpl>> asking_;
  std::unique_ptr<EventLoop::Registration> decided_;
  std::unique_ptr<EventLoop::Registration> turn_;
  // While a port that should speak first says nothing.
  std::unique_ptr<EventLoop::Registration> mute_timer_;
  std::unique_ptr<TlsProbe> probe_;
  LineChannel lines_;
  bool heard_line_ = false;  // in this state
  bool committed_ = false;   // to its first command
};

void AttemptImpl::Dial() {
  if (!request_.addresses.empty()) address_ = request_.addresses.front();
  dial_ = dialer_->Dial(
      request_.target.endpoint, request_.addresses,
      [this](DialResult result) { OnDialled(std::move(result)); });
}

void AttemptImpl::OnDialled(DialResult result) {
  dial_.reset();
  RecordDials(result);
  if (!result.fd.valid()) return Fail(FailureClass::kFinal, *result.error);
  address_ = result.address;
  request_.hooks.record(EventKind::kTcpConnected,
                        {{"address", address_ ? address_->AddressText() : ""},
                         {"through_proxy", through_proxy_ ? "true" : "false"}});
  absl::StatusOr<std::unique_ptr<SecureSocket>> socket =
      SecureSocket::Create(request_.runtime, std::move(result.fd));
  if (!socket.ok()) {
    return Fail(FailureClass::kFinal, ErrorFromStatus(socket.status()));
  }
  socket_ = *std::move(socket);
  socket_->SetKeyLog(request_.key_log);
  // What asks for a sentinel never becomes a connection.
  if (request_.plan.purpose != AttemptPlan::Purpose::kSentinel) {
    socket_->SetIdentity(request_.identity);
    if (request_.hooks.decide_certificate) socket_->AskAboutCertificate();
  }
  socket_->SetWake([this] { TakeTurn(); });
  if (request_.target.security == ConnectionSecurity::kImplicitTls) {
    return StartHandshake();
  }
  StartPlaintext();
}

void AttemptImpl::StartPlaintext() {
  state_ = State::kPlaintext;
  if (MayProbeForTls(request_.target)) {
    mute_timer_ = loop_->StartTimer(MuteDelay(request_.target.protocol),
                                    [this] { ProbeForTls(); });
  }
  Take(negotiator_->Start());
}

// The first socket waits on: a greeting that still comes ends the probe.
void AttemptImpl::ProbeForTls() {
  mute_timer_.reset();
  probe_ = TlsProbe::Start(loop_, dialer_,
                           {request_.target.endpoint, request_.addresses,
                            request_.runtime, request_.trust, request_.now},
                           [this] { FailAsTls(); });
}

void AttemptImpl::FailAsTls() {
  Fail(FailureClass::kFinal,
       MakeError(ErrorCode::kTlsOnPlaintextPort, Phase::kPlaintext));
}

void AttemptImpl::RecordDials(const DialResult& result) {
  through_proxy_ = result.through_proxy;
  dials_ = result.attempts;
  if (!address_ && !dials_.empty()) address_ = dials_.front().address;
  for (const DialAttempt& dial : dials_) {
    if (!dial.error) round_trip_ = dial.ended - dial.started;
    request_.hooks.record(
        EventKind::kAddressTried,
        {{"address", dial.address.AddressText()},
         {"outcome", std::string(DialOutcomeName(dial))},
         {"milliseconds",
          absl::StrCat(absl::ToInt64Milliseconds(dial.ended - dial.started))},
         {"message", dial.error ? dial.error->Message() : ""}});
  }
}

void AttemptImpl::StartHandshake() {
  state_ = State::kHandshake;
  const TlsVersionRange& versions = request_.plan.profile.versions;
  request_.hooks.record(
      EventKind::kHandshakeStarted,
      {{"rung", std::string(RungName(request_.plan.rung))},
       {"min_version", std::string(TlsVersionName(versions.min()))},
       {"max_version", std::string(TlsVersionName(versions.max()))}});
  // A part of a line after the STARTTLS answer is an injection too.
  if (!lines_.rest().empty()) return FailInjected(lines_.rest());
  const absl::Status started =
      socket_->StartTls(request_.plan.profile, request_.target.endpoint.host,
                        request_.trust, request_.now);
  if (!started.ok()) {
    return Fail(FailureClass::kFinal, ErrorFromStatus(started));
  }
  AwaitAnswer(request_.plan.hello_timeout);
  if (request_.plan.hedge_delay) {
    hedge_timer_ = loop_->StartTimer(*request_.plan.hedge_delay, [this] {
      if (!answered_) request_.hooks.on_unanswered(through_proxy_);
    });
  }
  ContinueHandshake();
}

// Only the ClientHello has a limit of its own: once it is answered, no other
// offer could do better, and the deadline is all that counts.
void AttemptImpl::AwaitAnswer(absl::Duration timeout) {
  hello_timer_ = loop_->StartTimer(timeout, [this] {
    if (answered_ || hold_) return;
    const absl::Duration more = request_.hooks.more_time();
    more > absl::ZeroDuration() ? AwaitAnswer(more) : Expire();
  });
}

// The answer lies unread until a fuller offer has had the time for one too.
void AttemptImpl::HoldAnswer() {
  held_ = true;
  const absl::Duration time =
      std::clamp(round_trip_, kShortestHold, kLongestHold);
  hold_ = loop_->StartTimer(time, [this] {
    hold_.reset();
    ContinueHandshake();
  });
}

void AttemptImpl::ContinueHandshake() {
  const Progress progress = socket_->Handshake();
  if (!answered_ && socket_->evidence().bytes_received > 0) {
    answered_ = true;
    request_.hooks.on_answered();
  }
  switch (progress) {
    case Progress::kWouldBlock:
      if (socket_->wants_turn()) return TakeTurn();
      if (socket_->awaits_verdict()) return;
      if (socket_->certificate_question() != nullptr) {
        return AskAboutCertificate();
      }
      return Wait([this] {
        const bool hold = request_.plan.hold_answer && !held_;
        hold ? HoldAnswer() : ContinueHandshake();
      });
    case Progress::kFailed:
      return OnHandshakeFailed(/*timed_out=*/false);
    case Progress::kDone:
      break;
  }
  hello_timer_.reset();
  hedge_timer_.reset();
  if (request_.plan.purpose == AttemptPlan::Purpose::kSentinel) {
    return Fail(
        FailureClass::kFinal,
        MakeError(ErrorCode::kFallbackSignalRefused, Phase::kHandshake));
  }
  state_ = State::kSession;
  heard_line_ = false;
  lines_ = LineChannel();
  const TlsInfo tls = socket_->tls_info();
  request_.hooks.record(EventKind::kHandshakeDone,
                        {{"version", std::string(TlsVersionName(tls.version))},
                         {"cipher", tls.cipher},
                         {"group", tls.group},
                         {"alpn", Printable(tls.alpn)},
                         {"certificate", CertificateWord(tls)}});
  if (tls.version < TlsVersion::kTls12) {
    request_.hooks.record(
        EventKind::kLegacyVersion,
        {{"version", std::string(TlsVersionName(tls.version))}});
  }
  Take(request_.target.security == ConnectionSecurity::kImplicitTls
           ? negotiator_->Start()
           : negotiator_->OnTlsEstablished());
}

// Not at once: others have theirs, and who gives a verdict may be asked at this
// moment.
void AttemptImpl::TakeTurn() {
  turn_ = loop_->StartTimer(absl::ZeroDuration(), [this] {
    turn_.reset();
    ContinueHandshake();
  });
}

// Nothing is waited for but the answer: what the server sends meanwhile stays
// unread.
void AttemptImpl::AskAboutCertificate() {
  asking_.emplace(this);
  const auto answer = std::make_shared<CertificateAnswer>(
      [asking = asking_->handle()](CertificateDecision decision) {
        if (auto* const attempt = asking.get()) attempt->OnAnswer(decision);
      });
  request_.hooks.decide_certificate(
      *socket_->certificate_question(),
      [answer](CertificateDecision decision) { answer->Give(decision); });
}

// Not at once: whoever answers may be asked at this moment.
void AttemptImpl::OnAnswer(CertificateDecision decision) {
  decided_ = loop_->StartTimer(absl::ZeroDuration(),
                               [this, decision] { OnDecided(decision); });
}

void AttemptImpl::OnDecided(CertificateDecision decision) {
  decided_.reset();
  asking_.reset();
  socket_->Decide(decision);
  ContinueHandshake();
}

void AttemptImpl::FailUndecided() {
  Error error = MakeError(ErrorCode::kCertificateUndecided, Phase::kHandshake);
  if (const auto* const question = socket_->certificate_question()) {
    error.certificate_problems = question->problems;
  }
  Fail(FailureClass::kFinal, std::move(error));
}

void AttemptImpl::OnHandshakeFailed(bool timed_out) {
  HandshakeEvidence evidence = socket_->evidence();
  evidence.timed_out = timed_out;
  evidence.through_proxy = through_proxy_;
  request_.hooks.record(EventKind::kHandshakeFailed, EvidenceFields(evidence));
  Verdict verdict =
      Judge(evidence, request_.plan.profile.versions, request_.target.security);
  Fail(verdict.failure, std::move(verdict.error));
}

void AttemptImpl::Take(Step step) {
  switch (step.kind) {
    case Step::Kind::kContinue:
      Queue(step);
      return Converse();
    case Step::Kind::kStartTls:
      request_.hooks.record(EventKind::kStartTlsAccepted, {});
      return StartHandshake();
    case Step::Kind::kReady:
      return Ready();
    case Step::Kind::kFailed:
      return Fail(FailureClass::kFinal, *std::move(step.error));
  }
}

void AttemptImpl::Queue(const Step& step) {
  std::string text = step.send;
  SecretString command;
  if (step.joinable) {
    command = request_.hooks.first_command(*socket_, *negotiator_);
  }
  if (!command.empty()) {
    committed_ = true;
    text = negotiator_->Join(step);
  }
  // In one write: the command is not to wait for what is in front of it.
  lines_.Queue(text, command.view());
}

void AttemptImpl::Converse() {
  while (SendUnsent()) {
    // The answer is the client's to read.
    if (committed_ && (heard_line_ || !lines_.rest().empty())) return Ready();
    std::optional<std::string> line = lines_.TakeLine();
    if (!line) {
      if (!Receive()) return;
      continue;
    }
    heard_line_ = true;
    Step step = negotiator_->OnLine(*line);
    if (step.kind != Step::Kind::kContinue) return Take(std::move(step));
    // The answer to a command was there before the command: it is not the
    // server's.
    if (state_ == State::kPlaintext && !step.send.empty()) {
      if (const std::string early = EarlyAnswer(); !early.empty()) {
        return FailInjected(early);
      }
    }
    Queue(step);
  }
}

std::string AttemptImpl::EarlyAnswer() {
  while (std::optional<std::string> line = lines_.TakeLine()) {
    if (!negotiator_->MayComeUnasked(*line)) {
      return absl::StrCat(*line, "\r\n", lines_.rest());
    }
  }
  const absl::string_view part = lines_.rest();
  return negotiator_->MayComeUnasked(part) ? "" : std::string(part);
}

bool AttemptImpl::SendUnsent() { return GoOn(lines_.Send(socket_.get())); }

bool AttemptImpl::Receive() {
  const bool is_first =
      state_ == State::kPlaintext && !heard_line_ && lines_.rest().empty();
  const IoResult result = lines_.Receive(socket_.get());
  if (!GoOn(result)) return false;
  if (result.bytes == 0) {
    OnEndOfStream();
    return false;
  }
  mute_timer_.reset();
  probe_.reset();
  if (is_first && IsTlsRecord(lines_.rest().front())) {
    FailAsTls();
    return false;
  }
  return true;
}

// False if it waits, or is over.
bool AttemptImpl::GoOn(const IoResult& result) {
  switch (result.progress) {
    case IoProgress::kDone:
      return true;
    case IoProgress::kWouldBlock:
      Wait([this] { Converse(); });
      return false;
    case IoProgress::kFailed:
      OnIoFailed(*result.error);
      return false;
  }
  return false;
}

void AttemptImpl::OnIoFailed(Error error) {
  error.phase = phase();
  Verdict verdict = {FailureClass::kFinal, std::move(error)};
  if (state_ == State::kSession && !heard_line_) {
    verdict = JudgeFirstRead(verdict.error);
  }
  Fail(verdict.failure, std::move(verdict.error));
}

void AttemptImpl::OnEndOfStream() {
  Error error = MakeError(ErrorCode::kClosedBeforeReady, phase());
  error.server_text = std::string(lines_.rest());
  // Nothing came inside TLS yet: as if the handshake had been interrupted.
  const bool interrupted = state_ == State::kSession && !heard_line_;
  Fail(interrupted ? FailureClass::kInterrupted : FailureClass::kFinal,
       std::move(error));
}

void AttemptImpl::Ready() {
  request_.hooks.record(EventKind::kReady, {});
  AttemptResult result;
  const TlsInfo tls = socket_->tls_info();
  result.outcome.connected_version = tls.version;
  result.outcome.certificate_overridden = !tls.certificate_verified();
  result.connection = NewConnection(std::move(socket_), std::move(negotiator_),
                                    std::string(lines_.rest()));
  Finish(std::move(result));
}

void AttemptImpl::Expire() {
  switch (state_) {
    case State::kDialling: {
      const DialResult result = dial_->TimeUp();
      RecordDials(result);
      return Fail(FailureClass::kFinal, *result.error);
    }
    case State::kHandshake:
      return asking_ || socket_->awaits_verdict()
                 ? FailUndecided()
                 : OnHandshakeFailed(/*timed_out=*/true);
    case State::kPlaintext:
    case State::kSession:
      return Fail(
          FailureClass::kFinal,
          MakeError(heard_line_ || committed_ ? ErrorCode::kResponseTimedOut
                                              : ErrorCode::kGreetingTimedOut,
                    phase()));
  }
}

Phase AttemptImpl::phase() const {
  switch (state_) {
    case State::kDialling:
      return Phase::kConnect;
    case State::kPlaintext:
      return Phase::kPlaintext;
    case State::kHandshake:
      return Phase::kHandshake;
    case State::kSession:
      return Phase::kSession;
  }
  return Phase::kSetup;
}

void AttemptImpl::Wait(EventLoop::Callback then) {
  watch_.reset();  // one watch per descriptor
  watch_ = loop_->Watch(socket_->fd(), socket_->WaitInterest(),
                        [this, then = std::move(then)] {
                          // `then` may replace the watch that holds it.
                          const EventLoop::Callback call = then;
                          watch_.reset();
                          call();
                        });
}

void AttemptImpl::FailInjected(absl::string_view bytes) {
  Error error = MakeError(ErrorCode::kStartTlsInjection, Phase::kPlaintext);
  error.first_bytes = std::string(bytes.substr(0, 64));
  Fail(FailureClass::kFinal, std::move(error));
}

void AttemptImpl::Fail(FailureClass failure, Error error) {
  AttemptResult result;
  result.outcome.failure = committed_ ? FailureClass::kFinal : failure;
  result.outcome.error = std::move(error);
  if (socket_) result.certificates = socket_->certificates();
  Finish(std::move(result));
}

void AttemptImpl::Finish(AttemptResult result) {
  Stop();
  result.address = address_;
  result.dials = std::move(dials_);
  result.outcome.through_proxy = through_proxy_;
  // May destroy *this.
  const auto on_done = std::move(on_done_);
  on_done(std::move(result));
}

AttemptResult AttemptImpl::GiveUp() {
  if (dial_) RecordDials(dial_->TimeUp());
  Stop();
  socket_.reset();
  AttemptResult result;
  result.address = address_;
  result.dials = std::move(dials_);
  result.outcome.through_proxy = through_proxy_;
  return result;
}

void AttemptImpl::Stop() {
  watch_.reset();
  hello_timer_.reset();
  hedge_timer_.reset();
  hold_.reset();
  asking_.reset();
  decided_.reset();
  turn_.reset();
  mute_timer_.reset();
  probe_.reset();
  dial_.reset();
}

}  // namespace

std::unique_ptr<Attempt> Attempt::Start(
    EventLoop* loop, Dialer* dialer, AttemptRequest request,
    std::function<void(AttemptResult)> on_done) {
  auto attempt = std::make_unique<AttemptImpl>(loop, dialer, std::move(request),
                                               std::move(on_done));
  attempt->Dial();
  return attempt;
}

}  // namespace holdfast
