// What the tap hands out, withholds, counts and keeps.

#include "holdfast/core/tls/wire_tap.h"

#include <nspr.h>

#include <string>

#include "gtest/gtest.h"
#include "holdfast/tests/helpers/socket_pair.h"
#include "holdfast/tests/helpers/tls_bytes.h"

namespace holdfast {
namespace {

using StreamEnd = HandshakeEvidence::StreamEnd;

class WireTapTest : public testing::Test {
 protected:
  int Receive(int size) { return tap_.Receive(buffer_, size); }
  void Send(const std::string& bytes) {
    EXPECT_EQ(tap_.Send(bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
  }

  SocketPair pair_;
  WireTap tap_{std::move(pair_.client)};
  UniqueFd server_ = std::move(pair_.server);
  char buffer_[100];
};

TEST_F(WireTapTest, ReadsAheadAndHandsOutWhatIsAskedFor) {
  SendAll(server_, "hello");
  EXPECT_EQ(Receive(2), 2);
  EXPECT_EQ(tap_.buffered(), 3u);
  EXPECT_EQ(ReadAll(server_), "");
  EXPECT_EQ(Receive(100), 3);
  EXPECT_EQ(std::string(buffer_, 3), "llo");
  EXPECT_EQ(Receive(100), -1);
  EXPECT_EQ(PR_GetError(), PR_WOULD_BLOCK_ERROR);
}

TEST_F(WireTapTest, TellsTheEndsOfAStreamApart) {
  EXPECT_EQ(tap_.stream_end(), StreamEnd::kOpen);
  server_.reset();
  EXPECT_EQ(Receive(1), 0);
  EXPECT_EQ(tap_.stream_end(), StreamEnd::kEof);

  SocketPair other;
  WireTap reset(std::move(other.client));
  EXPECT_EQ(reset.Send("x", 1), 1);
  other.server.reset();  // with a byte unread
  EXPECT_EQ(reset.Receive(buffer_, 1), -1);
  EXPECT_EQ(PR_GetError(), PR_CONNECT_RESET_ERROR);
  EXPECT_EQ(reset.stream_end(), StreamEnd::kReset);
}

TEST_F(WireTapTest, SendingToAClosedSocketRaisesNoSignal) {
  server_.reset();
  EXPECT_EQ(tap_.Send("x", 1), -1);  // SIGPIPE would end the test
  EXPECT_EQ(PR_GetError(), PR_CONNECT_RESET_ERROR);
  EXPECT_EQ(tap_.stream_end(), StreamEnd::kReset);
}

TEST_F(WireTapTest, CountsFromWhereTlsBegins) {
  SendAll(server_, "220 hello\r\n");
  Send("STARTTLS\r\n");
  EXPECT_EQ(Receive(100), 11);
  EXPECT_TRUE(tap_.used_in_clear());
  tap_.BeginTls();
  EXPECT_EQ(tap_.bytes_received(), 0u);
  EXPECT_EQ(tap_.bytes_sent(), 0u);
  EXPECT_EQ(tap_.first_bytes(), "");

  const std::string alert = AlertRecord(2, 70);
  SendAll(server_, alert);
  Send(Record(22, std::string(40, 'h')));
  EXPECT_EQ(Receive(100), 7);
  EXPECT_EQ(tap_.bytes_received(), 7u);
  EXPECT_EQ(tap_.first_bytes(), alert);
  EXPECT_EQ(tap_.hello_size(), 45u);
  EXPECT_EQ(tap_.bytes_sent(), 45u);
  ASSERT_TRUE(tap_.parser().alert());
  EXPECT_EQ(tap_.parser().alert()->description, 70);
}

TEST_F(WireTapTest, KeepsTheFirst64Bytes) {
  tap_.BeginTls();
  SendAll(server_, "\x16" + std::string(99, 'x'));
  EXPECT_EQ(Receive(100), 100);
  EXPECT_EQ(tap_.first_bytes(), "\x16" + std::string(63, 'x'));
}

TEST_F(WireTapTest, KeepsPlaintextFromTls) {
  tap_.BeginTls();
  SendAll(server_, "+O");
  EXPECT_EQ(Receive(5), -1);
  EXPECT_EQ(PR_GetError(), PR_WOULD_BLOCK_ERROR);
  EXPECT_TRUE(tap_.is_not_tls());
  EXPECT_FALSE(tap_.can_judge_bytes());
  SendAll(server_, "K\r\n");
  EXPECT_EQ(Receive(5), -1);
  EXPECT_TRUE(tap_.can_judge_bytes());
  EXPECT_EQ(tap_.first_bytes(), "+OK\r\n");
}

TEST_F(WireTapTest, JudgesPlaintextByALineFiveBytesOrTheEnd) {
  for (const std::string& bytes : {std::string("\n"), std::string("hello")}) {
    SocketPair pair;
    WireTap tap(std::move(pair.client));
    tap.BeginTls();
    SendAll(pair.server, bytes);
    EXPECT_EQ(tap.Receive(buffer_, 5), -1);
    EXPECT_TRUE(tap.can_judge_bytes()) << bytes;
  }
  tap_.BeginTls();
  SendAll(server_, "x");
  server_.reset();
  EXPECT_EQ(Receive(5), -1);
  EXPECT_TRUE(tap_.can_judge_bytes());
}

TEST_F(WireTapTest, SeesUnreadBytesHereAndInTheKernel) {
  EXPECT_FALSE(tap_.HasUnreadBytes());
  SendAll(server_, "ab");
  EXPECT_TRUE(tap_.HasUnreadBytes());
  EXPECT_FALSE(tap_.used_in_clear());
  EXPECT_EQ(Receive(1), 1);
  EXPECT_TRUE(tap_.HasUnreadBytes());
  EXPECT_EQ(Receive(1), 1);
  EXPECT_FALSE(tap_.HasUnreadBytes());
  server_.reset();
  EXPECT_FALSE(tap_.HasUnreadBytes());
}

}  // namespace
}  // namespace holdfast
