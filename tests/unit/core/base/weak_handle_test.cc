// Handles to what may be gone by now.

#include "holdfast/core/base/weak_handle.h"

#include <optional>

#include "gtest/gtest.h"

namespace holdfast::test {
namespace {

struct Target {
  const WeakOwner<Target> weak{this};
};

TEST(WeakHandleTest, LeadsToTheTargetForAsLongAsItIsThere) {
  WeakHandle<Target> handle;
  EXPECT_EQ(handle.get(), nullptr);
  std::optional<Target> target;
  target.emplace();
  handle = target->weak.handle();
  const WeakHandle<Target> copy = handle;
  EXPECT_EQ(handle.get(), &*target);
  EXPECT_EQ(copy.get(), &*target);
  target.reset();
  EXPECT_EQ(handle.get(), nullptr);
  EXPECT_EQ(copy.get(), nullptr);
}

// One that takes the place of another is somebody else.
TEST(WeakHandleTest, DoesNotTakeTheNextOneForTheTarget) {
  std::optional<Target> target;
  target.emplace();
  const WeakHandle<Target> handle = target->weak.handle();
  target.emplace();
  EXPECT_EQ(handle.get(), nullptr);
}

}  // namespace
}  // namespace holdfast::test
