#include "holdfast/core/trust/path_search.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "holdfast/core/trust/object_id.h"
#include "holdfast/core/trust/problem_text.h"

namespace holdfast {
namespace {

// Longer paths are met nowhere; RFC 5280 sets no bound.
constexpr size_t kMaxPathLength = 32;
// Paths with problems that are compared before one is blamed.
constexpr int kMaxLenientPaths = 8;

// How many authorities stand below `issuer`, those that issued themselves a new
// certificate left out (RFC 5280, 4.2.1.9).
int AuthoritiesIn(absl::Span<const Certificate* const> below) {
  return static_cast<int>(std::count_if(
      below.begin() + 1, below.end(),
      [](const Certificate* it) { return !it->is_self_issued(); }));
}

// Adds problems, or only notes that there is one.
class Findings {
 public:
  explicit Findings(Problems* problems) : problems_(problems) {}

  template <typename Detail>
  void Add(ErrorCode code, const Certificate& certificate, Detail detail) {
    good_ = false;
    if (problems_ != nullptr) {
      problems_->push_back({code, NameText(certificate.subject_der), detail()});
    }
  }
  bool good() const { return good_; }
  // There is no use in looking for more.
  bool done() const { return !good_ && problems_ == nullptr; }

 private:
  Problems* const problems_;
  bool good_ = true;
};

void CheckDates(const Certificate& issuer, const Anchor* anchor,
                const Certificate& leaf, absl::Time now, Findings* findings) {
  const std::string whose = anchor != nullptr ? " (in your store)" : "";
  if (now > issuer.not_after) {
    findings->Add(ErrorCode::kAuthorityExpired, issuer, [&] {
      return absl::StrCat(Describe(issuer, leaf), whose, " expired on ",
                          TimeText(issuer.not_after));
    });
  } else if (now < issuer.not_before) {
    findings->Add(ErrorCode::kNotYetValid, issuer, [&] {
      return absl::StrCat(Describe(issuer, leaf), whose,
                          " is not valid before ", TimeText(issuer.not_before));
    });
  }
}

// Whether it may issue certificates at all, and those of servers. A root of
// version 1 has no extensions to say so with: that it is an anchor does.
void CheckAuthority(const Certificate& issuer, const Anchor* anchor,
                    absl::Span<const Certificate* const> below,
                    Findings* findings) {
  const Certificate& leaf = *below.front();
  const bool is_old_root = anchor != nullptr && issuer.version < 3;
  const auto refuse = [&](absl::string_view why) {
    findings->Add(ErrorCode::kAuthorityNotForServers, issuer, [&] {
      return absl::StrCat(Describe(issuer, leaf), " ", why);
    });
  };
  if (!issuer.is_authority() && !is_old_root) {
    refuse("is not that of an authority");
  } else if (issuer.key_usage && !issuer.key_usage->signs_certificates) {
    refuse("does not allow its key to sign certificates");
  } else if (issuer.extended_key_usage &&
             !issuer.extended_key_usage->server_auth &&
             !issuer.extended_key_usage->any) {
    refuse("is that of an authority for other purposes than servers");
  } else if (issuer.basic_constraints &&
             issuer.basic_constraints->path_length &&
             AuthoritiesIn(below) > *issuer.basic_constraints->path_length) {
    refuse("allows fewer authorities below it than there are");
  }
}

void CheckDistrust(const Certificate& issuer, const Anchor* anchor,
                   const Certificate& leaf, const Anchors& anchors,
                   Findings* findings) {
  if (anchors.IsDistrusted(issuer)) {
    findings->Add(ErrorCode::kDistrustedAuthority, issuer, [&] {
      return absl::StrCat(Describe(issuer, leaf),
                          " is marked as not to be believed");
    });
  } else if (anchor != nullptr && anchor->distrust_after &&
             leaf.not_before > *anchor->distrust_after) {
    findings->Add(ErrorCode::kDistrustedAuthority, issuer, [&] {
      return absl::StrCat(NameText(issuer.subject_der),
                          " is not believed for certificates that begin after ",
                          TimeText(*anchor->distrust_after),
                          "; this one begins on ", TimeText(leaf.not_before));
    });
  }
}

// The names in `certificate` that name constraints are for (RFC 5280,
// 4.2.1.10).
std::vector<GeneralName> NamesIn(const Certificate& certificate) {
  std::vector<GeneralName> names = certificate.names;
  const auto subject = ReadName(certificate.subject_der);
  if (!subject || subject->empty()) return names;
  names.push_back({NameKind::kDirectory, certificate.subject_der});
  const bool has_email = std::any_of(
      names.begin(), names.end(),
      [](const GeneralName& it) { return it.kind == NameKind::kEmail; });
  for (const NameAttribute& attribute : *subject) {
    if (!has_email && attribute.type == kOidEmailAddress) {
      names.push_back({NameKind::kEmail, attribute.value});
    }
  }
  return names;
}

void CheckNames(const Certificate& issuer,
                absl::Span<const Certificate* const> below, Budget* budget,
                Findings* findings) {
  const Certificate& leaf = *below.front();
  for (const Certificate* const certificate : below) {
    const bool is_leaf = certificate == &leaf;
    if (certificate->is_self_issued() && !is_leaf) continue;
    for (const GeneralName& name : NamesIn(*certificate)) {
      const int64_t before = budget->comparisons;
      int64_t left = before;
      const NameVerdict verdict =
          CheckName(*issuer.name_constraints, name, &left);
      budget->Count(before - left);
      const bool ignored = verdict == NameVerdict::kUnknownKind &&
                           !issuer.name_constraints->critical;
      // Too many: the search ends by it.
      if (verdict == NameVerdict::kTooManyComparisons) return;
      if (verdict == NameVerdict::kPermitted || ignored) continue;
      findings->Add(ErrorCode::kNameNotPermitted, *certificate, [&] {
        return absl::StrCat(
            "the authority ", NameText(issuer.subject_der),
            verdict == NameVerdict::kUnknownKind
                ? " limits names of a kind that we cannot compare: "
                : " may not vouch for ",
            GeneralNameText(name));
      });
      break;  // one name is enough
    }
    if (findings->done()) return;
  }
}

}  // namespace

bool CheckIssuer(const Certificate& issuer, const Anchor* anchor,
                 absl::Span<const Certificate* const> below,
                 const PathInput& input, Budget* budget, Problems* problems) {
  const Certificate& leaf = *below.front();
  Findings findings(problems);
  const bool is_old_root =
      issuer.version < 3 && anchor != nullptr && issuer.is_self_issued();
  const bool is_flawed =
      !issuer.flaw.empty() || (issuer.version < 3 && !is_old_root);
  if (is_flawed) {
    findings.Add(ErrorCode::kBadCertificate, issuer, [&] {
      return absl::StrCat(Describe(issuer, leaf), " ",
                          issuer.flaw.empty()
                              ? absl::StrCat("is of version ", issuer.version,
                                             ", which is too old")
                              : issuer.flaw);
    });
  }
  CheckDistrust(issuer, anchor, leaf, *input.anchors, &findings);
  CheckDates(issuer, anchor, leaf, input.now, &findings);
  // What was not read well says nothing.
  if (!is_flawed) CheckAuthority(issuer, anchor, below, &findings);
  // An anchor proves nothing by its signature.
  if (anchor == nullptr) {
    if (auto problem = SignatureProblem(issuer, leaf)) {
      findings.Add(problem->code, issuer, [&] { return problem->detail; });
    }
  }
  if (auto problem = KeyProblem(issuer, leaf)) {
    findings.Add(problem->code, issuer, [&] { return problem->detail; });
  }
  if (issuer.name_constraints && !findings.done()) {
    CheckNames(issuer, below, budget, &findings);
  }
  return findings.good();
}

SignatureChecker::Result SignatureChecker::Check(const Certificate& certificate,
                                                 const Certificate& issuer,
                                                 Budget* budget) {
  return Check(
      SignedBytes{certificate.to_be_signed, certificate.signature_algorithm_der,
                  certificate.signature},
      issuer, budget);
}

SignatureChecker::Result SignatureChecker::CheckUnlessRefused(
    const Certificate& certificate, const Certificate& issuer, Budget* budget) {
  if (!certificate.flaw.empty() || !WhyKeyIsWeak(issuer.key).empty()) {
    return Result::kValid;
  }
  switch (ReadSignatureAlgorithm(certificate.signature_algorithm_der).kind) {
    case SignatureKind::kWeak:
    case SignatureKind::kOther:
      return Result::kValid;
    default:
      return Check(certificate, issuer, budget);
  }
}

SignatureChecker::Result SignatureChecker::Check(const SignedBytes& data,
                                                 const Certificate& signer,
                                                 Budget* budget) {
  const auto link =
      std::make_pair(data.signature.data(), signer.key_der.data());
  const auto known = known_.find(link);
  if (known != known_.end()) {
    return known->second ? Result::kValid : Result::kInvalid;
  }
  bool valid =
      WhyKeyIsWeak(signer.key).empty() &&
      CanSign(signer.key.kind, ReadSignatureAlgorithm(data.algorithm_der).kind);
  if (valid) {
    const std::string key =
        memory_ != nullptr ? SignatureMemory::KeyOf(data, signer.key_der) : "";
    if (memory_ == nullptr || !memory_->Contains(key)) {
      const int cost = SignatureCost(signer.key);
      if (cost > budget->units) return Result::kTooComplex;
      if (cost > budget->slice_units) return Result::kNextSlice;
      budget->units -= cost;
      budget->slice_units -= cost;
      valid = IsSignedBy(data, signer.key_der);
      if (valid && memory_ != nullptr) memory_->Add(key);
    }
  }
  known_.emplace(link, valid);
  return valid ? Result::kValid : Result::kInvalid;
}

std::vector<const Certificate*> Path::WithAnchor() const {
  std::vector<const Certificate*> all = certificates;
  if (anchor != nullptr) all.push_back(&anchor->certificate);
  return all;
}

PathSearch::PathSearch(const PathInput& input, Mode mode)
    : input_(input), mode_(mode) {
  for (const Certificate& certificate : input_.chain) {
    sent_.emplace(certificate.subject_der, &certificate);
  }
  Push(&input_.chain.front());
}

void PathSearch::Push(const Certificate* certificate) {
  path_.push_back(certificate);
  frames_.push_back({certificate, IssuersOf(*certificate)});
}

// Anchors first; among both first those whose key is the one that `certificate`
// names, and last those whose key is another.
std::vector<PathSearch::Issuer> PathSearch::IssuersOf(
    const Certificate& certificate) const {
  std::vector<Issuer> issuers;
  for (const Anchor* anchor :
       input_.anchors->BySubject(certificate.issuer_der)) {
    issuers.push_back({&anchor->certificate, anchor});
  }
  const auto sent = sent_.equal_range(certificate.issuer_der);
  for (auto it = sent.first; it != sent.second; ++it) {
    issuers.push_back({it->second, nullptr});
  }
  const auto rank = [&certificate](const Issuer& issuer) {
    const absl::string_view wanted = certificate.authority_key_id;
    const absl::string_view id = issuer.certificate->subject_key_id;
    const int mismatch = wanted.empty() || id.empty() ? 1
                         : wanted == id               ? 0
                                                      : 2;
    return std::make_pair(mismatch, issuer.anchor == nullptr);
  };
  std::stable_sort(
      issuers.begin(), issuers.end(),
      [&](const Issuer& a, const Issuer& b) { return rank(a) < rank(b); });
  return issuers;
}

// The same authority, whatever the certificate: a path through it twice would
// be no better.
bool PathSearch::IsInPath(const Certificate& certificate) const {
  return std::any_of(path_.begin(), path_.end(), [&](const Certificate* it) {
    return it->subject_der == certificate.subject_der &&
           it->key_der == certificate.key_der;
  });
}

PathSearch::Progress PathSearch::Continue(SignatureChecker* signatures,
                                          Budget* budget) {
  while (true) {
    if (budget->exhausted()) return Progress::kTooComplex;
    if (reached_ != nullptr) {
      const Progress checked = CheckSignatures(signatures, budget);
      if (checked != Progress::kNone) return checked;
      continue;
    }
    if (frames_.empty()) {
      return found_ > 0 ? Progress::kFound : Progress::kNone;
    }
    if (budget->slice_comparisons < 0) return Progress::kNextSlice;
    Frame& top = frames_.back();
    if (top.next == top.issuers.size()) {
      frames_.pop_back();
      path_.pop_back();
      continue;
    }
    const Issuer issuer = top.issuers[top.next++];
    budget->Count(static_cast<int64_t>(10 + path_.size()));
    Try(issuer, budget);
  }
}

void PathSearch::Try(const Issuer& issuer, Budget* budget) {
  if (issuer.anchor == nullptr &&
      (path_.size() >= kMaxPathLength || IsInPath(*issuer.certificate))) {
    return;
  }
  if (mode_ == Mode::kStrict &&
      !CheckIssuer(*issuer.certificate, issuer.anchor, path_, input_, budget,
                   /*problems=*/nullptr)) {
    return;
  }
  if (issuer.anchor == nullptr) return Push(issuer.certificate);
  reached_ = issuer.anchor;
  unchecked_ = path_.size();
}

PathSearch::Progress PathSearch::CheckSignatures(SignatureChecker* signatures,
                                                 Budget* budget) {
  while (unchecked_ > 0) {
    const Certificate& issuer =
        unchecked_ == path_.size() ? reached_->certificate : *path_[unchecked_];
    const Certificate& issued = *path_[unchecked_ - 1];
    switch (mode_ == Mode::kStrict
                ? signatures->Check(issued, issuer, budget)
                : signatures->CheckUnlessRefused(issued, issuer, budget)) {
      case SignatureChecker::Result::kValid:
        --unchecked_;
        break;
      case SignatureChecker::Result::kInvalid:
        reached_ = nullptr;
        return Progress::kNone;
      case SignatureChecker::Result::kNextSlice:
        return Progress::kNextSlice;
      case SignatureChecker::Result::kTooComplex:
        return Progress::kTooComplex;
    }
  }
  Keep(budget);
  reached_ = nullptr;
  const bool enough = mode_ == Mode::kStrict || found_ == kMaxLenientPaths;
  return enough ? Progress::kFound : Progress::kNone;
}

void PathSearch::Keep(Budget* budget) {
  const Path path = {path_, reached_};
  Problems problems;
  if (mode_ == Mode::kLenient) {
    const std::vector<const Certificate*> all = path.WithAnchor();
    for (size_t i = 1; i < all.size(); ++i) {
      CheckIssuer(*all[i], i + 1 == all.size() ? reached_ : nullptr,
                  absl::MakeConstSpan(all).subspan(0, i), input_, budget,
                  &problems);
    }
  }
  if (found_++ > 0 && problems.size() >= best_problems_) return;
  best_ = path;
  best_problems_ = problems.size();
}

}  // namespace holdfast
