#include "holdfast/client/c/operation.h"

namespace holdfast::c {

bool Progress::End(const absl::Status& status, Json result) {
  if (done_) return false;
  if (!status.ok()) error_.emplace(ErrorFromStatus(status));
  result_ = holdfast_value(std::move(result));
  done_ = true;
  return true;
}

void Progress::Succeed(Json result) {
  if (End(absl::OkStatus(), std::move(result))) Tell();
}

void Progress::Fail(const absl::Status& status, Json result) {
  if (End(status, std::move(result))) Tell();
}

void Progress::FailSoon(const absl::Status& status) {
  if (End(status, Json::object()) && on_done_ != nullptr) TellSoon();
}

void Progress::OnDone(holdfast_operation* handle,
                      holdfast_done_function on_done, void* data) {
  handle_ = handle;
  on_done_ = on_done;
  data_ = data;
  if (done_ && on_done_ != nullptr) TellSoon();
}

void Progress::TellSoon() {
  loop_->get()->Post([weak = weak_from_this()] {
    if (const std::shared_ptr<Progress> self = weak.lock()) self->Tell();
  });
}

// Once.
void Progress::Tell() {
  const holdfast_done_function tell = std::exchange(on_done_, nullptr);
  if (tell != nullptr) tell(data_, handle_);
}

holdfast_operation* FailedOperation(const std::shared_ptr<Loop>& loop,
                                    const absl::Status& status) {
  absl::StatusOr<std::shared_ptr<Loop>> own = loop;
  if (loop == nullptr) own = Loop::Of(nullptr);
  if (!own.ok()) return nullptr;
  const auto progress = std::make_shared<Progress>(*own);
  progress->FailSoon(status);
  return new holdfast_operation{progress};
}

namespace {

// For operations that could not even fail.
const holdfast_error* OutOfResources() {
  static const holdfast_error* const error =
      GuardValue<holdfast_error*>(nullptr, [] {
        return new holdfast_error(
            MakeError(ErrorCode::kOutOfResources, Phase::kSetup));
      });
  return error;
}

}  // namespace
}  // namespace holdfast::c

using holdfast::c::Progress;

void holdfast_operation_free(holdfast_operation* operation) {
  if (operation == nullptr) return;
  operation->progress->Forget();
  delete operation;
}

int holdfast_operation_wait(holdfast_operation* operation) {
  if (operation == nullptr) return HOLDFAST_E_OUT_OF_RESOURCES;
  // The handle may be freed meanwhile, by a callback.
  const std::shared_ptr<Progress> progress = operation->progress;
  try {
    const auto over = [&progress] {
      return progress->done() || progress->forgotten();
    };
    if (!over() && !progress->loop().RunUntil(over)) {
      return HOLDFAST_E_INVALID_ARGUMENT;
    }
  } catch (...) {
    return static_cast<int>(holdfast::c::ErrorOfException().code);
  }
  return progress->done() ? holdfast_error_code(progress->error())
                          : HOLDFAST_E_CANCELLED;
}

int holdfast_operation_done(const holdfast_operation* operation) {
  return operation == nullptr || operation->progress->done() ? 1 : 0;
}

void holdfast_operation_on_done(holdfast_operation* operation,
                                holdfast_done_function on_done, void* data) {
  if (operation != nullptr) {
    operation->progress->OnDone(operation, on_done, data);
  }
}

void holdfast_operation_cancel(holdfast_operation* operation) {
  if (operation != nullptr && operation->cancellation != nullptr) {
    operation->cancellation->Cancel();
  }
}

const holdfast_error* holdfast_operation_error(
    const holdfast_operation* operation) {
  return operation == nullptr ? holdfast::c::OutOfResources()
                              : operation->progress->error();
}

const holdfast_value* holdfast_operation_result(
    const holdfast_operation* operation) {
  return operation == nullptr ? nullptr : &operation->progress->result();
}

holdfast_connection* holdfast_operation_take_connection(
    holdfast_operation* operation) {
  if (operation == nullptr || operation->connection == nullptr) return nullptr;
  return operation->connection->release();
}
