#include "holdfast/protocols/session/pop3_session.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/dialogue/reply.h"
#include "holdfast/protocols/session/line_exchange.h"

namespace holdfast {
namespace {

using Command = LineExchange::Command;

constexpr size_t kLongestCommand = 255;  // RFC 2449, 4
constexpr size_t kMostMessages = 1'000'000;

absl::StatusOr<Pop3Answer> ReadAnswer(absl::string_view line) {
  absl::string_view words = line;
  Pop3Answer answer;
  answer.ok = ConsumeWord(&words, "+OK");
  if (!answer.ok && !ConsumeWord(&words, "-ERR")) {
    return ServerError(ErrorCode::kUnexpectedResponse, line);
  }
  answer.words = std::string(words);
  const size_t end = words.find(']');
  if (absl::ConsumePrefix(&words, "[") && end != absl::string_view::npos) {
    answer.code = std::string(words.substr(0, end - 1));
  }
  return answer;
}

// "2 320": RFC 1939, 5, STAT.
absl::Status ReadStat(absl::string_view words, Pop3Stat* stat) {
  const std::vector<absl::string_view> parts = absl::StrSplit(words, ' ');
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &stat->messages) ||
      !absl::SimpleAtoi(parts[1], &stat->bytes)) {
    return ServerError(ErrorCode::kUnexpectedResponse, words);
  }
  return absl::OkStatus();
}

// The lines of LIST, "1 120", or UIDL, "1 QhdPYR:00WBw1Ph7x7".
class ListSink final : public BlockSink {
 public:
  enum class Kind { kSizes, kUniqueIds };

  ListSink(Kind kind, std::vector<Pop3Message>* messages)
      : kind_(kind), messages_(messages) {}
  void Begin() override { messages_->clear(); }
  absl::Status Add(absl::string_view line) override;

 private:
  const Kind kind_;
  std::vector<Pop3Message>* const messages_;
};

absl::Status ListSink::Add(absl::string_view line) {
  if (messages_->size() == kMostMessages) {
    return MakeStatus(ErrorCode::kTooMuchData, Phase::kSession, "");
  }
  const std::vector<absl::string_view> parts =
      absl::StrSplit(line, ' ', absl::SkipEmpty());
  Pop3Message message;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &message.number) ||
      message.number < 1 ||
      (kind_ == Kind::kSizes && !absl::SimpleAtoi(parts[1], &message.bytes))) {
    return ServerError(ErrorCode::kUnexpectedResponse, line);
  }
  if (kind_ == Kind::kUniqueIds) message.unique_id = std::string(parts[1]);
  messages_->push_back(std::move(message));
  return absl::OkStatus();
}

// What lasts as long as a connection, and what the client did on it.
struct Marks {
  int connection = 0;   // the how manieth
  int numbered_on = 0;  // that the client's message numbers are of
  int deleted = 0;
  int forgotten = 0;  // deletions, by the server, with a connection
};

// A command about a message, by its number. On another connection than the
// number is of, asks first whether that is still the message.
class NumberedExchange final : public Exchange {
 public:
  NumberedExchange(const Marks* marks, Pop3Message message, Command command)
      : marks_(marks),
        numbered_on_(marks->numbered_on),
        message_(std::move(message)),
        check_(CheckCommand(), kLongestCommand),
        command_(std::move(command), kLongestCommand) {}

  absl::Status Start(const std::vector<std::string>& capabilities) override;
  absl::StatusOr<std::string> Produce() override { return now().Produce(); }
  absl::StatusOr<size_t> Consume(absl::string_view bytes) override {
    return now().Consume(bytes);
  }
  bool done() const override {
    return is_another_ || (same_ && command_.done());
  }
  OnLoss on_loss() const override {
    return same_ ? command_.on_loss() : OnLoss::kRepeat;
  }
  // Why nothing was done.
  absl::Status failure() const {
    return is_another_ ? Lost() : absl::OkStatus();
  }

 private:
  Command CheckCommand();
  LineExchange& now() { return same_ ? command_ : check_; }
  static absl::Status Lost() {
    return MakeStatus(ErrorCode::kConnectionLost, Phase::kSession, "");
  }

  const Marks* const marks_;
  const int numbered_on_;
  const Pop3Message message_;
  LineExchange check_;
  LineExchange command_;
  bool same_ = true;
  bool is_another_ = false;
};

absl::Status NumberedExchange::Start(
    const std::vector<std::string>& capabilities) {
  if (message_.number < 1) {
    return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSession,
                      "Message numbers begin with 1.");
  }
  same_ = numbered_on_ == marks_->connection;
  is_another_ = false;
  if (!same_ && message_.unique_id.empty()) return Lost();
  if (absl::Status started = check_.Start(capabilities); !started.ok()) {
    return started;
  }
  return command_.Start(capabilities);
}

Command NumberedExchange::CheckCommand() {
  Command check{"UIDL", {absl::StrCat(message_.number)}};
  check.on_answer = [this](absl::string_view line) -> absl::StatusOr<bool> {
    const absl::StatusOr<Pop3Answer> answer = ReadAnswer(line);
    if (!answer.ok()) return answer.status();
    const std::vector<absl::string_view> parts =
        absl::StrSplit(answer->words, ' ', absl::SkipEmpty());
    same_ = answer->ok && parts.size() >= 2 &&
            parts[0] == absl::StrCat(message_.number) &&
            parts[1] == message_.unique_id;
    is_another_ = !same_;
    return false;
  };
  return check;
}

// QUIT. What was marked as deleted is, or is not, once it was sent.
class QuitExchange final : public LineExchange {
 public:
  QuitExchange(Marks* marks, Command command)
      : LineExchange(std::move(command), kLongestCommand), marks_(marks) {}

  absl::StatusOr<std::string> Produce() override {
    if (std::exchange(marks_->deleted, 0) > 0) at_stake_ = true;
    return LineExchange::Produce();
  }
  OnLoss on_loss() const override {
    if (done()) return OnLoss::kDone;
    if (at_stake_) return OnLoss::kUnknown;
    return marks_->deleted > 0 ? OnLoss::kRepeat : OnLoss::kDone;
  }

 private:
  Marks* const marks_;
  bool at_stake_ = false;
};

class Pop3SessionImpl final : public Pop3Session, public SessionState {
 public:
  explicit Pop3SessionImpl(const Factory& factory) : session_(factory(this)) {}

  void Connect(Session::Done on_done) override {
    session_->Connect(std::move(on_done));
  }
  void Stat(Done<Pop3Stat> on_done) override;
  void List(Done<Pop3List> on_done) override {
    RunList("LIST", ListSink::Kind::kSizes, std::move(on_done));
  }
  void UidList(Done<Pop3List> on_done) override {
    RunList("UIDL", ListSink::Kind::kUniqueIds, std::move(on_done));
  }
  void Retrieve(Pop3Message message, BlockSink* sink,
                Done<Pop3Answer> on_done) override {
    Command command{"RETR", {absl::StrCat(message.number)}};
    RunBlock(std::move(message), std::move(command), sink, std::move(on_done));
  }
  void Top(Pop3Message message, uint32_t lines, BlockSink* sink,
           Done<Pop3Answer> on_done) override {
    Command command{"TOP", {absl::StrCat(message.number), absl::StrCat(lines)}};
    RunBlock(std::move(message), std::move(command), sink, std::move(on_done));
  }
  void Delete(Pop3Message message, Done<Pop3Answer> on_done) override;
  void Reset(Done<Pop3Answer> on_done) override;
  void Noop(Done<Pop3Answer> on_done) override;
  void Quit(Done<Pop3Answer> on_done) override;
  Session& session() override { return *session_; }

  std::shared_ptr<Exchange> NextRestoring() override { return nullptr; }
  absl::Status Restored() override;
  absl::StatusOr<size_t> OnUnasked(absl::string_view bytes) override {
    return ReadUnasked(bytes, [](absl::string_view line) {
      return ConsumeWord(&line, "-ERR");
    });
  }
  void OnLost() override {
    ++marks_.connection;
    marks_.forgotten += std::exchange(marks_.deleted, 0);
  }

 private:
  void RunList(absl::string_view verb, ListSink::Kind kind,
               Done<Pop3List> on_done);
  void RunNumbered(Pop3Message message, Command command,
                   std::shared_ptr<Pop3Answer> answer,
                   Done<Pop3Answer> on_done);
  void RunBlock(Pop3Message message, Command command, BlockSink* sink,
                Done<Pop3Answer> on_done);
  void RunPlain(absl::string_view verb, std::function<void()> on_ok,
                Done<Pop3Answer> on_done);
  // Reads an answer of one line into `answer`; then, of a good one, the rest.
  template <typename T>
  static auto Keep(std::shared_ptr<T> answer,
                   std::function<absl::StatusOr<bool>(T*)> on_ok);

  Marks marks_;
  std::unique_ptr<Session> session_;  // uses *this: goes first
};

template <typename T>
auto Pop3SessionImpl::Keep(std::shared_ptr<T> answer,
                           std::function<absl::StatusOr<bool>(T*)> on_ok) {
  return [answer, on_ok](absl::string_view line) -> absl::StatusOr<bool> {
    absl::StatusOr<Pop3Answer> heard = ReadAnswer(line);
    if (!heard.ok()) return heard.status();
    static_cast<Pop3Answer&>(*answer) = *std::move(heard);
    return answer->ok ? on_ok(answer.get()) : false;
  };
}

template <typename T>
Session::Done Give(std::shared_ptr<T> answer, Pop3Session::Done<T> on_done) {
  return [answer, on_done](absl::Status status) {
    status.ok() ? on_done(std::move(*answer)) : on_done(std::move(status));
  };
}

void Pop3SessionImpl::Stat(Done<Pop3Stat> on_done) {
  const auto answer = std::make_shared<Pop3Stat>();
  Command command{"STAT"};
  command.on_answer =
      Keep<Pop3Stat>(answer, [this](Pop3Stat* stat) -> absl::StatusOr<bool> {
        marks_.numbered_on = marks_.connection;
        absl::Status read = ReadStat(stat->words, stat);
        if (!read.ok()) return read;
        return false;
      });
  session_->Run(
      std::make_shared<LineExchange>(std::move(command), kLongestCommand),
      Give(answer, std::move(on_done)));
}

void Pop3SessionImpl::RunList(absl::string_view verb, ListSink::Kind kind,
                              Done<Pop3List> on_done) {
  const auto answer = std::make_shared<Pop3List>();
  const auto sink = std::make_shared<ListSink>(kind, &answer->messages);
  Command command{std::string(verb)};
  command.on_answer = Keep<Pop3List>(answer, [this, sink](Pop3List*) {
    marks_.numbered_on = marks_.connection;
    return true;
  });
  command.block = sink.get();
  command.by_lines = true;
  session_->Run(
      std::make_shared<LineExchange>(std::move(command), kLongestCommand),
      Give(answer, std::move(on_done)));
}

void Pop3SessionImpl::RunBlock(Pop3Message message, Command command,
                               BlockSink* sink, Done<Pop3Answer> on_done) {
  const auto answer = std::make_shared<Pop3Answer>();
  command.on_loss =
      message.unique_id.empty() ? OnLoss::kGiveUp : OnLoss::kRepeat;
  command.on_answer = Keep<Pop3Answer>(answer, [](auto*) { return true; });
  command.block = sink;
  RunNumbered(std::move(message), std::move(command), answer,
              std::move(on_done));
}

void Pop3SessionImpl::Delete(Pop3Message message, Done<Pop3Answer> on_done) {
  const auto answer = std::make_shared<Pop3Answer>();
  Command command{"DELE", {absl::StrCat(message.number)}};
  command.on_loss = OnLoss::kUnknown;
  command.on_answer = Keep<Pop3Answer>(answer, [this](auto*) {
    ++marks_.deleted;
    return false;
  });
  RunNumbered(std::move(message), std::move(command), answer,
              std::move(on_done));
}

void Pop3SessionImpl::RunNumbered(Pop3Message message, Command command,
                                  std::shared_ptr<Pop3Answer> answer,
                                  Done<Pop3Answer> on_done) {
  const auto exchange = std::make_shared<NumberedExchange>(
      &marks_, std::move(message), std::move(command));
  session_->Run(exchange, [exchange, answer, on_done](absl::Status status) {
    status.Update(exchange->failure());
    status.ok() ? on_done(std::move(*answer)) : on_done(std::move(status));
  });
}

void Pop3SessionImpl::RunPlain(absl::string_view verb,
                               std::function<void()> on_ok,
                               Done<Pop3Answer> on_done) {
  const auto answer = std::make_shared<Pop3Answer>();
  Command command{std::string(verb)};
  command.on_answer = Keep<Pop3Answer>(answer, [on_ok](auto*) {
    on_ok();
    return false;
  });
  session_->Run(
      std::make_shared<LineExchange>(std::move(command), kLongestCommand),
      Give(answer, std::move(on_done)));
}

void Pop3SessionImpl::Reset(Done<Pop3Answer> on_done) {
  RunPlain(
      "RSET", [this] { marks_.deleted = 0; }, std::move(on_done));
}

void Pop3SessionImpl::Noop(Done<Pop3Answer> on_done) {
  RunPlain(
      "NOOP", [] {}, std::move(on_done));
}

void Pop3SessionImpl::Quit(Done<Pop3Answer> on_done) {
  const auto answer = std::make_shared<Pop3Answer>();
  // If the connection ends before the answer, there was nothing left to do.
  answer->ok = true;
  Command command{"QUIT"};
  command.on_answer = Keep<Pop3Answer>(answer, [](auto*) { return false; });
  session_->Run(std::make_shared<QuitExchange>(&marks_, std::move(command)),
                Give(answer, std::move(on_done)));
}

absl::Status Pop3SessionImpl::Restored() {
  const int forgotten = std::exchange(marks_.forgotten, 0);
  if (forgotten == 0) return absl::OkStatus();
  return MakeStatus(
      ErrorCode::kStateNotRestored, Phase::kSession,
      absl::StrCat("The connection was lost before QUIT: ", forgotten,
                   forgotten == 1 ? " message marked for deletion is"
                                  : " messages marked for deletion are",
                   " still there."));
}

}  // namespace

std::unique_ptr<Pop3Session> Pop3Session::Create(const Factory& factory) {
  return std::make_unique<Pop3SessionImpl>(factory);
}

}  // namespace holdfast
