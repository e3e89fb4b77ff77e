// Real proxies on 127.0.0.1: microsocks (SOCKS 5) and tinyproxy (HTTP CONNECT).

#ifndef HOLDFAST_TESTS_HELPERS_PROXY_SERVER_H_
#define HOLDFAST_TESTS_HELPERS_PROXY_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "holdfast/core/net/proxy.h"
#include "holdfast/tests/helpers/free_port.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {

struct ProxyServerOptions {
  Proxy::Kind kind = Proxy::Kind::kSocks5;
  std::string user = "";  // empty: anybody may use it
  std::string password = "";
  uint16_t only_port = 0;  // the only one that HTTP may connect to; 0: any
};

// Thread safety: one thread.
class ProxyServer {
 public:
  // Listens when it returns. Errors: NotFound if the program is not installed.
  static absl::StatusOr<std::unique_ptr<ProxyServer>> Start(
      const ProxyServerOptions& options);

  uint16_t port() const { return port_; }
  // "socks5://127.0.0.1:1080"; `credentials` may be "alice:pw@".
  std::string url(const std::string& credentials = "") const;

 private:
  ProxyServer() = default;

  Proxy::Kind kind_ = Proxy::Kind::kSocks5;
  TempDir directory_;
  uint16_t port_ = ReserveFreePort();
  std::unique_ptr<Process> process_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_PROXY_SERVER_H_
