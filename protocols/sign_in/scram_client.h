// SCRAM (RFC 5802, RFC 7677), client's side. libgsasl prepares the strings and
// derives the keys; the messages are ours, since it knows no
// tls-server-end-point and takes no nonce.

#ifndef HOLDFAST_PROTOCOLS_SIGN_IN_SCRAM_CLIENT_H_
#define HOLDFAST_PROTOCOLS_SIGN_IN_SCRAM_CLIENT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/protocols/sign_in/sasl_client.h"

namespace holdfast {

// Errors: kCredentialsUnusable if SASLprep (RFC 4013) forbids the user name;
// kNoCommonMechanism for a -PLUS mechanism without a channel binding.
absl::StatusOr<std::unique_ptr<SaslClient>> NewScramClient(
    const SaslParameters& parameters);

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SIGN_IN_SCRAM_CLIENT_H_
