// For tests that put the pieces together by hand, as Client does for programs:
// an event loop with all that connectors and sessions need of it, and calls
// that wait.
//
//   auto own = OwnLoop::Create(cache.get());
//   auto imap = ImapSession::Create((*own)->services(), options);
//   absl::Status connected = (*own)->Await<absl::Status>(
//       [&imap](auto done) { imap->Connect(done); });

#ifndef HOLDFAST_TESTS_HELPERS_OWN_LOOP_H_
#define HOLDFAST_TESTS_HELPERS_OWN_LOOP_H_

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/core/net/route.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/sign_in/sign_in.h"

namespace holdfast::test {

// Outlives what was made with its services. Thread safety: one thread at a
// time; what runs on it is ended from others by a Cancellation.
class OwnLoop {
 public:
  // With the system's resolver. `cache` outlives it; null: nothing is
  // remembered. Errors: kOutOfResources.
  static absl::StatusOr<std::unique_ptr<OwnLoop>> Create(
      HostCache* cache, const Route& route = {}) {
    absl::StatusOr<std::unique_ptr<UvEventLoop>> loop = UvEventLoop::Create();
    if (!loop.ok()) return loop.status();
    return std::unique_ptr<OwnLoop>(
        new OwnLoop(*std::move(loop), cache, route));
  }

  Connector::Services services() const {
    return {loop_.get(), resolver_.get(), dialer_.get(), cache_};
  }
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
          const Route& route)
      : loop_(std::move(loop)),
        resolver_(NewSystemResolver(loop_.get())),
        dialer_(NewRouteDialer(loop_.get(), resolver_.get(), route)),
        cache_(cache != nullptr ? cache : forgetful_.get()) {}

  const std::unique_ptr<HostCache> forgetful_ = NewMemoryHostCache();
  const std::unique_ptr<UvEventLoop> loop_;
  const std::unique_ptr<Resolver> resolver_;
  const std::unique_ptr<Dialer> dialer_;
  HostCache* const cache_;
};

// On a loop of its own. `cache` may be null: then nothing is remembered.
inline ConnectResult ConnectBlocking(const ConnectRequest& request,
                                     HostCache* cache,
                                     const Route& route = {}) {
  const std::unique_ptr<OwnLoop> own = *OwnLoop::Create(cache, route);
  Connector connector(own->services());
  std::unique_ptr<Connector::Operation> operation;
  return own->Await<ConnectResult>([&](auto done) {
    operation = connector.Connect(request, std::move(done));
  });
}

// On a loop of its own; the provider answers before it returns from Ask().
inline SignInResult SignInBlocking(Connection* connection,
                                   CredentialsProvider* provider,
                                   const SignInOptions& options,
                                   BegunSignInPtr begun = nullptr) {
  const std::unique_ptr<OwnLoop> own = *OwnLoop::Create(nullptr);
  std::unique_ptr<SignIn> sign_in;
  return own->Await<SignInResult>([&](auto done) {
    sign_in = SignIn::Start(own->loop(), connection, provider, options,
                            std::move(done), std::move(begun));
  });
}

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_OWN_LOOP_H_
