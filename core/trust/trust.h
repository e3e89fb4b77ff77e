// SPDX-License-Identifier: MPL-2.0

// Which certificates a connection accepts.
//
// What a certificate is worth depends on what the server sent, on the anchors,
// the host and the time, and on nothing that another connection or thread has
// seen (promise 15): NSS's certificate store has no part in it. docs/trust.md
// says what is checked, and what is not.

#ifndef HOLDFAST_CORE_TRUST_TRUST_H_
#define HOLDFAST_CORE_TRUST_TRUST_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/nss/nss_runtime.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct TrustOptions {
  // The system's bundle; where there is none, NSS's built-in roots.
  bool system_roots = true;
  // PEM files whose certificates are trusted too.
  std::vector<std::string> ca_files = {};
  // A directory with an NSS database, whose certificates that are trusted for
  // TLS servers are trusted too; those that it marks as not trusted are
  // refused wherever they stand. Empty: none.
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

// What a report shows of a certificate. Its texts are printable
// (core/base/printable.h), so that not all of them are to the letter what the
// certificate holds.
struct CertificateInfo {
  std::string subject;
  std::string issuer;
  std::vector<std::string> names;  // subjectAltName: DNS names, IP addresses
  absl::Time not_before;
  absl::Time not_after;
  std::string sha256;     // fingerprint, lower-case hex
  std::string pin;        // "sha256//BASE64" of its key
  std::string key;        // "RSA, 2048 bits"
  std::string signature;  // "RSA with SHA-256"
};

// What is to be verified.
struct ServerCertificates {
  std::vector<std::string> chain;    // DER as the server sent it, its own first
  std::vector<std::string> stapled;  // OCSP responses that came with it
  Host host;                         // whose they should be
  absl::Time now;
};

// The verification of one server's certificates. Ends without a verdict when it
// is destroyed. Thread safety: one thread at a time.
class Verification {
 public:
  virtual ~Verification() = default;

  enum class Progress {
    kDone,     // problems() is the verdict
    kWorking,  // call Continue() again, after others have had their turn
    kWaiting,  // call it again once `wake` was called
  };
  // Works for 20 ms at most.
  virtual Progress Continue() = 0;
  // Every problem, those of the server's own certificate first; empty if it is
  // good.
  virtual const std::vector<CertificateProblem>& problems() const = 0;
};

// The client's own word in place of all that Trust checks: it is given what the
// server sent and answers with every problem that it found (none: verified).
// Called on the loop's thread for each handshake. It answers once, at once or
// later, on the same thread; another answer does nothing, nor does one after
// the connect has ended. An answer that is destroyed without a call refuses
// (kCertificateRefusedByClient).
using CertificateVerifier = std::function<void(
    ServerCertificates,
    std::function<void(std::vector<CertificateProblem>)> answer)>;

// Immutable once loaded; may be shared by connections and threads.
class Trust {
 public:
  // Errors: kInvalidPin; kTrustUnreadable (names the file); kNoTrustAnchors if
  // there would be nothing at all by which a certificate can be accepted.
  static absl::StatusOr<std::shared_ptr<const Trust>> Load(
      std::shared_ptr<NssRuntime> runtime, const TrustOptions& options);

  // Asks `verifier`, and nobody else.
  static std::shared_ptr<const Trust> Custom(CertificateVerifier verifier);

  virtual ~Trust() = default;

  // Begins to verify. Revocation is known from stapled responses alone: nothing
  // is fetched, and their absence is no problem. `wake` is called on the loop's
  // thread when a Verification that was kWaiting can go on, and not after the
  // Verification was destroyed. This Trust may end before the Verification.
  virtual std::unique_ptr<Verification> Begin(
      ServerCertificates server, std::function<void()> wake) const = 0;

  // The same, until there is a verdict, which takes some 60 ms at most for
  // what Load() made. One of Custom() must answer at once here.
  std::vector<CertificateProblem> Verify(
      absl::Span<const std::string> chain, const Host& host, absl::Time now,
      absl::Span<const std::string> stapled = {}) const;

  // The user has said to connect whatever is found.
  virtual bool danger_accepts_any_certificate() const = 0;
};

// Reads a DER certificate. Errors: kBadCertificate.
absl::StatusOr<CertificateInfo> ReadCertificate(const NssRuntime& runtime,
                                                absl::string_view der);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_TRUST_TRUST_H_
