// A cache as C shares it.

#ifndef HOLDFAST_C_CACHE_H_
#define HOLDFAST_C_CACHE_H_

#include <memory>

#include "c/holdfast.h"
#include "fallback/host_cache.h"

struct holdfast_cache {
  std::shared_ptr<holdfast::HostCache> cache;
};

#endif  // HOLDFAST_C_CACHE_H_
