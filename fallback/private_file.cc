#include "holdfast/fallback/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace holdfast {
namespace {

absl::Status SystemError(absl::string_view what, int error) {
  return absl::UnavailableError(absl::StrCat(
      what, ": ", std::error_code(error, std::generic_category()).message()));
}

std::string FolderOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

// Returns an errno, 0 if the folder or something else of that name exists then.
int MakeFolder(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return 0;
  if (errno != ENOENT || FolderOf(folder) == folder) return errno;
  if (const int error = MakeFolder(FolderOf(folder)); error != 0) return error;
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return 0;
  return errno;
}

// Returns an errno, 0 if something of that name exists then.
int MakeFile(const std::string& path) {
  if (::mknod(path.c_str(), S_IFREG | 0600, 0) == 0 || errno == EEXIST) {
    return 0;
  }
  return errno;
}

// Whether `path`, if it exists, is a file that only we can have written; `name`
// is what errors call it.
absl::Status CheckFile(const std::string& path, absl::string_view name) {
  struct stat file;
  if (::lstat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return SystemError(absl::StrCat(name, " cannot be examined"), errno);
  }
  if (!S_ISREG(file.st_mode)) {
    return absl::UnavailableError(absl::StrCat(name, " is not a regular file"));
  }
  if (file.st_uid != ::geteuid()) {
    return absl::UnavailableError(
        absl::StrCat(name, " belongs to another user"));
  }
  if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::UnavailableError(absl::StrCat(
        name, " may be written by others; chmod 600 makes it yours alone"));
  }
  return absl::OkStatus();
}

// A name for a damaged file that no file has.
std::string NameForDamaged(const std::string& path, absl::Time now) {
  const std::string name = absl::StrCat(
      path, ".damaged-",
      absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone()));
  std::string free = name;
  for (int n = 2; ::access(free.c_str(), F_OK) == 0; ++n) {
    free = absl::StrCat(name, "-", n);
  }
  return free;
}

}  // namespace

absl::Status CheckPrivateFile(const std::string& path,
                              absl::Span<const absl::string_view> companions) {
  absl::Status status = CheckFile(path, "it");
  for (absl::string_view companion : companions) {
    const std::string name = absl::StrCat(path, companion);
    if (status.ok()) status = CheckFile(name, name);
  }
  return status;
}

absl::Status MakePrivateFile(const std::string& path,
                             absl::Span<const absl::string_view> companions) {
  int error = MakeFile(path);
  if (error == ENOENT) {
    const std::string folder = FolderOf(path);
    if (error = MakeFolder(folder); error != 0) {
      return SystemError(absl::StrCat("its folder ", folder, " cannot be made"),
                         error);
    }
    error = MakeFile(path);
  }
  if (error != 0) return SystemError("it cannot be made", error);
  return CheckPrivateFile(path, companions);
}

UniqueFd LockFolderOf(const std::string& path, FolderLock purpose) {
  const int operation = purpose == FolderLock::kToOpen ? LOCK_SH : LOCK_EX;
  UniqueFd folder(
      ::open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Neither takes long: who holds the lock for longer is some other program.
  for (int tries = 0; tries < 100 && folder.valid(); ++tries) {
    if (::flock(folder.get(), operation | LOCK_NB) == 0) break;
    if (errno != EWOULDBLOCK) break;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return folder;
}

absl::StatusOr<std::string> RenameDamagedFile(
    const std::string& path, absl::Time now,
    absl::Span<const absl::string_view> companions) {
  const std::string aside = NameForDamaged(path, now);
  const auto rename = [&](absl::string_view companion) {
    return ::rename(absl::StrCat(path, companion).c_str(),
                    absl::StrCat(aside, companion).c_str()) == 0 ||
           errno == ENOENT;
  };
  // The companions go first: a log that stayed behind would be read into the
  // file that comes next.
  for (absl::string_view companion : companions) {
    if (!rename(companion)) {
      return SystemError("it is damaged and cannot be set aside", errno);
    }
  }
  if (!rename("")) {
    return SystemError("it is damaged and cannot be set aside", errno);
  }
  return aside;
}

}  // namespace holdfast
