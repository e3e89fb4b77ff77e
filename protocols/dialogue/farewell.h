// SPDX-License-Identifier: MPL-2.0

// Leaving politely: LOGOUT or QUIT, the answer, close_notify.

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_FAREWELL_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_FAREWELL_H_

#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/protocols/dialogue/connection.h"

#pragma GCC visibility push(default)
namespace holdfast {

// A courtesy: whatever goes wrong, it ends, and nobody is told.
// Ownership: owns the connection. Thread safety: the loop's thread.
class Farewell {
 public:
  // Calls `on_done` once, after `limit` at the latest, never from inside this
  // call. The callback may destroy the farewell.
  [[nodiscard]] static std::unique_ptr<Farewell> Start(
      EventLoop* loop, std::unique_ptr<Connection> connection,
      absl::Duration limit, std::function<void()> on_done);

  virtual ~Farewell() = default;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_FAREWELL_H_
