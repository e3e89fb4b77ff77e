// The command line as manual pages and completions need it: plain values, read
// from the definitions that --help shows.

#ifndef HOLDFAST_TOOLS_MANUAL_COMMAND_MODEL_H_
#define HOLDFAST_TOOLS_MANUAL_COMMAND_MODEL_H_

#include <map>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"

namespace holdfast::manual {

// An option, or a positional argument.
struct Argument {
  std::vector<std::string> names;  // "-h", "--help"; of a positional, none
  std::string placeholder;         // "FILE", "auto|always|never"; of a flag, ""
  std::string description;
  std::string environment;  // the variable that does the same, or ""
  bool required = false;
  bool repeatable = false;
  // What its value can be, for completion.
  std::vector<std::string> choices;
  enum class Paths { kNone, kFiles, kDirectories } paths = Paths::kNone;
  bool takes_value() const { return !placeholder.empty(); }
};

// The help's last part.
struct Footer {
  std::vector<std::string> paragraphs;
  std::vector<std::string> examples;  // command lines
  std::string exit_statuses;          // "0 done, 1 could not connect"
};

struct Command {
  std::vector<std::string>
      words;            // {"cache", "list"}; of holdfast itself, none
  std::string summary;  // as in the list of subcommands
  std::string description;
  Footer footer;
  std::vector<Argument> options;    // its own
  std::vector<Argument> inherited;  // of the whole command, good here too
  std::vector<Argument> positionals;
  std::vector<Command> subcommands;

  // "holdfast cache list", with `separator` between the words.
  std::string Name(const char* separator = " ") const;
  // Own and inherited.
  std::vector<Argument> AllOptions() const;
};

// What the values of some options can be, where their placeholder does not
// tell: by the option's name.
using Choices = std::map<std::string, std::vector<std::string>>;

// Reads `app` and its subcommands; `lab` is the one of that name, which is a
// program of its own.
Command ReadCommands(const CLI::App& app, const CLI::App& lab,
                     const Choices& lab_choices);

// `root` and all that is under it, in the order of the help.
std::vector<const Command*> Flatten(const Command& root);

}  // namespace holdfast::manual

#endif  // HOLDFAST_TOOLS_MANUAL_COMMAND_MODEL_H_
