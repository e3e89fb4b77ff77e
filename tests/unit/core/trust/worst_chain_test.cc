// Chains and OCSP responses that are made to keep their reader busy. What they
// cost is bounded, whatever their verdict is.

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/trust/pem.h"
#include "holdfast/tests/helpers/chain_test.h"
#include "holdfast/tests/helpers/staple.h"

namespace holdfast::test {
namespace {

using Code = ErrorCode;
using Kind = GeneralName::Kind;
using Names = std::vector<GeneralName>;

// The time that this thread has worked; others on the machine do not count.
absl::Duration CpuTime() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return absl::DurationFromTimespec(time);
}

// A bound that stands far above what anything here needs, and far below what
// a reader without a budget takes (9 s and more).
constexpr absl::Duration kFarTooLong = absl::Seconds(1);

class WorstChainTest : public ChainTest {
 protected:
  void TearDown() override {
    EXPECT_LT(used_, kFarTooLong) << "the budget is not kept";
  }

  // As Verify(), and counts what it takes.
  Problems VerifyInBudget(const Certificates& anchors,
                          const Certificates& chain,
                          const std::string& host = kHost) {
    const absl::Duration begin = CpuTime();
    Problems problems = Verify(anchors, chain, absl::Now(), host);
    used_ += CpuTime() - begin;
    return problems;
  }

  // Names of another domain, then the host's.
  static Names ManyNames(int count) {
    Names names;
    for (int i = 0; i < count; ++i) {
      names.push_back({Kind::kDns, absl::StrCat("h", i, ".example.com")});
    }
    names.push_back({Kind::kDns, kHost});
    return names;
  }
  // None of them excludes such a name.
  static Names ManyTrees(int count) {
    Names trees;
    for (int i = 0; i < count; ++i) {
      trees.push_back({Kind::kDns, absl::StrCat("t", i, ".example.org")});
    }
    return trees;
  }

  // `names` names below an authority that excludes `trees`.
  Problems NamesUnderTrees(int names, int trees) {
    CertificateSpec authority = AuthoritySpec("Root");
    if (trees > 0) {
      SetExtension(NameConstraints({}, ManyTrees(trees)), &authority);
    }
    const MadeCertificate root = MakeCertificate(authority);
    CertificateSpec leaf = LeafSpec(kHost);
    SetExtension(SubjectAltName(ManyNames(names)), &leaf);
    return VerifyInBudget({root}, {MakeCertificate(leaf, &root)});
  }

  absl::Duration used_;
};

TEST_F(WorstChainTest, ManyNamesAloneAreNoFault) {
  EXPECT_THAT(NamesUnderTrees(3400, 0), IsAccepted());
}

TEST_F(WorstChainTest, NamesAndConstraintsAreComparedUpToABudget) {
  EXPECT_THAT(NamesUnderTrees(100, 100), IsAccepted());
  EXPECT_THAT(NamesUnderTrees(1000, 1), IsAccepted());
  EXPECT_THAT(NamesUnderTrees(1, 1000), IsAccepted());
  EXPECT_THAT(NamesUnderTrees(1000, 1000),
              IsOnlyCode(Code::kCertificateTooComplex));
}

// The budget is for the whole chain, not for one authority of it.
TEST_F(WorstChainTest, ConstraintsOfSeveralAuthoritiesShareTheBudget) {
  constexpr int kAuthorities = 6;
  Certificates chain = {MakeCertificate(AuthoritySpec("Root"))};
  for (int i = 0; i < kAuthorities; ++i) {
    CertificateSpec spec = AuthoritySpec(absl::StrCat("Authority ", i));
    SetExtension(NameConstraints({}, ManyTrees(300)), &spec);
    chain.insert(chain.begin(), MakeCertificate(spec, &chain.front()));
  }
  CertificateSpec leaf = LeafSpec(kHost);
  SetExtension(SubjectAltName(ManyNames(300)), &leaf);
  chain.insert(chain.begin(), MakeCertificate(leaf, &chain.front()));
  EXPECT_THAT(VerifyInBudget({chain.back()}, chain),
              IsOnlyCode(Code::kCertificateTooComplex));
}

class ManyKeysTest : public WorstChainTest {
 protected:
  // An authority's name under `count` keys that it does not have, after the
  // leaf; the true one is the last, if it is sent.
  Problems UnderKeys(int count, bool true_one_is_sent) {
    const MadeCertificate root = MakeCertificate(AuthoritySpec("Root"));
    const MadeCertificate issuer =
        MakeCertificate(AuthoritySpec("Issuer"), &root);
    Certificates chain = {MakeCertificate(LeafSpec(kHost), &issuer)};
    for (int i = 0; i < count; ++i) {
      chain.push_back(MakeCertificate(AuthoritySpec("Issuer"), &root));
    }
    if (true_one_is_sent) chain.push_back(issuer);
    return VerifyInBudget({root}, chain);
  }
};

TEST_F(ManyKeysTest, AFewAreTried) {
  EXPECT_THAT(UnderKeys(8, /*true_one_is_sent=*/true), IsAccepted());
}

TEST_F(ManyKeysTest, TwoHundredAreTooMany) {
  EXPECT_THAT(UnderKeys(200, /*true_one_is_sent=*/false),
              IsOnlyOneOf({Code::kCertificateTooComplex, Code::kBadSignature,
                           Code::kMissingIntermediate}));
}

// Every certificate seems to have issued every other: the number of ways
// doubles with each.
TEST_F(ManyKeysTest, AMazeOfOneNameAndOneKeyLeadsNowhere) {
  const PrivateKey key = MakeKey("P-256");
  const MadeCertificate trusted = MakeCertificate(AuthoritySpec("Trusted"));
  CertificateSpec spec = AuthoritySpec("Maze");
  spec.key = key;
  Certificates chain;
  for (int i = 0; i < 60; ++i) chain.push_back(MakeCertificate(spec));
  chain.insert(chain.begin(), MakeCertificate(LeafSpec(kHost), &chain.front()));
  EXPECT_THAT(VerifyInBudget({trusted}, chain),
              IsOnlyOneOf({Code::kCertificateTooComplex, Code::kUnknownIssuer,
                           Code::kMissingIntermediate}));
}

// A stapled OCSP response that says 480 times the same of our certificate.
class ManyStatementsTest : public WorstChainTest {
 protected:
  Problems Stapled(const MadeCertificate& signer) {
    Staple staple;
    staple.statements = 480;
    const std::string response = MakeStaple(staple, leaf_.Pem(), root_.Pem(),
                                            signer.Pem(), signer.KeyPem());
    EXPECT_LT(response.size(), size_t{64} * 1024);
    const TrustChecker checker;
    const auto trust = checker.Load({root_.der});
    const absl::Duration begin = CpuTime();
    Problems problems = (*trust)->Verify({leaf_.der}, *Host::Parse(kHost),
                                         absl::Now(), {response});
    used_ = CpuTime() - begin;
    return problems;
  }

  // Of the kind of key whose signatures take longest to check.
  const MadeCertificate root_ = [] {
    CertificateSpec spec = AuthoritySpec("Root");
    spec.key = MakeKey("P-521");
    return MakeCertificate(spec);
  }();
  const MadeCertificate leaf_ = MakeCertificate(LeafSpec(kHost), &root_);
};

TEST_F(ManyStatementsTest, OfTheIssuerAreBelieved) {
  EXPECT_THAT(Stapled(root_), IsOnlyCode(Code::kRevoked));
}

TEST_F(ManyStatementsTest, OfSomebodyElseAreNot) {
  // It says that the issuer has appointed it.
  CertificateSpec twin = AuthoritySpec("Root");
  twin.key = MakeKey("P-521");
  const MadeCertificate other = MakeCertificate(twin);
  CertificateSpec responder = LeafSpec("responder.example.com");
  SetExtension({"extendedKeyUsage", "OCSPSigning"}, &responder);
  EXPECT_THAT(Stapled(MakeCertificate(responder, &other)), IsAccepted());
}

// The worst that are known, with the cases of x509-limbo (limbo_test.cc).
class KnownWorstTest : public WorstChainTest {
 protected:
  void SetUp() override {
    const char* const cases = std::getenv("HOLDFAST_X509_CASES");
    if (cases == nullptr) {
      GTEST_SKIP() << "HOLDFAST_X509_CASES does not name the directory with "
                      "the cases of x509-limbo";
    }
    directory_ = absl::StrCat(cases, "/worst/");
  }

  std::string Read(const std::string& name) const {
    std::ifstream file(directory_ + name, std::ios::binary);
    EXPECT_TRUE(file.is_open()) << name;
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  Certificates ReadPem(const std::string& name) const {
    Certificates all;
    const auto ders = ParsePem(Read(name), "CERTIFICATE");
    EXPECT_TRUE(ders.has_value()) << name;
    for (const std::string& der : ders.value_or(std::vector<std::string>())) {
      all.push_back({der, nullptr});
    }
    return all;
  }
  Certificates Chain(const std::string& name) const {
    Certificates chain = ReadPem(name + ".pem");
    for (MadeCertificate& it : ReadPem(name + ".chain")) {
      chain.push_back(std::move(it));
    }
    return chain;
  }

  // All of them are for this host.
  static constexpr char kName[] = "localhost";

  std::string directory_;
};

// 79 KB, and no signature of an authority that is trusted.
TEST_F(KnownWorstTest, ConstraintsOfAnUntrustedAuthority) {
  EXPECT_THAT(VerifyInBudget(ReadPem("root.pem"), Chain("nc_untrusted"), kName),
              testing::Not(IsAccepted()));
}

TEST_F(KnownWorstTest, AnAuthorityForClientsAlone) {
  EXPECT_THAT(
      VerifyInBudget(ReadPem("eku.pem"), Chain("eku_clientauth"), kName),
      IsOnlyCode(Code::kAuthorityNotForServers));
}

// 38 KB of statements about one certificate, under a signature that is not the
// issuer's: the response says nothing.
TEST_F(KnownWorstTest, AnOcspResponseOfManyStatements) {
  const TrustChecker checker;
  const auto trust = checker.Load(Ders(ReadPem("root.pem")));
  ASSERT_TRUE(trust.ok()) << trust.status();
  const std::vector<std::string> chain = Ders(ReadPem("staple_leaf.pem"));
  const Host host = *Host::Parse(kName);
  const absl::Time now = absl::Now();
  const absl::Duration begin = CpuTime();
  const Problems stapled =
      (*trust)->Verify(chain, host, now, {Read("staple.der")});
  used_ = CpuTime() - begin;
  EXPECT_EQ(stapled, (*trust)->Verify(chain, host, now));
}

}  // namespace
}  // namespace holdfast::test
