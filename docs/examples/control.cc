// SPDX-License-Identifier: 0BSD

// The short examples of docs/control.md.

#include <utility>

#include "holdfast/core/net/route.h"
#include "holdfast/core/net/socket_factory.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/connect/own_loop.h"

namespace holdfast {

absl::StatusOr<ConnectResult> ThroughAProxy(const ConnectRequest& request,
                                            HostCache* cache) {
  absl::StatusOr<Proxy> proxy = Proxy::Parse("socks5://127.0.0.1:9050");
  if (!proxy.ok()) return proxy.status();
  Route route;
  route.proxy = *proxy;
  ConnectResult result = ConnectBlocking(request, cache, route);
  return result;
}

absl::StatusOr<std::unique_ptr<Dialer>> FromALocalAddress(EventLoop* loop,
                                                          Resolver* resolver) {
  absl::StatusOr<Host> local = Host::Parse("192.0.2.10");
  if (!local.ok()) return local.status();
  Route route;
  route.bind = {*local};
  return NewRouteDialer(loop, resolver, route);
}

// A client's own tunnel.
class Tunnel {
 public:
  virtual ~Tunnel() = default;
  virtual void Open(const std::string& host, uint16_t port,
                    std::function<void(int fd)> on_open) = 0;
};

std::unique_ptr<Dialer> OverATunnel(EventLoop* loop, Tunnel* tunnel) {
  return NewFactoryDialer(
      loop, [tunnel](const Endpoint& server, auto on_socket) {
        tunnel->Open(server.host.name(), server.port, [on_socket](int fd) {
          if (fd < 0) return on_socket(absl::UnavailableError("No tunnel."));
          on_socket(FactorySocket(UniqueFd(fd), SocketPath::kThroughProxy));
        });
      });
}

std::unique_ptr<Dialer> OverWhatIsThere(EventLoop* loop, UniqueFd fd,
                                        ConnectRequest* request) {
  request->policy.fallback = false;  // it would need more sockets
  return NewConnectedDialer(loop,
                            FactorySocket(std::move(fd), SocketPath::kDirect));
}

// What a client verifies certificates with.
class MyVerifier {
 public:
  virtual ~MyVerifier() = default;
  virtual void Check(
      const std::vector<std::string>& chain, const std::string& host,
      absl::Time now,
      std::function<void(bool good, const std::string& why)> on_checked) = 0;
};

std::shared_ptr<const Trust> TrustOfMyOwn(MyVerifier* verifier) {
  return Trust::Custom([verifier](ServerCertificates server, auto answer) {
    verifier->Check(server.chain, server.host.name(), server.now,
                    [answer](bool good, const std::string& why) {
                      if (good) return answer({});
                      answer({{ErrorCode::kUnknownIssuer, "", why}});
                    });
  });
}

}  // namespace holdfast
