// SPDX-License-Identifier: MPL-2.0

// TLS protocol versions and ranges of them.

#ifndef HOLDFAST_CORE_BASE_TLS_VERSION_H_
#define HOLDFAST_CORE_BASE_TLS_VERSION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#pragma GCC visibility push(default)
namespace holdfast {

// The values are those on the wire (RFC 8446, 4.2.1).
enum class TlsVersion : uint16_t {
  kTls10 = 0x0301,
  kTls11 = 0x0302,
  kTls12 = 0x0303,
  kTls13 = 0x0304,
};

// "TLS1.2": as reports and the cache write it.
absl::string_view TlsVersionName(TlsVersion version);
// "TLS 1.2": as people read it.
absl::string_view TlsVersionText(TlsVersion version);
// Reads "TLS1.2" and "1.2"; nothing else.
std::optional<TlsVersion> ParseTlsVersion(absl::string_view text);
// From the value on the wire; nullopt for anything but the four above.
std::optional<TlsVersion> TlsVersionFromWire(uint16_t value);
// A text for any value on the wire, also for those not supported: "SSL 3.0",
// "unknown version 0x7f12".
std::string WireVersionText(uint16_t value);

// A closed range of versions. A value type; an invalid range cannot be built.
class TlsVersionRange {
 public:
  // TLS 1.2 to 1.3.
  TlsVersionRange() : min_(TlsVersion::kTls12), max_(TlsVersion::kTls13) {}
  // Errors: kInvalidVersionRange if `min` is above `max`.
  static absl::StatusOr<TlsVersionRange> Create(TlsVersion min, TlsVersion max);
  static TlsVersionRange Only(TlsVersion version) {
    return TlsVersionRange(version, version);
  }

  TlsVersion min() const { return min_; }
  TlsVersion max() const { return max_; }
  bool Contains(TlsVersion version) const {
    return min_ <= version && version <= max_;
  }

  friend bool operator==(const TlsVersionRange& a, const TlsVersionRange& b) {
    return a.min_ == b.min_ && a.max_ == b.max_;
  }
  friend bool operator!=(const TlsVersionRange& a, const TlsVersionRange& b) {
    return !(a == b);
  }

 private:
  TlsVersionRange(TlsVersion min, TlsVersion max) : min_(min), max_(max) {}

  TlsVersion min_;
  TlsVersion max_;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_BASE_TLS_VERSION_H_
