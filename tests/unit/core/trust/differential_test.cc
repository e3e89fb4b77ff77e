// Our verdicts next to those of OpenSSL and GnuTLS, and to what the rules say,
// on random hierarchies.
//
//   HOLDFAST_DIFFERENTIAL_COUNT  how many hierarchies (2000)
//   HOLDFAST_DIFFERENTIAL_SEED   of the first one (1); each has the next seed,
//                                so that one can be run alone

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/hierarchy.h"
#include "holdfast/tests/helpers/hierarchy_generator.h"
#include "holdfast/tests/helpers/other_verifiers.h"
#include "holdfast/tests/helpers/trust_checker.h"

namespace holdfast::test {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  uint64_t value = otherwise;
  if (text != nullptr && !absl::SimpleAtoi(text, &value)) {
    ADD_FAILURE() << name << " is no number";
  }
  return value;
}

absl::string_view Text(bool accepted) {
  return accepted ? "accepted" : "refused";
}

// Writes the certificates where they stay; returns the directory.
std::string Keep(const BuiltHierarchy& built) {
  std::string directory =
      (std::filesystem::temp_directory_path() / "hierarchy.XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) return "(nowhere)";
  std::ofstream anchors(directory + "/anchors.pem");
  for (const std::string& der : built.anchors) anchors << CertificatePem(der);
  std::ofstream leaf(directory + "/leaf.pem");
  leaf << CertificatePem(built.chain.front());
  std::ofstream chain(directory + "/chain.pem");
  for (const std::string& der : built.chain) chain << CertificatePem(der);
  return directory;
}

// What everybody says of one hierarchy.
struct Verdicts {
  Answer ours;
  Answer openssl;
  Answer gnutls;
  bool by_rules;

  bool OthersAgree() const { return openssl.accepted == gnutls.accepted; }
  bool IsOursRight() const {
    return ours.accepted == by_rules &&
           (!OthersAgree() || ours.accepted == openssl.accepted);
  }
  std::string ToString() const {
    return absl::StrCat("\n  ours:    ", Text(ours.accepted), " ", ours.why,
                        "\n  OpenSSL: ", Text(openssl.accepted), " ",
                        openssl.why, "\n  GnuTLS:  ", Text(gnutls.accepted),
                        " ", gnutls.why, "\n  rules:   ", Text(by_rules));
  }
};

class DifferentialTest : public testing::Test {
 protected:
  Answer AskUs(const Question& question) const {
    const auto trust = checker_.Load(question.anchors);
    if (!trust.ok()) return {false, trust.status().ToString()};
    Answer answer{true, ""};
    for (const CertificateProblem& problem : (*trust)->Verify(
             question.chain, *Host::Parse(question.host), question.now)) {
      answer.accepted = false;
      absl::StrAppend(&answer.why, ErrorName(problem.code), ": ",
                      problem.detail, "; ");
    }
    return answer;
  }

  // Certificates of different hierarchies have names, serial numbers and keys
  // in common: what was seen before must not count.
  Verdicts Try(uint64_t seed) {
    const Hierarchy hierarchy = RandomHierarchy(seed);
    const BuiltHierarchy built = Build(hierarchy, keys_);
    const Question question{built.anchors, built.chain, hierarchy.host,
                            hierarchy.now};
    const Verdicts verdicts{AskUs(question), AskOpenssl(question),
                            AskGnutls(question), IsAcceptable(hierarchy)};
    if (verdicts.IsOursRight()) return verdicts;
    constexpr int kToldInFull = 10;
    if (++wrong_ <= kToldInFull) {
      ADD_FAILURE() << "seed " << seed << ", " << Describe(hierarchy)
                    << verdicts.ToString()
                    << "\n  certificates: " << Keep(built);
    }
    return verdicts;
  }

  const KeyPool keys_;
  const TrustChecker checker_;
  int wrong_ = 0;
};

TEST_F(DifferentialTest, WhereOpensslAndGnutlsAgreeSoDoWe) {
  const uint64_t first = FromEnvironment("HOLDFAST_DIFFERENTIAL_SEED", 1);
  const uint64_t count = FromEnvironment("HOLDFAST_DIFFERENTIAL_COUNT", 2000);
  std::cout << "seeds " << first << " to " << first + count - 1 << std::endl;
  uint64_t accepted = 0;
  uint64_t both_accept = 0;
  uint64_t both_refuse = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const Verdicts verdicts = Try(seed);
    accepted += verdicts.ours.accepted;
    if (!verdicts.OthersAgree()) continue;
    ++(verdicts.openssl.accepted ? both_accept : both_refuse);
  }
  std::cout << count << " hierarchies: we accept " << accepted
            << "; OpenSSL and GnuTLS both accept " << both_accept
            << ", both refuse " << both_refuse << ", disagree about "
            << count - both_accept - both_refuse << std::endl;
  EXPECT_EQ(wrong_, 0);
  // A generator that makes only bad ones, or only good ones, tests nothing.
  if (count >= 1000) {
    EXPECT_GT(both_accept, count / 4);
    EXPECT_GT(both_refuse, count / 4);
  }
}

}  // namespace
}  // namespace holdfast::test
