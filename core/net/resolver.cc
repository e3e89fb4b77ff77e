// Look-ups on threads that can be abandoned, and answers given beforehand.

#include "holdfast/core/net/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

using Result = Resolver::Result;
using LookUp = std::function<Result(const Endpoint&)>;

// Where a result goes. Shared by the request, the thread that works for it and
// the loop, so that any of them may be the last.
struct Reply {
  std::mutex mutex;
  // Null once the request is abandoned. Guarded by mutex, which is held while
  // posting: the loop may be gone as soon as the request is.
  EventLoop* loop;
  std::function<void(Result)> on_result;  // loop's thread only
};

void Send(const std::shared_ptr<Reply>& reply, Result result) {
  std::lock_guard<std::mutex> lock(reply->mutex);
  if (reply->loop == nullptr) return;
  reply->loop->Post([reply, result = std::move(result)]() mutable {
    const auto on_result = std::exchange(reply->on_result, nullptr);
    if (on_result) on_result(std::move(result));
  });
}

class ReplyRequest : public Resolver::Request {
 public:
  ReplyRequest(EventLoop* loop, std::function<void(Result)> on_result)
      : reply_(std::make_shared<Reply>()) {
    reply_->loop = loop;
    reply_->on_result = std::move(on_result);
  }
  ~ReplyRequest() override {
    reply_->on_result = nullptr;
    std::lock_guard<std::mutex> lock(reply_->mutex);
    reply_->loop = nullptr;
  }

  const std::shared_ptr<Reply>& reply() const { return reply_; }

 private:
  const std::shared_ptr<Reply> reply_;
};

absl::Status LookupError(ErrorCode code, const Endpoint& endpoint,
                         absl::string_view why) {
  return MakeStatus(
      code, Phase::kLookup,
      absl::StrCat("Could not look up ", endpoint.host.name(), ": ", why, "."));
}

absl::Status FromGaiError(int error, int system_error,
                          const Endpoint& endpoint) {
  switch (error) {
    case EAI_NONAME:
    case EAI_NODATA:  // the name exists, but has no address
      return LookupError(ErrorCode::kHostNotFound, endpoint,
                         gai_strerror(error));
    case EAI_MEMORY:
      return LookupError(ErrorCode::kOutOfResources, endpoint,
                         gai_strerror(error));
    case EAI_SYSTEM:
      return LookupError(ErrorCode::kLookupFailed, endpoint,
                         std::system_category().message(system_error));
    default:
      return LookupError(ErrorCode::kLookupFailed, endpoint,
                         gai_strerror(error));
  }
}

Result LookUpBySystem(const Endpoint& endpoint) {
  // RFC 6761, 6.4: not to be asked for.
  if (endpoint.host.name() == "invalid" ||
      absl::EndsWith(endpoint.host.name(), ".invalid")) {
    return FromGaiError(EAI_NONAME, 0, endpoint);
  }
  addrinfo hints = {};
  // Without AI_ADDRCONFIG: it hides addresses where only loopback is up, and
  // the dialer passes an address without a route at once.
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error =
      getaddrinfo(endpoint.host.name().c_str(),
                  absl::StrCat(endpoint.port).c_str(), &hints, &list);
  if (error != 0) return FromGaiError(error, errno, endpoint);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* info = list; info != nullptr; info = info->ai_next) {
    addresses.emplace_back(info->ai_addr, info->ai_addrlen);
  }
  freeaddrinfo(list);
  return addresses;
}

// Starts a detached thread on which no signal of the program is handled.
// Returns false if there is none to be had.
bool StartThread(std::function<void()> work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // a thread inherits the mask
  bool started = true;
  try {
    std::thread(std::move(work)).detach();
  } catch (const std::system_error&) {
    started = false;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

class ThreadResolver : public Resolver {
 public:
  ThreadResolver(EventLoop* loop, LookUp look_up)
      : loop_(loop), look_up_(std::move(look_up)) {}

  std::unique_ptr<Request> Resolve(
      const Endpoint& endpoint,
      std::function<void(Result)> on_result) override {
    auto request = std::make_unique<ReplyRequest>(loop_, std::move(on_result));
    const auto& reply = request->reply();
    if (endpoint.host.is_ip_literal()) {
      Send(reply,
           Result({SocketAddress::FromLiteral(endpoint.host, endpoint.port)}));
    } else if (!StartThread([reply, endpoint, look_up = look_up_] {
                 Send(reply, look_up(endpoint));
               })) {
      Send(reply, LookupError(ErrorCode::kOutOfResources, endpoint,
                              "The system gives no thread"));
    }
    return request;
  }

 private:
  EventLoop* const loop_;
  const LookUp look_up_;
};

class OverrideResolver : public Resolver {
 public:
  OverrideResolver(EventLoop* loop,
                   std::map<std::string, std::vector<Host>> overrides,
                   std::unique_ptr<Resolver> next)
      : loop_(loop), overrides_(std::move(overrides)), next_(std::move(next)) {}

  std::unique_ptr<Request> Resolve(
      const Endpoint& endpoint,
      std::function<void(Result)> on_result) override {
    const auto found = overrides_.find(endpoint.ToString());
    if (found == overrides_.end()) {
      return next_->Resolve(endpoint, std::move(on_result));
    }
    std::vector<SocketAddress> addresses;
    for (const Host& host : found->second) {
      addresses.push_back(SocketAddress::FromLiteral(host, endpoint.port));
    }
    auto request = std::make_unique<ReplyRequest>(loop_, std::move(on_result));
    Send(request->reply(), std::move(addresses));
    return request;
  }

 private:
  EventLoop* const loop_;
  const std::map<std::string, std::vector<Host>> overrides_;
  const std::unique_ptr<Resolver> next_;
};

}  // namespace

SocketAddress SocketAddress::FromLiteral(const Host& host, uint16_t port) {
  assert(host.is_ip_literal());
  sockaddr_in v4 = {};
  if (inet_pton(AF_INET, host.name().c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return SocketAddress(reinterpret_cast<sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6 = {};
  inet_pton(AF_INET6, host.name().c_str(), &v6.sin6_addr);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  return SocketAddress(reinterpret_cast<sockaddr*>(&v6), sizeof v6);
}

SocketAddress::SocketAddress(const sockaddr* address, socklen_t length)
    : length_(length) {
  assert(length <= sizeof storage_);
  std::memcpy(&storage_, address, length);
}

std::string SocketAddress::AddressText() const {
  char text[NI_MAXHOST] = "";
  getnameinfo(get(), length_, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

std::string SocketAddress::ToString() const {
  char port[NI_MAXSERV] = "";
  getnameinfo(get(), length_, nullptr, 0, port, sizeof port, NI_NUMERICSERV);
  return family() == AF_INET6 ? absl::StrCat("[", AddressText(), "]:", port)
                              : absl::StrCat(AddressText(), ":", port);
}

bool operator==(const SocketAddress& a, const SocketAddress& b) {
  return a.length_ == b.length_ &&
         std::memcmp(&a.storage_, &b.storage_, a.length_) == 0;
}

std::unique_ptr<Resolver> NewSystemResolver(EventLoop* loop) {
  return NewThreadResolver(loop, LookUpBySystem);
}

std::unique_ptr<Resolver> NewThreadResolver(EventLoop* loop, LookUp look_up) {
  return std::make_unique<ThreadResolver>(loop, std::move(look_up));
}

std::unique_ptr<Resolver> NewOverrideResolver(
    EventLoop* loop, std::map<std::string, std::vector<Host>> overrides,
    std::unique_ptr<Resolver> next) {
  return std::make_unique<OverrideResolver>(loop, std::move(overrides),
                                            std::move(next));
}

}  // namespace holdfast
