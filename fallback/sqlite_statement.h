// The little of SQLite that the host cache needs: handles that close
// themselves, statements with bound parameters, transactions.
//
// Errors are statuses with a reason that fits after a colon: kDataLoss if the
// file is damaged, kUnavailable otherwise.

#ifndef HOLDFAST_FALLBACK_SQLITE_STATEMENT_H_
#define HOLDFAST_FALLBACK_SQLITE_STATEMENT_H_

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace holdfast {

// Writers of other processes take milliseconds each. Whoever waits longer than
// this has met a process that was stopped in the middle of a transaction.
constexpr absl::Duration kBusyTimeout = absl::Seconds(5);

// OK for SQLITE_OK, SQLITE_ROW and SQLITE_DONE.
absl::Status SqliteStatus(int code);

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

// One prepared statement. An error of preparing or binding is returned by
// Step(). Parameters are bound in order; columns may be read after Step()
// returned true, until it is called again.
class Statement {
 public:
  Statement(sqlite3* db, const char* sql);
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Ready to be bound and run again. A statement that gave a row keeps its
  // transaction open until then.
  Statement& Reset();

  Statement& Text(absl::string_view value);
  Statement& Integer(int64_t value);
  Statement& Null();

  // Returns whether there is a row.
  absl::StatusOr<bool> Step();
  // For statements that give no rows.
  absl::Status Run() { return Step().status(); }

  int64_t integer(int column) const;
  // Empty for NULL. Good until the next Step().
  absl::string_view text(int column) const;

 private:
  Statement& Bound(int code);

  sqlite3_stmt* statement_ = nullptr;
  int code_;
  int bound_ = 0;
};

// Runs statements without parameters and rows.
absl::Status Execute(sqlite3* db, const char* sql);

// The first value of the first row; 0 if there is none.
absl::StatusOr<int64_t> QueryInteger(sqlite3* db, const char* sql);

// What a transaction begins with: to read one state of the file throughout, or
// to keep other processes from writing from the first read on.
inline constexpr char kToRead[] = "BEGIN";
inline constexpr char kToWrite[] = "BEGIN IMMEDIATE";

// Runs `work` in a transaction, which is undone if it fails.
absl::Status InTransaction(sqlite3* db, const char* begin,
                           const std::function<absl::Status()>& work);

}  // namespace holdfast

#endif  // HOLDFAST_FALLBACK_SQLITE_STATEMENT_H_
