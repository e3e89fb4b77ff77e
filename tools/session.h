// A session of standard input and output with a server: for people on a
// terminal, for scripts, and for clients that run a command for a connection.

#ifndef HOLDFAST_TOOLS_SESSION_H_
#define HOLDFAST_TOOLS_SESSION_H_

#include <functional>
#include <memory>

#include "absl/strings/string_view.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/protocols/connect/relay.h"
#include "holdfast/protocols/dialogue/connection.h"

namespace holdfast {

// Begins with `greeting` and carries every byte as it is. Only from
// a terminal, whose line editing and echo stay as they are, does a line get the
// CRLF that mail protocols want. As Relay::Start(), which see for the rest.
[[nodiscard]] std::unique_ptr<Relay> StartSession(
    EventLoop* loop, std::unique_ptr<Connection> connection,
    absl::string_view greeting, std::function<void(RelayResult)> on_done);

// A standard descriptor that was closed by who started us reads as empty from
// now on, and takes everything, instead of being the next file or socket that
// is opened. Call it before anything is.
void HoldStandardDescriptors();

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_SESSION_H_
