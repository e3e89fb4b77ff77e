// Whether a certificate is for a host, name by name (RFC 9525, 6.3). Pure; our
// own, because NSS takes "f*.example.com" for a wildcard, reads a name up to
// the first NUL, and falls back to the common name.

#ifndef HOLDFAST_CORE_TRUST_HOST_MATCH_H_
#define HOLDFAST_CORE_TRUST_HOST_MATCH_H_

#include "absl/strings/string_view.h"
#include "holdfast/core/base/endpoint.h"

namespace holdfast {

// `presented` is a dNSName: equal but for case, or with "*" as its whole first
// label, in place of exactly one label, above at least two others. Never true
// for an IP literal.
bool DnsNameMatches(absl::string_view presented, const Host& host);

// `presented` is an iPAddress: 4 or 16 bytes. True only for that IP literal.
bool AddressMatches(absl::string_view presented, const Host& host);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_HOST_MATCH_H_
