// The cache that is gone with the process.

#include <algorithm>
#include <iterator>
#include <mutex>
#include <tuple>
#include <utility>

#include "holdfast/fallback/host_cache.h"
#include "holdfast/fallback/host_map.h"

namespace holdfast {
namespace {

bool ComesBefore(const RecordList::value_type& a,
                 const RecordList::value_type& b) {
  const auto tie = [](const HostKey& key) {
    return std::tie(key.endpoint.host.name(), key.endpoint.port, key.security,
                    key.scope);
  };
  return tie(a.first) < tie(b.first);
}

bool UsedEarlier(const RecordList::value_type& a,
                 const RecordList::value_type& b) {
  return a.second.fields().last_seen < b.second.fields().last_seen;
}

bool IsPinned(const HostRecord& record) {
  const std::optional<Reduction>& reduction = record.fields().reduction;
  return reduction && reduction->origin == RecordOrigin::kPinned;
}

class MemoryHostCache : public HostCache {
 public:
  MemoryHostCache(const HostCacheOptions& options, RecordList records,
                  std::vector<Error> warnings)
      : options_(options),
        records_(records.begin(), records.end()),
        warnings_(std::move(warnings)) {}

  HostRecord Lookup(const HostKey& key) override {
    std::lock_guard<std::mutex> lock(mutex_);
    return Find(key);
  }

  HostRecord Apply(const HostKey& key, const CacheUpdate& update,
                   absl::Time now) override {
    std::lock_guard<std::mutex> lock(mutex_);
    const HostRecord before = Find(key);
    HostRecord after = before.Apply(update, now, options_.lifetimes);
    if (after == before) {
      if (!after.empty()) Put(key, after.SeenAt(now));
      return after;
    }
    Put(key, after);
    DeleteSpent(now);
    DeleteSurplus();
    return after;
  }

  RecordList List() override {
    std::lock_guard<std::mutex> lock(mutex_);
    RecordList list(records_.begin(), records_.end());
    std::sort(list.begin(), list.end(), ComesBefore);
    return list;
  }

  absl::StatusOr<int> Forget(const Host& host, std::optional<uint16_t> port,
                             bool everything) override {
    std::lock_guard<std::mutex> lock(mutex_);
    int changed = 0;
    for (const auto& [key, before] :
         RecordList(records_.begin(), records_.end())) {
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
  std::vector<Error> TakeWarnings() override {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(warnings_, {});
  }

 private:
  HostRecord Find(const HostKey& key) const {
    const auto found = records_.find(key);
    return found == records_.end() ? HostRecord() : found->second;
  }

  void Put(const HostKey& key, const HostRecord& record) {
    if (record.empty()) {
      records_.erase(key);
    } else {
      records_.insert_or_assign(key, record);
    }
  }

  void DeleteSpent(absl::Time now) {
    for (auto entry = records_.begin(); entry != records_.end();) {
      const bool spent = entry->second.SpentAt(options_.lifetimes) <= now;
      entry = spent ? records_.erase(entry) : std::next(entry);
    }
  }

  // A hundredth more than it must, so that it need not be done each time.
  void DeleteSurplus() {
    const size_t limit = options_.max_records;
    if (records_.size() <= limit) return;
    RecordList candidates;
    for (const auto& entry : records_) {
      if (!IsPinned(entry.second)) candidates.push_back(entry);
    }
    const size_t surplus =
        std::min(records_.size() - (limit - limit / 100), candidates.size());
    const auto end = candidates.begin() + static_cast<ptrdiff_t>(surplus);
    std::partial_sort(candidates.begin(), end, candidates.end(), UsedEarlier);
    for (auto it = candidates.begin(); it != end; ++it) {
      records_.erase(it->first);
    }
  }

  const HostCacheOptions options_;
  std::mutex mutex_;
  HostMap<HostRecord> records_;
  std::vector<Error> warnings_;
};

}  // namespace

std::unique_ptr<HostCache> NewMemoryHostCache(const HostCacheOptions& options,
                                              RecordList records,
                                              std::vector<Error> warnings) {
  return std::make_unique<MemoryHostCache>(options, std::move(records),
                                           std::move(warnings));
}

}  // namespace holdfast
