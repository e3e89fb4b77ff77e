#include "holdfast/tests/helpers/hierarchy_generator.h"

#include <algorithm>
#include <initializer_list>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace holdfast::test {
namespace {

using Kind = GeneralName::Kind;

constexpr absl::Duration kDay = absl::Hours(24);

constexpr int kSpareRsa = KeyPool::kP384 - 1;

absl::Time Now() { return absl::FromUnixSeconds(1767225600); }  // 2026-01-01

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  Hierarchy Make() {
    MakePath();
    // What only one of the others refuses must not meet what only the other
    // refuses: together they would refuse what is good.
    const bool is_pedantic = Chance(5);
    if (is_pedantic) {
      Pedantry();
    } else {
      const int faults = Pick({0, 1, 1, 1, 2, 2, 3});
      for (int i = 0; i < faults; ++i) Fault();
    }
    DropExclusionsUnderWildcards();
    anchors_ = {path_.back()};
    sent_.assign(path_.begin(), path_.end() - 1);
    if (!is_pedantic && Chance(10)) {
      TrustLeaf();
    } else if (!is_pedantic && Chance(50)) {
      Structure();
    }
    return {anchors_, sent_, host_, Now(), features_};
  }

 private:
  // Not by std::uniform_int_distribution, which each library does its own way.
  size_t Below(size_t end) { return random_() % end; }
  bool Chance(size_t percent) { return Below(100) < percent; }
  template <typename T>
  T Pick(std::initializer_list<T> values) {
    return values.begin()[Below(values.size())];
  }
  void Note(std::string feature) { features_.push_back(std::move(feature)); }

  // A key that nobody has.
  int NewKey() {
    return Chance(10) && next_rsa_ < kSpareRsa ? next_rsa_++ : next_p256_++;
  }

  CertificatePlan NewAuthority(const std::string& name,
                               const CertificatePlan* issuer) {
    CertificatePlan plan;
    plan.id = next_id_++;
    plan.what = name;
    plan.subject = "O=Example,CN=" + name;
    plan.key = NewKey();
    plan.issuer = issuer != nullptr ? issuer->subject : plan.subject;
    plan.signer = issuer != nullptr ? issuer->key : plan.key;
    plan.not_before = Now() - 3650 * kDay;
    plan.not_after = Now() + 3650 * kDay;
    plan.is_authority = true;
    plan.key_usage = "keyCertSign,cRLSign";
    return plan;
  }

  CertificatePlan NewLeaf(const CertificatePlan& issuer) {
    CertificatePlan plan = NewAuthority("leaf", &issuer);
    // GnuTLS compares a common name with constraints on DNS names.
    plan.subject = "O=Example,OU=leaf";
    plan.not_before = Now() - 30 * kDay;
    plan.not_after = Now() + 30 * kDay;
    plan.is_authority = false;
    plan.key_usage = "digitalSignature";
    plan.uses = {"serverAuth"};
    host_ = Chance(85) ? "mail.example.com" : "192.0.2.1";
    plan.names = {host_ == "192.0.2.1"
                      ? GeneralName{Kind::kAddress, AddressBytes(host_)}
                      : GeneralName{Kind::kDns, host_}};
    return plan;
  }

  // The leaf first, the root last.
  void MakePath() {
    const int intermediates = Pick({0, 1, 1, 1, 2, 2, 3});
    path_ = {NewAuthority("Root", nullptr)};
    for (int i = 0; i < intermediates; ++i) {
      path_.insert(path_.begin(),
                   NewAuthority(absl::StrCat("Intermediate ", i), &path_[0]));
    }
    path_.insert(path_.begin(), NewLeaf(path_[0]));
  }

  CertificatePlan& Leaf() { return path_.front(); }
  CertificatePlan& Any() { return path_[Below(path_.size())]; }
  CertificatePlan& Authority() { return path_[1 + Below(path_.size() - 1)]; }
  CertificatePlan& Signed() { return path_[Below(path_.size() - 1)]; }

  // What may be wrong with one certificate.

  void Fault() {
    using Function = void (Generator::*)();
    // Some stand here more than once, since they have more to try.
    static const std::vector<Function> faults = {
        &Generator::Expired,
        &Generator::NotYetValid,
        &Generator::JustValid,
        &Generator::PathLength,
        &Generator::PathLength,
        &Generator::NoAuthority,
        &Generator::LeafIsAuthority,
        &Generator::NoBasicConstraints,
        &Generator::KeyUsage,
        &Generator::Uses,
        &Generator::Uses,
        &Generator::Constraints,
        &Generator::Constraints,
        &Generator::Constraints,
        &Generator::Constraints,
        &Generator::UnknownExtension,
        &Generator::RepeatedExtension,
        &Generator::OldVersion,
        &Generator::Hash,
        &Generator::Key,
        &Generator::HostNames,
        &Generator::HostNames,
        &Generator::MoreNames,
        &Generator::MoreNames,
        &Generator::WrongSignature,
        &Generator::WrongIssuer,
        &Generator::OtherAlgorithmOutside,
        &Generator::SelfIssued,
        &Generator::Subject,
        &Generator::Impostor,
        &Generator::Impostor,
    };
    (this->*faults[Below(faults.size())])();
  }

  void Expired() {
    Note("expired");
    Any().not_after = Now() - Pick({absl::Seconds(1), kDay, 20 * kDay});
  }

  void NotYetValid() {
    Note("not yet valid");
    Any().not_before = Now() + Pick({absl::Seconds(1), kDay, 20 * kDay});
  }

  void JustValid() {
    Note("just valid");
    Any().not_before = Now();
  }

  void PathLength() {
    Note("path length");
    Authority().path_length = Pick({0, 0, 1, 2});
  }

  void NoAuthority() {
    Note("no authority");
    CertificatePlan& plan = Authority();
    plan.is_authority = Pick<std::optional<bool>>({false, std::nullopt});
    plan.key_usage = Pick<std::string>({plan.key_usage, "digitalSignature"});
    plan.path_length.reset();
  }

  void LeafIsAuthority() {
    Note("leaf is an authority");
    Leaf().is_authority = true;
    Leaf().key_usage =
        Pick<std::string>({"digitalSignature,keyCertSign", "digitalSignature"});
  }

  void NoBasicConstraints() {
    Note("leaf without basic constraints");
    Leaf().is_authority.reset();
  }

  void KeyUsage() {
    Note("key usage");
    Authority().key_usage =
        Pick<std::string>({"keyCertSign", "cRLSign", "digitalSignature"});
  }

  // No anyExtendedKeyUsage alone: neither of the others takes it for
  // serverAuth, and we do (RFC 5280, 4.2.1.12).
  void Uses() {
    Note("extended key usage");
    Any().uses =
        Pick<std::vector<std::string>>({{},
                                        {"serverAuth"},
                                        {"clientAuth"},
                                        {"emailProtection"},
                                        {"anyExtendedKeyUsage", "serverAuth"},
                                        {"clientAuth", "serverAuth"},
                                        {"codeSigning", "OCSPSigning"}});
  }

  GeneralName Tree() {
    switch (Below(10)) {
      case 0:
      case 1:
        return {Kind::kAddress,
                AddressBytes(Pick<const char*>(
                    {"192.0.2.0/24", "192.0.2.1/32", "192.0.2.128/25",
                     "198.51.100.0/24", "0.0.0.0/0", "2001:db8::/32"}))};
      case 2:
        return {Kind::kDirectory,
                Pick<std::string>({"O=Example", "O=Other", "O=Example,OU=leaf",
                                   "O=Example,CN=Intermediate 0", "O=Exam"})};
      case 3:
        return {Kind::kEmail,
                Pick<std::string>({"example.com", "postmaster@example.com",
                                   "other.org", ".example.com"})};
      case 4:
        return Chance(50) ? GeneralName{Kind::kUri, "example.com"}
                          : GeneralName{Kind::kOther, "x"};
      default:
        return {Kind::kDns,
                Pick<std::string>({"example.com", "example.com",
                                   "mail.example.com", "www.example.com",
                                   "EXAMPLE.com", "example.org", "com",
                                   "le.com", ".example.com", "l.example.com"})};
    }
  }

  void Constraints() {
    Note("name constraints");
    ConstraintsPlan constraints;
    const size_t trees = 1 + Below(3);
    for (size_t i = 0; i < trees; ++i) {
      (Chance(60) ? constraints.permitted : constraints.excluded)
          .push_back(Tree());
    }
    CertificatePlan& plan = Authority();
    plan.constraints = std::move(constraints);
  }

  void UnknownExtension() {
    Note("unknown extension");
    Any().more.push_back(
        {"1.3.6.1.4.1.99999.2",
         Pick<std::string>({"", "critical,", "critical,"}) + "DER:0500"});
  }

  void RepeatedExtension() {
    Note("repeated extension");
    CertificatePlan& plan = Any();
    if (plan.names.empty()) plan.names = {{Kind::kDns, "ca.example.com"}};
    plan.more.push_back(SubjectAltName(plan.names));
  }

  void OldVersion() {
    Note("version 1");
    Signed().version = 1;
  }

  void Hash() {
    Note("hash");
    Any().hash = Pick<std::string>({"SHA1", "SHA384", "SHA512"});
  }

  void SetKey(size_t position, int key) {
    path_[position].key = key;
    if (position > 0) path_[position - 1].signer = key;
    if (position + 1 == path_.size()) path_[position].signer = key;
  }

  void Key() {
    Note("key");
    const size_t position = Below(path_.size());
    SetKey(position, Pick({KeyPool::kRsa1024, KeyPool::kRsa1024, KeyPool::kP384,
                           KeyPool::kP521, kSpareRsa}));
  }

  void HostNames() {
    Note("host names");
    const auto dns = [](const char* name) {
      return GeneralName{Kind::kDns, name};
    };
    Leaf().names = Pick<std::vector<GeneralName>>({
        {dns("*.example.com")},
        {dns("MAIL.Example.COM")},
        {dns("www.example.com"), dns("mail.example.com")},
        {dns("www.example.com")},
        {dns("example.com")},
        {dns("*.com")},
        {dns("*.mail.example.com")},
        {dns("m*.example.com")},
        {dns("mail.*.com")},
        {dns("mail.example.com.example.org")},
        {dns("xmail.example.com")},
        {dns("*")},
        {dns("192.0.2.1")},
        {{Kind::kAddress, AddressBytes("192.0.2.1")}},
        {{Kind::kAddress, AddressBytes("192.0.2.2")}},
        {{Kind::kAddress, AddressBytes("::ffff:192.0.2.1")}},
        {{Kind::kEmail, "mail.example.com"}},
        {{Kind::kUri, "https://mail.example.com/"}},
    });
  }

  void MoreNames() {
    Note("more names");
    std::vector<GeneralName>& names = Any().names;
    names.push_back(
        Pick<GeneralName>({{Kind::kEmail, "postmaster@example.com"},
                           {Kind::kEmail, "user@other.org"},
                           {Kind::kEmail, "user@sub.example.com"},
                           {Kind::kOther, "x"},
                           {Kind::kDns, "www.example.org"},
                           {Kind::kDns, "ca.example.com"},
                           {Kind::kAddress, AddressBytes("198.51.100.1")},
                           {Kind::kAddress, AddressBytes("192.0.2.1")},
                           {Kind::kAddress, AddressBytes("2001:db8::1")},
                           {Kind::kDirectory, "O=Example,OU=leaf"},
                           {Kind::kDirectory, "O=Other,OU=leaf"}}));
    // OpenSSL knows what constraints on URIs mean; we refuse as GnuTLS does,
    // which looks at the leaf alone.
    if (Chance(10)) {
      Leaf().names.push_back({Kind::kUri, "https://mail.example.com/"});
    }
  }

  void WrongSignature() {
    Note("wrong signature");
    Signed().signer = NewKey();
  }

  void WrongIssuer() {
    Note("wrong issuer");
    Signed().issuer = "O=Example,CN=Nobody";
  }

  void OtherAlgorithmOutside() {
    Note("other algorithm outside");
    Signed().outer_hash = "SHA512";
  }

  // An authority's new key, under its old name and signed by its old key.
  void SelfIssued() {
    Note("self-issued");
    const size_t position = 1 + Below(path_.size() - 1);
    CertificatePlan renewed =
        NewAuthority(path_[position].what + " renewed", &path_[position]);
    renewed.subject = path_[position].subject;
    path_[position - 1].signer = renewed.key;
    path_.insert(path_.begin() + static_cast<long>(position),
                 std::move(renewed));
  }

  void Subject() {
    Note("subject");
    const size_t position = Below(path_.size());
    const std::string subject =
        Pick<std::string>({"O=Other,CN=" + path_[position].what, "O=Example",
                           "O=Example,OU=leaf"});
    path_[position].subject = subject;
    if (position > 0) path_[position - 1].issuer = subject;
    if (position + 1 == path_.size()) path_[position].issuer = subject;
  }

  // Somebody else's key under the name of the issuer, so that the certificate
  // looks as if it had issued itself.
  void Impostor() {
    Note("impostor");
    const size_t position = Below(path_.size() - 1);
    CertificatePlan& plan = path_[position];
    plan.subject = plan.issuer;
    if (position > 0) path_[position - 1].issuer = plan.subject;
    if (Chance(70)) plan.signer = Chance(50) ? plan.key : NewKey();
    plan.hash = Pick<std::string>({"SHA256", "SHA1", "SHA1"});
  }

  // What OpenSSL refuses when it is strict, and nobody else.
  void Pedantry() {
    Note("pedantry");
    switch (Below(5)) {
      case 0:
        Any().key_identifiers = false;
        break;
      case 1:
        Any().critical_basic_constraints = false;
        break;
      case 2:
        Authority().key_usage.clear();
        break;
      case 3:
        Any().not_after = Now();
        break;
      case 4:
        path_.back().version = 1;
        break;
    }
  }

  // Where mail.example.com is excluded we do not believe *.example.com. The
  // others take the wildcard for a name like any other.
  void DropExclusionsUnderWildcards() {
    for (const GeneralName& name : Leaf().names) {
      if (!absl::StartsWith(name.value, "*.")) continue;
      for (CertificatePlan& plan : path_) {
        if (!plan.constraints) continue;
        std::vector<GeneralName>& trees = plan.constraints->excluded;
        trees.erase(std::remove_if(trees.begin(), trees.end(),
                                   [&name](const GeneralName& tree) {
                                     return absl::EndsWith(
                                         tree.value, name.value.substr(1));
                                   }),
                    trees.end());
        if (trees.empty() && plan.constraints->permitted.empty()) {
          plan.constraints.reset();
        }
      }
    }
  }

  // What the server may send, and what may be trusted.

  void Structure() {
    using Function = void (Generator::*)();
    static const std::vector<Function> structures = {
        &Generator::Unneeded,      &Generator::RootSent,
        &Generator::SentTwice,     &Generator::Reissued,
        &Generator::OtherKey,      &Generator::CrossSigned,
        &Generator::OtherAnchors,  &Generator::LowerAnchor,
        &Generator::Missing,       &Generator::Untrusted,
        &Generator::RenewedAnchor,
    };
    const int count = Pick({1, 1, 2});
    for (int i = 0; i < count; ++i)
      (this->*structures[Below(structures.size())])();
    if (Chance(30)) Shuffle();
  }

  size_t SentPosition() { return 1 + Below(sent_.size()); }
  void Send(CertificatePlan plan) {
    sent_.insert(sent_.begin() + static_cast<long>(SentPosition()),
                 std::move(plan));
  }

  void Shuffle() {
    Note("shuffled");
    for (size_t i = sent_.size(); i > 2; --i) {
      std::swap(sent_[i - 1], sent_[1 + Below(i - 1)]);
    }
  }

  void Unneeded() {
    Note("unneeded");
    const CertificatePlan other = NewAuthority("Other root", nullptr);
    Send(NewAuthority("Other intermediate", &other));
    if (Chance(50)) Send(other);
  }

  void RootSent() {
    if (!TouchRoot()) return;
    Note("root sent");
    sent_.push_back(path_.back());
  }

  void SentTwice() {
    Note("sent twice");
    Send(sent_[Below(sent_.size())]);
  }

  // Another certificate for the same authority and key.
  CertificatePlan Again(const CertificatePlan& plan) {
    CertificatePlan again = plan;
    again.id = next_id_++;
    again.what += " again";
    return again;
  }

  void Reissued() {
    if (sent_.size() < 2) return;
    Note("re-issued");
    CertificatePlan& sent = sent_[1 + Below(sent_.size() - 1)];
    CertificatePlan again = Again(sent);
    (Chance(50) ? again : sent).not_after = Now() - Pick({kDay, -kDay});
    Send(std::move(again));
  }

  void OtherKey() {
    Note("same name, other key");
    const CertificatePlan& authority = Authority();
    CertificatePlan other =
        NewAuthority(authority.what + " other key", nullptr);
    other.subject = authority.subject;
    other.issuer = authority.issuer;
    if (Chance(50)) other.signer = authority.signer;
    Send(std::move(other));
  }

  // Only once: of several ways on from the root's key neither of the others
  // finds the good one.
  bool TouchRoot() { return !std::exchange(root_is_touched_, true); }

  // The root's key is certified by another root too.
  void CrossSigned() {
    if (!TouchRoot()) return;
    Note("cross-signed");
    const CertificatePlan other = NewAuthority("Older root", nullptr);
    CertificatePlan cross = Again(path_.back());
    cross.issuer = other.subject;
    cross.signer = other.key;
    if (cross.outer_hash.empty() && Chance(20)) {
      cross.not_after = Now() - kDay;
    }
    CertificatePlan trusted = other;
    if (Chance(20)) trusted.not_after = Now() - kDay;
    Send(std::move(cross));
    switch (Below(3)) {
      case 0:
        anchors_ = {trusted};
        break;
      case 1:
        anchors_.push_back(trusted);
        break;
      case 2:
        break;
    }
  }

  void OtherAnchors() {
    Note("other anchors");
    for (size_t i = Below(3); i < 3; ++i) {
      CertificatePlan other = NewAuthority("Other anchor", nullptr);
      if (Chance(50)) other.subject = other.issuer = path_.back().subject;
      anchors_.insert(anchors_.begin() + static_cast<long>(Below(2)),
                      std::move(other));
    }
  }

  void LowerAnchor() {
    Note("lower anchor");
    anchors_ = {Authority()};
  }

  // OpenSSL looks at what stands above it, too: there is nothing here.
  void TrustLeaf() {
    Note("trusted leaf");
    anchors_ = {Leaf()};
    sent_ = {Leaf()};
  }

  void Missing() {
    if (sent_.size() < 2) return;
    Note("missing");
    sent_.erase(sent_.begin() + 1 + static_cast<long>(Below(sent_.size() - 1)));
  }

  void Untrusted() {
    Note("untrusted");
    anchors_ = {NewAuthority("Other root", nullptr)};
  }

  void RenewedAnchor() {
    Note("renewed anchor");
    CertificatePlan renewed = Again(path_.back());
    renewed.not_after += 100 * kDay;
    if (Chance(50)) renewed.not_after = Now() - kDay;
    anchors_.insert(anchors_.begin() + static_cast<long>(Below(2)),
                    std::move(renewed));
  }

  std::mt19937_64 random_;
  int next_id_ = 1;
  int next_p256_ = KeyPool::kP256;
  int next_rsa_ = KeyPool::kRsa2048;
  std::vector<CertificatePlan> path_;
  std::vector<CertificatePlan> anchors_;
  std::vector<CertificatePlan> sent_;
  std::string host_;
  std::vector<std::string> features_;
  bool root_is_touched_ = false;
};

}  // namespace

Hierarchy RandomHierarchy(uint64_t seed) { return Generator(seed).Make(); }

}  // namespace holdfast::test
