// An IMAP server's bytes as responses, without I/O: their text is gathered,
// their literals (RFC 9051, 4.3) are handed on as they come, of any size.

#ifndef HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_READER_H_
#define HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/protocols/session/exchange.h"

namespace holdfast {

// One for each connection: a response may end in another hand than it began.
// Thread safety: none.
class ImapReader {
 public:
  enum class Event {
    kNothing,   // more must come
    kLiteral,   // one of literal_size() bytes begins where text() ends
    kPiece,     // of a literal that is streamed: piece()
    kResponse,  // text() is whole
  };

  // Stands in text() for a literal that was streamed; the reader lets no NUL of
  // the server's through.
  static constexpr char kStreamed = '\0';

  // Takes bytes off the front of `bytes` up to the next event. `max_text` is
  // the most that one response's text may be. After an error the reader is of
  // no more use. Errors: kUnexpectedResponse, kLineTooLong.
  absl::StatusOr<Event> Next(absl::string_view* bytes,
                             size_t max_text = Exchange::kLongestLine);

  // After kLiteral: gives it in pieces. Else it is kept in text().
  void StreamLiteral();

  // Of the response: without its end, with the literals that were kept, as they
  // were sent: "{3}\r\nabc". Valid until Next() is called again.
  absl::string_view text() const { return text_; }
  uint64_t literal_size() const { return literal_size_; }
  // Points into what Next() was given.
  absl::string_view piece() const { return piece_; }

 private:
  enum class State { kText, kKept, kStreaming };

  absl::StatusOr<Event> ReadText(absl::string_view* bytes, size_t max_text);
  absl::StatusOr<Event> EndLine();
  absl::Status Append(absl::string_view bytes, size_t max_text);

  State state_ = State::kText;
  bool whole_ = false;  // text_ was given
  std::string text_;
  size_t line_ = 0;    // where in text_ its last line begins
  size_t header_ = 0;  // where in text_ the literal's header begins
  uint64_t literal_size_ = 0;
  uint64_t left_ = 0;  // of the literal
  absl::string_view piece_;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_READER_H_
