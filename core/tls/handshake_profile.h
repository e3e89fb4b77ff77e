// SPDX-License-Identifier: MPL-2.0

// What a ClientHello offers.

#ifndef HOLDFAST_CORE_TLS_HANDSHAKE_PROFILE_H_
#define HOLDFAST_CORE_TLS_HANDSHAKE_PROFILE_H_

#include <optional>
#include <string>
#include <vector>

#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/tls_version.h"

#pragma GCC visibility push(default)
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
  // Application data may be sent before the server's Finished, under TLS 1.2
  // (RFC 7918). Never with `compact` or a reduced offer.
  bool false_start = true;
};

inline bool SendsFallbackScsv(const HandshakeProfile& profile) {
  return profile.reduced_from && profile.fallback_scsv;
}

// A compact hello for a name of so many octets still fits; NSS pads a longer
// one to 512 bytes.
inline constexpr size_t kLongestNameInCompactHello = 76;
inline bool CompactHelloFits(const Host& host) {
  return host.is_ip_literal() ||
         host.name().size() <= kLongestNameInCompactHello;
}

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_TLS_HANDSHAKE_PROFILE_H_
