// SPDX-License-Identifier: 0BSD

#include "own_services.h"

#include <utility>

#include "absl/time/clock.h"

namespace holdfast::example {

std::unique_ptr<Resolver> NewOwnResolver(
    EventLoop* loop, std::vector<std::string> (*look_up)(const std::string&)) {
  return NewThreadResolver(
      loop, [look_up](const Endpoint& server) -> Resolver::Result {
        std::vector<SocketAddress> addresses;
        for (const std::string& text : look_up(server.host.name())) {
          absl::StatusOr<Host> address = Host::Parse(text);
          if (!address.ok()) return address.status();
          addresses.push_back(
              SocketAddress::FromLiteral(*address, server.port));
        }
        if (!addresses.empty()) return addresses;
        return MakeStatus(ErrorCode::kHostNotFound, Phase::kLookup, "");
      });
}

// Called after each connect that has learned something, on its thread.
HostRecord FleetCache::Apply(const HostKey& key, const CacheUpdate& update,
                             absl::Time now) {
  const HostRecord before = local_->Lookup(key);
  const HostRecord record = local_->Apply(key, update, now);
  if (record != before) publish_(key, record);
  return record;
}

ClientOptions OnOwnServices(EventLoop* loop, Resolver* resolver, Dialer* dialer,
                            std::shared_ptr<HostCache> cache,
                            absl::Duration clock_is_slow_by) {
  ClientOptions options;
  options.loop = loop;
  options.resolver = resolver;
  options.dialer = dialer;
  options.cache = std::move(cache);
  options.wall_clock = [=] { return absl::Now() + clock_is_slow_by; };
  return options;
}

}  // namespace holdfast::example
