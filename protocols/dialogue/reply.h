// How servers answer: the parts of a line that several protocols share.

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_REPLY_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_REPLY_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace holdfast {

// Takes `word` and a following space off `text`, without regard to case.
bool ConsumeWord(absl::string_view* text, absl::string_view word);

// A line that begins with a number: "250-SIZE" (SMTP: RFC 5321, 4.2.1),
// "200 ready" (NNTP: RFC 3977, 3.2).
struct ReplyLine {
  int code;                // 100 to 599
  bool last;               // no hyphen after the code
  absl::string_view text;  // after code and separator

  // Its first digit: 4 is "not now", 5 is "no".
  int kind() const { return code / 100; }
};
std::optional<ReplyLine> ParseReplyLine(absl::string_view line);

// A line of a block that ends with a line of one dot, its stuffed dot taken off
// (RFC 1939, 3; RFC 3977, 3.1.1); nullopt for the end.
std::optional<absl::string_view> UnstuffLine(absl::string_view line);

// Takes IMAP's response code "[CAPABILITY ...]" (RFC 9051, 7.1) off `text`, and
// gives its list.
std::optional<absl::string_view> ConsumeCapabilityCode(absl::string_view* text);

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_REPLY_H_
