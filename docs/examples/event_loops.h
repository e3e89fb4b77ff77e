// SPDX-License-Identifier: 0BSD

// The examples of docs/event-loops.md: one connect on each kind of event loop.

#ifndef HOLDFAST_DOCS_EXAMPLES_EVENT_LOOPS_H_
#define HOLDFAST_DOCS_EXAMPLES_EVENT_LOOPS_H_

#include <glib.h>
#include <uv.h>

#include "holdfast/client/client.h"

namespace holdfast::example {

ConnectResult ConnectOnPoll(ClientOptions options, const Target& target);
ConnectResult ConnectOnGlib(GMainContext* context, ClientOptions options,
                            const Target& target);
ConnectResult ConnectOnUv(uv_loop_t* theirs, ClientOptions options,
                          const Target& target);

}  // namespace holdfast::example

#endif  // HOLDFAST_DOCS_EXAMPLES_EVENT_LOOPS_H_
