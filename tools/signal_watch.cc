#include "holdfast/tools/signal_watch.h"

#include <signal.h>
#include <sys/signalfd.h>

#include <utility>

namespace holdfast {
namespace {

sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

SignalWatch::SignalWatch(EventLoop* loop, std::function<void()> on_signal)
    : on_signal_(std::move(on_signal)) {
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  fd_ = UniqueFd(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd_.valid()) return;  // then they come when the watch is gone
  watch_ = loop->Watch(fd_.get(), Interest::kRead, [this] { OnReadable(); });
}

SignalWatch::~SignalWatch() {
  watch_.reset();
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void SignalWatch::OnReadable() {
  signalfd_siginfo info;
  while (read(fd_.get(), &info, sizeof info) == sizeof info) {
    received_ = static_cast<int>(info.ssi_signo);
    on_signal_();
  }
}

void SignalWatch::DieIfReceived() const {
  if (received_ == 0) return;
  signal(received_, SIG_DFL);
  const sigset_t signals = EndingSignals();
  raise(received_);  // blocked until the next line
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace holdfast
