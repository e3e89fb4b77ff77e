// Files that hold a secret: a password, a private key.

#ifndef HOLDFAST_CORE_BASE_SECRET_FILE_H_
#define HOLDFAST_CORE_BASE_SECRET_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/secret_string.h"

namespace holdfast {

struct SecretFile {
  SecretString content;
  // Everybody on this machine may read it, which its owner should be told.
  bool is_exposed = false;
};

// Reads `path`, which may be a pipe, to its end; no copy stays in memory.
// Errors: `code`, naming the file, if it cannot be read or has more than 64
// KiB.
absl::StatusOr<SecretFile> ReadSecretFile(const std::string& path,
                                          ErrorCode code);
// The same of a descriptor that is open; `name` is for the error.
absl::StatusOr<SecretFile> ReadSecret(int fd, const std::string& name,
                                      ErrorCode code);

// A line about `path` for whoever keeps it.
std::string ExposedFileWarning(const std::string& path);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_BASE_SECRET_FILE_H_
