#include "holdfast/core/trust/pin.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "holdfast/core/trust/signature.h"
#include "holdfast/core/trust/trust.h"

namespace holdfast {
namespace {

constexpr absl::string_view kPrefix = "sha256//";
constexpr size_t kSha256Size = 32;

}  // namespace

std::optional<std::string> ParsePin(absl::string_view text) {
  std::string hash;
  if (!absl::ConsumePrefix(&text, kPrefix) ||
      !absl::Base64Unescape(text, &hash) || hash.size() != kSha256Size) {
    return std::nullopt;
  }
  return hash;
}

std::string PinOf(absl::string_view key_der) {
  return absl::StrCat(kPrefix, absl::Base64Escape(Sha256(key_der)));
}

bool IsPin(absl::string_view text) { return ParsePin(text).has_value(); }

}  // namespace holdfast
