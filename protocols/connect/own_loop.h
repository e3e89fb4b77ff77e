// SPDX-License-Identifier: MPL-2.0

// For programs that wait: an event loop of one's own, with all that connectors
// and sessions need of it.
//
//   auto own = OwnLoop::Create(cache.get());
//   auto imap = ImapSession::Create((*own)->services(), options);
//   absl::Status connected = (*own)->Await<absl::Status>(
//       [&imap](auto done) { imap->Connect(done); });

#ifndef HOLDFAST_PROTOCOLS_CONNECT_OWN_LOOP_H_
#define HOLDFAST_PROTOCOLS_CONNECT_OWN_LOOP_H_

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/core/net/route.h"
#include "holdfast/protocols/connect/connector.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Outlives what was made with its services. Thread safety: one thread at a
// time; what runs on it is ended from others by a Cancellation.
class OwnLoop {
 public:
  // With the system's resolver. `cache` outlives it; null: nothing is
  // remembered. Errors: kOutOfResources.
  static absl::StatusOr<std::unique_ptr<OwnLoop>> Create(
      HostCache* cache, const Route& route = {});

  Connector::Services services() const;
  UvEventLoop* loop() { return loop_.get(); }

  // Calls `start` with a callback, and runs the loop until that was called.
  // Returns what it was given.
  template <typename Result>
  Result Await(const std::function<void(std::function<void(Result)>)>& start) {
    std::optional<Result> result;
    start([&result](Result given) { result = std::move(given); });
    loop_->RunUntil([&result] { return result.has_value(); });
    return *std::move(result);
  }

 private:
  OwnLoop(std::unique_ptr<UvEventLoop> loop, HostCache* cache,
          const Route& route);

  const std::unique_ptr<HostCache> forgetful_ = NewMemoryHostCache();
  const std::unique_ptr<UvEventLoop> loop_;
  const std::unique_ptr<Resolver> resolver_;
  const std::unique_ptr<Dialer> dialer_;
  HostCache* const cache_;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_CONNECT_OWN_LOOP_H_
