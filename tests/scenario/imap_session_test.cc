// An IMAP session before a real Dovecot: each of its functions.

#include "holdfast/protocols/session/imap/imap_session.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/fault_test.h"
#include "holdfast/tests/helpers/own_loop.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// Keeps the messages, without sections.
class MessageSink final : public ImapFetchSink {
 public:
  absl::Status OnSection(const std::string& section, uint64_t size) override {
    sections.push_back(absl::StrCat(section, " ", size));
    return absl::OkStatus();
  }
  absl::Status OnBytes(absl::string_view) override { return absl::OkStatus(); }
  absl::Status OnMessage(const ImapMessage& message) override {
    messages.push_back(message);
    return absl::OkStatus();
  }
  std::vector<std::string> sections;
  std::vector<ImapMessage> messages;
};

// Counts only.
class CountingSink final : public BlockSink {
 public:
  void Begin() override { bytes = 0; }
  absl::Status Add(absl::string_view piece) override {
    bytes += piece.size();
    return absl::OkStatus();
  }
  uint64_t bytes = 0;
};

class RealImapSessionTest : public FaultTest {
 protected:
  std::unique_ptr<ImapSession> Open(
      std::function<void(const ImapUpdate&)> on_update = {}) {
    ImapSessionOptions options{Options(
        absl::StrCat("imaps://127.0.0.1:", dovecot_->imaps_port()), "alice")};
    options.session.patience = LongEnough();
    options.on_update = std::move(on_update);
    return ImapSession::Create(own_->services(), std::move(options));
  }
  template <typename T>
  T Get(const std::function<void(ImapSession::Done<T>)>& start) {
    absl::StatusOr<T> result = own_->Await<absl::StatusOr<T>>(start);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : T();
  }
  static ImapAppended Append(OwnLoop* own, ImapSession* imap,
                             const std::string& mailbox, std::string text) {
    const std::shared_ptr<MessageSource> message =
        NewStringSource(std::move(text));
    const auto appended =
        own->Await<absl::StatusOr<ImapAppended>>([&](auto done) {
          imap->Append(mailbox, {"\\Flagged"}, absl::FromUnixSeconds(0),
                       message, std::move(done));
        });
    EXPECT_TRUE(appended.ok()) << appended.status();
    return appended.ok() ? *appended : ImapAppended();
  }
  void Make(const std::string& mailbox) {
    const auto made = Get<ImapAnswer>([&](auto done) {
      imap_->Run(ImapCommand("CREATE").Mailbox(mailbox), OnLoss::kUnknown,
                 nullptr, std::move(done));
    });
    EXPECT_TRUE(made.ok()) << made.text;
  }
  MailboxInfo Select(const std::string& mailbox) {
    return Get<MailboxInfo>(
        [&](auto done) { imap_->Select(mailbox, std::move(done)); });
  }

  std::unique_ptr<DovecotServer> dovecot_ =
      DovecotServer::Start({*authority_.Issue()}).value();
  std::unique_ptr<ImapSession> imap_ = Open();
};

TEST_F(RealImapSessionTest, AMailboxOfAnyNameIsMadeListedAndSelected) {
  for (const std::string name : {"Entwürfe", "A & B", "日本語", "📨 \"x\""}) {
    Make(name);
    const auto list = Get<ImapMailboxes>(
        [&](auto done) { imap_->List("*", std::move(done)); });
    std::vector<std::string> names;
    for (const MailboxEntry& entry : list.mailboxes)
      names.push_back(entry.name);
    EXPECT_THAT(names, Contains(name));
    const MailboxInfo info = Select(name);
    EXPECT_TRUE(info.answer.ok()) << info.answer.text;
    EXPECT_GT(info.uid_validity, 0u);
    EXPECT_EQ(info.uid_next, 1u);
    EXPECT_FALSE(info.read_only);
    EXPECT_THAT(info.flags, Contains("\\Seen"));
  }
  EXPECT_FALSE(Select("nowhere").answer.ok());
}

TEST_F(RealImapSessionTest, AMessageIsAppendedFoundFetchedAndMoved) {
  const std::string text = Message("a");
  const ImapAppended appended = Append(own_.get(), imap_.get(), "INBOX", text);
  ASSERT_TRUE(appended.answer.ok()) << appended.answer.text;
  ASSERT_TRUE(appended.uid);
  const MailboxInfo inbox = Select("INBOX");
  EXPECT_EQ(inbox.exists, 1u);
  EXPECT_EQ(inbox.uid_validity, appended.uid_validity);

  const auto found = Get<ImapUids>([&](auto done) {
    imap_->UidSearch(ImapCommand("FLAGGED NOT SUBJECT").String("ü"),
                     std::move(done));
  });
  EXPECT_TRUE(found.answer.ok()) << found.answer.text;
  EXPECT_THAT(found.uids, ElementsAre(*appended.uid));

  MessageSink sink;
  const ImapSet uids = *ImapSet::Of({*appended.uid});
  const auto fetched = Get<ImapFetched>([&](auto done) {
    imap_->UidFetch(uids,
                    {"FLAGS", "RFC822.SIZE", "INTERNALDATE", "ENVELOPE",
                     "BODY.PEEK[HEADER.FIELDS (SUBJECT)]", "BODY.PEEK[TEXT]"},
                    &sink, std::move(done));
  });
  EXPECT_EQ(fetched.messages, 1u);
  ASSERT_EQ(sink.messages.size(), 1u);
  EXPECT_EQ(sink.messages[0].size, text.size());
  EXPECT_THAT(*sink.messages[0].flags, Contains("\\Flagged"));
  EXPECT_THAT(sink.messages[0].internal_date, HasSubstr("1970"));
  EXPECT_THAT(sink.messages[0].envelope, HasSubstr("<a@test>"));
  EXPECT_EQ(sink.sections.size(), 2u);

  StringSink body;
  Get<ImapFetched>([&](auto done) {
    imap_->FetchBody(*appended.uid, "", &body, std::move(done));
  });
  EXPECT_EQ(body.text(), text);

  Make("Trash");
  const auto moved = Get<ImapCopied>(
      [&](auto done) { imap_->UidMove(uids, "Trash", std::move(done)); });
  EXPECT_TRUE(moved.answer.ok()) << moved.answer.text;
  EXPECT_EQ(moved.to_uids, "1");
  const auto status = Get<ImapMailboxStatus>([&](auto done) {
    imap_->Status("Trash", {"MESSAGES", "UIDNEXT"}, std::move(done));
  });
  EXPECT_EQ(status.items.at("MESSAGES"), 1u);
  EXPECT_EQ(status.items.at("UIDNEXT"), 2u);
}

TEST_F(RealImapSessionTest, ALongMessageGoesBothWays) {
  constexpr size_t kLine = 70;
  constexpr size_t kLines = 200000;
  std::string text = "Subject: long\r\n\r\n";
  for (size_t i = 0; i < kLines; ++i) {
    text += std::string(kLine - 2, 'x') + "\r\n";
  }
  const size_t size = text.size();
  const ImapAppended appended =
      Append(own_.get(), imap_.get(), "INBOX", std::move(text));
  ASSERT_TRUE(appended.uid) << appended.answer.text;
  Select("INBOX");
  CountingSink sink;
  Get<ImapFetched>([&](auto done) {
    imap_->FetchBody(*appended.uid, "", &sink, std::move(done));
  });
  EXPECT_EQ(sink.bytes, size);
}

TEST_F(RealImapSessionTest, IdleTellsWhatAnotherConnectionAppends) {
  std::vector<ImapUpdate> updates;
  imap_ = Open([&](const ImapUpdate& update) { updates.push_back(update); });
  EXPECT_EQ(Select("INBOX").exists, 0u);
  std::optional<absl::StatusOr<ImapAnswer>> ended;
  auto idle = imap_->Idle(
      [&](absl::StatusOr<ImapAnswer> answer) { ended = std::move(answer); });
  const auto other = Open();
  EXPECT_TRUE(
      Append(own_.get(), other.get(), "INBOX", Message("a")).answer.ok());
  const auto is_new = [](const ImapUpdate& update) {
    return update.kind == ImapUpdate::Kind::kExists && update.number == 1;
  };
  own_->loop()->RunUntil(
      [&] { return std::any_of(updates.begin(), updates.end(), is_new); });
  EXPECT_FALSE(ended);
  idle.reset();
  own_->loop()->RunUntil([&] { return ended.has_value(); });
  EXPECT_TRUE(ended->ok() && (*ended)->ok());
  const auto left = own_->Await<absl::Status>(
      [&](auto done) { imap_->Logout(std::move(done)); });
  EXPECT_TRUE(left.ok()) << left;
}

TEST_F(RealImapSessionTest, EnableIsAnsweredAndARefusalIsInTheServersWords) {
  const auto enabled = Get<ImapEnabled>(
      [&](auto done) { imap_->Enable({"CONDSTORE"}, std::move(done)); });
  EXPECT_THAT(enabled.enabled, ElementsAre("CONDSTORE"));
  EXPECT_TRUE(Select("INBOX").highest_modseq.has_value());
  const auto answer = Get<ImapAnswer>([&](auto done) {
    imap_->Run(ImapCommand("NONSENSE"), OnLoss::kRepeat, nullptr,
               std::move(done));
  });
  EXPECT_EQ(answer.kind, ImapAnswer::Kind::kBad);
  EXPECT_NE(answer.text, "");
}

}  // namespace
}  // namespace holdfast::test
