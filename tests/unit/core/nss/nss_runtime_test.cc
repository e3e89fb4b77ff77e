// Who starts NSS, who stops it, and what is left as it was.

#include "holdfast/core/nss/nss_runtime.h"

#include <nss.h>
#include <signal.h>

#include "gtest/gtest.h"

namespace holdfast {
namespace {

TEST(NssRuntimeTest, NssRunsAsLongAsARuntimeLives) {
  {
    const auto first = NssRuntime::Start();
    ASSERT_TRUE(first.ok());
    EXPECT_FALSE((*first)->is_guest());
    EXPECT_TRUE(NSS_IsInitialized());
    const auto second = NssRuntime::Start();
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(*first, *second);
  }
  EXPECT_FALSE(NSS_IsInitialized());
}

TEST(NssRuntimeTest, StartsAgainAfterItWasShutDown) {
  for (int i = 0; i < 2; ++i) {
    const auto runtime = NssRuntime::Start();
    ASSERT_TRUE(runtime.ok());
    EXPECT_FALSE((*runtime)->is_guest());
  }
}

TEST(NssRuntimeTest, IsAGuestOfAnApplicationThatHasNssRunning) {
  ASSERT_EQ(NSS_NoDB_Init(nullptr), SECSuccess);
  {
    const auto runtime = NssRuntime::Start();
    ASSERT_TRUE(runtime.ok());
    EXPECT_TRUE((*runtime)->is_guest());
  }
  EXPECT_TRUE(NSS_IsInitialized());
  EXPECT_EQ(NSS_Shutdown(), SECSuccess);
}

TEST(NssRuntimeTest, LeavesSigpipeAsItWas) {
  ASSERT_NE(signal(SIGPIPE, SIG_DFL), SIG_ERR);
  const auto runtime = NssRuntime::Start();
  ASSERT_TRUE(runtime.ok());
  struct sigaction action = {};
  ASSERT_EQ(sigaction(SIGPIPE, nullptr, &action), 0);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

}  // namespace
}  // namespace holdfast
