// A report for people: plain text, one fact a line.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/tools/failure_text.h"
#include "holdfast/tools/report.h"
#include "holdfast/tools/text_layout.h"

namespace holdfast {
namespace {

std::string VerificationRows(const TlsInfo& tls, absl::Time now) {
  if (tls.certificate_verified()) {
    return Row("", absl::StrCat("verified; expires ",
                                RelativeText(tls.certificate.not_after, now)));
  }
  std::string rows = Row("", tls.certificate_vouched_for()
                                 ? "not verified; the client vouches for it:"
                                 : "NOT VERIFIED, accepted as asked for:");
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
                                RelativeText(*report.record_expires_at, now))));
  }
  return rows;
}

// "as alice, by SCRAM-SHA-256 in 3 round trips".
std::string AuthenticationText(const Authentication& authentication) {
  std::vector<std::string> parts;
  if (!authentication.user.empty()) {
    parts.push_back(absl::StrCat("as ", Printable(authentication.user)));
  }
  parts.push_back(authentication.mechanism.empty()
                      ? "by the server itself (PREAUTH)"
                      : absl::StrCat("by ", authentication.mechanism, " in ",
                                     authentication.round_trips,
                                     authentication.round_trips == 1
                                         ? " round trip"
                                         : " round trips"));
  return absl::StrJoin(parts, ", ");
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
  if (kind == EventKind::kAttemptFailed || kind == EventKind::kSignInFailed ||
      kind == EventKind::kConnectionLost) {
    return Tint::kBad;
  }
  if (kind == EventKind::kReady || kind == EventKind::kSignedIn) {
    return Tint::kGood;
  }
  return std::nullopt;
}

// A value of a field: in quotation marks where they tell where it ends. The
// value is printable already, its backslashes are those of escapes.
std::string QuoteIfNeeded(const std::string& text) {
  if (text.find_first_of(" \"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted += '\\';
    if (text[i] == '\\') quoted += i + 1 < text.size() ? text[i++] : '\\';
    quoted += text[i];
  }
  return quoted + "\"";
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
    absl::StrAppend(&text, "  The server said: ", Printable(error.server_text),
                    "\n");
  }
  return text;
}

std::string ConnectReportText(const ConnectReport& report, absl::Time now,
                              const Painter& paint,
                              const Authentication* authentication) {
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
    absl::StrAppend(&text, FailureText(report));
  } else {
    absl::StrAppend(&text, TlsRows(*report.tls, now), FallbackRow(report, now),
                    authentication == nullptr
                        ? ""
                        : Row("Signed in", AuthenticationText(*authentication)),
                    Row("Capabilities",
                        Printable(absl::StrJoin(report.capabilities, " "))));
  }
  for (const std::string& advice : diagnosis.advice) {
    absl::StrAppend(&text, Row("Advice", advice));
  }
  if (!diagnosis.command.empty()) {
    absl::StrAppend(&text, Row("Run", diagnosis.command));
  }
  return text;
}

std::string ProgressText(const Event& event, const Painter& paint) {
  const std::string attempt = absl::StrCat("attempt ", event.attempt, ": ");
  switch (event.kind) {
    case EventKind::kAttemptStarted:
      return absl::StrCat(
          attempt, "offering ", event.field("rung"),
          event.field("from_cache") == "true" ? " (remembered)" : "",
          event.field("hedged") == "true" ? " beside it" : "", "\n");
    case EventKind::kServerSilent:
      return absl::StrCat(attempt, "no answer for ",
                          event.field("milliseconds"), " ms; it waits on\n");
    case EventKind::kAttemptGivenUp:
      return absl::StrCat(attempt, "given up: it is not needed any more\n");
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
    case EventKind::kSignedIn:
      return absl::StrCat(paint(Tint::kGood, "signed in"), " by ",
                          event.field("mechanism"), "\n");
    case EventKind::kSignInFailed:
      return absl::StrCat("signing in ", paint(Tint::kBad, "failed"), ": ",
                          event.field("message"), " (", event.field("error"),
                          ")\n");
    case EventKind::kConnectionLost:
      return absl::StrCat("connection ", paint(Tint::kBad, "lost"), ": ",
                          event.field("message"), " (", event.field("error"),
                          ")\n");
    case EventKind::kRedialPause:
      return absl::StrCat("dials again in ", event.field("milliseconds"),
                          " ms\n");
    case EventKind::kStateRestored:
      return "the session is as before\n";
    case EventKind::kCommandRepeated:
      return "the interrupted command is repeated\n";
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
