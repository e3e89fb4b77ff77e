// How problems of certificates are told, so that each reads the same wherever
// it is found. All texts are escaped.

#ifndef HOLDFAST_CORE_TRUST_PROBLEM_TEXT_H_
#define HOLDFAST_CORE_TRUST_PROBLEM_TEXT_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/trust/certificate.h"

namespace holdfast {

// "2027-01-01T00:00:00Z".
std::string TimeText(absl::Time time);

// What to call a certificate of a chain whose first is `leaf`: "the
// certificate", "the certificate of CN=Authority".
std::string Describe(const Certificate& certificate, const Certificate& leaf);

// "mail.example.org", "192.0.2.1", "the name CN=…".
std::string GeneralNameText(const GeneralName& name);

// That its key is one that we do not accept.
std::optional<CertificateProblem> KeyProblem(const Certificate& certificate,
                                             const Certificate& leaf);
// That it is signed in a way that we do not accept.
std::optional<CertificateProblem> SignatureProblem(
    const Certificate& certificate, const Certificate& leaf);

// What kind of program or device makes certificates on the way in the name of
// `authority_der`, if it names itself: "Avast". Empty if it is none that we
// know.
std::string InspectorName(absl::string_view authority_der);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_PROBLEM_TEXT_H_
