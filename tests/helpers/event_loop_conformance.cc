#include "holdfast/tests/helpers/event_loop_conformance.h"

#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "holdfast/tests/helpers/socket_pair.h"

namespace holdfast::test {

using Registration = std::unique_ptr<EventLoop::Registration>;

// Turns are counted: a timer that is due may come before what is ready, but not
// three of them, each started by the one before.
void EventLoopConformanceTest::RunReady() {
  int turns = 0;
  Registration timer;
  const std::function<void()> next = [&] {
    if (++turns < 3) timer = loop()->StartTimer(absl::Milliseconds(2), next);
  };
  timer = loop()->StartTimer(absl::Milliseconds(2), next);
  RunUntil([&turns] { return turns == 3; });
}

namespace {

constexpr Interest kInterests[] = {Interest::kRead, Interest::kWrite,
                                   Interest::kReadWrite};

const absl::Duration kNoDelays[] = {absl::ZeroDuration(), absl::Seconds(-1),
                                    -absl::InfiniteDuration()};

// Its client's end has something to read.
struct ReadablePair : SocketPair {
  ReadablePair() { SendAll(server, "x"); }
};

// Returns when `deadline` has passed, by the loop's own clock.
void SpinUntil(const EventLoop& loop, absl::Duration deadline) {
  while (loop.Now() < deadline) std::this_thread::yield();
}

// Watches.

TEST_P(EventLoopConformanceTest, AWatchFiresAgainUntilTheBytesAreRead) {
  const ReadablePair pair;
  int calls = 0;
  const Registration watch =
      loop()->Watch(pair.client.get(), Interest::kRead, [&] {
        if (++calls < 3) return;
        EXPECT_EQ(ReadAll(pair.client), calls == 3 ? "x" : "y");
      });
  EXPECT_EQ(calls, 0) << "called from inside Watch()";
  RunUntil([&] { return calls >= 3; });
  RunReady();
  EXPECT_EQ(calls, 3);
  SendAll(pair.server, "y");
  RunUntil([&] { return calls >= 4; });
}

TEST_P(EventLoopConformanceTest, OnlyWhatIsWatchedForCounts) {
  const SocketPair write_only, read_only, both;
  bool writable = false, either = false;
  const Registration write_watch = loop()->Watch(
      write_only.client.get(), Interest::kWrite, [&] { writable = true; });
  const Registration read_watch =
      loop()->Watch(read_only.client.get(), Interest::kRead, [] { FAIL(); });
  const Registration both_watch = loop()->Watch(
      both.client.get(), Interest::kReadWrite, [&] { either = true; });
  RunUntil([&] { return writable && either; });
  RunReady();
}

TEST_P(EventLoopConformanceTest, AWatchForBothFiresForBytesAlone) {
  SocketPair pair;
  const std::string block(4096, 'x');
  while (send(pair.client.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0)
    ;
  int calls = 0;
  const Registration watch =
      loop()->Watch(pair.client.get(), Interest::kReadWrite, [&] { ++calls; });
  RunReady();
  EXPECT_EQ(calls, 0) << "full, and nothing to read";
  SendAll(pair.server, "x");
  RunUntil([&] { return calls > 0; });
}

TEST_P(EventLoopConformanceTest, AHangUpCountsAsReadyForEachInterest) {
  for (const Interest interest : kInterests) {
    SocketPair pair;
    pair.server.reset();
    int calls = 0;
    const Registration watch =
        loop()->Watch(pair.client.get(), interest, [&] { ++calls; });
    RunUntil([&] { return calls == 3; });
  }
}

TEST_P(EventLoopConformanceTest, AnErrorCountsAsReadyForEachInterest) {
  for (const Interest interest : kInterests) {
    // Unread bytes at the peer's close make an error here: a reset.
    SocketPair pair;
    SendAll(pair.client, "x");
    pair.server.reset();
    int calls = 0;
    const Registration watch =
        loop()->Watch(pair.client.get(), interest, [&] { ++calls; });
    RunUntil([&] { return calls == 3; });
  }
}

TEST_P(EventLoopConformanceTest, AWatchMayEndInsideItsOwnCallback) {
  const ReadablePair pair;
  const auto witness = std::make_shared<int>(0);
  Registration watch;
  watch = loop()->Watch(pair.client.get(), Interest::kRead, [&watch, witness] {
    watch.reset();
    ++*witness;  // the callback lives while it runs
  });
  RunUntil([&] { return *witness > 0; });
  EXPECT_EQ(witness.use_count(), 1) << "the callback outlived its watch";
  RunReady();
  EXPECT_EQ(*witness, 1);
}

TEST_P(EventLoopConformanceTest, AWatchMayEndInsideTheCallbackOfAnother) {
  const ReadablePair a, b;
  int calls = 0;
  Registration watch_a, watch_b;
  const auto end_both = [&] {
    ++calls;
    watch_a.reset();
    watch_b.reset();
  };
  watch_a = loop()->Watch(a.client.get(), Interest::kRead, end_both);
  watch_b = loop()->Watch(b.client.get(), Interest::kRead, end_both);
  RunReady();
  EXPECT_EQ(calls, 1);
}

TEST_P(EventLoopConformanceTest, ANewWatchIsNotToldWhatAnOldOneSaw) {
  // Both are ready at once; whichever is called first empties the other and
  // watches the same descriptor anew.
  const ReadablePair a, b;
  Registration watch_a, watch_b;
  int calls = 0;
  const auto empty = [&](const SocketPair& pair, Registration* watch) {
    watch->reset();
    EXPECT_EQ(ReadAll(pair.client), "x");
    *watch = loop()->Watch(pair.client.get(), Interest::kRead,
                           [] { ADD_FAILURE() << "there is nothing to read"; });
  };
  watch_a = loop()->Watch(a.client.get(), Interest::kRead, [&] {
    ++calls;
    empty(b, &watch_b);
    watch_a.reset();
  });
  watch_b = loop()->Watch(b.client.get(), Interest::kRead, [&] {
    ++calls;
    empty(a, &watch_a);
    watch_b.reset();
  });
  RunReady();
  EXPECT_EQ(calls, 1);
}

TEST_P(EventLoopConformanceTest, ADescriptorMayBeWatchedAgainAndClosedAtOnce) {
  int calls = 0;
  for (int i = 0; i < 100; ++i) {
    const ReadablePair pair;  // the same numbers each time
    Registration watch =
        loop()->Watch(pair.client.get(), Interest::kWrite, [] { FAIL(); });
    watch.reset();
    watch = loop()->Watch(pair.client.get(), Interest::kRead, [&] { ++calls; });
    RunUntil([&] { return calls == i + 1; });
    watch.reset();
  }
}

TEST_P(EventLoopConformanceTest, AWatchMayBeChangedInsideItsCallback) {
  const SocketPair pair;
  Registration watch;
  bool read = false;
  watch = loop()->Watch(pair.client.get(), Interest::kWrite, [&] {
    watch.reset();
    watch = loop()->Watch(pair.client.get(), Interest::kRead, [&] {
      read = true;
      watch.reset();
    });
    SendAll(pair.server, "x");
  });
  RunUntil([&] { return read; });
}

// Timers.

TEST_P(EventLoopConformanceTest, TimersAreNeverEarly) {
  for (int i = 0; i < 20; ++i) {
    const absl::Duration delay = absl::Nanoseconds(137'001 * i);
    const absl::Duration start = loop()->Now();
    bool fired = false;
    const Registration timer = loop()->StartTimer(delay, [&] {
      fired = true;
      EXPECT_GE(loop()->Now() - start, delay);
    });
    RunUntil([&] { return fired; });
  }
}

TEST_P(EventLoopConformanceTest, ATimerFiresOnceAndLetsLaterOnesWait) {
  std::string order;
  const Registration later =
      loop()->StartTimer(absl::Hours(1), [&] { order += 'l'; });
  const Registration never =
      loop()->StartTimer(absl::InfiniteDuration(), [&] { order += 'n'; });
  const Registration soon =
      loop()->StartTimer(absl::Milliseconds(1), [&] { order += 's'; });
  RunUntil([&] { return !order.empty(); });
  RunReady();
  EXPECT_EQ(order, "s");
}

TEST_P(EventLoopConformanceTest, ATimerWithoutDelayIsCalledSoonAndNotInside) {
  for (const absl::Duration delay : kNoDelays) {
    int calls = 0;
    const Registration timer = loop()->StartTimer(delay, [&] { ++calls; });
    EXPECT_EQ(calls, 0) << "called from inside StartTimer()";
    // Nothing else wakes the loop.
    RunUntil([&] { return calls > 0; });
    RunReady();
    EXPECT_EQ(calls, 1);
  }
}

TEST_P(EventLoopConformanceTest, ATimerWithoutDelayComesAfterOnesThatAreDue) {
  for (const absl::Duration delay : kNoDelays) {
    std::string order;
    const Registration due =
        loop()->StartTimer(absl::Milliseconds(1), [&] { order += 'd'; });
    SpinUntil(*loop(), loop()->Now() + absl::Milliseconds(3));
    const Registration at_once =
        loop()->StartTimer(delay, [&] { order += 'z'; });
    RunUntil([&] { return order.size() == 2; });
    EXPECT_EQ(order, "dz");
  }
}

TEST_P(EventLoopConformanceTest, AChainOfTimersWithoutDelayLetsAllElseRun) {
  constexpr int kTooLong = 100'000;
  const SocketPair pair;
  bool timed = false, watched = false, posted = false;
  const auto all = [&] { return timed && watched && posted; };
  Registration timer, link;
  Registration watch = loop()->Watch(pair.client.get(), Interest::kRead, [&] {
    watched = true;
    watch.reset();
  });
  int links = 0;
  const std::function<void()> next = [&] {
    if (++links == 3) {  // now that the chain is at work
      timer =
          loop()->StartTimer(absl::Microseconds(100), [&] { timed = true; });
      loop()->Post([&] { posted = true; });
      SendAll(pair.server, "x");
    }
    if (links < kTooLong && !all()) {
      link = loop()->StartTimer(absl::ZeroDuration(), next);
    }
  };
  next();
  RunUntil(all);
  EXPECT_LT(links, kTooLong);
}

TEST_P(EventLoopConformanceTest, AWatchThatIsAlwaysReadyLetsTimersFire) {
  const ReadablePair pair;
  const Registration watch =
      loop()->Watch(pair.client.get(), Interest::kRead, [] {});
  bool soon = false, later = false;
  const Registration at_once =
      loop()->StartTimer(absl::ZeroDuration(), [&] { soon = true; });
  const Registration timer =
      loop()->StartTimer(absl::Milliseconds(2), [&] { later = true; });
  RunUntil([&] { return soon && later; });
}

TEST_P(EventLoopConformanceTest, AnEndedTimerDoesNotFire) {
  for (const absl::Duration delay :
       {absl::ZeroDuration(), absl::Milliseconds(1)}) {
    const auto witness = std::make_shared<int>(0);
    Registration timer = loop()->StartTimer(delay, [witness] { FAIL(); });
    timer.reset();
    RunReady();
    EXPECT_EQ(witness.use_count(), 1) << "the callback outlived its timer";
  }
}

TEST_P(EventLoopConformanceTest, ATimerMayEndInsideAnyCallback) {
  for (const absl::Duration delay :
       {absl::ZeroDuration(), absl::Milliseconds(1)}) {
    int calls = 0;
    Registration a, b;
    const auto end_both = [&] {
      ++calls;
      a.reset();
      b.reset();
    };
    a = loop()->StartTimer(delay, end_both);
    b = loop()->StartTimer(delay, end_both);
    SpinUntil(*loop(), loop()->Now() + absl::Milliseconds(3));  // both are due
    RunReady();
    EXPECT_EQ(calls, 1);
  }
}

TEST_P(EventLoopConformanceTest, WatchesTimersAndPostedCallsMayEndEachOther) {
  const ReadablePair pair;
  int calls = 0;
  Registration watch, timer, at_once;
  const auto end_all = [&] {
    if (!watch) return;
    ++calls;
    watch.reset();
    timer.reset();
    at_once.reset();
  };
  watch = loop()->Watch(pair.client.get(), Interest::kRead, end_all);
  timer = loop()->StartTimer(absl::Microseconds(1), end_all);
  at_once = loop()->StartTimer(absl::ZeroDuration(), end_all);
  loop()->Post(end_all);
  RunReady();
  EXPECT_EQ(calls, 1);
}

TEST_P(EventLoopConformanceTest, ATimerMayStartItselfAnew) {
  int calls = 0;
  Registration timer;
  const std::function<void()> again = [&] {
    if (++calls < 5) timer = loop()->StartTimer(absl::Microseconds(10), again);
  };
  timer = loop()->StartTimer(absl::Microseconds(10), again);
  RunUntil([&] { return calls == 5; });
}

// Posted calls.

TEST_P(EventLoopConformanceTest, PostedCallsRunInOrderNeverInsidePost) {
  std::string order;
  loop()->Post([&] {
    loop()->Post([&] { order += 'c'; });
    order += 'a';
  });
  loop()->Post([&] { order += 'b'; });
  EXPECT_TRUE(order.empty());
  RunUntil([&] { return order.size() == 3; });
  RunReady();
  EXPECT_EQ(order, "abc");
}

TEST_P(EventLoopConformanceTest, AnyThreadMayPostAndEachKeepsItsOrder) {
  constexpr int kThreads = 4, kCalls = 250;
  std::vector<int> next(kThreads);  // on the loop's thread only
  int calls = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < kCalls; ++j) {
        loop()->Post([&, i, j] {
          EXPECT_EQ(next[i]++, j);
          ++calls;
        });
      }
    });
  }
  RunUntil([&] { return calls == kThreads * kCalls; });
  for (std::thread& thread : threads) thread.join();
}

TEST_P(EventLoopConformanceTest, APostWakesALoopThatWaits) {
  // Nothing else would: the loop waits, or is about to, when they come.
  for (int i = 0; i < 20; ++i) {
    const std::thread::id mine = std::this_thread::get_id();
    bool called = false;
    std::thread thread([&, i] {
      std::this_thread::sleep_for(std::chrono::microseconds(100 * i));
      loop()->Post([&] {
        EXPECT_EQ(std::this_thread::get_id(), mine);
        called = true;
      });
    });
    RunUntil([&] { return called; });
    thread.join();
  }
}

TEST_P(EventLoopConformanceTest, APostWhileAnotherRunsIsNotLost) {
  constexpr int kRounds = 200;
  std::atomic<int> asked{0};
  int answered = 0;  // on the loop's thread only
  std::thread thread([&] {
    for (int i = 0; i < kRounds; ++i) {
      while (asked.load() < i) std::this_thread::yield();
      loop()->Post([&] {
        ++answered;
        ++asked;  // the next is posted while this batch is still at work
      });
    }
  });
  RunUntil([&] { return answered == kRounds; });
  thread.join();
}

TEST_P(EventLoopConformanceTest, DestructionDropsWhatWasPosted) {
  const auto witness = std::make_shared<int>(0);
  loop()->Post([witness] { FAIL(); });
  under_test_.reset();
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_P(EventLoopConformanceTest, WhatWasPostedAndDroppedMayHoldRegistrations) {
  const SocketPair pair;
  std::shared_ptr<EventLoop::Registration> timer =
      loop()->StartTimer(absl::Hours(1), [] {});
  std::shared_ptr<EventLoop::Registration> watch =
      loop()->Watch(pair.client.get(), Interest::kRead, [] {});
  loop()->Post([timer = std::move(timer), watch = std::move(watch)] {});
  under_test_.reset();
}

// The clock.

TEST_P(EventLoopConformanceTest, TheClockNeverGoesBackAndMovesInsideCallbacks) {
  absl::Duration last = loop()->Now();
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration now = loop()->Now();
    EXPECT_GE(now, last);
    last = now;
  }
  bool done = false;
  loop()->Post([&] {
    const absl::Duration begun = loop()->Now();
    EXPECT_GE(begun, last);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_GT(loop()->Now(), begun);
    done = true;
  });
  RunUntil([&] { return done; });
}

TEST_P(EventLoopConformanceTest, ADelayCountsFromTheCallNotFromTheTurn) {
  bool fired = false;
  Registration timer;
  loop()->Post([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const absl::Duration due = loop()->Now() + absl::Milliseconds(3);
    timer = loop()->StartTimer(absl::Milliseconds(3), [&, due] {
      EXPECT_GE(loop()->Now(), due);
      fired = true;
    });
  });
  RunUntil([&] { return fired; });
}

}  // namespace
}  // namespace holdfast::test
