// HMAC (RFC 2104), by NSS.

#ifndef HOLDFAST_CORE_NSS_HMAC_H_
#define HOLDFAST_CORE_NSS_HMAC_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/core/base/secret_string.h"

namespace holdfast {

enum class HashAlgorithm { kSha1, kSha256 };

// 20 or 32 bytes. NSS must be running. Errors: kTlsSetupFailed.
absl::StatusOr<SecretString> Hmac(HashAlgorithm algorithm,
                                  const SecretString& key,
                                  absl::string_view message);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_NSS_HMAC_H_
