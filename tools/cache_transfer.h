// Records as JSON lines, to carry from one cache to another.

#ifndef HOLDFAST_TOOLS_CACHE_TRANSFER_H_
#define HOLDFAST_TOOLS_CACHE_TRANSFER_H_

#include <istream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "holdfast/fallback/host_cache.h"
#include "nlohmann/json.hpp"

namespace holdfast {

// One line of an export (docs/cache.md), without loss.
nlohmann::ordered_json ExportedRecord(const HostKey& key,
                                      const HostRecord& record);
// Reads such a line. Errors: InvalidArgument, with a clause that fits after a
// colon.
absl::StatusOr<std::pair<HostKey, ImportRecord>> ParseExportedRecord(
    absl::string_view line);

// What an import did, line by line.
struct ImportReport {
  struct Rejection {
    int line;          // counted from 1
    std::string host;  // "mail.example.org:993"; empty if it cannot be read
    std::string reason;
  };
  int imported = 0;                   // records that are new here, or changed
  int unchanged = 0;                  // of which nothing is news here
  int malformed = 0;                  // lines that are no exported records
  std::vector<Rejection> rejections;  // of lines, or of parts of them
};
// Imports every line of `lines` that may be (HostRecord::ImportRefusals()).
ImportReport ImportRecords(std::istream& lines, HostCache* cache,
                           absl::Time now);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_CACHE_TRANSFER_H_
