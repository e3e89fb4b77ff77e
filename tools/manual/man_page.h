// Manual pages, in the macros of man(7): one for holdfast, and one for each of
// its subcommands, as those of git are.

#ifndef HOLDFAST_TOOLS_MANUAL_MAN_PAGE_H_
#define HOLDFAST_TOOLS_MANUAL_MAN_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "holdfast/tools/manual/command_model.h"

namespace holdfast::manual {

// `text` so that it is printed as it is.
std::string Roff(absl::string_view text);

// The page of a command directly under `root`, or of `root`. `more` are
// sections in roff that are put before its examples.
std::string ManPage(const Command& command, const Command& root,
                    const std::string& more);

}  // namespace holdfast::manual

#endif  // HOLDFAST_TOOLS_MANUAL_MAN_PAGE_H_
