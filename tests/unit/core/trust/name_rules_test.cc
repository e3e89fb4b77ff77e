// Names: which host a certificate is for (RFC 9525), and which names an
// authority may put into it (RFC 5280, 4.2.1.10).

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/chain_test.h"

namespace holdfast::test {
namespace {

using Code = ErrorCode;
using Kind = GeneralName::Kind;
using Names = std::vector<GeneralName>;

GeneralName Dns(std::string name) { return {Kind::kDns, std::move(name)}; }
GeneralName Address(absl::string_view text) {
  return {Kind::kAddress, AddressBytes(text)};
}
GeneralName Email(std::string name) { return {Kind::kEmail, std::move(name)}; }
GeneralName Uri(std::string name) { return {Kind::kUri, std::move(name)}; }
GeneralName Other(std::string name) { return {Kind::kOther, std::move(name)}; }
GeneralName Directory(std::string name) {
  return {Kind::kDirectory, std::move(name)};
}

struct HostRow {
  std::string what;
  std::string host;
  Names names;
  bool matches;
};
void PrintTo(const HostRow& row, std::ostream* out) { *out << row.what; }

class HostTest : public ChainTest,
                 public testing::WithParamInterface<HostRow> {};

TEST_P(HostTest, IsTheCertificates) {
  const MadeCertificate root = MakeCertificate(AuthoritySpec("Root"));
  CertificateSpec spec = LeafSpec(kHost);
  // The common name must count for nothing.
  spec.subject = {{"CN", GetParam().host}};
  RemoveExtension("subjectAltName", &spec);
  if (!GetParam().names.empty()) {
    SetExtension(SubjectAltName(GetParam().names), &spec);
  }
  const Problems problems = Verify({root}, {MakeCertificate(spec, &root)},
                                   absl::Now(), GetParam().host);
  if (GetParam().matches) {
    EXPECT_THAT(problems, IsAccepted());
  } else {
    EXPECT_THAT(problems, IsOnlyCode(Code::kWrongName));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Names, HostTest,
    testing::Values(
        HostRow{"Exact", kHost, {Dns(kHost)}, true},
        HostRow{"Case", kHost, {Dns("MAIL.Example.COM")}, true},
        HostRow{"OneOfSeveral",
                kHost,
                {Email("a@example.com"), Dns("a.example"), Dns(kHost)},
                true},
        HostRow{"Another", kHost, {Dns("www.example.com")}, false},
        HostRow{"None", kHost, {}, false},
        HostRow{"Parent", kHost, {Dns("example.com")}, false},
        HostRow{"Child", kHost, {Dns("a.mail.example.com")}, false},
        HostRow{"Suffix", kHost, {Dns("l.example.com")}, false},
        HostRow{"Prefix", kHost, {Dns("mail.example.com.evil.example")}, false},
        HostRow{"FinalDot", kHost, {Dns("mail.example.com.")}, false},
        HostRow{"LeadingDot", kHost, {Dns(".example.com")}, false},
        HostRow{"Space", kHost, {Dns("mail.example.com ")}, false},
        HostRow{"Nul",
                kHost,
                {Dns(std::string("mail.example.com\0.evil.example", 30))},
                false},
        HostRow{"Wildcard", kHost, {Dns("*.example.com")}, true},
        HostRow{"WildcardCase", kHost, {Dns("*.EXAMPLE.com")}, true},
        HostRow{"WildcardOfTwoLabels", kHost, {Dns("*.com")}, false},
        HostRow{"WildcardForItsOwnDomain",
                "example.com",
                {Dns("*.example.com")},
                false},
        HostRow{"WildcardAcrossLabels",
                "a.mail.example.com",
                {Dns("*.example.com")},
                false},
        HostRow{
            "WildcardOfATopLevelDomain", "example.com", {Dns("*.com")}, false},
        HostRow{"WildcardAlone", "mailhost", {Dns("*")}, false},
        HostRow{"WildcardWithText", kHost, {Dns("m*.example.com")}, false},
        HostRow{
            "WildcardWithTextBehind", kHost, {Dns("*l.example.com")}, false},
        HostRow{"WildcardInTheMiddle", kHost, {Dns("mail.*.com")}, false},
        HostRow{"TwoWildcards", kHost, {Dns("*.*.com")}, false},
        HostRow{"SingleLabel", "mailhost", {Dns("mailhost")}, true},
        HostRow{"Punycode",
                "xn--mnchen-3ya.example",
                {Dns("xn--mnchen-3ya.example")},
                true},
        HostRow{"UnicodeHost",
                "m\xc3\xbcnchen.example",
                {Dns("xn--mnchen-3ya.example")},
                true},
        HostRow{"Address", "192.0.2.1", {Address("192.0.2.1")}, true},
        HostRow{"AnotherAddress", "192.0.2.1", {Address("192.0.2.2")}, false},
        HostRow{"AddressAsText", "192.0.2.1", {Dns("192.0.2.1")}, false},
        HostRow{"AddressAndWildcard", "192.0.2.1", {Dns("*.0.2.1")}, false},
        HostRow{
            "AddressMapped", "192.0.2.1", {Address("::ffff:192.0.2.1")}, false},
        HostRow{"Address6", "2001:db8::1", {Address("2001:db8::1")}, true},
        HostRow{
            "AnotherAddress6", "2001:db8::1", {Address("2001:db8::2")}, false},
        HostRow{
            "AddressWithMask", "192.0.2.1", {Address("192.0.2.1/32")}, false},
        HostRow{"NameWithAddress", kHost, {Address("192.0.2.1")}, false},
        HostRow{"Uri", kHost, {Uri("https://mail.example.com/")}, false},
        HostRow{"EmailAddress", kHost, {Email("mail.example.com")}, false},
        HostRow{
            "DirectoryName", kHost, {Directory("CN=mail.example.com")}, false}),
    [](const auto& test) { return test.param.what; });

// Name constraints.

struct TreeRow {
  std::string what;
  Names permitted;
  Names excluded;
  Names names;  // beside the host's
  bool good;
  std::vector<std::pair<std::string, std::string>> subject = {{"O", "Example"},
                                                              {"CN", "leaf"}};
  bool critical = true;
};
void PrintTo(const TreeRow& row, std::ostream* out) { *out << row.what; }

class NameConstraintsTest : public ChainTest,
                            public testing::WithParamInterface<TreeRow> {
 protected:
  static CertificateSpec Constrained(const std::string& name) {
    CertificateSpec spec = AuthoritySpec(name);
    spec.subject = {{"O", "Example"}, {"CN", name}};
    SetExtension(NameConstraints(GetParam().permitted, GetParam().excluded,
                                 GetParam().critical),
                 &spec);
    return spec;
  }
  static CertificateSpec Below() {
    CertificateSpec spec = AuthoritySpec("Below");
    spec.subject = {{"O", "Example"}, {"CN", "Below"}};
    return spec;
  }
  static CertificateSpec Leaf() {
    CertificateSpec spec = LeafSpec(kHost);
    spec.subject = GetParam().subject;
    Names names = GetParam().names;
    if (names.empty() || names.front().value.front() != '*') {
      names.insert(names.begin(), Dns(kHost));
    }
    SetExtension(SubjectAltName(names, spec.subject.empty()), &spec);
    return spec;
  }
  static void ExpectVerdict(const Problems& problems) {
    if (GetParam().good) {
      EXPECT_THAT(problems, IsAccepted());
    } else {
      EXPECT_THAT(problems, IsOnlyCode(Code::kNameNotPermitted));
    }
  }
};

TEST_P(NameConstraintsTest, OfTheIssuerHold) {
  const MadeCertificate root = MakeCertificate(AuthoritySpec("Root"));
  const MadeCertificate issuer = MakeCertificate(Constrained("Issuer"), &root);
  ExpectVerdict(Verify({root}, {MakeCertificate(Leaf(), &issuer), issuer}));
}

TEST_P(NameConstraintsTest, OfTheAnchorHoldForAllBelow) {
  const MadeCertificate root = MakeCertificate(Constrained("Root"));
  const MadeCertificate issuer = MakeCertificate(Below(), &root);
  ExpectVerdict(Verify({root}, {MakeCertificate(Leaf(), &issuer), issuer}));
}

INSTANTIATE_TEST_SUITE_P(
    DnsNames, NameConstraintsTest,
    testing::Values(
        TreeRow{"Permitted", {Dns("example.com")}, {}, {}, true},
        TreeRow{"PermittedItself", {Dns(kHost)}, {}, {}, true},
        TreeRow{"PermittedCase", {Dns("EXAMPLE.Com")}, {}, {}, true},
        TreeRow{"PermittedTopLevel", {Dns("com")}, {}, {}, true},
        TreeRow{"PermittedAll", {Dns("")}, {}, {}, true},
        TreeRow{"NotPermitted", {Dns("example.org")}, {}, {}, false},
        TreeRow{
            "PermittedBelowOnly", {Dns("a.mail.example.com")}, {}, {}, false},
        TreeRow{"NoLabelBoundary", {Dns("le.com")}, {}, {}, false},
        TreeRow{"LeadingDot", {Dns(".example.com")}, {}, {}, true},
        TreeRow{"LeadingDotIsNotItself",
                {Dns(".example.com")},
                {},
                {Dns("example.com")},
                false},
        TreeRow{"OneOfSeveral",
                {Dns("example.org"), Dns("example.com")},
                {},
                {},
                true},
        TreeRow{"EveryNameCounts",
                {Dns("example.com")},
                {},
                {Dns("www.example.org")},
                false},
        TreeRow{"Excluded", {}, {Dns("example.com")}, {}, false},
        TreeRow{"ExcludedItself", {}, {Dns(kHost)}, {}, false},
        TreeRow{"ExcludedCase", {}, {Dns("EXAMPLE.com")}, {}, false},
        TreeRow{"ExcludedAll", {}, {Dns("")}, {}, false},
        TreeRow{"ExcludedElsewhere", {}, {Dns("example.org")}, {}, true},
        TreeRow{"ExcludedBelow", {}, {Dns("a.mail.example.com")}, {}, true},
        TreeRow{"ExcludedNoLabelBoundary", {}, {Dns("le.com")}, {}, true},
        TreeRow{"ExcludedOfThePermitted",
                {Dns("example.com")},
                {Dns("mail.example.com")},
                {},
                false},
        TreeRow{"NotCriticalHoldsToo",
                {Dns("example.org")},
                {},
                {},
                false,
                {{"CN", "leaf"}},
                false},
        TreeRow{"WildcardPermitted",
                {Dns("example.com")},
                {},
                {Dns("*.example.com")},
                true},
        TreeRow{"WildcardIsMoreThanPermitted",
                {Dns("mail.example.com")},
                {},
                {Dns("*.example.com")},
                false},
        TreeRow{"WildcardExcluded",
                {},
                {Dns("example.com")},
                {Dns("*.example.com")},
                false},
        // *.example.com stands for www.example.com too.
        TreeRow{"WildcardMayBeExcluded",
                {},
                {Dns("www.example.com")},
                {Dns("*.example.com")},
                false},
        TreeRow{"WildcardOutOfTheExcluded",
                {},
                {Dns("www.example.org")},
                {Dns("*.example.com")},
                true}),
    [](const auto& test) { return test.param.what; });

INSTANTIATE_TEST_SUITE_P(
    Addresses, NameConstraintsTest,
    testing::Values(
        TreeRow{"Permitted",
                {Address("192.0.2.0/24")},
                {},
                {Address("192.0.2.200")},
                true},
        TreeRow{"NotPermitted",
                {Address("192.0.2.0/24")},
                {},
                {Address("192.0.3.1")},
                false},
        TreeRow{"PermittedHalf",
                {Address("192.0.2.128/25")},
                {},
                {Address("192.0.2.1")},
                false},
        TreeRow{"OfAnotherKindOfName", {Address("192.0.2.0/24")}, {}, {}, true},
        TreeRow{"Excluded",
                {},
                {Address("192.0.2.0/24")},
                {Address("192.0.2.1")},
                false},
        TreeRow{"ExcludedElsewhere",
                {},
                {Address("192.0.2.0/24")},
                {Address("198.51.100.1")},
                true},
        TreeRow{"ExcludedAll",
                {},
                {Address("0.0.0.0/0")},
                {Address("198.51.100.1")},
                false},
        TreeRow{"Permitted6",
                {Address("2001:db8::/32")},
                {},
                {Address("2001:db8:1::1")},
                true},
        TreeRow{"NotPermitted6",
                {Address("2001:db8::/32")},
                {},
                {Address("2001:db9::1")},
                false},
        // What is said of one family permits none of the other.
        TreeRow{"OtherFamilyIsNotPermitted",
                {Address("192.0.2.0/24")},
                {},
                {Address("2001:db8::1")},
                false},
        TreeRow{"OtherFamilyIsNotExcluded",
                {},
                {Address("0.0.0.0/0")},
                {Address("2001:db8::1")},
                true}),
    [](const auto& test) { return test.param.what; });

INSTANTIATE_TEST_SUITE_P(
    DirectoryNames, NameConstraintsTest,
    testing::Values(
        TreeRow{"SubjectPermitted", {Directory("O=Example")}, {}, {}, true},
        TreeRow{
            "SubjectItself",
            {Directory("O=Example,CN=leaf"), Directory("O=Example,CN=Below")},
            {},
            {},
            true},
        TreeRow{"SubjectNotPermitted",
                {Directory("O=Example")},
                {},
                {},
                false,
                {{"O", "Other"}, {"CN", "leaf"}}},
        TreeRow{"SubjectOutOfOrder",
                {Directory("O=Example")},
                {},
                {},
                false,
                {{"CN", "leaf"}, {"O", "Example"}}},
        TreeRow{"SubjectExcluded",
                {},
                {Directory("O=Other")},
                {},
                false,
                {{"O", "Other"}, {"CN", "leaf"}}},
        TreeRow{"SubjectNotExcluded", {}, {Directory("O=Other")}, {}, true},
        TreeRow{
            "NoSubjectIsNoName", {Directory("O=Example")}, {}, {}, true, {}},
        TreeRow{"AlternativeNamePermitted",
                {Directory("O=Example")},
                {},
                {Directory("O=Example,CN=a")},
                true},
        TreeRow{"AlternativeNameNotPermitted",
                {Directory("O=Example")},
                {},
                {Directory("O=Other,CN=a")},
                false},
        TreeRow{"AlternativeNameExcluded",
                {},
                {Directory("O=Other")},
                {Directory("O=Other,CN=a")},
                false}),
    [](const auto& test) { return test.param.what; });

INSTANTIATE_TEST_SUITE_P(MailAddresses, NameConstraintsTest,
                         testing::Values(TreeRow{"Mailbox",
                                                 {Email("a@example.com")},
                                                 {},
                                                 {Email("a@example.com")},
                                                 true},
                                         TreeRow{"AnotherMailbox",
                                                 {Email("a@example.com")},
                                                 {},
                                                 {Email("b@example.com")},
                                                 false},
                                         // The local part's case counts (RFC
                                         // 5280, 7.5), the host's does not.
                                         TreeRow{"MailboxCase",
                                                 {Email("a@example.com")},
                                                 {},
                                                 {Email("a@EXAMPLE.com")},
                                                 true},
                                         TreeRow{"AnyMailboxOfAHost",
                                                 {Email("example.com")},
                                                 {},
                                                 {Email("b@example.com")},
                                                 true},
                                         TreeRow{"NotOfAHostBelow",
                                                 {Email("example.com")},
                                                 {},
                                                 {Email("b@sub.example.com")},
                                                 false},
                                         TreeRow{"HostsBelow",
                                                 {Email(".example.com")},
                                                 {},
                                                 {Email("b@sub.example.com")},
                                                 true},
                                         TreeRow{"Excluded",
                                                 {},
                                                 {Email("example.com")},
                                                 {Email("b@example.com")},
                                                 false},
                                         TreeRow{"ExcludedElsewhere",
                                                 {},
                                                 {Email("example.org")},
                                                 {Email("b@example.com")},
                                                 true},
                                         TreeRow{"AsteriskIsNoWildcard",
                                                 {Email("*@example.com")},
                                                 {},
                                                 {Email("user@example.com")},
                                                 false}),
                         [](const auto& test) { return test.param.what; });

INSTANTIATE_TEST_SUITE_P(
    UnknownKinds, NameConstraintsTest,
    testing::Values(TreeRow{"WithoutSuchAName", {Other("x")}, {}, {}, true},
                    TreeRow{
                        "WithSuchAName", {Other("x")}, {}, {Other("x")}, false},
                    TreeRow{"Excluded", {}, {Other("y")}, {Other("x")}, false},
                    TreeRow{"Uri",
                            {Uri("example.com")},
                            {},
                            {Uri("https://a.example.com/")},
                            false},
                    TreeRow{"WithoutUri", {}, {Uri("example.com")}, {}, true}),
    [](const auto& test) { return test.param.what; });

class ConstraintsOfSeveralTest : public ChainTest {
 protected:
  static MadeCertificate Permitting(const std::string& name, Names trees,
                                    const MadeCertificate* issuer,
                                    Names own_names = {}) {
    CertificateSpec spec = AuthoritySpec(name);
    if (!trees.empty()) SetExtension(NameConstraints(trees, {}), &spec);
    if (!own_names.empty()) SetExtension(SubjectAltName(own_names), &spec);
    return MakeCertificate(spec, issuer);
  }
  static MadeCertificate Leaf(const MadeCertificate& issuer) {
    return MakeCertificate(LeafSpec(kHost), &issuer);
  }

  const MadeCertificate root_ = MakeCertificate(AuthoritySpec("Root"));
};

TEST_F(ConstraintsOfSeveralTest, ANameMustBeWithinAllOfThem) {
  const auto verify = [this](Names upper_trees, Names lower_trees) {
    const MadeCertificate upper = Permitting("Upper", upper_trees, &root_);
    const MadeCertificate lower = Permitting("Lower", lower_trees, &upper);
    return Verify({root_}, {Leaf(lower), lower, upper});
  };
  EXPECT_THAT(verify({Dns("com")}, {Dns("example.com")}), IsAccepted());
  EXPECT_THAT(verify({Dns("example.com")}, {Dns("com")}), IsAccepted());
  EXPECT_THAT(verify({Dns("example.com")}, {Dns("example.org")}),
              IsOnlyCode(Code::kNameNotPermitted));
  EXPECT_THAT(verify({Dns("example.org")}, {Dns("example.com")}),
              IsOnlyCode(Code::kNameNotPermitted));
}

TEST_F(ConstraintsOfSeveralTest, NamesOfAuthoritiesMustBeWithinToo) {
  const MadeCertificate upper =
      Permitting("Upper", {Dns("example.com")}, &root_);
  const MadeCertificate good =
      Permitting("Lower", {}, &upper, {Dns("ca.example.com")});
  const MadeCertificate bad =
      Permitting("Lower", {}, &upper, {Dns("ca.example.org")});
  EXPECT_THAT(Verify({root_}, {Leaf(good), good, upper}), IsAccepted());
  EXPECT_THAT(Verify({root_}, {Leaf(bad), bad, upper}),
              IsOnlyCode(Code::kNameNotPermitted));
}

TEST_F(ConstraintsOfSeveralTest, AnAuthoritysOwnNamesAreNotBound) {
  const MadeCertificate issuer = Permitting("Issuer", {Dns("example.com")},
                                            &root_, {Dns("ca.example.org")});
  EXPECT_THAT(Verify({root_}, {Leaf(issuer), issuer}), IsAccepted());
}

// RFC 5280, 6.1.3: so that an authority can renew its key.
TEST_F(ConstraintsOfSeveralTest, ASelfIssuedAuthorityIsNotBound) {
  const MadeCertificate upper =
      Permitting("Upper", {Dns("example.com")}, &root_);
  const MadeCertificate renewed =
      Permitting("Upper", {}, &upper, {Dns("ca.example.org")});
  EXPECT_THAT(Verify({root_}, {Leaf(renewed), renewed, upper}), IsAccepted());
  // The last one of the path is.
  CertificateSpec spec = LeafSpec(kHost);
  spec.subject = {{"CN", "Upper"}};
  SetExtension(SubjectAltName({Dns(kHost), Dns("www.example.org")}), &spec);
  EXPECT_THAT(Verify({root_}, {MakeCertificate(spec, &upper), upper}),
              IsOnlyCode(Code::kNameNotPermitted));
}

TEST_F(ConstraintsOfSeveralTest, AWayAroundTheConstraintsCounts) {
  const MadeCertificate other_root =
      MakeCertificate(AuthoritySpec("Other root"));
  CertificateSpec spec = AuthoritySpec("Issuer");
  spec.key = MakeKey("P-256");
  const MadeCertificate free = MakeCertificate(spec, &other_root);
  SetExtension(NameConstraints({Dns("example.org")}, {}), &spec);
  const MadeCertificate bound = MakeCertificate(spec, &root_);
  const MadeCertificate leaf = Leaf(free);
  EXPECT_THAT(Verify({root_, other_root}, {leaf, bound, free}), IsAccepted());
  EXPECT_THAT(Verify({root_, other_root}, {leaf, free, bound}), IsAccepted());
  EXPECT_THAT(Verify({root_}, {leaf, bound}),
              IsOnlyCode(Code::kNameNotPermitted));
}

TEST_F(ConstraintsOfSeveralTest, MalformedConstraintsRefuseTheAuthority) {
  for (const GeneralName& tree :
       {Dns("*.example.com"), GeneralName{Kind::kAddress, "\xc0\x00\x02\x00"},
        GeneralName{Kind::kAddress, AddressBytes("2001:db8::1")}}) {
    const MadeCertificate issuer = Permitting("Issuer", {tree}, &root_);
    const Problems problems = Verify({root_}, {Leaf(issuer), issuer});
    EXPECT_THAT(problems,
                IsOnlyOneOf({Code::kBadCertificate, Code::kNameNotPermitted}));
  }
}

}  // namespace
}  // namespace holdfast::test
