// SPDX-License-Identifier: MPL-2.0

// Reaches a mail or news server, recovering as needed, on an event loop and
// without waiting. Client (client.h) puts all of this together; what is here is
// for those who do so themselves.
//
//   Connector::Services services{loop, resolver, dialer, cache};
//   ConnectRequest request{target, runtime, trust};
//   operation_ = Connector(services).Connect(
//       request, [](ConnectResult result) { ... });

#ifndef HOLDFAST_PROTOCOLS_CONNECT_CONNECTOR_H_
#define HOLDFAST_PROTOCOLS_CONNECT_CONNECTOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "holdfast/core/base/cancellation.h"
#include "holdfast/core/base/event_log.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/net/dialer.h"
#include "holdfast/core/net/resolver.h"
#include "holdfast/core/nss/nss_runtime.h"
#include "holdfast/core/tls/key_log.h"
#include "holdfast/core/trust/certificate_decision.h"
#include "holdfast/core/trust/client_identity.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/fallback/fallback_policy.h"
#include "holdfast/fallback/host_cache.h"
#include "holdfast/protocols/connect/connect_report.h"
#include "holdfast/protocols/dialogue/connection.h"
#include "holdfast/protocols/dialogue/protocol.h"
#include "holdfast/protocols/sign_in/sign_in.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct ConnectRequest {
  Target target;
  std::shared_ptr<NssRuntime> runtime;
  std::shared_ptr<const Trust> trust;
  FallbackPolicy policy = {};
  // Covers look-up, every attempt and every wait (promise 10).
  absl::Duration timeout = absl::Seconds(30);
  // Part of the cache's key, such as the name of a network.
  std::string scope = {};
  // May be empty.
  EventSink on_event = {};
  // Where the secrets of every attempt go; null: nowhere.
  std::shared_ptr<const KeyLog> key_log = {};
  // What a server that asks for a client certificate is shown; null: nothing.
  std::shared_ptr<const ClientIdentity> identity = {};
  // Decides about the certificate of each attempt, hedged ones beside one
  // another; empty: its problems decide. The time until the answer counts
  // (promise 10): to ask a person, answer kRefuse now, keep the question, and
  // connect again when the person has answered. Surveys and probes do not ask.
  CertificateDecider on_certificate = {};
  // Ends the connect at once, from any thread. May be null.
  std::shared_ptr<Cancellation> cancellation = {};
};

struct ConnectResult {
  std::unique_ptr<Connection> connection;  // null if it failed
  ConnectReport report;
  // For SignIn, and not null, if one has begun.
  BegunSignInPtr begun_sign_in = nullptr;

  bool ok() const { return connection != nullptr; }
  // The cause of the failure; OK if there was none.
  absl::Status status() const {
    return report.error ? ToStatus(*report.error) : absl::OkStatus();
  }
};

// Thread safety: the loop's thread.
class Connector {
 public:
  // What a Connector works with; all outlive it and its operations.
  struct Services {
    EventLoop* loop;
    Resolver* resolver;
    Dialer* dialer;  // the way to the server: route.h, socket_factory.h
    HostCache* cache;
    // The wall clock, for certificates and the cache.
    std::function<absl::Time()> wall_clock = absl::Now;
  };

  // Destroying it abandons the connect; its callback is then never called.
  class Operation {
   public:
    virtual ~Operation() = default;
    // Ends the connect at once with kCancelled; calls the callback. Nothing
    // happens if it has ended.
    virtual void Cancel() = 0;
  };

  explicit Connector(Services services) : services_(std::move(services)) {}

  // Calls `on_done` once, never from inside this call. The callback may destroy
  // the operation.
  [[nodiscard]] std::unique_ptr<Operation> Connect(
      ConnectRequest request, std::function<void(ConnectResult)> on_done);

  // The same, for a SignIn with the same provider and options that follows. It
  // may begin while the connection is made: the first command of a mechanism
  // that is told or remembered then goes out as soon as TLS is up, which saves
  // a round trip where the protocol allows it (docs/signing-in.md). After that
  // no failure leads to another attempt (promise 11), and only SignIn may read
  // the connection.
  [[nodiscard]] std::unique_ptr<Operation> Connect(
      ConnectRequest request, SignInRequest sign_in,
      std::function<void(ConnectResult)> on_done);

 private:
  const Services services_;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_CONNECT_CONNECTOR_H_
