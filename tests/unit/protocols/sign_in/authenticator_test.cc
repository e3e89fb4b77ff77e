// Signing in as transcripts: the vectors of the RFCs, each protocol's form, and
// servers that talk nonsense.

#include "holdfast/protocols/sign_in/authenticator.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/nss/nss_runtime.h"

namespace holdfast {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = AuthStep::Kind;
using M = SaslMechanism;
using P = Protocol;
using Script = std::vector<std::string>;

std::string B64(absl::string_view text) { return absl::Base64Escape(text); }
const std::string kPlainIr = B64(absl::string_view("\0alice\0pw", 9));

AuthenticatorOptions Options(Protocol protocol, SaslMechanism mechanism,
                             std::vector<std::string> capabilities = {}) {
  AuthenticatorOptions options{protocol, mechanism, "alice",
                               SecretString("pw")};
  options.capabilities = std::move(capabilities);
  options.tag = "t1";
  return options;
}

// "S: ..." is a line from the server, "C: ..." what must be sent at that point.
struct Outcome {
  Kind kind = Kind::kContinue;
  std::optional<Error> error;
  bool expired = false;
  std::vector<std::string> capabilities;
};
Outcome Play(AuthenticatorOptions options, const Script& script) {
  const std::shared_ptr<NssRuntime> nss = *NssRuntime::Start();
  auto authenticator = Authenticator::Create(std::move(options));
  if (!authenticator.ok()) {
    ADD_FAILURE() << authenticator.status();
    return {};
  }
  AuthStep step = (*authenticator)->Start();
  std::string unseen(step.send.view());
  for (const std::string& entry : script) {
    absl::string_view text = entry;
    if (absl::ConsumePrefix(&text, "C: ")) {
      EXPECT_EQ(unseen, absl::StrCat(text, "\r\n"));
      unseen.clear();
      continue;
    }
    EXPECT_EQ(unseen, "") << "sent before " << entry;
    EXPECT_EQ(step.kind, Kind::kContinue) << "not wanted: " << entry;
    EXPECT_TRUE(absl::ConsumePrefix(&text, "S: ")) << entry;
    if (testing::Test::HasFailure()) return {};
    step = (*authenticator)->OnLine(text);
    unseen = std::string(step.send.view());
  }
  EXPECT_EQ(unseen, "") << "sent at the end";
  const bool went_wrong =
      step.kind == Kind::kRefused || step.kind == Kind::kFailed;
  EXPECT_EQ(step.error.has_value(), went_wrong);
  return {step.kind, step.error, (*authenticator)->expired(),
          (*authenticator)->capabilities()};
}

ErrorCode CodeOf(const Outcome& outcome) {
  return outcome.error ? outcome.error->code : ErrorCode::kInternal;
}

// --- Each protocol's form

struct SuccessCase {
  const char* name;
  Protocol protocol;
  SaslMechanism mechanism;
  std::vector<std::string> capabilities;
  Script script;
};

TEST(AuthenticatorTest, EveryProtocolHasItsForm) {
  const std::string oauth =
      "user=alice\x01"
      "auth=Bearer pw\x01\x01";
  const SuccessCase kCases[] = {
      {"IMAP with SASL-IR",
       P::kImap,
       M::kPlain,
       {"SASL-IR"},
       {"C: t1 AUTHENTICATE PLAIN " + kPlainIr, "S: t1 OK in"}},
      {"IMAP without",
       P::kImap,
       M::kPlain,
       {},
       {"C: t1 AUTHENTICATE PLAIN", "S: +", "C: " + kPlainIr, "S: t1 OK in"}},
      {"POP3",
       P::kPop3,
       M::kPlain,
       {},
       {"C: AUTH PLAIN " + kPlainIr, "S: +OK in"}},
      {"SMTP",
       P::kSmtp,
       M::kPlain,
       {},
       {"C: AUTH PLAIN " + kPlainIr, "S: 235 in"}},
      {"submission, several lines",
       P::kSubmission,
       M::kPlain,
       {},
       {"C: AUTH PLAIN " + kPlainIr, "S: 235-2.7.0", "S: 235 in"}},
      {"NNTP",
       P::kNntp,
       M::kPlain,
       {},
       {"C: AUTHINFO SASL PLAIN " + kPlainIr, "S: 281 in"}},
      {"LOGIN has no first message",
       P::kSmtp,
       M::kLogin,
       {},
       {"C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", "C: " + B64("alice"),
        "S: 334 UGFzc3dvcmQ6", "C: " + B64("pw"), "S: 235 in"}},
      {"LOGIN in IMAP",
       P::kImap,
       M::kLogin,
       {"SASL-IR"},
       {"C: t1 AUTHENTICATE LOGIN", "S: + VXNlcm5hbWU6", "C: " + B64("alice"),
        "S: + UGFzc3dvcmQ6", "C: " + B64("pw"), "S: t1 OK in"}},
      {"OAUTHBEARER",
       P::kImap,
       M::kOauthBearer,
       {"SASL-IR"},
       {"C: t1 AUTHENTICATE OAUTHBEARER " + B64("n,a=alice,\x01"
                                                "auth=Bearer pw\x01\x01"),
        "S: t1 OK in"}},
      {"XOAUTH2",
       P::kPop3,
       M::kXoauth2,
       {},
       {"C: AUTH XOAUTH2 " + B64(oauth), "S: +OK"}},
      {"ANONYMOUS",
       P::kNntp,
       M::kAnonymous,
       {},
       {"C: AUTHINFO SASL ANONYMOUS " + B64("alice"), "S: 281 in"}},
      {"LOGIN command",
       P::kImap,
       M::kProtocolLogin,
       {},
       {"C: t1 LOGIN \"alice\" \"pw\"", "S: * OK wait", "S: t1 OK in"}},
      {"USER and PASS",
       P::kPop3,
       M::kProtocolLogin,
       {},
       {"C: USER alice", "S: +OK", "C: PASS pw", "S: +OK in"}},
      {"AUTHINFO USER",
       P::kNntp,
       M::kProtocolLogin,
       {},
       {"C: AUTHINFO USER alice", "S: 381 and?", "C: AUTHINFO PASS pw",
        "S: 281 in"}},
      {"AUTHINFO USER alone",
       P::kNntp,
       M::kProtocolLogin,
       {},
       {"C: AUTHINFO USER alice", "S: 281 in"}},
  };
  for (const SuccessCase& c : kCases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(
        Play(Options(c.protocol, c.mechanism, c.capabilities), c.script).kind,
        Kind::kDone);
  }
}

TEST(AuthenticatorTest, AnEmptyFirstMessageIsAnEqualsSign) {
  AuthenticatorOptions options = Options(P::kSmtp, M::kAnonymous);
  options.user = "";
  EXPECT_EQ(Play(std::move(options), {"C: AUTH ANONYMOUS =", "S: 235 in"}).kind,
            Kind::kDone);
}

TEST(AuthenticatorTest, AFirstMessageThatMakesTheLineTooLongIsAskedFor) {
  struct {
    Protocol protocol;
    size_t fits;  // the longest token that does
    const char* command;
    const char* ask;
    const char* done;
  } const kCases[] = {
      // "AUTH XOAUTH2 " and CRLF: 15; base64 of 25 bytes and the token.
      {P::kPop3, 155, "AUTH XOAUTH2", "+", "+OK"},
      {P::kSmtp, 347, "AUTH XOAUTH2", "334", "235 in"},
      {P::kNntp, 341, "AUTHINFO SASL XOAUTH2", "383 =", "281 in"},
  };
  for (const auto& c : kCases) {
    for (const size_t size : {c.fits, c.fits + 1}) {
      SCOPED_TRACE(absl::StrCat(c.command, " ", size));
      AuthenticatorOptions options = Options(c.protocol, M::kXoauth2);
      const std::string token(size, 'x');
      options.secret = SecretString(token);
      const std::string message = B64(
          absl::StrCat("user=alice\x01", "auth=Bearer ", token, "\x01\x01"));
      const bool fits = size == c.fits;
      const Script script =
          fits ? Script{absl::StrCat("C: ", c.command, " ", message),
                        absl::StrCat("S: ", c.done)}
               : Script{absl::StrCat("C: ", c.command),
                        absl::StrCat("S: ", c.ask), "C: " + message,
                        absl::StrCat("S: ", c.done)};
      EXPECT_EQ(Play(std::move(options), script).kind, Kind::kDone);
    }
  }
}

TEST(AuthenticatorTest, ImapLoginQuotesWhatItMust) {
  AuthenticatorOptions options = Options(P::kImap, M::kProtocolLogin);
  options.user = "al\"ice";
  options.secret = SecretString("p\\w");
  EXPECT_EQ(Play(std::move(options),
                 {"C: t1 LOGIN \"al\\\"ice\" \"p\\\\w\"", "S: t1 OK in"})
                .kind,
            Kind::kDone);
}

TEST(AuthenticatorTest, ImapLoginWaitsForEachLiteral) {
  AuthenticatorOptions options = Options(P::kImap, M::kProtocolLogin);
  options.user = "\xc3\xa4";
  options.secret = SecretString("\xc3\xb6");
  EXPECT_EQ(
      Play(std::move(options), {"C: t1 LOGIN {2}", "S: + go", "C: \xc3\xa4 {2}",
                                "S: + go", "C: \xc3\xb6", "S: t1 OK in"})
          .kind,
      Kind::kDone);
}

TEST(AuthenticatorTest, ImapLoginNeedNotWaitWithLiteralPlus) {
  for (const char* capability : {"LITERAL+", "LITERAL-"}) {
    AuthenticatorOptions options =
        Options(P::kImap, M::kProtocolLogin, {capability});
    options.secret = SecretString("\xc3\xb6");
    EXPECT_EQ(Play(std::move(options),
                   {"C: t1 LOGIN \"alice\" {2+}\r\n\xc3\xb6", "S: t1 OK in"})
                  .kind,
              Kind::kDone);
  }
}

TEST(AuthenticatorTest, CapabilitiesAfterwardsAreKept) {
  using testing::ElementsAre;
  EXPECT_THAT(
      Play(Options(P::kImap, M::kProtocolLogin),
           {"C: t1 LOGIN \"alice\" \"pw\"", "S: t1 OK [CAPABILITY IDLE X] in"})
          .capabilities,
      ElementsAre("IDLE", "X"));
  EXPECT_THAT(Play(Options(P::kImap, M::kProtocolLogin),
                   {"C: t1 LOGIN \"alice\" \"pw\"", "S: * CAPABILITY IDLE",
                    "S: t1 OK in"})
                  .capabilities,
              ElementsAre("IDLE"));
}

// --- SCRAM

class ScramTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!IsBuilt(M::kScramSha256)) GTEST_SKIP() << "built without libgsasl";
  }
};

// RFC 5802, 5 and RFC 7677, 3.
struct Vector {
  SaslMechanism mechanism;
  const char* nonce;
  const char* server_first;
  const char* client_final;
  const char* server_final;
} const kVectors[] = {
    {M::kScramSha1, "fyko+d2lbbFgONRv9qkxdawL",
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
     "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
     "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {M::kScramSha256, "rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

AuthenticatorOptions VectorOptions(Protocol protocol, const Vector& vector) {
  AuthenticatorOptions options = Options(protocol, vector.mechanism);
  options.user = "user";
  options.secret = SecretString("pencil");
  options.nonce = vector.nonce;
  return options;
}

std::string FirstOf(const Vector& vector) {
  return absl::StrCat("C: AUTH ", SaslMechanismName(vector.mechanism), " ",
                      B64(absl::StrCat("n,,n=user,r=", vector.nonce)));
}

// The exchange until the server is to prove itself.
Script UntilProof(const Vector& vector) {
  return {FirstOf(vector), "S: 334 " + B64(vector.server_first),
          "C: " + B64(vector.client_final)};
}
Script operator+(Script a, const Script& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST_F(ScramTest, TheVectorsOfTheRfcsHold) {
  for (const Vector& v : kVectors) {
    EXPECT_EQ(Play(VectorOptions(P::kSmtp, v),
                   UntilProof(v) + Script{"S: 334 " + B64(v.server_final),
                                          "C: ", "S: 235 in"})
                  .kind,
              Kind::kDone);
  }
}

TEST_F(ScramTest, NntpMayProveItselfWithItsSuccess) {
  const Vector& v = kVectors[1];
  EXPECT_EQ(Play(VectorOptions(P::kNntp, v),
                 {"C: AUTHINFO SASL SCRAM-SHA-256 " +
                      B64(absl::StrCat("n,,n=user,r=", v.nonce)),
                  "S: 383 " + B64(v.server_first), "C: " + B64(v.client_final),
                  "S: 283 " + B64(v.server_final)})
                .kind,
            Kind::kDone);
}

TEST_F(ScramTest, NntpsEmptyResponseIsAnEqualsSign) {
  const Vector& v = kVectors[1];
  EXPECT_EQ(Play(VectorOptions(P::kNntp, v),
                 {"C: AUTHINFO SASL SCRAM-SHA-256 " +
                      B64(absl::StrCat("n,,n=user,r=", v.nonce)),
                  "S: 383 " + B64(v.server_first), "C: " + B64(v.client_final),
                  "S: 383 " + B64(v.server_final), "C: =", "S: 281 in"})
                .kind,
            Kind::kDone);
}

TEST_F(ScramTest, SuccessWithoutProofIsRefused) {
  for (const Vector& v : kVectors) {
    for (const Script& script : {Script{FirstOf(v), "S: 235 in"},
                                 UntilProof(v) + Script{"S: 235 in"}}) {
      const Outcome outcome = Play(VectorOptions(P::kSmtp, v), script);
      EXPECT_EQ(outcome.kind, Kind::kFailed);
      EXPECT_EQ(CodeOf(outcome), ErrorCode::kServerUnproven);
    }
  }
}

TEST_F(ScramTest, AWrongProofIsRefused) {
  const Outcome outcome =
      Play(VectorOptions(P::kSmtp, kVectors[1]),
           UntilProof(kVectors[1]) +
               Script{"S: 334 " + B64(absl::StrCat("v=", B64("not it"))),
                      "C: *", "S: 235 in all the same"});
  EXPECT_EQ(outcome.kind, Kind::kFailed);
  EXPECT_EQ(CodeOf(outcome), ErrorCode::kServerUnproven);
}

TEST_F(ScramTest, AWrongProofWithSuccessIsRefusedInNntp) {
  const Vector& v = kVectors[1];
  const Outcome outcome =
      Play(VectorOptions(P::kNntp, v),
           {"C: AUTHINFO SASL SCRAM-SHA-256 " +
                B64(absl::StrCat("n,,n=user,r=", v.nonce)),
            "S: 383 " + B64(v.server_first), "C: " + B64(v.client_final),
            "S: 283 " + B64(absl::StrCat("v=", B64("not it")))});
  EXPECT_EQ(CodeOf(outcome), ErrorCode::kServerUnproven);
}

TEST_F(ScramTest, AnErrorInTheExchangeIsARefusal) {
  const Outcome outcome =
      Play(VectorOptions(P::kSmtp, kVectors[1]),
           UntilProof(kVectors[1]) +
               Script{"S: 334 " + B64("e=invalid-proof"), "C: *", "S: 535 no"});
  EXPECT_EQ(outcome.kind, Kind::kRefused);
  EXPECT_EQ(CodeOf(outcome), ErrorCode::kAuthenticationRefused);
  EXPECT_EQ(outcome.error->server_text, "invalid-proof");
}

TEST_F(ScramTest, NonsenseInTheFirstChallengeIsCancelled) {
  const std::string nonce = kVectors[1].nonce;
  for (const std::string& challenge : std::vector<std::string>{
           "", "r=", "v=x", "m=ext,r=" + nonce + "x,s=YWJj,i=4096",
           "r=" + nonce + ",s=YWJj,i=4096",         // adds nothing of its own
           "r=other" + nonce + ",s=YWJj,i=4096",    // another's
           "r=" + nonce + "x,s=,i=4096",            // no salt
           "r=" + nonce + "x,s=*,i=4096",           // no base64
           "r=" + nonce + "x,s=YWJj,i=4095",        // too weak
           "r=" + nonce + "x,s=YWJj,i=1000001",     // for ever
           "r=" + nonce + "x,s=YWJj,i=4294967297",  // overflows
           "r=" + nonce + "x,s=YWJj,i=-1", "r=" + nonce + "x,s=YWJj",
           std::string("\0\xff", 2)}) {
    SCOPED_TRACE(challenge);
    const Outcome outcome =
        Play(VectorOptions(P::kSmtp, kVectors[1]),
             {FirstOf(kVectors[1]), "S: 334 " + B64(challenge), "C: *",
              "S: 501 ok"});
    EXPECT_EQ(outcome.kind, Kind::kFailed);
    EXPECT_EQ(CodeOf(outcome), ErrorCode::kUnexpectedResponse);
  }
}

// The gs2 header of the first message (RFC 5802, 6).
std::string HeaderOf(SaslMechanism mechanism,
                     std::vector<std::string> capabilities,
                     std::optional<ChannelBinding> binding,
                     const std::string& act_as = "") {
  AuthenticatorOptions options =
      Options(P::kSmtp, mechanism, std::move(capabilities));
  options.channel_binding = std::move(binding);
  options.act_as = act_as;
  auto authenticator = Authenticator::Create(std::move(options));
  const AuthStep step = (*authenticator)->Start();
  absl::string_view line = step.send.view();
  std::string message;
  absl::Base64Unescape(
      absl::StripSuffix(line.substr(line.rfind(' ') + 1), "\r\n"), &message);
  return message.substr(0, message.find("n=alice"));
}

TEST_F(ScramTest, TheHeaderSaysWhatBothSidesKnow) {
  const ChannelBinding exporter = {"tls-exporter", "data"};
  const ChannelBinding end_point = {"tls-server-end-point", "data"};
  const std::vector<std::string> plain = {"AUTH SCRAM-SHA-256"};
  const std::vector<std::string> plus = {
      "AUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS"};
  EXPECT_EQ(HeaderOf(M::kScramSha256Plus, plus, exporter), "p=tls-exporter,,");
  EXPECT_EQ(HeaderOf(M::kScramSha1Plus, plus, end_point),
            "p=tls-server-end-point,,");
  // We could, and the server seems not to: it will see if that was tampered.
  EXPECT_EQ(HeaderOf(M::kScramSha256, plain, exporter), "y,,");
  EXPECT_EQ(HeaderOf(M::kScramSha256, plain, std::nullopt), "n,,");
  // Both could, and the user does not want it.
  EXPECT_EQ(HeaderOf(M::kScramSha256, plus, exporter), "n,,");
  EXPECT_EQ(HeaderOf(M::kScramSha256, plain, std::nullopt, "a,b=c"),
            "n,a=a=2Cb=3Dc,");
}

// --- Refusals

struct RefusalCase {
  const char* name;
  Protocol protocol;
  SaslMechanism mechanism;
  Script script;
  Kind kind;
  ErrorCode code;
  const char* words;
};

TEST(AuthenticatorTest, RefusalsAreToldApart) {
  const std::string imap = "C: t1 LOGIN \"alice\" \"pw\"";
  const std::string smtp = "C: AUTH PLAIN " + kPlainIr;
  const std::string nntp = "C: AUTHINFO USER alice";
  constexpr ErrorCode kRefused = ErrorCode::kAuthenticationRefused;
  constexpr ErrorCode kNotNow = ErrorCode::kAuthenticationUnavailable;
  constexpr ErrorCode kWhat = ErrorCode::kUnexpectedResponse;
  const RefusalCase kCases[] = {
      {"NO",
       P::kImap,
       M::kProtocolLogin,
       {imap, "S: t1 NO bad password"},
       Kind::kRefused,
       kRefused,
       "bad password"},
      {"NO [UNAVAILABLE]",
       P::kImap,
       M::kProtocolLogin,
       {imap, "S: t1 NO [UNAVAILABLE] db"},
       Kind::kFailed,
       kNotNow,
       "[UNAVAILABLE] db"},
      {"BYE",
       P::kImap,
       M::kProtocolLogin,
       {imap, "S: * BYE enough"},
       Kind::kFailed,
       kNotNow,
       "enough"},
      {"BAD",
       P::kImap,
       M::kProtocolLogin,
       {imap, "S: t1 BAD huh"},
       Kind::kFailed,
       kWhat,
       "t1 BAD huh"},
      {"another tag",
       P::kImap,
       M::kProtocolLogin,
       {imap, "S: t2 OK in"},
       Kind::kFailed,
       kWhat,
       "t2 OK in"},
      {"OK too early",
       P::kImap,
       M::kPlain,
       {"C: t1 AUTHENTICATE PLAIN", "S: t1 OK in"},
       Kind::kFailed,
       kWhat,
       ""},
      {"one question too many",
       P::kImap,
       M::kProtocolLogin,
       {imap, "S: + and?"},
       Kind::kFailed,
       kWhat,
       "and?"},
      {"-ERR",
       P::kPop3,
       M::kPlain,
       {smtp, "S: -ERR [AUTH] no"},
       Kind::kRefused,
       kRefused,
       "[AUTH] no"},
      {"-ERR [SYS/TEMP]",
       P::kPop3,
       M::kPlain,
       {smtp, "S: -ERR [SYS/TEMP] db"},
       Kind::kFailed,
       kNotNow,
       "[SYS/TEMP] db"},
      {"-ERR to USER",
       P::kPop3,
       M::kProtocolLogin,
       {"C: USER alice", "S: -ERR who?"},
       Kind::kRefused,
       kRefused,
       "who?"},
      {"535 in two lines",
       P::kSmtp,
       M::kPlain,
       {smtp, "S: 535-5.7.8 not", "S: 535 you"},
       Kind::kRefused,
       kRefused,
       "535-5.7.8 not 535 you"},
      {"454",
       P::kSmtp,
       M::kPlain,
       {smtp, "S: 454 db"},
       Kind::kFailed,
       kNotNow,
       "454 db"},
      {"421",
       P::kSmtp,
       M::kPlain,
       {smtp, "S: 421 bye"},
       Kind::kFailed,
       kNotNow,
       "421 bye"},
      {"504",
       P::kSmtp,
       M::kPlain,
       {smtp, "S: 504 what?"},
       Kind::kFailed,
       kWhat,
       "504 what?"},
      {"481",
       P::kNntp,
       M::kProtocolLogin,
       {nntp, "S: 481 no"},
       Kind::kRefused,
       kRefused,
       "481 no"},
      {"400",
       P::kNntp,
       M::kProtocolLogin,
       {nntp, "S: 400 bye"},
       Kind::kFailed,
       kNotNow,
       "400 bye"},
      {"482",
       P::kNntp,
       M::kProtocolLogin,
       {nntp, "S: 482 order"},
       Kind::kFailed,
       kWhat,
       "482 order"},
      {"PLAIN is asked twice",
       P::kSmtp,
       M::kPlain,
       {smtp, "S: 334 ", "C: *", "S: 501 ok"},
       Kind::kFailed,
       kWhat,
       ""},
      {"no base64",
       P::kSmtp,
       M::kLogin,
       {"C: AUTH LOGIN", "S: 334 %%%", "C: *", "S: 501 ok"},
       Kind::kFailed,
       kWhat,
       ""},
      {"LOGIN ends before the password",
       P::kSmtp,
       M::kLogin,
       {"C: AUTH LOGIN", "S: 334 ", "C: " + B64("alice"), "S: 235 in"},
       Kind::kFailed,
       kWhat,
       ""},
  };
  for (const RefusalCase& c : kCases) {
    SCOPED_TRACE(c.name);
    const Outcome outcome = Play(Options(c.protocol, c.mechanism), c.script);
    EXPECT_EQ(outcome.kind, c.kind);
    EXPECT_EQ(CodeOf(outcome), c.code);
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->server_text, c.words);
    EXPECT_FALSE(outcome.expired);
  }
}

TEST(AuthenticatorTest, GarbageInPlaceOfAnyAnswerEndsIt) {
  const std::pair<Protocol, SaslMechanism> kWays[] = {
      {P::kImap, M::kPlain},         {P::kImap, M::kLogin},
      {P::kImap, M::kProtocolLogin}, {P::kPop3, M::kXoauth2},
      {P::kPop3, M::kProtocolLogin}, {P::kSmtp, M::kXoauth2},
      {P::kSmtp, M::kLogin},         {P::kNntp, M::kProtocolLogin},
      {P::kNntp, M::kPlain}};
  for (const auto& [protocol, mechanism] : kWays) {
    for (const std::string& garbage : std::vector<std::string>{
             "", " ", "HTTP/1.1 400 Bad Request", std::string("\0\xff", 2),
             "999 x", "1", "OK", "t1", "t1 ", "-"}) {
      SCOPED_TRACE(absl::CEscape(garbage));
      auto authenticator = *Authenticator::Create(Options(protocol, mechanism));
      authenticator->Start();
      const AuthStep step = authenticator->OnLine(garbage);
      EXPECT_EQ(step.kind, Kind::kFailed);
      ASSERT_TRUE(step.error);
      EXPECT_EQ(step.error->code, ErrorCode::kUnexpectedResponse);
    }
  }
}

TEST(AuthenticatorTest, AnExpiredTokenIsToldFromAWrongOne) {
  const std::string first =
      "C: AUTH OAUTHBEARER " + B64("n,a=alice,\x01"
                                   "auth=Bearer pw\x01\x01");
  Outcome outcome =
      Play(Options(P::kSmtp, M::kOauthBearer),
           {first, "S: 334 " + B64(R"({"status":"invalid_token"})"),
            "C: AQ==", "S: 535 no"});
  EXPECT_EQ(outcome.kind, Kind::kRefused);
  EXPECT_TRUE(outcome.expired);
  EXPECT_THAT(outcome.error->server_text, HasSubstr("invalid_token"));
  outcome = Play(Options(P::kSmtp, M::kXoauth2),
                 {"C: AUTH XOAUTH2 " + B64("user=alice\x01"
                                           "auth=Bearer pw\x01\x01"),
                  "S: 334 " + B64(R"({"status":"403"})"), "C: ", "S: 535 no"});
  EXPECT_EQ(outcome.kind, Kind::kRefused);
  EXPECT_FALSE(outcome.expired);
  EXPECT_TRUE(Play(Options(P::kImap, M::kProtocolLogin),
                   {"C: t1 LOGIN \"alice\" \"pw\"", "S: t1 NO [EXPIRED] old"})
                  .expired);
}

TEST(AuthenticatorTest, SuccessAfterARefusalWasExplainedIsNone) {
  const Outcome outcome =
      Play(Options(P::kSmtp, M::kXoauth2),
           {"C: AUTH XOAUTH2 " + B64("user=alice\x01"
                                     "auth=Bearer pw\x01\x01"),
            "S: 334 " + B64("{}"), "C: ", "S: 235 in"});
  EXPECT_EQ(CodeOf(outcome), ErrorCode::kUnexpectedResponse);
}

// --- Secrets

TEST(AuthenticatorTest, AServerThatRepeatsTheSecretIsNotQuoted) {
  for (const std::string& words : {std::string("pw is wrong"), kPlainIr,
                                   absl::StrCat("you said ", kPlainIr)}) {
    const Outcome outcome =
        Play(Options(P::kSmtp, M::kPlain),
             {"C: AUTH PLAIN " + kPlainIr, absl::StrCat("S: 535 ", words)});
    EXPECT_THAT(outcome.error->server_text, Not(HasSubstr("pw")));
    EXPECT_THAT(outcome.error->server_text, Not(HasSubstr(kPlainIr)));
  }
  AuthenticatorOptions options = Options(P::kImap, M::kProtocolLogin);
  options.secret = SecretString("a\"b");
  const Outcome outcome = Play(
      std::move(options),
      {R"(C: t1 LOGIN "alice" "a\"b")", R"(S: t1 NO LOGIN "alice" "a\"b"?)"});
  EXPECT_THAT(outcome.error->server_text, Not(HasSubstr("b")));
}

TEST(AuthenticatorTest, WhatWouldBecomeACommandIsNotSent) {
  for (const char* bad : {"a\r\nQUIT", "a\nb", "a\x01", "\x7f", ""}) {
    for (const bool in_user : {true, false}) {
      AuthenticatorOptions options = Options(P::kPop3, M::kProtocolLogin);
      if (in_user) {
        options.user = bad;
      } else {
        options.secret = SecretString(bad);
      }
      const auto made = Authenticator::Create(std::move(options));
      ASSERT_FALSE(made.ok());
      EXPECT_EQ(ErrorFromStatus(made.status()).code,
                ErrorCode::kCredentialsUnusable);
    }
  }
  AuthenticatorOptions options = Options(P::kNntp, M::kProtocolLogin);
  options.user = "al ice";
  EXPECT_FALSE(Authenticator::Create(std::move(options)).ok());
}

TEST(AuthenticatorTest, OnlySomeMechanismsCanActForAnother) {
  for (const SaslMechanism mechanism :
       {M::kScramSha256, M::kPlain, M::kLogin, M::kXoauth2, M::kOauthBearer,
        M::kProtocolLogin, M::kAnonymous, M::kExternal}) {
    AuthenticatorOptions options = Options(P::kImap, mechanism);
    options.act_as = "bob";
    EXPECT_EQ(Authenticator::Create(std::move(options)).ok(),
              mechanism == M::kPlain || mechanism == M::kExternal ||
                  (mechanism == M::kScramSha256 && IsBuilt(mechanism)));
  }
}

TEST(AuthenticatorTest, SmtpHasNoCommandOfItsOwn) {
  const auto made = Authenticator::Create(Options(P::kSmtp, M::kProtocolLogin));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(ErrorFromStatus(made.status()).code, ErrorCode::kNoCommonMechanism);
}

// The certificate has said who we are; all that is left to say is for whom.
TEST(AuthenticatorTest, ExternalSaysForWhomOrNothing) {
  const auto external = [](P protocol, const std::string& act_as) {
    AuthenticatorOptions options = Options(protocol, M::kExternal);
    options.user = "";
    options.secret = SecretString();
    options.act_as = act_as;
    return std::string(
        (*Authenticator::Create(std::move(options)))->Start().send.view());
  };
  EXPECT_EQ(external(P::kSmtp, ""), "AUTH EXTERNAL =\r\n");
  EXPECT_EQ(external(P::kPop3, "bob"), "AUTH EXTERNAL Ym9i\r\n");
  EXPECT_EQ(external(P::kNntp, ""), "AUTHINFO SASL EXTERNAL =\r\n");
  // Without SASL-IR the server asks first.
  EXPECT_EQ(external(P::kImap, ""), "t1 AUTHENTICATE EXTERNAL\r\n");
}

}  // namespace
}  // namespace holdfast
