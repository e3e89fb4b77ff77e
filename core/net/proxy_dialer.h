// SPDX-License-Identifier: MPL-2.0

// A way through a proxy.

#ifndef HOLDFAST_CORE_NET_PROXY_DIALER_H_
#define HOLDFAST_CORE_NET_PROXY_DIALER_H_

#include <memory>

#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/net/dialer.h"
#include "holdfast/core/net/proxy.h"
#include "holdfast/core/net/resolver.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Asks `proxy`, to which `to_proxy` leads, for connections; that may be the
// dialer of another proxy. `resolver` looks the proxy up, never the server. The
// caller's deadline covers it all.
std::unique_ptr<Dialer> NewProxyDialer(EventLoop* loop, Resolver* resolver,
                                       std::unique_ptr<Dialer> to_proxy,
                                       Proxy proxy);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_NET_PROXY_DIALER_H_
