#include "holdfast/tests/helpers/holdfast_command.h"

#include <algorithm>
#include <utility>

#include "gtest/gtest.h"

namespace holdfast::test {

namespace {

// Has the subcommand `name`, if it is the one that `arguments` call, take the
// option with this time, scaled.
void ScaleDefault(const std::string& name, const std::string& option,
                  absl::Duration time, std::vector<std::string>* arguments) {
  const auto subcommand = std::find(arguments->begin(), arguments->end(), name);
  if (subcommand == arguments->end() ||
      std::find(subcommand, arguments->end(), option) != arguments->end()) {
    return;
  }
  arguments->insert(subcommand + 1, {option, ScaledOption(time)});
}

}  // namespace

std::string HoldfastPath() { return HOLDFAST_COMMAND; }

std::vector<std::string> HoldfastCommand(std::vector<std::string> arguments) {
  if (Patience() > 1) {
    ScaleDefault("connect", "--timeout", absl::Seconds(30), &arguments);
    ScaleDefault("connect", "--hedge-delay", absl::Seconds(2), &arguments);
    ScaleDefault("probe", "--timeout", absl::Seconds(10), &arguments);
  }
  arguments.insert(arguments.begin(), HoldfastPath());
  return arguments;
}

CommandResult RunHoldfast(std::vector<std::string> arguments,
                          std::map<std::string, std::string> environment,
                          absl::Duration limit) {
  for (const char* name : {"HOLDFAST_CACHE", "XDG_STATE_HOME", "HOME"}) {
    environment.emplace(name, "");
  }
  ProcessOptions options;
  options.arguments = HoldfastCommand(std::move(arguments));
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
