#include "holdfast/protocols/dialogue/dialogue.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace holdfast {

Step Dialogue::OnLine(absl::string_view line) {
  switch (state_) {
    case State::kGreeting:
      return OnGreeting(line);
    case State::kStartTls:
      return OnStartTlsAnswer(line);
    case State::kCapabilities:
      return OnCapabilityAnswer(line);
    case State::kHandshake:
    case State::kReady:
      break;
  }
  return Fail(ErrorCode::kUnexpectedResponse, line);
}

Step Dialogue::OnTlsEstablished() {
  in_clear_ = false;
  return AskForCapabilities();
}

Step Dialogue::AskForTls() {
  state_ = State::kStartTls;
  return Send(StartTlsCommand());
}

Step Dialogue::AskForCapabilities() {
  state_ = State::kCapabilities;
  Step step = Send(CapabilityCommand());
  step.joinable = !in_clear_ && question() != Question::kFirst;
  return step;
}

std::string Dialogue::Join(const Step& step) {
  if (question() == Question::kAlong) return step.send;
  state_ = State::kReady;
  return "";
}

Step Dialogue::BeginTls() {
  state_ = State::kHandshake;
  Step step;
  step.kind = Step::Kind::kStartTls;
  return step;
}

Step Dialogue::CapabilitiesHeard(std::vector<std::string> capabilities) {
  if (in_clear_) return AskForTls();
  state_ = State::kReady;
  capabilities_ = std::move(capabilities);
  Step step;
  step.kind = Step::Kind::kReady;
  return step;
}

Step Dialogue::Send(absl::string_view command) {
  Step step;
  step.send = absl::StrCat(command, "\r\n");
  return step;
}

Step Dialogue::Fail(ErrorCode code, absl::string_view server_text,
                    absl::string_view message) const {
  Step step;
  step.kind = Step::Kind::kFailed;
  step.error =
      MakeError(code, in_clear_ ? Phase::kPlaintext : Phase::kSession, message);
  step.error->server_text = std::string(server_text);
  return step;
}

}  // namespace holdfast
