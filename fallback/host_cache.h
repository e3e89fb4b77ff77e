// SPDX-License-Identifier: MPL-2.0

// The memory of hosts: the interface, and one that lasts as long as the
// process. The one on disk stands in sqlite_host_cache.h.
//
// A cache never stands in the way (promise 13): nothing here returns an error
// to a connect. What went wrong is reported once, through TakeWarnings().
// docs/cache.md says how to keep records elsewhere, for a fleet.
//
// Thread safety: every method may be called from any thread.

#ifndef HOLDFAST_FALLBACK_HOST_CACHE_H_
#define HOLDFAST_FALLBACK_HOST_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "holdfast/core/base/error.h"
#include "holdfast/fallback/host_record.h"

#pragma GCC visibility push(default)
namespace holdfast {

using RecordList = std::vector<std::pair<HostKey, HostRecord>>;

struct HostCacheOptions {
  RecordLifetimes lifetimes = {};
  // Beyond it the records that were used least recently are deleted, pins
  // excepted. A few tens of megabytes; nobody has so many mail servers.
  size_t max_records = 100'000;
};

class HostCache {
 public:
  virtual ~HostCache() = default;

  // The record of `key`; an empty one if there is none or it cannot be read.
  virtual HostRecord Lookup(const HostKey& key) = 0;

  // Reads the record of `key`, applies `update` (HostRecord::Apply) and writes
  // it if that changed it, as one step that no other process can come between.
  // Returns the record as it then stands; if it could not be written, as it
  // would have been.
  virtual HostRecord Apply(const HostKey& key, const CacheUpdate& update,
                           absl::Time now) = 0;

  // All records, sorted by host, port, security, scope.
  virtual RecordList List() = 0;

  // Deletes the reductions of every key of that host (and port, if given), and
  // keeps what the host has proven; `everything` deletes the proofs too.
  // Returns the number of records changed or deleted; kCacheUnusable if the
  // file that was to hold them cannot be used.
  virtual absl::StatusOr<int> Forget(const Host& host,
                                     std::optional<uint16_t> port,
                                     bool everything) = 0;
  // Deletes all records, with their proofs. Returns how many there were.
  virtual absl::StatusOr<int> ForgetAll() = 0;

  // Whether records outlive the process. False as soon as a file could not be
  // read or written: what was learned since then is in memory only.
  virtual bool persistent() const = 0;

  // What went wrong since the last call, in plain sentences.
  virtual std::vector<Error> TakeWarnings() = 0;
};

// A cache that is gone with the process; it starts with `records`, and has
// `warnings` to give.
std::unique_ptr<HostCache> NewMemoryHostCache(
    const HostCacheOptions& options = {}, RecordList records = {},
    std::vector<Error> warnings = {});

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_FALLBACK_HOST_CACHE_H_
