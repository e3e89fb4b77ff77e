// Row by row: what the command calls each way in which a server can fail a TLS
// handshake, with implicit TLS and after STARTTLS. One attempt each: what is
// tried next is for other tests.

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/behaviour.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using lab::LabOptions;
using lab::LabServer;
using testing::HasSubstr;
using testing::StartsWith;

// A way in: what stands before "://".
struct Way {
  std::string scheme;
  std::string protocol;
  lab::Security security;
};

std::ostream& operator<<(std::ostream& out, const Way& way) {
  return out << way.scheme;
}

const Way kImaps = {"imaps", "imap", lab::Security::kImplicit};
const Way kImap = {"imap", "imap", lab::Security::kStartTls};
const Way kSmtp = {"smtp", "smtp", lab::Security::kStartTls};

struct Options {
  std::vector<std::string> command = {};
  std::optional<lab::Certificate> certificate = {};
  std::string ca_pem = {};  // of the certificate
};

// A server, and what the command says of it.
class Contact {
 public:
  Contact(const std::string& behaviour, const Way& way,
          const Options& options = {}) {
    LabOptions lab;
    lab.behaviour = *lab::FindBehaviour(behaviour);
    lab.protocol = way.protocol;
    lab.security = way.security;
    if (options.certificate) lab.certificate = *options.certificate;
    server = LabServer::Start(lab).value();
    TempDir directory;
    const std::string address = absl::StrCat("localhost:", server->port());
    std::vector<std::string> arguments = {
        "connect",
        "--check",
        "--json",
        "--no-system-roots",
        "--ca",
        directory.Write("ca.pem", server->ca_pem().empty() ? options.ca_pem
                                                           : server->ca_pem()),
        "--cache",
        "none",
        "--resolve",
        absl::StrCat(address, ":127.0.0.1")};
    arguments.insert(arguments.end(), options.command.begin(),
                     options.command.end());
    arguments.push_back(absl::StrCat(way.scheme, "://", address));
    result = RunHoldfast(std::move(arguments));
    if (result.json.is_discarded()) ADD_FAILURE() << result.process.out;
  }

  // A text of the error; empty if it is null, or there is no error.
  std::string Error(const std::string& field) const {
    if (!result.json.contains("error")) return "";
    const nlohmann::json& value = result.json.at("error").at(field);
    return value.is_null() ? "" : value.get<std::string>();
  }
  size_t attempts() const { return result.json.at("attempts").size(); }

  std::unique_ptr<LabServer> server;
  CommandResult result;
};

// What a server does, and what that is called. Empty texts are null in JSON.
struct Row {
  std::string behaviour;
  std::string code;
  std::string category;
  int exit_status;
  std::string nss;
  std::string alert = "";
  std::string first_bytes = "";  // how they begin
  std::string phase = "handshake";
};

std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << row.behaviour;
}

constexpr char kIntolerance[] = "tls_intolerance";
constexpr char kEof[] = "PR_END_OF_FILE_ERROR";
constexpr char kRst[] = "PR_CONNECT_RESET_ERROR";
constexpr char kAlertBytes[] = R"(\x15\x03\x03\x00\x02)";
constexpr char kServerHelloBytes[] = R"(\x16\x03\x03\x00)";

Row Refused(const std::string& behaviour, const std::string& alert,
            const std::string& nss) {
  return {behaviour, "hello_refused", kIntolerance, 1, nss, alert, kAlertBytes};
}
Row VersionRefused(const std::string& behaviour) {
  return {behaviour,
          "version_refused",
          kIntolerance,
          1,
          "SSL_ERROR_PROTOCOL_VERSION_ALERT",
          "protocol_version",
          kAlertBytes};
}
Row Closed(const std::string& behaviour) {
  return {behaviour, "closed_during_handshake", kIntolerance, 1, kEof};
}
Row Reset(const std::string& behaviour) {
  return {behaviour, "reset_during_handshake", kIntolerance, 1, kRst};
}
Row Silent(const std::string& behaviour) {
  return {behaviour, "silent_during_handshake", kIntolerance, 1, ""};
}
Row Broken(const std::string& behaviour, const std::string& nss,
           const std::string& first_bytes) {
  return {behaviour, "broken_tls_server", "tls_protocol", 1, nss,
          "",        first_bytes};
}
Row Downgrade(const std::string& behaviour, const std::string& nss,
              const std::string& alert, const std::string& first_bytes) {
  return {behaviour, "downgrade_detected", "downgrade", 3, nss,
          alert,     first_bytes};
}

// Alike in both modes.
std::vector<Row> Rows() {
  const std::string no_overlap = "SSL_ERROR_NO_CYPHER_OVERLAP";
  const std::string decode_error = "SSL_ERROR_DECODE_ERROR_ALERT";
  const std::string extension = "SSL_ERROR_UNSUPPORTED_EXTENSION_ALERT";
  const std::string weak_key = "SSL_ERROR_WEAK_SERVER_CERT_KEY";
  const std::string weak_dh = "SSL_ERROR_WEAK_SERVER_EPHEMERAL_DH_KEY";
  return {
      VersionRefused("tls13-alert-protocol-version"),
      VersionRefused("tls10-only"),
      VersionRefused("tls10-version-intolerant-alert"),

      Refused("tls13-alert-unexpected-message", "unexpected_message",
              "SSL_ERROR_HANDSHAKE_UNEXPECTED_ALERT"),
      Refused("tls13-alert-bad-record-mac", "bad_record_mac",
              "SSL_ERROR_BAD_MAC_ALERT"),
      Refused("tls13-alert-record-overflow", "record_overflow",
              "SSL_ERROR_RECORD_OVERFLOW_ALERT"),
      Refused("tls13-alert-handshake-failure", "handshake_failure", no_overlap),
      Refused("tls13-alert-illegal-parameter", "illegal_parameter",
              "SSL_ERROR_ILLEGAL_PARAMETER_ALERT"),
      Refused("tls13-alert-decode-error", "decode_error", decode_error),
      Refused("tls13-alert-decrypt-error", "decrypt_error",
              "SSL_ERROR_DECRYPT_ERROR_ALERT"),
      Refused("tls13-alert-insufficient-security", "insufficient_security",
              "SSL_ERROR_INSUFFICIENT_SECURITY_ALERT"),
      Refused("tls13-alert-internal-error", "internal_error",
              "SSL_ERROR_INTERNAL_ERROR_ALERT"),
      Refused("tls13-alert-missing-extension", "missing_extension",
              "SSL_ERROR_MISSING_EXTENSION_ALERT"),
      Refused("tls13-alert-unsupported-extension", "unsupported_extension",
              extension),
      Refused("large-hello-alert", "decode_error", decode_error),
      Refused("status-request-decode-error", "decode_error", decode_error),
      Refused("status-request-unsupported-extension", "unsupported_extension",
              extension),
      Refused("ticket-decode-error", "decode_error", decode_error),
      Refused("ticket-unsupported-extension", "unsupported_extension",
              extension),
      // That no rung finds a common cipher only the whole ladder can tell.
      Refused("no-common-cipher", "handshake_failure", no_overlap),
      Refused("alert-after-hello", "handshake_failure", no_overlap),
      Refused("insufficient-security", "insufficient_security",
              "SSL_ERROR_INSUFFICIENT_SECURITY_ALERT"),
      // No proof that the server has nothing newer: it may just not like us.
      {"ssl3-alert", "hello_refused", kIntolerance, 1, no_overlap,
       "handshake_failure", R"(\x15\x03\x00)"},

      Closed("tls13-fin"),
      Closed("tls13-blocked"),
      Closed("tls13-fin-then-scsv-alert"),
      Closed("tls13-fin-then-sentinel"),
      Closed("scsv-fin"),
      Closed("tls10-version-intolerant-fin"),
      Closed("large-hello-fin"),
      Closed("drop-first"),
      Closed("drop-first-two"),
      Closed("fin-after-hello"),
      {"tls13-close-notify", "closed_during_handshake", kIntolerance, 1, kEof,
       "close_notify", kAlertBytes},
      {"tls13-warning", "closed_during_handshake", kIntolerance, 1, kEof,
       "unrecognized_name", kAlertBytes},
      {"partial-server-hello", "closed_during_handshake", kIntolerance, 1, kEof,
       "", kServerHelloBytes},
      Reset("tls13-rst"),
      Reset("large-hello-rst"),
      Reset("rst-after-hello"),
      Silent("tls13-silent"),
      Silent("large-hello-silent"),
      Silent("silent-after-hello"),

      {"ssl3-server-hello", "server_speaks_ssl3", "tls_version", 3,
       "SSL_ERROR_UNSUPPORTED_VERSION", "", R"(\x16\x03\x00\x00)"},

      Downgrade("inappropriate-fallback",
                "SSL_ERROR_INAPPROPRIATE_FALLBACK_ALERT",
                "inappropriate_fallback", kAlertBytes),
      Downgrade("sentinel", "SSL_ERROR_RX_MALFORMED_SERVER_HELLO", "",
                kServerHelloBytes),

      Broken("echo", "SSL_ERROR_RX_UNEXPECTED_CLIENT_HELLO",
             R"(\x16\x03\x01\x02\x00\x01)"),
      Broken("application-data-first",
             "SSL_ERROR_RX_UNEXPECTED_APPLICATION_DATA",
             R"(\x17\x03\x03\x00 aaa)"),
      Broken("server-hello-above-offer", "SSL_ERROR_RX_MALFORMED_SERVER_HELLO",
             kServerHelloBytes),
      Broken("server-hello-bad-key-share", "SEC_ERROR_INVALID_KEY",
             kServerHelloBytes),

      {"server-hello-fin", "handshake_interrupted", "tls_protocol", 1, kEof, "",
       kServerHelloBytes},
      {"server-hello-rst", "handshake_interrupted", "tls_protocol", 1, kRst, "",
       kServerHelloBytes},
      {"server-hello-silent", "handshake_timed_out", "timeout", 1, "", "",
       kServerHelloBytes},
      {"server-hello-alert", "handshake_alert", "tls_protocol", 1,
       "SSL_ERROR_INTERNAL_ERROR_ALERT", "internal_error", kServerHelloBytes},

      {"client-cert-required", "client_certificate_required",
       "client_certificate", 1, "SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT",
       "certificate_required", "", "session"},
      // After False Start: the handshake was over for us, not for the server.
      {"client-cert-required-tls12", "client_certificate_required",
       "client_certificate", 1, "SSL_ERROR_HANDSHAKE_FAILURE_ALERT",
       "handshake_failure", "", "session"},

      {"dh-1024", "weak_server_key", "local_policy", 3, weak_dh, "",
       kServerHelloBytes},
      {"dh-768", "weak_server_key", "local_policy", 3, weak_dh, "",
       kServerHelloBytes},
      {"rsa-1024", "weak_certificate_key", "certificate", 3, weak_key, "",
       kServerHelloBytes},
      {"rsa-512", "weak_certificate_key", "certificate", 3, weak_key, "",
       kServerHelloBytes},
      {"no-secure-renegotiation", "unsafe_renegotiation", "local_policy", 3,
       "SSL_ERROR_UNSAFE_NEGOTIATION", "", kServerHelloBytes},

      {"unrecognized-name", "name_refused", "server_policy", 1,
       "SSL_ERROR_UNRECOGNIZED_NAME_ALERT", "unrecognized_name", kAlertBytes},
  };
}

// What there is no TLS in.
std::vector<Row> RowsOfPlaintext() {
  const std::string unknown = "SSL_ERROR_RX_UNKNOWN_RECORD_TYPE";
  const auto banner = [&](const std::string& behaviour,
                          const std::string& first_bytes) {
    return Row{
        behaviour,  "plaintext_on_tls_port", "mode_mismatch", 1, unknown, "",
        first_bytes};
  };
  return {
      banner("plaintext-banner", "* OK"),
      banner("plaintext-busy", "* BYE"),
      banner("ssh-banner", "SSH-2.0"),
      banner("http-after-hello", "HTTP/1.1 400"),
      Broken("plaintext-after-hello", unknown, "What did you say?"),
      Broken("garbage", unknown, R"(\xee\xee)"),
      Broken("unknown-record", unknown, R"(\x18\x03\x03)"),
      Broken("ssl2-server-hello", unknown, R"(\x80\x0b\x04)"),
      // Before anything was read, but that cannot be seen from here.
      Closed("close-on-accept"),
      Silent("silent-from-start"),
      Refused("tls-bytes-first", "handshake_failure",
              "SSL_ERROR_NO_CYPHER_OVERLAP"),
  };
}

// And where STARTTLS had been answered, who speaks in clear is an attacker.
std::vector<Row> RowsOfInjection() {
  std::vector<Row> rows;
  for (Row row : RowsOfPlaintext()) {
    if (row.behaviour != "http-after-hello" &&
        row.behaviour != "plaintext-after-hello" &&
        row.behaviour != "garbage" && row.behaviour != "unknown-record" &&
        row.behaviour != "ssl2-server-hello") {
      continue;
    }
    row.code = "starttls_injection";
    row.category = "starttls";
    row.exit_status = 3;
    rows.push_back(row);
  }
  return rows;
}

using RowAndWay = std::tuple<Row, Way>;

std::string NameOf(const testing::TestParamInfo<RowAndWay>& test) {
  return absl::StrReplaceAll(absl::StrCat(std::get<0>(test.param).behaviour,
                                          "_", std::get<1>(test.param).scheme),
                             {{"-", "_"}});
}

class IntoleranceRowTest : public testing::TestWithParam<RowAndWay> {};

TEST_P(IntoleranceRowTest, IsNamedByItsEvidenceInOneAttempt) {
  const auto& [row, way] = GetParam();
  Options options;
  options.command = {"--no-fallback"};
  // Only for those that would keep us waiting.
  if (absl::StrContains(row.behaviour, "silent")) {
    options.command.insert(options.command.end(),
                           {"--timeout", ScaledOption(absl::Seconds(2))});
  }
  const Contact test(row.behaviour, way, options);
  EXPECT_EQ(test.result.exit_code(), row.exit_status);
  EXPECT_EQ(test.Error("code"), row.code);
  EXPECT_EQ(test.Error("category"), row.category);
  EXPECT_EQ(test.Error("phase"), row.phase);
  EXPECT_EQ(test.Error("nss"), row.nss);
  EXPECT_EQ(test.Error("alert"), row.alert);
  EXPECT_THAT(test.Error("first_bytes"), StartsWith(row.first_bytes));
  EXPECT_EQ(test.Error("first_bytes").empty(), row.first_bytes.empty());
  EXPECT_EQ(test.attempts(), 1u);
  EXPECT_EQ(test.server->connections(), 1);
}

INSTANTIATE_TEST_SUITE_P(Table, IntoleranceRowTest,
                         testing::Combine(testing::ValuesIn(Rows()),
                                          testing::Values(kImaps, kImap,
                                                          kSmtp)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Plaintext, IntoleranceRowTest,
                         testing::Combine(testing::ValuesIn(RowsOfPlaintext()),
                                          testing::Values(kImaps)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Injection, IntoleranceRowTest,
                         testing::Combine(testing::ValuesIn(RowsOfInjection()),
                                          testing::Values(kImap, kSmtp)),
                         NameOf);

class IntoleranceWayTest : public testing::TestWithParam<Way> {};

TEST_P(IntoleranceWayTest, ARefusedAlpnIsNamed) {
  for (const auto& [behaviour, code] :
       std::vector<std::pair<std::string, std::string>>{
           {"no-application-protocol", "alpn_refused"},
           {"alpn-fin", "closed_during_handshake"},
           {"alpn-decode-error", "hello_refused"},
           {"alpn-unsupported-extension", "hello_refused"}}) {
    const Contact test(behaviour, GetParam(), {{"--no-fallback"}});
    ASSERT_EQ(test.server->hellos().size(), 1u);
    // There is no id for SMTP: what refuses ALPN has nothing to refuse.
    const bool offered = GetParam().protocol != "smtp";
    EXPECT_EQ(!test.server->hellos()[0].alpn.empty(), offered);
    EXPECT_EQ(test.Error("code"), offered ? code : "") << behaviour;
    EXPECT_EQ(test.result.exit_code(), offered ? 1 : 0) << behaviour;
  }
}

TEST_P(IntoleranceWayTest, WhatIsOnlyOddIsReachedAtOnce) {
  for (const char* behaviour :
       {"healthy", "tls12-only", "warning-unrecognized-name",
        "hello-256-511-silent", "segment-hello-silent", "drop-every-third"}) {
    const Contact test(behaviour, GetParam(), {{"--no-fallback"}});
    EXPECT_EQ(test.result.exit_code(), 0)
        << behaviour << test.result.process.out;
    EXPECT_EQ(test.attempts(), 1u);
  }
}

TEST_P(IntoleranceWayTest, AServerThatIsMerelySlowIsWaitedFor) {
  const absl::Time begun = absl::Now();
  const Contact test("slow", GetParam(), {{"--no-fallback"}});
  EXPECT_EQ(test.result.exit_code(), 0) << test.result.process.out;
  EXPECT_EQ(test.result.json.at("tls").at("version"), "TLS1.3");
  EXPECT_GE(absl::Now() - begun, absl::Seconds(3));
}

TEST_P(IntoleranceWayTest, ACertificateOutranksAll) {
  const auto authority = *lab::CertificateAuthority::Create();
  lab::CertificateOptions expired;
  expired.not_before = absl::Now() - absl::Hours(48);
  expired.not_after = absl::Now() - absl::Hours(24);
  Options options = {{"--no-fallback"}};
  options.certificate = *authority.Issue(expired);
  options.ca_pem = authority.certificate_pem();
  const Contact test("healthy", GetParam(), options);
  EXPECT_EQ(test.result.exit_code(), 3);
  EXPECT_EQ(test.Error("code"), "expired");
  EXPECT_EQ(test.Error("category"), "certificate");
}

INSTANTIATE_TEST_SUITE_P(Ways, IntoleranceWayTest,
                         testing::Values(kImaps, kImap, kSmtp),
                         [](const testing::TestParamInfo<Way>& way) {
                           return way.param.scheme;
                         });

// What only several attempts together can tell.

using NameAndWay = std::tuple<std::string, Way>;

std::string TextOf(const testing::TestParamInfo<NameAndWay>& test) {
  return absl::StrReplaceAll(absl::StrCat(std::get<0>(test.param), "_",
                                          std::get<1>(test.param).scheme),
                             {{"-", "_"}});
}

// The least reduction that works is the one that is used.
struct Reduced {
  std::string behaviour;
  std::string rung;
  std::string version;
};

std::ostream& operator<<(std::ostream& out, const Reduced& reduced) {
  return out << reduced.behaviour;
}

class LeastReductionTest
    : public testing::TestWithParam<std::tuple<Reduced, Way>> {};

TEST_P(LeastReductionTest, IsUsed) {
  const auto& [reduced, way] = GetParam();
  const Contact test(reduced.behaviour, way);
  ASSERT_EQ(test.result.exit_code(), 0) << test.result.process.out;
  EXPECT_EQ(test.result.json.at("fallback").at("rung"), reduced.rung);
  EXPECT_EQ(test.result.json.at("tls").at("version"), reduced.version);
}

std::vector<Reduced> ReducedRows() {
  std::vector<Reduced> rows = {
      {"no-application-protocol", "no-alpn", "TLS1.3"}};
  for (const char* behaviour :
       {"alpn-fin", "alpn-decode-error", "alpn-unsupported-extension",
        "status-request-decode-error", "status-request-unsupported-extension",
        "ticket-decode-error", "ticket-unsupported-extension",
        "large-hello-fin", "large-hello-rst", "large-hello-alert"}) {
    rows.push_back({behaviour, "compact", "TLS1.3"});
  }
  for (const char* behaviour :
       {"tls13-fin", "tls13-rst", "tls13-close-notify", "tls13-warning",
        "tls13-alert-unexpected-message", "tls13-alert-bad-record-mac",
        "tls13-alert-record-overflow", "tls13-alert-handshake-failure",
        "tls13-alert-illegal-parameter", "tls13-alert-decode-error",
        "tls13-alert-decrypt-error", "tls13-alert-protocol-version",
        "tls13-alert-insufficient-security", "tls13-alert-internal-error",
        "tls13-alert-missing-extension", "tls13-alert-unsupported-extension"}) {
    rows.push_back({behaviour, "tls12", "TLS1.2"});
  }
  return rows;
}

std::string ReducedName(
    const testing::TestParamInfo<std::tuple<Reduced, Way>>& test) {
  return absl::StrReplaceAll(absl::StrCat(std::get<0>(test.param).behaviour,
                                          "_", std::get<1>(test.param).scheme),
                             {{"-", "_"}});
}

INSTANTIATE_TEST_SUITE_P(Table, LeastReductionTest,
                         testing::Combine(testing::ValuesIn(ReducedRows()),
                                          testing::Values(kImaps, kImap)),
                         ReducedName);
// By the hedge; after STARTTLS each silence would take its time.
INSTANTIATE_TEST_SUITE_P(
    Hedged, LeastReductionTest,
    testing::Combine(
        testing::Values(Reduced{"large-hello-silent", "compact", "TLS1.3"},
                        Reduced{"tls13-silent", "tls12", "TLS1.2"}),
        testing::Values(kImaps)),
    ReducedName);

// Promise 2: TLS 1.0 only for hosts that the user named, and every report shows
// it.
class LegacyServerTest : public testing::TestWithParam<NameAndWay> {};

TEST_P(LegacyServerTest, IsReachedOnlyIfAllowedAndLoudly) {
  const auto& [behaviour, way] = GetParam();
  const Contact refused(behaviour, way);
  EXPECT_NE(refused.result.exit_code(), 0);
  EXPECT_TRUE(refused.result.json.at("tls").is_null());

  const Contact allowed(behaviour, way, {{"--allow-legacy", "1.0"}});
  EXPECT_EQ(allowed.result.exit_code(), 0) << allowed.result.process.out;
  EXPECT_EQ(allowed.result.json.at("tls").at("version"), "TLS1.0");
  const nlohmann::json& warnings =
      allowed.result.json.at("diagnosis").at("warnings");
  ASSERT_EQ(warnings.size(), 1u) << warnings;
  EXPECT_EQ(warnings[0].at("code"), "legacy");
  EXPECT_THAT(allowed.result.process.err, HasSubstr("TLS 1.0"));
}

INSTANTIATE_TEST_SUITE_P(
    Servers, LegacyServerTest,
    testing::Combine(testing::Values("tls10-only",
                                     "tls10-version-intolerant-fin",
                                     "tls10-version-intolerant-alert"),
                     testing::Values(kImaps, kImap)),
    TextOf);

TEST(IntoleranceLadderTest, AServerThatIsTooOldIsNamedAndTheOptionTold) {
  for (const char* behaviour :
       {"tls10-only", "tls10-version-intolerant-alert"}) {
    const Contact test(behaviour, kImaps);
    EXPECT_EQ(test.result.exit_code(), 3);
    EXPECT_EQ(test.Error("code"), "server_too_old");
    EXPECT_THAT(test.result.json.at("diagnosis").dump(),
                HasSubstr("--allow-legacy 1.0"));
  }
}

// It looks like other faults: the option is told as one way out.
TEST(IntoleranceLadderTest, AVeryOldServerThatClosesIsThoughtOf) {
  const Contact test("tls10-version-intolerant-fin", kImaps);
  EXPECT_EQ(test.result.exit_code(), 1);
  EXPECT_EQ(test.Error("code"), "closed_during_handshake");
  EXPECT_THAT(test.result.json.at("diagnosis").dump(),
              HasSubstr("--allow-legacy 1.0"));
}

// No option of ours reaches it, so that none is told.
TEST(IntoleranceLadderTest, Ssl3IsNotToBeAllowed) {
  const Contact test("ssl3-server-hello", kImaps, {{"--allow-legacy", "1.0"}});
  EXPECT_EQ(test.result.exit_code(), 3);
  EXPECT_EQ(test.Error("code"), "server_speaks_ssl3");
  EXPECT_EQ(test.attempts(), 1u);
  EXPECT_THAT(test.result.json.at("diagnosis").dump(),
              testing::Not(HasSubstr("--allow-legacy")));
}

TEST(IntoleranceLadderTest, NothingInCommonShowsAfterEveryRung) {
  for (const char* behaviour :
       {"no-common-cipher", "insufficient-security", "alert-after-hello"}) {
    const Contact test(behaviour, kImaps);
    EXPECT_EQ(test.result.exit_code(), 1);
    EXPECT_EQ(test.Error("code"), "no_common_parameters") << behaviour;
    EXPECT_EQ(test.Error("category"), "tls_version");
  }
}

// Promise 6, with a server that drops or refuses what is marked as reduced.
TEST(IntoleranceLadderTest, ARefusedReductionIsADowngrade) {
  for (const auto& [behaviour, code] :
       std::vector<std::pair<std::string, std::string>>{
           {"tls13-fin-then-scsv-alert", "path_blocks_newer_tls"},
           {"scsv-fin", "fallback_signal_refused"}}) {
    const Contact test(behaviour, kImaps);
    EXPECT_EQ(test.result.exit_code(), 3);
    EXPECT_EQ(test.Error("code"), code);
    EXPECT_EQ(test.Error("category"), "downgrade");
  }
}

}  // namespace
}  // namespace holdfast::test
