// What a peer says, made fit to be shown: what is escaped, and that nothing is
// lost or left.

#include "holdfast/core/base/printable.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/shown_text.h"

namespace holdfast {
namespace {

using test::FirstUnshown;
using test::Utf8Of;

std::string Bytes(absl::string_view text) { return std::string(text); }

// What Printable() was given, read back from what it made.
std::string ReadBack(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text[0] != '\\') {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    const char kind = text.size() > 1 ? text[1] : '\0';
    size_t size = 2;
    uint32_t number = 0;
    switch (kind) {
      case '\\':
        out += '\\';
        break;
      case 'r':
        out += '\r';
        break;
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'x':
        size = 4;
        EXPECT_TRUE(absl::SimpleHexAtoi(text.substr(2, 2), &number));
        out += static_cast<char>(number);
        break;
      case 'u':
        size = text.find('}') + 1;
        EXPECT_TRUE(absl::SimpleHexAtoi(text.substr(3, size - 4), &number));
        out += Utf8Of(number);
        break;
      default:
        ADD_FAILURE() << "no escape: " << text;
    }
    text.remove_prefix(size);
  }
  return out;
}

void ExpectShownAndReadBack(const std::string& text) {
  const std::string shown = Printable(text);
  ASSERT_EQ(FirstUnshown(shown), std::nullopt) << absl::CHexEscape(text);
  ASSERT_THAT(shown, testing::Not(testing::HasSubstr("\n")));
  ASSERT_EQ(ReadBack(shown), text) << shown;
  ASSERT_TRUE(IsPrintable(shown)) << shown;
  ASSERT_EQ(PrintableAgain(shown), shown);
  const std::string again = PrintableAgain(text);
  ASSERT_EQ(FirstUnshown(again), std::nullopt) << absl::CHexEscape(text);
  ASSERT_EQ(PrintableAgain(again), again);
  ASSERT_EQ(IsPrintable(text), again == text) << absl::CHexEscape(text);
}

TEST(PrintableTest, LeavesLettersOfAnyScript) {
  for (const char* text :
       {"", "* OK ready", "\"quoted\" 'and' <not>", "Bücher, Straße, Ærø",
        "Почта", "ταχυδρομείο", "البريد", "דואר", "邮件 郵便", "우편", "डाक",
        "ไปรษณีย์", "e\u0301", "\U0001f4e7", "\u00a0", "\ufffd"}) {
    EXPECT_EQ(Printable(text), text);
    EXPECT_EQ(PrintableAgain(text), text);
    EXPECT_TRUE(IsPrintable(text)) << text;
  }
}

TEST(PrintableTest, EscapesWhatIsNotShown) {
  const struct {
    std::string text;
    std::string shown;
  } kCases[] = {
      // C0 and DEL.
      {Bytes({"a\0b", 3}), R"(a\x00b)"},
      {"\x1b[31mred\x1b[0m", R"(\x1b[31mred\x1b[0m)"},
      {"\x1b]0;title\x07", R"(\x1b]0;title\x07)"},
      {"one\r\ntwo\tthree", R"(one\r\ntwo\tthree)"},
      {"\x08\x0b\x0c\x7f", R"(\x08\x0b\x0c\x7f)"},
      // C1, as characters and as bytes.
      {"\u0080\u0085\u009b31m\u009f", R"(\u{80}\u{85}\u{9b}31m\u{9f})"},
      {"\x80\x9b"
       "31m\x9f",
       R"(\x80\x9b31m\x9f)"},
      // Reading direction.
      {"\u061c\u200e\u200f", R"(\u{61c}\u{200e}\u{200f})"},
      {"\u202a\u202b\u202c\u202d\u202e",
       R"(\u{202a}\u{202b}\u{202c}\u{202d}\u{202e})"},
      {"\u2066\u2067\u2068\u2069", R"(\u{2066}\u{2067}\u{2068}\u{2069})"},
      // What is drawn as nothing.
      {"pay\u200bpal \u200c\u200d\u2060\ufeff",
       R"(pay\u{200b}pal \u{200c}\u{200d}\u{2060}\u{feff})"},
      {"\u00ad\u034f\u115f\u2061\u3164\ufe0f\uffa0",
       R"(\u{ad}\u{34f}\u{115f}\u{2061}\u{3164}\u{fe0f}\u{ffa0})"},
      {"\U000e0001\U000e0041\U000e007f\U000e0100",
       R"(\u{e0001}\u{e0041}\u{e007f}\u{e0100})"},
      // Ends of lines of another kind.
      {"\u2028\u2029", R"(\u{2028}\u{2029})"},
      // Noncharacters.
      {"\ufdd0\ufdef\ufffe\uffff\U0001fffe\U0010ffff",
       R"(\u{fdd0}\u{fdef}\u{fffe}\u{ffff}\u{1fffe}\u{10ffff})"},
      // Surrogates, overlong forms, beyond Unicode.
      {"\xed\xa0\x80\xed\xbf\xbf", R"(\xed\xa0\x80\xed\xbf\xbf)"},
      {"\xc0\x80\xc1\x9b\xe0\x82\x9b\xf0\x80\x82\x9b",
       R"(\xc0\x80\xc1\x9b\xe0\x82\x9b\xf0\x80\x82\x9b)"},
      {"\xf4\x90\x80\x80\xf8\x88\x80\x80\x80\xfe\xff",
       R"(\xf4\x90\x80\x80\xf8\x88\x80\x80\x80\xfe\xff)"},
      // Cut off, and in the middle of something.
      {"\xc3", R"(\xc3)"},
      {"\xe2\x80", R"(\xe2\x80)"},
      {"\xf0\x9f\x93", R"(\xf0\x9f\x93)"},
      {"\xe2\x80\xc3\xbc", "\\xe2\\x80\u00fc"},
      {"caf\xe9 cr\xe8me", R"(caf\xe9 cr\xe8me)"},
      // Nobody else writes an escape.
      {R"(\x1b C:\dir)", R"(\\x1b C:\\dir)"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Printable(c.text), c.shown);
    ExpectShownAndReadBack(c.text);
  }
}

// Beyond what has letters only some.
TEST(PrintableTest, ACharacterIsShownOrEscapedAndReadsBack) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    const bool has_letters = c < 0x30000 || (c & ~0xfffu) == 0xe0000;
    const bool ends_plane = (c & 0xffff) >= 0xfff0;
    if (!has_letters && !ends_plane && c % 97 != 0) continue;
    ExpectShownAndReadBack(Utf8Of(c));
    if (HasFatalFailure()) return;
  }
}

TEST(PrintableTest, AnyTwoBytesAndAnyEndOfThemReadBack) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string pair = {static_cast<char>(first),
                                static_cast<char>(second)};
      ExpectShownAndReadBack(pair);
      ExpectShownAndReadBack(pair + "\x80");
      ExpectShownAndReadBack(pair + "\x80\xbf");
      ExpectShownAndReadBack(pair + "\xbf\x80z");
      if (HasFatalFailure()) return;
    }
  }
}

// Pieces of what is well-formed and what is not, in any order.
TEST(PrintableTest, AnyTextReadsBack) {
  const std::vector<std::string> pieces = {
      "plain ",       "\x1b[1m",    "\x9b",
      "\u009b",       "\u202e",     "\xed\xa0\x80",
      "\xc0\xaf",     "\xe2\x80",   "\xf0\x9f",
      "\u65e5\u672c", "\\",         "\\x1b",
      "\\u{202e}",    "\r\n",       "\xff",
      "\xbf",         "\U000e0041", std::string(1, '\0'),
      "\"",           "\ufffe"};
  std::mt19937 random(14);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto left = random() % 12; left > 0; --left) {
      text += random() % 4 == 0 ? std::string(1, static_cast<char>(random()))
                                : pieces[random() % pieces.size()];
    }
    ExpectShownAndReadBack(text);
    if (HasFatalFailure()) return;
  }
}

TEST(PrintableTest, ASecondTimeDoesNothingToWhatIsPrintable) {
  EXPECT_EQ(PrintableAgain(R"(\x1b[31m C:\dir)"), R"(\x1b[31m C:\dir)");
  EXPECT_EQ(PrintableAgain("\x1b[31m\u202e\xff"), R"(\x1b[31m\u{202e}\xff)");
}

TEST(AsciiOnlyTest, LeavesAsciiWithItsControls) {
  const std::string ascii = "\x1b[31m a\r\n\t\\ \x7f";
  EXPECT_EQ(AsciiOnly(ascii), ascii);
  EXPECT_EQ(AsciiOnly("ü\u202e\U000e0041\xff\u20ac"),
            R"(\u{fc}\u{202e}\u{e0041}\xff\u{20ac})");
}

}  // namespace
}  // namespace holdfast
