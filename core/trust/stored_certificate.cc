#include "holdfast/core/trust/stored_certificate.h"

#include "holdfast/core/nss/nss_item.h"

namespace holdfast {

NssPtr<CERTCertificate> StoreCertificate(absl::string_view der) {
  SECItem item = ItemOf(der);
  NssPtr<CERTCertificate> stored(CERT_NewTempCertificate(
      CERT_GetDefaultCertDB(), &item, /*nickname=*/nullptr,
      /*isperm=*/PR_FALSE, /*copyDER=*/PR_TRUE));
  if (stored != nullptr && BytesOf(stored->derCert) != der) return nullptr;
  return stored;
}

}  // namespace holdfast
