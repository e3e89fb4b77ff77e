#include "holdfast/core/net/socket_factory.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace holdfast {
namespace {

using Answer = absl::StatusOr<FactorySocket>;

Error FactoryError(const absl::Status& status) {
  Error error = ErrorFromStatus(status);
  if (error.code == ErrorCode::kInternal) {  // not one of ours
    error = MakeError(ErrorCode::kNetworkError, Phase::kConnect,
                      std::string(status.message()));
  }
  if (error.phase == Phase::kSetup) error.phase = Phase::kConnect;
  return error;
}

// As connections need it. False with errno.
bool Prepare(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return false;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // if it is TCP
  return true;
}

std::optional<SocketAddress> PeerOf(int fd) {
  sockaddr_storage peer;
  socklen_t length = sizeof peer;
  const auto address = reinterpret_cast<sockaddr*>(&peer);
  if (getpeername(fd, address, &length) != 0) return std::nullopt;
  if (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) {
    return std::nullopt;
  }
  return SocketAddress(address, length);
}

DialResult ResultOf(Answer answer, absl::Duration started, absl::Duration now) {
  DialResult result;
  if (!answer.ok()) {
    result.error = FactoryError(answer.status());
    return result;
  }
  result.through_proxy = answer->path == SocketPath::kThroughProxy;
  if (!Prepare(answer->fd.get())) {
    result.error =
        MakeError(ErrorCode::kNetworkError, Phase::kConnect,
                  absl::StrCat("The socket that was given cannot be used: ",
                               std::system_category().message(errno), "."));
    return result;
  }
  result.address = PeerOf(answer->fd.get());
  if (result.address) {
    result.attempts = {{*result.address, started, now, std::nullopt}};
  }
  result.fd = std::move(answer->fd);
  return result;
}

// Where an answer goes. Shared by the request, whoever answers and the loop, so
// that any of them may be the last.
struct SocketReply {
  std::mutex mutex;
  // Null once no answer is wanted any more. Guarded by mutex, which is held
  // while posting: the loop may be gone as soon as the request is.
  EventLoop* loop;
  absl::Duration started;                     // loop time
  std::function<void(DialResult)> on_result;  // loop's thread only
};

// What a factory answers to, on any thread, at any time, even inside Dial().
class Taker {
 public:
  explicit Taker(std::shared_ptr<SocketReply> reply)
      : reply_(std::move(reply)) {}
  Taker(const Taker&) = delete;
  Taker& operator=(const Taker&) = delete;
  ~Taker() {
    Take(MakeStatus(ErrorCode::kNetworkError, Phase::kConnect,
                    "The client gave no socket."));
  }

  // The first answer counts; others are closed.
  void Take(Answer answer) {
    std::lock_guard<std::mutex> lock(reply_->mutex);
    EventLoop* const loop = std::exchange(reply_->loop, nullptr);
    if (loop == nullptr) return;
    // A std::function has copies; an answer has none.
    auto kept = std::make_shared<Answer>(std::move(answer));
    loop->Post([loop, reply = reply_, kept] {
      const auto on_result = std::exchange(reply->on_result, nullptr);
      if (!on_result) return;
      on_result(ResultOf(std::move(*kept), reply->started, loop->Now()));
    });
  }

 private:
  const std::shared_ptr<SocketReply> reply_;
};

class FactoryRequest : public Dialer::Request {
 public:
  FactoryRequest(EventLoop* loop, std::function<void(DialResult)> on_result)
      : reply_(std::make_shared<SocketReply>()) {
    reply_->loop = loop;
    reply_->started = loop->Now();
    reply_->on_result = std::move(on_result);
  }
  ~FactoryRequest() override {
    reply_->on_result = nullptr;
    std::lock_guard<std::mutex> lock(reply_->mutex);
    reply_->loop = nullptr;
  }

  // Without a copy left it has answered, one way or another.
  std::function<void(Answer)> Asked() const {
    return [taker = std::make_shared<Taker>(reply_)](Answer answer) {
      taker->Take(std::move(answer));
    };
  }

 private:
  const std::shared_ptr<SocketReply> reply_;
};

class FactoryDialer : public Dialer {
 public:
  FactoryDialer(EventLoop* loop, SocketFactory factory)
      : loop_(loop), factory_(std::move(factory)) {}

  bool looks_up() const override { return true; }

  std::unique_ptr<Request> Dial(
      const Endpoint& endpoint, std::vector<SocketAddress>,
      std::function<void(DialResult)> on_result) override {
    auto request =
        std::make_unique<FactoryRequest>(loop_, std::move(on_result));
    factory_(endpoint, request->Asked());
    return request;
  }

 private:
  EventLoop* const loop_;
  const SocketFactory factory_;
};

}  // namespace

std::unique_ptr<Dialer> NewFactoryDialer(EventLoop* loop,
                                         SocketFactory factory) {
  return std::make_unique<FactoryDialer>(loop, std::move(factory));
}

std::unique_ptr<Dialer> NewConnectedDialer(EventLoop* loop,
                                           FactorySocket socket) {
  auto only = std::make_shared<FactorySocket>(std::move(socket));
  return NewFactoryDialer(loop, [only](const Endpoint&, const auto& on_socket) {
    if (!only->fd.valid()) {
      return on_socket(
          MakeStatus(ErrorCode::kNoNewConnection, Phase::kConnect, ""));
    }
    on_socket(std::move(*only));
  });
}

}  // namespace holdfast
