// What OpenSSL and GnuTLS say of a chain, asked as we would be: a certificate
// for TLS servers, keys and hashes of 112 bits and more, names by
// subjectAltName alone, anchors that need not be self-signed.

#ifndef HOLDFAST_TESTS_HELPERS_OTHER_VERIFIERS_H_
#define HOLDFAST_TESTS_HELPERS_OTHER_VERIFIERS_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "absl/types/span.h"

struct x509_store_st;  // OpenSSL's

namespace holdfast::test {

// Certificates are DER, the leaf of `chain` the first; `host` is a DNS name or
// an IPv4 address.
struct Question {
  absl::Span<const std::string> anchors;
  absl::Span<const std::string> chain;
  std::string host;
  absl::Time now;
};

struct Answer {
  bool accepted = false;
  std::string why;  // if not, in the verifier's words
};

enum class OpensslRules {
  kUsual,
  kStrict,  // X509_V_FLAG_X509_STRICT
};

// OpenSSL, with anchors that are read once.
class OpensslVerifier {
 public:
  OpensslVerifier(absl::Span<const std::string> anchors, OpensslRules rules);

  Answer Verify(absl::Span<const std::string> chain, const std::string& host,
                absl::Time now) const;

 private:
  std::shared_ptr<x509_store_st> store_;
  OpensslRules rules_;
};

inline Answer AskOpenssl(const Question& question) {
  return OpensslVerifier(question.anchors, OpensslRules::kStrict)
      .Verify(question.chain, question.host, question.now);
}
// For one thread: GnuTLS has one clock.
Answer AskGnutls(const Question& question);

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_OTHER_VERIFIERS_H_
