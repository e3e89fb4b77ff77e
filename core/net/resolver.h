// SPDX-License-Identifier: MPL-2.0

// Name look-ups.

#ifndef HOLDFAST_CORE_NET_RESOLVER_H_
#define HOLDFAST_CORE_NET_RESOLVER_H_

#include <sys/socket.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/event_loop.h"

#pragma GCC visibility push(default)
namespace holdfast {

// An IP address with a port. A value type.
class SocketAddress {
 public:
  // From an IP literal; `host` must be one.
  static SocketAddress FromLiteral(const Host& host, uint16_t port);
  SocketAddress(const sockaddr* address, socklen_t length);

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  socklen_t length() const { return length_; }
  int family() const { return storage_.ss_family; }
  // The address without the port: "198.51.100.7", "2001:db8::1".
  std::string AddressText() const;
  // "198.51.100.7:993", "[2001:db8::1]:993".
  std::string ToString() const;

  friend bool operator==(const SocketAddress& a, const SocketAddress& b);

 private:
  sockaddr_storage storage_ = {};
  socklen_t length_ = 0;
};

// Thread safety: one thread, the loop's.
class Resolver {
 public:
  using Result = absl::StatusOr<std::vector<SocketAddress>>;

  // Destroying it abandons the look-up; its callback is then never called.
  class Request {
   public:
    virtual ~Request() = default;
  };

  virtual ~Resolver() = default;

  // Looks `endpoint` up; an IP literal needs no look-up. Calls `on_result` on
  // the loop, never from inside this call, with at least one address in the
  // order of preference (RFC 6724), or kHostNotFound, kLookupFailed.
  [[nodiscard]] virtual std::unique_ptr<Request> Resolve(
      const Endpoint& endpoint, std::function<void(Result)> on_result) = 0;
};

// getaddrinfo on threads that can be abandoned: one that hangs delays neither
// a connect nor the exit of the process.
std::unique_ptr<Resolver> NewSystemResolver(EventLoop* loop);

// The same with another function in the place of getaddrinfo. It is called on a
// thread of its own for each look-up, may block, and outlives the resolver if
// it does.
std::unique_ptr<Resolver> NewThreadResolver(
    EventLoop* loop, std::function<Resolver::Result(const Endpoint&)> look_up);

// Answers for the endpoints in `overrides` and asks `next` for all others
// (curl's --resolve). Key: Endpoint::ToString().
std::unique_ptr<Resolver> NewOverrideResolver(
    EventLoop* loop, std::map<std::string, std::vector<Host>> overrides,
    std::unique_ptr<Resolver> next);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_NET_RESOLVER_H_
