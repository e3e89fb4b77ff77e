// Which certificates a connection accepts.
//
// Each connection has a Trust of its own; NSS's process-wide trust is neither
// used nor changed (anchors are handed to CERT_PKIXVerifyCert).

#ifndef HOLDFAST_CORE_TRUST_H_
#define HOLDFAST_CORE_TRUST_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "core/endpoint.h"
#include "core/error.h"
#include "core/nss_runtime.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct TrustOptions {
  // The system's bundle; where there is none, NSS's built-in roots.
  bool system_roots = true;
  // PEM files whose certificates are trusted too.
  std::vector<std::string> ca_files = {};
  // A directory with an NSS database, whose certificates that are trusted for
  // TLS servers are trusted too. Empty: none.
  std::string nss_database = {};
  // "sha256//BASE64" of the server key (SubjectPublicKeyInfo), as curl has it.
  // If there are any, the key must be one of them; that replaces the checks of
  // issuer, name and dates (as DANE-EE, RFC 7671, 5.1).
  std::vector<std::string> pins = {};
  // Problems are found and reported, and the connection is made all the same,
  // with whoever it may be. Such a connection proves nothing (promise 7).
  bool danger_accept_any_certificate = false;

  // Where the system keeps its bundle (update-ca-certificates writes it, a
  // company's own authorities included) and NSS its roots.
  std::string system_bundle = "/etc/ssl/certs/ca-certificates.crt";
  std::string builtin_roots = "libnssckbi.so";
};

// False of what is no "sha256//BASE64" with 32 bytes.
bool IsPin(absl::string_view text);

// What a report shows of the server's certificate.
struct CertificateInfo {
  std::string subject;
  std::string issuer;
  std::vector<std::string> names;  // subjectAltName: DNS names, IP addresses
  absl::Time not_before;
  absl::Time not_after;
  std::string sha256;  // fingerprint, lower-case hex
};

// Immutable once loaded; may be shared by connections and threads.
class Trust {
 public:
  // Errors: kInvalidPin; kTrustUnreadable (names the file); kNoTrustAnchors if
  // there would be nothing at all by which a certificate can be accepted.
  static absl::StatusOr<std::shared_ptr<const Trust>> Load(
      std::shared_ptr<NssRuntime> runtime, const TrustOptions& options);

  virtual ~Trust() = default;

  // Every problem of the chain, the leaf's first; empty if it is good for
  // `host` at `now`. `chain` holds DER certificates as the server sent them,
  // the leaf first; `stapled` OCSP responses that came with them. Revocation is
  // known from these alone: nothing is fetched, and their absence is no
  // problem.
  std::vector<CertificateProblem> Verify(
      absl::Span<const std::string> chain, const Host& host, absl::Time now,
      absl::Span<const std::string> stapled = {}) const {
    return DoVerify(chain, stapled, host, now);
  }

  // The user has said to connect whatever Verify() finds.
  virtual bool danger_accepts_any_certificate() const = 0;

 private:
  virtual std::vector<CertificateProblem> DoVerify(
      absl::Span<const std::string> chain,
      absl::Span<const std::string> stapled, const Host& host,
      absl::Time now) const = 0;
};

// Reads a DER certificate. Errors: kBadCertificate.
absl::StatusOr<CertificateInfo> ReadCertificate(const NssRuntime& runtime,
                                                absl::string_view der);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_TRUST_H_
