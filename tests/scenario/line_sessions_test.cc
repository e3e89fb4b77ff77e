// Sessions of POP3, SMTP and NNTP with real servers: Dovecot, Postfix, INN.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/session/imap/imap_session.h"
#include "holdfast/protocols/session/nntp_session.h"
#include "holdfast/protocols/session/pop3_session.h"
#include "holdfast/protocols/session/smtp_session.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/fault_test.h"
#include "holdfast/tests/helpers/generated_source.h"
#include "holdfast/tests/helpers/inn_server.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/postfix_server.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kMessage[] = "Subject: dots\r\n\r\n.\r\n..\r\nend\r\n";

class LineSessionsTest : public FaultTest {
 protected:
  // As Options() says, but as patient as real servers need.
  SessionOptions Patient(
      const std::string& scheme, uint16_t port, const std::string& user,
      std::optional<SaslMechanism> mechanism = std::nullopt) {
    SessionOptions options =
        Options(absl::StrCat(scheme, "://127.0.0.1:", port), user, mechanism);
    options.patience = LongEnough();
    return options;
  }
  // Fails the test if there is none.
  template <typename T>
  T Await(
      const std::function<void(std::function<void(absl::StatusOr<T>)>)>& call) {
    absl::StatusOr<T> result = own_->Await<absl::StatusOr<T>>(call);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : T();
  }
};

class Pop3Test : public LineSessionsTest {
 protected:
  void Append(const std::string& text) {
    const auto imap = ImapSession::Create(
        own_->services(), {Patient("imaps", dovecot_->imaps_port(), "alice")});
    Await<ImapAppended>([&](auto done) {
      imap->Append("INBOX", {}, std::nullopt, NewStringSource(text), done);
    });
  }
  std::unique_ptr<Pop3Session> Open() {
    return Pop3Session::Create(
        own_->services(), Patient("pop3s", dovecot_->pop3s_port(), "alice"));
  }

  std::unique_ptr<DovecotServer> dovecot_ =
      DovecotServer::Start({*authority_.Issue()}).value();
};

TEST_F(Pop3Test, ListsRetrievesAndDeletes) {
  Append(kMessage);
  const std::string long_line =
      absl::StrCat("Subject: long\r\n\r\n", std::string(300'000, '.'), "\r\n");
  Append(long_line);
  auto pop3 = Open();
  const auto list =
      Await<Pop3List>([&](auto done) { pop3->UidList(std::move(done)); });
  ASSERT_TRUE(list.messages.size() == 2);
  StringSink sink;
  for (const std::string& text : {std::string(kMessage), long_line}) {
    const Pop3Message& message = list.messages[text == long_line ? 1 : 0];
    const auto answer = Await<Pop3Answer>(
        [&](auto done) { pop3->Retrieve(message, &sink, std::move(done)); });
    ASSERT_TRUE(answer.ok);
    EXPECT_TRUE(sink.text() == text) << sink.text().size();
  }
  Await<Pop3Answer>(
      [&](auto done) { pop3->Top({1}, 1, &sink, std::move(done)); });
  EXPECT_EQ(sink.text(), "Subject: dots\r\n\r\n.\r\n");
  Await<Pop3Answer>(
      [&](auto done) { pop3->Delete(list.messages[0], std::move(done)); });
  EXPECT_TRUE(
      Await<Pop3Answer>([&](auto done) { pop3->Quit(std::move(done)); }).ok);

  // The same session goes on, on another connection.
  const auto stat =
      Await<Pop3Stat>([&](auto done) { pop3->Stat(std::move(done)); });
  EXPECT_EQ(stat.messages, 1);
  EXPECT_EQ(Count("connection_lost"), 0);
}

TEST_F(Pop3Test, AfterALossAMessageIsFoundByItsIdentifier) {
  Append(kMessage);
  CuttingRelay relay(dovecot_->pop3s_port());
  auto pop3 = Pop3Session::Create(own_->services(),
                                  Patient("pop3s", relay.port(), "alice"));
  const auto list =
      Await<Pop3List>([&](auto done) { pop3->UidList(std::move(done)); });
  const Pop3Message message = list.messages.at(0);
  relay.CutAll();
  StringSink sink;
  const auto lost = own_->Await<absl::StatusOr<Pop3Answer>>(
      [&](auto done) { pop3->Retrieve({1}, &sink, std::move(done)); });
  EXPECT_EQ(CodeOf(lost.status()), ErrorCode::kConnectionLost);
  const auto found = Await<Pop3Answer>(
      [&](auto done) { pop3->Retrieve(message, &sink, std::move(done)); });
  EXPECT_TRUE(found.ok);
  EXPECT_EQ(sink.text(), kMessage);
  Await<Pop3Answer>([&](auto done) { pop3->Quit(std::move(done)); });
}

class SmtpTest : public LineSessionsTest {
 protected:
  void SetUp() override {
    auto postfix = PostfixServer::Start({*authority_.Issue()});
    if (absl::IsFailedPrecondition(postfix.status())) {
      GTEST_SKIP() << postfix.status();
    }
    ASSERT_TRUE(postfix.ok()) << postfix.status();
    postfix_ = *std::move(postfix);
    smtp_ = SmtpSession::Create(
        own_->services(), Patient("submissions", postfix_->submissions_port(),
                                  "alice@example.test"));
  }
  SmtpResult Send(
      SmtpEnvelope envelope,
      std::shared_ptr<MessageSource> message = NewStringSource(kMessage)) {
    const auto result = own_->Await<SmtpResult>([&](auto done) {
      smtp_->Send(std::move(envelope), std::move(message), std::move(done));
    });
    EXPECT_TRUE(result.status.ok()) << result.status;
    return result;
  }

  const SmtpEnvelope envelope_{"alice@example.test",
                               {"alice@example.test", "nobody@example.test"}};
  std::unique_ptr<PostfixServer> postfix_;
  std::unique_ptr<SmtpSession> smtp_;
};

TEST_F(SmtpTest, SendsToThoseWhoAreNotRefused) {
  for (const bool data_only : {false, true}) {
    SmtpEnvelope envelope = envelope_;
    envelope.data_only = data_only;
    const SmtpResult result = Send(envelope);
    EXPECT_TRUE(result.accepted) << result.last.words;
    EXPECT_THAT(result.last.words, HasSubstr("queued as"));
    ASSERT_EQ(result.recipients.size(), 2);
    EXPECT_TRUE(result.recipients[0].ok());
    EXPECT_EQ(result.recipients[1].enhanced, "5.1.1");
  }
  EXPECT_THAT(smtp_->session().capabilities(),
              testing::IsSupersetOf({"PIPELINING", "CHUNKING"}));
}

TEST_F(SmtpTest, AfterARefusalTheNextMailStartsClean) {
  SmtpEnvelope envelope = envelope_;
  envelope.all_or_none = true;
  EXPECT_FALSE(Send(envelope).accepted);
  envelope.recipients = {"nobody@example.test"};
  for (const bool data_only : {false, true}) {
    envelope.all_or_none = false;
    envelope.data_only = data_only;
    const SmtpResult result = Send(envelope);
    EXPECT_FALSE(result.accepted);
    EXPECT_EQ(result.last.enhanced, "5.1.1");
  }
  envelope.recipients = {"alice@example.test"};
  EXPECT_TRUE(Send(envelope).accepted);
  EXPECT_EQ(Count("connection_lost"), 0);
}

TEST_F(SmtpTest, SendsManyChunks) {
  for (const bool data_only : {false, true}) {
    SmtpEnvelope envelope{"alice@example.test", {"alice@example.test"}};
    envelope.data_only = data_only;
    const SmtpResult result =
        Send(envelope, std::make_shared<GeneratedSource>(5'000'000, ".text\n"));
    EXPECT_TRUE(result.accepted) << result.last.words;
  }
  const auto too_large =
      std::make_shared<GeneratedSource>(50'000'000, ".text\n");
  EXPECT_EQ(Send(envelope_, too_large).size_limit, 10'240'000);
  const auto bye =
      Await<SmtpAnswer>([&](auto done) { smtp_->Quit(std::move(done)); });
  EXPECT_EQ(bye.code, 221);
}

class LinesSink final : public BlockSink {
 public:
  void Begin() override { lines.clear(); }
  absl::Status Add(absl::string_view line) override {
    lines.emplace_back(line);
    return absl::OkStatus();
  }
  std::vector<std::string> lines;
};

class NntpTest : public LineSessionsTest {
 protected:
  void SetUp() override {
    auto inn = InnServer::Start({*authority_.Issue()});
    if (absl::IsFailedPrecondition(inn.status())) GTEST_SKIP() << inn.status();
    ASSERT_TRUE(inn.ok()) << inn.status();
    inn_ = *std::move(inn);
    relay_ = std::make_unique<CuttingRelay>(inn_->nntps_port());
    // INN offers SASL, which knows other users than AUTHINFO USER does.
    SessionOptions options = Patient("nntps", relay_->port(), "alice",
                                     SaslMechanism::kProtocolLogin);
    nntp_ = NntpSession::Create(own_->services(), std::move(options));
    const auto group = Await<NntpGroup>(
        [&](auto done) { nntp_->Group("test.local", std::move(done)); });
    ASSERT_TRUE(group.ok());
    EXPECT_EQ(group.last, 1);
  }

  std::unique_ptr<InnServer> inn_;
  std::unique_ptr<CuttingRelay> relay_;
  std::unique_ptr<NntpSession> nntp_;
};

TEST_F(NntpTest, ReadsAndPosts) {
  StringSink sink;
  const auto article = Await<NntpArticle>(
      [&](auto done) { nntp_->Article(uint64_t{1}, &sink, std::move(done)); });
  EXPECT_EQ(article.message_id, "<1@example.test>");
  EXPECT_THAT(sink.text(), HasSubstr("\r\n\r\nHello, group.\r\n"));
  LinesSink lines;
  Await<NntpAnswer>(
      [&](auto done) { nntp_->Over({1}, &lines, std::move(done)); });
  EXPECT_THAT(lines.lines, ElementsAre(StartsWith("1\tHello\tAlice")));
  Await<NntpAnswer>(
      [&](auto done) { nntp_->ListActive("test.*", &lines, std::move(done)); });
  EXPECT_THAT(lines.lines, ElementsAre(StartsWith("test.local ")));

  const std::string post =
      "From: alice@example.test\nNewsgroups: test.local\nSubject: x\n\n.\n";
  const auto posted = Await<NntpAnswer>(
      [&](auto done) { nntp_->Post(NewStringSource(post), std::move(done)); });
  EXPECT_EQ(posted.code, 240) << posted.words;
  const auto bye =
      Await<NntpAnswer>([&](auto done) { nntp_->Quit(std::move(done)); });
  EXPECT_EQ(bye.code, 205);
}

TEST_F(NntpTest, AfterALossTheGroupIsSelectedAgain) {
  relay_->CutAll();
  StringSink sink;
  const auto article = Await<NntpArticle>(
      [&](auto done) { nntp_->Body(uint64_t{1}, &sink, std::move(done)); });
  EXPECT_EQ(article.code, 222) << article.words;
  EXPECT_EQ(sink.text(), "Hello, group.\r\n");
  EXPECT_EQ(Count("state_restored"), 1);
}

}  // namespace
}  // namespace holdfast::test
