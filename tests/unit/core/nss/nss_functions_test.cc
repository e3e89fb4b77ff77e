// What is told of an NSS that lacks something.

#include "holdfast/core/nss/nss_functions.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

using testing::HasSubstr;

LoadedNss NssWithout(std::set<std::string> names) {
  LoadedNss nss;
  nss.version = "3.20";
  nss.has = [names](const char* name) { return names.count(name) == 0; };
  nss.has_experimental = nss.has;
  return nss;
}

TEST(NssFunctionsTest, NothingIsMissingFromTheNssOfThisProcess) {
  const LoadedNss nss = LoadedNss::OfThisProcess();
  EXPECT_EQ(CheckNss(nss), absl::OkStatus());
  EXPECT_EQ(CheckNssForKeyLog(nss), absl::OkStatus());
  EXPECT_TRUE(nss.has("SSL_ImportFD"));
  EXPECT_FALSE(nss.has("SSL_ImportHope"));
  EXPECT_TRUE(nss.has_experimental("SSL_SecretCallback"));
  EXPECT_FALSE(nss.has_experimental("SSL_ImportFD"));
  EXPECT_THAT(nss.version, testing::StartsWith("3."));
}

TEST(NssFunctionsTest, AMissingFunctionIsNamedAndNoServerBlamed) {
  const Error error =
      ErrorFromStatus(CheckNss(NssWithout({"SSL_AlertReceivedCallback"})));
  EXPECT_EQ(error.code, ErrorCode::kTlsSetupFailed);
  EXPECT_EQ(error.category(), ErrorCategory::kLocal);
  EXPECT_EQ(error.phase, Phase::kSetup);
  EXPECT_EQ(error.Message(),
            "Holdfast cannot use the NSS that is loaded: version 3.20 has no "
            "SSL_AlertReceivedCallback (NSS 3.30.0.1 brought it).");
}

TEST(NssFunctionsTest, FurtherFunctionsThatAreMissingAreCounted) {
  const absl::Status status = CheckNss(NssWithout(
      {"SSL_AlertReceivedCallback", "SSL_ImportFD", "SSL_NamedGroupConfig"}));
  EXPECT_THAT(ErrorFromStatus(status).Message(),
              HasSubstr("(NSS 3.30.0.1 brought it), and lacks 2 more."));
}

TEST(NssFunctionsTest, NoNameIsMissedOfAnNssThatWasLinkedStatically) {
  LoadedNss nss;
  nss.has = [](const char*) { return false; };
  EXPECT_EQ(CheckNss(nss), absl::OkStatus());
}

TEST(NssFunctionsTest, AKeyLogAloneNeedsAnExperimentalFunction) {
  const LoadedNss nss = NssWithout({"SSL_SecretCallback"});
  EXPECT_EQ(CheckNss(nss), absl::OkStatus());
  const Error error = ErrorFromStatus(CheckNssForKeyLog(nss));
  EXPECT_EQ(error.code, ErrorCode::kTlsSetupFailed);
  EXPECT_EQ(error.Message(),
            "No key log can be had of the NSS that is loaded: version 3.20 has "
            "no SSL_SecretCallback.");
}

}  // namespace
}  // namespace holdfast
