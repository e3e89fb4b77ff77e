#include "holdfast/client/c/client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/client/c/cache.h"
#include "holdfast/client/c/error.h"
#include "holdfast/client/c/value.h"
#include "holdfast/core/base/printable.h"
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

absl::StatusOr<absl::Duration> ReadTime(int milliseconds) {
  if (milliseconds <= 0) {
    return Invalid(absl::StrCat(milliseconds, " ms is no time to wait."));
  }
  return absl::Milliseconds(milliseconds);
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

absl::Status AddBindAddress(const char* text, std::vector<Host>* addresses) {
  if (text == nullptr) return Missing("address");
  const absl::StatusOr<Host> host = Host::Parse(text);
  if (!host.ok()) return host.status();
  if (!host->is_ip_literal()) {
    return Invalid(absl::StrCat("\"", EscapeBytes(text),
                                "\" is no address to connect from; write an "
                                "IPv4 or IPv6 address of this machine."));
  }
  addresses->push_back(*host);
  return absl::OkStatus();
}

}  // namespace

ConnectRequest Settings::Request(
    const Target& target, std::shared_ptr<Cancellation> cancellation) const {
  ConnectRequest request{target, runtime, trust};
  request.policy = policy;
  request.timeout = timeout;
  request.scope = scope;
  request.on_event = on_event;
  request.on_certificate = on_certificate;
  request.identity = identity;
  request.cancellation = std::move(cancellation);
  return request;
}

Network::Network(std::shared_ptr<Loop> l, Settings s)
    : loop(std::move(l)),
      settings(std::move(s)),
      resolver(settings.new_resolver(loop->get())),
      dialer(
          settings.socket_factory
              ? NewFactoryDialer(loop->get(), settings.socket_factory)
              : NewRouteDialer(loop->get(), resolver.get(), settings.route)) {}

Connector::Services Network::services() const {
  return {loop->get(), resolver.get(), dialer.get(), settings.cache.get(),
          settings.wall_clock};
}

absl::StatusOr<std::unique_ptr<Network>> NewNetwork(
    const holdfast_client* client, const std::shared_ptr<Loop>& loop) {
  if (client == nullptr) return Missing("client");
  std::lock_guard<std::mutex> lock(client->mutex);
  Settings& settings = client->settings;
  if (settings.trust == nullptr && settings.verifier) {
    settings.trust = Trust::Custom(settings.verifier);
  }
  if (settings.trust == nullptr) {
    absl::StatusOr<std::shared_ptr<const Trust>> trust =
        Trust::Load(settings.runtime, settings.trust_options);
    if (!trust.ok()) return trust.status();
    settings.trust = *std::move(trust);
  }
  return std::make_unique<Network>(loop, settings);
}

absl::StatusOr<Target> ReadTarget(const char* target) {
  if (target == nullptr) return Missing("target");
  return ParseTarget(target);
}

}  // namespace holdfast::c

using holdfast::Host;
using holdfast::c::Missing;
using holdfast::c::Set;
using holdfast::c::Settings;

holdfast_client* holdfast_client_new(holdfast_error** error) {
  return holdfast::c::GuardNew<holdfast_client>(
      error, []() -> absl::StatusOr<std::unique_ptr<holdfast_client>> {
        auto runtime = holdfast::NssRuntime::Start();
        if (!runtime.ok()) return runtime.status();
        auto client = std::make_unique<holdfast_client>();
        client->settings.runtime = *std::move(runtime);
        return client;
      });
}

void holdfast_client_free(holdfast_client* client) { delete client; }

int holdfast_client_set_system_roots(holdfast_client* client, int use,
                                     holdfast_error** error) {
  return Set(client, error, [use](Settings* settings) {
    settings->trust_options.system_roots = use != 0;
    settings->trust.reset();
    return absl::OkStatus();
  });
}

int holdfast_client_add_ca_file(holdfast_client* client, const char* path,
                                holdfast_error** error) {
  return Set(client, error, [path](Settings* settings) {
    if (path == nullptr) return Missing("path");
    settings->trust_options.ca_files.emplace_back(path);
    settings->trust.reset();
    return absl::OkStatus();
  });
}

int holdfast_client_set_nss_database(holdfast_client* client,
                                     const char* directory,
                                     holdfast_error** error) {
  return Set(client, error, [directory](Settings* settings) {
    settings->trust_options.nss_database = directory ? directory : "";
    settings->trust.reset();
    return absl::OkStatus();
  });
}

int holdfast_client_add_pin(holdfast_client* client, const char* pin,
                            holdfast_error** error) {
  return Set(client, error, [pin](Settings* settings) {
    if (pin == nullptr) return Missing("pin");
    if (!holdfast::IsPin(pin)) {
      return holdfast::MakeStatus(holdfast::ErrorCode::kInvalidPin,
                                  holdfast::Phase::kSetup, "");
    }
    settings->trust_options.pins.emplace_back(pin);
    settings->trust.reset();
    return absl::OkStatus();
  });
}

int holdfast_client_set_identity(holdfast_client* client,
                                 const char* certificate_path,
                                 const char* key_path, holdfast_error** error) {
  return Set(client, error, [=](Settings* settings) -> absl::Status {
    if (certificate_path == nullptr) {
      settings->identity.reset();
      return absl::OkStatus();
    }
    if (key_path == nullptr) return Missing("key_path");
    auto identity = holdfast::ClientIdentity::Load(
        settings->runtime, {certificate_path, key_path});
    if (!identity.ok()) return identity.status();
    settings->identity = *std::move(identity);
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
    settings->policy.versions = *range;
    return absl::OkStatus();
  });
}

int holdfast_client_set_fallback(holdfast_client* client, int fallback,
                                 holdfast_error** error) {
  return Set(client, error, [fallback](Settings* settings) {
    settings->policy.fallback = fallback != 0;
    return absl::OkStatus();
  });
}

int holdfast_client_set_timeout(holdfast_client* client, int milliseconds,
                                holdfast_error** error) {
  return Set(client, error, [milliseconds](Settings* settings) {
    const auto time = holdfast::c::ReadTime(milliseconds);
    if (time.ok()) settings->timeout = *time;
    return time.status();
  });
}

int holdfast_client_set_patience(holdfast_client* client, int milliseconds,
                                 holdfast_error** error) {
  return Set(client, error, [milliseconds](Settings* settings) {
    const auto time = holdfast::c::ReadTime(milliseconds);
    if (time.ok()) settings->patience = *time;
    return time.status();
  });
}

int holdfast_client_set_max_redials(holdfast_client* client, int redials,
                                    holdfast_error** error) {
  return Set(client, error, [redials](Settings* settings) {
    if (redials < 0) {
      return holdfast::c::Invalid("A number of redials is not negative.");
    }
    settings->max_redials = redials;
    return absl::OkStatus();
  });
}

int holdfast_client_set_scope(holdfast_client* client, const char* scope,
                              holdfast_error** error) {
  return Set(client, error, [scope](Settings* settings) {
    settings->scope = scope != nullptr ? scope : "";
    return absl::OkStatus();
  });
}

int holdfast_client_set_cache(holdfast_client* client, holdfast_cache* cache,
                              holdfast_error** error) {
  return Set(client, error, [cache](Settings* settings) {
    settings->cache =
        cache != nullptr ? cache->cache : holdfast::NewMemoryHostCache();
    return absl::OkStatus();
  });
}

int holdfast_client_set_proxy(holdfast_client* client, const char* url,
                              holdfast_error** error) {
  return Set(client, error, [url](Settings* settings) -> absl::Status {
    if (url == nullptr) {
      settings->route.proxy.reset();
      return absl::OkStatus();
    }
    absl::StatusOr<holdfast::Proxy> proxy = holdfast::Proxy::Parse(url);
    if (!proxy.ok()) return proxy.status();
    settings->route.proxy = *std::move(proxy);
    return absl::OkStatus();
  });
}

int holdfast_client_add_bind_address(holdfast_client* client,
                                     const char* address,
                                     holdfast_error** error) {
  return Set(client, error, [address](Settings* settings) {
    return holdfast::c::AddBindAddress(address, &settings->route.bind);
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
    settings->socket_factory = nullptr;
    if (function == nullptr) return absl::OkStatus();
    settings->socket_factory = [=](const holdfast::Endpoint& endpoint,
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
    settings->new_resolver = holdfast::NewSystemResolver;
    if (resolve == nullptr) return absl::OkStatus();
    settings->new_resolver = [=](holdfast::EventLoop* loop) {
      return NewThreadResolver(loop, [=](const holdfast::Endpoint& endpoint) {
        return holdfast::c::CallResolver(resolve, data, endpoint);
      });
    };
    return absl::OkStatus();
  });
}

int holdfast_client_set_clock(holdfast_client* client,
                              holdfast_clock_function clock, void* data,
                              holdfast_error** error) {
  return Set(client, error, [=](Settings* settings) {
    settings->wall_clock = absl::Now;
    if (clock == nullptr) return absl::OkStatus();
    settings->wall_clock = [=] { return absl::FromUnixSeconds(clock(data)); };
    return absl::OkStatus();
  });
}

int holdfast_client_set_event_function(holdfast_client* client,
                                       holdfast_event_function on_event,
                                       void* data, holdfast_error** error) {
  return Set(client, error, [=](Settings* settings) {
    settings->on_event = nullptr;
    if (on_event == nullptr) return absl::OkStatus();
    settings->on_event = [=](const holdfast::Event& event) {
      const holdfast_value value(holdfast::EventJson(event));
      on_event(data, &value);
    };
    return absl::OkStatus();
  });
}
