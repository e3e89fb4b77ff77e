// Runs a program on a terminal of its own, as a person would.

#ifndef HOLDFAST_TESTS_HELPERS_TERMINAL_H_
#define HOLDFAST_TESTS_HELPERS_TERMINAL_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace holdfast::test {

struct TerminalResult {
  int exit_code = -1;  // -1 if a signal ended it
  std::string text;    // all that stood on the terminal, with CRLF line ends
};

// Runs it to its end on a terminal that is `columns` wide. `input` is typed at
// the start.
TerminalResult RunOnTerminal(const std::vector<std::string>& arguments,
                             int columns, absl::string_view input = "");

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_TERMINAL_H_
