// How wide a text is on a terminal, where a Chinese character takes two
// columns and a combining accent none; and host names as people write them.

#ifndef HOLDFAST_TOOLS_TEXT_WIDTH_H_
#define HOLDFAST_TOOLS_TEXT_WIDTH_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "holdfast/core/base/endpoint.h"

namespace holdfast {

// What is shown is UTF-8 by the locale, as setlocale() would find it.
bool IsUtf8Environment();

// In columns. What is not valid UTF-8, or cannot be printed, counts one for
// each byte.
size_t DisplayWidth(absl::string_view text);

// `text` in exactly `width` columns: filled up with spaces, or cut, with an
// ellipsis (where that is not ASCII, a tilde) at the end.
std::string FittedTo(absl::string_view text, size_t width);

// With U-labels ("bücher.example") where the locale is one of UTF-8 and nothing
// in them is hidden; else as it is in DNS ("xn--bcher-kva.example").
std::string ShownName(const Host& host);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_TEXT_WIDTH_H_
