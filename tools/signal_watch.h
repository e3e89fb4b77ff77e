// SIGINT and SIGTERM as events of a loop.

#ifndef HOLDFAST_TOOLS_SIGNAL_WATCH_H_
#define HOLDFAST_TOOLS_SIGNAL_WATCH_H_

#include <functional>
#include <memory>

#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast {

// Make it before any thread starts, so that the signals are blocked in all.
class SignalWatch {
 public:
  // Calls `on_signal` on the loop each time one of the signals comes.
  SignalWatch(EventLoop* loop, std::function<void()> on_signal);
  // Unblocks the signals.
  ~SignalWatch();

  // The last signal that came; 0 if none did.
  int received() const { return received_; }
  // Ends the process by the signal that came, as whoever waits for it expects
  // of a program that was interrupted; returns if none came.
  void DieIfReceived() const;

 private:
  void OnReadable();

  const std::function<void()> on_signal_;
  UniqueFd fd_;
  std::unique_ptr<EventLoop::Registration> watch_;
  int received_ = 0;
};

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_SIGNAL_WATCH_H_
