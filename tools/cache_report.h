// What the cache remembers, for people and for programs.

#ifndef HOLDFAST_TOOLS_CACHE_REPORT_H_
#define HOLDFAST_TOOLS_CACHE_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "holdfast/fallback/host_cache.h"
#include "holdfast/fallback/host_record.h"
#include "holdfast/fallback/sqlite_host_cache.h"
#include "nlohmann/json.hpp"

namespace holdfast {

// By which reports tell what has expired.
inline constexpr RecordLifetimes kLifetimes;

// What a connection to the host with the default options offers first, asked of
// the same RetrySession that a connect asks.
struct NextOffer {
  Rung rung;
  bool from_cache;
  std::string sentence;  // what it is, and why
};
NextOffer ExplainNextOffer(const HostKey& key, const HostRecord& record,
                           absl::Time now);
// Likewise of a host of which there is no record, as the user called it.
NextOffer ExplainUnknownHost(absl::string_view name);

// The cache in numbers. What has expired counts among `records` only.
struct CacheStats {
  std::string path;  // empty: in memory
  int64_t bytes = 0;
  int records = 0;
  std::map<std::string, int> proven;     // by version
  std::map<std::string, int> by_rung;    // of reduced offers
  std::map<std::string, int> by_reason;  // likewise; "pinned" has no other
  std::map<std::string, int> by_origin;  // likewise
};
CacheStats CountRecords(const RecordList& records, absl::Time now);

// "closed_during_handshake"; "-" of a pin.
std::string ReasonName(const Reduction& reduction);

// The documents of docs/command.md; host_record_json.h has the list.
nlohmann::ordered_json CacheShowJson(const RecordList& records, absl::Time now);
nlohmann::ordered_json CacheStatsJson(const CacheStats& stats);
nlohmann::ordered_json CacheCheckJson(const std::string& path,
                                      const HostCacheCheck& check);
// `key` is null for a host of which there is no record.
nlohmann::ordered_json NextOfferJson(const HostKey* key,
                                     const NextOffer& offer);

// The same for people; ends with a line end. A list is cut to `width` columns.
std::string CacheListText(const RecordList& records, absl::Time now,
                          size_t width);
// Of the records of one host; `name` is how the user called it.
std::string CacheShowText(absl::string_view name, const RecordList& records,
                          absl::Time now);
std::string CacheStatsText(const CacheStats& stats);
std::string CacheCheckText(const std::string& path,
                           const HostCacheCheck& check);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_CACHE_REPORT_H_
