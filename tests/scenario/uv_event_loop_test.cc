// What libuv's loop behind our interface does beyond the interface's contract,
// which event_loop_test.cc checks.

#include "holdfast/core/base/uv_event_loop.h"

#include <fcntl.h>

#include <string>

#include "gtest/gtest.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast {
namespace {

class UvEventLoopTest : public ::testing::Test {
 protected:
  std::unique_ptr<UvEventLoop> loop_ = *UvEventLoop::Create();
};

TEST_F(UvEventLoopTest, RunUntilDoesNothingIfDoneAlready) {
  loop_->Post([] { FAIL(); });
  loop_->RunUntil([] { return true; });
}

TEST_F(UvEventLoopTest, ARegularFileIsAlwaysReady) {
  const UniqueFd file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  int calls = 0;
  const auto watch =
      loop_->Watch(file.get(), Interest::kRead, [&] { ++calls; });
  loop_->RunUntil([&] { return calls == 3; });
}

TEST_F(UvEventLoopTest, ABlockingDescriptorStaysSo) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const UniqueFd reader(fds[0]), writer(fds[1]);
  int calls = 0;
  const auto watch =
      loop_->Watch(reader.get(), Interest::kRead, [&] { ++calls; });
  ASSERT_EQ(write(writer.get(), "x", 1), 1);
  loop_->RunUntil([&] { return calls == 3; });
  EXPECT_EQ(fcntl(reader.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(UvEventLoopTest, TimersFireInTheOrderInWhichTheyFallDue) {
  std::string order;
  const auto late =
      loop_->StartTimer(absl::Milliseconds(4), [&] { order += 'c'; });
  const auto soon =
      loop_->StartTimer(absl::Milliseconds(1), [&] { order += 'b'; });
  const auto at_once =
      loop_->StartTimer(-absl::InfiniteDuration(), [&] { order += 'a'; });
  loop_->RunUntil([&] { return order.size() == 3; });
  EXPECT_EQ(order, "abc");
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
  loop_->RunUntil([&] { return order.size() == 2; });
  EXPECT_EQ(order, "ac");
}

}  // namespace
}  // namespace holdfast
