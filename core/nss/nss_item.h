// Bytes as NSS holds them, and as everybody else does. For core's own .cc files
// only.

#ifndef HOLDFAST_CORE_NSS_NSS_ITEM_H_
#define HOLDFAST_CORE_NSS_NSS_ITEM_H_

#include <seccomon.h>

#include "absl/strings/string_view.h"

namespace holdfast {

// NSS's view of `bytes`, which NSS will not change.
inline SECItem ItemOf(absl::string_view bytes) {
  return {siBuffer,
          reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data())),
          static_cast<unsigned>(bytes.size())};
}

inline absl::string_view BytesOf(const SECItem& item) {
  return {reinterpret_cast<const char*>(item.data), item.len};
}

}  // namespace holdfast

#endif  // HOLDFAST_CORE_NSS_NSS_ITEM_H_
