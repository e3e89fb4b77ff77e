#include "holdfast/client/c/client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/client/c/cache.h"
#include "holdfast/client/c/error.h"
#include "holdfast/client/c/value.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/core/net/proxy.h"
#include "holdfast/protocols/connect/report_json.h"

// What a resolve function fills.
struct holdfast_addresses {
  uint16_t port;
  std::vector<holdfast::SocketAddress> list;
};

// What a socket function answers.
struct holdfast_socket_request {
  holdfast::Endpoint endpoint;
  std::function<void(absl::StatusOr<holdfast::FactorySocket>)> answer;
};

namespace holdfast::c {
namespace {

absl::Status Invalid(absl::string_view what) {
  return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSetup, what);
}

absl::StatusOr<TlsVersion> ReadVersion(const char* text) {
  if (text == nullptr) return Missing("version");
  if (const auto version = ParseTlsVersion(text)) return *version;
  return Invalid(absl::StrCat("\"", EscapeBytes(text),
                              "\" is no TLS version; write \"1.2\"."));
}

Resolver::Result CallResolver(holdfast_resolve_function resolve, void* data,
                              const Endpoint& endpoint) {
  holdfast_addresses found{endpoint.port, {}};
  if (resolve(data, endpoint.host.name().c_str(), endpoint.port, &found) != 0 ||
      found.list.empty()) {
    return MakeStatus(ErrorCode::kHostNotFound, Phase::kLookup, "");
  }
  return std::move(found.list);
}

absl::StatusOr<FactorySocket> ReadSocket(int fd, bool through_proxy,
                                         const char* why) {
  if (fd < 0) {
    return MakeStatus(ErrorCode::kNetworkError, Phase::kConnect,
                      PrintableAgain(why != nullptr ? why : ""));
  }
  return FactorySocket(UniqueFd(fd), through_proxy ? SocketPath::kThroughProxy
                                                   : SocketPath::kDirect);
}

absl::Duration ClientOptions::*TimeField(int which) {
  switch (which) {
    case HOLDFAST_TIME_CONNECT:
      return &ClientOptions::connect_timeout;
    case HOLDFAST_TIME_SIGN_IN:
      return &ClientOptions::sign_in_timeout;
    case HOLDFAST_TIME_PATIENCE:
      return &ClientOptions::patience;
    case HOLDFAST_TIME_IDLE_RENEWAL:
      return &ClientOptions::idle_renewal;
    case HOLDFAST_TIME_MIN_ATTEMPT:
      return &ClientOptions::min_attempt;
    case HOLDFAST_TIME_HEDGE_DELAY:
      return &ClientOptions::hedge_delay;
    case HOLDFAST_TIME_FIRST_REDIAL_PAUSE:
      return &ClientOptions::first_redial_pause;
    case HOLDFAST_TIME_LONGEST_REDIAL_PAUSE:
      return &ClientOptions::longest_redial_pause;
    case HOLDFAST_TIME_PAUSE_AFTER_REFUSAL:
      return &ClientOptions::pause_after_refusal;
    case HOLDFAST_TIME_PROOF_LIFETIME:
      return &ClientOptions::proof_lifetime;
    case HOLDFAST_TIME_FIRST_VERSION_LIFETIME:
      return &ClientOptions::first_version_lifetime;
    case HOLDFAST_TIME_LONGEST_VERSION_LIFETIME:
      return &ClientOptions::longest_version_lifetime;
    case HOLDFAST_TIME_FIRST_FEATURE_LIFETIME:
      return &ClientOptions::first_feature_lifetime;
    case HOLDFAST_TIME_LONGEST_FEATURE_LIFETIME:
      return &ClientOptions::longest_feature_lifetime;
    default:
      return nullptr;
  }
}

int ClientOptions::*CountField(int which) {
  switch (which) {
    case HOLDFAST_COUNT_MAX_ATTEMPTS:
      return &ClientOptions::max_attempts;
    case HOLDFAST_COUNT_ADDRESSES_FOR_PROVEN_HOST:
      return &ClientOptions::addresses_for_proven_host;
    case HOLDFAST_COUNT_MAX_SIGN_IN_TRIES:
      return &ClientOptions::max_sign_in_tries;
    case HOLDFAST_COUNT_MAX_REPEATS:
      return &ClientOptions::max_repeats;
    case HOLDFAST_COUNT_MAX_REDIALS:
      return &ClientOptions::max_redials;
    default:
      return nullptr;
  }
}

}  // namespace

ClientOptions Settings::OptionsOn(EventLoop* loop, Resolver* resolver) const {
  ClientOptions own = options;
  own.loop = loop;
  own.resolver = resolver;
  if (trust != nullptr) {
    own.trust = trust;
    own.ca_files.clear();
    own.nss_database.clear();
    own.pins.clear();
    own.danger_accept_any_certificate = false;
    own.verifier = nullptr;
  }
  return own;
}

absl::StatusOr<std::unique_ptr<Network>> NewNetwork(
    const holdfast_client* client, const std::shared_ptr<Loop>& loop) {
  if (client == nullptr) return Missing("client");
  std::lock_guard<std::mutex> lock(client->mutex);
  Settings& settings = client->settings;
  auto network = std::make_unique<Network>(Network{loop, nullptr, nullptr});
  if (settings.look_up) {
    network->resolver = NewThreadResolver(loop->get(), settings.look_up);
  }
  absl::StatusOr<std::unique_ptr<Client>> made =
      Client::Create(settings.OptionsOn(loop->get(), network->resolver.get()));
  if (!made.ok()) return made.status();
  network->client = *std::move(made);
  settings.trust = network->client->trust();
  settings.options.cache = network->client->cache();
  return network;
}

absl::StatusOr<Target> ReadTarget(const char* target) {
  if (target == nullptr) return Missing("target");
  return ParseTarget(target);
}

absl::StatusOr<Target> ReadHost(int protocol, const char* host) {
  if (host == nullptr) return Missing("host");
  constexpr Protocol kProtocols[] = {Protocol::kImap, Protocol::kPop3,
                                     Protocol::kSmtp, Protocol::kSubmission,
                                     Protocol::kNntp};
  static_assert(HOLDFAST_IMAP == 0 && HOLDFAST_NNTP == 4, "in this order");
  if (protocol < HOLDFAST_IMAP || protocol > HOLDFAST_NNTP) {
    return Invalid(absl::StrCat(protocol, " is none of the protocols."));
  }
  return ParseTarget(host, kProtocols[protocol], ConnectionSecurity::kAuto);
}

}  // namespace holdfast::c

using holdfast::ClientOptions;
using holdfast::Host;
using holdfast::c::Missing;
using holdfast::c::Set;
using holdfast::c::Settings;
using holdfast::c::SetTrust;

holdfast_client* holdfast_client_new(holdfast_error** error) {
  using Result = absl::StatusOr<std::unique_ptr<holdfast_client>>;
  return holdfast::c::GuardNew<holdfast_client>(
      error, []() -> Result { return std::make_unique<holdfast_client>(); });
}

void holdfast_client_free(holdfast_client* client) { delete client; }

int holdfast_client_set_system_roots(holdfast_client* client, int use,
                                     holdfast_error** error) {
  return SetTrust(client, error, [use](ClientOptions* options) {
    options->system_roots = use != 0;
    return absl::OkStatus();
  });
}

int holdfast_client_add_ca_file(holdfast_client* client, const char* path,
                                holdfast_error** error) {
  return SetTrust(client, error, [path](ClientOptions* options) {
    if (path == nullptr) return Missing("path");
    options->ca_files.emplace_back(path);
    return absl::OkStatus();
  });
}

int holdfast_client_set_nss_database(holdfast_client* client,
                                     const char* directory,
                                     holdfast_error** error) {
  return SetTrust(client, error, [directory](ClientOptions* options) {
    options->nss_database = directory ? directory : "";
    return absl::OkStatus();
  });
}

int holdfast_client_add_pin(holdfast_client* client, const char* pin,
                            holdfast_error** error) {
  return SetTrust(client, error, [pin](ClientOptions* options) {
    if (pin == nullptr) return Missing("pin");
    if (!holdfast::IsPin(pin)) {
      return holdfast::MakeStatus(holdfast::ErrorCode::kInvalidPin,
                                  holdfast::Phase::kSetup, "");
    }
    options->pins.emplace_back(pin);
    return absl::OkStatus();
  });
}

int holdfast_client_danger_accept_any_certificate(holdfast_client* client,
                                                  int accept,
                                                  holdfast_error** error) {
  return SetTrust(client, error, [accept](ClientOptions* options) {
    options->danger_accept_any_certificate = accept != 0;
    return absl::OkStatus();
  });
}

int holdfast_client_set_identity(holdfast_client* client,
                                 const char* certificate_path,
                                 const char* key_path, holdfast_error** error) {
  return Set(client, error, [=](Settings* settings) -> absl::Status {
    if (certificate_path == nullptr) {
      settings->options.identity.reset();
      return absl::OkStatus();
    }
    if (key_path == nullptr) return Missing("key_path");
    const auto runtime = holdfast::NssRuntime::Start();
    if (!runtime.ok()) return runtime.status();
    auto identity =
        holdfast::ClientIdentity::Load(*runtime, {certificate_path, key_path});
    if (!identity.ok()) return identity.status();
    settings->options.identity = *std::move(identity);
    return absl::OkStatus();
  });
}

int holdfast_client_set_versions(holdfast_client* client, const char* min,
                                 const char* max, holdfast_error** error) {
  return Set(client, error, [=](Settings* settings) -> absl::Status {
    const auto lowest = holdfast::c::ReadVersion(min);
    if (!lowest.ok()) return lowest.status();
    const auto highest = holdfast::c::ReadVersion(max);
    if (!highest.ok()) return highest.status();
    const auto range = holdfast::TlsVersionRange::Create(*lowest, *highest);
    if (!range.ok()) return range.status();
    settings->options.min_version = *lowest;
    settings->options.max_version = *highest;
    return absl::OkStatus();
  });
}

int holdfast_client_set_fallback(holdfast_client* client, int fallback,
                                 holdfast_error** error) {
  return Set(client, error, [fallback](Settings* settings) {
    settings->options.fallback = fallback != 0;
    return absl::OkStatus();
  });
}

int holdfast_client_set_time(holdfast_client* client, int which,
                             int64_t milliseconds, holdfast_error** error) {
  return Set(client, error, [=](Settings* settings) {
    const auto field = holdfast::c::TimeField(which);
    if (field == nullptr) {
      return holdfast::c::Invalid(
          absl::StrCat(which, " is none of the times that can be set."));
    }
    if (milliseconds <= 0) {
      return holdfast::c::Invalid(
          absl::StrCat(milliseconds, " ms is no time to wait."));
    }
    settings->options.*field = absl::Milliseconds(milliseconds);
    return absl::OkStatus();
  });
}

int holdfast_client_set_count(holdfast_client* client, int which, int count,
                              holdfast_error** error) {
  return Set(client, error, [=](Settings* settings) {
    const auto field = holdfast::c::CountField(which);
    if (field == nullptr) {
      return holdfast::c::Invalid(
          absl::StrCat(which, " is none of the numbers that can be set."));
    }
    if (count < 0) {
      return holdfast::c::Invalid("Such a number is not negative.");
    }
    settings->options.*field = count;
    return absl::OkStatus();
  });
}

int holdfast_client_set_scope(holdfast_client* client, const char* scope,
                              holdfast_error** error) {
  return Set(client, error, [scope](Settings* settings) {
    settings->options.scope = scope != nullptr ? scope : "";
    return absl::OkStatus();
  });
}

int holdfast_client_set_cache(holdfast_client* client, holdfast_cache* cache,
                              holdfast_error** error) {
  return Set(client, error, [cache](Settings* settings) {
    settings->options.cache = cache != nullptr ? cache->cache : nullptr;
    return absl::OkStatus();
  });
}

int holdfast_client_set_cache_file(holdfast_client* client, const char* path,
                                   holdfast_error** error) {
  return Set(client, error, [path](Settings* settings) {
    settings->options.cache_file = path != nullptr ? path : "";
    settings->options.cache.reset();
    return absl::OkStatus();
  });
}

int holdfast_client_set_key_log_file(holdfast_client* client, const char* path,
                                     holdfast_error** error) {
  return Set(client, error, [path](Settings* settings) -> absl::Status {
    if (path == nullptr) {
      settings->options.key_log.reset();
      return absl::OkStatus();
    }
    auto opened = holdfast::KeyLog::Open(path);
    if (!opened.ok()) return opened.status();
    settings->options.key_log = *std::move(opened);
    return absl::OkStatus();
  });
}

int holdfast_client_set_proxy(holdfast_client* client, const char* url,
                              holdfast_error** error) {
  return Set(client, error, [url](Settings* settings) -> absl::Status {
    if (url != nullptr) {
      const auto proxy = holdfast::Proxy::Parse(url);
      if (!proxy.ok()) return proxy.status();
    }
    settings->options.proxy = url != nullptr ? url : "";
    return absl::OkStatus();
  });
}

int holdfast_client_add_bind_address(holdfast_client* client,
                                     const char* address,
                                     holdfast_error** error) {
  return Set(client, error, [address](Settings* settings) -> absl::Status {
    if (address == nullptr) return Missing("address");
    const auto host = holdfast::Client::ParseBindAddress(address);
    if (!host.ok()) return host.status();
    settings->options.bind_addresses.emplace_back(address);
    return absl::OkStatus();
  });
}

const char* holdfast_socket_request_host(
    const holdfast_socket_request* request) {
  return request == nullptr ? "" : request->endpoint.host.name().c_str();
}

uint16_t holdfast_socket_request_port(const holdfast_socket_request* request) {
  return request == nullptr ? 0 : request->endpoint.port;
}

void holdfast_socket_request_answer(holdfast_socket_request* request, int fd,
                                    int through_proxy, const char* why) {
  if (request == nullptr) return;
  const std::unique_ptr<holdfast_socket_request> owned(request);
  holdfast::c::Guard(nullptr, [&] {
    owned->answer(holdfast::c::ReadSocket(fd, through_proxy != 0, why));
    return absl::OkStatus();
  });
}

int holdfast_client_set_socket_function(holdfast_client* client,
                                        holdfast_socket_function function,
                                        void* data, holdfast_error** error) {
  return Set(client, error, [=](Settings* settings) {
    settings->options.socket_factory = nullptr;
    if (function == nullptr) return absl::OkStatus();
    settings->options.socket_factory = [=](const holdfast::Endpoint& endpoint,
                                           auto answer) {
      function(data, new holdfast_socket_request{endpoint, std::move(answer)});
    };
    return absl::OkStatus();
  });
}

int holdfast_addresses_add(holdfast_addresses* addresses, const char* address) {
  return holdfast::c::Guard(nullptr, [=]() -> absl::Status {
    if (addresses == nullptr || address == nullptr) return Missing("address");
    const absl::StatusOr<Host> host = Host::Parse(address);
    if (!host.ok()) return host.status();
    if (!host->is_ip_literal()) {
      return holdfast::MakeStatus(holdfast::ErrorCode::kInvalidHost,
                                  holdfast::Phase::kLookup, "");
    }
    addresses->list.push_back(
        holdfast::SocketAddress::FromLiteral(*host, addresses->port));
    return absl::OkStatus();
  });
}

int holdfast_client_set_resolver(holdfast_client* client,
                                 holdfast_resolve_function resolve, void* data,
                                 holdfast_error** error) {
  return Set(client, error, [=](Settings* settings) {
    settings->look_up = nullptr;
    if (resolve == nullptr) return absl::OkStatus();
    settings->look_up = [=](const holdfast::Endpoint& endpoint) {
      return holdfast::c::CallResolver(resolve, data, endpoint);
    };
    return absl::OkStatus();
  });
}

int holdfast_client_set_clock(holdfast_client* client,
                              holdfast_clock_function clock, void* data,
                              holdfast_error** error) {
  return Set(client, error, [=](Settings* settings) {
    settings->options.wall_clock = absl::Now;
    if (clock == nullptr) return absl::OkStatus();
    settings->options.wall_clock = [=] {
      return absl::FromUnixSeconds(clock(data));
    };
    return absl::OkStatus();
  });
}

int holdfast_client_set_event_function(holdfast_client* client,
                                       holdfast_event_function on_event,
                                       void* data, holdfast_error** error) {
  return Set(client, error, [=](Settings* settings) {
    settings->options.on_event = nullptr;
    if (on_event == nullptr) return absl::OkStatus();
    settings->options.on_event = [=](const holdfast::Event& event) {
      const holdfast_value value(holdfast::EventJson(event));
      on_event(data, &value);
    };
    return absl::OkStatus();
  });
}
