// Verifies chains against anchors that stand in no file yet.

#ifndef HOLDFAST_TESTS_HELPERS_TRUST_CHECKER_H_
#define HOLDFAST_TESTS_HELPERS_TRUST_CHECKER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "holdfast/core/nss/nss_runtime.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {

inline std::string CertificatePem(absl::string_view der) {
  constexpr size_t kLine = 64;
  const std::string base64 = absl::Base64Escape(der);
  std::string pem = "-----BEGIN CERTIFICATE-----\n";
  for (size_t i = 0; i < base64.size(); i += kLine) {
    absl::StrAppend(&pem, base64.substr(i, kLine), "\n");
  }
  return pem + "-----END CERTIFICATE-----\n";
}

// For one thread: each Load() writes the same file.
class TrustChecker {
 public:
  TrustChecker() : runtime_(*NssRuntime::Start()) {}

  // Trusts these certificates (DER) and nothing else. Errors: those of
  // Trust::Load().
  absl::StatusOr<std::shared_ptr<const Trust>> Load(
      absl::Span<const std::string> anchors) const {
    std::string pem;
    for (const std::string& anchor : anchors) pem += CertificatePem(anchor);
    TrustOptions options;
    options.system_roots = false;
    options.ca_files = {files_.Write("anchors.pem", pem)};
    return Trust::Load(runtime_, options);
  }

 private:
  const std::shared_ptr<NssRuntime> runtime_;
  const TempDir files_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_TRUST_CHECKER_H_
