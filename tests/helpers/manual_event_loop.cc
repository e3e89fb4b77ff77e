// Maps in place of a kernel.

#include "holdfast/tests/helpers/manual_event_loop.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace holdfast {
namespace {

// Erases `key` from `entries` when it goes; nothing if it has gone before.
template <typename Map>
class MapRegistration : public EventLoop::Registration {
 public:
  MapRegistration(Map* entries, typename Map::key_type key)
      : entries_(entries), key_(key) {}
  ~MapRegistration() override { entries_->erase(key_); }

 private:
  Map* const entries_;
  const typename Map::key_type key_;
};

}  // namespace

ManualEventLoop::~ManualEventLoop() {
  EXPECT_EQ(watches_.size(), 0u) << "descriptors are still watched";
  EXPECT_EQ(timers_.size(), 0u) << "timers are still running";
  EXPECT_EQ(posted_.size(), 0u) << "posted calls were never run";
}

std::unique_ptr<EventLoop::Registration> ManualEventLoop::Watch(
    int fd, Interest interest, Callback on_ready) {
  const bool inserted =
      watches_.emplace(fd, WatchEntry{interest, std::move(on_ready)}).second;
  EXPECT_TRUE(inserted) << "two watches on descriptor " << fd;
  return std::make_unique<MapRegistration<decltype(watches_)>>(&watches_, fd);
}

std::unique_ptr<EventLoop::Registration> ManualEventLoop::StartTimer(
    absl::Duration delay, Callback on_expiry) {
  const TimerKey key = {now_ + std::max(delay, absl::ZeroDuration()),
                        timers_started_++};
  timers_.emplace(key, std::move(on_expiry));
  return std::make_unique<MapRegistration<decltype(timers_)>>(&timers_, key);
}

void ManualEventLoop::Post(Callback callback) {
  std::lock_guard<std::mutex> lock(mutex_);
  posted_.push_back(std::move(callback));
}

void ManualEventLoop::Advance(absl::Duration duration) {
  const absl::Duration end = now_ + duration;
  RunPosted();
  while (!timers_.empty() && timers_.begin()->first.first <= end) {
    auto timer = timers_.extract(timers_.begin());
    now_ = timer.key().first;
    timer.mapped()();
    RunPosted();
  }
  now_ = end;
}

void ManualEventLoop::RunPosted() {
  while (true) {
    std::vector<Callback> batch;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      batch.swap(posted_);
    }
    if (batch.empty()) return;
    for (const Callback& callback : batch) callback();
  }
}

void ManualEventLoop::MarkReady(int fd) {
  const auto watch = watches_.find(fd);
  ASSERT_NE(watch, watches_.end()) << "nobody watches descriptor " << fd;
  const Callback on_ready = watch->second.on_ready;  // it may end the watch
  on_ready();
}

std::optional<Interest> ManualEventLoop::WatchedFor(int fd) const {
  const auto watch = watches_.find(fd);
  if (watch == watches_.end()) return std::nullopt;
  return watch->second.interest;
}

}  // namespace holdfast
