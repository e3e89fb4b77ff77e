// The main job, with the real command, real servers and real faults: recovery
// from intolerance, the memory of it, and everything that must not be taken
// for it.

#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/free_port.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/openssl_server.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using lab::CertificateAuthority;
using lab::CertificateOptions;
using lab::LabOptions;
using lab::LabServer;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// One authority, one directory with its certificate and a cache of its own.
class ScenarioTest : public testing::Test {
 protected:
  ScenarioTest() : authority_(*CertificateAuthority::Create()) {
    directory_.Write("ca.pem", authority_.certificate_pem());
  }

  lab::Certificate Issue(const CertificateOptions& options = {}) {
    return *authority_.Issue(options);
  }

  std::unique_ptr<DovecotServer> StartDovecot(
      TlsVersion max_version, const CertificateOptions& names = {}) {
    DovecotOptions options{Issue(names), max_version};
    return DovecotServer::Start(options).value();
  }

  std::unique_ptr<LabServer> StartLab(const std::string& behaviour,
                                      const DovecotServer* upstream = nullptr,
                                      const CertificateOptions& names = {}) {
    LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    if (upstream != nullptr) {
      options.upstream = lab::Upstream{"127.0.0.1", upstream->imaps_port()};
    }
    options.certificate = Issue(names);
    return LabServer::Start(options).value();
  }

  // connect --check --json to `port`, trusting only this test's authority.
  CommandResult Check(uint16_t port, std::vector<std::string> options = {}) {
    std::vector<std::string> arguments = {
        "connect", "--check",
        "--json",  "--no-system-roots",
        "--ca",    directory_.Path("ca.pem"),
        "--cache", directory_.Path("hosts.db")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back(absl::StrCat("imaps://localhost:", port));
    arguments.insert(
        arguments.end(),
        {"--resolve", absl::StrCat("localhost:", port, ":127.0.0.1")});
    return RunHoldfast(std::move(arguments));
  }

  nlohmann::json CacheList() {
    return RunHoldfast({"cache", "list", "--json", "--cache",
                        directory_.Path("hosts.db")})
        .json;
  }
  // Entries that hold a reduced offer.
  int Records() {
    int records = 0;
    for (const auto& entry : CacheList()) records += !entry["rung"].is_null();
    return records;
  }

  static std::vector<std::string> Rungs(CommandResult result) {
    std::vector<std::string> rungs;
    for (const auto& attempt : result.json["attempts"]) {
      rungs.push_back(attempt["rung"]);
    }
    return rungs;
  }
  static std::string Cause(CommandResult result) {
    return result.json["error"]["code"];
  }
  // The problems of the certificate, as codes.
  static std::vector<std::string> Problems(CommandResult result) {
    std::vector<std::string> codes;
    for (const auto& problem : result.json["error"]["problems"]) {
      codes.push_back(problem["code"]);
    }
    return codes;
  }

  CertificateAuthority authority_;
  TempDir directory_;
};

TEST_F(ScenarioTest, AHealthyDovecotTakesOneAttempt) {
  const auto dovecot = StartDovecot(TlsVersion::kTls13);
  CommandResult result = Check(dovecot->imaps_port());
  EXPECT_EQ(result.exit_code(), 0) << result.process.out;
  EXPECT_EQ(result.json["outcome"], "connected");
  EXPECT_EQ(result.json["tls"]["version"], "TLS1.3");
  EXPECT_THAT(Rungs(result), ElementsAre("full"));
  EXPECT_EQ(result.json["fallback"]["applied"], false);
  EXPECT_EQ(result.json["cache"]["recorded"], false);
  EXPECT_THAT(result.json["capabilities"], Contains("IMAP4rev1"));
  EXPECT_FALSE(result.json.contains("error"));
  EXPECT_EQ(result.process.err, "");
  EXPECT_EQ(Records(), 0);
  EXPECT_THAT(dovecot->log(), testing::Not(HasSubstr("Fatal")));
}

// What a server does to a hello that offers TLS 1.3, and what we call it.
struct Intolerance {
  const char* behaviour;
  std::string reason;
  std::vector<std::string> rungs;
};

std::ostream& operator<<(std::ostream& out, const Intolerance& intolerance) {
  return out << intolerance.behaviour;
}

class IntolerantServerTest : public ScenarioTest,
                             public testing::WithParamInterface<Intolerance> {};

TEST_P(IntolerantServerTest, IsReachedAndRemembered) {
  const auto dovecot = StartDovecot(TlsVersion::kTls12);
  const auto front = StartLab(GetParam().behaviour, dovecot.get());

  CommandResult first = Check(front->port());
  EXPECT_EQ(first.exit_code(), 0) << first.process.out;
  EXPECT_EQ(first.json["tls"]["version"], "TLS1.2");
  EXPECT_EQ(Rungs(first), GetParam().rungs);
  EXPECT_EQ(first.json["attempts"][0]["error"]["code"], GetParam().reason);
  EXPECT_EQ(first.json["attempts"][0]["error"]["category"], "tls_intolerance");
  EXPECT_EQ(first.json["fallback"]["applied"], true);
  EXPECT_EQ(first.json["fallback"]["rung"], "tls12");
  EXPECT_EQ(first.json["fallback"]["from_cache"], false);
  EXPECT_EQ(first.json["fallback"]["reason"], GetParam().reason);
  EXPECT_EQ(first.json["cache"]["recorded"], true);
  EXPECT_EQ(Records(), 1);

  CommandResult second = Check(front->port());
  EXPECT_EQ(second.exit_code(), 0) << second.process.out;
  EXPECT_THAT(Rungs(second), ElementsAre("tls12"));
  EXPECT_EQ(second.json["fallback"]["from_cache"], true);
  EXPECT_EQ(second.json["cache"]["expires_at"],
            first.json["cache"]["expires_at"]);
  EXPECT_EQ(front->connections(),
            static_cast<int>(GetParam().rungs.size()) + 1);
  EXPECT_EQ(front->received_in_clear(), "");
  // Promise 6: every reduced hello proves itself, no other one does.
  for (const lab::ClientHello& hello : front->hellos()) {
    EXPECT_EQ(hello.HasFallbackScsv(), !hello.OffersTls13());
  }
}

TEST_P(IntolerantServerTest, IsNotRememberedForABadCertificate) {
  CertificateOptions wrong_name;
  wrong_name.dns_names = {"elsewhere.example"};
  DovecotOptions options{Issue(wrong_name), TlsVersion::kTls12};
  const auto dovecot = DovecotServer::Start(options).value();
  const auto front = StartLab(GetParam().behaviour, dovecot.get());
  CommandResult result = Check(front->port());
  EXPECT_EQ(result.exit_code(), 3);
  EXPECT_EQ(Cause(result), "wrong_name");
  EXPECT_TRUE(CacheList().empty());
}

TEST_P(IntolerantServerTest, IsNotReachedWithoutFallback) {
  const auto dovecot = StartDovecot(TlsVersion::kTls12);
  const auto front = StartLab(GetParam().behaviour, dovecot.get());
  CommandResult result = Check(front->port(), {"--no-fallback"});
  EXPECT_EQ(result.exit_code(), 1);
  EXPECT_EQ(Cause(result), GetParam().reason);
  EXPECT_EQ(front->connections(), 1);
  EXPECT_TRUE(CacheList().empty());
}

INSTANTIATE_TEST_SUITE_P(
    AllWays, IntolerantServerTest,
    testing::Values(Intolerance{"tls13-fin",
                                "closed_during_handshake",
                                {"full", "full", "compact", "tls12"}},
                    Intolerance{"tls13-rst",
                                "reset_during_handshake",
                                {"full", "full", "compact", "tls12"}},
                    Intolerance{"tls13-alert-protocol-version",
                                "version_refused",
                                {"full", "tls12"}},
                    Intolerance{"tls13-alert-handshake-failure",
                                "hello_refused",
                                {"full", "compact", "tls12"}}),
    [](const testing::TestParamInfo<Intolerance>& intolerance) {
      std::string name = intolerance.param.behaviour;
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

// Promise 6, in front of a server that does speak TLS 1.3.
TEST_F(ScenarioTest, OneDroppedHelloBlamesNothing) {
  const auto dovecot = StartDovecot(TlsVersion::kTls13);
  const auto front = StartLab("drop-first", dovecot.get());
  CommandResult result = Check(front->port());
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_EQ(result.json["tls"]["version"], "TLS1.3");
  EXPECT_THAT(Rungs(result), ElementsAre("full", "full"));
  EXPECT_EQ(Records(), 0);
}

// Nothing shows that the compact hello was not needed: it is remembered for an
// hour, and costs no version.
class CompactHelloTest : public ScenarioTest,
                         public testing::WithParamInterface<lab::KeyType> {};

TEST_P(CompactHelloTest, TwoDroppedHellosCostNoVersion) {
  CertificateOptions names;
  names.key_type = GetParam();
  const auto dovecot = StartDovecot(TlsVersion::kTls13, names);
  const auto front = StartLab("drop-first-two", dovecot.get());
  CommandResult result = Check(front->port());
  EXPECT_EQ(result.json["tls"]["version"], "TLS1.3");
  EXPECT_THAT(Rungs(result), ElementsAre("full", "full", "compact"));
  const std::string expires_at = result.json["cache"]["expires_at"];
  EXPECT_LE(expires_at,
            absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now() + absl::Hours(1),
                             absl::UTCTimeZone()));
}

INSTANTIATE_TEST_SUITE_P(WithKeys, CompactHelloTest,
                         testing::Values(lab::KeyType::kP256,
                                         lab::KeyType::kP384,
                                         lab::KeyType::kRsa));

TEST_F(ScenarioTest, AFalseAlarmIsFoundOutByTheReducedAttempt) {
  const auto dovecot = StartDovecot(TlsVersion::kTls13);
  const auto front = StartLab("drop-first-three", dovecot.get());
  CommandResult result = Check(front->port());
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_EQ(result.json["tls"]["version"], "TLS1.3");
  // Dovecot 2.4 says inappropriate_fallback. 2.3 closes without a word, so that
  // the sentinel in a ServerHello has to be asked for.
  const nlohmann::json& attempts = result.json["attempts"];
  std::vector<std::string> rungs = {"full", "full", "compact", "tls12", "full"};
  if (attempts[3]["error"]["alert"] != "inappropriate_fallback") {
    rungs.insert(rungs.end() - 1, "tls12");
  }
  ASSERT_EQ(Rungs(result), rungs);
  EXPECT_EQ(attempts[rungs.size() - 2]["error"]["code"], "downgrade_detected");
  EXPECT_EQ(Records(), 0);
}

// The lab's own TLS does send the alert.
TEST_F(ScenarioTest, AnInappropriateFallbackAlertIsUnderstood) {
  const auto server = StartLab("drop-first-three");
  CommandResult result = Check(server->port());
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_THAT(Rungs(result),
              ElementsAre("full", "full", "compact", "tls12", "full"));
  EXPECT_EQ(result.json["attempts"][3]["error"]["code"], "downgrade_detected");
  EXPECT_EQ(result.json["attempts"][3]["error"]["alert"],
            "inappropriate_fallback");
}

TEST_F(ScenarioTest, APathThatBlocksTls13IsNamedAndNeverMended) {
  const auto dovecot = StartDovecot(TlsVersion::kTls13);
  const auto front = StartLab("tls13-fin", dovecot.get());
  CommandResult result = Check(front->port());
  EXPECT_EQ(result.exit_code(), 3);
  EXPECT_EQ(Cause(result), "path_blocks_newer_tls");
  EXPECT_EQ(result.json["error"]["category"], "downgrade");
  EXPECT_TRUE(CacheList().empty());
  // The user's way out: configuration, not fallback.
  CommandResult allowed = Check(front->port(), {"--max-version", "1.2"});
  EXPECT_EQ(allowed.exit_code(), 0) << allowed.process.out;
  EXPECT_EQ(allowed.json["fallback"]["applied"], false);
  EXPECT_EQ(Records(), 0);
}

TEST_F(ScenarioTest, AServerThatWasUpdatedIsForgotten) {
  const auto old = StartDovecot(TlsVersion::kTls12);
  auto front = StartLab("tls13-fin", old.get());
  const uint16_t port = front->port();
  EXPECT_EQ(Check(port).exit_code(), 0);
  EXPECT_EQ(Records(), 1);
  front.reset();

  const auto updated = StartDovecot(TlsVersion::kTls13);
  LabOptions options;
  options.behaviour = *lab::FindBehaviour("healthy");
  options.upstream = lab::Upstream{"127.0.0.1", updated->imaps_port()};
  options.port = port;
  const auto healthy = LabServer::Start(options);
  ASSERT_TRUE(healthy.ok()) << healthy.status();
  CommandResult result = Check(port);
  EXPECT_EQ(result.json["tls"]["version"], "TLS1.3");
  EXPECT_THAT(Rungs(result), ElementsAre("tls12", "full"));
  EXPECT_EQ(Records(), 0);
}

// Not intolerance: one attempt, no record.
TEST_F(ScenarioTest, EveryProblemOfACertificateIsListed) {
  CertificateOptions bad;
  bad.dns_names = {"elsewhere.example"};
  bad.not_before = absl::Now() - absl::Hours(48);
  bad.not_after = absl::Now() - absl::Hours(24);
  const CertificateAuthority unknown = *CertificateAuthority::Create("Other");
  LabOptions options;
  options.behaviour = *lab::FindBehaviour("healthy");
  options.certificate = *unknown.Issue(bad);
  const auto server = LabServer::Start(options).value();
  CommandResult result = Check(server->port());
  EXPECT_EQ(result.exit_code(), 3);
  EXPECT_EQ(result.json["error"]["category"], "certificate");
  EXPECT_THAT(Problems(result),
              testing::UnorderedElementsAre("wrong_name", "expired",
                                            "missing_intermediate"));
  EXPECT_THAT(Rungs(result), ElementsAre("full"));
  EXPECT_TRUE(CacheList().empty());
}

TEST_F(ScenarioTest, EachCertificateProblemAloneIsNamed) {
  CertificateOptions wrong_name;
  wrong_name.dns_names = {"elsewhere.example"};
  CertificateOptions expired;
  expired.not_before = absl::Now() - absl::Hours(48);
  expired.not_after = absl::Now() - absl::Hours(24);
  CertificateOptions self_signed;
  self_signed.self_signed = true;
  const std::vector<std::pair<CertificateOptions, std::string>> cases = {
      {wrong_name, "wrong_name"},
      {expired, "expired"},
      {self_signed, "self_signed"}};
  for (const auto& [options, code] : cases) {
    const auto server = StartLab("healthy", nullptr, options);
    CommandResult result = Check(server->port());
    EXPECT_EQ(result.exit_code(), 3) << code;
    EXPECT_THAT(Problems(result), ElementsAre(code));
    EXPECT_EQ(server->connections(), 1);
  }
}

TEST_F(ScenarioTest, ARefusedPortTakesOneAttempt) {
  CommandResult result = Check(ReserveFreePort());
  EXPECT_EQ(result.exit_code(), 1);
  EXPECT_EQ(Cause(result), "connection_refused");
  EXPECT_EQ(result.json["attempts"].size(), 1u);
  EXPECT_EQ(result.json["attempts"][0]["address"], "127.0.0.1");
}

TEST_F(ScenarioTest, AnUnknownHostTakesOneAttempt) {
  CommandResult result =
      RunHoldfast({"connect", "--check", "--json", "--no-system-roots", "--ca",
                   directory_.Path("ca.pem"), "imaps://no-such-host.invalid"});
  EXPECT_EQ(result.exit_code(), 1);
  EXPECT_EQ(result.json["error"]["category"], "dns");
  EXPECT_EQ(result.json["attempts"].size(), 1u);
}

TEST_F(ScenarioTest, PlaintextOnThePortIsNamedAtOnce) {
  const auto server = StartLab("plaintext-banner");
  CommandResult result = Check(server->port());
  EXPECT_EQ(result.exit_code(), 1);
  EXPECT_EQ(Cause(result), "plaintext_on_tls_port");
  EXPECT_EQ(result.json["error"]["category"], "mode_mismatch");
  EXPECT_LT(result.json["attempts"][0]["milliseconds"],
            ScaledMilliseconds(2000));
  EXPECT_EQ(server->connections(), 1);
  EXPECT_TRUE(CacheList().empty());
}

TEST_F(ScenarioTest, ATls10OnlyServerIsNamedInTwoAttemptsAtMost) {
  const auto server =
      OpensslServer::Start(Issue(), {"-tls1", "-cipher", "ALL:@SECLEVEL=0"});
  ASSERT_TRUE(server.ok()) << server.status();
  CommandResult result = Check((*server)->port());
  EXPECT_EQ(result.exit_code(), 3) << result.process.out;
  EXPECT_EQ(Cause(result), "server_too_old");
  EXPECT_LE(result.json["attempts"].size(), 2u);
  EXPECT_TRUE(CacheList().empty());
}

TEST_F(ScenarioTest, OpensslWithTls12OnlyNeedsNoFallback) {
  const auto server = StartLab("tls12-only");
  CommandResult result = Check(server->port());
  EXPECT_EQ(result.exit_code(), 0) << result.process.out;
  EXPECT_EQ(result.json["tls"]["version"], "TLS1.2");
  EXPECT_THAT(Rungs(result), ElementsAre("full"));
  EXPECT_EQ(Records(), 0);
}

TEST_F(ScenarioTest, AGreetingThatRefusesIsReportedInItsOwnWords) {
  const auto server = StartLab("greeting-bye");
  CommandResult result = Check(server->port());
  EXPECT_EQ(result.exit_code(), 1);
  EXPECT_EQ(Cause(result), "server_busy");
  EXPECT_FALSE(result.json["error"]["server_text"].empty());
  EXPECT_TRUE(CacheList().empty());
}

// One deadline over everything.
class SilentServerTest : public ScenarioTest,
                         public testing::WithParamInterface<const char*> {};

TEST_P(SilentServerTest, EndsAtTheTimeout) {
  const auto server = StartLab(GetParam());
  const absl::Duration timeout = Scaled(absl::Seconds(2));
  const absl::Time begun = absl::Now();
  CommandResult result =
      Check(server->port(), {"--timeout", absl::FormatDuration(timeout)});
  const absl::Duration taken = absl::Now() - begun;
  EXPECT_EQ(result.exit_code(), 1) << result.process.out;
  EXPECT_GE(taken, timeout);
  EXPECT_LT(taken, 4 * timeout);
  EXPECT_EQ(Records(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    AtEachPoint, SilentServerTest,
    testing::Values("silent-from-start", "silent-after-hello",
                    "silent-greeting"),
    [](const testing::TestParamInfo<const char*>& behaviour) {
      std::string name = behaviour.param;
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

TEST_F(ScenarioTest, ALookUpThatHangsEndsAtTheTimeout) {
  const absl::Time begun = absl::Now();
  CommandResult result =
      RunHoldfast({"connect", "--check", "--json", "--timeout",
                   ScaledOption(absl::Seconds(1)), "--no-system-roots", "--ca",
                   directory_.Path("ca.pem"), "imaps://slow.example"},
                  {{"LD_PRELOAD", HOLDFAST_HANGING_LOOKUP},
                   {"ASAN_OPTIONS", "verify_asan_link_order=0"}});
  EXPECT_EQ(result.exit_code(), 1) << result.process.err;
  EXPECT_EQ(Cause(result), "lookup_timed_out");
  EXPECT_LT(absl::Now() - begun, Scaled(absl::Seconds(8)));
}

TEST_F(ScenarioTest, SigintEndsItAtOnceAndCleanly) {
  const auto server = StartLab("silent-from-start");
  ProcessOptions options;
  options.arguments =
      HoldfastCommand({"connect", "--check", "--json", "--no-system-roots",
                       "--ca", directory_.Path("ca.pem"), "--cache", "none",
                       absl::StrCat("imaps://127.0.0.1:", server->port())});
  const auto process = *Process::Start(options);
  ASSERT_TRUE(Eventually([&] { return server->connections() == 1; }));
  process->Signal(SIGINT);
  const std::optional<ProcessResult> result = process->Wait(LongEnough());
  ASSERT_TRUE(result) << "it did not end";
  EXPECT_EQ(result->signal, SIGINT);
  EXPECT_THAT(result->out, HasSubstr("\"cancelled\""));
}

// The cache.
TEST_F(ScenarioTest, ADamagedCacheCostsTheMemoryNotTheConnection) {
  directory_.Write("hosts.db", std::string(8192, 'x'));
  const auto server = StartLab("healthy");
  CommandResult result = Check(server->port());
  EXPECT_EQ(result.exit_code(), 0) << result.process.out;
  EXPECT_THAT(result.process.err, HasSubstr("hosts.db"));
}

TEST_F(ScenarioTest, ForgettingAHostBringsTheFullOfferBack) {
  const auto dovecot = StartDovecot(TlsVersion::kTls12);
  const auto front = StartLab("tls13-alert-protocol-version", dovecot.get());
  Check(front->port());
  ASSERT_EQ(Records(), 1);
  CommandResult forgot =
      RunHoldfast({"cache", "forget", "--keep-proven",
                   absl::StrCat("localhost:", front->port()), "--json",
                   "--cache", directory_.Path("hosts.db")});
  EXPECT_EQ(forgot.exit_code(), 0);
  EXPECT_EQ(forgot.json["forgotten"], 1);
  EXPECT_EQ(Records(), 0);
  EXPECT_EQ(CacheList().size(), 1u) << "what it has proven stays";
  EXPECT_THAT(Rungs(Check(front->port())), ElementsAre("full", "tls12"));
}

}  // namespace
}  // namespace holdfast::test
