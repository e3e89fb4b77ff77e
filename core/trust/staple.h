// Stapled OCSP responses (RFC 6960), read without NSS's OCSP code, which trusts
// responders by NSS's process-wide trust.

#ifndef HOLDFAST_CORE_TRUST_STAPLE_H_
#define HOLDFAST_CORE_TRUST_STAPLE_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "holdfast/core/trust/certificate.h"
#include "holdfast/core/trust/path_search.h"

namespace holdfast {

struct StapleResult {
  enum class Kind { kNothing, kRevoked, kNextSlice };
  Kind kind = Kind::kNothing;
  absl::Time revoked_at = {};  // with kRevoked
};

// Whether `response` (DER) says that `certificate` was revoked: this very one,
// signed by its issuer or by a responder whom the issuer has appointed
// (4.2.2.2), and fresh at `now`. kNothing for anything else: a response that is
// good, unknown, stale, unreadable, not to be believed, or costs more than is
// left of the budget changes nothing, as if none had come. kNextSlice: ask
// again when the budget has a new slice.
StapleResult ReadStaple(absl::string_view response,
                        const Certificate& certificate,
                        const Certificate& issuer, absl::Time now,
                        SignatureChecker* signatures, Budget* budget);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_STAPLE_H_
