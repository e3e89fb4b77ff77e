// SPDX-License-Identifier: MPL-2.0

// Finds out what a server accepts and what it chokes on: one attempt at each
// rung of the ladder and at each TLS version that these do not show, each on a
// fresh socket, one after the other.
//
// No credentials are sent, only the dialogue up to the capabilities and a
// farewell. Whatever is wrong with the certificate is reported, and does not
// end the probe. Nothing is hedged, and no cache is read or written.

#ifndef HOLDFAST_PROTOCOLS_PROBE_PROBE_H_
#define HOLDFAST_PROTOCOLS_PROBE_PROBE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/core/tls/tls_info.h"
#include "holdfast/fallback/ladder.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/dialogue/protocol.h"

#pragma GCC visibility push(default)
namespace holdfast {

// What a server makes of one TLS version offered alone.
enum class VersionSupport {
  kUnknown,  // no attempt came so far, or its failure tells nothing of it
  kOk,
  kRefused,      // an alert
  kDropped,      // FIN or RST
  kSilent,       // no answer in time
  kUnsupported,  // the server says so: protocol_version, or it chose another
};
// "ok", "refused", "dropped", "silent", "unsupported"; empty for kUnknown.
absl::string_view VersionSupportName(VersionSupport support);

enum class ProbeVerdict {
  kHealthy,        // the full offer works
  kIntolerant,     // only a reduced offer works, and proves itself
  kLegacy,         // only what is not safe any more works: TLS 1.0, weak keys
  kBroken,         // no connection, or no certificate that holds
  kUnreachable,    // no connection
  kPlaintextOnly,  // the port has no TLS
};
absl::string_view ProbeVerdictName(ProbeVerdict verdict);  // "healthy", ...

// What came of one rung.
struct RungReport {
  bool tried = false;
  std::optional<TlsVersion> version;  // set if TLS came up
  std::optional<Error> error;         // unset: it worked, if it was tried

  bool ok() const { return tried && !error; }
};

struct ProbeReport {
  Target target;             // kImplicitTls or kStartTls
  absl::Time at;             // when it ended, by the wall clock
  bool reached = false;      // a connection to the server came about
  std::string address = {};  // of the server, or of the proxy; may be empty
  bool through_proxy = false;
  std::map<TlsVersion, VersionSupport> versions = {};
  // Of full, no-alpn, compact, tls12. A rung that is not tried offers the same
  // as another one, or lies outside of what the policy allows.
  std::map<Rung, RungReport> rungs = {};
  // Of the first connection that came about.
  std::optional<TlsInfo> tls = {};
  std::vector<std::string> capabilities = {};
  bool starttls_accepted = false;
  // Why TLS 1.2, if nothing above it works, does not work either when it is
  // marked as reduced (RFC 7507) and its answer checked: promise 6.
  std::optional<Error> fallback_error = {};
  // Where a port speaks plaintext instead of TLS: it has STARTTLS.
  bool other_mode_works = false;

  bool reachable() const { return reached; }
  // Why the first offer failed; null if it worked.
  const Error* cause() const;
  // The fullest rung that works.
  std::optional<Rung> best_rung() const;
};

// The report in plain words.
struct ProbeDiagnosis {
  ProbeVerdict verdict;
  std::string summary;        // a sentence: why it is that
  std::string intolerant_of;  // "TLS 1.3"; empty unless kIntolerant
  // What a client should be set to, and what the server's operator should mend.
  std::vector<std::string> advice;
};
ProbeDiagnosis Diagnose(const ProbeReport& report);
// Whole days from the probe to the end of the certificate; negative after it.
int DaysLeft(const ProbeReport& report, const CertificateInfo& certificate);

// Nothing in it says who the user is: a probe has nobody's credentials and no
// client certificate to send (promise 11).
struct ProbeRequest {
  Target target;  // has one way in
  std::shared_ptr<NssRuntime> runtime;
  // Finds what there is to report of a certificate; any is accepted.
  std::shared_ptr<const Trust> trust;
  // What the rungs offer.
  TlsVersionRange versions = {};
  // False: of the rungs there is only the full one.
  bool fallback = true;
  absl::Duration timeout = absl::Seconds(30);  // of each attempt
  EventSink on_event = {};                     // may be empty
  std::shared_ptr<const KeyLog> key_log = {};  // null: none
  // Between the end of one connection and the beginning of the next: a server
  // that counts connections should not take us for an attack.
  absl::Duration pause = absl::Milliseconds(200);
  // Called as each attempt begins, with what it offers: "compact", "TLS 1.0".
  std::function<void(const std::string& offer)> on_progress = {};
};

// Destroying it ends the probe; its callback is then never called. Thread
// safety: the loop's thread.
class Probe {
 public:
  // Calls `on_done` once, never from inside this call. The callback may destroy
  // the probe. The cache of `services` is not used.
  [[nodiscard]] static std::unique_ptr<Probe> Start(
      const Connector::Services& services, ProbeRequest request,
      std::function<void(ProbeReport)> on_done);

  virtual ~Probe() = default;
};

// What `text` asks to probe, each with one way in: a target as ParseTarget()
// reads it, kAuto being both ways; or, of a bare host, every protocol on its
// standard ports. The protocol of a bare host with a standard port is known.
// Errors: those of ParseTarget().
absl::StatusOr<std::vector<Target>> ParseProbeTargets(
    absl::string_view text, std::optional<Protocol> protocol = std::nullopt,
    std::optional<ConnectionSecurity> security = std::nullopt);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_PROBE_PROBE_H_
