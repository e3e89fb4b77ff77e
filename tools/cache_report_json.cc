// The cache for programs: the JSON that scripts rely on.

#include "holdfast/fallback/host_record_json.h"
#include "holdfast/tools/cache_report.h"

namespace holdfast {
namespace {

using Json = nlohmann::ordered_json;

Json NullIfEmpty(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json ProofJson(const Proof& proof, bool active) {
  return {{"version", TlsVersionName(proof.version)},
          {"at", RecordTimeJson(proof.at)},
          {"expires_at", RecordTimeJson(proof.at + kLifetimes.proof)},
          {"active", active}};
}

Json ReductionJson(const Reduction& reduction, bool active) {
  return {{"rung", RungName(reduction.rung)},
          {"reason", ReductionReasonJson(reduction)},
          {"origin", RecordOriginName(reduction.origin)},
          {"lifetime_seconds",
           reduction.lifetime == absl::InfiniteDuration()
               ? Json()
               : Json(absl::ToInt64Seconds(reduction.lifetime))},
          {"expires_at", RecordTimeJson(reduction.expires_at)},
          {"active", active}};
}

}  // namespace

Json CacheShowJson(const RecordList& records, absl::Time now) {
  Json list = Json::array();
  for (const auto& [key, record] : records) {
    const HostRecord::Fields& fields = record.fields();
    Json entry = HostKeyJson(key);
    entry.update(
        {{"next_offer", RungName(ExplainNextOffer(key, record, now).rung)},
         {"proof",
          fields.proof
              ? ProofJson(*fields.proof,
                          record.ProvenVersion(now, kLifetimes).has_value())
              : Json()},
         {"reduction",
          fields.reduction
              ? ReductionJson(*fields.reduction,
                              record.ActiveReduction(now).has_value())
              : Json()}});
    entry.update(RecordHistoryJson(fields));
    list.push_back(std::move(entry));
  }
  return list;
}

Json CacheStatsJson(const CacheStats& stats) {
  const bool on_disk = !stats.path.empty();
  return {{"path", NullIfEmpty(stats.path)},
          {"bytes", stats.bytes},
          {"format_version", on_disk ? Json(kHostCacheFormatVersion) : Json()},
          {"records", stats.records},
          {"proven", stats.proven},
          {"rungs", stats.by_rung},
          {"reasons", stats.by_reason},
          {"origins", stats.by_origin}};
}

Json CacheCheckJson(const std::string& path, const HostCacheCheck& check) {
  return {{"path", path},
          {"outcome", !check.exists ? "absent"
                      : check.ok()  ? "ok"
                                    : "damaged"},
          {"format_version", check.format_version},
          {"records", check.records},
          {"unknown", check.unknown},
          {"problems", check.problems}};
}

Json NextOfferJson(const HostKey* key, const NextOffer& offer) {
  Json json = key != nullptr ? HostKeyJson(*key)
                             : Json{{"host", nullptr},
                                    {"port", nullptr},
                                    {"security", nullptr},
                                    {"scope", nullptr}};
  json.update({{"next_offer", RungName(offer.rung)},
               {"from_cache", offer.from_cache},
               {"sentence", offer.sentence}});
  return json;
}

}  // namespace holdfast
