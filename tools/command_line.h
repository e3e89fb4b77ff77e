// The whole command line of holdfast: for the command itself, and for what is
// generated from the same definitions (manual pages, completions).

#ifndef HOLDFAST_TOOLS_COMMAND_LINE_H_
#define HOLDFAST_TOOLS_COMMAND_LINE_H_

#include "CLI/CLI.hpp"
#include "holdfast/tools/commands.h"
#include "holdfast/tools/options.h"

namespace holdfast {

// Parsing `app` fills in `global`, and sets `run`. Thread safety: none.
struct CommandLine {
  CommandLine();
  CommandLine(const CommandLine&) = delete;  // the app points into it
  CommandLine& operator=(const CommandLine&) = delete;

  CLI::App app;
  GlobalOptions global;
  Run run;
};

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_COMMAND_LINE_H_
