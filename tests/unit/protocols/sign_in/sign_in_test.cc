// The driver on sockets that are made up, and attempts to get credentials past
// the gate.

#include "holdfast/protocols/sign_in/sign_in.h"

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/dialogue/connection_parts.h"
#include "holdfast/tests/helpers/fake_connection.h"
#include "holdfast/tests/helpers/manual_event_loop.h"
#include "holdfast/tests/helpers/sign_in_parts.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Reason = CredentialsRequest::Reason;

constexpr int kFd = 77;

class SignInTest : public testing::Test {
 protected:
  void Start(SignInOptions options = {Protocol::kImap},
             std::vector<std::string> capabilities = {"IMAP4rev1"},
             const std::string& greeting = "* OK hello") {
    connection_ = NewConnection(
        std::make_unique<FakeSocket>(peer_),
        std::make_unique<ReadyNegotiator>(greeting, std::move(capabilities)),
        "");
    sign_in_ = SignIn::Start(&loop_, connection_.get(), &provider_, options,
                             [this](SignInResult result) {
                               result_ = std::move(result);
                               sign_in_.reset();
                             });
    EXPECT_FALSE(result_);
    loop_.Advance(absl::ZeroDuration());
  }
  ErrorCode Code() const {
    return result_ && result_->error ? result_->error->code
                                     : ErrorCode::kInternal;
  }
  void ExpectNothingLeft() {
    ASSERT_TRUE(result_);
    EXPECT_EQ(Code(), ErrorCode::kUnprotectedCredentials);
    EXPECT_TRUE(result_->error->refused_for_safety());
    EXPECT_THAT(provider_.asked(), IsEmpty());
    EXPECT_EQ(peer_->received, "");
    EXPECT_EQ(result_->tries, 0);
  }

  const std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>(kFd);
  ManualEventLoop loop_;
  ListProvider provider_{{"pw", "pw2", "pw3", "pw4"}};
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<SignIn> sign_in_;
  std::optional<SignInResult> result_;
};

// --- The gate

TEST_F(SignInTest, NothingLeavesOverAConnectionInClear) {
  peer_->established = false;
  Start();
  ExpectNothingLeft();
}

TEST_F(SignInTest, NothingLeavesIfTheCertificateWasOnlyAccepted) {
  for (const ErrorCode problem :
       {ErrorCode::kSelfSigned, ErrorCode::kWrongName, ErrorCode::kExpired}) {
    peer_->tls.certificate_problems = {{problem, "CN=x", ""}};
    Start();
    ExpectNothingLeft();
    result_.reset();
  }
}

TEST_F(SignInTest, AServerThatTheClientVouchesForPassesTheGate) {
  peer_->tls.certificate_problems = {{ErrorCode::kSelfSigned, "CN=x", ""}};
  peer_->tls.certificate_decision = CertificateDecision::kTrust;
  peer_->answers = {"auth1 OK in\r\n"};
  Start();
  EXPECT_TRUE(result_->ok());
}

TEST_F(SignInTest, NothingLeavesIfTheClientTakesAGoodOneForUnverified) {
  peer_->tls.certificate_decision = CertificateDecision::kConnectUnverified;
  Start();
  ExpectNothingLeft();
}

TEST_F(SignInTest, NothingLeavesBelowTheFloor) {
  for (const TlsVersion version : {TlsVersion::kTls10, TlsVersion::kTls11}) {
    peer_->tls.version = version;
    Start();
    ExpectNothingLeft();
    result_.reset();
  }
  peer_->tls.version = TlsVersion::kTls12;
  SignInOptions options{Protocol::kImap};
  options.min_version = TlsVersion::kTls13;
  Start(options);
  ExpectNothingLeft();
}

TEST_F(SignInTest, AMechanismThatIsToldIsNoWayAroundTheGate) {
  peer_->tls.certificate_problems = {{ErrorCode::kSelfSigned, "CN=x", ""}};
  for (const SaslMechanism mechanism :
       {SaslMechanism::kPlain, SaslMechanism::kLogin,
        SaslMechanism::kProtocolLogin}) {
    SignInOptions options{Protocol::kImap};
    options.mechanism = mechanism;
    Start(options);
    ExpectNothingLeft();
    result_.reset();
  }
}

TEST_F(SignInTest, TheGateLooksAgainBeforeEachTry) {
  peer_->answers = {"auth1 NO wrong\r\n"};
  peer_->takes_at_once = 0;
  Start();
  ASSERT_FALSE(result_);
  peer_->tls.certificate_problems = {{ErrorCode::kRevoked, "CN=x", ""}};
  peer_->takes_at_once = 1000;
  loop_.MarkReady(kFd);
  EXPECT_EQ(Code(), ErrorCode::kUnprotectedCredentials);
  EXPECT_EQ(provider_.asked().size(), 1u);
}

TEST_F(SignInTest, ACertificateIsNoWayAroundTheGate) {
  class CertificateProvider final : public CredentialsProvider {
   public:
    bool Has(CredentialKind kind) const override {
      return kind == CredentialKind::kCertificate;
    }

   private:
    void Ask(const CredentialsRequest&, Answer answer) override {
      answer(Credentials());
    }
  } provider;
  const auto sign_in = [&] {
    connection_ = NewConnection(
        std::make_unique<FakeSocket>(peer_),
        std::make_unique<ReadyNegotiator>(
            "", std::vector<std::string>{"SASL-IR", "AUTH=EXTERNAL"}),
        "");
    sign_in_ = SignIn::Start(
        &loop_, connection_.get(), &provider, {Protocol::kImap},
        [this](SignInResult result) { result_ = std::move(result); });
    loop_.Advance(absl::ZeroDuration());
  };
  sign_in();
  EXPECT_EQ(Code(), ErrorCode::kNoCommonMechanism);  // the server has none
  peer_->client_certificate_sent = true;
  peer_->tls.certificate_problems = {{ErrorCode::kSelfSigned, "CN=x", ""}};
  sign_in();
  ExpectNothingLeft();
  peer_->tls.certificate_problems.clear();
  peer_->answers = {"auth1 OK in\r\n"};
  sign_in();
  EXPECT_TRUE(result_->ok());
  EXPECT_EQ(peer_->received, "auth1 AUTHENTICATE EXTERNAL =\r\n");
}

TEST_F(SignInTest, AtTheFloorTheyLeave) {
  peer_->tls.version = TlsVersion::kTls12;
  peer_->answers = {"auth1 OK in\r\n"};
  Start();
  ASSERT_TRUE(result_);
  EXPECT_TRUE(result_->ok());
  EXPECT_EQ(peer_->received, "auth1 LOGIN \"alice\" \"pw\"\r\n");
}

// --- The driver

TEST_F(SignInTest, TheStrongestMechanismIsTakenInOneRoundTrip) {
  peer_->answers = {"* CAPABILITY IDLE\r\nauth1 OK in\r\n"};
  Start({Protocol::kImap},
        {"SASL-IR", "AUTH=LOGIN", "AUTH=PLAIN", "AUTH=SCRAM-SHA-256-PLUS"});
  ASSERT_TRUE(result_);
  EXPECT_TRUE(result_->ok());
  EXPECT_EQ(result_->mechanism, SaslMechanism::kPlain);
  EXPECT_EQ(result_->round_trips, 1);
  EXPECT_THAT(result_->capabilities, ElementsAre("IDLE"));
  EXPECT_EQ(peer_->received, "auth1 AUTHENTICATE PLAIN AGFsaWNlAHB3\r\n");
}

TEST_F(SignInTest, AfterPreauthNothingIsSent) {
  Start({Protocol::kImap}, {}, "* PREAUTH welcome");
  ASSERT_TRUE(result_);
  EXPECT_TRUE(result_->ok());
  EXPECT_EQ(result_->mechanism, std::nullopt);
  EXPECT_EQ(peer_->received, "");
  EXPECT_THAT(provider_.asked(), IsEmpty());
}

TEST_F(SignInTest, WhatComesAfterTheLastAnswerIsTheReaders) {
  peer_->answers = {"auth1 OK in\r\n* 3 EXISTS\r\n* 1 RE"};
  Start();
  ASSERT_TRUE(result_ && result_->ok());
  char buffer[100];
  const auto read = connection_->Read(absl::MakeSpan(buffer));
  EXPECT_EQ(std::string(buffer, read.bytes), "* 3 EXISTS\r\n* 1 RE");
}

TEST_F(SignInTest, ARefusalAsksTheProviderAgainWithTheReason) {
  peer_->answers = {"auth1 NO wrong\r\n", "auth2 NO [EXPIRED] old\r\n",
                    "auth3 OK in\r\n"};
  Start();
  ASSERT_TRUE(result_);
  EXPECT_TRUE(result_->ok());
  EXPECT_EQ(result_->tries, 3);
  ASSERT_EQ(provider_.asked().size(), 3u);
  EXPECT_EQ(provider_.asked()[0].reason, Reason::kFirst);
  EXPECT_EQ(provider_.asked()[1].reason, Reason::kRefused);
  EXPECT_EQ(provider_.asked()[1].server_text, "wrong");
  EXPECT_EQ(provider_.asked()[2].reason, Reason::kExpired);
  EXPECT_THAT(peer_->received, HasSubstr("auth3 LOGIN \"alice\" \"pw3\"\r\n"));
}

TEST_F(SignInTest, TriesAreBounded) {
  peer_->answers = {"auth1 NO a\r\n", "auth2 NO b\r\n", "auth3 NO c\r\n"};
  Start();
  ASSERT_TRUE(result_);
  EXPECT_EQ(Code(), ErrorCode::kAuthenticationRefused);
  EXPECT_EQ(result_->error->category(), ErrorCategory::kAuthentication);
  EXPECT_EQ(result_->error->server_text, "c");
  EXPECT_EQ(provider_.asked().size(), 3u);
}

TEST_F(SignInTest, APlainPasswordIsSentOnceOnly) {
  const auto provider = NewPasswordProvider("alice", SecretString("pw"));
  peer_->answers = {"auth1 NO wrong\r\n"};
  connection_ = NewConnection(
      std::make_unique<FakeSocket>(peer_),
      std::make_unique<ReadyNegotiator>("", std::vector<std::string>{}), "");
  sign_in_ = SignIn::Start(
      &loop_, connection_.get(), provider.get(), {Protocol::kImap},
      [this](SignInResult result) { result_ = std::move(result); });
  loop_.Advance(absl::ZeroDuration());
  EXPECT_EQ(Code(), ErrorCode::kAuthenticationRefused);
  EXPECT_EQ(result_->error->server_text, "wrong");
  EXPECT_EQ(peer_->received, "auth1 LOGIN \"alice\" \"pw\"\r\n");
}

TEST_F(SignInTest, AServerThatLeavesAfterARefusalHasRefused) {
  peer_->answers = {"auth1 NO wrong\r\n"};
  peer_->closed = true;
  Start();
  EXPECT_EQ(Code(), ErrorCode::kAuthenticationRefused);
  EXPECT_EQ(result_->error->server_text, "wrong");
}

TEST_F(SignInTest, AnEndWithoutAnAnswerIsTheConnections) {
  peer_->closed = true;
  Start();
  EXPECT_EQ(Code(), ErrorCode::kConnectionClosed);
}

TEST_F(SignInTest, SilenceEndsItExactlyAtTheLimit) {
  Start();
  loop_.Advance(absl::Seconds(60) - absl::Microseconds(1));
  EXPECT_FALSE(result_);
  loop_.Advance(absl::Microseconds(1));
  EXPECT_EQ(Code(), ErrorCode::kResponseTimedOut);
}

TEST_F(SignInTest, ChatterDoesNotPutTheLimitOff) {
  Start();
  loop_.Advance(absl::Seconds(59));
  peer_->unread = "* OK still here\r\n";
  loop_.MarkReady(kFd);
  EXPECT_FALSE(result_);
  loop_.Advance(absl::Seconds(1));
  EXPECT_EQ(Code(), ErrorCode::kResponseTimedOut);
}

TEST_F(SignInTest, FloodsAreCutOff) {
  peer_->unread = std::string(20000, 'x');
  Start();
  EXPECT_EQ(Code(), ErrorCode::kLineTooLong);
  result_.reset();
  peer_->unread.clear();
  for (int i = 0; i < 1100; ++i) peer_->unread += "* OK x\r\n";
  Start();
  EXPECT_EQ(Code(), ErrorCode::kTooMuchData);
}

TEST_F(SignInTest, AWriteInPiecesArrivesWhole) {
  peer_->takes_at_once = 5;
  peer_->answers = {"auth1 OK in\r\n"};
  Start();
  ASSERT_TRUE(result_);
  EXPECT_TRUE(result_->ok());
  EXPECT_EQ(peer_->received, "auth1 LOGIN \"alice\" \"pw\"\r\n");
}

TEST_F(SignInTest, AProviderMayTakeItsTime) {
  provider_.later = true;
  peer_->answers = {"auth1 OK in\r\n"};
  Start();
  EXPECT_FALSE(result_);
  provider_.kept(Credentials{"bob", SecretString("pw")});
  ASSERT_TRUE(result_);
  EXPECT_TRUE(result_->ok());
}

TEST_F(SignInTest, AnAnswerAfterItWasAbandonedIsIgnored) {
  provider_.later = true;
  Start();
  sign_in_.reset();
  provider_.kept(Credentials{"alice", SecretString("pw")});
  EXPECT_FALSE(result_);
  EXPECT_EQ(peer_->received, "");
}

TEST_F(SignInTest, TheProvidersErrorEndsIt) {
  provider_ = ListProvider({});
  Start();
  EXPECT_EQ(Code(), ErrorCode::kCancelled);
  EXPECT_EQ(peer_->received, "");
}

TEST_F(SignInTest, WithNothingInCommonNobodyIsAsked) {
  Start({Protocol::kSubmission}, {"SIZE 10"});
  EXPECT_EQ(Code(), ErrorCode::kNoCommonMechanism);
  EXPECT_THAT(provider_.asked(), IsEmpty());
}

}  // namespace
}  // namespace holdfast::test
