// Every protocol, both ways in: recovery, hostile plaintext, the search for the
// right way; against the lab in one process, and against real servers.

#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/inn_server.h"
#include "holdfast/tests/helpers/own_loop.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/patient_request.h"
#include "holdfast/tests/helpers/postfix_server.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using lab::CertificateAuthority;
using testing::ElementsAreArray;
using testing::HasSubstr;

// A protocol and a way in.
struct Mode {
  Protocol protocol;
  ConnectionSecurity security;

  std::string name() const {
    return absl::StrCat(GetProtocolInfo(protocol).name, "_",
                        ConnectionSecurityName(security));
  }
};
std::ostream& operator<<(std::ostream& out, const Mode& mode) {
  return out << mode.name();
}

std::vector<Mode> AllModes() {
  std::vector<Mode> modes;
  for (const ProtocolInfo& info : AllProtocols()) {
    modes.push_back({info.protocol, ConnectionSecurity::kImplicitTls});
    modes.push_back({info.protocol, ConnectionSecurity::kStartTls});
  }
  return modes;
}

// "tls13-fin" as a part of a test's name.
std::string Identifier(std::string name) {
  for (char& c : name) c = absl::ascii_isalnum(c) ? c : '_';
  return name;
}

lab::Security LabSecurity(ConnectionSecurity security) {
  return security == ConnectionSecurity::kImplicitTls
             ? lab::Security::kImplicit
             : lab::Security::kStartTls;
}

class ProtocolsTest : public testing::Test {
 protected:
  ProtocolsTest()
      : authority_(*CertificateAuthority::Create()),
        runtime_(*NssRuntime::Start()) {
    TrustOptions options;
    options.system_roots = false;
    options.ca_files = {
        directory_.Write("ca.pem", authority_.certificate_pem())};
    trust_ = *Trust::Load(runtime_, options);
  }

  // Null if the protocol has no such case.
  std::unique_ptr<lab::LabServer> StartLab(const std::string& behaviour,
                                           const Mode& mode) {
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    options.protocol = std::string(GetProtocolInfo(mode.protocol).name);
    options.security = LabSecurity(mode.security);
    options.certificate = *authority_.Issue();
    if (!lab::ScriptFor(options.behaviour, options.protocol, options.security)
             .ok()) {
      return nullptr;
    }
    return lab::LabServer::Start(options).value();
  }

  ConnectResult Connect(const Mode& mode, uint16_t port,
                        absl::Duration timeout = absl::Seconds(30)) {
    Target target{mode.protocol, Endpoint{*Host::Parse("127.0.0.1"), port},
                  mode.security};
    ConnectRequest request{target, runtime_, trust_};
    request.timeout = timeout;
    return ConnectBlocking(Patient(request), cache_.get());
  }

  int Records() {
    int records = 0;
    for (const auto& [key, record] : cache_->List()) {
      records += record.fields().reduction.has_value();
    }
    return records;
  }

  static std::vector<std::string> Rungs(const ConnectResult& result) {
    std::vector<std::string> rungs;
    for (const AttemptReport& attempt : result.report.attempts) {
      rungs.emplace_back(RungName(attempt.rung));
    }
    return rungs;
  }

  // Nothing but the dialogue up to STARTTLS was said in clear (promise 1).
  static void ExpectNothingSecretInClear(const lab::LabServer& server,
                                         const Mode& mode) {
    const std::string said = server.received_in_clear();
    if (mode.security == ConnectionSecurity::kImplicitTls) {
      EXPECT_EQ(said, "");
      return;
    }
    for (absl::string_view line : absl::StrSplit(said, "\r\n")) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      // IMAP's commands have a tag.
      const std::string& verb =
          mode.protocol == Protocol::kImap && words.size() > 1 ? words[1]
                                                               : words[0];
      EXPECT_THAT((std::set<std::string>{"", "STARTTLS", "STLS", "EHLO"}),
                  testing::Contains(verb))
          << line;
    }
  }

  CertificateAuthority authority_;
  TempDir directory_;
  std::shared_ptr<NssRuntime> runtime_;
  std::shared_ptr<const Trust> trust_;
  std::unique_ptr<HostCache> cache_ = NewMemoryHostCache();
};

// Recovery.
struct Fault {
  std::string behaviour;
  ErrorCode reason;
  std::vector<std::string> rungs;
};
std::ostream& operator<<(std::ostream& out, const Fault& fault) {
  return out << fault.behaviour;
}

class RecoveryTest
    : public ProtocolsTest,
      public testing::WithParamInterface<std::tuple<Mode, Fault>> {};

TEST_P(RecoveryTest, ReachesAndRemembersTheServer) {
  const auto& [mode, fault] = GetParam();
  const auto server = StartLab(fault.behaviour, mode);
  ASSERT_NE(server, nullptr);

  const ConnectResult first = Connect(mode, server->port());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first.report.tls->version, TlsVersion::kTls12);
  EXPECT_THAT(Rungs(first), ElementsAreArray(fault.rungs));
  EXPECT_EQ(first.report.attempts[0].error->code, fault.reason);
  EXPECT_EQ(first.report.fallback->reason, fault.reason);
  EXPECT_FALSE(first.report.capabilities.empty());
  EXPECT_FALSE(first.connection->greeting().empty());
  EXPECT_EQ(Records(), 1);

  const ConnectResult second = Connect(mode, server->port());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_THAT(Rungs(second), testing::ElementsAre("tls12"));
  EXPECT_TRUE(second.report.fallback->from_cache);

  // Each attempt was a socket of its own, with everything from the beginning.
  const int connections = server->connections();
  EXPECT_EQ(connections, static_cast<int>(fault.rungs.size()) + 1);
  EXPECT_EQ(server->hellos().size(), static_cast<size_t>(connections));
  ExpectNothingSecretInClear(*server, mode);
}

INSTANTIATE_TEST_SUITE_P(
    EveryMode, RecoveryTest,
    testing::Combine(
        testing::ValuesIn(AllModes()),
        testing::Values(Fault{"tls13-fin",
                              ErrorCode::kClosedDuringHandshake,
                              {"full", "full", "compact", "tls12"}},
                        Fault{"tls13-rst",
                              ErrorCode::kResetDuringHandshake,
                              {"full", "full", "compact", "tls12"}},
                        Fault{"tls13-alert-protocol-version",
                              ErrorCode::kVersionRefused,
                              {"full", "tls12"}},
                        Fault{"tls13-alert-handshake-failure",
                              ErrorCode::kHelloRefused,
                              {"full", "compact", "tls12"}})),
    [](const auto& row) {
      return absl::StrCat(std::get<0>(row.param).name(), "_",
                          Identifier(std::get<1>(row.param).behaviour));
    });

// Hostile plaintext: what the server does, and what we call it.
struct Hostility {
  std::string behaviour;
  std::vector<ErrorCode> codes;  // one of these, by protocol
  bool refused_for_safety;
};
std::ostream& operator<<(std::ostream& out, const Hostility& hostility) {
  return out << hostility.behaviour;
}

using HostileCase = std::pair<Protocol, Hostility>;

// Those that the protocol has.
std::vector<HostileCase> HostileCases(
    const std::vector<Hostility>& hostilities) {
  std::vector<HostileCase> cases;
  for (const ProtocolInfo& info : AllProtocols()) {
    for (const Hostility& hostility : hostilities) {
      if (lab::ScriptFor(*lab::FindBehaviour(hostility.behaviour), info.name,
                         lab::Security::kStartTls)
              .ok()) {
        cases.emplace_back(info.protocol, hostility);
      }
    }
  }
  return cases;
}

class HostilePlaintextTest : public ProtocolsTest,
                             public testing::WithParamInterface<HostileCase> {};

TEST_P(HostilePlaintextTest, IsNamedAndNeverGoesOnInClear) {
  const auto& [protocol, hostility] = GetParam();
  const Mode mode{protocol, ConnectionSecurity::kStartTls};
  const auto server = StartLab(hostility.behaviour, mode);
  ASSERT_NE(server, nullptr);
  const ConnectResult result = Connect(mode, server->port(), absl::Seconds(2));
  ASSERT_FALSE(result.ok());
  const Error& error = *result.report.error;
  EXPECT_THAT(hostility.codes, testing::Contains(error.code))
      << ErrorName(error.code) << ": " << error.Message();
  EXPECT_EQ(error.refused_for_safety(), hostility.refused_for_safety)
      << ErrorName(error.code);
  EXPECT_EQ(Records(), 0);
  ExpectNothingSecretInClear(*server, mode);
}

INSTANTIATE_TEST_SUITE_P(
    EveryProtocol, HostilePlaintextTest,
    testing::ValuesIn(HostileCases(
        {Hostility{
             "inject-same-segment", {ErrorCode::kStartTlsInjection}, true},
         Hostility{
             "inject-later-segment", {ErrorCode::kStartTlsInjection}, true},
         Hostility{
             "inject-partial-line", {ErrorCode::kStartTlsInjection}, true},
         Hostility{"starttls-too-early", {ErrorCode::kStartTlsInjection}, true},
         Hostility{
             "plaintext-after-hello", {ErrorCode::kStartTlsInjection}, true},
         Hostility{"preauth", {ErrorCode::kPreauthenticated}, true},
         Hostility{"starttls-refused", {ErrorCode::kStartTlsRefused}, true},
         Hostility{"starttls-unknown", {ErrorCode::kStartTlsRefused}, true},
         Hostility{"starttls-plus", {ErrorCode::kUnexpectedResponse}, false},
         Hostility{
             "starttls-nonsense", {ErrorCode::kUnexpectedResponse}, false},
         Hostility{"starttls-silent", {ErrorCode::kResponseTimedOut}, false},
         Hostility{"endless-line", {ErrorCode::kLineTooLong}, false},
         Hostility{
             "rst-after-hello", {ErrorCode::kResetDuringHandshake}, false},
         Hostility{
             "fin-after-hello", {ErrorCode::kClosedDuringHandshake}, false},
         Hostility{"starttls-then-close",
                   {ErrorCode::kClosedDuringHandshake,
                    ErrorCode::kResetDuringHandshake},
                   false},
         Hostility{
             "alert-after-hello", {ErrorCode::kNoCommonParameters}, false},
         Hostility{
             "silent-after-hello", {ErrorCode::kSilentDuringHandshake}, false},
         Hostility{"starttls-stripped", {ErrorCode::kStartTlsRefused}, true},
         Hostility{
             "starttls-not-now", {ErrorCode::kStartTlsUnavailable}, false},
         Hostility{
             "starttls-impossible", {ErrorCode::kStartTlsUnavailable}, false},
         Hostility{"starttls-referral", {ErrorCode::kStartTlsRefused}, true},
         Hostility{"greeting-referral", {ErrorCode::kServerBusy}, false},
         Hostility{"endless-list", {ErrorCode::kTooMuchData}, false},
         Hostility{"thousands-of-lines", {ErrorCode::kTooMuchData}, false}})),
    [](const auto& row) {
      return absl::StrCat(GetProtocolInfo(row.param.first).name, "_",
                          Identifier(row.param.second.behaviour));
    });

class ModeTest : public ProtocolsTest,
                 public testing::WithParamInterface<Mode> {
 protected:
  static std::string Url(const lab::LabServer& server) {
    return Target{GetParam().protocol,
                  Endpoint{*Host::Parse("127.0.0.1"), server.port()},
                  GetParam().security}
        .ToString();
  }
};

TEST_P(ModeTest, DripFedAnswersAreUnderstood) {
  const auto server = StartLab("drip-fed", GetParam());
  ASSERT_NE(server, nullptr);
  const ConnectResult result = Connect(GetParam(), server->port());
  EXPECT_TRUE(result.ok()) << result.status();
}

TEST_P(ModeTest, TheCommandHoldsASessionThatBeginsWithTheGreeting) {
  const auto server = StartLab("healthy", GetParam());
  ASSERT_NE(server, nullptr);
  const bool imap = GetParam().protocol == Protocol::kImap;
  ProcessOptions options;
  options.arguments = HoldfastCommand({"connect", "--no-system-roots", "--ca",
                                       directory_.Path("ca.pem"), "--cache",
                                       "none", Url(*server)});
  options.input = imap ? "a1 LOGOUT\r\n" : "QUIT\r\n";
  const absl::StatusOr<ProcessResult> session = RunProcess(options);
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_EQ(session->exit_code, 0) << session->err;
  const std::string greeting =
      Connect(GetParam(), server->port()).connection->greeting();
  EXPECT_TRUE(absl::StartsWith(session->out, greeting + "\r\n"))
      << session->out;
  EXPECT_GT(session->out.size(), greeting.size() + 2) << "no farewell";
}

TEST_P(ModeTest, TheCommandLeavesPolitely) {
  const auto server = StartLab("healthy", GetParam());
  ASSERT_NE(server, nullptr);
  const CommandResult check =
      RunHoldfast({"connect", "--check", "--json", "--no-system-roots", "--ca",
                   directory_.Path("ca.pem"), "--cache", "none", Url(*server)});
  EXPECT_EQ(check.exit_code(), 0) << check.process.out;
  const char* const farewell =
      GetParam().protocol == Protocol::kImap ? "LOGOUT" : "QUIT";
  EXPECT_TRUE(Eventually([&] {
    const std::vector<std::string> lines = server->lines();
    return !lines.empty() && absl::StrContains(lines.back(), farewell);
  }));
}

TEST_P(ModeTest, WhatWasHeardInClearIsForgotten) {
  const auto server = StartLab("healthy", GetParam());
  ASSERT_NE(server, nullptr);
  const ConnectResult result = Connect(GetParam(), server->port());
  ASSERT_TRUE(result.ok()) << result.status();
  for (const std::string& capability : result.report.capabilities) {
    EXPECT_NE(capability, "STARTTLS");
    EXPECT_NE(capability, "STLS");
  }
  EXPECT_THAT(result.connection->greeting(),
              testing::Not(HasSubstr("STARTTLS")));
  ExpectNothingSecretInClear(*server, GetParam());
}

TEST_P(ModeTest, AGreetingThatRefusesIsReportedAndNeverMarksTheHost) {
  const auto server =
      StartLab(GetParam().protocol == Protocol::kImap ? "greeting-bye"
                                                      : "greeting-refused",
               GetParam());
  ASSERT_NE(server, nullptr);
  const ConnectResult result = Connect(GetParam(), server->port());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.report.error->code, ErrorCode::kServerBusy)
      << ErrorName(result.report.error->code);
  EXPECT_FALSE(result.report.error->server_text.empty());
  EXPECT_EQ(server->connections(), 1);
  EXPECT_TRUE(cache_->List().empty());
}

TEST_P(ModeTest, AutoFindsTheWayIn) {
  const auto server = StartLab("healthy", GetParam());
  ASSERT_NE(server, nullptr);
  const ConnectResult result =
      Connect({GetParam().protocol, ConnectionSecurity::kAuto}, server->port());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result.report.attempts.back().security, GetParam().security);
  ExpectNothingSecretInClear(
      *server, {GetParam().protocol, ConnectionSecurity::kStartTls});
}

TEST_P(ModeTest, TheWrongModeIsNamedWithTheCommandToUse) {
  const auto server = StartLab("healthy", GetParam());
  ASSERT_NE(server, nullptr);
  const bool implicit = GetParam().security == ConnectionSecurity::kImplicitTls;
  const Mode wrong{GetParam().protocol, implicit
                                            ? ConnectionSecurity::kStartTls
                                            : ConnectionSecurity::kImplicitTls};
  const ConnectResult result = Connect(wrong, server->port());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.report.error->code, implicit
                                           ? ErrorCode::kTlsOnPlaintextPort
                                           : ErrorCode::kPlaintextOnTlsPort);
  const ProtocolInfo& info = GetProtocolInfo(GetParam().protocol);
  EXPECT_EQ(Diagnose(result.report).command,
            absl::StrCat("holdfast connect --check ",
                         implicit ? info.implicit_scheme : info.name,
                         "://127.0.0.1:", server->port()));
  EXPECT_TRUE(cache_->List().empty());
}

INSTANTIATE_TEST_SUITE_P(EveryMode, ModeTest, testing::ValuesIn(AllModes()),
                         [](const testing::TestParamInfo<Mode>& row) {
                           return row.param.name();
                         });

// HELO knows no STARTTLS: there is no way on in clear.
TEST_F(ProtocolsTest, ARefusedEhloIsNotFollowedByHelo) {
  for (Protocol protocol : {Protocol::kSmtp, Protocol::kSubmission}) {
    const Mode mode{protocol, ConnectionSecurity::kStartTls};
    const auto server = StartLab("capabilities-refused", mode);
    ASSERT_NE(server, nullptr);
    const ConnectResult result = Connect(mode, server->port());
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.report.error->code, ErrorCode::kStartTlsRefused);
    EXPECT_THAT(server->received_in_clear(), testing::Not(HasSubstr("HELO")));
  }
}

TEST_F(ProtocolsTest, StartTlsIsTriedEvenIfItIsNotOffered) {
  for (const ProtocolInfo& info : AllProtocols()) {
    const Mode mode{info.protocol, ConnectionSecurity::kStartTls};
    const auto server = StartLab("starttls-hidden", mode);
    ASSERT_NE(server, nullptr) << mode;
    const ConnectResult result = Connect(mode, server->port());
    EXPECT_TRUE(result.ok()) << mode << ": " << result.status();
  }
}

TEST_F(ProtocolsTest, UntaggedImapDataInClearIsDropped) {
  const Mode mode{Protocol::kImap, ConnectionSecurity::kStartTls};
  const auto server = StartLab("unsolicited", mode);
  ASSERT_NE(server, nullptr);
  const ConnectResult result = Connect(mode, server->port());
  EXPECT_TRUE(result.ok()) << result.status();
}

// Real servers.
class RealServersTest : public ProtocolsTest {
 protected:
  // A certificate that is valid, and one for another host.
  lab::Certificate Good() { return *authority_.Issue(); }
  lab::Certificate Bad() {
    lab::CertificateOptions options;
    options.dns_names = {"elsewhere.example"};
    options.ip_addresses = {};
    return *authority_.Issue(options);
  }

  void ExpectConnects(Protocol protocol, ConnectionSecurity security,
                      uint16_t port) {
    const Mode mode{protocol, security};
    const ConnectResult result = Connect(mode, port);
    ASSERT_TRUE(result.ok()) << mode << ": " << result.status();
    EXPECT_EQ(result.report.attempts.size(), 1u) << mode;
    EXPECT_FALSE(result.report.capabilities.empty()) << mode;
  }
  void ExpectWrongName(Protocol protocol, ConnectionSecurity security,
                       uint16_t port) {
    const Mode mode{protocol, security};
    const ConnectResult result = Connect(mode, port);
    ASSERT_FALSE(result.ok()) << mode;
    EXPECT_EQ(result.report.error->code, ErrorCode::kWrongName) << mode;
    EXPECT_EQ(result.report.attempts.size(), 1u) << mode;
    EXPECT_TRUE(cache_->List().empty()) << mode;
  }
};

constexpr ConnectionSecurity kImplicit = ConnectionSecurity::kImplicitTls;
constexpr ConnectionSecurity kStartTls = ConnectionSecurity::kStartTls;

TEST_F(RealServersTest, Dovecot) {
  const auto good = DovecotServer::Start({Good()});
  ASSERT_TRUE(good.ok()) << good.status();
  ExpectConnects(Protocol::kImap, kImplicit, (*good)->imaps_port());
  ExpectConnects(Protocol::kImap, kStartTls, (*good)->imap_port());
  ExpectConnects(Protocol::kPop3, kImplicit, (*good)->pop3s_port());
  ExpectConnects(Protocol::kPop3, kStartTls, (*good)->pop3_port());
  ExpectConnects(Protocol::kSubmission, kImplicit, (*good)->submissions_port());
  ExpectConnects(Protocol::kSubmission, kStartTls, (*good)->submission_port());
}

TEST_F(RealServersTest, DovecotWithAWrongCertificate) {
  const auto bad = DovecotServer::Start({Bad()});
  ASSERT_TRUE(bad.ok()) << bad.status();
  ExpectWrongName(Protocol::kImap, kImplicit, (*bad)->imaps_port());
  ExpectWrongName(Protocol::kImap, kStartTls, (*bad)->imap_port());
  ExpectWrongName(Protocol::kPop3, kImplicit, (*bad)->pop3s_port());
  ExpectWrongName(Protocol::kPop3, kStartTls, (*bad)->pop3_port());
  ExpectWrongName(Protocol::kSubmission, kImplicit, (*bad)->submissions_port());
  ExpectWrongName(Protocol::kSubmission, kStartTls, (*bad)->submission_port());
}

TEST_F(RealServersTest, Postfix) {
  const auto good = PostfixServer::Start({Good()});
  if (absl::IsFailedPrecondition(good.status())) {
    GTEST_SKIP() << good.status().message();
  }
  ASSERT_TRUE(good.ok()) << good.status();
  ExpectConnects(Protocol::kSmtp, kStartTls, (*good)->smtp_port());
  ExpectConnects(Protocol::kSmtp, kImplicit, (*good)->smtps_port());
  ExpectConnects(Protocol::kSubmission, kStartTls, (*good)->submission_port());
  ExpectConnects(Protocol::kSubmission, kImplicit, (*good)->submissions_port());
}

TEST_F(RealServersTest, PostfixWithAWrongCertificate) {
  const auto bad = PostfixServer::Start({Bad()});
  if (absl::IsFailedPrecondition(bad.status())) {
    GTEST_SKIP() << bad.status().message();
  }
  ASSERT_TRUE(bad.ok()) << bad.status();
  ExpectWrongName(Protocol::kSmtp, kStartTls, (*bad)->smtp_port());
  ExpectWrongName(Protocol::kSmtp, kImplicit, (*bad)->smtps_port());
  ExpectWrongName(Protocol::kSubmission, kStartTls, (*bad)->submission_port());
}

TEST_F(RealServersTest, Inn) {
  const auto good = InnServer::Start({Good()});
  if (absl::IsFailedPrecondition(good.status())) {
    GTEST_SKIP() << good.status().message();
  }
  ASSERT_TRUE(good.ok()) << good.status();
  ExpectConnects(Protocol::kNntp, kImplicit, (*good)->nntps_port());
  ExpectConnects(Protocol::kNntp, kStartTls, (*good)->nntp_port());
}

TEST_F(RealServersTest, InnWithAWrongCertificate) {
  const auto bad = InnServer::Start({Bad()});
  if (absl::IsFailedPrecondition(bad.status())) {
    GTEST_SKIP() << bad.status().message();
  }
  ASSERT_TRUE(bad.ok()) << bad.status();
  ExpectWrongName(Protocol::kNntp, kImplicit, (*bad)->nntps_port());
  ExpectWrongName(Protocol::kNntp, kStartTls, (*bad)->nntp_port());
}

}  // namespace
}  // namespace holdfast::test
