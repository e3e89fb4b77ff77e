// SPDX-License-Identifier: MPL-2.0

// Ways to a server: the seam, and TCP by RFC 8305 (Happy Eyeballs). Others are
// in proxy_dialer.h and socket_factory.h; route.h chooses.

#ifndef HOLDFAST_CORE_NET_DIALER_H_
#define HOLDFAST_CORE_NET_DIALER_H_

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/core/net/resolver.h"

#pragma GCC visibility push(default)
namespace holdfast {

// What came of one address.
struct DialAttempt {
  SocketAddress address;
  absl::Duration started;  // loop time
  absl::Duration ended;
  // Unset: this one won. kCancelled: another was faster, or it was never tried.
  std::optional<Error> error;
};

// "connected", "failed", or "cancelled".
absl::string_view DialOutcomeName(const DialAttempt& attempt);

struct DialResult {
  UniqueFd fd;  // valid if connected
  // Of the socket's peer, which may be a proxy; unset if it has none.
  std::optional<SocketAddress> address;
  // If none connected: the first address's that there was a local address for.
  std::optional<Error> error;
  std::vector<DialAttempt> attempts;
  // Something that may end connections by itself, or be silent, stands between:
  // neither says anything about the server (promise 4).
  bool through_proxy = false;
};

// Thread safety: one thread, the loop's.
class Dialer {
 public:
  // Destroying it closes all sockets; its callback is then never called.
  class Request {
   public:
    virtual ~Request() = default;
    // The result if the time is up now: the error says what was waited for. An
    // address that is still tried has timed out.
    virtual DialResult TimeUp() const;
  };

  virtual ~Dialer() = default;

  // True: the name is looked up elsewhere, as by a proxy; Dial() is given no
  // addresses.
  virtual bool looks_up() const { return false; }

  // Connects to `endpoint`. Calls `on_result` on the loop, never from inside
  // this call. There is no time limit here: the caller's deadline destroys the
  // request.
  //
  // The TCP dialer connects to the first of `addresses` (at least one) that
  // answers, in order, families interleaved, a new one each `stagger` or as
  // soon as the last one failed (RFC 8305, 5); losers are closed. Sets
  // TCP_NODELAY.
  [[nodiscard]] virtual std::unique_ptr<Request> Dial(
      const Endpoint& endpoint, std::vector<SocketAddress> addresses,
      std::function<void(DialResult)> on_result) = 0;
};

// The system calls of a connect, apart so that a race can be tested without a
// network.
class ConnectCalls {
 public:
  virtual ~ConnectCalls() = default;
  // Begins to connect `fd`, a new socket. Returns why it cannot, if so.
  virtual std::optional<Error> Start(const SocketAddress& address,
                                     UniqueFd* fd) = 0;
  // What came of it, once `fd` is writable: 0 or an errno; EINPROGRESS if it is
  // not decided after all.
  virtual int Finish(int fd) = 0;
};

// Connects from the local addresses `bind` (IP literals, the first of a family
// counts), if there are any; then addresses of another family are not tried.
std::unique_ptr<ConnectCalls> NewSystemConnectCalls(
    std::vector<Host> bind = {});

// That `address` could not be connected to, for an errno.
Error ConnectError(int error, const SocketAddress& address);

// RFC 8305, 8, recommends this stagger.
inline constexpr absl::Duration kDialStagger = absl::Milliseconds(250);
std::unique_ptr<Dialer> NewTcpDialer(
    EventLoop* loop, absl::Duration stagger = kDialStagger,
    std::unique_ptr<ConnectCalls> calls = NewSystemConnectCalls());

// Families interleaved, the first address's family first (RFC 8305, 4).
std::vector<SocketAddress> InterleaveFamilies(
    std::vector<SocketAddress> addresses);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_NET_DIALER_H_
