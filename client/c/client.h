// The settings of connections, and what is made of them for each.

#ifndef HOLDFAST_CLIENT_C_CLIENT_H_
#define HOLDFAST_CLIENT_C_CLIENT_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "holdfast/client/c/error.h"
#include "holdfast/client/c/loop.h"
#include "holdfast/core/base/cancellation.h"
#include "holdfast/core/net/dialer.h"
#include "holdfast/core/net/resolver.h"
#include "holdfast/core/net/route.h"
#include "holdfast/core/net/socket_factory.h"
#include "holdfast/core/trust/client_identity.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/fallback/host_cache.h"
#include "holdfast/holdfast.h"
#include "holdfast/protocols/connect/connector.h"

namespace holdfast::c {

// A copy of it is taken for each operation and session.
struct Settings {
  std::shared_ptr<NssRuntime> runtime;
  TrustOptions trust_options;
  CertificateVerifier verifier;        // null: trust_options decide
  std::shared_ptr<const Trust> trust;  // null: not read yet
  std::shared_ptr<const ClientIdentity> identity;
  FallbackPolicy policy;
  absl::Duration timeout = absl::Seconds(30);
  absl::Duration patience = absl::Seconds(60);
  int max_redials = 6;
  std::string scope;
  std::shared_ptr<HostCache> cache = NewMemoryHostCache();
  std::function<std::unique_ptr<Resolver>(EventLoop*)> new_resolver =
      NewSystemResolver;
  Route route;
  // Null: TCP, by the route.
  SocketFactory socket_factory;
  std::function<absl::Time()> wall_clock = absl::Now;
  EventSink on_event;
  CertificateDecider on_certificate;

  ConnectRequest Request(const Target& target,
                         std::shared_ptr<Cancellation> cancellation) const;
};

// What a connector or session works with: it outlives them.
struct Network {
  Network(std::shared_ptr<Loop> loop, Settings settings);
  Connector::Services services() const;

  const std::shared_ptr<Loop> loop;
  const Settings settings;
  const std::unique_ptr<Resolver> resolver;
  const std::unique_ptr<Dialer> dialer;
};

// Reads what is to be trusted, if nobody has. Errors: those of Trust::Load().
absl::StatusOr<std::unique_ptr<Network>> NewNetwork(
    const holdfast_client* client, const std::shared_ptr<Loop>& loop);

// As holdfast_connect() reads it. Errors: kInvalidTarget, kInvalidHost,
// kInvalidArgument.
absl::StatusOr<Target> ReadTarget(const char* target);

}  // namespace holdfast::c

struct holdfast_client {
  mutable std::mutex mutex;
  mutable holdfast::c::Settings settings;  // guarded by mutex
};

namespace holdfast::c {

// Calls `change`, which returns a status, on the client's settings.
template <typename Change>
int Set(holdfast_client* client, holdfast_error** error,
        const Change& change) noexcept {
  return Guard(error, [&]() -> absl::Status {
    if (client == nullptr) return Missing("client");
    std::lock_guard<std::mutex> lock(client->mutex);
    return change(&client->settings);
  });
}

}  // namespace holdfast::c

#endif  // HOLDFAST_CLIENT_C_CLIENT_H_
