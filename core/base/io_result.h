// SPDX-License-Identifier: MPL-2.0

// What came of a read or a write that does not wait.

#ifndef HOLDFAST_CORE_BASE_IO_RESULT_H_
#define HOLDFAST_CORE_BASE_IO_RESULT_H_

#include <cstddef>
#include <optional>

#include "holdfast/core/base/error.h"

#pragma GCC visibility push(default)
namespace holdfast {

enum class IoProgress { kDone, kWouldBlock, kFailed };

struct IoResult {
  IoProgress progress;
  // kDone: bytes moved. A read of 0 bytes is the orderly end of the stream (in
  // TLS: close_notify, or a FIN without one, which the connection tells apart).
  size_t bytes = 0;
  std::optional<Error> error;  // kFailed
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_BASE_IO_RESULT_H_
