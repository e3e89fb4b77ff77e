// Promise 15: what other connections and threads have seen changes no verdict.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/trust.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/certificate_maker.h"
#include "tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

// Authorities that are trusted, for each a forgery (the same name and serial
// number, another key), and two servers with a chain to forgeries: one sends
// them, the other leads to all of them and leaves them out.
class ForgedAnchorTest : public testing::Test {
 protected:
  static constexpr int kAuthorities = 100;

  void SetUp() override {
    std::string bundle;
    CertificateSpec intermediate = AuthoritySpec("Intermediate");
    intermediate.key = MakeKey("P-256");
    for (int i = 0; i < kAuthorities; ++i) {
      const MadeCertificate authority =
          MakeCertificate(AuthoritySpec(absl::StrCat("Authority ", i)));
      absl::StrAppend(&bundle, authority.Pem());
      const MadeCertificate forged = Forge(authority);
      const MadeCertificate below = MakeCertificate(intermediate, &forged);
      if (i == 0) {
        leading_ = {MakeCertificate(LeafSpec("localhost"), &below).der};
        sending_ = {MakeCertificate(LeafSpec("localhost"), &forged).der};
      }
      leading_.push_back(below.der);
      sending_.push_back(forged.der);
    }
    TrustOptions options;
    options.system_roots = false;
    options.ca_files = {files_.Write("ca.pem", bundle)};
    trust_ = *Trust::Load(runtime_, options);
  }

  bool Accepts(const std::vector<std::string>& chain) const {
    return trust_->Verify(chain, *Host::Parse("localhost"), absl::Now())
        .empty();
  }

  TempDir files_;
  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  std::vector<std::string> leading_;
  std::vector<std::string> sending_;
  std::shared_ptr<const Trust> trust_;
};

TEST_F(ForgedAnchorTest, IsNeverTakenForTheTrueOneWhateverOtherThreadsSee) {
  constexpr int kThreads = 4;
  constexpr int kVerifications = 10'000;
  std::atomic<int> left = kVerifications;
  std::atomic<int> accepted = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, &chain = thread % 2 == 0 ? leading_ : sending_] {
      while (left-- > 0) accepted += Accepts(chain);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, 0);
}

}  // namespace
}  // namespace holdfast::test
