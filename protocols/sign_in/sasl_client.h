// The client's side of one SASL exchange (RFC 4422), bare: no protocol around
// it, no base64, no I/O.

#ifndef HOLDFAST_PROTOCOLS_SIGN_IN_SASL_CLIENT_H_
#define HOLDFAST_PROTOCOLS_SIGN_IN_SASL_CLIENT_H_

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/core/base/secret_string.h"
#include "holdfast/core/tls/channel_binding.h"
#include "holdfast/protocols/sign_in/sasl_mechanism.h"

namespace holdfast {

// Thread safety: none. Made anew for each try.
class SaslClient {
 public:
  virtual ~SaslClient() = default;

  // The client's first message; nullopt where the server speaks first.
  virtual std::optional<SecretString> InitialResponse() = 0;
  // Errors, on which the exchange is to be cancelled: kUnexpectedResponse for a
  // challenge that makes no sense, kServerUnproven, kAuthenticationRefused if
  // the challenge says so.
  virtual absl::StatusOr<SecretString> Respond(absl::string_view challenge) = 0;
  // All was said that makes "success" believable; with SCRAM, the server has
  // proved that it knows the password.
  virtual bool finished() const = 0;

  // What a challenge told of a coming refusal; empty if none did.
  virtual std::string refusal() const { return ""; }
};

// What a client is made from.
struct SaslParameters {
  SaslMechanism mechanism;
  absl::string_view user;
  const SecretString* secret;  // outlives the client
  absl::string_view act_as = "";
  // What the server offers: SCRAM tells it what we saw (RFC 5802, 6).
  std::set<SaslMechanism> offered = {};
  std::optional<ChannelBinding> channel_binding = std::nullopt;
  // SCRAM's nonce; empty: a random one.
  std::string nonce = {};
};

// A saslname (RFC 5801, 4): "=" and "," are written "=3D" and "=2C".
std::string SaslName(absl::string_view name);

// Any mechanism but kProtocolLogin. Errors: kCredentialsUnusable;
// kNoCommonMechanism for that one, and for what is not built.
absl::StatusOr<std::unique_ptr<SaslClient>> NewSaslClient(
    const SaslParameters& parameters);

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SIGN_IN_SASL_CLIENT_H_
