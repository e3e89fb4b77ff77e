// SMTP sessions by transcripts, each fed whole and byte by byte.

#include "holdfast/protocols/session/smtp_session.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/generated_source.h"
#include "holdfast/tests/helpers/line_script.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SmtpSessionTest : public testing::TestWithParam<Feeding> {
 protected:
  void Send(SmtpEnvelope envelope, std::shared_ptr<MessageSource> message) {
    status_.reset();
    smtp_->Send(std::move(envelope), std::move(message),
                [this](SmtpResult result) {
                  status_ = result.status;
                  result_ = std::move(result);
                });
  }
  void Send(SmtpEnvelope envelope) { Send(std::move(envelope), hi_); }
  bool ok() const { return status_ && status_->ok(); }
  ErrorCode code() const {
    if (status_ && !status_->ok()) return ErrorFromStatus(*status_).code;
    ADD_FAILURE() << "no error";
    return ErrorCode::kInternal;
  }

  const SmtpEnvelope to_bob_{"alice@a.test", {"bob@b.test"}};
  const SmtpEnvelope to_both_{"alice@a.test", {"bob@b.test", "eve@b.test"}};

  ScriptedSession* session_ = nullptr;
  std::unique_ptr<SmtpSession> smtp_ =
      SmtpSession::Create(Scripted(GetParam(), &session_));
  const std::shared_ptr<MessageSource> hi_ = NewStringSource("Hi\n.\n");
  std::optional<absl::Status> status_;
  SmtpResult result_;
  Slot<SmtpAnswer> answer_;
};

INSTANTIATE_TEST_SUITE_P(Feedings, SmtpSessionTest,
                         testing::Values(Feeding::kWhole,
                                         Feeding::kByteByByte));

TEST_P(SmtpSessionTest, StepByStepWithoutPipelining) {
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "S: 250-2.1.0",
                  "S: 250 2.1.0 Ok", "C: RCPT TO:<bob@b.test>",
                  "S: 250 2.1.5 Ok", "C: DATA", "S: 354 go on", "C: Hi",
                  "C: ..", "C: .", "S: 250 2.0.0 Ok: queued as 4F2"});
  ASSERT_TRUE(ok());
  EXPECT_TRUE(result_.accepted);
  EXPECT_EQ(result_.recipients[0].enhanced, "2.1.5");
  EXPECT_EQ(result_.last.code, 250);
  EXPECT_THAT(result_.last.words, HasSubstr("queued as 4F2"));
}

TEST_P(SmtpSessionTest, InOneFlightWithPipelining) {
  session_->Offer({"PIPELINING", "SIZE 1000"});
  Send(to_both_);
  session_->Play({"C: MAIL FROM:<alice@a.test> SIZE=5",
                  "C: RCPT TO:<bob@b.test>", "C: RCPT TO:<eve@b.test>",
                  "C: DATA", "S: 250 Ok", "S: 250 Ok", "S: 550 5.1.1 who?",
                  "S: 354 go on", "C: Hi", "C: ..", "C: .", "S: 250 Ok"});
  ASSERT_TRUE(ok());
  EXPECT_TRUE(result_.accepted);
  EXPECT_TRUE(result_.recipients[0].ok());
  EXPECT_EQ(result_.recipients[1].code, 550);
  EXPECT_EQ(result_.recipients[1].enhanced, "5.1.1");
  EXPECT_EQ(result_.recipients[1].words, "550 5.1.1 who?");
}

TEST_P(SmtpSessionTest, WithItsMessageInOneFlightWithChunking) {
  session_->Offer({"PIPELINING", "CHUNKING"});
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "C: RCPT TO:<bob@b.test>",
                  "C: BDAT 7 LAST", "C: Hi", "C: .", "S: 250 Ok", "S: 250 Ok",
                  "S: 250 Ok: queued"});
  ASSERT_TRUE(ok());
  EXPECT_TRUE(result_.accepted);

  SmtpEnvelope by_data = to_bob_;
  by_data.data_only = true;
  Send(by_data);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "C: RCPT TO:<bob@b.test>",
                  "C: DATA", "S: 250 Ok", "S: 250 Ok", "S: 354 go on", "C: Hi",
                  "C: ..", "C: .", "S: 250 Ok"});
  EXPECT_TRUE(ok());
}

TEST_P(SmtpSessionTest, ChunksStepByStepWithoutPipelining) {
  session_->Offer({"CHUNKING"});
  const std::string half(Exchange::kChunk / 2, 'x');
  Send(to_bob_, NewStringSource(half + "y\n"));
  session_->Play({"C: MAIL FROM:<alice@a.test>", "S: 250 Ok",
                  "C: RCPT TO:<bob@b.test>", "S: 250 Ok",
                  absl::StrCat("C: BDAT ", half.size()), "C> " + half,
                  "S: 250 Ok", "C: BDAT 3 LAST", "C: y", "S: 250 Ok"});
  EXPECT_TRUE(ok());
  EXPECT_TRUE(result_.accepted);
}

TEST_P(SmtpSessionTest, AFailedChunkEndsTheMail) {
  session_->Offer({"CHUNKING"});
  const std::string half(Exchange::kChunk / 2, 'x');
  Send(to_bob_, NewStringSource(half + "y\n"));
  session_->Play({"C: MAIL FROM:<alice@a.test>", "S: 250 Ok",
                  "C: RCPT TO:<bob@b.test>", "S: 250 Ok",
                  absl::StrCat("C: BDAT ", half.size()), "C> " + half,
                  "S: 452 4.3.1 disk full", "C: RSET", "S: 250 Ok"});
  ASSERT_TRUE(ok());
  EXPECT_FALSE(result_.accepted);
  EXPECT_EQ(result_.last.enhanced, "4.3.1");
}

TEST_P(SmtpSessionTest, AFailedLastChunkIsReset) {
  session_->Offer({"CHUNKING", "PIPELINING"});
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "C: RCPT TO:<bob@b.test>",
                  "C: BDAT 7 LAST", "C: Hi", "C: .", "S: 250 Ok", "S: 250 Ok",
                  "S: 554 5.7.1 spam", "C: RSET", "S: 250 Ok"});
  ASSERT_TRUE(ok());
  EXPECT_FALSE(result_.accepted);
  EXPECT_EQ(result_.last.code, 554);
}

TEST_P(SmtpSessionTest, ARefusedMailIsNotSentOn) {
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "S: 550 5.7.1 no"});
  ASSERT_TRUE(ok());
  EXPECT_FALSE(result_.accepted);
  EXPECT_EQ(result_.last.code, 550);
  EXPECT_EQ(result_.recipients[0].code, 0);

  session_->Offer({"PIPELINING"});
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "C: RCPT TO:<bob@b.test>",
                  "C: DATA", "S: 451 4.3.0 later", "S: 503 no mail",
                  "S: 503 no mail"});
  ASSERT_TRUE(ok());
  EXPECT_EQ(result_.last.code, 451);
  EXPECT_EQ(result_.recipients[0].code, 503);
}

TEST_P(SmtpSessionTest, ARefusedMailIsReset) {
  for (const bool pipelining : {false, true}) {
    Send(to_bob_);
    if (pipelining) {
      session_->Offer({"PIPELINING"});
      session_->Play({"C: MAIL FROM:<alice@a.test>", "C: RCPT TO:<bob@b.test>",
                      "C: DATA", "S: 250 Ok", "S: 550 who?",
                      "S: 554 no recipients", "C: RSET", "S: 250 Ok"});
    } else {
      session_->Play({"C: MAIL FROM:<alice@a.test>", "S: 250 Ok",
                      "C: RCPT TO:<bob@b.test>", "S: 550 who?", "C: RSET",
                      "S: 250 Ok"});
    }
    ASSERT_TRUE(ok());
    EXPECT_FALSE(result_.accepted);
    EXPECT_EQ(result_.last.words, "550 who?");
  }
}

// RFC 2920, 3.1.
TEST_P(SmtpSessionTest, AServerThatWantsAMessageForNobodyGetsAnEmptyOne) {
  session_->Offer({"PIPELINING"});
  for (const std::string verdict : {"S: 554 no recipients", "S: 250 Ok"}) {
    Send(to_bob_);
    session_->Play({"C: MAIL FROM:<alice@a.test>", "C: RCPT TO:<bob@b.test>",
                    "C: DATA", "S: 250 Ok", "S: 550 who?", "S: 354 go on",
                    "C: .", verdict});
    ASSERT_TRUE(ok());
    EXPECT_FALSE(result_.accepted);
    EXPECT_EQ(result_.last.code, 550);
  }
}

TEST_P(SmtpSessionTest, AllOrNone) {
  session_->Offer({"PIPELINING", "CHUNKING"});
  SmtpEnvelope envelope = to_both_;
  envelope.all_or_none = true;
  Send(envelope);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "C: RCPT TO:<bob@b.test>",
                  "C: RCPT TO:<eve@b.test>", "S: 250 Ok", "S: 550 who?",
                  "S: 250 Ok", "C: RSET", "S: 250 Ok"});
  ASSERT_TRUE(ok());
  EXPECT_FALSE(result_.accepted);
  EXPECT_EQ(result_.last.code, 550);
  EXPECT_TRUE(result_.recipients[1].ok());

  Send(envelope);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "C: RCPT TO:<bob@b.test>",
                  "C: RCPT TO:<eve@b.test>", "S: 250 Ok", "S: 250 Ok",
                  "S: 250 Ok", "C: BDAT 7 LAST", "C: Hi", "C: .", "S: 250 Ok"});
  ASSERT_TRUE(ok());
  EXPECT_TRUE(result_.accepted);
}

TEST_P(SmtpSessionTest, ARefusedMessageIsAnAnswer) {
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "S: 250 Ok",
                  "C: RCPT TO:<bob@b.test>", "S: 250 Ok", "C: DATA",
                  "S: 354 go on", "C: Hi", "C: ..", "C: .", "S: 554 5.6.0 no"});
  ASSERT_TRUE(ok());
  EXPECT_FALSE(result_.accepted);
  EXPECT_EQ(result_.last.enhanced, "5.6.0");
}

TEST_P(SmtpSessionTest, AMessageThatIsTooLargeIsNotSent) {
  session_->Offer({"SIZE 4"});
  Send(to_bob_);
  session_->Play({});
  ASSERT_TRUE(ok());
  EXPECT_FALSE(result_.accepted);
  EXPECT_EQ(result_.size_limit, 4);
  for (const std::string size : {"SIZE", "SIZE 0", "SIZE 5"}) {
    session_->Offer({size});
    Send(to_bob_);
    session_->Play({"C: MAIL FROM:<alice@a.test> SIZE=5", "S: 550 no"});
    EXPECT_EQ(result_.size_limit, std::nullopt);
  }
}

TEST_P(SmtpSessionTest, SaysWhatTheMessageHolds) {
  SmtpEnvelope envelope = to_bob_;
  envelope.eight_bit = true;
  envelope.sender =
      "al\xc3\xaf"
      "ce@a.test";
  session_->Offer({"8BITMIME", "SMTPUTF8"});
  Send(envelope);
  session_->Play(
      {"C: MAIL FROM:<al\xc3\xaf"
       "ce@a.test> BODY=8BITMIME SMTPUTF8",
       "S: 550 no"});
  EXPECT_TRUE(ok());
  for (const std::string lacking : {"8BITMIME", "SMTPUTF8"}) {
    session_->Offer({lacking});
    Send(envelope);
    session_->Play({});
    ASSERT_FALSE(ok());
    EXPECT_EQ(code(), ErrorCode::kInvalidArgument);
  }
}

TEST_P(SmtpSessionTest, TheNullSender) {
  Send({"", {"bob@b.test"}});
  session_->Play({"C: MAIL FROM:<>", "S: 550 no"});
  EXPECT_TRUE(ok());
}

TEST_P(SmtpSessionTest, QuotedLocalParts) {
  Send({"", {"\"a \\\" b\"@b.test"}});
  session_->Play({"C: MAIL FROM:<>", "S: 250 Ok",
                  "C: RCPT TO:<\"a \\\" b\"@b.test>", "S: 550 no", "C: RSET",
                  "S: 250 Ok"});
  EXPECT_TRUE(ok());
}

TEST_P(SmtpSessionTest, NoAddressBecomesACommandOfItsOwn) {
  for (const std::string& address :
       {std::string("a\r\nDATA"), std::string("a\nb"), std::string("a\0b", 3),
        std::string("a b@c"), std::string("<a@b>"), std::string("a>b"),
        std::string("\"a@b"), std::string("\"a\r\n\"@b"),
        std::string("\"a\\\r\"@b"), std::string("\"a\\\" b@c"),
        std::string(600, 'a')}) {
    Send({address, {"bob@b.test"}});
    session_->Play({});
    ASSERT_TRUE(status_ && !status_->ok()) << address;
    EXPECT_EQ(code(), ErrorCode::kInvalidArgument);
    Send({"", {"bob@b.test", address}});
    session_->Play({});
    ASSERT_TRUE(status_ && !status_->ok()) << address;
    EXPECT_EQ(code(), ErrorCode::kInvalidArgument);
  }
  Send({"", {}});
  session_->Play({});
  EXPECT_EQ(code(), ErrorCode::kInvalidArgument);
}

TEST_P(SmtpSessionTest, AMailIsRepeatedOnlyIfItsEndWasNotSent) {
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "LOST",
                  "C: MAIL FROM:<alice@a.test>", "S: 250 Ok",
                  "C: RCPT TO:<bob@b.test>", "S: 250 Ok", "C: DATA", "LOST",
                  "C: MAIL FROM:<alice@a.test>", "S: 250 Ok",
                  "C: RCPT TO:<bob@b.test>", "S: 250 Ok", "C: DATA",
                  "S: 354 go on", "C: Hi", "C: ..", "C: .", "LOST"});
  EXPECT_THAT(session_->losses(),
              ElementsAre(OnLoss::kRepeat, OnLoss::kRepeat, OnLoss::kUnknown));
  EXPECT_EQ(code(), ErrorCode::kOutcomeUnknown);
  EXPECT_TRUE(result_.recipients[0].ok());
  EXPECT_FALSE(result_.accepted);
}

TEST_P(SmtpSessionTest, TheLastChunkIsTheMailsEnd) {
  session_->Offer({"PIPELINING", "CHUNKING"});
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "C: RCPT TO:<bob@b.test>",
                  "C: BDAT 7 LAST", "C: Hi", "C: .", "S: 250 Ok", "LOST"});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kUnknown));
  EXPECT_EQ(code(), ErrorCode::kOutcomeUnknown);
}

TEST_P(SmtpSessionTest, WhatWasRefusedStaysRefusedWhateverBecomesOfReset) {
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "S: 250 Ok",
                  "C: RCPT TO:<bob@b.test>", "S: 550 who?", "C: RSET", "LOST"});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kDone));
  ASSERT_TRUE(ok());
  EXPECT_EQ(result_.last.code, 550);
}

TEST_P(SmtpSessionTest, AfterAMailTheSessionStays) {
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>"});
  const std::shared_ptr<Exchange> mail = session_->running();
  session_->Play({"S: 550 no"});
  EXPECT_TRUE(mail->done());
  EXPECT_NE(mail->on_loss(), OnLoss::kDone);
}

TEST_P(SmtpSessionTest, AnUnreadableMessageIsNotEnded) {
  Send(to_bob_, std::make_shared<GeneratedSource>(10, "x", /*lacking=*/1));
  session_->Play({"C: MAIL FROM:<alice@a.test>", "S: 250 Ok",
                  "C: RCPT TO:<bob@b.test>", "S: 250 Ok", "C: DATA",
                  "S: 354 go on"});
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kRepeat));
  EXPECT_EQ(code(), ErrorCode::kMessageUnreadable);
}

TEST_P(SmtpSessionTest, AServerThatTakesItsLeaveIsBusy) {
  const std::vector<std::string> whole = {"C: MAIL FROM:<alice@a.test>",
                                          "S: 250 Ok",
                                          "C: RCPT TO:<bob@b.test>",
                                          "S: 250 Ok",
                                          "C: DATA",
                                          "S: 354 go on",
                                          "C: Hi",
                                          "C: ..",
                                          "C: ."};
  for (const size_t before : {1, 3, 5, 9}) {
    Send(to_bob_);
    std::vector<std::string> script(whole.begin(), whole.begin() + before);
    script.push_back("S: 421 4.3.2 going down");
    session_->Play(script);
    ASSERT_TRUE(status_ && !status_->ok());
    EXPECT_EQ(code(), ErrorCode::kServerBusy);
    EXPECT_EQ(ErrorFromStatus(*status_).server_text, "421 4.3.2 going down");
    // Even after its end: it was not taken.
    EXPECT_EQ(session_->losses().back(), OnLoss::kRepeat);
  }
}

TEST_P(SmtpSessionTest, WhatIsNotSmtpIsAnError) {
  for (const std::string line :
       {"hello", "2", "354 go on", "220-a", "150 wait", "+OK"}) {
    Send(to_bob_);
    session_->Play(
        {"C: MAIL FROM:<alice@a.test>", "S: " + line, "S: 999 not an answer"});
    ASSERT_TRUE(status_ && !status_->ok()) << line;
    EXPECT_EQ(code(), ErrorCode::kUnexpectedResponse);
  }
  // Before anything was asked.
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>", "S: 250 Ok",
                  "C: RCPT TO:<bob@b.test>", "S: 250 Ok", "C: DATA",
                  "S: 250 Ok"});
  EXPECT_EQ(code(), ErrorCode::kUnexpectedResponse);
}

TEST_P(SmtpSessionTest, AnAnswerWithoutAnEndIsTooMuch) {
  Send(to_bob_);
  std::vector<std::string> script = {"C: MAIL FROM:<alice@a.test>"};
  const std::string line = "S: 250-" + std::string(1000, 'x');
  script.resize(2 + Exchange::kLongestLine / 1000, line);
  session_->Play(script);
  ASSERT_TRUE(status_ && !status_->ok());
  EXPECT_EQ(code(), ErrorCode::kTooMuchData);
}

// A server that waits for us to read its answers still reads what we write.
TEST_P(SmtpSessionTest, NotTooManyAnswersAreAwaited) {
  session_->Offer({"PIPELINING"});
  SmtpEnvelope envelope{"", std::vector<std::string>(200, "bob@b.test")};
  Send(envelope);
  std::vector<std::string> script(128, "C: RCPT TO:<bob@b.test>");
  script[0] = "C: MAIL FROM:<>";
  session_->Play(script);
  script.assign(128, "S: 250 Ok");
  if (GetParam() == Feeding::kWhole) {
    script.insert(script.end(), 73, "C: RCPT TO:<bob@b.test>");
    script.push_back("C: DATA");
    script.insert(script.end(), 73, "S: 250 Ok");
    script.insert(script.end(),
                  {"S: 354 go on", "C: Hi", "C: ..", "C: .", "S: 250 Ok"});
    session_->Play(script);
    ASSERT_TRUE(ok());
    EXPECT_TRUE(result_.recipients[199].ok());
  }
}

TEST_P(SmtpSessionTest, TheMessagesEndIsWaitedForLongest) {
  Send(to_bob_);
  session_->Play({"C: MAIL FROM:<alice@a.test>"});
  EXPECT_EQ(session_->running()->patience(), absl::Minutes(5));
  session_->Play(
      {"S: 250 Ok", "C: RCPT TO:<bob@b.test>", "S: 250 Ok", "C: DATA"});
  EXPECT_EQ(session_->running()->patience(), absl::Minutes(2));
  session_->Play({"S: 354 go on", "C: Hi", "C: ..", "C: ."});
  EXPECT_EQ(session_->running()->patience(), absl::Minutes(10));
  session_->Play({"S: 250 Ok"});
  EXPECT_TRUE(ok());
}

TEST_P(SmtpSessionTest, NoopAndQuit) {
  smtp_->Noop(answer_.Keeper());
  session_->Play({"C: NOOP", "LOST", "C: NOOP", "S: 250 Ok"});
  EXPECT_TRUE(answer_.ok() && answer_->ok());
  smtp_->Quit(answer_.Keeper());
  session_->Play({"C: QUIT", "S: 221 2.0.0 bye"});
  ASSERT_TRUE(answer_.ok());
  EXPECT_EQ(answer_->words, "221 2.0.0 bye");
  smtp_->Quit(answer_.Keeper());
  session_->Play({"C: QUIT", "LOST"});
  EXPECT_TRUE(answer_.ok());
  EXPECT_THAT(session_->losses(), ElementsAre(OnLoss::kRepeat, OnLoss::kDone));
}

TEST_P(SmtpSessionTest, UnaskedItMayOnlyTakeItsLeave) {
  session_->Play({"S: 421 4.4.2 idle for too long"});
  EXPECT_EQ(ErrorFromStatus(session_->error()).code, ErrorCode::kServerBusy);
  session_->Play({"S: 250 Ok"});
  EXPECT_EQ(ErrorFromStatus(session_->error()).code,
            ErrorCode::kUnexpectedResponse);
}

}  // namespace
}  // namespace holdfast::test
