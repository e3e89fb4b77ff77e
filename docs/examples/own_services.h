// SPDX-License-Identifier: 0BSD

// Services of a client's own, in place of those that come with Holdfast.

#ifndef HOLDFAST_DOCS_EXAMPLES_OWN_SERVICES_H_
#define HOLDFAST_DOCS_EXAMPLES_OWN_SERVICES_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/client/client.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/net/resolver.h"
#include "holdfast/fallback/host_cache.h"

namespace holdfast::example {

// Asks the client's own name service, which may block.
std::unique_ptr<Resolver> NewOwnResolver(
    EventLoop* loop, std::vector<std::string> (*look_up)(const std::string&));

// A cache that also tells a fleet's store what was learned.
class FleetCache : public HostCache {
 public:
  using Publish = std::function<void(const HostKey&, const HostRecord&)>;

  FleetCache(std::unique_ptr<HostCache> local, Publish publish)
      : local_(std::move(local)), publish_(std::move(publish)) {}

  HostRecord Lookup(const HostKey& key) override { return local_->Lookup(key); }
  HostRecord Apply(const HostKey& key, const CacheUpdate& update,
                   absl::Time now) override;
  RecordList List() override { return local_->List(); }
  absl::StatusOr<int> Forget(const Host& host, std::optional<uint16_t> port,
                             bool everything) override {
    return local_->Forget(host, port, everything);
  }
  absl::StatusOr<int> ForgetAll() override { return local_->ForgetAll(); }
  bool persistent() const override { return local_->persistent(); }
  std::vector<Error> TakeWarnings() override { return local_->TakeWarnings(); }

 private:
  const std::unique_ptr<HostCache> local_;
  const Publish publish_;
};

// On a loop, with a resolver, a dialer, a cache and a clock of its owner's. All
// but the cache, which the client shares, outlive it.
ClientOptions OnOwnServices(EventLoop* loop, Resolver* resolver, Dialer* dialer,
                            std::shared_ptr<HostCache> cache,
                            absl::Duration clock_is_slow_by);

}  // namespace holdfast::example

#endif  // HOLDFAST_DOCS_EXAMPLES_OWN_SERVICES_H_
