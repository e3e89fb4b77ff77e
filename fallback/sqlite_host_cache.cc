// The memory of hosts in an SQLite file.
//
// Every operation is a short one: nothing is held open between calls, and
// whatever goes wrong is sorted into two kinds (promise 13). A damaged file is
// set aside and the operation done again on a new one. Any other trouble ends
// the use of the file for the life of the object, which goes on in memory.
// Statuses tell the two apart: kDataLoss is damage.

#include "fallback/sqlite_host_cache.h"

#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <limits>
#include <mutex>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/unique_fd.h"
#include "fallback/private_file.h"
#include "fallback/sqlite_statement.h"

namespace holdfast {
namespace {

// Marks of the format, in the file's header. A program leaves a file of a newer
// version alone; a row with names that it does not know belongs to a program
// that knows more rungs or codes, and is passed over.
constexpr int64_t kApplicationId = 0x48464331;  // "HFC1"
constexpr int64_t kFormatVersion = kHostCacheFormatVersion;

// Times and durations are microseconds, the former since the Unix epoch; the
// largest integer stands for "for ever". `spent_at` is HostRecord::SpentAt().
constexpr char kSchema[] = R"(
  CREATE TABLE IF NOT EXISTS host (
    host       TEXT    NOT NULL,
    port       INTEGER NOT NULL,
    security   TEXT    NOT NULL,
    scope      TEXT    NOT NULL DEFAULT '',
    proven     TEXT,
    proven_at  INTEGER,
    rung       TEXT,
    reason     TEXT,
    origin     TEXT,
    expires_at INTEGER,
    lifetime   INTEGER,
    failures   INTEGER NOT NULL DEFAULT 0,
    recoveries INTEGER NOT NULL DEFAULT 0,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    spent_at   INTEGER NOT NULL,
    PRIMARY KEY (host, port, security, scope)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS host_by_spent_at ON host (spent_at);
)";

#define HOLDFAST_HOST_COLUMNS                                              \
  "host, port, security, scope, proven, proven_at, rung, reason, origin, " \
  "expires_at, lifetime, failures, recoveries, first_seen, last_seen"

// What SQLite keeps beside the file.
constexpr absl::string_view kCompanions[] = {"-wal", "-shm", "-journal"};

// The columns as the statements below name them, in order.
enum Column {
  kHost,
  kPort,
  kSecurity,
  kScope,
  kProven,
  kProvenAt,
  kRung,
  kReason,
  kOrigin,
  kExpiresAt,
  kLifetime,
  kFailures,
  kRecoveries,
  kFirstSeen,
  kLastSeen,
};

constexpr char kSelectOne[] =
    "SELECT " HOLDFAST_HOST_COLUMNS
    " FROM host WHERE host = ? AND port = ? AND security = ? AND scope = ?";
constexpr char kSelectAll[] = "SELECT " HOLDFAST_HOST_COLUMNS
                              " FROM host ORDER BY host, port, security, scope";
#define HOLDFAST_OF_HOST " FROM host WHERE host = ? AND port BETWEEN ? AND ?"
constexpr char kSelectHost[] = "SELECT " HOLDFAST_HOST_COLUMNS HOLDFAST_OF_HOST;
constexpr char kDeleteHost[] = "DELETE" HOLDFAST_OF_HOST;
constexpr char kReplace[] =
    "INSERT OR REPLACE INTO host (" HOLDFAST_HOST_COLUMNS
    ", spent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr char kDelete[] =
    "DELETE FROM host "
    "WHERE host = ? AND port = ? AND security = ? AND scope = ?";

int64_t ToInteger(absl::Duration duration) {
  return absl::ToInt64Microseconds(duration);  // saturates
}
int64_t ToInteger(absl::Time time) { return absl::ToUnixMicros(time); }

absl::Duration DurationFrom(int64_t value) {
  return value == std::numeric_limits<int64_t>::max()
             ? absl::InfiniteDuration()
             : absl::Microseconds(value);
}
absl::Time TimeFrom(int64_t value) {
  return absl::UnixEpoch() + DurationFrom(value);
}

std::optional<Proof> ProofFrom(const Statement& row) {
  const std::optional<TlsVersion> version = ParseTlsVersion(row.text(kProven));
  if (!version) return std::nullopt;
  return Proof{*version, TimeFrom(row.integer(kProvenAt))};
}

std::optional<Reduction> ReductionFrom(const Statement& row) {
  const std::optional<Rung> rung = ParseRung(row.text(kRung));
  const std::optional<ErrorCode> reason = ParseErrorCode(row.text(kReason));
  const std::optional<RecordOrigin> origin =
      ParseRecordOrigin(row.text(kOrigin));
  if (!rung || !reason || !origin) return std::nullopt;
  return Reduction{*rung, *reason, *origin, TimeFrom(row.integer(kExpiresAt)),
                   DurationFrom(row.integer(kLifetime))};
}

int CountFrom(int64_t value) {
  return static_cast<int>(
      std::clamp<int64_t>(value, -1, std::numeric_limits<int>::max()));
}

// What is unknown or impossible in a row costs the reduction; a proof that can
// be read stays, since it is what protects the host.
HostRecord RecordFrom(const Statement& row) {
  HostRecord::Fields fields;
  fields.proof = ProofFrom(row);
  fields.first_seen = TimeFrom(row.integer(kFirstSeen));
  fields.last_seen = TimeFrom(row.integer(kLastSeen));
  HostRecord::Fields proof_only = fields;
  fields.reduction = ReductionFrom(row);
  if (fields.reduction) {
    fields.failures = CountFrom(row.integer(kFailures));
    fields.recoveries = CountFrom(row.integer(kRecoveries));
  }
  absl::StatusOr<HostRecord> record = HostRecord::Create(fields);
  if (!record.ok()) record = HostRecord::Create(proof_only);
  return record.ok() && !record->empty() ? *record : HostRecord();
}

std::optional<HostKey> KeyFrom(const Statement& row) {
  absl::StatusOr<Host> host = Host::Parse(row.text(kHost));
  const int64_t port = row.integer(kPort);
  if (!host.ok() || host->name() != row.text(kHost)) return std::nullopt;
  if (port < 1 || port > std::numeric_limits<uint16_t>::max()) {
    return std::nullopt;
  }
  for (ConnectionSecurity security :
       {ConnectionSecurity::kImplicitTls, ConnectionSecurity::kStartTls}) {
    if (row.text(kSecurity) != ConnectionSecurityName(security)) continue;
    return HostKey{Endpoint{*std::move(host), static_cast<uint16_t>(port)},
                   security, std::string(row.text(kScope))};
  }
  return std::nullopt;
}

void BindKey(Statement& statement, const HostKey& key) {
  statement.Text(key.endpoint.host.name())
      .Integer(key.endpoint.port)
      .Text(ConnectionSecurityName(key.security))
      .Text(key.scope);
}

absl::StatusOr<HostRecord> Read(sqlite3* db, const HostKey& key) {
  Statement query(db, kSelectOne);
  BindKey(query, key);
  absl::StatusOr<bool> row = query.Step();
  if (!row.ok()) return row.status();
  return *row ? RecordFrom(query) : HostRecord();
}

using Records = std::vector<std::pair<HostKey, HostRecord>>;

// Appends the records that `query` gives, as far as they can be read.
absl::Status ReadAll(Statement& query, Records& records) {
  while (true) {
    absl::StatusOr<bool> row = query.Step();
    if (!row.ok() || !*row) return row.status();
    std::optional<HostKey> key = KeyFrom(query);
    HostRecord record = RecordFrom(query);
    if (key && !record.empty()) records.emplace_back(*std::move(key), record);
  }
}

absl::Status Write(sqlite3* db, const HostKey& key, const HostRecord& record,
                   const RecordLifetimes& lifetimes) {
  if (record.empty()) {
    Statement erase(db, kDelete);
    BindKey(erase, key);
    return erase.Run();
  }
  const HostRecord::Fields& fields = record.fields();
  Statement replace(db, kReplace);
  BindKey(replace, key);
  if (const std::optional<Proof>& proof = fields.proof) {
    replace.Text(TlsVersionName(proof->version)).Integer(ToInteger(proof->at));
  } else {
    replace.Null().Null();
  }
  if (const std::optional<Reduction>& reduction = fields.reduction) {
    replace.Text(RungName(reduction->rung))
        .Text(ErrorName(reduction->reason))
        .Text(RecordOriginName(reduction->origin))
        .Integer(ToInteger(reduction->expires_at))
        .Integer(ToInteger(reduction->lifetime));
  } else {
    replace.Null().Null().Null().Null().Null();
  }
  return replace.Integer(fields.failures)
      .Integer(fields.recoveries)
      .Integer(ToInteger(fields.first_seen))
      .Integer(ToInteger(fields.last_seen))
      .Integer(ToInteger(record.SpentAt(lifetimes)))
      .Run();
}

// Two processes that find a new file at once get in each other's way when they
// switch it to WAL, and SQLite does not wait for that by itself.
absl::Status SwitchToWal(sqlite3* db) {
  constexpr absl::Duration kPause = absl::Milliseconds(5);
  absl::Duration waited;
  while (true) {
    const int code = sqlite3_exec(db, "PRAGMA journal_mode = WAL", nullptr,
                                  nullptr, nullptr);
    if ((code & 0xff) != SQLITE_BUSY || waited >= kBusyTimeout) {
      return SqliteStatus(code);
    }
    sqlite3_sleep(static_cast<int>(absl::ToInt64Milliseconds(kPause)));
    waited += kPause;
  }
}

absl::Status MakeTables(sqlite3* db) {
  absl::Status status = SwitchToWal(db);
  if (!status.ok()) return status;
  return InTransaction(db, kToWrite, [db] {
    absl::Status made = Execute(db, kSchema);
    if (!made.ok()) return made;
    // A pragma takes no parameters.
    return Execute(db, absl::StrCat("PRAGMA application_id = ", kApplicationId,
                                    "; PRAGMA user_version = ", kFormatVersion)
                           .c_str());
  });
}

// The marks in the file's header, and whether there is anything in it.
struct Format {
  int64_t application = 0;
  int64_t version = 0;
  int64_t tables = 0;
};

absl::StatusOr<Format> ReadFormat(sqlite3* db) {
  Format format;
  const auto read = [&] {
    for (const auto& [sql, value] :
         {std::pair("PRAGMA application_id", &format.application),
          std::pair("PRAGMA user_version", &format.version),
          std::pair("SELECT count(*) FROM sqlite_schema", &format.tables)}) {
      absl::StatusOr<int64_t> result = QueryInteger(db, sql);
      if (!result.ok()) return result.status();
      *value = *result;
    }
    return absl::OkStatus();
  };
  absl::Status status = InTransaction(db, kToRead, read);
  if (!status.ok()) return status;
  return format;
}

// Whether the file is ours and of this version; makes the tables of a new one.
// There is no check of its integrity, which would read the whole file: damage
// shows when it is met.
absl::Status CheckFormat(sqlite3* db) {
  absl::StatusOr<Format> format = ReadFormat(db);
  if (!format.ok()) return format.status();
  if (format->application == kApplicationId) {
    if (format->version == kFormatVersion) return absl::OkStatus();
    if (format->version > kFormatVersion) {
      return absl::UnavailableError(
          "it was written by a newer version of Holdfast");
    }
    return absl::DataLossError("its format version is not valid");
  }
  if (format->application == 0 && format->version == 0 && format->tables == 0) {
    return MakeTables(db);
  }
  return absl::UnavailableError("it is the database of another program");
}

class SqliteHostCache : public HostCache {
 public:
  SqliteHostCache(std::string path, RecordLifetimes lifetimes)
      : path_(std::move(path)), lifetimes_(lifetimes) {}

  // Opens the file now rather than at the first call.
  void Open() {
    std::lock_guard<std::mutex> lock(mutex_);
    OnFile([] { return absl::OkStatus(); });
  }

  HostRecord Lookup(const HostKey& key) override;
  HostRecord Apply(const HostKey& key, const CacheUpdate& update,
                   absl::Time now) override;
  Records List() override;
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

  absl::Status EnsureOpen();
  bool HasMoved();
  absl::Status SetAside();
  void GoOnInMemory(const absl::Status& why);
  absl::Status ForgetReductions(const Host& host, int lowest_port,
                                int highest_port, int& changed);
  absl::Status Unusable() const;

  const std::string path_;
  const RecordLifetimes lifetimes_;
  mutable std::mutex mutex_;
  Database db_;            // null: not open yet, or not any more
  bool accepted_ = false;  // db_ is a file that may be read and written
  std::unique_ptr<HostCache> memory_;  // set once the file is given up
  std::string given_up_;               // why
  std::vector<Error> warnings_;
};

HostRecord SqliteHostCache::Lookup(const HostKey& key) {
  std::lock_guard<std::mutex> lock(mutex_);
  absl::StatusOr<HostRecord> record;
  const bool done = OnFile([&] {
    record = Read(db_.get(), key);
    return record.status();
  });
  return done ? *record : memory_->Lookup(key);
}

HostRecord SqliteHostCache::Apply(const HostKey& key, const CacheUpdate& update,
                                  absl::Time now) {
  std::lock_guard<std::mutex> lock(mutex_);
  HostRecord after;
  // Whether there is anything to write.
  const auto updated = [&]() -> absl::StatusOr<bool> {
    absl::StatusOr<HostRecord> before = Read(db_.get(), key);
    if (!before.ok()) return before.status();
    after = before->Apply(update, now, lifetimes_);
    return after != *before;
  };
  const auto write = [&] {
    absl::StatusOr<bool> changed = updated();
    if (!changed.ok() || !*changed) return changed.status();
    absl::Status written = Write(db_.get(), key, after, lifetimes_);
    if (!written.ok()) return written;
    return Statement(db_.get(), "DELETE FROM host WHERE spent_at <= ?")
        .Integer(ToInteger(now))
        .Run();
  };
  const bool done = OnFile([&] {
    // The usual connection, to a host that is known, takes no lock for writing.
    absl::StatusOr<bool> changed = updated();
    if (!changed.ok() || !*changed) return changed.status();
    return InTransaction(db_.get(), kToWrite, write);
  });
  return done ? after : memory_->Apply(key, update, now);
}

Records SqliteHostCache::List() {
  std::lock_guard<std::mutex> lock(mutex_);
  Records records;
  const bool done = OnFile([&] {
    records.clear();
    Statement query(db_.get(), kSelectAll);
    return ReadAll(query, records);
  });
  return done ? records : memory_->List();
}

absl::StatusOr<int> SqliteHostCache::Forget(const Host& host,
                                            std::optional<uint16_t> port,
                                            bool everything) {
  std::lock_guard<std::mutex> lock(mutex_);
  const int lowest = port.value_or(0);
  const int highest = port.value_or(std::numeric_limits<uint16_t>::max());
  int changed = 0;
  const bool done = OnFile([&] {
    if (!everything) return ForgetReductions(host, lowest, highest, changed);
    absl::Status status = Statement(db_.get(), kDeleteHost)
                              .Text(host.name())
                              .Integer(lowest)
                              .Integer(highest)
                              .Run();
    changed = sqlite3_changes(db_.get());
    return status;
  });
  if (done) return changed;
  memory_->Forget(host, port, everything).IgnoreError();
  return Unusable();
}

absl::Status SqliteHostCache::ForgetReductions(const Host& host,
                                               int lowest_port,
                                               int highest_port, int& changed) {
  changed = 0;
  return InTransaction(db_.get(), kToWrite, [&] {
    Records records;
    Statement query(db_.get(), kSelectHost);
    query.Text(host.name()).Integer(lowest_port).Integer(highest_port);
    absl::Status status = ReadAll(query, records);
    for (const auto& [key, before] : records) {
      const HostRecord after = before.WithoutReduction();
      if (!status.ok() || after == before) continue;
      status = Write(db_.get(), key, after, lifetimes_);
      ++changed;
    }
    return status;
  });
}

absl::StatusOr<int> SqliteHostCache::ForgetAll() {
  std::lock_guard<std::mutex> lock(mutex_);
  int count = 0;
  const bool done = OnFile([&] {
    absl::Status status = Execute(db_.get(), "DELETE FROM host");
    count = sqlite3_changes(db_.get());
    return status;
  });
  if (done) return count;
  memory_->ForgetAll().IgnoreError();
  return Unusable();
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
  if (db_ && !HasMoved()) return absl::OkStatus();
  accepted_ = false;
  db_.reset();
  const UniqueFd lock = LockFolderOf(path_, FolderLock::kToOpen);
  absl::Status status = MakePrivateFile(path_, kCompanions);
  if (!status.ok()) return status;
  sqlite3* opened = nullptr;
  // No mutex of SQLite's own: there is mutex_.
  const int code =
      sqlite3_open_v2(path_.c_str(), &opened,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  db_.reset(opened);  // there is one even if it could not be opened
  if (code != SQLITE_OK) return SqliteStatus(code);
  sqlite3_busy_timeout(
      opened, static_cast<int>(absl::ToInt64Milliseconds(kBusyTimeout)));
  // In WAL mode, NORMAL loses no committed record when a process is killed. A
  // power failure may cost the last ones, which the next connection learns
  // again: not worth waiting for the disk at each.
  status = Execute(opened, "PRAGMA synchronous = NORMAL");
  if (status.ok()) status = CheckFormat(opened);
  accepted_ = status.ok();
  return status;
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
  const bool done_by_another = HasMoved();
  // The file is evidence: closing it shall change nothing.
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  db_.reset();
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
  Records records;
  if (db_ && accepted_) {
    Statement query(db_.get(), kSelectAll);
    ReadAll(query, records).IgnoreError();  // as many as can be had
  }
  db_.reset();
  memory_ = NewMemoryHostCache(lifetimes_, std::move(records));
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

}  // namespace

std::unique_ptr<HostCache> OpenSqliteHostCache(const std::string& path,
                                               RecordLifetimes lifetimes) {
  // Absolute, so that a later chdir() does not move it, and so that SQLite
  // cannot take it for a URI or ":memory:".
  std::error_code ignored;
  auto cache = std::make_unique<SqliteHostCache>(
      std::filesystem::absolute(path, ignored).string(), lifetimes);
  cache->Open();
  return cache;
}

}  // namespace holdfast
