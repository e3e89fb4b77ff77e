// Turns a HandshakeProfile into the settings of one NSS socket.

#ifndef HOLDFAST_CORE_TLS_TLS_SETUP_H_
#define HOLDFAST_CORE_TLS_TLS_SETUP_H_

#include "absl/status/status.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/tls/handshake_profile.h"

struct PRFileDesc;

namespace holdfast {

// Sets everything that shapes the ClientHello and the safety of the handshake,
// on `ssl` alone: the defaults of the process belong to a host application.
// Errors: kTlsSetupFailed, naming the setting.
absl::Status ApplyProfile(PRFileDesc* ssl, const HandshakeProfile& profile,
                          const Host& host);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TLS_TLS_SETUP_H_
