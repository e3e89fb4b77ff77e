// A connect's report, for people and for programs.

#ifndef HOLDFAST_TOOLS_REPORT_H_
#define HOLDFAST_TOOLS_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/event_log.h"
#include "fallback/host_cache.h"
#include "nlohmann/json.hpp"
#include "protocols/connect_report.h"
#include "tools/painter.h"

namespace holdfast {

// The cache in numbers. What has expired counts among `records` only.
struct CacheStats {
  std::string path;  // empty: in memory
  int64_t bytes = 0;
  int records = 0;
  std::map<std::string, int> proven;     // by version
  std::map<std::string, int> by_rung;    // of reduced offers
  std::map<std::string, int> by_reason;  // likewise
  std::map<std::string, int> by_origin;  // likewise
};
CacheStats CountRecords(const RecordList& records, absl::Time now,
                        const RecordLifetimes& lifetimes);

// The documents of docs/command.md.
nlohmann::ordered_json ConnectReportJson(const ConnectReport& report);
nlohmann::ordered_json CacheListJson(const RecordList& records, absl::Time now,
                                     const RecordLifetimes& lifetimes);
nlohmann::ordered_json CacheShowJson(const RecordList& records, absl::Time now,
                                     const RecordLifetimes& lifetimes);
nlohmann::ordered_json CacheStatsJson(const CacheStats& stats);
nlohmann::ordered_json ErrorJson(const Error& error);
// A document as text; bytes of a server that are not UTF-8 are replaced.
std::string JsonText(const nlohmann::ordered_json& document);
// The same on one line.
std::string JsonLine(const nlohmann::ordered_json& document);
// The lines of a trace.
nlohmann::ordered_json TraceHeaderJson(const Target& target);
nlohmann::ordered_json EventJson(const Event& event);

// The same for people; ends with a line end.
std::string ConnectReportText(const ConnectReport& report, absl::Time now,
                              const Painter& paint = Painter());
std::string CacheListText(const RecordList& records, absl::Time now,
                          const RecordLifetimes& lifetimes);
// Of the records of one host; `name` is how the user called it.
std::string CacheShowText(absl::string_view name, const RecordList& records,
                          absl::Time now, const RecordLifetimes& lifetimes);
std::string CacheStatsText(const CacheStats& stats);
// "Host not found. (host_not_found)" with what the server said and advice.
std::string ErrorText(const Error& error);
// A line for progress on a terminal; empty if the event is of no interest
// there.
std::string ProgressText(const Event& event, const Painter& paint);
// Any event with its time and fields, a line.
std::string VerboseText(const Event& event, const Painter& paint);
// It tells of something that the user should mend or mind.
bool IsWarning(EventKind kind);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_REPORT_H_
