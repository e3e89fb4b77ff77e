// What is made of what a probe has seen: verdict, advice, and the table.

#include "holdfast/tools/probe/probe_report.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/probe/probe.h"
#include "holdfast/tools/text_layout.h"

namespace holdfast {
namespace {

using testing::Contains;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kCertificate[] = "mail.example.org";

absl::Time Now() { return absl::FromUnixSeconds(1'800'000'000); }

std::vector<std::string> Names(const std::vector<Target>& targets) {
  std::vector<std::string> names;
  for (const Target& target : targets) names.push_back(target.ToString());
  return names;
}

TlsInfo Tls(TlsVersion version) {
  TlsInfo tls = {};
  tls.version = version;
  tls.alpn = "imap";
  tls.certificate.names = {kCertificate};
  tls.certificate.issuer = "CN=Lab";
  tls.certificate.not_after = Now() + absl::Hours(24 * 30 + 1);
  return tls;
}

// A server at which every offer works.
ProbeReport Healthy(const std::string& target = "imaps://mail.example.org") {
  ProbeReport report{*ParseTarget(target), Now(), true, "192.0.2.1"};
  report.versions = {{TlsVersion::kTls13, VersionSupport::kOk},
                     {TlsVersion::kTls12, VersionSupport::kOk},
                     {TlsVersion::kTls11, VersionSupport::kUnsupported},
                     {TlsVersion::kTls10, VersionSupport::kUnsupported}};
  for (Rung rung : {Rung::kFull, Rung::kNoAlpn, Rung::kCompact}) {
    report.rungs[rung] = {true, TlsVersion::kTls13, std::nullopt};
  }
  report.rungs[Rung::kTls12] = {true, TlsVersion::kTls12, std::nullopt};
  report.tls = Tls(TlsVersion::kTls13);
  return report;
}

// One at which the rungs above `best` fail, or all if it is unset.
ProbeReport FailingAbove(std::optional<Rung> best, ErrorCode code,
                         Phase phase = Phase::kHandshake) {
  ProbeReport report = Healthy();
  for (auto& [rung, result] : report.rungs) {
    if (best && rung >= *best) break;
    result = {true, std::nullopt, MakeError(code, phase)};
  }
  if (!best) report.tls.reset();
  return report;
}

ProbeVerdict VerdictOf(const ProbeReport& report) {
  return Diagnose(report).verdict;
}

TEST(ProbeDiagnosisTest, AFullOfferThatWorksIsHealthy) {
  const ProbeDiagnosis diagnosis = Diagnose(Healthy());
  EXPECT_EQ(diagnosis.verdict, ProbeVerdict::kHealthy);
  EXPECT_EQ(diagnosis.intolerant_of, "");
  EXPECT_THAT(diagnosis.advice,
              ElementsAre("Set clients to host mail.example.org, port 993, "
                          "SSL/TLS (implicit TLS)."));
}

TEST(ProbeDiagnosisTest, IntoleranceIsNamedAfterWhatTheBestRungLeavesOut) {
  const auto cause = [](Rung best) {
    return Diagnose(FailingAbove(best, ErrorCode::kClosedDuringHandshake))
        .intolerant_of;
  };
  EXPECT_EQ(cause(Rung::kNoAlpn), "ALPN");
  EXPECT_EQ(cause(Rung::kCompact), "a TLS hello of full size");
  EXPECT_EQ(cause(Rung::kTls12), "TLS 1.3");
}

TEST(ProbeDiagnosisTest, AFailureThatBlamesNoOfferIsNoIntolerance) {
  EXPECT_EQ(VerdictOf(FailingAbove(Rung::kTls12, ErrorCode::kServerBusy,
                                   Phase::kSession)),
            ProbeVerdict::kBroken);
}

TEST(ProbeDiagnosisTest, WhatWorksWithOldVersionsOnlyIsLegacy) {
  ProbeReport report = FailingAbove(std::nullopt, ErrorCode::kVersionRefused);
  EXPECT_EQ(VerdictOf(report), ProbeVerdict::kBroken);
  report.versions[TlsVersion::kTls10] = VersionSupport::kOk;
  EXPECT_EQ(VerdictOf(report), ProbeVerdict::kLegacy);
  EXPECT_THAT(Diagnose(report).summary, HasSubstr("newer than TLS 1.0"));
  report.versions[TlsVersion::kTls11] = VersionSupport::kOk;
  EXPECT_THAT(Diagnose(report).summary, HasSubstr("newer than TLS 1.1"));
}

TEST(ProbeDiagnosisTest, WeakKeysAreLegacyToo) {
  EXPECT_EQ(VerdictOf(FailingAbove(std::nullopt, ErrorCode::kWeakServerKey)),
            ProbeVerdict::kLegacy);
}

TEST(ProbeDiagnosisTest, OldVersionsBesideNewOnesAreTheOperatorsBusiness) {
  ProbeReport report = Healthy();
  report.versions[TlsVersion::kTls10] = VersionSupport::kOk;
  EXPECT_EQ(VerdictOf(report), ProbeVerdict::kHealthy);
  EXPECT_THAT(Diagnose(report).advice,
              Contains(HasSubstr("still accepts TLS 1.0,")));
}

TEST(ProbeDiagnosisTest, ACertificateThatDoesNotHoldBreaksIt) {
  ProbeReport report = Healthy();
  report.tls->certificate_problems = {{ErrorCode::kExpired, "", ""},
                                      {ErrorCode::kWrongName, "", ""}};
  const ProbeDiagnosis diagnosis = Diagnose(report);
  EXPECT_EQ(diagnosis.verdict, ProbeVerdict::kBroken);
  EXPECT_THAT(diagnosis.summary, HasSubstr("expired, wrong_name"));
  EXPECT_THAT(
      diagnosis.advice,
      ElementsAre(absl::StrCat("Certificate: ",
                               GetErrorInfo(ErrorCode::kExpired).advice),
                  absl::StrCat("Certificate: ",
                               GetErrorInfo(ErrorCode::kWrongName).advice)));
}

TEST(ProbeDiagnosisTest, WarnsOfACertificateThatEndsSoon) {
  ProbeReport report = Healthy();
  report.tls->certificate.not_after = Now() + absl::Hours(24 * 13);
  EXPECT_THAT(Diagnose(report).advice, Contains(HasSubstr("ends in 13 days")));
}

TEST(ProbeDiagnosisTest, DaysAreWhole) {
  const ProbeReport report = Healthy();
  const auto days = [&report](absl::Duration left) {
    CertificateInfo certificate;
    certificate.not_after = Now() + left;
    return DaysLeft(report, certificate);
  };
  EXPECT_EQ(days(absl::Hours(47)), 1);
  EXPECT_EQ(days(absl::Hours(48)), 2);
  EXPECT_EQ(days(absl::Hours(1)), 0);
  EXPECT_EQ(days(-absl::Hours(1)), -1);
}

TEST(ProbeDiagnosisTest, NoTcpIsUnreachable) {
  ProbeReport report = FailingAbove(std::nullopt, ErrorCode::kConnectionRefused,
                                    Phase::kConnect);
  report.reached = false;
  EXPECT_EQ(VerdictOf(report), ProbeVerdict::kUnreachable);
}

TEST(ProbeDiagnosisTest, AnEndThroughAProxyIsNoIntolerance) {
  ProbeReport report =
      FailingAbove(Rung::kTls12, ErrorCode::kClosedThroughProxy);
  EXPECT_EQ(VerdictOf(report), ProbeVerdict::kBroken);
  // Nor a server that does not bear the mark of a reduced hello.
  report = FailingAbove(Rung::kTls12, ErrorCode::kVersionRefused);
  report.fallback_error =
      MakeError(ErrorCode::kClosedThroughProxy, Phase::kHandshake);
  EXPECT_EQ(VerdictOf(report), ProbeVerdict::kBroken);
  EXPECT_EQ(Diagnose(report).summary,
            GetErrorInfo(ErrorCode::kClosedThroughProxy).sentence);
}

TEST(ProbeDiagnosisTest, APortInTheOtherModeIsToldWithItsCommand) {
  ProbeReport report =
      FailingAbove(std::nullopt, ErrorCode::kPlaintextOnTlsPort);
  EXPECT_EQ(VerdictOf(report), ProbeVerdict::kPlaintextOnly);
  report.other_mode_works = true;
  EXPECT_EQ(VerdictOf(report), ProbeVerdict::kBroken);
  EXPECT_THAT(Diagnose(report).advice,
              Contains("holdfast connect --check imap://mail.example.org:993"));
}

TEST(ProbeTargetsTest, ABareHostIsEveryProtocolOnItsStandardPorts) {
  EXPECT_THAT(Names(*ParseProbeTargets("h.example")),
              ElementsAre("imaps://h.example:993", "imap://h.example:143",
                          "pop3s://h.example:995", "pop3://h.example:110",
                          "submissions://h.example:465",
                          "submission://h.example:587", "smtp://h.example:25",
                          "nntps://h.example:563", "nntp://h.example:119"));
}

TEST(ProbeTargetsTest, OptionsNarrowThatDown) {
  EXPECT_THAT(Names(*ParseProbeTargets("h.example", Protocol::kPop3)),
              ElementsAre("pop3s://h.example:995", "pop3://h.example:110"));
  EXPECT_THAT(Names(*ParseProbeTargets("h.example", Protocol::kPop3,
                                       ConnectionSecurity::kStartTls)),
              ElementsAre("pop3://h.example:110"));
  EXPECT_THAT(
      Names(*ParseProbeTargets("h.example", std::nullopt,
                               ConnectionSecurity::kImplicitTls)),
      ElementsAre("imaps://h.example:993", "pop3s://h.example:995",
                  "submissions://h.example:465", "nntps://h.example:563"));
}

TEST(ProbeTargetsTest, AStandardPortSaysWhatItIs) {
  EXPECT_THAT(Names(*ParseProbeTargets("h.example:587")),
              ElementsAre("submission://h.example:587"));
  const auto unknown = ParseProbeTargets("h.example:4711");
  EXPECT_EQ(ErrorFromStatus(unknown.status()).code, ErrorCode::kInvalidTarget);
}

TEST(ProbeTargetsTest, ASchemeIsTakenAtItsWord) {
  EXPECT_THAT(Names(*ParseProbeTargets("imap://h.example:4711")),
              ElementsAre("imap://h.example:4711"));
  EXPECT_FALSE(ParseProbeTargets("ftp://h.example").ok());
  EXPECT_FALSE(ParseProbeTargets("two words").ok());
}

TEST(ProbeTextTest, ShowsATableAndEachServerInWords) {
  ProbeReport bad =
      FailingAbove(Rung::kTls12, ErrorCode::kClosedDuringHandshake);
  bad.target = *ParseTarget("imap://old.example.org");
  bad.starttls_accepted = true;
  bad.versions[TlsVersion::kTls13] = VersionSupport::kDropped;
  bad.tls->certificate_problems = {
      {ErrorCode::kExpired, "CN=old", "expired 2026-01-01"}};
  ProbeReport closed = FailingAbove(std::nullopt, ErrorCode::kConnectionRefused,
                                    Phase::kConnect);
  closed.target = *ParseTarget("pop3s://old.example.org");
  closed.reached = false;
  for (auto& [version, support] : closed.versions) {
    support = VersionSupport::kUnknown;
  }
  closed.rungs = {{Rung::kFull, closed.rungs[Rung::kFull]}};
  EXPECT_EQ(
      ProbeReportText({Healthy(), bad, closed}, kUnlimitedWidth),
      R"(TARGET                        VERDICT      1.3      1.2  1.1  1.0  RUNGS  CERT
imaps://mail.example.org:993  healthy      ok       ok   no   no   all    30 days
imap://old.example.org:143    intolerant   dropped  ok   no   no   tls12  bad
pop3s://old.example.org:995   unreachable  -        -    -    -    -      -

imaps://mail.example.org:993: healthy
  Finding       TLS 1.3 works with the full offer, and the certificate is good
                for 30 days.
  Address       192.0.2.1
  ALPN          imap
  Certificate   mail.example.org; issued by CN=Lab; until 2027-02-14 09:00 UTC
  Advice        Set clients to host mail.example.org, port 993, SSL/TLS
                (implicit TLS).

imap://old.example.org:143: intolerant
  Finding       It does not tolerate TLS 1.3: The server closed the connection
                when it saw the TLS hello. The reduced offer tls12 works.
  Address       192.0.2.1
  STARTTLS      accepted
  full          fails: closed_during_handshake
  no-alpn       fails: closed_during_handshake
  compact       fails: closed_during_handshake
  ALPN          imap
  Certificate   mail.example.org; issued by CN=Lab; until 2027-02-14 09:00 UTC
                - expired 2026-01-01 (expired)
  Advice        Set clients to host old.example.org, port 143, STARTTLS.
                Holdfast recovers by itself; other clients must not offer more
                than TLS 1.2.
                The server's software, or what stands in front of it, needs an
                update.
                Certificate: The server's operator must renew it. Check this
                machine's clock too.

Not reached:
  pop3s://old.example.org:995: The server refuses connections on this port.
)");
}

TEST(ProbeTextTest, ShowsTheProxyAsOne) {
  ProbeReport report = Healthy();
  report.through_proxy = true;
  EXPECT_THAT(ProbeReportText({report}, kUnlimitedWidth),
              ContainsRegex("Proxy +192.0.2.1"));
  report.address.clear();
  EXPECT_THAT(ProbeReportText({report}, kUnlimitedWidth),
              Not(HasSubstr("Proxy")));
}

TEST(ProbeTextTest, NamesWideHostsByTheirOwnLetters) {
  setenv("LC_ALL", "C.UTF-8", 1);
  const std::string text = ProbeReportText(
      {Healthy("imaps://邮件.中国"), Healthy()}, kUnlimitedWidth);
  unsetenv("LC_ALL");
  EXPECT_THAT(text, HasSubstr("\nimaps://邮件.中国:993         healthy"));
  EXPECT_THAT(text, HasSubstr("\nimaps://mail.example.org:993  healthy"));
  // What DNS and certificates know.
  EXPECT_THAT(text, HasSubstr("\nimaps://xn--5nq051n.xn--fiqs8s:993: healthy"));
}

TEST(ProbeTextTest, SumsASurveyUp) {
  ProbeReport closed = Healthy();
  closed.reached = false;
  closed.rungs[Rung::kFull] = {
      true, std::nullopt,
      MakeError(ErrorCode::kConnectionRefused, Phase::kConnect)};
  EXPECT_EQ(
      SurveySummaryText(
          {Healthy(), closed,
           FailingAbove(Rung::kTls12, ErrorCode::kVersionRefused),
           FailingAbove(Rung::kNoAlpn, ErrorCode::kAlpnRefused),
           FailingAbove(Rung::kTls12, ErrorCode::kSilentDuringHandshake)},
          absl::Milliseconds(61'900)),
      "5 targets in 1m1s: 1 healthy, 3 intolerant (1 of ALPN, 2 of TLS 1.3), "
      "1 unreachable.\n");
}

}  // namespace
}  // namespace holdfast
