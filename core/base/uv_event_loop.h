// SPDX-License-Identifier: MPL-2.0

// The event loop that comes with Holdfast, on libuv: on a loop of its own for
// blocking calls, or on the loop of a program that has one.
//
//   auto loop = UvEventLoop::Create();
//   ...
//   (*loop)->RunUntil([&done] { return done; });

#ifndef HOLDFAST_CORE_BASE_UV_EVENT_LOOP_H_
#define HOLDFAST_CORE_BASE_UV_EVENT_LOOP_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "holdfast/core/base/event_loop.h"

struct uv_loop_s;  // uv_loop_t

#pragma GCC visibility push(default)
namespace holdfast {

// Ownership: owns its libuv loop, unless it wraps another's. Must not be
// destroyed from inside one of its callbacks.
// Thread safety: as EventLoop.
class UvEventLoop : public EventLoop {
 public:
  // On a new loop. Errors: kOutOfResources.
  static absl::StatusOr<std::unique_ptr<UvEventLoop>> Create();
  // On `loop`, which its owner runs; it must run once more after *this was
  // destroyed (uv_loop_close fails until then), and does not run dry before.
  // Errors: kOutOfResources.
  static absl::StatusOr<std::unique_ptr<UvEventLoop>> Wrap(uv_loop_s* loop);

  // Callbacks that were posted and not called are dropped.
  ~UvEventLoop() override;

  UvEventLoop(const UvEventLoop&) = delete;
  UvEventLoop& operator=(const UvEventLoop&) = delete;

  // A descriptor that epoll cannot watch, such as a regular file, counts as
  // always ready. Whether it blocks, which other processes may share, is left
  // as it is.
  std::unique_ptr<Registration> Watch(int fd, Interest interest,
                                      Callback on_ready) override;
  std::unique_ptr<Registration> StartTimer(absl::Duration delay,
                                           Callback on_expiry) override;
  void Post(Callback callback) override;
  absl::Duration Now() const override;

  // Runs the loop until `done` returns true; asks it at first and after each
  // batch of callbacks. Not from inside a callback.
  void RunUntil(const std::function<bool()>& done);

  // For a program that waits elsewhere, with poll(2) or the like: until
  // poll_fd() is readable, PollTimeout() milliseconds at most (-1: for ever),
  // which is to be asked for each wait. Then RunReady() calls what is due, and
  // never waits. Not from inside a callback.
  int poll_fd() const;
  int PollTimeout() const;
  void RunReady();

 private:
  struct State;
  class SoonRegistration;
  // Lets a loop of our own close its handles, and frees it.
  struct LoopCloser {
    void operator()(uv_loop_s* loop) const;
  };
  using OwnLoop = std::unique_ptr<uv_loop_s, LoopCloser>;

  UvEventLoop(OwnLoop own_loop, State* state)
      : own_loop_(std::move(own_loop)), state_(state) {}
  static absl::StatusOr<std::unique_ptr<UvEventLoop>> CreateOn(
      uv_loop_s* loop, OwnLoop own_loop);

  const OwnLoop own_loop_;  // null if wrapped
  State* const state_;      // freed when libuv has closed its handles
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_BASE_UV_EVENT_LOOP_H_
