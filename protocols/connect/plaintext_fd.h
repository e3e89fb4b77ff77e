// SPDX-License-Identifier: MPL-2.0

// A connection as an ordinary socket whose other end Holdfast encrypts, for
// clients that want a descriptor.

#ifndef HOLDFAST_PROTOCOLS_CONNECT_PLAINTEXT_FD_H_
#define HOLDFAST_PROTOCOLS_CONNECT_PLAINTEXT_FD_H_

#include <memory>

#include "absl/status/statusor.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/protocols/dialogue/connection.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Returns one end of a socket pair, blocking; `loop` serves the other until
// either side ends, and must run for as long. shutdown(SHUT_WR) is passed on to
// the server as close_notify; the server's end is seen as end of file.
// Errors: kOutOfResources.
absl::StatusOr<UniqueFd> TakePlaintextFd(
    EventLoop* loop, std::unique_ptr<Connection> connection);

// The same, served by a thread of its own, which ends with the connection.
absl::StatusOr<UniqueFd> TakePlaintextFd(
    std::unique_ptr<Connection> connection);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_CONNECT_PLAINTEXT_FD_H_
