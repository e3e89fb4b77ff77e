// A report for people: plain text, one fact a line.

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/report.h"

namespace holdfast {
namespace {

// "2 h 5 min", "23 h", "30 days": two units at most, for reading.
std::string ApproximateText(absl::Duration duration) {
  const int64_t minutes = absl::ToInt64Minutes(duration);
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return absl::StrCat(minutes, " min");
  if (minutes < 48 * 60) return absl::StrCat(minutes / 60, " h");
  return absl::StrCat(minutes / (24 * 60), " days");
}

std::string ExpiryText(absl::Time expires_at, absl::Time now) {
  return absl::StrCat("in ", ApproximateText(expires_at - now));
}

std::string Row(absl::string_view name, absl::string_view value) {
  return absl::StrFormat("  %-13s %s\n", name, value);
}

std::string VerificationRows(const TlsInfo& tls, absl::Time now) {
  if (tls.certificate_verified()) {
    return Row("", absl::StrCat("verified; expires ",
                                ExpiryText(tls.certificate.not_after, now)));
  }
  std::string rows = Row("", "NOT VERIFIED, accepted as asked for:");
  for (const CertificateProblem& problem : tls.certificate_problems) {
    absl::StrAppend(&rows, Row("", absl::StrCat("- ", problem.detail)));
  }
  return rows;
}

std::string TlsRows(const TlsInfo& tls, absl::Time now) {
  const CertificateInfo& certificate = tls.certificate;
  return absl::StrCat(
      Row("TLS", absl::StrCat(TlsVersionName(tls.version), ", ", tls.cipher,
                              tls.group.empty() ? "" : ", ", tls.group)),
      Row("Certificate", absl::StrCat(absl::StrJoin(certificate.names, ", "),
                                      "; issued by ", certificate.issuer)),
      VerificationRows(tls, now));
}

std::string FallbackRow(const ConnectReport& report, absl::Time now) {
  if (!report.fallback->applied()) return Row("Offer", "full");
  std::string text =
      absl::StrCat("reduced to ", RungName(report.fallback->rung));
  if (report.fallback->reason) {
    absl::StrAppend(&text, ", because of ",
                    ErrorName(*report.fallback->reason));
  }
  if (report.fallback->from_cache) absl::StrAppend(&text, " (remembered)");
  std::string rows = Row("Offer", text);
  if (report.record_expires_at) {
    absl::StrAppend(
        &rows, Row("Remembered",
                   absl::StrCat("the full offer is tried again ",
                                ExpiryText(*report.record_expires_at, now))));
  }
  return rows;
}

// A table with columns as wide as their widest cell.
std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      absl::StrAppendFormat(&text, "%-*s  ", static_cast<int>(widths[i]),
                            row[i]);
    }
    absl::StrAppend(&text, row.back(), "\n");
  }
  return text;
}

}  // namespace

std::string ErrorText(const Error& error) {
  std::string text =
      absl::StrCat(error.Message(), " (", ErrorName(error.code), ")\n");
  for (const CertificateProblem& problem : error.certificate_problems) {
    absl::StrAppend(&text, "  - ", problem.detail, " (",
                    ErrorName(problem.code), ")\n");
  }
  if (!error.server_text.empty()) {
    absl::StrAppend(
        &text, "  The server said: ", EscapeBytes(error.server_text), "\n");
  }
  return text;
}

std::string ConnectReportText(const ConnectReport& report, absl::Time now) {
  const Diagnosis diagnosis = Diagnose(report);
  std::string text = absl::StrCat(diagnosis.summary, "\n");
  if (report.error) {
    for (const CertificateProblem& problem :
         report.error->certificate_problems) {
      absl::StrAppend(&text, "  - ", problem.detail, "\n");
    }
    if (!report.error->server_text.empty()) {
      absl::StrAppend(
          &text, Row("Server said", EscapeBytes(report.error->server_text)));
    }
    absl::StrAppend(&text, Row("Error", ErrorName(report.error->code)));
  } else {
    absl::StrAppend(&text, TlsRows(*report.tls, now), FallbackRow(report, now),
                    Row("Capabilities",
                        EscapeBytes(absl::StrJoin(report.capabilities, " "))));
  }
  for (const std::string& advice : diagnosis.advice) {
    absl::StrAppend(&text, Row("Advice", advice));
  }
  return text;
}

std::string CacheListText(const RecordList& records, absl::Time now,
                          const RecordLifetimes& lifetimes) {
  std::vector<std::vector<std::string>> rows = {
      {"HOST", "PORT", "SECURITY", "PROVEN", "OFFER", "REASON", "EXPIRES"}};
  for (const auto& [key, record] : records) {
    const std::optional<TlsVersion> proven =
        record.ProvenVersion(now, lifetimes);
    const std::optional<Reduction> reduction = record.ActiveReduction(now);
    if (!proven && !reduction) continue;
    rows.push_back(
        {key.endpoint.host.name(), absl::StrCat(key.endpoint.port),
         std::string(ConnectionSecurityName(key.security)),
         proven ? std::string(TlsVersionName(*proven)) : "-",
         std::string(RungName(reduction ? reduction->rung : Rung::kFull)),
         reduction ? std::string(ErrorName(reduction->reason)) : "-",
         ExpiryText(reduction ? reduction->expires_at
                              : record.fields().proof->at + lifetimes.proof,
                    now)});
  }
  if (rows.size() == 1) return "No hosts are remembered.\n";
  return Table(rows);
}

std::string ProgressText(const Event& event) {
  switch (event.kind) {
    case EventKind::kAttemptStarted:
      return absl::StrCat(
          "attempt ", event.attempt, ": offering ", event.field("rung"),
          event.field("from_cache") == "true" ? " (remembered)" : "", "\n");
    case EventKind::kAttemptFailed:
      return absl::StrCat("attempt ", event.attempt, ": failed after ",
                          absl::ToInt64Milliseconds(event.at),
                          " ms: ", event.field("message"), " (",
                          event.field("error"), ")\n");
    case EventKind::kHandshakeDone:
      return absl::StrCat("attempt ", event.attempt, ": ",
                          event.field("version"), " is up, certificate ",
                          event.field("certificate") == "verified"
                              ? "verified\n"
                              : "NOT VERIFIED\n");
    case EventKind::kRecordForgotten:
      return "the server can do better: what was remembered is forgotten\n";
    case EventKind::kCacheWarning:
      return absl::StrCat("warning: ", event.field("message"), "\n");
    case EventKind::kCancelled:
      return "cancelled\n";
    case EventKind::kLookupStarted:
    case EventKind::kLookupEnded:
    case EventKind::kTcpConnected:
    case EventKind::kStartTlsAccepted:
    case EventKind::kHandshakeStarted:
    case EventKind::kReady:
      return "";
  }
  return "";
}

}  // namespace holdfast
