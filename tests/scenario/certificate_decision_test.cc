// Whole connects in which the client decides about the certificate: at once,
// later, never, and what is reported, remembered and sent then.

#include "holdfast/core/trust/certificate_decision.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/client/client.h"
#include "holdfast/docs/examples/certificate_decision.h"
#include "holdfast/protocols/connect/redialer.h"
#include "holdfast/protocols/probe/probe.h"
#include "holdfast/protocols/sign_in/sign_in.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/in_process_test.h"
#include "holdfast/tests/helpers/own_loop.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {
namespace {

using Decision = CertificateDecision;
using Answer = std::function<void(Decision)>;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

const auto kProblemsOfBad =
    ElementsAre(Field(&CertificateProblem::code, ErrorCode::kWrongName),
                Field(&CertificateProblem::code, ErrorCode::kExpired),
                Field(&CertificateProblem::code, ErrorCode::kSelfSigned));

// Counts what is watched on another loop.
class WatchCountingLoop final : public EventLoop {
 public:
  explicit WatchCountingLoop(EventLoop* loop) : loop_(loop) {}

  std::unique_ptr<Registration> Watch(int fd, Interest interest,
                                      Callback on_ready) override {
    return std::make_unique<Counted>(
        loop_->Watch(fd, interest, std::move(on_ready)), &watches_);
  }
  std::unique_ptr<Registration> StartTimer(absl::Duration delay,
                                           Callback on_expiry) override {
    return loop_->StartTimer(delay, std::move(on_expiry));
  }
  void Post(Callback callback) override { loop_->Post(std::move(callback)); }
  absl::Duration Now() const override { return loop_->Now(); }
  int watches() const { return watches_; }

 private:
  struct Counted final : Registration {
    Counted(std::unique_ptr<Registration> counted, int* number)
        : registration(std::move(counted)), count(number) {
      ++*count;
    }
    ~Counted() override { --*count; }
    const std::unique_ptr<Registration> registration;
    int* const count;
  };

  EventLoop* const loop_;
  int watches_ = 0;
};

class CertificateConnectTest : public InProcessTest {
 protected:
  // For another host, expired, and nobody's.
  lab::Certificate Bad() {
    lab::CertificateOptions options;
    options.dns_names = {"elsewhere.example"};
    options.ip_addresses = {};
    options.not_before = absl::Now() - absl::Hours(48);
    options.not_after = absl::Now() - absl::Hours(24);
    options.self_signed = true;
    return *authority_.Issue(options);
  }
  void StartServer(bool good, const Way& way = {},
                   const std::string& behaviour = "healthy",
                   uint16_t port = 0) {
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    options.protocol = std::string(GetProtocolInfo(way.protocol).name);
    options.security = way.lab_security();
    options.port = port;
    options.certificate = good ? *authority_.Issue() : Bad();
    server_ = lab::LabServer::Start(std::move(options)).value();
    request_.emplace(RequestFor(server_->port(), way));
  }
  void AnswerAtOnce(Decision decision) {
    request_->on_certificate = [this, decision](CertificateQuestion question,
                                                const Answer& answer) {
      questions_.push_back(std::move(question));
      answer(decision);
    };
  }
  // The answers are kept for the test to give.
  void AnswerLater() {
    request_->on_certificate = [this](CertificateQuestion question,
                                      Answer answer) {
      questions_.push_back(std::move(question));
      answers_.push_back(std::move(answer));
    };
  }
  ConnectResult Connect(
      const std::optional<SignInRequest>& sign_in = std::nullopt) {
    return own_->Await<ConnectResult>([&](auto done) {
      Connector connector(own_->services());
      operation_ = sign_in ? connector.Connect(*request_, *sign_in, done)
                           : connector.Connect(*request_, done);
    });
  }
  void BeginUpToQuestion() {
    operation_ = Connector(own_->services())
                     .Connect(*request_, [this](ConnectResult result) {
                       result_.emplace(std::move(result));
                     });
    own_->loop()->RunUntil([this] { return !answers_.empty() || result_; });
    ASSERT_EQ(answers_.size(), 1u);
  }
  void RunFor(absl::Duration duration) {
    bool over = false;
    const auto timer =
        own_->loop()->StartTimer(duration, [&over] { over = true; });
    own_->loop()->RunUntil([&over] { return over; });
  }
  void RunUntilDone() {
    own_->loop()->RunUntil([this] { return result_.has_value(); });
  }
  void ExpectRefused(const ConnectResult& result, ErrorCode code) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.report.error->code, code);
    EXPECT_TRUE(result.report.error->refused_for_safety());
    EXPECT_EQ(result.report.attempts.size(), 1u);
    EXPECT_THAT(cache_->List(), IsEmpty());
  }
  static std::vector<std::string> Warnings(const ConnectResult& result) {
    std::vector<std::string> codes;
    for (const auto& warning : Diagnose(result.report).warnings) {
      codes.push_back(warning.code);
    }
    return codes;
  }

  std::unique_ptr<HostCache> cache_ = NewMemoryHostCache();
  const std::unique_ptr<OwnLoop> own_ = *OwnLoop::Create(cache_.get());
  std::unique_ptr<lab::LabServer> server_;
  std::optional<ConnectRequest> request_;
  std::vector<CertificateQuestion> questions_;
  std::vector<Answer> answers_;
  std::unique_ptr<Connector::Operation> operation_;
  std::optional<ConnectResult> result_;
};

class CertificateWayTest : public CertificateConnectTest,
                           public testing::WithParamInterface<Way> {};

INSTANTIATE_TEST_SUITE_P(
    Ways, CertificateWayTest,
    testing::Values(kImplicitImap, kStartTlsImap,
                    Way{Protocol::kSmtp, ConnectionSecurity::kStartTls},
                    Way{Protocol::kPop3, ConnectionSecurity::kImplicitTls},
                    Way{Protocol::kNntp, ConnectionSecurity::kStartTls}),
    [](const auto& suite) { return suite.param.name(); });

TEST_P(CertificateWayTest, AGoodCertificateIsUsedAsTheClientDecides) {
  StartServer(/*good=*/true, GetParam());
  AnswerAtOnce(Decision::kRefuse);
  ExpectRefused(Connect(), ErrorCode::kCertificateRefusedByClient);

  AnswerAtOnce(Decision::kConnectUnverified);
  const ConnectResult unverified = Connect();
  ASSERT_TRUE(unverified.ok()) << unverified.status();
  EXPECT_THAT(Warnings(unverified), ElementsAre("certificate_not_verified"));
  EXPECT_THAT(cache_->List(), IsEmpty());

  for (const Decision decision : {Decision::kAsFound, Decision::kTrust}) {
    AnswerAtOnce(decision);
    const ConnectResult verified = Connect();
    ASSERT_TRUE(verified.ok()) << verified.status();
    EXPECT_THAT(Warnings(verified), IsEmpty());
    EXPECT_EQ(cache_->List().size(), 1u);
  }
  EXPECT_EQ(questions_.size(), 4u);
}

TEST_P(CertificateWayTest, AFaultyCertificateIsUsedAsTheClientDecides) {
  StartServer(/*good=*/false, GetParam());
  for (const Decision decision : {Decision::kAsFound, Decision::kRefuse}) {
    AnswerAtOnce(decision);
    const ConnectResult refused = Connect();
    ExpectRefused(refused, ErrorCode::kWrongName);
    EXPECT_THAT(refused.report.error->certificate_problems, kProblemsOfBad);
  }
  const std::map<Decision, std::string> warnings = {
      {Decision::kConnectUnverified, "certificate_not_verified"},
      {Decision::kTrust, "certificate_vouched_for"}};
  for (const auto& [decision, warning] : warnings) {
    AnswerAtOnce(decision);
    const ConnectResult result = Connect();
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_THAT(result.report.tls->certificate_problems, kProblemsOfBad);
    EXPECT_FALSE(result.report.tls->certificate_verified());
    EXPECT_THAT(Warnings(result), ElementsAre(warning));
    EXPECT_THAT(cache_->List(), IsEmpty());  // promise 7
  }
  ASSERT_EQ(questions_.size(), 4u);
  EXPECT_THAT(questions_[0].problems, kProblemsOfBad);
}

// The greeting lies there to be read, and nobody spins on it.
TEST_P(CertificateWayTest, UntilTheAnswerNothingIsSentOrWatched) {
  for (const char* behaviour : {"healthy", "tls12-only"}) {
    SCOPED_TRACE(behaviour);
    StartServer(/*good=*/false, GetParam(), behaviour);
    AnswerLater();
    WatchCountingLoop loop(own_->loop());
    Connector::Services services = own_->services();
    const auto dialer = NewTcpDialer(&loop);
    services.loop = &loop;
    services.dialer = dialer.get();
    const auto operation = Connector(services).Connect(
        *request_,
        [this](ConnectResult result) { result_.emplace(std::move(result)); });
    own_->loop()->RunUntil([this] { return !answers_.empty() || result_; });
    ASSERT_EQ(answers_.size(), 1u);
    const size_t said = server_->lines().size();
    RunFor(Scaled(absl::Milliseconds(100)));
    EXPECT_EQ(loop.watches(), 0);
    EXPECT_EQ(server_->lines().size(), said);
    EXPECT_FALSE(result_);
    answers_[0](Decision::kTrust);
    EXPECT_FALSE(result_);  // not from inside the answer
    RunUntilDone();
    EXPECT_TRUE(result_->ok()) << result_->status();
    if (GetParam().protocol == Protocol::kSmtp) {
      EXPECT_GT(server_->lines().size(), said);
    }
    result_.reset();
    answers_.clear();
  }
}

TEST_F(CertificateConnectTest, AnAnswerThatDoesNotComeIsNotTheServersFault) {
  StartServer(/*good=*/false);
  request_->timeout = Scaled(absl::Milliseconds(400));
  AnswerLater();
  request_->on_event = [this](const Event& event) {
    // Just too late.
    if (event.kind == EventKind::kAttemptFailed) answers_[0](Decision::kTrust);
  };
  const ConnectResult result = Connect();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.report.error->code, ErrorCode::kCertificateUndecided);
  EXPECT_EQ(result.report.error->category(), ErrorCategory::kTimeout);
  EXPECT_FALSE(MayPass(*result.report.error));
  EXPECT_THAT(result.report.error->certificate_problems, kProblemsOfBad);
  EXPECT_EQ(result.report.attempts.size(), 1u);
  EXPECT_THAT(cache_->List(), IsEmpty());
  answers_[0](Decision::kTrust);
  RunFor(Scaled(absl::Milliseconds(20)));
  EXPECT_EQ(server_->connections(), 1);
  EXPECT_THAT(server_->lines(), IsEmpty());
}

// One way in may not take more than half of the time from the other.
TEST_F(CertificateConnectTest, WhoeverThinksHasAllTheTimeAlsoWithTwoWaysIn) {
  StartServer(/*good=*/false);
  request_->target.security = ConnectionSecurity::kAuto;
  request_->timeout = Scaled(absl::Milliseconds(600));
  AnswerLater();
  const absl::Time begun = absl::Now();
  const ConnectResult result = Connect();
  EXPECT_GE(absl::Now() - begun, request_->timeout - absl::Milliseconds(10));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.report.error->code, ErrorCode::kCertificateUndecided);
  EXPECT_EQ(server_->connections(), 1);
}

// As if nobody had been asked: the other way in has its half.
TEST_F(CertificateConnectTest, WhoeverAnswersAtOnceTakesNoTimeFromTheOtherWay) {
  StartServer(/*good=*/true, {}, "silent-greeting");
  request_->target.security = ConnectionSecurity::kAuto;
  request_->timeout = Scaled(absl::Milliseconds(600));
  AnswerAtOnce(Decision::kAsFound);
  const ConnectResult result = Connect();
  ASSERT_FALSE(result.ok());
  // That way may have the time to ask whether this is a port for TLS.
  EXPECT_GE(server_->connections(), 2);
}

// An attempt that asks for the sentinel only never becomes a connection.
TEST_F(CertificateConnectTest, NobodyIsAskedForWhatIsNeverUsed) {
  StartServer(/*good=*/true, {}, "scsv-fin");
  AnswerAtOnce(Decision::kRefuse);
  const ConnectResult result = Connect();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.report.error->code, ErrorCode::kFallbackSignalRefused);
  EXPECT_THAT(questions_, IsEmpty());
}

TEST_F(CertificateConnectTest, AnAnswerThatIsDroppedIsARefusal) {
  StartServer(/*good=*/true);
  request_->on_certificate = [](CertificateQuestion, const Answer&) {};
  ExpectRefused(Connect(), ErrorCode::kCertificateRefusedByClient);
}

TEST_F(CertificateConnectTest, OnlyTheFirstAnswerCounts) {
  StartServer(/*good=*/true);
  request_->on_certificate = [](CertificateQuestion, const Answer& answer) {
    answer(Decision::kConnectUnverified);
    answer(Decision::kRefuse);
    answer(Decision::kTrust);
  };
  const ConnectResult result = Connect();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result.report.tls->server_is_known());
}

TEST_F(CertificateConnectTest, ItMayBeCancelledWhileTheQuestionIsOpen) {
  StartServer(/*good=*/true);
  AnswerLater();
  BeginUpToQuestion();
  operation_->Cancel();
  answers_[0](Decision::kTrust);
  RunUntilDone();
  EXPECT_EQ(result_->report.error->code, ErrorCode::kCancelled);
  answers_[0](Decision::kTrust);
}

TEST_F(CertificateConnectTest, WhoeverIsAskedMayCancel) {
  StartServer(/*good=*/true);
  request_->cancellation = std::make_shared<Cancellation>();
  for (const bool by_operation : {false, true}) {
    request_->on_certificate = [&](CertificateQuestion, const Answer& answer) {
      by_operation ? operation_->Cancel() : request_->cancellation->Cancel();
      answers_.push_back(answer);
    };
    const ConnectResult result = Connect();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.report.error->code, ErrorCode::kCancelled);
    EXPECT_THAT(server_->lines(), IsEmpty());
    request_->cancellation = nullptr;
  }
}

TEST_F(CertificateConnectTest, ItMayBeDestroyedWhileTheQuestionIsOpen) {
  StartServer(/*good=*/true);
  for (const bool answered : {false, true}) {
    AnswerLater();
    BeginUpToQuestion();
    if (answered) answers_[0](Decision::kTrust);
    operation_.reset();
    answers_[0](Decision::kTrust);
    answers_.clear();
    RunFor(Scaled(absl::Milliseconds(20)));
    EXPECT_FALSE(result_);
    EXPECT_THAT(server_->lines(), IsEmpty());
  }
}

TEST_F(CertificateConnectTest, ACertificateOnAReducedRungIsAskedAboutToo) {
  StartServer(/*good=*/false, {}, "tls13-fin");
  AnswerAtOnce(Decision::kTrust);
  const ConnectResult result = Connect();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(Rungs(result).back(), "tls12");
  EXPECT_EQ(questions_.size(), 1u);
  EXPECT_THAT(cache_->List(), IsEmpty());

  AnswerAtOnce(Decision::kRefuse);
  const ConnectResult refused = Connect();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.report.error->code, ErrorCode::kWrongName);
  EXPECT_EQ(Rungs(refused), Rungs(result));
}

TEST_F(CertificateConnectTest, AQuestionLeftOpenOnAReducedRungIsTheCause) {
  StartServer(/*good=*/true, {}, "tls13-fin");
  request_->timeout = Scaled(absl::Seconds(1));
  AnswerLater();
  const ConnectResult result = Connect();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(Rungs(result).back(), "tls12");
  EXPECT_EQ(result.report.error->code, ErrorCode::kCertificateUndecided);
}

TEST_F(CertificateConnectTest, AReducedOfferThatIsTrustedIsRememberedIfGood) {
  StartServer(/*good=*/true, {}, "tls13-fin");
  AnswerAtOnce(Decision::kTrust);
  ASSERT_TRUE(Connect().ok());
  EXPECT_TRUE(ReductionIn(cache_.get()));
}

TEST_F(CertificateConnectTest, EachDialAsksAgain) {
  StartServer(/*good=*/false);
  AnswerAtOnce(Decision::kTrust);
  RedialOptions options{*request_};
  options.policy.first_pause = absl::Milliseconds(1);
  const auto redialer = Redialer::Create(own_->services(), options);
  EXPECT_TRUE(own_->Await<RedialResult>(
                      [&](auto done) { redialer->Dial(std::move(done)); })
                  .ok());
  const Loss loss{MakeError(ErrorCode::kConnectionReset, Phase::kSession),
                  own_->loop()->Now()};
  EXPECT_TRUE(own_->Await<RedialResult>([&](auto done) {
                    redialer->DialAgain(loss, std::move(done));
                  })
                  .ok());
  EXPECT_EQ(questions_.size(), 2u);
}

TEST_F(CertificateConnectTest, AProbeReportsTheProblems) {
  StartServer(/*good=*/false, {}, "tls12-only");
  ProbeRequest request{request_->target, runtime_, trust_};
  request.pause = absl::ZeroDuration();
  std::unique_ptr<Probe> probe;
  const auto report = own_->Await<ProbeReport>([&](auto done) {
    probe = Probe::Start(own_->services(), request, std::move(done));
  });
  ASSERT_TRUE(report.tls);
  EXPECT_THAT(report.tls->certificate_problems, kProblemsOfBad);
}

TEST_F(CertificateConnectTest, TheExampleAsksOnceAndKnowsWhatItsUserAccepted) {
  StartServer(/*good=*/false);
  const Target target = request_->target;
  example::AcceptedCertificates accepted;
  ClientOptions options;
  options.trust = trust_;
  options.cache_file = "";
  options.connect_timeout = request_->timeout;
  options.min_attempt = request_->policy.min_attempt;
  options.hedge_delay = request_->policy.hedge_delay;
  options.on_certificate = accepted.For(target.endpoint);
  const auto client = *Client::Create(std::move(options));
  int asked = 0;
  const auto connect = [&](bool user_accepts) {
    return example::ConnectOrAsk(client.get(), target, &accepted,
                                 [&](const CertificateQuestion&) {
                                   ++asked;
                                   return user_accepts;
                                 })
        .ok();
  };
  EXPECT_FALSE(connect(false));
  EXPECT_TRUE(connect(true));
  EXPECT_TRUE(connect(false));  // not asked
  EXPECT_EQ(asked, 2);
  const uint16_t port = server_->port();
  server_.reset();
  // Another certificate.
  StartServer(/*good=*/false, {}, "healthy", port);
  EXPECT_FALSE(connect(false));
  EXPECT_EQ(asked, 3);
}

// Credentials before a real server whose certificate has problems.
class CertificateSignInTest : public CertificateConnectTest {
 protected:
  CertificateSignInTest() {
    request_.emplace(
        ConnectRequest{*ParseTarget(absl::StrCat("imaps://127.0.0.1:",
                                                 dovecot_->imaps_port())),
                       runtime_, trust_});
  }
  SignInResult SignInAfter(Decision decision, bool while_connecting) {
    const SignInOptions options{Protocol::kImap, SaslMechanism::kProtocolLogin};
    const auto provider = NewPasswordProvider("alice", SecretString("pw"));
    AnswerAtOnce(decision);
    std::optional<SignInRequest> early;
    if (while_connecting) early = SignInRequest{provider.get(), options};
    ConnectResult connected = Connect(early);
    EXPECT_TRUE(connected.ok()) << connected.status();
    return SignInBlocking(connected.connection.get(), provider.get(), options,
                          std::move(connected.begun_sign_in));
  }

  std::unique_ptr<DovecotServer> dovecot_ =
      DovecotServer::Start({Bad()}).value();
};

TEST_F(CertificateSignInTest, CredentialsGoOnlyToAServerThatIsVouchedFor) {
  for (const bool while_connecting : {false, true}) {
    SCOPED_TRACE(while_connecting);
    const SignInResult refused =
        SignInAfter(Decision::kConnectUnverified, while_connecting);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error->code, ErrorCode::kUnprotectedCredentials);
    const SignInResult accepted =
        SignInAfter(Decision::kTrust, while_connecting);
    EXPECT_TRUE(accepted.ok()) << accepted.error->Message();
  }
}

}  // namespace
}  // namespace holdfast::test
