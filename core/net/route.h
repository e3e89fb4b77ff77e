// SPDX-License-Identifier: MPL-2.0

// Which way connections take to their servers.

#ifndef HOLDFAST_CORE_NET_ROUTE_H_
#define HOLDFAST_CORE_NET_ROUTE_H_

#include <memory>
#include <optional>
#include <vector>

#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/net/dialer.h"
#include "holdfast/core/net/proxy.h"
#include "holdfast/core/net/resolver.h"

#pragma GCC visibility push(default)
namespace holdfast {

// By default the straight one.
struct Route {
  std::optional<Proxy> proxy = std::nullopt;
  // Local addresses to connect from, to the proxy if there is one: at most one
  // of IPv4 and one of IPv6. Empty: the system chooses.
  std::vector<Host> bind = {};
};

// TCP, as `route` says. `resolver` looks the proxy up.
std::unique_ptr<Dialer> NewRouteDialer(EventLoop* loop, Resolver* resolver,
                                       const Route& route);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_NET_ROUTE_H_
