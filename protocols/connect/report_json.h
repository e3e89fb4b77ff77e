// A connect's report for programs: the JSON that scripts rely on.

#ifndef HOLDFAST_PROTOCOLS_CONNECT_REPORT_JSON_H_
#define HOLDFAST_PROTOCOLS_CONNECT_REPORT_JSON_H_

#include <string>
#include <vector>

#include "holdfast/core/base/event_log.h"
#include "holdfast/protocols/connect/connect_report.h"
#include "nlohmann/json.hpp"

namespace holdfast {

// How somebody signed in, or tried to.
struct Authentication {
  std::string user;       // as asked for; empty: the certificate's, or nobody
  std::string mechanism;  // empty: none was tried
  int tries = 0;          // credentials sent
  int round_trips = 0;
};

// The documents of docs/command.md. All texts in them are printable
// (core/base/printable.h). `authentication` is null if nobody was to
// sign in; if that failed, `report` holds the error.
nlohmann::ordered_json ConnectReportJson(
    const ConnectReport& report,
    const Authentication* authentication = nullptr);
nlohmann::ordered_json ErrorJson(const Error& error);
// Parts of them. `chain` holds the server's own certificate and those that came
// with it; null if it is empty.
nlohmann::ordered_json TargetJson(const Target& target);
nlohmann::ordered_json CertificateJson(
    const std::vector<CertificateInfo>& chain,
    const std::vector<CertificateProblem>& problems);
nlohmann::ordered_json CertificateJson(const TlsInfo& tls);
// A document as text, in ASCII; bytes that are not UTF-8 become U+FFFD.
std::string JsonText(const nlohmann::ordered_json& document);
// The same on one line.
std::string JsonLine(const nlohmann::ordered_json& document);
// A line of a trace.
nlohmann::ordered_json EventJson(const Event& event);

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_CONNECT_REPORT_JSON_H_
