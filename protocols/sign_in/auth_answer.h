// How servers answer while somebody signs in: each protocol's lines, read into
// one shape. Pure functions.

#ifndef HOLDFAST_PROTOCOLS_SIGN_IN_AUTH_ANSWER_H_
#define HOLDFAST_PROTOCOLS_SIGN_IN_AUTH_ANSWER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "holdfast/protocols/dialogue/protocol.h"

namespace holdfast {

struct AuthAnswer {
  enum class Kind {
    kNothing,      // says nothing of signing in, or is part of a longer answer
    kChallenge,    // `text` is base64; after a protocol's own command, "go on"
    kSuccess,      // `text` may be a last challenge, in base64 (NNTP's 283)
    kRefused,      // the credentials
    kExpired,      // the credentials, which were right once
    kUnavailable,  // for now, whatever the credentials
    kClosing,      // and the server is about to leave
    kUnexpected,   // a refusal of the command, or no answer at all
  };

  Kind kind = Kind::kNothing;
  std::string text;
  // What the server can do now (IMAP).
  std::vector<std::string> capabilities = {};
};

// `tag` is IMAP's, of the command that waits for its end.
AuthAnswer ReadAuthAnswer(Protocol protocol, absl::string_view tag,
                          absl::string_view line);

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SIGN_IN_AUTH_ANSWER_H_
