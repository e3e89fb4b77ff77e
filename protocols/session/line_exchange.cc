#include "holdfast/protocols/session/line_exchange.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "holdfast/protocols/dialogue/reply.h"

namespace holdfast {
namespace {

bool IsOneWord(absl::string_view argument) {
  return !argument.empty() &&
         std::none_of(argument.begin(), argument.end(), [](char c) {
           return c == ' ' || absl::ascii_iscntrl(c);
         });
}

}  // namespace

absl::StatusOr<std::string> CommandLine(
    absl::string_view verb, const std::vector<std::string>& arguments,
    size_t longest) {
  std::string line(verb);
  for (const std::string& argument : arguments) {
    if (!IsOneWord(argument)) {
      return MakeStatus(
          ErrorCode::kInvalidArgument, Phase::kSession,
          "An argument is empty, or has a space or a control character.");
    }
    absl::StrAppend(&line, " ", argument);
  }
  line += "\r\n";
  if (line.size() > longest) {
    return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSession,
                      "The command is longer than the protocol allows.");
  }
  return line;
}

absl::StatusOr<std::optional<absl::string_view>> TakeServerLine(
    absl::string_view* bytes) {
  const absl::string_view longest = bytes->substr(0, Exchange::kLongestLine);
  if (longest.size() == Exchange::kLongestLine &&
      longest.find('\n') == absl::string_view::npos) {
    return MakeStatus(ErrorCode::kLineTooLong, Phase::kSession, "");
  }
  return TakeLine(bytes);
}

absl::Status ServerError(ErrorCode code, absl::string_view line) {
  Error error = MakeError(code, Phase::kSession);
  error.server_text = std::string(line);
  return ToStatus(error);
}

absl::StatusOr<size_t> ReadUnasked(
    absl::string_view bytes,
    const std::function<bool(absl::string_view)>& is_leave) {
  absl::StatusOr<std::optional<absl::string_view>> line =
      TakeServerLine(&bytes);
  if (!line.ok()) return line.status();
  if (!*line) return 0;
  return ServerError(is_leave(**line) ? ErrorCode::kServerBusy
                                      : ErrorCode::kUnexpectedResponse,
                     **line);
}

std::optional<absl::string_view> FindCapability(
    const std::vector<std::string>& capabilities, absl::string_view keyword) {
  for (absl::string_view capability : capabilities) {
    if (ConsumeWord(&capability, keyword)) return capability;
  }
  return std::nullopt;
}

absl::Status LineExchange::Start(const std::vector<std::string>&) {
  absl::StatusOr<std::string> line =
      CommandLine(command_.verb, command_.arguments, longest_);
  if (!line.ok()) return line.status();
  line_ = *std::move(line);
  state_ = State::kUnsent;
  decoder_ = BlockDecoder();
  lines_.Begin();
  lines_.to = command_.block;
  return absl::OkStatus();
}

absl::StatusOr<std::string> LineExchange::Produce() {
  if (state_ != State::kUnsent) return std::string();
  state_ = State::kSent;
  return std::move(line_);
}

absl::StatusOr<size_t> LineExchange::Consume(absl::string_view bytes) {
  switch (state_) {
    case State::kUnsent:
    case State::kSent:
      return ConsumeAnswer(bytes);
    case State::kBlock:
      return ConsumeBlock(bytes);
    case State::kDone:
      break;
  }
  return 0;
}

OnLoss LineExchange::on_loss() const {
  // Nobody dials again to take his leave.
  if (command_.on_loss == OnLoss::kDone) return OnLoss::kDone;
  return state_ == State::kUnsent ? OnLoss::kRepeat : command_.on_loss;
}

absl::StatusOr<size_t> LineExchange::ConsumeAnswer(absl::string_view bytes) {
  absl::string_view rest = bytes;
  absl::StatusOr<std::optional<absl::string_view>> line = TakeServerLine(&rest);
  if (!line.ok()) return line.status();
  if (!*line) return 0;
  const absl::StatusOr<bool> block = command_.on_answer(**line);
  if (!block.ok()) return block.status();
  state_ = *block ? State::kBlock : State::kDone;
  if (*block) command_.block->Begin();
  return bytes.size() - rest.size();
}

absl::StatusOr<size_t> LineExchange::ConsumeBlock(absl::string_view bytes) {
  const absl::StatusOr<size_t> taken =
      decoder_.Decode(bytes, command_.by_lines ? &lines_ : command_.block);
  if (taken.ok() && decoder_.done()) state_ = State::kDone;
  return taken;
}

absl::Status LineExchange::Lines::Add(absl::string_view piece) {
  while (!piece.empty()) {
    const size_t end = piece.find('\n');
    const absl::string_view part = piece.substr(0, end);
    begun_.append(part.data(), part.size());
    if (begun_.size() > kLongestLine) {
      return MakeStatus(ErrorCode::kLineTooLong, Phase::kSession, "");
    }
    if (end == absl::string_view::npos) break;
    piece.remove_prefix(end + 1);
    absl::string_view line = begun_;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (absl::Status status = to->Add(line); !status.ok()) return status;
    begun_.clear();
  }
  return absl::OkStatus();
}

}  // namespace holdfast
