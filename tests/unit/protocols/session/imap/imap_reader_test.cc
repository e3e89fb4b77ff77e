// Responses with literals of any size, however their bytes arrive, and servers
// that send nonsense.

#include "holdfast/protocols/session/imap/imap_reader.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using Event = ImapReader::Event;

// Reads `bytes` in pieces of `step`; literals are streamed, if `stream`.
// Each response is one string, a streamed literal in <> before it.
absl::StatusOr<std::vector<std::string>> Read(absl::string_view bytes,
                                              size_t step, bool stream,
                                              size_t max_text = 1000) {
  ImapReader reader;
  std::vector<std::string> responses;
  std::string streamed;
  for (size_t i = 0; i < bytes.size(); i += step) {
    absl::string_view part = bytes.substr(i, step);
    while (!part.empty()) {
      const absl::StatusOr<Event> event = reader.Next(&part, max_text);
      if (!event.ok()) return event.status();
      switch (*event) {
        case Event::kNothing:
          EXPECT_TRUE(part.empty());
          break;
        case Event::kLiteral:
          if (stream) reader.StreamLiteral();
          break;
        case Event::kPiece:
          EXPECT_FALSE(reader.piece().empty());
          absl::StrAppend(&streamed, reader.piece());
          break;
        case Event::kResponse:
          if (!streamed.empty()) streamed = absl::StrCat("<", streamed, ">");
          responses.push_back(absl::StrCat(streamed, reader.text()));
          streamed.clear();
          break;
      }
    }
  }
  return responses;
}

ErrorCode CodeOf(const absl::StatusOr<std::vector<std::string>>& result) {
  return result.ok() ? ErrorCode::kInternal
                     : ErrorFromStatus(result.status()).code;
}

TEST(ImapReaderTest, LinesAndLiteralsComeOutTheSameHoweverTheyArrive) {
  const std::string bytes =
      "* 1 EXISTS\r\n* 1 FETCH (A {3}\r\na\r\n B {0}\r\n C ~{2}\r\n{})\r\n"
      "A1 OK done\n";
  const std::string placeholder(1, ImapReader::kStreamed);
  for (size_t step = 1; step <= bytes.size(); ++step) {
    SCOPED_TRACE(step);
    const auto kept = Read(bytes, step, false);
    ASSERT_TRUE(kept.ok()) << kept.status();
    EXPECT_THAT(*kept, ElementsAre("* 1 EXISTS",
                                   "* 1 FETCH (A {3}\r\na\r\n B {0}\r\n C "
                                   "~{2}\r\n{})",
                                   "A1 OK done"));
    const auto streamed = Read(bytes, step, true);
    ASSERT_TRUE(streamed.ok());
    EXPECT_EQ((*streamed)[1],
              absl::StrCat("<a\r\n{}>* 1 FETCH (A ", placeholder, " B ",
                           placeholder, " C ", placeholder, ")"));
  }
}

TEST(ImapReaderTest, WordsForPeopleHoldNoLiteral) {
  for (const std::string line :
       {"* OK see {3}", "* BYE {3}", "A1 NO there is no {3}", "+ say {3}",
        "* X {abc}", "* X {}", "* X {3+}", "* X {-3}", "* X 3}", "{", "}"}) {
    const auto read = Read(line + "\r\n", 1, true);
    ASSERT_TRUE(read.ok()) << line;
    EXPECT_THAT(*read, ElementsAre(line));
  }
}

TEST(ImapReaderTest, ALiteralsContentIsNoHeaderAndNoLineEnd) {
  const auto read = Read("* X {2}\r\n{7}\r\n* Y\r\n", 1, false);
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(*read, ElementsAre("* X {2}\r\n{7}", "* Y"));
  // Nor is it part of a line end.
  const auto cut = Read("* X {4}\r\nabc\r\n* Y\n", 1, false);
  ASSERT_TRUE(cut.ok());
  EXPECT_THAT(*cut, ElementsAre("* X {4}\r\nabc\r", "* Y"));
}

TEST(ImapReaderTest, SizesBeyondAllBoundsAreRefused) {
  for (const absl::string_view size :
       {"9223372036854775808", "18446744073709551616",
        "99999999999999999999999999999999"}) {
    EXPECT_EQ(CodeOf(Read(absl::StrCat("* X {", size, "}\r\n"), 1, true)),
              ErrorCode::kUnexpectedResponse);
  }
  EXPECT_TRUE(Read("* X {9223372036854775807}\r\nabc", 1, true).ok());
}

TEST(ImapReaderTest, ANulIsRefusedInTextAndTakenInALiteral) {
  using absl::string_view;
  EXPECT_EQ(CodeOf(Read(string_view("* X \0\r\n", 7), 1, true)),
            ErrorCode::kUnexpectedResponse);
  const auto read = Read(string_view("* X {1}\r\n\0\r\n", 12), 1, true);
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(*read, ElementsAre(std::string("<\0>* X \0", 8)));
}

TEST(ImapReaderTest, TextIsBoundedToTheByteAndStreamedLiteralsAreNot) {
  EXPECT_TRUE(Read("* 456789\r\n", 1, false, 10).ok());
  EXPECT_EQ(CodeOf(Read("* 4567890\r\n", 1, false, 10)),
            ErrorCode::kLineTooLong);
  EXPECT_EQ(CodeOf(Read("* X {100}\r\n0123456789", 5, false, 20)),
            ErrorCode::kLineTooLong);
  const std::string big(100, 'x');
  EXPECT_TRUE(
      Read(absl::StrCat("* X {100}\r\n", big, "\r\n"), 7, true, 20).ok());
}

TEST(ImapReaderTest, TheBoundBeginsAnewWithEachResponse) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += "* 45678\r\n";
  EXPECT_TRUE(Read(bytes, 13, false, 10).ok());
}

TEST(ImapReaderTest, AHugeLiteralIsNeverHeld) {
  ImapReader reader;
  constexpr uint64_t kSize = 100 * 1024 * 1024;
  const std::string header = absl::StrCat("* 1 FETCH (B {", kSize, "}\r\n");
  absl::string_view bytes = header;
  ASSERT_EQ(*reader.Next(&bytes), Event::kLiteral);
  EXPECT_EQ(reader.literal_size(), kSize);
  reader.StreamLiteral();
  const std::string chunk(64 * 1024, 'x');
  uint64_t seen = 0;
  while (seen < kSize) {
    bytes = chunk;
    ASSERT_EQ(*reader.Next(&bytes), Event::kPiece);
    EXPECT_EQ(reader.piece().data(), chunk.data()) << "it was copied";
    seen += reader.piece().size();
  }
  EXPECT_EQ(seen, kSize);
  bytes = ")\r\n";
  EXPECT_EQ(*reader.Next(&bytes), Event::kResponse);
  EXPECT_EQ(reader.text().size(), 15u);
}

}  // namespace
}  // namespace holdfast
