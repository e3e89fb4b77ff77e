// A connect's report, for people and for programs.

#ifndef HOLDFAST_TOOLS_REPORT_H_
#define HOLDFAST_TOOLS_REPORT_H_

#include <string>

#include "absl/time/time.h"
#include "core/event_log.h"
#include "nlohmann/json.hpp"
#include "protocols/connect_report.h"
#include "tools/painter.h"

namespace holdfast {

// How somebody signed in, or tried to.
struct Authentication {
  std::string user;       // as asked for; empty: the certificate's, or nobody
  std::string mechanism;  // empty: none was tried
  int tries = 0;          // credentials sent
  int round_trips = 0;
};

// The documents of docs/command.md. `authentication` is null if nobody was to
// sign in; if that failed, `report` holds the error.
nlohmann::ordered_json ConnectReportJson(
    const ConnectReport& report,
    const Authentication* authentication = nullptr);
nlohmann::ordered_json ErrorJson(const Error& error);
// Parts of them.
nlohmann::ordered_json TargetJson(const Target& target);
nlohmann::ordered_json CertificateJson(const TlsInfo& tls);
// A document as text; bytes of a server that are not UTF-8 are replaced.
std::string JsonText(const nlohmann::ordered_json& document);
// The same on one line.
std::string JsonLine(const nlohmann::ordered_json& document);
// The lines of a trace.
nlohmann::ordered_json TraceHeaderJson(const Target& target);
nlohmann::ordered_json EventJson(const Event& event);

// The same for people; ends with a line end.
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
