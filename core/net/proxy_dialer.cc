// The dialogue with a proxy, held over a socket.

#include "holdfast/core/net/proxy_dialer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/core/net/proxy_dialogue.h"

namespace holdfast {
namespace {

class ProxyRequest : public Dialer::Request {
 public:
  ProxyRequest(EventLoop* loop, Resolver* resolver, Dialer* to_proxy,
               const Proxy& proxy, const Endpoint& server,
               std::function<void(DialResult)> on_result)
      : loop_(loop),
        to_proxy_(to_proxy),
        proxy_(proxy),
        server_(server),
        on_result_(std::move(on_result)) {
    if (to_proxy_->looks_up()) {
      Dial({});
      return;
    }
    lookup_ = resolver->Resolve(proxy_.endpoint(),
                                [this](Resolver::Result addresses) {
                                  OnLookedUp(std::move(addresses));
                                });
  }

  DialResult TimeUp() const override {
    DialResult result;
    if (dial_) result = dial_->TimeUp();
    result.through_proxy = true;
    result.error = MakeError(
        ErrorCode::kProxyTimedOut, Phase::kConnect,
        absl::StrCat("The proxy ", proxy_.ToString(),
                     lookup_ ? " could not be looked up in time."
                     : dial_ ? " did not answer in time."
                             : " did not say in time whether it has connected "
                               "to the server."));
    if (!lookup_ && !dial_) {
      result.address = connected_.address;
      result.attempts = Ended(result.error);
    }
    return result;
  }

 private:
  // The reason why there is no connection to the proxy.
  Error Unreachable(const Error& error) const {
    // No fault of the proxy's.
    if (error.category() == ErrorCategory::kLocal) return error;
    return MakeError(ErrorCode::kProxyUnreachable, error.phase,
                     absl::StrCat("No connection to the proxy ",
                                  proxy_.ToString(), ": ", error.Message()));
  }

  void OnLookedUp(Resolver::Result addresses) {
    lookup_.reset();  // with the callback that leads here
    addresses.ok() ? Dial(*std::move(addresses))
                   : Fail(Unreachable(ErrorFromStatus(addresses.status())));
  }

  void Dial(std::vector<SocketAddress> addresses) {
    dial_ = to_proxy_->Dial(
        proxy_.endpoint(), std::move(addresses),
        [this](DialResult result) { OnDialled(std::move(result)); });
  }

  void OnDialled(DialResult result) {
    dial_.reset();
    connected_ = std::move(result);
    // A proxy on the way to this one has said all.
    if (connected_.error && connected_.through_proxy) {
      return Fail(*connected_.error);
    }
    if (connected_.error) return Fail(Unreachable(*connected_.error));
    dialogue_ = ProxyDialogue::Start(proxy_, server_);
    Talk();
  }

  // Until something must be waited for, or it is over; then *this may be gone.
  void Talk() {
    watch_.reset();
    while (!dialogue_->over()) {
      if (sent_ == outgoing_.size()) {
        outgoing_ = dialogue_->TakeOutgoing();
        sent_ = 0;
      }
      const bool sending = sent_ < outgoing_.size();
      if (sending ? Send() : Receive()) continue;
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        watch_ = loop_->Watch(connected_.fd.get(),
                              sending ? Interest::kWrite : Interest::kRead,
                              [this] { Talk(); });
        return;
      }
      return Fail(Broken(errno));
    }
    dialogue_->error() ? Fail(*dialogue_->error()) : Succeed();
  }

  // These return false with errno, 0 at the end of the stream.
  bool Send() {
    const absl::string_view rest = outgoing_.view().substr(sent_);
    const ssize_t sent =
        send(connected_.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    sent_ += sent;
    return true;
  }
  // Looks before it takes: what follows the proxy's answer is the server's, and
  // stays for who reads next.
  bool Receive() {
    char buffer[512];
    const int fd = connected_.fd.get();
    const ssize_t there = recv(fd, buffer, sizeof buffer, MSG_PEEK);
    if (there <= 0) {
      if (there == 0) errno = 0;
      return false;
    }
    const size_t taken = dialogue_->Consume(absl::string_view(buffer, there));
    return recv(fd, buffer, taken, 0) == static_cast<ssize_t>(taken);
  }

  Error Broken(int error) const {
    return MakeError(
        ErrorCode::kProxyUnreachable, Phase::kConnect,
        absl::StrCat(
            "The proxy ", proxy_.ToString(),
            error == 0
                ? " closed the connection before it had "
                  "answered."
                : absl::StrCat(" broke off: ",
                               std::system_category().message(error), ".")));
  }

  // What came of the proxy's addresses, now that it is over: `error` came of
  // the one that was connected to.
  std::vector<DialAttempt> Ended(const std::optional<Error>& error) const {
    std::vector<DialAttempt> attempts = connected_.attempts;
    for (DialAttempt& attempt : attempts) {
      if (attempt.error) continue;
      attempt.ended = loop_->Now();
      attempt.error = error;
    }
    return attempts;
  }

  void Succeed() { Finish(std::nullopt); }
  void Fail(Error error) {
    connected_.fd.reset();
    Finish(std::move(error));
  }
  // May destroy *this.
  void Finish(std::optional<Error> error) {
    DialResult result = std::move(connected_);
    connected_.attempts = std::move(result.attempts);
    result.attempts = Ended(error);
    result.error = std::move(error);
    result.through_proxy = true;
    const auto on_result = std::move(on_result_);
    on_result(std::move(result));
  }

  EventLoop* const loop_;
  Dialer* const to_proxy_;
  const Proxy proxy_;
  const Endpoint server_;
  std::function<void(DialResult)> on_result_;
  std::unique_ptr<Resolver::Request> lookup_;
  std::unique_ptr<Dialer::Request> dial_;
  DialResult connected_;  // to the proxy
  std::unique_ptr<ProxyDialogue> dialogue_;
  SecretString outgoing_;
  size_t sent_ = 0;                                 // of outgoing_
  std::unique_ptr<EventLoop::Registration> watch_;  // goes before connected_
};

class ProxyDialer : public Dialer {
 public:
  ProxyDialer(EventLoop* loop, Resolver* resolver,
              std::unique_ptr<Dialer> to_proxy, Proxy proxy)
      : loop_(loop),
        resolver_(resolver),
        to_proxy_(std::move(to_proxy)),
        proxy_(std::move(proxy)) {}

  bool looks_up() const override { return true; }

  std::unique_ptr<Request> Dial(
      const Endpoint& endpoint, std::vector<SocketAddress>,
      std::function<void(DialResult)> on_result) override {
    return std::make_unique<ProxyRequest>(loop_, resolver_, to_proxy_.get(),
                                          proxy_, endpoint,
                                          std::move(on_result));
  }

 private:
  EventLoop* const loop_;
  Resolver* const resolver_;
  const std::unique_ptr<Dialer> to_proxy_;
  const Proxy proxy_;
};

}  // namespace

std::unique_ptr<Dialer> NewProxyDialer(EventLoop* loop, Resolver* resolver,
                                       std::unique_ptr<Dialer> to_proxy,
                                       Proxy proxy) {
  return std::make_unique<ProxyDialer>(loop, resolver, std::move(to_proxy),
                                       std::move(proxy));
}

}  // namespace holdfast
