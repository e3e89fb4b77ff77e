// The holdfast command.

#include <iostream>
#include <string>

#include "CLI/CLI.hpp"
#include "tools/commands.h"

namespace holdfast {
namespace {

int Main(int argc, char** argv) {
  CLI::App app(
      "Reaches mail and news servers over TLS, recovering from those that\n"
      "choke on a modern TLS handshake.");
  app.name("holdfast");
  app.set_version_flag("--version", "holdfast " HOLDFAST_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Example:\n  holdfast connect --check imaps://mail.example.org\n\n"
      "Exit status: 0 done, 1 could not connect, 2 usage, 3 refused for "
      "safety,\n4 local trouble (cache, file, configuration), "
      "5 authentication refused.");
  GlobalOptions global;
  AddGlobalOptions(&app, &global);
  Run run;
  AddConnectCommand(&app, &global, &run);
  AddCacheCommand(&app, &global, &run);
  for (CLI::App* command : app.get_subcommands({})) {
    command->fallthrough();
    for (CLI::App* nested : command->get_subcommands({})) nested->fallthrough();
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::cerr << "holdfast: " << error.what() << "\nTry: holdfast --help\n";
    return kExitUsage;
  }
  const ExitStatus status = run();
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "holdfast: standard output could not be written\n";
    return kExitLocal;
  }
  return status;
}

}  // namespace
}  // namespace holdfast

int main(int argc, char** argv) { return holdfast::Main(argc, argv); }
