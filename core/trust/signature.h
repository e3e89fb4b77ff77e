// Checks signatures, by NSS's arithmetic alone: no certificate store takes
// part.

#ifndef HOLDFAST_CORE_TRUST_SIGNATURE_H_
#define HOLDFAST_CORE_TRUST_SIGNATURE_H_

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_set>

#include "absl/strings/string_view.h"

namespace holdfast {

struct SignedBytes {
  absl::string_view bytes;          // what is signed
  absl::string_view algorithm_der;  // AlgorithmIdentifier
  absl::string_view signature;
};

// Whether the key in `key_der` (SubjectPublicKeyInfo) has signed. False also
// for an algorithm that this NSS does not know.
bool IsSignedBy(const SignedBytes& data, absl::string_view key_der);

// The SHA-256 of `bytes`, raw.
std::string Sha256(absl::string_view bytes);

// Remembers which signatures were found right, up to a number: what it holds is
// true of bytes that anybody may see, whoever asked (promise 15).
// Thread safety: any thread.
class SignatureMemory {
 public:
  explicit SignatureMemory(size_t capacity) : capacity_(capacity) {}

  // Names a signature with all that it depends on.
  static std::string KeyOf(const SignedBytes& data, absl::string_view key_der);

  bool Contains(const std::string& key) const;
  void Add(const std::string& key);

 private:
  const size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_set<std::string> known_;
  std::deque<std::string> oldest_first_;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_SIGNATURE_H_
