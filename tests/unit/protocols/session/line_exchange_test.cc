// Commands of one line and their answers, lines and blocks.

#include "holdfast/protocols/session/line_exchange.h"

#include <cstring>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/lines_sink.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;

ErrorCode CodeOf(const absl::Status& status) {
  return ErrorFromStatus(status).code;
}

LineExchange::Command List(BlockSink* sink) {
  LineExchange::Command command{"LIST"};
  command.on_answer = [](absl::string_view) { return true; };
  command.block = sink;
  command.by_lines = true;
  return command;
}

TEST(CommandLineTest, NothingInAnArgumentBecomesACommandOfItsOwn) {
  EXPECT_EQ(*CommandLine("GROUP", {"misc.test"}, 512), "GROUP misc.test\r\n");
  for (const std::string& argument :
       {std::string("a\r\nDELE 1"), std::string("a\n"), std::string("a\r"),
        std::string("a\0b", 3), std::string("a b"), std::string("a\tb"),
        std::string("")}) {
    const auto line = CommandLine("GROUP", {"ok", argument}, 512);
    ASSERT_FALSE(line.ok()) << argument;
    EXPECT_EQ(CodeOf(line.status()), ErrorCode::kInvalidArgument);
  }
}

TEST(CommandLineTest, IsAsLongAsTheProtocolAllows) {
  EXPECT_TRUE(CommandLine("A", {std::string(8, 'x')}, 12).ok());
  const auto longer = CommandLine("A", {std::string(9, 'x')}, 12);
  EXPECT_EQ(CodeOf(longer.status()), ErrorCode::kInvalidArgument);
}

TEST(LineExchangeTest, HandsAListOnLineByLine) {
  LinesSink sink;
  LineExchange exchange(List(&sink), 512);
  ASSERT_TRUE(exchange.Start({}).ok());
  EXPECT_EQ(exchange.on_loss(), OnLoss::kRepeat);
  EXPECT_EQ(*exchange.Produce(), "LIST\r\n");
  EXPECT_EQ(*exchange.Produce(), "");
  EXPECT_EQ(*exchange.Consume("+OK"), 0);
  EXPECT_EQ(*exchange.Consume("+OK\r\n"), 5);
  for (const char* piece : {"1 ", "2\r", "\n..3\r\n4\r\n", ".\r"}) {
    EXPECT_EQ(*exchange.Consume(piece), strlen(piece));
    EXPECT_FALSE(exchange.done());
  }
  EXPECT_EQ(*exchange.Consume("\n+OK"), 1);
  EXPECT_TRUE(exchange.done());
  EXPECT_THAT(sink.lines, ElementsAre("1 2", ".3", "4"));
}

TEST(LineExchangeTest, BegunAgainItDropsWhatCame) {
  LinesSink sink;
  LineExchange exchange(List(&sink), 512);
  for (int time = 0; time < 2; ++time) {
    ASSERT_TRUE(exchange.Start({}).ok());
    EXPECT_EQ(*exchange.Produce(), "LIST\r\n");
    EXPECT_EQ(*exchange.Consume("+OK\r\n"), 5);
    EXPECT_EQ(*exchange.Consume("1\r\n2\r\n3"), 7);
  }
  EXPECT_THAT(sink.lines, ElementsAre("1", "2"));
  // The line that had begun is not gone on with either.
  ASSERT_TRUE(exchange.Start({}).ok());
  ASSERT_TRUE(exchange.Produce().ok());
  ASSERT_TRUE(exchange.Consume("+OK\r\n").ok());
  EXPECT_EQ(*exchange.Consume(".\r\n"), 3);
  EXPECT_TRUE(exchange.done());
  EXPECT_THAT(sink.lines, ElementsAre());
}

TEST(LineExchangeTest, ALineWithoutAnEndIsTooLong) {
  LinesSink sink;
  LineExchange exchange(List(&sink), 512);
  ASSERT_TRUE(exchange.Start({}).ok());
  ASSERT_TRUE(exchange.Produce().ok());
  const std::string endless(Exchange::kLongestLine, 'x');
  const absl::string_view shorter = absl::string_view(endless).substr(1);
  EXPECT_EQ(*exchange.Consume(shorter), 0);
  EXPECT_EQ(CodeOf(exchange.Consume(endless).status()),
            ErrorCode::kLineTooLong);

  ASSERT_TRUE(exchange.Consume("+OK\r\n").ok());
  EXPECT_EQ(*exchange.Consume(endless), endless.size());
  EXPECT_EQ(CodeOf(exchange.Consume("x").status()), ErrorCode::kLineTooLong);
}

TEST(FindCapabilityTest, FindsTheWholeWordInAnyCase) {
  const std::vector<std::string> capabilities = {"SIZES 1", "size 10", "X"};
  EXPECT_EQ(FindCapability(capabilities, "SIZE"), "10");
  EXPECT_EQ(FindCapability(capabilities, "X"), "");
  EXPECT_EQ(FindCapability(capabilities, "SIZ"), std::nullopt);
}

}  // namespace
}  // namespace holdfast::test
