// The connection in an embedder's hand: blocking calls, cancellation from
// another thread, events as they happen; against the lab, in one process.

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/connect/blocking_connection.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/tests/helpers/own_loop.h"
#include "holdfast/tests/helpers/patient_request.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;

class ConnectionTest : public testing::Test {
 protected:
  void StartLab(const std::string& behaviour) {
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    server_ = lab::LabServer::Start(options).value();
    runtime_ = *NssRuntime::Start();
    TrustOptions trust;
    trust.system_roots = false;
    trust.ca_files = {directory_.Write("ca.pem", server_->ca_pem())};
    trust_ = *Trust::Load(runtime_, trust);
  }

  ConnectRequest Request() {
    ConnectRequest request = Patient(
        {*ParseTarget(absl::StrCat("imaps://127.0.0.1:", server_->port())),
         runtime_, trust_});
    request.cancellation = cancellation_;
    return request;
  }

  std::unique_ptr<BlockingConnection> Connect() {
    ConnectResult result = ConnectBlocking(Request(), nullptr);
    EXPECT_TRUE(result.ok()) << result.status();
    return *BlockingConnection::Create(std::move(result.connection),
                                       cancellation_);
  }

  // Reads until `wanted` has come.
  static std::string ReadUntil(BlockingConnection* connection,
                               const std::string& wanted) {
    std::string text;
    char buffer[512];
    while (!absl::StrContains(text, wanted)) {
      absl::StatusOr<size_t> got =
          connection->Read(absl::MakeSpan(buffer), LongEnough());
      EXPECT_TRUE(got.ok()) << got.status();
      if (!got.ok() || *got == 0) break;
      text.append(buffer, *got);
    }
    return text;
  }

  TempDir directory_;
  std::unique_ptr<lab::LabServer> server_;
  std::shared_ptr<NssRuntime> runtime_;
  std::shared_ptr<const Trust> trust_;
  std::shared_ptr<Cancellation> cancellation_ =
      std::make_shared<Cancellation>();
};

ErrorCode CodeOf(const absl::Status& status) {
  return ErrorFromStatus(status).code;
}

TEST_F(ConnectionTest, ReadsAndWritesAndEnds) {
  StartLab("healthy");
  const std::unique_ptr<BlockingConnection> connection = Connect();
  EXPECT_TRUE(absl::StartsWith(connection->connection().greeting(), "* OK"));
  EXPECT_GE(connection->connection().fd(), 0);
  ASSERT_TRUE(connection->Write("x1 NOOP\r\n", LongEnough()).ok());
  EXPECT_THAT(ReadUntil(connection.get(), "x1 "), testing::HasSubstr("x1 OK"));
  ASSERT_TRUE(connection->Write("x2 LOGOUT\r\n", LongEnough()).ok());
  ReadUntil(connection.get(), "x2 OK");
  char byte;
  const absl::StatusOr<size_t> end =
      connection->Read(absl::MakeSpan(&byte, 1), LongEnough());
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(*end, 0u);
}

TEST_F(ConnectionTest, WhatWasDecryptedAlreadyIsPending) {
  StartLab("healthy");
  const std::unique_ptr<BlockingConnection> connection = Connect();
  ASSERT_TRUE(connection->Write("x1 NOOP\r\n", LongEnough()).ok());
  char byte;
  ASSERT_TRUE(connection->Read(absl::MakeSpan(&byte, 1), LongEnough()).ok());
  // The rest of the record: the kernel knows nothing of it.
  EXPECT_TRUE(connection->connection().HasPendingBytes());
}

TEST_F(ConnectionTest, AReadEndsAtItsLimit) {
  StartLab("healthy");
  const std::unique_ptr<BlockingConnection> connection = Connect();
  char byte;
  const absl::StatusOr<size_t> got =
      connection->Read(absl::MakeSpan(&byte, 1), absl::Milliseconds(50));
  EXPECT_EQ(CodeOf(got.status()), ErrorCode::kResponseTimedOut);
  // The connection is still of use.
  ASSERT_TRUE(connection->Write("x1 NOOP\r\n", LongEnough()).ok());
  EXPECT_THAT(ReadUntil(connection.get(), "x1 "), testing::HasSubstr("x1 OK"));
}

TEST_F(ConnectionTest, AReadIsCancelledFromAnotherThread) {
  StartLab("healthy");
  const std::unique_ptr<BlockingConnection> connection = Connect();
  std::thread canceller([this] {
    absl::SleepFor(absl::Milliseconds(50));
    cancellation_->Cancel();
  });
  char byte;
  const absl::StatusOr<size_t> got =
      connection->Read(absl::MakeSpan(&byte, 1), LongEnough());
  canceller.join();
  EXPECT_EQ(CodeOf(got.status()), ErrorCode::kCancelled);
  EXPECT_EQ(CodeOf(connection->Write("x", LongEnough())),
            ErrorCode::kCancelled);
}

TEST_F(ConnectionTest, AConnectIsCancelledFromAnotherThread) {
  StartLab("silent-from-start");
  std::thread canceller([this] {
    while (server_->connections() == 0) std::this_thread::yield();
    cancellation_->Cancel();
  });
  const ConnectResult result = ConnectBlocking(Request(), nullptr);
  canceller.join();
  EXPECT_EQ(CodeOf(result.status()), ErrorCode::kCancelled);
}

TEST_F(ConnectionTest, WhatIsStartedUnderACancellationIsCancelledAtOnce) {
  StartLab("healthy");
  cancellation_->Cancel();
  const ConnectResult result = ConnectBlocking(Request(), nullptr);
  EXPECT_EQ(CodeOf(result.status()), ErrorCode::kCancelled);
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(ConnectionTest, EventsTellTheStoryInOrder) {
  StartLab("tls13-alert-protocol-version");
  std::vector<std::string> story;
  ConnectRequest request = Request();
  request.on_event = [&story](const Event& event) {
    story.push_back(
        absl::StrCat(event.attempt, " ", EventKindName(event.kind)));
  };
  ASSERT_TRUE(ConnectBlocking(request, nullptr).ok());
  EXPECT_THAT(
      story,
      ElementsAre("1 attempt_started", "1 lookup_started", "1 lookup_ended",
                  "1 address_tried", "1 tcp_connected", "1 handshake_started",
                  "1 handshake_failed", "1 attempt_failed", "2 attempt_started",
                  "2 address_tried", "2 tcp_connected", "2 handshake_started",
                  "2 handshake_done", "2 ready"));
}

}  // namespace
}  // namespace holdfast::test
