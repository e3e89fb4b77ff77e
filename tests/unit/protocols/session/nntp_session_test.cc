// NNTP sessions by transcripts, each fed whole and byte by byte.

#include "holdfast/protocols/session/nntp_session.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/generated_source.h"
#include "holdfast/tests/helpers/line_script.h"
#include "holdfast/tests/helpers/lines_sink.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;

class NntpSessionTest : public testing::TestWithParam<Feeding> {
 protected:
  void SelectGroup() {
    nntp_->Group("misc.test", group_.Keeper());
    session_->Play({"C: GROUP misc.test", "S: 211 3 7 9 misc.test"});
    ASSERT_TRUE(group_.ok() && group_->ok());
  }

  ScriptedSession* session_ = nullptr;
  std::unique_ptr<NntpSession> nntp_ =
      NntpSession::Create(Scripted(GetParam(), &session_));
  Slot<NntpAnswer> answer_;
  Slot<NntpGroup> group_;
  Slot<NntpArticle> article_;
  StringSink sink_;
  LinesSink lines_;
};

INSTANTIATE_TEST_SUITE_P(Feedings, NntpSessionTest,
                         testing::Values(Feeding::kWhole,
                                         Feeding::kByteByByte));

TEST_P(NntpSessionTest, SelectsAGroup) {
  SelectGroup();
  EXPECT_EQ(group_->name, "misc.test");
  EXPECT_EQ(group_->count, 3);
  EXPECT_EQ(group_->first, 7);
  EXPECT_EQ(group_->last, 9);
}

TEST_P(NntpSessionTest, ReadsArticlesByNumberAndByMessageId) {
  nntp_->Article(uint64_t{7}, &sink_, article_.Keeper());
  session_->Play({"C: ARTICLE 7", "S: 220 7 <a@b> article", "S: Path: x",
                  "S: ", "S: ..", "S: ."});
  ASSERT_TRUE(article_.ok());
  EXPECT_EQ(article_->number, 7);
  EXPECT_EQ(article_->message_id, "<a@b>");
  EXPECT_EQ(sink_.text(), "Path: x\r\n\r\n.\r\n");

  nntp_->Head("<a@b>", &sink_, article_.Keeper());
  session_->Play({"C: HEAD <a@b>", "S: 221 0 <a@b>", "S: Path: x", "S: ."});
  EXPECT_EQ(sink_.text(), "Path: x\r\n");
  nntp_->Body("<a@b>", &sink_, article_.Keeper());
  session_->Play({"C: BODY <a@b>", "S: 222 0 <a@b>", "S: x", "S: ."});
  EXPECT_EQ(sink_.text(), "x\r\n");
  nntp_->Stat("<a@b>", article_.Keeper());
  session_->Play({"C: STAT <a@b>", "S: 223 0 <a@b>"});
  EXPECT_TRUE(article_.ok());
}

TEST_P(NntpSessionTest, ListsLineByLine) {
  nntp_->Over({7, 9}, &lines_, answer_.Keeper());
  session_->Play({"C: XOVER 7-9", "S: 224 follows", "S: 7\tHi\tme", "S: ."});
  EXPECT_THAT(lines_.lines, ElementsAre("7\tHi\tme"));
  session_->Offer({"OVER MSGID"});
  nntp_->Over({7}, &lines_, answer_.Keeper());
  session_->Play({"C: OVER 7-", "S: 224 follows", "S: ."});
  EXPECT_THAT(lines_.lines, ElementsAre());
  nntp_->ListActive("misc.*", &lines_, answer_.Keeper());
  session_->Play({"C: LIST ACTIVE misc.*", "S: 215 follows",
                  "S: misc.test 9 7 y", "S: ."});
  EXPECT_THAT(lines_.lines, ElementsAre("misc.test 9 7 y"));
  nntp_->ListGroup("misc.test", {7, 9}, &lines_, group_.Keeper());
  session_->Play({"C: LISTGROUP misc.test 7-9", "S: 211 3 7 9 misc.test",
                  "S: 7", "S: 9", "S: ."});
  EXPECT_THAT(lines_.lines, ElementsAre("7", "9"));
  EXPECT_EQ(group_->last, 9);
}

TEST_P(NntpSessionTest, ARefusalIsAnAnswer) {
  nntp_->Article(uint64_t{7}, &sink_, article_.Keeper());
  session_->Play({"C: ARTICLE 7", "S: 412 no group"});
  ASSERT_TRUE(article_.ok());
  EXPECT_EQ(article_->code, 412);
  EXPECT_FALSE(article_->ok());
}

TEST_P(NntpSessionTest, AnotherGoodAnswerIsAnError) {
  for (const std::string line :
       {"S: 222 7 <a@b>", "S: 220-7 <a@b>", "S: 220 seven", "S: hello"}) {
    nntp_->Article(uint64_t{7}, &sink_, article_.Keeper());
    session_->Play({"C: ARTICLE 7", line});
    ASSERT_FALSE(article_.ok()) << line;
    EXPECT_EQ(article_.error().code, ErrorCode::kUnexpectedResponse);
  }
}

TEST_P(NntpSessionTest, OnlyWholeWordsAreSent) {
  for (const std::string name : {"", "a b", "a\r\nQUIT", "a\n"}) {
    nntp_->Group(name, group_.Keeper());
    session_->Play({});
    ASSERT_FALSE(group_.ok());
    EXPECT_EQ(group_.error().code, ErrorCode::kInvalidArgument);
  }
  for (const std::string& id :
       {std::string("7"), std::string("<>"), std::string("<a b>"),
        "<" + std::string(250, 'a') + ">"}) {
    nntp_->Article(id, &sink_, article_.Keeper());
    session_->Play({});
    ASSERT_FALSE(article_.ok());
    EXPECT_EQ(article_.error().code, ErrorCode::kInvalidArgument);
  }
  nntp_->ListActive(std::string(500, 'a'), &lines_, answer_.Keeper());
  session_->Play({});
  EXPECT_EQ(answer_.error().code, ErrorCode::kInvalidArgument);
}

TEST_P(NntpSessionTest, AsksForReadersModeOnceOnEachConnection) {
  session_->Offer({"VERSION 2", "MODE-READER"});
  nntp_->Group("misc.test", group_.Keeper());
  nntp_->Stat(uint64_t{7}, article_.Keeper());
  session_->Play({"C: MODE READER", "S: 201 no posting", "C: GROUP misc.test",
                  "S: 211 3 7 9 misc.test", "C: STAT 7", "S: 223 7 <a@b>"});
  nntp_->Stat(uint64_t{7}, article_.Keeper());
  session_->Play({"C: STAT 7", "LOST", "C: MODE READER", "S: 200 posting",
                  "C: GROUP misc.test", "S: 211 3 7 9 misc.test", "C: STAT 7",
                  "S: 223 7 <a@b>"});
  EXPECT_TRUE(article_.ok());
}

TEST_P(NntpSessionTest, AnArticleIsReadAgainInItsGroup) {
  SelectGroup();
  nntp_->Article(uint64_t{7}, &sink_, article_.Keeper());
  session_->Play({"C: ARTICLE 7", "S: 220 7 <a@b>", "S: half", "LOST",
                  "C: GROUP misc.test", "S: 211 4 7 10 misc.test",
                  "C: ARTICLE 7", "S: 220 7 <a@b>", "S: whole", "S: ."});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kRepeat));
  ASSERT_TRUE(article_.ok());
  EXPECT_EQ(sink_.text(), "whole\r\n");
}

TEST_P(NntpSessionTest, AGroupThatIsGoneIsToldOnce) {
  SelectGroup();
  nntp_->Article(uint64_t{7}, &sink_, article_.Keeper());
  session_->Play(
      {"C: ARTICLE 7", "LOST", "C: GROUP misc.test", "S: 411 no such group"});
  ASSERT_TRUE(article_.called());
  EXPECT_EQ(article_.error().code, ErrorCode::kStateNotRestored);
  EXPECT_EQ(article_.error().server_text, "411 no such group");
  nntp_->Article(uint64_t{7}, &sink_, article_.Keeper());
  session_->Play({"C: ARTICLE 7", "LOST", "C: ARTICLE 7", "S: 412 no group"});
  EXPECT_TRUE(article_.ok());
}

TEST_P(NntpSessionTest, AGroupThatIsGoneMeanwhileIsTold) {
  SelectGroup();
  session_->Play({"LOST"});
  nntp_->Article(uint64_t{7}, &sink_, article_.Keeper());
  session_->Play({"C: GROUP misc.test", "S: 411 no such group"});
  EXPECT_EQ(article_.error().code, ErrorCode::kStateNotRestored);
}

TEST_P(NntpSessionTest, Posts) {
  const std::shared_ptr<MessageSource> source =
      NewStringSource("Subject: x\n\n.\nend");
  nntp_->Post(source, answer_.Keeper());
  session_->Play({"C: POST", "S: 340 go on", "C: Subject: x", "C: ", "C: ..",
                  "C: end", "C: .", "S: 240 received"});
  ASSERT_TRUE(answer_.ok());
  EXPECT_EQ(answer_->code, 240);

  nntp_->Post(source, answer_.Keeper());
  session_->Play({"C: POST", "S: 440 no posting"});
  ASSERT_TRUE(answer_.ok());
  EXPECT_EQ(answer_->code, 440);
}

TEST_P(NntpSessionTest, APostIsRepeatedOnlyIfItsEndWasNotSent) {
  nntp_->Post(NewStringSource("x"), answer_.Keeper());
  session_->Play(
      {"C: POST", "LOST", "C: POST", "S: 340 go on", "C: x", "C: .", "LOST"});
  EXPECT_THAT(session_->losses(),
              ElementsAre(OnLoss::kRepeat, OnLoss::kUnknown));
  EXPECT_EQ(answer_.error().code, ErrorCode::kOutcomeUnknown);
}

TEST_P(NntpSessionTest, AnArticleThatCannotBeReadIsNotEnded) {
  nntp_->Post(std::make_shared<GeneratedSource>(10, "x", /*lacking=*/1),
              answer_.Keeper());
  session_->Play({"C: POST", "S: 340 go on"});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kRepeat));
  EXPECT_EQ(answer_.error().code, ErrorCode::kMessageUnreadable);
}

TEST_P(NntpSessionTest, AServerThatTakesItsLeaveIsBusy) {
  SelectGroup();
  nntp_->Stat(uint64_t{7}, article_.Keeper());
  session_->Play({"C: STAT 7", "S: 400 going down"});
  ASSERT_FALSE(article_.ok());
  EXPECT_EQ(article_.error().code, ErrorCode::kServerBusy);
  EXPECT_EQ(article_.error().server_text, "400 going down");
}

// It has not taken the article: that can be repeated.
TEST_P(NntpSessionTest, LeaveInsteadOfAnAnswerToTheArticle) {
  nntp_->Post(NewStringSource("x"), answer_.Keeper());
  session_->Play({"C: POST", "S: 340 go on", "C: x", "C: .", "S: 400 bye"});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kRepeat));
  EXPECT_EQ(answer_.error().code, ErrorCode::kServerBusy);
}

TEST_P(NntpSessionTest, QuitIsDoneByTheConnectionsEnd) {
  nntp_->Quit(answer_.Keeper());
  session_->Play({"C: QUIT", "LOST"});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kDone));
  EXPECT_TRUE(answer_.ok());
}

TEST_P(NntpSessionTest, UnaskedItMayOnlyTakeItsLeave) {
  session_->Play({"S: 400 idle for too long"});
  EXPECT_EQ(ErrorFromStatus(session_->error()).code, ErrorCode::kServerBusy);
  session_->Play({"S: 200 hello"});
  EXPECT_EQ(ErrorFromStatus(session_->error()).code,
            ErrorCode::kUnexpectedResponse);
}

}  // namespace
}  // namespace holdfast::test
