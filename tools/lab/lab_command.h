// The lab as a command: its options and what it does with them.

#ifndef HOLDFAST_TOOLS_LAB_LAB_COMMAND_H_
#define HOLDFAST_TOOLS_LAB_LAB_COMMAND_H_

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace holdfast::lab {

enum LabExitStatus { kLabDone = 0, kLabUsage = 2, kLabLocal = 4 };

struct LabCommand {
  std::string name;  // of the program, as the user called it
  std::string protocol = "imap";
  std::string security = "implicit";
  std::string behaviour = "healthy";
  std::string bind_address = "127.0.0.1";
  uint16_t port = 0;
  std::string upstream;  // HOST:PORT, or empty
  uint32_t seed = 1;
  std::string ca_out;  // a file, or empty
  bool list = false;
};

// Has `app` fill in `command`, which must outlive it and have its name.
void AddLabOptions(CLI::App* app, LabCommand* command);

// Serves until SIGTERM or SIGINT, which must not be handled elsewhere. Returns
// the process's exit status (a LabExitStatus; kLabLocal: a port or file cannot
// be had).
int RunLab(const LabCommand& command);

}  // namespace holdfast::lab

#endif  // HOLDFAST_TOOLS_LAB_LAB_COMMAND_H_
