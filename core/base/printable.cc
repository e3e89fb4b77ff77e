#include "holdfast/core/base/printable.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace holdfast {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

// Of what is not ASCII, what is not shown: the properties Control,
// Default_Ignorable_Code_Point (which has all of Bidi_Control and the tag
// characters), Line_Separator and Paragraph_Separator, and Noncharacter of
// Unicode 14; and the format characters that are never drawn. In order.
constexpr Range kNotShown[] = {
    {0x80, 0x9f},        // C1
    {0xad, 0xad},        // soft hyphen
    {0x34f, 0x34f},      // combining grapheme joiner
    {0x61c, 0x61c},      // Arabic letter mark
    {0x115f, 0x1160},    // Hangul fillers
    {0x17b4, 0x17b5},    // Khmer inherent vowels
    {0x180b, 0x180f},    // Mongolian selectors and separator
    {0x200b, 0x200f},    // zero width; direction marks
    {0x2028, 0x202e},    // line, paragraph; direction embeddings and overrides
    {0x2060, 0x206f},    // joiner, operators, direction isolates
    {0x3164, 0x3164},    // Hangul filler
    {0xfdd0, 0xfdef},    // noncharacters
    {0xfe00, 0xfe0f},    // variation selectors
    {0xfeff, 0xfeff},    // byte order mark
    {0xffa0, 0xffa0},    // Hangul filler
    {0xfff0, 0xfffb},    // ignorable; interlinear annotation
    {0x13430, 0x1343f},  // Egyptian format controls
    {0x1bca0, 0x1bca3},  // shorthand format controls
    {0x1d173, 0x1d17a},  // musical format controls
    {0xe0000, 0xe0fff},  // tags, variation selectors
};

bool IsShown(uint32_t c) {
  if (c < 0x80) return c >= 0x20 && c != 0x7f;
  if ((c & 0xfffe) == 0xfffe) return false;  // the last two of each plane
  const Range* const range = std::lower_bound(
      std::begin(kNotShown), std::end(kNotShown), c,
      [](const Range& it, uint32_t value) { return it.last < value; });
  return range == std::end(kNotShown) || c < range->first;
}

// What `text` begins with: a character, or a byte that is part of none.
struct Piece {
  size_t size;
  bool is_character;
  uint32_t character;
};

// Unicode 14, table 3-7: neither overlong forms nor surrogates are well-formed.
Piece FirstOf(absl::string_view text) {
  const auto byte = [text](size_t i) {
    return static_cast<uint8_t>(i < text.size() ? text[i] : 0);
  };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {1, true, lead};
  const size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  uint8_t lowest = 0x80, highest = 0xbf;  // of the second byte
  if (lead == 0xe0) lowest = 0xa0;
  if (lead == 0xed) highest = 0x9f;
  if (lead == 0xf0) lowest = 0x90;
  if (lead == 0xf4) highest = 0x8f;
  bool well_formed =
      lead >= 0xc2 && lead <= 0xf4 && byte(1) >= lowest && byte(1) <= highest;
  uint32_t character = lead & (0xff >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    well_formed = well_formed && (byte(i) & 0xc0) == 0x80;
    character = character << 6 | (byte(i) & 0x3f);
  }
  return well_formed ? Piece{size, true, character} : Piece{1, false, lead};
}

void AppendEscape(const Piece& piece, std::string* out) {
  switch (piece.character) {
    case '\r':
      *out += "\\r";
      return;
    case '\n':
      *out += "\\n";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      piece.size == 1
          ? absl::StrAppend(out, "\\x",
                            absl::Hex(piece.character, absl::kZeroPad2))
          : absl::StrAppend(out, "\\u{", absl::Hex(piece.character), "}");
  }
}

// `text` with what `keep` does not want replaced.
template <typename Keep, typename Escape>
std::string Replace(absl::string_view text, const Keep& keep,
                    const Escape& escape) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Piece piece = FirstOf(text);
    if (keep(piece)) {
      out.append(text.data(), piece.size);
    } else {
      escape(piece, &out);
    }
    text.remove_prefix(piece.size);
  }
  return out;
}

bool IsShown(const Piece& piece) {
  return piece.is_character && IsShown(piece.character);
}

}  // namespace

std::string Printable(absl::string_view text) {
  return Replace(
      text,
      [](const Piece& piece) {
        return IsShown(piece) && piece.character != '\\';
      },
      [](const Piece& piece, std::string* out) {
        if (piece.character == '\\') {
          *out += "\\\\";
        } else {
          AppendEscape(piece, out);
        }
      });
}

std::string PrintableAgain(absl::string_view text) {
  return Replace(
      text, [](const Piece& piece) { return IsShown(piece); }, AppendEscape);
}

bool IsPrintable(absl::string_view text) {
  while (!text.empty()) {
    const Piece piece = FirstOf(text);
    if (!IsShown(piece)) return false;
    text.remove_prefix(piece.size);
  }
  return true;
}

std::string AsciiOnly(absl::string_view text) {
  return Replace(
      text,
      [](const Piece& piece) {
        return piece.is_character && piece.character < 0x80;
      },
      AppendEscape);
}

}  // namespace holdfast
