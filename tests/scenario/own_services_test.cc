// Connects with services of the client's own: what docs/control.md shows.

#include "holdfast/docs/examples/own_services.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/connect/own_loop.h"
#include "holdfast/tests/helpers/in_process_test.h"

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
  ConnectRequest NamedRequest(uint16_t port, const char* name) const {
    ConnectRequest request = RequestFor(port);
    request.target.endpoint.host = *Host::Parse(name);
    return request;
  }
  ConnectResult Connect(const ConnectRequest& request,
                        absl::Duration slow_by = absl::ZeroDuration()) {
    Connector connector(example::Services(own_->loop(), resolver_.get(),
                                          own_->services().dialer, &cache_,
                                          slow_by));
    std::unique_ptr<Connector::Operation> operation;
    return own_->Await<ConnectResult>([&](auto done) {
      operation = connector.Connect(request, std::move(done));
    });
  }

  std::vector<Rung> published_;
  example::FleetCache cache_{
      NewMemoryHostCache(), [this](const HostKey&, const HostRecord& record) {
        if (record.fields().reduction) {
          published_.push_back(record.fields().reduction->rung);
        }
      }};
  const std::unique_ptr<OwnLoop> own_ = *OwnLoop::Create(nullptr);
  const std::unique_ptr<Resolver> resolver_ =
      example::NewOwnResolver(own_->loop(), LookUp);
};

TEST_F(OwnServicesTest, TheClientLooksNamesUp) {
  const auto server = StartLab("healthy");
  const int before = looked_up;
  // The certificate is for another name: it was found, and found out.
  EXPECT_EQ(
      Connect(NamedRequest(server->port(), "mail.example")).report.error->code,
      ErrorCode::kWrongName);
  EXPECT_EQ(
      Connect(NamedRequest(server->port(), "none.example")).report.error->code,
      ErrorCode::kHostNotFound);
  EXPECT_EQ(looked_up, before + 2);
}

TEST_F(OwnServicesTest, TheClientRemembersHosts) {
  const auto server = StartLab("tls13-fin");
  const ConnectRequest request = RequestFor(server->port());
  EXPECT_TRUE(Connect(request).ok());
  EXPECT_THAT(published_, ElementsAre(Rung::kTls12));
  EXPECT_THAT(Rungs(Connect(request)), ElementsAre("tls12"));
  EXPECT_EQ(published_.size(), 1u);
}

TEST_F(OwnServicesTest, TheClientTellsTheTime) {
  const auto server = StartLab("healthy");
  const ConnectRequest request = RequestFor(server->port());
  EXPECT_EQ(Connect(request, absl::Hours(24 * 365 * 50)).report.error->code,
            ErrorCode::kExpired);
  EXPECT_TRUE(Connect(request).ok());
  // A day on, what was remembered has expired: the full offer comes first.
  const auto broken = StartLab("tls13-fin");
  const ConnectRequest again = RequestFor(broken->port());
  ASSERT_TRUE(Connect(again).ok());
  EXPECT_EQ(Rungs(Connect(again, absl::Hours(25))).front(), "full");
}

TEST_F(OwnServicesTest, AnotherThreadCancels) {
  const auto server = StartLab("silent-after-hello");
  ConnectRequest request = RequestFor(server->port());
  request.cancellation = std::make_shared<Cancellation>();
  std::thread other([&] { request.cancellation->Cancel(); });
  EXPECT_EQ(Connect(request).report.error->code, ErrorCode::kCancelled);
  other.join();
}

}  // namespace
}  // namespace holdfast::test
