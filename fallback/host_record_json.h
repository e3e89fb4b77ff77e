// Host records for programs: the JSON that scripts rely on.

#ifndef HOLDFAST_FALLBACK_HOST_RECORD_JSON_H_
#define HOLDFAST_FALLBACK_HOST_RECORD_JSON_H_

#include "absl/time/time.h"
#include "holdfast/fallback/host_cache.h"
#include "nlohmann/json.hpp"

namespace holdfast {

// What `holdfast cache list --json` prints (docs/command.md).
nlohmann::ordered_json CacheListJson(const RecordList& records, absl::Time now);

// Parts of documents.
//
// Null for what never comes.
nlohmann::ordered_json RecordTimeJson(absl::Time time);
nlohmann::ordered_json HostKeyJson(const HostKey& key);
nlohmann::ordered_json ReductionReasonJson(const Reduction& reduction);
nlohmann::ordered_json RecordHistoryJson(const HostRecord::Fields& fields);

}  // namespace holdfast

#endif  // HOLDFAST_FALLBACK_HOST_RECORD_JSON_H_
