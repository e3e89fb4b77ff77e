// PEM (RFC 7468): DER in base64, between lines that say what it is.

#ifndef HOLDFAST_CORE_TRUST_PEM_H_
#define HOLDFAST_CORE_TRUST_PEM_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace holdfast {

// The blocks of `text` that are called `label` ("CERTIFICATE"), as DER. What
// is around them is a comment. nullopt if one of them is damaged.
std::optional<std::vector<std::string>> ParsePem(absl::string_view text,
                                                 absl::string_view label);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_PEM_H_
