#include "holdfast/core/trust/chain_verification.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/core/trust/host_match.h"
#include "holdfast/core/trust/pin.h"
#include "holdfast/core/trust/problem_text.h"
#include "holdfast/core/trust/staple.h"

namespace holdfast {
namespace {

constexpr size_t kMaxNamesShown = 10;

size_t BytesIn(const std::vector<std::string>& parts) {
  size_t bytes = 0;
  for (const std::string& part : parts) bytes += part.size();
  return bytes;
}

bool IsFor(const GeneralName& name, const Host& host) {
  switch (name.kind) {
    case NameKind::kDns:
      return DnsNameMatches(name.value, host);
    case NameKind::kAddress:
      return AddressMatches(name.value, host);
    default:
      return false;
  }
}

std::string ListOfNames(const Certificate& leaf) {
  std::vector<std::string> shown;
  size_t count = 0;
  for (const GeneralName& name : leaf.names) {
    if (name.kind != NameKind::kDns && name.kind != NameKind::kAddress) {
      continue;
    }
    if (++count <= kMaxNamesShown) shown.push_back(GeneralNameText(name));
  }
  std::string text = absl::StrJoin(shown, ", ");
  if (count > kMaxNamesShown) {
    absl::StrAppend(&text, " and ", count - kMaxNamesShown, " others");
  }
  return text;
}

// What helps where the server's certificate will not change.
std::string PinAdvice(absl::string_view first, const Certificate& leaf) {
  return absl::StrCat(first, " Until then only a pin of its key helps: ",
                      PinOf(leaf.key_der), ".");
}

// No server need send a root, so that one that is not trusted is not missing.
bool CallsItselfRoot(absl::string_view authority_der) {
  return absl::StrContains(absl::AsciiStrToLower(CommonName(authority_der)),
                           "root");
}

CertificateProblem WrongName(const Certificate& leaf, const Host& host) {
  CertificateProblem problem = {ErrorCode::kWrongName,
                                NameText(leaf.subject_der), ""};
  const std::string names = ListOfNames(leaf);
  const std::string common_name = Printable(CommonName(leaf.subject_der));
  const bool as_dns_name = host.is_ip_literal() &&
                           std::any_of(leaf.names.begin(), leaf.names.end(),
                                       [&host](const GeneralName& name) {
                                         return name.kind == NameKind::kDns &&
                                                name.value == host.name();
                                       });
  if (as_dns_name) {
    problem.detail = absl::StrCat(
        "the certificate has the address ", host.name(),
        " as a DNS name, where an address does not count (RFC 9525, 6.5)");
    problem.advice = PinAdvice(
        "The server's operator must put the address into the certificate as "
        "an iPAddress.",
        leaf);
  } else if (!names.empty()) {
    problem.detail = absl::StrCat("the certificate is for ", names,
                                  ", not for ", host.name());
  } else if (!common_name.empty()) {
    problem.detail = absl::StrCat(
        "the certificate names ", common_name,
        " in its common name only, which does not count (RFC 9525, 2), so it "
        "is not for ",
        host.name());
    problem.advice = PinAdvice(
        "The server's operator must put its name into the certificate's "
        "subjectAltName.",
        leaf);
  } else {
    problem.detail = absl::StrCat(
        "the certificate is for no host by name, so not for ", host.name());
  }
  return problem;
}

}  // namespace

ChainVerification::ChainVerification(ServerCertificates server,
                                     const Anchors* anchors,
                                     bool has_own_authorities,
                                     SignatureMemory* memory)
    : server_(std::move(server)),
      anchors_(anchors),
      has_own_authorities_(has_own_authorities),
      // Certificates count in seconds.
      now_(absl::FromUnixSeconds(absl::ToUnixSeconds(server_.now))),
      signatures_(memory) {
  Begin();
}

bool ChainVerification::Continue() {
  budget_.BeginSlice();
  while (step_ != Step::kDone) {
    const Step next = RunStep();
    // The same step again: it waits for a new slice.
    if (next == step_) return false;
    step_ = next;
  }
  return true;
}

void ChainVerification::Begin() {
  const auto refuse = [this](ErrorCode code, absl::string_view detail) {
    problems_ = {{code, "", std::string(detail)}};
  };
  if (BytesIn(server_.chain) > kMaxChainBytes ||
      BytesIn(server_.stapled) > kMaxStapleBytes) {
    return refuse(ErrorCode::kCertificateTooComplex,
                  "the server sent more certificates or proofs of their "
                  "validity than we read");
  }
  if (server_.chain.empty()) {
    return refuse(ErrorCode::kBadCertificate, "there is no certificate");
  }
  for (const std::string& der : server_.chain) {
    const auto certificate = Certificate::Parse(der);
    if (certificate) {
      chain_.push_back(*certificate);
    } else if (chain_.empty()) {
      return refuse(ErrorCode::kBadCertificate,
                    "the certificate cannot be read");
    } else {
      has_unreadable_ = true;  // which does no harm if it is not needed
    }
  }
  const bool is_for_host = std::any_of(
      leaf().names.begin(), leaf().names.end(),
      [this](const GeneralName& name) { return IsFor(name, server_.host); });
  // One that was not read well, or is too old to say it, is refused for that.
  const bool is_refused_anyhow = !anchors_->Contains(leaf().der) &&
                                 (!leaf().flaw.empty() || leaf().version < 3);
  if (!is_for_host && !is_refused_anyhow) {
    problems_.push_back(WrongName(leaf(), server_.host));
  }
  AddLeafProblems();
  // One that is trusted itself needs nobody to vouch for it.
  if (anchors_->Contains(leaf().der)) return;
  search_.emplace(PathInput{chain_, anchors_, now_}, PathSearch::Mode::kStrict);
  step_ = Step::kFindPath;
}

void ChainVerification::AddLeafProblems() {
  const Certificate& certificate = leaf();
  const std::string subject = NameText(certificate.subject_der);
  const auto add = [&](ErrorCode code, std::string detail) {
    problems_.push_back({code, subject, std::move(detail)});
  };
  if (now_ > certificate.not_after) {
    add(ErrorCode::kExpired, absl::StrCat("the certificate expired on ",
                                          TimeText(certificate.not_after)));
  } else if (now_ < certificate.not_before) {
    add(ErrorCode::kNotYetValid,
        absl::StrCat("the certificate is not valid before ",
                     TimeText(certificate.not_before)));
  }
  if (anchors_->IsDistrusted(certificate)) {
    add(ErrorCode::kDistrustedAuthority,
        "the certificate is marked as not to be believed");
  }
  const bool wrong_purpose = certificate.extended_key_usage &&
                             !certificate.extended_key_usage->server_auth &&
                             !certificate.extended_key_usage->any;
  // Of an authority that serves TLS itself, keyUsage often says the former
  // only.
  const bool wrong_key_usage = certificate.key_usage &&
                               !certificate.key_usage->serves_tls &&
                               !certificate.is_authority();
  if (wrong_purpose || wrong_key_usage) {
    add(ErrorCode::kBadCertificate,
        "the certificate is for another purpose than TLS servers");
  }
  AddFlaw();
  // One that is trusted itself need prove nothing by its signature.
  if (!anchors_->Contains(certificate.der)) {
    if (auto problem = SignatureProblem(certificate, certificate)) {
      problems_.push_back(*std::move(problem));
    }
  }
  if (auto problem = KeyProblem(certificate, certificate)) {
    problems_.push_back(*std::move(problem));
  }
}

void ChainVerification::AddFlaw() {
  const Certificate& certificate = leaf();
  if (certificate.flaw.empty() && certificate.version == 3) return;
  CertificateProblem problem = {
      ErrorCode::kBadCertificate, NameText(certificate.subject_der),
      absl::StrCat("the certificate ", certificate.flaw)};
  if (certificate.flaw.empty()) {
    problem.detail = absl::StrCat("the certificate is of version ",
                                  certificate.version, ", which is too old");
    problem.advice = PinAdvice(
        "The server's operator must replace the certificate by one of version "
        "3, with its name in the subjectAltName.",
        certificate);
  }
  problems_.push_back(std::move(problem));
}

ChainVerification::Step ChainVerification::RunStep() {
  switch (step_) {
    case Step::kFindPath:
      return FindPath();
    case Step::kFindFaultyPath:
      return FindFaultyPath();
    case Step::kFollowChain:
      return FollowChain();
    case Step::kStaples:
      return ReadStaples();
    case Step::kDone:
      break;
  }
  return Step::kDone;
}

ChainVerification::Step ChainVerification::FindPath() {
  switch (search_->Continue(&signatures_, &budget_)) {
    case PathSearch::Progress::kNextSlice:
      return Step::kFindPath;
    case PathSearch::Progress::kFound:
      path_ = search_->path();
      return Step::kStaples;
    case PathSearch::Progress::kNone:
      search_.emplace(PathInput{chain_, anchors_, now_},
                      PathSearch::Mode::kLenient);
      return Step::kFindFaultyPath;
    case PathSearch::Progress::kTooComplex:
      break;
  }
  problems_.push_back({ErrorCode::kCertificateTooComplex,
                       NameText(leaf().subject_der),
                       "the certificate and those that came with it take more "
                       "work to check than we spend"});
  return Step::kDone;
}

ChainVerification::Step ChainVerification::FindFaultyPath() {
  switch (search_->Continue(&signatures_, &budget_)) {
    case PathSearch::Progress::kNextSlice:
      return Step::kFindFaultyPath;
    case PathSearch::Progress::kFound:
      AddPathProblems(search_->path());
      // The strict search has found nothing that holds, so that there is a
      // problem, whatever was told of it.
      if (problems_.empty()) {
        problems_.push_back({ErrorCode::kBadCertificate,
                             NameText(leaf().subject_der),
                             "no path to an authority holds"});
      }
      return Step::kDone;
    case PathSearch::Progress::kNone:
    case PathSearch::Progress::kTooComplex:
      break;
  }
  return Step::kFollowChain;
}

// Tells what is wrong with a path that leads to an anchor.
void ChainVerification::AddPathProblems(const Path& path) {
  const std::vector<const Certificate*> all = path.WithAnchor();
  const PathInput input = {chain_, anchors_, now_};
  for (size_t i = 1; i < all.size(); ++i) {
    const Anchor* const anchor =
        path.anchor != nullptr && i + 1 == all.size() ? path.anchor : nullptr;
    Problems problems;
    CheckIssuer(*all[i], anchor, absl::MakeConstSpan(all).subspan(0, i), input,
                &budget_, &problems);
    for (CertificateProblem& problem : problems) {
      // Who signs himself proves nothing by it, whatever the hash.
      const bool of_untrusted_root =
          problem.code == ErrorCode::kWeakSignature && path.anchor == nullptr &&
          i + 1 == all.size() && all[i]->is_self_issued();
      if (!of_untrusted_root) problems_.push_back(std::move(problem));
    }
  }
}

// No path leads to an anchor: follows the one that the server meant, from the
// first certificate to issuer after issuer among what it sent, and tells where
// it ends.
ChainVerification::Step ChainVerification::FollowChain() {
  Path path;
  path.certificates.push_back(&leaf());
  while (true) {
    const Certificate& last = *path.certificates.back();
    if (last.is_self_issued()) {
      AddPathProblems(path);
      AddMissingIssuer(path, /*bad_signature=*/false);
      return Step::kDone;
    }
    const Certificate* issuer = nullptr;
    bool bad_signature = false;
    const auto consider = [&](const Certificate& candidate, bool sent) {
      const bool used =
          std::find(path.certificates.begin(), path.certificates.end(),
                    &candidate) != path.certificates.end();
      if (issuer != nullptr || used ||
          candidate.subject_der != last.issuer_der) {
        return true;
      }
      const bool other_key = !last.authority_key_id.empty() &&
                             !candidate.subject_key_id.empty() &&
                             last.authority_key_id != candidate.subject_key_id;
      switch (signatures_.CheckUnlessRefused(last, candidate, &budget_)) {
        case SignatureChecker::Result::kNextSlice:
          return false;
        case SignatureChecker::Result::kInvalid:
          bad_signature = bad_signature || !other_key;
          return true;
        case SignatureChecker::Result::kValid:
        case SignatureChecker::Result::kTooComplex:
          break;
      }
      if (sent) issuer = &candidate;
      return true;
    };
    for (const Anchor* anchor : anchors_->BySubject(last.issuer_der)) {
      if (!consider(anchor->certificate, /*sent=*/false)) {
        return Step::kFollowChain;
      }
    }
    for (const Certificate& candidate : chain_) {
      if (!consider(candidate, /*sent=*/true)) return Step::kFollowChain;
    }
    if (issuer == nullptr) {
      AddPathProblems(path);
      AddMissingIssuer(path, bad_signature);
      return Step::kDone;
    }
    path.certificates.push_back(issuer);
  }
}

void ChainVerification::AddMissingIssuer(const Path& path, bool bad_signature) {
  if (has_unreadable_) {
    problems_.push_back({ErrorCode::kBadCertificate, "",
                         "a certificate in the chain cannot be read"});
  }
  const Certificate& last = *path.certificates.back();
  const std::string issuer = NameText(last.issuer_der);
  const std::string whose = Describe(last, leaf());
  CertificateProblem problem = {ErrorCode::kUnknownIssuer,
                                NameText(leaf().subject_der), ""};
  const std::string inspector = InspectorName(last.issuer_der);
  const bool name_is_trusted = !anchors_->BySubject(last.issuer_der).empty();
  const bool is_leaf = path.certificates.size() == 1;
  if (last.is_self_issued() && is_leaf) {
    problem.code = ErrorCode::kSelfSigned;
    // Who signs himself proves nothing by it, whatever the hash.
    problems_.erase(std::remove_if(problems_.begin(), problems_.end(),
                                   [](const CertificateProblem& it) {
                                     return it.code ==
                                            ErrorCode::kWeakSignature;
                                   }),
                    problems_.end());
    problem.detail = "the certificate is signed by itself and not trusted";
  } else if (bad_signature) {
    problem.code = ErrorCode::kBadSignature;
    problem.subject = NameText(last.subject_der);
    problem.detail = absl::StrCat("the signature of ", issuer, " on ", whose,
                                  " is not valid");
  } else if (name_is_trusted) {
    problem.detail = absl::StrCat(
        whose, " was issued by ", issuer,
        ", which has the name of an authority that is trusted, but another "
        "key");
  } else if (!last.is_self_issued() && inspector.empty() &&
             !CallsItselfRoot(last.issuer_der) &&
             ((is_leaf && last.names_its_issuers_file) ||
              has_own_authorities_)) {
    problem.code = ErrorCode::kMissingIntermediate;
    problem.detail = absl::StrCat(
        whose, " was issued by ", issuer,
        ", whose certificate the server did not send, and which is not trusted "
        "by itself");
  } else {
    problem.detail = absl::StrCat(whose, " was issued by ", issuer,
                                  ", which is not trusted");
  }
  if (!inspector.empty()) {
    absl::StrAppend(&problem.detail, "; by its name this is ", inspector,
                    ", which reads the connection on its way");
    problem.advice = absl::StrCat(
        "Let ", inspector,
        " leave mail connections alone. If it may read them, trust its "
        "authority's certificate, which its operator has.");
  }
  problems_.push_back(std::move(problem));
}

// A stapled response counts for the server's certificate, by the word of its
// issuer.
ChainVerification::Step ChainVerification::ReadStaples() {
  const std::vector<const Certificate*> all = path_.WithAnchor();
  if (all.size() < 2) return Step::kDone;
  for (const std::string& response : server_.stapled) {
    const StapleResult result =
        ReadStaple(response, *all[0], *all[1], now_, &signatures_, &budget_);
    switch (result.kind) {
      case StapleResult::Kind::kNothing:
        break;
      case StapleResult::Kind::kNextSlice:
        return Step::kStaples;
      case StapleResult::Kind::kRevoked:
        problems_.push_back(
            {ErrorCode::kRevoked, NameText(leaf().subject_der),
             absl::StrCat("the certificate was revoked by its issuer on ",
                          TimeText(result.revoked_at))});
        return Step::kDone;
    }
  }
  return Step::kDone;
}

}  // namespace holdfast
