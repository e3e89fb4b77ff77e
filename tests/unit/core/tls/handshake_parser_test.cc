// What is read of a server's plaintext records, in pieces of any size.

#include "holdfast/core/tls/handshake_parser.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "holdfast/tests/helpers/tls_bytes.h"

namespace holdfast {
namespace {

HandshakeParser Parse(const std::string& bytes) {
  HandshakeParser parser;
  parser.Feed(bytes);
  return parser;
}

HandshakeParser ParseBytewise(const std::string& bytes) {
  HandshakeParser parser;
  for (const char byte : bytes) parser.Feed(absl::string_view(&byte, 1));
  return parser;
}

std::string ServerHelloRecord(const ServerHelloFields& fields = {}) {
  return Record(22, ServerHelloMessage(fields));
}

TEST(HandshakeParserTest, LegacyVersionCountsWithoutSupportedVersions) {
  EXPECT_EQ(Parse(ServerHelloRecord()).server_hello_version(), 0x0303);
  ServerHelloFields ssl3;
  ssl3.legacy_version = 0x0300;
  ssl3.extensions.clear();
  EXPECT_EQ(Parse(ServerHelloRecord(ssl3)).server_hello_version(), 0x0300);
}

TEST(HandshakeParserTest, SelectedVersionOverridesLegacyVersion) {
  ServerHelloFields fields;
  fields.extensions += SelectedVersionExtension(0x0304);
  EXPECT_EQ(Parse(ServerHelloRecord(fields)).server_hello_version(), 0x0304);
}

TEST(HandshakeParserTest, FindsBothSentinelsAndNoOther) {
  ServerHelloFields fields;
  EXPECT_FALSE(Parse(ServerHelloRecord(fields)).downgrade_sentinel());
  for (const char last : {0, 1}) {
    fields.random = SentinelRandom(last);
    EXPECT_TRUE(Parse(ServerHelloRecord(fields)).downgrade_sentinel());
  }
  fields.random = SentinelRandom(2);
  EXPECT_FALSE(Parse(ServerHelloRecord(fields)).downgrade_sentinel());
}

TEST(HandshakeParserTest, PiecesMakeNoDifference) {
  ServerHelloFields fields;
  fields.random = SentinelRandom(1);
  const std::string message = ServerHelloMessage(fields);
  // The message lies in two records, and these come a byte at a time.
  const HandshakeParser parser =
      ParseBytewise(Record(22, message.substr(0, 3)) +
                    Record(22, message.substr(3)) + AlertRecord(2, 40));
  EXPECT_EQ(parser.server_hello_version(), 0x0303);
  EXPECT_TRUE(parser.downgrade_sentinel());
  ASSERT_TRUE(parser.alert());
  EXPECT_EQ(parser.alert()->description, 40);
}

TEST(HandshakeParserTest, PartOfAServerHelloChoosesNothing) {
  const std::string bytes = ServerHelloRecord();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Parse(bytes.substr(0, size)).server_hello_version());
  }
}

TEST(HandshakeParserTest, ReadsAlertsAlsoOverTwoRecords) {
  const HandshakeParser parser =
      Parse(Record(21, "\x02") + Record(21, std::string(1, 70)));
  ASSERT_TRUE(parser.alert());
  EXPECT_EQ(parser.alert()->level, 2);
  EXPECT_EQ(parser.alert()->description, 70);
}

TEST(HandshakeParserTest, KeepsTheLastOfSeveralAlerts) {
  const HandshakeParser parser =
      Parse(AlertRecord(1, 112) + AlertRecord(2, 80));
  ASSERT_TRUE(parser.alert());
  EXPECT_EQ(parser.alert()->description, 80);
}

TEST(HandshakeParserTest, EncryptedAlertsAreNotRead) {
  const std::string change_cipher_spec = Record(20, "\x01");
  EXPECT_FALSE(
      Parse(ServerHelloRecord() + change_cipher_spec + AlertRecord(2, 40))
          .alert());
  ServerHelloFields tls13;
  tls13.extensions = SelectedVersionExtension(0x0304);
  EXPECT_FALSE(Parse(ServerHelloRecord(tls13) + AlertRecord(2, 40)).alert());
}

TEST(HandshakeParserTest, ReadsOnAfterAHelloRetryRequest) {
  ServerHelloFields retry;
  retry.random = RetryRandom();
  retry.extensions = SelectedVersionExtension(0x0304);
  const std::string bytes =
      ServerHelloRecord(retry) + Record(20, "\x01") + AlertRecord(2, 47);
  const HandshakeParser parser = Parse(bytes);
  EXPECT_EQ(parser.server_hello_version(), 0x0304);
  ASSERT_TRUE(parser.alert());
  EXPECT_EQ(parser.alert()->description, 47);
}

TEST(HandshakeParserTest, GarbageIsSurvivedAndSaysNothing) {
  const std::string extensions_too_long =
      Number(43, 2) + Number(500, 2) + Number(0x0304, 2);
  ServerHelloFields broken;
  broken.extensions = extensions_too_long;
  for (const std::string& bytes :
       {std::string("220 mail.example ESMTP\r\n"), std::string(300, '\0'),
        std::string(300, '\xff'), std::string("\x16\x03\x03\xff\xff"),
        Record(22, HandshakeMessage(2, "")), Record(22, ""),
        Record(22, std::string(100, '\x02'))}) {
    const HandshakeParser parser = ParseBytewise(bytes + AlertRecord(2, 40));
    EXPECT_FALSE(parser.server_hello_version()) << bytes;
  }
  EXPECT_EQ(Parse(ServerHelloRecord(broken)).server_hello_version(), 0x0303);
}

TEST(HandshakeParserTest, EveryFlippedByteIsSurvived) {
  ServerHelloFields fields;
  fields.extensions += SelectedVersionExtension(0x0304);
  const std::string bytes = ServerHelloRecord(fields) + AlertRecord(2, 40);
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const char value : {'\x00', '\x01', '\x7f', '\xff'}) {
      std::string changed = bytes;
      changed[i] = value;
      ParseBytewise(changed);
    }
  }
}

}  // namespace
}  // namespace holdfast
