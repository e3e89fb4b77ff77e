// The options of the command, each by a difference that it makes.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/openssl_server.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr char kEscape[] = "\x1b[";

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() : authority_(*lab::CertificateAuthority::Create()) {
    directory_.Write("ca.pem", authority_.certificate_pem());
  }

  std::unique_ptr<lab::LabServer> StartLab(const std::string& behaviour) {
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    options.certificate = *authority_.Issue();
    return lab::LabServer::Start(options).value();
  }

  // An `openssl s_server` with these options that greets its first client.
  std::unique_ptr<OpensslServer> StartOpenssl(
      const std::vector<std::string>& options) {
    auto server = OpensslServer::Start(*authority_.Issue(), options).value();
    server->process().WriteInput("* OK [CAPABILITY IMAP4rev1] ready\r\n");
    return server;
  }

  std::vector<std::string> Arguments(uint16_t port,
                                     std::vector<std::string> options) const {
    const std::vector<std::string> usual = {
        "connect",
        "--check",
        "--no-system-roots",
        "--ca",
        directory_.Path("ca.pem"),
        "--cache",
        directory_.Path("hosts.db"),
        absl::StrCat("imaps://localhost:", port),
        "--resolve",
        absl::StrCat("localhost:", port, ":127.0.0.1")};
    options.insert(options.begin(), usual.begin(), usual.end());
    return options;
  }
  CommandResult Check(uint16_t port, std::vector<std::string> options = {},
                      std::map<std::string, std::string> environment = {}) {
    environment.emplace("SSLKEYLOGFILE", "");
    return RunHoldfast(Arguments(port, std::move(options)),
                       std::move(environment));
  }

  CommandResult Cache(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "cache");
    arguments.insert(arguments.end(), {"--cache", directory_.Path("hosts.db")});
    return RunHoldfast(std::move(arguments));
  }

  // A file's lines as JSON.
  std::vector<nlohmann::json> Lines(const std::string& name) const {
    std::vector<nlohmann::json> lines;
    for (absl::string_view line :
         absl::StrSplit(directory_.Read(name), '\n', absl::SkipEmpty())) {
      lines.push_back(nlohmann::json::parse(line.begin(), line.end()));
    }
    return lines;
  }

  lab::CertificateAuthority authority_;
  TempDir directory_;
};

std::vector<std::string> EventNames(const std::vector<nlohmann::json>& lines) {
  std::vector<std::string> names;
  for (const auto& line : lines) names.push_back(line.value("event", ""));
  return names;
}

// --verbose, --quiet.
TEST_F(OptionsTest, VerboseTellsEveryEventWithItsTime) {
  const auto server = StartLab("healthy");
  EXPECT_THAT(Check(server->port()).process.err,
              Not(HasSubstr("tcp_connected")));
  for (const char* form : {"--verbose", "--json"}) {
    CommandResult result = Check(server->port(), {"--verbose", form});
    EXPECT_EQ(result.exit_code(), 0) << result.process.err;
    EXPECT_THAT(result.process.err,
                AllOf(HasSubstr(" ms  attempt 1  tcp_connected "
                                "address=127.0.0.1"),
                      HasSubstr("handshake_done version=TLS1.3"),
                      HasSubstr("  ready")));
  }
}

TEST_F(OptionsTest, QuietSilencesStandardErrorButNotTheResult) {
  directory_.Write("hosts.db", std::string(8192, 'x'));  // worth a warning
  const auto server = StartLab("tls13-alert-protocol-version");
  CommandResult result = Check(server->port(), {"--quiet"});
  EXPECT_EQ(result.exit_code(), 0) << result.process.err;
  EXPECT_EQ(result.process.err, "");
  EXPECT_THAT(result.process.out, HasSubstr("Connected to"));
}

TEST_F(OptionsTest, QuietStillTellsMistakesInUsage) {
  CommandResult result =
      RunHoldfast({"--quiet", "connect", "--check", "imaps://bad name"});
  EXPECT_EQ(result.exit_code(), 2);
  EXPECT_THAT(result.process.err, HasSubstr("invalid_host"));
  EXPECT_EQ(RunHoldfast({"--quiet", "--verbose", "cache", "list"}).exit_code(),
            2);
}

// --color.
TEST_F(OptionsTest, ColourIsForTerminalsUnlessAsked) {
  const auto server = StartLab("healthy");
  EXPECT_THAT(Check(server->port()).process.out, Not(HasSubstr(kEscape)));
  CommandResult always = Check(server->port(), {"--color", "always"});
  EXPECT_THAT(always.process.out, HasSubstr("\x1b[32mConnected to"));
  EXPECT_THAT(always.process.err, HasSubstr(kEscape));
  CommandResult json = Check(server->port(), {"--color", "always", "--json"});
  EXPECT_THAT(json.process.out, Not(HasSubstr(kEscape)));
  EXPECT_FALSE(json.json.is_discarded());
  EXPECT_EQ(Check(server->port(), {"--color", "blue"}).exit_code(), 2);
}

TEST_F(OptionsTest, FailureIsRed) {
  CommandResult result = Check(1, {"--color", "always"});
  EXPECT_EQ(result.exit_code(), 1);
  EXPECT_THAT(result.process.out, HasSubstr("\x1b[31mCould not connect"));
}

TEST_F(OptionsTest, AutomaticColourFollowsTerminalAndEnvironment) {
  const auto server = StartLab("healthy");
  std::string command = HoldfastPath();
  for (const std::string& argument : Arguments(server->port(), {})) {
    absl::StrAppend(&command, " '", argument, "'");
  }
  const auto on_terminal = [&command](
                               const std::string& option,
                               std::map<std::string, std::string> environment) {
    environment.emplace("NO_COLOR", "");
    environment.emplace("TERM", "xterm");
    // script(1) runs it on a terminal of its own.
    return RunProcess({{"script", "-qec", command + option, "/dev/null"},
                       std::move(environment)})
        ->out;
  };
  EXPECT_THAT(on_terminal("", {}), HasSubstr("\x1b[32mConnected to"));
  for (const std::string& plain : {on_terminal("", {{"NO_COLOR", "1"}}),
                                   on_terminal("", {{"TERM", "dumb"}}),
                                   on_terminal(" --color never", {})}) {
    EXPECT_THAT(plain,
                AllOf(HasSubstr("Connected to"), Not(HasSubstr(kEscape))));
  }
}

// --trace.
TEST_F(OptionsTest, ATraceIsATimelineThatSaysWhy) {
  const auto server = StartLab("tls13-alert-protocol-version");
  const std::string path = directory_.Path("trace");
  Check(server->port(), {"--trace", path, "--json"});
  const std::vector<nlohmann::json> lines = Lines("trace");
  ASSERT_GT(lines.size(), 5u);
  EXPECT_EQ(lines[0]["target"],
            absl::StrCat("imaps://localhost:", server->port()));
  EXPECT_TRUE(lines[0]["holdfast"].is_string());
  EXPECT_THAT(
      EventNames(lines),
      testing::IsSupersetOf({"attempt_started", "address_tried",
                             "handshake_failed", "handshake_done", "ready"}));
  double last = 0;
  for (size_t i = 1; i < lines.size(); ++i) {
    EXPECT_GE(lines[i]["ms"], last);
    last = lines[i]["ms"];
    EXPECT_GE(lines[i]["attempt"], 1);
    if (lines[i]["event"] != "handshake_failed") continue;
    EXPECT_EQ(lines[i]["fields"]["alert"], "protocol_version");
    EXPECT_THAT(std::string(lines[i]["fields"]["first_bytes"]),
                HasSubstr("\\x15\\x03"));
  }
  Check(server->port(), {"--trace", path});
  EXPECT_GT(Lines("trace").size(), lines.size()) << "it appends";
}

TEST_F(OptionsTest, ATraceNamesTheServerHellosVersion) {
  const auto server = StartOpenssl({"-tls1", "-cipher", "ALL:@SECLEVEL=0"});
  Check(server->port(), {"--trace", directory_.Path("trace")});
  EXPECT_THAT(directory_.Read("trace"),
              HasSubstr("\"server_hello_version\":\"TLS 1.0\""));
}

TEST_F(OptionsTest, FilesThatCannotBeWrittenAreTold_BeforeTheNetworkIsUsed) {
  const auto server = StartLab("healthy");
  CommandResult trace =
      Check(server->port(), {"--trace", "/nonexistent/trace", "--json"});
  EXPECT_EQ(trace.exit_code(), 4);
  EXPECT_EQ(trace.json["error"]["code"], "trace_unwritable");
  EXPECT_EQ(Check(server->port(), {"--trace", "/dev/full"}).exit_code(), 4);
  CommandResult key_log =
      Check(server->port(), {"--keylog", "/nonexistent/keys", "--json"});
  EXPECT_EQ(key_log.exit_code(), 4);
  EXPECT_EQ(key_log.json["error"]["code"], "key_log_unwritable");
  EXPECT_EQ(server->connections(), 0);
}

// --keylog. The server logs the same secrets by itself.
TEST_F(OptionsTest, TheKeyLogHoldsTheSecretsOfTls13) {
  for (const bool by_environment : {false, true}) {
    const std::string theirs = absl::StrCat("server", by_environment);
    const std::string ours = absl::StrCat("client", by_environment);
    const auto server =
        StartOpenssl({"-tls1_3", "-keylogfile", directory_.Path(theirs)});
    CommandResult result =
        by_environment
            ? Check(server->port(), {},
                    {{"SSLKEYLOGFILE", directory_.Path(ours)}})
            : Check(server->port(), {"--keylog", directory_.Path(ours)});
    EXPECT_EQ(result.exit_code(), 0) << result.process.err;
    const std::string keys = directory_.Read(theirs);
    for (const char* label :
         {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
          "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"}) {
      const size_t begin = keys.find(label);
      ASSERT_NE(begin, std::string::npos) << keys;
      const size_t end = keys.find('\n', begin) + 1;
      EXPECT_THAT(directory_.Read(ours),
                  HasSubstr(keys.substr(begin, end - begin)));
    }
  }
  EXPECT_THAT(directory_.Read("trace"), Not(HasSubstr("SECRET")));
}

TEST_F(OptionsTest, AKeyLogWithoutTheSecretsOfTls12IsNotKeptQuiet) {
  const auto server =
      StartOpenssl({"-tls1_2", "-keylogfile", directory_.Path("server")});
  CommandResult result =
      Check(server->port(), {"--keylog", directory_.Path("client")});
  EXPECT_EQ(result.exit_code(), 0) << result.process.err;
  // An NSS that was built to log its secrets writes them; else we say so.
  const bool logged =
      absl::StrContains(directory_.Read("client"), "CLIENT_RANDOM ");
  EXPECT_NE(logged, absl::StrContains(result.process.err,
                                      "warning: the key log has no secrets"));
}

// --allow-legacy.
class LegacyTest : public OptionsTest,
                   public testing::WithParamInterface<const char*> {};

TEST_P(LegacyTest, AnOldServerIsReachedOnlyIfAllowed) {
  const std::string number = GetParam();
  const std::string option = number == "1.0" ? "-tls1" : "-tls1_1";
  const auto refused = StartOpenssl({option, "-cipher", "ALL:@SECLEVEL=0"});
  CommandResult without = Check(refused->port(), {"--json"});
  EXPECT_EQ(without.exit_code(), 3);
  EXPECT_EQ(without.json["error"]["code"], "server_too_old");
  EXPECT_THAT(std::string(without.json["diagnosis"]["advice"][0]),
              HasSubstr("--allow-legacy"));

  const auto server = StartOpenssl({option, "-cipher", "ALL:@SECLEVEL=0"});
  CommandResult with =
      Check(server->port(), {"--json", "--allow-legacy", number});
  EXPECT_EQ(with.exit_code(), 0) << with.process.out;
  EXPECT_EQ(with.json["tls"]["version"], "TLS" + number);
  EXPECT_EQ(with.json["diagnosis"]["warnings"][0]["code"], "legacy");
  EXPECT_THAT(with.process.err,
              HasSubstr(absl::StrCat("warning: TLS ", number)));
}

INSTANTIATE_TEST_SUITE_P(Versions, LegacyTest, testing::Values("1.0", "1.1"));

TEST_F(OptionsTest, ASafeServerKeepsItsVersionWhateverIsAllowed) {
  const auto server = StartLab("healthy");
  CommandResult result =
      Check(server->port(), {"--json", "--allow-legacy", "1.0"});
  EXPECT_EQ(result.json["tls"]["version"], "TLS1.3");
  EXPECT_TRUE(result.json["diagnosis"]["warnings"].empty());
}

TEST_F(OptionsTest, LegacyIsNoOrdinaryMinimum) {
  EXPECT_EQ(Check(1, {"--min-version", "1.1"}).exit_code(), 2);
  EXPECT_EQ(Check(1, {"--allow-legacy", "1.2"}).exit_code(), 2);
  EXPECT_EQ(
      Check(1, {"--allow-legacy", "1.0", "--min-version", "1.2"}).exit_code(),
      2);
}

TEST_F(OptionsTest, PeopleReadVersionsWithASpace) {
  const auto server = StartLab("healthy");
  CommandResult result = Check(server->port());
  EXPECT_THAT(result.process.out + result.process.err,
              AllOf(HasSubstr("TLS 1.3"), Not(HasSubstr("TLS1"))));
}

// cache show, cache stats.
TEST_F(OptionsTest, CacheShowTellsAllOfOneHost) {
  const auto server = StartLab("tls13-alert-protocol-version");
  Check(server->port());
  const std::string host = absl::StrCat("localhost:", server->port());
  CommandResult result = Cache({"show", host, "--json"});
  EXPECT_EQ(result.exit_code(), 0);
  ASSERT_EQ(result.json.size(), 1u) << result.process.out;
  const nlohmann::json& record = result.json[0];
  EXPECT_EQ(record["host"], "localhost");
  EXPECT_EQ(record["next_offer"], "tls12");
  EXPECT_EQ(record["proof"]["version"], "TLS1.2");
  EXPECT_EQ(record["proof"]["active"], true);
  EXPECT_EQ(record["reduction"]["reason"], "version_refused");
  EXPECT_EQ(record["reduction"]["lifetime_seconds"], 24 * 60 * 60);
  EXPECT_EQ(Cache({"show", "LOCALHOST", "--json"}).json.size(), 1u);
  for (const char* other : {"localhost:1", "other.example"}) {
    EXPECT_EQ(Cache({"show", other, "--json"}).json.size(), 0u) << other;
  }
  EXPECT_THAT(Cache({"show", host}).process.out,
              AllOf(HasSubstr("Next offer    tls12"), HasSubstr("TLS 1.2 on")));
}

TEST_F(OptionsTest, AHostThatIsUnknownIsAnAnswerNotAFailure) {
  CommandResult json = Cache({"show", "unknown.example", "--json"});
  EXPECT_EQ(json.exit_code(), 0);
  EXPECT_EQ(json.json, nlohmann::json::array());
  EXPECT_EQ(Cache({"show", "unknown.example"}).process.out,
            "Nothing is known of unknown.example.\n");
  EXPECT_EQ(Cache({"show", "unknown.example:0"}).exit_code(), 2);
  EXPECT_EQ(Cache({"show"}).exit_code(), 2);
}

TEST_F(OptionsTest, CacheStatsCounts) {
  const auto reduced = StartLab("tls13-alert-protocol-version");
  const auto healthy = StartLab("healthy");
  Check(reduced->port());
  Check(healthy->port());
  CommandResult result = Cache({"stats", "--json"});
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_EQ(result.json["path"], directory_.Path("hosts.db"));
  EXPECT_GT(result.json["bytes"], 0);
  EXPECT_EQ(result.json["format_version"], 2);
  EXPECT_EQ(result.json["records"], 2);
  EXPECT_EQ(result.json["rungs"], nlohmann::json({{"tls12", 1}}));
  EXPECT_EQ(result.json["reasons"], nlohmann::json({{"version_refused", 1}}));
  EXPECT_EQ(result.json["origins"], nlohmann::json({{"observed", 1}}));
  EXPECT_EQ(result.json["proven"],
            nlohmann::json({{"TLS1.2", 1}, {"TLS1.3", 1}}));
  EXPECT_THAT(Cache({"stats"}).process.out,
              AllOf(HasSubstr(directory_.Path("hosts.db")),
                    HasSubstr("Reduced       1 tls12")));
}

TEST_F(OptionsTest, TheCacheIsWhereItWasSaid) {
  const std::string named = directory_.Path("named.db");
  const std::string state = directory_.Path("state");
  const std::vector<std::string> stats = {"cache", "stats", "--json"};
  const auto path_with = [](std::vector<std::string> arguments,
                            std::map<std::string, std::string> environment) {
    return RunHoldfast(std::move(arguments), std::move(environment))
        .json["path"];
  };
  EXPECT_EQ(path_with(stats, {{"XDG_STATE_HOME", state}}),
            state + "/holdfast/hosts.db");
  EXPECT_EQ(
      path_with(stats, {{"XDG_STATE_HOME", state}, {"HOLDFAST_CACHE", named}}),
      named);
  EXPECT_TRUE(path_with({"cache", "stats", "--json", "--cache", "none"},
                        {{"HOLDFAST_CACHE", named}})
                  .is_null());
}

// Options that recovery_test.cc does not come upon.
TEST_F(OptionsTest, TheMinimumVersionHolds) {
  const auto server = StartLab("tls12-only");
  EXPECT_EQ(Check(server->port()).exit_code(), 0);
  CommandResult result =
      Check(server->port(), {"--min-version", "1.3", "--json"});
  EXPECT_NE(result.exit_code(), 0);
  EXPECT_TRUE(result.json["tls"].is_null());
}

TEST_F(OptionsTest, WithoutAnyRootsNothingIsTrusted) {
  CommandResult result =
      RunHoldfast({"connect", "--check", "--json", "--cache", "none",
                   "--no-system-roots", "imaps://localhost:1"});
  EXPECT_EQ(result.exit_code(), 4);
  EXPECT_EQ(result.json["error"]["code"], "no_trust_anchors");
}

// --help.
// The names in the last section of `help` that lists subcommands.
std::vector<std::string> Subcommands(const std::string& help) {
  std::vector<std::string> names;
  bool listed = false;
  for (absl::string_view line : absl::StrSplit(help, '\n')) {
    if (line.empty()) listed = false;
    if (listed && absl::StartsWith(line, "  ") && line[2] != ' ') {
      names.emplace_back(line.substr(2, line.find(' ', 2) - 2));
    }
    if (line == "Subcommands:") listed = true;
  }
  return names;
}

// Checks the help of `command` and all that is below it; returns how many.
int CheckHelp(const std::vector<std::string>& command) {
  SCOPED_TRACE(absl::StrJoin(command, " "));
  std::vector<std::string> arguments = command;
  arguments.push_back("--help");
  CommandResult result = RunHoldfast(arguments);
  const std::string& help = result.process.out;
  EXPECT_EQ(result.exit_code(), 0);
  const std::vector<std::string> lines = absl::StrSplit(help, '\n');
  EXPECT_LE(lines.size(), 40u) << help;
  for (const std::string& line : lines) EXPECT_LE(line.size(), 80u) << line;
  EXPECT_THAT(help,
              HasSubstr(absl::StrJoin({std::string("Example:\n  holdfast"),
                                       absl::StrJoin(command, " ")},
                                      command.empty() ? "" : " ")));
  int count = 1;
  for (const std::string& name : Subcommands(help)) {
    std::vector<std::string> below = command;
    below.push_back(name);
    count += CheckHelp(below);
  }
  return count;
}

TEST(HelpTest, EveryHelpFitsAScreenAndHasAnExample) {
  EXPECT_GE(CheckHelp({}), 7) << "the subcommands were not found";
}

}  // namespace
}  // namespace holdfast::test
