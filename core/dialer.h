// TCP connections by RFC 8305 (Happy Eyeballs).

#ifndef HOLDFAST_CORE_DIALER_H_
#define HOLDFAST_CORE_DIALER_H_

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/error.h"
#include "core/event_loop.h"
#include "core/resolver.h"
#include "core/unique_fd.h"

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
  UniqueFd fd;                           // valid if connected
  std::optional<SocketAddress> address;  // of `fd`
  std::optional<Error> error;  // the first address's, if none connected
  std::vector<DialAttempt> attempts;
};

// Thread safety: one thread, the loop's.
class Dialer {
 public:
  // Destroying it closes all sockets; its callback is then never called.
  class Request {
   public:
    virtual ~Request() = default;
    // For who gives up: what came of each address until now. One that is still
    // waited for has timed out.
    virtual std::vector<DialAttempt> attempts() const { return {}; }
  };

  virtual ~Dialer() = default;

  // Connects to the first of `addresses` (at least one) that answers, in order,
  // families interleaved, a new one each `stagger` or as soon as the last one
  // failed (RFC 8305, 5); losers are closed. Sets TCP_NODELAY. Calls
  // `on_result` on the loop, never from inside this call. There is no time
  // limit here: the caller's deadline destroys the request.
  [[nodiscard]] virtual std::unique_ptr<Request> Dial(
      std::vector<SocketAddress> addresses,
      std::function<void(DialResult)> on_result) = 0;
};

// The system calls of a connect, apart so that a race can be tested without a
// network.
class ConnectCalls {
 public:
  virtual ~ConnectCalls() = default;
  // Begins to connect `fd`, a new socket. Returns 0 or an errno.
  virtual int Start(const SocketAddress& address, UniqueFd* fd) = 0;
  // What came of it, once `fd` is writable: 0 or an errno; EINPROGRESS if it is
  // not decided after all.
  virtual int Finish(int fd) = 0;
};
std::unique_ptr<ConnectCalls> NewSystemConnectCalls();

// RFC 8305, 8, recommends the stagger of 250 ms.
std::unique_ptr<Dialer> NewTcpDialer(
    EventLoop* loop, absl::Duration stagger = absl::Milliseconds(250),
    std::unique_ptr<ConnectCalls> calls = NewSystemConnectCalls());

// Families interleaved, the first address's family first (RFC 8305, 4).
std::vector<SocketAddress> InterleaveFamilies(
    std::vector<SocketAddress> addresses);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_DIALER_H_
