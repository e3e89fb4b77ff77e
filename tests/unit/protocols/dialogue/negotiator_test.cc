// What every negotiator must do, for every protocol; then what is one
// protocol's own.

#include "holdfast/protocols/dialogue/negotiator.h"

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/dialogue_script.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Lines = std::vector<std::string>;

// One protocol's words for what all have in common.
struct Dialect {
  Protocol protocol;
  // A greeting, inside TLS and as kept of one that was heard in clear.
  std::string greeting;
  std::string greeting_in_clear;
  std::string kept_of_clear;
  // From the greeting to the command that asks for TLS, with capabilities that
  // are not to be believed; and what grants it.
  Script to_starttls;
  std::string go_ahead;
  // The capabilities A and B, asked for as the first and as the second command.
  Script capabilities;
  Script capabilities_after_starttls;
  Lines busy;  // greetings that refuse, and the server's own words in them
  Lines busy_words;
  Lines refused;      // answers to STARTTLS: no
  Lines unavailable;  // not now
  Lines nonsense;     // not an answer to it
  std::string farewell;
  std::string last_answer;
};

std::ostream& operator<<(std::ostream& out, const Dialect& dialect) {
  return out << GetProtocolInfo(dialect.protocol).name;
}

const Dialect kImap = {
    Protocol::kImap,
    "* OK hello",
    "* OK [CAPABILITY EVIL STARTTLS] hello",
    "* OK hello",
    {"S: * OK [CAPABILITY EVIL STARTTLS] hello", "C: hf1 STARTTLS",
     "S: * CAPABILITY EVIL"},
    "hf1 OK go",
    {"C: hf1 CAPABILITY", "S: * CAPABILITY A B", "S: hf1 OK done"},
    {"C: hf2 CAPABILITY", "S: * CAPABILITY A B", "S: hf2 OK done"},
    {"* BYE too many", "* bye [UNAVAILABLE] later",
     "* BYE [REFERRAL imap://other.example/] gone"},
    {"too many", "[UNAVAILABLE] later",
     "[REFERRAL imap://other.example/] gone"},
    {"hf1 NO", "hf1 NO no TLS", "hf1 BAD what?"},
    {},
    {"+ go", "hf2 OK go", "hf10 OK go", "OK go", "", "hf1OK", "220 go"},
    "hf2 LOGOUT\r\n",
    "hf2 OK bye",
};

const Dialect kPop3 = {
    Protocol::kPop3,
    "+OK hello <1.2@evil>",
    "+OK hello <1.2@evil>",
    "+OK hello",
    {"S: +OK hello <1.2@evil>", "C: STLS"},
    "+OK go",
    {"C: CAPA", "S: +OK list", "S: A", "S: B", "S: ."},
    {"C: CAPA", "S: +OK list", "S: A", "S: B", "S: ."},
    {"-ERR [SYS/TEMP] later", "-ERR [IN-USE] locked", "-ERR [SYS/PERM] never",
     "-ERR"},
    {"[SYS/TEMP] later", "[IN-USE] locked", "[SYS/PERM] never", ""},
    {"-ERR", "-ERR no TLS", "-err [SYS/PERM] no"},
    {"-ERR [SYS/TEMP] later"},
    {"+", "+ go", "+OKAY", "OK", "", "220 go", "* OK go"},
    "QUIT\r\n",
    "+OK bye",
};

Dialect Smtp(Protocol protocol) {
  return {
      protocol,
      "220 mx.example ESMTP hello",
      "220 mx.example ESMTP hello",
      "220 mx.example ESMTP hello",
      {"S: 220 mx.example ESMTP hello", "C: EHLO [127.0.0.1]",
       "S: 250-mx.example", "S: 250-EVIL", "S: 250 STARTTLS", "C: STARTTLS"},
      "220 2.0.0 go",
      {"C: EHLO [127.0.0.1]", "S: 250-mx.example", "S: 250-A", "S: 250 B"},
      {"C: EHLO [127.0.0.1]", "S: 250-mx.example", "S: 250-A", "S: 250 B"},
      {"421 4.3.2 later", "554 5.7.1 no service here", "450 wait", "421"},
      {"421 4.3.2 later", "554 5.7.1 no service here", "450 wait", "421 "},
      {"500 what?", "501 5.5.4 no", "502 5.5.1 no TLS", "554 5.7.3 no"},
      {"454 4.7.0 TLS not available", "403 4.7.0 later"},
      {"250 ok", "354 go", "22 go", "220go", "2200 go", "+OK", "", "-", "600 x",
       "2x0 go"},
      "QUIT\r\n",
      "221 2.0.0 bye",
  };
}

const Dialect kNntp = {
    Protocol::kNntp,
    "200 hello",
    "200 hello",
    "200 hello",
    {"S: 200 hello", "C: STARTTLS"},
    "382 go",
    {"C: CAPABILITIES", "S: 101 list", "S: A", "S: B", "S: ."},
    {"C: CAPABILITIES", "S: 101 list", "S: A", "S: B", "S: ."},
    {"400 later", "502 not you"},
    {"400 later", "502 not you"},
    {"502 no TLS", "500 what?", "501 what?"},
    {"580 no TLS now", "483 later", "403 fault"},
    {"200 go", "382-go", "38", "382go", "", "+OK", "101 go"},
    "QUIT\r\n",
    "205 bye",
};

class EveryNegotiatorTest : public testing::TestWithParam<Dialect> {
 protected:
  const Dialect& dialect() const { return GetParam(); }

  std::unique_ptr<Negotiator> New(ConnectionSecurity security) const {
    return NewNegotiator(dialect().protocol, security);
  }
  std::unique_ptr<Negotiator> Implicit() const {
    return New(ConnectionSecurity::kImplicitTls);
  }
  std::unique_ptr<Negotiator> StartTls() const {
    return New(ConnectionSecurity::kStartTls);
  }
  // What comes of `answer` to STARTTLS. Nothing may be sent after it.
  Step AnswerToStartTls(const std::string& answer) const {
    return Play(StartTls().get(),
                dialect().to_starttls + Script{"S: " + answer});
  }
};

TEST_P(EveryNegotiatorTest, InsideTlsGreetingAndCapabilitiesMakeItReady) {
  const std::unique_ptr<Negotiator> negotiator = Implicit();
  const Step step = Play(negotiator.get(), Script{"S: " + dialect().greeting} +
                                               dialect().capabilities);
  EXPECT_EQ(step.kind, Step::Kind::kReady);
  EXPECT_THAT(negotiator->capabilities(), ElementsAre("A", "B"));
  EXPECT_EQ(negotiator->greeting(), dialect().greeting);
}

// Both ways in lead to the same question.
TEST_P(EveryNegotiatorTest, ACommandMayJoinOnlyTheQuestionInsideTls) {
  const bool is_imap = dialect().protocol == Protocol::kImap;
  const bool must_ask = dialect().protocol == Protocol::kSmtp ||
                        dialect().protocol == Protocol::kSubmission ||
                        dialect().protocol == Protocol::kNntp;
  for (const bool in_clear : {true, false}) {
    const std::unique_ptr<Negotiator> negotiator =
        in_clear ? StartTls() : Implicit();
    Step step = negotiator->Start();
    Script before = {"S: " + dialect().greeting};
    if (in_clear) {
      before = dialect().to_starttls + Script{"S: " + dialect().go_ahead};
    }
    for (absl::string_view line : before) {
      EXPECT_FALSE(step.joinable) << line;
      if (absl::ConsumePrefix(&line, "S: ")) step = negotiator->OnLine(line);
    }
    if (in_clear) {
      EXPECT_FALSE(step.joinable);
      step = negotiator->OnTlsEstablished();
    }
    EXPECT_EQ(step.joinable, !must_ask);
    EXPECT_FALSE(negotiator->ready());
    if (must_ask) continue;
    EXPECT_EQ(negotiator->Join(step), is_imap ? step.send : "");
    EXPECT_EQ(negotiator->ready(), !is_imap);
    if (is_imap) step = negotiator->OnLine("* CAPABILITY A");
    if (is_imap) step = negotiator->OnLine(in_clear ? "hf2 OK" : "hf1 OK");
    EXPECT_TRUE(negotiator->ready());
    EXPECT_EQ(negotiator->capabilities().size(), is_imap ? 1u : 0u);
  }
}

TEST_P(EveryNegotiatorTest, StartTlsForgetsWhatWasHeardInClear) {
  const std::unique_ptr<Negotiator> negotiator = StartTls();
  const Step step =
      Play(negotiator.get(), dialect().to_starttls +
                                 Script{"S: " + dialect().go_ahead, "TLS"} +
                                 dialect().capabilities_after_starttls);
  EXPECT_EQ(step.kind, Step::Kind::kReady);
  EXPECT_THAT(negotiator->capabilities(), ElementsAre("A", "B"));
  EXPECT_EQ(negotiator->greeting(), dialect().kept_of_clear);
}

TEST_P(EveryNegotiatorTest, WhateverIsNotImplicitTlsRequiresStartTls) {
  for (const ConnectionSecurity security :
       {ConnectionSecurity::kAuto, ConnectionSecurity::kNone}) {
    EXPECT_EQ(Play(New(security).get(),
                   dialect().to_starttls + Script{"S: " + dialect().go_ahead})
                  .kind,
              Step::Kind::kStartTls);
  }
}

TEST_P(EveryNegotiatorTest, NoCapabilityIsKnownUntilTlsIsUp) {
  const std::unique_ptr<Negotiator> negotiator = StartTls();
  Play(negotiator.get(),
       dialect().to_starttls + Script{"S: " + dialect().go_ahead});
  EXPECT_THAT(negotiator->capabilities(), IsEmpty());
}

TEST_P(EveryNegotiatorTest, AGreetingThatRefusesIsReportedInTheServersWords) {
  for (size_t i = 0; i < dialect().busy.size(); ++i) {
    for (const ConnectionSecurity security :
         {ConnectionSecurity::kImplicitTls, ConnectionSecurity::kStartTls}) {
      SCOPED_TRACE(dialect().busy[i]);
      const Step step = Play(New(security).get(), {"S: " + dialect().busy[i]});
      ASSERT_EQ(step.kind, Step::Kind::kFailed);
      EXPECT_EQ(step.error->code, ErrorCode::kServerBusy);
      EXPECT_EQ(step.error->server_text, dialect().busy_words[i]);
      EXPECT_EQ(step.error->phase, security == ConnectionSecurity::kStartTls
                                       ? Phase::kPlaintext
                                       : Phase::kSession);
    }
  }
}

TEST_P(EveryNegotiatorTest, AnythingElseIsNoGreeting) {
  Lines greetings = {"",
                     " ",
                     "*",
                     "+",
                     "-",
                     "2",
                     "22",
                     "220hello",
                     "2OO hello",
                     "000 x",
                     "999 x",
                     std::string("\0* OK", 5),
                     "\xff\xfe",
                     "HTTP/1.1 400 Bad Request",
                     "SSH-2.0-OpenSSH_9.2",
                     "+OKAY",
                     "-ERROR",
                     "* NO",
                     "* OKAY",
                     "100 hello"};
  for (const Dialect& other : {kImap, kPop3, Smtp(Protocol::kSmtp), kNntp}) {
    const bool own = other.greeting == dialect().greeting;
    if (!own) greetings.push_back(other.greeting);
  }
  for (const std::string& greeting : greetings) {
    SCOPED_TRACE(greeting);
    const Step step = Play(StartTls().get(), {"S: " + greeting});
    ASSERT_EQ(step.kind, Step::Kind::kFailed);
    EXPECT_EQ(step.error->code, ErrorCode::kMalformedGreeting);
    EXPECT_EQ(step.error->server_text, greeting);
  }
}

TEST_P(EveryNegotiatorTest, RefusedStartTlsNeverGoesOnInClear) {
  for (const std::string& answer : dialect().refused) {
    SCOPED_TRACE(answer);
    const Step step = AnswerToStartTls(answer);
    ASSERT_EQ(step.kind, Step::Kind::kFailed);
    EXPECT_EQ(step.error->code, ErrorCode::kStartTlsRefused);
    EXPECT_TRUE(absl::EndsWith(answer, step.error->server_text));
  }
}

TEST_P(EveryNegotiatorTest, StartTlsThatIsNotToBeHadForNowIsToldApart) {
  for (const std::string& answer : dialect().unavailable) {
    SCOPED_TRACE(answer);
    const Step step = AnswerToStartTls(answer);
    ASSERT_EQ(step.kind, Step::Kind::kFailed);
    EXPECT_EQ(step.error->code, ErrorCode::kStartTlsUnavailable);
    EXPECT_TRUE(absl::EndsWith(answer, step.error->server_text));
  }
}

TEST_P(EveryNegotiatorTest, NonsenseForStartTlsIsUnexpected) {
  for (const std::string& answer : dialect().nonsense) {
    SCOPED_TRACE(answer);
    const Step step = AnswerToStartTls(answer);
    ASSERT_EQ(step.kind, Step::Kind::kFailed);
    EXPECT_EQ(step.error->code, ErrorCode::kUnexpectedResponse);
    EXPECT_EQ(step.error->phase, Phase::kPlaintext);
    EXPECT_EQ(step.error->server_text, answer);
  }
}

TEST_P(EveryNegotiatorTest, LinesThatNobodyAskedForAreRefused) {
  const std::unique_ptr<Negotiator> in_handshake = StartTls();
  Play(in_handshake.get(),
       dialect().to_starttls + Script{"S: " + dialect().go_ahead});
  const std::unique_ptr<Negotiator> ready = Implicit();
  Play(ready.get(),
       Script{"S: " + dialect().greeting} + dialect().capabilities);
  for (Negotiator* negotiator : {in_handshake.get(), ready.get()}) {
    const Step step = negotiator->OnLine(dialect().go_ahead);
    ASSERT_EQ(step.kind, Step::Kind::kFailed);
    EXPECT_EQ(step.error->code, ErrorCode::kUnexpectedResponse);
    EXPECT_EQ(step.send, "");
  }
}

TEST_P(EveryNegotiatorTest, LeavingHasItsCommandAndItsLastAnswer) {
  const std::unique_ptr<Negotiator> negotiator = Implicit();
  Play(negotiator.get(),
       Script{"S: " + dialect().greeting} + dialect().capabilities);
  EXPECT_EQ(negotiator->FarewellCommand(), dialect().farewell);
  EXPECT_TRUE(negotiator->EndsFarewell(dialect().last_answer));
  EXPECT_FALSE(negotiator->EndsFarewell("* BYE bye"));
  EXPECT_FALSE(negotiator->EndsFarewell("221-more"));
  EXPECT_FALSE(negotiator->EndsFarewell(""));
}

INSTANTIATE_TEST_SUITE_P(Protocols, EveryNegotiatorTest,
                         testing::Values(kImap, kPop3, Smtp(Protocol::kSmtp),
                                         Smtp(Protocol::kSubmission), kNntp),
                         [](const testing::TestParamInfo<Dialect>& test) {
                           return std::string(
                               GetProtocolInfo(test.param.protocol).name);
                         });

// What comes of `script`, for one protocol.
struct Outcome {
  Step step;
  std::string greeting;
  Lines capabilities;

  Step::Kind kind() const { return step.kind; }
  ErrorCode code() const {
    return step.error ? step.error->code : ErrorCode::kInternal;
  }
};
Outcome Run(Protocol protocol, ConnectionSecurity security,
            const Script& script) {
  const std::unique_ptr<Negotiator> negotiator =
      NewNegotiator(protocol, security, "client.example");
  const Step step = Play(negotiator.get(), script);
  return {step, negotiator->greeting(), negotiator->capabilities()};
}
Outcome RunImplicit(Protocol protocol, const Script& script) {
  return Run(protocol, ConnectionSecurity::kImplicitTls, script);
}
Outcome RunStartTls(Protocol protocol, const Script& script) {
  return Run(protocol, ConnectionSecurity::kStartTls, script);
}

TEST(ImapDialogueTest, AnyNumberOfUntaggedLinesInClearIsDropped) {
  Script script = {"S: * OK hello", "C: hf1 STARTTLS"};
  for (int i = 0; i < 900; ++i) {
    script.push_back(absl::StrCat("S: * ", i, " FETCH (BODY {3}"));
  }
  const Outcome outcome =
      RunStartTls(Protocol::kImap, script + Script{"S: hf1 OK go"});
  EXPECT_EQ(outcome.kind(), Step::Kind::kStartTls);
  EXPECT_THAT(outcome.capabilities, IsEmpty());
}

TEST(ImapDialogueTest, ByeInsteadOfAnAnswerToStartTlsIsBusy) {
  EXPECT_EQ(RunStartTls(Protocol::kImap, {"S: * OK hello", "C: hf1 STARTTLS",
                                          "S: * BYE shutting down"})
                .code(),
            ErrorCode::kServerBusy);
}

TEST(Pop3DialogueTest, EveryTimestampHeardInClearIsCutOut) {
  const auto greeting = [](const std::string& line) {
    return RunStartTls(Protocol::kPop3, {"S: " + line, "C: STLS"}).greeting;
  };
  EXPECT_EQ(greeting("+OK <1@a> hello <2@b>"), "+OK hello");
  EXPECT_EQ(greeting("+OK <a<b>c> hello"), "+OKc> hello");
  EXPECT_EQ(greeting("+OK > hello <"), "+OK > hello <");
  EXPECT_EQ(greeting("+OK"), "+OK");
}

TEST(Pop3DialogueTest, TheCapabilityListIsUnstuffed) {
  EXPECT_THAT(
      RunImplicit(Protocol::kPop3, {"S: +OK", "C: CAPA", "S: +OK",
                                    "S: SASL PLAIN", "S: ..", "S: ..X", "S: ."})
          .capabilities,
      ElementsAre("SASL PLAIN", ".", ".X"));
}

TEST(Pop3DialogueTest, AServerWithoutCapaIsReady) {
  const Outcome outcome = RunImplicit(
      Protocol::kPop3, {"S: +OK hello", "C: CAPA", "S: -ERR what?"});
  EXPECT_EQ(outcome.kind(), Step::Kind::kReady);
  EXPECT_THAT(outcome.capabilities, IsEmpty());
}

TEST(Pop3DialogueTest, NonsenseForCapaIsUnexpected) {
  EXPECT_EQ(
      RunImplicit(Protocol::kPop3, {"S: +OK hello", "C: CAPA", "S: 250 ok"})
          .code(),
      ErrorCode::kUnexpectedResponse);
}

TEST(SmtpDialogueTest, AGreetingOfManyLinesIsKeptWhole) {
  EXPECT_EQ(
      RunStartTls(Protocol::kSmtp, {"S: 220-mx.example", "S: 220-",
                                    "S: 220 no spam", "C: EHLO client.example"})
          .greeting,
      "220-mx.example\r\n220-\r\n220 no spam");
}

TEST(SmtpDialogueTest, AllLinesOfARefusalAreReported) {
  const Outcome outcome = RunImplicit(
      Protocol::kSmtp, {"S: 554-5.7.1 no", "S: 554 5.7.1 see example.org"});
  ASSERT_EQ(outcome.code(), ErrorCode::kServerBusy);
  EXPECT_EQ(outcome.step.error->server_text,
            "554 5.7.1 no 5.7.1 see example.org");
}

TEST(SmtpDialogueTest, AReplyWhoseCodeChangesIsMalformed) {
  EXPECT_EQ(
      RunImplicit(Protocol::kSmtp, {"S: 250-hello", "S: 220 hello"}).code(),
      ErrorCode::kMalformedGreeting);
  EXPECT_EQ(
      RunImplicit(Protocol::kSmtp, {"S: 220 hello", "C: EHLO client.example",
                                    "S: 220-mx", "S: 250 A"})
          .code(),
      ErrorCode::kUnexpectedResponse);
}

TEST(SmtpDialogueTest, AShortAnswerToEhloHasNoCapabilities) {
  const Outcome outcome = RunImplicit(
      Protocol::kSmtp, {"S: 220", "C: EHLO client.example", "S: 250"});
  EXPECT_EQ(outcome.kind(), Step::Kind::kReady);
  EXPECT_THAT(outcome.capabilities, IsEmpty());
}

TEST(SmtpDialogueTest, StartTlsIsTriedEvenIfItIsNotOffered) {
  EXPECT_EQ(RunStartTls(Protocol::kSubmission,
                        {"S: 220 hello", "C: EHLO client.example",
                         "S: 250 mx.example", "C: STARTTLS", "S: 220 go"})
                .kind(),
            Step::Kind::kStartTls);
}

TEST(SmtpDialogueTest, HeloIsNeverSaidInClear) {
  for (const char* answer : {"500 what?", "502 5.5.1 what?", "550 no"}) {
    const Outcome outcome =
        RunStartTls(Protocol::kSmtp, {"S: 220 hello", "C: EHLO client.example",
                                      absl::StrCat("S: ", answer)});
    ASSERT_EQ(outcome.code(), ErrorCode::kStartTlsRefused);
    EXPECT_EQ(outcome.step.error->server_text, answer);
    EXPECT_TRUE(absl::StrContains(outcome.step.error->message, "EHLO"));
  }
}

TEST(SmtpDialogueTest, InsideTlsHeloMayTakeThePlaceOfEhlo) {
  for (const char* answer : {"S: 500 what?", "S: 502 5.5.1 what?"}) {
    const Outcome outcome = RunImplicit(
        Protocol::kSmtp, {"S: 220 hello", "C: EHLO client.example", answer,
                          "C: HELO client.example", "S: 250-mx", "S: 250 A"});
    EXPECT_EQ(outcome.kind(), Step::Kind::kReady);
    EXPECT_THAT(outcome.capabilities, IsEmpty());
  }
}

TEST(SmtpDialogueTest, HeloIsTriedOnce) {
  EXPECT_EQ(RunImplicit(Protocol::kSmtp,
                        {"S: 220 hello", "C: EHLO client.example", "S: 500 no",
                         "C: HELO client.example", "S: 500 no"})
                .code(),
            ErrorCode::kServerBusy);
}

TEST(SmtpDialogueTest, EhloAnsweredNotNowOrWithNonsenseIsNamed) {
  const auto code = [](const char* answer) {
    return RunStartTls(Protocol::kSmtp,
                       {"S: 220 hello", "C: EHLO client.example", answer})
        .code();
  };
  EXPECT_EQ(code("S: 421 4.3.2 closing"), ErrorCode::kServerBusy);
  EXPECT_EQ(code("S: 220 go"), ErrorCode::kUnexpectedResponse);
  EXPECT_EQ(code("S: go"), ErrorCode::kUnexpectedResponse);
}

TEST(SmtpDialogueTest, ClosingInsteadOfStartTlsIsBusy) {
  EXPECT_EQ(RunStartTls(Protocol::kSmtp,
                        {"S: 220 hello", "C: EHLO client.example",
                         "S: 250 mx.example", "C: STARTTLS", "S: 421 bye"})
                .code(),
            ErrorCode::kServerBusy);
}

TEST(NntpDialogueTest, AServerThatForbidsPostingGreetsToo) {
  EXPECT_EQ(RunStartTls(Protocol::kNntp, {"S: 201 read only", "C: STARTTLS"})
                .greeting,
            "201 read only");
}

TEST(NntpDialogueTest, AServerWithoutCapabilitiesIsReady) {
  for (const char* answer : {"S: 500 what?", "S: 480 sign in"}) {
    const Outcome outcome = RunImplicit(
        Protocol::kNntp, {"S: 200 hello", "C: CAPABILITIES", answer});
    EXPECT_EQ(outcome.kind(), Step::Kind::kReady);
    EXPECT_THAT(outcome.capabilities, IsEmpty());
  }
}

TEST(NntpDialogueTest, TheCapabilityListIsUnstuffed) {
  EXPECT_THAT(RunImplicit(Protocol::kNntp,
                          {"S: 200 hello", "C: CAPABILITIES", "S: 101 list",
                           "S: VERSION 2", "S: ..x", "S: ."})
                  .capabilities,
              ElementsAre("VERSION 2", ".x"));
}

TEST(NntpDialogueTest, AServiceThatEndsIsBusyAtEveryPoint) {
  EXPECT_EQ(
      RunStartTls(Protocol::kNntp, {"S: 200 hello", "C: STARTTLS", "S: 400 x"})
          .code(),
      ErrorCode::kServerBusy);
  EXPECT_EQ(RunImplicit(Protocol::kNntp,
                        {"S: 200 hello", "C: CAPABILITIES", "S: 400 x"})
                .code(),
            ErrorCode::kServerBusy);
}

TEST(NntpDialogueTest, NonsenseForCapabilitiesIsUnexpected) {
  for (const char* answer : {"S: 200 ok", "S: 101-list", "S: A"}) {
    EXPECT_EQ(RunImplicit(Protocol::kNntp,
                          {"S: 200 hello", "C: CAPABILITIES", answer})
                  .code(),
              ErrorCode::kUnexpectedResponse);
  }
}

}  // namespace
}  // namespace holdfast
