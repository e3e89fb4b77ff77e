#include "holdfast/protocols/session/imap/imap_tokens.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace holdfast {
namespace {

constexpr absl::string_view kLineEnd = "\r\n";

bool EndsAtom(char c) {
  return c == ' ' || c == '(' || c == ')' || c == '"' || c == '{' || c == '\0';
}

// Of the quoted string that `text` begins with; 0 if it has no end.
size_t QuotedLength(absl::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return 0;
}

// Of the literal's header with its line end; 0 if it is none.
size_t HeaderLength(absl::string_view text, uint64_t* size) {
  const size_t close = text.find('}');
  if (close == absl::string_view::npos ||
      !absl::SimpleAtoi(text.substr(1, close - 1), size) ||
      text.substr(close + 1, kLineEnd.size()) != kLineEnd) {
    return 0;
  }
  return close + 1 + kLineEnd.size();
}

size_t LiteralLength(absl::string_view text) {
  uint64_t size;
  const size_t header = HeaderLength(text, &size);
  return header == 0 || size > text.size() - header ? 0 : header + size;
}

}  // namespace

bool ImapTokens::Take(char c) {
  if (rest_.empty() || rest_.front() != c) return false;
  rest_.remove_prefix(1);
  return true;
}

bool ImapTokens::TakeWord(absl::string_view word) {
  ImapTokens ahead = *this;
  const std::optional<absl::string_view> atom = ahead.TakeAtom();
  if (!atom || !absl::EqualsIgnoreCase(*atom, word)) return false;
  *this = ahead;
  return true;
}

std::optional<absl::string_view> ImapTokens::TakeAtom() {
  const size_t size = static_cast<size_t>(
      std::find_if(rest_.begin(), rest_.end(), EndsAtom) - rest_.begin());
  if (size == 0) return std::nullopt;
  const absl::string_view atom = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return atom;
}

std::optional<absl::string_view> ImapTokens::TakeItemName() {
  bool in_brackets = false;
  size_t end = 0;
  while (end < rest_.size() && (in_brackets || !EndsAtom(rest_[end]))) {
    if (rest_[end] == '[') in_brackets = true;
    if (rest_[end] == ']') in_brackets = false;
    const size_t length = in_brackets ? Length(end) : 1;
    if (length == 0) return std::nullopt;
    end += length;
  }
  if (end == 0 || in_brackets) return std::nullopt;
  const absl::string_view name = rest_.substr(0, end);
  rest_.remove_prefix(end);
  return name;
}

std::optional<uint64_t> ImapTokens::TakeNumber() {
  const size_t size = static_cast<size_t>(
      std::find_if_not(rest_.begin(), rest_.end(), absl::ascii_isdigit) -
      rest_.begin());
  int64_t number;
  if (!absl::SimpleAtoi(rest_.substr(0, size), &number)) return std::nullopt;
  rest_.remove_prefix(size);
  return static_cast<uint64_t>(number);
}

std::optional<uint32_t> ImapTokens::TakeNumber32() {
  ImapTokens ahead = *this;
  const std::optional<uint64_t> number = ahead.TakeNumber();
  if (!number || *number > std::numeric_limits<uint32_t>::max()) {
    return std::nullopt;
  }
  *this = ahead;
  return static_cast<uint32_t>(*number);
}

std::optional<std::string> ImapTokens::TakeString() {
  const std::optional<absl::string_view> value =
      !rest_.empty() && rest_.front() == '(' ? std::nullopt : TakeValue();
  if (!value || value->front() == '\0') return std::nullopt;
  if (value->front() == '{' || absl::StartsWith(*value, "~{")) {
    return std::string(value->substr(value->find('\n') + 1));
  }
  if (value->front() != '"') return std::string(*value);
  std::string text;
  for (size_t i = 1; i + 1 < value->size(); ++i) {
    if ((*value)[i] == '\\') ++i;
    text.push_back((*value)[i]);
  }
  return text;
}

std::optional<std::vector<std::string>> ImapTokens::TakeAtoms() {
  ImapTokens ahead = *this;
  if (!ahead.Take('(')) return std::nullopt;
  std::vector<std::string> atoms;
  while (!ahead.Take(')')) {
    const std::optional<absl::string_view> atom = ahead.TakeAtom();
    if (!atom) return std::nullopt;
    atoms.emplace_back(*atom);
    ahead.TakeSpace();
  }
  *this = ahead;
  return atoms;
}

size_t ImapTokens::Length(size_t from) const {
  const absl::string_view text = rest_.substr(from);
  if (text.front() == '"') return QuotedLength(text);
  if (text.front() == '{') return LiteralLength(text);
  return 1;
}

// Counts parentheses, so that no depth of them can exhaust the stack.
std::optional<absl::string_view> ImapTokens::TakeValue() {
  size_t depth = 0;
  size_t end = 0;
  while (end < rest_.size()) {
    const char c = rest_[end];
    if (depth == 0 && (c == ' ' || c == ')')) break;
    if (c == '(') ++depth;
    if (c == ')') --depth;
    const size_t length = Length(end);
    if (length == 0) return std::nullopt;
    end += length;
    // A list or a string is a value whatever follows.
    if (depth == 0 && (c == ')' || c == '"' || c == '{' || c == '\0')) break;
  }
  if (end == 0 || depth > 0) return std::nullopt;
  const absl::string_view value = rest_.substr(0, end);
  rest_.remove_prefix(end);
  return value;
}

}  // namespace holdfast
