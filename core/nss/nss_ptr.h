// Owning pointers for NSS's and NSPR's objects. For core's own .cc files only:
// no public header shows NSS.

#ifndef HOLDFAST_CORE_NSS_NSS_PTR_H_
#define HOLDFAST_CORE_NSS_NSS_PTR_H_

#include <cert.h>
#include <keyhi.h>
#include <nspr.h>
#include <pk11pub.h>
#include <secport.h>

#include <memory>

namespace holdfast {

struct NssDelete {
  void operator()(CERTCertificate* it) const { CERT_DestroyCertificate(it); }
  void operator()(CERTCertList* it) const { CERT_DestroyCertList(it); }
  void operator()(SECKEYPrivateKey* it) const { SECKEY_DestroyPrivateKey(it); }
  void operator()(SECKEYPublicKey* it) const { SECKEY_DestroyPublicKey(it); }
  void operator()(PK11Context* it) const { PK11_DestroyContext(it, PR_TRUE); }
  void operator()(PK11SymKey* it) const { PK11_FreeSymKey(it); }
  void operator()(PK11SlotInfo* it) const { PK11_FreeSlot(it); }
  void operator()(PLArenaPool* it) const { PORT_FreeArena(it, PR_FALSE); }
  void operator()(PRFileDesc* it) const { PR_Close(it); }
  void operator()(char* it) const { PORT_Free(it); }
};
template <typename T>
using NssPtr = std::unique_ptr<T, NssDelete>;

}  // namespace holdfast

#endif  // HOLDFAST_CORE_NSS_NSS_PTR_H_
