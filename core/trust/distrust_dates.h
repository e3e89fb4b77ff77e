// Roots that Mozilla believes for certificates up to a date only.

#ifndef HOLDFAST_CORE_TRUST_DISTRUST_DATES_H_
#define HOLDFAST_CORE_TRUST_DISTRUST_DATES_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace holdfast {

// Until when certificates that begin are believed for the sake of this root, as
// CKA_NSS_SERVER_DISTRUST_AFTER was in NSS's lists of roots from 2.60 to 2.86
// (May 2026); nullopt if there is no such date. For machines whose own list is
// older, or which have none.
std::optional<absl::Time> KnownDistrustDate(absl::string_view der);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_DISTRUST_DATES_H_
