// SPDX-License-Identifier: MPL-2.0

// Ways to a server that a client makes itself: a socket for each attempt, or
// one connection that is there already.

#ifndef HOLDFAST_CORE_NET_SOCKET_FACTORY_H_
#define HOLDFAST_CORE_NET_SOCKET_FACTORY_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/core/net/dialer.h"

#pragma GCC visibility push(default)
namespace holdfast {

// What stands between a socket and the server.
enum class SocketPath {
  // Nothing but the network. That the connection ends when the server sees a
  // TLS hello counts as the server's doing, and less is offered.
  kDirect,
  // Something that may end it by itself: a proxy, a tunnel, a relay. Then it
  // does not, and what a silence leads to is not remembered. To be chosen if in
  // doubt: a fault of the way must not pass for one of the server.
  kThroughProxy,
};

// A connected stream socket, of which nothing was read or written yet.
struct FactorySocket {
  FactorySocket(UniqueFd descriptor, SocketPath stands_between)
      : fd(std::move(descriptor)), path(stands_between) {}

  UniqueFd fd;
  SocketPath path;
};

// Makes a new socket that is connected to the server, or says why not, once, at
// any time, on any thread, even when the loop is gone. A status of absl's own
// counts as kNetworkError, and so does `on_socket` if its last copy goes before
// it was called. Called on the loop; must not wait, nor destroy the operation
// that asks.
using SocketFactory = std::function<void(
    const Endpoint& server,
    std::function<void(absl::StatusOr<FactorySocket>)> on_socket)>;

// Each attempt asks `factory` for a socket, with the server's name as it is:
// the resolver is not used. Makes the descriptor non-blocking and
// close-on-exec, and sets TCP_NODELAY where it is TCP. What comes after the
// attempt has ended is closed, and needs no loop.
std::unique_ptr<Dialer> NewFactoryDialer(EventLoop* loop,
                                         SocketFactory factory);

// The first attempt gets `socket`; each later one fails with kNoNewConnection,
// for a retry needs a new socket (promise 3). The cause that is reported stays
// the first failure. Whoever uses it sets `policy.fallback = false`: else the
// socket has a part of the time only, and what is left goes to attempts that
// cannot be made.
std::unique_ptr<Dialer> NewConnectedDialer(EventLoop* loop,
                                           FactorySocket socket);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_NET_SOCKET_FACTORY_H_
