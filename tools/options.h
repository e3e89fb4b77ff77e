// The command's options: what they mean, read into types that cannot be wrong.

#ifndef HOLDFAST_TOOLS_OPTIONS_H_
#define HOLDFAST_TOOLS_OPTIONS_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"
#include "core/endpoint.h"
#include "core/tls_version.h"
#include "core/trust.h"
#include "fallback/fallback_policy.h"
#include "fallback/host_cache.h"

namespace holdfast {

// Options of every subcommand.
struct GlobalOptions {
  bool json = false;
  std::string cache;  // --cache PATH|none; empty: the default
};
void AddGlobalOptions(CLI::App* app, GlobalOptions* options);

// The cache that --cache, $HOLDFAST_CACHE or the default names. With "none",
// and where no path can be found, one in memory.
std::unique_ptr<HostCache> OpenCache(const GlobalOptions& options);

// Options of every subcommand that connects.
struct ConnectionOptions {
  TrustOptions trust;
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  bool no_fallback = false;
  absl::Duration timeout = absl::Seconds(30);
  // --resolve: Endpoint::ToString() to addresses.
  std::map<std::string, std::vector<Host>> overrides;

  // Errors: kInvalidVersionRange.
  absl::StatusOr<FallbackPolicy> Policy() const;
};
void AddConnectionOptions(CLI::App* app, ConnectionOptions* options);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_OPTIONS_H_
