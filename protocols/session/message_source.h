// SPDX-License-Identifier: MPL-2.0

// A message to be sent, in pieces: nothing holds it whole.

#ifndef HOLDFAST_PROTOCOLS_SESSION_MESSAGE_SOURCE_H_
#define HOLDFAST_PROTOCOLS_SESSION_MESSAGE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Thread safety: one thread at a time.
class MessageSource {
 public:
  virtual ~MessageSource() = default;

  // In bytes, as Read() gives them. It must not change: IMAP's literals and
  // SMTP's SIZE promise it to the server.
  virtual uint64_t size() const = 0;
  // Back to the first byte, for a repetition.
  virtual absl::Status Rewind() = 0;
  // Returns the number of bytes put into `buffer`; 0 at the end. It may not
  // wait. An error ends the command before it has taken effect.
  virtual absl::StatusOr<size_t> Read(absl::Span<char> buffer) = 0;
};

// Line ends are CRLF already, or are made so by who sends: see there.
std::unique_ptr<MessageSource> NewStringSource(std::string message);
// Errors: kMessageUnreadable.
absl::StatusOr<std::unique_ptr<MessageSource>> OpenFileSource(
    const std::string& path);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SESSION_MESSAGE_SOURCE_H_
