#include "holdfast/protocols/session/nntp_session.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/dialogue/reply.h"
#include "holdfast/protocols/session/line_exchange.h"

namespace holdfast {
namespace {

using Command = LineExchange::Command;

constexpr size_t kLongestCommand = 512;    // RFC 3977, 3.1
constexpr size_t kLongestMessageId = 250;  // 3.6

// RFC 3977, appendix C.
constexpr int kQuitting = 205;
constexpr int kGroupSelected = 211;
constexpr int kListFollows = 215;
constexpr int kArticleFollows = 220;
constexpr int kHeadFollows = 221;
constexpr int kBodyFollows = 222;
constexpr int kArticleExists = 223;
constexpr int kOverviewFollows = 224;
constexpr int kArticleReceived = 240;
constexpr int kSendArticle = 340;
constexpr int kDiscontinued = 400;

// The command was done, as `expected`, or refused: anything else is an error.
absl::StatusOr<NntpAnswer> ReadAnswer(absl::string_view line, int expected) {
  const std::optional<ReplyLine> reply = ParseReplyLine(line);
  if (reply && reply->code == kDiscontinued) {
    return ServerError(ErrorCode::kServerBusy, line);
  }
  if (!reply || !reply->last ||
      (reply->kind() < 4 && reply->code != expected)) {
    return ServerError(ErrorCode::kUnexpectedResponse, line);
  }
  return NntpAnswer{reply->code, std::string(reply->text)};
}

// "1234 3000234 3002322 misc.test": RFC 3977, 6.1.1.
absl::Status ReadGroup(NntpGroup* group) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(group->words, ' ', absl::SkipEmpty());
  if (parts.size() < 4 || !absl::SimpleAtoi(parts[0], &group->count) ||
      !absl::SimpleAtoi(parts[1], &group->first) ||
      !absl::SimpleAtoi(parts[2], &group->last)) {
    return ServerError(ErrorCode::kUnexpectedResponse, group->words);
  }
  group->name = std::string(parts[3]);
  return absl::OkStatus();
}

// "3000234 <45223423@example.com>": RFC 3977, 6.2.1.
absl::Status ReadArticle(NntpArticle* article) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(article->words, ' ', absl::SkipEmpty());
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &article->number)) {
    return ServerError(ErrorCode::kUnexpectedResponse, article->words);
  }
  article->message_id = std::string(parts[1]);
  return absl::OkStatus();
}

std::string RangeText(const NntpRange& range) {
  std::string text = absl::StrCat(range.first, "-");
  if (range.last) absl::StrAppend(&text, *range.last);
  return text;
}

// As an argument; empty, which no command takes, if it cannot be one.
std::string IdText(const NntpArticleId& id) {
  if (const uint64_t* number = std::get_if<uint64_t>(&id)) {
    return absl::StrCat(*number);
  }
  const std::string& text = std::get<std::string>(id);
  const bool valid = text.size() >= 3 && text.size() <= kLongestMessageId &&
                     text.front() == '<' && text.back() == '>';
  return valid ? text : "";
}

// On a server that is made for other servers first (RFC 3977, 5.3): once on
// each connection, if it says so. Refusals are heard again at the next command.
class ModeReader final : public Exchange {
 public:
  explicit ModeReader(bool* is_reader) : is_reader_(is_reader) {}

  absl::Status Start(const std::vector<std::string>& capabilities) override {
    if (!FindCapability(capabilities, "MODE-READER")) *is_reader_ = true;
    unsent_ = *is_reader_ ? "" : "MODE READER\r\n";
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> Produce() override {
    return std::exchange(unsent_, "");
  }
  absl::StatusOr<size_t> Consume(absl::string_view bytes) override;
  bool done() const override { return *is_reader_; }
  OnLoss on_loss() const override { return OnLoss::kRepeat; }

 private:
  bool* const is_reader_;
  std::string unsent_;
};

absl::StatusOr<size_t> ModeReader::Consume(absl::string_view bytes) {
  absl::string_view rest = bytes;
  const absl::StatusOr<std::optional<absl::string_view>> line =
      TakeServerLine(&rest);
  if (!line.ok()) return line.status();
  if (!*line) return 0;
  // 200: posting is allowed; 201: it is not.
  const int expected = absl::StartsWith(**line, "201") ? 201 : 200;
  const absl::StatusOr<NntpAnswer> answer = ReadAnswer(**line, expected);
  if (!answer.ok()) return answer.status();
  *is_reader_ = true;
  return bytes.size() - rest.size();
}

// OVER, or XOVER, which it was before it was standardised (RFC 2980, 2.8).
class OverExchange final : public Exchange {
 public:
  explicit OverExchange(Command command)
      : over_(WithVerb("OVER", command), kLongestCommand),
        xover_(WithVerb("XOVER", command), kLongestCommand) {}

  absl::Status Start(const std::vector<std::string>& capabilities) override {
    now_ = FindCapability(capabilities, "OVER") ? &over_ : &xover_;
    return now_->Start(capabilities);
  }
  absl::StatusOr<std::string> Produce() override { return now_->Produce(); }
  absl::StatusOr<size_t> Consume(absl::string_view bytes) override {
    return now_->Consume(bytes);
  }
  bool done() const override { return now_->done(); }
  OnLoss on_loss() const override { return now_->on_loss(); }

 private:
  static Command WithVerb(absl::string_view verb, Command command) {
    command.verb = std::string(verb);
    return command;
  }

  LineExchange over_;
  LineExchange xover_;
  LineExchange* now_ = &over_;
};

// POST, the article, and whether it was taken.
class PostExchange final : public Exchange {
 public:
  explicit PostExchange(std::shared_ptr<MessageSource> article)
      : article_(std::move(article)),
        encoder_(article_.get(), BlockEncoder::Form::kDotted) {}

  absl::Status Start(const std::vector<std::string>&) override {
    state_ = State::kUnsent;
    encoder_ = BlockEncoder(article_.get(), BlockEncoder::Form::kDotted);
    return article_->Rewind();
  }
  absl::StatusOr<std::string> Produce() override;
  absl::StatusOr<size_t> Consume(absl::string_view bytes) override;
  bool done() const override { return state_ == State::kDone; }
  OnLoss on_loss() const override {
    return state_ == State::kEnded ? OnLoss::kUnknown : OnLoss::kRepeat;
  }

  NntpAnswer answer() const { return answer_; }

 private:
  enum class State { kUnsent, kAsked, kArticle, kEnded, kDone };

  const std::shared_ptr<MessageSource> article_;
  BlockEncoder encoder_;
  State state_ = State::kUnsent;
  NntpAnswer answer_;
};

absl::StatusOr<std::string> PostExchange::Produce() {
  switch (state_) {
    case State::kUnsent:
      state_ = State::kAsked;
      return std::string("POST\r\n");
    case State::kArticle: {
      absl::StatusOr<std::string> text = encoder_.Next();
      if (encoder_.done()) state_ = State::kEnded;
      return text;
    }
    case State::kAsked:
    case State::kEnded:
    case State::kDone:
      break;
  }
  return std::string();
}

absl::StatusOr<size_t> PostExchange::Consume(absl::string_view bytes) {
  absl::string_view rest = bytes;
  const absl::StatusOr<std::optional<absl::string_view>> line =
      TakeServerLine(&rest);
  if (!line.ok()) return line.status();
  if (!*line) return 0;
  const bool early = state_ == State::kUnsent || state_ == State::kArticle;
  const int expected =
      state_ == State::kAsked ? kSendArticle : kArticleReceived;
  absl::StatusOr<NntpAnswer> answer = ReadAnswer(**line, expected);
  if (!answer.ok()) {
    // What it says instead of taking the article: it has not taken it.
    const ErrorCode code = ErrorFromStatus(answer.status()).code;
    if (code == ErrorCode::kServerBusy) state_ = State::kUnsent;
    return answer.status();
  }
  if (early) return ServerError(ErrorCode::kUnexpectedResponse, **line);
  state_ = answer->code == kSendArticle ? State::kArticle : State::kDone;
  answer_ = *std::move(answer);
  return bytes.size() - rest.size();
}

class NntpSessionImpl final : public NntpSession, public SessionState {
 public:
  explicit NntpSessionImpl(const Factory& factory) : session_(factory(this)) {}

  void Connect(Session::Done on_done) override {
    session_->Connect(std::move(on_done));
  }
  void Group(std::string name, Done<NntpGroup> on_done) override {
    RunGroup({"GROUP", {std::move(name)}}, std::move(on_done));
  }
  void ListGroup(std::string name, NntpRange range, BlockSink* lines,
                 Done<NntpGroup> on_done) override;
  void Over(NntpRange range, BlockSink* lines,
            Done<NntpAnswer> on_done) override;
  void Article(NntpArticleId id, BlockSink* sink,
               Done<NntpArticle> on_done) override {
    RunArticle("ARTICLE", kArticleFollows, id, sink, std::move(on_done));
  }
  void Head(NntpArticleId id, BlockSink* sink,
            Done<NntpArticle> on_done) override {
    RunArticle("HEAD", kHeadFollows, id, sink, std::move(on_done));
  }
  void Body(NntpArticleId id, BlockSink* sink,
            Done<NntpArticle> on_done) override {
    RunArticle("BODY", kBodyFollows, id, sink, std::move(on_done));
  }
  void Stat(NntpArticleId id, Done<NntpArticle> on_done) override {
    RunArticle("STAT", kArticleExists, id, nullptr, std::move(on_done));
  }
  void ListActive(std::string wildmat, BlockSink* lines,
                  Done<NntpAnswer> on_done) override;
  void Post(std::shared_ptr<MessageSource> article,
            Done<NntpAnswer> on_done) override;
  void Quit(Done<NntpAnswer> on_done) override;
  Session& session() override { return *session_; }

  std::shared_ptr<Exchange> NextRestoring() override;
  absl::Status Restored() override {
    return std::exchange(restored_, absl::OkStatus());
  }
  absl::StatusOr<size_t> OnUnasked(absl::string_view bytes) override {
    return ReadUnasked(bytes, [](absl::string_view line) {
      return absl::StartsWith(line, "400");
    });
  }
  void OnLost() override { is_reader_ = group_is_selected_ = false; }

 private:
  void Run(std::shared_ptr<Exchange> exchange, Session::Done on_done);
  void RunGroup(Command command, Done<NntpGroup> on_done);
  void RunArticle(absl::string_view verb, int expected, const NntpArticleId& id,
                  BlockSink* sink, Done<NntpArticle> on_done);

  // Of the connection.
  bool is_reader_ = false;
  bool group_is_selected_ = false;
  // Of the client.
  bool reader_was_asked_ = false;  // on the first connection
  std::string group_;
  absl::Status restored_;
  std::unique_ptr<Session> session_;  // uses *this: goes first
};

// Reads an answer's first line into `answer`; then, of a good one, the rest.
template <typename T>
auto Keep(std::shared_ptr<T> answer, int expected,
          std::function<absl::Status(T*)> read, bool block) {
  return [=](absl::string_view line) -> absl::StatusOr<bool> {
    absl::StatusOr<NntpAnswer> heard = ReadAnswer(line, expected);
    if (!heard.ok()) return heard.status();
    static_cast<NntpAnswer&>(*answer) = *std::move(heard);
    if (!answer->ok()) return false;
    const absl::Status status = read(answer.get());
    if (!status.ok()) return status;
    return block;
  };
}

template <typename T>
Session::Done Give(std::shared_ptr<T> answer, NntpSession::Done<T> on_done) {
  return [answer, on_done](absl::Status status) {
    status.ok() ? on_done(std::move(*answer)) : on_done(std::move(status));
  };
}

absl::Status NoMore(NntpAnswer*) { return absl::OkStatus(); }

std::shared_ptr<LineExchange> NewLineExchange(Command command) {
  return std::make_shared<LineExchange>(std::move(command), kLongestCommand);
}

void NntpSessionImpl::Run(std::shared_ptr<Exchange> exchange,
                          Session::Done on_done) {
  // Later connections are made ready by NextRestoring().
  if (!std::exchange(reader_was_asked_, true)) {
    // What goes wrong here goes wrong with `exchange` too.
    session_->Run(
        std::make_shared<ModeReader>(&is_reader_),
        [this](absl::Status status) { reader_was_asked_ = status.ok(); });
  }
  session_->Run(std::move(exchange), std::move(on_done));
}

void NntpSessionImpl::RunGroup(Command command, Done<NntpGroup> on_done) {
  const auto answer = std::make_shared<NntpGroup>();
  const bool block = command.block != nullptr;
  const std::string name = command.arguments.front();
  command.on_answer = Keep<NntpGroup>(
      answer, kGroupSelected,
      [this, name](NntpGroup* group) {
        group_ = name;
        group_is_selected_ = true;
        return ReadGroup(group);
      },
      block);
  command.by_lines = block;
  Run(NewLineExchange(std::move(command)), Give(answer, std::move(on_done)));
}

void NntpSessionImpl::ListGroup(std::string name, NntpRange range,
                                BlockSink* lines, Done<NntpGroup> on_done) {
  Command command{"LISTGROUP", {std::move(name), RangeText(range)}};
  command.block = lines;
  RunGroup(std::move(command), std::move(on_done));
}

void NntpSessionImpl::Over(NntpRange range, BlockSink* lines,
                           Done<NntpAnswer> on_done) {
  const auto answer = std::make_shared<NntpAnswer>();
  Command command{"", {RangeText(range)}};
  command.on_answer =
      Keep<NntpAnswer>(answer, kOverviewFollows, NoMore, /*block=*/true);
  command.block = lines;
  command.by_lines = true;
  Run(std::make_shared<OverExchange>(std::move(command)),
      Give(answer, std::move(on_done)));
}

void NntpSessionImpl::RunArticle(absl::string_view verb, int expected,
                                 const NntpArticleId& id, BlockSink* sink,
                                 Done<NntpArticle> on_done) {
  const auto answer = std::make_shared<NntpArticle>();
  Command command{std::string(verb), {IdText(id)}};
  command.on_answer =
      Keep<NntpArticle>(answer, expected, ReadArticle, sink != nullptr);
  command.block = sink;
  Run(NewLineExchange(std::move(command)), Give(answer, std::move(on_done)));
}

void NntpSessionImpl::ListActive(std::string wildmat, BlockSink* lines,
                                 Done<NntpAnswer> on_done) {
  const auto answer = std::make_shared<NntpAnswer>();
  Command command{"LIST ACTIVE"};
  if (!wildmat.empty()) command.arguments = {std::move(wildmat)};
  command.on_answer =
      Keep<NntpAnswer>(answer, kListFollows, NoMore, /*block=*/true);
  command.block = lines;
  command.by_lines = true;
  Run(NewLineExchange(std::move(command)), Give(answer, std::move(on_done)));
}

void NntpSessionImpl::Post(std::shared_ptr<MessageSource> article,
                           Done<NntpAnswer> on_done) {
  const auto exchange = std::make_shared<PostExchange>(std::move(article));
  Run(exchange, [exchange, on_done](absl::Status status) {
    status.ok() ? on_done(exchange->answer()) : on_done(std::move(status));
  });
}

void NntpSessionImpl::Quit(Done<NntpAnswer> on_done) {
  const auto answer = std::make_shared<NntpAnswer>();
  Command command{"QUIT"};
  command.on_loss = OnLoss::kDone;
  command.on_answer =
      Keep<NntpAnswer>(answer, kQuitting, NoMore, /*block=*/false);
  session_->Run(NewLineExchange(std::move(command)),
                Give(answer, std::move(on_done)));
}

std::shared_ptr<Exchange> NntpSessionImpl::NextRestoring() {
  if (!is_reader_) return std::make_shared<ModeReader>(&is_reader_);
  if (group_.empty() || group_is_selected_) return nullptr;
  Command command{"GROUP", {group_}};
  command.on_answer = [this](absl::string_view line) -> absl::StatusOr<bool> {
    const absl::StatusOr<NntpAnswer> answer = ReadAnswer(line, kGroupSelected);
    if (!answer.ok()) return answer.status();
    group_is_selected_ = answer->ok();
    if (!answer->ok()) {
      group_.clear();
      restored_ = ServerError(ErrorCode::kStateNotRestored, line);
    }
    return false;
  };
  return NewLineExchange(std::move(command));
}

}  // namespace

std::unique_ptr<NntpSession> NntpSession::Create(const Factory& factory) {
  return std::make_unique<NntpSessionImpl>(factory);
}

}  // namespace holdfast
