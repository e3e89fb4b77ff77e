// A small world of authorities, and the chain that a server of it sends, told
// certificate by certificate: what each says, not how it is encoded. Build()
// makes the certificates, IsAcceptable() says what they are worth.

#ifndef HOLDFAST_TESTS_HELPERS_HIERARCHY_H_
#define HOLDFAST_TESTS_HELPERS_HIERARCHY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/tests/helpers/certificate_maker.h"

namespace holdfast::test {

// Keys are made once and used again: to make them takes most of the time.
class KeyPool {
 public:
  // Indices of the keys of each kind; the end is not one of them.
  static constexpr int kP256 = 0;
  static constexpr int kRsa2048 = 16;
  static constexpr int kP384 = 20;
  static constexpr int kP521 = 21;
  static constexpr int kRsa1024 = 22;
  static constexpr int kEnd = 23;

  KeyPool();
  const PrivateKey& Get(int key) const {
    return keys_[static_cast<size_t>(key)];
  }
  const std::string& Identifier(int key) const {
    return identifiers_[static_cast<size_t>(key)];
  }

 private:
  std::vector<PrivateKey> keys_;
  std::vector<std::string> identifiers_;
};

struct ConstraintsPlan {
  std::vector<GeneralName> permitted;
  std::vector<GeneralName> excluded;
  bool critical = true;
};

struct CertificatePlan {
  // The same certificate if it is the same.
  int id = 0;
  std::string what;     // "intermediate 1", for people
  std::string subject;  // "O=Example,CN=Root"
  std::string issuer;
  int key = 0;  // in the pool
  int signer = 0;
  int version = 3;
  absl::Time not_before;
  absl::Time not_after;
  std::string hash = "SHA256";
  std::string outer_hash = {};  // if it differs from the inside
  std::optional<bool> is_authority = std::nullopt;  // no basic constraints
  bool critical_basic_constraints = true;
  std::optional<int> path_length = std::nullopt;
  std::string key_usage = {};          // empty: none
  std::vector<std::string> uses = {};  // extended key usage; empty: none
  std::vector<GeneralName> names = {};
  std::optional<ConstraintsPlan> constraints = std::nullopt;
  bool key_identifiers = true;  // subjectKeyIdentifier, authorityKeyIdentifier
  // Extensions that nobody knows.
  std::vector<Extension> more = {};
};

struct Hierarchy {
  std::vector<CertificatePlan> anchors;
  std::vector<CertificatePlan> chain;  // the leaf first
  std::string host;
  absl::Time now;
  std::vector<std::string> features;  // what was done to it, for people
};

struct BuiltHierarchy {
  std::vector<std::string> anchors;  // DER
  std::vector<std::string> chain;
};
BuiltHierarchy Build(const Hierarchy& hierarchy, const KeyPool& keys);

// Whether some path from the leaf to an anchor keeps all rules: every path is
// looked at. It reads the plans only, so that it shares nothing with what it is
// compared with.
bool IsAcceptable(const Hierarchy& hierarchy);

// For people.
std::string Describe(const Hierarchy& hierarchy);

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_HIERARCHY_H_
