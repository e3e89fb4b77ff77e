// Where the events of a connect go: standard error, a trace file.

#ifndef HOLDFAST_TOOLS_EVENT_OUTPUT_H_
#define HOLDFAST_TOOLS_EVENT_OUTPUT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "holdfast/core/base/event_log.h"
#include "holdfast/core/tls/key_log.h"
#include "holdfast/protocols/dialogue/protocol.h"
#include "holdfast/tools/options.h"

namespace holdfast {

struct EventOutput {
  EventSink on_event;
  std::shared_ptr<const KeyLog> key_log;  // null: none
};
// As the options say, for connects to `target`. To be called before any socket
// is made. `warnings_only`: no progress, unless the user asked for it all.
// Errors: kTraceUnwritable, kKeyLogUnwritable.
absl::StatusOr<EventOutput> OpenEventOutput(const GlobalOptions& global,
                                            const ConnectionOptions& options,
                                            const Target& target,
                                            bool warnings_only);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_EVENT_OUTPUT_H_
