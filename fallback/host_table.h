// The table of hosts in an SQLite file: its format, its versions, and how rows
// and records become one another. docs/cache.md describes it.
//
// Errors are those of sqlite_statement.h: kDataLoss if the file is damaged,
// kUnavailable otherwise.

#ifndef HOLDFAST_FALLBACK_HOST_TABLE_H_
#define HOLDFAST_FALLBACK_HOST_TABLE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "holdfast/fallback/host_cache.h"
#include "holdfast/fallback/sqlite_statement.h"

namespace holdfast {

// Makes the tables of a new file, and brings one of an older version up to
// date. kUnavailable if the file is of a newer version or another program's.
absl::Status PrepareHostTable(sqlite3* db);

// What VerifyHostTable() found.
struct HostTableReport {
  int64_t format_version = 0;  // 0: an empty file
  int records = 0;             // that can be read
  int unknown = 0;             // rows of a program that knows more names
  std::vector<std::string> problems;
};
// Checks the whole file and every row, and changes nothing. Errors are only
// those that keep it from looking; damage is in the report.
absl::StatusOr<HostTableReport> VerifyHostTable(sqlite3* db);

// Ports from lowest to highest.
struct PortRange {
  explicit PortRange(std::optional<uint16_t> port);
  int lowest;
  int highest;
};

// Thread safety: none. `db` has been prepared, and outlives it. What changes
// more than one row is to be called in a transaction.
class HostTable {
 public:
  HostTable(sqlite3* db, const RecordLifetimes& lifetimes);

  // What differs after any commit to the file, by whomever: two that are equal
  // mean that nothing was written between them. Nullopt if that cannot be told.
  // It is the header of SQLite's wal-index, shared memory by which SQLite
  // itself sees whether what it has read still holds
  // (sqlite.org/walformat.html, 2.1), and takes no lock.
  using ChangeMark = std::array<uint32_t, 12>;
  std::optional<ChangeMark> ReadChangeMark() const;

  // An empty record if there is none.
  absl::StatusOr<HostRecord> Read(const HostKey& key);
  // Appends all records that can be read, sorted by their keys.
  absl::Status ReadAll(RecordList& records);
  // Likewise those of one host.
  absl::Status ReadHost(const Host& host, PortRange ports, RecordList& records);
  absl::StatusOr<int64_t> Count();

  // Writes a record; deletes the row if it is empty.
  absl::Status Write(const HostKey& key, const HostRecord& record);
  // Notes when a host was used, unless a later time stands there.
  absl::Status WriteLastSeen(const HostKey& key, absl::Time at);

  // These return how many rows they deleted.
  absl::StatusOr<int> DeleteSpent(absl::Time now);
  // The least recently used, pins excepted.
  absl::StatusOr<int> DeleteOldest(int64_t count);
  absl::StatusOr<int> DeleteHost(const Host& host, PortRange ports);
  absl::StatusOr<int> DeleteAll();

 private:
  absl::StatusOr<int> Changes(absl::Status status) const;

  sqlite3* const db_;
  const RecordLifetimes lifetimes_;
  Statement read_;  // needed at each connect
};

}  // namespace holdfast

#endif  // HOLDFAST_FALLBACK_HOST_TABLE_H_
