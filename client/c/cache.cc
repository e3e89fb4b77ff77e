#include "holdfast/client/c/cache.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "holdfast/client/c/client.h"
#include "holdfast/client/c/error.h"
#include "holdfast/client/c/value.h"
#include "holdfast/fallback/host_record_json.h"
#include "holdfast/fallback/sqlite_host_cache.h"
#include "holdfast/protocols/connect/report_json.h"

namespace holdfast::c {
namespace {

absl::StatusOr<Rung> ReadPinnedRung(const char* name) {
  if (name == nullptr) return Missing("rung");
  const std::optional<Rung> rung = ParseRung(name);
  if (rung == Rung::kNoAlpn || rung == Rung::kCompact || rung == Rung::kTls12) {
    return *rung;
  }
  return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSetup,
                    absl::StrCat("\"", EscapeBytes(name),
                                 "\" is no rung that can be pinned; write "
                                 "\"no-alpn\", \"compact\" or \"tls12\"."));
}

absl::Status Pin(HostCache* cache, const char* text, const char* scope,
                 const char* rung_name, int64_t seconds) {
  const absl::StatusOr<Target> target = ReadTarget(text);
  if (!target.ok()) return target.status();
  const absl::StatusOr<Rung> rung = ReadPinnedRung(rung_name);
  if (!rung.ok()) return rung.status();
  if (seconds <= 0) {
    return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSetup,
                      "A pin lasts a second at least.");
  }
  const absl::Time now = absl::Now();
  cache->Apply({target->endpoint, target->security, scope ? scope : ""},
               PinReduction{*rung, now + absl::Seconds(seconds)}, now);
  return absl::OkStatus();
}

// Hands on how many records were forgotten.
absl::Status Count(const absl::StatusOr<int>& forgotten, int* count) {
  if (forgotten.ok() && count != nullptr) *count = *forgotten;
  return forgotten.status();
}

nlohmann::ordered_json WarningsJson(const std::vector<Error>& warnings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Error& warning : warnings) list.push_back(ErrorJson(warning));
  return list;
}

}  // namespace
}  // namespace holdfast::c

using holdfast::c::Guard;
using holdfast::c::GuardNew;
using holdfast::c::Missing;

holdfast_cache* holdfast_cache_open(const char* path, holdfast_error** error) {
  return GuardNew<holdfast_cache>(
      error, [path]() -> absl::StatusOr<std::unique_ptr<holdfast_cache>> {
        return std::make_unique<holdfast_cache>(
            holdfast_cache{path != nullptr ? holdfast::OpenSqliteHostCache(path)
                                           : holdfast::NewMemoryHostCache()});
      });
}

void holdfast_cache_free(holdfast_cache* cache) { delete cache; }

holdfast_value* holdfast_cache_list(const holdfast_cache* cache,
                                    holdfast_error** error) {
  return GuardNew<holdfast_value>(
      error, [cache]() -> absl::StatusOr<std::unique_ptr<holdfast_value>> {
        if (cache == nullptr) return Missing("cache");
        return std::make_unique<holdfast_value>(
            holdfast::CacheListJson(cache->cache->List(), absl::Now()));
      });
}

int holdfast_cache_pin(holdfast_cache* cache, const char* target,
                       const char* scope, const char* rung, int64_t seconds,
                       holdfast_error** error) {
  return Guard(error, [=] {
    if (cache == nullptr) return Missing("cache");
    return holdfast::c::Pin(cache->cache.get(), target, scope, rung, seconds);
  });
}

int holdfast_cache_forget(holdfast_cache* cache, const char* host,
                          uint16_t port, int everything, int* count,
                          holdfast_error** error) {
  return Guard(error, [=]() -> absl::Status {
    if (cache == nullptr) return Missing("cache");
    if (host == nullptr) return Missing("host");
    const absl::StatusOr<holdfast::Host> parsed = holdfast::Host::Parse(host);
    if (!parsed.ok()) return parsed.status();
    const std::optional<uint16_t> one =
        port != 0 ? std::optional<uint16_t>(port) : std::nullopt;
    return holdfast::c::Count(
        cache->cache->Forget(*parsed, one, everything != 0), count);
  });
}

int holdfast_cache_forget_all(holdfast_cache* cache, int* count,
                              holdfast_error** error) {
  return Guard(error, [=] {
    if (cache == nullptr) return Missing("cache");
    return holdfast::c::Count(cache->cache->ForgetAll(), count);
  });
}

holdfast_value* holdfast_cache_take_warnings(holdfast_cache* cache,
                                             holdfast_error** error) {
  return GuardNew<holdfast_value>(
      error, [cache]() -> absl::StatusOr<std::unique_ptr<holdfast_value>> {
        if (cache == nullptr) return Missing("cache");
        return std::make_unique<holdfast_value>(
            holdfast::c::WarningsJson(cache->cache->TakeWarnings()));
      });
}
