// What POP3, SMTP and NNTP share: a command of one line, answered by one line
// and perhaps a block.

#ifndef HOLDFAST_PROTOCOLS_SESSION_LINE_EXCHANGE_H_
#define HOLDFAST_PROTOCOLS_SESSION_LINE_EXCHANGE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/session/exchange.h"
#include "holdfast/protocols/session/text_block.h"

namespace holdfast {

// A command's line with its end. Errors: kInvalidArgument if an argument is
// empty or has a space or a control character, or if the line is longer than
// `longest` bytes, its end included.
absl::StatusOr<std::string> CommandLine(
    absl::string_view verb, const std::vector<std::string>& arguments,
    size_t longest);

// Takes a line as TakeLine() does. Errors: kLineTooLong if it does not end.
absl::StatusOr<std::optional<absl::string_view>> TakeServerLine(
    absl::string_view* bytes);

// A failure that the server's line shows.
absl::Status ServerError(ErrorCode code, absl::string_view line);

// What a server's words mean while nobody has asked it anything: that it takes
// its leave, if `is_leave` says so of the line (kServerBusy), else nothing that
// is allowed (kUnexpectedResponse). For SessionState::OnUnasked().
absl::StatusOr<size_t> ReadUnasked(
    absl::string_view bytes,
    const std::function<bool(absl::string_view)>& is_leave);

// What follows `keyword` in the capability of that name; nullopt without one.
std::optional<absl::string_view> FindCapability(
    const std::vector<std::string>& capabilities, absl::string_view keyword);

// Thread safety: none.
class LineExchange : public Exchange {
 public:
  struct Command {
    std::string verb;
    std::vector<std::string> arguments = {};
    // Once it was sent; before, it may be begun again.
    OnLoss on_loss = OnLoss::kRepeat;
    // What the answer's first line says: true if a block follows.
    std::function<absl::StatusOr<bool>(absl::string_view line)> on_answer = {};
    // Where the block goes, if there may be one.
    BlockSink* block = nullptr;
    bool by_lines = false;
  };

  // `longest`: the protocol's limit for a command's line.
  LineExchange(Command command, size_t longest)
      : command_(std::move(command)), longest_(longest) {}

  absl::Status Start(const std::vector<std::string>& capabilities) override;
  absl::StatusOr<std::string> Produce() override;
  absl::StatusOr<size_t> Consume(absl::string_view bytes) override;
  bool done() const override { return state_ == State::kDone; }
  OnLoss on_loss() const override;

 private:
  // Puts lines together, for by_lines.
  class Lines final : public BlockSink {
   public:
    void Begin() override { begun_.clear(); }
    absl::Status Add(absl::string_view piece) override;
    BlockSink* to = nullptr;

   private:
    std::string begun_;  // a line that has no end yet
  };
  enum class State { kUnsent, kSent, kBlock, kDone };

  absl::StatusOr<size_t> ConsumeAnswer(absl::string_view bytes);
  absl::StatusOr<size_t> ConsumeBlock(absl::string_view bytes);

  const Command command_;
  const size_t longest_;
  State state_ = State::kUnsent;
  std::string line_;
  Lines lines_;
  BlockDecoder decoder_;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SESSION_LINE_EXCHANGE_H_
