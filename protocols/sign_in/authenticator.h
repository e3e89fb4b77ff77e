// One try at signing in, without I/O: it is fed the server's lines and answers
// with what to do. The driver is sign_in.h.

#ifndef HOLDFAST_PROTOCOLS_SIGN_IN_AUTHENTICATOR_H_
#define HOLDFAST_PROTOCOLS_SIGN_IN_AUTHENTICATOR_H_

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/secret_string.h"
#include "holdfast/core/tls/channel_binding.h"
#include "holdfast/protocols/dialogue/protocol.h"
#include "holdfast/protocols/sign_in/sasl_mechanism.h"

namespace holdfast {

// What the driver is to do next.
struct AuthStep {
  enum class Kind {
    kContinue,  // send `send` if there is any, then feed the next line
    kDone,      // signed in
    kRefused,   // the credentials were; the connection is as before: `error`
    kFailed,    // the connection is of no more use: `error`
  };

  Kind kind = Kind::kContinue;
  SecretString send;           // with its CRLF
  std::optional<Error> error;  // never holds a secret (promise 14)

  // Nothing is to be sent: the next line is waited for.
  bool says_nothing() const { return kind == Kind::kContinue && send.empty(); }
};

struct AuthenticatorOptions {
  Protocol protocol;
  SaslMechanism mechanism;
  std::string user;
  SecretString secret;
  std::string act_as = {};
  // The server's, heard inside TLS.
  std::vector<std::string> capabilities = {};
  std::optional<ChannelBinding> channel_binding = std::nullopt;
  // IMAP: no command on this connection may have had it before.
  std::string tag = "auth1";
  // SCRAM's; empty: a random one.
  std::string nonce = {};
};

// Thread safety: none. Made anew for each try; wipes what it was given when it
// is destroyed.
class Authenticator {
 public:
  // Errors: kCredentialsUnusable, for a text that could not be sent without
  // becoming a command of its own too; kNoCommonMechanism.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Create(
      AuthenticatorOptions options);

  virtual ~Authenticator() = default;

  // The mechanism's first message goes with the command where the protocol
  // allows it: IMAP with SASL-IR (RFC 4959), the others if the line is not too
  // long (RFC 4954, 4; RFC 5034, 4; RFC 4643, 2.4.2).
  virtual AuthStep Start() = 0;
  // A line from the server, without its line end.
  virtual AuthStep OnLine(absl::string_view line) = 0;

  // After kRefused: they were right once.
  virtual bool expired() const = 0;
  // After kDone: what the server says that it can do now. Empty: it did not
  // say.
  virtual const std::vector<std::string>& capabilities() const = 0;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SIGN_IN_AUTHENTICATOR_H_
