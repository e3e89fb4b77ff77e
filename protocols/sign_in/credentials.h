// SPDX-License-Identifier: MPL-2.0

// Where user names, passwords and tokens come from.
//
// A client implements CredentialsProvider. Nobody can call its Ask() but the
// gate, and that asks only inside TLS at or above the least version that is
// allowed, with a certificate that is verified or that the client vouches for.
// What the user merely accepts (danger_accept_any_certificate) is neither.

#ifndef HOLDFAST_PROTOCOLS_SIGN_IN_CREDENTIALS_H_
#define HOLDFAST_PROTOCOLS_SIGN_IN_CREDENTIALS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "holdfast/core/base/secret_string.h"
#include "holdfast/protocols/sign_in/sasl_mechanism.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Moves only, and is wiped with its owner.
struct Credentials {
  // kNone: what the server is told of us; may be empty. kCertificate: not used,
  // the certificate says it.
  std::string user;
  // A password or an OAuth access token (RFC 6750), as was asked for.
  SecretString secret;
  // Whose mailbox, if not the user's own (RFC 4422, 2). SASL only.
  std::string act_as = {};
};

struct CredentialsRequest {
  enum class Reason {
    kFirst,
    kRefused,  // what was given last
    kExpired,  // what was given last was right once
  };

  CredentialKind kind;
  SaslMechanism mechanism;  // that they will be used with
  Reason reason = Reason::kFirst;
  // The server's words when it refused, as they came.
  std::string server_text = {};
};

// Thread safety: used on the loop's thread.
class CredentialsProvider {
 public:
  using Answer = std::function<void(absl::StatusOr<Credentials>)>;

  virtual ~CredentialsProvider() = default;

  // What it can be asked for. kNone: to sign in as nobody.
  virtual bool Has(CredentialKind kind) const = 0;
  // Only this one is to be used; unset: the strongest that both sides know.
  // Sessions and redialers ask; SignIn itself is told by its options.
  virtual std::optional<SaslMechanism> mechanism() const {
    return std::nullopt;
  }

 protected:
  // Calls `answer` once, at once or later, on the loop's thread; an error ends
  // the signing in with it.
  virtual void Ask(const CredentialsRequest& request, Answer answer) = 0;

 private:
  friend class CredentialsGate;
};

// Gives the same user name and password once, and again never: an answer to
// "refused" would only lock the account. Errors of Ask(): those of the refusal.
std::unique_ptr<CredentialsProvider> NewPasswordProvider(
    std::string user, SecretString password,
    std::optional<SaslMechanism> mechanism = std::nullopt);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SIGN_IN_CREDENTIALS_H_
