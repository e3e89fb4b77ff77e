// What an NSS database distrusts is not believed, whoever else trusts it.

#include <memory>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/tests/helpers/certificate_maker.h"
#include "holdfast/tests/helpers/nss_database.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// As certutil has it: never for TLS servers.
constexpr char kDistrusted[] = "p,,";

class DistrustTest : public testing::Test {
 protected:
  // With the root in a file that is trusted, and in the database what stands
  // there by now.
  std::vector<ErrorCode> Codes() {
    TrustOptions options;
    options.system_roots = false;
    options.ca_files = {files_.Write("ca.pem", root_.Pem())};
    options.nss_database = database_.path();
    const auto trust = Trust::Load(runtime_, options);
    EXPECT_TRUE(trust.ok()) << trust.status();
    if (!trust.ok()) return {};
    std::vector<ErrorCode> codes;
    for (const CertificateProblem& problem :
         (*trust)->Verify({leaf_.der, issuer_.der},
                          *Host::Parse("mail.example.com"), absl::Now())) {
      codes.push_back(problem.code);
    }
    return codes;
  }

  const std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  const TempDir files_;
  const MadeCertificate root_ = MakeCertificate(AuthoritySpec("Root"));
  const MadeCertificate issuer_ =
      MakeCertificate(AuthoritySpec("Issuer"), &root_);
  const MadeCertificate leaf_ =
      MakeCertificate(LeafSpec("mail.example.com"), &issuer_);
  NssDatabase database_;
};

TEST_F(DistrustTest, OfNobodyChangesNothing) {
  EXPECT_THAT(Codes(), IsEmpty());
  database_.Add("another", kDistrusted,
                MakeCertificate(AuthoritySpec("Another")).Pem());
  EXPECT_THAT(Codes(), IsEmpty());
}

TEST_F(DistrustTest, OutranksAFileThatTrustsTheSame) {
  database_.Add("root", kDistrusted, root_.Pem());
  EXPECT_THAT(Codes(), ElementsAre(ErrorCode::kDistrustedAuthority));
}

TEST_F(DistrustTest, OfAnIntermediateHoldsForWhatItIssued) {
  database_.Add("issuer", kDistrusted, issuer_.Pem());
  EXPECT_THAT(Codes(), ElementsAre(ErrorCode::kDistrustedAuthority));
}

}  // namespace
}  // namespace holdfast::test
