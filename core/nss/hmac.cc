#include "holdfast/core/nss/hmac.h"

#include <pk11pub.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/nss/nss_error.h"
#include "holdfast/core/nss/nss_item.h"
#include "holdfast/core/nss/nss_ptr.h"

namespace holdfast {
namespace {

absl::Status Failed() {
  return MakeStatus(ErrorCode::kTlsSetupFailed, Phase::kSession,
                    absl::StrCat("NSS could not make an HMAC: ",
                                 NssErrorName(PR_GetError())));
}

}  // namespace

absl::StatusOr<SecretString> Hmac(HashAlgorithm algorithm,
                                  const SecretString& key,
                                  absl::string_view message) {
  const CK_MECHANISM_TYPE mechanism =
      algorithm == HashAlgorithm::kSha1 ? CKM_SHA_1_HMAC : CKM_SHA256_HMAC;
  SECItem value = ItemOf(key.view());
  SECItem no_parameters = {siBuffer, nullptr, 0};
  const NssPtr<PK11SlotInfo> slot(PK11_GetInternalSlot());
  if (slot == nullptr) return Failed();
  const NssPtr<PK11SymKey> imported(
      PK11_ImportSymKey(slot.get(), mechanism, PK11_OriginUnwrap, CKA_SIGN,
                        &value, /*wincx=*/nullptr));
  if (imported == nullptr) return Failed();
  const NssPtr<PK11Context> context(PK11_CreateContextBySymKey(
      mechanism, CKA_SIGN, imported.get(), &no_parameters));
  if (context == nullptr) return Failed();
  const SECItem input = ItemOf(message);
  std::string mac(algorithm == HashAlgorithm::kSha1 ? 20 : 32, '\0');
  unsigned size = 0;
  if (PK11_DigestBegin(context.get()) != SECSuccess ||
      PK11_DigestOp(context.get(), input.data, input.len) != SECSuccess ||
      PK11_DigestFinal(context.get(),
                       reinterpret_cast<unsigned char*>(mac.data()), &size,
                       static_cast<unsigned>(mac.size())) != SECSuccess ||
      size != mac.size()) {
    return Failed();
  }
  return SecretString::Take(std::move(mac));
}

}  // namespace holdfast
