// OBJECT IDENTIFIERs that certificates are read by, as DER has them. Pure.

#ifndef HOLDFAST_CORE_TRUST_OBJECT_ID_H_
#define HOLDFAST_CORE_TRUST_OBJECT_ID_H_

#include <string>

#include "absl/strings/string_view.h"

namespace holdfast {

// Attributes of names.
constexpr absl::string_view kOidCommonName = "\x55\x04\x03";
constexpr absl::string_view kOidOrganization = "\x55\x04\x0a";
constexpr absl::string_view kOidEmailAddress =
    "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";

// Extensions (RFC 5280, 4.2).
constexpr absl::string_view kOidSubjectKeyId = "\x55\x1d\x0e";
constexpr absl::string_view kOidKeyUsage = "\x55\x1d\x0f";
constexpr absl::string_view kOidSubjectAltName = "\x55\x1d\x11";
constexpr absl::string_view kOidBasicConstraints = "\x55\x1d\x13";
constexpr absl::string_view kOidNameConstraints = "\x55\x1d\x1e";
constexpr absl::string_view kOidCertificatePolicies = "\x55\x1d\x20";
constexpr absl::string_view kOidPolicyMappings = "\x55\x1d\x21";
constexpr absl::string_view kOidAuthorityKeyId = "\x55\x1d\x23";
constexpr absl::string_view kOidPolicyConstraints = "\x55\x1d\x24";
constexpr absl::string_view kOidExtendedKeyUsage = "\x55\x1d\x25";
constexpr absl::string_view kOidInhibitAnyPolicy = "\x55\x1d\x36";
constexpr absl::string_view kOidAuthorityInfoAccess =
    "\x2b\x06\x01\x05\x05\x07\x01\x01";
constexpr absl::string_view kOidCaIssuers = "\x2b\x06\x01\x05\x05\x07\x30\x02";

// Purposes (4.2.1.12).
constexpr absl::string_view kOidServerAuth = "\x2b\x06\x01\x05\x05\x07\x03\x01";
constexpr absl::string_view kOidOcspSigning =
    "\x2b\x06\x01\x05\x05\x07\x03\x09";
constexpr absl::string_view kOidAnyPurpose{"\x55\x1d\x25\x00", 4};

// "1.2.840.113549.1.1.11".
std::string ObjectIdText(absl::string_view content);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_OBJECT_ID_H_
