// The three kinds of client of docs/clients.md, before real servers and on a
// network that fails.

#include <sysexits.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/docs/examples/glib_event_loop.h"
#include "holdfast/docs/examples/mail_gateway.h"
#include "holdfast/docs/examples/mail_notifier.h"
#include "holdfast/docs/examples/mail_reader.h"
#include "holdfast/tests/helpers/cutting_relay.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/fault_test.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/postfix_server.h"
#include "nlohmann/json.hpp"

namespace holdfast::test {
namespace {

using example::Fate;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kAlice[] = "alice@example.test";

class ClientsTest : public FaultTest {
 protected:
  static std::string Url(const std::string& scheme, uint16_t port) {
    return absl::StrCat(scheme, "://127.0.0.1:", port);
  }
  static std::shared_ptr<CredentialsProvider> Password(
      const std::string& user, const std::string& password = "pw") {
    return NewPasswordProvider(user, SecretString(password));
  }
  // As FaultTest::Options().
  ClientOptions Impatient() {
    ClientOptions options;
    options.system_roots = false;
    options.ca_files = {
        directory_.Write("ca.pem", authority_.certificate_pem())};
    options.cache_file = "";
    options.connect_timeout = Scaled(options.connect_timeout);
    options.min_attempt = Scaled(options.min_attempt);
    options.hedge_delay = Scaled(options.hedge_delay);
    options.patience = Scaled(absl::Seconds(1));
    options.first_redial_pause = absl::Milliseconds(5);
    options.longest_redial_pause = absl::Milliseconds(50);
    options.on_event = [this](const Event& event) {
      events_.emplace_back(EventKindName(event.kind));
    };
    return options;
  }
  // As another client of the same user.
  void Append(uint16_t port, const std::string& user) {
    const auto imap = ImapSession::Create(own_->services(),
                                          {Options(Url("imaps", port), user)});
    const auto appended =
        own_->Await<absl::StatusOr<ImapAppended>>([&](auto done) {
          imap->Append("INBOX", {}, std::nullopt, NewStringSource(Message("a")),
                       std::move(done));
        });
    ASSERT_TRUE(appended.ok()) << appended.status();
  }
  // For a test that is skipped without it.
  void StartPostfix() {
    auto postfix = PostfixServer::Start({*authority_.Issue()});
    if (absl::IsFailedPrecondition(postfix.status())) {
      GTEST_SKIP() << postfix.status();
    }
    ASSERT_TRUE(postfix.ok()) << postfix.status();
    postfix_ = *std::move(postfix);
    relay_.emplace(postfix_->submissions_port());
  }
  void StartDovecot() {
    dovecot_ = DovecotServer::Start({*authority_.Issue()}).value();
    relay_.emplace(dovecot_->imaps_port());
  }
  size_t DeliveredInTime(size_t wanted) const {
    Eventually([&] { return postfix_->Delivered().size() >= wanted; });
    return postfix_->Delivered().size();
  }

  std::unique_ptr<PostfixServer> postfix_;
  std::unique_ptr<DovecotServer> dovecot_;
  std::optional<CuttingRelay> relay_;
};

// A window without pixels.
class Window final : public example::ReaderView {
 public:
  void ShowInbox(uint32_t messages) override {
    shown.push_back(absl::StrCat("inbox ", messages));
  }
  void ShowText(const std::string& text) override { shown.push_back(text); }
  void ShowSent(const SmtpResult& sent) override {
    shown.push_back(sent.accepted ? "sent" : sent.last.words);
  }
  void ShowTrouble(const Diagnosis& trouble) override {
    shown.push_back(trouble.summary);
  }
  void AskToTrust(const CertificateQuestion& question, Answer given) override {
    shown.push_back("trust?");
    problems = question.problems;
    answer = std::move(given);
  }
  void AskToSendAgain(const Error&, Answer given) override {
    shown.push_back("again?");
    answer = std::move(given);
  }

  std::vector<std::string> shown;
  std::vector<CertificateProblem> problems;
  Answer answer;
};

class MailReaderTest : public ClientsTest {
 protected:
  void Open(const std::string& imap, const std::string& smtp,
            const std::string& user = "alice",
            const std::string& password = "pw") {
    Open(Impatient(), imap, smtp, user, password);
  }
  void Open(ClientOptions options, const std::string& imap,
            const std::string& smtp, const std::string& user = "alice",
            const std::string& password = "pw") {
    options.loop = &loop_;
    auto reader = example::MailReader::Create(
        std::move(options), imap, smtp, Password(user, password), &window_);
    ASSERT_TRUE(reader.ok()) << reader.status();
    reader_ = *std::move(reader);
  }
  // Of a server that the test does not use.
  static std::string Nobody(const std::string& scheme) {
    return absl::StrCat(scheme, "://nobody.invalid");
  }
  // As the window does all day.
  void RunUntilShown(size_t count) {
    while (window_.shown.size() < count) {
      g_main_context_iteration(nullptr, TRUE);
    }
  }

  void RunFor(absl::Duration duration) {
    bool over = false;
    const auto timer = loop_.StartTimer(duration, [&over] { over = true; });
    while (!over) g_main_context_iteration(nullptr, TRUE);
  }

  example::GlibEventLoop loop_{nullptr};
  Window window_;
  std::unique_ptr<example::MailReader> reader_;
};

TEST_F(MailReaderTest, TheUserIsAskedForTrustAndThenReads) {
  StartDovecot();
  Append(relay_->port(), "alice");
  ClientOptions options = Impatient();
  options.on_event = nullptr;  // nobody listens
  const auto stranger = *lab::CertificateAuthority::Create();
  options.ca_files = {
      directory_.Write("other.pem", stranger.certificate_pem())};
  Open(std::move(options), Url("imaps", relay_->port()), Nobody("submissions"));

  reader_->Open();
  RunUntilShown(1);
  EXPECT_THAT(window_.shown, ElementsAre("trust?"));
  EXPECT_THAT(window_.problems,
              ElementsAre(testing::Field(&CertificateProblem::code,
                                         ErrorCode::kUnknownIssuer)));
  window_.answer(true);
  RunUntilShown(2);
  reader_->Show(1);
  RunUntilShown(3);
  EXPECT_THAT(window_.shown, ElementsAre("trust?", "inbox 1", Message("a")));
}

TEST_F(MailReaderTest, IsStoppedFromAnotherThreadAndGoesOn) {
  StartDovecot();
  Open(Url("imaps", relay_->port()), Nobody("submissions"));
  const std::shared_ptr<Cancellation> stop = reader_->Open();
  RunUntilShown(1);
  relay_->Arm({Cut::Direction::kToClient, 0, false, Cut::Kind::kSilence});
  reader_->Show(1);
  while (!relay_->has_cut()) RunFor(absl::Milliseconds(1));
  std::thread([stop] { stop->Cancel(); }).join();
  RunFor(Scaled(absl::Milliseconds(20)));
  reader_->Show(1);  // of a session that has ended
  RunFor(Scaled(absl::Milliseconds(20)));
  EXPECT_THAT(window_.shown, ElementsAre("inbox 0"));
  reader_->Open();
  RunUntilShown(2);
  EXPECT_THAT(window_.shown, ElementsAre("inbox 0", "inbox 0"));
}

TEST_F(MailReaderTest, AWrongPasswordIsExplained) {
  StartDovecot();
  Open(Url("imaps", relay_->port()), Nobody("submissions"), "alice", "wrong");
  reader_->Open();
  RunUntilShown(1);
  EXPECT_THAT(window_.shown,
              ElementsAre(HasSubstr("could not sign in to imaps://")));
}

TEST_F(MailReaderTest, IsAskedBeforeAMailIsSentThatMayHaveBeen) {
  StartPostfix();
  if (postfix_ == nullptr) return;
  Open(Nobody("imaps"), Url("submissions", relay_->port()), kAlice);
  const SmtpEnvelope envelope{kAlice, {kAlice}};
  const std::shared_ptr<MessageSource> message = NewStringSource(Message("a"));
  reader_->Send(envelope, message);
  RunUntilShown(1);
  relay_->Arm({Cut::Direction::kToClient, 0, false, Cut::Kind::kReset});
  reader_->Send(envelope, message);
  RunUntilShown(2);
  EXPECT_EQ(DeliveredInTime(2), 2u);
  window_.answer(true);
  RunUntilShown(3);
  EXPECT_THAT(window_.shown, ElementsAre("sent", "again?", "sent"));
}

TEST_F(MailReaderTest, AServersNameThatCannotBeReadIsRefusedAtOnce) {
  const auto code = [this](const std::string& imap, const std::string& smtp) {
    ClientOptions options = Impatient();
    options.loop = &loop_;
    return CodeOf(example::MailReader::Create(std::move(options), imap, smtp,
                                              Password("alice"), &window_)
                      .status());
  };
  EXPECT_EQ(code("pop3s://127.0.0.1", Nobody("submissions")),
            ErrorCode::kInvalidTarget);
  EXPECT_EQ(code(Nobody("imaps"), "imaps://127.0.0.1"),
            ErrorCode::kInvalidTarget);
}

class AskCounter final : public CredentialsProvider {
 public:
  explicit AskCounter(std::string user) : user_(std::move(user)) {}
  bool Has(CredentialKind kind) const override {
    return kind == CredentialKind::kPassword;
  }
  int asked = 0;
  std::string password = "wrong";

 private:
  void Ask(const CredentialsRequest& request, Answer answer) override {
    if (request.reason != CredentialsRequest::Reason::kFirst) {
      return answer(MakeStatus(ErrorCode::kAuthenticationRefused,
                               Phase::kSession, request.server_text));
    }
    ++asked;
    answer(Credentials{user_, SecretString(password)});
  }
  const std::string user_;
};

class MailNotifierTest : public ClientsTest {
 protected:
  MailNotifierTest() { StartDovecot(); }
  void Start(int max_redials) {
    ClientOptions options = Impatient();
    options.max_redials = max_redials;
    client_ = *Client::Create(std::move(options));
    notifier_.emplace(client_.get());
  }
  example::InboxWatch::Options Watch(const std::string& user) {
    example::InboxWatch::Options options{Url("imaps", relay_->port()),
                                         Password(user)};
    options.on_messages = [this, user](uint32_t messages) {
      heard_.push_back(absl::StrCat(user, " ", messages));
    };
    options.on_trouble = [this, user](const Error& error) {
      heard_.push_back(absl::StrCat(user, " ", ErrorName(error.code)));
    };
    return options;
  }
  void RunUntilHeard(size_t count) {
    client_->RunUntil([&] { return heard_.size() >= count; });
  }
  void RunFor(absl::Duration duration) {
    bool over = false;
    const auto timer =
        client_->loop()->StartTimer(duration, [&over] { over = true; });
    client_->RunUntil([&over] { return over; });
  }

  std::unique_ptr<Client> client_;
  std::optional<example::MailNotifier> notifier_;
  std::vector<std::string> heard_;
};

TEST_F(MailNotifierTest, HearsOfNewMailInEachInboxAlsoAfterALoss) {
  Start(/*max_redials=*/1'000'000);
  for (const char* user : {"alice", "bob"}) {
    notifier_->Add(Watch(user));
    RunUntilHeard(heard_.size() + 1);
  }
  Append(dovecot_->imaps_port(), "bob");
  RunUntilHeard(3);
  EXPECT_THAT(heard_, ElementsAre("alice 0", "bob 0", "bob 1"));

  relay_->Redirect(ReserveFreePort());  // nobody is there
  relay_->CutAll();
  Append(dovecot_->imaps_port(), "alice");
  relay_->Redirect(dovecot_->imaps_port());
  client_->RunUntil([this] { return Count("command_repeated") == 2; });
  EXPECT_THAT(heard_, Contains("alice 1"));
  Append(dovecot_->imaps_port(), "alice");
  client_->RunUntil([this] { return heard_.back() == "alice 2"; });
}

TEST_F(MailNotifierTest, ComesBackWithTheNetworkOrAfterARest) {
  Start(/*max_redials=*/2);
  notifier_->Add(Watch("alice"));
  RunUntilHeard(1);
  relay_->Redirect(ReserveFreePort());  // nobody is there
  relay_->CutAll();
  RunUntilHeard(2);
  EXPECT_EQ(Count("redial_pause"), 2u);
  relay_->Redirect(dovecot_->imaps_port());
  notifier_->OnNetworkChanged();
  RunUntilHeard(3);
  EXPECT_EQ(heard_[2], "alice 0");

  relay_->Redirect(ReserveFreePort());
  example::InboxWatch::Options options = Watch("bob");
  options.first_rest = absl::Milliseconds(10);
  notifier_->Add(std::move(options));
  RunUntilHeard(5);
  relay_->Redirect(dovecot_->imaps_port());
  client_->RunUntil([this] { return heard_.back() == "bob 0"; });
}

TEST_F(MailNotifierTest, AWrongPasswordIsNotGivenAgainBeforeTheUserActs) {
  Start(/*max_redials=*/6);
  const auto credentials = std::make_shared<AskCounter>("alice");
  example::InboxWatch::Options options = Watch("alice");
  options.credentials = credentials;
  options.first_rest = absl::Milliseconds(1);
  example::InboxWatch* const watch = notifier_->Add(std::move(options));
  RunUntilHeard(1);
  notifier_->OnNetworkChanged();
  RunFor(Scaled(absl::Milliseconds(50)));
  EXPECT_THAT(heard_, ElementsAre("alice authentication_refused"));
  EXPECT_EQ(credentials->asked, 1);
  credentials->password = "pw";
  watch->OnUserActed();
  RunUntilHeard(2);
  EXPECT_EQ(heard_[1], "alice 0");
}

TEST_F(MailNotifierTest, ATargetThatCannotBeReadIsToldOf) {
  Start(/*max_redials=*/6);
  example::InboxWatch::Options options = Watch("alice");
  options.target = "pop3s://127.0.0.1";
  options.first_rest = absl::Milliseconds(1);
  notifier_->Add(std::move(options));
  EXPECT_THAT(heard_, ElementsAre("alice invalid_target"));
  RunFor(Scaled(absl::Milliseconds(20)));
  EXPECT_EQ(heard_.size(), 1u);
}

class MailGatewayTest : public ClientsTest {
 protected:
  void SetUp() override {
    StartPostfix();
    if (postfix_ == nullptr) return;
    gateway_ = *example::MailGateway::Create(
        Impatient(), Url("submissions", relay_->port()), Password(kAlice),
        [this](const std::string& line) { log_.push_back(line); },
        cancellation_);
    ASSERT_EQ(Submit(), Fate::kSent);
  }
  Fate Submit(const std::string& recipient = kAlice) {
    return gateway_->Submit({kAlice, recipient, Message("a")});
  }
  // Before the answer to MAIL (0), RCPT, DATA, or to the mail (3).
  void CutAnswer(int number) {
    relay_->Arm({Cut::Direction::kToClient, number, false, Cut::Kind::kEnd});
  }

  const std::shared_ptr<Cancellation> cancellation_ =
      std::make_shared<Cancellation>();
  std::unique_ptr<example::MailGateway> gateway_;
  std::vector<std::string> log_;
};

TEST_F(MailGatewayTest, SendsAgainOnlyWhatTheServerCannotHave) {
  for (int answer = 0; answer < 3; ++answer) {
    CutAnswer(answer);
    EXPECT_EQ(Submit(), Fate::kSent) << answer;
    EXPECT_TRUE(relay_->has_cut());
  }
  EXPECT_EQ(log_.size(), 3u);
  CutAnswer(3);
  EXPECT_EQ(Submit(), Fate::kMaybeSent);
  EXPECT_EQ(gateway_->error()->code, ErrorCode::kConnectionClosed);
  EXPECT_EQ(Submit(), Fate::kSent);
  EXPECT_EQ(DeliveredInTime(6), 6u);
  EXPECT_THAT(postfix_->Delivered()[0], HasSubstr("\n.dot\n"));
  absl::SleepFor(Scaled(absl::Milliseconds(100)));
  EXPECT_EQ(postfix_->Delivered().size(), 6u);
}

TEST_F(MailGatewayTest, ARefusalIsNoLossAndAServerThatIsGoneIsLogged) {
  EXPECT_EQ(Submit("nobody@example.test"), Fate::kRefused);
  for (const char* text : {"a", "a\n.\n", "a\r.\r\n"}) {
    EXPECT_EQ(gateway_->Submit({kAlice, kAlice, text}), Fate::kRefused);
  }
  EXPECT_EQ(Submit("a@example.test>\r\nRSET"), Fate::kRefused);
  EXPECT_EQ(Submit(), Fate::kSent);
  EXPECT_THAT(log_, IsEmpty());
  EXPECT_EQ(relay_->connections(), 1);

  relay_->Redirect(ReserveFreePort());
  relay_->CutAll();
  EXPECT_EQ(Submit(), Fate::kNotSent);
  ASSERT_FALSE(log_.empty());
  const auto line = nlohmann::json::parse(log_.back());
  EXPECT_EQ(line.at("what"), "connect");
  EXPECT_EQ(line.at("error").get<std::string>(),
            ErrorName(gateway_->error()->code));
  EXPECT_EQ(example::ExitStatus(*gateway_->error()), EX_TEMPFAIL);
}

TEST_F(MailGatewayTest, AnotherThreadEndsIt) {
  relay_->Arm({Cut::Direction::kToClient, 0, false, Cut::Kind::kSilence});
  std::thread other([this] {
    EXPECT_TRUE(Eventually([this] { return relay_->has_cut(); }));
    cancellation_->Cancel();
  });
  EXPECT_EQ(Submit(), Fate::kNotSent);
  other.join();
  EXPECT_EQ(gateway_->error()->code, ErrorCode::kCancelled);
}

TEST_F(ClientsTest, AGatewayIsPinnedToAKey) {
  StartDovecot();
  const std::string server = Url("submissions", dovecot_->submissions_port());
  std::vector<std::string> log;
  const auto create = [&](const std::string& pin) {
    ClientOptions options = example::PinnedTo({pin});
    options.cache_file = "";
    return example::MailGateway::Create(
        std::move(options), server, nullptr,
        [&log](const std::string& line) { log.push_back(line); });
  };
  EXPECT_FALSE(create("none").ok());
  const auto gateway =
      *create(absl::StrCat("sha256//", std::string(43, 'A'), "="));
  EXPECT_EQ(gateway->Submit({kAlice, kAlice, Message("a")}), Fate::kNotSent);
  EXPECT_THAT(log, ElementsAre(HasSubstr(R"("error":"pin_mismatch")")));
  EXPECT_EQ(example::ExitStatus(*gateway->error()), EX_PROTOCOL);
}

TEST(MailGatewayLogTest, TakesAnyBytesAndNamesTheFields) {
  Error error = MakeError(ErrorCode::kServerBusy, Phase::kSession);
  error.server_text = "421 \xff\"\r\n";
  const std::string line = example::LogLine("lost", error);
  EXPECT_THAT(line, testing::Not(HasSubstr("\n")));
  EXPECT_EQ(nlohmann::json::parse(line).at("server"), R"(421 \xff"\r\n)");
  EXPECT_EQ(
      example::LogLine(
          {EventKind::kReady, absl::Seconds(1), 1, {{"version", "TLS1.3"}}}),
      R"({"event":"ready","ms":1000,"version":"TLS1.3"})");
}

TEST(MailGatewayExitTest, TellsWhatMayPassFromWhatMayNot) {
  const auto status = [](ErrorCode code) {
    return example::ExitStatus(MakeError(code, Phase::kSession));
  };
  EXPECT_EQ(status(ErrorCode::kServerBusy), EX_TEMPFAIL);
  EXPECT_EQ(status(ErrorCode::kExpired), EX_PROTOCOL);
  EXPECT_EQ(status(ErrorCode::kAuthenticationRefused), EX_NOPERM);
  EXPECT_EQ(status(ErrorCode::kHostNotFound), EX_UNAVAILABLE);
}

}  // namespace
}  // namespace holdfast::test
