// SPDX-License-Identifier: MPL-2.0

// The only place that waits: descriptors, timers, and calls from other threads.
//
// A small interface so that Holdfast can live in anybody's loop. The one that
// comes with it stands in uv_event_loop.h.
//
// Ownership: a Registration is owned by who asked for it; destroying it ends
// the watch or timer, also from inside its own callback. A loop outlives its
// registrations.
// Thread safety: everything on the loop's own thread, but for Post().

#ifndef HOLDFAST_CORE_BASE_EVENT_LOOP_H_
#define HOLDFAST_CORE_BASE_EVENT_LOOP_H_

#include <functional>
#include <memory>

#include "absl/time/time.h"

#pragma GCC visibility push(default)
namespace holdfast {

// What to wait for on a descriptor.
enum class Interest { kRead, kWrite, kReadWrite };

class EventLoop {
 public:
  using Callback = std::function<void()>;

  class Registration {
   public:
    virtual ~Registration() = default;
  };

  virtual ~EventLoop() = default;

  // Calls `on_ready` each time that `fd` is ready (level-triggered; errors and
  // hang-up count as ready). At most one watch per descriptor at a time. The
  // watch must end before the descriptor is closed.
  [[nodiscard]] virtual std::unique_ptr<Registration> Watch(
      int fd, Interest interest, Callback on_ready) = 0;

  // Calls `on_expiry` once, `delay` from now; if that is not positive, soon,
  // but after what else is due. Never from inside this call.
  [[nodiscard]] virtual std::unique_ptr<Registration> StartTimer(
      absl::Duration delay, Callback on_expiry) = 0;

  // Calls `callback` on the loop's thread, soon, never from inside this call.
  // Any thread may call it while the loop exists.
  virtual void Post(Callback callback) = 0;

  // Time since some fixed point, monotonic, as the timers see it.
  virtual absl::Duration Now() const = 0;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_BASE_EVENT_LOOP_H_
