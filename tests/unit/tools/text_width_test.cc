// Widths of text on a terminal, and host names for people.

#include "holdfast/tools/text_width.h"

#include <cstdlib>

#include "gtest/gtest.h"
#include "holdfast/tools/text_layout.h"

namespace holdfast {
namespace {

TEST(TextWidthTest, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth(""), 0u);
  EXPECT_EQ(DisplayWidth("mail"), 4u);
  EXPECT_EQ(DisplayWidth("bücher"), 6u);
  EXPECT_EQ(DisplayWidth("邮件.中国"), 9u);
  EXPECT_EQ(DisplayWidth("u\u0308"), 1u);  // a combining diaeresis
}

TEST(TextWidthTest, WhatIsNotUtf8CountsByteByByte) {
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2u);
  EXPECT_EQ(DisplayWidth("a\xe9"), 2u);  // Latin-1, cut short as UTF-8
}

TEST(TextWidthTest, FitsExactly) {
  setenv("LC_ALL", "C.UTF-8", 1);
  EXPECT_EQ(FittedTo("邮件", 6), "邮件  ");
  EXPECT_EQ(FittedTo("邮件", 4), "邮件");
  EXPECT_EQ(FittedTo("mail.example.org", 6), "mail.…");
  // A wide character that would stand half outside leaves its place empty.
  EXPECT_EQ(FittedTo("邮件中国", 6), "邮件… ");
  EXPECT_EQ(FittedTo("邮件", 0), "");
  setenv("LC_ALL", "C", 1);
  EXPECT_EQ(FittedTo("mail.example.org", 6), "mail.~");
  unsetenv("LC_ALL");
}

TEST(TextWidthTest, TablesAlignWideCharacters) {
  EXPECT_EQ(Table({{"HOST", "PORT"}, {"邮件.中国", "993"}, {"a.b", "143"}}, {0},
                  kUnlimitedWidth),
            "HOST       PORT\n"
            "邮件.中国  993\n"
            "a.b        143\n");
}

class ShownNameTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) unsetenv(name);
  }
  static std::string Shown(absl::string_view text) {
    return ShownName(*Host::Parse(text));
  }
};

TEST_F(ShownNameTest, HasULabelsWhereTheLocaleCanShowThem) {
  setenv("LANG", "de_DE.UTF-8", 1);
  EXPECT_EQ(Shown("xn--bcher-kva.example"), "bücher.example");
  EXPECT_EQ(Shown("BÜCHER.example"), "bücher.example");
  EXPECT_EQ(Shown("mail.example.org"), "mail.example.org");
  EXPECT_EQ(Shown("::1"), "::1");
}

TEST_F(ShownNameTest, IsInAsciiElsewhere) {
  EXPECT_EQ(Shown("bücher.example"), "xn--bcher-kva.example");
  setenv("LANG", "de_DE.UTF-8", 1);
  setenv("LC_ALL", "C", 1);  // outranks LANG
  EXPECT_EQ(Shown("bücher.example"), "xn--bcher-kva.example");
}

TEST_F(ShownNameTest, KeepsWhatIsNoProperULabel) {
  setenv("LANG", "C.utf8", 1);
  EXPECT_EQ(Shown("xn--a.example"), "xn--a.example");
}

// IDNA 2008 knows the zero width non-joiner (RFC 5892, A.1): "نامه‌ای".
TEST_F(ShownNameTest, KeepsWhatWouldHideSomething) {
  setenv("LANG", "C.utf8", 1);
  const Host host = *Host::Parse("xn--mgba3gch31f060k.example");
  EXPECT_EQ(host.ToUnicode(), "نامه‌ای.example");
  EXPECT_EQ(ShownName(host), "xn--mgba3gch31f060k.example");
}

}  // namespace
}  // namespace holdfast
