// A client that embeds the installed library: connects to an IMAP server twice,
// the second time on an event loop, and says what came of it.
//
//   consumer URL CA_FILE

#include <cstdio>
#include <memory>
#include <utility>

#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/fallback/host_cache.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/connect/redialer.h"

namespace {

bool Print(const holdfast::ConnectReport& report, bool ok) {
  std::puts(holdfast::Diagnose(report).summary.c_str());
  return ok;
}

bool ConnectOnLoop(const holdfast::ConnectRequest& request,
                   holdfast::HostCache* cache) {
  auto loop = holdfast::UvEventLoop::Create();
  if (!loop.ok()) return false;
  const auto resolver = holdfast::NewSystemResolver(loop->get());
  const auto dialer = holdfast::NewTcpDialer(loop->get());
  bool done = false;
  bool ok = false;
  holdfast::RedialOptions options{request};
  options.policy.max_redials = 1;
  const auto redialer = holdfast::Redialer::Create(
      {loop->get(), resolver.get(), dialer.get(), cache}, std::move(options));
  redialer->Dial([&](holdfast::RedialResult result) {
    ok = Print(result.report, result.ok());
    done = true;
  });
  (*loop)->RunUntil([&] { return done; });
  return ok;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto nss = holdfast::NssRuntime::Start();
  const auto target = holdfast::ParseTarget(argv[1]);
  if (!nss.ok() || !target.ok()) return 2;
  holdfast::TrustOptions options;
  options.ca_files = {argv[2]};
  const auto trust = holdfast::Trust::Load(*nss, options);
  if (!trust.ok()) {
    std::puts(holdfast::ErrorFromStatus(trust.status()).message.c_str());
    return 2;
  }
  const auto cache = holdfast::NewMemoryHostCache();
  const holdfast::ConnectRequest request{*target, *nss, *trust};
  const holdfast::ConnectResult first =
      holdfast::ConnectBlocking(request, cache.get());
  if (!Print(first.report, first.ok())) return 1;
  return ConnectOnLoop(request, cache.get()) ? 0 : 1;
}
