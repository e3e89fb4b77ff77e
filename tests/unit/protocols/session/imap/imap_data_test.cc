// The text of responses as values: tokens, names of mailboxes, and each kind of
// response, also where a server talks nonsense.

#include "holdfast/protocols/session/imap/imap_data.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/session/imap/imap_mailbox_name.h"
#include "holdfast/protocols/session/imap/imap_reader.h"
#include "holdfast/protocols/session/imap/imap_tokens.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(ImapTokensTest, TakesEachKindOfToken) {
  ImapTokens tokens("FLAGS (\\Seen $x) 12 \"a \\\"b\\\\\" {3}\r\na b NIL");
  EXPECT_FALSE(tokens.TakeWord("FLAG"));
  EXPECT_TRUE(tokens.TakeWord("flags"));
  EXPECT_TRUE(tokens.TakeSpace());
  EXPECT_THAT(*tokens.TakeAtoms(), ElementsAre("\\Seen", "$x"));
  EXPECT_TRUE(tokens.TakeSpace());
  EXPECT_EQ(tokens.TakeNumber(), 12u);
  EXPECT_TRUE(tokens.TakeSpace());
  EXPECT_EQ(tokens.TakeString(), "a \"b\\");
  EXPECT_TRUE(tokens.TakeSpace());
  EXPECT_EQ(tokens.TakeString(), "a b");
  EXPECT_TRUE(tokens.TakeSpace());
  EXPECT_EQ(tokens.TakeAtom(), "NIL");
  EXPECT_TRUE(tokens.at_end());
}

TEST(ImapTokensTest, ValuesOfAnyShapeAreTakenAsTheyStand) {
  for (const absl::string_view value :
       {"x", "\"a b)\"", "(a (b \")\" {3}\r\n))) c) d)", "{2}\r\n()", "()",
        "~{1}\r\n "}) {
    const std::string text = absl::StrCat(value, " rest");
    ImapTokens tokens(text);
    EXPECT_EQ(tokens.TakeValue(), value);
    EXPECT_EQ(tokens.rest(), " rest") << value;
  }
}

TEST(ImapTokensTest, WhatHasNoEndIsNoToken) {
  for (const absl::string_view text :
       {"\"abc", "\"abc\\", "(a b", "((a)", "{5}\r\nabc", "{x}\r\nabc", "{5",
        "{99999999999999999999}\r\n", "", " ", ")"}) {
    EXPECT_EQ(ImapTokens(text).TakeValue(), std::nullopt) << text;
    EXPECT_EQ(ImapTokens(text).TakeString(), std::nullopt) << text;
  }
}

TEST(ImapTokensTest, NumbersDoNotOverflow) {
  EXPECT_EQ(ImapTokens("4294967295").TakeNumber32(), 4294967295u);
  EXPECT_EQ(ImapTokens("4294967296").TakeNumber32(), std::nullopt);
  EXPECT_EQ(ImapTokens("9223372036854775807").TakeNumber(),
            9223372036854775807u);
  EXPECT_EQ(ImapTokens("9223372036854775808").TakeNumber(), std::nullopt);
  EXPECT_EQ(ImapTokens("-1").TakeNumber(), std::nullopt);
  EXPECT_EQ(ImapTokens("").TakeNumber(), std::nullopt);
}

TEST(ImapTokensTest, AMillionParenthesesExhaustNothing) {
  std::string deep(1000000, '(');
  EXPECT_EQ(ImapTokens(deep).TakeValue(), std::nullopt);
  deep.append(1000000, ')');
  EXPECT_EQ(ImapTokens(deep).TakeValue()->size(), deep.size());
}

// RFC 3501, 5.1.3, and one beyond the basic plane.
TEST(ImapMailboxNameTest, NamesGoThereAndBack) {
  const std::vector<std::pair<std::string, std::string>> kNames = {
      {"INBOX", "INBOX"},
      {"Entwürfe", "Entw&APw-rfe"},
      {"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
      {"A & B", "A &- B"},
      {"&", "&-"},
      {"", ""},
      {"📨!", "&2D3c6A-!"},
      {"üÿ", "&APwA,w-"},
      {"a\"\\b", "a\"\\b"},
  };
  for (const auto& [name, encoded] : kNames) {
    EXPECT_EQ(*EncodeMailboxName(name), encoded);
    EXPECT_EQ(DecodeMailboxName(encoded), name);
  }
}

TEST(ImapMailboxNameTest, WhatIsNotUtf8CannotBeSent) {
  for (const absl::string_view name :
       {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xe0\x80\x80", "a\x80"}) {
    EXPECT_FALSE(EncodeMailboxName(name).ok());
  }
}

TEST(ImapMailboxNameTest, WhatNobodyCouldHaveEncodedIsLeftAsItIs) {
  for (const absl::string_view encoded :
       {"a&b", "&AGE-", "&APw", "&!-", "&2D0-", "&3Oj-", "&AA-", "Entwürfe",
        "&APw-&APw-"}) {
    EXPECT_EQ(DecodeMailboxName(encoded), encoded);
  }
}

TEST(ImapDataTest, AnAnswerHasACodeAndWords) {
  const auto answer = ParseImapAnswer("OK [AppendUid 38505 3955] Done. [x]");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ok());
  EXPECT_EQ(answer->code, "APPENDUID");
  EXPECT_EQ(answer->arguments, "38505 3955");
  EXPECT_EQ(answer->text, "Done. [x]");
  EXPECT_EQ(ParseImapAnswer("no [TRYCREATE]")->code, "TRYCREATE");
  EXPECT_EQ(ParseImapAnswer("BAD")->kind, ImapAnswer::Kind::kBad);
  EXPECT_EQ(ParseImapAnswer("OK [broken")->text, "[broken");
  EXPECT_EQ(ParseImapAnswer("OKAY"), std::nullopt);
  EXPECT_EQ(ParseImapAnswer(""), std::nullopt);
}

TEST(ImapDataTest, AFetchHasWhatWasAskedFor) {
  const auto message = ParseImapFetch(
      "* 12 FETCH (FLAGS (\\Seen) UID 4 RFC822.SIZE 5000000000 INTERNALDATE "
      "\" 7-Jul-1996 02:44:25 -0700\" ENVELOPE (\"d\" NIL ((\"a\" NIL \"b\" "
      "\"c\"))) MODSEQ (65402) BODY[HEADER.FIELDS (DATE)]<0> \"Date: x\" "
      "BODY[TEXT] NIL BODY[] {2}\r\nhi)");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->number, 12u);
  EXPECT_EQ(message->uid, 4u);
  EXPECT_THAT(*message->flags, ElementsAre("\\Seen"));
  EXPECT_EQ(message->size, 5000000000u);
  EXPECT_EQ(message->internal_date, " 7-Jul-1996 02:44:25 -0700");
  EXPECT_EQ(message->envelope, "(\"d\" NIL ((\"a\" NIL \"b\" \"c\")))");
  EXPECT_THAT(message->others, ElementsAre(Pair("MODSEQ", "(65402)")));
  ASSERT_EQ(message->sections.size(), 3u);
  EXPECT_EQ(message->sections[0].name, "BODY[HEADER.FIELDS (DATE)]<0>");
  EXPECT_EQ(message->sections[0].content, "Date: x");
  EXPECT_EQ(message->sections[1].content, std::nullopt);
  EXPECT_FALSE(message->sections[1].in_pieces);
  EXPECT_EQ(message->sections[2].content, "hi");
}

TEST(ImapDataTest, MalformedResponsesAreNone) {
  for (const absl::string_view text :
       {"* FETCH (UID 4)", "* 1 FETCH", "* 1 FETCH (UID)", "* 1 FETCH (UID 4",
        "* 1 FETCH (UID x)", "* 1 FETCH (UID 4294967296)",
        "* 1 FETCH (FLAGS \\Seen)", "* 1 FETCH (FLAGS ((a)))",
        "* 1 FETCH (UID 4) x", "* 4294967296 FETCH (UID 4)",
        "* 1 FETCH (BODY[ {3}\r\nabc)", "* 1 FETCH (BODY[] )",
        "* 1 FETCH (RFC822.SIZE -1)", "* 1 FETCH (X (((", "* 1 FETCH (())"}) {
    EXPECT_FALSE(ParseImapFetch(text)) << text;
  }
  for (const absl::string_view text :
       {"* LIST", "* LIST () \"/\"", "* LIST \"/\" x", "* LIST () \"//\" x",
        "* LIST (( \"/\" x"}) {
    EXPECT_FALSE(ParseImapList(text, false)) << text;
  }
  EXPECT_FALSE(ParseImapSearch("* SEARCH 1 x"));
  EXPECT_FALSE(ParseImapSearch("* SEARCH 4294967296"));
  EXPECT_FALSE(ParseImapSearch("* ESEARCH ALL"));
  EXPECT_FALSE(ParseImapSearch("* ESEARCH ALL 1:"));
  EXPECT_FALSE(ParseImapSearch("* ESEARCH ALL 1,x"));
  EXPECT_FALSE(ParseImapSearch("* ESEARCH ALL 1:4294967295"));
  EXPECT_FALSE(ParseImapSearch("* ESEARCH ALL 1:2000000,7"));
  EXPECT_FALSE(ParseImapStatus("* STATUS x (MESSAGES)"));
  EXPECT_FALSE(ParseImapStatus("* STATUS x (MESSAGES 1"));
  EXPECT_FALSE(ParseImapUpdate("* 1 FETCH ("));
  EXPECT_FALSE(ParseImapUpdate("* 12x EXISTS"));
}

TEST(ImapDataTest, AMailboxHasItsNameDecoded) {
  const auto entry = ParseImapList(
      "* LIST (\\HasNoChildren \\Drafts) \"\\\\\" \"Entw&APw-rfe\"", false);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->name, "Entwürfe");
  EXPECT_EQ(entry->encoded_name, "Entw&APw-rfe");
  EXPECT_EQ(entry->delimiter, '\\');
  EXPECT_THAT(entry->attributes, ElementsAre("\\HasNoChildren", "\\Drafts"));
  EXPECT_EQ(ParseImapList("* LIST () NIL {3}\r\na&b", false)->name, "a&b");
  EXPECT_EQ(ParseImapList("* LIST () NIL &APw-", true)->name, "&APw-");
}

TEST(ImapDataTest, NumbersOfStatusAndSearch) {
  EXPECT_THAT(*ParseImapStatus("* STATUS {1}\r\n) (messages 3 UIDNEXT 9 X "
                               "(4) MAILBOXID (a b))"),
              UnorderedElementsAre(Pair("MESSAGES", 3u), Pair("UIDNEXT", 9u)));
  EXPECT_THAT(*ParseImapSearch("* SEARCH"), ElementsAre());
  EXPECT_THAT(*ParseImapSearch("* SEARCH "), ElementsAre());
  EXPECT_THAT(*ParseImapSearch("* SEARCH 2 84 882 (MODSEQ 9)"),
              ElementsAre(2, 84, 882));
}

TEST(ImapDataTest, SearchAsImap4rev2AnswersIt) {
  EXPECT_THAT(*ParseImapSearch("* ESEARCH (TAG \"A1\") UID"), ElementsAre());
  EXPECT_THAT(
      *ParseImapSearch("* ESEARCH (TAG \"A1\") UID COUNT 4 ALL 2,12:10 X (y)"),
      ElementsAre(2, 10, 11, 12));
  EXPECT_THAT(*ParseImapSearch("* ESEARCH ALL 4294967295"),
              ElementsAre(4294967295));
  EXPECT_EQ(ParseImapSearch("* ESEARCH ALL 1:2000000")->size(), 2000000u);
}

TEST(ImapDataTest, UpdatesAreOfTheirKind) {
  using Kind = ImapUpdate::Kind;
  EXPECT_EQ(ParseImapUpdate("* 23 EXISTS")->kind, Kind::kExists);
  EXPECT_EQ(ParseImapUpdate("* 23 EXISTS")->number, 23u);
  EXPECT_EQ(ParseImapUpdate("* 44 expunge")->kind, Kind::kExpunged);
  EXPECT_EQ(ParseImapUpdate("* 3 FETCH (FLAGS ())")->kind, Kind::kMessage);
  EXPECT_EQ(ParseImapUpdate("* OK [ALERT] Full")->kind, Kind::kAlert);
  EXPECT_EQ(ParseImapUpdate("* OK [ALERT] Full")->text, "Full");
  EXPECT_EQ(ParseImapUpdate("* BYE see you")->kind, Kind::kBye);
  EXPECT_EQ(ParseImapUpdate("* BYE see you")->text, "see you");
  EXPECT_EQ(ParseImapUpdate("* OK Still here")->kind, Kind::kOther);
  EXPECT_EQ(ParseImapUpdate("* VANISHED 3")->kind, Kind::kOther);
  EXPECT_EQ(ParseImapUpdate("* VANISHED 3")->text, "* VANISHED 3");
  EXPECT_EQ(ParseImapUpdate("* 3 NEWS")->kind, Kind::kOther);
}

TEST(ImapDataTest, TheSectionBeforeALiteralIsFound) {
  const auto at_end = [](absl::string_view text) {
    return SectionAtEnd(absl::StrCat(text, "{3}\r\n")).has_value();
  };
  const std::string whole = "* 1 FETCH (UID 3 BODY[] {3}\r\n";
  EXPECT_EQ(SectionAtEnd(whole), "BODY[]");
  const std::string fields =
      "* 1 FETCH (body[HEADER.FIELDS (A \"B]\")]<0> ~{3}\r\n";
  EXPECT_EQ(SectionAtEnd(fields), "body[HEADER.FIELDS (A \"B]\")]<0>");
  EXPECT_TRUE(at_end("* 1 FETCH (BINARY[1.2] "));
  EXPECT_FALSE(at_end("* 1 FETCH (ENVELOPE ("));
  EXPECT_FALSE(at_end("* 1 FETCH (BODY[] NIL X "));
  EXPECT_FALSE(at_end("* 1 FETCH (X[] "));
  EXPECT_FALSE(at_end("* 1 FETCH (BODY[HEADER.FIELDS ("));
}

}  // namespace
}  // namespace holdfast
