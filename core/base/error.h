// SPDX-License-Identifier: MPL-2.0

// What can go wrong, as a code with its evidence.
//
// Every code stands once in error_list.inc, with its category, a plain
// sentence and advice. Inside the library failures travel as `Error`; public
// boundaries return absl::Status, which carries the same Error as its payload:
//
//   absl::StatusOr<Host> host = Host::Parse("");
//   if (!host.ok()) Report(ErrorFromStatus(host.status()));
//
// Decisions read `code`, never a message.

#ifndef HOLDFAST_CORE_BASE_ERROR_H_
#define HOLDFAST_CORE_BASE_ERROR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Each with the first number of its codes, a hundred of them.
enum class ErrorCategory : int {
  kLocal = 100,
  kDns = 200,
  kNetwork = 300,
  kTimeout = 400,
  kModeMismatch = 500,
  kStartTls = 600,
  kTlsIntolerance = 700,
  kTlsVersion = 800,
  kTlsProtocol = 900,
  kDowngrade = 1000,
  kLocalPolicy = 1100,
  kCertificate = 1200,
  kClientCertificate = 1300,
  kServerPolicy = 1400,
  kAuthentication = 1500,
  kProtocol = 1600,
};

// The numbers are stable: a code keeps its own, and none is reused.
enum class ErrorCode : int {
#define HOLDFAST_ERROR(enumerator, number, name, category, safety, sentence, \
                       advice)                                               \
  enumerator = (number),
#include "holdfast/core/base/error_list.inc"
#undef HOLDFAST_ERROR
};

// One row of the table. All text is static.
struct ErrorInfo {
  ErrorCode code;
  absl::string_view name;  // "closed_during_handshake"
  ErrorCategory category;
  // True if we refused in order to keep the user safe. Such an error outranks
  // an earlier one as the cause of a failed connection (promise 12).
  bool refused_for_safety;
  absl::string_view sentence;  // one plain sentence
  absl::string_view advice;    // what to do; may be empty
};

const ErrorInfo& GetErrorInfo(ErrorCode code);
absl::Span<const ErrorInfo> AllErrors();
absl::string_view ErrorName(ErrorCode code);
std::optional<ErrorCode> ParseErrorCode(absl::string_view name);
// "tls_intolerance", as in the command's JSON.
absl::string_view ErrorCategoryName(ErrorCategory category);

// How far a connection had come.
enum class Phase {
  kSetup,      // before any network use
  kLookup,     // the name look-up
  kConnect,    // TCP
  kPlaintext,  // greeting to STARTTLS, in clear
  kHandshake,  // TLS
  kSession,    // inside TLS
};
absl::string_view PhaseName(Phase phase);

// A TLS alert (RFC 8446, 6) received from the peer.
struct TlsAlert {
  uint8_t level;        // 1 warning, 2 fatal
  uint8_t description;  // the number on the wire
};
// "protocol_version"; "alert 200" for a number that is not assigned.
std::string TlsAlertName(uint8_t description);

// One thing wrong with a certificate of the chain. Its texts are printable.
struct CertificateProblem {
  ErrorCode code;
  std::string subject;  // of the certificate at fault
  std::string detail;   // "expired 2025-01-01T00:00:00Z"
  // What helps here; if empty, the code's advice.
  std::string advice = {};

  friend bool operator==(const CertificateProblem& a,
                         const CertificateProblem& b) {
    return a.code == b.code && a.subject == b.subject && a.detail == b.detail &&
           a.advice == b.advice;
  }
};

// A failure with its evidence. A value type.
struct Error {
  ErrorCode code;
  Phase phase = Phase::kSetup;
  // What happened, in one sentence; if empty, the table's sentence. Printable
  // (core/base/printable.h): whoever puts a peer's words into it has escaped
  // them.
  std::string message;
  std::string nss;  // "PR_END_OF_FILE_ERROR"; empty if NSS had no part in it
  std::optional<TlsAlert> alert;
  // What the server sent first, raw, at most 64 bytes: only through
  // EscapeBytes() fit to be shown.
  std::string first_bytes;
  // The server's own words, as they came: only through Printable() fit to be
  // shown.
  std::string server_text;
  std::vector<CertificateProblem> certificate_problems;

  ErrorCategory category() const { return GetErrorInfo(code).category; }
  bool refused_for_safety() const {
    return GetErrorInfo(code).refused_for_safety;
  }
  // `message`, or the table's sentence if that is empty.
  std::string Message() const;
};

// An Error with a code, a phase and a message.
Error MakeError(ErrorCode code, Phase phase, absl::string_view message = "");

// A status that carries `error` as payload.
absl::Status ToStatus(const Error& error);
absl::Status MakeStatus(ErrorCode code, Phase phase, absl::string_view message);
// The Error that `status` carries; one of kInternal for a foreign status.
// `status` must not be OK.
Error ErrorFromStatus(const absl::Status& status);

// Bytes as printable ASCII for a report: \r, \n, \t, \" and \xNN escapes. For
// what is no text, and for what a user typed; a peer's words go through
// Printable().
std::string EscapeBytes(absl::string_view bytes);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_BASE_ERROR_H_
