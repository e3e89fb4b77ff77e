// The verification of one server's certificates: the rules of RFC 5280 and
// RFC 9525 over what this one server sent, in slices of bounded work.

#ifndef HOLDFAST_CORE_TRUST_CHAIN_VERIFICATION_H_
#define HOLDFAST_CORE_TRUST_CHAIN_VERIFICATION_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/trust/anchors.h"
#include "holdfast/core/trust/certificate.h"
#include "holdfast/core/trust/path_search.h"
#include "holdfast/core/trust/trust.h"

namespace holdfast {

// Larger chains and staples are not looked at. NSS itself takes chains of up to
// 128 KiB.
constexpr size_t kMaxChainBytes = 128 * 1024;
constexpr size_t kMaxStapleBytes = 64 * 1024;

class ChainVerification {
 public:
  // `anchors` and `memory` outlive it. `has_own_authorities`: the user has
  // named some, so that one which is missing was probably forgotten by the
  // server.
  ChainVerification(ServerCertificates server, const Anchors* anchors,
                    bool has_own_authorities, SignatureMemory* memory);
  // The chain is looked at where it lies.
  ChainVerification(const ChainVerification&) = delete;
  ChainVerification& operator=(const ChainVerification&) = delete;

  // Does one slice of work; true once problems() is the verdict.
  bool Continue();
  const Problems& problems() const { return problems_; }

 private:
  enum class Step { kFindPath, kFindFaultyPath, kFollowChain, kStaples, kDone };

  void Begin();
  Step RunStep();
  Step FindPath();
  Step FindFaultyPath();
  Step FollowChain();
  Step ReadStaples();
  void AddLeafProblems();
  void AddFlaw();
  void AddPathProblems(const Path& path);
  void AddMissingIssuer(const Path& path, bool bad_signature);
  const Certificate& leaf() const { return chain_.front(); }

  const ServerCertificates server_;
  const Anchors* const anchors_;
  const bool has_own_authorities_;
  absl::Time now_;
  std::vector<Certificate> chain_;  // without those that cannot be read
  bool has_unreadable_ = false;
  SignatureChecker signatures_;
  Budget budget_;
  std::optional<PathSearch> search_;
  Path path_;  // the one that holds
  Step step_ = Step::kDone;
  Problems problems_;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_CHAIN_VERIFICATION_H_
