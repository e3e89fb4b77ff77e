#include "holdfast/tools/options.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/net/proxy.h"
#include "holdfast/fallback/sqlite_host_cache.h"

namespace holdfast {
namespace {

const std::map<std::string, Protocol> kProtocols = {{"imap", Protocol::kImap},
                                                    {"pop3", Protocol::kPop3},
                                                    {"smtp", Protocol::kSmtp},
                                                    {"nntp", Protocol::kNntp}};
const std::map<std::string, ConnectionSecurity> kSecurities = {
    {"auto", ConnectionSecurity::kAuto},
    {"implicit", ConnectionSecurity::kImplicitTls},
    {"starttls", ConnectionSecurity::kStartTls}};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// $HOLDFAST_CACHE, else where the XDG base directory specification puts state.
std::string DefaultCachePath() {
  const std::string named = Environment("HOLDFAST_CACHE");
  return named.empty() ? DefaultHostCacheFile() : named;
}

TlsVersion ParseAllowedVersion(const std::string& text) {
  const std::optional<TlsVersion> version = ParseTlsVersion(text);
  if (!version || *version < TlsVersion::kTls12) {
    throw CLI::ValidationError(
        absl::StrCat("\"", text, "\" is not 1.2 or 1.3"));
  }
  return *version;
}

TlsVersion ParseLegacyVersion(const std::string& text) {
  const std::optional<TlsVersion> version = ParseTlsVersion(text);
  if (!version || *version >= TlsVersion::kTls12) {
    throw CLI::ValidationError(
        absl::StrCat("\"", text, "\" is not 1.0 or 1.1"));
  }
  return *version;
}

// HOST:PORT:ADDR, as curl's --resolve; ADDR may stand in brackets.
std::pair<std::string, Host> ParseOverride(const std::string& text) {
  const std::string wanted = absl::StrCat(
      "\"", text, "\" is not HOST:PORT:ADDR, such as example.org:993:[::1]");
  const size_t host_end =
      text.find(':', text.empty() || text[0] != '[' ? 0 : text.find(']'));
  const size_t port_end = host_end == std::string::npos
                              ? std::string::npos
                              : text.find(':', host_end + 1);
  if (port_end == std::string::npos) throw CLI::ValidationError(wanted);
  const absl::StatusOr<Host> host = Host::Parse(text.substr(0, host_end));
  const absl::StatusOr<Host> address = Host::Parse(text.substr(port_end + 1));
  uint32_t port;
  if (!host.ok() || !address.ok() || !address->is_ip_literal() ||
      !absl::SimpleAtoi(text.substr(host_end + 1, port_end - host_end - 1),
                        &port) ||
      port == 0 || port > 65535) {
    throw CLI::ValidationError(wanted);
  }
  const Endpoint endpoint{*host, static_cast<uint16_t>(port)};
  return {endpoint.ToString(), *address};
}

void CheckLocalAddress(const std::string& text,
                       const std::vector<std::string>& others) {
  if (!Client::ParseBindAddress(text).ok()) {
    throw CLI::ValidationError(
        absl::StrCat("\"", text, "\" is not an IP address to connect from"));
  }
  const auto is_ipv6 = [](const std::string& address) {
    return absl::StrContains(address, ':');
  };
  for (const std::string& other : others) {
    if (is_ipv6(other) != is_ipv6(text)) continue;
    throw CLI::ValidationError(
        "--bind takes one IPv4 and one IPv6 address at most");
  }
}

void CheckProxy(const std::string& text) {
  const absl::StatusOr<Proxy> proxy = Proxy::Parse(text);
  if (proxy.ok()) return;
  // Without the text, which may hold a password.
  throw CLI::ValidationError(ErrorFromStatus(proxy.status()).Message());
}

// Where nothing says where to keep it.
std::unique_ptr<HostCache> HomelessCache() {
  return NewMemoryHostCache(
      {}, {},
      {MakeError(ErrorCode::kCacheUnusable, Phase::kSetup,
                 "There is no place for the host cache: none of "
                 "$HOLDFAST_CACHE, $XDG_STATE_HOME and $HOME is set. Hosts are "
                 "remembered in memory only.")});
}

}  // namespace

absl::Duration ParsePositiveDuration(const std::string& text) {
  constexpr int64_t kMostDays = 36500;
  absl::Duration duration;
  int64_t number;
  if (absl::SimpleAtoi(text, &number)) {
    duration = absl::Seconds(number);
  } else if (absl::EndsWith(text, "d") &&
             absl::SimpleAtoi(text.substr(0, text.size() - 1), &number) &&
             number <= kMostDays) {
    duration = number * absl::Hours(24);
  } else if (!absl::ParseDuration(text, &duration)) {
    throw CLI::ValidationError(
        absl::StrCat("\"", text, "\" is not a time such as 30s, 1m30s or 30d"));
  }
  if (duration <= absl::ZeroDuration() ||
      duration == absl::InfiniteDuration()) {
    throw CLI::ValidationError(
        absl::StrCat("\"", text, "\" is not a positive, finite time"));
  }
  return duration;
}

void AddGlobalOptions(CLI::App* app, GlobalOptions* options) {
  app->add_flag("--json", options->json, "One JSON document on stdout");
  CLI::Option* const quiet = app->add_flag(
      "--quiet", options->quiet, "Nothing on stderr but mistakes in usage");
  app->add_flag("--verbose", options->verbose,
                "All that happens, with times, on stderr")
      ->excludes(quiet);
  using Color = GlobalOptions::Color;
  app->add_option("--color", options->color, "Colour for people [auto]")
      ->transform(CLI::CheckedTransformer(
                      std::map<std::string, Color>{{"auto", Color::kAuto},
                                                   {"always", Color::kAlways},
                                                   {"never", Color::kNever}})
                      .description(""))
      ->type_name("auto|always|never");
  app->add_option("--cache", options->cache,
                  "The file that remembers hosts, or \"none\"")
      ->type_name("PATH|none");
}

Painter PainterFor(const GlobalOptions& options, int fd) {
  switch (options.color) {
    case GlobalOptions::Color::kAlways:
      return Painter(true);
    case GlobalOptions::Color::kNever:
      return Painter(false);
    case GlobalOptions::Color::kAuto:
      break;
  }
  return Painter(isatty(fd) && Environment("NO_COLOR").empty() &&
                 Environment("TERM") != "dumb");
}

std::string CachePath(const GlobalOptions& options) {
  if (options.cache == "none") return "";
  return options.cache.empty() ? DefaultCachePath() : options.cache;
}

std::unique_ptr<HostCache> OpenCache(const GlobalOptions& options) {
  const std::string path = CachePath(options);
  if (options.cache == "none") return NewMemoryHostCache();
  if (path.empty()) return HomelessCache();
  return OpenSqliteHostCache(path);
}

void SetCache(const GlobalOptions& global, ClientOptions* client) {
  client->cache_file = CachePath(global);
  if (client->cache_file.empty()) client->cache = OpenCache(global);
}

absl::StatusOr<CommandClient> NewCommandClient(const ConnectionOptions& options,
                                               ClientOptions client) {
  CommandClient made;
  absl::StatusOr<std::unique_ptr<UvEventLoop>> loop = UvEventLoop::Create();
  if (!loop.ok()) return loop.status();
  made.loop = *std::move(loop);
  made.resolver = NewOverrideResolver(made.loop.get(), options.overrides,
                                      NewSystemResolver(made.loop.get()));
  client.loop = made.loop.get();
  client.resolver = made.resolver.get();
  client.min_version = options.allow_legacy.value_or(client.min_version);
  absl::StatusOr<std::unique_ptr<Client>> created =
      Client::Create(std::move(client));
  if (!created.ok()) return created.status();
  made.client = *std::move(created);
  return made;
}

void AddWayOptions(CLI::App* app, std::optional<Protocol>* protocol,
                   std::optional<ConnectionSecurity>* security) {
  app->add_option("--protocol", *protocol, "Of a TARGET without a scheme")
      ->type_name("imap|pop3|smtp|nntp")
      ->transform(CLI::CheckedTransformer(kProtocols, CLI::ignore_case)
                      .description(""));
  app->add_option("--security", *security,
                  "Of a TARGET without a scheme [auto]")
      ->type_name("auto|implicit|starttls")
      ->transform(CLI::CheckedTransformer(kSecurities, CLI::ignore_case)
                      .description(""));
}

void AddConnectionOptions(CLI::App* app, ConnectionOptions* options) {
  AddWayOptions(app, &options->protocol, &options->security);
  app->add_option("--ca", options->client.ca_files,
                  "Trust this PEM file's issuers (repeatable)")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app->add_flag_callback(
      "--no-system-roots", [options] { options->client.system_roots = false; },
      "Do not trust the system's authorities");
  app->add_option("--nss-db", options->client.nss_database,
                  "Trust what this NSS database trusts, too")
      ->type_name("DIR");
  app->add_option("--pin", options->client.pins,
                  "Accept only this server key (repeatable)")
      ->type_name("sha256//BASE64")
      ->allow_extra_args(false)
      ->check([](const std::string& text) {
        return IsPin(text) ? ""
                           : "\"" + text +
                                 "\" is not sha256// and the SHA-256 of a "
                                 "public key in base64";
      });
  app->add_flag("--danger-accept-any-certificate",
                options->client.danger_accept_any_certificate,
                "Connect even with whoever may be in between");
  app->add_option_function<std::string>(
         "--min-version",
         [options](const std::string& text) {
           options->client.min_version = ParseAllowedVersion(text);
         },
         "Lowest TLS version to accept [1.2]")
      ->type_name("1.2|1.3");
  app->add_option_function<std::string>(
         "--allow-legacy",
         [options](const std::string& text) {
           options->allow_legacy = ParseLegacyVersion(text);
         },
         "Accept an unsafe old TLS version this once")
      ->type_name("1.0|1.1")
      ->excludes("--min-version");
  app->add_option_function<std::string>(
         "--max-version",
         [options](const std::string& text) {
           options->client.max_version = ParseAllowedVersion(text);
         },
         "Highest TLS version to offer [1.3]")
      ->type_name("1.2|1.3");
  app->add_flag_callback(
      "--no-fallback", [options] { options->client.fallback = false; },
      "One attempt only, with the full offer");
  app->add_option_function<std::string>(
         "--hedge-delay",
         [options](const std::string& text) {
           options->client.hedge_delay = ParsePositiveDuration(text);
         },
         "Silence after which less is offered [2s]")
      ->type_name("TIME");
  app->add_option_function<std::string>(
         "--timeout",
         [options](const std::string& text) {
           options->client.connect_timeout = ParsePositiveDuration(text);
         },
         "Limit for everything together [30s]")
      ->type_name("TIME");
  app->add_option_function<std::vector<std::string>>(
         "--resolve",
         [options](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             auto [endpoint, address] = ParseOverride(text);
             options->overrides[endpoint].push_back(address);
           }
         },
         "Use this address, not a look-up (repeatable)")
      ->type_name("HOST:PORT:ADDR")
      ->allow_extra_args(false);
  app->add_option_function<std::string>(
         "--proxy",
         [options](const std::string& text) {
           CheckProxy(text);
           options->client.proxy = text;
         },
         "socks5:// or http://[USER:PASSWORD@]HOST")
      ->type_name("URL");
  app->add_option_function<std::vector<std::string>>(
         "--bind",
         [options](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             CheckLocalAddress(text, options->client.bind_addresses);
             options->client.bind_addresses.push_back(text);
           }
         },
         "Local address to connect from (repeatable)")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  app->add_option("--keylog", options->key_log,
                  "Append the TLS secrets, for a packet capture")
      ->type_name("FILE")
      ->envname("SSLKEYLOGFILE");
  app->add_option("--trace", options->trace,
                  "Append what happens, as JSON lines")
      ->type_name("FILE");
}

}  // namespace holdfast
