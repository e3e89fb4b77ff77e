// Looks for a path from a server's certificate to an anchor (RFC 5280, 6;
// RFC 4158). Pure but for the arithmetic of signatures.

#ifndef HOLDFAST_CORE_TRUST_PATH_SEARCH_H_
#define HOLDFAST_CORE_TRUST_PATH_SEARCH_H_

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/trust/anchors.h"
#include "holdfast/core/trust/certificate.h"
#include "holdfast/core/trust/signature.h"

namespace holdfast {

using Problems = std::vector<CertificateProblem>;

// What one verification may cost, in all and before others get their turn.
// A signature costs SignatureCost() units.
struct Budget {
  static constexpr int kSliceUnits = 12;
  static constexpr int kUnits = 64;
  static constexpr int64_t kSliceComparisons = 60'000;
  static constexpr int64_t kComparisons = 250'000;

  void BeginSlice() {
    slice_units = kSliceUnits;
    slice_comparisons = kSliceComparisons;
  }
  void Count(int64_t compared) {
    comparisons -= compared;
    slice_comparisons -= compared;
  }
  bool exhausted() const { return comparisons < 0 || units < 0; }

  int units = kUnits;
  int slice_units = kSliceUnits;
  int64_t comparisons = kComparisons;
  int64_t slice_comparisons = kSliceComparisons;
};

// Which signatures hold, found once in a verification.
class SignatureChecker {
 public:
  // `memory` may be null.
  explicit SignatureChecker(SignatureMemory* memory) : memory_(memory) {}

  enum class Result { kValid, kInvalid, kNextSlice, kTooComplex };
  // kNextSlice: ask again when the budget has a new slice.
  Result Check(const Certificate& certificate, const Certificate& issuer,
               Budget* budget);
  // For telling what is wrong, and never for a good verdict: where the
  // signature's kind, the issuer's key or a flaw of the certificate is refused
  // anyhow, the signature counts as valid without a look.
  Result CheckUnlessRefused(const Certificate& certificate,
                            const Certificate& issuer, Budget* budget);
  Result Check(const SignedBytes& data, const Certificate& signer,
               Budget* budget);

 private:
  SignatureMemory* const memory_;
  // By where the signature and the key lie.
  std::map<std::pair<const char*, const char*>, bool> known_;
};

// From the server's certificate upwards. Views of what the search was given.
struct Path {
  std::vector<const Certificate*> certificates;  // without the anchor
  const Anchor* anchor = nullptr;                // null: it leads to none

  // All of them; the anchor is the last.
  std::vector<const Certificate*> WithAnchor() const;
};

// What a path is looked for in.
struct PathInput {
  absl::Span<const Certificate> chain;  // as sent, the server's own first
  const Anchors* anchors;
  absl::Time now;
};

// What is wrong with `issuer` as the next certificate above `below` (the
// server's own first); `anchor` is not null if it is one. False if anything is;
// with `problems` all of it is added there.
bool CheckIssuer(const Certificate& issuer, const Anchor* anchor,
                 absl::Span<const Certificate* const> below,
                 const PathInput& input, Budget* budget, Problems* problems);

// A search, depth first, nearest anchor first.
class PathSearch {
 public:
  enum class Mode {
    // Finds a path in which nothing is wrong.
    kStrict,
    // Finds, of some paths whose signatures hold, the one with the fewest
    // problems.
    kLenient,
  };
  PathSearch(const PathInput& input, Mode mode);

  enum class Progress { kNextSlice, kFound, kNone, kTooComplex };
  // kNextSlice: call again when the budget has a new slice.
  Progress Continue(SignatureChecker* signatures, Budget* budget);
  const Path& path() const { return best_; }

 private:
  struct Issuer {
    const Certificate* certificate;
    const Anchor* anchor;  // null: one that was sent
  };
  struct Frame {
    const Certificate* certificate;
    std::vector<Issuer> issuers;
    size_t next = 0;
  };

  void Push(const Certificate* certificate);
  std::vector<Issuer> IssuersOf(const Certificate& certificate) const;
  bool IsInPath(const Certificate& certificate) const;
  void Try(const Issuer& issuer, Budget* budget);
  // Checks the signatures of the path that has come to an anchor, from that
  // downwards: the first is the one that nobody else can have made.
  Progress CheckSignatures(SignatureChecker* signatures, Budget* budget);
  void Keep(Budget* budget);

  const PathInput input_;
  const Mode mode_;
  std::multimap<absl::string_view, const Certificate*> sent_;  // by subject
  std::vector<const Certificate*> path_;
  std::vector<Frame> frames_;
  const Anchor* reached_ = nullptr;  // while signatures are checked
  size_t unchecked_ = 0;             // links, of these
  Path best_;
  int found_ = 0;
  size_t best_problems_ = 0;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_PATH_SEARCH_H_
