// What a report says, in plain words.

#include "holdfast/protocols/connect/connect_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

ConnectReport Failed(ErrorCode code, std::optional<TlsVersion> proven) {
  ConnectReport report{*ParseTarget("imaps://mail.example.org")};
  report.error = MakeError(code, Phase::kHandshake);
  report.proven = proven;
  return report;
}

TEST(DiagnosisTest, ServerThatLosesWhatItHasProvenGetsAdvice) {
  const Diagnosis diagnosis =
      Diagnose(Failed(ErrorCode::kClosedDuringHandshake, TlsVersion::kTls13));
  EXPECT_THAT(diagnosis.advice,
              Contains(testing::AllOf(
                  HasSubstr("has proven TLS 1.3"),
                  HasSubstr("holdfast cache forget mail.example.org:993"),
                  HasSubstr("holdfast cache pin mail.example.org:993"))));
}

TEST(DiagnosisTest, ProofThatForbidsNothingIsNotMentioned) {
  for (const ConnectReport& report :
       {Failed(ErrorCode::kClosedDuringHandshake, std::nullopt),
        Failed(ErrorCode::kClosedDuringHandshake, TlsVersion::kTls12),
        Failed(ErrorCode::kUnknownIssuer, TlsVersion::kTls13),
        Failed(ErrorCode::kPathBlocksNewerTls, TlsVersion::kTls13)}) {
    EXPECT_THAT(Diagnose(report).advice,
                Not(Contains(HasSubstr("cache forget"))));
  }
}

std::vector<std::string> WarningsOf(CertificateDecision decision, bool good) {
  ConnectReport report{*ParseTarget("imaps://mail.example.org")};
  report.tls.emplace();
  report.tls->version = TlsVersion::kTls13;
  report.tls->certificate_decision = decision;
  if (!good) {
    report.tls->certificate_problems = {{ErrorCode::kExpired, "CN=x", ""}};
  }
  report.fallback = ConnectReport::Fallback();
  std::vector<std::string> codes;
  for (const auto& warning : Diagnose(report).warnings) {
    codes.push_back(warning.code);
  }
  return codes;
}

TEST(DiagnosisTest, WarnsOfACertificateThatWeHaveNotVerified) {
  using testing::ElementsAre;
  using Decision = CertificateDecision;
  EXPECT_THAT(WarningsOf(Decision::kAsFound, true), ElementsAre());
  EXPECT_THAT(WarningsOf(Decision::kTrust, true), ElementsAre());
  EXPECT_THAT(WarningsOf(Decision::kTrust, false),
              ElementsAre("certificate_vouched_for"));
  for (const bool good : {true, false}) {
    EXPECT_THAT(WarningsOf(Decision::kConnectUnverified, good),
                ElementsAre("certificate_not_verified"));
  }
  EXPECT_THAT(WarningsOf(Decision::kAsFound, false),  // accepts any
              ElementsAre("certificate_not_verified"));
}

}  // namespace
}  // namespace holdfast
