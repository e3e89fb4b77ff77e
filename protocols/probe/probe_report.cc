// What a probe has found, in plain words; and what a person asks it to find.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "holdfast/protocols/probe/probe.h"

namespace holdfast {
namespace {

// A certificate that ends so soon should have been renewed: who automates that
// does it 30 days before.
constexpr int kDaysToRenew = 14;

struct Way {
  Protocol protocol;
  ConnectionSecurity security;
};
// SMTP's own port is for servers; its implicit TLS is submission's.
constexpr Way kStandardWays[] = {
    {Protocol::kImap, ConnectionSecurity::kImplicitTls},
    {Protocol::kImap, ConnectionSecurity::kStartTls},
    {Protocol::kPop3, ConnectionSecurity::kImplicitTls},
    {Protocol::kPop3, ConnectionSecurity::kStartTls},
    {Protocol::kSubmission, ConnectionSecurity::kImplicitTls},
    {Protocol::kSubmission, ConnectionSecurity::kStartTls},
    {Protocol::kSmtp, ConnectionSecurity::kStartTls},
    {Protocol::kNntp, ConnectionSecurity::kImplicitTls},
    {Protocol::kNntp, ConnectionSecurity::kStartTls},
};

bool Accepts(const ProbeReport& report, TlsVersion version) {
  const auto found = report.versions.find(version);
  return found != report.versions.end() && found->second == VersionSupport::kOk;
}

// "TLS 1.0 and TLS 1.1"; empty if it accepts neither.
std::string OldVersions(const ProbeReport& report) {
  std::vector<absl::string_view> accepted;
  for (TlsVersion version : {TlsVersion::kTls10, TlsVersion::kTls11}) {
    if (Accepts(report, version)) accepted.push_back(TlsVersionText(version));
  }
  return absl::StrJoin(accepted, " and ");
}

bool IsLegacy(const ProbeReport& report) {
  return !OldVersions(report).empty() ||
         std::any_of(
             report.rungs.begin(), report.rungs.end(), [](const auto& entry) {
               const std::optional<Error>& error = entry.second.error;
               return error &&
                      (error->category() == ErrorCategory::kLocalPolicy ||
                       error->code == ErrorCode::kServerSpeaksSsl3);
             });
}

bool HasBadCertificate(const ProbeReport& report) {
  return report.tls && !report.tls->certificate_verified();
}

ProbeVerdict VerdictOf(const ProbeReport& report) {
  if (!report.reachable()) return ProbeVerdict::kUnreachable;
  const Error* const cause = report.cause();
  const std::optional<Rung> best = report.best_rung();
  // It was allowed to be so old.
  if (best && report.rungs.at(*best).version < TlsVersion::kTls12) {
    return ProbeVerdict::kLegacy;
  }
  if (cause == nullptr) {
    return HasBadCertificate(report) ? ProbeVerdict::kBroken
                                     : ProbeVerdict::kHealthy;
  }
  if (cause->code == ErrorCode::kStartTlsRefused ||
      (cause->code == ErrorCode::kPlaintextOnTlsPort &&
       !report.other_mode_works)) {
    return ProbeVerdict::kPlaintextOnly;
  }
  if (best && !report.fallback_error) {
    return cause->category() == ErrorCategory::kTlsIntolerance
               ? ProbeVerdict::kIntolerant
               : ProbeVerdict::kBroken;
  }
  return IsLegacy(report) ? ProbeVerdict::kLegacy : ProbeVerdict::kBroken;
}

// Why `report` is broken: as a connect would put it.
ErrorCode CodeOfBroken(const ProbeReport& report) {
  if (!report.fallback_error) return report.cause()->code;
  // It says nothing of the server.
  if (report.fallback_error->code == ErrorCode::kClosedThroughProxy) {
    return ErrorCode::kClosedThroughProxy;
  }
  return report.fallback_error->category() == ErrorCategory::kDowngrade
             ? ErrorCode::kPathBlocksNewerTls
             : ErrorCode::kFallbackSignalRefused;
}

// What the fullest offer that works leaves out.
std::string WhatIsNotTolerated(Rung best) {
  switch (best) {
    case Rung::kFull:
      return "";
    case Rung::kNoAlpn:
      return "ALPN";
    case Rung::kCompact:
      return "a TLS hello of full size";
    case Rung::kTls12:
    case Rung::kTls11:
    case Rung::kTls10:
      return "TLS 1.3";
  }
  return "";
}

// "expired, wrong_name".
std::string ProblemNames(const TlsInfo& tls) {
  return absl::StrJoin(tls.certificate_problems, ", ",
                       [](std::string* out, const CertificateProblem& problem) {
                         absl::StrAppend(out, ErrorName(problem.code));
                       });
}

std::string HealthySummary(const ProbeReport& report) {
  return absl::StrCat(
      TlsVersionText(report.tls->version),
      " works with the full offer, and the certificate is good for ",
      DaysLeft(report, report.tls->certificate), " days.");
}

std::string SummaryOf(const ProbeReport& report, const ProbeDiagnosis& so_far) {
  switch (so_far.verdict) {
    case ProbeVerdict::kHealthy:
      return HealthySummary(report);
    case ProbeVerdict::kIntolerant:
      return absl::StrCat("It does not tolerate ", so_far.intolerant_of, ": ",
                          report.cause()->Message(), " The reduced offer ",
                          RungName(*report.best_rung()), " works.");
    case ProbeVerdict::kLegacy:
      return OldVersions(report).empty()
                 ? report.cause()->Message()
                 : absl::StrCat(
                       "It speaks nothing newer than ",
                       TlsVersionText(Accepts(report, TlsVersion::kTls11)
                                          ? TlsVersion::kTls11
                                          : TlsVersion::kTls10),
                       ", which is not safe any more.");
    case ProbeVerdict::kBroken:
      if (report.cause() == nullptr) {
        return absl::StrCat("TLS works, but the certificate does not hold: ",
                            ProblemNames(*report.tls), ".");
      }
      return report.fallback_error
                 ? std::string(GetErrorInfo(CodeOfBroken(report)).sentence)
                 : report.cause()->Message();
    case ProbeVerdict::kUnreachable:
    case ProbeVerdict::kPlaintextOnly:
      return report.cause()->Message();
  }
  return "";
}

std::string Settings(const Target& target) {
  const bool implicit = target.security == ConnectionSecurity::kImplicitTls;
  return absl::StrCat("Set clients to host ", target.endpoint.host.name(),
                      ", port ", target.endpoint.port, ", ",
                      implicit ? "SSL/TLS (implicit TLS)." : "STARTTLS.");
}

// The command that reaches the same port in the other mode.
std::string OtherModeCommand(Target target) {
  target.port_given = true;  // it is this port that speaks so
  return absl::StrCat(
      "holdfast connect --check ",
      target
          .By(target.security == ConnectionSecurity::kImplicitTls
                  ? ConnectionSecurity::kStartTls
                  : ConnectionSecurity::kImplicitTls)
          .ToString());
}

// How to live with a server that chokes on the full offer.
void AdviseIntolerant(const ProbeReport& report,
                      std::vector<std::string>* advice) {
  const bool alpn_only = *report.best_rung() == Rung::kNoAlpn;
  const bool tls12 = report.rungs.at(Rung::kTls12).ok();
  advice->push_back(absl::StrCat("Holdfast recovers by itself; other clients ",
                                 alpn_only ? "must not offer ALPN"
                                 : tls12   ? "must not offer more than TLS 1.2"
                                           : "have no setting for that",
                                 "."));
  advice->push_back(
      "The server's software, or what stands in front of it, needs an update.");
}

void AdviseOnCertificate(const ProbeReport& report,
                         std::vector<std::string>* advice) {
  if (!report.tls) return;
  for (const CertificateProblem& problem : report.tls->certificate_problems) {
    const std::string text =
        absl::StrCat("Certificate: ", GetErrorInfo(problem.code).advice);
    if (std::find(advice->begin(), advice->end(), text) == advice->end()) {
      advice->push_back(text);
    }
  }
  const int days = DaysLeft(report, report.tls->certificate);
  if (days >= 0 && days < kDaysToRenew) {
    advice->push_back(absl::StrCat("Certificate: it ends in ", days,
                                   " days; the operator should renew it."));
  }
}

std::vector<std::string> AdviceOn(const ProbeReport& report,
                                  ProbeVerdict verdict) {
  std::vector<std::string> advice;
  if (verdict == ProbeVerdict::kHealthy ||
      verdict == ProbeVerdict::kIntolerant) {
    advice.push_back(Settings(report.target));
  }
  const Error* const cause = report.cause();
  if (verdict == ProbeVerdict::kIntolerant) {
    AdviseIntolerant(report, &advice);
  } else if (verdict == ProbeVerdict::kPlaintextOnly) {
    advice.emplace_back(
        "Do not sign in here: everything would be sent in clear.");
  } else if (verdict == ProbeVerdict::kLegacy && !OldVersions(report).empty()) {
    advice.emplace_back(GetErrorInfo(ErrorCode::kServerTooOld).advice);
  } else if (cause != nullptr) {
    const absl::string_view text = GetErrorInfo(CodeOfBroken(report)).advice;
    if (!text.empty()) advice.emplace_back(text);
  }
  if (report.other_mode_works ||
      (cause != nullptr && cause->code == ErrorCode::kTlsOnPlaintextPort)) {
    advice.push_back(OtherModeCommand(report.target));
  }
  AdviseOnCertificate(report, &advice);
  const std::string old = OldVersions(report);
  if (!old.empty() && report.best_rung()) {
    advice.push_back(
        absl::StrCat("The server still accepts ", old,
                     ", not safe any more; its operator should switch that "
                     "off."));
  }
  return advice;
}

// Every protocol on its standard ports.
std::vector<Target> StandardTargets(
    const Host& host, std::optional<uint16_t> port,
    std::optional<ConnectionSecurity> security) {
  std::vector<Target> targets;
  for (const Way& way : kStandardWays) {
    if (security && *security != ConnectionSecurity::kAuto &&
        way.security != *security) {
      continue;
    }
    Target target{way.protocol, {host, 0}, way.security, /*port_given=*/false};
    target = target.By(way.security);
    target.port_given = true;
    if (!port || target.endpoint.port == *port) targets.push_back(target);
  }
  return targets;
}

}  // namespace

absl::string_view VersionSupportName(VersionSupport support) {
  switch (support) {
    case VersionSupport::kUnknown:
      return "";
    case VersionSupport::kOk:
      return "ok";
    case VersionSupport::kRefused:
      return "refused";
    case VersionSupport::kDropped:
      return "dropped";
    case VersionSupport::kSilent:
      return "silent";
    case VersionSupport::kUnsupported:
      return "unsupported";
  }
  return "";
}

absl::string_view ProbeVerdictName(ProbeVerdict verdict) {
  switch (verdict) {
    case ProbeVerdict::kHealthy:
      return "healthy";
    case ProbeVerdict::kIntolerant:
      return "intolerant";
    case ProbeVerdict::kLegacy:
      return "legacy";
    case ProbeVerdict::kBroken:
      return "broken";
    case ProbeVerdict::kUnreachable:
      return "unreachable";
    case ProbeVerdict::kPlaintextOnly:
      return "plaintext_only";
  }
  return "";
}

const Error* ProbeReport::cause() const {
  const auto full = rungs.find(Rung::kFull);
  const bool failed = full != rungs.end() && full->second.error;
  return failed ? &*full->second.error : nullptr;
}

std::optional<Rung> ProbeReport::best_rung() const {
  for (const auto& [rung, report] : rungs) {
    if (report.ok()) return rung;
  }
  return std::nullopt;
}

int DaysLeft(const ProbeReport& report, const CertificateInfo& certificate) {
  const absl::Duration left = certificate.not_after - report.at;
  return static_cast<int>(absl::Floor(left, absl::Hours(24)) / absl::Hours(24));
}

ProbeDiagnosis Diagnose(const ProbeReport& report) {
  ProbeDiagnosis diagnosis;
  diagnosis.verdict = VerdictOf(report);
  if (diagnosis.verdict == ProbeVerdict::kIntolerant) {
    diagnosis.intolerant_of = WhatIsNotTolerated(*report.best_rung());
  }
  diagnosis.summary = SummaryOf(report, diagnosis);
  diagnosis.advice = AdviceOn(report, diagnosis.verdict);
  return diagnosis;
}

absl::StatusOr<std::vector<Target>> ParseProbeTargets(
    absl::string_view text, std::optional<Protocol> protocol,
    std::optional<ConnectionSecurity> security) {
  const bool bare = text.find("://") == absl::string_view::npos;
  if (bare && !protocol && security != ConnectionSecurity::kNone) {
    absl::StatusOr<HostPort> host = HostPort::Parse(text);
    if (!host.ok()) return host.status();
    std::vector<Target> targets =
        StandardTargets(host->host, host->port, security);
    if (!targets.empty()) return targets;
  }
  absl::StatusOr<Target> target = ParseTarget(text, protocol, security);
  if (!target.ok()) return target.status();
  if (target->security != ConnectionSecurity::kAuto) {
    return std::vector<Target>{*std::move(target)};
  }
  return std::vector<Target>{target->By(ConnectionSecurity::kImplicitTls),
                             target->By(ConnectionSecurity::kStartTls)};
}

}  // namespace holdfast
