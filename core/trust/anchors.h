// Whom a Trust believes, read and indexed once.

#ifndef HOLDFAST_CORE_TRUST_ANCHORS_H_
#define HOLDFAST_CORE_TRUST_ANCHORS_H_

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "holdfast/core/trust/certificate.h"

namespace holdfast {

// A trust anchor (RFC 5280, 6.1.1), as the certificate that it came in.
struct Anchor {
  std::string der;
  Certificate certificate;  // a view of `der`
  // Certificates of servers that begin later are not believed
  // (distrust_dates.h).
  std::optional<absl::Time> distrust_after;
};

// Thread safety: as for a value. Moves, but does not copy: anchors stay where
// they are in memory.
class Anchors {
 public:
  // False if `der` is no certificate. One that is there already is not added
  // again.
  bool AddAuthority(std::string der);
  // Good for the server that has it, and as issuer of nothing.
  void AddPeer(std::string der) { peers_.insert(std::move(der)); }
  // Nobody is to believe this certificate, wherever it stands.
  void Distrust(std::string der) { distrusted_.insert(std::move(der)); }
  // The same for one that is known by its issuer and serial number only (as
  // they stand in it, DER).
  void Distrust(absl::string_view issuer_der, absl::string_view serial_der);
  // Certificates of servers that begin after `time` are not believed for this
  // authority's sake. Does nothing if it is not here.
  void DistrustAfter(const std::string& der, absl::Time time);

  // The authorities with this subject.
  const std::vector<const Anchor*>& BySubject(
      absl::string_view subject_der) const;
  // Trusted as it is: as a peer, or as an authority that serves itself.
  bool Contains(absl::string_view der) const;
  bool IsDistrusted(const Certificate& certificate) const;

  bool empty() const { return by_der_.empty() && peers_.empty(); }
  size_t size() const { return by_der_.size() + peers_.size(); }

 private:
  std::unordered_map<std::string, std::unique_ptr<Anchor>> by_der_;
  std::unordered_map<std::string, std::vector<const Anchor*>> by_subject_;
  std::unordered_set<std::string> peers_;
  std::unordered_set<std::string> distrusted_;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_ANCHORS_H_
