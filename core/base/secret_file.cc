#include "holdfast/core/base/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast {
namespace {

constexpr size_t kMostBytes = 64 * 1024;

absl::Status Unreadable(ErrorCode code, const std::string& path,
                        const std::string& why) {
  return MakeStatus(code, Phase::kSetup,
                    absl::StrCat("The file \"", EscapeBytes(path),
                                 "\" cannot be used: ", why, "."));
}

}  // namespace

absl::StatusOr<SecretFile> ReadSecretFile(const std::string& path,
                                          ErrorCode code) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return Unreadable(code, path, std::system_category().message(errno));
  }
  return ReadSecret(fd.get(), path, code);
}

absl::StatusOr<SecretFile> ReadSecret(int fd, const std::string& name,
                                      ErrorCode code) {
  // Of its final size: a string that grows leaves what it held behind.
  std::string buffer(kMostBytes + 1, '\0');
  size_t size = 0;
  ssize_t got = 1;
  while (got > 0 && size < buffer.size()) {
    got = read(fd, &buffer[size], buffer.size() - size);
    if (got > 0) size += static_cast<size_t>(got);
  }
  const int error = errno;
  SecretFile file{SecretString(absl::string_view(buffer).substr(0, size))};
  Wipe(&buffer);
  if (got < 0) {
    return Unreadable(code, name, std::system_category().message(error));
  }
  if (size > kMostBytes) return Unreadable(code, name, "it is too long");
  struct stat status;
  file.is_exposed = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
                    (status.st_mode & S_IROTH) != 0;
  return file;
}

std::string ExposedFileWarning(const std::string& path) {
  return absl::StrCat("everybody on this machine can read \"",
                      EscapeBytes(path), "\" (chmod go-rwx would end that)");
}

}  // namespace holdfast
