// The only way into NSS's certificate store, which is the whole process's. For
// core's own .cc files only.

#ifndef HOLDFAST_CORE_TRUST_STORED_CERTIFICATE_H_
#define HOLDFAST_CORE_TRUST_STORED_CERTIFICATE_H_

#include <cert.h>

#include "absl/strings/string_view.h"
#include "holdfast/core/nss/nss_ptr.h"

namespace holdfast {

// Puts `der` into the store. The store goes by issuer and serial number, and
// may hand back another certificate of the same two, from another connection:
// then, and if `der` is no certificate, the result is null.
NssPtr<CERTCertificate> StoreCertificate(absl::string_view der);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_STORED_CERTIFICATE_H_
