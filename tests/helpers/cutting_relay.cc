#include "holdfast/tests/helpers/cutting_relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace holdfast::test {
namespace {

constexpr size_t kRecordHeader = 5;  // RFC 8446, 5.1

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void SetNoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// The other end may be gone: then there is nobody to miss it.
void SendAll(int fd, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes += sent;
    size -= static_cast<size_t>(sent);
  }
}

// Of the record that `bytes` begins with, header included; 0: not known yet.
size_t RecordSize(const std::string& bytes) {
  if (bytes.size() < kRecordHeader) return 0;
  return kRecordHeader + (static_cast<uint8_t>(bytes[3]) << 8) +
         static_cast<uint8_t>(bytes[4]);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Cut& cut) {
  constexpr const char* kKinds[] = {"end", "reset", "silence"};
  return out << kKinds[static_cast<int>(cut.kind)]
             << (cut.inside ? " inside" : " before") << " record " << cut.record
             << " to the "
             << (cut.direction == Cut::Direction::kToServer ? "server"
                                                            : "client");
}

CuttingRelay::CuttingRelay(uint16_t server_port) : server_port_(server_port) {
  listener_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener_.get(), generic, size), 0);
  EXPECT_EQ(listen(listener_.get(), 16), 0);
  EXPECT_EQ(getsockname(listener_.get(), generic, &size), 0);
  port_ = ntohs(address.sin_port);
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  wake_read_.reset(ends[0]);
  wake_write_.reset(ends[1]);
  thread_ = std::thread([this] { Run(); });
}

CuttingRelay::~CuttingRelay() {
  wake_write_.reset();
  thread_.join();
}

void CuttingRelay::Arm(const Cut& cut) {
  const std::lock_guard<std::mutex> lock(mutex_);
  cut_ = cut;
  records_left_ = cut.record;
  has_cut_ = false;
}

void CuttingRelay::Redirect(uint16_t server_port) {
  const std::lock_guard<std::mutex> lock(mutex_);
  server_port_ = server_port;
}

void CuttingRelay::CutAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cut_all_ = true;
  EXPECT_EQ(write(wake_write_.get(), "x", 1), 1);
}

bool CuttingRelay::has_cut() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return has_cut_;
}

int CuttingRelay::connections() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return connections_;
}

void CuttingRelay::Run() {
  while (true) {
    std::vector<pollfd> polled = {{wake_read_.get(), POLLIN, 0},
                                  {listener_.get(), POLLIN, 0}};
    std::vector<std::pair<Link*, Stream*>> streams;
    for (Link& link : links_) {
      for (Stream* stream : {&link.up, &link.down}) {
        if (stream->ended) continue;
        polled.push_back({stream->from, POLLIN, 0});
        streams.emplace_back(&link, stream);
      }
    }
    poll(polled.data(), polled.size(), -1);
    if (polled[0].revents != 0) {
      char wake;
      if (read(wake_read_.get(), &wake, 1) != 1) return;
      const std::lock_guard<std::mutex> lock(mutex_);
      if (std::exchange(cut_all_, false)) links_.clear();
      continue;
    }
    for (size_t i = 0; i < streams.size(); ++i) {
      const auto [link, stream] = streams[i];
      if (polled[i + 2].revents != 0 && !link->dead) Pass(link, stream);
    }
    links_.remove_if([](const Link& link) {
      return link.dead || (link.up.ended && link.down.ended);
    });
    if (polled[1].revents != 0) Accept();
  }
}

void CuttingRelay::Accept() {
  Link link;
  link.client.reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  link.server.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++connections_;
    address = Loopback(server_port_);
  }
  if (connect(link.server.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof address) != 0) {
    return;
  }
  SetNoDelay(link.client.get());
  SetNoDelay(link.server.get());
  link.up = {link.client.get(), link.server.get(), Cut::Direction::kToServer};
  link.down = {link.server.get(), link.client.get(), Cut::Direction::kToClient};
  links_.push_back(std::move(link));
}

void CuttingRelay::Pass(Link* link, Stream* stream) {
  char buffer[16384];
  const ssize_t got = recv(stream->from, buffer, sizeof buffer, 0);
  if (got <= 0) {
    stream->ended = true;
    shutdown(stream->to, SHUT_WR);
    return;
  }
  if (link->silent) return;
  stream->pending.append(buffer, static_cast<size_t>(got));
  PassRecords(link, stream);
}

void CuttingRelay::PassRecords(Link* link, Stream* stream) {
  std::string& bytes = stream->pending;
  while (true) {
    const size_t size = RecordSize(bytes);
    if (size == 0 || bytes.size() < size) return;
    if (const std::optional<Cut> cut = CutHere(*stream)) {
      if (cut->inside) SendAll(stream->to, bytes.data(), size / 2);
      return MakeCut(link, cut->kind);
    }
    SendAll(stream->to, bytes.data(), size);
    bytes.erase(0, size);
  }
}

std::optional<Cut> CuttingRelay::CutHere(const Stream& stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!cut_ || has_cut_ || stream.direction != cut_->direction) {
    return std::nullopt;
  }
  has_cut_ = records_left_-- == 0;
  return has_cut_ ? cut_ : std::nullopt;
}

void CuttingRelay::MakeCut(Link* link, Cut::Kind kind) {
  switch (kind) {
    case Cut::Kind::kSilence:
      link->silent = true;
      return;
    case Cut::Kind::kEnd:
      // Each end is left to read what it has and to close.
      link->silent = true;
      shutdown(link->client.get(), SHUT_WR);
      shutdown(link->server.get(), SHUT_WR);
      return;
    case Cut::Kind::kReset: {
      const linger now = {1, 0};
      for (const int fd : {link->client.get(), link->server.get()}) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      }
      link->dead = true;
      return;
    }
  }
}

}  // namespace holdfast::test
