// A fixture for tests that make a chain and look at its problems.

#ifndef HOLDFAST_TESTS_HELPERS_CHAIN_TEST_H_
#define HOLDFAST_TESTS_HELPERS_CHAIN_TEST_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/tests/helpers/certificate_maker.h"
#include "holdfast/tests/helpers/trust_checker.h"

namespace holdfast {

inline void PrintTo(ErrorCode code, std::ostream* out) {
  *out << ErrorName(code);
}
inline void PrintTo(const CertificateProblem& problem, std::ostream* out) {
  *out << ErrorName(problem.code) << " of \"" << problem.subject
       << "\": " << problem.detail;
}

}  // namespace holdfast

namespace holdfast::test {

constexpr char kHost[] = "mail.example.com";

using Problems = std::vector<CertificateProblem>;

// Just one problem, with one of these codes.
inline testing::Matcher<const Problems&> IsOnlyOneOf(
    const std::vector<ErrorCode>& codes) {
  return testing::ElementsAre(
      testing::Field(&CertificateProblem::code, testing::AnyOfArray(codes)));
}
inline testing::Matcher<const Problems&> IsOnlyCode(ErrorCode code) {
  return IsOnlyOneOf({code});
}
inline testing::Matcher<const Problems&> IsAccepted() {
  return testing::IsEmpty();
}

class ChainTest : public testing::Test {
 protected:
  using Certificates = std::vector<MadeCertificate>;

  // What is wrong with `chain`, the leaf first, where `anchors` are trusted.
  Problems Verify(const Certificates& anchors, const Certificates& chain,
                  absl::Time now = absl::Now(),
                  const std::string& host = kHost) const {
    const auto trust = checker_.Load(Ders(anchors));
    EXPECT_TRUE(trust.ok()) << trust.status();
    if (!trust.ok()) return {};
    return (*trust)->Verify(Ders(chain), *Host::Parse(host), now);
  }

  static std::vector<std::string> Ders(const Certificates& certificates) {
    std::vector<std::string> ders;
    for (const MadeCertificate& it : certificates) ders.push_back(it.der);
    return ders;
  }

 private:
  const TrustChecker checker_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_CHAIN_TEST_H_
