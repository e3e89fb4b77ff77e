// holdfast probe against servers that are well and servers that are not: what
// it finds, what it says, and what it leaves behind.

#include <signal.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/free_port.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tests/helpers/terminal.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

class ProbeTest : public testing::Test {
 protected:
  ProbeTest() : authority_(*lab::CertificateAuthority::Create()) {
    directory_.Write("ca.pem", authority_.certificate_pem());
  }

  std::unique_ptr<lab::LabServer> StartLab(
      const std::string& behaviour,
      lab::Security security = lab::Security::kImplicit,
      const lab::CertificateOptions& certificate = {},
      const std::string& protocol = "imap") {
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    options.protocol = protocol;
    options.security = security;
    options.certificate = *authority_.Issue(certificate);
    return lab::LabServer::Start(options).value();
  }

  // The options of every probe here; host names lead to 127.0.0.1.
  std::vector<std::string> Arguments(
      const std::vector<std::string>& own,
      const std::vector<std::string>& hosts_and_ports) const {
    std::vector<std::string> arguments = {
        "probe",   "--no-system-roots",
        "--ca",    directory_.Path("ca.pem"),
        "--cache", directory_.Path("hosts.db")};
    if (std::find(own.begin(), own.end(), "--delay") == own.end()) {
      arguments.insert(arguments.end(), {"--delay", "10ms"});
    }
    arguments.insert(arguments.end(), own.begin(), own.end());
    for (const std::string& host : hosts_and_ports) {
      arguments.insert(arguments.end(),
                       {"--resolve", absl::StrCat(host, ":127.0.0.1")});
    }
    return arguments;
  }

  CommandResult Run(
      const std::vector<std::string>& own,
      const std::vector<std::string>& hosts_and_ports = {}) const {
    return RunHoldfast(Arguments(own, hosts_and_ports));
  }

  // What probe --json says of that port of localhost.
  json Probe(const std::string& scheme, uint16_t port,
             std::vector<std::string> options = {}) const {
    options.push_back("--json");
    options.push_back(absl::StrCat(scheme, "://localhost:", port));
    const CommandResult result =
        Run(options, {absl::StrCat("localhost:", port)});
    EXPECT_EQ(result.exit_code(), 0) << result.process.err;
    EXPECT_EQ(result.process.err, "");
    if (!result.json.is_array() || result.json.size() != 1) {
      ADD_FAILURE() << result.process.out;
      return json::object();
    }
    return result.json[0];
  }
  json Probe(const lab::LabServer& server,
             std::vector<std::string> options = {}) const {
    return Probe("imaps", server.port(), std::move(options));
  }

  static std::vector<std::string> Versions(const json& report) {
    std::vector<std::string> versions;
    for (const char* version : {"TLS1.3", "TLS1.2", "TLS1.1", "TLS1.0"}) {
      const json& support = report.at("versions").at(version);
      versions.push_back(support.is_null() ? "null"
                                           : support.get<std::string>());
    }
    return versions;
  }
  static std::vector<std::string> RungsThatWork(const json& report) {
    std::vector<std::string> rungs;
    for (const auto& [rung, result] : report.at("rungs").items()) {
      if (result.at("outcome") == "connected") rungs.push_back(rung);
    }
    return rungs;
  }
  // Of the full rung.
  static std::string Cause(const json& report) {
    return report.at("rungs").at("full").at("error").at("code");
  }

  lab::CertificateAuthority authority_;
  TempDir directory_;
};

TEST_F(ProbeTest, AHealthyServerTakesEveryOffer) {
  const auto server = StartLab("healthy");
  const json report = Probe(*server);
  EXPECT_EQ(report.at("verdict"), "healthy");
  EXPECT_EQ(report.at("reachable"), true);
  EXPECT_EQ(report.at("address"), "127.0.0.1");
  EXPECT_THAT(Versions(report),
              ElementsAre("ok", "ok", "unsupported", "unsupported"));
  EXPECT_THAT(RungsThatWork(report),
              UnorderedElementsAre("full", "no-alpn", "compact", "tls12"));
  EXPECT_EQ(report.at("rungs").at("tls12").at("version"), "TLS1.2");
  EXPECT_EQ(report.at("alpn"), "imap");
  EXPECT_EQ(report.at("starttls"), nullptr);
  EXPECT_EQ(report.at("certificate").at("problems"), json::array());
  EXPECT_EQ(report.at("certificate").at("days_left"), 29);
  EXPECT_THAT(report.at("advice").dump(), HasSubstr("SSL/TLS"));
}

TEST_F(ProbeTest, HasTheFieldsThatScriptsRelyOn) {
  const auto server = StartLab("healthy");
  const json report = Probe(*server);
  std::vector<std::string> fields;
  for (const auto& [field, value] : report.items()) fields.push_back(field);
  EXPECT_THAT(fields, UnorderedElementsAre(
                          "target", "reachable", "address", "through_proxy",
                          "verdict", "summary", "versions", "rungs", "alpn",
                          "starttls", "certificate", "advice"));
  EXPECT_EQ(report.at("target"), (json{{"protocol", "imap"},
                                       {"host", "localhost"},
                                       {"port", server->port()},
                                       {"security", "implicit"}}));
}

// Each offer is made once, one connection after the other, and every one that
// comes about is left politely; nothing is said but what anybody may hear.
TEST_F(ProbeTest, SaysNothingButThePrologueAndAFarewell) {
  const auto server = StartLab("healthy");
  Probe(*server);
  EXPECT_EQ(server->connections(), 6);  // four rungs, TLS 1.1, TLS 1.0
  int farewells = 0;
  for (const std::string& line : server->lines()) {
    EXPECT_THAT(line,
                testing::AnyOf(HasSubstr("CAPABILITY"), HasSubstr("LOGOUT")));
    farewells += absl::StrContains(line, "LOGOUT");
  }
  EXPECT_EQ(farewells, 4);
}

TEST_F(ProbeTest, LeavesTheCacheAlone) {
  const auto server = StartLab("tls13-fin");
  Probe(*server);
  EXPECT_EQ(RunHoldfast({"cache", "list", "--json", "--cache",
                         directory_.Path("hosts.db")})
                .json,
            json::array());
}

// A server, and what is to be found out about it.
struct Case {
  const char* behaviour;
  const char* verdict;
  std::vector<std::string> versions;
  std::vector<std::string> rungs;  // that work
  const char* cause;               // of the full rung; "" if it works

  friend std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << c.behaviour;
  }
};

class ProbeBehaviourTest : public ProbeTest,
                           public testing::WithParamInterface<Case> {};

TEST_P(ProbeBehaviourTest, IsFoundOut) {
  const Case& expected = GetParam();
  const auto server = StartLab(expected.behaviour);
  const json report =
      Probe(*server, {"--timeout", ScaledOption(absl::Milliseconds(500))});
  EXPECT_EQ(report.at("verdict"), expected.verdict) << report.dump(2);
  EXPECT_EQ(Versions(report), expected.versions);
  EXPECT_THAT(RungsThatWork(report),
              testing::UnorderedElementsAreArray(expected.rungs));
  const json& error = report.at("rungs").at("full").at("error");
  EXPECT_EQ(error.is_null() ? "" : error.at("code"), expected.cause);
}

const std::vector<std::string> kModern = {"ok", "ok", "unsupported",
                                          "unsupported"};
const std::vector<std::string> kAllRungs = {"full", "no-alpn", "compact",
                                            "tls12"};
INSTANTIATE_TEST_SUITE_P(
    Lab, ProbeBehaviourTest,
    testing::Values(Case{"tls13-fin",
                         "intolerant",
                         {"dropped", "ok", "unsupported", "unsupported"},
                         {"tls12"},
                         "closed_during_handshake"},
                    Case{"tls13-rst",
                         "intolerant",
                         {"dropped", "ok", "unsupported", "unsupported"},
                         {"tls12"},
                         "reset_during_handshake"},
                    Case{"tls13-silent",
                         "intolerant",
                         {"silent", "ok", "unsupported", "unsupported"},
                         {"tls12"},
                         "silent_during_handshake"},
                    Case{"tls13-alert-decode-error",
                         "intolerant",
                         {"refused", "ok", "unsupported", "unsupported"},
                         {"tls12"},
                         "hello_refused"},
                    Case{"no-application-protocol",
                         "intolerant",
                         kModern,
                         {"no-alpn", "compact", "tls12"},
                         "alpn_refused"},
                    Case{"alpn-fin",
                         "intolerant",
                         kModern,
                         {"no-alpn", "compact", "tls12"},
                         "closed_during_handshake"},
                    Case{"large-hello-silent",
                         "intolerant",
                         kModern,
                         {"compact", "tls12"},
                         "silent_during_handshake"},
                    Case{"large-hello-alert",
                         "intolerant",
                         kModern,
                         {"compact", "tls12"},
                         "hello_refused"},
                    Case{"drop-first", "healthy", kModern, kAllRungs, ""},
                    Case{"tls12-only",
                         "healthy",
                         {"unsupported", "ok", "unsupported", "unsupported"},
                         kAllRungs,
                         ""},
                    Case{"tls10-only",
                         "legacy",
                         {"unsupported", "unsupported", "unsupported", "ok"},
                         {},
                         "version_refused"},
                    Case{"plaintext-banner",
                         "plaintext_only",
                         {"null", "null", "null", "null"},
                         {},
                         "plaintext_on_tls_port"},
                    Case{"fin-after-hello",
                         "broken",
                         {"dropped", "dropped", "dropped", "dropped"},
                         {},
                         "closed_during_handshake"},
                    Case{"garbage",
                         "broken",
                         {"null", "null", "null", "null"},
                         {},
                         "broken_tls_server"}),
    [](const testing::TestParamInfo<Case>& test) {
      std::string name;
      for (char c : std::string(test.param.behaviour)) {
        if (absl::ascii_isalnum(static_cast<unsigned char>(c))) name += c;
      }
      return name;
    });

TEST_F(ProbeTest, WeakKeysAreOursToRefuse) {
  lab::CertificateOptions rsa;
  rsa.key_type = lab::KeyType::kRsa;
  const auto server = StartLab("dh-1024", lab::Security::kImplicit, rsa);
  const json report = Probe(*server);
  EXPECT_EQ(report.at("verdict"), "legacy");
  EXPECT_EQ(Cause(report), "weak_server_key");
  EXPECT_THAT(Versions(report),
              ElementsAre("unsupported", "null", "unsupported", "unsupported"));
}

TEST_F(ProbeTest, APathThatBlocksWhatTheServerSpeaksIsNoIntolerance) {
  for (const char* behaviour : {"tls13-blocked", "tls13-fin-then-scsv-alert"}) {
    const auto server = StartLab(behaviour);
    const json report = Probe(*server);
    EXPECT_EQ(report.at("verdict"), "broken") << behaviour;
    EXPECT_THAT(report.at("summary"), HasSubstr("something on the way"));
    EXPECT_THAT(RungsThatWork(report), ElementsAre("tls12"));
  }
}

TEST_F(ProbeTest, AServerThatDropsTheMarkOfAReducedHelloCannotBeRecovered) {
  const auto server = StartLab("scsv-fin");
  const json report = Probe(*server);
  EXPECT_EQ(report.at("verdict"), "broken");
  EXPECT_THAT(report.at("summary"), HasSubstr("TLS_FALLBACK_SCSV"));
}

TEST_F(ProbeTest, LargeHelloIntoleranceIsTheSizesFault) {
  const auto server = StartLab("large-hello-fin");
  EXPECT_THAT(Probe(*server).at("summary"),
              HasSubstr("does not tolerate a TLS hello of full size"));
}

TEST_F(ProbeTest, SeesWhatStartTlsDoes) {
  const auto server = StartLab("healthy", lab::Security::kStartTls);
  const json report = Probe("imap", server->port());
  EXPECT_EQ(report.at("verdict"), "healthy");
  EXPECT_EQ(report.at("starttls"), "accepted");
  EXPECT_EQ(report.at("target").at("security"), "starttls");
  EXPECT_THAT(report.at("advice").dump(), HasSubstr("STARTTLS"));
}

TEST_F(ProbeTest, AStrippedStartTlsLeavesPlaintextOnly) {
  const auto server = StartLab("starttls-stripped", lab::Security::kStartTls);
  const json report = Probe("imap", server->port());
  EXPECT_EQ(report.at("verdict"), "plaintext_only");
  EXPECT_EQ(report.at("starttls"), "starttls_refused");
  EXPECT_EQ(report.at("certificate"), nullptr);
  EXPECT_EQ(server->connections(), 1);  // more would show nothing more
  EXPECT_THAT(server->hellos(), IsEmpty());
}

TEST_F(ProbeTest, APortInTheOtherModeIsNamed) {
  const auto plaintext = StartLab("healthy", lab::Security::kStartTls);
  const json as_tls = Probe("imaps", plaintext->port());
  EXPECT_EQ(as_tls.at("verdict"), "broken");
  EXPECT_EQ(Cause(as_tls), "plaintext_on_tls_port");
  EXPECT_EQ(as_tls.at("starttls"), nullptr);  // of another target
  EXPECT_THAT(
      as_tls.at("advice").dump(),
      HasSubstr(absl::StrCat("holdfast connect --check imap://localhost:",
                             plaintext->port())));

  const auto tls = StartLab("healthy");
  const json as_plaintext = Probe("imap", tls->port());
  EXPECT_EQ(as_plaintext.at("verdict"), "broken");
  EXPECT_EQ(Cause(as_plaintext), "tls_on_plaintext_port");
  EXPECT_THAT(as_plaintext.at("advice").dump(),
              HasSubstr(absl::StrCat(
                  "holdfast connect --check imaps://localhost:", tls->port())));
}

TEST_F(ProbeTest, ACertificatesEveryProblemIsToldAndNothingElseIsHidden) {
  lab::CertificateOptions bad;
  bad.dns_names = {"elsewhere.example"};
  bad.ip_addresses = {};
  bad.not_after = absl::Now() - absl::Hours(36);
  bad.not_before = bad.not_after - absl::Hours(24);
  const auto server = StartLab("healthy", lab::Security::kImplicit, bad);
  const json report = Probe(*server);
  EXPECT_EQ(report.at("verdict"), "broken");
  EXPECT_THAT(report.at("certificate").at("problems"),
              UnorderedElementsAre("expired", "wrong_name"));
  EXPECT_EQ(report.at("certificate").at("days_left"), -2);
  EXPECT_EQ(report.at("certificate").at("names"), json({"elsewhere.example"}));
  EXPECT_THAT(Versions(report),
              ElementsAre("ok", "ok", "unsupported", "unsupported"));
}

TEST_F(ProbeTest, AnUnknownIssuerIsAProblemToo) {
  const auto server = StartLab("healthy");
  directory_.Write("ca.pem",
                   lab::CertificateAuthority::Create()->certificate_pem());
  const json report = Probe(*server);
  EXPECT_EQ(report.at("verdict"), "broken");
  EXPECT_THAT(report.at("certificate").at("problems"),
              ElementsAre("unknown_issuer"));
}

TEST_F(ProbeTest, AClosedPortIsUnreachableAtOnce) {
  const uint16_t port = ReserveFreePort();
  const CommandResult result =
      Run({"--json", absl::StrCat("imaps://127.0.0.1:", port)});
  EXPECT_EQ(result.exit_code(), 1);
  const json report = result.json[0];
  EXPECT_EQ(report.at("verdict"), "unreachable");
  EXPECT_EQ(report.at("reachable"), false);
  EXPECT_EQ(report.at("address"), nullptr);
  EXPECT_EQ(Cause(report), "connection_refused");
  EXPECT_EQ(report.at("rungs").at("tls12").at("outcome"), "not_tried");
}

TEST_F(ProbeTest, AnUnknownHostIsUnreachableByEveryPort) {
  const CommandResult result = Run({"--json", "no-such-host.invalid"});
  EXPECT_EQ(result.exit_code(), 1);
  ASSERT_EQ(result.json.size(), 9u);
  for (const json& report : result.json) {
    EXPECT_EQ(report.at("verdict"), "unreachable");
    EXPECT_EQ(Cause(report), "host_not_found");
  }
}

TEST_F(ProbeTest, OneTargetThatWasReachedIsEnoughForSuccess) {
  const auto server = StartLab("fin-after-hello");
  const std::string host = absl::StrCat("localhost:", server->port());
  const CommandResult result =
      Run({"--json", absl::StrCat("imaps://127.0.0.1:", ReserveFreePort()),
           absl::StrCat("imaps://", host)},
          {host});
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_EQ(result.json[0].at("verdict"), "unreachable");
  EXPECT_EQ(result.json[1].at("verdict"), "broken");
}

TEST_F(ProbeTest, RungsKeepToTheVersionsThatTheUserAllows) {
  const auto server = StartLab("tls13-fin");
  const json report = Probe(*server, {"--max-version", "1.2"});
  EXPECT_EQ(report.at("verdict"), "healthy");
  EXPECT_EQ(report.at("rungs").at("compact").at("outcome"), "not_tried");
  EXPECT_THAT(Versions(report),
              ElementsAre("dropped", "ok", "unsupported", "unsupported"));
}

TEST_F(ProbeTest, WhatIsOldStaysLegacyWhereTheUserAllowsIt) {
  const auto server = StartLab("tls10-only");
  const json report = Probe(*server, {"--allow-legacy", "1.0"});
  EXPECT_EQ(report.at("verdict"), "legacy");
  EXPECT_EQ(report.at("rungs").at("full").at("version"), "TLS1.0");
  EXPECT_THAT(Versions(report),
              ElementsAre("unsupported", "unsupported", "unsupported", "ok"));
}

TEST_F(ProbeTest, WithoutFallbackThereIsOnlyTheFullRung) {
  const auto server = StartLab("tls13-fin");
  const json report = Probe(*server, {"--no-fallback"});
  EXPECT_EQ(report.at("verdict"), "broken");
  EXPECT_EQ(report.at("rungs").at("tls12").at("outcome"), "not_tried");
}

TEST_F(ProbeTest, ADovecotIsHealthyInAllItsModes) {
  DovecotOptions options{*authority_.Issue()};
  auto dovecot = DovecotServer::Start(options);
  ASSERT_TRUE(dovecot.ok()) << dovecot.status();
  const std::vector<std::pair<std::string, uint16_t>> ways = {
      {"imaps", (*dovecot)->imaps_port()},
      {"imap", (*dovecot)->imap_port()},
      {"pop3s", (*dovecot)->pop3s_port()},
      {"pop3", (*dovecot)->pop3_port()},
      {"submissions", (*dovecot)->submissions_port()},
      {"submission", (*dovecot)->submission_port()}};
  std::vector<std::string> targets = {"--json"};
  std::vector<std::string> hosts;
  for (const auto& [scheme, port] : ways) {
    hosts.push_back(absl::StrCat("localhost:", port));
    targets.push_back(absl::StrCat(scheme, "://", hosts.back()));
  }
  const CommandResult result = Run(targets, hosts);
  EXPECT_EQ(result.exit_code(), 0);
  ASSERT_EQ(result.json.size(), ways.size()) << result.process.out;
  for (size_t i = 0; i < ways.size(); ++i) {
    const json& report = result.json[i];
    EXPECT_EQ(report.at("verdict"), "healthy") << report.dump(2);
    EXPECT_EQ(report.at("target").at("port"), ways[i].second);
    EXPECT_EQ(report.at("starttls"), i % 2 == 0 ? json() : json("accepted"));
  }
  EXPECT_THAT((*dovecot)->log(), Not(HasSubstr("Fatal")));
}

TEST_F(ProbeTest, InAPipeThereIsATableAndNoEscapeCode) {
  const auto server = StartLab("tls13-fin");
  const std::string host = absl::StrCat("localhost:", server->port());
  const CommandResult result = Run({absl::StrCat("imaps://", host)}, {host});
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_EQ(result.process.err, "");
  EXPECT_THAT(result.process.out,
              AllOf(HasSubstr("TARGET  "), HasSubstr("  intolerant  dropped"),
                    HasSubstr("It does not tolerate TLS 1.3: "),
                    Not(HasSubstr("\x1b"))));
}

TEST_F(ProbeTest, OnATerminalProgressIsShownAndErased) {
  const auto server = StartLab("healthy");
  const std::string host = absl::StrCat("localhost:", server->port());
  std::vector<std::string> arguments =
      Arguments({absl::StrCat("imaps://", host)}, {host});
  const TerminalResult result = RunOnTerminal(HoldfastCommand(arguments), 80);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.text,
              AllOf(HasSubstr(absl::StrCat("\rimaps://", host, ": compact")),
                    HasSubstr(absl::StrCat(host, ": TLS 1.0")),
                    HasSubstr("\r\x1b[KTARGET")));
}

TEST_F(ProbeTest, TheTraceTellsOfEveryAttemptAndWarnsOfNothing) {
  const auto server = StartLab("tls10-only");
  const std::string trace = directory_.Path("trace");
  Probe(*server, {"--trace", trace});  // it is silent on standard error
  EXPECT_THAT(directory_.Read("trace"),
              AllOf(HasSubstr("\"rung\":\"compact\""), HasSubstr("TLS1.0"),
                    Not(HasSubstr("legacy_version"))));
}

TEST_F(ProbeTest, MistakesInUsageAreToldBeforeAnyConnection) {
  const auto server = StartLab("healthy");
  const std::string good = absl::StrCat("imaps://127.0.0.1:", server->port());
  for (const std::vector<std::string>& mistake :
       std::vector<std::vector<std::string>>{
           {},
           {good, "--from", "/dev/null"},
           {good, "ftp://127.0.0.1"},
           {good, "two words"},
           {good, "--jobs", "0"},
           {good, "--delay", "soon"},
           {good, "--min-version", "1.3", "--max-version", "1.2"},
           {"--from", "/dev/null"}}) {
    const CommandResult result = Run(mistake);
    EXPECT_EQ(result.exit_code(), 2) << result.process.out;
    EXPECT_NE(result.process.err, "");
    EXPECT_EQ(result.process.out, "");
  }
  EXPECT_EQ(server->connections(), 0);
  EXPECT_EQ(Run({"--from", directory_.Path("missing")}).exit_code(), 4);
}

// Ten servers, all but one of them on hosts of their own.
class SurveyTest : public ProbeTest {
 protected:
  SurveyTest() {
    for (const char* behaviour :
         {"healthy", "healthy", "tls13-fin", "tls13-alert-protocol-version",
          "no-application-protocol", "large-hello-fin", "tls12-only",
          "tls10-only", "plaintext-banner", "garbage"}) {
      const std::string name = absl::StrCat("host", servers_.size(), ".test");
      lab::CertificateOptions certificate;
      certificate.dns_names = {name};
      servers_.push_back(
          StartLab(behaviour, lab::Security::kImplicit, certificate));
      hosts_.push_back(absl::StrCat(name, ":", servers_.back()->port()));
      absl::StrAppend(&file_, "imaps://", hosts_.back(), "\n");
    }
  }

  CommandResult Survey(std::vector<std::string> options = {}) {
    directory_.Write("hosts", file_);
    options.insert(options.end(), {"--from", directory_.Path("hosts")});
    return Run(options, hosts_);
  }

  std::vector<std::unique_ptr<lab::LabServer>> servers_;
  std::vector<std::string> hosts_;
  std::string file_;
};

constexpr char kSummary[] =
    ": 3 healthy, 4 intolerant (1 of ALPN, 2 of TLS 1.3, 1 of a TLS hello of "
    "full size), 1 legacy, 1 broken, 1 plaintext_only.\n";

TEST_F(SurveyTest, SaysALineOfEachAndSumsUp) {
  const CommandResult result = Survey({"--jobs", "4"});
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_EQ(result.process.err, "");
  EXPECT_THAT(result.process.out,
              AllOf(HasSubstr("\n10 targets in "), HasSubstr(kSummary)));
  for (const std::string& host : hosts_) {
    EXPECT_THAT(result.process.out, HasSubstr(absl::StrCat(host, "  ")));
  }
}

TEST_F(SurveyTest, WritesALineOfJsonForEach) {
  const CommandResult result = Survey({"--json"});
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_THAT(result.process.err, HasSubstr(kSummary));
  const std::vector<std::string> lines =
      absl::StrSplit(result.process.out, '\n', absl::SkipEmpty());
  std::vector<std::string> verdicts;
  for (const std::string& line : lines) {
    verdicts.push_back(json::parse(line).at("verdict"));
  }
  EXPECT_THAT(verdicts, UnorderedElementsAre(
                            "healthy", "healthy", "healthy", "intolerant",
                            "intolerant", "intolerant", "intolerant", "legacy",
                            "broken", "plaintext_only"));
}

TEST_F(SurveyTest, SkipsWhatIsNoTargetAndNamesIt) {
  file_ = absl::StrCat("# the good ones\n\n  imaps://", hosts_[0],
                       " \r\nbad host\nftp://x.example\nimaps://", hosts_[1]);
  const CommandResult result = Survey();
  EXPECT_EQ(result.exit_code(), 2);
  EXPECT_THAT(result.process.err,
              AllOf(HasSubstr("hosts:4: \"bad host\" is not a valid host"),
                    HasSubstr("hosts:5: \"ftp://x.example\"")));
  EXPECT_THAT(result.process.out, HasSubstr("2 targets in "));
}

TEST_F(SurveyTest, OneHostIsProbedByOneConnectionAtATimeWithPauses) {
  // A second port of the first host, under another job if there were one.
  lab::CertificateOptions certificate;
  certificate.dns_names = {"host0.test"};
  servers_.push_back(
      StartLab("healthy", lab::Security::kImplicit, certificate));
  hosts_ = {hosts_[0], absl::StrCat("host0.test:", servers_.back()->port())};
  file_ = absl::StrCat("imaps://", hosts_[0], "\nimaps://", hosts_[1], "\n");
  const absl::Time started = absl::Now();
  const CommandResult result = Survey({"--jobs", "8", "--delay", "100ms"});
  // Six connections to each port: eleven pauses, one after the other.
  EXPECT_GE(absl::Now() - started, absl::Milliseconds(1100));
  EXPECT_THAT(result.process.out, HasSubstr(": 2 healthy."));
}

TEST_F(SurveyTest, OnATerminalABarShowsHowFarItIs) {
  directory_.Write("hosts", file_);
  std::vector<std::string> arguments =
      Arguments({"--from", directory_.Path("hosts")}, hosts_);
  const TerminalResult result = RunOnTerminal(HoldfastCommand(arguments), 100);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.text,
              AllOf(HasSubstr("\r[....................] 0/10 imaps://"),
                    HasSubstr("\r[##..................] 1/10 imaps://"),
                    HasSubstr("\r[####################] 10/10 imaps://")));
}

TEST_F(SurveyTest, ASignalEndsItWithWhatIsKnown) {
  const auto silent = StartLab("silent-after-hello");
  hosts_.push_back(absl::StrCat("silent.test:", silent->port()));
  directory_.Write("hosts", absl::StrCat(file_, "imaps://", hosts_.back()));
  ProcessOptions options;
  options.arguments = HoldfastCommand(
      Arguments({"--from", directory_.Path("hosts"), "--jobs", "11"}, hosts_));
  auto process = Process::Start(options);
  ASSERT_TRUE(process.ok()) << process.status();
  ASSERT_TRUE((*process)->WaitForOutput("host0.test"));
  (*process)->Signal(SIGINT);
  const auto result = (*process)->Wait(LongEnough());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->signal, SIGINT);
  EXPECT_THAT(result->out, HasSubstr(" in "));  // the summary
  EXPECT_THAT(result->out, Not(HasSubstr("silent.test")));
}

}  // namespace
}  // namespace holdfast::test
