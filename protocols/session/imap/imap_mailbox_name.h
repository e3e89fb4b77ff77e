// Mailbox names in modified UTF-7 (RFC 3501, 5.1.3): "Entwürfe" is
// "Entw&APw-rfe" on the wire.

#ifndef HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_MAILBOX_NAME_H_
#define HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_MAILBOX_NAME_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace holdfast {

// Errors: kInvalidArgument for what is not UTF-8.
absl::StatusOr<std::string> EncodeMailboxName(absl::string_view utf8);
// A name that no client could have encoded so is given as it is.
std::string DecodeMailboxName(absl::string_view encoded);

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_MAILBOX_NAME_H_
