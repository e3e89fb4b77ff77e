// The cache for programs: the JSON that scripts rely on.

#include "tools/cache_report.h"

namespace holdfast {
namespace {

using Json = nlohmann::ordered_json;

// Null for what never comes.
Json TimeJson(absl::Time time) {
  if (time == absl::InfiniteFuture()) return nullptr;
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

Json NullIfEmpty(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json ReasonJson(const Reduction& reduction) {
  return reduction.reason ? Json(ErrorName(*reduction.reason)) : Json();
}

Json KeyJson(const HostKey& key) {
  return {{"host", key.endpoint.host.name()},
          {"port", key.endpoint.port},
          {"security", ConnectionSecurityName(key.security)},
          {"scope", NullIfEmpty(key.scope)}};
}

Json ProofJson(const Proof& proof, bool active) {
  return {{"version", TlsVersionName(proof.version)},
          {"at", TimeJson(proof.at)},
          {"expires_at", TimeJson(proof.at + kLifetimes.proof)},
          {"active", active}};
}

Json ReductionJson(const Reduction& reduction, bool active) {
  return {{"rung", RungName(reduction.rung)},
          {"reason", ReasonJson(reduction)},
          {"origin", RecordOriginName(reduction.origin)},
          {"lifetime_seconds",
           reduction.lifetime == absl::InfiniteDuration()
               ? Json()
               : Json(absl::ToInt64Seconds(reduction.lifetime))},
          {"expires_at", TimeJson(reduction.expires_at)},
          {"active", active}};
}

Json EvidenceJson(const HostRecord::Fields& fields) {
  return {{"failures", fields.failures},
          {"recoveries", fields.recoveries},
          {"first_seen", TimeJson(fields.first_seen)},
          {"last_seen", TimeJson(fields.last_seen)}};
}

}  // namespace

Json CacheListJson(const RecordList& records, absl::Time now) {
  Json list = Json::array();
  for (const auto& [key, record] : records) {
    const HostRecord::Fields& fields = record.fields();
    const std::optional<TlsVersion> proven =
        record.ProvenVersion(now, kLifetimes);
    const std::optional<Reduction> reduction = record.ActiveReduction(now);
    const absl::Time expires_at =
        reduction ? reduction->expires_at : fields.proof->at + kLifetimes.proof;
    Json entry = KeyJson(key);
    entry.update(
        {{"proven", proven ? Json(TlsVersionName(*proven)) : Json()},
         {"rung", reduction ? Json(RungName(reduction->rung)) : Json()},
         {"reason", reduction ? ReasonJson(*reduction) : Json()},
         {"origin", RecordOriginName(reduction ? reduction->origin
                                               : RecordOrigin::kObserved)}});
    entry.update(EvidenceJson(fields));
    entry["expires_at"] = TimeJson(expires_at);
    list.push_back(std::move(entry));
  }
  return list;
}

Json CacheShowJson(const RecordList& records, absl::Time now) {
  Json list = Json::array();
  for (const auto& [key, record] : records) {
    const HostRecord::Fields& fields = record.fields();
    Json entry = KeyJson(key);
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
    entry.update(EvidenceJson(fields));
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
  Json json = key != nullptr ? KeyJson(*key)
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
