// A certificate (RFC 5280, 4.1), read for one verification. Pure: neither NSS
// nor any store has a part in it.

#ifndef HOLDFAST_CORE_TRUST_CERTIFICATE_H_
#define HOLDFAST_CORE_TRUST_CERTIFICATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "holdfast/core/trust/general_name.h"
#include "holdfast/core/trust/name_constraints.h"
#include "holdfast/core/trust/public_key.h"

namespace holdfast {

struct BasicConstraints {  // 4.2.1.9
  bool is_authority = false;
  std::optional<int> path_length;
};

// The bits of keyUsage that count here (4.2.1.3).
struct KeyUsage {
  bool signs_certificates = false;
  // digitalSignature, keyEncipherment or keyAgreement.
  bool serves_tls = false;
};

struct ExtendedKeyUsage {  // 4.2.1.12
  bool server_auth = false;
  bool any = false;
  bool ocsp_signing = false;
};

// A view: the DER that it was parsed from must outlive it.
struct Certificate {
  // nullopt if the DER is no certificate at all.
  static std::optional<Certificate> Parse(absl::string_view der);

  absl::string_view der;
  absl::string_view to_be_signed;  // as it stands, as all that end in _der
  absl::string_view signature_algorithm_der;
  absl::string_view signature;
  int version = 1;
  absl::string_view serial;  // as it stands
  absl::string_view issuer_der;
  absl::string_view subject_der;
  absl::string_view key_der;  // SubjectPublicKeyInfo
  absl::Time not_before;
  absl::Time not_after;
  PublicKeyInfo key;

  std::optional<BasicConstraints> basic_constraints;
  std::optional<KeyUsage> key_usage;
  std::optional<ExtendedKeyUsage> extended_key_usage;
  std::vector<GeneralName> names;  // subjectAltName
  bool has_alternative_names = false;
  std::optional<NameConstraints> name_constraints;
  absl::string_view subject_key_id;
  absl::string_view authority_key_id;
  bool names_its_issuers_file = false;  // authorityInfoAccess, caIssuers

  // Why nobody should believe it, wherever in a path it stands; empty if there
  // is no such reason. "has an extension (1.2.3) twice".
  std::string flaw;

  bool is_self_issued() const { return issuer_der == subject_der; }
  bool is_authority() const {
    return basic_constraints && basic_constraints->is_authority;
  }
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_CERTIFICATE_H_
