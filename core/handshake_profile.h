// What a ClientHello offers.

#ifndef HOLDFAST_CORE_HANDSHAKE_PROFILE_H_
#define HOLDFAST_CORE_HANDSHAKE_PROFILE_H_

#include <optional>
#include <string>
#include <vector>

#include "core/tls_version.h"

namespace holdfast {

struct HandshakeProfile {
  TlsVersionRange versions;
  // Set if `versions` was reduced because of an earlier failure: the highest
  // version that we could have offered. The hello then carries
  // TLS_FALLBACK_SCSV (RFC 7507), the downgrade sentinel is checked against
  // this version (RFC 8446, 4.1.3), and no session is resumed.
  std::optional<TlsVersion> reduced_from;
  // False: TLS_FALLBACK_SCSV is left out of a reduced hello, to see what the
  // server answers; the connection must not be used.
  bool fallback_scsv = true;
  // ALPN ids in order of preference; empty: no ALPN extension.
  std::vector<std::string> alpn;
  // A hello that fits a record of under 256 bytes and still offers TLS 1.3.
  bool compact = false;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_HANDSHAKE_PROFILE_H_
