// What a report says of certificates that many servers have: each is told for
// what it is, with what helps there.

#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/protocols/connect/connect_report.h"
#include "holdfast/tests/helpers/certificate_maker.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class TrustAdviceTest : public testing::Test {
 protected:
  CertificateProblem OnlyProblem(const std::vector<std::string>& chain,
                                 const std::string& host = "mail.example.org") {
    const auto problems =
        trust_->Verify(chain, *Host::Parse(host), absl::Now());
    EXPECT_THAT(problems, SizeIs(1));
    return problems.empty() ? CertificateProblem() : problems.front();
  }
  std::string PinOf(const MadeCertificate& certificate) {
    return ReadCertificate(*runtime_, certificate.der)->pin;
  }

  TempDir files_;
  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  const MadeCertificate root_ = MakeCertificate(AuthoritySpec("Root"));
  std::shared_ptr<const Trust> trust_ = [this] {
    TrustOptions options;
    options.system_roots = false;
    options.ca_files = {files_.Write("ca.pem", root_.Pem())};
    return *Trust::Load(runtime_, options);
  }();
};

TEST_F(TrustAdviceTest, AnAddressAsADnsNameIsToldAndOnlyAPinHelps) {
  const MadeCertificate leaf = MakeCertificate(LeafSpec("192.0.2.1"), &root_);
  const CertificateProblem problem = OnlyProblem({leaf.der}, "192.0.2.1");
  EXPECT_EQ(problem.code, ErrorCode::kWrongName);
  EXPECT_THAT(problem.detail, HasSubstr("192.0.2.1 as a DNS name"));
  EXPECT_THAT(problem.advice, HasSubstr(PinOf(leaf)));
}

TEST_F(TrustAdviceTest, AnAddressThatIsAnotherIsAWrongNameLikeAny) {
  const MadeCertificate leaf = MakeCertificate(LeafSpec("192.0.2.1"), &root_);
  const CertificateProblem problem = OnlyProblem({leaf.der}, "192.0.2.2");
  EXPECT_EQ(problem.code, ErrorCode::kWrongName);
  EXPECT_EQ(problem.advice, "");
}

TEST_F(TrustAdviceTest, ACommonNameAloneIsToldAndOnlyAPinHelps) {
  CertificateSpec spec = LeafSpec("unused");
  spec.subject = {{"CN", "mail.example.org"}};
  spec.extensions.pop_back();  // subjectAltName
  const MadeCertificate leaf = MakeCertificate(spec, &root_);
  const CertificateProblem problem = OnlyProblem({leaf.der});
  EXPECT_EQ(problem.code, ErrorCode::kWrongName);
  EXPECT_THAT(problem.detail,
              AllOf(HasSubstr("mail.example.org"), HasSubstr("common name")));
  EXPECT_THAT(problem.advice, HasSubstr(PinOf(leaf)));
}

TEST_F(TrustAdviceTest, AnInspectionDeviceIsNamed) {
  CertificateSpec spec = AuthoritySpec("Zscaler Intermediate Root CA");
  spec.subject.insert(spec.subject.begin(), {"O", "Zscaler Inc."});
  const MadeCertificate device = MakeCertificate(spec);
  const MadeCertificate leaf =
      MakeCertificate(LeafSpec("mail.example.org"), &device);
  for (const bool sends_root : {false, true}) {
    std::vector<std::string> chain = {leaf.der};
    if (sends_root) chain.push_back(device.der);
    const CertificateProblem problem = OnlyProblem(chain);
    EXPECT_EQ(problem.code, ErrorCode::kUnknownIssuer);
    EXPECT_THAT(problem.detail, HasSubstr("this is Zscaler"));
    EXPECT_THAT(problem.advice, HasSubstr("Let Zscaler leave mail"));
  }
}

TEST_F(TrustAdviceTest, AnAuthorityThatNamesItselfNothingOfTheKindIsNone) {
  const MadeCertificate other =
      MakeCertificate(AuthoritySpec("Forthcoming Nets"));
  const MadeCertificate leaf =
      MakeCertificate(LeafSpec("mail.example.org"), &other);
  const CertificateProblem problem = OnlyProblem({leaf.der, other.der});
  EXPECT_EQ(problem.code, ErrorCode::kUnknownIssuer);
  EXPECT_THAT(problem.detail, Not(HasSubstr("by its name")));
}

// No server need send a root.
TEST_F(TrustAdviceTest, AnIssuerThatWasNotSentIsMissingUnlessItIsARoot) {
  for (const auto& [name, code] :
       {std::make_pair("Issuing", ErrorCode::kMissingIntermediate),
        std::make_pair("Another Root", ErrorCode::kUnknownIssuer)}) {
    const MadeCertificate other = MakeCertificate(AuthoritySpec(name));
    const MadeCertificate leaf =
        MakeCertificate(LeafSpec("mail.example.org"), &other);
    EXPECT_EQ(OnlyProblem({leaf.der}).code, code) << name;
  }
}

TEST_F(TrustAdviceTest, AForgedAuthorityIsToldToHaveAnotherKey) {
  const MadeCertificate forged = Forge(root_);
  const MadeCertificate leaf =
      MakeCertificate(LeafSpec("mail.example.org"), &forged);
  EXPECT_THAT(OnlyProblem({leaf.der, forged.der}).detail,
              HasSubstr("but another key"));
}

TEST_F(TrustAdviceTest, ACertificateOfManyNamesIsToldInAFew) {
  CertificateSpec spec = LeafSpec("a0.test");
  for (int i = 1; i < 200; ++i) {
    spec.extensions.back().second += ",DNS:a" + std::to_string(i) + ".test";
  }
  const std::string detail =
      OnlyProblem({MakeCertificate(spec, &root_).der}).detail;
  EXPECT_THAT(detail, HasSubstr("and 190 others, not for mail.example.org"));
  EXPECT_LT(detail.size(), 300u);
}

// The problem's advice is the report's, in place of the code's.
TEST_F(TrustAdviceTest, TheReportGivesTheAdviceThatHelpsHere) {
  const MadeCertificate leaf = MakeCertificate(LeafSpec("192.0.2.1"), &root_);
  ConnectReport report = {*ParseTarget("imaps://192.0.2.1")};
  report.error = MakeError(ErrorCode::kWrongName, Phase::kHandshake);
  report.error->certificate_problems = {OnlyProblem({leaf.der}, "192.0.2.1")};
  const Diagnosis diagnosis = Diagnose(report);
  ASSERT_THAT(diagnosis.advice, SizeIs(1));
  EXPECT_THAT(diagnosis.advice.front(), HasSubstr(PinOf(leaf)));
}

}  // namespace
}  // namespace holdfast::test
