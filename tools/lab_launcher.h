// holdfast lab: hands over to the program holdfast-lab, which has OpenSSL in
// it. The command itself would only start slower with a second TLS library.

#ifndef HOLDFAST_TOOLS_LAB_LAUNCHER_H_
#define HOLDFAST_TOOLS_LAB_LAUNCHER_H_

#include "CLI/CLI.hpp"
#include "holdfast/tools/exit_status.h"

namespace holdfast {

// True if `argv` is that of `holdfast lab …`. It has options of its own, global
// ones too.
bool IsLabCommand(int argc, const char* const* argv);

// Becomes the lab: returns only if there is no such program, or it cannot be
// run. It stands beside this one, or where it is installed, as a rule in
// ../libexec/holdfast from there.
ExitStatus LaunchLab(char** argv);

// Has the help list it. It is never run by `app`.
void AddLabCommand(CLI::App* app);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_LAB_LAUNCHER_H_
