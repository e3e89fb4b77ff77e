// Hash maps of hosts.

#ifndef HOLDFAST_FALLBACK_HOST_MAP_H_
#define HOLDFAST_FALLBACK_HOST_MAP_H_

#include <unordered_map>

#include "absl/hash/hash.h"
#include "holdfast/fallback/host_record.h"

namespace holdfast {

// Of the standard library: those of Abseil want a library that is sanitized as
// their headers are, and Debian's is not.
template <typename Value>
using HostMap = std::unordered_map<HostKey, Value, absl::Hash<HostKey>>;

}  // namespace holdfast

#endif  // HOLDFAST_FALLBACK_HOST_MAP_H_
