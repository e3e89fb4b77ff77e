// holdfast explain: an error code in plain words, or a trace as a timeline.

#include <cerrno>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "holdfast/tools/commands.h"
#include "holdfast/tools/error_explanation.h"
#include "holdfast/tools/report.h"
#include "holdfast/tools/trace_timeline.h"

namespace holdfast {
namespace {

ExitStatus ListCodes(const GlobalOptions& global) {
  std::cout << (global.json ? JsonText(ErrorListJson()) : ErrorListText());
  return kExitDone;
}

ExitStatus ExplainCode(const GlobalOptions& global, const std::string& text) {
  const std::optional<ErrorCode> code = FindErrorCode(text);
  if (!code) {
    std::cerr << "holdfast: there is no error code \"" << EscapeBytes(text)
              << "\"; nearest: " << absl::StrJoin(NearestErrorNames(text), ", ")
              << "\nAll of them: holdfast explain\n";
    return kExitUsage;
  }
  std::cout << (global.json ? JsonText(ErrorExplanationJson(*code))
                            : ErrorExplanationText(*code));
  return kExitDone;
}

ExitStatus ExplainTrace(const std::string& path) {
  std::ifstream file(path);
  // A folder can be opened, but not read.
  if (!file || file.peek() == std::ifstream::traits_type::eof()) {
    const std::string why = errno != 0 ? std::system_category().message(errno)
                                       : std::string("it is empty");
    std::cerr << "holdfast: "
              << ErrorText(MakeError(
                     ErrorCode::kTraceUnreadable, Phase::kSetup,
                     absl::StrCat("The trace file \"", EscapeBytes(path),
                                  "\" cannot be read: ", why, ".")));
    return kExitLocal;
  }
  const TraceTimeline timeline = ReadTrace(&file);
  std::cout << timeline.text;
  for (int number : timeline.damaged_lines) {
    std::cerr << "holdfast: line " << number
              << " is no line of a trace; it was left out\n";
  }
  return kExitDone;
}

}  // namespace

void AddExplainCommand(CLI::App* app, const GlobalOptions* global, Run* run) {
  CLI::App* explain = app->add_subcommand(
      "explain", "Tell all about an error code, or a trace");
  auto code = std::make_shared<std::string>();
  auto trace = std::make_shared<std::string>();
  CLI::Option* const named = explain->add_option(
      "CODE", *code, "As reports name it; without it, list all");
  explain->add_option("--trace", *trace, "Show this trace as a timeline")
      ->type_name("FILE")
      ->excludes(named);
  explain->footer(
      "Example:\n"
      "  holdfast explain closed_during_handshake\n"
      "  holdfast explain --trace trace.jsonl");
  explain->callback([=] {
    if (!trace->empty() && global->json) {
      throw CLI::ValidationError("--json: a trace is JSON already");
    }
    *run = [=] {
      if (!trace->empty()) return ExplainTrace(*trace);
      return code->empty() ? ListCodes(*global) : ExplainCode(*global, *code);
    };
  });
}

}  // namespace holdfast
