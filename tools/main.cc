// The holdfast command.

#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_replace.h"
#include "tools/commands.h"
#include "tools/lab_launcher.h"

namespace holdfast {
namespace {

// Names and types only: what else CLI11 knows of an option (needed, excludes,
// environment) would not fit beside a description.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(28); }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_positional() || option->get_type_size() == 0) return "";
    return " " + option->get_type_name();
  }

  // Without the gap that CLI11 leaves for options that are not shown.
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    return absl::StrReplaceAll(
        CLI::Formatter::make_help(app, std::move(name), mode),
        {{"\n\n\n", "\n\n"}});
  }
};

// --quiet: what goes to standard error is held back, and shown in the end only
// if the command was misused.
class HeldStandardError {
 public:
  HeldStandardError() : shown_(std::cerr.rdbuf(held_.rdbuf())) {}
  ~HeldStandardError() { std::cerr.rdbuf(shown_); }
  HeldStandardError(const HeldStandardError&) = delete;
  HeldStandardError& operator=(const HeldStandardError&) = delete;

  void Show() const { std::ostream(shown_) << held_.str(); }

 private:
  std::ostringstream held_;
  std::streambuf* const shown_;
};

ExitStatus RunQuietly(const Run& run) {
  const HeldStandardError held;
  const ExitStatus status = run();
  if (status == kExitUsage) held.Show();
  return status;
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Reaches mail and news servers over TLS, recovering from those that\n"
      "choke on a modern TLS handshake.");
  app.name("holdfast");
  app.formatter(std::make_shared<HelpFormatter>());
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
  AddProbeCommand(&app, &global, &run);
  AddCacheCommand(&app, &global, &run);
  AddExplainCommand(&app, &global, &run);
  AddLabCommand(&app);
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
  const ExitStatus status = global.quiet ? RunQuietly(run) : run();
  std::cout.flush();
  if (!std::cout && global.quiet) return kExitLocal;
  if (!std::cout) {
    std::cerr << "holdfast: standard output could not be written\n";
    return kExitLocal;
  }
  return status;
}

}  // namespace
}  // namespace holdfast

int main(int argc, char** argv) {
  return holdfast::IsLabCommand(argc, argv) ? holdfast::LaunchLab(argv)
                                            : holdfast::Main(argc, argv);
}
