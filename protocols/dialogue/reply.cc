#include "holdfast/protocols/dialogue/reply.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace holdfast {

bool ConsumeWord(absl::string_view* text, absl::string_view word) {
  if (!absl::StartsWithIgnoreCase(*text, word)) return false;
  absl::string_view rest = text->substr(word.size());
  if (!rest.empty() && rest.front() != ' ') return false;
  *text = absl::StripPrefix(rest, " ");
  return true;
}

std::optional<ReplyLine> ParseReplyLine(absl::string_view line) {
  const absl::string_view digits = line.substr(0, 3);
  if (digits.size() != 3 || digits[0] < '1' || digits[0] > '5' ||
      !std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit)) {
    return std::nullopt;
  }
  const int code =
      100 * (digits[0] - '0') + 10 * (digits[1] - '0') + (digits[2] - '0');
  if (line.size() == 3) return ReplyLine{code, true, ""};
  if (line[3] != ' ' && line[3] != '-') return std::nullopt;
  return ReplyLine{code, line[3] == ' ', line.substr(4)};
}

std::optional<absl::string_view> UnstuffLine(absl::string_view line) {
  if (line == ".") return std::nullopt;
  return absl::StripPrefix(line, ".");
}

std::optional<absl::string_view> ConsumeCapabilityCode(
    absl::string_view* text) {
  constexpr absl::string_view kOpening = "[CAPABILITY ";
  const size_t close = text->find(']');
  if (!absl::StartsWithIgnoreCase(*text, kOpening) ||
      close == absl::string_view::npos) {
    return std::nullopt;
  }
  const absl::string_view list =
      text->substr(kOpening.size(), close - kOpening.size());
  text->remove_prefix(close + 1);
  return list;
}

}  // namespace holdfast
