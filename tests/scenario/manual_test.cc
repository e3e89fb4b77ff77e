// What `cmake --install` puts where of the command, and that manual pages and
// completions tell of all that --help does.

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;
using Words = std::vector<std::string>;

ProcessResult RunProgram(const Words& arguments,
                         const std::string& input = "") {
  ProcessOptions options;
  options.arguments = arguments;
  options.input = input;
  absl::StatusOr<ProcessResult> result = RunProcess(options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value_or(ProcessResult());
}

bool HasProgram(const std::string& name) {
  return RunProcess({{name, "--version"}}).ok();
}

Words Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

// What the help of one command lists.
struct Help {
  Words subcommands;
  Words options;  // "-h", "--help"
};

class ManualTest : public testing::Test {
 protected:
  ManualTest() {
    Install("command", prefix());
    Install("lab", prefix());
  }

  static void Install(const std::string& component, const std::string& prefix) {
    const ProcessResult result =
        RunProgram({HOLDFAST_CMAKE, "--install", HOLDFAST_BUILD_DIR,
                    "--component", component, "--prefix", prefix});
    EXPECT_EQ(result.exit_code, 0) << result.err;
  }

  std::string prefix() const { return directory_.Path("usr"); }
  std::string Share(const std::string& name) const {
    return absl::StrCat(prefix(), "/share/", name);
  }
  std::string BashFile() const {
    return Share("bash-completion/completions/holdfast");
  }
  std::string FishFile() const {
    return Share("fish/vendor_completions.d/holdfast.fish");
  }
  std::string ZshFile() const { return Share("zsh/site-functions/_holdfast"); }

  ProcessResult Holdfast(Words arguments) const {
    arguments.insert(arguments.begin(), prefix() + "/bin/holdfast");
    return RunProgram(arguments);
  }

  Help ReadHelp(Words command) const {
    static const std::regex entry(R"(^  (\S+).*)");
    command.push_back("--help");
    Help help;
    bool is_subcommands = false;
    for (const std::string& line : Lines(Holdfast(command).out)) {
      std::smatch match;
      if (line == "Subcommands:") is_subcommands = true;
      if (line == "Example:") break;
      if (!std::regex_match(line, match, entry)) continue;
      const std::string word = match[1];
      if (is_subcommands) {
        help.subcommands.push_back(word);
      } else if (word[0] == '-') {
        const Words names = absl::StrSplit(word, ',');
        help.options.insert(help.options.end(), names.begin(), names.end());
      }
    }
    return help;
  }

  // By what stands after "holdfast".
  std::map<Words, Help> AllHelp() const {
    std::map<Words, Help> all;
    std::vector<Words> ahead = {{}};
    while (!ahead.empty()) {
      const Words command = ahead.back();
      ahead.pop_back();
      const Help& help = all[command] = ReadHelp(command);
      for (const std::string& nested : help.subcommands) {
        ahead.push_back(command);
        ahead.back().push_back(nested);
      }
    }
    EXPECT_GT(all.size(), 10u);
    return all;
  }

  // A page as a terminal shows it; `warnings` are groff's.
  std::string Page(const std::string& name, std::string* warnings) const {
    const ProcessResult result = RunProgram(
        {"groff", "-man", "-Tascii", "-Kutf8", "-ww", "-rLL=200n", "-P-c",
         "-P-b", "-P-u", Share(absl::StrCat("man/man1/", name, ".1"))});
    *warnings = result.err;
    return result.out;
  }

  // What bash offers for the last of `words`, which follow "holdfast".
  Words Bash(Words words) const {
    words.insert(
        words.begin(),
        {"bash", "-c",
         "source \"$0\"; COMP_WORDS=(holdfast \"$@\"); "
         "COMP_CWORD=$#; _holdfast; printf '%s\\n' \"${COMPREPLY[@]}\"",
         BashFile()});
    const ProcessResult result = RunProgram(words);
    EXPECT_THAT(result.err, IsEmpty());
    return Lines(result.out);
  }

  Words Fish(const Words& words) const {
    const ProcessResult result = RunProgram(
        {"fish", "--no-config", "-c",
         absl::StrCat("source ", FishFile(), "; complete -C 'holdfast ",
                      absl::StrJoin(words, " "),
                      "' | string replace -r "
                      "'\\t.*' ''")});
    EXPECT_THAT(result.err, IsEmpty());
    return Lines(result.out);
  }

  const TempDir directory_;
};

TEST_F(ManualTest, InstallsTheCommandTheLabAndTheirManual) {
  EXPECT_THAT(Holdfast({"--version"}).out, StartsWith("holdfast "));
  EXPECT_TRUE(fs::exists(prefix() + "/libexec/holdfast/holdfast-lab"));
  EXPECT_THAT(Holdfast({"lab", "--list"}).out, HasSubstr("tls13-fin"));
  for (const std::string& file : {BashFile(), FishFile(), ZshFile()}) {
    EXPECT_TRUE(fs::exists(file)) << file;
  }
  std::set<std::string> pages;
  for (const auto& file : fs::directory_iterator(Share("man/man1"))) {
    pages.insert(file.path().filename());
  }
  std::set<std::string> wanted = {"holdfast.1"};
  for (const std::string& subcommand : ReadHelp({}).subcommands) {
    wanted.insert(absl::StrCat("holdfast-", subcommand, ".1"));
  }
  EXPECT_EQ(pages, wanted);
}

TEST_F(ManualTest, TheLabIsAComponentOfItsOwn) {
  const std::string other = directory_.Path("other");
  Install("command", other);
  EXPECT_FALSE(fs::exists(other + "/libexec"));
  EXPECT_FALSE(fs::exists(other + "/share/man/man1/holdfast-lab.1"));
  const ProcessResult result = RunProgram({other + "/bin/holdfast", "lab"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.err, StartsWith("holdfast: the lab is not installed: "));

  const std::string lab = directory_.Path("lab");
  Install("lab", lab);
  EXPECT_FALSE(fs::exists(lab + "/bin"));
  EXPECT_TRUE(fs::exists(lab + "/libexec/holdfast/holdfast-lab"));
  EXPECT_TRUE(fs::exists(lab + "/share/man/man1/holdfast-lab.1"));
}

// A subcommand of a subcommand is a section of its page.
std::string SectionOf(const std::string& page, const Words& command) {
  if (command.size() < 2) return page;
  const size_t begin = page.find(absl::StrCat("\n   ", command[1], "\n"));
  if (begin == std::string::npos) return "";
  std::string section;
  for (const absl::string_view line :
       absl::StrSplit(page.substr(begin + 1), '\n')) {
    const bool is_title = !line.empty() && !absl::StartsWith(line, "     ");
    if (is_title && !section.empty()) break;
    absl::StrAppend(&section, line, "\n");
  }
  return section;
}

TEST_F(ManualTest, PagesAreFormattedWithoutWarningsAndTellOfEveryOption) {
  std::map<std::string, std::string> pages;
  for (const auto& [command, help] : AllHelp()) {
    const std::string name =
        command.empty() ? "holdfast" : "holdfast-" + command[0];
    if (pages.count(name) == 0) {
      std::string warnings;
      pages[name] = Page(name, &warnings);
      EXPECT_THAT(warnings, IsEmpty()) << name;
      for (const char* title : {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS",
                                "EXIT STATUS", "EXAMPLES", "SEE ALSO"}) {
        EXPECT_THAT(pages[name], HasSubstr(absl::StrCat("\n", title, "\n")));
      }
    }
    const std::string section = SectionOf(pages[name], command);
    EXPECT_THAT(help.options, Not(IsEmpty()));
    for (const std::string& option : help.options) {
      EXPECT_TRUE(std::regex_search(
          section, std::regex(absl::StrCat("\n +(-., )?", option, "[ ,\n]"))))
          << absl::StrJoin(command, " ") << " " << option;
    }
  }
}

TEST_F(ManualTest, BashCompletesEverySubcommandAndOption) {
  for (const auto& [command, help] : AllHelp()) {
    Words words = command;
    words.push_back("");
    if (!help.subcommands.empty()) {
      EXPECT_THAT(Bash(words),
                  testing::UnorderedElementsAreArray(help.subcommands));
    }
    words.back() = "-";
    EXPECT_THAT(Bash(words), IsSupersetOf(help.options));
  }
}

TEST_F(ManualTest, BashCompletesValues) {
  EXPECT_THAT(Bash({"--color", ""}), ElementsAre("auto", "always", "never"));
  EXPECT_THAT(Bash({"--color", "=", "al"}), ElementsAre("always"));
  EXPECT_THAT(Bash({"connect", "--security", "="}),
              ElementsAre("auto", "implicit", "starttls"));
  EXPECT_THAT(Bash({"connect", "imap"}), ElementsAre("imaps://", "imap://"));
  EXPECT_THAT(Bash({"cache", "pin", "example.org", "--rung", "t"}),
              ElementsAre("tls12"));
  EXPECT_THAT(Bash({"cache", "list", "--reason", "closed_d"}),
              ElementsAre("closed_during_handshake"));
  EXPECT_THAT(Bash({"lab", "--behaviour", "tls13-f"}), Contains("tls13-fin"));
  EXPECT_THAT(Bash({"connect", "--ca", BashFile().substr(0, 8)}),
              Not(IsEmpty()));
  EXPECT_THAT(Bash({"connect", "--timeout", ""}), IsEmpty());
}

TEST_F(ManualTest, BashTakesNoValueForASubcommand) {
  EXPECT_THAT(Bash({"--cache", "cache", "ca"}), ElementsAre("cache"));
  EXPECT_THAT(Bash({"--cache", "=", "cache", "ca"}), ElementsAre("cache"));
  EXPECT_THAT(Bash({"--json", "cache", "ver"}), ElementsAre("verify"));
}

// The lab is a program of its own.
TEST_F(ManualTest, BashOffersTheLabNoGlobalOptions) {
  EXPECT_THAT(Bash({"lab", "--"}), Not(Contains("--json")));
  EXPECT_THAT(Bash({"connect", "--"}), Contains("--json"));
}

TEST_F(ManualTest, FishCompletesEverySubcommandOptionAndValue) {
  if (!HasProgram("fish")) GTEST_SKIP() << "fish is not installed";
  for (const auto& [command, help] : AllHelp()) {
    Words words = command;
    words.push_back("");
    if (!help.subcommands.empty()) {
      EXPECT_THAT(Fish(words),
                  testing::UnorderedElementsAreArray(help.subcommands));
    }
    words.back() = "-";
    EXPECT_THAT(Fish(words), IsSupersetOf(help.options));
  }
  EXPECT_THAT(Fish({"--color", ""}),
              UnorderedElementsAre("always", "auto", "never"));
  EXPECT_THAT(Fish({"--cache", "cache", "ca"}), ElementsAre("cache"));
  EXPECT_THAT(Fish({"connect", "imap"}),
              UnorderedElementsAre("imap://", "imaps://"));
  EXPECT_THAT(Fish({"lab", "--behaviour", "tls13-f"}), Contains("tls13-fin"));
  EXPECT_THAT(Fish({"lab", "--"}), Not(Contains("--json")));
}

// With _arguments in the place of zsh's, which would need a terminal.
TEST_F(ManualTest, ZshIsToldOfEveryOption) {
  if (!HasProgram("zsh")) GTEST_SKIP() << "zsh is not installed";
  for (const auto& [command, help] : AllHelp()) {
    Words function = command;
    function.insert(function.begin(), "_holdfast");
    const ProcessResult result = RunProgram(
        {"zsh", "-f", "-c",
         absl::StrCat("_arguments() { print -rl -- \"$@\" }; source ",
                      ZshFile(), " >/dev/null; ",
                      absl::StrJoin(function, "_"))});
    EXPECT_THAT(result.err, IsEmpty());
    for (const std::string& option : help.options) {
      EXPECT_TRUE(std::regex_search(
          result.out, std::regex(absl::StrCat("[*)]", option, "=?\\["))))
          << absl::StrJoin(command, " ") << " " << option;
    }
  }
}

// On a terminal of zsh's own making, which waits for each answer.
TEST_F(ManualTest, ZshCompletesSubcommandsOptionsAndValues) {
  if (!HasProgram("zsh")) GTEST_SKIP() << "zsh is not installed";
  const ProcessResult result = RunProgram(
      {"zsh", "-f", "-c", R"(
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell "PS1=; fpath=(${1:h} \$fpath); autoload -Uz compinit
compinit -D -u; print RE''ADY"
zpty -r -m shell output '*READY*'
shift
for line wanted; do
  zpty -w -n shell "holdfast $line"$'\t'
  zpty -r -m shell output "*$wanted*" && print -r -- "$wanted"
  zpty -w -n shell $'\x15'
done
zpty -d shell)",
       "zsh", ZshFile(), "conn", "ect", "--json cache ver", "ify",
       "cache list --re", "ason", "--color=al", "ways", "connect subm",
       "ission", "lab --behaviour tls13-w", "arning"});
  EXPECT_THAT(Lines(result.out),
              ElementsAre("ect", "ify", "ason", "ways", "ission", "arning"))
      << result.err;
}

}  // namespace
}  // namespace holdfast::test
