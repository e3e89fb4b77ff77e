// Completion scripts: subcommands, options, and the values of options and
// arguments where they are few, or paths.

#ifndef HOLDFAST_TOOLS_MANUAL_COMPLETIONS_H_
#define HOLDFAST_TOOLS_MANUAL_COMPLETIONS_H_

#include <string>

#include "holdfast/tools/manual/command_model.h"

namespace holdfast::manual {

std::string BashCompletion(const Command& root);
std::string ZshCompletion(const Command& root);
std::string FishCompletion(const Command& root);

}  // namespace holdfast::manual

#endif  // HOLDFAST_TOOLS_MANUAL_COMPLETIONS_H_
