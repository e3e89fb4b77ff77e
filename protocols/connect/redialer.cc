#include "holdfast/protocols/connect/redialer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error_note.h"
#include "holdfast/core/base/weak_handle.h"

namespace holdfast {
namespace {

class RedialerImpl final : public Redialer {
 public:
  RedialerImpl(Connector::Services services, RedialOptions options)
      : loop_(services.loop),
        connector_(std::move(services)),
        options_(std::move(options)),
        sign_in_options_{options_.connect.target.protocol},
        created_(loop_->Now()) {
    sign_in_options_.min_version = options_.connect.policy.versions.min();
    sign_in_options_.max_tries = options_.max_sign_in_tries;
    sign_in_options_.response_timeout = options_.sign_in_timeout;
    if (options_.credentials != nullptr) {
      sign_in_options_.mechanism = options_.credentials->mechanism();
    }
    if (!options_.random) {
      options_.random = [this] { return absl::Uniform(generator_, 0.0, 1.0); };
    }
    ListenForCancellation();
  }

  void Dial(Done on_done) override;
  void DialAgain(const Loss& loss, Done on_done) override;

 private:
  void ListenForCancellation();
  bool cancelled() const {
    return options_.connect.cancellation != nullptr &&
           options_.connect.cancellation->cancelled();
  }
  void OnCancelled();

  void Begin(int dials, Done on_done);
  void PauseAfter(const Error& error, absl::Duration at);
  void Connect();
  void OnConnected(ConnectResult result);
  void OnSignedIn(SignInResult result);
  void Remember();
  void OnFailed(Error error);
  void Finish();
  void Record(EventKind kind,
              std::vector<std::pair<std::string, std::string>> fields);
  // For a connect that begins now: its events tell their time since ours.
  EventSink SinkFromNow() const;

  EventLoop* const loop_;
  Connector connector_;
  RedialOptions options_;
  SignInOptions sign_in_options_;
  const absl::Duration created_;
  absl::BitGen generator_;

  // In a row: since the last connection that lived for longer than any pause.
  int streak_ = 0;
  std::optional<absl::Duration> connected_at_;  // by the last dial

  int dials_left_ = 0;
  Done on_done_;
  RedialResult result_{nullptr, {options_.connect.target}, {}, {}};
  std::unique_ptr<Connection> connection_;  // while it signs in
  std::unique_ptr<EventLoop::Registration> timer_;
  std::unique_ptr<Connector::Operation> connecting_;
  std::unique_ptr<SignIn> sign_in_;
  const WeakOwner<RedialerImpl> weak_{this};
  std::optional<Cancellation::Listener> cancellation_;
};

void RedialerImpl::ListenForCancellation() {
  if (options_.connect.cancellation == nullptr) return;
  cancellation_.emplace(options_.connect.cancellation.get(),
                        [loop = loop_, self = weak_.handle()] {
                          loop->Post([self] {
                            if (auto* const redialer = self.get()) {
                              redialer->OnCancelled();
                            }
                          });
                        });
}

// A connect hears of it by itself, and reports how far it came.
void RedialerImpl::OnCancelled() {
  if (!on_done_ || connecting_ != nullptr) return;
  sign_in_.reset();
  connection_.reset();
  result_.error = MakeError(ErrorCode::kCancelled, Phase::kSession);
  Finish();
}

void RedialerImpl::Dial(Done on_done) {
  Begin(1, std::move(on_done));
  timer_ = loop_->StartTimer(absl::ZeroDuration(), [this] { Connect(); });
}

void RedialerImpl::DialAgain(const Loss& loss, Done on_done) {
  if (connected_at_ &&
      loss.at - *connected_at_ > options_.policy.longest_pause) {
    streak_ = 0;
  }
  Begin(options_.policy.max_redials, std::move(on_done));
  if (dials_left_ > 0 && !cancelled()) {
    return PauseAfter(loss.error, loss.at);
  }
  result_.error = cancelled()
                      ? MakeError(ErrorCode::kCancelled, Phase::kSession)
                      : loss.error;
  timer_ = loop_->StartTimer(absl::ZeroDuration(), [this] { Finish(); });
}

void RedialerImpl::Begin(int dials, Done on_done) {
  on_done_ = std::move(on_done);
  dials_left_ = dials;
  connected_at_.reset();
  result_ = RedialResult{nullptr, {options_.connect.target}, {}, {}};
}

void RedialerImpl::PauseAfter(const Error& error, absl::Duration at) {
  const absl::Duration pause = std::max(
      at + RedialPause(options_.policy, error, streak_++, options_.random()) -
          loop_->Now(),
      absl::ZeroDuration());
  Record(EventKind::kRedialPause,
         {{"milliseconds", absl::StrCat(absl::ToInt64Milliseconds(pause))}});
  timer_ = loop_->StartTimer(pause, [this] { Connect(); });
}

void RedialerImpl::Connect() {
  timer_.reset();
  ++result_.dials;
  --dials_left_;
  ConnectRequest request = options_.connect;
  request.on_event = SinkFromNow();
  auto on_done = [this](ConnectResult result) {
    OnConnected(std::move(result));
  };
  connecting_ =
      options_.credentials == nullptr
          ? connector_.Connect(std::move(request), std::move(on_done))
          : connector_.Connect(std::move(request),
                               {options_.credentials.get(), sign_in_options_},
                               std::move(on_done));
}

void RedialerImpl::OnConnected(ConnectResult result) {
  connecting_.reset();
  result_.report = std::move(result.report);
  if (!result.ok()) return OnFailed(*result_.report.error);
  connection_ = std::move(result.connection);
  if (options_.credentials == nullptr) return Finish();
  sign_in_ = SignIn::Start(
      loop_, connection_.get(), options_.credentials.get(), sign_in_options_,
      [this](SignInResult signed_in) { OnSignedIn(std::move(signed_in)); },
      std::move(result.begun_sign_in));
}

void RedialerImpl::OnSignedIn(SignInResult result) {
  sign_in_.reset();
  result_.sign_in = std::move(result);
  Remember();
  const auto event = SignInEvent(result_.sign_in, loop_->Now() - created_);
  if (event && options_.connect.on_event) options_.connect.on_event(*event);
  if (result_.sign_in.ok()) return Finish();
  connection_.reset();
  OnFailed(*result_.sign_in.error);
}

// What worked saves the next connect a round trip; what did not is not relied
// on again.
void RedialerImpl::Remember() {
  sign_in_options_.remembered_mechanism = std::nullopt;
  if (!result_.sign_in.ok()) {
    sign_in_options_.remembered_capabilities.clear();
    return;
  }
  sign_in_options_.remembered_mechanism = result_.sign_in.mechanism;
  if (!connection_->capabilities().empty()) {
    sign_in_options_.remembered_capabilities = connection_->capabilities();
  }
}

void RedialerImpl::OnFailed(Error error) {
  const bool again = dials_left_ > 0 && MayPass(error);
  result_.error = std::move(error);
  again ? PauseAfter(*result_.error, loop_->Now()) : Finish();
}

void RedialerImpl::Finish() {
  timer_.reset();
  if (connection_ != nullptr) {
    result_.error.reset();
    connected_at_ = loop_->Now();
  }
  result_.connection = std::move(connection_);
  // May destroy *this.
  const Done on_done = std::exchange(on_done_, nullptr);
  on_done(std::move(result_));
}

void RedialerImpl::Record(
    EventKind kind, std::vector<std::pair<std::string, std::string>> fields) {
  const EventSink& sink = options_.connect.on_event;
  if (sink) sink({kind, loop_->Now() - created_, 0, std::move(fields)});
}

EventSink RedialerImpl::SinkFromNow() const {
  if (!options_.connect.on_event) return nullptr;
  return [sink = options_.connect.on_event,
          before = loop_->Now() - created_](Event event) {
    event.at += before;
    sink(event);
  };
}

}  // namespace

bool MayPass(const Error& error) {
  return !error.refused_for_safety() && error.code != ErrorCode::kCancelled &&
         error.code != ErrorCode::kUnexpectedResponse &&
         GetErrorNote(error.code).retry != Retry::kNo;
}

absl::Duration RedialPause(const RedialPolicy& policy, const Error& error,
                           int dials, double random) {
  const absl::Duration pause =
      std::min(policy.longest_pause,
               policy.first_pause * std::pow(2.0, std::min(dials, 30))) *
      (1 - random / 2);
  const bool asked_for_peace =
      error.category() == ErrorCategory::kServerPolicy ||
      error.code == ErrorCode::kAuthenticationUnavailable ||
      error.code == ErrorCode::kStartTlsUnavailable;
  return asked_for_peace
             ? std::max(pause, policy.pause_after_refusal * (1 + random / 2))
             : pause;
}

std::unique_ptr<Redialer> Redialer::Create(Connector::Services services,
                                           RedialOptions options) {
  return std::make_unique<RedialerImpl>(std::move(services),
                                        std::move(options));
}

}  // namespace holdfast
