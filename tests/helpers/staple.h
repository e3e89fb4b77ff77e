// OCSP responses, good and bad, as a server staples them.

#ifndef HOLDFAST_TESTS_HELPERS_STAPLE_H_
#define HOLDFAST_TESTS_HELPERS_STAPLE_H_

#include <string>

#include "absl/time/time.h"

namespace holdfast::test {

enum class OcspStatus { kGood = 0, kRevoked = 1, kUnknown = 2 };  // RFC 6960

struct Staple {
  OcspStatus status = OcspStatus::kRevoked;
  absl::Duration age = absl::Hours(1);
  absl::Duration lifetime = absl::Hours(24);  // 0: it does not say
  bool id_by_sha256 = false;                  // else by SHA-1
  int statements = 1;                         // how often it says the same
};

// What `signer` answers when asked for `leaf_pem`, as DER. All are PEM.
std::string MakeStaple(const Staple& staple, const std::string& leaf_pem,
                       const std::string& issuer_pem,
                       const std::string& signer_pem,
                       const std::string& signer_key_pem);

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_STAPLE_H_
