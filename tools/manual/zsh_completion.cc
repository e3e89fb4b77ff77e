// Completion for zsh: a function for each subcommand, which calls _arguments.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "holdfast/tools/manual/completions.h"

namespace holdfast::manual {
namespace {

// Within the single quotes of a specification of _arguments.
std::string Escape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"},
                                    {":", "\\:"},
                                    {"[", "\\["},
                                    {"]", "\\]"},
                                    {"'", "'\\''"}});
}

std::string Function(const Command& command) {
  std::string name = "_holdfast";
  for (const std::string& word : command.words) {
    absl::StrAppend(&name, "_", word);
  }
  return name;
}

// "message:action"; the message is shown where there is nothing to offer.
std::string Value(const Argument& argument) {
  std::string action;
  if (!argument.choices.empty() && absl::EndsWith(argument.choices[0], "/")) {
    action = "_holdfast_targets";
  } else if (argument.paths == Argument::Paths::kFiles) {
    action = "_files";
  } else if (argument.paths == Argument::Paths::kDirectories) {
    action = "_directories";
  } else if (!argument.choices.empty()) {
    action = absl::StrCat("(", absl::StrJoin(argument.choices, " "), ")");
  }
  return absl::StrCat(Escape(argument.placeholder), ":", action);
}

std::string OptionSpec(const Argument& option, const std::string& name) {
  const std::string others =
      option.repeatable
          ? "*"
          : absl::StrCat("(", absl::StrJoin(option.names, " "), ")");
  return absl::StrCat("'", others, name, option.takes_value() ? "=" : "", "[",
                      Escape(option.description), "]",
                      option.takes_value() ? ":" + Value(option) : "", "'");
}

std::vector<std::string> Specs(const Command& command) {
  std::vector<std::string> specs;
  for (const Argument& option : command.AllOptions()) {
    for (const std::string& name : option.names) {
      specs.push_back(OptionSpec(option, name));
    }
  }
  for (const Argument& positional : command.positionals) {
    specs.push_back(
        absl::StrCat("'", positional.repeatable ? "*" : "",
                     positional.required ? ":" : "::", Value(positional), "'"));
  }
  return specs;
}

std::string LeafFunction(const Command& command) {
  return absl::StrCat(Function(command), "() {\n  _arguments \\\n    ",
                      absl::StrJoin(Specs(command), " \\\n    "), "\n}\n\n");
}

// A function that first has the subcommand completed, then calls its own.
std::string BranchFunction(const Command& command) {
  std::string text =
      absl::StrCat(Function(command),
                   "() {\n  local curcontext=$curcontext state line\n"
                   "  local -A opt_args\n  local -a subcommands=(\n");
  for (const Command& nested : command.subcommands) {
    absl::StrAppend(&text, "    '", nested.words.back(), ":",
                    Escape(nested.summary), "'\n");
  }
  absl::StrAppend(
      &text, "  )\n  _arguments -C \\\n    ",
      absl::StrJoin(Specs(command), " \\\n    "),
      " \\\n    '1:subcommand:->subcommand' '*::argument:->argument' && "
      "return\n"
      "  case $state in\n"
      "    subcommand) _describe subcommand subcommands ;;\n"
      "    argument)\n      case $words[1] in\n");
  for (const Command& nested : command.subcommands) {
    absl::StrAppend(&text, "        ", nested.words.back(), ") ",
                    Function(nested), " ;;\n");
  }
  return absl::StrCat(text, "      esac ;;\n  esac\n}\n\n");
}

std::string Targets(const std::vector<const Command*>& commands) {
  for (const Command* command : commands) {
    for (const Argument& positional : command->positionals) {
      if (positional.placeholder != "TARGET") continue;
      return absl::StrCat("_holdfast_targets() {\n  compadd -S '' -- ",
                          absl::StrJoin(positional.choices, " "), "\n}\n\n");
    }
  }
  return "";
}

}  // namespace

std::string ZshCompletion(const Command& root) {
  const std::vector<const Command*> commands = Flatten(root);
  std::string text = absl::StrCat(
      "#compdef holdfast\n# Generated from the options of holdfast.\n\n",
      Targets(commands));
  for (const Command* command : commands) {
    text += command->subcommands.empty() ? LeafFunction(*command)
                                         : BranchFunction(*command);
  }
  return absl::StrCat(text, "_holdfast \"$@\"\n");
}

}  // namespace holdfast::manual
