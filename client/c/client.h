// The settings of connections, and what is made of them for each.

#ifndef HOLDFAST_CLIENT_C_CLIENT_H_
#define HOLDFAST_CLIENT_C_CLIENT_H_

#include <functional>
#include <memory>
#include <mutex>

#include "absl/status/statusor.h"
#include "holdfast/client/c/error.h"
#include "holdfast/client/c/loop.h"
#include "holdfast/client/client.h"
#include "holdfast/core/net/resolver.h"
#include "holdfast/holdfast.h"

namespace holdfast::c {

// A copy of it is taken for each operation and session.
struct Settings {
  ClientOptions options;
  // In place of getaddrinfo; null: that.
  std::function<Resolver::Result(const Endpoint&)> look_up;
  // What the first use has loaded: later ones share it. Null: not yet.
  std::shared_ptr<const Trust> trust;

  // Of a new client, on `loop`.
  ClientOptions OptionsOn(EventLoop* loop, Resolver* resolver) const;
};

// What operations and sessions work with; it outlives them.
struct Network {
  std::shared_ptr<Loop> loop;
  std::unique_ptr<Resolver> resolver;  // null: the client's own
  std::unique_ptr<Client> client;
};

// Loads what is to be trusted and remembered, if nobody has. Errors: those of
// Client::Create().
absl::StatusOr<std::unique_ptr<Network>> NewNetwork(
    const holdfast_client* client, const std::shared_ptr<Loop>& loop);

// As holdfast_connect() reads it. Errors: kInvalidTarget, kInvalidHost,
// kInvalidArgument.
absl::StatusOr<Target> ReadTarget(const char* target);
// As holdfast_connect_any_way() does. The same errors.
absl::StatusOr<Target> ReadHost(int protocol, const char* host);

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

// The same with what decides on trust, which is then loaded anew.
template <typename Change>
int SetTrust(holdfast_client* client, holdfast_error** error,
             const Change& change) noexcept {
  return Set(client, error, [&change](Settings* settings) {
    settings->trust.reset();
    return change(&settings->options);
  });
}

}  // namespace holdfast::c

#endif  // HOLDFAST_CLIENT_C_CLIENT_H_
