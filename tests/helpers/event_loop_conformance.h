// Checks any EventLoop against its contract (core/base/event_loop.h): compile
// event_loop_conformance.cc into a GoogleTest program, and add there
//
//   INSTANTIATE_TEST_SUITE_P(Mine, EventLoopConformanceTest,
//                            testing::Values(LoopKind{"mine", MakeMine}),
//                            LoopKindName);

#ifndef HOLDFAST_TESTS_HELPERS_EVENT_LOOP_CONFORMANCE_H_
#define HOLDFAST_TESTS_HELPERS_EVENT_LOOP_CONFORMANCE_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "gtest/gtest.h"
#include "holdfast/core/base/event_loop.h"

namespace holdfast::test {

// An event loop, with whatever runs it.
class LoopUnderTest {
 public:
  virtual ~LoopUnderTest() = default;

  virtual EventLoop* loop() = 0;
  // Runs the loop until `done` returns true, which is asked at least after each
  // time that the loop has waited and called back what was due. Waits without
  // spinning if nothing is.
  virtual void RunUntil(const std::function<bool()>& done) = 0;
};

struct LoopKind {
  std::string name;  // letters, digits and underscores
  std::function<std::unique_ptr<LoopUnderTest>()> make;
};

inline std::ostream& operator<<(std::ostream& out, const LoopKind& kind) {
  return out << kind.name;
}
inline std::string LoopKindName(const testing::TestParamInfo<LoopKind>& info) {
  return info.param.name;
}

class EventLoopConformanceTest : public testing::TestWithParam<LoopKind> {
 protected:
  EventLoop* loop() { return under_test_->loop(); }
  void RunUntil(const std::function<bool()>& done) {
    under_test_->RunUntil(done);
  }
  // Runs all that is ready now.
  void RunReady();

  std::unique_ptr<LoopUnderTest> under_test_ = GetParam().make();
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_EVENT_LOOP_CONFORMANCE_H_
