// Completion for fish: a line for each option, with the subcommand where it
// counts.

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "holdfast/tools/manual/completions.h"

namespace holdfast::manual {
namespace {

std::string FishQuoted(absl::string_view text) {
  return absl::StrCat(
      "'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string FishWords(const Command& command) {
  return absl::StrJoin(command.words, " ");
}

// The beginning of a line that counts after `command`.
std::string At(const Command& command) {
  return absl::StrCat(
      "complete -c holdfast -n ",
      FishQuoted(absl::StrCat("__holdfast_at \"", FishWords(command), "\"")));
}

// What may follow: nothing else than the choices, or paths too.
std::string Values(const Argument& argument) {
  std::string text;
  switch (argument.paths) {
    case Argument::Paths::kNone:
      text = " -x";
      break;
    case Argument::Paths::kFiles:
      text = " -r -F";
      break;
    case Argument::Paths::kDirectories:
      return " -x -a '(__fish_complete_directories)'";
  }
  if (argument.choices.empty()) return text;
  return absl::StrCat(text, " -a ",
                      FishQuoted(absl::StrJoin(argument.choices, " ")));
}

std::string OptionLine(const Command& command, const Argument& option) {
  std::string text = At(command);
  for (absl::string_view name : option.names) {
    const bool is_long = absl::ConsumePrefix(&name, "--");
    if (!is_long) absl::ConsumePrefix(&name, "-");
    absl::StrAppend(&text, is_long ? " -l " : " -s ", name);
  }
  if (option.takes_value()) text += Values(option);
  return absl::StrCat(text, " -d ", FishQuoted(option.description), "\n");
}

std::string CommandLines(const Command& command) {
  std::string text;
  for (const Command& nested : command.subcommands) {
    absl::StrAppend(&text, At(command), " -f -a ", nested.words.back(), " -d ",
                    FishQuoted(nested.summary), "\n");
  }
  for (const Argument& positional : command.positionals) {
    const bool paths = positional.paths != Argument::Paths::kNone;
    if (!paths && positional.choices.empty()) continue;
    absl::StrAppend(&text, At(command), paths ? " -F" : " -f");
    if (!positional.choices.empty()) {
      absl::StrAppend(&text, " -a ",
                      FishQuoted(absl::StrJoin(positional.choices, " ")));
    }
    text += "\n";
  }
  for (const Argument& option : command.AllOptions()) {
    text += OptionLine(command, option);
  }
  return text;
}

// "lab --port": options after which a word is no subcommand.
std::string OptionsWithValue(const std::vector<const Command*>& commands) {
  std::vector<std::string> list;
  for (const Command* command : commands) {
    for (const Argument& option : command->AllOptions()) {
      if (!option.takes_value()) continue;
      for (const std::string& name : option.names) {
        list.push_back(
            FishQuoted(absl::StrCat(FishWords(*command), " ", name)));
      }
    }
  }
  return absl::StrJoin(list, " \\\n        ");
}

std::string Subcommands(const std::vector<const Command*>& commands) {
  std::vector<std::string> list;
  for (const Command* command : commands) {
    if (!command->words.empty())
      list.push_back(FishQuoted(FishWords(*command)));
  }
  return absl::StrJoin(list, " ");
}

}  // namespace

std::string FishCompletion(const Command& root) {
  const std::vector<const Command*> commands = Flatten(root);
  std::string text =
      absl::StrCat(R"(# fish completion for holdfast, generated from its options

# True if $argv[1] is the subcommand, such as "cache list", that stands before
# the cursor.
function __holdfast_at
    set -l with_value )",
                   OptionsWithValue(commands), R"(
    set -l words (commandline -opc)
    set -e words[1]
    set -l at ''
    set -l is_value no
    for word in $words
        if test $is_value = yes
            set is_value no
        else if contains -- "$at $word" $with_value
            set is_value yes
        else if contains -- (string trim -- "$at $word") )",
                   Subcommands(commands), R"(
            set at (string trim -- "$at $word")
        end
    end
    test "$at" = "$argv[1]"
end

complete -c holdfast -f
)");
  for (const Command* command : commands) text += CommandLines(*command);
  return text;
}

}  // namespace holdfast::manual
