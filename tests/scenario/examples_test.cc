// Every command line that the documentation shows is run: those of README.md,
// docs/, the manual pages, and so of --help, which has the same examples.
// Servers of the lab stand in for mail.example.org.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// In Markdown: a line of a code block, a quoted part of one, or a code span.
// What begins in a capital after "holdfast" is something it printed.
std::vector<std::string> MarkdownExamples(const std::string& text) {
  static const std::regex line(R"re(^(?:\$ )?(holdfast +[-\[a-z].*)$)re");
  static const std::regex quoted(R"re("(holdfast [-a-z][^"]*)")re");
  static const std::regex span(R"re(`(holdfast [-\[a-z][^`]*)`)re");
  std::vector<std::string> examples;
  bool is_code = false;
  for (const absl::string_view piece : absl::StrSplit(text, '\n')) {
    const std::string row(piece);
    std::smatch match;
    if (absl::StartsWith(row, "```")) {
      is_code = !is_code;
    } else if (is_code && std::regex_search(row, match, line)) {
      examples.push_back(match[1]);
    } else {
      const std::regex& pattern = is_code ? quoted : span;
      for (std::sregex_iterator it(row.begin(), row.end(), pattern), end;
           it != end; ++it) {
        examples.push_back((*it)[1]);
      }
    }
  }
  return examples;
}

// In a manual page: the lines between .EX and .EE, with roff's escapes.
std::vector<std::string> ManualExamples(const std::string& text) {
  std::vector<std::string> examples;
  bool is_example = false;
  for (const absl::string_view piece : absl::StrSplit(text, '\n')) {
    const std::string row(piece);
    if (row == ".EX" || row == ".EE") {
      is_example = row == ".EX";
    } else if (is_example) {
      examples.push_back(absl::StrReplaceAll(row, {{"\\-", "-"},
                                                   {"\\(aq", "'"},
                                                   {"\\(dq", "\""},
                                                   {"\\(ti", "~"},
                                                   {"\\(rs", "\\"},
                                                   {"\\(ga", "`"}}));
    }
  }
  return examples;
}

// What a synopsis stands for, with all of its optional parts: "[--for 30d]"
// becomes "--for 30d", "HOST[:PORT]" a host.
std::string Concrete(const std::string& example) {
  std::string text = example;
  const std::pair<const char*, const char*> rules[] = {
      {R"(^holdfast +)", "holdfast "},
      {R"(\[GLOBAL\] )", ""},
      {R"( {2,}(#.*|[^-\[ ].*)$)", ""},  // what it does
      {R"( &$)", ""},
      {R"((--protocol) NAME)", "$1 imap"},
      {R"((--user) NAME)", "$1 alice"},
      {R"((--password-command) COMMAND)", "$1 'pass mail'"},
      {R"((--behaviour) NAME)", "$1 tls13-fin"},
      {R"(imaps://HOST)", "imaps://mail.example.org"},
      {R"(HOST(\[?:PORT\]?)?)", "mail.example.org:993"},
      {R"(\bTARGET(\.\.\.)?)", "imaps://mail.example.org"},
      {R"(\bPATTERN\b)", "'*.org'"},
      {R"(\bRUNG\b)", "tls12"},
      {R"(\bCODE\b)", "closed_during_handshake"},
      {R"(\bPORT\b)", "0"},
      {R"((--from) FILE)", "$1 hosts.txt"},
      {R"((--trace) FILE)", "$1 trace.jsonl"},
      {R"(< FILE|\bFILE\b)", "hosts.jsonl"},
      {R"(([a-z]+)(\|[a-z]+)+)", "$1"},
      {R"([\[\]](?!:))", ""},
      {R"(--all$)", "--all --yes"},  // there is no terminal to ask on
  };
  for (const auto& [pattern, replacement] : rules) {
    text = std::regex_replace(text, std::regex(pattern), replacement);
  }
  return std::string(absl::StripTrailingAsciiWhitespace(text));
}

class ExamplesTest : public testing::Test {
 protected:
  ExamplesTest() : authority_(*lab::CertificateAuthority::Create()) {
    environment_ = {
        {"HOLDFAST_CACHE", directory_.Path("hosts.db")},
        {"HOME", directory_.path()},
        {"PATH",
         absl::StrCat(fs::path(HoldfastPath()).parent_path().string(), ":",
                      directory_.path(), ":/usr/local/bin:/usr/bin:/bin")}};
    for (const char* protocol :
         {"imap", "pop3", "smtp", "submission", "nntp"}) {
      Start(protocol, lab::Security::kImplicit, absl::StrCat(protocol, "s"));
      Start(protocol, lab::Security::kStartTls, protocol);
    }
    // What examples read, and run.
    fs::permissions(directory_.Write("pw", "pw\n"), fs::perms::owner_read);
    fs::permissions(directory_.Write("pass", "#!/bin/sh\necho pw\n"),
                    fs::perms::owner_all);
    directory_.Write("ca.pem", authority_.certificate_pem());
    directory_.Write("hosts.txt", Reachable("imaps://mail.example.org") + "\n");
    for (const char* command :
         {"holdfast cache pin mail.example.org:993 --rung tls12",
          "holdfast cache export > hosts.jsonl",
          "holdfast connect --check --trace trace.jsonl "
          "imaps://mail.example.org"}) {
      const ProcessResult result = Run(command);
      EXPECT_EQ(result.exit_code, 0) << command << "\n" << result.err;
    }
    directory_.Write("pinned.db", directory_.Read("hosts.db"));
  }

  // The command line with servers of ours in it.
  std::string Reachable(const std::string& example) const {
    static const std::regex target(
        R"(([a-z0-9]+)://(mail\.example\.org|localhost)(:\d+)?)");
    static const std::regex bare(
        R"(--protocol ([a-z0-9]+) mail\.example\.org)");
    static const std::regex probe(R"((holdfast.* probe) mail\.example\.org)");
    std::string text =
        std::regex_replace(example, probe, "$1 imaps://mail.example.org");
    std::smatch match;
    if (std::regex_search(text, match, target)) {
      return absl::StrCat(match.prefix().str(), match[1].str(),
                          "://mail.example.org:", ports_.at(match[1]),
                          Reachable(match.suffix()));
    }
    if (std::regex_search(text, match, bare)) {
      return absl::StrCat(match.prefix().str(), match[0].str(), ":",
                          ports_.at(absl::StrCat(match[1].str(), "s")),
                          match.suffix().str());
    }
    return text;
  }

  // Runs it by a shell in the scratch directory.
  ProcessResult Run(const std::string& example) {
    static const std::regex connecting(R"( (connect|probe)\b)");
    std::string options = " $1 --ca ca.pem --no-system-roots";
    for (const auto& [scheme, port] : ports_) {
      absl::StrAppend(&options, " --resolve mail.example.org:", port,
                      ":127.0.0.1");
    }
    const std::string command =
        std::regex_replace(Reachable(example), connecting, options,
                           std::regex_constants::format_first_only);
    ProcessOptions process;
    process.arguments = {
        "bash", "-c", absl::StrCat("cd ", directory_.path(), " && ", command)};
    process.environment = environment_;
    process.input = "a1 LOGOUT\r\n";  // of a session
    return *RunProcess(process);
  }

  // With a server that knows alice, which those of the lab do not.
  ProcessResult RunSignedIn(const std::string& example) {
    const auto dovecot = DovecotServer::Start({Certificate()}).value();
    const uint16_t port = std::exchange(ports_["imaps"], dovecot->imaps_port());
    const ProcessResult result = Run(example);
    ports_["imaps"] = port;
    return result;
  }

  // A lab serves until it is ended.
  ProcessResult RunLab(const std::string& example) {
    static const std::regex port(R"(--port \d+)");
    static const std::regex upstream(R"(mail\.example\.org:\d+)");
    const std::string command = std::regex_replace(
        std::regex_replace(example, port, "--port 0"), upstream,
        absl::StrCat("localhost:", ports_.at("imaps")));
    ProcessOptions process;
    process.arguments = {
        "bash", "-c",
        absl::StrCat("cd ", directory_.path(), " && exec ", command)};
    process.environment = environment_;
    auto lab = *Process::Start(process);
    lab->WaitForOutput("listening");
    lab->Signal(SIGTERM);
    return lab->Wait(LongEnough()).value_or(ProcessResult());
  }

  const TempDir directory_;

 private:
  lab::Certificate Certificate() const {
    lab::CertificateOptions options;
    options.dns_names = {"mail.example.org"};
    return *authority_.Issue(options);
  }

  void Start(const std::string& protocol, lab::Security security,
             const std::string& scheme) {
    lab::LabOptions options;
    options.protocol = protocol;
    options.security = security;
    options.certificate = Certificate();
    servers_.push_back(lab::LabServer::Start(options).value());
    ports_[scheme] = servers_.back()->port();
  }

  const lab::CertificateAuthority authority_;
  std::map<std::string, std::string> environment_;
  std::vector<std::unique_ptr<lab::LabServer>> servers_;
  std::map<std::string, uint16_t> ports_;  // by scheme
};

std::set<std::string> AllExamples() {
  std::set<std::string> examples;
  const auto add = [&examples](const std::vector<std::string>& found) {
    for (const std::string& example : found) examples.insert(Concrete(example));
  };
  add(MarkdownExamples(ReadFile(fs::path(HOLDFAST_SOURCE_DIR) / "README.md")));
  for (const auto& file :
       fs::directory_iterator(fs::path(HOLDFAST_SOURCE_DIR) / "docs")) {
    if (file.path().extension() == ".md") {
      add(MarkdownExamples(ReadFile(file.path())));
    }
  }
  for (const auto& file :
       fs::directory_iterator(fs::path(HOLDFAST_MANUAL) / "man1")) {
    add(ManualExamples(ReadFile(file.path())));
  }
  return examples;
}

TEST_F(ExamplesTest, EveryExampleRuns) {
  static const std::regex serving(R"(^holdfast lab .*--behaviour)");
  // Text names commands so, without what they need.
  static const std::regex name_only(
      "^holdfast (lab|connect|probe|cache( (show|explain|forget|pin))?)$");
  const std::set<std::string> examples = AllExamples();
  EXPECT_GT(examples.size(), 25u);
  for (const std::string& example : examples) {
    directory_.Write("hosts.db", directory_.Read("pinned.db"));
    const ProcessResult result =
        std::regex_search(example, serving)    ? RunLab(example)
        : absl::StrContains(example, "--user") ? RunSignedIn(example)
        : std::regex_match(example, name_only) ? Run(example + " --help")
                                               : Run(example);
    EXPECT_EQ(result.exit_code, 0) << example << "\n"
                                   << result.out << result.err;
  }
}

}  // namespace
}  // namespace holdfast::test
