#include "protocols/connect_report.h"

#include "absl/strings/str_cat.h"

namespace holdfast {
namespace {

std::string Attempts(size_t count) {
  return count == 1 ? "1 attempt" : absl::StrCat(count, " attempts");
}

std::string Connected(const ConnectReport& report) {
  return absl::StrCat("Connected to ", report.target.ToString(), " with ",
                      TlsVersionText(report.tls->version), " in ",
                      Attempts(report.attempts.size()), ".");
}

Diagnosis DiagnoseConnected(const ConnectReport& report) {
  Diagnosis diagnosis;
  diagnosis.summary = Connected(report);
  if (!report.tls->certificate_verified()) {
    diagnosis.warnings.push_back(
        {"certificate_not_verified",
         "The certificate was NOT VERIFIED: whoever answers may read and "
         "change everything."});
  }
  if (report.tls->version < TlsVersion::kTls12) {
    diagnosis.warnings.push_back(
        {"legacy",
         absl::StrCat(TlsVersionText(report.tls->version),
                      " is not safe any more and was used only because it was "
                      "allowed for this host.")});
  }
  if (!report.fallback->applied()) return diagnosis;
  if (report.fallback->pinned) {
    absl::StrAppend(&diagnosis.summary, " The offer was limited to ",
                    RungName(report.fallback->rung),
                    ", as was decided for this host (cache pin).");
    return diagnosis;
  }
  absl::StrAppend(&diagnosis.summary,
                  report.fallback->from_cache
                      ? " The offer was reduced at once, as remembered: "
                      : " The offer had to be reduced: ",
                  report.fallback->reason
                      ? GetErrorInfo(*report.fallback->reason).sentence
                      : "The full offer failed.");
  diagnosis.advice.push_back(
      "The server, or something in front of it, chokes on a modern TLS "
      "handshake; its software needs an update.");
  return diagnosis;
}

// The way in that the port's own words ask for, if `error` tells.
std::optional<ConnectionSecurity> OtherWay(const Error& error) {
  if (error.code == ErrorCode::kPlaintextOnTlsPort) {
    return ConnectionSecurity::kStartTls;
  }
  if (error.code == ErrorCode::kTlsOnPlaintextPort) {
    return ConnectionSecurity::kImplicitTls;
  }
  return std::nullopt;
}

// Whether less would have been offered if the host had not proven more than
// that: it may have been replaced by a lesser one.
bool HeldBackByProof(const ConnectReport& report) {
  const ErrorCategory category = report.error->category();
  return report.proven && *report.proven > TlsVersion::kTls12 &&
         (category == ErrorCategory::kTlsIntolerance ||
          category == ErrorCategory::kTlsVersion);
}

std::string AfterReplacement(const ConnectReport& report) {
  const std::string host = report.target.endpoint.ToString();
  return absl::StrCat("The host has proven ", TlsVersionText(*report.proven),
                      " before, so that nothing less was offered. If its "
                      "server was replaced by a lesser one: holdfast cache "
                      "forget ",
                      host, " (or, for a time: holdfast cache pin ", host,
                      " --rung tls12)");
}

}  // namespace

Diagnosis Diagnose(const ConnectReport& report) {
  if (!report.error) return DiagnoseConnected(report);
  Diagnosis diagnosis;
  diagnosis.summary =
      absl::StrCat("Could not connect to ", report.target.ToString(), ": ",
                   report.error->Message());
  const absl::string_view advice = GetErrorInfo(report.error->code).advice;
  if (!advice.empty()) diagnosis.advice.emplace_back(advice);
  if (HeldBackByProof(report)) {
    diagnosis.advice.push_back(AfterReplacement(report));
  }
  if (const std::optional<ConnectionSecurity> way = OtherWay(*report.error)) {
    Target target = report.target;
    target.port_given = true;  // it is this port that speaks so
    diagnosis.advice.push_back(
        absl::StrCat("holdfast connect ", target.By(*way).ToString()));
  }
  return diagnosis;
}

}  // namespace holdfast
