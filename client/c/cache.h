// A cache as C shares it.

#ifndef HOLDFAST_CLIENT_C_CACHE_H_
#define HOLDFAST_CLIENT_C_CACHE_H_

#include <memory>

#include "holdfast/fallback/host_cache.h"
#include "holdfast/holdfast.h"

struct holdfast_cache {
  std::shared_ptr<holdfast::HostCache> cache;
};

#endif  // HOLDFAST_CLIENT_C_CACHE_H_
