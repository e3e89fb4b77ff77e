#include "tests/helpers/certificate_maker.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <cstring>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace holdfast::test {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

void Check(bool ok, absl::string_view what) {
  if (ok) return;
  std::cerr << "certificate_maker: " << what << "\n";
  ERR_print_errors_fp(stderr);
  std::abort();
}

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

PrivateKey Own(EVP_PKEY* key) {
  Check(key != nullptr, "cannot make a key");
  return PrivateKey(key, EVP_PKEY_free);
}

template <typename Set>
PrivateKey Generate(const char* algorithm, Set set) {
  std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr),
      EVP_PKEY_CTX_free);
  Check(context != nullptr && EVP_PKEY_keygen_init(context.get()) == 1,
        algorithm);
  set(context.get());
  EVP_PKEY* key = nullptr;
  Check(EVP_PKEY_generate(context.get(), &key) == 1, algorithm);
  return Own(key);
}

void SetName(X509_NAME* name,
             const std::vector<std::pair<std::string, std::string>>& parts) {
  for (const auto& [type, value] : parts) {
    Check(X509_NAME_add_entry_by_txt(name, type.c_str(), MBSTRING_UTF8,
                                     Bytes(value),
                                     static_cast<int>(value.size()), -1, 0),
          type);
  }
}

void AddExtension(X509* certificate, X509* issuer, const std::string& name,
                  const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  X509_EXTENSION* const extension =
      X509V3_EXT_nconf(nullptr, &context, name.c_str(), value.c_str());
  Check(extension != nullptr, name + " = " + value);
  Check(X509_add_ext(certificate, extension, -1) == 1, name);
  X509_EXTENSION_free(extension);
}

void Sign(X509* certificate, EVP_PKEY* key, const std::string& hash, bool pss) {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* parameters = nullptr;
  const EVP_MD* const digest =
      hash.empty() ? nullptr : EVP_get_digestbyname(hash.c_str());
  Check(EVP_DigestSignInit(context, &parameters, digest, nullptr, key) == 1,
        hash);
  if (pss) {
    Check(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1,
          "PSS");
    Check(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters,
                                           RSA_PSS_SALTLEN_DIGEST) == 1,
          "PSS");
  }
  Check(X509_sign_ctx(certificate, context) > 0, "cannot sign");
  EVP_MD_CTX_free(context);
}

// With the outside's algorithm replaced by that of a signature with `hash`.
std::string WithOuterHash(X509* certificate, EVP_PKEY* key,
                          const std::string& hash) {
  Certificate other(X509_dup(certificate), X509_free);
  Sign(other.get(), key, hash, /*pss=*/false);
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, other.get());
  X509_ALGOR* target = const_cast<X509_ALGOR*>([certificate] {
    const X509_ALGOR* outer = nullptr;
    X509_get0_signature(nullptr, &outer, certificate);
    return outer;
  }());
  Check(X509_ALGOR_copy(target, algorithm) == 1, "cannot copy an algorithm");
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::string ToDer(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  Check(size > 0, "cannot encode");
  std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

Certificate FromDer(absl::string_view der) {
  const unsigned char* bytes = Bytes(der);
  Certificate certificate(
      d2i_X509(nullptr, &bytes, static_cast<long>(der.size())), X509_free);
  Check(certificate != nullptr, "cannot decode");
  return certificate;
}

template <typename Write>
std::string ToPem(Write write) {
  BIO* const bio = BIO_new(BIO_s_mem());
  Check(write(bio) == 1, "cannot write PEM");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<size_t>(size));
  BIO_free(bio);
  return pem;
}

}  // namespace

PrivateKey MakeKey(const std::string& type) {
  absl::string_view bits = type;
  int size = 0;
  if (absl::ConsumePrefix(&bits, "RSA:")) {
    Check(absl::SimpleAtoi(bits, &size), type);
    return Own(EVP_RSA_gen(static_cast<unsigned>(size)));
  }
  if (type == "RSA-PSS") {
    return Generate("RSA-PSS", [](EVP_PKEY_CTX* context) {
      Check(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1, "RSA-PSS");
    });
  }
  if (type == "ED25519") return Generate("ED25519", [](EVP_PKEY_CTX*) {});
  if (type == "DSA") {
    const PrivateKey parameters = [] {
      EVP_PKEY_CTX* const context =
          EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr);
      EVP_PKEY* made = nullptr;
      Check(EVP_PKEY_paramgen_init(context) == 1 &&
                EVP_PKEY_CTX_set_dsa_paramgen_bits(context, 2048) == 1 &&
                EVP_PKEY_generate(context, &made) == 1,
            "DSA");
      EVP_PKEY_CTX_free(context);
      return Own(made);
    }();
    EVP_PKEY_CTX* const context =
        EVP_PKEY_CTX_new_from_pkey(nullptr, parameters.get(), nullptr);
    EVP_PKEY* key = nullptr;
    Check(EVP_PKEY_keygen_init(context) == 1 &&
              EVP_PKEY_generate(context, &key) == 1,
          "DSA");
    EVP_PKEY_CTX_free(context);
    return Own(key);
  }
  return Own(EVP_EC_gen(type.c_str()));
}

std::string MadeCertificate::Pem() const {
  const Certificate certificate = FromDer(der);
  return ToPem(
      [&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

std::string MadeCertificate::KeyPem() const {
  return ToPem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0,
                                    nullptr, nullptr);
  });
}

CertificateSpec AuthoritySpec(const std::string& common_name) {
  CertificateSpec spec;
  spec.subject = {{"CN", common_name}};
  spec.not_before = absl::Now() - absl::Hours(24 * 3650);
  spec.not_after = absl::Now() + absl::Hours(24 * 3650);
  spec.extensions = {{"basicConstraints", "critical,CA:TRUE"},
                     {"keyUsage", "critical,keyCertSign,cRLSign"},
                     {"subjectKeyIdentifier", "hash"}};
  return spec;
}

CertificateSpec LeafSpec(const std::string& dns_name) {
  CertificateSpec spec;
  spec.subject = {{"CN", "leaf"}};
  spec.extensions = {{"basicConstraints", "critical,CA:FALSE"},
                     {"keyUsage", "critical,digitalSignature"},
                     {"extendedKeyUsage", "serverAuth"},
                     {"subjectAltName", "DNS:" + dns_name}};
  return spec;
}

MadeCertificate MakeCertificate(const CertificateSpec& spec,
                                const MadeCertificate* issuer) {
  const PrivateKey key = spec.key ? spec.key : MakeKey("P-256");
  Certificate certificate(X509_new(), X509_free);
  Certificate parent(nullptr, X509_free);
  if (issuer != nullptr) parent = FromDer(issuer->der);
  uint64_t serial = 0;
  Check(
      RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1,
      "no random bytes");
  serial = spec.serial.value_or(serial >> 1);
  Check(X509_set_version(certificate.get(), spec.version - 1) == 1 &&
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()),
                                    serial) == 1 &&
            ASN1_TIME_adj(X509_getm_notBefore(certificate.get()),
                          absl::ToTimeT(spec.not_before), 0, 0) != nullptr &&
            ASN1_TIME_adj(X509_getm_notAfter(certificate.get()),
                          absl::ToTimeT(spec.not_after), 0, 0) != nullptr &&
            X509_set_pubkey(certificate.get(), key.get()) == 1,
        "cannot fill in a certificate");
  SetName(X509_get_subject_name(certificate.get()), spec.subject);
  if (spec.issuer) {
    SetName(X509_get_issuer_name(certificate.get()), *spec.issuer);
  } else {
    Check(X509_set_issuer_name(
              certificate.get(),
              X509_get_subject_name(parent ? parent.get()
                                           : certificate.get())) == 1,
          "cannot name the issuer");
  }
  for (const auto& [name, value] : spec.extensions) {
    AddExtension(certificate.get(), parent ? parent.get() : certificate.get(),
                 name, value);
  }
  EVP_PKEY* const signer = issuer != nullptr ? issuer->key.get() : key.get();
  Sign(certificate.get(), signer, spec.hash, spec.pss);
  std::string der =
      spec.outer_hash.empty()
          ? ToDer(certificate.get())
          : WithOuterHash(certificate.get(), signer, spec.outer_hash);
  return {std::move(der), key};
}

MadeCertificate Forge(absl::string_view original_der) {
  const Certificate copy = FromDer(original_der);
  EVP_PKEY* const old_key = X509_get0_pubkey(copy.get());
  const PrivateKey key =
      EVP_PKEY_get_base_id(old_key) == EVP_PKEY_RSA
          ? MakeKey(absl::StrCat("RSA:", EVP_PKEY_get_bits(old_key)))
          : MakeKey("P-256");
  Check(X509_set_pubkey(copy.get(), key.get()) == 1, "cannot set a key");
  Sign(copy.get(), key.get(), "SHA256", /*pss=*/false);
  return {ToDer(copy.get()), key};
}

MadeCertificate Forge(const MadeCertificate& original) {
  return Forge(original.der);
}

}  // namespace holdfast::test
