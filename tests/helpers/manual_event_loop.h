// An event loop without a system: the test moves the clock, says what is ready
// and when posted calls run. For tests at one microsecond before a timeout and
// exactly at it.
//
//   ManualEventLoop loop;
//   auto request = dialer->Dial(...);
//   loop.Advance(absl::Milliseconds(250));
//   loop.MarkReady(fd);

#ifndef HOLDFAST_TESTS_HELPERS_MANUAL_EVENT_LOOP_H_
#define HOLDFAST_TESTS_HELPERS_MANUAL_EVENT_LOOP_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/core/base/event_loop.h"

namespace holdfast {

// Its destructor fails the test if anything is left registered or posted.
class ManualEventLoop : public EventLoop {
 public:
  ManualEventLoop() = default;
  ~ManualEventLoop() override;

  std::unique_ptr<Registration> Watch(int fd, Interest interest,
                                      Callback on_ready) override;
  std::unique_ptr<Registration> StartTimer(absl::Duration delay,
                                           Callback on_expiry) override;
  void Post(Callback callback) override;
  absl::Duration Now() const override { return now_; }

  // Moves the clock on by `duration`. Each timer that falls due sees its own
  // time; of several at one time the first started is the first to fire.
  // Posted calls run before the first timer and after each.
  void Advance(absl::Duration duration);
  // Runs what is posted, and what that posts.
  void RunPosted();
  // Calls who watches `fd`; fails the test if nobody does.
  void MarkReady(int fd);

  // What `fd` is watched for; nullopt if it is not.
  std::optional<Interest> WatchedFor(int fd) const;
  size_t timers() const { return timers_.size(); }

 private:
  struct WatchEntry {
    Interest interest;
    Callback on_ready;
  };
  // When it is due, and the how manieth it is.
  using TimerKey = std::pair<absl::Duration, uint64_t>;

  absl::Duration now_;
  std::map<int, WatchEntry> watches_;
  std::map<TimerKey, Callback> timers_;
  uint64_t timers_started_ = 0;
  std::mutex mutex_;
  std::vector<Callback> posted_;  // guarded by mutex_
};

}  // namespace holdfast

#endif  // HOLDFAST_TESTS_HELPERS_MANUAL_EVENT_LOOP_H_
