#include "holdfast/fallback/sqlite_statement.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace holdfast {

absl::Status SqliteStatus(int code) {
  switch (code & 0xff) {  // the primary code
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return absl::OkStatus();
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:  // the statements are fixed: a table is not as it was
      return absl::DataLossError(sqlite3_errstr(code));
    case SQLITE_BUSY:
      return absl::UnavailableError(
          absl::StrCat("another program has kept it locked for ",
                       absl::FormatDuration(kBusyTimeout)));
    default:
      return absl::UnavailableError(sqlite3_errstr(code));
  }
}

Statement::Statement(sqlite3* db, const char* sql)
    : code_(sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr)) {}

Statement& Statement::Reset() {
  sqlite3_reset(statement_);
  bound_ = 0;
  return *this;
}

Statement& Statement::Text(absl::string_view value) {
  // An empty view may have a null pointer, which SQLite takes for NULL.
  const char* bytes = value.empty() ? "" : value.data();
  return Bound(sqlite3_bind_text64(statement_, ++bound_, bytes, value.size(),
                                   SQLITE_TRANSIENT, SQLITE_UTF8));
}

Statement& Statement::Integer(int64_t value) {
  return Bound(sqlite3_bind_int64(statement_, ++bound_, value));
}

Statement& Statement::Null() {
  return Bound(sqlite3_bind_null(statement_, ++bound_));
}

Statement& Statement::Bound(int code) {
  if (code_ == SQLITE_OK) code_ = code;
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (code_ == SQLITE_OK) code_ = sqlite3_step(statement_);
  const int code = std::exchange(code_, SQLITE_OK);
  if (absl::Status status = SqliteStatus(code); !status.ok()) return status;
  return code == SQLITE_ROW;
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

absl::string_view Statement::text(int column) const {
  const void* bytes = sqlite3_column_text(statement_, column);
  if (bytes == nullptr) return "";
  return {static_cast<const char*>(bytes),
          static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

absl::Status Execute(sqlite3* db, const char* sql) {
  return SqliteStatus(sqlite3_exec(db, sql, nullptr, nullptr, nullptr));
}

absl::StatusOr<int64_t> QueryInteger(sqlite3* db, const char* sql) {
  Statement query(db, sql);
  absl::StatusOr<bool> row = query.Step();
  if (!row.ok()) return row.status();
  return *row ? query.integer(0) : 0;
}

absl::Status InTransaction(sqlite3* db, const char* begin,
                           const std::function<absl::Status()>& work) {
  absl::Status status = Execute(db, begin);
  if (!status.ok()) return status;
  status = work();
  if (status.ok()) status = Execute(db, "COMMIT");
  // A grave error has ended the transaction already.
  if (!status.ok() && sqlite3_get_autocommit(db) == 0) {
    Execute(db, "ROLLBACK").IgnoreError();
  }
  return status;
}

}  // namespace holdfast
