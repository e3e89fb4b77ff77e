// The command's options: what they mean, read into types that cannot be wrong.

#ifndef HOLDFAST_TOOLS_OPTIONS_H_
#define HOLDFAST_TOOLS_OPTIONS_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "holdfast/client/client.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/fallback/host_cache.h"
#include "holdfast/protocols/dialogue/protocol.h"
#include "holdfast/tools/painter.h"

namespace holdfast {

// Reads "2s", "1m30s", "500ms", "30d"; a bare number is in seconds. Throws
// CLI::ValidationError for what is not a positive, finite time.
absl::Duration ParsePositiveDuration(const std::string& text);

// Options of every subcommand.
struct GlobalOptions {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  enum class Color { kAuto, kAlways, kNever } color = Color::kAuto;
  std::string cache;  // --cache PATH|none; empty: the default
};
void AddGlobalOptions(CLI::App* app, GlobalOptions* options);

// For text on `fd`. With --color auto it paints on a terminal, unless NO_COLOR
// (no-color.org) or TERM=dumb forbids it.
Painter PainterFor(const GlobalOptions& options, int fd);

// The file that --cache, $HOLDFAST_CACHE or the default names; empty with
// "none", and where none can be found.
std::string CachePath(const GlobalOptions& options);
// The cache in that file, or one in memory.
std::unique_ptr<HostCache> OpenCache(const GlobalOptions& options);

// Options of every subcommand that connects.
struct ConnectionOptions {
  std::optional<Protocol> protocol;
  std::optional<ConnectionSecurity> security;
  ClientOptions client;                    // as far as options say
  std::optional<TlsVersion> allow_legacy;  // TLS 1.0 or 1.1, as the minimum
  std::string key_log;                     // --keylog; empty: none
  std::string trace;                       // --trace; empty: none
  // --resolve: Endpoint::ToString() to addresses.
  std::map<std::string, std::vector<Host>> overrides;
};

// The cache that the options name, of a client that is to be made.
void SetCache(const GlobalOptions& global, ClientOptions* client);

// A client with what it works with.
struct CommandClient {
  std::unique_ptr<UvEventLoop> loop;
  std::unique_ptr<Resolver> resolver;  // the system's, but for the overrides
  std::unique_ptr<Client> client;
};
// With `client` in place of the one in `options`. Errors: kOutOfResources;
// those of Client::Create().
absl::StatusOr<CommandClient> NewCommandClient(const ConnectionOptions& options,
                                               ClientOptions client);

// --protocol and --security, of a TARGET without a scheme.
void AddWayOptions(CLI::App* app, std::optional<Protocol>* protocol,
                   std::optional<ConnectionSecurity>* security);
void AddConnectionOptions(CLI::App* app, ConnectionOptions* options);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_OPTIONS_H_
