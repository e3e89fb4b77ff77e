// A client with protocol code of its own gets its connection back, signed in:
// against a real server, through a network that fails.

#include "holdfast/protocols/connect/redialer.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/cutting_relay.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/own_loop.h"
#include "holdfast/tests/helpers/patient_request.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using Progress = IoProgress;

class CountingProvider final : public CredentialsProvider {
 public:
  bool Has(CredentialKind kind) const override {
    return kind == CredentialKind::kPassword;
  }
  std::atomic<int> asked = 0;
  bool answers = true;

 private:
  void Ask(const CredentialsRequest&, Answer answer) override {
    ++asked;
    if (answers) answer(Credentials{"alice", SecretString("pw")});
  }
};

class RealRedialerTest : public testing::Test {
 protected:
  RealRedialerTest() {
    TrustOptions trust;
    trust.system_roots = false;
    trust.ca_files = {directory_.Write("ca.pem", authority_.certificate_pem())};
    RedialOptions options{Patient(
        {*ParseTarget(absl::StrCat("imaps://127.0.0.1:", relay_.port())),
         runtime_, *Trust::Load(runtime_, trust)})};
    options.credentials = provider_;
    options.connect.cancellation = cancellation_;
    options.policy.first_pause = absl::Milliseconds(10);
    options.policy.longest_pause = absl::Milliseconds(40);
    options.connect.on_event = [this](const Event& event) {
      events_.emplace_back(EventKindName(event.kind));
      if (on_event_) on_event_(event);
    };
    redialer_ = Redialer::Create(own_->services(), options);
  }
  static std::unique_ptr<DovecotServer> StartDovecot(
      const lab::CertificateAuthority& authority) {
    return DovecotServer::Start({*authority.Issue()}).value();
  }
  RedialResult Dial() {
    return own_->Await<RedialResult>(
        [this](auto done) { redialer_->Dial(std::move(done)); });
  }
  RedialResult DialAgain(const Error& error) {
    return own_->Await<RedialResult>([&](auto done) {
      redialer_->DialAgain({error, own_->loop()->Now()}, std::move(done));
    });
  }
  // What a client's own code does: a command, and the answer's end.
  absl::StatusOr<std::string> Noop(Connection* connection) {
    connection->Write("a1 NOOP\r\n");
    std::string answer;
    while (!absl::EndsWith(answer, "\r\n")) {
      char buffer[1000];
      const auto got = connection->Read(absl::MakeSpan(buffer));
      if (got.progress == Progress::kFailed) return ToStatus(*got.error);
      if (got.progress == Progress::kDone && got.bytes == 0) {
        return MakeStatus(ErrorCode::kConnectionClosed, Phase::kSession, "");
      }
      answer.append(buffer, got.bytes);
      if (got.progress == Progress::kDone) continue;
      bool ready = false;
      const auto watch = own_->loop()->Watch(connection->fd(), Interest::kRead,
                                             [&ready] { ready = true; });
      own_->loop()->RunUntil([&ready] { return ready; });
    }
    return answer;
  }

  lab::CertificateAuthority authority_ = *lab::CertificateAuthority::Create();
  std::unique_ptr<DovecotServer> dovecot_ = StartDovecot(authority_);
  CuttingRelay relay_{dovecot_->imaps_port()};
  TempDir directory_;
  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  const std::shared_ptr<CountingProvider> provider_ =
      std::make_shared<CountingProvider>();
  std::unique_ptr<HostCache> cache_ = NewMemoryHostCache();
  std::unique_ptr<OwnLoop> own_ = *OwnLoop::Create(cache_.get());
  std::vector<std::string> events_;
  std::function<void(const Event&)> on_event_;
  const std::shared_ptr<Cancellation> cancellation_ =
      std::make_shared<Cancellation>();
  std::unique_ptr<Redialer> redialer_;
};

TEST_F(RealRedialerTest, AConnectionThatWasLostIsGivenBackSignedIn) {
  const RedialResult first = Dial();
  ASSERT_TRUE(first.ok()) << first.error->Message();
  EXPECT_THAT(*Noop(first.connection.get()), HasSubstr("a1 OK"));
  relay_.CutAll();
  const auto lost = Noop(first.connection.get());
  ASSERT_FALSE(lost.ok());

  const RedialResult second = DialAgain(ErrorFromStatus(lost.status()));
  ASSERT_TRUE(second.ok()) << second.error->Message();
  EXPECT_EQ(second.dials, 1);
  EXPECT_TRUE(second.sign_in.ok());
  EXPECT_EQ(provider_->asked, 2);
  EXPECT_THAT(*Noop(second.connection.get()), HasSubstr("a1 OK"));
  EXPECT_THAT(events_, Contains("redial_pause"));
  EXPECT_THAT(events_, Contains("signed_in").Times(2));
}

TEST_F(RealRedialerTest,
       CredentialsAreKeptFromAServerWhoseCertificateTurnedBad) {
  ASSERT_TRUE(Dial().ok());
  const auto stranger = *lab::CertificateAuthority::Create();
  const auto impostor = StartDovecot(stranger);
  relay_.Redirect(impostor->imaps_port());
  const RedialResult second =
      DialAgain(MakeError(ErrorCode::kConnectionReset, Phase::kSession));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error->code, ErrorCode::kUnknownIssuer);
  EXPECT_EQ(second.dials, 1);
  EXPECT_EQ(provider_->asked, 1);
}

TEST_F(RealRedialerTest, AServerThatIsAwayForAWhileIsWaitedForAndNeverMarked) {
  ASSERT_TRUE(Dial().ok());
  const uint16_t port = dovecot_->imaps_port();
  relay_.Redirect(1);  // where nobody listens: each connection ends at once
  int pauses = 0;
  on_event_ = [&](const Event& event) {
    if (event.kind == EventKind::kRedialPause && ++pauses == 3) {
      relay_.Redirect(port);
    }
  };
  const RedialResult second =
      DialAgain(MakeError(ErrorCode::kConnectionReset, Phase::kSession));
  ASSERT_TRUE(second.ok()) << second.error->Message();
  EXPECT_EQ(second.dials, 3);
  for (const auto& [key, record] : cache_->List()) {
    EXPECT_FALSE(record.ActiveReduction(absl::Now()));
  }
}

TEST_F(RealRedialerTest, AnotherThreadMayCancelWhileTheProviderThinks) {
  provider_->answers = false;
  std::thread canceller([this] {
    while (provider_->asked == 0) std::this_thread::yield();
    cancellation_->Cancel();
  });
  const RedialResult result = Dial();
  canceller.join();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error->code, ErrorCode::kCancelled);
}

TEST_F(RealRedialerTest, AServerThatStaysAwayIsLeft) {
  ASSERT_TRUE(Dial().ok());
  relay_.Redirect(1);
  const RedialResult second =
      DialAgain(MakeError(ErrorCode::kConnectionReset, Phase::kSession));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.dials, 6);
  EXPECT_EQ(provider_->asked, 1);
}

}  // namespace
}  // namespace holdfast::test
