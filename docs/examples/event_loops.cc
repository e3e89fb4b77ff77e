// SPDX-License-Identifier: 0BSD

#include "event_loops.h"

#include <optional>
#include <utility>

#include "glib_event_loop.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "poll_event_loop.h"

namespace holdfast::example {

ConnectResult ConnectOnPoll(ClientOptions options, const Target& target) {
  const std::unique_ptr<PollEventLoop> loop = *PollEventLoop::Create();
  options.loop = loop.get();
  const std::unique_ptr<Client> client = *Client::Create(std::move(options));
  std::optional<ConnectResult> result;
  const auto operation = client->StartConnect(
      target, [&](ConnectResult given) { result = std::move(given); });
  loop->RunUntil([&] { return result.has_value(); });
  return *std::move(result);
}

ConnectResult ConnectOnGlib(GMainContext* context, ClientOptions options,
                            const Target& target) {
  GMainLoop* const main_loop = g_main_loop_new(context, FALSE);
  GlibEventLoop loop(context);
  options.loop = &loop;
  const std::unique_ptr<Client> client = *Client::Create(std::move(options));
  std::optional<ConnectResult> result;
  const auto operation = client->StartConnect(target, [&](ConnectResult given) {
    result = std::move(given);
    g_main_loop_quit(main_loop);
  });
  g_main_loop_run(main_loop);
  g_main_loop_unref(main_loop);
  return *std::move(result);
}

ConnectResult ConnectOnUv(uv_loop_t* theirs, ClientOptions options,
                          const Target& target) {
  const std::unique_ptr<UvEventLoop> loop = *UvEventLoop::Wrap(theirs);
  options.loop = loop.get();
  const std::unique_ptr<Client> client = *Client::Create(std::move(options));
  std::optional<ConnectResult> result;
  const auto operation = client->StartConnect(target, [&](ConnectResult given) {
    result = std::move(given);
    uv_stop(theirs);
  });
  uv_run(theirs, UV_RUN_DEFAULT);
  return *std::move(result);
}

}  // namespace holdfast::example
