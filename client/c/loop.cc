#include "holdfast/client/c/loop.h"

#include "holdfast/client/c/error.h"

namespace holdfast::c {

absl::StatusOr<std::shared_ptr<Loop>> Loop::Of(const holdfast_loop* handle) {
  if (handle != nullptr) return handle->loop;
  absl::StatusOr<std::unique_ptr<UvEventLoop>> loop = UvEventLoop::Create();
  if (!loop.ok()) return loop.status();
  return std::shared_ptr<Loop>(new Loop(*std::move(loop)));
}

bool Loop::Run(const std::function<void()>& run) {
  if (running_) return false;
  const std::shared_ptr<Loop> self = shared_from_this();
  running_ = true;
  // Nothing may be thrown through libuv, which is C.
  [&run]() noexcept { run(); }();
  running_ = false;
  std::exchange(dropped_, {}).clear();
  return true;
}

bool Loop::RunUntil(const std::function<bool()>& done) {
  return Run([this, &done] { loop_->RunUntil(done); });
}

bool Loop::Dispatch() {
  return Run([this] { loop_->RunReady(); });
}

void Loop::DropLater(std::shared_ptr<void> last) {
  if (running_) dropped_.push_back(std::move(last));
}

}  // namespace holdfast::c

using holdfast::c::Loop;

holdfast_loop* holdfast_loop_new(holdfast_error** error) {
  return holdfast::c::GuardNew<holdfast_loop>(
      error, []() -> absl::StatusOr<std::unique_ptr<holdfast_loop>> {
        absl::StatusOr<std::shared_ptr<Loop>> loop = Loop::Of(nullptr);
        if (!loop.ok()) return loop.status();
        return std::make_unique<holdfast_loop>(holdfast_loop{*loop});
      });
}

void holdfast_loop_free(holdfast_loop* loop) { delete loop; }

int holdfast_loop_fd(const holdfast_loop* loop) {
  return loop == nullptr ? -1 : loop->loop->get()->poll_fd();
}

int holdfast_loop_timeout(const holdfast_loop* loop) {
  return loop == nullptr ? -1 : loop->loop->get()->PollTimeout();
}

void holdfast_loop_dispatch(holdfast_loop* loop) {
  if (loop != nullptr) loop->loop->Dispatch();
}

void holdfast_loop_wake(holdfast_loop* loop) {
  if (loop == nullptr) return;
  holdfast::c::GuardValue(0, [loop] {
    loop->loop->get()->Post([] {});
    return 0;
  });
}
