// Stapled OCSP responses (RFC 6960), read without NSS's OCSP code, which trusts
// responders by NSS's process-wide trust.

#ifndef HOLDFAST_CORE_OCSP_H_
#define HOLDFAST_CORE_OCSP_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct CERTCertificateStr;

namespace holdfast {

// When `certificate` was revoked, if `response` (DER) says so: for this very
// certificate, signed by its issuer or by a responder whom the issuer has
// appointed (4.2.2.2), and fresh at `now`. nullopt for anything else: a
// response that is good, unknown, stale, unreadable or not to be believed
// changes nothing, as if none had come.
std::optional<absl::Time> RevokedAt(absl::string_view response,
                                    CERTCertificateStr* certificate,
                                    CERTCertificateStr* issuer, absl::Time now);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_OCSP_H_
