#include "holdfast/core/tls/key_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/nss/nss_functions.h"

namespace holdfast {

absl::StatusOr<std::unique_ptr<KeyLog>> KeyLog::Open(const std::string& path) {
  if (absl::Status usable = CheckNssForKeyLog(LoadedNss::OfThisProcess());
      !usable.ok()) {
    return usable;
  }
  UniqueFd fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  struct stat file;
  if (!fd.valid() || fstat(fd.get(), &file) != 0) {
    return MakeStatus(ErrorCode::kKeyLogUnwritable, Phase::kSetup,
                      absl::StrCat("The key log \"", EscapeBytes(path),
                                   "\" cannot be written: ",
                                   std::system_category().message(errno), "."));
  }
  return std::unique_ptr<KeyLog>(new KeyLog(std::move(fd), file.st_size));
}

void KeyLog::Write(absl::string_view label, absl::string_view client_random,
                   absl::string_view secret) const {
  const std::string line =
      absl::StrCat(label, " ", absl::BytesToHexString(client_random), " ",
                   absl::BytesToHexString(secret), "\n");
  // In one piece, so that processes that share the file do not mix lines.
  [[maybe_unused]] const ssize_t written =
      write(fd_.get(), line.data(), line.size());
}

bool KeyLog::HasGrown() const {
  struct stat file;
  return fstat(fd_.get(), &file) == 0 && file.st_size > size_;
}

}  // namespace holdfast
