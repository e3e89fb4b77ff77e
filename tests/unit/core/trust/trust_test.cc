// Which chains are accepted, and that every fault of a bad one is named; where
// trust comes from is in trust_options_test.cc.

#include "holdfast/core/trust/trust.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"

namespace holdfast::test {
namespace {

using lab::CertificateAuthority;
using lab::CertificateOptions;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> PemToDer(absl::string_view pem) {
  constexpr absl::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  std::vector<std::string> all;
  for (size_t at = pem.find(kBegin); at != absl::string_view::npos;
       at = pem.find(kBegin)) {
    pem.remove_prefix(at + kBegin.size());
    std::string der;
    EXPECT_TRUE(absl::Base64Unescape(pem.substr(0, pem.find("-----")), &der));
    all.push_back(der);
  }
  return all;
}

Host MakeHost(absl::string_view name) { return *Host::Parse(name); }

class TrustTest : public testing::Test {
 protected:
  absl::StatusOr<std::shared_ptr<const Trust>> LoadFile(
      const std::string& path) {
    TrustOptions options;
    options.system_roots = false;
    options.ca_files = {path};
    return Trust::Load(runtime_, options);
  }
  absl::StatusOr<std::shared_ptr<const Trust>> LoadText(
      const std::string& pem) {
    return LoadFile(files_.Write("ca.pem", pem));
  }
  std::shared_ptr<const Trust> TrustIn(const CertificateAuthority& authority) {
    return *LoadText(authority.certificate_pem());
  }

  // The problems of a certificate that the trusted authority issues.
  std::vector<CertificateProblem> Problems(const CertificateOptions& options,
                                           absl::string_view host) {
    return trust_->Verify(PemToDer(authority_.Issue(options)->chain_pem),
                          MakeHost(host), absl::Now());
  }
  std::vector<ErrorCode> Codes(const CertificateOptions& options,
                               absl::string_view host = "localhost") {
    return CodesOf(Problems(options, host));
  }
  static std::vector<ErrorCode> CodesOf(
      const std::vector<CertificateProblem>& problems) {
    std::vector<ErrorCode> codes;
    for (const CertificateProblem& problem : problems) {
      codes.push_back(problem.code);
    }
    return codes;
  }

  TempDir files_;
  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  CertificateAuthority authority_ = *CertificateAuthority::Create("Test Root");
  CertificateAuthority stranger_ = *CertificateAuthority::Create("Stranger");
  std::shared_ptr<const Trust> trust_ = TrustIn(authority_);
};

TEST_F(TrustTest, AcceptsAGoodChain) {
  CertificateOptions options;
  EXPECT_THAT(Codes(options), IsEmpty());
  options.via_intermediate = true;
  EXPECT_THAT(Codes(options), IsEmpty());
  options.key_type = lab::KeyType::kRsa;
  EXPECT_THAT(Codes(options), IsEmpty());
}

TEST_F(TrustTest, RefusesAChainWithoutItsIntermediate) {
  CertificateOptions options;
  options.via_intermediate = true;
  std::vector<std::string> chain =
      PemToDer(authority_.Issue(options)->chain_pem);
  chain.resize(1);
  EXPECT_THAT(
      CodesOf(trust_->Verify(chain, MakeHost("localhost"), absl::Now())),
      ElementsAre(ErrorCode::kMissingIntermediate));
}

TEST_F(TrustTest, ListsAllProblemsOfACertificateTogether) {
  CertificateOptions options;
  options.dns_names = {"a.example", "b.example"};
  options.ip_addresses = {};
  options.not_before = absl::FromUnixSeconds(1700000000);
  options.not_after = absl::FromUnixSeconds(1735689600);
  const std::vector<CertificateProblem> problems =
      trust_->Verify(PemToDer(stranger_.Issue(options)->chain_pem +
                              stranger_.certificate_pem()),
                     MakeHost("c.example"), absl::Now());
  ASSERT_THAT(CodesOf(problems),
              ElementsAre(ErrorCode::kWrongName, ErrorCode::kExpired,
                          ErrorCode::kUnknownIssuer));
  EXPECT_EQ(problems[0].detail,
            "the certificate is for a.example, b.example, not for c.example");
  EXPECT_EQ(problems[1].detail,
            "the certificate expired on 2025-01-01T00:00:00Z");
  EXPECT_THAT(problems[2].detail, HasSubstr("CN=Stranger"));
  EXPECT_THAT(problems[0].subject, HasSubstr("CN=localhost"));
}

TEST_F(TrustTest, AKnownIssuerIsNotBlamedForTheDates) {
  CertificateOptions options;
  options.not_after = absl::Now() - absl::Seconds(1);
  EXPECT_THAT(Codes(options), ElementsAre(ErrorCode::kExpired));
  options.not_before = absl::Now() + absl::Hours(1);
  options.not_after = absl::Now() + absl::Hours(2);
  EXPECT_THAT(Codes(options), ElementsAre(ErrorCode::kNotYetValid));
}

TEST_F(TrustTest, TheTimeIsTheCallers) {
  CertificateOptions options;
  const auto chain = PemToDer(authority_.Issue(options)->chain_pem);
  const auto codes_at = [&](absl::Time now) {
    return CodesOf(trust_->Verify(chain, MakeHost("localhost"), now));
  };
  EXPECT_THAT(codes_at(options.not_after - absl::Seconds(1)), IsEmpty());
  EXPECT_THAT(codes_at(options.not_after + absl::Seconds(1)),
              ElementsAre(ErrorCode::kExpired));
}

TEST_F(TrustTest, ASelfSignedCertificateIsNamedAsSuch) {
  CertificateOptions options;
  options.self_signed = true;
  EXPECT_THAT(Codes(options), ElementsAre(ErrorCode::kSelfSigned));
}

TEST_F(TrustTest, ACertificateNamedAsAnchorIsTrustedItself) {
  CertificateOptions options;
  for (const bool self_signed : {true, false}) {
    options.self_signed = self_signed;
    const auto certificate = *authority_.Issue(options);
    const auto trust = *LoadText(certificate.certificate_pem);
    const auto chain = PemToDer(certificate.chain_pem);
    EXPECT_THAT(trust->Verify(chain, MakeHost("localhost"), absl::Now()),
                IsEmpty());
    EXPECT_THAT(CodesOf(trust->Verify(chain, MakeHost("other.example"),
                                      options.not_after + absl::Hours(1))),
                ElementsAre(ErrorCode::kWrongName, ErrorCode::kExpired));
  }
}

TEST_F(TrustTest, RefusesWeakKeysAndHashes) {
  CertificateOptions options;
  options.key_type = lab::KeyType::kRsa;
  options.rsa_bits = 1024;
  options.signature_hash = lab::SignatureHash::kSha1;
  EXPECT_THAT(Codes(options), ElementsAre(ErrorCode::kWeakSignature,
                                          ErrorCode::kWeakCertificateKey));
  EXPECT_THAT(Problems(options, "localhost")[1].detail,
              HasSubstr("has 1024 bits"));
}

TEST_F(TrustTest, RefusesACertificateForAnotherPurpose) {
  CertificateOptions options;
  options.extended_key_usage = "clientAuth";
  EXPECT_THAT(Codes(options), ElementsAre(ErrorCode::kBadCertificate));
}

TEST_F(TrustTest, RefusesAnAlteredCertificate) {
  auto chain = PemToDer(authority_.Issue()->chain_pem);
  // A digit of a name: what was signed is another thing now.
  const size_t at = chain[0].rfind("localhost");
  ASSERT_NE(at, std::string::npos);
  chain[0][at] = 'x';
  EXPECT_THAT(
      CodesOf(trust_->Verify(chain, MakeHost("xocalhost"), absl::Now())),
      ElementsAre(ErrorCode::kBadSignature));
}

TEST_F(TrustTest, AnImpostorOfTheAuthoritysNameIsNotTrusted) {
  const auto impostor = *CertificateAuthority::Create("Test Root");
  const auto problems = trust_->Verify(PemToDer(impostor.Issue()->chain_pem),
                                       MakeHost("localhost"), absl::Now());
  EXPECT_EQ(problems.size(), 1u);
}

TEST_F(TrustTest, ACertificateOfACertificateThatIsNoAuthorityIsRefused) {
  // The lab issues none such, so a leaf is trusted and asked to vouch for one
  // of an impostor: its name is that of the leaf.
  CertificateOptions options;
  options.common_name = "Impostor";
  const auto leaf = *authority_.Issue(options);
  const auto impostor = *CertificateAuthority::Create("Impostor");
  auto chain = PemToDer(impostor.Issue()->chain_pem);
  chain.push_back(PemToDer(leaf.certificate_pem)[0]);
  EXPECT_FALSE(
      trust_->Verify(chain, MakeHost("localhost"), absl::Now()).empty());
}

TEST_F(TrustTest, GarbageIsABadCertificate) {
  const Host host = MakeHost("localhost");
  const auto verify = [&](std::vector<std::string> chain) {
    return CodesOf(trust_->Verify(chain, host, absl::Now()));
  };
  EXPECT_THAT(verify({}), ElementsAre(ErrorCode::kBadCertificate));
  EXPECT_THAT(verify({"garbage"}), ElementsAre(ErrorCode::kBadCertificate));
  EXPECT_THAT(verify({""}), ElementsAre(ErrorCode::kBadCertificate));
}

TEST_F(TrustTest, TrustsEachCertificateOfAFileWithComments) {
  const std::string text =
      absl::StrCat("# two authorities\n", stranger_.certificate_pem(),
                   "subject=Test Root\n", authority_.certificate_pem());
  for (const std::string& pem :
       {text, absl::StrReplaceAll(text, {{"\n", "\r\n"}})}) {
    const auto trust = LoadText(pem);
    ASSERT_TRUE(trust.ok());
    for (const CertificateAuthority& authority : {authority_, stranger_}) {
      EXPECT_THAT((*trust)->Verify(PemToDer(authority.Issue()->chain_pem),
                                   MakeHost("localhost"), absl::Now()),
                  IsEmpty());
    }
  }
}

TEST_F(TrustTest, AFileThatCannotBeUsedIsNamed) {
  const std::string pem = authority_.certificate_pem();
  for (const std::string& text :
       {std::string("no certificate here\n"), pem.substr(0, pem.size() / 2),
        std::string("-----BEGIN CERTIFICATE-----\n!!\n"
                    "-----END CERTIFICATE-----\n"),
        std::string("-----BEGIN CERTIFICATE-----\nZm9v\n"
                    "-----END CERTIFICATE-----\n")}) {
    const auto trust = LoadText(text);
    ASSERT_FALSE(trust.ok()) << text;
    const Error error = ErrorFromStatus(trust.status());
    EXPECT_EQ(error.code, ErrorCode::kTrustUnreadable);
    EXPECT_THAT(error.message, HasSubstr(files_.Path("ca.pem")));
  }
  for (const char* path : {"/nonexistent/ca.pem", "/tmp"}) {
    const auto trust = LoadFile(path);
    ASSERT_FALSE(trust.ok()) << path;
    EXPECT_EQ(ErrorFromStatus(trust.status()).code,
              ErrorCode::kTrustUnreadable);
  }
}

TEST_F(TrustTest, TheSystemsRootsDoNotVouchForOurAuthority) {
  const auto trust = Trust::Load(runtime_, TrustOptions());
  if (!trust.ok()) GTEST_SKIP() << "this system has no bundle of roots";
  EXPECT_THAT(CodesOf((*trust)->Verify(PemToDer(authority_.Issue()->chain_pem),
                                       MakeHost("localhost"), absl::Now())),
              ElementsAre(ErrorCode::kUnknownIssuer));
}

TEST_F(TrustTest, ReadsWhatAReportShows) {
  CertificateOptions options;
  options.dns_names = {"a.example", "b.example"};
  options.ip_addresses = {"192.0.2.1", "2001:db8::1"};
  options.not_after = absl::FromUnixSeconds(1900000000);
  const auto info = ReadCertificate(
      *runtime_, PemToDer(authority_.Issue(options)->certificate_pem)[0]);
  ASSERT_TRUE(info.ok());
  EXPECT_THAT(info->subject, HasSubstr("CN=localhost"));
  EXPECT_THAT(info->issuer, HasSubstr("CN=Test Root"));
  EXPECT_THAT(info->names, ElementsAre("a.example", "b.example", "192.0.2.1",
                                       "2001:db8::1"));
  EXPECT_EQ(info->not_after, options.not_after);
  EXPECT_EQ(info->sha256.size(), 64u);
  EXPECT_FALSE(ReadCertificate(*runtime_, "garbage").ok());
}

}  // namespace
}  // namespace holdfast::test
