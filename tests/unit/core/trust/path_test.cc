// How a path is found from what the server sends to what is trusted: whatever
// it sends besides, in whatever order, if one path is good, that one counts.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/chain_test.h"

namespace holdfast::test {
namespace {

using Code = ErrorCode;

const absl::Duration kDay = absl::Hours(24);

CertificateSpec WithKey(const std::string& name, const PrivateKey& key) {
  CertificateSpec spec = AuthoritySpec(name);
  spec.key = key;
  return spec;
}

CertificateSpec Expired(CertificateSpec spec) {
  spec.not_after = absl::Now() - kDay;
  return spec;
}

class PathTest : public ChainTest {
 protected:
  static MadeCertificate Authority(const std::string& name,
                                   const MadeCertificate* issuer = nullptr) {
    return MakeCertificate(AuthoritySpec(name), issuer);
  }
  static MadeCertificate Leaf(const MadeCertificate& issuer) {
    return MakeCertificate(LeafSpec(kHost), &issuer);
  }

  const MadeCertificate root_ = Authority("Root");
  const MadeCertificate upper_ = Authority("Upper", &root_);
  const MadeCertificate lower_ = Authority("Lower", &upper_);
  const MadeCertificate leaf_ = Leaf(lower_);
  const MadeCertificate other_root_ = Authority("Other root");
  const MadeCertificate other_ = Authority("Other", &other_root_);
};

TEST_F(PathTest, EveryOrderWillDo) {
  Certificates sent = {lower_, upper_, root_, other_};
  const auto before = [](const MadeCertificate& a, const MadeCertificate& b) {
    return a.der < b.der;
  };
  std::sort(sent.begin(), sent.end(), before);
  do {
    Certificates chain = sent;
    chain.insert(chain.begin(), leaf_);
    EXPECT_THAT(Verify({root_}, chain), IsAccepted());
  } while (std::next_permutation(sent.begin(), sent.end(), before));
}

TEST_F(PathTest, WhatIsSentTwiceDoesNoHarm) {
  EXPECT_THAT(Verify({root_}, {leaf_, leaf_, lower_, lower_, upper_, upper_}),
              IsAccepted());
}

TEST_F(PathTest, FortyUnneededCertificatesDoNoHarm) {
  Certificates chain = {leaf_};
  for (int i = 0; i < 40; ++i) {
    chain.push_back(Authority(absl::StrCat("Unneeded ", i)));
  }
  chain.insert(chain.end(), {lower_, upper_});
  EXPECT_THAT(Verify({root_}, chain), IsAccepted());
}

TEST_F(PathTest, WhatCannotBeReadDoesNoHarmWhereItIsNotNeeded) {
  const MadeCertificate garbage = {"no certificate", nullptr};
  EXPECT_THAT(Verify({root_}, {leaf_, garbage, lower_, upper_}), IsAccepted());
}

TEST_F(PathTest, AnUnneededCertificateMayBreakEveryRule) {
  CertificateSpec spec = Expired(AuthoritySpec("Unneeded"));
  spec.extensions.push_back({"1.3.6.1.4.1.99999.2", "critical,DER:0500"});
  spec.key = MakeKey("RSA:1024");
  spec.hash = "SHA1";
  EXPECT_THAT(Verify({root_}, {leaf_, MakeCertificate(spec), lower_, upper_}),
              IsAccepted());
}

TEST_F(PathTest, TenAuthoritiesInARowAreNoTooLongPath) {
  Certificates chain = {root_};
  for (int i = 0; i < 10; ++i) {
    chain.insert(chain.begin(), Authority(absl::StrCat(i), &chain.front()));
  }
  chain.insert(chain.begin(), Leaf(chain.front()));
  EXPECT_THAT(Verify({root_}, chain), IsAccepted());
}

// What is missing.

TEST_F(PathTest, AMissingIntermediateIsNamed) {
  EXPECT_THAT(Verify({root_}, {leaf_}), IsOnlyCode(Code::kMissingIntermediate));
  EXPECT_THAT(Verify({root_}, {leaf_, lower_}),
              IsOnlyCode(Code::kMissingIntermediate));
  EXPECT_THAT(Verify({root_}, {leaf_, upper_}),
              IsOnlyCode(Code::kMissingIntermediate));
}

TEST_F(PathTest, ARootThatWasSentIsNotTrustedForThat) {
  EXPECT_THAT(Verify({other_root_}, {leaf_, lower_, upper_, root_}),
              IsOnlyCode(Code::kUnknownIssuer));
  // Without it nobody knows whether it was left out or is not trusted.
  EXPECT_THAT(Verify({other_root_}, {leaf_, lower_, upper_}),
              IsOnlyOneOf({Code::kUnknownIssuer, Code::kMissingIntermediate}));
}

TEST_F(PathTest, ALeafThatSignsItselfIsNamedAsSuch) {
  const MadeCertificate self = MakeCertificate(LeafSpec(kHost));
  EXPECT_THAT(Verify({root_}, {self}), IsOnlyCode(Code::kSelfSigned));
  EXPECT_THAT(Verify({root_}, {self, lower_, upper_}),
              IsOnlyCode(Code::kSelfSigned));
  EXPECT_THAT(Verify({self}, {self}), IsAccepted());
}

// An impostor's own certificates in the name of the authority, whose signatures
// are by algorithms that are not used any more. They must be checked, or not be
// believed.
TEST_F(PathTest, TheAuthoritysNameOnALeafSparesItNothing) {
  const MadeCertificate twin = Authority("Root");
  for (const char* const hash : {"SHA1", "SHA224", "SHA256"}) {
    CertificateSpec spec = LeafSpec(kHost);
    spec.subject = {{"CN", "Root"}};
    spec.hash = hash;
    const MadeCertificate self_signed = MakeCertificate(spec);
    const MadeCertificate leaf = MakeCertificate(spec, &twin);
    EXPECT_THAT(Verify({root_}, {self_signed}), testing::Not(IsAccepted()))
        << hash;
    EXPECT_THAT(Verify({root_}, {leaf}), testing::Not(IsAccepted())) << hash;
    EXPECT_THAT(Verify({root_}, {leaf, twin}), testing::Not(IsAccepted()))
        << hash;
  }
}

TEST_F(PathTest, TheAuthoritysNameOnAnIntermediateSparesItNothing) {
  for (const char* const hash : {"SHA1", "SHA224", "SHA256"}) {
    CertificateSpec spec = AuthoritySpec("Root");
    spec.hash = hash;
    const MadeCertificate twin = MakeCertificate(spec);
    EXPECT_THAT(Verify({root_}, {Leaf(twin), twin}), testing::Not(IsAccepted()))
        << hash;
    // With one that is honest between it and the leaf.
    const MadeCertificate below = Authority("Below", &twin);
    EXPECT_THAT(Verify({root_}, {Leaf(below), below, twin}),
                testing::Not(IsAccepted()))
        << hash;
    // And signed by the authority itself it is as weak as others.
    const MadeCertificate renewed = MakeCertificate(spec, &root_);
    if (spec.hash != "SHA256") {
      EXPECT_THAT(Verify({root_}, {Leaf(renewed), renewed}),
                  testing::Not(IsAccepted()))
          << hash;
    }
  }
}

// What is trusted.

TEST_F(PathTest, AnAnchorNeedNotBeSelfSigned) {
  EXPECT_THAT(Verify({lower_}, {leaf_}), IsAccepted());
  EXPECT_THAT(Verify({lower_}, {leaf_, lower_, upper_, root_}), IsAccepted());
  EXPECT_THAT(Verify({upper_}, {leaf_, lower_}), IsAccepted());
}

TEST_F(PathTest, WhatStandsAboveAnAnchorIsNotLookedAt) {
  const MadeCertificate expired_root =
      MakeCertificate(Expired(WithKey("Root", root_.key)));
  EXPECT_THAT(Verify({upper_}, {leaf_, lower_, upper_, expired_root}),
              IsAccepted());
  EXPECT_THAT(Verify({upper_, expired_root}, {leaf_, lower_, upper_}),
              IsAccepted());
}

TEST_F(PathTest, AnAnchorThatWasSentTooIsTheAnchor) {
  EXPECT_THAT(Verify({root_}, {leaf_, lower_, upper_, root_}), IsAccepted());
  // An anchor of version 1 may issue, a certificate that was sent may not.
  CertificateSpec old = WithKey("Root", root_.key);
  old.version = 1;
  old.extensions.clear();
  const MadeCertificate old_root = MakeCertificate(old);
  EXPECT_THAT(Verify({old_root}, {leaf_, lower_, upper_, old_root}),
              IsAccepted());
}

TEST_F(PathTest, ALeafMayBeTheAnchor) {
  EXPECT_THAT(Verify({leaf_}, {leaf_}), IsAccepted());
  EXPECT_THAT(Verify({leaf_}, {leaf_, lower_, upper_}), IsAccepted());
  // It is trusted for itself, and issues nothing.
  CertificateSpec below = LeafSpec(kHost);
  EXPECT_THAT(Verify({leaf_}, {MakeCertificate(below, &leaf_), leaf_}),
              IsOnlyCode(Code::kAuthorityNotForServers));
}

// It has no extension to say that it issues nothing. Self-signed, it may be one
// of the old roots.
TEST_F(PathTest, AnOldAnchorIssuesNothingUnlessItIsSelfSigned) {
  CertificateSpec old = LeafSpec("other.example.com");
  old.version = 1;
  old.extensions.clear();
  const MadeCertificate anchor = MakeCertificate(old, &lower_);
  EXPECT_THAT(
      Verify({anchor}, {Leaf(anchor)}),
      IsOnlyOneOf({Code::kAuthorityNotForServers, Code::kBadCertificate}));
}

TEST_F(PathTest, ATrustedLeafKeepsTheRulesOfLeaves) {
  const MadeCertificate expired = MakeCertificate(Expired(LeafSpec(kHost)));
  EXPECT_THAT(Verify({expired}, {expired}), IsOnlyCode(Code::kExpired));
  const MadeCertificate elsewhere =
      MakeCertificate(LeafSpec("elsewhere.example"));
  EXPECT_THAT(Verify({elsewhere}, {elsewhere}), IsOnlyCode(Code::kWrongName));
}

TEST_F(PathTest, TheRightAnchorIsFoundAmongSeveralOfItsName) {
  const MadeCertificate twin = Authority("Root");
  const MadeCertificate other_twin = Authority("Root");
  EXPECT_THAT(Verify({twin, other_twin, root_}, {leaf_, lower_, upper_}),
              IsAccepted());
  EXPECT_THAT(Verify({root_, twin, other_twin}, {leaf_, lower_, upper_}),
              IsAccepted());
  // With all of them wrong.
  EXPECT_THAT(Verify({twin, other_twin}, {leaf_, lower_, upper_}),
              testing::Not(IsAccepted()));
}

TEST_F(PathTest, AnchorsMayShareNameAndSerialNumber) {
  CertificateSpec spec = AuthoritySpec("appliance");
  spec.serial = 1;
  const MadeCertificate one = MakeCertificate(spec);
  const MadeCertificate two = MakeCertificate(spec);
  EXPECT_THAT(Verify({one, two}, {Leaf(one)}), IsAccepted());
  EXPECT_THAT(Verify({one, two}, {Leaf(two)}), IsAccepted());
  EXPECT_THAT(Verify({one}, {Leaf(two), two}), testing::Not(IsAccepted()));
}

TEST_F(PathTest, ARenewedAnchorStandsBesideTheOldOne) {
  const MadeCertificate old =
      MakeCertificate(Expired(WithKey("Root", root_.key)));
  EXPECT_THAT(Verify({old, root_}, {leaf_, lower_, upper_}), IsAccepted());
  EXPECT_THAT(Verify({root_, old}, {leaf_, lower_, upper_}), IsAccepted());
  EXPECT_THAT(Verify({root_}, {leaf_, lower_, upper_, old}), IsAccepted());
  EXPECT_THAT(Verify({old}, {leaf_, lower_, upper_}),
              IsOnlyCode(Code::kAuthorityExpired));
  // A newer root that was sent is not the one that is trusted.
  EXPECT_THAT(Verify({old}, {leaf_, lower_, upper_, root_}),
              IsOnlyCode(Code::kAuthorityExpired));
}

TEST_F(PathTest, AForgedCopyOfTheAnchorNeitherHelpsNorHarms) {
  const MadeCertificate forged = Forge(root_);
  EXPECT_THAT(Verify({root_}, {leaf_, forged, lower_, upper_}), IsAccepted());
  const MadeCertificate below = Leaf(forged);
  EXPECT_THAT(Verify({root_}, {below, forged}), testing::Not(IsAccepted()));
  EXPECT_THAT(Verify({root_}, {below}), testing::Not(IsAccepted()));
}

// Several certificates of one authority.

TEST_F(PathTest, AnExpiredAlternativeDoesNoHarm) {
  const MadeCertificate old =
      MakeCertificate(Expired(WithKey("Lower", lower_.key)), &upper_);
  EXPECT_THAT(Verify({root_}, {leaf_, old, lower_, upper_}), IsAccepted());
  EXPECT_THAT(Verify({root_}, {leaf_, lower_, old, upper_}), IsAccepted());
  EXPECT_THAT(Verify({root_}, {leaf_, old, upper_}),
              IsOnlyCode(Code::kAuthorityExpired));
}

TEST_F(PathTest, AnAlternativeThatBreaksAnotherRuleDoesNoHarm) {
  const std::vector<std::pair<Extension, Code>> faults = {
      {{"basicConstraints", "critical,CA:FALSE"},
       Code::kAuthorityNotForServers},
      {{"keyUsage", "critical,cRLSign"}, Code::kAuthorityNotForServers},
      {{"extendedKeyUsage", "clientAuth"}, Code::kAuthorityNotForServers},
      {NameConstraints({{GeneralName::Kind::kDns, "elsewhere.example"}}, {}),
       Code::kNameNotPermitted},
      {{"1.3.6.1.4.1.99999.2", "critical,DER:0500"}, Code::kBadCertificate},
  };
  for (const auto& [extension, code] : faults) {
    CertificateSpec spec = WithKey("Lower", lower_.key);
    SetExtension(extension, &spec);
    const MadeCertificate bad = MakeCertificate(spec, &upper_);
    EXPECT_THAT(Verify({root_}, {leaf_, bad, lower_, upper_}), IsAccepted())
        << extension.first;
    EXPECT_THAT(Verify({root_}, {leaf_, lower_, bad, upper_}), IsAccepted())
        << extension.first;
    EXPECT_THAT(Verify({root_}, {leaf_, bad, upper_}), IsOnlyCode(code))
        << extension.first;
  }
}

TEST_F(PathTest, AnotherKeyOfTheIssuersNameDoesNoHarm) {
  const MadeCertificate other_key = Authority("Lower", &upper_);
  EXPECT_THAT(Verify({root_}, {leaf_, other_key, lower_, upper_}),
              IsAccepted());
  EXPECT_THAT(Verify({root_}, {leaf_, lower_, other_key, upper_}),
              IsAccepted());
  // Alone it has not signed the leaf, whoever has.
  EXPECT_THAT(Verify({root_}, {leaf_, other_key, upper_}),
              IsOnlyOneOf({Code::kBadSignature, Code::kMissingIntermediate}));
}

TEST_F(PathTest, KeyIdentifiersAreNotNeededToTellKeysApart) {
  CertificateSpec spec = AuthoritySpec("Lower");
  spec.extensions.pop_back();
  const MadeCertificate one = MakeCertificate(spec, &upper_);
  const MadeCertificate two = MakeCertificate(spec, &upper_);
  EXPECT_THAT(Verify({root_}, {Leaf(two), one, two, upper_}), IsAccepted());
  EXPECT_THAT(Verify({root_}, {Leaf(one), one, two, upper_}), IsAccepted());
}

// Cross-signing.

TEST_F(PathTest, ACrossSignedAuthorityLeadsToWhicheverRootIsTrusted) {
  const MadeCertificate cross =
      MakeCertificate(WithKey("Root", root_.key), &other_root_);
  const Certificates chain = {leaf_, lower_, upper_, cross};
  EXPECT_THAT(Verify({root_}, chain), IsAccepted());
  EXPECT_THAT(Verify({other_root_}, chain), IsAccepted());
  EXPECT_THAT(Verify({root_, other_root_}, chain), IsAccepted());
  EXPECT_THAT(Verify({other_root_}, {leaf_, lower_, upper_, root_, cross}),
              IsAccepted());
}

// As when AddTrust's root expired.
TEST_F(PathTest, ACrossSignatureThatExpiredDoesNoHarm) {
  const MadeCertificate expired_root =
      MakeCertificate(Expired(WithKey("Other root", other_root_.key)));
  const MadeCertificate cross =
      MakeCertificate(WithKey("Root", root_.key), &expired_root);
  const MadeCertificate expired_cross =
      MakeCertificate(Expired(WithKey("Root", root_.key)), &other_root_);
  EXPECT_THAT(Verify({root_, expired_root}, {leaf_, lower_, upper_, cross}),
              IsAccepted());
  EXPECT_THAT(Verify({expired_root, root_}, {leaf_, lower_, upper_, cross}),
              IsAccepted());
  EXPECT_THAT(
      Verify({root_, other_root_}, {leaf_, lower_, upper_, expired_cross}),
      IsAccepted());
  EXPECT_THAT(Verify({expired_root}, {leaf_, lower_, upper_, cross}),
              IsOnlyCode(Code::kAuthorityExpired));
}

TEST_F(PathTest, AuthoritiesThatIssuedEachOtherLeadOutOfTheCircle) {
  const PrivateKey a = MakeKey("P-256");
  const PrivateKey b = MakeKey("P-256");
  const MadeCertificate root = MakeCertificate(WithKey("A", a));
  const MadeCertificate other = MakeCertificate(WithKey("B", b));
  const MadeCertificate a_by_b = MakeCertificate(WithKey("A", a), &other);
  const MadeCertificate b_by_a = MakeCertificate(WithKey("B", b), &root);
  EXPECT_THAT(Verify({root}, {Leaf(root), a_by_b, b_by_a}), IsAccepted());
  EXPECT_THAT(Verify({root}, {Leaf(other), a_by_b, b_by_a}), IsAccepted());
  // And where none of them is trusted, nowhere.
  EXPECT_THAT(Verify({root_}, {Leaf(other), a_by_b, b_by_a}),
              testing::Not(IsAccepted()));
}

// Who may issue.

TEST_F(PathTest, ALeafIssuesNothing) {
  const MadeCertificate below = MakeCertificate(LeafSpec(kHost), &leaf_);
  EXPECT_THAT(Verify({root_}, {below, leaf_, lower_, upper_}),
              IsOnlyCode(Code::kAuthorityNotForServers));
}

TEST_F(PathTest, ThePathLengthCountsAuthoritiesBelow) {
  const auto at_most = [](const std::string& name, int length,
                          const MadeCertificate* issuer) {
    CertificateSpec spec = AuthoritySpec(name);
    SetExtension(
        {"basicConstraints", absl::StrCat("critical,CA:TRUE,pathlen:", length)},
        &spec);
    return MakeCertificate(spec, issuer);
  };
  const MadeCertificate upper = at_most("Upper", 0, &root_);
  EXPECT_THAT(Verify({root_}, {Leaf(upper), upper}), IsAccepted());
  const MadeCertificate lower = at_most("Lower", 3, &upper);
  EXPECT_THAT(Verify({root_}, {Leaf(lower), lower, upper}),
              IsOnlyCode(Code::kAuthorityNotForServers));
  // The leaf is not counted even if it is an authority.
  EXPECT_THAT(
      Verify(
          {root_},
          {MakeCertificate(
               [] {
                 CertificateSpec spec = LeafSpec(kHost);
                 SetExtension({"basicConstraints", "critical,CA:TRUE"}, &spec);
                 return spec;
               }(),
               &upper),
           upper}),
      IsAccepted());
  const MadeCertificate one = at_most("Upper", 1, &root_);
  const MadeCertificate below = at_most("Lower", 1, &one);
  EXPECT_THAT(Verify({root_}, {Leaf(below), below, one}), IsAccepted());
}

TEST_F(PathTest, AnAuthoritysNewKeyDoesNotCountForThePathLength) {
  CertificateSpec spec = AuthoritySpec("Upper");
  SetExtension({"basicConstraints", "critical,CA:TRUE,pathlen:0"}, &spec);
  const MadeCertificate upper = MakeCertificate(spec, &root_);
  const MadeCertificate renewed = MakeCertificate(spec, &upper);
  EXPECT_THAT(Verify({root_}, {Leaf(renewed), renewed, upper}), IsAccepted());
}

TEST_F(PathTest, TheIssuersNameCountsAsMuchAsItsKey) {
  // The same key under another name.
  const MadeCertificate renamed =
      MakeCertificate(WithKey("Renamed", lower_.key), &upper_);
  EXPECT_THAT(Verify({root_}, {leaf_, renamed, upper_}),
              IsOnlyCode(Code::kMissingIntermediate));
}

}  // namespace
}  // namespace holdfast::test
