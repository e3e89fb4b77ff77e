// A file that only its owner may read and write, with companions beside it
// whose names are its own with something appended.
//
// Errors are kUnavailable, with a reason that fits after a colon and calls the
// file "it". Paths are absolute.

#ifndef HOLDFAST_FALLBACK_PRIVATE_FILE_H_
#define HOLDFAST_FALLBACK_PRIVATE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast {

// Fails if the file or one of its companions that exist is not a regular file,
// belongs to another user, or may be written by one.
absl::Status CheckPrivateFile(const std::string& path,
                              absl::Span<const absl::string_view> companions);

// The same after making an empty file of mode 0600 and its folders of mode
// 0700, as far as they do not exist. Fails, too, if that cannot be done.
//
// Nothing is opened for that: SQLite's locks on a file are lost when any
// descriptor of it is closed in the same process.
absl::Status MakePrivateFile(const std::string& path,
                             absl::Span<const absl::string_view> companions);

// Takes the lock that keeps processes from renaming a file while others open
// it: on its folder, since the file is what changes. It ends with the
// descriptor. Where
// folders cannot be locked, or one stays locked for a second, there is none.
enum class FolderLock { kToOpen, kToRename };
UniqueFd LockFolderOf(const std::string& path, FolderLock purpose);

// Renames the file and its companions to `path`.damaged-<UTC time>, or a name
// like it that is free. Returns the new name.
absl::StatusOr<std::string> RenameDamagedFile(
    const std::string& path, absl::Time now,
    absl::Span<const absl::string_view> companions);

}  // namespace holdfast

#endif  // HOLDFAST_FALLBACK_PRIVATE_FILE_H_
