#include "holdfast/core/trust/certificate.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "holdfast/core/trust/der_reader.h"
#include "holdfast/core/trust/object_id.h"

namespace holdfast {
namespace {

// BOOLEAN DEFAULT FALSE; that FALSE is written out is a mistake of old
// authorities that does no harm.
bool TakeDefaultFalse(DerReader* reader, bool* valid) {
  const auto content = reader->TakeIf(kDerBoolean);
  if (!content) return false;
  *valid = *valid && (*content == absl::string_view("\xff") ||
                      *content == absl::string_view("\0", 1));
  return *content == absl::string_view("\xff");
}

// Of a few bits, and not below 0.
std::optional<int> ReadSmallInteger(absl::string_view content) {
  if (content.size() != 1 || static_cast<unsigned char>(content[0]) > 0x7f) {
    return std::nullopt;
  }
  return content[0];
}

bool ReadBasicConstraints(absl::string_view value, Certificate* certificate) {
  const auto content = ReadDer(value, kDerSequence);
  if (!content) return false;
  DerReader reader(*content);
  BasicConstraints constraints;
  bool valid = true;
  constraints.is_authority = TakeDefaultFalse(&reader, &valid);
  if (const auto length = reader.TakeIf(kDerInteger)) {
    constraints.path_length = ReadSmallInteger(*length);
    valid = valid && constraints.path_length;
  }
  certificate->basic_constraints = constraints;
  return valid && reader.complete();
}

bool ReadKeyUsage(absl::string_view value, Certificate* certificate) {
  const auto content = ReadDer(value, kDerBitString);
  if (!content || content->empty()) return false;
  // The bit of number 0 is the highest of the first byte.
  const unsigned bits =
      content->size() > 1 ? static_cast<unsigned char>((*content)[1]) : 0;
  constexpr unsigned kDigitalSignature = 0x80;
  constexpr unsigned kKeyEncipherment = 0x20;
  constexpr unsigned kKeyAgreement = 0x08;
  constexpr unsigned kKeyCertSign = 0x04;
  certificate->key_usage = KeyUsage{
      (bits & kKeyCertSign) != 0,
      (bits & (kDigitalSignature | kKeyEncipherment | kKeyAgreement)) != 0};
  return true;
}

bool ReadExtendedKeyUsage(absl::string_view value, Certificate* certificate) {
  const auto content = ReadDer(value, kDerSequence);
  if (!content || content->empty()) return false;
  ExtendedKeyUsage usage;
  DerReader reader(*content);
  while (!reader.done()) {
    const absl::string_view purpose = reader.Take(kDerObjectId);
    usage.server_auth = usage.server_auth || purpose == kOidServerAuth;
    usage.any = usage.any || purpose == kOidAnyPurpose;
    usage.ocsp_signing = usage.ocsp_signing || purpose == kOidOcspSigning;
  }
  certificate->extended_key_usage = usage;
  return !reader.failed();
}

bool ReadAlternativeNames(absl::string_view value, Certificate* certificate) {
  const auto content = ReadDer(value, kDerSequence);
  if (!content || content->empty()) return false;
  certificate->has_alternative_names = true;
  DerReader reader(*content);
  while (!reader.done()) {
    const auto name = TakeGeneralName(&reader);
    if (!name) return false;
    certificate->names.push_back(*name);
  }
  return true;
}

bool ReadNameConstraints(absl::string_view value, bool critical,
                         Certificate* certificate) {
  certificate->name_constraints = NameConstraints::Parse(value);
  if (!certificate->name_constraints) return false;
  certificate->name_constraints->critical = critical;
  return true;
}

bool ReadSubjectKeyId(absl::string_view value, Certificate* certificate) {
  const auto content = ReadDer(value, kDerOctetString);
  if (content) certificate->subject_key_id = *content;
  return content.has_value();
}

bool ReadAuthorityKeyId(absl::string_view value, Certificate* certificate) {
  const auto content = ReadDer(value, kDerSequence);
  if (!content) return false;
  DerReader reader(*content);
  certificate->authority_key_id =
      reader.TakeIf(DerContext(0)).value_or(absl::string_view());
  return !reader.failed();
}

// policyConstraints (4.2.1.11). A path needs no policy of ours; one that
// demands some asks for more than we check.
bool DemandsPolicy(absl::string_view value) {
  const auto content = ReadDer(value, kDerSequence);
  return !content || DerReader(*content).NextIs(DerContext(0));
}

bool ReadAuthorityInfoAccess(absl::string_view value,
                             Certificate* certificate) {
  const auto content = ReadDer(value, kDerSequence);
  if (!content || content->empty()) return false;
  DerReader reader(*content);
  while (!reader.done()) {
    DerReader access(reader.Take(kDerSequence));
    const absl::string_view method = access.Take(kDerObjectId);
    const auto location = TakeGeneralName(&access);
    if (!location || !access.complete()) return false;
    certificate->names_its_issuers_file =
        certificate->names_its_issuers_file || method == kOidCaIssuers;
  }
  return !reader.failed();
}

enum class Reading { kRead, kMalformed, kUnknown };

Reading ReadExtension(absl::string_view type, absl::string_view value,
                      bool critical, Certificate* certificate) {
  const auto read = [](bool valid) {
    return valid ? Reading::kRead : Reading::kMalformed;
  };
  if (type == kOidBasicConstraints) {
    return read(ReadBasicConstraints(value, certificate));
  }
  if (type == kOidKeyUsage) return read(ReadKeyUsage(value, certificate));
  if (type == kOidExtendedKeyUsage) {
    return read(ReadExtendedKeyUsage(value, certificate));
  }
  if (type == kOidSubjectAltName) {
    return read(ReadAlternativeNames(value, certificate));
  }
  if (type == kOidNameConstraints) {
    return read(ReadNameConstraints(value, critical, certificate));
  }
  // These two must not be critical (4.2.1.1, 4.2.1.2).
  if (type == kOidSubjectKeyId) {
    return read(!critical && ReadSubjectKeyId(value, certificate));
  }
  if (type == kOidAuthorityKeyId) {
    return read(!critical && ReadAuthorityKeyId(value, certificate));
  }
  // Critical, it would have to be understood, and we do not fetch.
  if (type == kOidAuthorityInfoAccess && !critical) {
    return read(ReadAuthorityInfoAccess(value, certificate));
  }
  // Policies only ever narrow what somebody asks for, and we ask for none.
  if (type == kOidCertificatePolicies || type == kOidPolicyMappings ||
      type == kOidInhibitAnyPolicy) {
    return Reading::kRead;
  }
  if (type == kOidPolicyConstraints) {
    return DemandsPolicy(value) ? Reading::kUnknown : Reading::kRead;
  }
  return Reading::kUnknown;
}

void SetFlaw(std::string flaw, Certificate* certificate) {
  if (certificate->flaw.empty()) certificate->flaw = std::move(flaw);
}

// False if the list itself is damaged.
bool ReadExtensions(absl::string_view list, Certificate* certificate) {
  const auto content = ReadDer(list, kDerSequence);
  if (!content || content->empty()) return false;
  std::vector<absl::string_view> seen;
  DerReader reader(*content);
  while (!reader.done()) {
    DerReader extension(reader.Take(kDerSequence));
    const absl::string_view type = extension.Take(kDerObjectId);
    bool valid = true;
    const bool critical = TakeDefaultFalse(&extension, &valid);
    const absl::string_view value = extension.Take(kDerOctetString);
    if (!extension.complete() || !valid) return false;
    if (std::find(seen.begin(), seen.end(), type) != seen.end()) {
      SetFlaw(absl::StrCat("has an extension (", ObjectIdText(type), ") twice"),
              certificate);
      continue;
    }
    seen.push_back(type);
    switch (ReadExtension(type, value, critical, certificate)) {
      case Reading::kRead:
        break;
      case Reading::kMalformed:
        SetFlaw(absl::StrCat("has a malformed extension (", ObjectIdText(type),
                             ")"),
                certificate);
        break;
      case Reading::kUnknown:
        if (!critical) break;
        SetFlaw(absl::StrCat("has a critical extension (", ObjectIdText(type),
                             ") that we do not know"),
                certificate);
        break;
    }
  }
  return !reader.failed();
}

bool ReadVersion(DerReader* reader, Certificate* certificate) {
  const auto version = reader->TakeIf(DerConstructedContext(0));
  if (!version) return true;  // version 1
  const auto content = ReadDer(*version, kDerInteger);
  const auto number = content ? ReadSmallInteger(*content) : std::nullopt;
  if (!number || *number > 2) return false;
  certificate->version = *number + 1;
  return true;
}

bool ReadValidity(absl::string_view content, Certificate* certificate) {
  DerReader reader(content);
  const auto take = [&reader](absl::Time* time) {
    DerTag tag = 0;
    const absl::string_view text = reader.TakeAny(&tag);
    const auto parsed = ParseDerTime(tag, text);
    if (parsed) *time = *parsed;
    return parsed.has_value();
  };
  return take(&certificate->not_before) && take(&certificate->not_after) &&
         reader.complete();
}

bool ReadToBeSigned(absl::string_view content, Certificate* certificate) {
  DerReader reader(content);
  if (!ReadVersion(&reader, certificate)) return false;
  reader.Take(kDerInteger, &certificate->serial);
  absl::string_view inner_algorithm;
  reader.Take(kDerSequence, &inner_algorithm);
  reader.Take(kDerSequence, &certificate->issuer_der);
  if (!ReadValidity(reader.Take(kDerSequence), certificate)) return false;
  reader.Take(kDerSequence, &certificate->subject_der);
  reader.Take(kDerSequence, &certificate->key_der);
  reader.SkipIf(DerContext(1));  // issuerUniqueID
  reader.SkipIf(DerContext(2));  // subjectUniqueID
  const auto extensions = reader.TakeIf(DerConstructedContext(3));
  if (!reader.complete() ||
      (extensions && !ReadExtensions(*extensions, certificate))) {
    return false;
  }
  if (extensions && certificate->version != 3) {
    SetFlaw(absl::StrCat("has extensions, but says that it is of version ",
                         certificate->version),
            certificate);
  }
  if (inner_algorithm != certificate->signature_algorithm_der) {
    SetFlaw("names two algorithms for its one signature", certificate);
  }
  return true;
}

}  // namespace

std::optional<Certificate> Certificate::Parse(absl::string_view der) {
  const auto content = ReadDer(der, kDerSequence);
  if (!content) return std::nullopt;
  Certificate certificate;
  certificate.der = der;
  DerReader reader(*content);
  const absl::string_view to_be_signed =
      reader.Take(kDerSequence, &certificate.to_be_signed);
  reader.Take(kDerSequence, &certificate.signature_algorithm_der);
  const auto signature = WholeBytes(reader.Take(kDerBitString));
  if (!reader.complete() || !signature ||
      !ReadToBeSigned(to_be_signed, &certificate)) {
    return std::nullopt;
  }
  const auto issuer = ReadName(certificate.issuer_der);
  if (!issuer || !ReadName(certificate.subject_der)) return std::nullopt;
  if (issuer->empty()) SetFlaw("names no issuer", &certificate);
  if (certificate.name_constraints && !certificate.is_authority()) {
    SetFlaw("limits the names of others, but is no authority", &certificate);
  }
  certificate.signature = *signature;
  certificate.key = ReadPublicKey(certificate.key_der);
  return certificate;
}

}  // namespace holdfast
