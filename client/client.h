// SPDX-License-Identifier: MPL-2.0

// Start here: mail and news servers, reached in spite of how they choke on TLS.
//
//   absl::StatusOr<std::unique_ptr<Client>> client = Client::Create();
//   if (!client.ok()) return client.status();
//   auto connection = (*client)->Connect("imaps://mail.example.org");
//   auto imap = (*client)->OpenImap("imaps://mail.example.org", credentials);
//
// A client trusts what the system trusts, remembers hosts in a file, and waits
// on a loop of its own. ClientOptions has all that can be otherwise; what each
// server is told of the user is said with each call. docs/embedding.md shows
// more.

#ifndef HOLDFAST_CLIENT_CLIENT_H_
#define HOLDFAST_CLIENT_CLIENT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "holdfast/core/base/cancellation.h"
#include "holdfast/core/base/event_log.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/core/net/socket_factory.h"
#include "holdfast/core/tls/key_log.h"
#include "holdfast/core/trust/certificate_decision.h"
#include "holdfast/core/trust/client_identity.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/fallback/sqlite_host_cache.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/dialogue/protocol.h"
#include "holdfast/protocols/sign_in/credentials.h"

#pragma GCC visibility push(default)
namespace holdfast {

// imap_session.h and its neighbours, redialer.h, probe.h.
class ImapSession;
class NntpSession;
class Pop3Session;
class Redialer;
class SmtpSession;
struct ImapUpdate;
struct ProbeReport;
struct ProbeRequest;
struct RedialOptions;
struct RedialResult;
struct SessionOptions;

// Everything at once, with its default. Client::Create() refuses what does not
// go together (kInvalidArgument).
struct ClientOptions {
  // ---- Whom to trust (docs/trust.md)

  // The system's bundle; where there is none, NSS's built-in roots.
  bool system_roots = true;
  // PEM files whose certificates are trusted too.
  std::vector<std::string> ca_files = {};
  // A directory with an NSS database whose authorities are trusted too, and
  // whose distrust counts. Empty: none.
  std::string nss_database = {};
  // "sha256//BASE64" of server keys: replace the checks of issuer, name and
  // dates.
  std::vector<std::string> pins = {};
  // Connects to anybody. Such a connection gets no credentials and proves
  // nothing (promise 7).
  bool danger_accept_any_certificate = false;
  // The client's own checks, in place of all of the above; null: ours.
  CertificateVerifier verifier = {};
  // What is loaded already, as by another client, in place of all of the above;
  // null: this one loads.
  std::shared_ptr<const Trust> trust = {};
  // Has the last word on each certificate. Empty: its problems decide.
  CertificateDecider on_certificate = {};

  // ---- Who the client is, for servers that ask by TLS

  // PEM files: both or none. The certificate first, then those that lead to its
  // issuer; the key in PKCS #8, not encrypted.
  std::string client_certificate = {};
  std::string client_key = {};
  // What is loaded already, in place of the files; null: the files.
  std::shared_ptr<const ClientIdentity> identity = {};

  // ---- What is offered (docs/architecture.md, the ladder)

  // TLS 1.0 and 1.1 are not safe: only for a host whose user insists.
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  // False: one attempt, and nothing is reduced.
  bool fallback = true;
  int max_attempts = 8;
  // A host of proven tolerance gets the full offer on so many addresses.
  int addresses_for_proven_host = 3;
  // The least that an attempt may take, however many are to come.
  absl::Duration min_attempt = absl::Seconds(4);
  // With implicit TLS: how long a server may leave a hello unanswered before
  // less is offered beside it.
  absl::Duration hedge_delay = absl::Seconds(2);

  // ---- Time limits

  // One connect: look-up, every attempt and every wait (promise 10).
  absl::Duration connect_timeout = absl::Seconds(30);
  // Each answer while somebody signs in.
  absl::Duration sign_in_timeout = absl::Seconds(60);
  // How often credentials are asked for, on one connection.
  int max_sign_in_tries = 3;
  // A session's server may be silent for so long while an answer is due.
  absl::Duration patience = absl::Seconds(60);
  // One command is begun again so often, after lost connections.
  int max_repeats = 3;
  // Servers may hang up on an IDLE of half an hour (RFC 9051, 6.3.13).
  absl::Duration idle_renewal = absl::Minutes(28);
  // Dials in a row that may fail to bring a connection back; 0: none is made.
  int max_redials = 6;
  // The pause before a dial doubles from the first to the longest.
  absl::Duration first_redial_pause = absl::Milliseconds(500);
  absl::Duration longest_redial_pause = absl::Seconds(60);
  // At least, after a server that asked for peace (421, BYE).
  absl::Duration pause_after_refusal = absl::Seconds(30);

  // ---- The way to servers (docs/control.md)

  // "socks5://[user:password@]host[:port]" or "http://..."; empty: none.
  std::string proxy = {};
  // Addresses of this machine to connect from: at most one of IPv4 and one of
  // IPv6. Empty: the system chooses.
  std::vector<std::string> bind_addresses = {};
  // Makes the sockets. Names are not looked up then, and neither a proxy nor
  // local addresses go with it. Null: TCP.
  SocketFactory socket_factory = {};

  // ---- What is remembered of hosts (docs/cache.md)

  // Shared with other processes; empty: in memory.
  std::string cache_file = DefaultHostCacheFile();
  // In place of the file. Null: the file.
  std::shared_ptr<HostCache> cache = {};
  // Part of each record's key, such as the name of a network.
  std::string scope = {};
  // How long records live (promises 8 and 9).
  absl::Duration proof_lifetime = absl::Hours(24 * 30);
  absl::Duration first_version_lifetime = absl::Hours(24);
  absl::Duration longest_version_lifetime = absl::Hours(24 * 30);
  absl::Duration first_feature_lifetime = absl::Hours(1);
  absl::Duration longest_feature_lifetime = absl::Hours(24);

  // ---- What is told

  // Each step, with no secret in it. May be empty.
  EventSink on_event = {};
  // Gets the secrets of every connection, for Wireshark; null: nobody does.
  std::shared_ptr<const KeyLog> key_log = {};

  // ---- What it works with. These outlive the client; null: its own.

  EventLoop* loop = nullptr;
  Resolver* resolver = nullptr;
  Dialer* dialer = nullptr;
  // For certificates and records.
  std::function<absl::Time()> wall_clock = absl::Now;
};

// Ownership: outlives the operations, redialers and sessions that it has made,
// and shares with them what it loaded. A Connection stands by itself.
// Thread safety: one thread, its loop's. Programs of several threads have a
// client in each, which may share trust, identity and cache.
class Client {
 public:
  // Reads all files. Errors: kInvalidArgument, kInvalidVersionRange,
  // kInvalidProxy, kTlsSetupFailed, kClientIdentityUnusable, kOutOfResources;
  // those of Trust::Load(). A cache file that cannot be used is no error:
  // cache()->TakeWarnings() tells.
  static absl::StatusOr<std::unique_ptr<Client>> Create(
      ClientOptions options = {});
  ~Client();

  // ---- Calls that wait. They run the client's own loop; where the loop is
  // yours they fail with kInvalidArgument, and the calls below are for you.
  // `cancellation` ends them from any thread; it may be null.

  // In a few words: `target` is read by ParseTarget(). Errors: those of
  // ParseTarget(), and all that ConnectReport::error may tell.
  absl::StatusOr<std::unique_ptr<Connection>> Connect(
      absl::string_view target,
      std::shared_ptr<Cancellation> cancellation = nullptr);
  // With a report of all that happened, for Diagnose().
  ConnectResult Connect(const Target& target,
                        std::shared_ptr<Cancellation> cancellation = nullptr);
  // The same, and signs in.
  RedialResult ConnectAndSignIn(
      const Target& target, std::shared_ptr<CredentialsProvider> credentials,
      std::shared_ptr<Cancellation> cancellation = nullptr);
  // What the server accepts and what it chokes on. `target` has one way in.
  ProbeReport RunProbe(const Target& target);

  // Calls `start` with a callback, and runs the loop until that was called.
  // Returns what it was given.
  template <typename Result>
  Result Await(const std::function<void(std::function<void(Result)>)>& start) {
    std::optional<Result> result;
    start([&result](Result given) { result = std::move(given); });
    RunUntil([&result] { return result.has_value(); });
    return *std::move(result);
  }
  // Runs the loop until `done` returns true. Only with a loop of its own.
  void RunUntil(const std::function<bool()>& done);

  // ---- Calls that do not wait. Callbacks come from the loop, never from
  // inside the call.

  // Destroying the operation abandons the connect.
  [[nodiscard]] std::unique_ptr<Connector::Operation> StartConnect(
      const Target& target, std::function<void(ConnectResult)> on_done,
      std::shared_ptr<Cancellation> cancellation = nullptr);

  // For protocol code of your own: connections that come back, signed in
  // unless `credentials` is null.
  [[nodiscard]] std::unique_ptr<Redialer> NewRedialer(
      const Target& target, std::shared_ptr<CredentialsProvider> credentials,
      std::shared_ptr<Cancellation> cancellation = nullptr);

  // Sessions that come back. Each connects with its first command, or by its
  // Connect(), and signs in unless `credentials` is null. `target` is of the
  // session's protocol, or a bare host, which is tried in both ways. Errors:
  // those of ParseTarget(); kInvalidTarget for another protocol.
  absl::StatusOr<std::unique_ptr<ImapSession>> OpenImap(
      absl::string_view target,
      std::shared_ptr<CredentialsProvider> credentials,
      std::function<void(const ImapUpdate&)> on_update = {},
      std::shared_ptr<Cancellation> cancellation = nullptr);
  absl::StatusOr<std::unique_ptr<ImapSession>> OpenImap(
      const Target& target, std::shared_ptr<CredentialsProvider> credentials,
      std::function<void(const ImapUpdate&)> on_update = {},
      std::shared_ptr<Cancellation> cancellation = nullptr);
  absl::StatusOr<std::unique_ptr<Pop3Session>> OpenPop3(
      absl::string_view target,
      std::shared_ptr<CredentialsProvider> credentials,
      std::shared_ptr<Cancellation> cancellation = nullptr);
  absl::StatusOr<std::unique_ptr<Pop3Session>> OpenPop3(
      const Target& target, std::shared_ptr<CredentialsProvider> credentials,
      std::shared_ptr<Cancellation> cancellation = nullptr);
  // SMTP, and submission, which a bare host means.
  absl::StatusOr<std::unique_ptr<SmtpSession>> OpenSmtp(
      absl::string_view target,
      std::shared_ptr<CredentialsProvider> credentials,
      std::shared_ptr<Cancellation> cancellation = nullptr);
  absl::StatusOr<std::unique_ptr<SmtpSession>> OpenSmtp(
      const Target& target, std::shared_ptr<CredentialsProvider> credentials,
      std::shared_ptr<Cancellation> cancellation = nullptr);
  absl::StatusOr<std::unique_ptr<NntpSession>> OpenNntp(
      absl::string_view target,
      std::shared_ptr<CredentialsProvider> credentials,
      std::shared_ptr<Cancellation> cancellation = nullptr);
  absl::StatusOr<std::unique_ptr<NntpSession>> OpenNntp(
      const Target& target, std::shared_ptr<CredentialsProvider> credentials,
      std::shared_ptr<Cancellation> cancellation = nullptr);

  // ---- The pieces, for programs that put them together themselves.

  Connector::Services services() const;
  ConnectRequest RequestFor(const Target& target) const;
  RedialOptions RedialOptionsFor(
      const Target& target,
      std::shared_ptr<CredentialsProvider> credentials) const;
  // Without the client's own certificate, whatever it has: a probe has nobody's
  // name to give.
  ProbeRequest ProbeRequestFor(const Target& target) const;

  // For timers, and for the time of a Loss.
  EventLoop* loop() const;
  // To be shared with other clients.
  std::shared_ptr<HostCache> cache() const;
  std::shared_ptr<const Trust> trust() const;
  // What this client was made with, for another one: what it has read stands in
  // place of the files, so that nothing is read twice. Loop, resolver and
  // dialer are those that it was given; null where they are its own.
  ClientOptions OptionsToShare() const;

  // As `bind_addresses` are read. Errors: kInvalidHost, kInvalidArgument.
  static absl::StatusOr<Host> ParseBindAddress(absl::string_view text);

 private:
  struct Parts;
  explicit Client(std::unique_ptr<Parts> parts);
  absl::Status CheckWaiting() const;
  SessionOptions SessionOptionsFor(
      const Target& target, std::shared_ptr<CredentialsProvider> credentials,
      std::shared_ptr<Cancellation> cancellation) const;

  const std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CLIENT_CLIENT_H_
