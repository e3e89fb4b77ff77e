// SPDX-License-Identifier: MPL-2.0

// The memory of hosts on disk: SQLite in WAL mode, shared by many processes.
//
// A process must not fork and go on using a cache that it opened before; open
// another one in the child.

#ifndef HOLDFAST_FALLBACK_SQLITE_HOST_CACHE_H_
#define HOLDFAST_FALLBACK_SQLITE_HOST_CACHE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "holdfast/fallback/host_cache.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Of the files that are written, and the newest that can be read. An older one
// is brought up to date when it is opened (docs/cache.md).
inline constexpr int64_t kHostCacheFormatVersion = 2;

// Opens the file at `path`, made with mode 0600 (its folder 0700) if there is
// none. Always returns a working cache: if the file cannot be used, now or
// later, it goes on in memory, with all that could be read so far, and says why
// through TakeWarnings(). A damaged file is renamed to
// `path`.damaged-<UTC time> and a new one started. A file that others may write
// or that belongs to somebody else, and one of a newer format, is left alone
// and not used.
std::unique_ptr<HostCache> OpenSqliteHostCache(
    const std::string& path, const HostCacheOptions& options = {});

// Where the user's programs keep it: holdfast/hosts.db in $XDG_STATE_HOME, else
// in ~/.local/state. Empty if there is no home.
std::string DefaultHostCacheFile();

// What a check of the whole file found.
struct HostCacheCheck {
  bool exists = false;
  int64_t format_version = 0;  // 0: an empty file, or none that can be read
  int records = 0;             // that can be read
  int unknown = 0;  // of a newer program, with names that this one passes over
  std::vector<std::string> problems;

  bool ok() const { return problems.empty(); }
};

// Checks every page of the file at `path` and every record in it, and mends
// nothing. Errors: kCacheUnusable if it cannot be looked at.
absl::StatusOr<HostCacheCheck> VerifyHostCache(const std::string& path);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_FALLBACK_SQLITE_HOST_CACHE_H_
