// Writes the manual pages and the completions into a directory, laid out as
// under share/:
//
//   holdfast_generate_manual DIRECTORY

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "holdfast/tools/command_line.h"
#include "holdfast/tools/lab/behaviour.h"
#include "holdfast/tools/lab/lab_command.h"
#include "holdfast/tools/manual/command_model.h"
#include "holdfast/tools/manual/completions.h"
#include "holdfast/tools/manual/man_page.h"

namespace holdfast::manual {
namespace {

// What --help leaves to the manual.
constexpr char kMore[] =
    R"(.SH TARGETS
A target is a scheme with a host, and a port if it is not the usual one:
.BR imaps:// ", " pop3s:// ", " smtps:// ", " submissions:// " and " nntps://
speak TLS from the first byte,
.BR imap:// ", " pop3:// ", " smtp:// ", " submission:// " and " nntp://
by STARTTLS, which is required.
A bare host with
.B \-\-protocol
is reached by implicit TLS and, if that does not answer as it should, by
STARTTLS.
No target means plaintext.
.SH ENVIRONMENT
.TP
.B HOLDFAST_CACHE
The file that remembers hosts, unless
.B \-\-cache
names one.
.TP
.B XDG_STATE_HOME
Where that file is otherwise, as
.IR holdfast/hosts.db .
.TP
.B NO_COLOR
If it is set, there is no colour with
.BR "\-\-color auto" ;
nor with
.BR TERM=dumb .
.SH FILES
.TP
.I \(ti/.local/state/holdfast/hosts.db
The file that remembers hosts, unless the options or the environment name one.
)";

std::string BehaviourSection() {
  std::string text = ".SH BEHAVIOURS\n";
  for (const lab::Behaviour& behaviour : lab::AllBehaviours()) {
    absl::StrAppend(&text, ".TP\n.B ", Roff(behaviour.name), "\n",
                    Roff(behaviour.explanation), "\n");
  }
  return text;
}

std::string MoreFor(const Command& command) {
  if (command.words.empty()) return kMore;
  return command.words.front() == "lab" ? BehaviourSection() : "";
}

// What the lab's options take, for which its help has no room.
Choices LabChoices() {
  Choices choices = {
      {"--protocol", {"imap", "pop3", "smtp", "submission", "nntp"}}};
  for (const lab::Behaviour& behaviour : lab::AllBehaviours()) {
    choices["--behaviour"].push_back(behaviour.name);
  }
  return choices;
}

bool Write(const std::filesystem::path& path, const std::string& text) {
  std::error_code ignored;  // the file cannot be written then
  std::filesystem::create_directories(path.parent_path(), ignored);
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) std::cerr << "cannot write " << path.string() << "\n";
  return file.good();
}

int Generate(const std::filesystem::path& directory) {
  const CommandLine line;
  CLI::App lab;
  lab::LabCommand lab_command;
  lab_command.name = "holdfast lab";
  lab::AddLabOptions(&lab, &lab_command);
  const Command root = ReadCommands(line.app, lab, LabChoices());
  bool ok = true;
  for (const Command* command : Flatten(root)) {
    if (command->words.size() > 1) continue;  // within the page above it
    ok &= Write(directory / "man1" / (command->Name("-") + ".1"),
                ManPage(*command, root, MoreFor(*command)));
  }
  ok &= Write(directory / "bash-completion" / "completions" / "holdfast",
              BashCompletion(root));
  ok &= Write(directory / "zsh" / "site-functions" / "_holdfast",
              ZshCompletion(root));
  ok &= Write(directory / "fish" / "vendor_completions.d" / "holdfast.fish",
              FishCompletion(root));
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace holdfast::manual

int main(int argc, char** argv) {
  if (argc == 2) return holdfast::manual::Generate(argv[1]);
  std::cerr << "usage: holdfast_generate_manual DIRECTORY\n";
  return 2;
}
