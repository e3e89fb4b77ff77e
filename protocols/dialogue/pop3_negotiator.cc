#include "holdfast/protocols/dialogue/pop3_negotiator.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "holdfast/protocols/dialogue/reply.h"

namespace holdfast {
namespace {

// Without APOP's timestamp, "<process.clock@host>" (RFC 1939, 7): an answer to
// one that was heard in clear would go to whoever wrote it.
std::string WithoutTimestamp(absl::string_view greeting) {
  std::string text(greeting);
  for (;;) {
    const size_t open = text.find('<');
    const size_t close = text.find('>', open);
    if (open == std::string::npos || close == std::string::npos) return text;
    text.erase(open, close + 1 - open);
    if (open > 0 && text[open - 1] == ' ') text.erase(open - 1, 1);
  }
}

// RFC 3206: the failure is a passing one.
bool SaysNotNow(absl::string_view text) {
  return absl::StartsWithIgnoreCase(text, "[SYS/TEMP]");
}

}  // namespace

Step Pop3Negotiator::OnGreeting(absl::string_view line) {
  absl::string_view text = line;
  if (ConsumeWord(&text, "-ERR")) return Fail(ErrorCode::kServerBusy, text);
  if (!ConsumeWord(&text, "+OK")) {
    return Fail(ErrorCode::kMalformedGreeting, line);
  }
  KeepGreeting(in_clear() ? WithoutTimestamp(line) : std::string(line));
  return AskForTlsOrCapabilities();
}

Step Pop3Negotiator::OnStartTlsAnswer(absl::string_view line) {
  absl::string_view text = line;
  if (ConsumeWord(&text, "+OK")) return BeginTls();
  if (!ConsumeWord(&text, "-ERR")) {
    return Fail(ErrorCode::kUnexpectedResponse, line);
  }
  return Fail(SaysNotNow(text) ? ErrorCode::kStartTlsUnavailable
                               : ErrorCode::kStartTlsRefused,
              text);
}

Step Pop3Negotiator::OnCapabilityAnswer(absl::string_view line) {
  if (in_list_) {
    const std::optional<absl::string_view> item = UnstuffLine(line);
    if (!item) return CapabilitiesHeard(std::move(heard_));
    heard_.emplace_back(*item);
    return NextLine();
  }
  absl::string_view text = line;
  if (ConsumeWord(&text, "-ERR")) return CapabilitiesHeard({});
  in_list_ = ConsumeWord(&text, "+OK");
  return in_list_ ? NextLine() : Fail(ErrorCode::kUnexpectedResponse, line);
}

bool Pop3Negotiator::EndsFarewell(absl::string_view line) const {
  return ConsumeWord(&line, "+OK") || ConsumeWord(&line, "-ERR");
}

}  // namespace holdfast
