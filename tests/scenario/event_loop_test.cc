// Every event loop that we know of keeps the contract, and a little more.

#include <thread>

#include "gtest/gtest.h"
#include "holdfast/tests/helpers/event_loops.h"

namespace holdfast::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Loops, EventLoopConformanceTest,
                         testing::ValuesIn(AllLoopKinds()), LoopKindName);

class OurEventLoopTest : public testing::TestWithParam<LoopKind> {};

TEST_P(OurEventLoopTest, MayGoWhileWhoeverPostedHasNotReturned) {
  for (int i = 0; i < 100; ++i) {
    auto under_test = GetParam().make();
    bool called = false;
    std::thread thread([&called, loop = under_test->loop()] {
      loop->Post([&called] { called = true; });
    });
    under_test->RunUntil([&called] { return called; });
    under_test = nullptr;
    thread.join();
  }
}

INSTANTIATE_TEST_SUITE_P(Loops, OurEventLoopTest,
                         testing::ValuesIn(AllLoopKinds()), LoopKindName);

}  // namespace
}  // namespace holdfast::test
