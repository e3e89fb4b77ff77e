// Which texts are hosts, and what they become.

#include "holdfast/core/base/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

using ::testing::HasSubstr;

std::string Parsed(absl::string_view text) {
  absl::StatusOr<Host> host = Host::Parse(text);
  return host.ok() ? host->ToString() : "refused";
}

// The message of the refusal; empty if `text` was accepted.
std::string Refusal(absl::string_view text) {
  absl::StatusOr<Host> host = Host::Parse(text);
  if (host.ok()) return "";
  const Error error = ErrorFromStatus(host.status());
  EXPECT_EQ(error.code, ErrorCode::kInvalidHost);
  return error.message;
}

TEST(HostTest, DnsNamesAreLowerCaseWithoutTrailingDot) {
  EXPECT_EQ(Parsed("Mail.Example.ORG."), "mail.example.org");
  EXPECT_EQ(Parsed("localhost"), "localhost");
  EXPECT_EQ(Parsed("_imaps._tcp.example.org"), "_imaps._tcp.example.org");
  EXPECT_EQ(Parsed("r3---sn-4g5e.example"), "r3---sn-4g5e.example");
  EXPECT_EQ(Parsed("1.2.3.example"), "1.2.3.example");
  EXPECT_EQ(Parsed("3com"), "3com");
  EXPECT_FALSE(Host::Parse("localhost")->is_ip_literal());
}

TEST(HostTest, ULabelsBecomeALabelsByIdna2008) {
  EXPECT_EQ(Parsed("BÜCHER.example"), "xn--bcher-kva.example");
  EXPECT_EQ(Parsed("faß.example"), "xn--fa-hia.example");
  EXPECT_EQ(Parsed("bücher。example。"), "xn--bcher-kva.example");
  EXPECT_EQ(Parsed("_x.bücher.example"), "_x.xn--bcher-kva.example");
}

TEST(HostTest, SymbolsAreAcceptedAsBrowsersDo) {
  EXPECT_EQ(Parsed("☃.example"), "xn--n3h.example");
}

TEST(HostTest, SymbolsNeverChangeTheMeaningOfOtherCharacters) {
  EXPECT_EQ(Parsed("faß☃.example"), "refused");
  EXPECT_EQ(Parsed("a\u200d☃.example"), "refused");
}

TEST(HostTest, ALabelsAreLeftAsTheyAre) {
  EXPECT_EQ(Parsed("XN--BCHER-KVA.example"), "xn--bcher-kva.example");
  EXPECT_EQ(Parsed("xn--n3h.example"), "xn--n3h.example");
}

TEST(HostTest, AddressesAreCanonical) {
  EXPECT_EQ(Parsed("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(Parsed("１９２．０．２．１"), "192.0.2.1");
  EXPECT_EQ(Parsed("2001:DB8:0:0::1"), "[2001:db8::1]");
  EXPECT_EQ(Parsed("[2001:db8::0001]"), "[2001:db8::1]");
  EXPECT_EQ(Parsed("::ffff:192.0.2.1"), "[::ffff:192.0.2.1]");
  EXPECT_EQ(Host::Parse("[::1]")->name(), "::1");
  EXPECT_TRUE(Host::Parse("::1")->is_ip_literal());
  EXPECT_TRUE(Host::Parse("127.0.0.1")->is_ip_literal());
}

TEST(HostTest, OldNotationsOfIpv4AreRefused) {
  for (const char* text :
       {"1.2.3", "0x7f.1", "127.1", "2130706433", "0x7f", "0x7f000001",
        "1.2.3.4.5", "01.2.3.4", "256.0.0.1", "a.0x", "example.1"}) {
    EXPECT_THAT(Refusal(text), HasSubstr("its end is a number")) << text;
  }
}

TEST(HostTest, BadAddressesAreRefused) {
  for (const char* text : {"[::1", "::1]", "[]", "[127.0.0.1]", "[example.org]",
                           "1::2::3", "example.org:993", ":::", "[[::1]]"}) {
    EXPECT_THAT(Refusal(text), HasSubstr("not an IPv6 address")) << text;
  }
}

TEST(HostTest, AScopedAddressIsRefusedByName) {
  EXPECT_EQ(Refusal("fe80::1%eth0"),
            "\"fe80::1%eth0\" is not a valid host: IPv6 addresses with a scope "
            "are not supported.");
  EXPECT_THAT(Refusal("[fe80::1%25eth0]"), HasSubstr("with a scope"));
}

TEST(HostTest, WhatDnsDoesNotAllowIsRefused) {
  EXPECT_THAT(Refusal(""), HasSubstr("it is empty"));
  EXPECT_THAT(Refusal("."), HasSubstr("it is empty"));
  EXPECT_THAT(Refusal("a..b"), HasSubstr("a label is empty"));
  EXPECT_THAT(Refusal("example.org.."), HasSubstr("a label is empty"));
  EXPECT_THAT(Refusal("-a.example"), HasSubstr("hyphen"));
  EXPECT_THAT(Refusal("a-.example"), HasSubstr("hyphen"));
  EXPECT_THAT(Refusal("a b.example"), HasSubstr("not allowed"));
  EXPECT_THAT(Refusal("user@example.org"), HasSubstr("not allowed"));
  EXPECT_THAT(Refusal("℀.example"), HasSubstr("not allowed"));  // maps to a/c
  EXPECT_NE(Refusal("\xff.example"), "");
  EXPECT_NE(Refusal("a\u200db.example"), "");
}

TEST(HostTest, NulDoesNotEndTheText) {
  EXPECT_NE(Refusal(absl::string_view("127.0.0.1\0x", 11)), "");
  EXPECT_NE(Refusal(absl::string_view("::1\0x", 5)), "");
  EXPECT_NE(Refusal(absl::string_view("b\xc3\xbc.example\0.evil", 17)), "");
  EXPECT_EQ(Refusal(absl::string_view("a.example\0.evil", 15)),
            "\"a.example\\x00.evil\" is not a valid host: a character is not "
            "allowed in it.");
}

TEST(HostTest, LengthLimitsHoldExactly) {
  const std::string label(63, 'a');
  EXPECT_EQ(Parsed(label), label);
  EXPECT_THAT(Refusal(label + "a"), HasSubstr("over 63"));

  const std::string longest =
      absl::StrCat(label, ".", label, ".", label, ".", std::string(61, 'b'));
  ASSERT_EQ(longest.size(), 253u);
  EXPECT_EQ(Parsed(longest + "."), longest);
  EXPECT_THAT(Refusal(longest + "b"), HasSubstr("over 253"));
}

TEST(EndpointTest, TextIsHostAndPort) {
  EXPECT_EQ((Endpoint{*Host::Parse("A.example"), 993}).ToString(),
            "a.example:993");
  EXPECT_EQ((Endpoint{*Host::Parse("::1"), 143}).ToString(), "[::1]:143");
}

TEST(ConnectionSecurityTest, HasNames) {
  EXPECT_EQ(ConnectionSecurityName(ConnectionSecurity::kImplicitTls),
            "implicit");
  EXPECT_EQ(ConnectionSecurityName(ConnectionSecurity::kStartTls), "starttls");
  EXPECT_EQ(ConnectionSecurityName(ConnectionSecurity::kAuto), "auto");
  EXPECT_EQ(ConnectionSecurityName(ConnectionSecurity::kNone), "none");
}

TEST(HostPortTest, APortMayFollow) {
  EXPECT_EQ(HostPort::Parse("Mail.Example.ORG")->host.name(),
            "mail.example.org");
  EXPECT_EQ(HostPort::Parse("h.example")->port, std::nullopt);
  EXPECT_EQ(HostPort::Parse("h.example:993")->port, 993);
  EXPECT_EQ(HostPort::Parse("[::1]:993")->port, 993);
  EXPECT_EQ(HostPort::Parse("[::1]:993")->host.name(), "::1");
  EXPECT_EQ(HostPort::Parse("[::1]")->port, std::nullopt);
  EXPECT_EQ(HostPort::Parse("::1")->port, std::nullopt) << "a bare address";
}

TEST(HostPortTest, OtherTextsAreRefused) {
  for (const char* text : {"", ":", ":993", "h.example:", "h.example:0",
                           "h.example:65536", "h.example:9x", "[::1]:", "["}) {
    EXPECT_FALSE(HostPort::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace holdfast
