// Connects with services of the client's own: what docs/control.md shows.

#include "holdfast/docs/examples/own_services.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/tests/helpers/in_process_test.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;

std::atomic<int> looked_up = 0;

std::vector<std::string> LookUp(const std::string& name) {
  ++looked_up;
  if (name == "mail.example") return {"127.0.0.1"};
  return {};
}

class OwnServicesTest : public InProcessTest {
 protected:
  static Target TargetOf(uint16_t port, const std::string& host) {
    return *ParseTarget(absl::StrCat("imaps://", host, ":", port));
  }
  ConnectResult Connect(const Target& target,
                        absl::Duration slow_by = absl::ZeroDuration(),
                        std::shared_ptr<Cancellation> cancellation = nullptr) {
    ClientOptions options = example::OnOwnServices(
        loop_.get(), resolver_.get(), dialer_.get(), cache_, slow_by);
    options.trust = trust_;
    options.connect_timeout = Scaled(options.connect_timeout);
    options.min_attempt = Scaled(options.min_attempt);
    options.hedge_delay = Scaled(options.hedge_delay);
    const auto client = *Client::Create(std::move(options));
    std::optional<ConnectResult> result;
    const auto operation = client->StartConnect(
        target, [&](ConnectResult given) { result = std::move(given); },
        std::move(cancellation));
    loop_->RunUntil([&result] { return result.has_value(); });
    return *std::move(result);
  }

  std::vector<Rung> published_;
  const std::shared_ptr<example::FleetCache> cache_ =
      std::make_shared<example::FleetCache>(
          NewMemoryHostCache(),
          [this](const HostKey&, const HostRecord& record) {
            if (record.fields().reduction) {
              published_.push_back(record.fields().reduction->rung);
            }
          });
  const std::unique_ptr<UvEventLoop> loop_ = *UvEventLoop::Create();
  const std::unique_ptr<Resolver> resolver_ =
      example::NewOwnResolver(loop_.get(), LookUp);
  const std::unique_ptr<Dialer> dialer_ = NewTcpDialer(loop_.get());
};

TEST_F(OwnServicesTest, TheClientLooksNamesUp) {
  const auto server = StartLab("healthy");
  const int before = looked_up;
  // The certificate is for another name: it was found, and found out.
  EXPECT_EQ(
      Connect(TargetOf(server->port(), "mail.example")).report.error->code,
      ErrorCode::kWrongName);
  EXPECT_EQ(
      Connect(TargetOf(server->port(), "none.example")).report.error->code,
      ErrorCode::kHostNotFound);
  EXPECT_EQ(looked_up, before + 2);
}

TEST_F(OwnServicesTest, TheClientRemembersHosts) {
  const auto server = StartLab("tls13-fin");
  const Target target = TargetOf(server->port(), "127.0.0.1");
  EXPECT_TRUE(Connect(target).ok());
  EXPECT_THAT(published_, ElementsAre(Rung::kTls12));
  EXPECT_THAT(Rungs(Connect(target)), ElementsAre("tls12"));
  EXPECT_EQ(published_.size(), 1u);
}

TEST_F(OwnServicesTest, TheClientTellsTheTime) {
  const auto server = StartLab("healthy");
  const Target target = TargetOf(server->port(), "127.0.0.1");
  EXPECT_EQ(Connect(target, absl::Hours(24 * 365 * 50)).report.error->code,
            ErrorCode::kExpired);
  EXPECT_TRUE(Connect(target).ok());
  // A day on, what was remembered has expired: the full offer comes first.
  const auto broken = StartLab("tls13-fin");
  const Target again = TargetOf(broken->port(), "127.0.0.1");
  ASSERT_TRUE(Connect(again).ok());
  EXPECT_EQ(Rungs(Connect(again, absl::Hours(25))).front(), "full");
}

TEST_F(OwnServicesTest, AnotherThreadCancels) {
  const auto server = StartLab("silent-after-hello");
  const auto cancellation = std::make_shared<Cancellation>();
  std::thread other([&] { cancellation->Cancel(); });
  EXPECT_EQ(Connect(TargetOf(server->port(), "127.0.0.1"), absl::ZeroDuration(),
                    cancellation)
                .report.error->code,
            ErrorCode::kCancelled);
  other.join();
}

}  // namespace
}  // namespace holdfast::test
