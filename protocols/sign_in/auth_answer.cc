#include "holdfast/protocols/sign_in/auth_answer.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "holdfast/protocols/dialogue/reply.h"

namespace holdfast {
namespace {

using Kind = AuthAnswer::Kind;

AuthAnswer Make(Kind kind, absl::string_view text) {
  return {kind, std::string(text)};
}

// Whether `text` begins with one of `codes`, such as "[AUTH]".
bool HasCode(absl::string_view text,
             std::initializer_list<absl::string_view> codes) {
  for (absl::string_view code : codes) {
    if (absl::StartsWithIgnoreCase(text, code)) return true;
  }
  return false;
}

std::vector<std::string> SplitList(absl::string_view list) {
  return absl::StrSplit(list, ' ', absl::SkipEmpty());
}

// RFC 5530, 3.
AuthAnswer ReadImapNo(absl::string_view text) {
  if (HasCode(text, {"[UNAVAILABLE]", "[INUSE]", "[SERVERBUG]"})) {
    return Make(Kind::kUnavailable, text);
  }
  return Make(HasCode(text, {"[EXPIRED]"}) ? Kind::kExpired : Kind::kRefused,
              text);
}

AuthAnswer ReadImap(absl::string_view tag, absl::string_view line) {
  absl::string_view text = line;
  if (ConsumeWord(&text, "+")) return Make(Kind::kChallenge, text);
  if (ConsumeWord(&text, "*")) {
    if (ConsumeWord(&text, "BYE")) return Make(Kind::kClosing, text);
    AuthAnswer answer;
    if (ConsumeWord(&text, "CAPABILITY")) {
      answer.capabilities = SplitList(text);
    }
    return answer;
  }
  if (!ConsumeWord(&text, tag)) return Make(Kind::kUnexpected, line);
  if (ConsumeWord(&text, "OK")) {
    return {Kind::kSuccess, "",
            SplitList(ConsumeCapabilityCode(&text).value_or(""))};
  }
  return ConsumeWord(&text, "NO") ? ReadImapNo(text)
                                  : Make(Kind::kUnexpected, line);
}

// RFC 2449, 8.1.1; RFC 3206, 4.
AuthAnswer ReadPop3(absl::string_view line) {
  absl::string_view text = line;
  if (ConsumeWord(&text, "+OK")) return Make(Kind::kSuccess, "");
  if (ConsumeWord(&text, "+")) return Make(Kind::kChallenge, text);
  if (!ConsumeWord(&text, "-ERR")) return Make(Kind::kUnexpected, line);
  const bool not_now =
      HasCode(text, {"[SYS/TEMP]", "[SYS/PERM]", "[IN-USE]", "[LOGIN-DELAY]"});
  return Make(not_now ? Kind::kUnavailable : Kind::kRefused, text);
}

// RFC 4954, 4 and 6.
AuthAnswer ReadSmtp(absl::string_view line) {
  const std::optional<ReplyLine> reply = ParseReplyLine(line);
  if (!reply) return Make(Kind::kUnexpected, line);
  if (!reply->last) return Make(Kind::kNothing, line);
  if (reply->code == 334) return Make(Kind::kChallenge, reply->text);
  if (reply->code == 235) return Make(Kind::kSuccess, "");
  if (reply->code == 421) return Make(Kind::kClosing, line);
  if (reply->kind() == 4) return Make(Kind::kUnavailable, line);
  // 500 to 504 are about the command.
  const bool refused = reply->kind() == 5 && reply->code > 504;
  return Make(refused ? Kind::kRefused : Kind::kUnexpected, line);
}

// RFC 4643, 2.3.1 and 2.4.1. What a challenge or success holds is "=" if it is
// empty.
AuthAnswer ReadNntp(absl::string_view line) {
  const std::optional<ReplyLine> reply = ParseReplyLine(line);
  if (!reply || !reply->last) return Make(Kind::kUnexpected, line);
  const absl::string_view data = reply->text == "=" ? "" : reply->text;
  switch (reply->code) {
    case 281:
      return Make(Kind::kSuccess, "");
    case 283:
      return Make(Kind::kSuccess, data);
    case 381:
    case 383:
      return Make(Kind::kChallenge, data);
    case 400:
      return Make(Kind::kClosing, line);
    case 403:
      return Make(Kind::kUnavailable, line);
    case 452:  // what 481 was called before RFC 4643
    case 481:
    case 502:
      return Make(Kind::kRefused, line);
  }
  return Make(Kind::kUnexpected, line);
}

}  // namespace

AuthAnswer ReadAuthAnswer(Protocol protocol, absl::string_view tag,
                          absl::string_view line) {
  switch (protocol) {
    case Protocol::kImap:
      return ReadImap(tag, line);
    case Protocol::kPop3:
      return ReadPop3(line);
    case Protocol::kSmtp:
    case Protocol::kSubmission:
      return ReadSmtp(line);
    case Protocol::kNntp:
      return ReadNntp(line);
  }
  return {};
}

}  // namespace holdfast
