// Signing in that begins before the connection is handed over: its first
// command goes out with the end of the handshake. The connector begins it, its
// result carries it, SignIn goes on with it.

#ifndef HOLDFAST_PROTOCOLS_SIGN_IN_BEGUN_SIGN_IN_H_
#define HOLDFAST_PROTOCOLS_SIGN_IN_BEGUN_SIGN_IN_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "holdfast/core/base/secret_string.h"
#include "holdfast/core/tls/secure_socket.h"
#include "holdfast/protocols/dialogue/negotiator.h"
#include "holdfast/protocols/sign_in/authenticator.h"
#include "holdfast/protocols/sign_in/credentials.h"
#include "holdfast/protocols/sign_in/sign_in.h"

namespace holdfast {

// For try number `attempt` on `socket`'s connection. Errors: those of
// Authenticator::Create().
absl::StatusOr<std::unique_ptr<Authenticator>> NewAuthenticator(
    Protocol protocol, SaslMechanism mechanism, Credentials credentials,
    std::vector<std::string> capabilities, const SecureSocket& socket,
    int attempt);

// Thread safety: the loop's thread.
class BegunSignIn {
 public:
  // Asks for credentials, through the gate, if a mechanism is told or
  // remembered whose first command needs no list of what the server can do but
  // a remembered one. Null, and nobody was asked: SignIn begins, or says why it
  // cannot.
  static BegunSignInPtr Begin(const SignInRequest& request,
                              const SecureSocket& socket,
                              const Negotiator& negotiator);

  SaslMechanism mechanism() const { return mechanism_; }
  // Empty: the credentials were not there at once, or cannot be used.
  SecretString TakeCommand() { return std::move(command_); }

  // That waits for the answer to the command; null without one.
  std::unique_ptr<Authenticator> TakeAuthenticator() {
    return std::move(authenticator_);
  }
  // Without a command: `then` gets what the provider has answered or will.
  void WhenAnswered(CredentialsProvider::Answer then);

 private:
  // The provider's answer, or who waits for it.
  struct Pending {
    std::optional<absl::StatusOr<Credentials>> answer;
    CredentialsProvider::Answer then;
  };

  explicit BegunSignIn(SaslMechanism mechanism) : mechanism_(mechanism) {}

  const SaslMechanism mechanism_;
  std::unique_ptr<Authenticator> authenticator_;
  SecretString command_;
  const std::shared_ptr<Pending> pending_ = std::make_shared<Pending>();
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SIGN_IN_BEGUN_SIGN_IN_H_
