#include "holdfast/core/trust/anchors.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/core/trust/distrust_dates.h"

namespace holdfast {

bool Anchors::AddAuthority(std::string der) {
  if (by_der_.count(der) > 0) return true;
  auto anchor = std::make_unique<Anchor>();
  anchor->der = std::move(der);
  const auto certificate = Certificate::Parse(anchor->der);
  if (!certificate) return false;
  anchor->certificate = *certificate;
  anchor->distrust_after = KnownDistrustDate(anchor->der);
  by_subject_[std::string(certificate->subject_der)].push_back(anchor.get());
  std::string key = anchor->der;
  by_der_.emplace(std::move(key), std::move(anchor));
  return true;
}

void Anchors::Distrust(absl::string_view issuer_der,
                       absl::string_view serial_der) {
  // No certificate begins as a Name does that has a number behind it.
  distrusted_.insert(absl::StrCat(issuer_der, serial_der));
}

void Anchors::DistrustAfter(const std::string& der, absl::Time time) {
  const auto found = by_der_.find(der);
  if (found != by_der_.end()) found->second->distrust_after = time;
}

const std::vector<const Anchor*>& Anchors::BySubject(
    absl::string_view subject_der) const {
  static const auto* const none = new std::vector<const Anchor*>;
  const auto found = by_subject_.find(std::string(subject_der));
  return found == by_subject_.end() ? *none : found->second;
}

bool Anchors::Contains(absl::string_view der) const {
  const std::string key(der);
  return peers_.count(key) > 0 || by_der_.count(key) > 0;
}

bool Anchors::IsDistrusted(const Certificate& certificate) const {
  if (distrusted_.empty()) return false;
  return distrusted_.count(std::string(certificate.der)) > 0 ||
         distrusted_.count(
             absl::StrCat(certificate.issuer_der, certificate.serial)) > 0;
}

}  // namespace holdfast
