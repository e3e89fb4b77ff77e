// SPDX-License-Identifier: MPL-2.0

// What happened in one connect: every attempt, and what came of it all.

#ifndef HOLDFAST_PROTOCOLS_CONNECT_CONNECT_REPORT_H_
#define HOLDFAST_PROTOCOLS_CONNECT_CONNECT_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/core/net/dialer.h"
#include "holdfast/core/tls/handshake_profile.h"
#include "holdfast/core/tls/tls_info.h"
#include "holdfast/fallback/ladder.h"
#include "holdfast/protocols/dialogue/protocol.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct AttemptReport {
  int number = 1;
  // Of the server, or of the proxy; empty if there was none to try, or the
  // socket has none.
  std::string address;
  // Something that may end connections by itself stood between.
  bool through_proxy = false;
  Rung rung = Rung::kFull;
  bool from_cache = false;  // the rung was remembered
  HandshakeProfile offer;   // made once the handshake had begun
  ConnectionSecurity security = ConnectionSecurity::kImplicitTls;
  absl::Duration duration;
  std::optional<Error> error;  // unset: connected, or given up
  // What the server sent, its own first, if it did and there is no connection.
  std::vector<CertificateInfo> certificates;
  // It ran beside another one, which made it needless.
  bool given_up = false;
  // What came of each address, in the order of the race (RFC 8305).
  std::vector<DialAttempt> dials;
};

struct ConnectReport {
  Target target;
  std::vector<AttemptReport> attempts = {};
  std::optional<Error> error = {};  // the cause; unset: connected
  // Set if connected. Beside an error: that came later, in signing in.
  std::optional<TlsInfo> tls = {};
  // As the server sent them; reports have them Printable().
  std::vector<std::string> capabilities = {};

  // Of the connection that was made.
  struct Fallback {
    Rung rung = Rung::kFull;
    bool from_cache = false;
    bool hedged = false;  // a smaller offer beside one left unanswered
    bool pinned = false;  // the user's decision, not ours
    std::optional<ErrorCode> reason;

    bool applied() const { return rung != Rung::kFull; }
  };
  std::optional<Fallback> fallback = {};

  // The version that the host has proven: nothing below it was offered, but for
  // a pin (promise 8).
  std::optional<TlsVersion> proven = {};

  // When what the cache now holds of a reduced offer for this host expires;
  // unset if it holds none.
  std::optional<absl::Time> record_expires_at = {};

  // The attempt that `error` is about, if only by its connection; null if there
  // was none.
  const AttemptReport* cause() const;
};

// The report in plain words.
struct Diagnosis {
  // What is not as safe as it should be, because the user allowed it.
  struct Warning {
    std::string code;     // "legacy"
    std::string message;  // a sentence
  };
  std::string summary;              // one or two sentences
  std::vector<Warning> warnings;    // empty if all is well
  std::vector<std::string> advice;  // what to do; empty if nothing
  std::string command;              // to paste into a shell; may be empty
};
Diagnosis Diagnose(const ConnectReport& report);

// An ErrorNote's command for `target`: its placeholders filled in, what a shell
// would take apart quoted.
std::string FillIn(absl::string_view command, const Target& target);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_CONNECT_CONNECT_REPORT_H_
