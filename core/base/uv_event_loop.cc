// libuv closes its handles later than asked to: the memory of each lives until
// its close callback, however early its owner went.

#include "holdfast/core/base/uv_event_loop.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <uv.h>

#include <cassert>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast {

struct UvEventLoop::State {
  explicit State(uv_loop_t* l) : loop(l) {}

  std::vector<Callback> TakePosted() {
    std::lock_guard<std::mutex> lock(mutex);
    return std::exchange(posted, {});
  }

  // Calls what was asked for before the last time that this returned. Since
  // then timers that are due have run: they come before polling in older
  // versions of libuv, and after it from 1.45 on.
  void RunSoon() {
    while (!soon.empty() && soon.begin()->first < soon_end) {
      const Callback callback = std::move(soon.begin()->second);
      soon.erase(soon.begin());
      callback();
      if (in_run_until) uv_stop(loop);
    }
    soon_end = soon_ids;
    if (soon.empty()) uv_idle_stop(&idle);
  }

  uv_loop_t* const loop;
  uv_async_t wake_up;
  uv_idle_t idle;         // runs while there is something in `soon`
  int open_handles = 2;   // these two
  uint64_t soon_ids = 0;  // given so far
  uint64_t soon_end = 0;  // those before it are called next
  std::map<uint64_t, Callback> soon;
  bool in_run_until = false;
  std::mutex mutex;
  std::vector<Callback> posted;  // guarded by mutex
};

namespace {

// How often a descriptor that cannot be watched is said to be ready.
constexpr uint64_t kPollMilliseconds = 1;

absl::Status OutOfResources(absl::string_view what, int uv_error) {
  return MakeStatus(ErrorCode::kOutOfResources, Phase::kSetup,
                    absl::StrCat("The system gives no ", what, ": ",
                                 uv_strerror(uv_error), "."));
}

int ToUvEvents(Interest interest) {
  switch (interest) {
    case Interest::kRead:
      return UV_READABLE;
    case Interest::kWrite:
      return UV_WRITABLE;
    case Interest::kReadWrite:
      return UV_READABLE | UV_WRITABLE;
  }
  return 0;
}

// libuv makes what it watches non-blocking, and with it the same file in other
// processes, such as the shell that a terminal is shared with. A blocking
// descriptor is therefore watched through an epoll of its own; this returns
// that, or none if `fd` needs none or cannot be watched.
UniqueFd ShieldIfBlocking(int fd, Interest interest) {
  if ((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0) return UniqueFd();
  UniqueFd shield(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event = {};
  if (interest != Interest::kWrite) event.events |= EPOLLIN;
  if (interest != Interest::kRead) event.events |= EPOLLOUT;
  const int added = epoll_ctl(shield.get(), EPOLL_CTL_ADD, fd, &event);
  return added == 0 ? std::move(shield) : UniqueFd();
}

// A libuv handle with its callback. Ended, not deleted, by its owner.
struct Handle {
  union {
    uv_handle_t any;
    uv_poll_t poll;
    uv_timer_t timer;
  };
  int events;  // of `poll`
  EventLoop::Callback callback;
  const bool* in_run_until;
  UniqueFd shield;  // of a blocking descriptor

  Handle(EventLoop::Callback c, const bool* r)
      : any{}, events(0), callback(std::move(c)), in_run_until(r) {}

  // The callback may end its own handle: it is kept elsewhere meanwhile.
  void Call() {
    EventLoop::Callback call = std::exchange(callback, nullptr);
    call();
    if (!uv_is_closing(&any)) callback = std::move(call);
    // Without this, libuv might wait for I/O after a timer, and not return to
    // RunUntil. A loop that somebody else runs is not ours to stop.
    if (*in_run_until) uv_stop(any.loop);
  }

  void End() {
    callback = nullptr;
    uv_close(&any, [](uv_handle_t* handle) {
      delete static_cast<Handle*>(handle->data);
    });
  }
};

void OnTimer(uv_timer_t* timer) { static_cast<Handle*>(timer->data)->Call(); }

void OnPoll(uv_poll_t* poll, int status, int /*events*/) {
  auto* handle = static_cast<Handle*>(poll->data);
  // libuv ends a watch when the descriptor has an error; ours goes on.
  if (status < 0) uv_poll_start(poll, handle->events, OnPoll);
  handle->Call();
}

class HandleRegistration : public EventLoop::Registration {
 public:
  explicit HandleRegistration(Handle* handle) : handle_(handle) {
    handle->any.data = handle;
  }
  ~HandleRegistration() override { handle_->End(); }

 private:
  Handle* const handle_;
};

}  // namespace

// A call that is due soon.
class UvEventLoop::SoonRegistration : public EventLoop::Registration {
 public:
  SoonRegistration(State* state, uint64_t id) : state_(state), id_(id) {}
  ~SoonRegistration() override { state_->soon.erase(id_); }

 private:
  State* const state_;
  const uint64_t id_;
};

absl::StatusOr<std::unique_ptr<UvEventLoop>> UvEventLoop::Create() {
  auto loop = std::make_unique<uv_loop_t>();
  if (const int error = uv_loop_init(loop.get())) {
    return OutOfResources("event loop", error);
  }
  uv_loop_t* const bare = loop.get();
  return CreateOn(bare, OwnLoop(loop.release()));
}

absl::StatusOr<std::unique_ptr<UvEventLoop>> UvEventLoop::Wrap(
    uv_loop_t* loop) {
  return CreateOn(loop, nullptr);
}

absl::StatusOr<std::unique_ptr<UvEventLoop>> UvEventLoop::CreateOn(
    uv_loop_t* loop, OwnLoop own_loop) {
  auto state = std::make_unique<State>(loop);
  state->wake_up.data = state.get();
  const int error =
      uv_async_init(loop, &state->wake_up, [](uv_async_t* wake_up) {
        auto* self = static_cast<State*>(wake_up->data);
        for (const Callback& callback : self->TakePosted()) callback();
        if (self->in_run_until) uv_stop(self->loop);
      });
  if (error != 0) return OutOfResources("wake-up handle", error);
  uv_idle_init(loop, &state->idle);
  state->idle.data = state.get();
  return absl::WrapUnique(
      new UvEventLoop(std::move(own_loop), state.release()));
}

UvEventLoop::~UvEventLoop() {
  state_->TakePosted();
  const auto on_closed = [](uv_handle_t* handle) {
    auto* state = static_cast<State*>(handle->data);
    if (--state->open_handles == 0) delete state;
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->wake_up), on_closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->idle), on_closed);
}

void UvEventLoop::LoopCloser::operator()(uv_loop_t* loop) const {
  uv_run(loop, UV_RUN_NOWAIT);  // all that is left are close callbacks
  [[maybe_unused]] const int error = uv_loop_close(loop);
  assert(error == 0 && "a registration outlived its loop");
  delete loop;
}

std::unique_ptr<EventLoop::Registration> UvEventLoop::Watch(int fd,
                                                            Interest interest,
                                                            Callback on_ready) {
  auto* handle = new Handle(std::move(on_ready), &state_->in_run_until);
  handle->shield = ShieldIfBlocking(fd, interest);
  const bool shielded = handle->shield.valid();
  handle->events = ToUvEvents(shielded ? Interest::kRead : interest);
  const int error = uv_poll_init(state_->loop, &handle->poll,
                                 shielded ? handle->shield.get() : fd);
  assert(error != UV_EEXIST && "two watches on one descriptor");
  auto registration = std::make_unique<HandleRegistration>(handle);
  if (error == 0) {
    uv_poll_start(&handle->poll, handle->events, OnPoll);
  } else {
    uv_timer_init(state_->loop, &handle->timer);
    uv_timer_start(&handle->timer, OnTimer, 0, kPollMilliseconds);
  }
  return registration;
}

std::unique_ptr<EventLoop::Registration> UvEventLoop::StartTimer(
    absl::Duration delay, Callback on_expiry) {
  if (delay <= absl::ZeroDuration()) {
    // Not a timer of zero: libuv would call one that a timer starts in the same
    // turn, and a chain of them would keep everything else waiting.
    const uint64_t id = state_->soon_ids++;
    state_->soon.emplace(id, std::move(on_expiry));
    uv_idle_start(&state_->idle, [](uv_idle_t* idle) {
      static_cast<State*>(idle->data)->RunSoon();
    });
    return std::make_unique<SoonRegistration>(state_, id);
  }
  auto* handle = new Handle(std::move(on_expiry), &state_->in_run_until);
  auto registration = std::make_unique<HandleRegistration>(handle);
  uv_timer_init(state_->loop, &handle->timer);
  // Whole milliseconds from libuv's idea of now, which lags behind: rounded up
  // from ours, so that no timer is early.
  const absl::Duration due = absl::Ceil(Now() + delay, absl::Milliseconds(1));
  const int64_t timeout = absl::ToInt64Milliseconds(due) -
                          static_cast<int64_t>(uv_now(state_->loop));
  uv_timer_start(&handle->timer, OnTimer, static_cast<uint64_t>(timeout),
                 /*repeat=*/0);
  return registration;
}

void UvEventLoop::Post(Callback callback) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  state_->posted.push_back(std::move(callback));
  uv_async_send(&state_->wake_up);
}

absl::Duration UvEventLoop::Now() const {
  return absl::Nanoseconds(uv_hrtime());
}

void UvEventLoop::RunUntil(const std::function<bool()>& done) {
  state_->in_run_until = true;
  while (!done()) uv_run(state_->loop, UV_RUN_ONCE);
  state_->in_run_until = false;
}

int UvEventLoop::poll_fd() const { return uv_backend_fd(state_->loop); }

int UvEventLoop::PollTimeout() const {
  // Its clock stands still between two runs.
  uv_update_time(state_->loop);
  return uv_backend_timeout(state_->loop);
}

void UvEventLoop::RunReady() { uv_run(state_->loop, UV_RUN_NOWAIT); }

}  // namespace holdfast
