// Which names of a certificate are those of a host.

#include "holdfast/core/trust/host_match.h"

#include "gtest/gtest.h"

namespace holdfast {
namespace {

bool Dns(absl::string_view presented, absl::string_view host) {
  return DnsNameMatches(presented, *Host::Parse(host));
}

TEST(HostMatchTest, CaseAndATrailingDotOfTheHostDoNotMatter) {
  EXPECT_TRUE(Dns("mail.example.org", "mail.example.org"));
  EXPECT_TRUE(Dns("MAIL.Example.org", "mail.example.org"));
  EXPECT_TRUE(Dns("mail.example.org", "Mail.EXAMPLE.org."));
  EXPECT_FALSE(Dns("mail.example.org", "mail.example.com"));
  EXPECT_FALSE(Dns("example.org", "mail.example.org"));
  EXPECT_FALSE(Dns("mail.example.org", "example.org"));
}

TEST(HostMatchTest, AWildcardIsForExactlyOneLeftMostLabel) {
  EXPECT_TRUE(Dns("*.example.org", "mail.example.org"));
  EXPECT_TRUE(Dns("*.Example.ORG", "mail.example.org"));
  EXPECT_FALSE(Dns("*.example.org", "a.mail.example.org"));
  EXPECT_FALSE(Dns("*.example.org", "example.org"));
  EXPECT_FALSE(Dns("mail.*.org", "mail.example.org"));
  EXPECT_FALSE(Dns("*.*.org", "mail.example.org"));
}

TEST(HostMatchTest, AWildcardIsAWholeLabel) {
  EXPECT_FALSE(Dns("m*.example.org", "mail.example.org"));
  EXPECT_FALSE(Dns("*l.example.org", "mail.example.org"));
  EXPECT_FALSE(Dns("m*l.example.org", "mail.example.org"));
}

TEST(HostMatchTest, AWildcardCoversNoTopLevelDomain) {
  EXPECT_FALSE(Dns("*.org", "example.org"));
  EXPECT_FALSE(Dns("*", "localhost"));
  EXPECT_FALSE(Dns("*.", "localhost"));
}

TEST(HostMatchTest, AWildcardIsForNoAddress) {
  EXPECT_FALSE(Dns("*.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(Dns("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(Dns("::1", "::1"));
}

TEST(HostMatchTest, InternationalNamesMatchAsALabelsOnly) {
  EXPECT_TRUE(Dns("xn--bcher-kva.example", "b\u00fccher.example"));
  EXPECT_TRUE(Dns("XN--BCHER-KVA.example", "xn--bcher-kva.example"));
  EXPECT_TRUE(Dns("*.bcher.example", "xn--bcher-kva.bcher.example"));
  EXPECT_FALSE(Dns("b\u00fccher.example", "b\u00fccher.example"));
}

TEST(HostMatchTest, GarbageMatchesNothing) {
  using absl::string_view;
  EXPECT_FALSE(Dns(string_view("example.org\0.evil.com", 21), "example.org"));
  EXPECT_FALSE(Dns(string_view("example.org\0", 12), "example.org"));
  EXPECT_FALSE(Dns(" example.org", "example.org"));
  EXPECT_FALSE(Dns("example.org.", "example.org"));
  EXPECT_FALSE(Dns("", "example.org"));
}

TEST(HostMatchTest, AddressesMatchByTheirBytes) {
  const auto matches = [](absl::string_view presented, const char* host) {
    return AddressMatches(presented, *Host::Parse(host));
  };
  const absl::string_view loopback6("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
  EXPECT_TRUE(matches({"\x7f\0\0\1", 4}, "127.0.0.1"));
  EXPECT_FALSE(matches({"\x7f\0\0\2", 4}, "127.0.0.1"));
  EXPECT_TRUE(matches(loopback6, "[::1]"));
  EXPECT_TRUE(matches(loopback6, "0:0:0:0:0:0:0:1"));
  EXPECT_FALSE(matches(loopback6, "::2"));
  EXPECT_FALSE(matches("\1\1\1\1", "one.one.one.one"));
  // An IPv4 address written as IPv6 is another identity.
  EXPECT_FALSE(matches({"\x7f\0\0\1", 4}, "::ffff:127.0.0.1"));
}

}  // namespace
}  // namespace holdfast
