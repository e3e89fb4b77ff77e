// One attempt on one fresh socket: dial, negotiate, handshake, negotiate.

#ifndef HOLDFAST_PROTOCOLS_CONNECT_ATTEMPT_H_
#define HOLDFAST_PROTOCOLS_CONNECT_ATTEMPT_H_

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/core/base/event_log.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/secret_string.h"
#include "holdfast/core/net/dialer.h"
#include "holdfast/core/nss/nss_runtime.h"
#include "holdfast/core/tls/key_log.h"
#include "holdfast/core/tls/secure_socket.h"
#include "holdfast/core/trust/certificate_decision.h"
#include "holdfast/core/trust/client_identity.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/fallback/retry_session.h"
#include "holdfast/protocols/dialogue/connection.h"
#include "holdfast/protocols/dialogue/negotiator.h"
#include "holdfast/protocols/dialogue/protocol.h"

namespace holdfast {

// What an attempt tells and asks while it runs. Each may start other attempts
// or end them, but not the one that calls.
struct AttemptHooks {
  // Takes what happens; the attempt's number is filled in by it.
  std::function<void(EventKind,
                     std::vector<std::pair<std::string, std::string>>)>
      record;
  // No byte came for the plan's hedge_delay. `through_proxy` as in DialResult.
  std::function<void(bool through_proxy)> on_unanswered = [](bool) {};
  // The first byte came after the ClientHello.
  std::function<void()> on_answered = [] {};
  // No byte came for the plan's hello_timeout: how much longer to wait. Zero:
  // the attempt has failed.
  std::function<absl::Duration()> more_time = [] {
    return absl::ZeroDuration();
  };
  // Empty: the certificate is judged by its problems alone. The attempt goes on
  // from the loop, not from inside the answer.
  CertificateDecider decide_certificate = {};
  // Inside TLS, nothing was said yet: a command that goes out at once, with or
  // in place of the question what the server can do; empty: none. With one,
  // the attempt is connected as soon as the server has said anything inside
  // TLS; whatever ends it before is final, for the command is never sent again
  // by itself (promise 11).
  std::function<SecretString(const SecureSocket&, const Negotiator&)>
      first_command =
          [](const SecureSocket&, const Negotiator&) { return SecretString(); };
};

struct AttemptRequest {
  Target target;
  AttemptPlan plan;
  // In order of preference; none if the dialer looks names up.
  std::vector<SocketAddress> addresses;
  std::shared_ptr<NssRuntime> runtime;
  std::shared_ptr<const Trust> trust;
  absl::Time now;                         // for the certificate's dates
  std::shared_ptr<const KeyLog> key_log;  // null: none
  AttemptHooks hooks;
  std::shared_ptr<const ClientIdentity> identity = {};  // null: none
};

struct AttemptResult {
  AttemptOutcome outcome;
  std::unique_ptr<Connection> connection;  // set if connected
  // The address that the socket was connected to; if none was, the first tried.
  std::optional<SocketAddress> address;
  std::vector<DialAttempt> dials;  // what came of each address
  // Of a server that sent some and did not become a connection.
  std::vector<CertificateInfo> certificates;
};

// Ownership: owns its socket until it is connected. Destroying it closes the
// socket; the callback is then never called. Thread safety: the loop's thread.
class Attempt {
 public:
  // Calls `on_done` once, never from inside this call. The callback may destroy
  // the attempt.
  static std::unique_ptr<Attempt> Start(
      EventLoop* loop, Dialer* dialer, AttemptRequest request,
      std::function<void(AttemptResult)> on_done);

  virtual ~Attempt() = default;

  // The time is up: calls `on_done` with what the attempt was waiting for.
  virtual void Expire() = 0;

  // Another one made it needless: closes the socket and returns what is known.
  // `on_done` is not called any more.
  virtual AttemptResult GiveUp() = 0;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_CONNECT_ATTEMPT_H_
