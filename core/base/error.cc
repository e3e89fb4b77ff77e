// The error table, names, and the passage of an Error through absl::Status.

#include "holdfast/core/base/error.h"

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/printable.h"

namespace holdfast {
namespace {

constexpr ErrorInfo kErrors[] = {
#define HOLDFAST_ERROR(enumerator, number, name, category, safety, sentence, \
                       advice)                                               \
  {ErrorCode::enumerator,                                                    \
   name,                                                                     \
   ErrorCategory::category,                                                  \
   safety,                                                                   \
   sentence,                                                                 \
   advice},
#include "holdfast/core/base/error_list.inc"
#undef HOLDFAST_ERROR
};

#define HOLDFAST_ERROR(enumerator, number, name, category, safety, sentence,  \
                       advice)                                                \
  static_assert(                                                              \
      (number) - (number) % 100 == static_cast<int>(ErrorCategory::category), \
      #enumerator " is not in the hundred of its category");
#include "holdfast/core/base/error_list.inc"
#undef HOLDFAST_ERROR

constexpr absl::string_view kPayloadUrl = "holdfast/error";

// CBOR, because the bytes of a server need not be UTF-8, as JSON text must be.
std::string Serialize(const Error& error) {
  nlohmann::json problems = nlohmann::json::array();
  for (const CertificateProblem& problem : error.certificate_problems) {
    problems.push_back(
        {problem.code, problem.subject, problem.detail, problem.advice});
  }
  nlohmann::json alert;
  if (error.alert) alert = {error.alert->level, error.alert->description};
  std::string bytes;
  nlohmann::json::to_cbor({{"code", error.code},
                           {"phase", error.phase},
                           {"message", error.message},
                           {"nss", error.nss},
                           {"alert", alert},
                           {"first_bytes", error.first_bytes},
                           {"server_text", error.server_text},
                           {"problems", problems}},
                          bytes);
  return bytes;
}

// Throws nlohmann::json::exception if `bytes` are not what Serialize makes.
Error Deserialize(const std::string& bytes) {
  const nlohmann::json json = nlohmann::json::from_cbor(bytes);
  Error error{};
  json.at("code").get_to(error.code);
  json.at("phase").get_to(error.phase);
  json.at("message").get_to(error.message);
  json.at("nss").get_to(error.nss);
  json.at("first_bytes").get_to(error.first_bytes);
  json.at("server_text").get_to(error.server_text);
  if (const auto& alert = json.at("alert"); !alert.is_null()) {
    error.alert = {alert.at(0).get<uint8_t>(), alert.at(1).get<uint8_t>()};
  }
  for (const auto& problem : json.at("problems")) {
    error.certificate_problems.push_back(
        {problem.at(0).get<ErrorCode>(), problem.at(1).get<std::string>(),
         problem.at(2).get<std::string>(), problem.at(3).get<std::string>()});
  }
  return error;
}

// The nearest of Abseil's own codes, for callers that know only those.
absl::StatusCode ToAbslCode(const Error& error) {
  switch (error.category()) {
    case ErrorCategory::kDns:
    case ErrorCategory::kNetwork:
    case ErrorCategory::kServerPolicy:
      return absl::StatusCode::kUnavailable;
    case ErrorCategory::kTimeout:
      return absl::StatusCode::kDeadlineExceeded;
    case ErrorCategory::kAuthentication:
      return absl::StatusCode::kUnauthenticated;
    case ErrorCategory::kModeMismatch:
    case ErrorCategory::kStartTls:
    case ErrorCategory::kTlsIntolerance:
    case ErrorCategory::kTlsVersion:
    case ErrorCategory::kTlsProtocol:
    case ErrorCategory::kDowngrade:
    case ErrorCategory::kLocalPolicy:
    case ErrorCategory::kCertificate:
    case ErrorCategory::kClientCertificate:
    case ErrorCategory::kProtocol:
      return absl::StatusCode::kFailedPrecondition;
    case ErrorCategory::kLocal:
      return error.code == ErrorCode::kCancelled ? absl::StatusCode::kCancelled
                                                 : absl::StatusCode::kInternal;
  }
  return absl::StatusCode::kUnknown;
}

}  // namespace

absl::Span<const ErrorInfo> AllErrors() { return kErrors; }

const ErrorInfo& GetErrorInfo(ErrorCode code) {
  for (const ErrorInfo& info : kErrors) {
    if (info.code == code) return info;
  }
  return kErrors[0];  // kInternal; `code` came from a newer version's cache
}

absl::string_view ErrorName(ErrorCode code) { return GetErrorInfo(code).name; }

std::optional<ErrorCode> ParseErrorCode(absl::string_view name) {
  for (const ErrorInfo& info : kErrors) {
    if (info.name == name) return info.code;
  }
  return std::nullopt;
}

absl::string_view ErrorCategoryName(ErrorCategory category) {
  switch (category) {
    case ErrorCategory::kDns:
      return "dns";
    case ErrorCategory::kNetwork:
      return "network";
    case ErrorCategory::kTimeout:
      return "timeout";
    case ErrorCategory::kModeMismatch:
      return "mode_mismatch";
    case ErrorCategory::kStartTls:
      return "starttls";
    case ErrorCategory::kTlsIntolerance:
      return "tls_intolerance";
    case ErrorCategory::kTlsVersion:
      return "tls_version";
    case ErrorCategory::kTlsProtocol:
      return "tls_protocol";
    case ErrorCategory::kDowngrade:
      return "downgrade";
    case ErrorCategory::kLocalPolicy:
      return "local_policy";
    case ErrorCategory::kCertificate:
      return "certificate";
    case ErrorCategory::kClientCertificate:
      return "client_certificate";
    case ErrorCategory::kServerPolicy:
      return "server_policy";
    case ErrorCategory::kAuthentication:
      return "authentication";
    case ErrorCategory::kProtocol:
      return "protocol";
    case ErrorCategory::kLocal:
      return "local";
  }
  return "";
}

absl::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kSetup:
      return "setup";
    case Phase::kLookup:
      return "lookup";
    case Phase::kConnect:
      return "connect";
    case Phase::kPlaintext:
      return "plaintext";
    case Phase::kHandshake:
      return "handshake";
    case Phase::kSession:
      return "session";
  }
  return "";
}

std::string TlsAlertName(uint8_t description) {
  // RFC 8446, 6; RFC 5246, 7.2; RFC 7301, 3.2; RFC 7507, 4; RFC 6066, 9.
  static constexpr struct {
    uint8_t number;
    absl::string_view name;
  } kAlerts[] = {
      {0, "close_notify"},
      {10, "unexpected_message"},
      {20, "bad_record_mac"},
      {21, "decryption_failed"},
      {22, "record_overflow"},
      {30, "decompression_failure"},
      {40, "handshake_failure"},
      {41, "no_certificate"},
      {42, "bad_certificate"},
      {43, "unsupported_certificate"},
      {44, "certificate_revoked"},
      {45, "certificate_expired"},
      {46, "certificate_unknown"},
      {47, "illegal_parameter"},
      {48, "unknown_ca"},
      {49, "access_denied"},
      {50, "decode_error"},
      {51, "decrypt_error"},
      {60, "export_restriction"},
      {70, "protocol_version"},
      {71, "insufficient_security"},
      {80, "internal_error"},
      {86, "inappropriate_fallback"},
      {90, "user_canceled"},
      {100, "no_renegotiation"},
      {109, "missing_extension"},
      {110, "unsupported_extension"},
      {111, "certificate_unobtainable"},
      {112, "unrecognized_name"},
      {113, "bad_certificate_status_response"},
      {114, "bad_certificate_hash_value"},
      {115, "unknown_psk_identity"},
      {116, "certificate_required"},
      {120, "no_application_protocol"},
  };
  for (const auto& alert : kAlerts) {
    if (alert.number == description) return std::string(alert.name);
  }
  return absl::StrCat("alert ", description);
}

std::string Error::Message() const {
  return message.empty() ? std::string(GetErrorInfo(code).sentence) : message;
}

Error MakeError(ErrorCode code, Phase phase, absl::string_view message) {
  Error error{};
  error.code = code;
  error.phase = phase;
  error.message = std::string(message);
  return error;
}

absl::Status ToStatus(const Error& error) {
  absl::Status status(ToAbslCode(error), error.Message());
  // As a string_view: the constructor for strings is a template whose name
  // clang 18 and later spell unlike the compiler that made Debian's Abseil.
  const std::string text = Serialize(error);
  status.SetPayload(kPayloadUrl, absl::Cord(absl::string_view(text)));
  return status;
}

absl::Status MakeStatus(ErrorCode code, Phase phase,
                        absl::string_view message) {
  return ToStatus(MakeError(code, phase, message));
}

Error ErrorFromStatus(const absl::Status& status) {
  if (auto payload = status.GetPayload(kPayloadUrl)) {
    try {
      return Deserialize(std::string(*payload));
    } catch (const nlohmann::json::exception&) {
      // Somebody else's payload under our name: a foreign status too.
    }
  }
  // And whoever made it need not know that a message is printable.
  return MakeError(ErrorCode::kInternal, Phase::kSetup,
                   PrintableAgain(status.message()));
}

std::string EscapeBytes(absl::string_view bytes) {
  std::string escaped;
  for (char c : bytes) {
    if (c == '\r') {
      escaped += "\\r";
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\t') {
      escaped += "\\t";
    } else if (c == '"' || c == '\\') {
      escaped += {'\\', c};
    } else if (absl::ascii_isprint(c)) {
      escaped += c;
    } else {
      absl::StrAppend(&escaped, "\\x",
                      absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
    }
  }
  return escaped;
}

}  // namespace holdfast
