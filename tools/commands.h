// The subcommands: each adds itself to the command line, and runs.

#ifndef HOLDFAST_TOOLS_COMMANDS_H_
#define HOLDFAST_TOOLS_COMMANDS_H_

#include <functional>

#include "CLI/CLI.hpp"
#include "holdfast/tools/exit_status.h"
#include "holdfast/tools/options.h"

namespace holdfast {

// Set by a subcommand's parser to what is to run once all is parsed.
using Run = std::function<ExitStatus()>;

// `global` and `run` outlive the app.
void AddConnectCommand(CLI::App* app, const GlobalOptions* global, Run* run);
void AddProbeCommand(CLI::App* app, const GlobalOptions* global, Run* run);
void AddCacheCommand(CLI::App* app, const GlobalOptions* global, Run* run);
void AddExplainCommand(CLI::App* app, const GlobalOptions* global, Run* run);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_COMMANDS_H_
