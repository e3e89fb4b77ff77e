#include "holdfast/tests/helpers/staple.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include <memory>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "holdfast/tools/lab/openssl_ptr.h"

namespace holdfast::test {
namespace {

using lab::OpensslPtr;

OpensslPtr<X509> ReadX509(const std::string& pem) {
  return OpensslPtr<X509>(
      PEM_read_bio_X509(lab::FromPem(pem).get(), nullptr, nullptr, nullptr));
}

OpensslPtr<EVP_PKEY> ReadKey(const std::string& pem) {
  return OpensslPtr<EVP_PKEY>(PEM_read_bio_PrivateKey(
      lab::FromPem(pem).get(), nullptr, nullptr, nullptr));
}

struct StapleDelete {
  void operator()(OCSP_BASICRESP* it) const { OCSP_BASICRESP_free(it); }
  void operator()(OCSP_RESPONSE* it) const { OCSP_RESPONSE_free(it); }
  void operator()(OCSP_CERTID* it) const { OCSP_CERTID_free(it); }
  void operator()(ASN1_TIME* it) const { ASN1_TIME_free(it); }
};
template <typename T>
using StaplePtr = std::unique_ptr<T, StapleDelete>;

StaplePtr<ASN1_TIME> Asn1Time(absl::Time time) {
  return StaplePtr<ASN1_TIME>(
      ASN1_GENERALIZEDTIME_set(nullptr, absl::ToTimeT(time)));
}

}  // namespace

std::string MakeStaple(const Staple& staple, const std::string& leaf_pem,
                       const std::string& issuer_pem,
                       const std::string& signer_pem,
                       const std::string& signer_key_pem) {
  const auto leaf = ReadX509(leaf_pem);
  const auto issuer = ReadX509(issuer_pem);
  const auto signer = ReadX509(signer_pem);
  const auto key = ReadKey(signer_key_pem);
  const absl::Time made = absl::Now() - staple.age;
  const StaplePtr<OCSP_CERTID> id(
      OCSP_cert_to_id(staple.id_by_sha256 ? EVP_sha256() : EVP_sha1(),
                      leaf.get(), issuer.get()));
  const StaplePtr<OCSP_BASICRESP> basic(OCSP_BASICRESP_new());
  const auto revoked_at = Asn1Time(made - absl::Hours(1));
  const auto next_update = Asn1Time(made + staple.lifetime);
  for (int i = 0; i < staple.statements; ++i) {
    OCSP_basic_add1_status(
        basic.get(), id.get(), static_cast<int>(staple.status),
        OCSP_REVOKED_STATUS_KEYCOMPROMISE,
        staple.status == OcspStatus::kRevoked ? revoked_at.get() : nullptr,
        Asn1Time(made).get(),
        staple.lifetime == absl::ZeroDuration() ? nullptr : next_update.get());
  }
  EXPECT_EQ(OCSP_basic_sign(basic.get(), signer.get(), key.get(), EVP_sha256(),
                            nullptr, 0),
            1);
  const StaplePtr<OCSP_RESPONSE> response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  unsigned char* der = nullptr;
  const int length = i2d_OCSP_RESPONSE(response.get(), &der);
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  return text;
}

}  // namespace holdfast::test
