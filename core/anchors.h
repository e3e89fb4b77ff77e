// What a Trust trusts, copied out of the places where it is kept.
//
// NSS's own trust is process-wide. So nothing is ever loaded into it: a
// database or a module is read below NSS, by PKCS#11, and closed.

#ifndef HOLDFAST_CORE_ANCHORS_H_
#define HOLDFAST_CORE_ANCHORS_H_

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/nss_runtime.h"

namespace holdfast {

// Certificates as DER; few of them are ever needed decoded. A value.
struct Anchors {
  // Authorities by their subjects. A server may also use one as it is.
  std::unordered_multimap<std::string, std::string> authorities;
  // Good for the server that has them, and as issuers of nothing.
  std::unordered_set<std::string> peers;

  bool empty() const { return authorities.empty() && peers.empty(); }
};

// Each adds to `anchors` what it finds. Errors: kTrustUnreadable, which names
// the file or directory.

absl::Status LoadPemFile(const std::string& path, Anchors* anchors);

// Certificates that the NSS database in `directory` (cert9.db) trusts for TLS
// servers: authorities, and servers themselves. Nothing is created or changed.
absl::Status LoadNssDatabase(const NssRuntime& runtime,
                             const std::string& directory, Anchors* anchors);

// The roots that come with NSS, in the module `path`; what it distrusts stays
// out. The module stays loaded: it cannot be known whether the host application
// uses it too.
absl::Status LoadBuiltinRoots(const std::string& path, Anchors* anchors);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_ANCHORS_H_
