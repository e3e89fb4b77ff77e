// A report for people: plain text, one fact a line.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "fallback/sqlite_host_cache.h"
#include "tools/report.h"

namespace holdfast {
namespace {

// "5 min", "24 h", "30 days": one unit, rounded to the nearest, for reading.
std::string ApproximateText(absl::Duration duration) {
  const auto rounded = [duration](absl::Duration unit) {
    return (duration + unit / 2) / unit;
  };
  if (rounded(absl::Minutes(1)) < 1) return "less than a minute";
  if (rounded(absl::Minutes(1)) < 120) {
    return absl::StrCat(rounded(absl::Minutes(1)), " min");
  }
  if (rounded(absl::Hours(1)) < 48) {
    return absl::StrCat(rounded(absl::Hours(1)), " h");
  }
  return absl::StrCat(rounded(absl::Hours(24)), " days");
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
      Row("TLS", absl::StrCat(TlsVersionText(tls.version), ", ", tls.cipher,
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

std::string DateText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

std::string ProofRow(const HostRecord& record, absl::Time now,
                     const RecordLifetimes& lifetimes) {
  const std::optional<Proof>& proof = record.fields().proof;
  if (!proof) return Row("Proven", "nothing");
  const absl::string_view note =
      record.ProvenVersion(now, lifetimes) ? "" : " (expired)";
  return Row("Proven", absl::StrCat(TlsVersionText(proof->version), " on ",
                                    DateText(proof->at), note));
}

std::string ReductionRows(const HostRecord& record, absl::Time now) {
  const std::optional<Reduction>& reduction = record.fields().reduction;
  if (!reduction) return "";
  const bool active = record.ActiveReduction(now).has_value();
  return absl::StrCat(
      Row("Reduced to", absl::StrCat(RungName(reduction->rung), ", because of ",
                                     ReasonName(*reduction), " (",
                                     RecordOriginName(reduction->origin), ")")),
      Row("Until", absl::StrCat(DateText(reduction->expires_at),
                                active ? "" : " (expired)")));
}

// "2 tls12, 1 compact".
std::string CountsText(const std::map<std::string, int>& counts) {
  if (counts.empty()) return "none";
  return absl::StrJoin(counts, ", ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.second, " ", entry.first);
  });
}

std::string WarningLine(absl::string_view text, const Painter& paint) {
  return absl::StrCat(paint(Tint::kWarning, absl::StrCat("warning: ", text)),
                      "\n");
}

// Of an event that has a TLS version.
absl::string_view VersionText(const Event& event) {
  const std::optional<TlsVersion> version =
      ParseTlsVersion(event.field("version"));
  return version ? TlsVersionText(*version) : "TLS";
}

std::optional<Tint> TintOf(EventKind kind) {
  if (IsWarning(kind)) return Tint::kWarning;
  if (kind == EventKind::kAttemptFailed) return Tint::kBad;
  if (kind == EventKind::kReady) return Tint::kGood;
  return std::nullopt;
}

std::string QuoteIfNeeded(const std::string& text) {
  return absl::StrContains(text, ' ') ? absl::StrCat("\"", text, "\"") : text;
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

std::string ConnectReportText(const ConnectReport& report, absl::Time now,
                              const Painter& paint) {
  const Diagnosis diagnosis = Diagnose(report);
  std::string text = absl::StrCat(
      paint(report.error ? Tint::kBad : Tint::kGood, diagnosis.summary), "\n");
  for (const Diagnosis::Warning& warning : diagnosis.warnings) {
    absl::StrAppend(
        &text,
        paint(Tint::kWarning, absl::StrCat("Warning: ", warning.message)),
        "\n");
  }
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
         proven ? std::string(TlsVersionText(*proven)) : "-",
         std::string(RungName(reduction ? reduction->rung : Rung::kFull)),
         reduction ? std::string(ErrorName(reduction->reason)) : "-",
         ExpiryText(reduction ? reduction->expires_at
                              : record.fields().proof->at + lifetimes.proof,
                    now)});
  }
  if (rows.size() == 1) return "No hosts are remembered.\n";
  return Table(rows);
}

std::string CacheShowText(absl::string_view name, const RecordList& records,
                          absl::Time now, const RecordLifetimes& lifetimes) {
  if (records.empty()) {
    return absl::StrCat("Nothing is known of ", name, ".\n");
  }
  std::string text;
  for (const auto& [key, record] : records) {
    const HostRecord::Fields& fields = record.fields();
    const std::optional<Reduction> active = record.ActiveReduction(now);
    absl::StrAppend(
        &text, key.endpoint.ToString(), ", ",
        ConnectionSecurityName(key.security),
        key.scope.empty() ? "" : ", scope ", EscapeBytes(key.scope), "\n",
        Row("Next offer", RungName(active ? active->rung : Rung::kFull)),
        ProofRow(record, now, lifetimes), ReductionRows(record, now),
        Row("Failures", absl::StrCat(fields.failures, " of fuller offers")),
        Row("Recoveries", absl::StrCat(fields.recoveries)),
        Row("First seen", DateText(fields.first_seen)),
        Row("Last seen", DateText(fields.last_seen)));
  }
  return text;
}

CacheStats CountRecords(const RecordList& records, absl::Time now,
                        const RecordLifetimes& lifetimes) {
  CacheStats stats;
  stats.records = static_cast<int>(records.size());
  for (const auto& [key, record] : records) {
    if (const auto proven = record.ProvenVersion(now, lifetimes)) {
      ++stats.proven[std::string(TlsVersionName(*proven))];
    }
    if (const auto reduction = record.ActiveReduction(now)) {
      ++stats.by_rung[std::string(RungName(reduction->rung))];
      ++stats.by_reason[std::string(ErrorName(reduction->reason))];
      ++stats.by_origin[std::string(RecordOriginName(reduction->origin))];
    }
  }
  return stats;
}

std::string CacheStatsText(const CacheStats& stats) {
  std::string text =
      stats.path.empty()
          ? "The cache is in memory.\n"
          : absl::StrCat(stats.path, "\n",
                         Row("Format",
                             absl::StrCat("version ", kHostCacheFormatVersion)),
                         Row("Size", absl::StrCat(stats.bytes, " bytes")));
  absl::StrAppend(&text, Row("Records", absl::StrCat(stats.records)),
                  Row("Proven", CountsText(stats.proven)),
                  Row("Reduced", CountsText(stats.by_rung)),
                  Row("Because of", CountsText(stats.by_reason)),
                  Row("Origin", CountsText(stats.by_origin)));
  return text;
}

std::string ProgressText(const Event& event, const Painter& paint) {
  const std::string attempt = absl::StrCat("attempt ", event.attempt, ": ");
  switch (event.kind) {
    case EventKind::kAttemptStarted:
      return absl::StrCat(
          attempt, "offering ", event.field("rung"),
          event.field("from_cache") == "true" ? " (remembered)" : "", "\n");
    case EventKind::kAttemptFailed:
      return absl::StrCat(attempt, paint(Tint::kBad, "failed"), " after ",
                          absl::ToInt64Milliseconds(event.at),
                          " ms: ", event.field("message"), " (",
                          event.field("error"), ")\n");
    case EventKind::kHandshakeDone:
      return absl::StrCat(
          attempt,
          paint(Tint::kGood, absl::StrCat(VersionText(event), " is up")),
          event.field("certificate") == "verified"
              ? ", certificate verified\n"
              : paint(Tint::kBad, ", certificate NOT VERIFIED") + "\n");
    case EventKind::kLegacyVersion:
      return WarningLine(absl::StrCat(VersionText(event),
                                      " is not safe any more; it is used only "
                                      "because --allow-legacy says so"),
                         paint);
    case EventKind::kCacheWarning:
      return WarningLine(event.field("message"), paint);
    case EventKind::kRecordForgotten:
      return "the server can do better: what was remembered is forgotten\n";
    case EventKind::kCancelled:
      return "cancelled\n";
    case EventKind::kLookupStarted:
    case EventKind::kLookupEnded:
    case EventKind::kAddressTried:
    case EventKind::kTcpConnected:
    case EventKind::kStartTlsAccepted:
    case EventKind::kHandshakeStarted:
    case EventKind::kHandshakeFailed:
    case EventKind::kReady:
      return "";
  }
  return "";
}

std::string VerboseText(const Event& event, const Painter& paint) {
  std::string text =
      absl::StrFormat("%9.1f ms  ", absl::ToDoubleMilliseconds(event.at));
  if (event.attempt > 0) {
    absl::StrAppend(&text, "attempt ", event.attempt, "  ");
  }
  const std::optional<Tint> tint = TintOf(event.kind);
  const absl::string_view name = EventKindName(event.kind);
  absl::StrAppend(&text, tint ? paint(*tint, name) : std::string(name));
  for (const auto& [field, value] : event.fields) {
    if (value.empty()) continue;
    absl::StrAppend(&text, " ", field, "=", QuoteIfNeeded(value));
  }
  return text + "\n";
}

bool IsWarning(EventKind kind) {
  return kind == EventKind::kCacheWarning || kind == EventKind::kLegacyVersion;
}

}  // namespace holdfast
