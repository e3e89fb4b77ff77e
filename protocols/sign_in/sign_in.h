// SPDX-License-Identifier: MPL-2.0

// Signs in on a ready connection. Client::ConnectAndSignIn() and the sessions
// do it by themselves.
//
//   sign_in_ = SignIn::Start(loop, connection.get(), provider.get(),
//                            {Protocol::kImap}, [](SignInResult result) {
//     if (!result.ok()) puts(result.error->Message().c_str());
//   });
//
// docs/signing-in.md says which mechanism is taken and what the credentials are
// guarded by.

#ifndef HOLDFAST_PROTOCOLS_SIGN_IN_SIGN_IN_H_
#define HOLDFAST_PROTOCOLS_SIGN_IN_SIGN_IN_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/event_log.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/protocols/dialogue/connection.h"
#include "holdfast/protocols/dialogue/protocol.h"
#include "holdfast/protocols/sign_in/credentials.h"
#include "holdfast/protocols/sign_in/sasl_mechanism.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct SignInOptions {
  Protocol protocol;
  // Only this one; unset: the strongest that both sides know.
  std::optional<SaslMechanism> mechanism = std::nullopt;
  // What an earlier connection to this server has used, and what it said there
  // inside TLS that it can do, before signing in. Only for a sign-in that
  // begins before anything is heard: see Connector::Connect().
  std::optional<SaslMechanism> remembered_mechanism = std::nullopt;
  std::vector<std::string> remembered_capabilities = {};
  // No credentials go over a TLS version below this.
  TlsVersion min_version = TlsVersion::kTls12;
  // How often the provider is asked, on one connection.
  int max_tries = 3;
  // For each answer; servers are slow to refuse on purpose.
  absl::Duration response_timeout = absl::Seconds(60);
};

// Who signs in while the connection is made: see Connector::Connect().
struct SignInRequest {
  CredentialsProvider* provider;  // outlives the connection's SignIn
  SignInOptions options;
};

// A sign-in that has begun while the connection was made: what the connector
// hands over, and SignIn goes on with.
class BegunSignIn;
struct BegunSignInDeleter {
  void operator()(BegunSignIn* begun) const;
};
using BegunSignInPtr = std::unique_ptr<BegunSignIn, BegunSignInDeleter>;

struct SignInResult {
  std::optional<Error> error;  // unset: signed in; never holds a secret
  // The last one that was tried; unset if none was, and after IMAP's PREAUTH.
  std::optional<SaslMechanism> mechanism;
  int tries = 0;        // credentials sent
  int round_trips = 0;  // answers that were waited for
  // What the server says that it can do now; empty: it did not say.
  std::vector<std::string> capabilities;

  bool ok() const { return !error.has_value(); }
};

// For a log, without a secret: kSignedIn or kSignInFailed; nullopt if there was
// nothing to do. `at` is the event's.
std::optional<Event> SignInEvent(const SignInResult& result, absl::Duration at);

// Destroying it abandons the signing in; its callback is then never called, and
// the connection is of no more use. Thread safety: the loop's thread.
class SignIn {
 public:
  // Goes on with what has `begun`, if anything has, which was with this
  // provider and these options. Calls `on_done` once, never from inside this
  // call; the callback may destroy the SignIn. Loop, connection and provider
  // outlive it. What the server sends after its last answer stays in the
  // connection.
  //
  // After an error the connection is of no more use, but after
  // kNoCommonMechanism, kUnprotectedCredentials and kAuthenticationRefused.
  // Errors: those; kCredentialsUnusable, kServerUnproven,
  // kAuthenticationUnavailable, kUnexpectedResponse, kResponseTimedOut,
  // kConnectionClosed; the provider's; those of Connection.
  [[nodiscard]] static std::unique_ptr<SignIn> Start(
      EventLoop* loop, Connection* connection, CredentialsProvider* provider,
      SignInOptions options, std::function<void(SignInResult)> on_done,
      BegunSignInPtr begun = nullptr);

  virtual ~SignIn() = default;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SIGN_IN_SIGN_IN_H_
