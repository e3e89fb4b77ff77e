#include "holdfast/fallback/host_record_json.h"

#include <string>
#include <utility>

namespace holdfast {
namespace {

using Json = nlohmann::ordered_json;

constexpr RecordLifetimes kLifetimes;

}  // namespace

Json RecordTimeJson(absl::Time time) {
  if (time == absl::InfiniteFuture()) return nullptr;
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

Json ReductionReasonJson(const Reduction& reduction) {
  return reduction.reason ? Json(ErrorName(*reduction.reason)) : Json();
}

Json HostKeyJson(const HostKey& key) {
  return {{"host", key.endpoint.host.name()},
          {"port", key.endpoint.port},
          {"security", ConnectionSecurityName(key.security)},
          {"scope", key.scope.empty() ? Json() : Json(key.scope)}};
}

Json RecordHistoryJson(const HostRecord::Fields& fields) {
  return {{"failures", fields.failures},
          {"recoveries", fields.recoveries},
          {"first_seen", RecordTimeJson(fields.first_seen)},
          {"last_seen", RecordTimeJson(fields.last_seen)}};
}

Json CacheListJson(const RecordList& records, absl::Time now) {
  Json list = Json::array();
  for (const auto& [key, record] : records) {
    const HostRecord::Fields& fields = record.fields();
    const std::optional<TlsVersion> proven =
        record.ProvenVersion(now, kLifetimes);
    const std::optional<Reduction> reduction = record.ActiveReduction(now);
    const absl::Time expires_at =
        reduction ? reduction->expires_at : fields.proof->at + kLifetimes.proof;
    Json entry = HostKeyJson(key);
    entry.update(
        {{"proven", proven ? Json(TlsVersionName(*proven)) : Json()},
         {"rung", reduction ? Json(RungName(reduction->rung)) : Json()},
         {"reason", reduction ? ReductionReasonJson(*reduction) : Json()},
         {"origin", RecordOriginName(reduction ? reduction->origin
                                               : RecordOrigin::kObserved)}});
    entry.update(RecordHistoryJson(fields));
    entry["expires_at"] = RecordTimeJson(expires_at);
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace holdfast
