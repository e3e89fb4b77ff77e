#include "holdfast/protocols/sign_in/sign_in.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/weak_handle.h"
#include "holdfast/protocols/dialogue/connection_parts.h"
#include "holdfast/protocols/dialogue/line_channel.h"
#include "holdfast/protocols/sign_in/authenticator.h"
#include "holdfast/protocols/sign_in/begun_sign_in.h"
#include "holdfast/protocols/sign_in/credentials_gate.h"

namespace holdfast {
namespace {

using Reason = CredentialsRequest::Reason;

// RFC 4954, 4: the longest line while somebody signs in.
constexpr LineLimits kLimits = {12288};

class SignInImpl final : public SignIn {
 public:
  SignInImpl(EventLoop* loop, Connection* connection,
             CredentialsProvider* provider, SignInOptions options,
             std::function<void(SignInResult)> on_done, BegunSignInPtr begun)
      : loop_(loop),
        connection_(connection),
        provider_(provider),
        options_(std::move(options)),
        on_done_(std::move(on_done)),
        begun_(std::move(begun)) {
    timer_ = loop_->StartTimer(absl::ZeroDuration(), [this] { Begin(); });
  }

 private:
  void Begin();
  void GoOn();
  void Ask(CredentialsRequest request);
  CredentialsProvider::Answer OnAnswer();
  void OnCredentials(absl::StatusOr<Credentials> credentials);
  // A try's first command was made.
  void CountTry();
  void AwaitAnswer();
  void Follow(AuthStep step);
  void OnRefused(Error error);

  // Sends, then reads until there is a line.
  void Pump();
  bool GoOn(const IoResult& result);
  void Wait();

  void Fail(Error error);
  void Finish();

  EventLoop* const loop_;
  Connection* const connection_;
  CredentialsProvider* const provider_;
  const SignInOptions options_;
  std::function<void(SignInResult)> on_done_;
  const BegunSignInPtr begun_;

  SignInResult result_;
  SaslMechanism mechanism_{};
  std::unique_ptr<Authenticator> authenticator_;
  LineChannel lines_{kLimits};
  std::optional<Error> refusal_;  // of the credentials before
  bool expired_ = false;          // and why

  std::unique_ptr<EventLoop::Registration> timer_;
  std::unique_ptr<EventLoop::Registration> watch_;
  const WeakOwner<SignInImpl> weak_{this};
};

void SignInImpl::Begin() {
  timer_.reset();
  if (begun_ != nullptr) return GoOn();
  // The server knows us already, by the address or the like (RFC 9051, 7.1.4).
  if (options_.protocol == Protocol::kImap &&
      absl::StartsWithIgnoreCase(connection_->greeting(), "* PREAUTH")) {
    return Finish();
  }
  const absl::StatusOr<SaslMechanism> mechanism = ChooseMechanism(
      {OfferedMechanisms(options_.protocol, connection_->capabilities()),
       [this](CredentialKind kind) { return provider_->Has(kind); },
       connection_->channel_binding().has_value(), options_.mechanism,
       connection_->client_certificate_sent()});
  if (!mechanism.ok()) return Fail(ErrorFromStatus(mechanism.status()));
  mechanism_ = *mechanism;
  Ask({KindOf(mechanism_), mechanism_});
}

void SignInImpl::GoOn() {
  mechanism_ = begun_->mechanism();
  authenticator_ = begun_->TakeAuthenticator();
  if (authenticator_ == nullptr) return begun_->WhenAnswered(OnAnswer());
  CountTry();
  AwaitAnswer();
  Pump();
}

void SignInImpl::Ask(CredentialsRequest request) {
  const absl::Status asked =
      CredentialsGate::Ask(*connection_->parts().socket, options_.min_version,
                           provider_, request, OnAnswer());
  // Only a refusal: if somebody was asked, *this may be gone by now.
  if (!asked.ok()) Fail(ErrorFromStatus(asked));
}

CredentialsProvider::Answer SignInImpl::OnAnswer() {
  return [self = weak_.handle()](absl::StatusOr<Credentials> credentials) {
    if (auto* const present = self.get()) {
      present->OnCredentials(std::move(credentials));
    }
  };
}

void SignInImpl::OnCredentials(absl::StatusOr<Credentials> credentials) {
  if (!credentials.ok()) return Fail(ErrorFromStatus(credentials.status()));
  absl::StatusOr<std::unique_ptr<Authenticator>> authenticator =
      NewAuthenticator(options_.protocol, mechanism_, *std::move(credentials),
                       connection_->capabilities(),
                       *connection_->parts().socket, result_.tries + 1);
  if (!authenticator.ok()) return Fail(ErrorFromStatus(authenticator.status()));
  authenticator_ = *std::move(authenticator);
  CountTry();
  Follow(authenticator_->Start());
}

void SignInImpl::CountTry() {
  result_.mechanism = mechanism_;
  ++result_.tries;
}

void SignInImpl::AwaitAnswer() {
  ++result_.round_trips;
  timer_ = loop_->StartTimer(options_.response_timeout, [this] {
    Fail(MakeError(ErrorCode::kResponseTimedOut, Phase::kSession));
  });
}

void SignInImpl::Follow(AuthStep step) {
  switch (step.kind) {
    case AuthStep::Kind::kContinue:
      lines_.Queue("", step.send.view());
      AwaitAnswer();
      return Pump();
    case AuthStep::Kind::kDone:
      result_.capabilities = authenticator_->capabilities();
      return Finish();
    case AuthStep::Kind::kRefused:
      expired_ = authenticator_->expired();
      return OnRefused(*std::move(step.error));
    case AuthStep::Kind::kFailed:
      return Fail(*std::move(step.error));
  }
}

void SignInImpl::OnRefused(Error error) {
  timer_.reset();
  watch_.reset();
  authenticator_.reset();
  refusal_ = std::move(error);
  if (result_.tries >= options_.max_tries) return Fail(*refusal_);
  Ask({KindOf(mechanism_), mechanism_,
       expired_ ? Reason::kExpired : Reason::kRefused, refusal_->server_text});
}

void SignInImpl::Pump() {
  while (GoOn(lines_.Send(connection_))) {
    if (const std::optional<std::string> line = lines_.TakeLine()) {
      Negotiator& negotiator = *connection_->parts().negotiator;
      if (negotiator.ready()) {
        AuthStep step = authenticator_->OnLine(*line);
        if (!step.says_nothing()) return Follow(std::move(step));
        continue;
      }
      // IMAP's list, which was asked for together with the first try.
      if (Step step = negotiator.OnLine(*line); step.error) {
        return Fail(*std::move(step.error));
      }
      continue;
    }
    const IoResult received = lines_.Receive(connection_);
    if (received.progress == IoProgress::kDone && received.bytes == 0) {
      // Servers leave after a few refusals: that is still one.
      return Fail(
          refusal_ ? *refusal_
                   : MakeError(ErrorCode::kConnectionClosed, Phase::kSession));
    }
    if (!GoOn(received)) return;
  }
}

// False if it has to wait, or has failed: then *this may be gone.
bool SignInImpl::GoOn(const IoResult& result) {
  switch (result.progress) {
    case IoProgress::kDone:
      return true;
    case IoProgress::kWouldBlock:
      Wait();
      return false;
    case IoProgress::kFailed:
      Fail(*result.error);
      return false;
  }
  return false;
}

void SignInImpl::Wait() {
  watch_.reset();
  watch_ = loop_->Watch(connection_->fd(), connection_->WaitInterest(),
                        [this] { Pump(); });
}

void SignInImpl::Fail(Error error) {
  error.phase = Phase::kSession;
  result_.error = std::move(error);
  Finish();
}

void SignInImpl::Finish() {
  timer_.reset();
  watch_.reset();
  authenticator_.reset();
  connection_->Unread(lines_.rest());
  // May destroy *this.
  const auto on_done = std::move(on_done_);
  on_done(std::move(result_));
}

}  // namespace

std::optional<Event> SignInEvent(const SignInResult& result,
                                 absl::Duration at) {
  if (result.error) {
    return Event{EventKind::kSignInFailed,
                 at,
                 0,
                 {{"error", std::string(ErrorName(result.error->code))},
                  {"message", result.error->Message()}}};
  }
  if (!result.mechanism) return std::nullopt;
  return Event{
      EventKind::kSignedIn,
      at,
      0,
      {{"mechanism", std::string(SaslMechanismName(*result.mechanism))}}};
}

std::unique_ptr<SignIn> SignIn::Start(EventLoop* loop, Connection* connection,
                                      CredentialsProvider* provider,
                                      SignInOptions options,
                                      std::function<void(SignInResult)> on_done,
                                      BegunSignInPtr begun) {
  return std::make_unique<SignInImpl>(loop, connection, provider,
                                      std::move(options), std::move(on_done),
                                      std::move(begun));
}

}  // namespace holdfast
