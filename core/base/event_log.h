// SPDX-License-Identifier: MPL-2.0

// What happened, as it happens: one structured record per event, for progress
// on a terminal, traces and an embedder's log.
//
// An event never holds a credential or message text: whoever records one
// passes names, codes, addresses and times only (promise 14). What a peer's
// words are part of is printable (core/base/printable.h).

#ifndef HOLDFAST_CORE_BASE_EVENT_LOG_H_
#define HOLDFAST_CORE_BASE_EVENT_LOG_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#pragma GCC visibility push(default)
namespace holdfast {

enum class EventKind {
  kLookupStarted,
  kLookupEnded,
  kAttemptStarted,
  kAddressTried,
  kTcpConnected,
  kStartTlsAccepted,
  kHandshakeStarted,
  kHandshakeFailed,
  kHandshakeDone,
  kLegacyVersion,
  kReady,
  kAttemptFailed,
  kAttemptGivenUp,  // another one made it needless
  kServerSilent,    // smaller offers are made beside the one that waits
  kRecordForgotten,
  kCacheWarning,
  kCancelled,
  kSignedIn,
  kSignInFailed,
  kConnectionLost,
  kRedialPause,      // before the next dial
  kStateRestored,    // the session is as it was before the loss
  kCommandRepeated,  // the interrupted one, on the next connection
};
// "attempt_started", as a trace writes it.
absl::string_view EventKindName(EventKind kind);

struct Event {
  EventKind kind;
  // Since the connect began; of a session that dials again, since its first.
  absl::Duration at;
  int attempt = 0;  // 0: of none
  // Name and value, in a fixed order for each kind.
  std::vector<std::pair<std::string, std::string>> fields;

  // The value of `name`, or "".
  absl::string_view field(absl::string_view name) const;
};

// Called on the loop's thread; must not destroy what calls it.
using EventSink = std::function<void(const Event&)>;

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_BASE_EVENT_LOG_H_
