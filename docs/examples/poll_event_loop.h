// SPDX-License-Identifier: 0BSD

// Holdfast's event loop on a bare poll(2): for programs that have no loop, and
// as the smallest complete example of an EventLoop. Yours to take over.
//
//   auto loop = PollEventLoop::Create();
//   ...
//   (*loop)->RunUntil([&done] { return done; });

#ifndef HOLDFAST_DOCS_EXAMPLES_POLL_EVENT_LOOP_H_
#define HOLDFAST_DOCS_EXAMPLES_POLL_EVENT_LOOP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast::example {

// Must not be destroyed from inside one of its callbacks. Thread safety: as
// EventLoop.
class PollEventLoop final : public EventLoop {
 public:
  // Errors: kResourceExhausted.
  static absl::StatusOr<std::unique_ptr<PollEventLoop>> Create();

  std::unique_ptr<Registration> Watch(int fd, Interest interest,
                                      Callback on_ready) override;
  std::unique_ptr<Registration> StartTimer(absl::Duration delay,
                                           Callback on_expiry) override;
  void Post(Callback callback) override;
  absl::Duration Now() const override;

  // Waits until something is due, and calls all that is back: what was posted,
  // watches, timers. Not from inside a callback.
  void RunOnce();
  // Runs until `done` returns true; asks it at first and after each turn.
  void RunUntil(const std::function<bool()>& done);

 private:
  struct Watched {
    int fd;
    short events;
    std::shared_ptr<const Callback> on_ready;  // may end its own watch
  };
  // When it is due, and its number among all.
  using TimerKey = std::pair<absl::Duration, uint64_t>;

  explicit PollEventLoop(UniqueFd wake_up) : wake_up_(std::move(wake_up)) {}
  int PollTimeout() const;
  void RunPosted();
  void RunWatch(uint64_t id);
  void RunTimers();

  uint64_t next_id_ = 0;  // of a watch or timer
  std::map<uint64_t, Watched> watches_;
  std::map<TimerKey, Callback> timers_;
  const UniqueFd wake_up_;  // readable if there is something in `posted_`
  std::mutex mutex_;
  // Guarded by mutex_. Last, since what was posted may hold registrations.
  std::vector<Callback> posted_;
};

}  // namespace holdfast::example

#endif  // HOLDFAST_DOCS_EXAMPLES_POLL_EVENT_LOOP_H_
