#include "holdfast/core/base/event_log.h"

namespace holdfast {

absl::string_view EventKindName(EventKind kind) {
  switch (kind) {
    case EventKind::kLookupStarted:
      return "lookup_started";
    case EventKind::kLookupEnded:
      return "lookup_ended";
    case EventKind::kAttemptStarted:
      return "attempt_started";
    case EventKind::kAddressTried:
      return "address_tried";
    case EventKind::kTcpConnected:
      return "tcp_connected";
    case EventKind::kStartTlsAccepted:
      return "starttls_accepted";
    case EventKind::kHandshakeStarted:
      return "handshake_started";
    case EventKind::kHandshakeFailed:
      return "handshake_failed";
    case EventKind::kHandshakeDone:
      return "handshake_done";
    case EventKind::kLegacyVersion:
      return "legacy_version";
    case EventKind::kReady:
      return "ready";
    case EventKind::kAttemptFailed:
      return "attempt_failed";
    case EventKind::kAttemptGivenUp:
      return "attempt_given_up";
    case EventKind::kServerSilent:
      return "server_silent";
    case EventKind::kRecordForgotten:
      return "record_forgotten";
    case EventKind::kCacheWarning:
      return "cache_warning";
    case EventKind::kCancelled:
      return "cancelled";
    case EventKind::kSignedIn:
      return "signed_in";
    case EventKind::kSignInFailed:
      return "sign_in_failed";
    case EventKind::kConnectionLost:
      return "connection_lost";
    case EventKind::kRedialPause:
      return "redial_pause";
    case EventKind::kStateRestored:
      return "state_restored";
    case EventKind::kCommandRepeated:
      return "command_repeated";
  }
  return "";
}

absl::string_view Event::field(absl::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace holdfast
