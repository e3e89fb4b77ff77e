#include "holdfast/tests/helpers/shown_text.h"

#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace holdfast::test {
namespace {

// Nullopt if a person may see it.
std::optional<std::string> Unshown(char32_t c) {
  const auto is = [c](char32_t first, char32_t last) {
    return c >= first && c <= last;
  };
  if (c == '\n') return std::nullopt;
  if (is(0, 0x1f) || is(0x7f, 0x9f)) return "a control character";
  if (c == 0x61c || is(0x200e, 0x200f) || is(0x202a, 0x202e) ||
      is(0x2066, 0x2069)) {
    return "a turn of the reading direction";
  }
  if (c == 0xad || is(0x200b, 0x200d) || is(0x2060, 0x2064) || c == 0xfeff) {
    return "a character of no width";
  }
  if (is(0x2028, 0x2029)) return "a separator of lines or paragraphs";
  if (is(0xe0000, 0xe007f)) return "a tag character";
  if (is(0xfdd0, 0xfdef) || (c & 0xffff) >= 0xfffe) return "a noncharacter";
  if (is(0xd800, 0xdfff)) return "a surrogate";
  return std::nullopt;
}

// Of a sequence that begins with `lead`, by its leading ones.
size_t SizeBy(unsigned char lead) {
  size_t ones = 0;
  while (ones < 8 && (lead & (0x80 >> ones)) != 0) ++ones;
  return ones == 0 ? 1 : ones;
}

char32_t Decoded(absl::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return lead;
  char32_t c = lead & (0x7f >> sequence.size());
  for (char byte : sequence.substr(1)) {
    c = c * 64 + (static_cast<unsigned char>(byte) & 0x3f);
  }
  return c;
}

std::string Found(absl::string_view what, absl::string_view text, size_t at) {
  const size_t begin = at > 40 ? at - 40 : 0;
  return absl::StrCat(what, " behind \"",
                      absl::CHexEscape(text.substr(begin, at - begin)),
                      "\": \"", absl::CHexEscape(text.substr(at, 8)), "\"");
}

std::optional<std::string> FirstUnshownIn(const nlohmann::json& json) {
  if (json.is_string()) return FirstUnshown(json.get<std::string>());
  for (const auto& [name, value] : json.items()) {
    if (!json.is_structured()) break;
    if (auto unshown = FirstUnshown(name)) return unshown;
    if (auto unshown = FirstUnshownIn(value)) return unshown;
  }
  return std::nullopt;
}

}  // namespace

std::string Utf8Of(char32_t c) {
  const auto tail = [c](int bits) {
    return static_cast<char>(0x80 | (c >> bits & 0x3f));
  };
  const auto head = [c](int ones, int bits) {
    return static_cast<char>(ones | (c >> bits));
  };
  if (c < 0x80) return {head(0, 0)};
  if (c < 0x800) return {head(0xc0, 6), tail(0)};
  if (c < 0x10000) return {head(0xe0, 12), tail(6), tail(0)};
  return {head(0xf0, 18), tail(12), tail(6), tail(0)};
}

// What is well-formed is as it would be encoded again.
std::optional<std::string> FirstUnshown(absl::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const absl::string_view sequence =
        text.substr(at, SizeBy(static_cast<unsigned char>(text[at])));
    const char32_t c = Decoded(sequence);
    if (sequence.size() > 4 || c > 0x10ffff || Utf8Of(c) != sequence) {
      return Found("no UTF-8", text, at);
    }
    if (const auto what = Unshown(c)) return Found(*what, text, at);
    at += sequence.size();
  }
  return std::nullopt;
}

std::optional<std::string> FirstUnshownInJson(absl::string_view text) {
  if (auto unshown = FirstUnshown(text)) return unshown;
  const auto json = nlohmann::json::parse(text.begin(), text.end(), nullptr,
                                          /*allow_exceptions=*/false);
  return json.is_discarded() ? absl::StrCat("no JSON: ", absl::CHexEscape(text))
                             : FirstUnshownIn(json);
}

}  // namespace holdfast::test
