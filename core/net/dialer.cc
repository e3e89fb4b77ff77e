// The race of RFC 8305, 5.

#include "holdfast/core/net/dialer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace holdfast {
namespace {

ErrorCode ConnectErrorCode(int error) {
  switch (error) {
    case ECONNREFUSED:
      return ErrorCode::kConnectionRefused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:  // these two: the family is switched off here
    case EAFNOSUPPORT:
      return ErrorCode::kHostUnreachable;
    case ETIMEDOUT:
      return ErrorCode::kConnectTimedOut;
    case ECONNRESET:
      return ErrorCode::kConnectionReset;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return ErrorCode::kOutOfResources;
    default:
      return ErrorCode::kNetworkError;
  }
}

// Of an address that has neither connected nor failed. `over`: why it need not
// any more.
enum class Over { kWon, kTimeUp };
Error Unfinished(const SocketAddress& address, bool tried, Over over) {
  const absl::string_view why =
      over == Over::kWon
          ? tried ? " was slower than another address."
                  : " was not tried: another address answered first."
      : tried ? " did not answer in time."
              : " was not tried: the time was up.";
  const bool timed_out = tried && over == Over::kTimeUp;
  return MakeError(
      timed_out ? ErrorCode::kConnectTimedOut : ErrorCode::kCancelled,
      Phase::kConnect, absl::StrCat(address.ToString(), why));
}

absl::string_view FamilyName(const SocketAddress& address) {
  return address.family() == AF_INET6 ? "IPv6" : "IPv4";
}

Error LocalAddressError(absl::string_view message) {
  return MakeError(ErrorCode::kLocalAddressUnusable, Phase::kConnect, message);
}

class SystemConnectCalls : public ConnectCalls {
 public:
  explicit SystemConnectCalls(const std::vector<Host>& bind) {
    for (const Host& host : bind) {
      local_.push_back(SocketAddress::FromLiteral(host, /*port=*/0));
    }
  }

  std::optional<Error> Start(const SocketAddress& address,
                             UniqueFd* fd) override {
    fd->reset(socket(address.family(),
                     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
    if (!fd->valid()) return ConnectError(errno, address);
    // A dialogue in small pieces must not wait for acknowledgements.
    const int on = 1;
    setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::optional<Error> error = Bind(address, fd->get());
    if (!error && connect(fd->get(), address.get(), address.length()) != 0 &&
        // Interrupted or not, it goes on by itself.
        errno != EINPROGRESS && errno != EINTR) {
      error = ConnectError(errno, address);
    }
    if (error) fd->reset();
    return error;
  }

  int Finish(int fd) override {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
      return errno;
    }
    if (error != 0) return error;
    // No error and no peer: a loop said "ready" too early.
    sockaddr_storage peer;
    length = sizeof peer;
    const bool connected =
        getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0;
    return connected ? 0 : EINPROGRESS;
  }

 private:
  // To the local address of the family of `peer`.
  std::optional<Error> Bind(const SocketAddress& peer, int fd) const {
    if (local_.empty()) return std::nullopt;
    const auto local = std::find_if(local_.begin(), local_.end(),
                                    [&peer](const SocketAddress& address) {
                                      return address.family() == peer.family();
                                    });
    if (local == local_.end()) {
      return LocalAddressError(
          absl::StrCat(peer.ToString(), " was not tried: no ", FamilyName(peer),
                       " address is given to connect from."));
    }
    // The port is chosen in connect(), which knows the peer: one port then
    // serves for many peers.
    const int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, local->get(), local->length()) == 0) return std::nullopt;
    if (errno == EADDRNOTAVAIL) {
      return LocalAddressError(
          absl::StrCat(local->AddressText(),
                       " is no address of this machine to connect from."));
    }
    return LocalAddressError(
        absl::StrCat("Connecting from ", local->AddressText(),
                     " failed: ", std::system_category().message(errno), "."));
  }

  std::vector<SocketAddress> local_;
};

class Race : public Dialer::Request {
 public:
  Race(EventLoop* loop, absl::Duration stagger, ConnectCalls* calls,
       const std::vector<SocketAddress>& addresses,
       std::function<void(DialResult)> on_result)
      : loop_(loop),
        stagger_(stagger),
        calls_(calls),
        on_result_(std::move(on_result)),
        runners_(addresses.size()) {
    for (const SocketAddress& address : addresses) {
      attempts_.push_back({address, {}, {}, std::nullopt});
    }
    // The result must not come from inside Dial().
    timer_ = loop_->StartTimer(absl::ZeroDuration(), [this] { StartNext(); });
  }

  DialResult TimeUp() const override {
    DialResult result = Request::TimeUp();
    result.attempts = Ended(std::nullopt);
    return result;
  }

 private:
  struct Runner {
    UniqueFd fd;
    std::unique_ptr<EventLoop::Registration> watch;  // goes before `fd`
  };

  // Starts the next address that does not fail at once. May destroy *this.
  void StartNext() {
    timer_.reset();
    while (started_ < attempts_.size()) {
      const size_t index = started_++;
      DialAttempt& attempt = attempts_[index];
      attempt.started = loop_->Now();
      Runner& runner = runners_[index];
      if (std::optional<Error> error =
              calls_->Start(attempt.address, &runner.fd)) {
        Fail(index, *std::move(error));
        continue;
      }
      runner.watch = loop_->Watch(runner.fd.get(), Interest::kWrite,
                                  [this, index] { OnWritable(index); });
      if (started_ < attempts_.size()) {
        timer_ = loop_->StartTimer(stagger_, [this] { StartNext(); });
      }
      return;
    }
    const bool running =
        std::any_of(runners_.begin(), runners_.end(),
                    [](const Runner& runner) { return runner.fd.valid(); });
    if (!running) Finish(DialResult{});
  }

  void OnWritable(size_t index) {
    const int error = calls_->Finish(runners_[index].fd.get());
    if (error == EINPROGRESS) return;
    if (error == 0) return Win(index);
    Fail(index, ConnectError(error, attempts_[index].address));
    StartNext();
  }

  void Fail(size_t index, Error error) {
    runners_[index].watch.reset();
    runners_[index].fd.reset();
    attempts_[index].ended = loop_->Now();
    attempts_[index].error = std::move(error);
  }

  void Win(size_t winner) {
    DialResult result;
    result.fd = std::move(runners_[winner].fd);
    result.address = attempts_[winner].address;
    attempts_ = Ended(winner);
    Finish(std::move(result));
  }

  // The attempts as they stand if it is over now.
  std::vector<DialAttempt> Ended(std::optional<size_t> winner) const {
    std::vector<DialAttempt> attempts = attempts_;
    for (size_t i = 0; i < attempts.size(); ++i) {
      DialAttempt& attempt = attempts[i];
      if (attempt.error) continue;
      const bool tried = i < started_;
      attempt.ended = loop_->Now();
      if (!tried) attempt.started = attempt.ended;
      if (i == winner) continue;
      attempt.error = Unfinished(attempt.address, tried,
                                 winner ? Over::kWon : Over::kTimeUp);
    }
    return attempts;
  }

  // Of the first address, or of the first that could be tried at all: where it
  // is to be connected from may leave out a family.
  std::optional<Error> Cause() const {
    const auto tried = std::find_if(
        attempts_.begin(), attempts_.end(), [](const DialAttempt& attempt) {
          return attempt.error->code != ErrorCode::kLocalAddressUnusable;
        });
    return (tried != attempts_.end() ? *tried : attempts_.front()).error;
  }

  // Closes the losers and reports. May destroy *this.
  void Finish(DialResult result) {
    timer_.reset();
    runners_.clear();
    if (!result.fd.valid()) result.error = Cause();
    result.attempts = std::move(attempts_);
    const auto on_result = std::move(on_result_);
    on_result(std::move(result));
  }

  EventLoop* const loop_;
  const absl::Duration stagger_;
  ConnectCalls* const calls_;
  std::function<void(DialResult)> on_result_;
  std::vector<DialAttempt> attempts_;
  std::vector<Runner> runners_;  // of the attempts, by index
  size_t started_ = 0;
  std::unique_ptr<EventLoop::Registration> timer_;
};

class TcpDialer : public Dialer {
 public:
  TcpDialer(EventLoop* loop, absl::Duration stagger,
            std::unique_ptr<ConnectCalls> calls)
      : loop_(loop), stagger_(stagger), calls_(std::move(calls)) {}

  std::unique_ptr<Request> Dial(
      const Endpoint&, std::vector<SocketAddress> addresses,
      std::function<void(DialResult)> on_result) override {
    return std::make_unique<Race>(loop_, stagger_, calls_.get(),
                                  InterleaveFamilies(std::move(addresses)),
                                  std::move(on_result));
  }

 private:
  EventLoop* const loop_;
  const absl::Duration stagger_;
  const std::unique_ptr<ConnectCalls> calls_;
};

}  // namespace

absl::string_view DialOutcomeName(const DialAttempt& attempt) {
  if (!attempt.error) return "connected";
  return attempt.error->code == ErrorCode::kCancelled ? "cancelled" : "failed";
}

DialResult Dialer::Request::TimeUp() const {
  DialResult result;
  result.error = MakeError(ErrorCode::kConnectTimedOut, Phase::kConnect);
  return result;
}

Error ConnectError(int error, const SocketAddress& address) {
  return MakeError(ConnectErrorCode(error), Phase::kConnect,
                   absl::StrCat(address.ToString(), " could not be reached: ",
                                std::system_category().message(error), "."));
}

std::unique_ptr<ConnectCalls> NewSystemConnectCalls(std::vector<Host> bind) {
  return std::make_unique<SystemConnectCalls>(bind);
}

std::unique_ptr<Dialer> NewTcpDialer(EventLoop* loop, absl::Duration stagger,
                                     std::unique_ptr<ConnectCalls> calls) {
  return std::make_unique<TcpDialer>(loop, stagger, std::move(calls));
}

std::vector<SocketAddress> InterleaveFamilies(
    std::vector<SocketAddress> addresses) {
  if (addresses.empty()) return addresses;
  const auto other = std::stable_partition(
      addresses.begin(), addresses.end(),
      [family = addresses.front().family()](const SocketAddress& address) {
        return address.family() == family;
      });
  std::vector<SocketAddress> mixed;
  auto a = addresses.begin();
  auto b = other;
  while (a != other || b != addresses.end()) {
    if (a != other) mixed.push_back(*a++);
    if (b != addresses.end()) mixed.push_back(*b++);
  }
  return mixed;
}

}  // namespace holdfast
