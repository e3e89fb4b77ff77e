#include "holdfast/protocols/probe/probe_report_json.h"

#include "holdfast/core/base/printable.h"
#include "holdfast/protocols/connect/report_json.h"

namespace holdfast {
namespace {

using Json = nlohmann::ordered_json;

Json RungJson(const RungReport& rung) {
  return {
      {"outcome", rung.ok()    ? "connected"
                  : rung.tried ? "failed"
                               : "not_tried"},
      {"version", rung.version ? Json(TlsVersionName(*rung.version)) : Json()},
      {"error", rung.error ? ErrorJson(*rung.error) : Json()}};
}

// The problems are codes here; what a connect says of each is an object.
Json CertificateWithDaysJson(const ProbeReport& report) {
  if (!report.tls) return Json();
  Json json = CertificateJson(*report.tls);
  json["problems"] = Json::array();
  for (const CertificateProblem& problem : report.tls->certificate_problems) {
    json["problems"].push_back(ErrorName(problem.code));
  }
  json["days_left"] = DaysLeft(report, report.tls->certificate);
  return json;
}

// "accepted", or how it failed; null where nothing is known of it.
Json StartTlsJson(const ProbeReport& report) {
  if (report.starttls_accepted) return "accepted";
  const Error* const cause = report.cause();
  const bool failed =
      cause != nullptr && cause->category() == ErrorCategory::kStartTls;
  return failed ? Json(ErrorName(cause->code)) : Json();
}

}  // namespace

Json ProbeReportJson(const ProbeReport& report) {
  const ProbeDiagnosis diagnosis = Diagnose(report);
  Json versions = Json::object();
  for (auto it = report.versions.rbegin(); it != report.versions.rend(); ++it) {
    versions[std::string(TlsVersionName(it->first))] =
        it->second == VersionSupport::kUnknown
            ? Json()
            : Json(VersionSupportName(it->second));
  }
  Json rungs = Json::object();
  for (const auto& [rung, result] : report.rungs) {
    rungs[std::string(RungName(rung))] = RungJson(result);
  }
  const bool chose_alpn = report.tls && !report.tls->alpn.empty();
  return {{"target", TargetJson(report.target)},
          {"reachable", report.reachable()},
          {"address", report.address.empty() ? Json() : Json(report.address)},
          {"through_proxy", report.through_proxy},
          {"verdict", ProbeVerdictName(diagnosis.verdict)},
          {"summary", diagnosis.summary},
          {"versions", versions},
          {"rungs", rungs},
          {"alpn", chose_alpn ? Json(Printable(report.tls->alpn)) : Json()},
          {"starttls", StartTlsJson(report)},
          {"certificate", CertificateWithDaysJson(report)},
          {"advice", diagnosis.advice}};
}

}  // namespace holdfast
