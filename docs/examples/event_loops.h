// SPDX-License-Identifier: 0BSD

// The examples of docs/event-loops.md: one connect on each kind of event loop.

#ifndef HOLDFAST_DOCS_EXAMPLES_EVENT_LOOPS_H_
#define HOLDFAST_DOCS_EXAMPLES_EVENT_LOOPS_H_

#include <glib.h>
#include <uv.h>

#include <memory>

#include "holdfast/core/base/event_loop.h"
#include "holdfast/protocols/connect/connector.h"

namespace holdfast::example {

// What connections on one loop share. The loop outlives it, and it outlives the
// operations and sessions that are made with its services.
struct Mail {
  explicit Mail(EventLoop* event_loop) : loop(event_loop) {}

  Connector::Services services() const {
    return {loop, resolver.get(), dialer.get(), cache.get()};
  }

  EventLoop* const loop;
  const std::unique_ptr<Resolver> resolver = NewSystemResolver(loop);
  const std::unique_ptr<Dialer> dialer = NewTcpDialer(loop);
  const std::unique_ptr<HostCache> cache = NewMemoryHostCache();
};

ConnectResult ConnectOnPoll(const ConnectRequest& request);
ConnectResult ConnectOnGlib(GMainContext* context,
                            const ConnectRequest& request);
ConnectResult ConnectOnUv(uv_loop_t* theirs, const ConnectRequest& request);

}  // namespace holdfast::example

#endif  // HOLDFAST_DOCS_EXAMPLES_EVENT_LOOPS_H_
