// Where trust comes from, and what it makes of names, keys, pins and stapled
// OCSP responses. Certificates are made on the spot.

#include <cert.h>
#include <nss.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/tests/helpers/nss_database.h"
#include "holdfast/tests/helpers/staple.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/openssl_ptr.h"

namespace holdfast::test {
namespace {

using lab::CertificateAuthority;
using lab::CertificateOptions;
using lab::OpensslPtr;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

OpensslPtr<X509> ReadX509(const std::string& pem) {
  return OpensslPtr<X509>(
      PEM_read_bio_X509(lab::FromPem(pem).get(), nullptr, nullptr, nullptr));
}

std::string Der(const X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  return text;
}

// The certificates of a PEM text, as a server sends them.
std::vector<std::string> Chain(const std::string& pem) {
  std::vector<std::string> chain;
  const auto bio = lab::FromPem(pem);
  while (OpensslPtr<X509> certificate{
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    chain.push_back(Der(certificate.get()));
  }
  ERR_clear_error();
  return chain;
}

std::string PinOf(const std::string& certificate_pem) {
  const auto certificate = ReadX509(certificate_pem);
  unsigned char* spki = nullptr;
  const int length =
      i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &spki);
  unsigned char hash[32];
  EVP_Digest(spki, static_cast<size_t>(length), hash, nullptr, EVP_sha256(),
             nullptr);
  OPENSSL_free(spki);
  return absl::StrCat("sha256//",
                      absl::Base64Escape(absl::string_view(
                          reinterpret_cast<char*>(hash), sizeof hash)));
}

class TrustOptionsTest : public testing::Test {
 protected:
  // Trusts nothing yet.
  TrustOptions NoRoots() {
    TrustOptions options;
    options.system_roots = false;
    return options;
  }
  TrustOptions OnlyOurs() {
    TrustOptions options = NoRoots();
    options.ca_files = {
        directory_.Write("ca.pem", authority_.certificate_pem())};
    return options;
  }

  // The codes of what is wrong with `pem`'s chain.
  std::vector<ErrorCode> Problems(const TrustOptions& options,
                                  const std::string& pem,
                                  const std::string& host = "localhost",
                                  std::vector<std::string> stapled = {}) {
    const auto trust = Trust::Load(runtime_, options);
    EXPECT_TRUE(trust.ok()) << trust.status();
    if (!trust.ok()) return {};
    std::vector<ErrorCode> codes;
    for (const CertificateProblem& problem : (*trust)->Verify(
             Chain(pem), *Host::Parse(host), absl::Now(), stapled)) {
      codes.push_back(problem.code);
      details_ += problem.detail + "\n";
    }
    return codes;
  }

  ErrorCode LoadError(const TrustOptions& options) {
    const absl::Status status = Trust::Load(runtime_, options).status();
    EXPECT_FALSE(status.ok());
    message_ = ErrorFromStatus(status).Message();
    return ErrorFromStatus(status).code;
  }

  const std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  const CertificateAuthority authority_ = *CertificateAuthority::Create();
  const CertificateAuthority other_ = *CertificateAuthority::Create("Other");
  TempDir directory_;
  std::string details_;
  std::string message_;
};

// Pins.

TEST_F(TrustOptionsTest, AMatchingPinReplacesIssuerNameAndDates) {
  CertificateOptions bad;
  bad.dns_names = {"elsewhere.example"};
  bad.not_before = absl::Now() - absl::Hours(48);
  bad.not_after = absl::Now() - absl::Hours(24);
  const std::string pem = other_.Issue(bad)->chain_pem;
  TrustOptions options = NoRoots();
  options.pins = {PinOf(pem)};
  EXPECT_THAT(Problems(options, pem), IsEmpty());
}

TEST_F(TrustOptionsTest, APinMakesUpForNoWeakKey) {
  CertificateOptions weak;
  weak.key_type = lab::KeyType::kRsa;
  weak.rsa_bits = 1024;
  const std::string pem = authority_.Issue(weak)->chain_pem;
  TrustOptions options = NoRoots();
  options.pins = {PinOf(pem)};
  EXPECT_THAT(Problems(options, pem),
              ElementsAre(ErrorCode::kWeakCertificateKey));
}

TEST_F(TrustOptionsTest, OneOfSeveralPinsIsEnough) {
  const std::string pem = authority_.Issue()->chain_pem;
  TrustOptions options = NoRoots();
  options.pins = {PinOf(authority_.Issue()->chain_pem), PinOf(pem)};
  EXPECT_THAT(Problems(options, pem), IsEmpty());
}

TEST_F(TrustOptionsTest, NoMatchIsAProblemEvenOfAGoodCertificate) {
  const std::string pem = authority_.Issue()->chain_pem;
  TrustOptions options = OnlyOurs();
  options.pins = {PinOf(authority_.certificate_pem())};  // not the leaf's
  EXPECT_THAT(Problems(options, pem), ElementsAre(ErrorCode::kPinMismatch));
  // It says which pin would have matched.
  EXPECT_THAT(details_, HasSubstr(PinOf(pem)));
}

TEST_F(TrustOptionsTest, AMalformedPinIsRefused) {
  const std::string good = PinOf(authority_.certificate_pem());
  EXPECT_TRUE(IsPin(good));
  for (const std::string& bad :
       {std::string(), std::string("sha256//"), good.substr(8),
        "sha1//" + good.substr(8), good.substr(0, good.size() - 5) + "=",
        "sha256//" + absl::Base64Escape(std::string(33, 'x')),
        std::string("sha256//!!!!")}) {
    EXPECT_FALSE(IsPin(bad)) << bad;
    TrustOptions options = OnlyOurs();
    options.pins = {good, bad};
    EXPECT_EQ(LoadError(options), ErrorCode::kInvalidPin) << bad;
    EXPECT_THAT(message_, HasSubstr("\"" + bad + "\""));
  }
}

// Roots.

TEST_F(TrustOptionsTest, TheSystemsBundleCounts) {
  TrustOptions options;
  options.system_bundle =
      directory_.Write("bundle.crt", authority_.certificate_pem());
  EXPECT_THAT(Problems(options, authority_.Issue()->chain_pem), IsEmpty());
  EXPECT_THAT(Problems(options, other_.Issue()->chain_pem),
              ElementsAre(ErrorCode::kUnknownIssuer));
}

// The system's own bundle and NSS's module hold much the same roots.
TEST_F(TrustOptionsTest, NsssOwnRootsReplaceAMissingBundle) {
  TrustOptions builtin;
  builtin.system_bundle = directory_.Path("missing");
  const auto trust = Trust::Load(runtime_, builtin);
  ASSERT_TRUE(trust.ok()) << trust.status();
  std::ifstream bundle(TrustOptions().system_bundle);
  const std::vector<std::string> roots =
      Chain(std::string(std::istreambuf_iterator<char>(bundle), {}));
  const auto is_trusted = [&](const std::string& root) {
    // A root is for no host by name.
    const auto problems =
        (*trust)->Verify({root}, *Host::Parse("localhost"), absl::Now());
    return problems.size() == 1 &&
           problems.front().code == ErrorCode::kWrongName;
  };
  EXPECT_GT(std::count_if(roots.begin(), roots.end(), is_trusted), 50);
  EXPECT_FALSE(is_trusted(Chain(authority_.certificate_pem()).front()));
}

TEST_F(TrustOptionsTest, WithoutAnyRootsThereIsAnError) {
  EXPECT_EQ(LoadError(NoRoots()), ErrorCode::kNoTrustAnchors);
  TrustOptions options;
  options.system_bundle = directory_.Path("missing");
  options.builtin_roots = directory_.Path("missing.so");
  EXPECT_EQ(LoadError(options), ErrorCode::kNoTrustAnchors);
  EXPECT_THAT(message_, HasSubstr("missing.so"));
}

TEST_F(TrustOptionsTest, AcceptingAnyCertificateStillFindsTheProblems) {
  TrustOptions options = NoRoots();
  options.danger_accept_any_certificate = true;
  EXPECT_THAT(Problems(options, authority_.Issue()->chain_pem, "wrong.example"),
              ElementsAre(ErrorCode::kWrongName, ErrorCode::kUnknownIssuer));
  EXPECT_TRUE(
      (*Trust::Load(runtime_, options))->danger_accepts_any_certificate());
  EXPECT_FALSE(
      (*Trust::Load(runtime_, OnlyOurs()))->danger_accepts_any_certificate());
}

// NSS databases.

TEST_F(TrustOptionsTest, AnAuthorityInADatabaseIsTrusted) {
  NssDatabase database;
  database.Add("ours", "C,,", authority_.certificate_pem());
  database.Add("for mail only", ",C,", other_.certificate_pem());
  TrustOptions options = NoRoots();
  options.nss_database = database.path();
  EXPECT_THAT(Problems(options, authority_.Issue()->chain_pem), IsEmpty());
  EXPECT_THAT(
      Problems(options, other_.Issue()->chain_pem + other_.certificate_pem()),
      ElementsAre(ErrorCode::kUnknownIssuer));
}

TEST_F(TrustOptionsTest, APeerInADatabaseIsTrustedForItselfAlone) {
  CertificateOptions self_signed;
  self_signed.self_signed = true;
  const std::string peer = other_.Issue(self_signed)->certificate_pem;
  NssDatabase database;
  database.Add("peer", "P,,", peer);
  database.Add("an authority as a peer", "P,,", authority_.certificate_pem());
  TrustOptions options = NoRoots();
  options.nss_database = database.path();
  EXPECT_THAT(Problems(options, peer), IsEmpty());
  EXPECT_THAT(Problems(options, authority_.Issue()->chain_pem +
                                    authority_.certificate_pem()),
              ElementsAre(ErrorCode::kUnknownIssuer));
}

TEST_F(TrustOptionsTest, ADatabaseMayLieInADirectoryOfAnyName) {
  NssDatabase database("it's <a> [b] \\c");
  database.Add("ours", "C,,", authority_.certificate_pem());
  TrustOptions options = NoRoots();
  options.nss_database = database.path();
  EXPECT_THAT(Problems(options, authority_.Issue()->chain_pem), IsEmpty());
}

TEST_F(TrustOptionsTest, AMissingDatabaseIsNamedAndNotCreated) {
  TrustOptions options = OnlyOurs();
  options.nss_database = directory_.Path("nowhere");
  EXPECT_EQ(LoadError(options), ErrorCode::kTrustUnreadable);
  EXPECT_THAT(message_, HasSubstr(directory_.Path("nowhere")));
  EXPECT_FALSE(std::filesystem::exists(options.nss_database));

  options.nss_database = directory_.Path("empty");
  std::filesystem::create_directory(options.nss_database);
  EXPECT_EQ(LoadError(options), ErrorCode::kTrustUnreadable);
  EXPECT_THAT(message_, HasSubstr("cert9.db"));
  EXPECT_TRUE(std::filesystem::is_empty(options.nss_database));
}

TEST_F(TrustOptionsTest, ADamagedDatabaseIsNamed) {
  std::filesystem::create_directory(directory_.Path("bad"));
  directory_.Write("bad/cert9.db", std::string(5000, 'x'));
  TrustOptions options = OnlyOurs();
  options.nss_database = directory_.Path("bad");
  EXPECT_EQ(LoadError(options), ErrorCode::kTrustUnreadable);
  EXPECT_THAT(message_, HasSubstr(directory_.Path("bad")));
}

// Nothing of a database stays in NSS's own trust, and its slot is free again:
// there are fewer than a hundred.
TEST_F(TrustOptionsTest, ADatabaseLeavesNothingBehind) {
  NssDatabase database;
  database.Add("ours", "C,,", authority_.certificate_pem());
  TrustOptions options = NoRoots();
  options.nss_database = database.path();
  const std::string pem = authority_.Issue()->chain_pem;
  const auto nss_accepts = [&] {
    std::string der = Chain(pem).front();
    SECItem item = {siBuffer, reinterpret_cast<unsigned char*>(der.data()),
                    static_cast<unsigned>(der.size())};
    CERTCertificate* const leaf = CERT_NewTempCertificate(
        CERT_GetDefaultCertDB(), &item, nullptr, PR_FALSE, PR_TRUE);
    const bool good =
        CERT_VerifyCertificateNow(CERT_GetDefaultCertDB(), leaf, PR_TRUE,
                                  certificateUsageSSLServer, nullptr,
                                  nullptr) == SECSuccess;
    CERT_DestroyCertificate(leaf);
    return good;
  };
  EXPECT_FALSE(nss_accepts());
  for (int i = 0; i < 120; ++i) {
    ASSERT_TRUE(Trust::Load(runtime_, options).ok()) << i;
  }
  EXPECT_THAT(Problems(options, pem), IsEmpty());
  EXPECT_FALSE(nss_accepts());
}

// Names, as they come from a real certificate.

TEST_F(TrustOptionsTest, NamesInACertificateAreMatched) {
  CertificateOptions names;
  names.dns_names = {"*.Example.ORG", "xn--bcher-kva.example",
                     "f*.example.net"};
  names.ip_addresses = {"192.0.2.7", "2001:db8::7"};
  const std::string pem = authority_.Issue(names)->chain_pem;
  for (const char* host :
       {"mail.example.org", "MAIL.EXAMPLE.ORG.", "b\u00fccher.example",
        "192.0.2.7", "[2001:DB8:0::7]"}) {
    EXPECT_THAT(Problems(OnlyOurs(), pem, host), IsEmpty()) << host;
  }
  for (const char* host : {"example.org", "a.b.example.org", "192.0.2.8",
                           "2001:db8::8", "foo.example.net", "localhost"}) {
    EXPECT_THAT(Problems(OnlyOurs(), pem, host),
                ElementsAre(ErrorCode::kWrongName))
        << host;
  }
}

TEST_F(TrustOptionsTest, ACommonNameIsNoName) {
  CertificateOptions names;
  names.common_name = "localhost";
  names.dns_names = {};
  names.ip_addresses = {};
  EXPECT_THAT(Problems(OnlyOurs(), authority_.Issue(names)->chain_pem),
              ElementsAre(ErrorCode::kWrongName));
}

// Keys and signatures.

TEST_F(TrustOptionsTest, AnRsaKeyOf1024BitsIsRefusedAndWeSayThatItIsUs) {
  CertificateOptions weak;
  weak.key_type = lab::KeyType::kRsa;
  weak.rsa_bits = 1024;
  EXPECT_THAT(Problems(OnlyOurs(), authority_.Issue(weak)->chain_pem),
              ElementsAre(ErrorCode::kWeakCertificateKey));
  EXPECT_THAT(details_, HasSubstr("1024 bits"));
  EXPECT_THAT(
      std::string(GetErrorInfo(ErrorCode::kWeakCertificateKey).sentence),
      HasSubstr("We refuse"));
}

TEST_F(TrustOptionsTest, Sha1IsRefusedOnALeaf) {
  CertificateOptions weak;
  weak.signature_hash = lab::SignatureHash::kSha1;
  EXPECT_THAT(Problems(OnlyOurs(), authority_.Issue(weak)->chain_pem),
              ElementsAre(ErrorCode::kWeakSignature));
  EXPECT_THAT(std::string(GetErrorInfo(ErrorCode::kWeakSignature).sentence),
              HasSubstr("We refuse"));
}

TEST_F(TrustOptionsTest, Sha1IsRefusedOnAnIntermediateAuthority) {
  CertificateOptions weak;
  weak.via_intermediate = true;
  EXPECT_THAT(Problems(OnlyOurs(), authority_.Issue(weak)->chain_pem),
              IsEmpty());
  weak.intermediate_signature_hash = lab::SignatureHash::kSha1;
  EXPECT_THAT(Problems(OnlyOurs(), authority_.Issue(weak)->chain_pem),
              ElementsAre(ErrorCode::kWeakSignature));
  EXPECT_THAT(details_, HasSubstr("the certificate of CN=Holdfast Lab Inter"));
}

// Stapled OCSP.

class StapleTest : public TrustOptionsTest {
 protected:
  std::vector<ErrorCode> With(const std::string& staple) {
    return Problems(OnlyOurs(), leaf_.chain_pem, "localhost", {staple});
  }
  std::string FromResponder(const Staple& staple) {
    return MakeStaple(staple, leaf_.certificate_pem,
                      authority_.certificate_pem(), responder_.certificate_pem,
                      responder_.key_pem);
  }
  static lab::Certificate Responder(const CertificateAuthority& authority,
                                    const char* usage = "OCSPSigning") {
    CertificateOptions options;
    options.common_name = "Responder";
    options.extended_key_usage = usage;
    return *authority.Issue(options);
  }

  const lab::Certificate leaf_ = *authority_.Issue();
  const lab::Certificate responder_ = Responder(authority_);
};

TEST_F(StapleTest, ARevokedCertificateIsRefused) {
  EXPECT_THAT(With(FromResponder({})), ElementsAre(ErrorCode::kRevoked));
  EXPECT_THAT(details_, HasSubstr("revoked by its issuer on"));
  Staple sha256;
  sha256.id_by_sha256 = true;
  EXPECT_THAT(With(FromResponder(sha256)), ElementsAre(ErrorCode::kRevoked));
}

TEST_F(StapleTest, TheIssuerItselfIsBelieved) {
  EXPECT_THAT(
      With(MakeStaple({}, leaf_.certificate_pem, authority_.certificate_pem(),
                      authority_.certificate_pem(), authority_.key_pem())),
      ElementsAre(ErrorCode::kRevoked));
}

TEST_F(StapleTest, GoodAndUnknownChangeNothing) {
  EXPECT_THAT(With(FromResponder({OcspStatus::kGood})), IsEmpty());
  EXPECT_THAT(With(FromResponder({OcspStatus::kUnknown})), IsEmpty());
}

TEST_F(StapleTest, AResponseCountsWhileItIsFresh) {
  const auto at = [this](absl::Duration age, absl::Duration lifetime) {
    return With(FromResponder({OcspStatus::kRevoked, age, lifetime}));
  };
  EXPECT_THAT(at(absl::Hours(26), absl::Hours(24)), IsEmpty());
  EXPECT_THAT(at(absl::Hours(23), absl::Hours(24)),
              ElementsAre(ErrorCode::kRevoked));
  // Clocks that differ a little are forgiven.
  EXPECT_THAT(at(-absl::Minutes(2), absl::Hours(24)),
              ElementsAre(ErrorCode::kRevoked));
  EXPECT_THAT(at(-absl::Hours(2), absl::Hours(24)), IsEmpty());
  // It need not say how long it is good for.
  EXPECT_THAT(at(absl::Hours(24), absl::ZeroDuration()),
              ElementsAre(ErrorCode::kRevoked));
  EXPECT_THAT(at(absl::Hours(24 * 11), absl::ZeroDuration()), IsEmpty());
}

TEST_F(StapleTest, AResponseForAnotherCertificateChangesNothing) {
  const std::string staple = MakeStaple(
      {}, authority_.Issue()->certificate_pem, authority_.certificate_pem(),
      responder_.certificate_pem, responder_.key_pem);
  EXPECT_THAT(With(staple), IsEmpty());
}

TEST_F(StapleTest, OnlyAnAppointedResponderIsBelieved) {
  const auto from = [this](const lab::Certificate& signer) {
    return With(MakeStaple({}, leaf_.certificate_pem,
                           authority_.certificate_pem(), signer.certificate_pem,
                           signer.key_pem));
  };
  EXPECT_THAT(from(Responder(other_)), IsEmpty());
  EXPECT_THAT(from(Responder(authority_, "serverAuth")), IsEmpty());
  EXPECT_THAT(from(leaf_), IsEmpty());
  // Another authority of the same name has another key.
  const CertificateAuthority twin = *CertificateAuthority::Create();
  EXPECT_THAT(from(Responder(twin)), IsEmpty());
  CertificateOptions expired;
  expired.extended_key_usage = "OCSPSigning";
  expired.not_before = absl::Now() - absl::Hours(48);
  expired.not_after = absl::Now() - absl::Hours(24);
  EXPECT_THAT(from(*authority_.Issue(expired)), IsEmpty());
}

TEST_F(StapleTest, AResponseThatWasChangedOrCutOffChangesNothing) {
  const std::string good = FromResponder({});
  for (size_t size = 0; size < good.size(); ++size) {
    ASSERT_THAT(With(good.substr(0, size)), IsEmpty()) << size;
  }
  std::string changed = good;
  changed[good.find("Responder") - 1] ^= 1;
  EXPECT_THAT(With(changed), IsEmpty());
}

}  // namespace
}  // namespace holdfast::test
