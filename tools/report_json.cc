// A report for programs: the JSON that scripts rely on.

#include "tools/report.h"

namespace holdfast {
namespace {

using Json = nlohmann::ordered_json;

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

Json NullIfEmpty(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json ProblemsJson(const std::vector<CertificateProblem>& problems) {
  Json list = Json::array();
  for (const CertificateProblem& problem : problems) {
    list.push_back({{"code", ErrorName(problem.code)},
                    {"subject", problem.subject},
                    {"detail", problem.detail}});
  }
  return list;
}

Json CertificateJson(const TlsInfo& tls) {
  const CertificateInfo& certificate = tls.certificate;
  return {{"subject", certificate.subject},
          {"issuer", certificate.issuer},
          {"names", certificate.names},
          {"not_after", TimeText(certificate.not_after)},
          {"sha256", certificate.sha256},
          {"verified", tls.certificate_verified()},
          {"problems", ProblemsJson(tls.certificate_problems)}};
}

Json TlsJson(const TlsInfo& tls) {
  return {{"version", TlsVersionName(tls.version)},
          {"cipher", tls.cipher},
          {"group", NullIfEmpty(tls.group)},
          {"alpn", NullIfEmpty(tls.alpn)},
          {"resumed", tls.resumed},
          {"certificate", CertificateJson(tls)}};
}

Json AttemptJson(const AttemptReport& attempt) {
  Json json = {{"number", attempt.number},
               {"address", NullIfEmpty(attempt.address)},
               {"rung", RungName(attempt.rung)},
               {"security", ConnectionSecurityName(attempt.security)},
               {"outcome", attempt.error ? "failed" : "connected"},
               {"milliseconds", absl::ToInt64Milliseconds(attempt.duration)}};
  if (attempt.error) json["error"] = ErrorJson(*attempt.error);
  return json;
}

Json FallbackJson(const std::optional<ConnectReport::Fallback>& fallback) {
  if (!fallback) {
    return {{"applied", false},
            {"rung", nullptr},
            {"from_cache", false},
            {"reason", nullptr},
            {"hedged", false}};
  }
  return {{"applied", fallback->applied()},
          {"rung", RungName(fallback->rung)},
          {"from_cache", fallback->from_cache},
          {"reason",
           fallback->reason ? Json(ErrorName(*fallback->reason)) : Json()},
          {"hedged", fallback->hedged}};
}

Json TargetJson(const Target& target) {
  return {{"protocol", GetProtocolInfo(target.protocol).name},
          {"host", target.endpoint.host.name()},
          {"port", target.endpoint.port},
          {"security", ConnectionSecurityName(target.security)}};
}

}  // namespace

Json ErrorJson(const Error& error) {
  Json json = {
      {"code", ErrorName(error.code)},
      {"category", ErrorCategoryName(error.category())},
      {"phase", PhaseName(error.phase)},
      {"nss", NullIfEmpty(error.nss)},
      {"alert",
       error.alert ? Json(TlsAlertName(error.alert->description)) : Json()},
      {"first_bytes", EscapeBytes(error.first_bytes)},
      {"message", error.Message()}};
  if (!error.server_text.empty()) {
    json["server_text"] = EscapeBytes(error.server_text);
  }
  if (!error.certificate_problems.empty()) {
    json["problems"] = ProblemsJson(error.certificate_problems);
  }
  return json;
}

Json ConnectReportJson(const ConnectReport& report) {
  Json attempts = Json::array();
  for (const AttemptReport& attempt : report.attempts) {
    attempts.push_back(AttemptJson(attempt));
  }
  const Diagnosis diagnosis = Diagnose(report);
  Json json = {
      {"target", TargetJson(report.target)},
      {"outcome", report.error ? "failed" : "connected"},
      {"tls", report.tls ? TlsJson(*report.tls) : Json()},
      {"capabilities", report.capabilities},
      {"fallback", FallbackJson(report.fallback)},
      {"attempts", attempts},
      {"cache",
       {{"recorded", report.record_expires_at.has_value()},
        {"expires_at", report.record_expires_at
                           ? Json(TimeText(*report.record_expires_at))
                           : Json()}}},
      {"diagnosis",
       {{"summary", diagnosis.summary}, {"advice", diagnosis.advice}}}};
  if (report.error) json["error"] = ErrorJson(*report.error);
  return json;
}

Json CacheListJson(const RecordList& records, absl::Time now,
                   const RecordLifetimes& lifetimes) {
  Json list = Json::array();
  for (const auto& [key, record] : records) {
    const HostRecord::Fields& fields = record.fields();
    const std::optional<TlsVersion> proven =
        record.ProvenVersion(now, lifetimes);
    const std::optional<Reduction> reduction = record.ActiveReduction(now);
    if (!proven && !reduction) continue;
    const absl::Time expires_at =
        reduction ? reduction->expires_at : fields.proof->at + lifetimes.proof;
    list.push_back(
        {{"host", key.endpoint.host.name()},
         {"port", key.endpoint.port},
         {"security", ConnectionSecurityName(key.security)},
         {"scope", NullIfEmpty(key.scope)},
         {"proven", proven ? Json(TlsVersionName(*proven)) : Json()},
         {"rung", reduction ? Json(RungName(reduction->rung)) : Json()},
         {"reason", reduction ? Json(ErrorName(reduction->reason)) : Json()},
         {"origin", RecordOriginName(reduction ? reduction->origin
                                               : RecordOrigin::kObserved)},
         {"failures", fields.failures},
         {"recoveries", fields.recoveries},
         {"first_seen", TimeText(fields.first_seen)},
         {"last_seen", TimeText(fields.last_seen)},
         {"expires_at", TimeText(expires_at)}});
  }
  return list;
}

std::string JsonText(const Json& document) {
  return document.dump(2, ' ', /*ensure_ascii=*/false,
                       Json::error_handler_t::replace) +
         "\n";
}

}  // namespace holdfast
