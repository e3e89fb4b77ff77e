#include "holdfast/protocols/connect/plaintext_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/descriptor_io.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/connect/relay.h"

namespace holdfast {
namespace {

absl::Status OutOfResources(absl::string_view what, absl::string_view why) {
  return MakeStatus(ErrorCode::kOutOfResources, Phase::kSession,
                    absl::StrCat(what, ": ", why, "."));
}

// The two ends of a socket pair.
struct Ends {
  UniqueFd ours;
  UniqueFd theirs;
};
absl::StatusOr<Ends> MakeEnds() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return OutOfResources("No socket pair could be made", strerror(errno));
  }
  fcntl(fds[0], F_SETFL, O_NONBLOCK);
  return Ends{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// A relay that owns itself, and its end of the pair, until it is done.
class SelfOwnedRelay {
 public:
  static void Start(EventLoop* loop, std::unique_ptr<Connection> connection,
                    UniqueFd end, std::function<void()> on_done) {
    auto* self = new SelfOwnedRelay(std::move(end), std::move(on_done));
    RelayOptions options;
    options.from = options.to = self->end_.get();
    self->relay_ = Relay::Start(loop, std::move(connection), options,
                                [self](const RelayResult&) {
                                  const auto done = std::move(self->on_done_);
                                  delete self;
                                  if (done) done();
                                });
  }

 private:
  SelfOwnedRelay(UniqueFd end, std::function<void()> on_done)
      : end_(std::move(end)), on_done_(std::move(on_done)) {}

  // Closing an end with bytes unread would show as an error at the other.
  ~SelfOwnedRelay() {
    EndWriting(end_.get());
    char unread[4096];
    while (ReadSome(end_.get(), absl::MakeSpan(unread)).bytes > 0) {
    }
  }

  UniqueFd end_;
  std::function<void()> on_done_;
  std::unique_ptr<Relay> relay_;
};

// The process's signals are for its own threads: none may be in the middle of
// starting one of ours.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

void Serve(std::unique_ptr<UvEventLoop> loop,
           std::unique_ptr<Connection> connection, UniqueFd end) {
  bool done = false;
  SelfOwnedRelay::Start(loop.get(), std::move(connection), std::move(end),
                        [&done] { done = true; });
  loop->RunUntil([&done] { return done; });
}

}  // namespace

absl::StatusOr<UniqueFd> TakePlaintextFd(
    EventLoop* loop, std::unique_ptr<Connection> connection) {
  absl::StatusOr<Ends> ends = MakeEnds();
  if (!ends.ok()) return ends.status();
  SelfOwnedRelay::Start(loop, std::move(connection), std::move(ends->ours),
                        nullptr);
  return std::move(ends->theirs);
}

absl::StatusOr<UniqueFd> TakePlaintextFd(
    std::unique_ptr<Connection> connection) {
  absl::StatusOr<Ends> ends = MakeEnds();
  if (!ends.ok()) return ends.status();
  absl::StatusOr<std::unique_ptr<UvEventLoop>> loop = UvEventLoop::Create();
  if (!loop.ok()) return loop.status();
  const SignalsBlocked inherited_by_the_thread;
  try {
    std::thread(Serve, *std::move(loop), std::move(connection),
                std::move(ends->ours))
        .detach();
  } catch (const std::system_error& error) {
    return OutOfResources("No thread could be started", error.what());
  }
  return std::move(ends->theirs);
}

}  // namespace holdfast
