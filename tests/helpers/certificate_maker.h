// Certificates of any kind, right and wrong, made on the spot. For those that
// a server would have, lab::CertificateAuthority is shorter.
//
//   const MadeCertificate root = MakeCertificate(AuthoritySpec("Root"));
//   CertificateSpec leaf = LeafSpec("mail.example.org");
//   leaf.extensions.push_back({"1.2.3.4", "critical,DER:0500"});
//   const MadeCertificate odd = MakeCertificate(leaf, &root);

#ifndef HOLDFAST_TESTS_HELPERS_CERTIFICATE_MAKER_H_
#define HOLDFAST_TESTS_HELPERS_CERTIFICATE_MAKER_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

struct evp_pkey_st;  // OpenSSL's

namespace holdfast::test {

using PrivateKey = std::shared_ptr<evp_pkey_st>;

// `type` as OpenSSL names it: "RSA:2048", "P-256", "ED25519", "DSA", "RSA-PSS";
// "P-256 explicit" has the curve's numbers in place of its name.
PrivateKey MakeKey(const std::string& type);

// What subjectKeyIdentifier says of it by "hash" (RFC 5280, 4.2.1.2).
std::string KeyIdentifier(const PrivateKey& key);

struct CertificateSpec {
  // Attributes in order: {"CN", "Root"}; empty: no name.
  std::vector<std::pair<std::string, std::string>> subject;
  // The issuer's subject, unless told otherwise.
  std::optional<std::vector<std::pair<std::string, std::string>>> issuer;
  // A random one, unless told otherwise.
  std::optional<uint64_t> serial;
  absl::Time not_before = absl::Now() - absl::Hours(1);
  absl::Time not_after = absl::Now() + absl::Hours(24 * 30);
  int version = 3;
  PrivateKey key = nullptr;     // null: a new P-256 key
  PrivateKey signer = nullptr;  // null: the issuer's key
  std::string hash = "SHA256";  // empty: the key's own (Ed25519)
  bool pss = false;             // RSASSA-PSS with `hash`
  // By OpenSSL's names or as OIDs, values as in its configuration files.
  std::vector<std::pair<std::string, std::string>> extensions = {};
  // What the outside says of the signature, where it differs from the inside.
  std::string outer_hash = {};
};

struct MadeCertificate {
  std::string der;
  PrivateKey key;

  std::string Pem() const;
  std::string KeyPem() const;
};

// A name in subjectAltName or in name constraints.
struct GeneralName {
  enum class Kind { kDns, kEmail, kUri, kAddress, kDirectory, kOther };
  Kind kind;
  // As it stands in the certificate, right or wrong: of an address its bytes,
  // in constraints followed by those of its mask; of a directory name its
  // attributes, "O=Example,CN=leaf"; of another name any text, which stands
  // under an OID of nobody's.
  std::string value;
};

using Extension = std::pair<std::string, std::string>;

// Puts an extension in place of the one of its name, or adds it.
void SetExtension(Extension extension, CertificateSpec* spec);
void RemoveExtension(absl::string_view name, CertificateSpec* spec);

// The keyIdentifier alone.
Extension AuthorityKeyIdentifier(absl::string_view key_identifier);
Extension SubjectAltName(const std::vector<GeneralName>& names,
                         bool critical = false);
// A list without a name is left out.
Extension NameConstraints(const std::vector<GeneralName>& permitted,
                          const std::vector<GeneralName>& excluded,
                          bool critical = true);

// The bytes of an address, and those of it with its mask, from text:
// "192.0.2.1", "2001:db8::1", "192.0.2.0/24", "2001:db8::/32".
std::string AddressBytes(absl::string_view text);

// An authority, valid for twenty years, and a server's certificate.
CertificateSpec AuthoritySpec(const std::string& common_name);
CertificateSpec LeafSpec(const std::string& dns_name);

// Signed by `issuer`, or if that is null by its own key. Anything that OpenSSL
// refuses ends the process.
MadeCertificate MakeCertificate(const CertificateSpec& spec,
                                const MadeCertificate* issuer = nullptr);

// Like `original` in all but the key, and signed by that: what somebody who has
// seen a certificate can make of it.
MadeCertificate Forge(const MadeCertificate& original);
MadeCertificate Forge(absl::string_view original_der);

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_CERTIFICATE_MAKER_H_
