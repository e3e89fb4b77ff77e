// Completion for bash: tables, and a function that finds out which to use.

#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "holdfast/tools/manual/completions.h"

namespace holdfast::manual {
namespace {

// Bash's case patterns, by the command that they lead to.
using Cases = std::map<std::string, std::vector<std::string>>;

std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", text, "'");
}

std::string Words(const Command& command) {
  return absl::StrJoin(command.words, " ");
}

// What has the shell offer the values of `argument`.
std::string Offer(const Argument& argument) {
  std::string offer = absl::StrCat(
      "values=", Quoted(absl::StrJoin(argument.choices, " ")), " paths=");
  switch (argument.paths) {
    case Argument::Paths::kNone:
      return offer;
    case Argument::Paths::kFiles:
      return absl::StrCat(offer, "-f");
    case Argument::Paths::kDirectories:
      return absl::StrCat(offer, "-d");
  }
  return offer;
}

std::string Text(const Cases& cases) {
  std::string text;
  for (const auto& [action, patterns] : cases) {
    absl::StrAppend(&text, "    ", absl::StrJoin(patterns, " | \\\n      "),
                    ")\n      ", action, " ;;\n");
  }
  return text;
}

std::string OptionValues(const std::vector<const Command*>& commands) {
  Cases cases;
  for (const Command* command : commands) {
    for (const Argument& option : command->AllOptions()) {
      if (!option.takes_value()) continue;
      for (const std::string& name : option.names) {
        cases[Offer(option)].push_back(
            Quoted(absl::StrCat(Words(*command), " ", name)));
      }
    }
  }
  return Text(cases);
}

std::string OptionNames(const std::vector<const Command*>& commands) {
  Cases cases;
  for (const Command* command : commands) {
    std::vector<std::string> names;
    for (const Argument& option : command->AllOptions()) {
      names.insert(names.end(), option.names.begin(), option.names.end());
    }
    cases[absl::StrCat("values=", Quoted(absl::StrJoin(names, " ")))].push_back(
        Quoted(Words(*command)));
  }
  return Text(cases);
}

// Subcommands, or the values of the first positional argument.
std::string Positionals(const std::vector<const Command*>& commands) {
  Cases cases;
  for (const Command* command : commands) {
    Argument words;
    if (!command->positionals.empty()) words = command->positionals.front();
    for (const Command& nested : command->subcommands) {
      words.choices.push_back(nested.words.back());
    }
    cases[Offer(words)].push_back(Quoted(Words(*command)));
  }
  return Text(cases);
}

std::string SubcommandPatterns(const std::vector<const Command*>& commands) {
  std::vector<std::string> patterns;
  for (const Command* command : commands) {
    if (command->words.empty()) continue;
    const bool nested = command->words.size() > 1;
    patterns.push_back(
        Quoted(absl::StrCat(nested ? "" : " ", Words(*command))));
  }
  return absl::StrJoin(patterns, " | ");
}

}  // namespace

std::string BashCompletion(const Command& root) {
  const std::vector<const Command*> commands = Flatten(root);
  return absl::StrCat(
      R"(# bash completion for holdfast, generated from its options

# What can follow an option; $1 is the subcommand, a space, and the option.
# Fails if nothing does.
_holdfast_option_values() {
  case $1 in
)",
      OptionValues(commands), R"(    *) return 1 ;;
  esac
}

_holdfast_options() {
  case $1 in
)",
      OptionNames(commands), R"(  esac
}

_holdfast_arguments() {
  case $1 in
)",
      Positionals(commands), R"(  esac
}

# Offers what of $values begins with $1, and paths if $paths says so.
_holdfast_offer() {
  mapfile -t COMPREPLY < <(
    compgen -W "$values" -- "$1"
    [[ -z $paths ]] || compgen "$paths" -- "$1"
  )
  # Only complete() knows compopt.
  [[ -z $paths ]] || compopt -o filenames 2>/dev/null
  [[ $values != *://* ]] || compopt -o nospace 2>/dev/null
}

_holdfast() {
  local current=${COMP_WORDS[COMP_CWORD]} command='' values='' paths='' word i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if _holdfast_option_values "$command $word"; then
      # Readline makes three words of --option=value.
      [[ ${COMP_WORDS[i + 1]} != = ]] || ((++i))
      if ((++i >= COMP_CWORD)); then
        [[ $current != = ]] || current=''
        _holdfast_offer "$current"
        return
      fi
      continue
    fi
    case "$command $word" in
      )",
      SubcommandPatterns(commands), R"()
        command=${command:+$command }$word ;;
    esac
  done
  values='' paths=''
  if [[ $current == -* ]]; then
    _holdfast_options "$command"
  else
    _holdfast_arguments "$command"
  fi
  _holdfast_offer "$current"
}

complete -F _holdfast holdfast
)");
}

}  // namespace holdfast::manual
