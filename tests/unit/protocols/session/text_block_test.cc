// Blocks of lines: dots, line ends, the borders of chunks, memory.

#include "holdfast/protocols/session/text_block.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/session/exchange.h"
#include "holdfast/tests/helpers/generated_source.h"
#include "holdfast/tests/helpers/sanitizers.h"

namespace holdfast::test {
namespace {

using Form = BlockEncoder::Form;

std::string Encode(const std::string& message, Form form = Form::kDotted) {
  const auto source = NewStringSource(message);
  BlockEncoder encoder(source.get(), form);
  std::string all;
  while (!encoder.done()) {
    const absl::StatusOr<std::string> chunk = encoder.Next();
    EXPECT_TRUE(chunk.ok());
    EXPECT_LE(chunk->size(), Exchange::kChunk + 5);
    all += *chunk;
  }
  return all;
}

// Decodes `wire`, cut into pieces of `piece` bytes; what follows the block is
// put into `rest`.
std::string Decode(const std::string& wire, size_t piece,
                   std::string* rest = nullptr) {
  BlockDecoder decoder;
  StringSink sink;
  size_t at = 0;
  while (!decoder.done() && at < wire.size()) {
    const absl::StatusOr<size_t> taken =
        decoder.Decode(absl::string_view(wire).substr(at, piece), &sink);
    EXPECT_TRUE(taken.ok());
    at += *taken;
  }
  EXPECT_TRUE(decoder.done());
  if (rest != nullptr) *rest = wire.substr(at);
  return sink.text();
}

TEST(BlockEncoderTest, StuffsDotsAndEndsEveryLineWithCrLf) {
  EXPECT_EQ(Encode(""), ".\r\n");
  EXPECT_EQ(Encode("a"), "a\r\n.\r\n");
  EXPECT_EQ(Encode("a\r\nb\r\n"), "a\r\nb\r\n.\r\n");
  EXPECT_EQ(Encode("a\nb\rc"), "a\r\nb\r\nc\r\n.\r\n");
  EXPECT_EQ(Encode("\r\r\n\n"), "\r\n\r\n\r\n.\r\n");
  EXPECT_EQ(Encode("."), "..\r\n.\r\n");
  EXPECT_EQ(Encode("a\n.\n"), "a\r\n..\r\n.\r\n");
  EXPECT_EQ(Encode("a\r.b"), "a\r\n..b\r\n.\r\n");
}

TEST(BlockEncoderTest, PlainHasNoDotsOfItsOwn) {
  EXPECT_EQ(Encode("", Form::kPlain), "");
  EXPECT_EQ(Encode(".\n.a", Form::kPlain), ".\r\n.a\r\n");
}

TEST(BlockEncoderTest, AMessageThatIsShorterThanItSaidIsUnreadable) {
  GeneratedSource source(100, "abc", /*lacking=*/1);
  BlockEncoder encoder(&source, Form::kDotted);
  const absl::StatusOr<std::string> chunk = encoder.Next();
  ASSERT_FALSE(chunk.ok());
  EXPECT_EQ(ErrorFromStatus(chunk.status()).code,
            ErrorCode::kMessageUnreadable);
  EXPECT_FALSE(encoder.done());
}

TEST(BlockDecoderTest, TakesDotsOffAndKeepsLineEnds) {
  const std::pair<std::string, std::string> cases[] = {
      {".\r\n", ""},
      {"a\r\n.\r\n", "a\r\n"},
      {"..\r\n...\r\n.x\r\n.\r\n", ".\r\n..\r\nx\r\n"},
      {"a\rb\nc\r\n.\r\n", "a\rb\nc\r\n"},
      {".\rb\r\n.\r\n", "\rb\r\n"},
      {".\r\r\n.\r\n", "\r\r\n"},
      {"a\r\r\n.\r\n", "a\r\r\n"},
  };
  for (const auto& [wire, text] : cases) {
    for (size_t piece = 1; piece <= wire.size(); ++piece) {
      EXPECT_EQ(Decode(wire, piece), text) << wire << " by " << piece;
    }
  }
}

TEST(BlockDecoderTest, AMessageCannotPretendItsEnd) {
  for (const std::string false_end :
       {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n"}) {
    for (const size_t piece : {1, 2, 100}) {
      std::string rest;
      const std::string text =
          Decode("a" + false_end + "+OK b\r\n.\r\n+OK c", piece, &rest);
      EXPECT_THAT(text, testing::HasSubstr("+OK b"));
      EXPECT_EQ(rest, "+OK c");
    }
  }
}

TEST(BlockDecoderTest, TakesNothingThatFollowsTheEnd) {
  std::string rest;
  EXPECT_EQ(Decode("a\r\n.\r\n.\r\n", 100, &rest), "a\r\n");
  EXPECT_EQ(rest, ".\r\n");
}

class BrokenSink final : public BlockSink {
  void Begin() override {}
  absl::Status Add(absl::string_view) override {
    return absl::DataLossError("full");
  }
};

TEST(BlockDecoderTest, ASinksErrorEndsIt) {
  BrokenSink sink;
  for (const char* wire : {"a", "a\r\n.b", ".\rb"}) {
    EXPECT_EQ(BlockDecoder().Decode(wire, &sink).status().message(), "full");
  }
}

// What the encoder makes of line ends, written another way.
std::string Normalised(const std::string& message) {
  std::string text;
  for (size_t i = 0; i < message.size(); ++i) {
    if (message[i] == '\r' && i + 1 < message.size() && message[i + 1] == '\n')
      continue;
    text += message[i] == '\r' || message[i] == '\n' ? "\r\n"
                                                     : message.substr(i, 1);
  }
  const bool ends = text.empty() || text.back() == '\n';
  return ends ? text : text + "\r\n";
}

TEST(TextBlockTest, WhatIsEncodedDecodesToItself) {
  std::mt19937 random(8);
  const std::string alphabet = "..\r\r\n\nab";
  // The encoder reads half a chunk at once: the borders are there.
  constexpr size_t kBorder = Exchange::kChunk / 2;
  for (int round = 0; round < 300; ++round) {
    const size_t filling = round % 3 == 0 ? 0 : kBorder * (round % 3) - 4;
    std::string message(filling, 'x');
    for (size_t count = random() % 12; count > 0; --count) {
      message += alphabet[random() % alphabet.size()];
    }
    const std::string wire = Encode(message);
    const size_t piece = round % 2 == 0 ? wire.size() : 1 + random() % 5;
    std::string rest;
    EXPECT_EQ(Decode(wire + "rest", piece, &rest), Normalised(message));
    EXPECT_EQ(Encode(message, Form::kPlain), Normalised(message));
    ASSERT_FALSE(HasFailure()) << "round " << round;
    if (piece == wire.size()) {
      EXPECT_EQ(rest, "rest");
    }
  }
}

class CountingSink final : public BlockSink {
 public:
  void Begin() override {}
  absl::Status Add(absl::string_view piece) override {
    bytes += piece.size();
    return absl::OkStatus();
  }
  uint64_t bytes = 0;
};

// In pages.
size_t ResidentSize() {
  std::ifstream statm("/proc/self/statm");
  size_t size = 0;
  size_t resident = 0;
  statm >> size >> resident;
  return resident;
}

constexpr size_t kMayGrow = kAddressSanitizer ? 100'000 : 1000;  // pages

// One line of any length, or many: neither is held.
TEST(TextBlockTest, AHundredMegabytesPassInFlatMemory) {
  for (const char* pattern : {"x", ".x\r\n"}) {
    constexpr uint64_t kSize = 100'000'000;
    GeneratedSource source(kSize, pattern);
    BlockEncoder encoder(&source, Form::kDotted);
    BlockDecoder decoder;
    CountingSink sink;
    const size_t before = ResidentSize();
    size_t most = 0;
    for (int chunks = 0; !encoder.done(); ++chunks) {
      const absl::StatusOr<std::string> chunk = encoder.Next();
      ASSERT_TRUE(chunk.ok());
      const absl::StatusOr<size_t> taken = decoder.Decode(*chunk, &sink);
      ASSERT_TRUE(taken.ok());
      ASSERT_EQ(*taken, chunk->size());
      if (chunks % 100 == 0) most = std::max(most, ResidentSize());
    }
    EXPECT_TRUE(decoder.done());
    EXPECT_GE(sink.bytes, kSize);
    EXPECT_LT(most, before + kMayGrow);
  }
}

}  // namespace
}  // namespace holdfast::test
