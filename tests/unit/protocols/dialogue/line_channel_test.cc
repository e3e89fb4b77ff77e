// Lines in pieces, and writes that are not whole.

#include "holdfast/protocols/dialogue/line_channel.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace holdfast::test {
namespace {

// Takes and gives as much as a test says.
struct FakeStream {
  IoResult Read(absl::Span<char> buffer) {
    if (unread.empty()) {
      return {ended ? IoProgress::kDone : IoProgress::kWouldBlock, 0,
              std::nullopt};
    }
    const size_t bytes = unread.copy(buffer.data(), buffer.size());
    unread.erase(0, bytes);
    return {IoProgress::kDone, bytes, std::nullopt};
  }
  IoResult Write(absl::string_view data) {
    const size_t bytes = std::min(data.size(), takes);
    if (bytes == 0) return {IoProgress::kWouldBlock, 0, std::nullopt};
    takes -= bytes;
    writes += "[" + std::string(data.substr(0, bytes)) + "]";
    return {IoProgress::kDone, bytes, std::nullopt};
  }

  std::string unread;
  bool ended = false;
  size_t takes = 1000;
  std::string writes;
};

TEST(LineChannelTest, WhatIsQueuedTogetherGoesOutInOneWrite) {
  FakeStream stream;
  LineChannel lines;
  lines.Queue("a1 CAPABILITY\r\n", "a2 LOGIN alice pw\r\n");
  EXPECT_EQ(lines.Send(&stream).progress, IoProgress::kDone);
  EXPECT_EQ(stream.writes, "[a1 CAPABILITY\r\na2 LOGIN alice pw\r\n]");
  EXPECT_EQ(lines.Send(&stream).progress, IoProgress::kDone);
  EXPECT_EQ(stream.writes, "[a1 CAPABILITY\r\na2 LOGIN alice pw\r\n]");
}

TEST(LineChannelTest, WhatIsLeftGoesOutBeforeWhatIsQueuedLater) {
  FakeStream stream;
  stream.takes = 4;
  LineChannel lines;
  lines.Queue("NOOP\r\n");
  EXPECT_EQ(lines.Send(&stream).progress, IoProgress::kWouldBlock);
  lines.Queue("QUIT\r\n");
  stream.takes = 1000;
  EXPECT_EQ(lines.Send(&stream).progress, IoProgress::kDone);
  EXPECT_EQ(stream.writes, "[NOOP][\r\nQUIT\r\n]");
}

TEST(LineChannelTest, LinesComeInPieces) {
  FakeStream stream;
  LineChannel lines;
  stream.unread = "* OK hel";
  EXPECT_EQ(lines.Receive(&stream).bytes, 8u);
  EXPECT_EQ(lines.TakeLine(), std::nullopt);
  EXPECT_EQ(lines.rest(), "* OK hel");
  EXPECT_EQ(lines.Receive(&stream).progress, IoProgress::kWouldBlock);
  stream.unread = "lo\r\n* 1 EX";
  EXPECT_EQ(lines.Receive(&stream).progress, IoProgress::kDone);
  EXPECT_EQ(lines.TakeLine(), "* OK hello");
  EXPECT_EQ(lines.TakeLine(), std::nullopt);
  EXPECT_EQ(lines.rest(), "* 1 EX");
  stream.ended = true;
  const IoResult end = lines.Receive(&stream);
  EXPECT_EQ(end.progress, IoProgress::kDone);
  EXPECT_EQ(end.bytes, 0u);
}

TEST(LineChannelTest, ALineWithoutEndIsAnError) {
  FakeStream stream;
  LineLimits limits;
  limits.line_bytes = 100;
  LineChannel lines(limits);
  stream.unread = std::string(101, 'x');
  const IoResult result = lines.Receive(&stream);
  EXPECT_EQ(result.progress, IoProgress::kFailed);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kLineTooLong);
}

}  // namespace
}  // namespace holdfast::test
