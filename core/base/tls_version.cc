// Names of TLS versions, and the one way to build a range.

#include "holdfast/core/base/tls_version.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"

namespace holdfast {

absl::string_view TlsVersionName(TlsVersion version) {
  switch (version) {
    case TlsVersion::kTls10:
      return "TLS1.0";
    case TlsVersion::kTls11:
      return "TLS1.1";
    case TlsVersion::kTls12:
      return "TLS1.2";
    case TlsVersion::kTls13:
      return "TLS1.3";
  }
  return "";
}

absl::string_view TlsVersionText(TlsVersion version) {
  switch (version) {
    case TlsVersion::kTls10:
      return "TLS 1.0";
    case TlsVersion::kTls11:
      return "TLS 1.1";
    case TlsVersion::kTls12:
      return "TLS 1.2";
    case TlsVersion::kTls13:
      return "TLS 1.3";
  }
  return "";
}

std::optional<TlsVersion> ParseTlsVersion(absl::string_view text) {
  absl::string_view number = absl::StripPrefix(text, "TLS");
  if (number == "1.0") return TlsVersion::kTls10;
  if (number == "1.1") return TlsVersion::kTls11;
  if (number == "1.2") return TlsVersion::kTls12;
  if (number == "1.3") return TlsVersion::kTls13;
  return std::nullopt;
}

std::optional<TlsVersion> TlsVersionFromWire(uint16_t value) {
  if (value < static_cast<uint16_t>(TlsVersion::kTls10) ||
      value > static_cast<uint16_t>(TlsVersion::kTls13)) {
    return std::nullopt;
  }
  return static_cast<TlsVersion>(value);
}

std::string WireVersionText(uint16_t value) {
  if (auto version = TlsVersionFromWire(value)) {
    return std::string(TlsVersionText(*version));
  }
  if (value == 0x0300) return "SSL 3.0";
  if (value == 0x0002) return "SSL 2.0";
  return absl::StrCat("unknown version 0x", absl::Hex(value, absl::kZeroPad4));
}

absl::StatusOr<TlsVersionRange> TlsVersionRange::Create(TlsVersion min,
                                                        TlsVersion max) {
  if (min > max) {
    return MakeStatus(
        ErrorCode::kInvalidVersionRange, Phase::kSetup,
        absl::StrCat("The lowest version allowed, ", TlsVersionText(min),
                     ", is above the highest, ", TlsVersionText(max), "."));
  }
  return TlsVersionRange(min, max);
}

}  // namespace holdfast
