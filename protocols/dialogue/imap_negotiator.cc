#include "holdfast/protocols/dialogue/imap_negotiator.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "holdfast/protocols/dialogue/reply.h"

namespace holdfast {
namespace {

std::vector<std::string> SplitList(absl::string_view list) {
  return absl::StrSplit(list, ' ', absl::SkipEmpty());
}

}  // namespace

std::string ImapNegotiator::Tagged(absl::string_view command) {
  tag_ = absl::StrCat("hf", ++commands_);
  return absl::StrCat(tag_, " ", command);
}

// greeting = "* OK ...", "* PREAUTH ..." or "* BYE ..." (RFC 9051, 7.1).
Step ImapNegotiator::OnGreeting(absl::string_view line) {
  absl::string_view text = line;
  if (!ConsumeWord(&text, "*")) {
    return Fail(ErrorCode::kMalformedGreeting, line);
  }
  if (ConsumeWord(&text, "BYE")) return Fail(ErrorCode::kServerBusy, text);
  const bool preauth = ConsumeWord(&text, "PREAUTH");
  if (!preauth && !ConsumeWord(&text, "OK")) {
    return Fail(ErrorCode::kMalformedGreeting, line);
  }
  // STARTTLS is not allowed in the authenticated state (RFC 9051, 6.2.1).
  if (preauth && in_clear()) return Fail(ErrorCode::kPreauthenticated, text);
  const std::optional<absl::string_view> list = ConsumeCapabilityCode(&text);
  if (in_clear()) {
    KeepGreeting(absl::StrCat("* OK ", absl::StripPrefix(text, " ")));
    return AskForTls();
  }
  KeepGreeting(std::string(line));
  return list ? CapabilitiesHeard(SplitList(*list)) : AskForCapabilities();
}

Step ImapNegotiator::OnStartTlsAnswer(absl::string_view line) {
  absl::string_view text = line;
  if (ConsumeWord(&text, "*")) {
    if (ConsumeWord(&text, "BYE")) return Fail(ErrorCode::kServerBusy, text);
    return NextLine();  // untagged data in clear is dropped
  }
  if (!ConsumeWord(&text, tag_)) {
    return Fail(ErrorCode::kUnexpectedResponse, line);
  }
  if (ConsumeWord(&text, "OK")) return BeginTls();
  // RFC 5530, 3: something is down for now.
  return Fail(absl::StartsWithIgnoreCase(text, "NO [UNAVAILABLE]")
                  ? ErrorCode::kStartTlsUnavailable
                  : ErrorCode::kStartTlsRefused,
              text);
}

Step ImapNegotiator::OnCapabilityAnswer(absl::string_view line) {
  absl::string_view text = line;
  if (ConsumeWord(&text, "*")) {
    if (ConsumeWord(&text, "BYE")) return Fail(ErrorCode::kServerBusy, text);
    if (ConsumeWord(&text, "CAPABILITY")) heard_ = SplitList(text);
    return NextLine();
  }
  if (!ConsumeWord(&text, tag_) || !ConsumeWord(&text, "OK")) {
    return Fail(ErrorCode::kUnexpectedResponse, line);
  }
  return CapabilitiesHeard(std::move(heard_));
}

std::string ImapNegotiator::FarewellCommand() {
  return absl::StrCat(Tagged("LOGOUT"), "\r\n");
}

bool ImapNegotiator::EndsFarewell(absl::string_view line) const {
  absl::string_view text = line;
  return ConsumeWord(&text, tag_);
}

}  // namespace holdfast
