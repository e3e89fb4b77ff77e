// IMAP's dialogue as two transcripts: what the server says, what we send.

#include "holdfast/protocols/dialogue/imap_negotiator.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace holdfast {
namespace {

using testing::ElementsAre;

// Feeds `lines`; "(tls)" is the end of the handshake. Notes what is sent and
// how it ends. Every line must be wanted.
struct Transcript {
  std::vector<std::string> sent;
  Step::Kind end = Step::Kind::kContinue;
  std::optional<Error> error;
};
Transcript Talk(ImapNegotiator* negotiator,
                const std::vector<std::string>& lines) {
  Transcript transcript;
  Step step = negotiator->Start();
  const auto note = [&transcript](const Step& s) {
    if (!s.send.empty()) transcript.sent.push_back(s.send);
    transcript.end = s.kind;
    transcript.error = s.error;
  };
  note(step);
  for (const std::string& line : lines) {
    const bool wants_tls = step.kind == Step::Kind::kStartTls;
    EXPECT_TRUE(wants_tls || step.kind == Step::Kind::kContinue)
        << "not wanted: " << line;
    EXPECT_EQ(wants_tls, line == "(tls)");
    step =
        wants_tls ? negotiator->OnTlsEstablished() : negotiator->OnLine(line);
    note(step);
  }
  return transcript;
}

TEST(ImapNegotiatorTest, CapabilitiesOfTheGreetingAreUsed) {
  ImapNegotiator imap(ConnectionSecurity::kImplicitTls);
  const Transcript t =
      Talk(&imap, {"* OK [CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN] ready"});
  EXPECT_EQ(t.end, Step::Kind::kReady);
  EXPECT_TRUE(t.sent.empty());
  EXPECT_THAT(imap.capabilities(),
              ElementsAre("IMAP4rev1", "IDLE", "AUTH=PLAIN"));
  EXPECT_EQ(imap.greeting(),
            "* OK [CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN] ready");
}

TEST(ImapNegotiatorTest, CapabilitiesAreAskedForOtherwise) {
  ImapNegotiator imap(ConnectionSecurity::kImplicitTls);
  const Transcript t =
      Talk(&imap, {"* OK ready", "* CAPABILITY IMAP4rev2", "hf1 OK done"});
  EXPECT_EQ(t.end, Step::Kind::kReady);
  EXPECT_THAT(t.sent, ElementsAre("hf1 CAPABILITY\r\n"));
  EXPECT_THAT(imap.capabilities(), ElementsAre("IMAP4rev2"));
}

TEST(ImapNegotiatorTest, PreauthInsideTlsIsAGreeting) {
  ImapNegotiator imap(ConnectionSecurity::kImplicitTls);
  EXPECT_EQ(Talk(&imap, {"* PREAUTH [CAPABILITY IMAP4rev1] hi"}).end,
            Step::Kind::kReady);
}

TEST(ImapNegotiatorTest, ByeIsARefusalInTheServersOwnWords) {
  ImapNegotiator imap(ConnectionSecurity::kImplicitTls);
  const Transcript t = Talk(&imap, {"* BYE too many connections"});
  ASSERT_EQ(t.end, Step::Kind::kFailed);
  EXPECT_EQ(t.error->code, ErrorCode::kServerBusy);
  EXPECT_EQ(t.error->server_text, "too many connections");
}

TEST(ImapNegotiatorTest, AnotherProtocolsGreetingIsNamed) {
  for (const char* greeting :
       {"220 mail ESMTP", "+OK ready", "", "*", "* NO", "* OKAY", "OK ready"}) {
    ImapNegotiator imap(ConnectionSecurity::kImplicitTls);
    const Transcript t = Talk(&imap, {greeting});
    ASSERT_EQ(t.end, Step::Kind::kFailed) << greeting;
    EXPECT_EQ(t.error->code, ErrorCode::kMalformedGreeting) << greeting;
  }
}

TEST(ImapNegotiatorTest, AnAnswerToNoCommandOfOursIsUnexpected) {
  ImapNegotiator imap(ConnectionSecurity::kImplicitTls);
  const Transcript t = Talk(&imap, {"* OK ready", "hf2 OK done"});
  ASSERT_EQ(t.end, Step::Kind::kFailed);
  EXPECT_EQ(t.error->code, ErrorCode::kUnexpectedResponse);
}

TEST(ImapNegotiatorTest, StartTlsForgetsWhatWasHeardInClear) {
  ImapNegotiator imap(ConnectionSecurity::kStartTls);
  const Transcript t = Talk(
      &imap, {"* OK [CAPABILITY IMAP4rev1 STARTTLS EVIL] ready", "hf1 OK go",
              "(tls)", "* CAPABILITY IMAP4rev1", "hf2 OK done"});
  EXPECT_EQ(t.end, Step::Kind::kReady);
  EXPECT_THAT(t.sent, ElementsAre("hf1 STARTTLS\r\n", "hf2 CAPABILITY\r\n"));
  EXPECT_THAT(imap.capabilities(), ElementsAre("IMAP4rev1"));
  EXPECT_EQ(imap.greeting(), "* OK ready");
}

TEST(ImapNegotiatorTest, RefusedStartTlsNeverGoesOnInClear) {
  for (const char* answer : {"hf1 NO not now", "hf1 BAD what"}) {
    ImapNegotiator imap(ConnectionSecurity::kStartTls);
    const Transcript t = Talk(&imap, {"* OK ready", answer});
    ASSERT_EQ(t.end, Step::Kind::kFailed);
    EXPECT_EQ(t.error->code, ErrorCode::kStartTlsRefused);
    EXPECT_THAT(t.sent, ElementsAre("hf1 STARTTLS\r\n"));
  }
}

TEST(ImapNegotiatorTest, StartTlsThatIsUnavailableMayBeTriedLater) {
  ImapNegotiator imap(ConnectionSecurity::kStartTls);
  const Transcript t = Talk(&imap, {"* OK ready", "hf1 NO [UNAVAILABLE] down"});
  ASSERT_EQ(t.end, Step::Kind::kFailed);
  EXPECT_EQ(t.error->code, ErrorCode::kStartTlsUnavailable);
}

TEST(ImapNegotiatorTest, PreauthInClearIsRefusedAtOnce) {
  ImapNegotiator imap(ConnectionSecurity::kStartTls);
  const Transcript t = Talk(&imap, {"* PREAUTH hi"});
  ASSERT_EQ(t.end, Step::Kind::kFailed);
  EXPECT_EQ(t.error->code, ErrorCode::kPreauthenticated);
  EXPECT_TRUE(t.sent.empty());
}

TEST(ImapNegotiatorTest, UntaggedDataInClearIsDropped) {
  ImapNegotiator imap(ConnectionSecurity::kStartTls);
  const Transcript t =
      Talk(&imap, {"* OK ready", "* 4 EXISTS", "* CAPABILITY EVIL",
                   "* OK [ALERT] pay me", "hf1 OK go"});
  EXPECT_EQ(t.end, Step::Kind::kStartTls);
  EXPECT_TRUE(imap.capabilities().empty());
}

TEST(ImapNegotiatorTest, TheAnswerToLogoutEndsTheDialogue) {
  ImapNegotiator imap(ConnectionSecurity::kImplicitTls);
  Talk(&imap, {"* OK [CAPABILITY IMAP4rev1] ready"});
  EXPECT_EQ(imap.FarewellCommand(), "hf1 LOGOUT\r\n");
  EXPECT_FALSE(imap.EndsFarewell("* BYE bye"));
  EXPECT_TRUE(imap.EndsFarewell("hf1 OK done"));
}

}  // namespace
}  // namespace holdfast
