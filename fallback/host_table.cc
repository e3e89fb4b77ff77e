#include "holdfast/fallback/host_table.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/fallback/sqlite_host_cache.h"

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
  CREATE INDEX IF NOT EXISTS host_by_last_seen ON host (last_seen);
)";

// What leads from each version to the next; the first is from 1 to 2: files are
// bounded, and a pin has no reason.
constexpr const char* kMigrations[] = {
    "CREATE INDEX host_by_last_seen ON host (last_seen)",
};
static_assert(std::size(kMigrations) + 1 == kFormatVersion);

#define HOLDFAST_HOST_COLUMNS                                              \
  "host, port, security, scope, proven, proven_at, rung, reason, origin, " \
  "expires_at, lifetime, failures, recoveries, first_seen, last_seen"

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
constexpr char kDeleteOldest[] =
    "DELETE FROM host WHERE (host, port, security, scope) IN ("
    "SELECT host, port, security, scope FROM host "
    "WHERE origin IS NOT 'pinned' ORDER BY last_seen LIMIT ?)";
constexpr char kUpdateLastSeen[] =
    "UPDATE host SET last_seen = ? WHERE host = ? AND port = ? "
    "AND security = ? AND scope = ? AND last_seen < ?";
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

absl::Status UnknownName(absl::string_view name) {
  return absl::UnimplementedError(absl::StrCat("unknown: ", name));
}

absl::StatusOr<Proof> ProofFrom(const Statement& row) {
  const std::optional<TlsVersion> version = ParseTlsVersion(row.text(kProven));
  if (!version) return UnknownName(row.text(kProven));
  return Proof{*version, TimeFrom(row.integer(kProvenAt))};
}

absl::StatusOr<Reduction> ReductionFrom(const Statement& row) {
  const std::optional<Rung> rung = ParseRung(row.text(kRung));
  if (!rung) return UnknownName(row.text(kRung));
  const std::optional<ErrorCode> reason = ParseErrorCode(row.text(kReason));
  if (!reason && !row.text(kReason).empty()) {
    return UnknownName(row.text(kReason));
  }
  const std::optional<RecordOrigin> origin =
      ParseRecordOrigin(row.text(kOrigin));
  if (!origin) return UnknownName(row.text(kOrigin));
  return Reduction{*rung, reason, *origin, TimeFrom(row.integer(kExpiresAt)),
                   DurationFrom(row.integer(kLifetime))};
}

int CountFrom(int64_t value) {
  return static_cast<int>(
      std::clamp<int64_t>(value, -1, std::numeric_limits<int>::max()));
}

// The record of a row. Errors: kUnimplemented if it holds a name that this
// program does not know, those of HostRecord::Create().
absl::StatusOr<HostRecord> WholeRecordFrom(const Statement& row) {
  HostRecord::Fields fields;
  if (!row.text(kProven).empty()) {
    absl::StatusOr<Proof> proof = ProofFrom(row);
    if (!proof.ok()) return proof.status();
    fields.proof = *proof;
  }
  if (!row.text(kRung).empty()) {
    absl::StatusOr<Reduction> reduction = ReductionFrom(row);
    if (!reduction.ok()) return reduction.status();
    fields.reduction = *reduction;
  }
  fields.failures = CountFrom(row.integer(kFailures));
  fields.recoveries = CountFrom(row.integer(kRecoveries));
  fields.first_seen = TimeFrom(row.integer(kFirstSeen));
  fields.last_seen = TimeFrom(row.integer(kLastSeen));
  return HostRecord::Create(fields);
}

// What is unknown or impossible in a row costs the reduction; a proof that can
// be read stays, since it is what protects the host.
HostRecord RecordFrom(const Statement& row) {
  absl::StatusOr<HostRecord> record = WholeRecordFrom(row);
  if (!record.ok()) {
    absl::StatusOr<Proof> proof = ProofFrom(row);
    if (!proof.ok()) return HostRecord();
    HostRecord::Fields fields;
    fields.proof = *proof;
    fields.first_seen = TimeFrom(row.integer(kFirstSeen));
    fields.last_seen = TimeFrom(row.integer(kLastSeen));
    record = HostRecord::Create(fields);
  }
  return record.ok() && !record->empty() ? *record : HostRecord();
}

// Errors: kUnimplemented for a mode that this program does not know, kDataLoss
// for what cannot be a key.
absl::StatusOr<HostKey> KeyFrom(const Statement& row) {
  absl::StatusOr<Host> host = Host::Parse(row.text(kHost));
  const int64_t port = row.integer(kPort);
  if (!host.ok() || host->name() != row.text(kHost)) {
    return absl::DataLossError("The host's name is not one.");
  }
  if (port < 1 || port > std::numeric_limits<uint16_t>::max()) {
    return absl::DataLossError("The port is not one.");
  }
  for (ConnectionSecurity security :
       {ConnectionSecurity::kImplicitTls, ConnectionSecurity::kStartTls}) {
    if (row.text(kSecurity) != ConnectionSecurityName(security)) continue;
    return HostKey{Endpoint{*std::move(host), static_cast<uint16_t>(port)},
                   security, std::string(row.text(kScope))};
  }
  return UnknownName(row.text(kSecurity));
}

void BindKey(Statement& statement, const HostKey& key) {
  statement.Text(key.endpoint.host.name())
      .Integer(key.endpoint.port)
      .Text(ConnectionSecurityName(key.security))
      .Text(key.scope);
}

// Appends the records that `query` gives, as far as they can be read.
absl::Status ReadRows(Statement& query, RecordList& records) {
  while (true) {
    absl::StatusOr<bool> row = query.Step();
    if (!row.ok() || !*row) return row.status();
    absl::StatusOr<HostKey> key = KeyFrom(query);
    HostRecord record = RecordFrom(query);
    if (key.ok() && !record.empty()) {
      records.emplace_back(*std::move(key), std::move(record));
    }
  }
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

absl::Status SetVersion(sqlite3* db, int64_t version) {
  // A pragma takes no parameters.
  return Execute(db, absl::StrCat("PRAGMA user_version = ", version).c_str());
}

absl::Status MakeTables(sqlite3* db) {
  absl::Status status = SwitchToWal(db);
  if (!status.ok()) return status;
  return InTransaction(db, kToWrite, [db] {
    absl::Status made = Execute(db, kSchema);
    if (!made.ok()) return made;
    made = Execute(
        db, absl::StrCat("PRAGMA application_id = ", kApplicationId).c_str());
    return made.ok() ? SetVersion(db, kFormatVersion) : made;
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

absl::Status CheckOwner(const Format& format) {
  if (format.application == kApplicationId) {
    if (format.version > kFormatVersion) {
      return absl::UnavailableError(
          "it was written by a newer version of Holdfast");
    }
    if (format.version < 1) {
      return absl::DataLossError("its format version is not valid");
    }
    return absl::OkStatus();
  }
  if (format.application == 0 && format.version == 0 && format.tables == 0) {
    return absl::OkStatus();
  }
  return absl::UnavailableError("it is the database of another program");
}

// Another process may have done it while this one waited for the lock.
absl::Status Migrate(sqlite3* db) {
  return InTransaction(db, kToWrite, [db] {
    absl::StatusOr<int64_t> version = QueryInteger(db, "PRAGMA user_version");
    if (!version.ok()) return version.status();
    for (int64_t from = std::max<int64_t>(*version, 1); from < kFormatVersion;
         ++from) {
      absl::Status done = Execute(db, kMigrations[from - 1]);
      if (done.ok()) done = SetVersion(db, from + 1);
      if (!done.ok()) return done;
    }
    return absl::OkStatus();
  });
}

// Adds what SQLite finds wrong with the file, whose words may be in that.
absl::Status CheckPages(sqlite3* db, std::vector<std::string>& problems) {
  Statement check(db, "PRAGMA integrity_check");
  while (true) {
    absl::StatusOr<bool> row = check.Step();
    if (!row.ok() || !*row) return row.status();
    if (check.text(0) != "ok") problems.push_back(Printable(check.text(0)));
  }
}

absl::Status CheckRows(sqlite3* db, HostTableReport& report) {
  Statement query(db, kSelectAll);
  while (true) {
    absl::StatusOr<bool> row = query.Step();
    if (!row.ok() || !*row) return row.status();
    absl::Status status = KeyFrom(query).status();
    if (status.ok()) status = WholeRecordFrom(query).status();
    if (status.ok()) {
      ++report.records;
    } else if (absl::IsUnimplemented(status)) {
      ++report.unknown;
    } else {
      report.problems.push_back(absl::StrCat(Printable(query.text(kHost)), ":",
                                             query.integer(kPort), ": ",
                                             status.message()));
    }
  }
}

}  // namespace

absl::Status PrepareHostTable(sqlite3* db) {
  absl::StatusOr<Format> format = ReadFormat(db);
  if (!format.ok()) return format.status();
  absl::Status status = CheckOwner(*format);
  if (!status.ok() || format->version == kFormatVersion) return status;
  // There is no check of the file's integrity, which would read all of it:
  // damage shows when it is met.
  return format->application == 0 ? MakeTables(db) : Migrate(db);
}

absl::StatusOr<HostTableReport> VerifyHostTable(sqlite3* db) {
  HostTableReport report;
  absl::StatusOr<Format> format = ReadFormat(db);
  absl::Status status = format.ok() ? CheckOwner(*format) : format.status();
  if (status.ok()) {
    report.format_version = format->version;
    if (format->application == 0) return report;
    status = CheckPages(db, report.problems);
  }
  if (status.ok()) status = CheckRows(db, report);
  if (absl::IsDataLoss(status)) {
    report.problems.emplace_back(status.message());
  } else if (!status.ok()) {
    return status;
  }
  return report;
}

PortRange::PortRange(std::optional<uint16_t> port)
    : lowest(port.value_or(0)),
      highest(port.value_or(std::numeric_limits<uint16_t>::max())) {}

HostTable::HostTable(sqlite3* db, const RecordLifetimes& lifetimes)
    : db_(db), lifetimes_(lifetimes), read_(db, kSelectOne) {}

std::optional<HostTable::ChangeMark> HostTable::ReadChangeMark() const {
  constexpr int kRegionSize = 32 * 1024;
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (file == nullptr || file->pMethods == nullptr ||
      file->pMethods->iVersion < 2) {
    return std::nullopt;
  }
  volatile void* header = nullptr;
  const int code = file->pMethods->xShmMap(file, 0, kRegionSize,
                                           /*extend=*/0, &header);
  if (code != SQLITE_OK || header == nullptr) return std::nullopt;
  const auto* words = static_cast<volatile const uint32_t*>(header);
  ChangeMark mark;
  std::copy(words, words + mark.size(), mark.begin());
  return mark;
}

absl::StatusOr<HostRecord> HostTable::Read(const HostKey& key) {
  BindKey(read_.Reset(), key);
  absl::StatusOr<bool> row = read_.Step();
  HostRecord record;
  if (row.ok() && *row) record = RecordFrom(read_);
  read_.Reset();
  if (!row.ok()) return row.status();
  return record;
}

absl::Status HostTable::ReadAll(RecordList& records) {
  Statement query(db_, kSelectAll);
  return ReadRows(query, records);
}

absl::Status HostTable::ReadHost(const Host& host, PortRange ports,
                                 RecordList& records) {
  Statement query(db_, kSelectHost);
  query.Text(host.name()).Integer(ports.lowest).Integer(ports.highest);
  return ReadRows(query, records);
}

absl::StatusOr<int64_t> HostTable::Count() {
  return QueryInteger(db_, "SELECT count(*) FROM host");
}

absl::Status HostTable::Write(const HostKey& key, const HostRecord& record) {
  if (record.empty()) {
    Statement erase(db_, kDelete);
    BindKey(erase, key);
    return erase.Run();
  }
  const HostRecord::Fields& fields = record.fields();
  Statement replace(db_, kReplace);
  BindKey(replace, key);
  if (const std::optional<Proof>& proof = fields.proof) {
    replace.Text(TlsVersionName(proof->version)).Integer(ToInteger(proof->at));
  } else {
    replace.Null().Null();
  }
  if (const std::optional<Reduction>& reduction = fields.reduction) {
    replace.Text(RungName(reduction->rung));
    if (reduction->reason) {
      replace.Text(ErrorName(*reduction->reason));
    } else {
      replace.Null();
    }
    replace.Text(RecordOriginName(reduction->origin))
        .Integer(ToInteger(reduction->expires_at))
        .Integer(ToInteger(reduction->lifetime));
  } else {
    replace.Null().Null().Null().Null().Null();
  }
  return replace.Integer(fields.failures)
      .Integer(fields.recoveries)
      .Integer(ToInteger(fields.first_seen))
      .Integer(ToInteger(fields.last_seen))
      .Integer(ToInteger(record.SpentAt(lifetimes_)))
      .Run();
}

absl::Status HostTable::WriteLastSeen(const HostKey& key, absl::Time at) {
  Statement update(db_, kUpdateLastSeen);
  update.Integer(ToInteger(at));
  BindKey(update, key);
  return update.Integer(ToInteger(at)).Run();
}

absl::StatusOr<int> HostTable::DeleteSpent(absl::Time now) {
  return Changes(Statement(db_, "DELETE FROM host WHERE spent_at <= ?")
                     .Integer(ToInteger(now))
                     .Run());
}

absl::StatusOr<int> HostTable::DeleteOldest(int64_t count) {
  return Changes(Statement(db_, kDeleteOldest).Integer(count).Run());
}

absl::StatusOr<int> HostTable::DeleteHost(const Host& host, PortRange ports) {
  return Changes(Statement(db_, kDeleteHost)
                     .Text(host.name())
                     .Integer(ports.lowest)
                     .Integer(ports.highest)
                     .Run());
}

absl::StatusOr<int> HostTable::DeleteAll() {
  return Changes(Execute(db_, "DELETE FROM host"));
}

absl::StatusOr<int> HostTable::Changes(absl::Status status) const {
  if (!status.ok()) return status;
  return sqlite3_changes(db_);
}

}  // namespace holdfast
