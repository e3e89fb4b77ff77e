// SPDX-License-Identifier: MPL-2.0

// Cancels what runs, from any thread.
//
//   auto cancellation = std::make_shared<Cancellation>();
//   request.cancellation = cancellation;      // of a connect, on one thread
//   cancellation->Cancel();                   // on another

#ifndef HOLDFAST_CORE_BASE_CANCELLATION_H_
#define HOLDFAST_CORE_BASE_CANCELLATION_H_

#include <functional>
#include <list>
#include <mutex>

#pragma GCC visibility push(default)
namespace holdfast {

// Shared by those who run and those who cancel. It stays cancelled: what is
// started under it later is cancelled at once. Thread safety: all of it.
class Cancellation {
 public:
  // Hears of the cancellation until it is destroyed; once its destructor
  // returns, its callback does not run any more.
  class Listener {
   public:
    // `on_cancel` runs on the cancelling thread, with a lock held: it may only
    // hand the news on, as by EventLoop::Post(). Runs at once if it was
    // cancelled already. The cancellation outlives the listener.
    Listener(Cancellation* cancellation, std::function<void()> on_cancel);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

   private:
    Cancellation* const cancellation_;
    std::list<std::function<void()>>::iterator position_;
  };

  void Cancel();
  bool cancelled() const;

 private:
  mutable std::mutex mutex_;
  bool cancelled_ = false;
  std::list<std::function<void()>> listeners_;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_BASE_CANCELLATION_H_
