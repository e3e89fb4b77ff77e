// SPDX-License-Identifier: 0BSD

// The short examples of docs/control.md.

#include <utility>

#include "holdfast/client/client.h"
#include "holdfast/core/net/socket_factory.h"

namespace holdfast {

ClientOptions ThroughAProxy() {
  ClientOptions options;
  options.proxy = "socks5://127.0.0.1:9050";
  return options;
}

ClientOptions FromALocalAddress() {
  ClientOptions options;
  options.bind_addresses = {"192.0.2.10", "2001:db8::10"};
  return options;
}

// A client's own tunnel.
class Tunnel {
 public:
  virtual ~Tunnel() = default;
  virtual void Open(const std::string& host, uint16_t port,
                    std::function<void(int fd)> on_open) = 0;
};

ClientOptions OverATunnel(Tunnel* tunnel) {
  ClientOptions options;
  options.socket_factory = [tunnel](const Endpoint& server, auto on_socket) {
    tunnel->Open(server.host.name(), server.port, [on_socket](int fd) {
      if (fd < 0) return on_socket(absl::UnavailableError("No tunnel."));
      on_socket(FactorySocket(UniqueFd(fd), SocketPath::kThroughProxy));
    });
  };
  return options;
}

std::unique_ptr<Dialer> OverWhatIsThere(EventLoop* loop, UniqueFd fd,
                                        ClientOptions* options) {
  std::unique_ptr<Dialer> dialer = NewConnectedDialer(
      loop, FactorySocket(std::move(fd), SocketPath::kDirect));
  options->loop = loop;
  options->dialer = dialer.get();
  options->fallback = false;  // it would need more sockets
  return dialer;
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

ClientOptions WithMyVerifier(MyVerifier* verifier) {
  ClientOptions options;
  options.verifier = [verifier](ServerCertificates server, auto answer) {
    verifier->Check(server.chain, server.host.name(), server.now,
                    [answer](bool good, const std::string& why) {
                      if (good) return answer({});
                      answer({{ErrorCode::kUnknownIssuer, "", why}});
                    });
  };
  return options;
}

}  // namespace holdfast
