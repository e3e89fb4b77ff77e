// Errors as C sees them, and what keeps exceptions inside.

#ifndef HOLDFAST_CLIENT_C_ERROR_H_
#define HOLDFAST_CLIENT_C_ERROR_H_

#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "holdfast/core/base/error.h"
#include "holdfast/holdfast.h"

struct holdfast_error {
  explicit holdfast_error(holdfast::Error error);

  holdfast::Error error;
  std::string name;
  std::string category;
  std::string message;
  std::string advice;
  std::string json;
};

namespace holdfast::c {

// "NAME is missing": a NULL where none is allowed.
absl::Status Missing(absl::string_view name);

// Hands `error` on to who asked for it, and returns its code.
int Report(const Error& error, holdfast_error** out) noexcept;
// Of the exception that is being handled.
Error ErrorOfException() noexcept;

// Calls `function`, which returns a status.
template <typename Function>
int Guard(holdfast_error** error, const Function& function) noexcept {
  try {
    const absl::Status status = function();
    return status.ok() ? HOLDFAST_OK : Report(ErrorFromStatus(status), error);
  } catch (...) {
    return Report(ErrorOfException(), error);
  }
}

// Calls `function`, which returns an absl::StatusOr<std::unique_ptr<T>>.
template <typename T, typename Function>
T* GuardNew(holdfast_error** error, const Function& function) noexcept {
  try {
    absl::StatusOr<std::unique_ptr<T>> made = function();
    if (made.ok()) return made->release();
    Report(ErrorFromStatus(made.status()), error);
  } catch (...) {
    Report(ErrorOfException(), error);
  }
  return nullptr;
}

// Calls `function`, and returns what it does; `otherwise` if it throws.
template <typename T, typename Function>
T GuardValue(T otherwise, const Function& function) noexcept {
  try {
    return function();
  } catch (...) {
    return otherwise;
  }
}

}  // namespace holdfast::c

#endif  // HOLDFAST_CLIENT_C_ERROR_H_
