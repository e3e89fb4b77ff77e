// Pins of keys, as curl's --pinnedpubkey writes them.

#ifndef HOLDFAST_CORE_TRUST_PIN_H_
#define HOLDFAST_CORE_TRUST_PIN_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace holdfast {

// The SHA-256 (raw) that "sha256//BASE64" stands for; nullopt if it is none.
std::optional<std::string> ParsePin(absl::string_view text);

// The pin of the key in `key_der` (SubjectPublicKeyInfo).
std::string PinOf(absl::string_view key_der);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_PIN_H_
