// SPDX-License-Identifier: MPL-2.0

// An IMAP command as a client gives it, made of parts; and how it is sent:
// quoted or in literals, at once or after the server's "+".
//
//   ImapCommand("APPEND").Mailbox("Entwürfe").Message(source)

#ifndef HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_COMMAND_H_
#define HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_COMMAND_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/protocols/session/message_source.h"

#pragma GCC visibility push(default)
namespace holdfast {

// UIDs or message numbers (RFC 9051, 9, "sequence-set"). A value type.
class ImapSet {
 public:
  // "1:5,7,20:*". Errors: kInvalidArgument.
  static absl::StatusOr<ImapSet> Parse(absl::string_view text);
  // In any order. Errors: kInvalidArgument if it is empty or holds 0. Servers
  // take lines of 8192 octets (RFC 7162, 4); many of them more.
  static absl::StatusOr<ImapSet> Of(std::vector<uint32_t> numbers);

  const std::string& text() const { return text_; }

 private:
  explicit ImapSet(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

// A piece of a command on its way.
struct ImapSegment {
  enum class Wait {
    kNone,
    kGoOn,  // for the server's "+" first
    kEnd,   // for that, and then for the client to end it
  };

  Wait wait = Wait::kNone;
  std::string text;
  std::shared_ptr<MessageSource> message;  // after the text; may be null
};

// Parts are joined by spaces. What cannot be sent is found when it is to be.
// A value type, but for the message.
class ImapCommand {
 public:
  ImapCommand() = default;
  // As Words().
  explicit ImapCommand(absl::string_view words) { Words(words); }

  // As they stand: printable ASCII, without a literal at the end.
  ImapCommand& Words(absl::string_view words);
  // "(a b)", atoms or flags each.
  ImapCommand& List(const std::vector<std::string>& words);
  // Any text but NUL, CR and LF.
  ImapCommand& String(absl::string_view text);
  // UTF-8; likewise.
  ImapCommand& Mailbox(absl::string_view name);
  // In a literal; without NUL, its line ends CRLF (RFC 9051, 4.3).
  ImapCommand& Message(std::shared_ptr<MessageSource> message);
  // "CHARSET UTF-8" if a string is not ASCII and the server has to be told.
  ImapCommand& Charset();
  ImapCommand& Append(const ImapCommand& more);
  // Sent once the client ends the command, which the server has taken up.
  ImapCommand& UntilEnded(absl::string_view words);

  // With what the server said that it can do; `utf8`: UTF8=ACCEPT was enabled
  // (RFC 6855, 3). The messages are rewound. Errors: kInvalidArgument; those of
  // Rewind().
  absl::StatusOr<std::deque<ImapSegment>> Encode(
      absl::string_view tag, const std::vector<std::string>& capabilities,
      bool utf8) const;

 private:
  enum class Kind {
    kWords,
    kList,
    kString,
    kMailbox,
    kMessage,
    kCharset,
    kUntilEnd
  };
  struct Part {
    Kind kind;
    std::string text;
    std::shared_ptr<MessageSource> message;
  };
  class Encoder;

  std::vector<Part> parts_;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_COMMAND_H_
