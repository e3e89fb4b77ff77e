// POP3 sessions by transcripts, each fed whole and byte by byte.

#include "holdfast/protocols/session/pop3_session.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/line_script.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Pop3SessionTest : public testing::TestWithParam<Feeding> {
 protected:
  // One deletion on the connection.
  void DeleteOne() {
    pop3_->Delete({1}, answer_.Keeper());
    session_->Play({"C: DELE 1", "S: +OK"});
    ASSERT_TRUE(answer_.ok() && answer_->ok);
  }

  ScriptedSession* session_ = nullptr;
  std::unique_ptr<Pop3Session> pop3_ =
      Pop3Session::Create(Scripted(GetParam(), &session_));
  Slot<Pop3Answer> answer_;
  Slot<Pop3Stat> stat_;
  Slot<Pop3List> list_;
  StringSink sink_;
};

INSTANTIATE_TEST_SUITE_P(Feedings, Pop3SessionTest,
                         testing::Values(Feeding::kWhole,
                                         Feeding::kByteByByte));

TEST_P(Pop3SessionTest, Stat) {
  pop3_->Stat(stat_.Keeper());
  session_->Play({"C: STAT", "S: +OK 2 320 octets"});
  ASSERT_TRUE(stat_.ok());
  EXPECT_TRUE(stat_->ok);
  EXPECT_EQ(stat_->messages, 2);
  EXPECT_EQ(stat_->bytes, 320);
}

TEST_P(Pop3SessionTest, ListsSizesAndIdentifiers) {
  pop3_->List(list_.Keeper());
  session_->Play(
      {"C: LIST", "S: +OK 2 messages", "S: 1 120", "S: 3 200 x", "S: ."});
  ASSERT_TRUE(list_.ok());
  ASSERT_EQ(list_->messages.size(), 2);
  EXPECT_EQ(list_->messages[1].number, 3);
  EXPECT_EQ(list_->messages[1].bytes, 200);

  pop3_->UidList(list_.Keeper());
  session_->Play({"C: UIDL", "S: +OK", "S: 1 whqtswO00WBw418f9t5JxYwZ",
                  "S: 2 ..dots", "S: ."});
  ASSERT_TRUE(list_.ok());
  ASSERT_EQ(list_->messages.size(), 2);
  EXPECT_EQ(list_->messages[0].unique_id, "whqtswO00WBw418f9t5JxYwZ");
}

TEST_P(Pop3SessionTest, RetrievesAndTops) {
  pop3_->Retrieve({2}, &sink_, answer_.Keeper());
  session_->Play({"C: RETR 2", "S: +OK 120 octets", "S: a", "S: ..",
                  "S> b\n.\n", "S: .", "S: ."});
  ASSERT_TRUE(answer_.ok());
  EXPECT_EQ(answer_->words, "120 octets");
  EXPECT_EQ(sink_.text(), "a\r\n.\r\nb\n.\n.\r\n");

  pop3_->Top({2}, 10, &sink_, answer_.Keeper());
  session_->Play({"C: TOP 2 10", "S: +OK", "S: Subject: x", "S: ."});
  EXPECT_TRUE(answer_.ok());
  EXPECT_EQ(sink_.text(), "Subject: x\r\n");
}

TEST_P(Pop3SessionTest, ARefusalIsAnAnswer) {
  pop3_->Retrieve({9}, &sink_, answer_.Keeper());
  session_->Play({"C: RETR 9", "S: -ERR no such message"});
  ASSERT_TRUE(answer_.ok());
  EXPECT_FALSE(answer_->ok);
  EXPECT_EQ(answer_->words, "no such message");

  pop3_->Noop(answer_.Keeper());
  session_->Play({"C: NOOP", "S: -ERR [SYS/TEMP] later"});
  ASSERT_TRUE(answer_.ok());
  EXPECT_EQ(answer_->code, "SYS/TEMP");
}

TEST_P(Pop3SessionTest, WhatIsNotPop3IsAnError) {
  for (const std::string line :
       {"S: * OK hello", "S: ", "S: +OKAY", "S: 220 x"}) {
    pop3_->Noop(answer_.Keeper());
    session_->Play({"C: NOOP", line});
    ASSERT_FALSE(answer_.ok()) << line;
    EXPECT_EQ(answer_.error().code, ErrorCode::kUnexpectedResponse);
    EXPECT_EQ(answer_.error().server_text, line.substr(3));
  }
  for (const std::string line : {"x 1", "1", "-1 2", "1 x", ""}) {
    pop3_->List(list_.Keeper());
    session_->Play({"C: LIST", "S: +OK", "S: " + line});
    ASSERT_FALSE(list_.ok()) << line;
    EXPECT_EQ(list_.error().code, ErrorCode::kUnexpectedResponse);
  }
  pop3_->Stat(stat_.Keeper());
  session_->Play({"C: STAT", "S: +OK some"});
  EXPECT_EQ(stat_.error().code, ErrorCode::kUnexpectedResponse);
}

// Byte by byte it would take minutes.
class LongPop3SessionTest : public Pop3SessionTest {};
INSTANTIATE_TEST_SUITE_P(Whole, LongPop3SessionTest,
                         testing::Values(Feeding::kWhole));

TEST_P(LongPop3SessionTest, AListWithoutAnEndIsTooMuch) {
  std::string lines;
  for (int i = 0; i < 1'000'001; ++i) lines += "1 1\r\n";
  pop3_->List(list_.Keeper());
  session_->Play({"C: LIST", "S: +OK", "S> " + lines});
  ASSERT_TRUE(list_.called());
  EXPECT_EQ(list_.error().code, ErrorCode::kTooMuchData);
}

TEST_P(Pop3SessionTest, MessageZeroIsNotSent) {
  pop3_->Delete({0}, answer_.Keeper());
  session_->Play({});
  EXPECT_EQ(answer_.error().code, ErrorCode::kInvalidArgument);
}

TEST_P(Pop3SessionTest, AListIsRepeatedFromItsBeginning) {
  pop3_->List(list_.Keeper());
  session_->Play({"C: LIST", "S: +OK", "S: 1 120", "LOST", "C: LIST", "S: +OK",
                  "S: 1 120", "S: 2 120", "S: ."});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kRepeat));
  ASSERT_TRUE(list_.ok());
  EXPECT_EQ(list_->messages.size(), 2);
}

TEST_P(Pop3SessionTest, AMessageWithoutAnIdentifierIsNotAskedForAgain) {
  pop3_->Retrieve({2}, &sink_, answer_.Keeper());
  session_->Play({"C: RETR 2", "S: +OK", "S: half", "LOST"});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kGiveUp));
  EXPECT_EQ(answer_.error().code, ErrorCode::kConnectionLost);
}

TEST_P(Pop3SessionTest, AMessageIsAskedForAgainIfItIsStillThatOne) {
  pop3_->Retrieve({2, "uid-2"}, &sink_, answer_.Keeper());
  session_->Play({"C: RETR 2", "S: +OK", "S: half", "LOST", "C: UIDL 2",
                  "S: +OK 2 uid-2", "C: RETR 2", "S: +OK", "S: half",
                  "S: whole", "S: ."});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kRepeat));
  ASSERT_TRUE(answer_.ok());
  EXPECT_EQ(sink_.text(), "half\r\nwhole\r\n");
}

TEST_P(Pop3SessionTest, AnotherMessageOfTheSameNumberIsNotTaken) {
  for (const std::string line :
       {"+OK 2 uid-3", "+OK 22 uid-2", "-ERR no such message", "+OK 2"}) {
    Slot<Pop3Answer> answer;
    pop3_->Stat(stat_.Keeper());
    session_->Play({"C: STAT", "S: +OK 2 320"});
    pop3_->Retrieve({2, "uid-2"}, &sink_, answer.Keeper());
    session_->Play({"C: RETR 2", "LOST", "C: UIDL 2", "S: " + line});
    ASSERT_TRUE(answer.called()) << line;
    EXPECT_EQ(answer.error().code, ErrorCode::kConnectionLost);
    EXPECT_TRUE(session_->error().ok());  // and the connection stays
  }
}

TEST_P(Pop3SessionTest, NumbersEndWithTheirConnection) {
  pop3_->Stat(stat_.Keeper());
  session_->Play({"C: STAT", "S: +OK 2 320", "LOST"});
  // Lost while nothing ran.
  pop3_->Delete({2}, answer_.Keeper());
  session_->Play({});
  EXPECT_EQ(answer_.error().code, ErrorCode::kConnectionLost);
  // One that was asked for before the new list has numbers of the old.
  pop3_->List(list_.Keeper());
  pop3_->Delete({2}, answer_.Keeper());
  session_->Play({"C: LIST", "S: +OK", "S: 1 3", "S: ."});
  EXPECT_EQ(answer_.error().code, ErrorCode::kConnectionLost);
  DeleteOne();
}

TEST_P(Pop3SessionTest, ADeletionIsUnknownOnceItWasSent) {
  pop3_->Delete({1}, answer_.Keeper());
  session_->Play({"C: DELE 1", "LOST"});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kUnknown));
  EXPECT_EQ(answer_.error().code, ErrorCode::kOutcomeUnknown);
}

TEST_P(Pop3SessionTest, LostDeletionsAreToldOnce) {
  DeleteOne();
  session_->Play({"LOST"});
  pop3_->Noop(answer_.Keeper());
  session_->Play({});
  EXPECT_EQ(answer_.error().code, ErrorCode::kStateNotRestored);
  EXPECT_THAT(answer_.error().message, HasSubstr("1 message marked"));
  pop3_->Noop(answer_.Keeper());
  session_->Play({"C: NOOP", "S: +OK"});
  EXPECT_TRUE(answer_.ok());
}

TEST_P(Pop3SessionTest, WhatWasTakenBackIsNotLost) {
  DeleteOne();
  pop3_->Reset(answer_.Keeper());
  session_->Play({"C: RSET", "S: +OK", "LOST"});
  pop3_->Noop(answer_.Keeper());
  session_->Play({"C: NOOP", "S: +OK"});
  EXPECT_TRUE(answer_.ok());
}

TEST_P(Pop3SessionTest, QuitIsDoneByTheConnectionsEnd) {
  pop3_->Quit(answer_.Keeper());
  session_->Play({"C: QUIT", "LOST"});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kDone));
  ASSERT_TRUE(answer_.ok());
  EXPECT_TRUE(answer_->ok);
}

TEST_P(Pop3SessionTest, QuitWithDeletionsIsUnknownWithoutItsAnswer) {
  DeleteOne();
  pop3_->Quit(answer_.Keeper());
  session_->Play({"C: QUIT", "LOST"});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kUnknown));
  EXPECT_EQ(answer_.error().code, ErrorCode::kOutcomeUnknown);
  // Nobody is told that they are still there: they may not be.
  pop3_->Noop(answer_.Keeper());
  session_->Play({"C: NOOP", "S: +OK"});
  EXPECT_TRUE(answer_.ok());
}

TEST_P(Pop3SessionTest, QuitCarriesDeletionsOut) {
  DeleteOne();
  pop3_->Quit(answer_.Keeper());
  session_->Play({"C: QUIT", "S: +OK bye", "LOST"});
  ASSERT_TRUE(answer_.ok());
  EXPECT_EQ(answer_->words, "bye");
  pop3_->Noop(answer_.Keeper());
  session_->Play({"C: NOOP", "S: +OK"});
  EXPECT_TRUE(answer_.ok());
}

TEST_P(Pop3SessionTest, UnaskedItMayOnlyTakeItsLeave) {
  session_->Play({"S: -ERR Disconnected for inactivity."});
  Error error = ErrorFromStatus(session_->error());
  EXPECT_EQ(error.code, ErrorCode::kServerBusy);
  EXPECT_EQ(error.server_text, "-ERR Disconnected for inactivity.");
  session_->Play({"S: +OK 3 new messages"});
  error = ErrorFromStatus(session_->error());
  EXPECT_EQ(error.code, ErrorCode::kUnexpectedResponse);
}

}  // namespace
}  // namespace holdfast::test
