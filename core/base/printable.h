// SPDX-License-Identifier: MPL-2.0

// What a peer says, made fit to be shown.
//
// The words of a server, a proxy or a certificate may hold anything: sequences
// that a terminal obeys, characters that turn the reading direction or that
// nobody sees, bytes that are no text. Whoever puts such words where a person
// reads them, on a terminal, in a log or in a report, passes them through
// Printable(), once:
//
//   std::cerr << "The server said: " << Printable(error.server_text) << "\n";

#ifndef HOLDFAST_CORE_BASE_PRINTABLE_H_
#define HOLDFAST_CORE_BASE_PRINTABLE_H_

#include <string>

#include "absl/strings/string_view.h"

#pragma GCC visibility push(default)
namespace holdfast {

// `text` as UTF-8 on one line. Letters of any script stay as they are. As
// escapes are written
//   - control characters (C0, DEL, C1), line ends included: \r \n \t \x1b
//     \u{9b}
//   - what turns the reading direction, and what is drawn as nothing (Unicode's
//     default ignorable characters): \u{202e} \u{200b}
//   - line and paragraph separators, noncharacters: \u{2028} \u{ffff}
//   - each byte that is not part of well-formed UTF-8 (Unicode, 3.9, D92):
//     \xff
//   - the backslash: "\\". So an escape is never the peer's, and the text can
//     be read back.
// Quotation marks are left alone: EscapeBytes() (core/base/error.h) is for what
// stands between some.
std::string Printable(absl::string_view text);

// `text` should have gone through Printable() or the like, but comes from where
// one cannot know, such as a file: what it should not hold is written as the
// same escapes, and backslashes are left alone. Does nothing the second time.
std::string PrintableAgain(absl::string_view text);

// True of what PrintableAgain() leaves as it is.
bool IsPrintable(absl::string_view text);

// `text` with escapes in place of whatever is not ASCII, for a terminal that
// does not read UTF-8: there the bytes of a letter may be control characters.
std::string AsciiOnly(absl::string_view text);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_BASE_PRINTABLE_H_
