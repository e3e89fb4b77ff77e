// The cache that is gone with the process.

#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "fallback/host_cache.h"

namespace holdfast {
namespace {

struct KeyOrder {
  bool operator()(const HostKey& a, const HostKey& b) const {
    return Tie(a) < Tie(b);
  }
  static std::tuple<const std::string&, uint16_t, ConnectionSecurity,
                    const std::string&>
  Tie(const HostKey& key) {
    return {key.endpoint.host.name(), key.endpoint.port, key.security,
            key.scope};
  }
};

class MemoryHostCache : public HostCache {
 public:
  MemoryHostCache(RecordLifetimes lifetimes,
                  std::vector<std::pair<HostKey, HostRecord>> records)
      : lifetimes_(lifetimes), records_(records.begin(), records.end()) {}

  HostRecord Lookup(const HostKey& key) override {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = records_.find(key);
    return found == records_.end() ? HostRecord() : found->second;
  }

  HostRecord Apply(const HostKey& key, const CacheUpdate& update,
                   absl::Time now) override {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = records_.find(key);
    const HostRecord before =
        found == records_.end() ? HostRecord() : found->second;
    HostRecord after = before.Apply(update, now, lifetimes_);
    if (after != before) {
      Put(key, after);
      DeleteSpent(now);
    }
    return after;
  }

  std::vector<std::pair<HostKey, HostRecord>> List() override {
    std::lock_guard<std::mutex> lock(mutex_);
    return {records_.begin(), records_.end()};
  }

  absl::StatusOr<int> Forget(const Host& host, std::optional<uint16_t> port,
                             bool everything) override {
    std::lock_guard<std::mutex> lock(mutex_);
    int changed = 0;
    for (auto it = records_.begin(); it != records_.end();) {
      const auto [key, before] = *it++;  // Put() may delete it
      if (key.endpoint.host != host) continue;
      if (port && key.endpoint.port != *port) continue;
      const HostRecord after =
          everything ? HostRecord() : before.WithoutReduction();
      if (after == before) continue;
      Put(key, after);
      ++changed;
    }
    return changed;
  }

  absl::StatusOr<int> ForgetAll() override {
    std::lock_guard<std::mutex> lock(mutex_);
    const int count = static_cast<int>(records_.size());
    records_.clear();
    return count;
  }

  bool persistent() const override { return false; }
  std::vector<Error> TakeWarnings() override { return {}; }

 private:
  void Put(const HostKey& key, const HostRecord& record) {
    if (record.empty()) {
      records_.erase(key);
    } else {
      records_.insert_or_assign(key, record);
    }
  }

  void DeleteSpent(absl::Time now) {
    for (auto it = records_.begin(); it != records_.end();) {
      it = it->second.SpentAt(lifetimes_) <= now ? records_.erase(it)
                                                 : std::next(it);
    }
  }

  const RecordLifetimes lifetimes_;
  std::mutex mutex_;
  std::map<HostKey, HostRecord, KeyOrder> records_;
};

}  // namespace

std::unique_ptr<HostCache> NewMemoryHostCache(
    RecordLifetimes lifetimes,
    std::vector<std::pair<HostKey, HostRecord>> records) {
  return std::make_unique<MemoryHostCache>(lifetimes, std::move(records));
}

}  // namespace holdfast
