#include "holdfast/core/trust/staple.h"

#include <nspr.h>
#include <pk11pub.h>
#include <sechash.h>
#include <secoid.h>

#include <string>
#include <vector>

#include "holdfast/core/nss/nss_item.h"
#include "holdfast/core/trust/der_reader.h"

namespace holdfast {
namespace {

// Clocks differ.
constexpr absl::Duration kSkew = absl::Minutes(5);
// How long a response counts that does not say when the next one is due: the
// longest that public authorities are allowed.
constexpr absl::Duration kLifetime = absl::Hours(10 * 24);

// 1.3.6.1.5.5.7.48.1.1
constexpr absl::string_view kBasicResponse =
    "\x2b\x06\x01\x05\x05\x07\x30\x01\x01";

std::optional<absl::Time> TakeTime(DerReader* reader) {
  return ParseDerTime(kDerGeneralizedTime, reader->Take(kDerGeneralizedTime));
}

// A BasicOCSPResponse.
struct BasicResponse {
  absl::string_view data;  // signed, as it stands
  absl::string_view algorithm;
  absl::string_view signature;
  absl::string_view responder;  // the first certificate; empty if there is none
};

std::optional<BasicResponse> ParseResponse(absl::string_view response) {
  DerReader outer(DerReader(response).Take(kDerSequence));
  const bool successful =
      outer.Take(kDerEnumerated) == absl::string_view("\0", 1);
  DerReader bytes(
      DerReader(outer.Take(DerConstructedContext(0))).Take(kDerSequence));
  if (bytes.Take(kDerObjectId) != kBasicResponse || !successful) {
    return std::nullopt;
  }
  DerReader basic(DerReader(bytes.Take(kDerOctetString)).Take(kDerSequence));
  BasicResponse parsed;
  basic.Take(kDerSequence, &parsed.data);
  basic.Take(kDerSequence, &parsed.algorithm);
  const auto signature = WholeBytes(basic.Take(kDerBitString));
  if (basic.failed() || !signature) return std::nullopt;
  parsed.signature = *signature;
  if (basic.done()) return parsed;
  DerReader list(
      DerReader(basic.Take(DerConstructedContext(0))).Take(kDerSequence));
  if (!list.done()) list.Take(kDerSequence, &parsed.responder);
  if (basic.failed() || list.failed()) return std::nullopt;
  return parsed;
}

// The hash that an AlgorithmIdentifier's content names.
SECOidTag HashOf(absl::string_view algorithm) {
  const SECItem oid = ItemOf(DerReader(algorithm).Take(kDerObjectId));
  return SECOID_FindOIDTag(&oid);
}

bool HashIs(SECOidTag hash, absl::string_view bytes,
            absl::string_view expected) {
  unsigned char computed[HASH_LENGTH_MAX];
  return !expected.empty() && expected.size() == HASH_ResultLenByOidTag(hash) &&
         PK11_HashBuf(hash, computed, ItemOf(bytes).data,
                      static_cast<PRInt32>(bytes.size())) == SECSuccess &&
         absl::string_view(reinterpret_cast<char*>(computed),
                           expected.size()) == expected;
}

// The bits of the key itself, which OCSP hashes.
absl::string_view KeyBits(const Certificate& certificate) {
  DerReader reader(
      ReadDer(certificate.key_der, kDerSequence).value_or(absl::string_view()));
  reader.Skip(kDerSequence);
  return WholeBytes(reader.Take(kDerBitString)).value_or(absl::string_view());
}

// Whether a CertID (4.1.1) means `certificate`.
bool IsFor(DerReader id, const Certificate& certificate,
           const Certificate& issuer) {
  const SECOidTag hash = HashOf(id.Take(kDerSequence));
  const absl::string_view name_hash = id.Take(kDerOctetString);
  const absl::string_view key_hash = id.Take(kDerOctetString);
  absl::string_view serial;
  id.Take(kDerInteger, &serial);
  return !id.failed() && serial == certificate.serial &&
         HashIs(hash, issuer.subject_der, name_hash) &&
         HashIs(hash, KeyBits(issuer), key_hash);
}

// A SingleResponse: when `certificate` was revoked, if it says so and is fresh.
std::optional<absl::Time> RevokedBy(DerReader single,
                                    const Certificate& certificate,
                                    const Certificate& issuer, absl::Time now) {
  if (!IsFor(DerReader(single.Take(kDerSequence)), certificate, issuer) ||
      !single.NextIs(DerConstructedContext(1))) {  // revoked
    return std::nullopt;
  }
  DerReader info(single.Take(DerConstructedContext(1)));
  const auto revoked_at = TakeTime(&info);
  const auto this_update = TakeTime(&single);
  if (!revoked_at || !this_update) return std::nullopt;
  absl::Time until = *this_update + kLifetime;
  if (single.NextIs(DerConstructedContext(0))) {
    DerReader next(single.Take(DerConstructedContext(0)));
    const auto next_update = TakeTime(&next);
    if (!next_update) return std::nullopt;
    until = *next_update;
  }
  const bool fresh = *this_update - kSkew <= now && now <= until + kSkew;
  return fresh ? revoked_at : std::nullopt;
}

// ResponseData up to its list of SingleResponses.
DerReader SinglesOf(const BasicResponse& response) {
  DerReader data(DerReader(response.data).Take(kDerSequence));
  data.SkipIf(DerConstructedContext(0));  // version
  data.Skip(data.NextIs(DerConstructedContext(1))
                ? DerConstructedContext(1)    // responderID by name
                : DerConstructedContext(2));  // or by key
  data.Skip(kDerGeneralizedTime);             // producedAt
  return DerReader(data.Take(kDerSequence));
}

std::optional<absl::Time> FindRevocation(const BasicResponse& response,
                                         const Certificate& certificate,
                                         const Certificate& issuer,
                                         absl::Time now) {
  DerReader singles = SinglesOf(response);
  while (!singles.done()) {
    const auto revoked_at = RevokedBy(DerReader(singles.Take(kDerSequence)),
                                      certificate, issuer, now);
    if (revoked_at) return revoked_at;
  }
  return std::nullopt;
}

// Whether `issuer` has appointed this responder, but for its signature: for
// this purpose, by itself (4.2.2.2).
bool MayBeAppointed(const Certificate& responder, const Certificate& issuer,
                    absl::Time now) {
  return responder.issuer_der == issuer.subject_der && responder.flaw.empty() &&
         responder.extended_key_usage &&
         responder.extended_key_usage->ocsp_signing &&
         responder.not_before <= now && now <= responder.not_after;
}

}  // namespace

StapleResult ReadStaple(absl::string_view response,
                        const Certificate& certificate,
                        const Certificate& issuer, absl::Time now,
                        SignatureChecker* signatures, Budget* budget) {
  using Result = SignatureChecker::Result;
  const auto parsed = ParseResponse(response);
  if (!parsed) return {};
  // The signatures cost the most, so they come last, and for one answer only.
  const auto revoked_at = FindRevocation(*parsed, certificate, issuer, now);
  if (!revoked_at) return {};
  const auto responder = Certificate::Parse(parsed->responder);
  const bool by_responder = responder && responder->key_der != issuer.key_der;
  if (by_responder) {
    if (!MayBeAppointed(*responder, issuer, now)) return {};
    const Result appointed = signatures->Check(
        SignedBytes{responder->to_be_signed, responder->signature_algorithm_der,
                    responder->signature},
        issuer, budget);
    if (appointed == Result::kNextSlice)
      return {StapleResult::Kind::kNextSlice};
    if (appointed != Result::kValid) return {};
  }
  const Result authentic = signatures->Check(
      SignedBytes{parsed->data, parsed->algorithm, parsed->signature},
      by_responder ? *responder : issuer, budget);
  if (authentic == Result::kNextSlice) return {StapleResult::Kind::kNextSlice};
  if (authentic != Result::kValid) return {};
  return {StapleResult::Kind::kRevoked, *revoked_at};
}

}  // namespace holdfast
