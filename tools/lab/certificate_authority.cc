#include "holdfast/tools/lab/certificate_authority.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdint>

#include "absl/strings/str_join.h"
#include "holdfast/tools/lab/openssl_ptr.h"

namespace holdfast::lab {
namespace {

// A key of `options`, or null.
OpensslPtr<EVP_PKEY> NewKey(const CertificateOptions& options) {
  EVP_PKEY* key = nullptr;
  switch (options.key_type) {
    case KeyType::kP256:
      key = EVP_EC_gen("P-256");
      break;
    case KeyType::kP384:
      key = EVP_EC_gen("P-384");
      break;
    case KeyType::kRsa:
      key = EVP_RSA_gen(static_cast<size_t>(options.rsa_bits));
      break;
  }
  return OpensslPtr<EVP_PKEY>(key);
}

const EVP_MD* Digest(SignatureHash hash) {
  switch (hash) {
    case SignatureHash::kSha1:
      return EVP_sha1();
    case SignatureHash::kSha256:
      return EVP_sha256();
    case SignatureHash::kSha384:
      return EVP_sha384();
  }
  return nullptr;
}

// "DNS:localhost,IP:127.0.0.1"
std::string AlternativeNames(const CertificateOptions& options) {
  std::vector<std::string> names;
  for (const std::string& name : options.dns_names) {
    names.push_back("DNS:" + name);
  }
  for (const std::string& address : options.ip_addresses) {
    names.push_back("IP:" + address);
  }
  return absl::StrJoin(names, ",");
}

// The extensions of a leaf or an authority, as OpenSSL's configuration writes
// them. The key identifiers come in this order: one is copied from the other.
std::vector<std::pair<int, std::string>> Extensions(
    const CertificateOptions& options, bool is_authority) {
  std::vector<std::pair<int, std::string>> extensions = {
      {NID_subject_key_identifier, "hash"},
      {NID_authority_key_identifier, "keyid:always"},
  };
  if (is_authority) {
    extensions.push_back({NID_basic_constraints, "critical,CA:TRUE"});
    extensions.push_back({NID_key_usage, "critical,keyCertSign,cRLSign"});
    return extensions;
  }
  extensions.push_back({NID_basic_constraints, "critical,CA:FALSE"});
  extensions.push_back(
      {NID_key_usage, options.key_type == KeyType::kRsa
                          ? "critical,digitalSignature,keyEncipherment"
                          : "critical,digitalSignature"});
  extensions.push_back({NID_ext_key_usage, options.extended_key_usage});
  const std::string names = AlternativeNames(options);
  if (!names.empty()) extensions.push_back({NID_subject_alt_name, names});
  return extensions;
}

// Everything but names, extensions and the signature.
bool SetBasics(X509* certificate, EVP_PKEY* key,
               const CertificateOptions& options) {
  uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) !=
      1) {
    return false;
  }
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate),
                                 serial >> 1) == 1 &&
         ASN1_TIME_set(X509_getm_notBefore(certificate),
                       absl::ToTimeT(options.not_before)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate),
                       absl::ToTimeT(options.not_after)) != nullptr &&
         X509_set_pubkey(certificate, key) == 1 &&
         X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
                                    MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(
                                        options.common_name.c_str()),
                                    -1, -1, 0) == 1;
}

bool AddExtensions(X509* certificate, X509* issuer,
                   const CertificateOptions& options, bool is_authority) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& [nid, value] : Extensions(options, is_authority)) {
    OpensslPtr<X509_EXTENSION> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    if (extension == nullptr ||
        X509_add_ext(certificate, extension.get(), -1) != 1) {
      return false;
    }
  }
  return true;
}

// A new key and a certificate for it, signed by `issuer`, or by itself if that
// is null.
absl::StatusOr<Certificate> Make(const CertificateOptions& options,
                                 bool is_authority, const Certificate* issuer) {
  OpensslPtr<EVP_PKEY> key = NewKey(options);
  if (key == nullptr) return OpensslError("cannot make a key");
  OpensslPtr<X509> certificate(X509_new());
  X509* signer = certificate.get();
  EVP_PKEY* signing_key = key.get();
  OpensslPtr<X509> issuer_certificate;
  OpensslPtr<EVP_PKEY> issuer_key;
  if (issuer != nullptr) {
    issuer_certificate.reset(PEM_read_bio_X509(
        FromPem(issuer->certificate_pem).get(), nullptr, nullptr, nullptr));
    issuer_key.reset(PEM_read_bio_PrivateKey(FromPem(issuer->key_pem).get(),
                                             nullptr, nullptr, nullptr));
    signer = issuer_certificate.get();
    signing_key = issuer_key.get();
  }
  if (!SetBasics(certificate.get(), key.get(), options) ||
      X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer)) !=
          1 ||
      !AddExtensions(certificate.get(), signer, options, is_authority) ||
      X509_sign(certificate.get(), signing_key,
                Digest(options.signature_hash)) == 0) {
    return OpensslError("cannot make a certificate");
  }
  Certificate made;
  made.certificate_pem = ToPem(
      [&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  made.key_pem = ToPem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0,
                                    nullptr, nullptr);
  });
  made.chain_pem = made.certificate_pem;
  return made;
}

absl::StatusOr<Certificate> MakeAuthority(
    const std::string& common_name, const Certificate* issuer,
    SignatureHash hash = SignatureHash::kSha256) {
  CertificateOptions options;
  options.signature_hash = hash;
  options.common_name = common_name;
  options.not_before = absl::Now() - absl::Hours(24 * 3650);
  options.not_after = absl::Now() + absl::Hours(24 * 3650);
  return Make(options, /*is_authority=*/true, issuer);
}

}  // namespace

absl::StatusOr<CertificateAuthority> CertificateAuthority::Create(
    const std::string& common_name) {
  absl::StatusOr<Certificate> root = MakeAuthority(common_name, nullptr);
  if (!root.ok()) return root.status();
  return CertificateAuthority(*std::move(root));
}

absl::StatusOr<Certificate> CertificateAuthority::Issue(
    const CertificateOptions& options) const {
  if (options.self_signed) {
    return Make(options, /*is_authority=*/false, nullptr);
  }
  if (!options.via_intermediate) {
    return Make(options, /*is_authority=*/false, &root_);
  }
  absl::StatusOr<Certificate> intermediate = MakeAuthority(
      "Holdfast Lab Intermediate", &root_, options.intermediate_signature_hash);
  if (!intermediate.ok()) return intermediate.status();
  absl::StatusOr<Certificate> leaf =
      Make(options, /*is_authority=*/false, &*intermediate);
  if (leaf.ok()) leaf->chain_pem += intermediate->certificate_pem;
  return leaf;
}

}  // namespace holdfast::lab
