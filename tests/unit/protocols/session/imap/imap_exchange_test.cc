// IMAP commands as two transcripts: literals and "+", answers and refusals,
// what a lost connection means at each point, and servers that talk nonsense.

#include "holdfast/protocols/session/imap/imap_exchange.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"
#include "holdfast/tests/helpers/exchange_script.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ErrorCode CodeOf(const absl::Status& status) {
  return status.ok() ? ErrorCode::kInternal : ErrorFromStatus(status).code;
}

class ImapExchangeTest : public testing::TestWithParam<Feeding> {
 protected:
  ImapExchangeTest() {
    stream_.on_unasked = [this](absl::string_view text) {
      unasked_.emplace_back(text);
      return absl::OkStatus();
    };
  }

  // The first command of a session: its tag is A1.
  absl::Status Play(ImapCommand command, const ExchangeScript& script,
                    OnLoss on_loss = OnLoss::kRepeat) {
    stream_.Reset();
    stream_.utf8 = utf8_;
    stream_.tags = 0;
    unasked_.clear();
    exchange_ = std::make_unique<ImapExchange>(&stream_, std::move(command),
                                               on_loss, handler_);
    return PlayExchange(exchange_.get(), capabilities_, script, GetParam(),
                        &left_);
  }
  void ExpectPlayed(const ImapCommand& command, const ExchangeScript& script) {
    const absl::Status played = Play(command, script);
    EXPECT_TRUE(played.ok()) << played;
    EXPECT_TRUE(exchange_->done());
    EXPECT_EQ(left_, "");
  }

  ImapStream stream_;
  bool utf8_ = false;
  std::vector<std::string> capabilities_;
  std::vector<std::string> unasked_;
  std::shared_ptr<ImapHandler> handler_;
  std::unique_ptr<ImapExchange> exchange_;
  std::string left_;
};

INSTANTIATE_TEST_SUITE_P(Feeding, ImapExchangeTest,
                         testing::Values(Feeding::kInBlocks,
                                         Feeding::kByteByByte),
                         [](const auto& instance) {
                           return instance.param == Feeding::kInBlocks
                                      ? "InBlocks"
                                      : "ByteByByte";
                         });

TEST_P(ImapExchangeTest, ACommandIsTaggedAndItsAnswerKept) {
  ExpectPlayed(ImapCommand("NOOP"),
               {"C: A1 NOOP", "S: * 3 EXISTS", "S: A1 OK [X y z] Done."});
  EXPECT_EQ(exchange_->answer().code, "X");
  EXPECT_EQ(exchange_->answer().arguments, "y z");
  EXPECT_EQ(exchange_->answer().text, "Done.");
  EXPECT_THAT(unasked_, ElementsAre("* 3 EXISTS"));
  ExpectPlayed(ImapCommand("NOOP"), {"C: A1 NOOP", "S: A1 NO not now"});
  EXPECT_EQ(exchange_->answer().kind, ImapAnswer::Kind::kNo);
  ExpectPlayed(ImapCommand("NOOP"), {"C: A1 NOOP", "S: A1 BAD what?"});
  EXPECT_EQ(exchange_->answer().kind, ImapAnswer::Kind::kBad);
}

TEST_P(ImapExchangeTest, NothingBeyondTheAnswerIsTaken) {
  ASSERT_TRUE(Play(ImapCommand("NOOP"),
                   {"C: A1 NOOP", "S: A1 OK Done.", "S: * 4 EXISTS"})
                  .ok());
  EXPECT_TRUE(exchange_->done());
  EXPECT_EQ(left_, "* 4 EXISTS\r\n");
  EXPECT_THAT(unasked_, IsEmpty());
}

TEST_P(ImapExchangeTest, EachCommandHasATagOfItsOwn) {
  ExpectPlayed(ImapCommand("NOOP"), {"C: A1 NOOP", "S: A1 OK"});
  ImapExchange next(&stream_, ImapCommand("NOOP"), OnLoss::kRepeat);
  EXPECT_TRUE(
      PlayExchange(&next, {}, {"C: A2 NOOP", "S: A2 OK"}, GetParam()).ok());
  EXPECT_TRUE(
      PlayExchange(&next, {}, {"C: A3 NOOP", "S: A3 OK"}, GetParam()).ok());
}

TEST_P(ImapExchangeTest, StringsAreQuotedWhereThatWillDo) {
  ExpectPlayed(ImapCommand("X").String("a \"b\" \\c").String("").List({"a"}),
               {"C: A1 X \"a \\\"b\\\" \\\\c\" \"\" (a)", "S: A1 OK"});
}

TEST_P(ImapExchangeTest, ALiteralWaitsForTheServersGoAhead) {
  ExpectPlayed(ImapCommand("X").String("ü").Words("y").String("ö"),
               {"C: A1 X {2}", "S: * 1 EXISTS", "S: + go on", "C: ü y {2}",
                "S: +", "C: ö", "S: A1 OK"});
}

TEST_P(ImapExchangeTest, ALiteralGoesAtOnceIfTheServerSaysSo) {
  const std::string small = absl::StrCat("ü", std::string(4094, 'x'));
  const std::string large = absl::StrCat("ü", std::string(4095, 'x'));
  for (const std::string capability : {"LITERAL-", "IMAP4rev2"}) {
    capabilities_ = {capability};
    ExpectPlayed(ImapCommand("X").String(small),
                 {"C: A1 X {4096+}", "C: " + small, "S: A1 OK"});
    ExpectPlayed(ImapCommand("X").String(large),
                 {"C: A1 X {4097}", "S: +", "C: " + large, "S: A1 OK"});
  }
  capabilities_ = {"literal+"};
  ExpectPlayed(ImapCommand("X").String(large),
               {"C: A1 X {4097+}", "C: " + large, "S: A1 OK"});
}

TEST_P(ImapExchangeTest, ARefusedLiteralIsNotSent) {
  ExpectPlayed(ImapCommand("X").String("ü"), {"C: A1 X {2}", "S: A1 NO full"});
  EXPECT_EQ(exchange_->answer().text, "full");
}

TEST_P(ImapExchangeTest, MailboxNamesAreEncodedUnlessUtf8WasEnabled) {
  ExpectPlayed(ImapCommand("DELETE").Mailbox("Entwürfe & mehr"),
               {"C: A1 DELETE \"Entw&APw-rfe &- mehr\"", "S: A1 OK"});
  utf8_ = true;
  ExpectPlayed(ImapCommand("DELETE").Mailbox("Entwürfe & mehr"),
               {"C: A1 DELETE \"Entwürfe & mehr\"", "S: A1 OK"});
}

TEST_P(ImapExchangeTest, TheCharsetIsToldWhereItMatters) {
  const auto search = [](absl::string_view text) {
    return ImapCommand("SEARCH").Charset().Words("BODY").String(text);
  };
  ExpectPlayed(search("u"), {"C: A1 SEARCH BODY \"u\"", "S: A1 OK"});
  ExpectPlayed(search("ü"), {"C: A1 SEARCH CHARSET UTF-8 BODY {2}", "S: +",
                             "C: ü", "S: A1 OK"});
  utf8_ = true;
  ExpectPlayed(search("ü"), {"C: A1 SEARCH BODY \"ü\"", "S: A1 OK"});
}

TEST_P(ImapExchangeTest, WhatWouldBecomeAnotherCommandIsNotSent) {
  using absl::string_view;
  const std::vector<ImapCommand> kBad = {
      ImapCommand("X").String("a\r\nA2 DELETE b"),
      ImapCommand("X").String("a\nb"),
      ImapCommand("X").String(string_view("a\0b", 3)),
      ImapCommand("X").String("ü\r"),
      ImapCommand("X").Mailbox("a\r\nb"),
      ImapCommand("X").Mailbox(string_view("\0", 1)),
      ImapCommand("X").Mailbox("\xff"),
      ImapCommand("X\r\nA2 Y"),
      ImapCommand("X {5}"),
      ImapCommand("X {5+}"),
      ImapCommand("X ü"),
      ImapCommand(""),
      ImapCommand("X").List({"a) (b"}),
      ImapCommand("X").List({"a\nb"}),
      ImapCommand("X").List({"\"a\""}),
  };
  for (const ImapCommand& command : kBad) {
    EXPECT_EQ(CodeOf(Play(command, {})), ErrorCode::kInvalidArgument);
    EXPECT_EQ(*exchange_->Produce(), "");
  }
}

TEST_P(ImapExchangeTest, NonsenseEndsTheConnection) {
  for (const std::string line :
       {"A2 OK done", "A1 MAYBE", "A1", "a1 OK", "A11 OK", "", " ", "OK",
        "+ go on", "*", "*3 EXISTS", "authA1 OK", "hf1 OK"}) {
    EXPECT_EQ(CodeOf(Play(ImapCommand("NOOP"), {"C: A1 NOOP", "S: " + line})),
              ErrorCode::kUnexpectedResponse)
        << line;
  }
}

TEST_P(ImapExchangeTest, AnAnswerWithoutTheGoAheadIsNonsense) {
  EXPECT_EQ(CodeOf(Play(ImapCommand("X").String("ü"),
                        {"C: A1 X {2}", "S: A1 OK done"})),
            ErrorCode::kUnexpectedResponse);
  EXPECT_EQ(CodeOf(Play(ImapCommand("X").String("ü"),
                        {"C: A1 X {2}", "S: +", "C: ü", "S: +"})),
            ErrorCode::kUnexpectedResponse);
}

TEST_P(ImapExchangeTest, ALineThatNeverEndsIsTooLong) {
  const std::string endless(Exchange::kLongestLine + 1, 'x');
  EXPECT_EQ(CodeOf(Play(ImapCommand("NOOP"),
                        {"C: A1 NOOP", absl::StrCat("S> * ", endless)})),
            ErrorCode::kLineTooLong);
}

TEST_P(ImapExchangeTest, ByeIsTheServersRefusalWithItsWords) {
  const absl::Status status =
      Play(ImapCommand("NOOP"), {"C: A1 NOOP", "S: * BYE shutting down"});
  EXPECT_EQ(CodeOf(status), ErrorCode::kServerBusy);
  EXPECT_EQ(ErrorFromStatus(status).server_text, "BYE shutting down");
  EXPECT_THAT(unasked_, ElementsAre("* BYE shutting down"));
}

TEST_P(ImapExchangeTest, ByeIsExpectedByLogoutAlone) {
  const absl::Status status =
      Play(ImapCommand("LOGOUT"), {"C: A1 LOGOUT", "S: * BYE", "S: A1 OK"},
           OnLoss::kDone);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(exchange_->done());
  EXPECT_EQ(exchange_->on_loss(), OnLoss::kDone);
}

TEST_P(ImapExchangeTest, OnceAllWasGivenOutTheOutcomeIsUnknown) {
  for (const OnLoss on_loss :
       {OnLoss::kRepeat, OnLoss::kGiveUp, OnLoss::kUnknown, OnLoss::kDone}) {
    ImapExchange exchange(&stream_, ImapCommand("X").String("ü"), on_loss);
    ASSERT_TRUE(exchange.Start({}).ok());
    const OnLoss before =
        on_loss == OnLoss::kUnknown ? OnLoss::kRepeat : on_loss;
    EXPECT_EQ(exchange.on_loss(), before);
    ASSERT_TRUE(exchange.Produce().ok());
    EXPECT_EQ(exchange.on_loss(), before);
    ASSERT_TRUE(exchange.Consume("+ go on\r\n").ok());
    EXPECT_EQ(exchange.on_loss(), before);
    EXPECT_EQ(*exchange.Produce(), "ü\r\n");
    EXPECT_EQ(exchange.on_loss(), on_loss);
    ASSERT_TRUE(exchange.Consume("* 3 EXISTS\r\n").ok());
    EXPECT_EQ(exchange.on_loss(), on_loss);
    stream_.Reset();
  }
}

// `size` bytes of x, without holding them.
class LongSource final : public MessageSource {
 public:
  LongSource(uint64_t size, uint64_t real_size)
      : size_(size), real_size_(real_size) {}
  uint64_t size() const override { return size_; }
  absl::Status Rewind() override {
    read_ = 0;
    return absl::OkStatus();
  }
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    const size_t count = std::min<uint64_t>(buffer.size(), real_size_ - read_);
    std::fill_n(buffer.begin(), count, 'x');
    read_ += count;
    return count;
  }

 private:
  const uint64_t size_;
  const uint64_t real_size_;
  uint64_t read_ = 0;
};

ImapCommand AppendOf(std::shared_ptr<MessageSource> message) {
  return ImapCommand("APPEND").Mailbox("x").Message(std::move(message));
}

TEST_P(ImapExchangeTest, AMessageIsALiteralOfAnySize) {
  for (const size_t size : {0, 1, 100, 16384, 16385, 100000}) {
    const std::string text(size, 'x');
    ExpectPlayed(AppendOf(NewStringSource(text)),
                 {absl::StrCat("C: A1 APPEND \"x\" {", size, "}"), "S: +",
                  "C: " + text, "S: A1 OK"});
    capabilities_ = {"LITERAL+"};
    ExpectPlayed(AppendOf(NewStringSource(text)),
                 {absl::StrCat("C: A1 APPEND \"x\" {", size, "+}"),
                  "C: " + text, "S: A1 OK"});
    capabilities_.clear();
  }
}

TEST_P(ImapExchangeTest, AHugeMessageIsGivenOutInChunks) {
  constexpr uint64_t kSize = 100 * 1024 * 1024;
  const uint64_t whole = kSize + strlen("A1 APPEND \"x\" {104857600+}\r\n\r\n");
  ImapExchange exchange(&stream_,
                        AppendOf(std::make_shared<LongSource>(kSize, kSize)),
                        OnLoss::kUnknown);
  ASSERT_TRUE(exchange.Start({"LITERAL+"}).ok());
  uint64_t sent = 0;
  while (true) {
    const absl::StatusOr<std::string> more = exchange.Produce();
    ASSERT_TRUE(more.ok());
    if (more->empty()) break;
    ASSERT_LE(more->size(), 2 * Exchange::kChunk);
    sent += more->size();
    const bool all = sent == whole;
    ASSERT_EQ(exchange.on_loss(), all ? OnLoss::kUnknown : OnLoss::kRepeat);
  }
  EXPECT_EQ(sent, whole);
}

TEST_P(ImapExchangeTest, AMessageThatWasAnnouncedComesEvenAfterARefusal) {
  capabilities_ = {"LITERAL+"};
  ImapExchange exchange(&stream_,
                        AppendOf(std::make_shared<LongSource>(40000, 40000)),
                        OnLoss::kUnknown);
  ASSERT_TRUE(exchange.Start(capabilities_).ok());
  size_t sent = exchange.Produce()->size();
  EXPECT_EQ(*exchange.Consume("A1 NO full\r\n"), 12u);
  EXPECT_FALSE(exchange.done());
  EXPECT_EQ(*exchange.Consume("* 1 EXISTS\r\n"), 0u);
  while (!exchange.done()) sent += exchange.Produce()->size();
  EXPECT_EQ(sent, 40000 + strlen("A1 APPEND \"x\" {40000+}\r\n\r\n"));
}

TEST_P(ImapExchangeTest, AMessageThatIsTooShortEndsItWithoutEffect) {
  const absl::Status status =
      Play(AppendOf(std::make_shared<LongSource>(100, 99)),
           {"C: A1 APPEND \"x\" {100}", "S: +"}, OnLoss::kUnknown);
  EXPECT_EQ(CodeOf(status), ErrorCode::kMessageUnreadable);
  EXPECT_EQ(exchange_->on_loss(), OnLoss::kRepeat);
}

TEST_P(ImapExchangeTest, AMessageWithANulCannotBeSent) {
  const absl::Status status =
      Play(AppendOf(NewStringSource(std::string("a\0b", 3))),
           {"C: A1 APPEND \"x\" {3}", "S: +"}, OnLoss::kUnknown);
  EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument);
  EXPECT_EQ(exchange_->on_loss(), OnLoss::kRepeat);
}

TEST_P(ImapExchangeTest, ARepetitionBeginsFromTheBeginning) {
  ImapExchange exchange(&stream_, AppendOf(NewStringSource("abc")),
                        OnLoss::kRepeat);
  ASSERT_TRUE(exchange.Start({"LITERAL+"}).ok());
  EXPECT_EQ(*exchange.Produce(), "A1 APPEND \"x\" {3+}\r\nabc\r\n");
  ASSERT_TRUE(exchange.Start({}).ok());
  EXPECT_EQ(*exchange.Produce(), "A2 APPEND \"x\" {3}\r\n");
  ASSERT_TRUE(exchange.Consume("+\r\n").ok());
  EXPECT_EQ(*exchange.Produce(), "abc\r\n");
}

// Streams what follows "BODY[] ", and takes what begins with "* MINE".
class FakeHandler final : public ImapHandler {
 public:
  void OnStart() override { log.push_back("start"); }
  absl::StatusOr<bool> OnUntagged(absl::string_view text) override {
    log.push_back(absl::StrCat("text ", text));
    return absl::StartsWith(text, "* MINE");
  }
  absl::StatusOr<bool> OnLiteral(absl::string_view text,
                                 uint64_t size) override {
    log.push_back(absl::StrCat("literal ", size));
    return SectionAtEnd(text).has_value();
  }
  absl::Status OnPiece(absl::string_view bytes) override {
    absl::StrAppend(&pieces, bytes);
    return piece_error;
  }

  std::vector<std::string> log;
  std::string pieces;
  absl::Status piece_error;
};

TEST_P(ImapExchangeTest, LiteralsAreStreamedOrKeptAsTheHandlerLikes) {
  const auto handler = std::make_shared<FakeHandler>();
  handler_ = handler;
  ExpectPlayed(ImapCommand("X"),
               {"C: A1 X", "S: * MINE BODY[] {3}", "S> a", "S> \r\n",
                "S:  Y {2}", "S: b)", "S: * 3 EXISTS", "S: A1 OK"});
  EXPECT_EQ(handler->pieces, "a\r\n");
  const std::string streamed(1, ImapReader::kStreamed);
  EXPECT_THAT(handler->log, ElementsAre("start", "literal 3", "literal 2",
                                        absl::StrCat("text * MINE BODY[] ",
                                                     streamed, " Y {2}\r\nb)"),
                                        "text * 3 EXISTS"));
  EXPECT_THAT(unasked_, ElementsAre("* 3 EXISTS"));
}

TEST_P(ImapExchangeTest, AHandlersErrorEndsIt) {
  const auto handler = std::make_shared<FakeHandler>();
  handler->piece_error =
      MakeStatus(ErrorCode::kOutputFailed, Phase::kSession, "disk full");
  handler_ = handler;
  EXPECT_EQ(CodeOf(Play(ImapCommand("X"),
                        {"C: A1 X", "S: * MINE BODY[] {3}", "S> abc"})),
            ErrorCode::kOutputFailed);
}

ImapCommand Idle() { return ImapCommand("IDLE").UntilEnded("DONE"); }

TEST_P(ImapExchangeTest, IdleWaitsUntilItIsEnded) {
  ImapExchange idle(&stream_, Idle(), OnLoss::kRepeat);
  idle.set_waiting_patience(absl::Minutes(29));
  ASSERT_TRUE(idle.Start({}).ok());
  EXPECT_EQ(*idle.Produce(), "A1 IDLE\r\n");
  EXPECT_EQ(idle.patience(), std::nullopt);
  ASSERT_TRUE(idle.Consume("+ idling\r\n* 4 EXISTS\r\n").ok());
  EXPECT_EQ(idle.patience(), absl::Minutes(29));
  EXPECT_EQ(*idle.Produce(), "");
  EXPECT_THAT(unasked_, ElementsAre("* 4 EXISTS"));
  idle.End();
  EXPECT_EQ(idle.patience(), std::nullopt);
  EXPECT_EQ(*idle.Produce(), "DONE\r\n");
  EXPECT_FALSE(idle.done());
  ASSERT_TRUE(idle.Consume("A1 OK\r\n").ok());
  EXPECT_TRUE(idle.done());
}

TEST_P(ImapExchangeTest, IdleThatIsEndedEarlyIsTakenUpFirst) {
  ImapExchange idle(&stream_, Idle(), OnLoss::kRepeat);
  ASSERT_TRUE(idle.Start({}).ok());
  idle.End();
  EXPECT_EQ(*idle.Produce(), "A1 IDLE\r\n");
  ASSERT_TRUE(idle.Consume("+\r\n").ok());
  EXPECT_EQ(*idle.Produce(), "DONE\r\n");
}

TEST_P(ImapExchangeTest, IdleThatWasEndedIsNotBegunAgain) {
  ImapExchange idle(&stream_, Idle(), OnLoss::kRepeat);
  idle.End();
  ASSERT_TRUE(idle.Start({}).ok());
  EXPECT_TRUE(idle.done());
  EXPECT_EQ(*idle.Produce(), "");
  EXPECT_TRUE(idle.answer().ok());
}

TEST_P(ImapExchangeTest, ARefusedIdleIsNotEndedTwice) {
  for (const std::string answer : {"A1 BAD what?\r\n", "+\r\nA1 OK over\r\n"}) {
    stream_.tags = 0;
    ImapExchange idle(&stream_, Idle(), OnLoss::kRepeat);
    ASSERT_TRUE(idle.Start({}).ok());
    EXPECT_EQ(*idle.Produce(), "A1 IDLE\r\n");
    ASSERT_TRUE(idle.Consume(answer).ok());
    EXPECT_TRUE(idle.done());
    idle.End();
    EXPECT_EQ(*idle.Produce(), "");
  }
}

TEST_P(ImapExchangeTest, WhatBeginsUnaskedMayEndInACommand) {
  ASSERT_EQ(*stream_.TakeUnasked("* 1 EXISTS\r\n* 2 EX"), 18u);
  EXPECT_THAT(unasked_, ElementsAre("* 1 EXISTS"));
  ImapExchange noop(&stream_, ImapCommand("NOOP"), OnLoss::kRepeat);
  ASSERT_TRUE(
      PlayExchange(&noop, {}, {"C: A1 NOOP", "S: ISTS", "S: A1 OK"}, GetParam())
          .ok());
  EXPECT_THAT(unasked_, ElementsAre("* 1 EXISTS", "* 2 EXISTS"));
}

TEST_P(ImapExchangeTest, UnaskedByeAndNonsenseEndTheConnection) {
  EXPECT_EQ(CodeOf(stream_.TakeUnasked("* BYE idle for too long\r\n").status()),
            ErrorCode::kServerBusy);
  EXPECT_EQ(CodeOf(stream_.TakeUnasked("A1 OK\r\n").status()),
            ErrorCode::kUnexpectedResponse);
}

}  // namespace
}  // namespace holdfast::test
