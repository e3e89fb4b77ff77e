// libuv's loop behind our interface: descriptors that come and go, timers that
// are never early, calls from other threads.

#include "core/uv_event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <uv.h>

#include <string>
#include <thread>
#include <vector>

#include "core/unique_fd.h"

namespace holdfast {
namespace {

struct SocketPair {
  SocketPair() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    ours.reset(fds[0]);
    theirs.reset(fds[1]);
  }
  void TheySend() { EXPECT_EQ(write(theirs.get(), "x", 1), 1); }

  UniqueFd ours;
  UniqueFd theirs;
};

class UvEventLoopTest : public ::testing::Test {
 protected:
  // Runs all that is ready now.
  void RunReady() {
    bool done = false;
    const auto timer =
        loop_->StartTimer(absl::Milliseconds(5), [&done] { done = true; });
    loop_->RunUntil([&done] { return done; });
  }

  std::unique_ptr<UvEventLoop> loop_ = *UvEventLoop::Create();
};

TEST_F(UvEventLoopTest, RunUntilDoesNothingIfDoneAlready) {
  loop_->Post([] { FAIL(); });
  loop_->RunUntil([] { return true; });
}

TEST_F(UvEventLoopTest, AWatchFiresAgainUntilTheBytesAreRead) {
  SocketPair pair;
  pair.TheySend();
  int calls = 0;
  const auto watch = loop_->Watch(pair.ours.get(), Interest::kRead, [&] {
    if (++calls < 3) return;
    char byte;
    EXPECT_EQ(read(pair.ours.get(), &byte, 1), 1);
  });
  loop_->RunUntil([&] { return calls == 3; });
  RunReady();
  EXPECT_EQ(calls, 3);
}

TEST_F(UvEventLoopTest, AChainOfZeroTimersLetsOthersHaveTheirTurn) {
  SocketPair pair;
  pair.TheySend();
  bool timer_fired = false, watch_fired = false;
  const auto timer =
      loop_->StartTimer(absl::Milliseconds(1), [&] { timer_fired = true; });
  std::unique_ptr<EventLoop::Registration> watch =
      loop_->Watch(pair.ours.get(), Interest::kRead, [&] {
        watch_fired = true;
        watch.reset();
      });
  std::unique_ptr<EventLoop::Registration> link;
  int links = 0;
  const std::function<void()> next = [&] {
    if (++links < 1'000'000 && !(timer_fired && watch_fired)) {
      link = loop_->StartTimer(absl::ZeroDuration(), next);
    }
  };
  next();
  loop_->RunUntil([&] { return timer_fired && watch_fired; });
  EXPECT_LT(links, 1'000'000);
}

TEST_F(UvEventLoopTest, ZeroTimersFireInOrderUnlessTheyEnd) {
  std::string order;
  std::unique_ptr<EventLoop::Registration> b;
  const auto a = loop_->StartTimer(absl::ZeroDuration(), [&] {
    order += 'a';
    b.reset();
  });
  b = loop_->StartTimer(absl::ZeroDuration(), [&] { order += 'b'; });
  const auto c = loop_->StartTimer(absl::ZeroDuration(), [&] { order += 'c'; });
  RunReady();
  EXPECT_EQ(order, "ac");
}

TEST_F(UvEventLoopTest, AnEmptySocketIsWritableAndNotReadable) {
  SocketPair pair;
  SocketPair other;
  bool writable = false;
  const auto write_watch =
      loop_->Watch(pair.ours.get(), Interest::kWrite, [&] { writable = true; });
  const auto read_watch =
      loop_->Watch(other.ours.get(), Interest::kRead, [] { FAIL(); });
  loop_->RunUntil([&] { return writable; });
}

TEST_F(UvEventLoopTest, AHangUpCountsAsReadyForEachInterest) {
  for (Interest interest :
       {Interest::kRead, Interest::kWrite, Interest::kReadWrite}) {
    SocketPair pair;
    pair.theirs.reset();
    bool ready = false;
    const auto watch =
        loop_->Watch(pair.ours.get(), interest, [&] { ready = true; });
    loop_->RunUntil([&] { return ready; });
  }
}

TEST_F(UvEventLoopTest, AnErrorStaysReady) {
  // Unread bytes at the peer's close make an error here: a reset.
  SocketPair pair;
  ASSERT_EQ(write(pair.ours.get(), "x", 1), 1);
  pair.theirs.reset();
  int calls = 0;
  const auto watch =
      loop_->Watch(pair.ours.get(), Interest::kWrite, [&] { ++calls; });
  loop_->RunUntil([&] { return calls == 3; });
}

TEST_F(UvEventLoopTest, AWatchMayEndInsideItsOwnCallback) {
  SocketPair pair;
  pair.TheySend();
  std::unique_ptr<EventLoop::Registration> watch;
  auto witness = std::make_shared<int>(0);
  watch = loop_->Watch(pair.ours.get(), Interest::kRead, [&watch, witness] {
    watch.reset();
    ++*witness;
  });
  loop_->RunUntil([&] { return *witness == 1; });
  EXPECT_EQ(witness.use_count(), 1) << "the callback outlived its watch";
  RunReady();
  EXPECT_EQ(*witness, 1);
}

TEST_F(UvEventLoopTest, AWatchMayEndInsideTheCallbackOfAnother) {
  SocketPair a;
  SocketPair b;
  a.TheySend();
  b.TheySend();
  int calls = 0;
  std::unique_ptr<EventLoop::Registration> watch_a;
  std::unique_ptr<EventLoop::Registration> watch_b;
  const auto end_both = [&] {
    ++calls;
    watch_a.reset();
    watch_b.reset();
  };
  watch_a = loop_->Watch(a.ours.get(), Interest::kRead, end_both);
  watch_b = loop_->Watch(b.ours.get(), Interest::kRead, end_both);
  RunReady();
  EXPECT_EQ(calls, 1);
}

TEST_F(UvEventLoopTest, ADescriptorMayBeWatchedAgainAtOnceAndClosedAtOnce) {
  int calls = 0;
  for (int i = 0; i < 100; ++i) {
    SocketPair pair;  // the same numbers each time
    pair.TheySend();
    auto watch =
        loop_->Watch(pair.ours.get(), Interest::kWrite, [] { FAIL(); });
    watch.reset();
    watch = loop_->Watch(pair.ours.get(), Interest::kRead, [&] { ++calls; });
    loop_->RunUntil([&] { return calls == i + 1; });
    watch.reset();
  }
}

TEST_F(UvEventLoopTest, ARegularFileIsAlwaysReady) {
  const UniqueFd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  int calls = 0;
  const auto watch =
      loop_->Watch(file.get(), Interest::kRead, [&] { ++calls; });
  loop_->RunUntil([&] { return calls == 3; });
}

TEST_F(UvEventLoopTest, TimersAreNeverEarly) {
  for (int i = 0; i < 20; ++i) {
    const absl::Duration delay = absl::Microseconds(137 * i);
    const absl::Duration start = loop_->Now();
    bool fired = false;
    const auto timer = loop_->StartTimer(delay, [&] { fired = true; });
    loop_->RunUntil([&] { return fired; });
    EXPECT_GE(loop_->Now() - start, delay);
  }
}

TEST_F(UvEventLoopTest, TimersFireInOrderAndOnce) {
  std::vector<int> order;
  const auto late =
      loop_->StartTimer(absl::Milliseconds(4), [&] { order.push_back(3); });
  const auto soon =
      loop_->StartTimer(absl::Milliseconds(1), [&] { order.push_back(2); });
  const auto at_once =
      loop_->StartTimer(-absl::InfiniteDuration(), [&] { order.push_back(1); });
  const auto never =
      loop_->StartTimer(absl::InfiniteDuration(), [&] { order.push_back(4); });
  EXPECT_TRUE(order.empty()) << "called from inside StartTimer()";
  loop_->RunUntil([&] { return order.size() == 3; });
  RunReady();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_F(UvEventLoopTest, AnEndedTimerDoesNotFire) {
  auto timer = loop_->StartTimer(absl::ZeroDuration(), [] { FAIL(); });
  timer.reset();
  RunReady();
}

TEST_F(UvEventLoopTest, ADueTimerEndsTheRunWithoutWaitingForMore) {
  // Due before the loop runs at all, with nothing after it to wake the loop.
  bool fired = false;
  const auto timer =
      loop_->StartTimer(absl::ZeroDuration(), [&] { fired = true; });
  loop_->RunUntil([&] { return fired; });
}

TEST_F(UvEventLoopTest, PostedCallsRunInOrderNeverInsidePost) {
  std::vector<int> order;
  loop_->Post([&] {
    loop_->Post([&] { order.push_back(3); });
    order.push_back(1);
  });
  loop_->Post([&] { order.push_back(2); });
  EXPECT_TRUE(order.empty());
  loop_->RunUntil([&] { return order.size() == 3; });
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_F(UvEventLoopTest, AnyThreadMayPost) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 250;
  int calls = 0;  // counted on the loop's thread only
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kCalls; ++j) loop_->Post([&calls] { ++calls; });
    });
  }
  loop_->RunUntil([&] { return calls == kThreads * kCalls; });
  for (std::thread& thread : threads) thread.join();
}

TEST_F(UvEventLoopTest, DestructionDropsWhatWasPosted) {
  const auto witness = std::make_shared<int>(0);
  loop_->Post([witness] { FAIL(); });
  loop_.reset();
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(UvEventLoopTest, APostedCallMayHoldARegistration) {
  std::shared_ptr<EventLoop::Registration> timer =
      loop_->StartTimer(absl::Hours(1), [] {});
  loop_->Post([timer = std::move(timer)] {});
  loop_.reset();
}

TEST(UvEventLoopWrapTest, LivesOnTheLoopOfAnother) {
  uv_loop_t theirs;
  ASSERT_EQ(uv_loop_init(&theirs), 0);
  std::unique_ptr<UvEventLoop> loop = *UvEventLoop::Wrap(&theirs);
  SocketPair pair;
  pair.TheySend();
  bool watched = false;
  bool timed = false;
  bool posted = false;
  auto watch =
      loop->Watch(pair.ours.get(), Interest::kRead, [&] { watched = true; });
  auto timer = loop->StartTimer(absl::ZeroDuration(), [&] { timed = true; });
  loop->Post([&] { posted = true; });
  while (!watched || !timed || !posted) uv_run(&theirs, UV_RUN_ONCE);
  watch.reset();
  timer.reset();
  loop.reset();
  uv_run(&theirs, UV_RUN_DEFAULT);
  EXPECT_EQ(uv_loop_close(&theirs), 0);
}

}  // namespace
}  // namespace holdfast
