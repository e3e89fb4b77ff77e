// Flaky is not intolerant: servers that drop a hello now and then.

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/in_process_test.h"
#include "holdfast/tests/helpers/own_loop.h"

namespace holdfast::test {
namespace {

constexpr int kConnects = 200;

class FlakyTest : public InProcessTest,
                  public testing::WithParamInterface<Way> {};

TEST_P(FlakyTest, EveryThirdHelloDroppedCostsNothingButARepeat) {
  const auto server = StartLab("drop-every-third", GetParam());
  for (int i = 0; i < kConnects; ++i) {
    const auto cache = NewMemoryHostCache();
    const ConnectResult result =
        ConnectBlocking(RequestFor(server->port(), GetParam()), cache.get());
    ASSERT_TRUE(result.ok()) << "connect " << i << ": " << result.status();
    ASSERT_EQ(result.report.tls->version, TlsVersion::kTls13);
    ASSERT_LE(result.report.attempts.size(), 2u);
    ASSERT_EQ(ReductionIn(cache.get()), std::nullopt);
  }
  for (const lab::ClientHello& hello : server->hellos()) {
    ASSERT_TRUE(hello.OffersTls13());
  }
  // Hellos 3, 6, … 297 were dropped, and made again.
  EXPECT_EQ(server->hellos().size(), 299u);
}

TEST_P(FlakyTest, AThirdDroppedAtRandomLeavesNoVersionRecord) {
  const auto server = StartLab("drop-random-third", GetParam(), /*seed=*/7);
  int connected = 0;
  for (int i = 0; i < kConnects; ++i) {
    const auto cache = NewMemoryHostCache();
    const ConnectResult result =
        ConnectBlocking(RequestFor(server->port(), GetParam()), cache.get());
    connected += result.ok();
    if (result.ok()) {
      ASSERT_EQ(result.report.tls->version, TlsVersion::kTls13);
    }
    if (const auto reduction = ReductionIn(cache.get())) {
      ASSERT_EQ(RungMaximum(reduction->rung), TlsVersion::kTls13);
      ASSERT_LE(reduction->expires_at - absl::Now(), absl::Hours(1));
    }
  }
  EXPECT_GE(connected, kConnects * 95 / 100);
  // It did happen: hellos were dropped.
  EXPECT_GT(server->hellos().size(), kConnects * 5u / 4);
}

INSTANTIATE_TEST_SUITE_P(BothWays, FlakyTest,
                         testing::Values(kImplicitImap, kStartTlsImap),
                         [](const auto& way) { return way.param.name(); });

}  // namespace
}  // namespace holdfast::test
