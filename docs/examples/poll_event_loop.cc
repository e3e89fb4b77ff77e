// SPDX-License-Identifier: 0BSD

#include "poll_event_loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>

#include "absl/memory/memory.h"
#include "absl/status/status.h"

namespace holdfast::example {
namespace {

short ToPollEvents(Interest interest) {
  switch (interest) {
    case Interest::kRead:
      return POLLIN;
    case Interest::kWrite:
      return POLLOUT;
    case Interest::kReadWrite:
      return POLLIN | POLLOUT;
  }
  return 0;
}

// Ends a watch or a timer: calls `end` when it goes.
class Ending final : public EventLoop::Registration {
 public:
  explicit Ending(EventLoop::Callback end) : end_(std::move(end)) {}
  ~Ending() override { end_(); }

 private:
  const EventLoop::Callback end_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PollEventLoop>> PollEventLoop::Create() {
  UniqueFd wake_up(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake_up.valid()) return absl::ResourceExhaustedError("no eventfd");
  return absl::WrapUnique(new PollEventLoop(std::move(wake_up)));
}

std::unique_ptr<EventLoop::Registration> PollEventLoop::Watch(
    int fd, Interest interest, Callback on_ready) {
  const uint64_t id = next_id_++;
  watches_[id] = {fd, ToPollEvents(interest),
                  std::make_shared<const Callback>(std::move(on_ready))};
  return std::make_unique<Ending>([this, id] { watches_.erase(id); });
}

std::unique_ptr<EventLoop::Registration> PollEventLoop::StartTimer(
    absl::Duration delay, Callback on_expiry) {
  const TimerKey key(Now() + std::max(delay, absl::ZeroDuration()), next_id_++);
  timers_[key] = std::move(on_expiry);
  return std::make_unique<Ending>([this, key] { timers_.erase(key); });
}

void PollEventLoop::Post(Callback callback) {
  // Locked until the loop is awake: the callback may be what leads to the end
  // of the loop, which this thread then must not touch any more.
  std::lock_guard<std::mutex> lock(mutex_);
  posted_.push_back(std::move(callback));
  const uint64_t one = 1;
  // It fails only if 2^64 - 2 calls wait already; then the loop is awake.
  [[maybe_unused]] const ssize_t written =
      write(wake_up_.get(), &one, sizeof one);
}

absl::Duration PollEventLoop::Now() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

void PollEventLoop::RunOnce() {
  std::vector<pollfd> fds;
  std::vector<uint64_t> ids;
  for (const auto& [id, watched] : watches_) {
    fds.push_back({watched.fd, watched.events, 0});
    ids.push_back(id);
  }
  fds.push_back({wake_up_.get(), POLLIN, 0});
  if (poll(fds.data(), fds.size(), PollTimeout()) > 0) {
    if (fds.back().revents != 0) RunPosted();
    for (size_t i = 0; i < ids.size(); ++i) {
      if (fds[i].revents != 0) RunWatch(ids[i]);
    }
  }
  RunTimers();
}

void PollEventLoop::RunUntil(const std::function<bool()>& done) {
  while (!done()) RunOnce();
}

// In milliseconds, rounded up so that no turn is in vain; -1: for ever.
int PollEventLoop::PollTimeout() const {
  if (timers_.empty()) return -1;
  const absl::Duration left = timers_.begin()->first.first - Now();
  if (left == absl::InfiniteDuration()) return -1;
  const int64_t milliseconds =
      absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1)));
  return static_cast<int>(std::clamp<int64_t>(milliseconds, 0, INT_MAX));
}

void PollEventLoop::RunPosted() {
  std::vector<Callback> callbacks;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    callbacks.swap(posted_);
    uint64_t count;
    [[maybe_unused]] const ssize_t got =
        read(wake_up_.get(), &count, sizeof count);
  }
  for (const Callback& callback : callbacks) callback();
}

// Nothing if it has ended in this turn. By its id, not its descriptor, which
// may be another's by now.
void PollEventLoop::RunWatch(uint64_t id) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  const std::shared_ptr<const Callback> on_ready = found->second.on_ready;
  (*on_ready)();
}

void PollEventLoop::RunTimers() {
  // Those that are due now: a chain of timers that each start the next would
  // keep everything else waiting.
  std::vector<TimerKey> due;
  const auto first_later = timers_.upper_bound({Now(), UINT64_MAX});
  for (auto timer = timers_.begin(); timer != first_later; ++timer) {
    due.push_back(timer->first);
  }
  for (const TimerKey& key : due) {
    // Taken out, since it fires once; gone already if one before it ended it.
    const auto timer = timers_.extract(key);
    if (!timer.empty()) timer.mapped()();
  }
}

}  // namespace holdfast::example
