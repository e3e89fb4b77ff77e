#include "holdfast/tools/failure_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "holdfast/core/base/error_note.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/tools/text_layout.h"

namespace holdfast {
namespace {

absl::string_view ModeText(ConnectionSecurity security) {
  switch (security) {
    case ConnectionSecurity::kImplicitTls:
      return "implicit TLS";
    case ConnectionSecurity::kStartTls:
      return "STARTTLS";
    case ConnectionSecurity::kAuto:
      return "implicit TLS or STARTTLS";
    case ConnectionSecurity::kNone:
      return "no TLS";
  }
  return "";
}

absl::string_view PhaseText(Phase phase) {
  switch (phase) {
    case Phase::kSetup:
      return "before anything was sent";
    case Phase::kLookup:
      return "in the look-up of the name";
    case Phase::kConnect:
      return "before TCP was up";
    case Phase::kPlaintext:
      return "in the dialogue before TLS";
    case Phase::kHandshake:
      return "in the TLS handshake";
    case Phase::kSession:
      return "inside TLS";
  }
  return "";
}

// "IMAP by implicit TLS to mail.example.org port 993 (198.51.100.7)".
std::string WhereText(const ConnectReport& report) {
  const AttemptReport* cause = report.cause();
  const Target target =
      cause == nullptr ? report.target : report.target.By(cause->security);
  std::string text =
      absl::StrCat(absl::AsciiStrToUpper(GetProtocolInfo(target.protocol).name),
                   " by ", ModeText(target.security), ", ",
                   target.endpoint.host.name(), " port ", target.endpoint.port);
  if (cause != nullptr && cause->through_proxy) {
    absl::StrAppend(&text, ", through a proxy");
  }
  if (cause != nullptr && !cause->address.empty()) {
    absl::StrAppend(&text, cause->through_proxy ? " (" : ", address ",
                    cause->address, cause->through_proxy ? ")" : "");
  }
  const bool at_proxy = cause != nullptr && cause->through_proxy &&
                        report.error->phase == Phase::kConnect;
  return absl::StrCat(text, ", ",
                      at_proxy ? "before the server was reached"
                               : PhaseText(report.error->phase));
}

std::string OfferText(const AttemptReport& attempt) {
  const HandshakeProfile& offer = attempt.offer;
  const TlsVersion min = offer.versions.min(), max = offer.versions.max();
  std::string text = absl::StrCat(RungName(attempt.rung), ": ");
  absl::StrAppend(&text, TlsVersionText(min),
                  min == max ? "" : absl::StrCat(" to ", TlsVersionText(max)));
  if (!offer.alpn.empty()) {
    absl::StrAppend(&text, ", ALPN ", absl::StrJoin(offer.alpn, " "));
  }
  if (offer.compact) absl::StrAppend(&text, ", under 256 bytes");
  if (SendsFallbackScsv(offer)) {
    absl::StrAppend(&text, ", marked as reduced (SCSV)");
  }
  return text;
}

std::string CameText(const Error& error) {
  std::vector<std::string> parts;
  if (error.alert) {
    parts.push_back(absl::StrCat(error.alert->level == 1 ? "warning" : "fatal",
                                 " alert ",
                                 TlsAlertName(error.alert->description)));
  }
  if (!error.first_bytes.empty()) {
    // Of a handshake, the head of its first message tells enough.
    const bool handshake = error.first_bytes[0] == '\x16';
    parts.push_back(absl::StrCat(
        handshake ? "a TLS handshake" : "bytes", " that ",
        handshake ? "begins" : "begin", " with \"",
        EscapeBytes(error.first_bytes.substr(0, handshake ? 11 : 64)), "\""));
  }
  return parts.empty() ? "nothing" : absl::StrJoin(parts, "; ");
}

// What was seen of the failure.
std::string EvidenceRows(const ConnectReport& report) {
  const Error& error = *report.error;
  const AttemptReport* cause = report.cause();
  std::string rows;
  if (cause != nullptr && error.phase >= Phase::kHandshake) {
    absl::StrAppend(&rows, Row("Offered", OfferText(*cause)));
  }
  if (error.phase == Phase::kHandshake || error.alert ||
      !error.first_bytes.empty()) {
    absl::StrAppend(&rows, Row("Received", CameText(error)));
  }
  if (!error.server_text.empty()) {
    absl::StrAppend(&rows, Row("Server said", Printable(error.server_text)));
  }
  if (!error.nss.empty()) absl::StrAppend(&rows, Row("NSS", error.nss));
  return rows;
}

// Certificates whose names stand in the subjectAltName may have no other.
std::string NonEmpty(const std::string& name) {
  return name.empty() ? "(no name)" : name;
}

// A few of its names.
std::string NamesText(const CertificateInfo& certificate) {
  constexpr size_t kShown = 10;
  const std::vector<std::string>& names = certificate.names;
  if (names.size() <= kShown) return absl::StrJoin(names, ", ");
  return absl::StrCat(
      absl::StrJoin(names.begin(), names.begin() + kShown, ", "), " and ",
      names.size() - kShown, " others");
}

// What the server showed, and what else came with it.
std::string CertificateRows(const ConnectReport& report) {
  const AttemptReport* const cause = report.cause();
  if (cause == nullptr || cause->certificates.empty()) return "";
  const CertificateInfo& certificate = cause->certificates.front();
  const std::string names = NamesText(certificate);
  std::string rows = absl::StrCat(
      WrappedRow("Certificate",
                 absl::StrCat(NonEmpty(certificate.subject),
                              names.empty() ? "" : "; for ", names,
                              "; issued by ", certificate.issuer)),
      Row("Valid", absl::StrCat(DateText(certificate.not_before), " to ",
                                DateText(certificate.not_after))),
      Row("Key",
          absl::StrCat(certificate.key, "; signed by ", certificate.signature)),
      Row("SHA-256", certificate.sha256), Row("Pin", certificate.pin));
  for (size_t i = 1; i < cause->certificates.size(); ++i) {
    const CertificateInfo& sent = cause->certificates[i];
    absl::StrAppend(
        &rows, WrappedRow(i == 1 ? "Also sent" : "",
                          absl::StrCat(NonEmpty(sent.subject), "; issued by ",
                                       sent.issuer, "; until ",
                                       DateText(sent.not_after))));
  }
  return rows;
}

std::string MillisecondsText(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Milliseconds(duration), " ms");
}

std::string AddressText(const AttemptReport& attempt) {
  if (attempt.address.empty()) return attempt.through_proxy ? "(proxy)" : "-";
  return absl::StrCat(attempt.address, attempt.through_proxy ? " (proxy)" : "");
}

// Each attempt, and below it each of its addresses if it had several.
std::string AttemptsTable(const ConnectReport& report) {
  std::vector<std::vector<std::string>> rows = {
      {"ATTEMPT", "OFFER", "BY", "ADDRESS", "TIME", "RESULT"}};
  for (const AttemptReport& attempt : report.attempts) {
    rows.push_back({absl::StrCat(attempt.number),
                    std::string(RungName(attempt.rung)),
                    std::string(ConnectionSecurityName(attempt.security)),
                    AddressText(attempt), MillisecondsText(attempt.duration),
                    attempt.error ? std::string(ErrorName(attempt.error->code))
                    : attempt.given_up ? "given up"
                                       : "connected"});
    if (attempt.dials.size() < 2) continue;
    for (const DialAttempt& dial : attempt.dials) {
      rows.push_back({"", "", "", dial.address.AddressText(),
                      MillisecondsText(dial.ended - dial.started),
                      std::string(dial.error ? ErrorName(dial.error->code)
                                             : DialOutcomeName(dial))});
    }
  }
  const std::string table = Table(rows, {}, kUnlimitedWidth);
  std::string text;
  for (absl::string_view line : absl::StrSplit(table, '\n')) {
    if (!line.empty()) absl::StrAppend(&text, "  ", line, "\n");
  }
  return text;
}

}  // namespace

std::string FailureText(const ConnectReport& report) {
  const Error& error = *report.error;
  std::string text;
  for (const CertificateProblem& problem : error.certificate_problems) {
    absl::StrAppend(&text, "  - ", problem.detail, " (",
                    ErrorName(problem.code), ")\n");
  }
  const absl::string_view name = ErrorName(error.code);
  absl::StrAppend(
      &text,
      Row("Error", absl::StrCat(name, " (more: holdfast explain ", name, ")")),
      Row("Where", WhereText(report)), EvidenceRows(report),
      CertificateRows(report),
      Row("At fault", FaultText(GetErrorNote(error.code).fault)));
  if (!report.attempts.empty()) absl::StrAppend(&text, AttemptsTable(report));
  return text;
}

}  // namespace holdfast
