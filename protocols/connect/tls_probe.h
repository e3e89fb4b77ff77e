// Asks a port that says nothing whether it speaks TLS from the first byte, on a
// socket of its own.

#ifndef HOLDFAST_PROTOCOLS_CONNECT_TLS_PROBE_H_
#define HOLDFAST_PROTOCOLS_CONNECT_TLS_PROBE_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/net/dialer.h"
#include "holdfast/core/net/resolver.h"
#include "holdfast/core/nss/nss_runtime.h"
#include "holdfast/core/trust/trust.h"

namespace holdfast {

struct TlsProbeRequest {
  Endpoint endpoint;
  std::vector<SocketAddress> addresses;  // none if the dialer looks names up
  std::shared_ptr<NssRuntime> runtime;
  std::shared_ptr<const Trust> trust;
  absl::Time now;
};

// Destroying it closes the socket; the callback is then never called. It has no
// time limit. Thread safety: the loop's thread.
class TlsProbe {
 public:
  // Calls `on_tls` once, never from inside this call, if the port answers a
  // ClientHello with TLS; otherwise never. The callback may destroy the probe.
  [[nodiscard]] static std::unique_ptr<TlsProbe> Start(
      EventLoop* loop, Dialer* dialer, TlsProbeRequest request,
      std::function<void()> on_tls);

  virtual ~TlsProbe() = default;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_CONNECT_TLS_PROBE_H_
