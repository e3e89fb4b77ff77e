#include "holdfast/tools/lab/lab_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/tools/lab/dialogue.h"
#include "holdfast/tools/lab/stream.h"

namespace holdfast::lab {
namespace {

absl::StatusOr<UniqueFd> Listen(const std::string& host, uint16_t port) {
  absl::StatusOr<Address> address = Address::Resolve(host, port);
  if (!address.ok()) return address.status();
  UniqueFd fd(
      socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // Before bind only for a port that was asked for: a free one must be nobody
  // else's. After it always, so that the port can be asked for again at once.
  constexpr int kOn = 1;
  const int reuse = port != 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  if (bind(fd.get(), address->get(), address->length) != 0 ||
      setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof kOn) != 0 ||
      listen(fd.get(), SOMAXCONN) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", host, ":",
                                               port, ": ", strerror(errno)));
  }
  return fd;
}

uint16_t PortOf(int fd) {
  Address address;
  address.length = sizeof address.storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage),
              &address.length);
  // The port stands at the same place for IPv4 and IPv6.
  return ntohs(reinterpret_cast<const sockaddr_in*>(address.get())->sin_port);
}

void Drain(Stream* stream) {
  while (!stream->Read().empty()) {
  }
}

// Copies until `from` ends, and passes on how it ended.
void Pump(SocketStream* from, SocketStream* to) {
  for (std::string bytes = from->Read(); !bytes.empty(); bytes = from->Read()) {
    if (!to->Write(bytes)) break;
  }
  // Half a connection outlives a FIN, but nothing a RST: the other direction
  // ends too, and no FIN goes ahead of the RST that is to follow.
  from->was_reset() ? to->FinishReading() : to->FinishWriting();
}

// The ClientHello that `socket` begins with, which stays there to be read.
// nullopt if it begins with anything else.
std::optional<ClientHello> PeekClientHello(SocketStream* socket) {
  std::string bytes;
  absl::StatusOr<std::optional<ClientHello>> hello = std::nullopt;
  while (hello.ok() && !hello->has_value()) {
    const std::string more = socket->Read();
    if (more.empty()) break;
    bytes += more;
    hello = ParseClientHello(bytes);
  }
  socket->Unread(std::move(bytes));
  return hello.ok() ? *std::move(hello) : std::nullopt;
}

// Does `fault` and closes the connection.
void Commit(const Fault& fault, const ClientHello& hello,
            SocketStream* client) {
  if (fault.answer != nullptr) client->Write(fault.answer(hello));
  switch (fault.end) {
    case Fault::End::kFin:
      return client->Finish();
    case Fault::End::kReset:
      return client->Reset();
    case Fault::End::kSilence:
    case Fault::End::kGoOn:  // to where nothing is left to do
      Drain(client);
      return client->Finish();
  }
}

// Bytes as lines, without their ends.
class Lines {
 public:
  void Append(absl::string_view bytes) { absl::StrAppend(&bytes_, bytes); }
  std::optional<std::string> Next() {
    const size_t end = bytes_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line(
        absl::StripSuffix(absl::string_view(bytes_).substr(0, end), "\r"));
    bytes_.erase(0, end + 1);
    return line;
  }

 private:
  std::string bytes_;
};

// False if the client is gone.
bool Say(const Reply& reply, bool drips, Stream* stream) {
  constexpr absl::Duration kBetweenBytes = absl::Milliseconds(1);
  constexpr absl::Duration kBetweenSegments = absl::Milliseconds(50);
  if (!drips) {
    if (!stream->Write(reply.text)) return false;
  } else {
    for (const char byte : reply.text) {
      if (!stream->Write({&byte, 1})) return false;
      absl::SleepFor(kBetweenBytes);
    }
  }
  if (!reply.later.empty()) absl::SleepFor(kBetweenSegments);
  if (!stream->Write(reply.later)) return false;
  while (!reply.forever.empty()) {
    if (!stream->Write(reply.forever)) return false;
  }
  return true;
}

class LabServerImpl : public LabServer {
 public:
  LabServerImpl(LabOptions options, Script script, UniqueFd listener,
                TlsContext tls, std::optional<Address> upstream,
                std::string ca_pem)
      : options_(std::move(options)),
        script_(std::move(script)),
        listener_(std::move(listener)),
        port_(PortOf(listener_.get())),
        tls_(std::move(tls)),
        upstream_(upstream),
        ca_pem_(std::move(ca_pem)),
        random_(options_.seed),
        acceptor_([this] { AcceptAll(); }) {}

  ~LabServerImpl() override;

  uint16_t port() const override { return port_; }
  const std::string& ca_pem() const override { return ca_pem_; }
  int connections() const override { return accepted_; }
  std::vector<ClientHello> hellos() const override;
  std::string received_in_clear() const override;
  std::vector<std::string> lines() const override;

 private:
  struct Connection {
    explicit Connection(UniqueFd fd) : client(std::move(fd)) {}

    SocketStream client;
    std::optional<SocketStream> upstream;
    std::thread thread;
    bool ended = false;
  };

  void AcceptAll();
  void ReapEnded();
  void Serve(Connection* connection);
  const Fault* FaultFor(const ClientHello& hello);
  bool Delay(absl::Duration delay);
  bool Strike(SocketStream* client);
  void ServeAlone(SocketStream* client);
  bool Converse(Stream* stream, const Phase& phase, bool greets);
  void Relay(Connection* connection);
  SocketStream* ConnectUpstream(Connection* connection);
  bool RelayUntilTls(SocketStream* client, SocketStream* upstream) const;

  const LabOptions options_;
  const Script script_;
  const UniqueFd listener_;
  const uint16_t port_;
  const TlsContext tls_;
  const std::optional<Address> upstream_;
  const std::string ca_pem_;
  std::atomic<int> accepted_ = 0;

  mutable std::mutex mutex_;  // guards what follows, down to lines_
  bool stopping_ = false;
  std::condition_variable stopped_;
  std::mt19937 random_;  // the same numbers on every system
  std::list<Connection> connections_;
  std::string received_in_clear_;  // on connections that are gone
  std::vector<ClientHello> hellos_;
  std::vector<std::string> lines_;

  std::thread acceptor_;  // last: it uses the rest
};

LabServerImpl::~LabServerImpl() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    for (Connection& connection : connections_) {
      connection.client.Abort();
      if (connection.upstream) connection.upstream->Abort();
    }
  }
  stopped_.notify_all();
  shutdown(listener_.get(), SHUT_RDWR);  // wakes accept()
  acceptor_.join();
  for (Connection& connection : connections_) connection.thread.join();
}

std::vector<ClientHello> LabServerImpl::hellos() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return hellos_;
}

std::string LabServerImpl::received_in_clear() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::string received = received_in_clear_;
  for (const Connection& connection : connections_) {
    received += connection.client.clear_text();
  }
  return received;
}

std::vector<std::string> LabServerImpl::lines() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return lines_;
}

void LabServerImpl::AcceptAll() {
  while (true) {
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return;
    if (!fd.valid()) continue;
    const int no_delay = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
    ++accepted_;
    ReapEnded();
    Connection& connection = connections_.emplace_back(std::move(fd));
    connection.thread = std::thread([this, &connection] {
      Serve(&connection);
      std::lock_guard<std::mutex> ended(mutex_);
      connection.ended = true;
    });
  }
}

// Lets go of connections that are over. Needs mutex_.
void LabServerImpl::ReapEnded() {
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (!it->ended) {
      ++it;
      continue;
    }
    it->thread.join();
    received_in_clear_ += it->client.clear_text();
    it = connections_.erase(it);
  }
}

// What comes of one connection, from accept to close.
void LabServerImpl::Serve(Connection* connection) {
  const Behaviour& behaviour = options_.behaviour;
  SocketStream* client = &connection->client;
  if (behaviour.on_accept) return Commit(*behaviour.on_accept, {}, client);
  upstream_ ? Relay(connection) : ServeAlone(client);
}

// Takes note of `hello`. Null if it is to be answered as it should be.
const Fault* LabServerImpl::FaultFor(const ClientHello& hello) {
  std::lock_guard<std::mutex> lock(mutex_);
  hellos_.push_back(hello);
  const int number = static_cast<int>(hellos_.size());
  for (const HelloRule& rule : options_.behaviour.on_hello) {
    if (rule.strikes(hello, number)) return &rule.fault;
  }
  const std::optional<Fault>& at_random = options_.behaviour.one_in_three;
  return at_random && random_() % 3 == 0 ? &*at_random : nullptr;
}

// False if the server ends before that.
bool LabServerImpl::Delay(absl::Duration delay) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !stopped_.wait_for(lock, absl::ToChronoMilliseconds(delay),
                            [this] { return stopping_; });
}

// Waits for the ClientHello. True if a fault struck, and the connection is no
// more.
bool LabServerImpl::Strike(SocketStream* client) {
  const std::optional<ClientHello> hello = PeekClientHello(client);
  const Fault* fault = hello ? FaultFor(*hello) : nullptr;
  if (hello && !Delay(options_.behaviour.hello_delay)) return true;
  if (fault == nullptr) return false;
  if (fault->end == Fault::End::kGoOn) {
    client->Write(fault->answer(*hello));
    return false;
  }
  client->Unread("");
  Commit(*fault, *hello, client);
  return true;
}

void LabServerImpl::ServeAlone(SocketStream* client) {
  const bool tls_first =
      options_.behaviour.speaks_tls && options_.security == Security::kImplicit;
  if (!tls_first && !Converse(client, script_.clear, /*greets=*/true)) {
    return client->Finish();
  }
  if (Strike(client)) return;
  // Gone, and its close_notify sent, before the socket is closed.
  if (const std::unique_ptr<Stream> tls = tls_.Accept(client)) {
    Converse(tls.get(), script_.tls, /*greets=*/tls_first);
  }
  client->Finish();
}

// Returns when the dialogue is over: true if TLS is to follow. What the client
// sent before it knew that is dropped (RFC 3207, 4.2).
bool LabServerImpl::Converse(Stream* stream, const Phase& phase, bool greets) {
  Lines unread;
  Reply reply = greets ? phase.greeting : Reply();
  while (Say(reply, phase.drips, stream)) {
    if (reply.then != Then::kContinue) return reply.then == Then::kStartTls;
    std::optional<std::string> line = unread.Next();
    while (!line) {
      const std::string more = stream->Read();
      if (more.empty()) return false;
      unread.Append(more);
      line = unread.Next();
    }
    reply = Respond(script_.words, phase, *line);
    std::lock_guard<std::mutex> lock(mutex_);
    lines_.push_back(*std::move(line));
  }
  return false;
}

void LabServerImpl::Relay(Connection* connection) {
  SocketStream* client = &connection->client;
  const bool tls_first = options_.security == Security::kImplicit;
  if (tls_first && Strike(client)) return;
  SocketStream* upstream = ConnectUpstream(connection);
  if (upstream == nullptr) return client->Reset();
  if (!tls_first && RelayUntilTls(client, upstream) && Strike(client)) {
    return upstream->Finish();
  }
  std::thread from_client([&] { Pump(client, upstream); });
  Pump(upstream, client);
  from_client.join();
  client->was_reset() ? upstream->Reset() : upstream->Finish();
  upstream->was_reset() ? client->Reset() : client->Finish();
}

// Null if it is not to be had.
SocketStream* LabServerImpl::ConnectUpstream(Connection* connection) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return nullptr;
    connection->upstream.emplace(UniqueFd(
        socket(upstream_->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  }
  SocketStream* upstream = &*connection->upstream;
  return upstream->Connect(*upstream_) ? upstream : nullptr;
}

// Passes the dialogue on, up to the answer that lets TLS begin. False if
// either side ends it before that, which is left to be passed on.
bool LabServerImpl::RelayUntilTls(SocketStream* client,
                                  SocketStream* upstream) const {
  Lines commands, answers;
  std::optional<std::string> tag;  // of a STARTTLS under way
  while (true) {
    const bool is_command =
        SocketStream::WaitForEither(client, upstream) == client;
    SocketStream* from = is_command ? client : upstream;
    const std::string bytes = from->Read();
    if (bytes.empty() || !(is_command ? upstream : client)->Write(bytes)) {
      return false;
    }
    Lines* lines = is_command ? &commands : &answers;
    lines->Append(bytes);
    while (const std::optional<std::string> line = lines->Next()) {
      if (is_command) {
        tag = AsksForTls(script_.words, *line);
      } else if (tag && LetsTlsBegin(script_.words, *tag, *line)) {
        return true;
      }
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<LabServer>> LabServer::Start(
    LabOptions options) {
  absl::StatusOr<Script> script =
      ScriptFor(options.behaviour, options.protocol, options.security);
  if (!script.ok()) return script.status();
  if (options.upstream && !options.behaviour.works_as_relay) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.behaviour.name,
                     " is the lab's own work and cannot have an upstream"));
  }
  std::string ca_pem;
  if (!options.certificate) {
    absl::StatusOr<CertificateAuthority> authority =
        CertificateAuthority::Create();
    if (!authority.ok()) return authority.status();
    CertificateOptions own;
    if (options.behaviour.rsa_bits != 0) {
      own.key_type = KeyType::kRsa;
      own.rsa_bits = options.behaviour.rsa_bits;
    }
    absl::StatusOr<Certificate> certificate = authority->Issue(own);
    if (!certificate.ok()) return certificate.status();
    ca_pem = authority->certificate_pem();
    options.certificate = *std::move(certificate);
  }
  absl::StatusOr<TlsContext> tls = TlsContext::Create(
      *options.certificate, options.behaviour.tls, script->words.alpn_id);
  if (!tls.ok()) return tls.status();
  std::optional<Address> upstream;
  if (options.upstream) {
    absl::StatusOr<Address> address =
        Address::Resolve(options.upstream->host, options.upstream->port);
    if (!address.ok()) return address.status();
    upstream = *address;
  }
  absl::StatusOr<UniqueFd> listener =
      Listen(options.bind_address, options.port);
  if (!listener.ok()) return listener.status();
  return std::make_unique<LabServerImpl>(std::move(options), *std::move(script),
                                         *std::move(listener), *std::move(tls),
                                         upstream, std::move(ca_pem));
}

}  // namespace holdfast::lab
