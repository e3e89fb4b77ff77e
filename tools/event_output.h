// Where the events of a connect go: standard error, a trace file.

#ifndef HOLDFAST_TOOLS_EVENT_OUTPUT_H_
#define HOLDFAST_TOOLS_EVENT_OUTPUT_H_

#include "absl/status/status.h"
#include "protocols/connector.h"
#include "tools/options.h"

namespace holdfast {

// Gives `request` its sink for events and its key log, as the options say. To
// be called before any socket is made. Errors: kTraceUnwritable,
// kKeyLogUnwritable.
absl::Status SetUpOutput(const GlobalOptions& global,
                         const ConnectionOptions& options,
                         ConnectRequest* request);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_EVENT_OUTPUT_H_
