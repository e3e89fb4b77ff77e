// SPDX-License-Identifier: MPL-2.0

// What IMAP servers say, as values (RFC 9051, 7), and how their text is read.

#ifndef HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_DATA_H_
#define HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_DATA_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#pragma GCC visibility push(default)
namespace holdfast {

// "OK [APPENDUID 38505 3955] Done": what is said of a command.
struct ImapAnswer {
  enum class Kind { kOk, kNo, kBad };

  Kind kind = Kind::kOk;
  std::string code;       // "APPENDUID", in upper case; may be empty
  std::string arguments;  // of the code: "38505 3955"
  std::string text;       // for people, once it is Printable()

  bool ok() const { return kind == Kind::kOk; }
};

// A section of a message that was asked for: BODY[...] or BINARY[...].
struct ImapSection {
  std::string name;  // "BODY[]", as the server wrote it
  // Unset: there is none (NIL), or it came in pieces.
  std::optional<std::string> content;
  bool in_pieces = false;
};

// What the server says of a message (RFC 9051, 7.5.2): only what was asked for,
// or has changed.
struct ImapMessage {
  uint32_t number = 0;  // in the mailbox as it is now
  std::optional<uint32_t> uid;
  std::optional<std::vector<std::string>> flags;
  std::optional<uint64_t> size;  // RFC822.SIZE
  std::string internal_date;     // "17-Jul-1996 02:44:25 -0700"
  std::string envelope;          // as the server wrote it: "(...)"
  std::vector<ImapSection> sections;
  // Whatever else, by its name in upper case, as the server wrote it.
  std::map<std::string, std::string> others;
};

// What the server says of itself, as it pleases.
struct ImapUpdate {
  enum class Kind {
    kExists,    // the mailbox has `number` messages now
    kExpunged,  // the message of `number` is gone; those after it move up
    kMessage,   // `message` has changed
    kAlert,     // `text` is to be shown to the user (RFC 9051, 7.1)
    kBye,       // it takes its leave: `text`
    kRestored,  // not the server's: the mailbox was selected on a new
                // connection; message numbers are new, `number` is how many
    kOther,     // `text` is the whole response
  };

  Kind kind = Kind::kOther;
  uint32_t number = 0;
  ImapMessage message;
  std::string text;
};

// What a mailbox is when it is selected (RFC 9051, 6.3.2).
struct MailboxInfo {
  ImapAnswer answer;
  uint32_t exists = 0;
  uint32_t uid_validity = 0;  // 0: the server keeps no UIDs
  uint32_t uid_next = 0;      // 0: not told
  std::vector<std::string> flags;
  std::vector<std::string> permanent_flags;
  bool read_only = false;
  std::optional<uint64_t> highest_modseq;  // RFC 7162, 3.1.2.1
};

struct MailboxEntry {
  std::string name;                     // UTF-8
  std::string encoded_name;             // as the server wrote it
  char delimiter = '\0';                // NUL: there are no levels
  std::vector<std::string> attributes;  // "\Noselect"
};

// kUnexpectedResponse, with the beginning of `text` as the server's words.
absl::Status UnexpectedImapResponse(absl::string_view text);

// `text` is without tag. nullopt for what is no answer.
std::optional<ImapAnswer> ParseImapAnswer(absl::string_view text);

// These take a whole untagged response, "* ..."; nullopt if it is another one
// or malformed.
std::optional<ImapAnswer> ParseImapStatusLine(absl::string_view text);  // OK
std::optional<ImapMessage> ParseImapFetch(absl::string_view text);
// `utf8`: names are not encoded.
std::optional<MailboxEntry> ParseImapList(absl::string_view text, bool utf8);
// "* STATUS name (MESSAGES 3)": the numbers, by names in upper case.
std::optional<std::map<std::string, uint64_t>> ParseImapStatus(
    absl::string_view text);
// "* SEARCH 2 84", or what IMAP4rev2 says instead: "* ESEARCH (TAG "A1") UID
// ALL 2,84:90". At most two million of the latter.
std::optional<std::vector<uint32_t>> ParseImapSearch(absl::string_view text);
// Whatever is well-formed.
std::optional<ImapUpdate> ParseImapUpdate(absl::string_view text);

// Whether `text` begins a response of that kind: "* LIST", "* 3 FETCH".
bool IsImapResponse(absl::string_view text, absl::string_view kind);

// The section whose literal begins at the end of a FETCH response's `text`;
// nullopt if it is another item's.
std::optional<absl::string_view> SectionAtEnd(absl::string_view text);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_DATA_H_
