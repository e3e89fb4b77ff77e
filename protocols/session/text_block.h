// SPDX-License-Identifier: MPL-2.0

// Text of many lines on the wire, of any size, in pieces: ended by a line of
// one dot, with a dot put before each line that begins with one (RFC 5321,
// 4.5.2; RFC 1939, 3; RFC 3977, 3.1.1).

#ifndef HOLDFAST_PROTOCOLS_SESSION_TEXT_BLOCK_H_
#define HOLDFAST_PROTOCOLS_SESSION_TEXT_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/protocols/session/message_source.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Where an answer of many lines goes while it comes in. It outlives the
// command's end. Thread safety: the loop's thread.
class BlockSink {
 public:
  virtual ~BlockSink() = default;
  // Before the first piece; once more if the connection was lost and all begins
  // anew: drop what came.
  virtual void Begin() = 0;
  // So many bytes are to come; after Begin(), where the server tells.
  virtual void OnSize(uint64_t /*bytes*/) {}
  // A message comes in pieces of any size, a list line by line, without line
  // ends. An error ends the command and the connection.
  virtual absl::Status Add(absl::string_view piece) = 0;
};

// Keeps a message as a whole, for who knows that it is small.
class StringSink final : public BlockSink {
 public:
  void Begin() override { text_.clear(); }
  absl::Status Add(absl::string_view piece) override {
    text_.append(piece.data(), piece.size());
    return absl::OkStatus();
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Takes a block as it comes, and holds nothing of it. Only CRLF ends a line
// here: a message with bare LFs could else pretend its own end, and go on with
// what would be taken for the server's next answers.
// Thread safety: none.
class BlockDecoder {
 public:
  // Hands what `bytes` begins with on to `sink`, dots taken off, line ends as
  // they came; returns how much that was: all, but for what follows the end.
  absl::StatusOr<size_t> Decode(absl::string_view bytes, BlockSink* sink);
  bool done() const { return state_ == State::kEnd; }

 private:
  enum class State { kLineStart, kText, kCr, kDot, kDotCr, kEnd };

  // The state after `c`, which is not in the middle of text.
  State After(char c) const;

  State state_ = State::kLineStart;
};

// A message as it is to be sent, chunk by chunk: every line end made CRLF, be
// it CRLF, LF or CR, and one added at the end if it is missing. Thread safety:
// none.
class BlockEncoder {
 public:
  enum class Form {
    kDotted,  // with dots, and the last line of one dot
    kPlain,   // without: for BDAT (RFC 3030)
  };

  // `source`, which outlives it, has been rewound.
  BlockEncoder(MessageSource* source, Form form)
      : source_(source), form_(form), unread_(source->size()) {}

  // At most about Exchange::kChunk. Not to be called once it is done.
  // Errors: kMessageUnreadable if it is shorter than it said; the source's.
  absl::StatusOr<std::string> Next();
  // The last chunk was handed out.
  bool done() const { return done_; }

 private:
  void Encode(absl::string_view text, std::string* out);

  MessageSource* source_;
  Form form_;
  uint64_t unread_;
  bool line_start_ = true;
  bool after_cr_ = false;
  bool done_ = false;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SESSION_TEXT_BLOCK_H_
