// SPDX-License-Identifier: 0BSD

// How an event loop of one's own is checked; here it is the one on poll(2).

#include "holdfast/tests/helpers/event_loop_conformance.h"
#include "poll_event_loop.h"

namespace {

using MyEventLoop = holdfast::example::PollEventLoop;
using holdfast::test::EventLoopConformanceTest;

class MyLoop : public holdfast::test::LoopUnderTest {
 public:
  holdfast::EventLoop* loop() override { return loop_.get(); }
  void RunUntil(const std::function<bool()>& done) override {
    while (!done()) loop_->RunOnce();
  }

 private:
  const std::unique_ptr<MyEventLoop> loop_ = *MyEventLoop::Create();
};

const holdfast::test::LoopKind kMine = {
    "mine", [] { return std::make_unique<MyLoop>(); }};
INSTANTIATE_TEST_SUITE_P(MyLoop, EventLoopConformanceTest,
                         testing::Values(kMine), holdfast::test::LoopKindName);

}  // namespace
