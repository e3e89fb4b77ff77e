// Precedence where several rows fit: certificate; downgrade refused; after
// STARTTLS an injection; plaintext or garbage instead of TLS; what TLS itself
// found wrong (a broken server, or weak cryptography); version; alert; end of
// stream; silence.

#include "holdfast/fallback/intolerance.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "holdfast/core/nss/nss_error.h"
#include "holdfast/core/trust/client_identity.h"

namespace holdfast {
namespace {

using StreamEnd = HandshakeEvidence::StreamEnd;

// Alert descriptions (RFC 8446, 6.2; RFC 7507, 4; RFC 7301, 3.2).
enum AlertDescription : uint8_t {
  kCloseNotify = 0,
  kUnexpectedMessage = 10,
  kBadRecordMac = 20,
  kRecordOverflow = 22,
  kHandshakeFailure = 40,
  kIllegalParameter = 47,
  kDecodeError = 50,
  kDecryptError = 51,
  kProtocolVersion = 70,
  kInsufficientSecurity = 71,
  kInternalError = 80,
  kInappropriateFallback = 86,
  kMissingExtension = 109,
  kUnsupportedExtension = 110,
  kUnrecognizedName = 112,
  kCertificateRequired = 116,
  kNoApplicationProtocol = 120,
};

constexpr uint8_t kFatal = 2;
constexpr uint16_t kSsl3 = 0x0300;

// Alerts that blame the hello as a whole.
bool BlamesHello(uint8_t description) {
  switch (description) {
    case kUnexpectedMessage:
    case kBadRecordMac:
    case kRecordOverflow:
    case kHandshakeFailure:
    case kIllegalParameter:
    case kDecodeError:
    case kDecryptError:
    case kInsufficientSecurity:
    case kInternalError:
    case kMissingExtension:
    case kUnsupportedExtension:
      return true;
    default:
      return false;
  }
}

// A TLS record begins with its type, 20 to 23 (RFC 8446, 5.1).
bool BeginsLikeTls(absl::string_view bytes) {
  return bytes[0] >= 0x14 && bytes[0] <= 0x17;
}

// What mail, news, web and SSH servers say first in clear.
bool IsPlaintextBanner(absl::string_view bytes) {
  for (absl::string_view banner :
       {"* ", "220", "421", "554", "+OK", "-ERR", "200", "201", "400", "502",
        "HTTP/", "SSH-"}) {
    // A banner that comes a byte at a time is recognised by its beginning.
    if (absl::StartsWith(bytes, banner) ||
        (bytes.size() < banner.size() && absl::StartsWith(banner, bytes))) {
      return true;
    }
  }
  return false;
}

// The server's own words, if what it sent is text.
std::string FirstLine(absl::string_view bytes) {
  return std::string(bytes.substr(0, bytes.find_first_of("\r\n")));
}

Verdict Make(const HandshakeEvidence& evidence, FailureClass failure,
             ErrorCode code, absl::string_view message = "") {
  Error error = MakeError(code, Phase::kHandshake, message);
  if (evidence.nss_error != 0) error.nss = NssErrorName(evidence.nss_error);
  error.alert = evidence.alert;
  error.first_bytes = evidence.first_bytes;
  error.certificate_problems = evidence.certificate_problems;
  return {failure, std::move(error)};
}

Verdict JudgeCertificate(const HandshakeEvidence& evidence) {
  if (evidence.certificate_problems.empty()) {
    return Make(evidence, FailureClass::kFinal,
                ErrorCode::kCertificateRefusedByClient);
  }
  std::string message;
  for (const CertificateProblem& problem : evidence.certificate_problems) {
    absl::StrAppend(&message, message.empty() ? "" : "; ", problem.detail);
  }
  return Make(evidence, FailureClass::kFinal,
              evidence.certificate_problems.front().code, message);
}

Verdict JudgeNotTls(const HandshakeEvidence& evidence) {
  if (!IsPlaintextBanner(evidence.first_bytes)) {
    return Make(
        evidence, FailureClass::kFinal, ErrorCode::kBrokenTlsServer,
        absl::StrCat("The server's answer is not TLS; it begins with \"",
                     EscapeBytes(evidence.first_bytes.substr(0, 16)), "\"."));
  }
  Verdict verdict =
      Make(evidence, FailureClass::kFinal, ErrorCode::kPlaintextOnTlsPort);
  verdict.error.server_text = FirstLine(evidence.first_bytes);
  return verdict;
}

Verdict JudgeTooOld(const HandshakeEvidence& evidence) {
  // To allow old versions of TLS would not help.
  if (*evidence.server_hello_version <= kSsl3) {
    return Make(evidence, FailureClass::kTooOld, ErrorCode::kServerSpeaksSsl3);
  }
  return Make(evidence, FailureClass::kTooOld, ErrorCode::kServerTooOld,
              absl::StrCat("The server speaks only ",
                           WireVersionText(*evidence.server_hello_version),
                           " here, which is below what is allowed."));
}

// An alert that came before a ServerHello was accepted.
Verdict JudgeEarlyAlert(const HandshakeEvidence& evidence) {
  const std::string name = TlsAlertName(evidence.alert->description);
  if (evidence.alert->description == kProtocolVersion) {
    return Make(evidence, FailureClass::kVersionRefused,
                ErrorCode::kVersionRefused);
  }
  if (evidence.alert->description == kNoApplicationProtocol) {
    return Make(evidence, FailureClass::kAlpnRefused, ErrorCode::kAlpnRefused);
  }
  if (evidence.alert->description == kUnrecognizedName) {
    return Make(evidence, FailureClass::kFinal, ErrorCode::kNameRefused);
  }
  if (BlamesHello(evidence.alert->description)) {
    return Make(evidence, FailureClass::kHelloRefused, ErrorCode::kHelloRefused,
                absl::StrCat("The server refused the TLS hello with the alert ",
                             name, "."));
  }
  return Make(evidence, FailureClass::kFinal, ErrorCode::kHandshakeAlert,
              absl::StrCat("The server refused the TLS handshake with the "
                           "alert ",
                           name, "."));
}

Verdict JudgeLateAlert(const HandshakeEvidence& evidence) {
  // Only one alert has no other meaning.
  if (evidence.client_certificate_requested ||
      evidence.alert->description == kCertificateRequired) {
    const std::optional<ErrorCode> code = ReadClientCertificateAlert(
        *evidence.alert, evidence.client_certificate_sent);
    if (code) return Make(evidence, FailureClass::kFinal, *code);
  }
  return Make(evidence, FailureClass::kFinal, ErrorCode::kHandshakeAlert,
              absl::StrCat("The server broke off the TLS handshake with the "
                           "alert ",
                           TlsAlertName(evidence.alert->description), "."));
}

// NSS takes a close_notify for the end, which on the wire may be still to come.
StreamEnd EndOf(const HandshakeEvidence& evidence) {
  if (evidence.stream_end != StreamEnd::kOpen) return evidence.stream_end;
  const ErrorCode code = ErrorCodeFromNss(evidence.nss_error);
  if (code == ErrorCode::kConnectionClosed) return StreamEnd::kEof;
  if (code == ErrorCode::kConnectionReset) return StreamEnd::kReset;
  return StreamEnd::kOpen;
}

// A ServerHello was accepted: no version or hello is to blame any more.
Verdict JudgeAfterServerHello(const HandshakeEvidence& evidence) {
  if (evidence.alert && evidence.alert->level == kFatal &&
      evidence.alert->description != kCloseNotify) {
    return JudgeLateAlert(evidence);
  }
  if (EndOf(evidence) != StreamEnd::kOpen) {
    return Make(evidence, FailureClass::kInterrupted,
                ErrorCode::kHandshakeInterrupted);
  }
  if (evidence.timed_out) {
    return Make(evidence, FailureClass::kFinal, ErrorCode::kHandshakeTimedOut);
  }
  return Make(evidence, FailureClass::kFinal,
              ErrorCodeFromNss(evidence.nss_error));
}

Verdict JudgeBeforeServerHello(const HandshakeEvidence& evidence) {
  // A warning alert and then the end is a dropped connection.
  if (evidence.alert && evidence.alert->level == kFatal &&
      evidence.alert->description != kCloseNotify) {
    return JudgeEarlyAlert(evidence);
  }
  const StreamEnd end = EndOf(evidence);
  if (end != StreamEnd::kOpen && evidence.through_proxy) {
    // Perhaps the proxy's doing: it says nothing about the server (promise 4).
    return Make(evidence, FailureClass::kInterrupted,
                ErrorCode::kClosedThroughProxy);
  }
  switch (end) {
    case StreamEnd::kEof:
      return Make(evidence, FailureClass::kDropped,
                  ErrorCode::kClosedDuringHandshake);
    case StreamEnd::kReset:
      return Make(evidence, FailureClass::kDropped,
                  ErrorCode::kResetDuringHandshake);
    case StreamEnd::kOpen:
      break;
  }
  if (evidence.timed_out) {
    // Part of an answer is not silence: the server understood the hello.
    return evidence.bytes_received == 0
               ? Make(evidence, FailureClass::kSilent,
                      ErrorCode::kSilentDuringHandshake)
               : Make(evidence, FailureClass::kFinal,
                      ErrorCode::kHandshakeTimedOut);
  }
  return Make(evidence, FailureClass::kFinal,
              ErrorCodeFromNss(evidence.nss_error));
}

// TLS itself found fault with what came. NSS reads in order, and reports the
// first thing that ends the handshake: an alert or an end that is known of by
// now came after it.
bool IsOwnFinding(ErrorCode code) {
  return code == ErrorCode::kBrokenTlsServer ||
         code == ErrorCode::kWeakServerKey ||
         code == ErrorCode::kWeakCertificateKey ||
         code == ErrorCode::kUnsafeRenegotiation;
}

Verdict JudgeOwnFinding(const HandshakeEvidence& evidence, ErrorCode code) {
  std::string message;
  if (code == ErrorCode::kBrokenTlsServer) {
    message = absl::StrCat("The server's answer is not valid TLS (",
                           NssErrorName(evidence.nss_error), ").");
  } else if (code == ErrorCode::kWeakServerKey) {
    message =
        "We refuse the server because its Diffie-Hellman key is shorter than "
        "2048 bits.";
  }
  return Make(evidence, FailureClass::kFinal, code, message);
}

// What the ServerHello chose, where it was not accepted.
Verdict JudgeAboveOffer(const HandshakeEvidence& evidence) {
  return Make(evidence, FailureClass::kFinal, ErrorCode::kBrokenTlsServer,
              absl::StrCat("The server chose ",
                           WireVersionText(*evidence.server_hello_version),
                           ", which it was not offered."));
}

bool IsDowngradeRefused(const HandshakeEvidence& evidence,
                        const TlsVersionRange& offered) {
  if (evidence.alert && evidence.alert->description == kInappropriateFallback) {
    return true;
  }
  // The sentinel means that the server could do better than it chose, which
  // is as it should be if no more was offered and the offer was not reduced;
  // then NSS accepts it, and the handshake did not fail for it.
  return evidence.downgrade_sentinel && !evidence.server_hello_accepted &&
         evidence.server_hello_version >= static_cast<uint16_t>(offered.min());
}

}  // namespace

bool IsIntolerance(FailureClass failure) {
  switch (failure) {
    case FailureClass::kVersionRefused:
    case FailureClass::kHelloRefused:
    case FailureClass::kAlpnRefused:
    case FailureClass::kDropped:
    case FailureClass::kSilent:
      return true;
    case FailureClass::kTooOld:
    case FailureClass::kDowngradeRefused:
    case FailureClass::kInterrupted:
    case FailureClass::kFinal:
      return false;
  }
  return false;
}

bool IsAmbiguous(FailureClass failure) {
  return failure == FailureClass::kDropped || failure == FailureClass::kSilent;
}

Verdict Judge(const HandshakeEvidence& evidence, const TlsVersionRange& offered,
              ConnectionSecurity security) {
  if (evidence.certificate_refused) return JudgeCertificate(evidence);
  if (IsDowngradeRefused(evidence, offered)) {
    return Make(evidence, FailureClass::kDowngradeRefused,
                ErrorCode::kDowngradeDetected);
  }
  if (!evidence.first_bytes.empty() && !BeginsLikeTls(evidence.first_bytes)) {
    // The server has just said that TLS comes next: whoever speaks in clear
    // now is not the server, or wants to pass for it.
    return security == ConnectionSecurity::kStartTls
               ? Make(evidence, FailureClass::kFinal,
                      ErrorCode::kStartTlsInjection)
               : JudgeNotTls(evidence);
  }
  if (!evidence.server_hello_accepted &&
      evidence.server_hello_version > static_cast<uint16_t>(offered.max())) {
    return JudgeAboveOffer(evidence);
  }
  const ErrorCode code = ErrorCodeFromNss(evidence.nss_error);
  if (IsOwnFinding(code)) return JudgeOwnFinding(evidence, code);
  if (!evidence.server_hello_accepted && evidence.server_hello_version &&
      *evidence.server_hello_version < static_cast<uint16_t>(offered.min())) {
    return JudgeTooOld(evidence);
  }
  return evidence.server_hello_accepted ? JudgeAfterServerHello(evidence)
                                        : JudgeBeforeServerHello(evidence);
}

Verdict JudgeFirstRead(const Error& error) {
  Verdict verdict = {FailureClass::kFinal, error};
  if (error.category() == ErrorCategory::kClientCertificate) return verdict;
  if (error.alert) {
    verdict.error.code = error.alert->description == kCertificateRequired
                             ? ErrorCode::kClientCertificateRequired
                             : ErrorCode::kHandshakeAlert;
    verdict.error.message.clear();
  } else if (error.code == ErrorCode::kConnectionReset) {
    verdict.failure = FailureClass::kInterrupted;
  }
  return verdict;
}

}  // namespace holdfast
