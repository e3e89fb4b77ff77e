// The rungs' names and highest versions.

#include "holdfast/fallback/ladder.h"

namespace holdfast {

absl::string_view RungName(Rung rung) {
  switch (rung) {
    case Rung::kFull:
      return "full";
    case Rung::kNoAlpn:
      return "no-alpn";
    case Rung::kCompact:
      return "compact";
    case Rung::kTls12:
      return "tls12";
    case Rung::kTls11:
      return "tls11";
    case Rung::kTls10:
      return "tls10";
  }
  return "";
}

std::optional<Rung> ParseRung(absl::string_view name) {
  for (Rung rung : {Rung::kFull, Rung::kNoAlpn, Rung::kCompact, Rung::kTls12,
                    Rung::kTls11, Rung::kTls10}) {
    if (RungName(rung) == name) return rung;
  }
  return std::nullopt;
}

TlsVersion RungMaximum(Rung rung) {
  switch (rung) {
    case Rung::kFull:
    case Rung::kNoAlpn:
    case Rung::kCompact:
      return TlsVersion::kTls13;
    case Rung::kTls12:
      return TlsVersion::kTls12;
    case Rung::kTls11:
      return TlsVersion::kTls11;
    case Rung::kTls10:
      return TlsVersion::kTls10;
  }
  return TlsVersion::kTls10;
}

}  // namespace holdfast
