// holdfast probe: finds out what servers accept and what they choke on, without
// credentials.

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/probe/survey.h"
#include "holdfast/tools/commands.h"
#include "holdfast/tools/event_output.h"
#include "holdfast/tools/probe/probe_progress.h"
#include "holdfast/tools/probe/probe_report.h"
#include "holdfast/tools/report.h"
#include "holdfast/tools/signal_watch.h"
#include "holdfast/tools/text_layout.h"
#include "holdfast/tools/text_width.h"

namespace holdfast {
namespace {

constexpr absl::Duration kAttemptTimeout = absl::Seconds(10);

struct ProbeCommandOptions {
  std::vector<std::string> targets;
  std::string file;  // --from; empty: none
  int jobs = 8;
  absl::Duration delay = absl::Milliseconds(200);
  ConnectionOptions connection;

  bool is_survey() const { return !file.empty(); }
};

ExitStatus Complain(const absl::Status& status) {
  const Error error = ErrorFromStatus(status);
  std::cerr << "holdfast: " << ErrorText(error);
  const bool misused = error.code == ErrorCode::kInvalidTarget ||
                       error.code == ErrorCode::kInvalidHost ||
                       error.code == ErrorCode::kInvalidVersionRange;
  return misused ? kExitUsage : ExitStatusFor(error);
}

// What a file, or the command line, asks for.
struct TargetList {
  std::vector<Target> targets;
  bool has_bad_lines = false;
};

absl::StatusOr<std::vector<Target>> Parse(const std::string& text,
                                          const ConnectionOptions& options) {
  return ParseProbeTargets(text, options.protocol, options.security);
}

absl::StatusOr<TargetList> ReadArguments(const ProbeCommandOptions& options) {
  TargetList list;
  for (const std::string& text : options.targets) {
    const absl::StatusOr<std::vector<Target>> targets =
        Parse(text, options.connection);
    if (!targets.ok()) return targets.status();
    list.targets.insert(list.targets.end(), targets->begin(), targets->end());
  }
  return list;
}

// A target on each line; what is none is named and left out. Empty lines and
// those that begin with "#" are skipped.
TargetList ReadLines(std::istream& lines, const ProbeCommandOptions& options) {
  TargetList list;
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    absl::StripAsciiWhitespace(&line);
    if (line.empty() || line.front() == '#') continue;
    const absl::StatusOr<std::vector<Target>> targets =
        Parse(line, options.connection);
    if (targets.ok()) {
      list.targets.insert(list.targets.end(), targets->begin(), targets->end());
      continue;
    }
    list.has_bad_lines = true;
    std::cerr << "holdfast: " << EscapeBytes(options.file) << ":" << number
              << ": " << ErrorText(ErrorFromStatus(targets.status()));
  }
  return list;
}

// What is to be probed; the status to end with, once the reason was said, if
// there is nothing.
std::variant<TargetList, ExitStatus> ReadTargets(
    const ProbeCommandOptions& options) {
  if (!options.is_survey()) {
    absl::StatusOr<TargetList> list = ReadArguments(options);
    if (!list.ok()) return Complain(list.status());
    return *std::move(list);
  }
  std::ifstream opened;
  if (options.file != "-") opened.open(options.file);
  std::istream& lines = options.file == "-" ? std::cin : opened;
  TargetList list = ReadLines(lines, options);
  if (!lines.eof()) {  // it was not read to its end
    std::cerr << "holdfast: " << EscapeBytes(options.file)
              << " cannot be read\n";
    return kExitLocal;
  }
  if (!list.targets.empty()) return list;
  std::cerr << "holdfast: " << EscapeBytes(options.file)
            << " names no target\n";
  return kExitUsage;
}

// All that can fail before any network use. A probe remembers nothing.
absl::StatusOr<CommandClient> MakeClient(const GlobalOptions& global,
                                         const Target& first,
                                         const ProbeCommandOptions& options) {
  ClientOptions client = options.connection.client;
  client.cache_file = "";
  absl::StatusOr<EventOutput> output = OpenEventOutput(
      global, options.connection, first, /*warnings_only=*/true);
  if (!output.ok()) return output.status();
  client.on_event = std::move(output->on_event);
  client.key_log = std::move(output->key_log);
  return NewCommandClient(options.connection, std::move(client));
}

bool ShowsProgress(const GlobalOptions& global) {
  const char* const terminal = std::getenv("TERM");
  const bool can_erase = terminal == nullptr || std::string(terminal) != "dumb";
  return isatty(STDERR_FILENO) != 0 && can_erase && !global.quiet &&
         !global.verbose;
}

// Everything that one run of the command works with.
class ProbeRun {
 public:
  ProbeRun(const GlobalOptions& global, const ProbeCommandOptions& options,
           CommandClient client, std::vector<Target> targets)
      : global_(global),
        options_(options),
        targets_(std::move(targets)),
        client_(std::move(client)),
        signals_(client_.loop.get(), [this] { is_over_ = true; }),
        progress_(ShowsProgress(global), targets_.size()),
        reports_(targets_.size()) {
    for (const Target& target : targets_) {
      target_width_ =
          std::max(target_width_, DisplayWidth(ShownTarget(target)));
    }
  }

  ExitStatus Run() {
    const absl::Duration started = client_.loop->Now();
    SurveyRequest request{targets_,
                          client_.client->ProbeRequestFor(targets_.front()),
                          options_.jobs,
                          {},
                          {}};
    request.probe.pause = options_.delay;
    request.on_progress = [this](size_t target, const std::string& offer) {
      progress_.Show(absl::StrCat(ShownTarget(targets_[target]), ": ", offer));
    };
    request.on_report = [this](size_t target, ProbeReport report) {
      OnReport(target, std::move(report));
    };
    const std::unique_ptr<Survey> survey =
        Survey::Start(client_.client->services(), std::move(request),
                      [this] { is_over_ = true; });
    client_.loop->RunUntil([this] { return is_over_; });
    progress_.Clear();
    const std::vector<ProbeReport> done = Done();
    Print(done, client_.loop->Now() - started);
    const bool any_reached =
        std::any_of(done.begin(), done.end(),
                    [](const ProbeReport& r) { return r.reachable(); });
    return any_reached ? kExitDone : kExitCouldNotConnect;
  }

  const SignalWatch& signals() const { return signals_; }

 private:
  void OnReport(size_t target, ProbeReport report) {
    if (options_.is_survey()) {
      progress_.Clear();
      std::cout << (global_.json
                        ? JsonLine(ProbeReportJson(report))
                        : SurveyLineText(report, target_width_, Paint()))
                << std::flush;
      if (!std::cout) is_over_ = true;  // nobody would learn of the rest
    }
    progress_.TargetDone();
    reports_[target] = std::move(report);
  }

  // In the order that was asked for; after a signal not all of them.
  std::vector<ProbeReport> Done() {
    std::vector<ProbeReport> done;
    for (std::optional<ProbeReport>& report : reports_) {
      if (report) done.push_back(*std::move(report));
    }
    return done;
  }

  void Print(const std::vector<ProbeReport>& reports,
             absl::Duration taken) const {
    if (options_.is_survey()) {
      (global_.json ? std::cerr : std::cout)
          << SurveySummaryText(reports, taken);
    } else if (global_.json) {
      nlohmann::ordered_json list = nlohmann::ordered_json::array();
      for (const ProbeReport& report : reports) {
        list.push_back(ProbeReportJson(report));
      }
      std::cout << JsonText(list);
    } else {
      std::cout << ProbeReportText(reports, TerminalWidth(STDOUT_FILENO),
                                   Paint());
    }
    std::cout.flush();
  }

  Painter Paint() const { return PainterFor(global_, STDOUT_FILENO); }

  const GlobalOptions& global_;
  const ProbeCommandOptions& options_;
  const std::vector<Target> targets_;
  const CommandClient client_;
  SignalWatch signals_;
  ProbeProgress progress_;
  size_t target_width_ = 0;
  std::vector<std::optional<ProbeReport>> reports_;
  bool is_over_ = false;
};

ExitStatus RunProbe(const GlobalOptions& global,
                    const ProbeCommandOptions& options) {
  std::variant<TargetList, ExitStatus> read = ReadTargets(options);
  TargetList* const list = std::get_if<TargetList>(&read);
  if (list == nullptr) return std::get<ExitStatus>(read);
  absl::StatusOr<CommandClient> client =
      MakeClient(global, list->targets.front(), options);
  if (!client.ok()) return Complain(client.status());
  ProbeRun run(global, options, *std::move(client), std::move(list->targets));
  const ExitStatus status = run.Run();
  run.signals().DieIfReceived();
  return list->has_bad_lines ? kExitUsage : status;
}

// Those of a connection, as far as they mean something here.
void AddOptions(CLI::App* probe, ProbeCommandOptions* options) {
  probe->add_option("TARGET", options->targets,
                    "imaps://HOST[:PORT]; HOST: all its ports");
  probe
      ->add_option("--from", options->file,
                   "Survey the targets in this file, one a line")
      ->type_name("FILE");
  probe
      ->add_option("--jobs", options->jobs,
                   "Hosts at once, one connection each [8]")
      ->type_name("NUMBER")
      ->check(CLI::Range(1, 1000).description(""));
  probe
      ->add_option_function<std::string>(
          "--delay",
          [options](const std::string& text) {
            options->delay = ParsePositiveDuration(text);
          },
          "Between connections to one host [200ms]")
      ->type_name("TIME");
  options->connection.client.connect_timeout = kAttemptTimeout;
  AddConnectionOptions(probe, &options->connection);
  probe->get_option("--timeout")->description("Limit for each attempt [10s]");
  probe->get_option("--no-fallback")->description("The full offer only");
  // Without effect here: nothing is hedged, and no certificate ends a probe.
  probe->get_option("--hedge-delay")->group("");
  probe->get_option("--danger-accept-any-certificate")->group("");
}

}  // namespace

void AddProbeCommand(CLI::App* app, const GlobalOptions* global, Run* run) {
  CLI::App* probe = app->add_subcommand(
      "probe", "Find out what servers accept, and choke on");
  auto options = std::make_shared<ProbeCommandOptions>();
  AddOptions(probe, options.get());
  probe->footer(
      "No credentials are sent. Exit status 0: probed, whatever came of it; 1: "
      "nothing\ncould be reached.\n\n"
      "Example:\n"
      "  holdfast probe mail.example.org\n"
      "  holdfast probe --from hosts.txt --jobs 20 --json > survey.jsonl");
  probe->callback([=] {
    if (options->targets.empty() == options->file.empty()) {
      throw CLI::ValidationError("name a TARGET, or give --from FILE");
    }
    *run = [=] { return RunProbe(*global, *options); };
  });
}

}  // namespace holdfast
