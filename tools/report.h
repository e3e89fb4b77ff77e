// A connect's report for people; report_json.h has it for programs.

#ifndef HOLDFAST_TOOLS_REPORT_H_
#define HOLDFAST_TOOLS_REPORT_H_

#include <string>

#include "absl/time/time.h"
#include "holdfast/core/base/event_log.h"
#include "holdfast/protocols/connect/connect_report.h"
#include "holdfast/protocols/connect/report_json.h"
#include "holdfast/tools/painter.h"

namespace holdfast {

// For people; ends with a line end. `authentication` as for
// ConnectReportJson().
std::string ConnectReportText(const ConnectReport& report, absl::Time now,
                              const Painter& paint = Painter(),
                              const Authentication* authentication = nullptr);
// "Host not found. (host_not_found)" with what the server said and advice.
std::string ErrorText(const Error& error);
// A line for progress on a terminal; empty if the event is of no interest
// there.
std::string ProgressText(const Event& event, const Painter& paint);
// Any event with its time and fields, a line.
std::string VerboseText(const Event& event, const Painter& paint);
// It tells of something that the user should mend or mind.
bool IsWarning(EventKind kind);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_REPORT_H_
