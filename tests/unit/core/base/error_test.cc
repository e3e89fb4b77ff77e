// The error table (append-only), names, statuses and escapes.

#include "holdfast/core/base/error.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"

namespace holdfast {
namespace {

// Every code that was ever given out. Scripts and caches know the numbers and
// names: rows are appended here together with error_list.inc, never changed.
const std::map<int, std::string> kGivenOut = {
    {1, "internal"},
    {2, "invalid_host"},
    {3, "invalid_version_range"},
    {4, "cancelled"},
    {5, "trust_unreadable"},
    {6, "no_trust_anchors"},
    {7, "tls_setup_failed"},
    {8, "out_of_resources"},
    {9, "cache_unusable"},
    {10, "cache_damaged"},
    {11, "invalid_target"},
    {12, "trace_unwritable"},
    {13, "key_log_unwritable"},
    {14, "output_failed"},
    {15, "invalid_pin"},
    {16, "trace_unreadable"},
    {20, "host_not_found"},
    {21, "lookup_failed"},
    {30, "connection_refused"},
    {31, "host_unreachable"},
    {32, "network_error"},
    {33, "connection_reset"},
    {34, "connection_closed"},
    {40, "connect_timed_out"},
    {41, "lookup_timed_out"},
    {42, "greeting_timed_out"},
    {43, "response_timed_out"},
    {44, "certificate_undecided"},
    {50, "plaintext_on_tls_port"},
    {51, "tls_on_plaintext_port"},
    {60, "closed_during_handshake"},
    {61, "reset_during_handshake"},
    {62, "silent_during_handshake"},
    {63, "version_refused"},
    {64, "hello_refused"},
    {65, "alpn_refused"},
    {70, "server_too_old"},
    {71, "no_common_parameters"},
    {72, "server_speaks_ssl3"},
    {80, "broken_tls_server"},
    {81, "handshake_interrupted"},
    {82, "handshake_alert"},
    {83, "tls_failed"},
    {84, "handshake_timed_out"},
    {90, "downgrade_detected"},
    {91, "path_blocks_newer_tls"},
    {92, "fallback_signal_refused"},
    {100, "weak_server_key"},
    {101, "unsafe_renegotiation"},
    {110, "unknown_issuer"},
    {111, "self_signed"},
    {112, "wrong_name"},
    {113, "expired"},
    {114, "not_yet_valid"},
    {115, "revoked"},
    {116, "bad_signature"},
    {117, "bad_certificate"},
    {118, "weak_signature"},
    {119, "weak_certificate_key"},
    {120, "pin_mismatch"},
    {121, "certificate_refused_by_client"},
    {122, "missing_intermediate"},
    {123, "name_not_permitted"},
    {124, "authority_expired"},
    {125, "authority_not_for_servers"},
    {126, "distrusted_authority"},
    {127, "certificate_too_complex"},
    {130, "client_certificate_required"},
    {131, "client_certificate_refused"},
    {132, "client_identity_unusable"},
    {140, "name_refused"},
    {141, "server_busy"},
    {150, "malformed_greeting"},
    {151, "unexpected_response"},
    {152, "line_too_long"},
    {153, "too_much_data"},
    {154, "closed_before_ready"},
    {160, "starttls_injection"},
    {161, "starttls_refused"},
    {162, "starttls_unavailable"},
    {163, "preauthenticated"},
    {170, "authentication_refused"},
    {171, "authentication_unavailable"},
    {172, "no_common_mechanism"},
    {173, "server_unproven"},
    {174, "unprotected_credentials"},
    {175, "credentials_unusable"},
    {176, "credentials_unreadable"},
    {17, "session_closed"},
    {18, "message_unreadable"},
    {35, "connection_lost"},
    {36, "outcome_unknown"},
    {155, "state_not_restored"},
    {156, "mailbox_changed"},
    {19, "invalid_argument"},
    {37, "proxy_unreachable"},
    {38, "proxy_refused"},
    {39, "closed_through_proxy"},
    {180, "proxy_authentication_refused"},
    {181, "proxy_failed"},
    {182, "proxy_timed_out"},
    {183, "no_new_connection"},
    {184, "invalid_proxy"},
    {185, "local_address_unusable"},
    {186, "certificate_clash"},
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
