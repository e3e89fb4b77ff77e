// The one gate through which credentials leave.

#ifndef HOLDFAST_PROTOCOLS_SIGN_IN_CREDENTIALS_GATE_H_
#define HOLDFAST_PROTOCOLS_SIGN_IN_CREDENTIALS_GATE_H_

#include "absl/status/status.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/core/tls/secure_socket.h"
#include "holdfast/protocols/sign_in/credentials.h"

namespace holdfast {

class CredentialsGate {
 public:
  // Passes `request` on only if `socket` is inside TLS at or above `floor` and
  // its certificate is verified or vouched for by the client. Errors, in which
  // case nobody was asked: kUnprotectedCredentials.
  static absl::Status Ask(const SecureSocket& socket, TlsVersion floor,
                          CredentialsProvider* provider,
                          const CredentialsRequest& request,
                          CredentialsProvider::Answer answer);
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SIGN_IN_CREDENTIALS_GATE_H_
