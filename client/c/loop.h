// A loop that operations and sessions share, for as long as one of them lives.

#ifndef HOLDFAST_CLIENT_C_LOOP_H_
#define HOLDFAST_CLIENT_C_LOOP_H_

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/holdfast.h"

namespace holdfast::c {

// Thread safety: that of UvEventLoop.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  // That of `handle`; a new one if it is null. Errors: kOutOfResources.
  static absl::StatusOr<std::shared_ptr<Loop>> Of(const holdfast_loop* handle);

  // Both return false, and do nothing, from inside a callback. The loop lives
  // on until they return, whatever callbacks free.
  bool RunUntil(const std::function<bool()>& done);
  bool Dispatch();

  // Drops `last` when no callback runs any more: for what must not be destroyed
  // from inside one of its own.
  void DropLater(std::shared_ptr<void> last);

  UvEventLoop* get() const { return loop_.get(); }

 private:
  explicit Loop(std::unique_ptr<UvEventLoop> loop) : loop_(std::move(loop)) {}
  bool Run(const std::function<void()>& run);

  const std::unique_ptr<UvEventLoop> loop_;
  bool running_ = false;
  std::vector<std::shared_ptr<void>> dropped_;
};

}  // namespace holdfast::c

struct holdfast_loop {
  std::shared_ptr<holdfast::c::Loop> loop;
};

#endif  // HOLDFAST_CLIENT_C_LOOP_H_
