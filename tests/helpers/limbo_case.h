// Cases of certificate validation in the format of x509-limbo
// (https://x509-limbo.com), as far as a verifier of servers can be asked them.

#ifndef HOLDFAST_TESTS_HELPERS_LIMBO_CASE_H_
#define HOLDFAST_TESTS_HELPERS_LIMBO_CASE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace holdfast::test {

// What of a case we have no words for.
enum class LimboSkip {
  kNone,
  kClient,      // the certificate of a client
  kCrl,         // it comes with revocation lists
  kChainDepth,  // a limit on the chain's length that may matter
  kNoName,      // no name to compare, or several
};

struct LimboCase {
  std::string id;
  LimboSkip skip = LimboSkip::kNone;
  std::vector<std::string> anchors;  // DER
  std::vector<std::string> chain;    // DER, the leaf first
  std::string host;
  absl::Time now;  // if the case does not say, the current time
  bool expect_accepted = false;
};

// Errors: the file cannot be read, or is not in this format.
absl::StatusOr<std::vector<LimboCase>> ReadLimboCases(const std::string& path);

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_LIMBO_CASE_H_
