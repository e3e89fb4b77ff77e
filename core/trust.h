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

namespace holdfast {

struct TrustOptions {
  // The system's bundle, as update-ca-certificates keeps it.
  bool system_roots = true;
  // PEM files whose certificates are trusted too.
  std::vector<std::string> ca_files;
};

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
  // Errors: kTrustUnreadable (names the file), kNoTrustAnchors if there would
  // be none at all.
  static absl::StatusOr<std::shared_ptr<const Trust>> Load(
      std::shared_ptr<NssRuntime> runtime, const TrustOptions& options);

  virtual ~Trust() = default;

  // Every problem of the chain, the leaf's first; empty if it is good for
  // `host` at `now`. `chain` holds DER certificates as the server sent them,
  // the leaf first.
  virtual std::vector<CertificateProblem> Verify(
      absl::Span<const std::string> chain, const Host& host,
      absl::Time now) const = 0;
};

// Reads a DER certificate. Errors: kBadCertificate.
absl::StatusOr<CertificateInfo> ReadCertificate(const NssRuntime& runtime,
                                                absl::string_view der);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_H_
