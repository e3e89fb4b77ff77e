#include "holdfast/core/trust/signature.h"

#include <cryptohi.h>
#include <keyhi.h>
#include <pk11pub.h>
#include <secasn1.h>
#include <secoid.h>

#include "absl/strings/str_cat.h"
#include "holdfast/core/nss/nss_item.h"
#include "holdfast/core/nss/nss_ptr.h"

namespace holdfast {
namespace {

NssPtr<SECKEYPublicKey> ReadKey(absl::string_view key_der) {
  const SECItem item = ItemOf(key_der);
  CERTSubjectPublicKeyInfo* const info =
      SECKEY_DecodeDERSubjectPublicKeyInfo(&item);
  if (info == nullptr) return nullptr;
  NssPtr<SECKEYPublicKey> key(SECKEY_ExtractPublicKey(info));
  SECKEY_DestroySubjectPublicKeyInfo(info);
  return key;
}

}  // namespace

bool IsSignedBy(const SignedBytes& data, absl::string_view key_der) {
  const NssPtr<SECKEYPublicKey> key = ReadKey(key_der);
  const NssPtr<PLArenaPool> arena(PORT_NewArena(DER_DEFAULT_CHUNKSIZE));
  if (key == nullptr || arena == nullptr) return false;
  SECAlgorithmID algorithm = {};
  const SECItem algorithm_item = ItemOf(data.algorithm_der);
  const SECItem signature = ItemOf(data.signature);
  return SEC_QuickDERDecodeItem(arena.get(), &algorithm,
                                SEC_ASN1_GET(SECOID_AlgorithmIDTemplate),
                                &algorithm_item) == SECSuccess &&
         VFY_VerifyDataWithAlgorithmID(
             reinterpret_cast<const unsigned char*>(data.bytes.data()),
             static_cast<int>(data.bytes.size()), key.get(), &signature,
             &algorithm, /*hash=*/nullptr, /*wincx=*/nullptr) == SECSuccess;
}

std::string Sha256(absl::string_view bytes) {
  std::string hash(32, '\0');
  PK11_HashBuf(SEC_OID_SHA256, reinterpret_cast<unsigned char*>(hash.data()),
               ItemOf(bytes).data, static_cast<PRInt32>(bytes.size()));
  return hash;
}

std::string SignatureMemory::KeyOf(const SignedBytes& data,
                                   absl::string_view key_der) {
  // Each part but the last is DER, which says where it ends.
  return Sha256(
      absl::StrCat(key_der, data.algorithm_der, data.bytes, data.signature));
}

bool SignatureMemory::Contains(const std::string& key) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return known_.count(key) > 0;
}

void SignatureMemory::Add(const std::string& key) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!known_.insert(key).second) return;
  oldest_first_.push_back(key);
  if (oldest_first_.size() <= capacity_) return;
  known_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

}  // namespace holdfast
