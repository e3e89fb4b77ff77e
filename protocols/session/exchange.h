// SPDX-License-Identifier: MPL-2.0

// One command and its answer on a signed-in connection, without I/O: it says
// what to send, and is fed what the server sends. The driver is session.h.
//
// A command of several steps (a literal that waits for "+", an SMTP
// transaction, "UIDL 3" before "RETR 3") is one exchange.

#ifndef HOLDFAST_PROTOCOLS_SESSION_EXCHANGE_H_
#define HOLDFAST_PROTOCOLS_SESSION_EXCHANGE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#pragma GCC visibility push(default)
namespace holdfast {

// The connection was lost in the middle of an exchange: what may be done.
enum class OnLoss {
  // The server cannot have acted yet, or doing it twice does no harm: it is
  // begun again on the next connection.
  kRepeat,
  // It does no harm, but would mean something else on another connection, as
  // message numbers do: kConnectionLost.
  kGiveUp,
  // The server may have acted: kOutcomeUnknown (promise 11).
  kUnknown,
  // The end of the connection is its end: after QUIT or LOGOUT.
  kDone,
};

// The driver sends all that Produce() gives, then feeds Consume() until it is
// done; whenever the exchange has heard something, there may be more to send.
// Thread safety: none.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // On a ready connection whose server has said `capabilities`: from the
  // beginning. Called before anything else, and again for each repetition: what
  // was collected is dropped. An error ends it, with nothing sent.
  virtual absl::Status Start(const std::vector<std::string>& capabilities) = 0;

  // More to send, at most about kChunk; empty: the server is to be heard first,
  // or it is done. Asked for only when all before was handed to the connection.
  // An error ends the exchange and the connection.
  virtual absl::StatusOr<std::string> Produce() = 0;

  // Takes what it can off the front of `bytes`, and returns how much; 0: more
  // must come first. Not called with less than was left over and something new.
  // It must take something of kLongestLine bytes. Takes nothing beyond its own
  // answer. An error ends the exchange and the connection.
  virtual absl::StatusOr<size_t> Consume(absl::string_view bytes) = 0;

  // All was said and heard; a refusal by the server is an answer too.
  virtual bool done() const = 0;

  // If the connection were lost now.
  virtual OnLoss on_loss() const = 0;

  // It has nothing to wait for but news, which may take days (IDLE): losses
  // that are far enough from each other may be any number.
  virtual bool waits_for_news() const { return false; }

  // How long the server may be silent now; unset: as the session's options say.
  virtual std::optional<absl::Duration> patience() const {
    return std::nullopt;
  }

  static constexpr size_t kChunk = size_t{16} * 1024;
  // Of a server's line, with its end.
  static constexpr size_t kLongestLine = size_t{64} * 1024;
};

// A line of `bytes`, taken off its front with its end (CRLF; a bare LF is
// accepted); nullopt if there is no whole one.
std::optional<absl::string_view> TakeLine(absl::string_view* bytes);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SESSION_EXCHANGE_H_
