// The error table, names, statuses and escapes.

#include "holdfast/core/base/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"

namespace holdfast {
namespace {

// Every code that was ever given out. Scripts and caches know the numbers and
// names: rows are added here together with error_list.inc, never changed.
const std::map<int, std::string> kGivenOut = {
    {100, "internal"},
    {102, "cancelled"},
    {104, "out_of_resources"},
    {106, "session_closed"},
    {110, "invalid_target"},
    {112, "invalid_host"},
    {114, "invalid_version_range"},
    {116, "invalid_pin"},
    {118, "invalid_proxy"},
    {120, "invalid_argument"},
    {122, "local_address_unusable"},
    {124, "no_new_connection"},
    {130, "tls_setup_failed"},
    {132, "trust_unreadable"},
    {134, "no_trust_anchors"},
    {136, "certificate_clash"},
    {140, "client_identity_unusable"},
    {142, "credentials_unreadable"},
    {144, "message_unreadable"},
    {146, "output_failed"},
    {150, "cache_unusable"},
    {152, "cache_damaged"},
    {160, "trace_unwritable"},
    {162, "trace_unreadable"},
    {164, "key_log_unwritable"},
    {200, "host_not_found"},
    {205, "lookup_failed"},
    {300, "connection_refused"},
    {305, "host_unreachable"},
    {310, "network_error"},
    {315, "connection_reset"},
    {320, "connection_closed"},
    {330, "connection_lost"},
    {335, "outcome_unknown"},
    {340, "proxy_unreachable"},
    {345, "proxy_refused"},
    {350, "proxy_authentication_refused"},
    {355, "proxy_failed"},
    {360, "closed_through_proxy"},
    {400, "lookup_timed_out"},
    {405, "connect_timed_out"},
    {410, "proxy_timed_out"},
    {415, "greeting_timed_out"},
    {420, "handshake_timed_out"},
    {425, "certificate_undecided"},
    {430, "response_timed_out"},
    {500, "plaintext_on_tls_port"},
    {505, "tls_on_plaintext_port"},
    {600, "starttls_refused"},
    {605, "starttls_unavailable"},
    {610, "starttls_injection"},
    {615, "preauthenticated"},
    {700, "closed_during_handshake"},
    {705, "reset_during_handshake"},
    {710, "silent_during_handshake"},
    {715, "version_refused"},
    {720, "hello_refused"},
    {725, "alpn_refused"},
    {800, "server_too_old"},
    {805, "server_speaks_ssl3"},
    {810, "no_common_parameters"},
    {900, "broken_tls_server"},
    {905, "handshake_interrupted"},
    {910, "handshake_alert"},
    {915, "tls_failed"},
    {1000, "downgrade_detected"},
    {1005, "path_blocks_newer_tls"},
    {1010, "fallback_signal_refused"},
    {1100, "weak_server_key"},
    {1105, "unsafe_renegotiation"},
    {1200, "unknown_issuer"},
    {1205, "self_signed"},
    {1210, "missing_intermediate"},
    {1215, "distrusted_authority"},
    {1220, "wrong_name"},
    {1225, "expired"},
    {1230, "not_yet_valid"},
    {1235, "authority_expired"},
    {1240, "revoked"},
    {1245, "bad_signature"},
    {1250, "bad_certificate"},
    {1255, "weak_signature"},
    {1260, "weak_certificate_key"},
    {1265, "authority_not_for_servers"},
    {1270, "name_not_permitted"},
    {1275, "certificate_too_complex"},
    {1280, "pin_mismatch"},
    {1285, "certificate_refused_by_client"},
    {1300, "client_certificate_required"},
    {1305, "client_certificate_refused"},
    {1400, "name_refused"},
    {1405, "server_busy"},
    {1500, "authentication_refused"},
    {1505, "authentication_unavailable"},
    {1510, "no_common_mechanism"},
    {1515, "credentials_unusable"},
    {1520, "unprotected_credentials"},
    {1525, "server_unproven"},
    {1600, "malformed_greeting"},
    {1605, "unexpected_response"},
    {1610, "line_too_long"},
    {1615, "too_much_data"},
    {1620, "closed_before_ready"},
    {1630, "state_not_restored"},
    {1635, "mailbox_changed"},
};

TEST(ErrorTableTest, NumbersAndNamesNeverChange) {
  std::map<int, std::string> table;
  for (const ErrorInfo& info : AllErrors()) {
    table.emplace(static_cast<int>(info.code), info.name);
  }
  EXPECT_EQ(table, kGivenOut);
}

TEST(ErrorTableTest, NumbersAndNamesAreUnique) {
  std::set<ErrorCode> codes;
  std::set<absl::string_view> names;
  for (const ErrorInfo& info : AllErrors()) {
    EXPECT_TRUE(codes.insert(info.code).second) << info.name;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
  }
}

// And with them the categories: each has a hundred.
TEST(ErrorTableTest, TheRowsStandInTheOrderOfTheirNumbers) {
  EXPECT_TRUE(std::is_sorted(
      AllErrors().begin(), AllErrors().end(),
      [](const ErrorInfo& a, const ErrorInfo& b) { return a.code < b.code; }));
}

TEST(ErrorTableTest, EverySentenceEndsInAFullStop) {
  for (const ErrorInfo& info : AllErrors()) {
    EXPECT_TRUE(absl::EndsWith(info.sentence, ".")) << info.name;
    EXPECT_TRUE(info.advice.empty() || absl::EndsWith(info.advice, "."))
        << info.name;
  }
}

TEST(ErrorTableTest, EveryCodeIsFoundByItsNameAndCode) {
  for (const ErrorInfo& info : AllErrors()) {
    EXPECT_EQ(ParseErrorCode(info.name), info.code);
    EXPECT_EQ(&GetErrorInfo(info.code), &info);
    EXPECT_EQ(ErrorName(info.code), info.name);
  }
  EXPECT_EQ(ParseErrorCode(""), std::nullopt);
  EXPECT_EQ(ParseErrorCode("no_such_code"), std::nullopt);
}

TEST(ErrorTableTest, AnUnknownNumberReadsAsInternal) {
  EXPECT_EQ(ErrorName(static_cast<ErrorCode>(99999)), "internal");
}

TEST(ErrorTableTest, CertificateAndDowngradeErrorsAreRefusalsForSafety) {
  for (const ErrorInfo& info : AllErrors()) {
    if (info.category == ErrorCategory::kCertificate ||
        info.category == ErrorCategory::kDowngrade) {
      EXPECT_TRUE(info.refused_for_safety) << info.name;
    }
    if (info.category == ErrorCategory::kTlsIntolerance ||
        info.category == ErrorCategory::kNetwork) {
      EXPECT_FALSE(info.refused_for_safety) << info.name;
    }
  }
}

TEST(ErrorNamesTest, CategoriesAndPhasesAreThoseOfTheReports) {
  EXPECT_EQ(ErrorCategoryName(ErrorCategory::kDns), "dns");
  EXPECT_EQ(ErrorCategoryName(ErrorCategory::kStartTls), "starttls");
  EXPECT_EQ(ErrorCategoryName(ErrorCategory::kTlsIntolerance),
            "tls_intolerance");
  EXPECT_EQ(ErrorCategoryName(ErrorCategory::kClientCertificate),
            "client_certificate");
  EXPECT_EQ(PhaseName(Phase::kSetup), "setup");
  EXPECT_EQ(PhaseName(Phase::kHandshake), "handshake");
  EXPECT_EQ(PhaseName(Phase::kSession), "session");
}

TEST(ErrorNamesTest, AlertsHaveTheirNames) {
  EXPECT_EQ(TlsAlertName(0), "close_notify");
  EXPECT_EQ(TlsAlertName(40), "handshake_failure");
  EXPECT_EQ(TlsAlertName(70), "protocol_version");
  EXPECT_EQ(TlsAlertName(86), "inappropriate_fallback");
  EXPECT_EQ(TlsAlertName(109), "missing_extension");
  EXPECT_EQ(TlsAlertName(120), "no_application_protocol");
  EXPECT_EQ(TlsAlertName(200), "alert 200");
}

TEST(ErrorStatusTest, CarriesTheWholeErrorBytesIncluded) {
  Error error = MakeError(ErrorCode::kHelloRefused, Phase::kHandshake, "No.");
  error.nss = "SSL_ERROR_ILLEGAL_PARAMETER_ALERT";
  error.alert = TlsAlert{2, 47};
  error.first_bytes = std::string("\x15\x03\x00\xff", 4);
  error.server_text = "\xe9t\xe9";  // not UTF-8
  error.certificate_problems = {{ErrorCode::kExpired, "CN=a", "yesterday"},
                                {ErrorCode::kWrongName, "CN=b", ""}};

  const Error copy = ErrorFromStatus(ToStatus(error));
  EXPECT_EQ(copy.code, error.code);
  EXPECT_EQ(copy.phase, error.phase);
  EXPECT_EQ(copy.message, error.message);
  EXPECT_EQ(copy.nss, error.nss);
  ASSERT_TRUE(copy.alert);
  EXPECT_EQ(copy.alert->level, 2);
  EXPECT_EQ(copy.alert->description, 47);
  EXPECT_EQ(copy.first_bytes, error.first_bytes);
  EXPECT_EQ(copy.server_text, error.server_text);
  EXPECT_EQ(copy.certificate_problems, error.certificate_problems);
}

TEST(ErrorStatusTest, AnEmptyMessageReadsAsTheTablesSentence) {
  const absl::Status status =
      ToStatus(MakeError(ErrorCode::kExpired, Phase::kHandshake));
  EXPECT_EQ(status.message(), "The certificate has expired.");
  EXPECT_EQ(ErrorFromStatus(status).message, "");
  EXPECT_EQ(ErrorFromStatus(status).Message(), "The certificate has expired.");
  EXPECT_FALSE(ErrorFromStatus(status).alert);
}

TEST(ErrorStatusTest, AForeignStatusReadsAsInternal) {
  absl::Status status = absl::NotFoundError("nothing here");
  EXPECT_EQ(ErrorFromStatus(status).code, ErrorCode::kInternal);
  EXPECT_EQ(ErrorFromStatus(status).message, "nothing here");
  EXPECT_EQ(ErrorFromStatus(absl::NotFoundError("a\x1b[2J\xff\\")).message,
            R"(a\x1b[2J\xff\)");
  for (const char* payload : {"", "garbage", "\xa0", "\x80"}) {
    status.SetPayload("holdfast/error", absl::Cord(absl::string_view(payload)));
    EXPECT_EQ(ErrorFromStatus(status).code, ErrorCode::kInternal);
  }
}

TEST(EscapeBytesTest, LeavesPrintableAsciiAndEscapesTheRest) {
  EXPECT_EQ(EscapeBytes("* OK ready"), "* OK ready");
  EXPECT_EQ(EscapeBytes("a\r\n\t\"b\"\\"), R"(a\r\n\t\"b\"\\)");
  EXPECT_EQ(EscapeBytes(absl::string_view("\0\x1b\x7f\xff", 4)),
            R"(\x00\x1b\x7f\xff)");
  EXPECT_EQ(EscapeBytes(""), "");
}

}  // namespace
}  // namespace holdfast
