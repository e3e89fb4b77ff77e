// The verdicts of Trust next to those that x509-limbo expects, case by case.
//
// The cases are not part of this source tree: HOLDFAST_X509_CASES names the
// directory that holds them (limbo.json, online.json and own.json, all in
// x509-limbo's format).

#include <keyhi.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "holdfast/core/nss/nss_item.h"
#include "holdfast/core/nss/nss_ptr.h"
#include "holdfast/tests/helpers/golden.h"
#include "holdfast/tests/helpers/limbo_case.h"
#include "holdfast/tests/helpers/trust_checker.h"

namespace holdfast::test {
namespace {

enum class Verdict { kAccepted, kRefused };
enum class When { kAlways, kWithoutEd25519 };

struct Difference {
  Verdict ours;
  When when;
  absl::string_view reason;
  std::vector<std::string> cases;
};

// Cases stand in the rows as the macro's last arguments.
#define HOLDFAST_LIMBO_DIFFERENCE(ours, when, reason, ...) \
  {Verdict::ours, When::when, reason, {__VA_ARGS__}},
const std::vector<Difference>& Differences() {
  static const auto* const all = new std::vector<Difference>{
#include "holdfast/tests/unit/core/trust/limbo_differences.inc"
  };
  return *all;
}
#undef HOLDFAST_LIMBO_DIFFERENCE

absl::string_view Text(Verdict verdict) {
  return verdict == Verdict::kAccepted ? "accepted" : "refused";
}

absl::string_view Text(LimboSkip skip) {
  switch (skip) {
    case LimboSkip::kNone:
      return "";
    case LimboSkip::kClient:
      return "the certificate of a client, and we verify those of servers";
    case LimboSkip::kCrl:
      return "revocation lists, which we do not read";
    case LimboSkip::kChainDepth:
      return "a limit on the length of the chain, which is no option of ours";
    case LimboSkip::kNoName:
      return "no host to compare names with, and we always have one";
  }
  return "";
}

// Whether NSS can use such a key.
bool HasEd25519() {
  const std::string spki(
      "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00\xd7\x5a\x98\x01\x82\xb1"
      "\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25"
      "\xaf\x02\x1a\x68\xf7\x07\x51\x1a",
      44);
  const SECItem item = ItemOf(spki);
  const std::unique_ptr<CERTSubjectPublicKeyInfo,
                        decltype(&SECKEY_DestroySubjectPublicKeyInfo)>
      decoded(SECKEY_DecodeDERSubjectPublicKeyInfo(&item),
              SECKEY_DestroySubjectPublicKeyInfo);
  if (decoded == nullptr) return false;
  const NssPtr<SECKEYPublicKey> key(SECKEY_ExtractPublicKey(decoded.get()));
  return key != nullptr;
}

class LimboTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const Difference& difference : Differences()) {
      if (difference.when == When::kWithoutEd25519 && HasEd25519()) continue;
      for (const std::string& id : difference.cases) {
        listed_.emplace(id, difference.ours);
      }
    }
  }

  Verdict Verify(const LimboCase& it) {
    problems_.clear();
    const absl::StatusOr<Host> host = Host::Parse(it.host);
    if (!host.ok()) {
      problems_ = host.status().ToString();
      return Verdict::kRefused;
    }
    const auto trust = checker_.Load(it.anchors);
    if (!trust.ok()) {
      problems_ = trust.status().ToString();
      return Verdict::kRefused;
    }
    const auto problems = (*trust)->Verify(it.chain, *host, it.now);
    for (const CertificateProblem& problem : problems) {
      absl::StrAppend(&problems_, "\n  ", ErrorName(problem.code), ": ",
                      problem.detail);
    }
    return problems.empty() ? Verdict::kAccepted : Verdict::kRefused;
  }

  void Compare(const LimboCase& it) {
    if (it.skip != LimboSkip::kNone) {
      ++skipped_[it.skip];
      return;
    }
    const Verdict expected =
        it.expect_accepted ? Verdict::kAccepted : Verdict::kRefused;
    const Verdict ours = Verify(it);
    const auto listed = listed_.find(it.id);
    if (listed == listed_.end()) {
      if (ours == expected) {
        ++agree_;
      } else {
        ADD_FAILURE() << it.id << ": x509-limbo expects " << Text(expected)
                      << ", we say " << Text(ours) << problems_;
      }
      return;
    }
    if (ours == expected) {
      ADD_FAILURE() << it.id << ": " << Text(ours) << ", as x509-limbo expects"
                    << problems_
                    << "\nIts line in limbo_differences.inc is out of date";
    } else {
      EXPECT_EQ(Text(ours), Text(listed->second)) << it.id;
      ++differ_;
    }
    listed_.erase(listed);
  }

  const TrustChecker checker_;
  std::map<std::string, Verdict> listed_;  // those not met yet
  std::string problems_;
  int agree_ = 0;
  int differ_ = 0;
  std::map<LimboSkip, int> skipped_;
};

TEST_F(LimboTest, EveryCaseAgreesOrStandsInTheList) {
  const char* const directory = std::getenv("HOLDFAST_X509_CASES");
  if (directory == nullptr) {
    GTEST_SKIP() << "HOLDFAST_X509_CASES does not name the directory with the "
                    "cases of x509-limbo";
  }
  for (const char* name : {"limbo.json", "online.json", "own.json"}) {
    const auto cases = ReadLimboCases(absl::StrCat(directory, "/", name));
    ASSERT_TRUE(cases.ok()) << cases.status();
    ASSERT_FALSE(cases->empty()) << name;
    for (const LimboCase& it : *cases) Compare(it);
  }
  for (const auto& [id, verdict] : listed_) {
    ADD_FAILURE() << id << " stands in limbo_differences.inc, and there is no "
                  << "such case";
  }
  int skipped = 0;
  for (const auto& [skip, count] : skipped_) {
    std::cout << "x509-limbo: " << count << " skipped: " << Text(skip) << "\n";
    skipped += count;
  }
  std::cout << "x509-limbo: " << agree_ << " agree, " << differ_
            << " differ for a listed reason, " << skipped << " skipped\n";
}

constexpr char kHeading[] = "## Where we differ from x509-limbo";

constexpr char kIntroduction[] = R"(
[x509-limbo](https://x509-limbo.com) is a collection of certificate chains, each with the verdict that the RFCs and the
rules for public authorities (CABF) ask for. A test compares our verdicts with it. It fails if one differs that is not
in this table, and if one is in this table that does not differ. The names that begin with `path::`, `key::`, `hash::`
and `name::` are cases of our own in the same format.

Most of what we leave out are rules for what authorities may issue. Keeping them does not make a chain safer to believe,
and private authorities and appliances do not keep them. The table is written from
`tests/unit/core/trust/limbo_differences.inc`.

| x509-limbo | Holdfast | why | cases |
| --- | --- | --- | --- |
)";

std::string Section() {
  std::string section = absl::StrCat(kHeading, "\n", kIntroduction);
  for (const Difference& it : Differences()) {
    const Verdict theirs =
        it.ours == Verdict::kAccepted ? Verdict::kRefused : Verdict::kAccepted;
    absl::StrAppend(&section, "| ", Text(theirs), " | ", Text(it.ours), " | ",
                    it.reason, " | `", absl::StrJoin(it.cases, "`, `"),
                    "` |\n");
  }
  absl::StrAppend(&section, "\nSome cases we cannot be asked:\n\n");
  for (LimboSkip skip : {LimboSkip::kClient, LimboSkip::kCrl,
                         LimboSkip::kChainDepth, LimboSkip::kNoName}) {
    absl::StrAppend(&section, "- ", Text(skip), ";\n");
  }
  section.replace(section.size() - 2, 1, ".");
  return section;
}

TEST(LimboGoldenTest, TheDocumentationShowsTheList) {
  ExpectGoldenSection("docs/trust.md", kHeading, Section());
}

}  // namespace
}  // namespace holdfast::test
