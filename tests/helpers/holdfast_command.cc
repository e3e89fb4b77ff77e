#include "tests/helpers/holdfast_command.h"

#include <utility>

#include "gtest/gtest.h"

namespace holdfast::test {

std::string HoldfastPath() { return HOLDFAST_COMMAND; }

CommandResult RunHoldfast(std::vector<std::string> arguments,
                          std::map<std::string, std::string> environment,
                          absl::Duration limit) {
  arguments.insert(arguments.begin(), HoldfastPath());
  for (const char* name : {"HOLDFAST_CACHE", "XDG_STATE_HOME", "HOME"}) {
    environment.emplace(name, "");
  }
  ProcessOptions options;
  options.arguments = std::move(arguments);
  options.environment = std::move(environment);
  CommandResult result;
  absl::StatusOr<ProcessResult> process = RunProcess(options, limit);
  if (!process.ok()) {
    ADD_FAILURE() << process.status();
    return result;
  }
  EXPECT_FALSE(process->timed_out) << process->err;
  result.process = *std::move(process);
  result.json = nlohmann::json::parse(result.process.out, nullptr,
                                      /*allow_exceptions=*/false);
  return result;
}

}  // namespace holdfast::test
