// An IMAP session on connections that are made up: each command and its result,
// updates, IDLE, and what is restored.

#include "holdfast/protocols/session/imap/imap_session.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/fake_connection.h"
#include "holdfast/tests/helpers/fake_redialer.h"
#include "holdfast/tests/helpers/manual_event_loop.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// Writes down what it is given.
class LogSink final : public ImapFetchSink {
 public:
  void OnStart() override { log = "start"; }
  absl::Status OnSection(const std::string& section, uint64_t size) override {
    absl::StrAppend(&log, "|", section, " ", size, ":");
    return absl::OkStatus();
  }
  absl::Status OnBytes(absl::string_view bytes) override {
    absl::StrAppend(&log, bytes);
    return absl::OkStatus();
  }
  absl::Status OnMessage(const ImapMessage& message) override {
    absl::StrAppend(&log, "|uid ", *message.uid);
    return absl::OkStatus();
  }
  std::string log;
};

std::string Describe(const ImapUpdate& update) {
  switch (update.kind) {
    case ImapUpdate::Kind::kExists:
      return absl::StrCat("exists ", update.number);
    case ImapUpdate::Kind::kExpunged:
      return absl::StrCat("expunged ", update.number);
    case ImapUpdate::Kind::kMessage:
      return absl::StrCat("message ", update.message.number);
    case ImapUpdate::Kind::kAlert:
      return absl::StrCat("alert ", update.text);
    case ImapUpdate::Kind::kBye:
      return absl::StrCat("bye ", update.text);
    case ImapUpdate::Kind::kRestored:
      return absl::StrCat("restored ", update.number);
    case ImapUpdate::Kind::kOther:
      return absl::StrCat("other ", update.text);
  }
  return "";
}

ErrorCode CodeOf(const absl::Status& status) {
  return status.ok() ? ErrorCode::kInternal : ErrorFromStatus(status).code;
}

class ImapSessionTest : public testing::Test {
 protected:
  ImapSessionTest() {
    ImapSessionOptions options{
        {{{*ParseTarget("imaps://mail.example.org"), nullptr, nullptr}}}};
    options.on_update = [this](const ImapUpdate& update) {
      updates_.push_back(Describe(update));
    };
    imap_ = ImapSession::Create(&loop_, options, [&](SessionState* state) {
      auto redialer = std::make_unique<FakeRedialer>();
      redialer_ = redialer.get();
      return Session::Create(&loop_, std::move(redialer), options.session,
                             state);
    });
    imap_->Connect([](const absl::Status&) {});
    Settle();
    Answer();
  }

  void Settle() { loop_.Advance(absl::ZeroDuration()); }
  // What was dialled for is there.
  void Answer() {
    peer_ = std::make_shared<FakePeer>(static_cast<int>(100 + ++peers_));
    peer_->capabilities = {"LITERAL+"};
    std::exchange(redialer_->waiting,
                  nullptr)({FakeConnection(peer_), {target_}, {}, {}});
    Settle();
  }
  // The client sends `command` with the next tag, the server says `lines`, and
  // then the tag and `answer`.
  void Converse(const std::string& command,
                const std::vector<std::string>& lines,
                const std::string& answer = "OK Done.") {
    Settle();
    EXPECT_EQ(std::exchange(peer_->received, ""),
              absl::StrCat("A", ++tag_, " ", command, "\r\n"));
    for (const std::string& line : lines) Say(absl::StrCat(line, "\r\n"));
    if (!answer.empty()) Say(absl::StrCat("A", tag_, " ", answer, "\r\n"));
  }
  void Say(const std::string& bytes) {
    peer_->unread += bytes;
    loop_.MarkReady(peer_->fd);
    Settle();
  }
  void Break() {
    peer_->failure = ErrorCode::kConnectionReset;
    loop_.MarkReady(peer_->fd);
    Settle();
  }
  // Where a result goes.
  template <typename T>
  std::function<void(absl::StatusOr<T>)> Into(
      std::optional<absl::StatusOr<T>>* result) {
    result->reset();
    return [result](absl::StatusOr<T> given) { *result = std::move(given); };
  }
  void SelectInbox(int uid_validity = 7) {
    imap_->Select("INBOX", Into(&mailbox_));
    Converse("SELECT \"INBOX\"",
             {"* 3 EXISTS",
              absl::StrCat("* OK [UIDVALIDITY ", uid_validity, "] valid")},
             "OK [READ-WRITE] Done.");
    ASSERT_TRUE(mailbox_ && mailbox_->ok());
  }

  ManualEventLoop loop_;
  const Target target_ = *ParseTarget("imaps://mail.example.org");
  FakeRedialer* redialer_ = nullptr;
  std::shared_ptr<FakePeer> peer_;
  int peers_ = 0;
  int tag_ = 0;
  std::vector<std::string> updates_;
  std::optional<absl::StatusOr<MailboxInfo>> mailbox_;
  std::optional<absl::StatusOr<ImapAnswer>> answer_;
  std::unique_ptr<ImapSession> imap_;
};

TEST_F(ImapSessionTest, SelectTellsWhatTheMailboxIs) {
  imap_->Examine("Entwürfe", Into(&mailbox_));
  Converse("EXAMINE \"Entw&APw-rfe\"",
           {"* FLAGS (\\Seen $x)", "* OK [PERMANENTFLAGS (\\Seen \\*)] ok",
            "* 172 EXISTS", "* 1 RECENT", "* OK [UNSEEN 12] first",
            "* OK [UIDVALIDITY 3857529045] valid", "* OK [UIDNEXT 4392] next",
            "* OK [HIGHESTMODSEQ 715194045007] highest"},
           "OK [READ-ONLY] Done.");
  ASSERT_TRUE(mailbox_ && mailbox_->ok());
  const MailboxInfo& info = **mailbox_;
  EXPECT_EQ(info.exists, 172u);
  EXPECT_EQ(info.uid_validity, 3857529045u);
  EXPECT_EQ(info.uid_next, 4392u);
  EXPECT_THAT(info.flags, ElementsAre("\\Seen", "$x"));
  EXPECT_THAT(info.permanent_flags, ElementsAre("\\Seen", "\\*"));
  EXPECT_EQ(info.highest_modseq, 715194045007u);
  EXPECT_TRUE(info.read_only);
  EXPECT_THAT(updates_, IsEmpty());
}

TEST_F(ImapSessionTest, AMalformedAnswerIsRefused) {
  for (const std::string line :
       {"* FLAGS", "* FLAGS \\Seen", "* FLAGS (", "* OK [UIDVALIDITY x] y",
        "* OK [UIDVALIDITY 4294967296] y", "* OK [UIDNEXT] y",
        "* OK [PERMANENTFLAGS a] y", "* OK [HIGHESTMODSEQ -1] y", "* 1 FETCH (",
        "* 12x EXISTS"}) {
    imap_->Select("x", Into(&mailbox_));
    while (!mailbox_) {
      Converse("SELECT \"x\"", {line}, "");
      if (!redialer_->waiting) break;
      Answer();
    }
    ASSERT_TRUE(mailbox_) << line;
    EXPECT_EQ(CodeOf(mailbox_->status()), ErrorCode::kUnexpectedResponse);
    imap_->Connect([](const absl::Status&) {});
    Settle();
    Answer();
  }
}

TEST_F(ImapSessionTest, ARefusalIsAnAnswer) {
  imap_->Select("x", Into(&mailbox_));
  Converse("SELECT \"x\"", {}, "NO [NONEXISTENT] No such mailbox");
  ASSERT_TRUE(mailbox_ && mailbox_->ok());
  EXPECT_FALSE((*mailbox_)->answer.ok());
  EXPECT_EQ((*mailbox_)->answer.code, "NONEXISTENT");
}

TEST_F(ImapSessionTest, MailboxesAreListedAndCounted) {
  std::optional<absl::StatusOr<ImapMailboxes>> list;
  imap_->List("*", Into(&list));
  Converse("LIST \"\" \"*\"",
           {"* LIST () \"/\" INBOX", "* LIST (\\Noselect) NIL {3}", "a&b"});
  ASSERT_TRUE(list && list->ok());
  ASSERT_EQ((*list)->mailboxes.size(), 2u);
  EXPECT_EQ((*list)->mailboxes[0].name, "INBOX");
  EXPECT_EQ((*list)->mailboxes[1].name, "a&b");
  std::optional<absl::StatusOr<ImapMailboxStatus>> status;
  imap_->Status("INBOX", {"MESSAGES", "UNSEEN"}, Into(&status));
  Converse("STATUS \"INBOX\" (MESSAGES UNSEEN)",
           {"* STATUS INBOX (MESSAGES 3 UNSEEN 1)"});
  ASSERT_TRUE(status && status->ok());
  EXPECT_THAT((*status)->items,
              ElementsAre(Pair("MESSAGES", 3u), Pair("UNSEEN", 1u)));
}

TEST_F(ImapSessionTest, AnAnswerToASearchMayBeLong) {
  std::optional<absl::StatusOr<ImapUids>> uids;
  imap_->UidSearch(ImapCommand("UNSEEN SUBJECT").String("ü"), Into(&uids));
  Settle();
  EXPECT_EQ(peer_->received,
            "A1 UID SEARCH CHARSET UTF-8 UNSEEN SUBJECT {2+}\r\nü\r\n");
  std::string line = "* SEARCH";
  for (int i = 1; i <= 100000; ++i) absl::StrAppend(&line, " ", i);
  Say(line + "\r\n* SEARCH 7\r\nA1 OK\r\n");
  ASSERT_TRUE(uids && uids->ok()) << uids->status();
  EXPECT_EQ((*uids)->uids.size(), 100001u);
}

TEST_F(ImapSessionTest, AnAnswerWithoutEndIsCutOff) {
  std::optional<absl::StatusOr<ImapUids>> uids;
  imap_->UidSearch(ImapCommand("ALL"), Into(&uids));
  Settle();
  Say("* ESEARCH ALL 1:2000000\r\n");
  EXPECT_FALSE(uids);
  Say("* SEARCH 2000001\r\n");
  ASSERT_TRUE(uids);
  EXPECT_EQ(CodeOf(uids->status()), ErrorCode::kTooMuchData);

  std::optional<absl::StatusOr<ImapMailboxes>> mailboxes;
  imap_->List("*", Into(&mailboxes));
  Settle();
  Answer();
  std::string lines;
  for (int i = 0; i < 100'000; ++i) lines += "* LIST () NIL x\r\n";
  Say(lines);
  EXPECT_FALSE(mailboxes);
  Say("* LIST () NIL x\r\n");
  ASSERT_TRUE(mailboxes);
  EXPECT_EQ(CodeOf(mailboxes->status()), ErrorCode::kTooMuchData);
}

TEST_F(ImapSessionTest, FetchedMessagesAreParsedAndSectionsStreamed) {
  LogSink sink;
  std::optional<absl::StatusOr<ImapFetched>> fetched;
  imap_->UidFetch(*ImapSet::Of({5, 4, 9}), {"FLAGS", "BODY.PEEK[]"}, &sink,
                  Into(&fetched));
  Converse("UID FETCH 4:5,9 (FLAGS BODY.PEEK[] UID)",
           {"* 1 FETCH (UID 4 FLAGS () BODY[] {2}", "hi)",
            "* 2 FETCH (FLAGS (\\Seen))", "* 3 FETCH (BODY[] {0}", " UID 5)",
            "* 4 FETCH (BODY[] \"quoted\" UID 9 BODY[1] NIL)"});
  ASSERT_TRUE(fetched && fetched->ok()) << fetched->status();
  EXPECT_EQ((*fetched)->messages, 3u);
  EXPECT_EQ(sink.log,
            "start|BODY[] 2:hi|uid 4|BODY[] 0:|uid 5|BODY[] 6:quoted|uid 9");
  EXPECT_THAT(updates_, ElementsAre("message 2"));
}

TEST_F(ImapSessionTest, ABodyIsStreamedAndOfThatMessageOnly) {
  StringSink body;
  std::optional<absl::StatusOr<ImapFetched>> fetched;
  imap_->FetchBody(4, "HEADER", &body, Into(&fetched));
  Converse("UID FETCH 4 (UID BODY.PEEK[HEADER])",
           {"* 2 FETCH (UID 9 FLAGS ())", "* 1 FETCH (UID 4 BODY[HEADER] {4}",
            "a", "b)"});
  ASSERT_TRUE(fetched && fetched->ok());
  EXPECT_EQ((*fetched)->messages, 1u);
  EXPECT_EQ(body.text(), "a\r\nb");
  EXPECT_THAT(updates_, ElementsAre("message 2"));
  imap_->FetchBody(5, "", &body, Into(&fetched));
  Converse("UID FETCH 5 (UID BODY.PEEK[])", {});
  EXPECT_EQ((*fetched)->messages, 0u);
  EXPECT_EQ(body.text(), "");
}

TEST_F(ImapSessionTest, ABodyOfAnotherMessageIsRefused) {
  StringSink body;
  std::optional<absl::StatusOr<ImapFetched>> fetched;
  for (const std::string uid : {" UID 5", ""}) {
    imap_->FetchBody(4, "", &body, Into(&fetched));
    // Another connection may bring another answer: that is tried, a few times.
    while (!fetched) {
      Converse("UID FETCH 4 (UID BODY.PEEK[])",
               {absl::StrCat("* 1 FETCH (BODY[] \"x\"", uid, ")")}, "");
      if (!redialer_->waiting) break;
      Answer();
    }
    ASSERT_TRUE(fetched);
    EXPECT_EQ(CodeOf(fetched->status()), ErrorCode::kUnexpectedResponse);
    imap_->Connect([](const absl::Status&) {});
    Settle();
    Answer();
  }
}

TEST_F(ImapSessionTest, AppendTellsTheNewUid) {
  std::optional<absl::StatusOr<ImapAppended>> appended;
  imap_->Append("Sent", {"\\Seen"}, absl::FromUnixSeconds(837593065),
                NewStringSource("hi"), Into(&appended));
  Converse("APPEND \"Sent\" (\\Seen) \"17-Jul-1996 08:44:25 +0000\" {2+}\r\nhi",
           {}, "OK [APPENDUID 38505 3955] Done.");
  ASSERT_TRUE(appended && appended->ok());
  EXPECT_EQ((*appended)->uid_validity, 38505u);
  EXPECT_EQ((*appended)->uid, 3955u);
}

TEST_F(ImapSessionTest, CopiedAndMovedMessagesHaveNewUids) {
  std::optional<absl::StatusOr<ImapCopied>> copied;
  const ImapSet uids = *ImapSet::Parse("3:5");
  imap_->UidCopy(uids, "x", Into(&copied));
  Converse("UID COPY 3:5 \"x\"", {}, "OK [COPYUID 9 3:5 101:103] Done.");
  ASSERT_TRUE(copied && copied->ok());
  EXPECT_EQ((*copied)->uid_validity, 9u);
  EXPECT_EQ((*copied)->to_uids, "101:103");
  imap_->UidMove(uids, "x", Into(&copied));
  Converse("UID MOVE 3:5 \"x\"",
           {"* OK [COPYUID 9 3:5 104:106] moved", "* 1 EXPUNGE"});
  EXPECT_EQ((*copied)->from_uids, "3:5");
  EXPECT_EQ((*copied)->to_uids, "104:106");
  EXPECT_THAT(updates_, ElementsAre("expunged 1"));
}

TEST_F(ImapSessionTest, StoreExpungeAndWhateverElse) {
  imap_->UidStore(*ImapSet::Parse("*"), ImapStore::kRemove, {"\\Deleted"},
                  Into(&answer_));
  Converse("UID STORE * -FLAGS (\\Deleted)", {"* 3 FETCH (FLAGS ())"});
  EXPECT_TRUE(answer_ && answer_->ok() && (*answer_)->ok());
  imap_->UidExpunge(*ImapSet::Of({4}), Into(&answer_));
  Converse("UID EXPUNGE 4", {"* 2 EXPUNGE"});
  std::vector<std::string> heard;
  imap_->Run(
      ImapCommand("NAMESPACE"), OnLoss::kRepeat,
      [&](absl::string_view text) { heard.emplace_back(text); },
      Into(&answer_));
  Converse("NAMESPACE", {"* NAMESPACE NIL NIL NIL"});
  EXPECT_THAT(heard, ElementsAre("* NAMESPACE NIL NIL NIL"));
  EXPECT_THAT(updates_, ElementsAre("message 3", "expunged 2",
                                    "other * NAMESPACE NIL NIL NIL"));
}

TEST_F(ImapSessionTest, SetsAreWellFormed) {
  for (const absl::string_view text :
       {"", "0", "1:", ":1", "1,", ",", "1,,2", "a", "1 2", "4294967296",
        "1:2:3", "**", "-1", "1\r\n"}) {
    EXPECT_EQ(CodeOf(ImapSet::Parse(text).status()),
              ErrorCode::kInvalidArgument)
        << text;
  }
  EXPECT_EQ(ImapSet::Parse("1:5,7,20:*")->text(), "1:5,7,20:*");
  EXPECT_EQ(ImapSet::Of({3, 1, 2, 2, 9, 4294967295})->text(),
            "1:3,9,4294967295");
  EXPECT_FALSE(ImapSet::Of({}).ok());
  EXPECT_FALSE(ImapSet::Of({0, 1}).ok());
}

TEST_F(ImapSessionTest, NewsAreToldWhileNoCommandRuns) {
  Say("* 4 EXISTS\r\n* 1 EXPUNGE\r\n* OK [ALERT] Full\r\n* 2 FETCH (FLA");
  Say("GS ())\r\n");
  EXPECT_THAT(updates_,
              ElementsAre("exists 4", "expunged 1", "alert Full", "message 2"));
}

TEST_F(ImapSessionTest, NewsRightAfterAnAnswerAreTold) {
  imap_->Noop(Into(&answer_));
  Converse("NOOP", {}, "OK Done.\r\n* 9 EXISTS");
  EXPECT_TRUE(answer_ && answer_->ok());
  EXPECT_THAT(updates_, ElementsAre("exists 9"));
}

TEST_F(ImapSessionTest, UnaskedByeIsToldAndTheNextCommandDialsAgain) {
  Say("* BYE idle for too long\r\n");
  EXPECT_THAT(updates_, ElementsAre("bye idle for too long"));
  EXPECT_TRUE(peer_->gone);
  imap_->Noop(Into(&answer_));
  Settle();
  Answer();
  Converse("NOOP", {});
  EXPECT_TRUE(answer_ && answer_->ok());
}

TEST_F(ImapSessionTest, WhatWasSelectedAndEnabledIsRestoredBeforeTheCommand) {
  std::optional<absl::StatusOr<ImapEnabled>> enabled;
  imap_->Enable({"CONDSTORE", "UTF8=ACCEPT", "X"}, Into(&enabled));
  Converse("ENABLE CONDSTORE UTF8=ACCEPT X",
           {"* ENABLED CONDSTORE UTF8=ACCEPT"});
  ASSERT_TRUE(enabled && enabled->ok());
  EXPECT_THAT((*enabled)->enabled, ElementsAre("CONDSTORE", "UTF8=ACCEPT"));
  imap_->Select("Entwürfe", Into(&mailbox_));
  Converse("SELECT \"Entwürfe\"", {"* OK [UIDVALIDITY 7] valid"});
  imap_->Noop(Into(&answer_));
  Converse("NOOP", {}, "");
  Break();
  Answer();
  Converse("ENABLE CONDSTORE UTF8=ACCEPT", {"* ENABLED UTF8=ACCEPT condstore"});
  Converse("SELECT \"Entwürfe\"", {"* 5 EXISTS", "* OK [UIDVALIDITY 7] valid"});
  EXPECT_FALSE(answer_);
  Converse("NOOP", {});
  EXPECT_TRUE(answer_ && answer_->ok());
  EXPECT_THAT(updates_, ElementsAre("restored 5"));
}

TEST_F(ImapSessionTest, Imap4rev2NamesMailboxesInUtf8AndAnswersByEsearch) {
  std::optional<absl::StatusOr<ImapEnabled>> enabled;
  imap_->Enable({"IMAP4rev2"}, Into(&enabled));
  Converse("ENABLE IMAP4rev2", {"* ENABLED IMAP4rev2"});
  imap_->Select("Entwürfe", Into(&mailbox_));
  Converse("SELECT \"Entwürfe\"", {"* OK [UIDVALIDITY 7] valid"});
  std::optional<absl::StatusOr<ImapUids>> uids;
  imap_->UidSearch(ImapCommand("UNSEEN"), Into(&uids));
  Converse("UID SEARCH UNSEEN", {"* ESEARCH (TAG \"A3\") UID ALL 4,7:8"});
  ASSERT_TRUE(uids && uids->ok()) << uids->status();
  EXPECT_THAT((*uids)->uids, ElementsAre(4, 7, 8));
}

TEST_F(ImapSessionTest, AnExaminedMailboxIsExaminedAgain) {
  imap_->Examine("x", Into(&mailbox_));
  Converse("EXAMINE \"x\"", {"* OK [UIDVALIDITY 7] valid"}, "OK [READ-ONLY]");
  imap_->Noop(Into(&answer_));
  Converse("NOOP", {}, "");
  Break();
  Answer();
  Converse("EXAMINE \"x\"", {"* OK [UIDVALIDITY 7] valid"}, "OK [READ-ONLY]");
  Converse("NOOP", {});
}

TEST_F(ImapSessionTest, AnotherUidValidityFailsTheCommandOnce) {
  SelectInbox(7);
  imap_->Noop(Into(&answer_));
  Converse("NOOP", {}, "");
  Break();
  Answer();
  Converse("SELECT \"INBOX\"", {"* OK [UIDVALIDITY 8] new"});
  ASSERT_TRUE(answer_);
  EXPECT_EQ(CodeOf(answer_->status()), ErrorCode::kMailboxChanged);
  imap_->Noop(Into(&answer_));
  Converse("NOOP", {}, "");
  Break();
  Answer();
  Converse("SELECT \"INBOX\"", {"* OK [UIDVALIDITY 8] the same"});
  Converse("NOOP", {});
  EXPECT_TRUE(answer_ && answer_->ok());
}

TEST_F(ImapSessionTest, AMailboxThatIsGoneFailsTheCommandOnce) {
  SelectInbox();
  imap_->Noop(Into(&answer_));
  Converse("NOOP", {}, "");
  Break();
  Answer();
  Converse("SELECT \"INBOX\"", {}, "NO deleted");
  ASSERT_TRUE(answer_);
  EXPECT_EQ(CodeOf(answer_->status()), ErrorCode::kStateNotRestored);
  EXPECT_EQ(ErrorFromStatus(answer_->status()).server_text, "deleted");
  imap_->Noop(Into(&answer_));
  Converse("NOOP", {}, "");
  Break();
  Answer();
  Converse("NOOP", {});
  EXPECT_TRUE(answer_->ok()) << "nothing is selected any more";
}

TEST_F(ImapSessionTest, WhatIsNotEnabledAgainFailsTheCommand) {
  std::optional<absl::StatusOr<ImapEnabled>> enabled;
  imap_->Enable({"CONDSTORE"}, Into(&enabled));
  Converse("ENABLE CONDSTORE", {"* ENABLED CONDSTORE"});
  imap_->Noop(Into(&answer_));
  Converse("NOOP", {}, "");
  Break();
  Answer();
  Converse("ENABLE CONDSTORE", {"* ENABLED"});
  ASSERT_TRUE(answer_);
  EXPECT_EQ(CodeOf(answer_->status()), ErrorCode::kStateNotRestored);
}

TEST_F(ImapSessionTest, LostWhileItIsRestoredItIsRestoredFromTheBeginning) {
  SelectInbox();
  imap_->Noop(Into(&answer_));
  Converse("NOOP", {}, "");
  Break();
  Answer();
  Converse("SELECT \"INBOX\"", {"* 3 EXISTS"}, "");
  Break();
  Answer();
  Converse("SELECT \"INBOX\"", {"* OK [UIDVALIDITY 7] valid"});
  Converse("NOOP", {});
  EXPECT_TRUE(answer_ && answer_->ok());
}

TEST_F(ImapSessionTest, ASelectThatWasLostLeavesTheMailboxOfBefore) {
  SelectInbox();
  imap_->Select("y", Into(&mailbox_));
  Converse("SELECT \"y\"", {}, "");
  Break();
  Answer();
  Converse("SELECT \"y\"", {"* OK [UIDVALIDITY 3] valid"});
  EXPECT_TRUE(mailbox_ && mailbox_->ok());
}

TEST_F(ImapSessionTest, EachCommandIsRepeatedOnlyIfThatIsSafe) {
  const ImapSet uids = *ImapSet::Of({4});
  std::optional<absl::StatusOr<ImapCopied>> copied;
  std::optional<absl::StatusOr<ImapAppended>> appended;
  const auto lose = [this](const std::string& command) {
    Converse(command, {}, "");
    Break();
  };
  imap_->UidStore(uids, ImapStore::kAdd, {"a"}, Into(&answer_));
  lose("UID STORE 4 +FLAGS (a)");
  EXPECT_EQ(CodeOf(answer_->status()), ErrorCode::kOutcomeUnknown);
  imap_->UidExpunge(uids, Into(&answer_));
  Settle();
  Answer();
  lose("UID EXPUNGE 4");
  EXPECT_EQ(CodeOf(answer_->status()), ErrorCode::kOutcomeUnknown);
  imap_->UidMove(uids, "x", Into(&copied));
  Settle();
  Answer();
  lose("UID MOVE 4 \"x\"");
  EXPECT_EQ(CodeOf(copied->status()), ErrorCode::kOutcomeUnknown);
  imap_->Append("x", {}, std::nullopt, NewStringSource("hi"), Into(&appended));
  Settle();
  Answer();
  lose("APPEND \"x\" () {2+}\r\nhi");
  EXPECT_EQ(CodeOf(appended->status()), ErrorCode::kOutcomeUnknown);
  imap_->Run(ImapCommand("FETCH 1 (FLAGS)"), OnLoss::kGiveUp, nullptr,
             Into(&answer_));
  Settle();
  Answer();
  lose("FETCH 1 (FLAGS)");
  EXPECT_EQ(CodeOf(answer_->status()), ErrorCode::kConnectionLost);
}

TEST_F(ImapSessionTest, AFetchThatIsRepeatedStartsItsSinkAnew) {
  LogSink sink;
  std::optional<absl::StatusOr<ImapFetched>> fetched;
  imap_->UidFetch(*ImapSet::Of({4}), {"BODY[]"}, &sink, Into(&fetched));
  Converse("UID FETCH 4 (BODY[] UID)", {"* 1 FETCH (UID 4 BODY[] {9}", "ab"},
           "");
  EXPECT_EQ(sink.log, "start|BODY[] 9:ab\r\n");
  Break();
  Answer();
  Converse("UID FETCH 4 (BODY[] UID)", {"* 1 FETCH (UID 4 BODY[] {2}", "ab)"});
  EXPECT_EQ(sink.log, "start|BODY[] 2:ab|uid 4");
  EXPECT_EQ((*fetched)->messages, 1u);
}

TEST_F(ImapSessionTest, LogoutIsCleanWithOrWithoutAnAnswer) {
  for (const bool answered : {true, false}) {
    SelectInbox();
    std::optional<absl::Status> done;
    imap_->Logout([&](absl::Status status) { done = std::move(status); });
    Converse("LOGOUT", {"* BYE Logging out"}, answered ? "OK" : "");
    if (!answered) {
      peer_->closed = true;
      loop_.MarkReady(peer_->fd);
      Settle();
    }
    ASSERT_TRUE(done);
    EXPECT_TRUE(done->ok()) << *done;
    EXPECT_TRUE(peer_->gone);
    imap_->Noop(Into(&answer_));
    Settle();
    Answer();
    Converse("NOOP", {});  // nothing was restored
  }
}

TEST_F(ImapSessionTest, IdleTellsNewsUntilItIsEnded) {
  auto idle = imap_->Idle(Into(&answer_));
  Converse("IDLE", {"+ idling", "* 4 EXISTS"}, "");
  EXPECT_THAT(updates_, ElementsAre("exists 4"));
  EXPECT_EQ(peer_->received, "");
  idle.reset();
  Settle();
  EXPECT_EQ(peer_->received, "DONE\r\n");
  EXPECT_FALSE(answer_);
  Say("A1 OK\r\n");
  EXPECT_TRUE(answer_ && answer_->ok());
}

TEST_F(ImapSessionTest, IdleIsRenewedBeforeTheServerHangsUp) {
  auto idle = imap_->Idle(Into(&answer_));
  Converse("IDLE", {"+ idling"}, "");
  loop_.Advance(absl::Minutes(28) - absl::Microseconds(1));
  EXPECT_EQ(peer_->received, "");
  loop_.Advance(absl::Microseconds(1));
  EXPECT_EQ(std::exchange(peer_->received, ""), "DONE\r\n");
  Say("A1 OK\r\n");
  EXPECT_FALSE(answer_);
  Converse("IDLE", {"+ idling", "* 5 EXISTS"}, "");
  EXPECT_THAT(updates_, ElementsAre("exists 5"));
  idle.reset();
  Settle();
  EXPECT_EQ(peer_->received, "DONE\r\n");
  Say("A2 OK\r\n");
  EXPECT_TRUE(answer_ && answer_->ok());
}

TEST_F(ImapSessionTest, IdleSurvivesALostConnection) {
  SelectInbox();
  auto idle = imap_->Idle(Into(&answer_));
  Converse("IDLE", {"+ idling"}, "");
  Break();
  Answer();
  Converse("SELECT \"INBOX\"", {"* 9 EXISTS", "* OK [UIDVALIDITY 7] valid"});
  Converse("IDLE", {"+ idling"}, "");
  EXPECT_THAT(updates_, ElementsAre("restored 9"));
  idle.reset();
  Settle();
  Break();
  EXPECT_FALSE(answer_);
  Answer();
  Converse("SELECT \"INBOX\"", {"* 9 EXISTS", "* OK [UIDVALIDITY 7] valid"});
  EXPECT_TRUE(answer_ && answer_->ok());
  EXPECT_EQ(peer_->received, "") << "it is not begun again";
}

TEST_F(ImapSessionTest, ASilentServerIsNoticedOnceIdleShouldHaveBeenRenewed) {
  auto idle = imap_->Idle(Into(&answer_));
  Converse("IDLE", {"+ idling"}, "");
  loop_.Advance(absl::Minutes(28));
  EXPECT_EQ(peer_->received, "DONE\r\n");
  loop_.Advance(absl::Seconds(59));
  EXPECT_FALSE(peer_->gone);
  loop_.Advance(absl::Seconds(2));
  EXPECT_TRUE(peer_->gone);
}

TEST_F(ImapSessionTest, ARefusedIdleEnds) {
  const auto idle = imap_->Idle(Into(&answer_));
  Converse("IDLE", {}, "BAD Unknown command");
  ASSERT_TRUE(answer_ && answer_->ok());
  EXPECT_EQ((*answer_)->kind, ImapAnswer::Kind::kBad);
}

TEST_F(ImapSessionTest, IdleThatTheServerEndsIsOver) {
  const auto idle = imap_->Idle(Into(&answer_));
  Converse("IDLE", {"+ idling"}, "OK enough");
  Settle();
  ASSERT_TRUE(answer_ && answer_->ok());
  EXPECT_EQ((*answer_)->text, "enough");
  EXPECT_EQ(peer_->received, "");
}

TEST_F(ImapSessionTest, TheHandleOfIdleMayOutliveTheSession) {
  auto idle = imap_->Idle(Into(&answer_));
  Settle();
  imap_.reset();
  idle.reset();
  EXPECT_FALSE(answer_);
}

// The handle is then destroyed inside the callback, which holds what both
// share.
TEST_F(ImapSessionTest, IdlesCallbackMayDestroyTheSessionBeforeTheHandle) {
  std::unique_ptr<ImapIdle> idle;
  idle = imap_->Idle([&](const absl::StatusOr<ImapAnswer>&) {
    imap_.reset();
    idle.reset();
  });
  Converse("IDLE", {"+ idling"}, "OK enough");
  EXPECT_EQ(imap_, nullptr);
}

TEST_F(ImapSessionTest, AnotherCallbackMayDestroyTheSessionBeforeTheHandle) {
  std::unique_ptr<ImapIdle> idle;
  imap_->Noop([&](const absl::StatusOr<ImapAnswer>&) {
    imap_.reset();
    idle.reset();
  });
  idle = imap_->Idle(Into(&answer_));
  imap_->session().Close();
  Settle();
  EXPECT_EQ(imap_, nullptr);
  EXPECT_FALSE(answer_);
}

TEST_F(ImapSessionTest, ACallbackMayDestroyTheSession) {
  imap_->Noop([this](const absl::StatusOr<ImapAnswer>&) { imap_.reset(); });
  Converse("NOOP", {});
  EXPECT_EQ(imap_, nullptr);
}

}  // namespace
}  // namespace holdfast::test
