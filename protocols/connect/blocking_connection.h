// SPDX-License-Identifier: MPL-2.0

// A connection for code that waits: reads and writes with a time limit, which
// another thread can cancel.
//
//   auto blocking = BlockingConnection::Create(std::move(result.connection));
//   absl::Status sent = (*blocking)->Write("a1 NOOP\r\n", absl::Seconds(30));
//   absl::StatusOr<size_t> got = (*blocking)->Read(buffer, absl::Seconds(30));

#ifndef HOLDFAST_PROTOCOLS_CONNECT_BLOCKING_CONNECTION_H_
#define HOLDFAST_PROTOCOLS_CONNECT_BLOCKING_CONNECTION_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "holdfast/core/base/cancellation.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/dialogue/connection.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Ownership: owns the connection, and a loop to wait on.
// Thread safety: one thread at a time; the cancellation from any.
class BlockingConnection {
 public:
  // `cancellation` may be null. Errors: kOutOfResources.
  static absl::StatusOr<std::unique_ptr<BlockingConnection>> Create(
      std::unique_ptr<Connection> connection,
      std::shared_ptr<Cancellation> cancellation = nullptr);

  // Returns the number of bytes read, at least one; 0 at the end of the stream.
  // Errors: kResponseTimedOut after `limit`, kCancelled, what ended the stream.
  absl::StatusOr<size_t> Read(absl::Span<char> buffer, absl::Duration limit);
  // Sends all of `data`. Errors as for Read(); what part was sent is then not
  // known, and the connection of no use.
  absl::Status Write(absl::string_view data, absl::Duration limit);
  void Shutdown() { connection_->Shutdown(); }

  Connection& connection() { return *connection_; }

 private:
  BlockingConnection(std::unique_ptr<Connection> connection,
                     std::shared_ptr<Cancellation> cancellation,
                     std::unique_ptr<UvEventLoop> loop)
      : connection_(std::move(connection)),
        cancellation_(std::move(cancellation)),
        loop_(std::move(loop)) {}

  // Repeats `operation` until it need not wait any more.
  absl::StatusOr<size_t> Run(
      const std::function<Connection::IoResult()>& operation,
      absl::Duration limit);

  const std::unique_ptr<Connection> connection_;
  const std::shared_ptr<Cancellation> cancellation_;
  const std::unique_ptr<UvEventLoop> loop_;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_CONNECT_BLOCKING_CONNECTION_H_
