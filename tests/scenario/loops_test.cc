// All of Holdfast on each event loop: many connections at once on one thread,
// some of them recovering, while other threads post and cancel.

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/docs/examples/event_loops.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/session/imap/imap_session.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/event_loops.h"
#include "holdfast/tests/helpers/in_process_test.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;

constexpr size_t kConnections = 50;

class LoopsTest : public InProcessTest,
                  public testing::WithParamInterface<LoopKind> {
 protected:
  Connector::Services Services() {
    return {loop(), resolver_.get(), dialer_.get(), cache_.get()};
  }
  EventLoop* loop() { return under_test_->loop(); }
  void RunUntil(const std::function<bool()>& done) {
    under_test_->RunUntil(done);
  }

  // By its name, which has to be looked up.
  ConnectRequest NamedRequestFor(const lab::LabServer& server) const {
    ConnectRequest request = RequestFor(server.port());
    request.target.endpoint =
        Endpoint{*Host::Parse("localhost"), server.port()};
    return request;
  }

  // Starts all of `requests` at once, calls `meanwhile`, and runs the loop
  // until each has its result.
  std::map<size_t, ConnectResult> ConnectAll(
      const std::vector<ConnectRequest>& requests,
      const std::function<void()>& meanwhile = [] {}) {
    Connector connector(Services());
    std::map<size_t, ConnectResult> results;  // in the requests' order
    std::vector<std::unique_ptr<Connector::Operation>> operations;
    for (size_t i = 0; i < requests.size(); ++i) {
      operations.push_back(
          connector.Connect(requests[i], [&, i](ConnectResult result) {
            EXPECT_EQ(std::this_thread::get_id(), thread_);
            results.emplace(i, std::move(result));
            operations[i].reset();
          }));
    }
    meanwhile();
    RunUntil([&] { return results.size() == requests.size(); });
    return results;
  }

  const std::thread::id thread_ = std::this_thread::get_id();
  const std::unique_ptr<HostCache> cache_ = NewMemoryHostCache();
  const std::unique_ptr<LoopUnderTest> under_test_ = GetParam().make();
  const std::unique_ptr<Resolver> resolver_ = NewSystemResolver(loop());
  const std::unique_ptr<Dialer> dialer_ = NewTcpDialer(loop());
};

INSTANTIATE_TEST_SUITE_P(Loops, LoopsTest, testing::ValuesIn(AllLoopKinds()),
                         LoopKindName);

TEST_P(LoopsTest, FiftyConnectionsAtOnceOfWhichSomeRecover) {
  const auto healthy = StartLab("healthy");
  const auto intolerant = StartLab("tls13-fin");
  std::vector<ConnectRequest> requests;
  for (size_t i = 0; i < kConnections; ++i) {
    requests.push_back(NamedRequestFor(i % 2 == 0 ? *healthy : *intolerant));
  }
  const auto results = ConnectAll(requests);
  for (const auto& [i, result] : results) {
    ASSERT_TRUE(result.ok()) << i << ": " << result.status();
    EXPECT_EQ(result.report.tls->version,
              i % 2 == 0 ? TlsVersion::kTls13 : TlsVersion::kTls12);
  }
  // The next time, what was learned here counts.
  const auto again = ConnectAll({NamedRequestFor(*intolerant)});
  EXPECT_THAT(Rungs(again.at(0)), ElementsAre("tls12"));
}

TEST_P(LoopsTest, ConnectionsAreCancelledFromSeveralThreads) {
  const auto silent = StartLab("silent-after-hello");
  std::vector<ConnectRequest> requests;
  for (size_t i = 0; i < kConnections; ++i) {
    requests.push_back(NamedRequestFor(*silent));
    requests.back().cancellation = std::make_shared<Cancellation>();
  }
  // Before and while it begins, in the look-up, in the handshake; some twice.
  std::vector<std::thread> threads;
  const auto results = ConnectAll(requests, [&] {
    for (size_t first = 0; first < 4; ++first) {
      threads.emplace_back([&requests, first] {
        for (size_t i = first; i < requests.size(); i += 3) {
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
          requests[i].cancellation->Cancel();
        }
      });
    }
  });
  for (std::thread& thread : threads) thread.join();
  for (const auto& [i, result] : results) {
    ASSERT_FALSE(result.ok()) << i;
    EXPECT_EQ(result.report.error->code, ErrorCode::kCancelled);
  }
}

TEST_P(LoopsTest, AConnectMayBeAbandonedWhileAnotherThreadCancelsIt) {
  const auto silent = StartLab("silent-after-hello");
  Connector connector(Services());
  for (int i = 0; i < 50; ++i) {
    ConnectRequest request = NamedRequestFor(*silent);
    request.cancellation = std::make_shared<Cancellation>();
    auto operation =
        connector.Connect(request, [](const ConnectResult& result) {
          EXPECT_EQ(result.report.error->code, ErrorCode::kCancelled);
        });
    std::thread thread([&request] { request.cancellation->Cancel(); });
    bool posted = false;
    loop()->Post([&posted] { posted = true; });
    RunUntil([&posted] { return posted; });
    operation.reset();
    thread.join();
  }
}

TEST_P(LoopsTest, OtherThreadsMayPostMeanwhile) {
  const auto server = StartLab("tls13-fin");
  std::atomic<bool> over{false};
  int calls = 0;  // on the loop's thread only
  std::atomic<int> posted{0};
  std::vector<std::thread> threads;
  const auto results = ConnectAll(
      std::vector<ConnectRequest>(10, NamedRequestFor(*server)), [&] {
        for (int i = 0; i < 3; ++i) {
          threads.emplace_back([&] {
            do {
              ++posted;
              loop()->Post([&calls] { ++calls; });
              std::this_thread::sleep_for(std::chrono::microseconds(200));
            } while (!over);
          });
        }
      });
  over = true;
  for (std::thread& thread : threads) thread.join();
  for (const auto& [i, result] : results) {
    EXPECT_TRUE(result.ok()) << i << ": " << result.status();
  }
  RunUntil([&] { return calls == posted; });
}

class LoopSessionTest : public LoopsTest {
 protected:
  template <typename T>
  T Get(const std::function<void(ImapSession::Done<T>)>& start) {
    std::optional<absl::StatusOr<T>> result;
    start([&result](absl::StatusOr<T> given) { result = std::move(given); });
    RunUntil([&result] { return result.has_value(); });
    EXPECT_TRUE(result->ok()) << result->status();
    return result->ok() ? **std::move(result) : T();
  }
};

INSTANTIATE_TEST_SUITE_P(Loops, LoopSessionTest,
                         testing::ValuesIn(AllLoopKinds()), LoopKindName);

TEST_P(LoopSessionTest, AMessageIsStoredAndFetched) {
  const auto dovecot = DovecotServer::Start({*authority_.Issue()});
  ASSERT_TRUE(dovecot.ok()) << dovecot.status();
  SessionOptions options{{RequestFor((*dovecot)->imaps_port())}};
  options.redial.credentials = NewPasswordProvider("alice", SecretString("pw"));
  const auto imap = ImapSession::Create(Services(), {options});

  const std::string text = "Subject: a\r\n\r\nA message.\r\n";
  const std::shared_ptr<MessageSource> message = NewStringSource(text);
  const auto appended = Get<ImapAppended>([&](auto done) {
    imap->Append("INBOX", {}, absl::FromUnixSeconds(0), message,
                 std::move(done));
  });
  ASSERT_TRUE(appended.uid);
  EXPECT_EQ(Get<MailboxInfo>([&](auto done) {
              imap->Select("INBOX", std::move(done));
            }).exists,
            1u);
  StringSink body;
  Get<ImapFetched>([&](auto done) {
    imap->FetchBody(*appended.uid, "", &body, std::move(done));
  });
  EXPECT_EQ(body.text(), text);
}

TEST_P(LoopSessionTest, ASessionIsCancelledFromSeveralThreads) {
  const auto silent = StartLab("silent-after-hello");
  SessionOptions options{{NamedRequestFor(*silent)}};
  const auto cancellation = std::make_shared<Cancellation>();
  options.redial.connect.cancellation = cancellation;
  const auto imap = ImapSession::Create(Services(), {options});
  std::optional<absl::Status> result;
  imap->Connect([&](absl::Status status) { result = std::move(status); });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&cancellation, i] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5 * i));
      cancellation->Cancel();
    });
  }
  RunUntil([&] { return result.has_value(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ErrorFromStatus(*result).code, ErrorCode::kCancelled) << *result;
}

class LoopExamplesTest : public InProcessTest {
 protected:
  void ExpectRecovery(const ConnectResult& result) const {
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result.report.tls->version, TlsVersion::kTls12);
  }

  ClientOptions Options() const {
    ClientOptions options;
    options.trust = trust_;
    options.cache_file = "";
    options.connect_timeout = Scaled(options.connect_timeout);
    options.min_attempt = Scaled(options.min_attempt);
    options.hedge_delay = Scaled(options.hedge_delay);
    return options;
  }

  const std::unique_ptr<lab::LabServer> server_ = StartLab("tls13-fin");
  const Target target_ =
      *ParseTarget(absl::StrCat("imaps://127.0.0.1:", server_->port()));
};

TEST_F(LoopExamplesTest, OnPoll) {
  ExpectRecovery(example::ConnectOnPoll(Options(), target_));
}

TEST_F(LoopExamplesTest, OnGlib) {
  ExpectRecovery(example::ConnectOnGlib(nullptr, Options(), target_));
}

TEST_F(LoopExamplesTest, OnUv) {
  uv_loop_t loop;
  ASSERT_EQ(uv_loop_init(&loop), 0);
  ExpectRecovery(example::ConnectOnUv(&loop, Options(), target_));
  uv_run(&loop, UV_RUN_DEFAULT);  // closes what Holdfast had on it
  EXPECT_EQ(uv_loop_close(&loop), 0);
}

}  // namespace
}  // namespace holdfast::test
