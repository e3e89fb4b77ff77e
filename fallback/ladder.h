// SPDX-License-Identifier: MPL-2.0

// The rungs of the ladder, from the full offer down. What leads from one to the
// next is decided in retry_session.h.

#ifndef HOLDFAST_FALLBACK_LADDER_H_
#define HOLDFAST_FALLBACK_LADDER_H_

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/core/tls/handshake_profile.h"

#pragma GCC visibility push(default)
namespace holdfast {

// In order: a later one offers less. Names are stored in the cache.
enum class Rung { kFull, kNoAlpn, kCompact, kTls12, kTls11, kTls10 };

// "full", "no-alpn", "compact", "tls12", "tls11", "tls10".
absl::string_view RungName(Rung rung);
std::optional<Rung> ParseRung(absl::string_view name);

// The highest version that `rung` offers, whatever the range allows.
TlsVersion RungMaximum(Rung rung);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_FALLBACK_LADDER_H_
