// Targets: what is accepted, and what is refused before any network use.

#include "protocols/protocol.h"

#include "core/error.h"
#include "gtest/gtest.h"

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

TEST(ProtocolTest, TheTableIsInTheOrderOfTheEnum) {
  for (const ProtocolInfo& info : AllProtocols()) {
    EXPECT_EQ(GetProtocolInfo(info.protocol).name, info.name);
    EXPECT_EQ(ParseProtocol(info.name), info.protocol);
  }
}

}  // namespace
}  // namespace holdfast
