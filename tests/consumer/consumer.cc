// A client that embeds the installed library: connects to an IMAP server twice,
// the second time on an event loop, and says what came of it.
//
//   consumer URL CA_FILE

#include <cstdio>
#include <memory>
#include <utility>

#include "holdfast/client/client.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/connect/redialer.h"

namespace {

bool Print(const holdfast::ConnectReport& report, bool ok) {
  std::puts(holdfast::Diagnose(report).summary.c_str());
  return ok;
}

// With what `first` has read and learned.
bool ConnectOnLoop(const holdfast::Client& first,
                   const holdfast::Target& target) {
  auto loop = holdfast::UvEventLoop::Create();
  if (!loop.ok()) return false;
  holdfast::ClientOptions options = first.OptionsToShare();
  options.loop = loop->get();
  options.max_redials = 1;
  const auto client = holdfast::Client::Create(std::move(options));
  if (!client.ok()) return false;
  bool done = false;
  bool ok = false;
  const auto redialer = (*client)->NewRedialer(target, nullptr);
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
  const auto target = holdfast::ParseTarget(argv[1]);
  if (!target.ok()) return 2;
  holdfast::ClientOptions options;
  options.ca_files = {argv[2]};
  options.cache_file = "";  // in memory
  const auto client = holdfast::Client::Create(std::move(options));
  if (!client.ok()) {
    std::puts(holdfast::ErrorFromStatus(client.status()).message.c_str());
    return 2;
  }
  const holdfast::ConnectResult first = (*client)->Connect(*target);
  if (!Print(first.report, first.ok())) return 1;
  return ConnectOnLoop(**client, *target) ? 0 : 1;
}
