#include "holdfast/protocols/connect/own_loop.h"

namespace holdfast {

OwnLoop::OwnLoop(std::unique_ptr<UvEventLoop> loop, HostCache* cache,
                 const Route& route)
    : loop_(std::move(loop)),
      resolver_(NewSystemResolver(loop_.get())),
      dialer_(NewRouteDialer(loop_.get(), resolver_.get(), route)),
      cache_(cache != nullptr ? cache : forgetful_.get()) {}

absl::StatusOr<std::unique_ptr<OwnLoop>> OwnLoop::Create(HostCache* cache,
                                                         const Route& route) {
  absl::StatusOr<std::unique_ptr<UvEventLoop>> loop = UvEventLoop::Create();
  if (!loop.ok()) return loop.status();
  return std::unique_ptr<OwnLoop>(new OwnLoop(*std::move(loop), cache, route));
}

Connector::Services OwnLoop::services() const {
  return {loop_.get(), resolver_.get(), dialer_.get(), cache_};
}

}  // namespace holdfast
