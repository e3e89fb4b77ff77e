#include "holdfast/protocols/session/imap/imap_mailbox_name.h"

#include <cstdint>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

constexpr char32_t kFirstSurrogate = 0xD800;
constexpr char32_t kLastSurrogate = 0xDFFF;
constexpr char32_t kFirstLowSurrogate = 0xDC00;
constexpr char32_t kFirstPair = 0x10000;
constexpr char32_t kLast = 0x10FFFF;

bool IsDirect(char32_t c) { return c >= 0x20 && c <= 0x7E; }

// Takes one character off `text`, in its shortest form only.
std::optional<char32_t> TakeUtf8(absl::string_view* text) {
  const auto byte = [text](size_t i) {
    return static_cast<unsigned char>((*text)[i]);
  };
  const unsigned char lead = byte(0);
  const size_t size = lead < 0x80             ? 1
                      : (lead & 0xE0) == 0xC0 ? 2
                      : (lead & 0xF0) == 0xE0 ? 3
                      : (lead & 0xF8) == 0xF0 ? 4
                                              : 0;
  if (size == 0 || size > text->size()) return std::nullopt;
  char32_t c = size == 1 ? lead : lead & (0x7F >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
    c = (c << 6) | (byte(i) & 0x3F);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, kFirstPair};
  if (c < kLeast[size] || c > kLast ||
      (c >= kFirstSurrogate && c <= kLastSurrogate)) {
    return std::nullopt;
  }
  text->remove_prefix(size);
  return c;
}

void AppendUtf8(char32_t c, std::string* text) {
  const auto add = [text](char32_t byte) {
    text->push_back(static_cast<char>(byte));
  };
  if (c < 0x80) return add(c);
  if (c < 0x800) {
    add(0xC0 | (c >> 6));
  } else if (c < kFirstPair) {
    add(0xE0 | (c >> 12));
    add(0x80 | ((c >> 6) & 0x3F));
  } else {
    add(0xF0 | (c >> 18));
    add(0x80 | ((c >> 12) & 0x3F));
    add(0x80 | ((c >> 6) & 0x3F));
  }
  add(0x80 | (c & 0x3F));
}

void AppendUtf16(char32_t c, std::string* bytes) {
  if (c >= kFirstPair) {
    AppendUtf16(kFirstSurrogate + ((c - kFirstPair) >> 10), bytes);
    AppendUtf16(kFirstLowSurrogate + ((c - kFirstPair) & 0x3FF), bytes);
    return;
  }
  bytes->push_back(static_cast<char>(c >> 8));
  bytes->push_back(static_cast<char>(c & 0xFF));
}

// Whether it holds is found out by encoding the outcome again.
std::string Utf16ToUtf8(absl::string_view bytes) {
  std::string text;
  char32_t high = 0;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    char32_t c =
        static_cast<char32_t>(static_cast<unsigned char>(bytes[i]) << 8) |
        static_cast<unsigned char>(bytes[i + 1]);
    if (c >= kFirstSurrogate && c < kFirstLowSurrogate) {
      high = c;
      continue;
    }
    if (high != 0) {
      c = kFirstPair + ((high & 0x3FF) << 10) + (c & 0x3FF);
      high = 0;
    }
    AppendUtf8(c, &text);
  }
  return text;
}

void AppendShifted(absl::string_view utf16, std::string* encoded) {
  if (utf16.empty()) return;
  const std::string base64 =
      absl::StrReplaceAll(absl::Base64Escape(utf16), {{"/", ","}, {"=", ""}});
  absl::StrAppend(encoded, "&", base64, "-");
}

std::optional<std::string> Decode(absl::string_view encoded) {
  std::string text;
  while (!encoded.empty()) {
    if (!absl::ConsumePrefix(&encoded, "&")) {
      text.push_back(encoded.front());
      encoded.remove_prefix(1);
      continue;
    }
    const size_t end = encoded.find('-');
    if (end == absl::string_view::npos) return std::nullopt;
    std::string base64 =
        absl::StrReplaceAll(encoded.substr(0, end), {{",", "/"}});
    base64.append((4 - base64.size() % 4) % 4, '=');
    std::string utf16;
    if (!absl::Base64Unescape(base64, &utf16)) return std::nullopt;
    text += end == 0 ? "&" : Utf16ToUtf8(utf16);
    encoded.remove_prefix(end + 1);
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> EncodeMailboxName(absl::string_view utf8) {
  std::string encoded;
  std::string utf16;
  while (!utf8.empty()) {
    const std::optional<char32_t> c = TakeUtf8(&utf8);
    if (!c) {
      return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSession,
                        "The mailbox's name is not UTF-8.");
    }
    if (!IsDirect(*c)) {
      AppendUtf16(*c, &utf16);
      continue;
    }
    AppendShifted(utf16, &encoded);
    utf16.clear();
    encoded.push_back(static_cast<char>(*c));
    if (*c == '&') encoded.push_back('-');
  }
  AppendShifted(utf16, &encoded);
  return encoded;
}

std::string DecodeMailboxName(absl::string_view encoded) {
  const std::optional<std::string> decoded = Decode(encoded);
  if (!decoded) return std::string(encoded);
  const absl::StatusOr<std::string> again = EncodeMailboxName(*decoded);
  return again.ok() && *again == encoded ? *decoded : std::string(encoded);
}

}  // namespace holdfast
