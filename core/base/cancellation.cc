#include "holdfast/core/base/cancellation.h"

#include <utility>

namespace holdfast {

Cancellation::Listener::Listener(Cancellation* cancellation,
                                 std::function<void()> on_cancel)
    : cancellation_(cancellation) {
  std::lock_guard<std::mutex> lock(cancellation_->mutex_);
  cancellation_->listeners_.push_front(std::move(on_cancel));
  position_ = cancellation_->listeners_.begin();
  if (cancellation_->cancelled_) (*position_)();
}

Cancellation::Listener::~Listener() {
  std::lock_guard<std::mutex> lock(cancellation_->mutex_);
  cancellation_->listeners_.erase(position_);
}

void Cancellation::Cancel() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (std::exchange(cancelled_, true)) return;
  for (const std::function<void()>& on_cancel : listeners_) on_cancel();
}

bool Cancellation::cancelled() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return cancelled_;
}

}  // namespace holdfast
