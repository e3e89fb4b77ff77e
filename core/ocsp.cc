#include "core/ocsp.h"

#include <cert.h>
#include <cryptohi.h>
#include <keyhi.h>
#include <nspr.h>
#include <pk11pub.h>
#include <secasn1.h>
#include <secder.h>
#include <sechash.h>
#include <secoid.h>

#include <string>
#include <vector>

#include "core/nss_item.h"
#include "core/nss_ptr.h"
#include "core/stored_certificate.h"

namespace holdfast {
namespace {

// Clocks differ.
constexpr absl::Duration kSkew = absl::Minutes(5);
// How long a response counts that does not say when the next one is due: the
// longest that public authorities are allowed.
constexpr absl::Duration kLifetime = absl::Hours(10 * 24);

enum Tag : unsigned char {
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kObjectId = 0x06,
  kEnumerated = 0x0a,
  kGeneralizedTime = 0x18,
  kSequence = 0x30,
  kContext0 = 0xa0,  // constructed, as all that are used here
  kContext1 = 0xa1,
  kContext2 = 0xa2,
};

// Reads DER elements one after the other. The first that is not as expected
// leaves the reader failed, and all that it gives afterwards empty: callers
// check once, at the end.
class DerReader {
 public:
  explicit DerReader(absl::string_view der) : rest_(der) {}

  // The content of the next element, whose tag must be `tag`; in `whole`, if
  // not null, the element as it stands.
  absl::string_view Take(Tag tag, absl::string_view* whole = nullptr) {
    absl::string_view content;
    const size_t size = NextIs(tag) ? SizeOfNext(&content) : 0;
    if (size == 0) {
      failed_ = true;
      return rest_ = {};
    }
    if (whole != nullptr) *whole = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return content;
  }
  bool NextIs(Tag tag) const {
    return !rest_.empty() && static_cast<unsigned char>(rest_[0]) == tag;
  }
  void Skip(Tag tag) { Take(tag); }
  void SkipIf(Tag tag) {
    if (NextIs(tag)) Take(tag);
  }
  bool done() const { return rest_.empty(); }
  bool failed() const { return failed_; }

 private:
  // The size of the next element, and its content; 0 if it is cut off.
  size_t SizeOfNext(absl::string_view* content) const {
    if (rest_.size() < 2) return 0;
    size_t length = static_cast<unsigned char>(rest_[1]);
    size_t header = 2;
    if (length >= 0x80) {
      const size_t octets = length & 0x7f;
      if (octets == 0 || octets > 3 || rest_.size() < 2 + octets) return 0;
      length = 0;
      for (size_t i = 0; i < octets; ++i) {
        length = length << 8 | static_cast<unsigned char>(rest_[2 + i]);
      }
      header += octets;
    }
    if (rest_.size() - header < length) return 0;
    *content = rest_.substr(header, length);
    return header + length;
  }

  absl::string_view rest_;
  bool failed_ = false;
};

// Unset if it cannot be read.
std::optional<absl::Time> ParseTime(absl::string_view content) {
  const SECItem item = ItemOf(content);
  PRTime time = 0;
  if (DER_GeneralizedTimeToTime(&time, &item) != SECSuccess) {
    return std::nullopt;
  }
  return absl::FromUnixMicros(time);
}

bool IsObjectId(absl::string_view content, SECOidTag tag) {
  return content == BytesOf(SECOID_FindOIDByTag(tag)->oid);
}

// A BasicOCSPResponse.
struct BasicResponse {
  absl::string_view data;  // signed, as it stands
  absl::string_view algorithm;
  absl::string_view signature;
  std::vector<absl::string_view> certificates;
};

std::optional<BasicResponse> ParseResponse(absl::string_view response) {
  DerReader outer(DerReader(response).Take(kSequence));
  const bool successful = outer.Take(kEnumerated) == absl::string_view("\0", 1);
  DerReader bytes(DerReader(outer.Take(kContext0)).Take(kSequence));
  if (!IsObjectId(bytes.Take(kObjectId), SEC_OID_PKIX_OCSP_BASIC_RESPONSE) ||
      !successful) {
    return std::nullopt;
  }
  DerReader basic(DerReader(bytes.Take(kOctetString)).Take(kSequence));
  BasicResponse parsed;
  basic.Take(kSequence, &parsed.data);
  basic.Take(kSequence, &parsed.algorithm);
  parsed.signature = basic.Take(kBitString);
  if (basic.failed() || parsed.signature.empty()) return std::nullopt;
  parsed.signature.remove_prefix(1);  // the count of unused bits, none here
  if (basic.done()) return parsed;
  DerReader list(DerReader(basic.Take(kContext0)).Take(kSequence));
  while (!list.done()) {
    list.Take(kSequence, &parsed.certificates.emplace_back());
  }
  if (list.failed()) return std::nullopt;
  return parsed;
}

bool DecodeAlgorithm(PLArenaPool* arena, absl::string_view der,
                     SECAlgorithmID* algorithm) {
  const SECItem item = ItemOf(der);
  return SEC_QuickDERDecodeItem(arena, algorithm,
                                SEC_ASN1_GET(SECOID_AlgorithmIDTemplate),
                                &item) == SECSuccess;
}

bool HashIs(SECOidTag hash, absl::string_view bytes,
            absl::string_view expected) {
  unsigned char computed[HASH_LENGTH_MAX];
  return expected.size() == HASH_ResultLenByOidTag(hash) &&
         PK11_HashBuf(hash, computed, ItemOf(bytes).data,
                      static_cast<PRInt32>(bytes.size())) == SECSuccess &&
         absl::string_view(reinterpret_cast<char*>(computed),
                           expected.size()) == expected;
}

// Whether a CertID (4.1.1) means `certificate`.
bool IsFor(DerReader id, const CERTCertificate* certificate,
           const CERTCertificate* issuer) {
  absl::string_view algorithm_der;
  id.Take(kSequence, &algorithm_der);
  const absl::string_view name_hash = id.Take(kOctetString);
  const absl::string_view key_hash = id.Take(kOctetString);
  const absl::string_view serial = id.Take(kInteger);
  NssPtr<PLArenaPool> arena(PORT_NewArena(DER_DEFAULT_CHUNKSIZE));
  SECAlgorithmID algorithm = {};
  if (id.failed() || serial != BytesOf(certificate->serialNumber) ||
      !DecodeAlgorithm(arena.get(), algorithm_der, &algorithm)) {
    return false;
  }
  const SECOidTag hash = SECOID_GetAlgorithmTag(&algorithm);
  SECItem key = issuer->subjectPublicKeyInfo.subjectPublicKey;
  DER_ConvertBitString(&key);
  return HashIs(hash, BytesOf(issuer->derSubject), name_hash) &&
         HashIs(hash, BytesOf(key), key_hash);
}

// A SingleResponse: when `certificate` was revoked, if it says so and is fresh.
std::optional<absl::Time> RevokedBy(DerReader single,
                                    const CERTCertificate* certificate,
                                    const CERTCertificate* issuer,
                                    absl::Time now) {
  if (!IsFor(DerReader(single.Take(kSequence)), certificate, issuer) ||
      !single.NextIs(kContext1)) {  // [1]: revoked
    return std::nullopt;
  }
  const auto revoked_at =
      ParseTime(DerReader(single.Take(kContext1)).Take(kGeneralizedTime));
  const auto this_update = ParseTime(single.Take(kGeneralizedTime));
  if (!revoked_at || !this_update) return std::nullopt;
  absl::Time until = *this_update + kLifetime;
  if (single.NextIs(kContext0)) {
    const auto next_update =
        ParseTime(DerReader(single.Take(kContext0)).Take(kGeneralizedTime));
    if (!next_update) return std::nullopt;
    until = *next_update;
  }
  const bool fresh = *this_update - kSkew <= now && now <= until + kSkew;
  return fresh ? revoked_at : std::nullopt;
}

bool IsSignedBy(const BasicResponse& response, CERTCertificate* signer) {
  NssPtr<PLArenaPool> arena(PORT_NewArena(DER_DEFAULT_CHUNKSIZE));
  NssPtr<SECKEYPublicKey> key(CERT_ExtractPublicKey(signer));
  CERTSignedData data = {};
  data.data = ItemOf(response.data);
  data.signature = ItemOf(response.signature);
  data.signature.len *= 8;  // NSS counts its bits
  return key != nullptr &&
         DecodeAlgorithm(arena.get(), response.algorithm,
                         &data.signatureAlgorithm) &&
         CERT_VerifySignedDataWithPublicKey(&data, key.get(), nullptr) ==
             SECSuccess;
}

bool MaySignOcsp(CERTCertificate* certificate) {
  SECItem extension = {siBuffer, nullptr, 0};
  if (CERT_FindCertExtension(certificate, SEC_OID_X509_EXT_KEY_USAGE,
                             &extension) != SECSuccess) {
    return false;
  }
  CERTOidSequence* const usages = CERT_DecodeOidSequence(&extension);
  SECITEM_FreeItem(&extension, PR_FALSE);
  if (usages == nullptr) return false;
  bool found = false;
  for (SECItem** usage = usages->oids; *usage != nullptr; ++usage) {
    found = found || SECOID_FindOIDTag(*usage) == SEC_OID_OCSP_RESPONDER;
  }
  CERT_DestroyOidSequence(usages);
  return found;
}

// Whether `issuer` has appointed this responder: it issued its certificate
// itself, for this purpose (4.2.2.2).
bool IsAppointed(CERTCertificate* responder, CERTCertificate* issuer,
                 absl::Time now) {
  NssPtr<SECKEYPublicKey> key(CERT_ExtractPublicKey(issuer));
  return BytesOf(responder->derIssuer) == BytesOf(issuer->derSubject) &&
         key != nullptr && MaySignOcsp(responder) &&
         CERT_CheckCertValidTimes(responder, absl::ToUnixMicros(now),
                                  PR_FALSE) == secCertTimeValid &&
         CERT_VerifySignedDataWithPublicKey(&responder->signatureWrap,
                                            key.get(), nullptr) == SECSuccess;
}

bool IsAuthentic(const BasicResponse& response, CERTCertificate* issuer,
                 absl::Time now) {
  if (IsSignedBy(response, issuer)) return true;
  for (const absl::string_view der : response.certificates) {
    const NssPtr<CERTCertificate> responder = StoreCertificate(der);
    if (responder != nullptr && IsAppointed(responder.get(), issuer, now) &&
        IsSignedBy(response, responder.get())) {
      return true;
    }
  }
  return false;
}

// ResponseData up to its list of SingleResponses.
DerReader SinglesOf(const BasicResponse& response) {
  DerReader data(DerReader(response.data).Take(kSequence));
  data.SkipIf(kContext0);                         // version
  data.Skip(data.NextIs(kContext1) ? kContext1    // responderID by name
                                   : kContext2);  // or by key
  data.Skip(kGeneralizedTime);                    // producedAt
  return DerReader(data.Take(kSequence));
}

}  // namespace

std::optional<absl::Time> RevokedAt(absl::string_view response,
                                    CERTCertificate* certificate,
                                    CERTCertificate* issuer, absl::Time now) {
  const std::optional<BasicResponse> parsed = ParseResponse(response);
  if (!parsed) return std::nullopt;
  DerReader singles = SinglesOf(*parsed);
  while (!singles.done()) {
    const std::optional<absl::Time> revoked_at =
        RevokedBy(DerReader(singles.Take(kSequence)), certificate, issuer, now);
    // The signature costs the most, so it comes last.
    if (revoked_at && IsAuthentic(*parsed, issuer, now)) return revoked_at;
  }
  return std::nullopt;
}

}  // namespace holdfast
