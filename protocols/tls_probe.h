// Asks a port that says nothing whether it speaks TLS from the first byte, on a
// socket of its own.

#ifndef HOLDFAST_PROTOCOLS_TLS_PROBE_H_
#define HOLDFAST_PROTOCOLS_TLS_PROBE_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "core/dialer.h"
#include "core/endpoint.h"
#include "core/event_loop.h"
#include "core/nss_runtime.h"
#include "core/resolver.h"
#include "core/trust/trust.h"

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

#endif  // HOLDFAST_PROTOCOLS_TLS_PROBE_H_
