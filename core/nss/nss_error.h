// NSS's and NSPR's error codes by name, and what they mean to us.

#ifndef HOLDFAST_CORE_NSS_NSS_ERROR_H_
#define HOLDFAST_CORE_NSS_NSS_ERROR_H_

#include <cstdint>
#include <string>

#include "holdfast/core/base/error.h"

namespace holdfast {

// "SSL_ERROR_BAD_CERT_DOMAIN". The names are our own, for NSS knows its own
// only once it is up. The number as text for a code without a name; "" for 0,
// which is no error.
std::string NssErrorName(int32_t nss_error);

// What a PRErrorCode means if nothing else is known. During a handshake the
// evidence says more (fallback/intolerance.h).
ErrorCode ErrorCodeFromNss(int32_t nss_error);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_NSS_NSS_ERROR_H_
