#include "holdfast/tests/helpers/certificate_maker.h"

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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

constexpr char kOtherNameOid[] = "1.3.6.1.4.1.99999.1";

int TypeOf(GeneralName::Kind kind) {
  switch (kind) {
    case GeneralName::Kind::kDns:
      return GEN_DNS;
    case GeneralName::Kind::kEmail:
      return GEN_EMAIL;
    case GeneralName::Kind::kUri:
      return GEN_URI;
    case GeneralName::Kind::kAddress:
      return GEN_IPADD;
    case GeneralName::Kind::kDirectory:
      return GEN_DIRNAME;
    case GeneralName::Kind::kOther:
      return GEN_OTHERNAME;
  }
  return -1;
}

GENERAL_NAME* NewGeneralName(const GeneralName& name) {
  GENERAL_NAME* const made = GENERAL_NAME_new();
  const int type = TypeOf(name.kind);
  if (name.kind == GeneralName::Kind::kDirectory) {
    std::vector<std::pair<std::string, std::string>> attributes;
    for (absl::string_view part :
         absl::StrSplit(name.value, ',', absl::SkipEmpty())) {
      attributes.push_back(absl::StrSplit(part, absl::MaxSplits('=', 1)));
    }
    X509_NAME* const directory = X509_NAME_new();
    SetName(directory, attributes);
    GENERAL_NAME_set0_value(made, type, directory);
    return made;
  }
  ASN1_STRING* const text = ASN1_STRING_type_new(
      name.kind == GeneralName::Kind::kAddress ? V_ASN1_OCTET_STRING
      : name.kind == GeneralName::Kind::kOther ? V_ASN1_UTF8STRING
                                               : V_ASN1_IA5STRING);
  Check(ASN1_STRING_set(text, name.value.data(),
                        static_cast<int>(name.value.size())) == 1,
        "cannot set a name");
  if (name.kind == GeneralName::Kind::kOther) {
    ASN1_TYPE* const value = ASN1_TYPE_new();
    ASN1_TYPE_set(value, V_ASN1_UTF8STRING, text);
    Check(GENERAL_NAME_set0_othername(made, OBJ_txt2obj(kOtherNameOid, 1),
                                      value) == 1,
          "cannot set another name");
  } else {
    GENERAL_NAME_set0_value(made, type, text);
  }
  return made;
}

// As the value of an extension.
template <typename T, typename Encode>
std::string DerText(T* value, Encode encode, bool critical) {
  unsigned char* der = nullptr;
  const int size = encode(value, &der);
  Check(size > 0, "cannot encode an extension");
  const std::string hex = absl::BytesToHexString(absl::string_view(
      reinterpret_cast<char*>(der), static_cast<size_t>(size)));
  OPENSSL_free(der);
  return absl::StrCat(critical ? "critical," : "", "DER:", hex);
}

STACK_OF(GENERAL_SUBTREE) * NewSubtrees(const std::vector<GeneralName>& names) {
  if (names.empty()) return nullptr;
  STACK_OF(GENERAL_SUBTREE)* const trees = sk_GENERAL_SUBTREE_new_null();
  for (const GeneralName& name : names) {
    GENERAL_SUBTREE* const tree = GENERAL_SUBTREE_new();
    GENERAL_NAME_free(tree->base);
    tree->base = NewGeneralName(name);
    sk_GENERAL_SUBTREE_push(trees, tree);
  }
  return trees;
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

// A context for signing with `key`.
EVP_MD_CTX* NewSigner(EVP_PKEY* key, const std::string& hash, bool pss) {
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
  return context;
}

void Sign(X509* certificate, EVP_PKEY* key, const std::string& hash, bool pss) {
  const long version = X509_get_version(certificate);
  EVP_MD_CTX* context = NewSigner(key, hash, pss);
  Check(X509_sign_ctx(certificate, context) > 0, "cannot sign");
  EVP_MD_CTX_free(context);
  if (X509_get_version(certificate) == version) return;
  // From OpenSSL 3.2 on, who signs extensions makes it version 3.
  Check(X509_set_version(certificate, version) == 1, "cannot set the version");
  unsigned char* signed_part = nullptr;
  const int size = i2d_re_X509_tbs(certificate, &signed_part);
  context = NewSigner(key, hash, pss);
  unsigned char signature[1024];
  size_t length = sizeof signature;
  Check(EVP_DigestSign(context, signature, &length, signed_part,
                       static_cast<size_t>(size)) == 1,
        "cannot sign");
  EVP_MD_CTX_free(context);
  OPENSSL_free(signed_part);
  const ASN1_BIT_STRING* bits = nullptr;
  X509_get0_signature(&bits, nullptr, certificate);
  Check(ASN1_STRING_set(const_cast<ASN1_BIT_STRING*>(bits), signature,
                        static_cast<int>(length)) == 1,
        "cannot set the signature");
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
  absl::string_view curve = type;
  const bool is_explicit = absl::ConsumeSuffix(&curve, " explicit");
  PrivateKey key = Own(EVP_EC_gen(std::string(curve).c_str()));
  if (is_explicit) {
    Check(EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING,
                                         "explicit") == 1,
          type);
  }
  return key;
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

void SetExtension(Extension extension, CertificateSpec* spec) {
  for (auto& [name, value] : spec->extensions) {
    if (name == extension.first) {
      value = std::move(extension.second);
      return;
    }
  }
  spec->extensions.push_back(std::move(extension));
}

void RemoveExtension(absl::string_view name, CertificateSpec* spec) {
  auto& all = spec->extensions;
  all.erase(
      std::remove_if(all.begin(), all.end(),
                     [name](const Extension& it) { return it.first == name; }),
      all.end());
}

std::string KeyIdentifier(const PrivateKey& key) {
  X509_PUBKEY* spki = nullptr;
  Check(X509_PUBKEY_set(&spki, key.get()) == 1, "cannot encode a key");
  const unsigned char* bits = nullptr;
  int size = 0;
  X509_PUBKEY_get0_param(nullptr, &bits, &size, nullptr, spki);
  unsigned char hash[SHA_DIGEST_LENGTH];
  SHA1(bits, static_cast<size_t>(size), hash);
  X509_PUBKEY_free(spki);
  return std::string(reinterpret_cast<char*>(hash), sizeof hash);
}

Extension AuthorityKeyIdentifier(absl::string_view key_identifier) {
  AUTHORITY_KEYID* const identifier = AUTHORITY_KEYID_new();
  identifier->keyid = ASN1_OCTET_STRING_new();
  Check(ASN1_OCTET_STRING_set(identifier->keyid, Bytes(key_identifier),
                              static_cast<int>(key_identifier.size())) == 1,
        "cannot set a key identifier");
  Extension extension = {
      "authorityKeyIdentifier",
      DerText(identifier, i2d_AUTHORITY_KEYID, /*critical=*/false)};
  AUTHORITY_KEYID_free(identifier);
  return extension;
}

Extension SubjectAltName(const std::vector<GeneralName>& names, bool critical) {
  GENERAL_NAMES* const list = sk_GENERAL_NAME_new_null();
  for (const GeneralName& name : names) {
    sk_GENERAL_NAME_push(list, NewGeneralName(name));
  }
  Extension extension = {"subjectAltName",
                         DerText(list, i2d_GENERAL_NAMES, critical)};
  sk_GENERAL_NAME_pop_free(list, GENERAL_NAME_free);
  return extension;
}

Extension NameConstraints(const std::vector<GeneralName>& permitted,
                          const std::vector<GeneralName>& excluded,
                          bool critical) {
  NAME_CONSTRAINTS* const constraints = NAME_CONSTRAINTS_new();
  constraints->permittedSubtrees = NewSubtrees(permitted);
  constraints->excludedSubtrees = NewSubtrees(excluded);
  // It has no i2d function of its own.
  const auto encode = [](NAME_CONSTRAINTS* value, unsigned char** der) {
    return ASN1_item_i2d(reinterpret_cast<ASN1_VALUE*>(value), der,
                         ASN1_ITEM_rptr(NAME_CONSTRAINTS));
  };
  Extension extension = {"nameConstraints",
                         DerText(constraints, encode, critical)};
  NAME_CONSTRAINTS_free(constraints);
  return extension;
}

std::string AddressBytes(absl::string_view text) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(text, absl::MaxSplits('/', 1));
  const bool is_ipv6 = absl::StrContains(text, ':');
  std::string bytes(is_ipv6 ? 16 : 4, '\0');
  Check(inet_pton(is_ipv6 ? AF_INET6 : AF_INET, parts.first.c_str(),
                  bytes.data()) == 1,
        text);
  if (parts.second.empty()) return bytes;
  int ones = 0;
  Check(absl::SimpleAtoi(parts.second, &ones), text);
  for (size_t i = 0, size = bytes.size(); i < size; ++i, ones -= 8) {
    bytes += static_cast<char>(ones >= 8   ? 0xff
                               : ones <= 0 ? 0
                                           : 0xff << (8 - ones));
  }
  return bytes;
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
  EVP_PKEY* const signer = spec.signer != nullptr ? spec.signer.get()
                           : issuer != nullptr    ? issuer->key.get()
                                                  : key.get();
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
