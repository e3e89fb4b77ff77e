#include "protocols/imap_negotiator.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace holdfast {
namespace {

Step Fail(ErrorCode code, Phase phase, absl::string_view server_text) {
  Error error = MakeError(code, phase);
  error.server_text = std::string(server_text);
  Step step;
  step.kind = Step::Kind::kFailed;
  step.error = std::move(error);
  return step;
}

Step Send(std::string line) {
  Step step;
  step.send = absl::StrCat(line, "\r\n");
  return step;
}

Step Only(Step::Kind kind) {
  Step step;
  step.kind = kind;
  return step;
}

// Takes `word` and a following space off `text`, without regard to case.
bool ConsumeWord(absl::string_view* text, absl::string_view word) {
  if (!absl::StartsWithIgnoreCase(*text, word)) return false;
  absl::string_view rest = text->substr(word.size());
  if (!rest.empty() && rest.front() != ' ') return false;
  if (!rest.empty()) rest.remove_prefix(1);
  *text = rest;
  return true;
}

// The response code "[CAPABILITY ...]" of a status response (RFC 9051, 7.1):
// its list, and where in `text` it stands.
struct CapabilityCode {
  absl::string_view list;
  size_t begin;
  size_t end;
};
std::optional<CapabilityCode> FindCapabilityCode(absl::string_view text) {
  constexpr absl::string_view kOpening = "[CAPABILITY ";
  if (!absl::StartsWithIgnoreCase(text, kOpening)) return std::nullopt;
  const size_t close = text.find(']');
  if (close == absl::string_view::npos) return std::nullopt;
  return CapabilityCode{text.substr(kOpening.size(), close - kOpening.size()),
                        0, close + 1};
}

std::vector<std::string> SplitList(absl::string_view list) {
  return absl::StrSplit(list, ' ', absl::SkipEmpty());
}

}  // namespace

bool ImapNegotiator::in_clear() const {
  return security_ == ConnectionSecurity::kStartTls &&
         (state_ == State::kGreeting || state_ == State::kStartTls);
}

std::string ImapNegotiator::NextTag() {
  return absl::StrCat("hf", ++commands_);
}

Step ImapNegotiator::Start() { return Only(Step::Kind::kContinue); }

Step ImapNegotiator::OnLine(absl::string_view line) {
  switch (state_) {
    case State::kGreeting:
      return OnGreeting(line);
    case State::kStartTls:
      return OnStartTlsAnswer(line);
    case State::kCapability:
      return OnCapabilityAnswer(line);
    case State::kHandshake:
    case State::kReady:
      break;
  }
  return Fail(ErrorCode::kUnexpectedResponse, Phase::kSession, line);
}

// greeting = "* OK ...", "* PREAUTH ..." or "* BYE ..." (RFC 9051, 7.1).
Step ImapNegotiator::OnGreeting(absl::string_view line) {
  const Phase phase = in_clear() ? Phase::kPlaintext : Phase::kSession;
  absl::string_view text = line;
  if (!ConsumeWord(&text, "*")) {
    return Fail(ErrorCode::kMalformedGreeting, phase, line);
  }
  if (ConsumeWord(&text, "BYE")) {
    return Fail(ErrorCode::kServerBusy, phase, text);
  }
  const bool preauth = ConsumeWord(&text, "PREAUTH");
  if (!preauth && !ConsumeWord(&text, "OK")) {
    return Fail(ErrorCode::kMalformedGreeting, phase, line);
  }
  const std::optional<CapabilityCode> code = FindCapabilityCode(text);
  if (!in_clear()) {
    greeting_ = std::string(line);
    if (!code) return AskCapabilities();
    capabilities_ = SplitList(code->list);
    state_ = State::kReady;
    return Only(Step::Kind::kReady);
  }
  // STARTTLS is not allowed in the authenticated state (RFC 9051, 6.2.1).
  if (preauth) return Fail(ErrorCode::kPreauthenticated, phase, text);
  // What was heard in clear is forgotten, the capabilities first of all.
  if (code) text.remove_prefix(code->end);
  if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  greeting_ = absl::StrCat("* OK ", text);
  state_ = State::kStartTls;
  tag_ = NextTag();
  // Sent even if it is not offered: an offer in clear proves nothing.
  return Send(absl::StrCat(tag_, " STARTTLS"));
}

Step ImapNegotiator::OnStartTlsAnswer(absl::string_view line) {
  absl::string_view text = line;
  if (ConsumeWord(&text, "*")) {
    if (ConsumeWord(&text, "BYE")) {
      return Fail(ErrorCode::kServerBusy, Phase::kPlaintext, text);
    }
    return Only(Step::Kind::kContinue);  // untagged data in clear is dropped
  }
  if (!ConsumeWord(&text, tag_)) {
    return Fail(ErrorCode::kUnexpectedResponse, Phase::kPlaintext, line);
  }
  if (!ConsumeWord(&text, "OK")) {
    return Fail(ErrorCode::kStartTlsRefused, Phase::kPlaintext, text);
  }
  state_ = State::kHandshake;
  return Only(Step::Kind::kStartTls);
}

Step ImapNegotiator::OnTlsEstablished() { return AskCapabilities(); }

Step ImapNegotiator::AskCapabilities() {
  state_ = State::kCapability;
  tag_ = NextTag();
  return Send(absl::StrCat(tag_, " CAPABILITY"));
}

Step ImapNegotiator::OnCapabilityAnswer(absl::string_view line) {
  absl::string_view text = line;
  if (ConsumeWord(&text, "*")) {
    if (ConsumeWord(&text, "CAPABILITY")) capabilities_ = SplitList(text);
    if (ConsumeWord(&text, "BYE")) {
      return Fail(ErrorCode::kServerBusy, Phase::kSession, text);
    }
    return Only(Step::Kind::kContinue);
  }
  if (!ConsumeWord(&text, tag_) || !ConsumeWord(&text, "OK")) {
    return Fail(ErrorCode::kUnexpectedResponse, Phase::kSession, line);
  }
  state_ = State::kReady;
  return Only(Step::Kind::kReady);
}

std::string ImapNegotiator::FarewellCommand() {
  tag_ = NextTag();
  return absl::StrCat(tag_, " LOGOUT\r\n");
}

bool ImapNegotiator::EndsFarewell(absl::string_view line) const {
  absl::string_view text = line;
  return ConsumeWord(&text, tag_);
}

}  // namespace holdfast
