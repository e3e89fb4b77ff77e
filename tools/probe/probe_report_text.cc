// What probes have found, for people.

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/tools/probe/probe_report.h"
#include "holdfast/tools/text_layout.h"
#include "holdfast/tools/text_width.h"

namespace holdfast {
namespace {

Tint TintOf(ProbeVerdict verdict) {
  switch (verdict) {
    case ProbeVerdict::kHealthy:
      return Tint::kGood;
    case ProbeVerdict::kIntolerant:
    case ProbeVerdict::kLegacy:
      return Tint::kWarning;
    case ProbeVerdict::kBroken:
    case ProbeVerdict::kUnreachable:
    case ProbeVerdict::kPlaintextOnly:
      return Tint::kBad;
  }
  return Tint::kBad;
}

std::string VersionCell(const ProbeReport& report, TlsVersion version) {
  const VersionSupport support = report.versions.at(version);
  if (support == VersionSupport::kUnknown) return "-";
  if (support == VersionSupport::kUnsupported) return "no";
  return std::string(VersionSupportName(support));
}

// The rungs that work, of those that were tried.
std::string RungsCell(const ProbeReport& report) {
  std::vector<absl::string_view> work;
  int tried = 0;
  for (const auto& [rung, result] : report.rungs) {
    tried += result.tried;
    if (result.ok()) work.push_back(RungName(rung));
  }
  if (work.empty()) return report.reachable() ? "none" : "-";
  if (static_cast<int>(work.size()) == tried) return "all";
  return absl::StrJoin(work, ", ");
}

std::string CertificateCell(const ProbeReport& report) {
  if (!report.tls) return "-";
  if (!report.tls->certificate_verified()) return "bad";
  return absl::StrCat(DaysLeft(report, report.tls->certificate), " days");
}

std::vector<std::string> TableRow(const ProbeReport& report) {
  std::vector<std::string> row = {
      ShownTarget(report.target),
      std::string(ProbeVerdictName(Diagnose(report).verdict))};
  for (TlsVersion version : {TlsVersion::kTls13, TlsVersion::kTls12,
                             TlsVersion::kTls11, TlsVersion::kTls10}) {
    row.push_back(VersionCell(report, version));
  }
  row.push_back(RungsCell(report));
  row.push_back(CertificateCell(report));
  return row;
}

// Which rungs fail, and how.
std::string RungRows(const ProbeReport& report) {
  std::string rows;
  for (const auto& [rung, result] : report.rungs) {
    if (!result.error) continue;
    absl::StrAppend(
        &rows, Row(RungName(rung),
                   absl::StrCat("fails: ", ErrorName(result.error->code))));
  }
  return rows;
}

std::string CertificateRows(const ProbeReport& report) {
  if (!report.tls) return "";
  const CertificateInfo& certificate = report.tls->certificate;
  std::string rows = WrappedRow(
      "Certificate", absl::StrCat(absl::StrJoin(certificate.names, ", "),
                                  "; issued by ", certificate.issuer,
                                  "; until ", DateText(certificate.not_after)));
  for (const CertificateProblem& problem : report.tls->certificate_problems) {
    absl::StrAppend(&rows,
                    WrappedRow("", absl::StrCat("- ", problem.detail, " (",
                                                ErrorName(problem.code), ")")));
  }
  return rows;
}

std::string ReportBlock(const ProbeReport& report, const Painter& paint) {
  const ProbeDiagnosis diagnosis = Diagnose(report);
  std::string text = absl::StrCat(
      "\n", report.target.ToString(), ": ",
      paint(TintOf(diagnosis.verdict), ProbeVerdictName(diagnosis.verdict)),
      "\n", WrappedRow("Finding", diagnosis.summary));
  if (!report.address.empty()) {
    absl::StrAppend(
        &text, Row(report.through_proxy ? "Proxy" : "Address", report.address));
  }
  if (report.starttls_accepted) {
    absl::StrAppend(&text, Row("STARTTLS", "accepted"));
  }
  absl::StrAppend(&text, RungRows(report));
  if (report.cause() != nullptr && !report.cause()->server_text.empty()) {
    absl::StrAppend(&text,
                    Row("Server said", Printable(report.cause()->server_text)));
  }
  if (report.tls) {
    absl::StrAppend(&text, Row("ALPN", report.tls->alpn.empty()
                                           ? "none chosen"
                                           : Printable(report.tls->alpn)));
  }
  absl::StrAppend(&text, CertificateRows(report));
  absl::string_view name = "Advice";
  for (const std::string& advice : diagnosis.advice) {
    // A command to paste stays in one piece.
    const bool is_command = absl::StartsWith(advice, "holdfast ");
    absl::StrAppend(&text, (is_command ? Row : WrappedRow)(
                               std::exchange(name, ""), advice));
  }
  return text;
}

}  // namespace

std::string ShownTarget(const Target& target) {
  std::string text = target.ToString();
  const std::string& name = target.endpoint.host.name();
  if (const size_t at = text.find(name); at != std::string::npos) {
    text.replace(at, name.size(), ShownName(target.endpoint.host));
  }
  return text;
}

std::string ProbeReportText(const std::vector<ProbeReport>& reports,
                            size_t width, const Painter& paint) {
  std::vector<std::vector<std::string>> rows = {
      {"TARGET", "VERDICT", "1.3", "1.2", "1.1", "1.0", "RUNGS", "CERT"}};
  std::string blocks;
  std::string unreachable;
  for (const ProbeReport& report : reports) {
    rows.push_back(TableRow(report));
    // Of many ports of one host most are closed: a line for each is enough.
    if (report.reachable() || reports.size() == 1) {
      absl::StrAppend(&blocks, ReportBlock(report, paint));
    } else {
      absl::StrAppend(&unreachable, "  ", report.target.ToString(), ": ",
                      Diagnose(report).summary, "\n");
    }
  }
  return absl::StrCat(Table(rows, /*may_cut=*/{0}, width), blocks,
                      unreachable.empty() ? "" : "\nNot reached:\n",
                      unreachable);
}

std::string SurveyLineText(const ProbeReport& report, size_t target_width,
                           const Painter& paint) {
  constexpr size_t kLongestVerdict = 14;  // "plaintext_only"
  const ProbeDiagnosis diagnosis = Diagnose(report);
  return absl::StrCat(
      FittedTo(ShownTarget(report.target), target_width), "  ",
      paint(TintOf(diagnosis.verdict),
            FittedTo(ProbeVerdictName(diagnosis.verdict), kLongestVerdict)),
      "  ", diagnosis.summary, "\n");
}

std::string SurveySummaryText(const std::vector<ProbeReport>& reports,
                              absl::Duration taken) {
  std::map<ProbeVerdict, int> verdicts;
  std::map<std::string, int> causes;  // of intolerance
  for (const ProbeReport& report : reports) {
    const ProbeDiagnosis diagnosis = Diagnose(report);
    ++verdicts[diagnosis.verdict];
    if (!diagnosis.intolerant_of.empty()) ++causes[diagnosis.intolerant_of];
  }
  const std::string of =
      absl::StrJoin(causes, ", ", [](std::string* out, const auto& entry) {
        absl::StrAppend(out, entry.second, " of ", entry.first);
      });
  const std::string counts =
      absl::StrJoin(verdicts, ", ", [&of](std::string* out, const auto& entry) {
        absl::StrAppend(out, entry.second, " ", ProbeVerdictName(entry.first));
        if (entry.first == ProbeVerdict::kIntolerant) {
          absl::StrAppend(out, " (", of, ")");
        }
      });
  return absl::StrCat(
      reports.size(), reports.size() == 1 ? " target" : " targets", " in ",
      absl::FormatDuration(absl::Trunc(taken, taken < absl::Seconds(10)
                                                  ? absl::Milliseconds(100)
                                                  : absl::Seconds(1))),
      counts.empty() ? "" : ": ", counts, ".\n");
}

}  // namespace holdfast
