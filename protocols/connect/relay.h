// Carries bytes between a connection and descriptors, in both directions, until
// both have ended: a session on stdin and stdout, a plaintext socket for a
// client that wants a descriptor.

#ifndef HOLDFAST_PROTOCOLS_CONNECT_RELAY_H_
#define HOLDFAST_PROTOCOLS_CONNECT_RELAY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/protocols/dialogue/connection.h"

namespace holdfast {

struct RelayOptions {
  // May be the same. Not owned; they stay open, and their mode is not changed.
  int from = -1;  // what comes from here is sent to the server
  int to = -1;    // what the server sends goes here
  // Written to `to` before anything else.
  std::string prelude;
  // A line that ends in LF alone is sent with CRLF: for people who type.
  bool add_cr = false;
  // The end of `from` is passed on only when the server has said nothing for so
  // long. Many servers stop in the middle of an answer when they see it, so
  // that one who pipes commands in would lose what they ask for.
  absl::Duration silence_before_end = absl::ZeroDuration();
};

struct RelayResult {
  uint64_t bytes_sent = 0;      // to the server
  uint64_t bytes_received = 0;  // from the server
  std::optional<Error> error;   // unset: an orderly end
};

// Ownership: owns the connection. Memory is bounded: a side that does not take
// what comes makes the other wait. Thread safety: the loop's thread.
class Relay {
 public:
  // Calls `on_done` once, never from inside this call. The callback may destroy
  // the relay.
  //
  // The end of `from` is passed on (close_notify) and the server's answers are
  // still awaited; the end of the server's stream, or of whoever reads `to`,
  // ends the relay. Errors: kConnectionClosed if the stream ended without
  // close_notify; kOutputFailed; those of Connection.
  [[nodiscard]] static std::unique_ptr<Relay> Start(
      EventLoop* loop, std::unique_ptr<Connection> connection,
      RelayOptions options, std::function<void(RelayResult)> on_done);

  virtual ~Relay() = default;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_CONNECT_RELAY_H_
