#include "holdfast/tools/command_line.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "holdfast/core/nss/nss_functions.h"
#include "holdfast/tools/lab_launcher.h"

namespace holdfast {
namespace {

// Names and types only: what else CLI11 knows of an option (needed, excludes,
// environment) would not fit beside a description.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(36); }

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

// Scripts read the first line. NSS may be another than Holdfast was built with.
std::string VersionText() {
  return absl::StrCat("holdfast " HOLDFAST_VERSION "\nNSS ",
                      LoadedNss::OfThisProcess().version, " (built with ",
                      CompiledNssVersion(), ")");
}

}  // namespace

CommandLine::CommandLine()
    : app("Reaches mail and news servers over TLS, recovering from those that\n"
          "choke on a modern TLS handshake.") {
  app.name("holdfast");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", VersionText);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Example:\n  holdfast connect --check imaps://mail.example.org\n\n"
      "Exit status: 0 done, 1 could not connect, 2 usage, 3 refused for "
      "safety,\n4 local trouble (cache, file, configuration), "
      "5 authentication refused.");
  AddGlobalOptions(&app, &global);
  AddConnectCommand(&app, &global, &run);
  AddProbeCommand(&app, &global, &run);
  AddCacheCommand(&app, &global, &run);
  AddExplainCommand(&app, &global, &run);
  AddLabCommand(&app);
  for (CLI::App* command : app.get_subcommands({})) {
    command->fallthrough();
    for (CLI::App* nested : command->get_subcommands({})) nested->fallthrough();
  }
}

}  // namespace holdfast
