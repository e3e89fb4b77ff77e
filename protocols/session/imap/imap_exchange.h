// One tagged IMAP command and its answer, as an Exchange.
//
//   ImapStream stream;
//   auto exchange = std::make_shared<ImapExchange>(
//       &stream, ImapCommand("NOOP"), OnLoss::kRepeat);
//   session->Run(exchange, ...);  // then exchange->answer()

#ifndef HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_EXCHANGE_H_
#define HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_EXCHANGE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/protocols/session/exchange.h"
#include "holdfast/protocols/session/imap/imap_command.h"
#include "holdfast/protocols/session/imap/imap_data.h"
#include "holdfast/protocols/session/imap/imap_reader.h"

namespace holdfast {

// What the commands of one session share. Thread safety: none.
struct ImapStream {
  ImapReader reader;  // of this connection
  bool utf8 = false;  // UTF-8 was enabled on this connection
  uint64_t tags = 0;  // given out, on all connections
  // Untagged responses that are no part of an answer. Errors end the
  // connection; null: they are dropped.
  std::function<absl::Status(absl::string_view text)> on_unasked;

  // A new connection.
  void Reset() {
    reader = ImapReader();
    utf8 = false;
  }
  // Takes what comes while no command runs, as Exchange::Consume() does.
  absl::StatusOr<size_t> TakeUnasked(absl::string_view bytes);
  absl::Status OnUnasked(absl::string_view text);
};

// What becomes of the untagged responses to one command. Errors end the
// connection. Thread safety: none.
class ImapHandler {
 public:
  virtual ~ImapHandler() = default;

  // The command begins, perhaps again: what was collected is dropped.
  virtual void OnStart() {}
  // False if it is no part of the answer.
  virtual absl::StatusOr<bool> OnUntagged(absl::string_view /*text*/) {
    return false;
  }
  // A literal begins where `text` ends: true if it is to come in pieces.
  virtual absl::StatusOr<bool> OnLiteral(absl::string_view /*text*/,
                                         uint64_t /*size*/) {
    return false;
  }
  virtual absl::Status OnPiece(absl::string_view /*bytes*/) {
    return absl::OkStatus();
  }
  // The most that the text of one response may be.
  virtual size_t max_text() const { return Exchange::kLongestLine; }
};

// Thread safety: none.
class ImapExchange final : public Exchange {
 public:
  // `on_loss` is what holds once all of the command was given out; one that may
  // have taken effect then (kUnknown) cannot have before: kRepeat. kDone is
  // LOGOUT's, which alone expects BYE. `stream` outlives it; `handler` may be
  // null.
  ImapExchange(ImapStream* stream, ImapCommand command, OnLoss on_loss,
               std::shared_ptr<ImapHandler> handler = nullptr);

  // Ends a command that waits for it (ImapCommand::UntilEnded()): the driver is
  // then to be woken.
  void End() { ended_ = true; }
  // How long the server may be silent while such a command waits.
  void set_waiting_patience(absl::Duration patience) {
    waiting_patience_ = patience;
  }

  // Once done: what the server said.
  const ImapAnswer& answer() const { return answer_; }

  // Errors: kInvalidArgument.
  absl::Status Start(const std::vector<std::string>& capabilities) override;
  // Errors: kMessageUnreadable, kInvalidArgument for a NUL in a message.
  absl::StatusOr<std::string> Produce() override;
  // Errors: kUnexpectedResponse, kLineTooLong, kServerBusy, the handler's.
  absl::StatusOr<size_t> Consume(absl::string_view bytes) override;
  bool done() const override;
  OnLoss on_loss() const override;
  // Once the server has taken up a command that waits to be ended.
  bool waits_for_news() const override;
  std::optional<absl::Duration> patience() const override;

 private:
  bool MayProduce() const;
  absl::Status ProduceMessage(MessageSource* message, std::string* out);

  absl::Status OnLiteral();
  absl::Status OnResponse(absl::string_view text);
  absl::Status OnContinuation();
  absl::Status OnUntagged(absl::string_view text);
  absl::Status OnTagged(absl::string_view status);

  ImapStream* const stream_;
  const ImapCommand command_;
  const OnLoss on_loss_;
  const std::shared_ptr<ImapHandler> handler_;
  absl::Duration waiting_patience_ = absl::InfiniteDuration();

  std::string tag_;
  std::deque<ImapSegment> segments_;      // not produced yet
  std::optional<uint64_t> message_left_;  // of the one that is being produced
  bool go_on_ = false;                    // "+" was heard for the first segment
  bool ended_ = false;
  bool answered_ = false;
  ImapAnswer answer_;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_EXCHANGE_H_
