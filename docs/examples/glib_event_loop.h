// SPDX-License-Identifier: 0BSD

// Holdfast's event loop on a GMainContext: for GTK programs and whatever else
// runs GLib's main loop. Yours to take over.
//
//   GlibEventLoop loop(nullptr);  // GLib's default context
//   Connector connector({&loop, resolver.get(), dialer.get(), cache.get()});
//   ...
//   g_main_loop_run(main_loop);   // or g_application_run(), gtk_main()

#ifndef HOLDFAST_DOCS_EXAMPLES_GLIB_EVENT_LOOP_H_
#define HOLDFAST_DOCS_EXAMPLES_GLIB_EVENT_LOOP_H_

#include <glib.h>

#include <memory>
#include <mutex>
#include <vector>

#include "holdfast/core/base/event_loop.h"

namespace holdfast::example {

// All at G_PRIORITY_DEFAULT, as the program's own input is. A source does not
// recurse: if one of Holdfast's callbacks runs the main loop (a modal dialog),
// that callback's watch waits until it has returned; so do posted calls if it
// was a posted one.
//
// Ownership: holds a reference to the context. Must not be destroyed from
// inside one of its callbacks. Thread safety: as EventLoop; the loop's thread
// is the one that runs the context.
class GlibEventLoop final : public EventLoop {
 public:
  // Null: GLib's default context.
  explicit GlibEventLoop(GMainContext* context);
  // Calls that were posted and not made are dropped.
  ~GlibEventLoop() override;

  GlibEventLoop(const GlibEventLoop&) = delete;
  GlibEventLoop& operator=(const GlibEventLoop&) = delete;

  std::unique_ptr<Registration> Watch(int fd, Interest interest,
                                      Callback on_ready) override;
  std::unique_ptr<Registration> StartTimer(absl::Duration delay,
                                           Callback on_expiry) override;
  void Post(Callback callback) override;
  absl::Duration Now() const override;

 private:
  void RunPosted();

  GMainContext* const context_;
  // Due if there is something in `posted_`.
  GSource* wake_up_;
  std::mutex mutex_;
  std::vector<Callback> posted_;  // guarded by mutex_
};

}  // namespace holdfast::example

#endif  // HOLDFAST_DOCS_EXAMPLES_GLIB_EVENT_LOOP_H_
