// SPDX-License-Identifier: MPL-2.0

// Who a client is, for servers that ask by TLS: a certificate with its key.
//
//   absl::StatusOr<std::shared_ptr<const ClientIdentity>> identity =
//       ClientIdentity::Load(*nss, {"alice.pem", "alice.key"});
//   request.identity = *identity;

#ifndef HOLDFAST_CORE_TRUST_CLIENT_IDENTITY_H_
#define HOLDFAST_CORE_TRUST_CLIENT_IDENTITY_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/nss/nss_runtime.h"

// NSS's.
struct CERTCertificateStr;
struct SECKEYPrivateKeyStr;

#pragma GCC visibility push(default)
namespace holdfast {

// PEM; both may be in one file.
struct ClientIdentityFiles {
  // The client's certificate first, then those that lead to its issuer.
  std::string certificate;
  // PKCS#8 ("BEGIN PRIVATE KEY"), not encrypted; RSA or ECDSA.
  std::string key;
};

// The key is in the memory of this process only, and ends with the last user of
// it: no database of NSS's gets it, not even a host application's.
// Thread safety: immutable; may be shared by connections and threads.
class ClientIdentity {
 public:
  // Errors: kClientIdentityUnusable, naming the file; also for a key that is
  // not the certificate's.
  static absl::StatusOr<std::shared_ptr<const ClientIdentity>> Load(
      std::shared_ptr<NssRuntime> runtime, const ClientIdentityFiles& files);

  virtual ~ClientIdentity() = default;

  // Everybody on this machine may read the key's file.
  virtual bool key_is_exposed() const = 0;

  // For core's own files: references that NSS is to own. False if it is out of
  // memory.
  virtual bool Present(CERTCertificateStr** certificate,
                       SECKEYPrivateKeyStr** key) const = 0;
};

// What a server means by `alert` that has asked for a client certificate, and
// got one (`sent`) or none: kClientCertificateRefused or
// kClientCertificateRequired; nullopt if it is about something else. Servers
// differ (RFC 8446, 4.4.2.4).
std::optional<ErrorCode> ReadClientCertificateAlert(const TlsAlert& alert,
                                                    bool sent);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_TRUST_CLIENT_IDENTITY_H_
