#include "holdfast/tools/lab_launcher.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>

#include "absl/strings/string_view.h"

namespace holdfast {
namespace {

constexpr absl::string_view kName = "lab";
constexpr char kProgram[] = "holdfast-lab";

// Where this program is; empty if the system does not tell.
std::filesystem::path OwnFolder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace

bool IsLabCommand(int argc, const char* const* argv) {
  return argc > 1 && argv[1] == kName;
}

ExitStatus LaunchLab(char** argv) {
  const std::filesystem::path folder = OwnFolder();
  const std::filesystem::path candidates[] = {
      folder / kProgram,
      (folder / HOLDFAST_LAB_DIRECTORY / kProgram).lexically_normal()};
  char own_name[] = "holdfast lab";  // what its help and errors call it
  argv[1] = own_name;
  for (const std::filesystem::path& program : candidates) {
    execv(program.c_str(), argv + 1);
    if (errno == ENOENT) continue;
    std::cerr << "holdfast: " << program.string()
              << " cannot be run: " << std::strerror(errno) << "\n";
    return kExitLocal;
  }
  std::cerr << "holdfast: the lab is not installed: there is no "
            << candidates[0].string() << ", and no " << candidates[1].string()
            << "\n";
  return kExitLocal;
}

void AddLabCommand(CLI::App* app) {
  app->add_subcommand(std::string(kName), "A server that misbehaves, for tests")
      ->prefix_command()
      ->callback([] {
        throw CLI::ValidationError(
            "lab comes first, and has options of its own");
      });
}

}  // namespace holdfast
