// A certificate authority made on the spot, for servers in tests:
//
//   auto authority = CertificateAuthority::Create();
//   CertificateOptions options;
//   options.not_after = absl::Now() - absl::Hours(1);
//   auto expired = authority->Issue(options);
//   // expired->chain_pem and expired->key_pem are what a server is given,
//   // authority->certificate_pem() is what a client is to trust.

#ifndef HOLDFAST_TOOLS_LAB_CERTIFICATE_AUTHORITY_H_
#define HOLDFAST_TOOLS_LAB_CERTIFICATE_AUTHORITY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace holdfast::lab {

enum class KeyType { kP256, kP384, kRsa };
enum class SignatureHash { kSha1, kSha256, kSha384 };

struct CertificateOptions {
  std::string common_name = "localhost";
  // Subject alternative names; both lists may be empty.
  std::vector<std::string> dns_names = {"localhost"};
  std::vector<std::string> ip_addresses = {"127.0.0.1", "::1"};
  absl::Time not_before = absl::Now() - absl::Hours(1);
  absl::Time not_after = absl::Now() + absl::Hours(24 * 30);
  KeyType key_type = KeyType::kP256;
  int rsa_bits = 2048;  // of use only with KeyType::kRsa; at least 512
  SignatureHash signature_hash = SignatureHash::kSha256;
  // As OpenSSL's configuration names it: "serverAuth", "clientAuth", …
  std::string extended_key_usage = "serverAuth";
  // Signed by its own key instead of the authority's.
  bool self_signed = false;
  // Signed by an intermediate authority made for it, which stands in the chain.
  bool via_intermediate = false;
  SignatureHash intermediate_signature_hash = SignatureHash::kSha256;
};

// A certificate with its private key, as PEM.
struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
  // The certificate and its intermediates, the root left out.
  std::string chain_pem;
};

// A value type; copies are the same authority. Thread safety: as for a value.
class CertificateAuthority {
 public:
  // An authority with a fresh P-256 key, whose certificate is valid from ten
  // years ago until ten years from now.
  static absl::StatusOr<CertificateAuthority> Create(
      const std::string& common_name = "Holdfast Lab Root");

  // A new certificate with a new key. Errors: what OpenSSL refuses, such as a
  // key too small or an address that is none.
  absl::StatusOr<Certificate> Issue(
      const CertificateOptions& options = {}) const;

  // What a client is to trust.
  const std::string& certificate_pem() const { return root_.certificate_pem; }
  // For signing what is no certificate, such as an OCSP response.
  const std::string& key_pem() const { return root_.key_pem; }

 private:
  explicit CertificateAuthority(Certificate root) : root_(std::move(root)) {}

  Certificate root_;
};

}  // namespace holdfast::lab

#endif  // HOLDFAST_TOOLS_LAB_CERTIFICATE_AUTHORITY_H_
