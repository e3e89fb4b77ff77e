// One fault at a time in a chain that is good otherwise: what is wrong with a
// certificate, wherever it stands.

#include <algorithm>
#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/chain_test.h"

namespace holdfast::test {
namespace {

using Code = ErrorCode;

const absl::Duration kDay = absl::Hours(24);

// Root, intermediate, leaf.
struct Specs {
  CertificateSpec leaf = LeafSpec(kHost);
  CertificateSpec intermediate = AuthoritySpec("Intermediate");
  CertificateSpec root = AuthoritySpec("Root");
  // Whose signature is altered in the end.
  CertificateSpec* altered = nullptr;
};

struct Rule {
  std::string name;
  std::function<void(Specs*)> change;
  std::vector<Code> codes;   // one of them; none: it is accepted
  std::string subject = {};  // whose fault it is; empty: not compared
};
void PrintTo(const Rule& rule, std::ostream* out) { *out << rule.name; }

constexpr char kLeaf[] = "CN=leaf";
constexpr char kIntermediate[] = "CN=Intermediate";
constexpr char kRoot[] = "CN=Root";

std::function<void(Specs*)> Of(CertificateSpec Specs::*part,
                               std::function<void(CertificateSpec*)> change) {
  return [part, change](Specs* specs) { change(&(specs->*part)); };
}
std::function<void(Specs*)> Leaf(std::function<void(CertificateSpec*)> change) {
  return Of(&Specs::leaf, std::move(change));
}
std::function<void(Specs*)> Intermediate(
    std::function<void(CertificateSpec*)> change) {
  return Of(&Specs::intermediate, std::move(change));
}
std::function<void(Specs*)> Root(std::function<void(CertificateSpec*)> change) {
  return Of(&Specs::root, std::move(change));
}

std::function<void(CertificateSpec*)> With(std::string name,
                                           std::string value) {
  return [=](CertificateSpec* spec) { SetExtension({name, value}, spec); };
}
std::function<void(CertificateSpec*)> Without(std::string name) {
  return [=](CertificateSpec* spec) { RemoveExtension(name, spec); };
}
// A second one, of the same value or another.
std::function<void(CertificateSpec*)> Also(std::string name,
                                           std::string value) {
  return [=](CertificateSpec* spec) {
    spec->extensions.push_back({name, value});
  };
}
std::function<void(CertificateSpec*)> Key(std::string type) {
  return [=](CertificateSpec* spec) { spec->key = MakeKey(type); };
}
std::function<void(CertificateSpec*)> Hash(std::string hash) {
  return [=](CertificateSpec* spec) { spec->hash = hash; };
}
void IsExpired(CertificateSpec* spec) { spec->not_after = absl::Now() - kDay; }
void IsNotYetValid(CertificateSpec* spec) {
  spec->not_before = absl::Now() + kDay;
}
std::function<void(CertificateSpec*)> Version(int version) {
  return [=](CertificateSpec* spec) {
    spec->version = version;
    spec->extensions.clear();
  };
}

// The signer's key as it has to be for RSASSA-PSS on what stands below.
std::function<void(Specs*)> PssBelowTheRoot(std::string hash) {
  return [=](Specs* specs) {
    specs->root.key = MakeKey("RSA:2048");
    specs->intermediate.pss = true;
    specs->intermediate.hash = hash;
  };
}

constexpr char kUnknownOid[] = "1.3.6.1.4.1.99999.2";
constexpr char kNull[] = "DER:0500";
constexpr char kNoDer[] = "DER:303030";

// What nobody may build on: an unknown kind of key, or one too weak.
const std::vector<Code> kKeyRefused = {Code::kWeakCertificateKey,
                                       Code::kBadCertificate};
// Of a certificate that cannot be an authority at all.
const std::vector<Code> kNoAuthority = {Code::kAuthorityNotForServers,
                                        Code::kBadCertificate};

class CertificateRulesTest : public ChainTest,
                             public testing::WithParamInterface<Rule> {};

TEST_P(CertificateRulesTest, OneFault) {
  Specs specs;
  GetParam().change(&specs);
  const MadeCertificate root = MakeCertificate(specs.root);
  MadeCertificate intermediate = MakeCertificate(specs.intermediate, &root);
  MadeCertificate leaf = MakeCertificate(specs.leaf, &intermediate);
  // The last byte of a certificate is one of its signature.
  if (specs.altered == &specs.leaf) leaf.der.back() ^= 1;
  if (specs.altered == &specs.intermediate) intermediate.der.back() ^= 1;
  const Problems problems = Verify({root}, {leaf, intermediate});
  if (GetParam().codes.empty()) {
    EXPECT_THAT(problems, IsAccepted());
    return;
  }
  ASSERT_THAT(problems, IsOnlyOneOf(GetParam().codes));
  if (!GetParam().subject.empty()) {
    EXPECT_EQ(problems.front().subject, GetParam().subject);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Leaf, CertificateRulesTest,
    testing::Values(
        Rule{"AsItShouldBe", Leaf([](CertificateSpec*) {}), {}},
        Rule{"Expired", Leaf(IsExpired), {Code::kExpired}, kLeaf},
        Rule{"NotYetValid", Leaf(IsNotYetValid), {Code::kNotYetValid}, kLeaf},
        Rule{"Version1", Leaf(Version(1)), {Code::kBadCertificate}, kLeaf},
        Rule{"Version2",
             Leaf([](CertificateSpec* spec) { spec->version = 2; }),
             {Code::kBadCertificate},
             kLeaf},
        Rule{"UnknownExtension", Leaf(With(kUnknownOid, kNull)), {}},
        Rule{"UnknownCriticalExtension",
             Leaf(With(kUnknownOid, "critical,DER:0500")),
             {Code::kBadCertificate},
             kLeaf},
        Rule{"TwoOfAnExtension",
             Leaf(Also("subjectAltName", "DNS:www.example.com")),
             {Code::kBadCertificate},
             kLeaf},
        Rule{"TwoOfAnUnknownExtension",
             [](Specs* specs) {
               Also(kUnknownOid, kNull)(&specs->leaf);
               Also(kUnknownOid, kNull)(&specs->leaf);
             },
             {Code::kBadCertificate},
             kLeaf},
        Rule{"MalformedSubjectAltName",
             Leaf(With("subjectAltName", kNoDer)),
             {Code::kBadCertificate},
             kLeaf},
        Rule{"MalformedBasicConstraints",
             Leaf(With("basicConstraints", kNull)),
             {Code::kBadCertificate},
             kLeaf},
        Rule{"MalformedKeyUsage",
             Leaf(With("keyUsage", kNull)),
             {Code::kBadCertificate},
             kLeaf},
        Rule{"MalformedExtendedKeyUsage",
             Leaf(With("extendedKeyUsage", kNull)),
             {Code::kBadCertificate},
             kLeaf},
        Rule{"EmptyExtendedKeyUsage",
             Leaf(With("extendedKeyUsage", "DER:3000")),
             {Code::kBadCertificate},
             kLeaf},
        Rule{"ForClients",
             Leaf(With("extendedKeyUsage", "clientAuth")),
             {Code::kBadCertificate},
             kLeaf},
        Rule{"ForServersToo",
             Leaf(With("extendedKeyUsage", "clientAuth,serverAuth")),
             {}},
        Rule{"ForEverything",
             Leaf(With("extendedKeyUsage", "anyExtendedKeyUsage")),
             {}},
        Rule{"CriticalExtendedKeyUsage",
             Leaf(With("extendedKeyUsage", "critical,serverAuth")),
             {}},
        Rule{"WithoutExtendedKeyUsage", Leaf(Without("extendedKeyUsage")), {}},
        Rule{"WithoutKeyUsage", Leaf(Without("keyUsage")), {}},
        Rule{"WithoutBasicConstraints", Leaf(Without("basicConstraints")), {}},
        // Private appliances.
        Rule{"IsAnAuthority",
             Leaf(With("basicConstraints", "critical,CA:TRUE")),
             {}},
        Rule{"IsAnAuthorityByKeyUsageToo",
             [](Specs* specs) {
               With("basicConstraints", "critical,CA:TRUE")(&specs->leaf);
               With("keyUsage", "critical,keyCertSign")(&specs->leaf);
             },
             {}},
        Rule{"SerialNumber0",
             Leaf([](CertificateSpec* spec) { spec->serial = 0; }),
             {}},
        Rule{"NameConstraintsOfItsOwn",
             Leaf(With("nameConstraints",
                       "critical,permitted;DNS:elsewhere.example")),
             {Code::kBadCertificate},
             kLeaf},
        Rule{"Rsa2048", Leaf(Key("RSA:2048")), {}},
        Rule{"Rsa2047",
             Leaf(Key("RSA:2047")),
             {Code::kWeakCertificateKey},
             kLeaf},
        Rule{"Rsa1024",
             Leaf(Key("RSA:1024")),
             {Code::kWeakCertificateKey},
             kLeaf},
        Rule{"P384", Leaf(Key("P-384")), {}},
        Rule{"P521", Leaf(Key("P-521")), {}},
        Rule{"P192", Leaf(Key("P-192")), kKeyRefused, kLeaf},
        Rule{"P224", Leaf(Key("P-224")), kKeyRefused, kLeaf},
        Rule{"Secp256k1", Leaf(Key("secp256k1")), kKeyRefused, kLeaf},
        Rule{"BrainpoolP256r1", Leaf(Key("brainpoolP256r1")), kKeyRefused,
             kLeaf},
        Rule{"ExplicitCurve", Leaf(Key("P-256 explicit")), kKeyRefused, kLeaf},
        Rule{"Dsa", Leaf(Key("DSA")), kKeyRefused, kLeaf},
        Rule{"Sha384", Leaf(Hash("SHA384")), {}},
        Rule{"Sha512", Leaf(Hash("SHA512")), {}},
        Rule{"Sha1", Leaf(Hash("SHA1")), {Code::kWeakSignature}, kLeaf},
        Rule{"Md5",
             [](Specs* specs) {
               specs->intermediate.key = MakeKey("RSA:2048");
               specs->leaf.hash = "MD5";
             },
             {Code::kWeakSignature},
             kLeaf},
        Rule{"OtherAlgorithmOutside",
             Leaf([](CertificateSpec* spec) { spec->outer_hash = "SHA384"; }),
             {Code::kBadCertificate},
             kLeaf},
        Rule{"AlteredSignature",
             [](Specs* specs) { specs->altered = &specs->leaf; },
             {Code::kBadSignature},
             kLeaf}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Intermediate, CertificateRulesTest,
    testing::Values(
        Rule{"Expired",
             Intermediate(IsExpired),
             {Code::kAuthorityExpired},
             kIntermediate},
        Rule{"NotYetValid",
             Intermediate(IsNotYetValid),
             {Code::kNotYetValid},
             kIntermediate},
        Rule{"Version1", Intermediate(Version(1)), kNoAuthority, kIntermediate},
        Rule{"WithoutBasicConstraints",
             Intermediate(Without("basicConstraints")),
             {Code::kAuthorityNotForServers},
             kIntermediate},
        Rule{"NoAuthority",
             Intermediate(With("basicConstraints", "critical,CA:FALSE")),
             {Code::kAuthorityNotForServers},
             kIntermediate},
        Rule{"BasicConstraintsNotCritical",
             Intermediate(With("basicConstraints", "CA:TRUE")),
             {}},
        Rule{"PathLengthOfNone",
             Intermediate(With("basicConstraints",
                               "critical,CA:TRUE,pathlen:0")),
             {}},
        Rule{"WithoutKeyUsage", Intermediate(Without("keyUsage")), {}},
        Rule{"KeyUsageWithoutCertificates",
             Intermediate(With("keyUsage", "critical,cRLSign")),
             {Code::kAuthorityNotForServers},
             kIntermediate},
        Rule{"ForClients",
             Intermediate(With("extendedKeyUsage", "clientAuth")),
             {Code::kAuthorityNotForServers},
             kIntermediate},
        Rule{"ForMail",
             Intermediate(With("extendedKeyUsage", "emailProtection")),
             {Code::kAuthorityNotForServers},
             kIntermediate},
        Rule{"ForServers",
             Intermediate(With("extendedKeyUsage", "serverAuth,clientAuth")),
             {}},
        Rule{"ForEverything",
             Intermediate(With("extendedKeyUsage", "anyExtendedKeyUsage")),
             {}},
        Rule{"EmptyExtendedKeyUsage",
             Intermediate(With("extendedKeyUsage", "DER:3000")), kNoAuthority,
             kIntermediate},
        Rule{"UnknownCriticalExtension",
             Intermediate(With(kUnknownOid, "critical,DER:0500")),
             {Code::kBadCertificate},
             kIntermediate},
        Rule{"TwoOfAnExtension",
             Intermediate(Also("basicConstraints", "critical,CA:TRUE")),
             {Code::kBadCertificate},
             kIntermediate},
        Rule{"MalformedBasicConstraints",
             Intermediate(With("basicConstraints", "critical,DER:0500")),
             kNoAuthority, kIntermediate},
        Rule{"MalformedNameConstraints",
             Intermediate(With("nameConstraints", "critical,DER:0500")),
             {Code::kBadCertificate},
             kIntermediate},
        Rule{"EmptyNameConstraints",
             Intermediate(With("nameConstraints", "critical,DER:3000")),
             {Code::kBadCertificate},
             kIntermediate},
        Rule{"EmptySubtrees",
             Intermediate(With("nameConstraints", "critical,DER:3004a000a100")),
             {Code::kBadCertificate},
             kIntermediate},
        Rule{"Rsa1024",
             Intermediate(Key("RSA:1024")),
             {Code::kWeakCertificateKey},
             kIntermediate},
        Rule{"Secp256k1", Intermediate(Key("secp256k1")), kKeyRefused,
             kIntermediate},
        Rule{"P384", Intermediate(Key("P-384")), {}},
        Rule{"P521", Intermediate(Key("P-521")), {}},
        Rule{"Sha1",
             Intermediate(Hash("SHA1")),
             {Code::kWeakSignature},
             kIntermediate},
        Rule{"PssSha256", PssBelowTheRoot("SHA256"), {}},
        Rule{"PssSha512", PssBelowTheRoot("SHA512"), {}},
        Rule{"PssSha1",
             PssBelowTheRoot("SHA1"),
             {Code::kWeakSignature},
             kIntermediate},
        Rule{"OtherAlgorithmOutside",
             Intermediate([](CertificateSpec* spec) {
               spec->outer_hash = "SHA384";
             }),
             {Code::kBadCertificate},
             kIntermediate},
        Rule{"AlteredSignature",
             [](Specs* specs) { specs->altered = &specs->intermediate; },
             {Code::kBadSignature},
             kIntermediate},
        Rule{"WithoutKeyIdentifier",
             Intermediate(Without("subjectKeyIdentifier")),
             {}},
        Rule{"ForeignAuthorityKeyIdentifier",
             Intermediate(With("authorityKeyIdentifier", "DER:3004800231ff")),
             {}}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Root, CertificateRulesTest,
    testing::Values(
        Rule{"Expired", Root(IsExpired), {Code::kAuthorityExpired}, kRoot},
        Rule{"NotYetValid", Root(IsNotYetValid), {Code::kNotYetValid}, kRoot},
        // The roots of the nineties have no extensions.
        Rule{"Version1", Root(Version(1)), {}},
        Rule{"WithoutBasicConstraints",
             Root(Without("basicConstraints")),
             {Code::kAuthorityNotForServers},
             kRoot},
        Rule{"NoAuthority",
             Root(With("basicConstraints", "critical,CA:FALSE")),
             {Code::kAuthorityNotForServers},
             kRoot},
        Rule{"PathLengthOfNone",
             Root(With("basicConstraints", "critical,CA:TRUE,pathlen:0")),
             {Code::kAuthorityNotForServers},
             kRoot},
        Rule{"PathLengthOfOne",
             Root(With("basicConstraints", "critical,CA:TRUE,pathlen:1")),
             {}},
        Rule{"KeyUsageWithoutCertificates",
             Root(With("keyUsage", "critical,cRLSign")),
             {Code::kAuthorityNotForServers},
             kRoot},
        Rule{"ForClients",
             Root(With("extendedKeyUsage", "clientAuth")),
             {Code::kAuthorityNotForServers},
             kRoot},
        Rule{"ForServers", Root(With("extendedKeyUsage", "serverAuth")), {}},
        Rule{"ForEverything",
             Root(With("extendedKeyUsage", "anyExtendedKeyUsage")),
             {}},
        Rule{"UnknownCriticalExtension",
             Root(With(kUnknownOid, "critical,DER:0500")),
             {Code::kBadCertificate},
             kRoot},
        Rule{"Rsa1024",
             Root(Key("RSA:1024")),
             {Code::kWeakCertificateKey},
             kRoot},
        // Nobody looks at what an anchor says of itself.
        Rule{"Sha1", Root(Hash("SHA1")), {}}),
    [](const auto& test) { return test.param.name; });

// To the second, and no clock is given any slack.

class ValidityTest : public ChainTest {
 protected:
  Problems At(absl::Duration after_the_end) {
    return Verify({root_}, {MakeCertificate(spec_, &root_)},
                  spec_.not_after + after_the_end);
  }
  Problems AtTheBeginning(absl::Duration after_the_beginning) {
    return Verify({root_}, {MakeCertificate(spec_, &root_)},
                  spec_.not_before + after_the_beginning);
  }

  const MadeCertificate root_ = MakeCertificate(AuthoritySpec("Root"));
  const CertificateSpec spec_ = [] {
    CertificateSpec spec = LeafSpec(kHost);
    spec.not_before = absl::FromUnixSeconds(1767225600);
    spec.not_after = absl::FromUnixSeconds(1775001600);
    return spec;
  }();
};

TEST_F(ValidityTest, TheLastSecondCountsToItsEnd) {
  EXPECT_THAT(At(absl::ZeroDuration()), IsAccepted());
  EXPECT_THAT(At(absl::Milliseconds(999)), IsAccepted());
  EXPECT_THAT(At(absl::Seconds(1)), IsOnlyCode(Code::kExpired));
}

TEST_F(ValidityTest, TheFirstSecondCountsFromItsBeginning) {
  EXPECT_THAT(AtTheBeginning(absl::ZeroDuration()), IsAccepted());
  EXPECT_THAT(AtTheBeginning(-absl::Milliseconds(1)),
              IsOnlyCode(Code::kNotYetValid));
  EXPECT_THAT(AtTheBeginning(-absl::Seconds(1)),
              IsOnlyCode(Code::kNotYetValid));
}

TEST_F(ValidityTest, ACertificateMayOutliveTheYear2050) {
  CertificateSpec spec = LeafSpec(kHost);
  spec.not_after = absl::FromUnixSeconds(4102444800);  // 2100
  CertificateSpec authority = AuthoritySpec("Root");
  authority.not_after = spec.not_after;
  const MadeCertificate root = MakeCertificate(authority);
  const MadeCertificate leaf = MakeCertificate(spec, &root);
  EXPECT_THAT(Verify({root}, {leaf}, spec.not_after), IsAccepted());
  EXPECT_THAT(Verify({root}, {leaf}, spec.not_after + absl::Seconds(1)),
              testing::Not(testing::IsEmpty()));
}

class EveryProblemTest : public ChainTest {};

TEST_F(EveryProblemTest, IsToldTheLeafsFirst) {
  CertificateSpec spec = LeafSpec("elsewhere.example");
  IsExpired(&spec);
  CertificateSpec authority = AuthoritySpec("Intermediate");
  IsExpired(&authority);
  const MadeCertificate root = MakeCertificate(AuthoritySpec("Root"));
  const MadeCertificate intermediate = MakeCertificate(authority, &root);
  const MadeCertificate leaf = MakeCertificate(spec, &intermediate);
  const MadeCertificate other = MakeCertificate(AuthoritySpec("Other"));
  const Problems problems = Verify({other}, {leaf, intermediate, root});
  std::vector<Code> codes;
  for (const CertificateProblem& problem : problems) {
    codes.push_back(problem.code);
  }
  EXPECT_THAT(codes, testing::IsSupersetOf({Code::kExpired, Code::kWrongName,
                                            Code::kAuthorityExpired,
                                            Code::kUnknownIssuer}));
  ASSERT_FALSE(problems.empty());
  EXPECT_EQ(problems.front().subject, kLeaf);
  // The authorities' come after the leaf's.
  const auto is_of_leaf = [](const CertificateProblem& problem) {
    return problem.code == Code::kExpired || problem.code == Code::kWrongName;
  };
  EXPECT_TRUE(std::is_partitioned(problems.begin(), problems.end(), is_of_leaf))
      << testing::PrintToString(problems);
}

}  // namespace
}  // namespace holdfast::test
