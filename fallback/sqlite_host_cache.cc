// The memory of hosts in an SQLite file.
//
// What was read once is kept in memory until another process writes, so that a
// usual connect costs one look at SQLite's shared memory. A write is one
// transaction on what the file then holds.
//
// Every operation is a short one: no lock is held between calls, and whatever
// goes wrong is sorted into two kinds (promise 13). A damaged file is set aside
// and the operation done again on a new one. Any other trouble ends the use of
// the file for the life of the object, which goes on in memory. Statuses tell
// the two apart: kDataLoss is damage.

#include "holdfast/fallback/sqlite_host_cache.h"

#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/fallback/host_map.h"
#include "holdfast/fallback/host_table.h"
#include "holdfast/fallback/private_file.h"
#include "holdfast/fallback/sqlite_statement.h"

namespace holdfast {
namespace {

// What SQLite keeps beside the file.
constexpr absl::string_view kCompanions[] = {"-wal", "-shm", "-journal"};

// Sets `db` even if it could not be opened.
absl::Status OpenDatabase(const std::string& path, Database& db) {
  sqlite3* opened = nullptr;
  // No mutex of SQLite's own: each user has one.
  const int code =
      sqlite3_open_v2(path.c_str(), &opened,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  db.reset(opened);
  if (code != SQLITE_OK) return SqliteStatus(code);
  sqlite3_busy_timeout(
      opened, static_cast<int>(absl::ToInt64Milliseconds(kBusyTimeout)));
  return absl::OkStatus();
}

// A damaged file is evidence: closing it shall change nothing.
void KeepAsItIs(sqlite3* db) {
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

class SqliteHostCache : public HostCache {
 public:
  SqliteHostCache(std::string path, const HostCacheOptions& options)
      : path_(std::move(path)), options_(options) {}

  // Opens the file now rather than at the first call.
  void Open() {
    std::lock_guard<std::mutex> lock(mutex_);
    OnFile([] { return absl::OkStatus(); });
  }

  HostRecord Lookup(const HostKey& key) override;
  HostRecord Apply(const HostKey& key, const CacheUpdate& update,
                   absl::Time now) override;
  RecordList List() override;
  absl::StatusOr<int> Forget(const Host& host, std::optional<uint16_t> port,
                             bool everything) override;
  absl::StatusOr<int> ForgetAll() override;

  bool persistent() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return memory_ == nullptr;
  }
  std::vector<Error> TakeWarnings() override {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(warnings_, {});
  }

 private:
  // Does `work` on the open file, as the head of this file says: on a new one
  // if it turns out to be damaged. False if it could not be done; memory_ is
  // then in use.
  bool OnFile(const std::function<absl::Status()>& work);
  // Likewise in a transaction for writing. A commit of our own changes the
  // file's mark, too.
  bool InWrite(const std::function<absl::Status()>& work);

  absl::Status EnsureOpen();
  void Close();
  bool HasMoved();
  absl::Status SetAside();
  void GoOnInMemory(const absl::Status& why);
  absl::StatusOr<HostRecord> Known(const HostKey& key);
  absl::Status WriteRecord(const HostKey& key, const HostRecord& record,
                           bool is_new, absl::Time now);
  absl::Status DeleteSurplus();
  absl::Status ForgetReductions(const Host& host, PortRange ports,
                                int& changed);
  absl::Status Unusable() const;

  const std::string path_;
  const HostCacheOptions options_;
  mutable std::mutex mutex_;
  Database db_;                     // null: not open yet, or not any more
  std::optional<HostTable> table_;  // of db_, once it may be read and written
  // What was read while the file was as at read_at_, hosts without a record
  // included.
  HostMap<HostRecord> known_;
  std::optional<HostTable::ChangeMark> read_at_;
  // When known hosts were used since the last write; goes with the next.
  HostMap<absl::Time> used_;
  size_t inserts_before_count_ = 0;
  std::unique_ptr<HostCache> memory_;  // set once the file is given up
  std::string given_up_;               // why
  std::vector<Error> warnings_;
};

// The record of `key`, from memory unless somebody has written.
absl::StatusOr<HostRecord> SqliteHostCache::Known(const HostKey& key) {
  const std::optional<HostTable::ChangeMark> mark = table_->ReadChangeMark();
  if (!mark || mark != read_at_ || known_.size() > options_.max_records) {
    known_.clear();
    read_at_ = mark;
  }
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second;
  absl::StatusOr<HostRecord> record = table_->Read(key);
  if (record.ok()) known_.emplace(key, *record);
  return record;
}

HostRecord SqliteHostCache::Lookup(const HostKey& key) {
  std::lock_guard<std::mutex> lock(mutex_);
  absl::StatusOr<HostRecord> record;
  const bool done = OnFile([&] {
    record = Known(key);
    return record.status();
  });
  return done ? *record : memory_->Lookup(key);
}

HostRecord SqliteHostCache::Apply(const HostKey& key, const CacheUpdate& update,
                                  absl::Time now) {
  std::lock_guard<std::mutex> lock(mutex_);
  HostRecord after;
  bool changed = false;
  // The usual connection, to a host that is known, takes no lock for writing.
  const bool looked = OnFile([&] {
    absl::StatusOr<HostRecord> before = Known(key);
    if (!before.ok()) return before.status();
    after = before->Apply(update, now, options_.lifetimes);
    changed = after != *before;
    return absl::OkStatus();
  });
  if (!looked) return memory_->Apply(key, update, now);
  if (!changed) {
    if (!after.empty()) used_[key] = now;
    return after;
  }
  const bool written = InWrite([&] {
    absl::StatusOr<HostRecord> before = table_->Read(key);
    if (!before.ok()) return before.status();
    after = before->Apply(update, now, options_.lifetimes);
    if (after == *before) return absl::OkStatus();
    return WriteRecord(key, after, before->empty(), now);
  });
  return written ? after : memory_->Apply(key, update, now);
}

// Writes a record, and does what else is to be done when something is written.
absl::Status SqliteHostCache::WriteRecord(const HostKey& key,
                                          const HostRecord& record, bool is_new,
                                          absl::Time now) {
  absl::Status status = table_->Write(key, record);
  for (const auto& [used, at] : used_) {
    if (status.ok()) status = table_->WriteLastSeen(used, at);
  }
  used_.clear();
  if (status.ok()) status = table_->DeleteSpent(now).status();
  if (status.ok() && is_new) status = DeleteSurplus();
  return status;
}

// Counting reads the whole index: it is done only as often as it must to keep
// within a hundredth of the limit, and that much more is deleted than must be.
absl::Status SqliteHostCache::DeleteSurplus() {
  if (inserts_before_count_ > 0) {
    --inserts_before_count_;
    return absl::OkStatus();
  }
  const size_t slack = options_.max_records / 100;
  inserts_before_count_ = slack;
  absl::StatusOr<int64_t> count = table_->Count();
  if (!count.ok()) return count.status();
  const auto limit = static_cast<int64_t>(options_.max_records);
  if (*count <= limit) return absl::OkStatus();
  return table_->DeleteOldest(*count - limit + static_cast<int64_t>(slack))
      .status();
}

RecordList SqliteHostCache::List() {
  std::lock_guard<std::mutex> lock(mutex_);
  RecordList records;
  const bool done = OnFile([&] {
    records.clear();
    return table_->ReadAll(records);
  });
  return done ? records : memory_->List();
}

absl::StatusOr<int> SqliteHostCache::Forget(const Host& host,
                                            std::optional<uint16_t> port,
                                            bool everything) {
  std::lock_guard<std::mutex> lock(mutex_);
  int changed = 0;
  const bool done = InWrite([&] {
    if (!everything) return ForgetReductions(host, PortRange(port), changed);
    absl::StatusOr<int> deleted = table_->DeleteHost(host, PortRange(port));
    if (deleted.ok()) changed = *deleted;
    return deleted.status();
  });
  if (done) return changed;
  memory_->Forget(host, port, everything).IgnoreError();
  return Unusable();
}

absl::Status SqliteHostCache::ForgetReductions(const Host& host,
                                               PortRange ports, int& changed) {
  changed = 0;
  RecordList records;
  absl::Status status = table_->ReadHost(host, ports, records);
  for (const auto& [key, before] : records) {
    const HostRecord after = before.WithoutReduction();
    if (!status.ok() || after == before) continue;
    status = table_->Write(key, after);
    ++changed;
  }
  return status;
}

absl::StatusOr<int> SqliteHostCache::ForgetAll() {
  std::lock_guard<std::mutex> lock(mutex_);
  int count = 0;
  const bool done = InWrite([&] {
    absl::StatusOr<int> deleted = table_->DeleteAll();
    if (deleted.ok()) count = *deleted;
    return deleted.status();
  });
  if (done) return count;
  memory_->ForgetAll().IgnoreError();
  return Unusable();
}

bool SqliteHostCache::InWrite(const std::function<absl::Status()>& work) {
  return OnFile([&] { return InTransaction(db_.get(), kToWrite, work); });
}

bool SqliteHostCache::OnFile(const std::function<absl::Status()>& work) {
  for (bool may_start_anew : {true, false}) {
    if (memory_) return false;
    absl::Status status = EnsureOpen();
    if (status.ok()) status = work();
    if (status.ok()) return true;
    if (absl::IsDataLoss(status) && may_start_anew) {
      status = SetAside();
      if (status.ok()) continue;
    }
    GoOnInMemory(status);
  }
  return false;
}

absl::Status SqliteHostCache::EnsureOpen() {
  // The user may delete the file, another process set it aside.
  if (table_ && !HasMoved()) return absl::OkStatus();
  Close();
  const UniqueFd lock = LockFolderOf(path_, FolderLock::kToOpen);
  absl::Status status = MakePrivateFile(path_, kCompanions);
  if (!status.ok()) return status;
  status = OpenDatabase(path_, db_);
  // In WAL mode, NORMAL loses no committed record when a process is killed. A
  // power failure may cost the last ones, which the next connection learns
  // again: not worth waiting for the disk at each.
  if (status.ok()) status = Execute(db_.get(), "PRAGMA synchronous = NORMAL");
  // What is forgotten is overwritten, not only marked as free.
  if (status.ok()) status = Execute(db_.get(), "PRAGMA secure_delete = ON");
  if (status.ok()) status = PrepareHostTable(db_.get());
  if (status.ok()) table_.emplace(db_.get(), options_.lifetimes);
  return status;
}

void SqliteHostCache::Close() {
  known_.clear();
  used_.clear();
  table_.reset();
  db_.reset();
}

// Whether path_ is not the open file any more.
bool SqliteHostCache::HasMoved() {
  int moved = 0;
  sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

absl::Status SqliteHostCache::SetAside() {
  // Of the processes that meet the damage at once, one does it.
  const UniqueFd lock = LockFolderOf(path_, FolderLock::kToRename);
  const bool done_by_another = db_ && HasMoved();
  if (db_) KeepAsItIs(db_.get());
  Close();
  if (done_by_another) return absl::OkStatus();
  absl::StatusOr<std::string> aside =
      RenameDamagedFile(path_, absl::Now(), kCompanions);
  if (!aside.ok()) return aside.status();
  warnings_.push_back(
      MakeError(ErrorCode::kCacheDamaged, Phase::kSetup,
                absl::StrCat("The host cache ", path_,
                             " was damaged and has been set aside as ", *aside,
                             "; a new one was started.")));
  return absl::OkStatus();
}

void SqliteHostCache::GoOnInMemory(const absl::Status& why) {
  RecordList records;
  if (table_) table_->ReadAll(records).IgnoreError();  // as many as can be had
  Close();
  memory_ = NewMemoryHostCache(options_, std::move(records));
  given_up_ = absl::StrCat("The host cache ", path_,
                           " cannot be used: ", why.message());
  warnings_.push_back(MakeError(
      ErrorCode::kCacheUnusable, Phase::kSetup,
      absl::StrCat(given_up_, ". Hosts are remembered in memory only.")));
}

absl::Status SqliteHostCache::Unusable() const {
  return MakeStatus(ErrorCode::kCacheUnusable, Phase::kSetup,
                    absl::StrCat(given_up_, "."));
}

// So that a later chdir() does not move it, and so that SQLite cannot take it
// for a URI or ":memory:".
std::string AbsolutePath(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::absolute(path, ignored).string();
}

}  // namespace

std::string DefaultHostCacheFile() {
  const char* const state = std::getenv("XDG_STATE_HOME");
  // A relative path is invalid there.
  if (state != nullptr && absl::StartsWith(state, "/")) {
    return absl::StrCat(state, "/holdfast/hosts.db");
  }
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return "";
  return absl::StrCat(home, "/.local/state/holdfast/hosts.db");
}

std::unique_ptr<HostCache> OpenSqliteHostCache(
    const std::string& path, const HostCacheOptions& options) {
  auto cache = std::make_unique<SqliteHostCache>(AbsolutePath(path), options);
  cache->Open();
  return cache;
}

absl::StatusOr<HostCacheCheck> VerifyHostCache(const std::string& path) {
  const std::string file = AbsolutePath(path);
  const auto unusable = [&](const absl::Status& why) {
    return MakeStatus(
        ErrorCode::kCacheUnusable, Phase::kSetup,
        absl::StrCat("The host cache ", file,
                     " cannot be verified: ", why.message(), "."));
  };
  HostCacheCheck check;
  std::error_code ignored;
  const auto type = std::filesystem::symlink_status(file, ignored).type();
  if (type == std::filesystem::file_type::not_found) return check;
  check.exists = true;
  const UniqueFd lock = LockFolderOf(file, FolderLock::kToOpen);
  absl::Status status = CheckPrivateFile(file, kCompanions);
  if (!status.ok()) return unusable(status);
  Database db;
  status = OpenDatabase(file, db);
  if (!status.ok()) return unusable(status);
  absl::StatusOr<HostTableReport> table = VerifyHostTable(db.get());
  if (!table.ok() || !table->problems.empty()) KeepAsItIs(db.get());
  if (!table.ok()) return unusable(table.status());
  check.format_version = table->format_version;
  check.records = table->records;
  check.unknown = table->unknown;
  check.problems = std::move(table->problems);
  return check;
}

}  // namespace holdfast
