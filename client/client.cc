#include "holdfast/client/client.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/core/net/route.h"
#include "holdfast/protocols/connect/redialer.h"
#include "holdfast/protocols/probe/probe.h"
#include "holdfast/protocols/session/imap/imap_session.h"
#include "holdfast/protocols/session/nntp_session.h"
#include "holdfast/protocols/session/pop3_session.h"
#include "holdfast/protocols/session/smtp_session.h"

namespace holdfast {
namespace {

absl::Status Invalid(absl::string_view sentence) {
  return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSetup, sentence);
}

// Options that cannot both be meant.
absl::Status CheckCombinations(const ClientOptions& options) {
  const bool names_trust =
      !options.ca_files.empty() || !options.nss_database.empty() ||
      !options.pins.empty() || options.danger_accept_any_certificate;
  if (options.verifier && (names_trust || options.trust)) {
    return Invalid(
        "A verifier takes the place of authorities, pins and trust that is "
        "loaded: give one of them.");
  }
  if (options.trust && names_trust) {
    return Invalid(
        "Trust that is loaded takes the place of authorities and pins: give "
        "one of them.");
  }
  if (options.client_certificate.empty() != options.client_key.empty()) {
    return Invalid(
        "A client certificate needs its key, and a key needs its "
        "certificate.");
  }
  if (options.identity && !options.client_key.empty()) {
    return Invalid(
        "An identity that is loaded takes the place of the files of a client "
        "certificate: give one of them.");
  }
  const bool names_way =
      !options.proxy.empty() || !options.bind_addresses.empty();
  if (options.dialer != nullptr && (names_way || options.socket_factory)) {
    return Invalid(
        "A dialer knows the way: neither a proxy, local addresses nor a socket "
        "factory go with it.");
  }
  if (options.socket_factory && names_way) {
    return Invalid(
        "A socket factory makes the way itself: neither a proxy nor local "
        "addresses go with it.");
  }
  return absl::OkStatus();
}

struct NamedTime {
  const char* name;
  absl::Duration value;
};
struct NamedCount {
  const char* name;
  int value;
  int least;
};

absl::Status CheckNumbers(const ClientOptions& o) {
  for (const NamedTime& time :
       {NamedTime{"min_attempt", o.min_attempt},
        {"hedge_delay", o.hedge_delay},
        {"connect_timeout", o.connect_timeout},
        {"sign_in_timeout", o.sign_in_timeout},
        {"patience", o.patience},
        {"idle_renewal", o.idle_renewal},
        {"first_redial_pause", o.first_redial_pause},
        {"longest_redial_pause", o.longest_redial_pause},
        {"pause_after_refusal", o.pause_after_refusal},
        {"proof_lifetime", o.proof_lifetime},
        {"first_version_lifetime", o.first_version_lifetime},
        {"longest_version_lifetime", o.longest_version_lifetime},
        {"first_feature_lifetime", o.first_feature_lifetime},
        {"longest_feature_lifetime", o.longest_feature_lifetime}}) {
    if (time.value > absl::ZeroDuration()) continue;
    return Invalid(absl::StrCat(time.name, " is ",
                                absl::FormatDuration(time.value),
                                ", and must be longer than nothing."));
  }
  for (const NamedCount& count :
       {NamedCount{"max_attempts", o.max_attempts, 1},
        {"addresses_for_proven_host", o.addresses_for_proven_host, 1},
        {"max_sign_in_tries", o.max_sign_in_tries, 1},
        {"max_repeats", o.max_repeats, 0},
        {"max_redials", o.max_redials, 0}}) {
    if (count.value >= count.least) continue;
    return Invalid(absl::StrCat(count.name, " is ", count.value,
                                ", and must be at least ", count.least, "."));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Trust>> TrustOf(
    const ClientOptions& options, const std::shared_ptr<NssRuntime>& runtime) {
  if (options.trust) return options.trust;
  if (options.verifier) return Trust::Custom(options.verifier);
  TrustOptions trust;
  trust.system_roots = options.system_roots;
  trust.ca_files = options.ca_files;
  trust.nss_database = options.nss_database;
  trust.pins = options.pins;
  trust.danger_accept_any_certificate = options.danger_accept_any_certificate;
  return Trust::Load(runtime, trust);
}

absl::StatusOr<std::shared_ptr<const ClientIdentity>> IdentityOf(
    const ClientOptions& options, const std::shared_ptr<NssRuntime>& runtime) {
  if (options.client_key.empty()) return options.identity;
  return ClientIdentity::Load(runtime,
                              {options.client_certificate, options.client_key});
}

absl::StatusOr<Route> RouteOf(const ClientOptions& options) {
  Route route;
  if (!options.proxy.empty()) {
    absl::StatusOr<Proxy> proxy = Proxy::Parse(options.proxy);
    if (!proxy.ok()) return proxy.status();
    route.proxy = *std::move(proxy);
  }
  for (const std::string& address : options.bind_addresses) {
    absl::StatusOr<Host> host = Client::ParseBindAddress(address);
    if (!host.ok()) return host.status();
    route.bind.push_back(*std::move(host));
  }
  return route;
}

FallbackPolicy PolicyOf(const ClientOptions& options,
                        const TlsVersionRange& versions) {
  FallbackPolicy policy;
  policy.versions = versions;
  policy.fallback = options.fallback;
  policy.max_attempts = options.max_attempts;
  policy.addresses_for_proven_host = options.addresses_for_proven_host;
  policy.min_attempt = options.min_attempt;
  policy.hedge_delay = options.hedge_delay;
  policy.lifetimes = {options.proof_lifetime, options.first_version_lifetime,
                      options.longest_version_lifetime,
                      options.first_feature_lifetime,
                      options.longest_feature_lifetime};
  return policy;
}

std::shared_ptr<HostCache> CacheOf(const ClientOptions& options,
                                   const RecordLifetimes& lifetimes) {
  if (options.cache) return options.cache;
  HostCacheOptions cache;
  cache.lifetimes = lifetimes;
  if (options.cache_file.empty()) return NewMemoryHostCache(cache);
  return OpenSqliteHostCache(options.cache_file, cache);
}

// A session of SMTP is one of submission too.
absl::Status CheckProtocol(const Target& target, Protocol protocol) {
  const Protocol given = target.protocol == Protocol::kSubmission
                             ? Protocol::kSmtp
                             : target.protocol;
  if (given == protocol) return absl::OkStatus();
  return MakeStatus(ErrorCode::kInvalidTarget, Phase::kSetup,
                    absl::StrCat("\"", target.ToString(), "\" is not ",
                                 GetProtocolInfo(protocol).name, "."));
}

}  // namespace

struct Client::Parts {
  ClientOptions options;
  std::shared_ptr<NssRuntime> runtime;
  std::shared_ptr<const Trust> trust;
  std::shared_ptr<const ClientIdentity> identity;  // null: none
  FallbackPolicy policy;
  std::shared_ptr<HostCache> cache;
  // Null where it is the options'.
  std::unique_ptr<UvEventLoop> own_loop = nullptr;
  std::unique_ptr<Resolver> own_resolver = nullptr;
  std::unique_ptr<Dialer> own_dialer = nullptr;
};

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  absl::Status status = CheckCombinations(options);
  status.Update(CheckNumbers(options));
  if (!status.ok()) return status;
  const absl::StatusOr<TlsVersionRange> versions =
      TlsVersionRange::Create(options.min_version, options.max_version);
  if (!versions.ok()) return versions.status();
  const absl::StatusOr<Route> route = RouteOf(options);
  if (!route.ok()) return route.status();
  absl::StatusOr<std::shared_ptr<NssRuntime>> runtime = NssRuntime::Start();
  if (!runtime.ok()) return runtime.status();
  absl::StatusOr<std::shared_ptr<const Trust>> trust =
      TrustOf(options, *runtime);
  if (!trust.ok()) return trust.status();
  absl::StatusOr<std::shared_ptr<const ClientIdentity>> identity =
      IdentityOf(options, *runtime);
  if (!identity.ok()) return identity.status();
  const FallbackPolicy policy = PolicyOf(options, *versions);
  std::shared_ptr<HostCache> cache = CacheOf(options, policy.lifetimes);
  std::unique_ptr<Parts> parts(
      new Parts{std::move(options), *std::move(runtime), *std::move(trust),
                *std::move(identity), policy, std::move(cache)});

  ClientOptions& own = parts->options;
  if (own.loop == nullptr) {
    absl::StatusOr<std::unique_ptr<UvEventLoop>> loop = UvEventLoop::Create();
    if (!loop.ok()) return loop.status();
    parts->own_loop = *std::move(loop);
    own.loop = parts->own_loop.get();
  }
  if (own.resolver == nullptr) {
    parts->own_resolver = NewSystemResolver(own.loop);
    own.resolver = parts->own_resolver.get();
  }
  if (own.dialer == nullptr) {
    parts->own_dialer = own.socket_factory
                            ? NewFactoryDialer(own.loop, own.socket_factory)
                            : NewRouteDialer(own.loop, own.resolver, *route);
    own.dialer = parts->own_dialer.get();
  }
  return std::unique_ptr<Client>(new Client(std::move(parts)));
}

Client::Client(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Client::~Client() = default;

absl::Status Client::CheckWaiting() const {
  if (parts_->own_loop != nullptr) return absl::OkStatus();
  return Invalid(
      "This client is on a loop of yours, which only you can run: take the "
      "call "
      "that does not wait.");
}

void Client::RunUntil(const std::function<bool()>& done) {
  if (parts_->own_loop == nullptr) {
    std::cerr << "Client::RunUntil(): the loop is not the client's\n";
    std::abort();
  }
  parts_->own_loop->RunUntil(done);
}

absl::StatusOr<std::unique_ptr<Connection>> Client::Connect(
    absl::string_view target, std::shared_ptr<Cancellation> cancellation) {
  const absl::StatusOr<Target> read = ParseTarget(target);
  if (!read.ok()) return read.status();
  ConnectResult result = Connect(*read, std::move(cancellation));
  if (!result.ok()) return result.status();
  return std::move(result.connection);
}

ConnectResult Client::Connect(const Target& target,
                              std::shared_ptr<Cancellation> cancellation) {
  if (const absl::Status status = CheckWaiting(); !status.ok()) {
    ConnectResult failed{nullptr, ConnectReport{target}};
    failed.report.error = ErrorFromStatus(status);
    return failed;
  }
  std::unique_ptr<Connector::Operation> operation;
  return Await<ConnectResult>([&](auto done) {
    operation = StartConnect(target, std::move(done), std::move(cancellation));
  });
}

RedialResult Client::ConnectAndSignIn(
    const Target& target, std::shared_ptr<CredentialsProvider> credentials,
    std::shared_ptr<Cancellation> cancellation) {
  if (const absl::Status status = CheckWaiting(); !status.ok()) {
    RedialResult failed{nullptr, ConnectReport{target}, {}, {}};
    failed.error = ErrorFromStatus(status);
    return failed;
  }
  const std::unique_ptr<Redialer> redialer =
      NewRedialer(target, std::move(credentials), std::move(cancellation));
  return Await<RedialResult>(
      [&redialer](auto done) { redialer->Dial(std::move(done)); });
}

ProbeReport Client::RunProbe(const Target& target) {
  if (const absl::Status status = CheckWaiting(); !status.ok()) {
    ProbeReport failed{target, parts_->options.wall_clock()};
    failed.rungs[Rung::kFull] = {true, std::nullopt, ErrorFromStatus(status)};
    return failed;
  }
  std::unique_ptr<Probe> probe;
  return Await<ProbeReport>([&](auto done) {
    probe = Probe::Start(services(), ProbeRequestFor(target), std::move(done));
  });
}

std::unique_ptr<Connector::Operation> Client::StartConnect(
    const Target& target, std::function<void(ConnectResult)> on_done,
    std::shared_ptr<Cancellation> cancellation) {
  ConnectRequest request = RequestFor(target);
  request.cancellation = std::move(cancellation);
  return Connector(services()).Connect(std::move(request), std::move(on_done));
}

std::unique_ptr<Redialer> Client::NewRedialer(
    const Target& target, std::shared_ptr<CredentialsProvider> credentials,
    std::shared_ptr<Cancellation> cancellation) {
  RedialOptions options = RedialOptionsFor(target, std::move(credentials));
  options.connect.cancellation = std::move(cancellation);
  return Redialer::Create(services(), std::move(options));
}

absl::StatusOr<std::unique_ptr<ImapSession>> Client::OpenImap(
    absl::string_view target, std::shared_ptr<CredentialsProvider> credentials,
    std::function<void(const ImapUpdate&)> on_update,
    std::shared_ptr<Cancellation> cancellation) {
  const absl::StatusOr<Target> read = ParseTarget(target, Protocol::kImap);
  if (!read.ok()) return read.status();
  return OpenImap(*read, std::move(credentials), std::move(on_update),
                  std::move(cancellation));
}

absl::StatusOr<std::unique_ptr<ImapSession>> Client::OpenImap(
    const Target& target, std::shared_ptr<CredentialsProvider> credentials,
    std::function<void(const ImapUpdate&)> on_update,
    std::shared_ptr<Cancellation> cancellation) {
  if (absl::Status status = CheckProtocol(target, Protocol::kImap);
      !status.ok()) {
    return status;
  }
  return ImapSession::Create(
      services(), {SessionOptionsFor(target, std::move(credentials),
                                     std::move(cancellation)),
                   std::move(on_update), parts_->options.idle_renewal});
}

absl::StatusOr<std::unique_ptr<Pop3Session>> Client::OpenPop3(
    absl::string_view target, std::shared_ptr<CredentialsProvider> credentials,
    std::shared_ptr<Cancellation> cancellation) {
  const absl::StatusOr<Target> read = ParseTarget(target, Protocol::kPop3);
  if (!read.ok()) return read.status();
  return OpenPop3(*read, std::move(credentials), std::move(cancellation));
}

absl::StatusOr<std::unique_ptr<Pop3Session>> Client::OpenPop3(
    const Target& target, std::shared_ptr<CredentialsProvider> credentials,
    std::shared_ptr<Cancellation> cancellation) {
  if (absl::Status status = CheckProtocol(target, Protocol::kPop3);
      !status.ok()) {
    return status;
  }
  return Pop3Session::Create(services(),
                             SessionOptionsFor(target, std::move(credentials),
                                               std::move(cancellation)));
}

absl::StatusOr<std::unique_ptr<SmtpSession>> Client::OpenSmtp(
    absl::string_view target, std::shared_ptr<CredentialsProvider> credentials,
    std::shared_ptr<Cancellation> cancellation) {
  const bool has_scheme = absl::StrContains(target, "://");
  const absl::StatusOr<Target> read =
      ParseTarget(target, has_scheme ? Protocol::kSmtp : Protocol::kSubmission);
  if (!read.ok()) return read.status();
  return OpenSmtp(*read, std::move(credentials), std::move(cancellation));
}

absl::StatusOr<std::unique_ptr<SmtpSession>> Client::OpenSmtp(
    const Target& target, std::shared_ptr<CredentialsProvider> credentials,
    std::shared_ptr<Cancellation> cancellation) {
  if (absl::Status status = CheckProtocol(target, Protocol::kSmtp);
      !status.ok()) {
    return status;
  }
  return SmtpSession::Create(services(),
                             SessionOptionsFor(target, std::move(credentials),
                                               std::move(cancellation)));
}

absl::StatusOr<std::unique_ptr<NntpSession>> Client::OpenNntp(
    absl::string_view target, std::shared_ptr<CredentialsProvider> credentials,
    std::shared_ptr<Cancellation> cancellation) {
  const absl::StatusOr<Target> read = ParseTarget(target, Protocol::kNntp);
  if (!read.ok()) return read.status();
  return OpenNntp(*read, std::move(credentials), std::move(cancellation));
}

absl::StatusOr<std::unique_ptr<NntpSession>> Client::OpenNntp(
    const Target& target, std::shared_ptr<CredentialsProvider> credentials,
    std::shared_ptr<Cancellation> cancellation) {
  if (absl::Status status = CheckProtocol(target, Protocol::kNntp);
      !status.ok()) {
    return status;
  }
  return NntpSession::Create(services(),
                             SessionOptionsFor(target, std::move(credentials),
                                               std::move(cancellation)));
}

Connector::Services Client::services() const {
  const ClientOptions& options = parts_->options;
  return {options.loop, options.resolver, options.dialer, parts_->cache.get(),
          options.wall_clock};
}

ConnectRequest Client::RequestFor(const Target& target) const {
  const ClientOptions& options = parts_->options;
  ConnectRequest request{target, parts_->runtime, parts_->trust};
  request.policy = parts_->policy;
  request.timeout = options.connect_timeout;
  request.scope = options.scope;
  request.on_event = options.on_event;
  request.key_log = options.key_log;
  request.identity = parts_->identity;
  request.on_certificate = options.on_certificate;
  return request;
}

RedialOptions Client::RedialOptionsFor(
    const Target& target,
    std::shared_ptr<CredentialsProvider> credentials) const {
  const ClientOptions& options = parts_->options;
  RedialOptions redial{RequestFor(target), std::move(credentials)};
  redial.sign_in_timeout = options.sign_in_timeout;
  redial.max_sign_in_tries = options.max_sign_in_tries;
  redial.policy = {options.max_redials, options.first_redial_pause,
                   options.longest_redial_pause, options.pause_after_refusal};
  return redial;
}

ProbeRequest Client::ProbeRequestFor(const Target& target) const {
  const ClientOptions& options = parts_->options;
  ProbeRequest request{target, parts_->runtime, parts_->trust};
  request.versions = parts_->policy.versions;
  request.fallback = options.fallback;
  request.timeout = options.connect_timeout;
  request.on_event = options.on_event;
  request.key_log = options.key_log;
  return request;
}

SessionOptions Client::SessionOptionsFor(
    const Target& target, std::shared_ptr<CredentialsProvider> credentials,
    std::shared_ptr<Cancellation> cancellation) const {
  SessionOptions session{RedialOptionsFor(target, std::move(credentials))};
  session.redial.connect.cancellation = std::move(cancellation);
  session.patience = parts_->options.patience;
  session.max_repeats = parts_->options.max_repeats;
  return session;
}

absl::StatusOr<Host> Client::ParseBindAddress(absl::string_view text) {
  absl::StatusOr<Host> host = Host::Parse(text);
  if (host.ok() && !host->is_ip_literal()) {
    return Invalid(absl::StrCat("\"", EscapeBytes(text),
                                "\" is no address to connect from; write an "
                                "IPv4 or IPv6 address of this machine."));
  }
  return host;
}

EventLoop* Client::loop() const { return parts_->options.loop; }

std::shared_ptr<HostCache> Client::cache() const { return parts_->cache; }

std::shared_ptr<const Trust> Client::trust() const { return parts_->trust; }

ClientOptions Client::OptionsToShare() const {
  ClientOptions shared = parts_->options;
  shared.trust = parts_->trust;
  shared.ca_files.clear();
  shared.nss_database.clear();
  shared.pins.clear();
  shared.danger_accept_any_certificate = false;  // `trust` knows
  shared.verifier = nullptr;
  shared.identity = parts_->identity;
  shared.client_certificate.clear();
  shared.client_key.clear();
  shared.cache = parts_->cache;
  if (parts_->own_loop != nullptr) shared.loop = nullptr;
  if (parts_->own_resolver != nullptr) shared.resolver = nullptr;
  if (parts_->own_dialer != nullptr) shared.dialer = nullptr;
  return shared;
}

}  // namespace holdfast
