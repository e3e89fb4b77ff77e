// The text of every error, for people and for programs, as tests/golden holds
// it.

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/connect/connect_report.h"
#include "holdfast/tests/helpers/golden.h"
#include "holdfast/tools/report.h"

namespace holdfast {
namespace {

using testing::HasSubstr;
using testing::Not;

// The evidence that comes with some codes, as it was seen.
struct Evidence {
  Phase phase;
  const char* nss = "";
  int alert = -1;
  std::string first_bytes = "";
  const char* server_text = "";
  const char* message = "";
};

std::string AlertRecord(int alert) {
  return std::string("\x15\x03\x03\x00\x02\x02", 6) + static_cast<char>(alert);
}

const std::string kServerHello("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03",
                               11);

Evidence Alert(const char* nss, int alert) {
  return {Phase::kHandshake, nss, alert, AlertRecord(alert)};
}

// Of what was heard in the middle of a handshake.
Evidence Handshake(const char* nss, const char* message = "") {
  return {Phase::kHandshake, nss, -1, kServerHello, "", message};
}

// Of an answer before TLS.
Evidence Words(const char* text) {
  return {Phase::kPlaintext, "", -1, "", text};
}

std::map<ErrorCode, Evidence> SpecialEvidence() {
  return {
      {ErrorCode::kLookupTimedOut, {Phase::kLookup}},
      {ErrorCode::kGreetingTimedOut, {Phase::kPlaintext}},
      {ErrorCode::kResponseTimedOut, {Phase::kPlaintext}},
      {ErrorCode::kCertificateUndecided, {Phase::kHandshake}},
      {ErrorCode::kPlaintextOnTlsPort,
       {Phase::kHandshake, "SSL_ERROR_RX_RECORD_TOO_LONG", -1,
        "* OK \x1b[2J ready\r\n", "* OK \x1b[2J ready"}},
      {ErrorCode::kTlsOnPlaintextPort, {Phase::kPlaintext}},
      {ErrorCode::kClosedDuringHandshake,
       {Phase::kHandshake, "PR_END_OF_FILE_ERROR"}},
      {ErrorCode::kResetDuringHandshake,
       {Phase::kHandshake, "PR_CONNECT_RESET_ERROR"}},
      {ErrorCode::kSilentDuringHandshake, {Phase::kHandshake}},
      {ErrorCode::kVersionRefused,
       Alert("SSL_ERROR_PROTOCOL_VERSION_ALERT", 70)},
      {ErrorCode::kHelloRefused, Alert("SSL_ERROR_DECODE_ERROR_ALERT", 50)},
      {ErrorCode::kAlpnRefused,
       Alert("SSL_ERROR_NEXT_PROTOCOL_NO_PROTOCOL", 120)},
      {ErrorCode::kServerTooOld,
       Handshake("SSL_ERROR_UNSUPPORTED_VERSION",
                 "The server speaks only TLS 1.0 here, which is below what is "
                 "allowed.")},
      {ErrorCode::kNoCommonParameters,
       Alert("SSL_ERROR_NO_CYPHER_OVERLAP", 40)},
      {ErrorCode::kServerSpeaksSsl3,
       Handshake("SSL_ERROR_UNSUPPORTED_VERSION")},
      {ErrorCode::kBrokenTlsServer,
       {Phase::kHandshake, "SSL_ERROR_RX_RECORD_TOO_LONG", -1, "?\xff\n"}},
      {ErrorCode::kHandshakeAlert, Alert("SSL_ERROR_ACCESS_DENIED_ALERT", 49)},
      {ErrorCode::kHandshakeTimedOut, Handshake("")},
      {ErrorCode::kDowngradeDetected,
       Alert("SSL_ERROR_INAPPROPRIATE_FALLBACK_ALERT", 86)},
      {ErrorCode::kWeakServerKey,
       Handshake("SSL_ERROR_WEAK_SERVER_EPHEMERAL_DH_KEY",
                 "We refuse the server because its Diffie-Hellman key is "
                 "shorter than 2048 bits.")},
      {ErrorCode::kUnsafeRenegotiation,
       Handshake("SSL_ERROR_UNSAFE_NEGOTIATION")},
      {ErrorCode::kClientCertificateRequired,
       {Phase::kSession, "SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT", 116}},
      {ErrorCode::kClientCertificateRefused,
       {Phase::kSession, "SSL_ERROR_UNKNOWN_CA_ALERT", 48}},
      {ErrorCode::kNameRefused,
       Alert("SSL_ERROR_UNRECOGNIZED_NAME_ALERT", 112)},
      {ErrorCode::kServerBusy, Words("too many connections")},
      {ErrorCode::kMalformedGreeting, Words("HTTP/1.1 400 Bad Request")},
      {ErrorCode::kUnexpectedResponse, Words("hf1 what?")},
      {ErrorCode::kStartTlsRefused, Words("hf1 BAD \xc3\xa9t\xc3\xa9\x1b[2J")},
      {ErrorCode::kStartTlsUnavailable, Words("hf1 NO not now")},
      {ErrorCode::kStartTlsInjection,
       {Phase::kPlaintext, "", -1, "* CAPABILITY IMAP4rev1\r\n"}},
      {ErrorCode::kPreauthenticated, Words("* PREAUTH hello")},
  };
}

// How far a connection comes that fails so.
Phase PhaseOf(ErrorCategory category) {
  switch (category) {
    case ErrorCategory::kLocal:
      return Phase::kSetup;
    case ErrorCategory::kDns:
      return Phase::kLookup;
    case ErrorCategory::kNetwork:
    case ErrorCategory::kTimeout:
      return Phase::kConnect;
    case ErrorCategory::kStartTls:
    case ErrorCategory::kServerPolicy:
    case ErrorCategory::kProtocol:
      return Phase::kPlaintext;
    case ErrorCategory::kModeMismatch:
    case ErrorCategory::kTlsIntolerance:
    case ErrorCategory::kTlsVersion:
    case ErrorCategory::kTlsProtocol:
    case ErrorCategory::kDowngrade:
    case ErrorCategory::kLocalPolicy:
    case ErrorCategory::kCertificate:
      return Phase::kHandshake;
    case ErrorCategory::kClientCertificate:
    case ErrorCategory::kAuthentication:
      return Phase::kSession;
  }
  return Phase::kSetup;
}

Error Sample(const ErrorInfo& info) {
  const std::map<ErrorCode, Evidence> all = SpecialEvidence();
  const auto found = all.find(info.code);
  const Evidence evidence =
      found == all.end() ? Evidence{PhaseOf(info.category)} : found->second;
  Error error = MakeError(info.code, evidence.phase, evidence.message);
  error.nss = evidence.nss;
  if (evidence.alert >= 0) {
    error.alert = TlsAlert{2, static_cast<uint8_t>(evidence.alert)};
  }
  error.first_bytes = evidence.first_bytes;
  error.server_text = evidence.server_text;
  if (info.category != ErrorCategory::kCertificate) return error;
  error.first_bytes = kServerHello;
  if (info.code != ErrorCode::kCertificateRefusedByClient) {
    error.certificate_problems = {
        {info.code, "CN=mail.example.org", "what is wrong, in detail"},
        {ErrorCode::kExpired, "CN=mail.example.org", "expired in 2025"}};
  }
  return error;
}

ConnectReport SampleReport(const ErrorInfo& info) {
  const Error error = Sample(info);
  const bool starttls = error.phase == Phase::kPlaintext;
  ConnectReport report{*ParseTarget(starttls ? "imap://mail.example.org"
                                             : "imaps://mail.example.org")};
  report.error = error;
  if (error.phase == Phase::kSetup) return report;
  AttemptReport attempt;
  if (error.phase > Phase::kLookup) attempt.address = "198.51.100.7";
  attempt.security = report.target.security;
  attempt.offer.alpn = {"imap"};
  attempt.duration = absl::Milliseconds(34);
  attempt.error = error;
  report.attempts.push_back(attempt);
  if (info.category != ErrorCategory::kTlsIntolerance) return report;
  attempt.number = 2;
  attempt.rung = Rung::kTls12;
  attempt.offer.versions = TlsVersionRange::Only(TlsVersion::kTls12);
  attempt.offer.reduced_from = TlsVersion::kTls13;
  attempt.duration = absl::Milliseconds(56);
  report.attempts.push_back(attempt);
  return report;
}

TEST(GoldenTest, EveryErrorReadsAsBefore) {
  std::string text;
  for (const ErrorInfo& info : AllErrors()) {
    absl::StrAppend(&text, "== ", info.name, "\n",
                    ConnectReportText(SampleReport(info), absl::UnixEpoch()),
                    "\n");
  }
  test::ExpectGolden("tests/golden/error_reports.txt", text);
}

TEST(GoldenTest, EveryErrorIsTheSameJsonAsBefore) {
  std::string lines;
  for (const ErrorInfo& info : AllErrors()) {
    lines += JsonLine(ConnectReportJson(SampleReport(info)));
  }
  test::ExpectGolden("tests/golden/error_reports.jsonl", lines);
}

TEST(ConnectReportTest, ACertificateThatIsVouchedForIsNotCalledVerified) {
  ConnectReport report{*ParseTarget("imaps://mail.example.org")};
  report.tls.emplace();
  report.tls->version = TlsVersion::kTls13;
  report.tls->certificate_problems = {
      {ErrorCode::kExpired, "CN=x", "expired in 2025"}};
  report.tls->certificate_decision = CertificateDecision::kTrust;
  report.fallback = ConnectReport::Fallback();
  const std::string text = ConnectReportText(report, absl::UnixEpoch());
  EXPECT_THAT(text, HasSubstr("not verified; the client vouches for it"));
  EXPECT_THAT(text, HasSubstr("- expired in 2025"));
  const auto json = ConnectReportJson(report);
  EXPECT_EQ(json.at("tls").at("certificate").at("verified"), false);
  EXPECT_EQ(json.at("diagnosis").at("warnings").at(0).at("code"),
            "certificate_vouched_for");
}

TEST(ErrorReportTest, WhatTheServerSaidCannotMoveTheCursor) {
  for (ErrorCode code :
       {ErrorCode::kStartTlsRefused, ErrorCode::kPlaintextOnTlsPort}) {
    const std::string text =
        ConnectReportText(SampleReport(GetErrorInfo(code)), absl::UnixEpoch());
    EXPECT_THAT(text, HasSubstr("\\x1b[2J"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  }
}

ConnectReport Failure(absl::string_view target, ErrorCode code,
                      absl::string_view server_text) {
  ConnectReport report{*ParseTarget(target)};
  report.error = MakeError(code, Phase::kPlaintext);
  report.error->server_text = std::string(server_text);
  return report;
}

TEST(DiagnosisCommandTest, ThePlaintextPortIsReachedBySTARTTLSOnThatPort) {
  EXPECT_EQ(Diagnose(Failure("imaps://mail.example.org:1143",
                             ErrorCode::kPlaintextOnTlsPort, "* OK hello"))
                .command,
            "holdfast connect --check imap://mail.example.org:1143");
}

TEST(DiagnosisCommandTest, AnotherServiceOnThePortIsNamedInstead) {
  const struct {
    const char* target;
    ErrorCode code;
    const char* words;
    const char* service;
    const char* command;
  } kCases[] = {
      {"imaps://h.example:22", ErrorCode::kPlaintextOnTlsPort, "SSH-2.0-x",
       "an SSH server", "holdfast connect --check --protocol imap h.example"},
      {"smtp://h.example:80", ErrorCode::kMalformedGreeting, "HTTP/1.1 400",
       "a web server", "holdfast connect --check --protocol smtp h.example"},
      {"imap://h.example:110", ErrorCode::kMalformedGreeting, "+OK ready",
       "a POP3 server", "holdfast connect --check --protocol imap h.example"},
      {"submission://h.example:143", ErrorCode::kMalformedGreeting, "* OK x",
       "an IMAP server",
       "holdfast connect --check submissions://h.example:465"},
      {"nntps://h.example:25", ErrorCode::kPlaintextOnTlsPort, "220 x",
       "an SMTP server", "holdfast connect --check --protocol nntp h.example"},
  };
  for (const auto& c : kCases) {
    const Diagnosis diagnosis = Diagnose(Failure(c.target, c.code, c.words));
    EXPECT_THAT(diagnosis.advice, testing::ElementsAre(HasSubstr(c.service)));
    EXPECT_EQ(diagnosis.command, c.command);
  }
}

TEST(DiagnosisCommandTest, ABareHostKeepsItsProtocolAndTheWayThatFailed) {
  ConnectReport report{*ParseTarget("mail.example.org", Protocol::kPop3)};
  report.error = MakeError(ErrorCode::kPlaintextOnTlsPort, Phase::kHandshake);
  AttemptReport attempt;
  attempt.error = report.error;
  report.attempts = {attempt};
  EXPECT_EQ(Diagnose(report).command,
            "holdfast connect --check pop3://mail.example.org:995");
}

TEST(DiagnosisCommandTest, AShellTakesNoHostApart) {
  EXPECT_EQ(FillIn("x {target} {peer}", *ParseTarget("imap://[::1]:143")),
            "x 'imap://[::1]:143' openssl s_client -connect '[::1]:143' "
            "-starttls imap </dev/null");
}

}  // namespace
}  // namespace holdfast
