#include "holdfast/tools/manual/command_model.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"
#include "holdfast/fallback/ladder.h"
#include "holdfast/protocols/dialogue/protocol.h"

namespace holdfast::manual {
namespace {

std::vector<std::string> TargetSchemes() {
  std::vector<std::string> schemes;
  for (const ProtocolInfo& info : AllProtocols()) {
    schemes.push_back(absl::StrCat(info.implicit_scheme, "://"));
    schemes.push_back(absl::StrCat(info.name, "://"));
  }
  return schemes;
}

std::vector<std::string> RungNames() {
  std::vector<std::string> names;
  for (Rung rung : {Rung::kFull, Rung::kNoAlpn, Rung::kCompact, Rung::kTls12,
                    Rung::kTls11, Rung::kTls10}) {
    names.emplace_back(RungName(rung));
  }
  return names;
}

std::vector<std::string> ErrorNames() {
  std::vector<std::string> names;
  for (const ErrorInfo& info : AllErrors()) names.emplace_back(info.name);
  return names;
}

// What a placeholder stands for: a word in small letters or digits for itself.
void ReadPlaceholder(Argument* argument) {
  for (absl::string_view part : absl::StrSplit(argument->placeholder, '|')) {
    std::vector<std::string> choices;
    if (part == "FILE" || part == "PATH") {
      argument->paths = Argument::Paths::kFiles;
    } else if (part == "DIR") {
      argument->paths = Argument::Paths::kDirectories;
    } else if (part == "TARGET") {
      choices = TargetSchemes();
    } else if (part == "RUNG") {
      choices = RungNames();
    } else if (part == "CODE") {
      choices = ErrorNames();
    } else if (std::none_of(part.begin(), part.end(), absl::ascii_isupper)) {
      choices.emplace_back(part);
    }
    argument->choices.insert(argument->choices.end(), choices.begin(),
                             choices.end());
  }
}

Argument ReadArgument(const CLI::Option& option) {
  Argument argument;
  for (const std::string& name : option.get_snames()) {
    argument.names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    argument.names.push_back("--" + name);
  }
  argument.description = option.get_description();
  argument.environment = option.get_envname();
  argument.required = option.get_required();
  argument.repeatable =
      option.get_type_size() != 0 && option.get_expected_max() > 1;
  if (option.get_positional()) {
    argument.placeholder = option.get_name();
  } else if (option.get_type_size() != 0) {
    argument.placeholder = option.get_type_name();
  }
  if (argument.takes_value()) ReadPlaceholder(&argument);
  return argument;
}

Footer ReadFooter(const std::string& text) {
  Footer footer;
  for (absl::string_view part : absl::StrSplit(text, "\n\n")) {
    if (absl::ConsumePrefix(&part, "Example:\n")) {
      for (absl::string_view line : absl::StrSplit(part, '\n')) {
        footer.examples.emplace_back(absl::StripAsciiWhitespace(line));
      }
    } else if (absl::ConsumePrefix(&part, "Exit status: ")) {
      footer.exit_statuses =
          absl::StrReplaceAll(absl::StripSuffix(part, "."), {{"\n", " "}});
    } else if (!part.empty()) {
      footer.paragraphs.push_back(absl::StrReplaceAll(part, {{"\n", " "}}));
    }
  }
  return footer;
}

void ReadArguments(const CLI::App& app, Command* command) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden in the help as well
    auto& list =
        option->get_positional() ? command->positionals : command->options;
    list.push_back(ReadArgument(*option));
  }
}

// Options of the same name are the command's own.
std::vector<Argument> Inherited(const Command& command,
                                const std::vector<Argument>& global) {
  std::vector<Argument> inherited;
  for (const Argument& candidate : global) {
    const bool is_own = std::any_of(
        command.options.begin(), command.options.end(),
        [&](const Argument& own) { return own.names == candidate.names; });
    if (!is_own) inherited.push_back(candidate);
  }
  return inherited;
}

Command ReadCommand(const CLI::App& app, std::vector<std::string> words,
                    const std::vector<Argument>& global) {
  Command command;
  command.words = std::move(words);
  command.description =
      absl::StrReplaceAll(app.get_description(), {{"\n", " "}});
  command.summary = std::string(absl::StripSuffix(command.description, "."));
  command.footer = ReadFooter(app.get_footer());
  ReadArguments(app, &command);
  command.inherited = Inherited(command, global);
  return command;
}

// `listed` is what the help lists, `lab` the program behind it.
Command ReadLab(const CLI::App& listed, const CLI::App& lab,
                const Choices& choices) {
  Command command = ReadCommand(lab, {listed.get_name()}, {});
  command.summary = listed.get_description();
  for (Argument& option : command.options) {
    const auto known = choices.find(option.names.back());
    if (known != choices.end()) option.choices = known->second;
  }
  return command;
}

}  // namespace

std::string Command::Name(const char* separator) const {
  return absl::StrCat("holdfast", words.empty() ? "" : separator,
                      absl::StrJoin(words, separator));
}

std::vector<Argument> Command::AllOptions() const {
  std::vector<Argument> all = options;
  all.insert(all.end(), inherited.begin(), inherited.end());
  return all;
}

Command ReadCommands(const CLI::App& app, const CLI::App& lab,
                     const Choices& lab_choices) {
  Command root = ReadCommand(app, {}, {});
  for (const CLI::App* child : app.get_subcommands({})) {
    const std::string name = child->get_name();
    if (name == "lab") {
      root.subcommands.push_back(ReadLab(*child, lab, lab_choices));
      continue;
    }
    Command command = ReadCommand(*child, {name}, root.options);
    for (const CLI::App* nested : child->get_subcommands({})) {
      command.subcommands.push_back(
          ReadCommand(*nested, {name, nested->get_name()}, root.options));
    }
    root.subcommands.push_back(std::move(command));
  }
  return root;
}

std::vector<const Command*> Flatten(const Command& root) {
  std::vector<const Command*> all = {&root};
  for (const Command& command : root.subcommands) {
    const std::vector<const Command*> below = Flatten(command);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

}  // namespace holdfast::manual
