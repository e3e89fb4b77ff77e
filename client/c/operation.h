// Operations: what has begun, who is told of its end, and what came of it.
//
//   std::shared_ptr<Progress> progress = Progress::Begin(loop);
//   session->Noop([progress](absl::StatusOr<ImapAnswer> answer) {
//     answer.ok() ? progress->Succeed(AnswerJson(*answer))
//                 : progress->Fail(answer.status());
//   });
//   return new holdfast_operation{progress};

#ifndef HOLDFAST_CLIENT_C_OPERATION_H_
#define HOLDFAST_CLIENT_C_OPERATION_H_

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "holdfast/client/c/error.h"
#include "holdfast/client/c/loop.h"
#include "holdfast/client/c/value.h"
#include "holdfast/core/base/cancellation.h"
#include "holdfast/core/base/weak_handle.h"
#include "holdfast/holdfast.h"
#include "nlohmann/json.hpp"

namespace holdfast {
class ImapIdle;
}

namespace holdfast::c {

// Shared by an operation's handle and by whatever calls when it is done.
// Thread safety: the loop's thread.
class Progress : public std::enable_shared_from_this<Progress> {
 public:
  using Json = nlohmann::ordered_json;

  explicit Progress(std::shared_ptr<Loop> loop) : loop_(std::move(loop)) {}

  // These end it, and tell; only the first of them counts. On the loop, not
  // from inside the call that has begun it.
  void Succeed(Json result);
  void Fail(const absl::Status& status, Json result = Json::object());
  // From anywhere: tells later.
  void FailSoon(const absl::Status& status);

  void OnDone(holdfast_operation* handle, holdfast_done_function on_done,
              void* data);
  // The handle is gone: nobody is told.
  void Forget() {
    on_done_ = nullptr;
    forgotten_ = true;
  }
  bool forgotten() const { return forgotten_; }

  bool done() const { return done_; }
  const holdfast_error* error() const { return error_ ? &*error_ : nullptr; }
  const holdfast_value& result() const { return result_; }
  Loop& loop() const { return *loop_; }

 private:
  bool End(const absl::Status& status, Json result);
  void Tell();
  void TellSoon();

  const std::shared_ptr<Loop> loop_;
  bool done_ = false;
  bool forgotten_ = false;
  std::optional<holdfast_error> error_;
  holdfast_value result_{Json::object()};
  holdfast_operation* handle_ = nullptr;
  holdfast_done_function on_done_ = nullptr;
  void* data_ = nullptr;
};

}  // namespace holdfast::c

struct holdfast_operation {
  std::shared_ptr<holdfast::c::Progress> progress;
  // What lives as long as the handle: an operation that is abandoned with it.
  std::shared_ptr<void> work = nullptr;
  // Null: it cannot be cancelled.
  std::shared_ptr<holdfast::Cancellation> cancellation = nullptr;
  // Of a connect: what it has made.
  std::shared_ptr<std::unique_ptr<holdfast_connection>> connection = nullptr;
  // Of an IDLE, until it is ended.
  std::shared_ptr<holdfast::ImapIdle> idle = nullptr;
  const holdfast::WeakOwner<holdfast_operation> weak{this};
};

namespace holdfast::c {

// One that has failed already. `loop` may be null: then on a new one.
holdfast_operation* FailedOperation(const std::shared_ptr<Loop>& loop,
                                    const absl::Status& status);

// Calls `begin`, which returns an absl::StatusOr<holdfast_operation*>; what it
// fails with, or throws, is that of an operation that has failed.
template <typename Begin>
holdfast_operation* GuardOperation(const std::shared_ptr<Loop>& loop,
                                   const Begin& begin) noexcept {
  try {
    absl::StatusOr<holdfast_operation*> begun = begin();
    return begun.ok() ? *begun : FailedOperation(loop, begun.status());
  } catch (...) {
    return nullptr;
  }
}

// The same on the loop of `handle`, or on a new one; `begin` is given it.
template <typename Begin>
holdfast_operation* GuardOperation(const holdfast_loop* handle,
                                   const Begin& begin) noexcept {
  const std::shared_ptr<Loop> loop =
      GuardValue<std::shared_ptr<Loop>>(nullptr, [handle] {
        absl::StatusOr<std::shared_ptr<Loop>> own = Loop::Of(handle);
        return own.ok() ? *std::move(own) : nullptr;
      });
  if (loop == nullptr) return nullptr;
  return GuardOperation(loop, [&] { return begin(loop); });
}

}  // namespace holdfast::c

#endif  // HOLDFAST_CLIENT_C_OPERATION_H_
