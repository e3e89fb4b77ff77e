// SPDX-License-Identifier: 0BSD

// GLib holds a source and its callback while it calls it, and asks before each
// call whether the source was destroyed meanwhile: so registrations may end
// inside any callback, without care taken here.

#include "glib_event_loop.h"

#include <glib-unix.h>

#include <algorithm>
#include <utility>

namespace holdfast::example {
namespace {

GIOCondition ToCondition(Interest interest) {
  switch (interest) {
    case Interest::kRead:
      return G_IO_IN;
    case Interest::kWrite:
      return G_IO_OUT;
    case Interest::kReadWrite:
      return static_cast<GIOCondition>(G_IO_IN | G_IO_OUT);
  }
  return G_IO_IN;
}

// When it is due is all that such a source has; GLib looks after that.
gboolean CallBack(GSource* /*source*/, GSourceFunc function, gpointer data) {
  return function(data);
}

GSource* NewTimedSource() {
  static GSourceFuncs functions = {nullptr, nullptr, CallBack,
                                   nullptr, nullptr, nullptr};
  return g_source_new(&functions, sizeof(GSource));
}

class SourceRegistration final : public EventLoop::Registration {
 public:
  // Takes the reference to `source` over.
  explicit SourceRegistration(GSource* source) : source_(source) {}
  ~SourceRegistration() override {
    g_source_destroy(source_);
    g_source_unref(source_);
  }

 private:
  GSource* const source_;
};

// Attaches `source`, which calls `function` with `callback` until its
// registration ends.
std::unique_ptr<EventLoop::Registration> Attach(GMainContext* context,
                                                GSource* source,
                                                GSourceFunc function,
                                                EventLoop::Callback callback) {
  g_source_set_callback(
      source, function, new EventLoop::Callback(std::move(callback)),
      [](gpointer data) { delete static_cast<EventLoop::Callback*>(data); });
  g_source_attach(source, context);
  return std::make_unique<SourceRegistration>(source);
}

gboolean OnReady(int /*fd*/, GIOCondition /*condition*/, gpointer callback) {
  (*static_cast<EventLoop::Callback*>(callback))();
  return G_SOURCE_CONTINUE;
}

gboolean OnExpiry(gpointer callback) {
  (*static_cast<EventLoop::Callback*>(callback))();
  return G_SOURCE_REMOVE;
}

}  // namespace

GlibEventLoop::GlibEventLoop(GMainContext* context)
    : context_(g_main_context_ref(
          context != nullptr ? context : g_main_context_default())),
      wake_up_(NewTimedSource()) {
  const auto on_wake_up = [](gpointer loop) -> gboolean {
    static_cast<GlibEventLoop*>(loop)->RunPosted();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(wake_up_, on_wake_up, this, nullptr);
  g_source_attach(wake_up_, context_);
}

GlibEventLoop::~GlibEventLoop() {
  g_source_destroy(wake_up_);
  g_source_unref(wake_up_);
  g_main_context_unref(context_);
}

std::unique_ptr<EventLoop::Registration> GlibEventLoop::Watch(
    int fd, Interest interest, Callback on_ready) {
  return Attach(context_, g_unix_fd_source_new(fd, ToCondition(interest)),
                G_SOURCE_FUNC(OnReady), std::move(on_ready));
}

std::unique_ptr<EventLoop::Registration> GlibEventLoop::StartTimer(
    absl::Duration delay, Callback on_expiry) {
  GSource* const source = NewTimedSource();
  // Whole microseconds of GLib's own clock, rounded up; -1 is never.
  const absl::Duration due = Now() + std::max(delay, absl::ZeroDuration());
  g_source_set_ready_time(source, due == absl::InfiniteDuration()
                                      ? -1
                                      : absl::ToInt64Microseconds(absl::Ceil(
                                            due, absl::Microseconds(1))));
  return Attach(context_, source, OnExpiry, std::move(on_expiry));
}

void GlibEventLoop::Post(Callback callback) {
  // Not g_main_context_invoke(), which may call from inside this call. Locked
  // until the loop is awake: the callback may be what leads to the end of the
  // loop, which this thread then must not touch any more.
  std::lock_guard<std::mutex> lock(mutex_);
  posted_.push_back(std::move(callback));
  g_source_set_ready_time(wake_up_, 0);
}

absl::Duration GlibEventLoop::Now() const {
  return absl::Microseconds(g_get_monotonic_time());
}

void GlibEventLoop::RunPosted() {
  std::vector<Callback> callbacks;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    callbacks.swap(posted_);
    g_source_set_ready_time(wake_up_, -1);
  }
  for (const Callback& callback : callbacks) callback();
}

}  // namespace holdfast::example
