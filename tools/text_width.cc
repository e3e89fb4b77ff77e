#include "holdfast/tools/text_width.h"

#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/printable.h"

namespace holdfast {
namespace {

// One column wide.
absl::string_view Ellipsis() { return IsUtf8Environment() ? "…" : "~"; }

// This thread reads text as UTF-8 while it lives.
class Utf8Locale {
 public:
  Utf8Locale()
      : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{})),
        previous_(uselocale(locale_)) {}
  ~Utf8Locale() {
    uselocale(previous_);
    if (locale_ != locale_t{}) freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  const locale_t locale_;
  const locale_t previous_;
};

struct Character {
  size_t bytes;
  size_t columns;
};

// The first one of `text`, which is not empty.
Character FirstOf(absl::string_view text) {
  wchar_t character;
  mbstate_t state = {};
  const size_t bytes = mbrtowc(&character, text.data(), text.size(), &state);
  if (bytes == 0 || bytes > text.size()) return {1, 1};
  const int columns = wcwidth(character);
  return {bytes, columns < 0 ? bytes : static_cast<size_t>(columns)};
}

}  // namespace

// POSIX, 8.2.
bool IsUtf8Environment() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string lower = absl::AsciiStrToLower(value);
    return absl::StrContains(lower, "utf-8") ||
           absl::StrContains(lower, "utf8");
  }
  return false;
}

size_t DisplayWidth(absl::string_view text) {
  const Utf8Locale locale;
  size_t width = 0;
  while (!text.empty()) {
    const Character first = FirstOf(text);
    width += first.columns;
    text.remove_prefix(first.bytes);
  }
  return width;
}

std::string FittedTo(absl::string_view text, size_t width) {
  const size_t columns = DisplayWidth(text);
  if (columns <= width) {
    return absl::StrCat(text, std::string(width - columns, ' '));
  }
  if (width == 0) return "";
  const Utf8Locale locale;
  size_t bytes = 0;
  size_t used = 0;
  while (true) {
    const Character next = FirstOf(text.substr(bytes));
    if (used + next.columns > width - 1) break;
    bytes += next.bytes;
    used += next.columns;
  }
  return absl::StrCat(text.substr(0, bytes), Ellipsis(),
                      std::string(width - 1 - used, ' '));
}

std::string ShownName(const Host& host) {
  if (!IsUtf8Environment()) return host.name();
  std::string name = host.ToUnicode();
  return IsPrintable(name) ? name : host.name();
}

}  // namespace holdfast
