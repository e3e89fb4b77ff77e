#include "holdfast/protocols/connect/report_json.h"

#include "holdfast/core/base/error_note.h"
#include "holdfast/core/base/printable.h"

namespace holdfast {
namespace {

using Json = nlohmann::ordered_json;

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

Json NullIfEmpty(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

std::vector<std::string> PrintableTexts(std::vector<std::string> texts) {
  for (std::string& text : texts) text = Printable(text);
  return texts;
}

Json ProblemsJson(const std::vector<CertificateProblem>& problems) {
  Json list = Json::array();
  for (const CertificateProblem& problem : problems) {
    list.push_back({{"code", ErrorName(problem.code)},
                    {"subject", problem.subject},
                    {"detail", problem.detail},
                    {"advice", NullIfEmpty(problem.advice)}});
  }
  return list;
}

}  // namespace

Json CertificateJson(const std::vector<CertificateInfo>& chain,
                     const std::vector<CertificateProblem>& problems) {
  if (chain.empty()) return Json();
  const CertificateInfo& certificate = chain.front();
  Json sent = Json::array();
  for (const CertificateInfo& it : chain) {
    sent.push_back({{"subject", it.subject},
                    {"issuer", it.issuer},
                    {"not_after", TimeText(it.not_after)},
                    {"sha256", it.sha256}});
  }
  return {{"subject", certificate.subject},
          {"issuer", certificate.issuer},
          {"names", certificate.names},
          {"not_before", TimeText(certificate.not_before)},
          {"not_after", TimeText(certificate.not_after)},
          {"sha256", certificate.sha256},
          {"pin", certificate.pin},
          {"key", certificate.key},
          {"signature", certificate.signature},
          {"chain", sent},
          {"problems", ProblemsJson(problems)}};
}

Json CertificateJson(const TlsInfo& tls) {
  Json json = CertificateJson(tls.chain, tls.certificate_problems);
  json["verified"] = tls.certificate_verified();
  return json;
}

namespace {

Json TlsJson(const TlsInfo& tls) {
  return {{"version", TlsVersionName(tls.version)},
          {"cipher", tls.cipher},
          {"group", NullIfEmpty(tls.group)},
          {"alpn", NullIfEmpty(Printable(tls.alpn))},
          {"resumed", tls.resumed},
          {"certificate", CertificateJson(tls)}};
}

Json AddressJson(const DialAttempt& dial) {
  return {
      {"address", dial.address.AddressText()},
      {"outcome", DialOutcomeName(dial)},
      {"milliseconds", absl::ToInt64Milliseconds(dial.ended - dial.started)},
      {"error", dial.error ? ErrorJson(*dial.error) : Json()}};
}

Json OfferJson(const HandshakeProfile& offer) {
  return {{"min_version", TlsVersionName(offer.versions.min())},
          {"max_version", TlsVersionName(offer.versions.max())},
          {"alpn", offer.alpn},
          {"compact", offer.compact},
          {"fallback_scsv", SendsFallbackScsv(offer)}};
}

Json AttemptJson(const AttemptReport& attempt) {
  Json json = {{"number", attempt.number},
               {"address", NullIfEmpty(attempt.address)},
               {"through_proxy", attempt.through_proxy},
               {"rung", RungName(attempt.rung)},
               {"security", ConnectionSecurityName(attempt.security)},
               {"outcome", attempt.error      ? "failed"
                           : attempt.given_up ? "given_up"
                                              : "connected"},
               {"milliseconds", absl::ToInt64Milliseconds(attempt.duration)}};
  json["offer"] = OfferJson(attempt.offer);
  if (attempt.error) {
    json["error"] = ErrorJson(*attempt.error);
    json["certificate"] = CertificateJson(attempt.certificates,
                                          attempt.error->certificate_problems);
  }
  json["addresses"] = Json::array();
  for (const DialAttempt& dial : attempt.dials) {
    json["addresses"].push_back(AddressJson(dial));
  }
  return json;
}

Json FallbackJson(const std::optional<ConnectReport::Fallback>& fallback) {
  if (!fallback) {
    return {{"applied", false},  {"rung", nullptr}, {"from_cache", false},
            {"reason", nullptr}, {"hedged", false}, {"pinned", false}};
  }
  return {{"applied", fallback->applied()},
          {"rung", RungName(fallback->rung)},
          {"from_cache", fallback->from_cache},
          {"reason",
           fallback->reason ? Json(ErrorName(*fallback->reason)) : Json()},
          {"hedged", fallback->hedged},
          {"pinned", fallback->pinned}};
}

}  // namespace

Json TargetJson(const Target& target) {
  return {{"protocol", GetProtocolInfo(target.protocol).name},
          {"host", target.endpoint.host.name()},
          {"port", target.endpoint.port},
          {"security", ConnectionSecurityName(target.security)}};
}

namespace {

Json DiagnosisJson(const Diagnosis& diagnosis) {
  Json warnings = Json::array();
  for (const Diagnosis::Warning& warning : diagnosis.warnings) {
    warnings.push_back({{"code", warning.code}, {"message", warning.message}});
  }
  return {{"summary", diagnosis.summary},
          {"warnings", warnings},
          {"advice", diagnosis.advice},
          {"command", NullIfEmpty(diagnosis.command)}};
}

Json AuthenticationJson(const Authentication& authentication,
                        const ConnectReport& report) {
  return {{"outcome", report.error ? "failed" : "signed_in"},
          {"user", NullIfEmpty(authentication.user)},
          {"mechanism", NullIfEmpty(authentication.mechanism)},
          {"tries", authentication.tries},
          {"round_trips", authentication.round_trips}};
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
    json["server_text"] = Printable(error.server_text);
  }
  if (!error.certificate_problems.empty()) {
    json["problems"] = ProblemsJson(error.certificate_problems);
  }
  return json;
}

Json ConnectReportJson(const ConnectReport& report,
                       const Authentication* authentication) {
  Json attempts = Json::array();
  for (const AttemptReport& attempt : report.attempts) {
    attempts.push_back(AttemptJson(attempt));
  }
  Json json = {
      {"target", TargetJson(report.target)},
      {"outcome", report.error ? "failed" : "connected"},
      {"tls", report.tls ? TlsJson(*report.tls) : Json()},
      {"authentication", authentication == nullptr
                             ? Json()
                             : AuthenticationJson(*authentication, report)},
      {"capabilities", PrintableTexts(report.capabilities)},
      {"fallback", FallbackJson(report.fallback)},
      {"attempts", attempts},
      {"cache",
       {{"recorded", report.record_expires_at.has_value()},
        {"expires_at", report.record_expires_at
                           ? Json(TimeText(*report.record_expires_at))
                           : Json()}}},
      {"diagnosis", DiagnosisJson(Diagnose(report))}};
  if (report.error) {
    const ErrorNote& note = GetErrorNote(report.error->code);
    json["error"] = ErrorJson(*report.error);
    const AttemptReport* const cause = report.cause();
    json["certificate"] =
        cause == nullptr ? Json()
                         : CertificateJson(cause->certificates,
                                           report.error->certificate_problems);
    json["diagnosis"]["fault"] = FaultName(note.fault);
    json["diagnosis"]["retry"] = RetryName(note.retry);
  }
  return json;
}

Json EventJson(const Event& event) {
  Json fields = Json::object();
  for (const auto& [name, value] : event.fields) fields[name] = value;
  return {{"ms", absl::ToInt64Microseconds(event.at) / 1000.0},
          {"event", EventKindName(event.kind)},
          {"attempt", event.attempt},
          {"fields", fields}};
}

namespace {

// In ASCII, so that data in it that should not be shown is not, whatever reads
// it. What is not UTF-8 becomes U+FFFD: it could not be JSON.
std::string Dump(const Json& document, int indent) {
  return document.dump(indent, ' ', /*ensure_ascii=*/true,
                       Json::error_handler_t::replace) +
         "\n";
}

}  // namespace

std::string JsonLine(const Json& document) { return Dump(document, -1); }
std::string JsonText(const Json& document) { return Dump(document, 2); }

}  // namespace holdfast
