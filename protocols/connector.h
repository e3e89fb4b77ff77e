// Start here: reaches a mail or news server, recovering as needed.
//
// Blocking:
//
//   absl::StatusOr<std::shared_ptr<NssRuntime>> nss = NssRuntime::Start();
//   absl::StatusOr<std::shared_ptr<const Trust>> trust = Trust::Load(*nss, {});
//   absl::StatusOr<Target> target = ParseTarget("imaps://mail.example.org");
//   ConnectRequest request{*target, *nss, *trust};
//   ConnectResult result = ConnectBlocking(request, cache.get());
//   if (!result.ok()) puts(Diagnose(result.report).summary.c_str());
//
// On an event loop: Connector::Connect(), which never waits.

#ifndef HOLDFAST_PROTOCOLS_CONNECTOR_H_
#define HOLDFAST_PROTOCOLS_CONNECTOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/cancellation.h"
#include "core/dialer.h"
#include "core/event_log.h"
#include "core/event_loop.h"
#include "core/key_log.h"
#include "core/nss_runtime.h"
#include "core/resolver.h"
#include "core/route.h"
#include "core/trust/certificate_decision.h"
#include "core/trust/client_identity.h"
#include "core/trust/trust.h"
#include "fallback/fallback_policy.h"
#include "fallback/host_cache.h"
#include "protocols/connect_report.h"
#include "protocols/connection.h"
#include "protocols/protocol.h"
#include "protocols/sign_in.h"

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
  // (promise 10): who asks a person answers kRefuse now, keeps the question,
  // and connects again when the person has answered. Not asked by a survey or
  // probe. ConnectBlocking() asks on a loop that is its own: answer at once.
  CertificateDecider on_certificate = {};
  // Ends the connect at once, from any thread. May be null.
  std::shared_ptr<Cancellation> cancellation = {};
  // Whoever signs in next, by SignIn with the same provider and options, may
  // begin to while the connection is made: a told or remembered mechanism's
  // first command then goes out as soon as TLS is up, which saves a round trip
  // where the protocol allows it (docs/signing-in.md). After it has gone out no
  // failure leads to another attempt (promise 11), and only SignIn may read the
  // connection.
  std::optional<SignInRequest> sign_in = std::nullopt;
};

struct ConnectResult {
  std::unique_ptr<Connection> connection;  // null if it failed
  ConnectReport report;

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

 private:
  const Services services_;
};

// The same on a loop of its own, with the system's resolver. `cache` may be
// null: then nothing is remembered.
ConnectResult ConnectBlocking(const ConnectRequest& request, HostCache* cache,
                              const Route& route = {});

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_CONNECTOR_H_
