// The cache for people: tables, rows and sentences.

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/fallback/retry_session.h"
#include "holdfast/protocols/dialogue/protocol.h"
#include "holdfast/tools/cache_report.h"
#include "holdfast/tools/text_layout.h"
#include "holdfast/tools/text_width.h"

namespace holdfast {
namespace {

// "mail.example.org:993 (implicit)".
std::string KeyText(const HostKey& key) {
  return absl::StrCat(
      key.endpoint.ToString(), " (", ConnectionSecurityName(key.security),
      key.scope.empty() ? "" : ", scope ", Printable(key.scope), ")");
}

std::string ProofRow(const HostRecord& record, absl::Time now) {
  const std::optional<Proof>& proof = record.fields().proof;
  if (!proof) return Row("Proven", "nothing");
  const std::string note =
      record.ProvenVersion(now, kLifetimes)
          ? absl::StrCat("counts until ",
                         DateText(proof->at + kLifetimes.proof))
          : "expired";
  return Row("Proven", absl::StrCat(TlsVersionText(proof->version), " on ",
                                    DateText(proof->at), " (", note, ")"));
}

std::string ReductionRows(const HostRecord& record, absl::Time now) {
  const std::optional<Reduction>& reduction = record.fields().reduction;
  if (!reduction) return "";
  const std::string because =
      reduction->reason ? absl::StrCat(", because of ", ReasonName(*reduction))
                        : "";
  const std::string note = record.ActiveReduction(now)
                               ? RelativeText(reduction->expires_at, now)
                               : "expired";
  return absl::StrCat(
      Row("Reduced to", absl::StrCat(RungName(reduction->rung), because, " (",
                                     RecordOriginName(reduction->origin), ")")),
      Row("Until",
          absl::StrCat(DateText(reduction->expires_at), " (", note, ")")));
}

// "2 tls12, 1 compact".
std::string CountsText(const std::map<std::string, int>& counts) {
  if (counts.empty()) return "none";
  return absl::StrJoin(counts, ", ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.second, " ", entry.first);
  });
}

// Why a reduction that is in use is.
std::string WhyReduced(const Reduction& reduction,
                       std::optional<TlsVersion> proven, absl::Time now) {
  const std::string end = RelativeText(reduction.expires_at, now);
  if (reduction.origin == RecordOrigin::kPinned) {
    return absl::StrCat("it is pinned, by the user's decision; the pin ends ",
                        end,
                        proven && RungMaximum(reduction.rung) < *proven
                            ? absl::StrCat(", and overrides that the host has "
                                           "proven ",
                                           TlsVersionText(*proven))
                            : "");
  }
  return absl::StrCat(
      reduction.origin == RecordOrigin::kImported ? "as an import says, " : "",
      "a fuller offer failed there (", ReasonName(reduction),
      "); it is tried again ", end);
}

// Why everything is offered.
std::string WhyFull(const HostRecord& record, absl::Time now) {
  std::vector<std::string> reasons;
  const std::optional<Reduction>& reduction = record.fields().reduction;
  if (reduction && record.ActiveReduction(now)) {
    const absl::string_view rung = RungName(reduction->rung);
    reasons.push_back(
        RungMaximum(reduction->rung) < TlsVersion::kTls12
            ? absl::StrCat(rung,
                           " is on record, but lies below the floor, TLS 1.2")
            : absl::StrCat(rung, " is on record, but not allowed"));
  } else if (reduction) {
    reasons.push_back(absl::StrCat("the reduced offer on record, ",
                                   RungName(reduction->rung), ", expired ",
                                   RelativeText(reduction->expires_at, now)));
  }
  if (const auto proven = record.ProvenVersion(now, kLifetimes)) {
    const absl::Time end = record.fields().proof->at + kLifetimes.proof;
    reasons.push_back(
        absl::StrCat("the host has proven ", TlsVersionText(*proven),
                     ", and gets nothing below that before ", DateText(end)));
  }
  if (reasons.empty()) return "nothing that counts is known of it";
  return absl::StrJoin(reasons, "; ");
}

std::string NextOfferSentence(absl::string_view host, Rung rung,
                              absl::string_view why) {
  return absl::StrCat("The next connection to ", host, " begins with ",
                      rung == Rung::kFull
                          ? "the full offer"
                          : absl::StrCat("the reduced offer ", RungName(rung)),
                      ": ", why, ".");
}

std::vector<std::string> ListRow(const HostKey& key, const HostRecord& record,
                                 absl::Time now, bool with_scope) {
  const std::optional<TlsVersion> proven =
      record.ProvenVersion(now, kLifetimes);
  const std::optional<Reduction> reduction = record.ActiveReduction(now);
  std::string offer(RungName(reduction ? reduction->rung : Rung::kFull));
  if (reduction && reduction->origin != RecordOrigin::kObserved) {
    absl::StrAppend(&offer, " (", RecordOriginName(reduction->origin), ")");
  }
  std::vector<std::string> row = {
      ShownName(key.endpoint.host),
      absl::StrCat(key.endpoint.port),
      std::string(ConnectionSecurityName(key.security)),
      proven ? std::string(TlsVersionText(*proven)) : "-",
      std::move(offer),
      reduction ? ReasonName(*reduction) : "-",
      RelativeText(reduction ? reduction->expires_at
                             : record.fields().proof->at + kLifetimes.proof,
                   now)};
  if (with_scope) row.insert(row.begin() + 3, Printable(key.scope));
  return row;
}

// A connect's peer; the protocol is the port's usual one, else any.
Peer PeerOf(const HostKey& key) {
  Peer peer{key.endpoint.host, key.security,
            std::string(GetProtocolInfo(Protocol::kImap).alpn)};
  for (const ProtocolInfo& info : AllProtocols()) {
    if (key.endpoint.port != info.implicit_port &&
        key.endpoint.port != info.starttls_port) {
      continue;
    }
    peer.alpn = std::string(info.alpn);
  }
  return peer;
}

}  // namespace

std::string ReasonName(const Reduction& reduction) {
  return reduction.reason ? std::string(ErrorName(*reduction.reason)) : "-";
}

NextOffer ExplainNextOffer(const HostKey& key, const HostRecord& record,
                           absl::Time now) {
  RetrySession session(FallbackPolicy(), PeerOf(key), record, now);
  const std::optional<AttemptPlan> plan = session.Next(absl::Seconds(30));
  const Rung rung = plan ? plan->rung : Rung::kFull;
  const std::optional<Reduction> active = record.ActiveReduction(now);
  const std::string why =
      active && active->rung == rung
          ? WhyReduced(*active, record.ProvenVersion(now, kLifetimes), now)
          : WhyFull(record, now);
  return {rung, plan && plan->from_cache,
          NextOfferSentence(KeyText(key), rung, why)};
}

NextOffer ExplainUnknownHost(absl::string_view name) {
  return {Rung::kFull, false,
          NextOfferSentence(Printable(name), Rung::kFull,
                            "nothing is known of it")};
}

CacheStats CountRecords(const RecordList& records, absl::Time now) {
  CacheStats stats;
  stats.records = static_cast<int>(records.size());
  for (const auto& [key, record] : records) {
    if (const auto proven = record.ProvenVersion(now, kLifetimes)) {
      ++stats.proven[std::string(TlsVersionName(*proven))];
    }
    if (const auto reduction = record.ActiveReduction(now)) {
      ++stats.by_rung[std::string(RungName(reduction->rung))];
      if (reduction->reason) ++stats.by_reason[ReasonName(*reduction)];
      ++stats.by_origin[std::string(RecordOriginName(reduction->origin))];
    }
  }
  return stats;
}

std::string CacheListText(const RecordList& records, absl::Time now,
                          size_t width) {
  if (records.empty()) return "No hosts to show.\n";
  bool with_scope = false;
  for (const auto& [key, record] : records) {
    with_scope = with_scope || !key.scope.empty();
  }
  std::vector<std::vector<std::string>> rows = {
      {"HOST", "PORT", "SECURITY", "PROVEN", "OFFER", "REASON", "EXPIRES"}};
  std::vector<size_t> may_cut = {0, 5};  // host and reason
  if (with_scope) {
    rows[0].insert(rows[0].begin() + 3, "SCOPE");
    may_cut = {0, 3, 6};
  }
  for (const auto& [key, record] : records) {
    rows.push_back(ListRow(key, record, now, with_scope));
  }
  return Table(rows, may_cut, width);
}

std::string CacheShowText(absl::string_view name, const RecordList& records,
                          absl::Time now) {
  if (records.empty()) {
    return absl::StrCat("Nothing is known of ", Printable(name), ".\n");
  }
  std::string text;
  for (const auto& [key, record] : records) {
    const HostRecord::Fields& fields = record.fields();
    const auto seen = [now](absl::Time time) {
      return absl::StrCat(DateText(time), " (", RelativeText(time, now), ")");
    };
    absl::StrAppend(
        &text, KeyText(key), "\n",
        Row("Next offer", RungName(ExplainNextOffer(key, record, now).rung)),
        ProofRow(record, now), ReductionRows(record, now),
        Row("Failures", absl::StrCat(fields.failures, " of fuller offers")),
        Row("Recoveries", absl::StrCat(fields.recoveries)),
        Row("First seen", seen(fields.first_seen)),
        Row("Last seen", seen(fields.last_seen)));
  }
  return text;
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

std::string CacheCheckText(const std::string& path,
                           const HostCacheCheck& check) {
  if (!check.exists) return absl::StrCat("There is no file ", path, " yet.\n");
  if (!check.ok()) {
    return absl::StrCat(path, " is damaged:\n  ",
                        absl::StrJoin(check.problems, "\n  "), "\n");
  }
  return absl::StrCat(path, " is in order: ", check.records,
                      check.records == 1 ? " record" : " records",
                      check.unknown == 0
                          ? ""
                          : absl::StrCat(", ", check.unknown,
                                         " of a newer program, passed over"),
                      ", format version ", check.format_version, ".\n");
}

}  // namespace holdfast
