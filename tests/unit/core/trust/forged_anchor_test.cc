// Promise 15: what other connections and threads have seen changes no verdict.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/trust/stored_certificate.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/tests/helpers/certificate_maker.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

// Authorities that are trusted, for each a forgery (the same name and serial
// number, another key), and servers whose certificates the forgeries have
// signed: they send them along, or leave them out.
class ForgedAnchorTest : public testing::Test {
 protected:
  static constexpr int kAuthorities = 10;

  void SetUp() override {
    std::string bundle;
    CertificateSpec leaf = LeafSpec("localhost");
    leaf.key = MakeKey("P-256");
    for (int i = 0; i < kAuthorities; ++i) {
      CertificateSpec spec = AuthoritySpec(absl::StrCat("Authority ", i));
      spec.key = MakeKey("RSA:2048");
      const MadeCertificate authority = MakeCertificate(spec);
      absl::StrAppend(&bundle, authority.Pem());
      const MadeCertificate forged = Forge(authority);
      const std::string server = MakeCertificate(leaf, &forged).der;
      chains_.push_back({server});
      chains_.push_back({server, forged.der});
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
  std::vector<std::vector<std::string>> chains_;
  std::shared_ptr<const Trust> trust_;
};

// While some threads verify, others hold the forgeries in NSS's store, as
// connections that have received them do.
TEST_F(ForgedAnchorTest, IsNeverTakenForTheTrueOneWhateverOtherThreadsSee) {
  constexpr int kThreads = 4;
  constexpr int kVerifications = 10'000;
  std::atomic<int> next = 0;
  std::atomic<int> accepted = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = next++; i < kVerifications; i = next++) {
        const auto& chain = chains_[static_cast<size_t>(i) % chains_.size()];
        std::vector<NssPtr<CERTCertificate>> held;
        for (const std::string& der : chain) {
          held.push_back(StoreCertificate(der));
        }
        accepted += Accepts(chain);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, 0);
}

}  // namespace
}  // namespace holdfast::test
