// Lines, however their bytes arrive, and the limits to the byte.

#include "holdfast/core/base/line_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> TakeAll(LineBuffer* buffer) {
  std::vector<std::string> lines;
  while (auto line = buffer->TakeLine()) lines.push_back(*line);
  return lines;
}

ErrorCode CodeOf(const absl::Status& status) {
  return ErrorFromStatus(status).code;
}

TEST(LineBufferTest, SeveralLinesInOneSegmentComeOutOneByOne) {
  LineBuffer buffer;
  ASSERT_TRUE(buffer.Append("a\r\n\r\nbc\r\nd").ok());
  EXPECT_EQ(buffer.rest(), "a\r\n\r\nbc\r\nd");
  EXPECT_THAT(TakeAll(&buffer), ElementsAre("a", "", "bc"));
  EXPECT_EQ(buffer.rest(), "d");
}

TEST(LineBufferTest, DripFedBytesMakeTheSameLines) {
  LineBuffer buffer;
  std::vector<std::string> lines;
  for (char c : absl::string_view("* OK\r\nA1\nrest")) {
    ASSERT_TRUE(buffer.Append(absl::string_view(&c, 1)).ok());
    for (auto& line : TakeAll(&buffer)) lines.push_back(line);
  }
  EXPECT_THAT(lines, ElementsAre("* OK", "A1"));
  EXPECT_EQ(buffer.rest(), "rest");
}

TEST(LineBufferTest, LinesLeftInTheBufferStayInOrder) {
  LineBuffer buffer;
  ASSERT_TRUE(buffer.Append("1\r\n2\r\n3").ok());
  EXPECT_EQ(buffer.TakeLine(), "1");
  ASSERT_TRUE(buffer.Append("3\r\n4\r").ok());
  EXPECT_EQ(buffer.rest(), "2\r\n33\r\n4\r");
  EXPECT_EQ(buffer.TakeLine(), "2");
  ASSERT_TRUE(buffer.Append("\n").ok());
  EXPECT_THAT(TakeAll(&buffer), ElementsAre("33", "4"));
  EXPECT_EQ(buffer.rest(), "");
}

TEST(LineBufferTest, BareLfEndsALineAndBareCrDoesNot) {
  LineBuffer buffer;
  ASSERT_TRUE(buffer.Append("a\nb\rc\r\r\n\r").ok());
  EXPECT_THAT(TakeAll(&buffer), ElementsAre("a", "b\rc\r"));
  EXPECT_EQ(buffer.rest(), "\r");
}

TEST(LineBufferTest, NulAndEightBitBytesAreKept) {
  LineBuffer buffer;
  const std::string bytes("a\0b\xff\xc3", 5);
  ASSERT_TRUE(buffer.Append(bytes + "\r\n").ok());
  EXPECT_EQ(buffer.TakeLine(), bytes);
}

TEST(LineBufferTest, NothingIsNoLine) {
  LineBuffer buffer;
  ASSERT_TRUE(buffer.Append("").ok());
  EXPECT_EQ(buffer.TakeLine(), std::nullopt);
  EXPECT_EQ(buffer.rest(), "");
}

TEST(LineBufferTest, ALineMayBeAsLongAsTheLimitWithoutItsEnd) {
  const LineLimits limits = {/*line_bytes=*/4, /*lines=*/9, /*total_bytes=*/99};
  for (const char* fits : {"abc\r\n", "abcd\r\n", "abcd\n", "abcd\r", "abcd"}) {
    EXPECT_TRUE(LineBuffer(limits).Append(fits).ok()) << fits;
  }
  for (const char* too_long : {"abcde\r\n", "abcde\n", "abcde", "abcd\rx",
                               "ab\r\nabcde", "abcde\r\nab"}) {
    LineBuffer buffer(limits);
    EXPECT_EQ(CodeOf(buffer.Append(too_long)), ErrorCode::kLineTooLong)
        << too_long;
  }
}

TEST(LineBufferTest, ADripFedLineIsCutAtTheSameByte) {
  LineBuffer buffer({/*line_bytes=*/4, /*lines=*/9, /*total_bytes=*/99});
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(buffer.Append("x").ok());
  EXPECT_EQ(CodeOf(buffer.Append("x")), ErrorCode::kLineTooLong);
}

TEST(LineBufferTest, CountsLinesOverItsWholeLife) {
  LineBuffer buffer({/*line_bytes=*/4, /*lines=*/3, /*total_bytes=*/99});
  ASSERT_TRUE(buffer.Append("a\r\nb\r\n").ok());
  EXPECT_THAT(TakeAll(&buffer), ElementsAre("a", "b"));
  ASSERT_TRUE(buffer.Append("c\r\nd").ok());
  EXPECT_EQ(CodeOf(buffer.Append("\r\n")), ErrorCode::kTooMuchData);
}

TEST(LineBufferTest, CountsBytesOverItsWholeLife) {
  LineBuffer buffer({/*line_bytes=*/9, /*lines=*/9, /*total_bytes=*/6});
  ASSERT_TRUE(buffer.Append("a\r\n").ok());
  EXPECT_THAT(TakeAll(&buffer), ElementsAre("a"));
  ASSERT_TRUE(buffer.Append("b\r\n").ok());
  EXPECT_EQ(CodeOf(buffer.Append("c")), ErrorCode::kTooMuchData);
}

TEST(LineBufferTest, SaysWhichLimitWasPassed) {
  LineBuffer buffer({/*line_bytes=*/2, /*lines=*/1, /*total_bytes=*/9});
  EXPECT_EQ(ErrorFromStatus(buffer.Append("abc")).message,
            "The server sent a line of more than 2 bytes.");
}

}  // namespace
}  // namespace holdfast
