// The names come from a list of the headers' own macros; the meanings are a
// table for errors of certificates, of the network and of TLS.

#include "holdfast/core/nss/nss_error.h"

#include <nspr.h>
#include <secerr.h>
#include <sslerr.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace holdfast {
namespace {

// TLS has too many errors to list: those that find fault with what came, and
// those that report an alert, are told by their names.
bool BlamesPeer(absl::string_view name) {
  return absl::StartsWith(name, "SSL_ERROR_RX_") ||
         absl::StartsWith(name, "SSL_ERROR_MISSING_") ||
         absl::StartsWith(name, "SSL_ERROR_MALFORMED_");
}

bool IsAlert(absl::string_view name) { return absl::EndsWith(name, "_ALERT"); }

}  // namespace

std::string NssErrorName(int32_t nss_error) {
  switch (nss_error) {
    case 0:
      return "";
#define HOLDFAST_NSS_ERROR(code) \
  case code:                     \
    return #code;
#include "holdfast/core/nss/nss_error_list.inc"
#undef HOLDFAST_NSS_ERROR
    default:
      return absl::StrCat(nss_error);
  }
}

ErrorCode ErrorCodeFromNss(int32_t nss_error) {
  switch (nss_error) {
    case PR_CONNECT_REFUSED_ERROR:
      return ErrorCode::kConnectionRefused;
    case PR_HOST_UNREACHABLE_ERROR:
    case PR_NETWORK_UNREACHABLE_ERROR:
    case PR_NETWORK_DOWN_ERROR:
      return ErrorCode::kHostUnreachable;
    case PR_CONNECT_RESET_ERROR:
    case PR_CONNECT_ABORTED_ERROR:
      return ErrorCode::kConnectionReset;
    case PR_END_OF_FILE_ERROR:
    case SSL_ERROR_CLOSE_NOTIFY_ALERT:
      return ErrorCode::kConnectionClosed;
    case PR_CONNECT_TIMEOUT_ERROR:
      return ErrorCode::kConnectTimedOut;
    case PR_IO_TIMEOUT_ERROR:
    case PR_IO_ERROR:
    case PR_NOT_CONNECTED_ERROR:
    case PR_SOCKET_SHUTDOWN_ERROR:
      return ErrorCode::kNetworkError;
    case PR_OUT_OF_MEMORY_ERROR:
    case PR_INSUFFICIENT_RESOURCES_ERROR:
    case PR_PROC_DESC_TABLE_FULL_ERROR:
    case PR_SYS_DESC_TABLE_FULL_ERROR:
    case SEC_ERROR_NO_MEMORY:
      return ErrorCode::kOutOfResources;
    // What this build of NSS leaves out; no server can cause that.
    case PR_NOT_IMPLEMENTED_ERROR:
    case SSL_ERROR_UNSUPPORTED_EXPERIMENTAL_API:
      return ErrorCode::kTlsSetupFailed;

    // By another connection of the process: the store of NSS's TLS layer goes
    // by these two.
    case SEC_ERROR_REUSED_ISSUER_AND_SERIAL:
      return ErrorCode::kCertificateClash;

    case SEC_ERROR_UNKNOWN_ISSUER:
    case SEC_ERROR_UNTRUSTED_ISSUER:
      return ErrorCode::kUnknownIssuer;
    case SEC_ERROR_UNTRUSTED_CERT:
      return ErrorCode::kSelfSigned;
    case SSL_ERROR_BAD_CERT_DOMAIN:
      return ErrorCode::kWrongName;
    case SEC_ERROR_EXPIRED_CERTIFICATE:
    case SEC_ERROR_EXPIRED_ISSUER_CERTIFICATE:
      return ErrorCode::kExpired;
    case SEC_ERROR_REVOKED_CERTIFICATE:
      return ErrorCode::kRevoked;
    case SEC_ERROR_BAD_SIGNATURE:
      return ErrorCode::kBadSignature;
    case SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED:
      return ErrorCode::kWeakSignature;
    case SSL_ERROR_BAD_CERTIFICATE:
    case SSL_ERROR_UNSUPPORTED_CERTIFICATE_TYPE:
    case SSL_ERROR_EXTRACT_PUBLIC_KEY_FAILURE:
    case SEC_ERROR_BAD_DER:
    case SEC_ERROR_CA_CERT_INVALID:
    case SEC_ERROR_CERT_NOT_IN_NAME_SPACE:
    case SEC_ERROR_CERT_NOT_VALID:
    case SEC_ERROR_CERT_USAGES_INVALID:
    case SEC_ERROR_EXTENSION_VALUE_INVALID:
    case SEC_ERROR_INADEQUATE_CERT_TYPE:
    case SEC_ERROR_INADEQUATE_KEY_USAGE:
    case SEC_ERROR_INVALID_TIME:
    case SEC_ERROR_PATH_LEN_CONSTRAINT_INVALID:
    case SEC_ERROR_POLICY_VALIDATION_FAILED:
    case SEC_ERROR_UNKNOWN_CRITICAL_EXTENSION:
    case SEC_ERROR_UNSUPPORTED_KEYALG:
      return ErrorCode::kBadCertificate;

    // A key share that is none.
    case SEC_ERROR_BAD_KEY:
    case SEC_ERROR_INVALID_KEY:
      return ErrorCode::kBrokenTlsServer;
    case SSL_ERROR_UNSUPPORTED_VERSION:
      return ErrorCode::kServerTooOld;
    case SSL_ERROR_PROTOCOL_VERSION_ALERT:
      return ErrorCode::kVersionRefused;
    case SSL_ERROR_NO_CYPHER_OVERLAP:
      return ErrorCode::kNoCommonParameters;
    case SSL_ERROR_NEXT_PROTOCOL_NO_PROTOCOL:
      return ErrorCode::kAlpnRefused;
    case SSL_ERROR_INAPPROPRIATE_FALLBACK_ALERT:
      return ErrorCode::kDowngradeDetected;
    case SSL_ERROR_UNRECOGNIZED_NAME_ALERT:
      return ErrorCode::kNameRefused;
    case SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT:
      return ErrorCode::kClientCertificateRequired;
    case SSL_ERROR_RX_UNKNOWN_ALERT:
      return ErrorCode::kHandshakeAlert;
    case SSL_ERROR_WEAK_SERVER_EPHEMERAL_DH_KEY:
      return ErrorCode::kWeakServerKey;
    case SSL_ERROR_WEAK_SERVER_CERT_KEY:
      return ErrorCode::kWeakCertificateKey;
    case SSL_ERROR_UNSAFE_NEGOTIATION:
    case SSL_ERROR_RENEGOTIATION_NOT_ALLOWED:
      return ErrorCode::kUnsafeRenegotiation;
    default:
      break;
  }
  const std::string name = NssErrorName(nss_error);
  if (IsAlert(name)) return ErrorCode::kHandshakeAlert;
  return BlamesPeer(name) ? ErrorCode::kBrokenTlsServer : ErrorCode::kTlsFailed;
}

}  // namespace holdfast
