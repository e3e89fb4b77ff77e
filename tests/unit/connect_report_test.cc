// What a report says, in plain words.

#include "protocols/connect_report.h"

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

}  // namespace
}  // namespace holdfast
