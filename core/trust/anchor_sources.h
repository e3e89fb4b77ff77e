// What a Trust trusts, copied out of the places where it is kept.
//
// NSS's own trust is process-wide. So nothing is ever loaded into it: a
// database or a module is read below NSS, by PKCS#11, and closed.

#ifndef HOLDFAST_CORE_TRUST_ANCHOR_SOURCES_H_
#define HOLDFAST_CORE_TRUST_ANCHOR_SOURCES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "holdfast/core/nss/nss_runtime.h"
#include "holdfast/core/trust/anchors.h"

namespace holdfast {

// Each adds to `anchors` what it finds. Errors: kTrustUnreadable, which names
// the file or directory.

absl::Status LoadPemFile(const std::string& path, Anchors* anchors);
// The same for a file that is not the user's own: a certificate in it that we
// cannot read is passed over, for the others' sake.
absl::Status LoadBundle(const std::string& path, Anchors* anchors);

// Certificates that the NSS database in `directory` (cert9.db) trusts for TLS
// servers: authorities, and servers themselves; and those that it distrusts.
// Nothing is created or changed.
absl::Status LoadNssDatabase(const NssRuntime& runtime,
                             const std::string& directory, Anchors* anchors);

// The roots that come with NSS, in the module `path`, and what it distrusts.
// The module stays loaded: it cannot be known whether the host application uses
// it too.
absl::Status LoadBuiltinRoots(const std::string& path, Anchors* anchors);

// For anchors that are there, wherever they came from: until when the newest of
// the modules `paths` believes them (Anchors::DistrustAfter). Modules that
// cannot be loaded are passed over; those that can stay loaded.
void LoadDistrustDates(const std::vector<std::string>& paths, Anchors* anchors);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_ANCHOR_SOURCES_H_
