// Runs the holdfast command as a user or a script would.

#ifndef HOLDFAST_TESTS_HELPERS_HOLDFAST_COMMAND_H_
#define HOLDFAST_TESTS_HELPERS_HOLDFAST_COMMAND_H_

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/process.h"
#include "nlohmann/json.hpp"

namespace holdfast::test {

struct CommandResult {
  ProcessResult process;
  // Standard output as JSON; discarded (is_discarded()) if it is none.
  nlohmann::json json;

  int exit_code() const { return process.exit_code; }
};

// The path of the command that was built with these tests.
std::string HoldfastPath();

// It, with `arguments`. Where they set no time for the server, and on a busy
// machine only, the usual one is scaled (patience.h): a server that is slow for
// that reason is not to be taken for a silent one.
std::vector<std::string> HoldfastCommand(std::vector<std::string> arguments);

// Runs it with `arguments` to its end, at most `limit`; the test fails if it
// takes longer. Its environment names no cache and no home.
CommandResult RunHoldfast(std::vector<std::string> arguments,
                          std::map<std::string, std::string> environment = {},
                          absl::Duration limit = Scaled(absl::Seconds(60)));

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_HOLDFAST_COMMAND_H_
