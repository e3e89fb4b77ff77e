// Targets: what is accepted, and what is refused before any network use.

#include "holdfast/protocols/dialogue/protocol.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

TEST(ParseTargetTest, SchemesSayModeAndPort) {
  const Target implicit = *ParseTarget("imaps://Mail.Example.ORG.");
  EXPECT_EQ(implicit.ToString(), "imaps://mail.example.org:993");
  EXPECT_EQ(implicit.security, ConnectionSecurity::kImplicitTls);
  const Target starttls = *ParseTarget("IMAP://mail.example.org/");
  EXPECT_EQ(starttls.ToString(), "imap://mail.example.org:143");
  EXPECT_EQ(starttls.security, ConnectionSecurity::kStartTls);
}

TEST(ParseTargetTest, PortsAndAddressesAreRead) {
  EXPECT_EQ(ParseTarget("imaps://h.example:1993")->endpoint.port, 1993);
  EXPECT_EQ(ParseTarget("imaps://[::1]:1993")->ToString(),
            "imaps://[::1]:1993");
  EXPECT_EQ(ParseTarget("imaps://[::1]")->endpoint.port, 993);
  EXPECT_EQ(ParseTarget("imaps://192.0.2.1:5")->ToString(),
            "imaps://192.0.2.1:5");
}

TEST(ParseTargetTest, BadTargetsAreRefusedWithAReason) {
  for (const char* text :
       {"", "mail.example.org", "http://mail.example.org", "imaps://",
        "imaps://h.example:", "imaps://h.example:0", "imaps://h.example:65536",
        "imaps://h.example:99x", "imaps://me@h.example", "imaps://h.example/x",
        "imaps://h.example?x", "imaps://bad name", "imaps://[::1", "://h"}) {
    const absl::StatusOr<Target> target = ParseTarget(text);
    ASSERT_FALSE(target.ok()) << text;
    EXPECT_FALSE(ErrorFromStatus(target.status()).message.empty()) << text;
  }
}

TEST(ParseTargetTest, EverySchemeHasItsProtocolModeAndPort) {
  const struct {
    const char* scheme;
    const char* protocol;
    ConnectionSecurity security;
    uint16_t port;
  } kSchemes[] = {
      {"imaps", "imap", ConnectionSecurity::kImplicitTls, 993},
      {"imap", "imap", ConnectionSecurity::kStartTls, 143},
      {"pop3s", "pop3", ConnectionSecurity::kImplicitTls, 995},
      {"pop3", "pop3", ConnectionSecurity::kStartTls, 110},
      {"smtps", "smtp", ConnectionSecurity::kImplicitTls, 465},
      {"smtp", "smtp", ConnectionSecurity::kStartTls, 25},
      {"submissions", "submission", ConnectionSecurity::kImplicitTls, 465},
      {"submission", "submission", ConnectionSecurity::kStartTls, 587},
      {"nntps", "nntp", ConnectionSecurity::kImplicitTls, 563},
      {"nntp", "nntp", ConnectionSecurity::kStartTls, 119},
  };
  for (const auto& expected : kSchemes) {
    SCOPED_TRACE(expected.scheme);
    const Target target =
        *ParseTarget(absl::StrCat(expected.scheme, "://h.example"));
    EXPECT_EQ(GetProtocolInfo(target.protocol).name, expected.protocol);
    EXPECT_EQ(target.security, expected.security);
    EXPECT_EQ(target.ToString(),
              absl::StrCat(expected.scheme, "://h.example:", expected.port));
  }
}

TEST(ParseTargetTest, ABareHostIsReachedByEitherWayOnThatWaysOwnPort) {
  const Target target = *ParseTarget("Mail.Example.ORG", Protocol::kPop3);
  EXPECT_EQ(target.security, ConnectionSecurity::kAuto);
  EXPECT_EQ(target.ToString(), "mail.example.org");
  EXPECT_EQ(target.By(ConnectionSecurity::kImplicitTls).ToString(),
            "pop3s://mail.example.org:995");
  EXPECT_EQ(target.By(ConnectionSecurity::kStartTls).ToString(),
            "pop3://mail.example.org:110");
}

TEST(ParseTargetTest, APortThatIsGivenHoldsForEitherWay) {
  const Target target = *ParseTarget("[::1]:1143", Protocol::kImap);
  EXPECT_EQ(target.ToString(), "[::1]:1143");
  EXPECT_EQ(target.By(ConnectionSecurity::kImplicitTls).ToString(),
            "imaps://[::1]:1143");
  EXPECT_EQ(target.By(ConnectionSecurity::kStartTls).ToString(),
            "imap://[::1]:1143");
}

TEST(ParseTargetTest, ABareHostsModeCanBeGiven) {
  EXPECT_EQ(
      ParseTarget("h.example", Protocol::kNntp, ConnectionSecurity::kStartTls)
          ->ToString(),
      "nntp://h.example:119");
  EXPECT_EQ(ParseTarget("h.example:5", Protocol::kSmtp,
                        ConnectionSecurity::kImplicitTls)
                ->ToString(),
            "smtps://h.example:5");
}

TEST(ParseTargetTest, WhatIsGivenMustAgreeWithTheScheme) {
  EXPECT_TRUE(ParseTarget("imaps://h.example", Protocol::kImap,
                          ConnectionSecurity::kImplicitTls)
                  .ok());
  // Submission is spoken as SMTP, but not the other way round.
  EXPECT_EQ(ParseTarget("submission://h.example", Protocol::kSmtp)->ToString(),
            "submission://h.example:587");
  EXPECT_FALSE(ParseTarget("smtp://h.example", Protocol::kSubmission).ok());
  EXPECT_FALSE(ParseTarget("imaps://h.example", Protocol::kPop3).ok());
  for (const ConnectionSecurity security :
       {ConnectionSecurity::kStartTls, ConnectionSecurity::kAuto}) {
    EXPECT_FALSE(
        ParseTarget("imaps://h.example", Protocol::kImap, security).ok());
  }
}

TEST(ParseTargetTest, NothingIsReadAsPlaintext) {
  for (const char* text : {"imap://h.example", "h.example"}) {
    const absl::StatusOr<Target> target =
        ParseTarget(text, Protocol::kImap, ConnectionSecurity::kNone);
    ASSERT_FALSE(target.ok());
    EXPECT_EQ(ErrorFromStatus(target.status()).code, ErrorCode::kInvalidTarget);
  }
}

TEST(ParseTargetTest, BadBareHostsAreRefused) {
  for (const char* text : {"", "h.example:0", "h.example:99x", "me@h.example",
                           "h.example/x", "bad name", ":993", "[::1"}) {
    EXPECT_FALSE(ParseTarget(text, Protocol::kImap).ok()) << text;
  }
}

TEST(ProtocolTest, OnlyRegisteredAlpnIdsAreOffered) {
  EXPECT_EQ(GetProtocolInfo(Protocol::kImap).alpn, "imap");
  EXPECT_EQ(GetProtocolInfo(Protocol::kPop3).alpn, "pop3");
  EXPECT_EQ(GetProtocolInfo(Protocol::kNntp).alpn, "nntp");
  EXPECT_EQ(GetProtocolInfo(Protocol::kSmtp).alpn, "");
  EXPECT_EQ(GetProtocolInfo(Protocol::kSubmission).alpn, "");
}

TEST(ProtocolTest, TheTableIsInTheOrderOfTheEnum) {
  for (const ProtocolInfo& info : AllProtocols()) {
    EXPECT_EQ(GetProtocolInfo(info.protocol).name, info.name);
    EXPECT_EQ(ParseProtocol(info.name), info.protocol);
  }
}

TEST(TargetTest, ErrorsDoNotRepeatAPasswordInTheTarget) {
  for (const char* text :
       {"imaps://me:pass@h.example", "imaps://me:p/pass@h.example",
        "imaps://me:p@pass@h.example", "http://me:pass@h.example",
        "me:pass@imaps://h.example", "me:pass@h.example"}) {
    const absl::StatusOr<Target> target = ParseTarget(text);
    ASSERT_FALSE(target.ok()) << text;
    EXPECT_THAT(std::string(target.status().message()),
                testing::Not(testing::HasSubstr("pass")));
  }
}

}  // namespace
}  // namespace holdfast
