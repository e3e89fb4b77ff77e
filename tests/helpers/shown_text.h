// What text must not hold where a person reads it, told by other means than
// core/base/printable.h does.

#ifndef HOLDFAST_TESTS_HELPERS_SHOWN_TEXT_H_
#define HOLDFAST_TESTS_HELPERS_SHOWN_TEXT_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace holdfast::test {

// The first thing in `text` that a terminal obeys, that changes or hides what
// is read, or that is no UTF-8, with what stands before it; nullopt if there is
// none. Line ends are allowed.
std::optional<std::string> FirstUnshown(absl::string_view text);

// The same of JSON: of its text, and of each text in it once it is parsed.
std::optional<std::string> FirstUnshownInJson(absl::string_view json);

// A character as UTF-8, by the plain rule: surrogates too.
std::string Utf8Of(char32_t character);

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_SHOWN_TEXT_H_
