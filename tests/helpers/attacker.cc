#include "holdfast/tests/helpers/attacker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "holdfast/core/base/unique_fd.h"
#include "holdfast/tools/lab/stream.h"

namespace holdfast::test {
namespace {

using lab::ClientHello;
using lab::Security;
using lab::SocketStream;
using Place = Attack::Place;

constexpr size_t kRecordHeader = 5;

// Of the record that `bytes` begin with, its header included; 0 if that is not
// known yet.
size_t RecordSize(absl::string_view bytes) {
  if (bytes.size() < kRecordHeader) return 0;
  return kRecordHeader +
         (static_cast<uint8_t>(bytes[3]) << 8 | static_cast<uint8_t>(bytes[4]));
}

// How much of what the server has answered to the hello passes before the
// attacker strikes at `place`; nullopt if more must come first.
std::optional<size_t> Passes(Place place, absl::string_view answer) {
  const size_t server_hello = RecordSize(answer);
  if (server_hello == 0 || answer.size() < server_hello) return std::nullopt;
  if (place == Place::kAfterServerHello) return server_hello;
  const size_t rest = answer.size() - server_hello;
  return rest > 100 ? std::make_optional(server_hello + rest / 2)
                    : std::nullopt;
}

// The client's side of a conversation, as it is understood.
class Overheard {
 public:
  Overheard(Security security, const lab::Words& words)
      : in_tls_(security == Security::kImplicit), words_(words) {}

  // Bytes of the client. True if they complete its hello.
  bool OnClient(const std::string& bytes) {
    if (!in_tls_) {
      command_ += bytes;
      const size_t end = command_.find("\r\n");
      if (end == std::string::npos) return false;
      tag_ = lab::AsksForTls(words_, command_.substr(0, end));
      command_.erase(0, end + 2);
      return false;
    }
    if (hello_) return false;
    hello_bytes_ += bytes;
    auto parsed = lab::ParseClientHello(hello_bytes_);
    if (parsed.ok()) hello_ = *std::move(parsed);
    return hello_.has_value();
  }

  // TLS comes after the bytes of the server that are at hand.
  bool awaits_starttls_answer() const { return !in_tls_ && tag_; }
  void BeginTls() { in_tls_ = true; }

  bool in_tls() const { return in_tls_; }
  const std::optional<ClientHello>& hello() const { return hello_; }

 private:
  bool in_tls_;
  const lab::Words& words_;
  std::string command_;
  std::optional<std::string> tag_;
  std::string hello_bytes_;
  std::optional<ClientHello> hello_;
};

class AttackerImpl : public Attacker {
 public:
  AttackerImpl(Attack attack, Security security, lab::Words words,
               uint16_t server_port, UniqueFd listener, uint16_t port)
      : attack_(std::move(attack)),
        security_(security),
        words_(words),
        server_port_(server_port),
        listener_(std::move(listener)),
        port_(port),
        acceptor_([this] { AcceptAll(); }) {}
  ~AttackerImpl() override;

  uint16_t port() const override { return port_; }
  int strikes() const override { return strikes_; }
  std::vector<ClientHello> hellos() const override;
  std::string received_in_clear() const override;

 private:
  struct Connection {
    Connection(UniqueFd fd, int n) : number(n), client(std::move(fd)) {}

    const int number;
    SocketStream client;
    std::optional<SocketStream> upstream;
    std::thread thread;
  };

  void AcceptAll();
  void Serve(Connection* connection);
  bool Strikes(const Connection& connection, Place place,
               const std::optional<ClientHello>& hello = std::nullopt) const;
  void Strike(Connection* connection, Overheard* overheard);
  SocketStream* ConnectUpstream(Connection* connection, uint16_t port);
  // These return true if the connection goes on.
  bool OnClient(Connection* connection, Overheard* overheard,
                const std::string& bytes);
  void HangUp(Connection* connection, bool passes_fin);
  bool OnHello(Connection* connection, Overheard* overheard);
  bool OnServer(Connection* connection, Overheard* overheard,
                std::string* answer, const std::string& bytes);
  bool OnServerInClear(Connection* connection, Overheard* overheard,
                       const std::string& bytes);
  void Note(const ClientHello& hello);
  void Wait(absl::Duration delay);

  const Attack attack_;
  const Security security_;
  const lab::Words words_;
  const uint16_t server_port_;
  const UniqueFd listener_;
  const uint16_t port_;
  std::atomic<int> strikes_ = 0;

  mutable std::mutex mutex_;  // guards what follows, down to hellos_
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::list<Connection> connections_;
  std::vector<ClientHello> hellos_;

  std::thread acceptor_;  // last: it uses the rest
};

AttackerImpl::~AttackerImpl() {
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

std::vector<ClientHello> AttackerImpl::hellos() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return hellos_;
}

std::string AttackerImpl::received_in_clear() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::string received;
  for (const Connection& connection : connections_) {
    received += connection.client.clear_text();
  }
  return received;
}

void AttackerImpl::Note(const ClientHello& hello) {
  std::lock_guard<std::mutex> lock(mutex_);
  hellos_.push_back(hello);
}

void AttackerImpl::Wait(absl::Duration delay) {
  std::unique_lock<std::mutex> lock(mutex_);
  stopped_.wait_for(lock, absl::ToChronoMilliseconds(delay),
                    [this] { return stopping_; });
}

void AttackerImpl::AcceptAll() {
  while (true) {
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return;
    if (!fd.valid()) continue;
    const int no_delay = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
    Connection& connection = connections_.emplace_back(
        std::move(fd), static_cast<int>(connections_.size()) + 1);
    connection.thread =
        std::thread([this, &connection] { Serve(&connection); });
  }
}

bool AttackerImpl::Strikes(const Connection& connection, Place place,
                           const std::optional<ClientHello>& hello) const {
  if (attack_.place != place || connection.number > attack_.first) return false;
  return attack_.only == nullptr || (hello && attack_.only(*hello));
}

// Says what the attacker has to say, and ends the connection as he likes. What
// the client still sends is taken note of.
void AttackerImpl::Strike(Connection* connection, Overheard* overheard) {
  ++strikes_;
  SocketStream* client = &connection->client;
  if (connection->upstream) connection->upstream->Reset();
  if (attack_.words != nullptr) {
    client->Write(attack_.words(overheard->hello().value_or(ClientHello())));
  }
  if (attack_.end == Attack::End::kReset) return client->Reset();
  if (attack_.end == Attack::End::kFin) client->FinishWriting();
  for (std::string bytes = client->Read(); !bytes.empty();
       bytes = client->Read()) {
    if (overheard->OnClient(bytes)) Note(*overheard->hello());
  }
  client->Reset();
}

// Null if it is not to be had.
SocketStream* AttackerImpl::ConnectUpstream(Connection* connection,
                                            uint16_t port) {
  auto address = lab::Address::Resolve("127.0.0.1", port);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopping_) return nullptr;
    connection->upstream.emplace(
        UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  }
  return connection->upstream->Connect(*address) ? &*connection->upstream
                                                 : nullptr;
}

void AttackerImpl::Serve(Connection* connection) {
  Overheard overheard(security_, words_);
  SocketStream* client = &connection->client;
  const bool at_once = Strikes(*connection, Place::kOnAccept);
  if (at_once && attack_.own_server == 0) {
    return Strike(connection, &overheard);
  }
  strikes_ += at_once;
  SocketStream* server =
      ConnectUpstream(connection, at_once ? attack_.own_server : server_port_);
  if (server == nullptr) return client->Reset();
  std::string answer;  // to the hello, what was not passed on yet
  while (true) {
    const bool from_client =
        SocketStream::WaitForEither(client, server) == client;
    const std::string bytes = from_client ? client->Read() : server->Read();
    if (bytes.empty()) {
      const bool passes_fin = !from_client && !server->was_reset();
      return HangUp(connection, passes_fin);
    }
    const bool goes_on = from_client
                             ? OnClient(connection, &overheard, bytes)
                             : OnServer(connection, &overheard, &answer, bytes);
    if (!goes_on) return;
  }
}

// Where nobody is left to see a FIN, a RST leaves the kernel nothing to
// remember: thousands of connections in TIME_WAIT would use the ports up.
void AttackerImpl::HangUp(Connection* connection, bool passes_fin) {
  connection->upstream->Reset();
  if (passes_fin) {
    connection->client.FinishWriting();
    while (!connection->client.Read().empty()) {
    }
  }
  connection->client.Reset();
}

bool AttackerImpl::OnClient(Connection* connection, Overheard* overheard,
                            const std::string& bytes) {
  if (overheard->in_tls() && !overheard->hello()) {
    if (!overheard->OnClient(bytes)) return true;  // it is kept until complete
    Note(*overheard->hello());
    return OnHello(connection, overheard);
  }
  overheard->OnClient(bytes);
  connection->upstream->Write(bytes);
  if (!Strikes(*connection, Place::kAfterFinished, overheard->hello())) {
    return true;
  }
  Strike(connection, overheard);
  return false;
}

bool AttackerImpl::OnHello(Connection* connection, Overheard* overheard) {
  const ClientHello& hello = *overheard->hello();
  std::string passed_on = hello.wire;
  if (Strikes(*connection, Place::kAfterClientHello, hello)) {
    if (attack_.rewrite != nullptr) {
      ++strikes_;
      passed_on = attack_.rewrite(hello);
    } else if (attack_.end == Attack::End::kGoOn) {
      ++strikes_;
      connection->client.Write(attack_.words(hello));
    } else {
      Strike(connection, overheard);
      return false;
    }
  }
  if (attack_.delay != nullptr) Wait(attack_.delay(hello));
  connection->upstream->Write(passed_on);
  return true;
}

bool AttackerImpl::OnServer(Connection* connection, Overheard* overheard,
                            std::string* answer, const std::string& bytes) {
  if (!overheard->in_tls()) {
    return OnServerInClear(connection, overheard, bytes);
  }
  const std::optional<ClientHello>& hello = overheard->hello();
  const bool waits = Strikes(*connection, Place::kAfterServerHello, hello) ||
                     Strikes(*connection, Place::kInServerFlight, hello);
  if (!waits) {
    connection->client.Write(bytes);
    return true;
  }
  *answer += bytes;
  const std::optional<size_t> passes = Passes(attack_.place, *answer);
  if (!passes) return true;
  connection->client.Write(absl::string_view(*answer).substr(0, *passes));
  Strike(connection, overheard);
  return false;
}

bool AttackerImpl::OnServerInClear(Connection* connection, Overheard* overheard,
                                   const std::string& bytes) {
  SocketStream* client = &connection->client;
  const bool answers_starttls = overheard->awaits_starttls_answer();
  if (answers_starttls) overheard->BeginTls();
  if (Strikes(*connection,
              answers_starttls ? Place::kStartTlsAnswer : Place::kGreeting)) {
    if (attack_.end != Attack::End::kGoOn) {
      Strike(connection, overheard);
      return false;
    }
    ++strikes_;
    client->Write(attack_.words({}));
    return true;
  }
  if (answers_starttls && Strikes(*connection, Place::kBehindStartTlsAnswer)) {
    ++strikes_;
    client->Write(bytes + attack_.words({}));
    return true;
  }
  client->Write(bytes);
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Attacker>> Attacker::Start(
    Attack attack, Security security, uint16_t server_port,
    const std::string& protocol) {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.get(), generic, size) != 0 ||
      listen(listener.get(), SOMAXCONN) != 0 ||
      getsockname(listener.get(), generic, &size) != 0) {
    return absl::UnavailableError("cannot listen");
  }
  return std::make_unique<AttackerImpl>(
      std::move(attack), security, lab::FindScript(protocol, security)->words,
      server_port, std::move(listener), ntohs(address.sin_port));
}

}  // namespace holdfast::test
