#include "holdfast/core/net/route.h"

#include <utility>

#include "holdfast/core/net/proxy_dialer.h"

namespace holdfast {

std::unique_ptr<Dialer> NewRouteDialer(EventLoop* loop, Resolver* resolver,
                                       const Route& route) {
  std::unique_ptr<Dialer> tcp =
      NewTcpDialer(loop, kDialStagger, NewSystemConnectCalls(route.bind));
  if (!route.proxy) return tcp;
  return NewProxyDialer(loop, resolver, std::move(tcp), *route.proxy);
}

}  // namespace holdfast
