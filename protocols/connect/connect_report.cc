#include "holdfast/protocols/connect/connect_report.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "holdfast/core/base/error_note.h"

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
  if (report.tls->certificate_vouched_for()) {
    diagnosis.warnings.push_back(
        {"certificate_vouched_for",
         "The certificate was not verified by Holdfast, which found problems "
         "in it: the client vouches for it."});
  } else if (!report.tls->certificate_verified()) {
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

// `text` as one word of a shell.
std::string Quoted(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) ||
           absl::string_view("-._:/").find(c) != absl::string_view::npos;
  });
  return plain ? text : absl::StrCat("'", text, "'");
}

// As an argument of the command. --protocol has no word for submission, whose
// STARTTLS has a port of its own.
std::string Argument(const Target& target) {
  if (target.security != ConnectionSecurity::kAuto) {
    return Quoted(target.ToString());
  }
  const absl::string_view protocol =
      target.protocol == Protocol::kSubmission
          ? "smtp"
          : GetProtocolInfo(target.protocol).name;
  return absl::StrCat("--protocol ", protocol, " ", Quoted(target.ToString()));
}

// The ways in that are usual for the host and protocol.
Target Standard(Target target) {
  target.port_given = false;
  if (target.protocol != Protocol::kSubmission) {
    return target.By(ConnectionSecurity::kAuto);
  }
  return target.By(target.security == ConnectionSecurity::kStartTls
                       ? ConnectionSecurity::kImplicitTls
                       : ConnectionSecurity::kStartTls);
}

std::string LookAtPeer(const Target& target) {
  const ProtocolInfo& info = GetProtocolInfo(target.protocol);
  const absl::string_view protocol =
      target.protocol == Protocol::kSubmission ? "smtp" : info.name;
  return absl::StrCat("openssl s_client -connect ",
                      Quoted(target.endpoint.ToString()),
                      target.security == ConnectionSecurity::kStartTls
                          ? absl::StrCat(" -starttls ", protocol)
                          : "",
                      " </dev/null");
}

// What speaks on a port, by the first words heard there.
struct Service {
  absl::string_view greeting;
  absl::string_view name;  // "a web server"
  std::vector<Protocol> protocols;
};

std::optional<Service> ServiceOf(const Error& error) {
  const std::string& words =
      error.server_text.empty() ? error.first_bytes : error.server_text;
  for (const Service& service :
       {Service{"SSH-", "an SSH server", {}},
        Service{"HTTP/", "a web server", {}},
        Service{"* ", "an IMAP server", {Protocol::kImap}},
        Service{"+OK", "a POP3 server", {Protocol::kPop3}},
        Service{
            "220", "an SMTP server", {Protocol::kSmtp, Protocol::kSubmission}},
        Service{"200", "a news server", {Protocol::kNntp}},
        Service{"201", "a news server", {Protocol::kNntp}}}) {
    if (absl::StartsWith(words, service.greeting)) return service;
  }
  return std::nullopt;
}

// The service on the port if it is another than the one asked for.
std::optional<Service> WrongService(const ConnectReport& report) {
  if (report.error->code != ErrorCode::kPlaintextOnTlsPort &&
      report.error->code != ErrorCode::kMalformedGreeting) {
    return std::nullopt;
  }
  const std::optional<Service> service = ServiceOf(*report.error);
  if (!service) return std::nullopt;
  const bool is_it =
      std::count(service->protocols.begin(), service->protocols.end(),
                 report.target.protocol) > 0;
  return is_it ? std::nullopt : service;
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

// The target by the way in that the error is about.
Target Heard(const ConnectReport& report) {
  const AttemptReport* cause = report.cause();
  return report.target.security == ConnectionSecurity::kAuto && cause != nullptr
             ? report.target.By(cause->security)
             : report.target;
}

}  // namespace

std::string FillIn(absl::string_view command, const Target& target) {
  Target here = target;
  here.port_given = true;  // it is this port that was heard
  Target usual = target;
  usual.port_given = false;
  return absl::StrReplaceAll(
      command,
      {{"{target}", Argument(target)},
       {"{standard}", Argument(Standard(target))},
       {"{starttls}", Argument(here.By(ConnectionSecurity::kStartTls))},
       {"{implicit}", Argument(here.By(ConnectionSecurity::kImplicitTls))},
       {"{implicit-port}",
        Argument(usual.By(ConnectionSecurity::kImplicitTls))},
       {"{host}", target.endpoint.host.name()},
       {"{peer}", LookAtPeer(target)}});
}

// The first attempt that failed so; for what only all of them together show,
// the first.
const AttemptReport* ConnectReport::cause() const {
  if (!error || attempts.empty()) return nullptr;
  const auto found = std::find_if(
      attempts.begin(), attempts.end(), [this](const AttemptReport& attempt) {
        if (tls) return !attempt.error && !attempt.given_up;
        return attempt.error && attempt.error->code == error->code &&
               attempt.error->message == error->message;
      });
  return found == attempts.end() ? &attempts.front() : &*found;
}

namespace {

// What helps against this problem, or in general against its kind.
void AddAdvice(const Error& error, std::vector<std::string>* advice) {
  for (const CertificateProblem& problem : error.certificate_problems) {
    if (!problem.advice.empty()) advice->push_back(problem.advice);
  }
  const absl::string_view general = GetErrorInfo(error.code).advice;
  if (advice->empty() && !general.empty()) advice->emplace_back(general);
}

}  // namespace

Diagnosis Diagnose(const ConnectReport& report) {
  if (!report.error) return DiagnoseConnected(report);
  Diagnosis diagnosis;
  // What is wrong with a certificate is listed beside it.
  diagnosis.summary = absl::StrCat(
      report.tls ? "Connected, but could not sign in to "
                 : "Could not connect to ",
      report.target.ToString(), ": ",
      report.error->certificate_problems.empty()
          ? report.error->Message()
          : std::string(GetErrorInfo(report.error->code).sentence));
  if (const std::optional<Service> service = WrongService(report)) {
    diagnosis.advice = {absl::StrCat("This port belongs to ", service->name,
                                     "; try the usual ports.")};
    diagnosis.command =
        FillIn("holdfast connect --check {standard}", Heard(report));
    return diagnosis;
  }
  AddAdvice(*report.error, &diagnosis.advice);
  if (HeldBackByProof(report)) {
    diagnosis.advice.push_back(AfterReplacement(report));
  }
  diagnosis.command =
      FillIn(GetErrorNote(report.error->code).command, Heard(report));
  return diagnosis;
}

}  // namespace holdfast
