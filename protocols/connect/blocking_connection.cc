#include "holdfast/protocols/connect/blocking_connection.h"

#include <optional>
#include <utility>

#include "holdfast/core/base/error.h"

namespace holdfast {

absl::StatusOr<std::unique_ptr<BlockingConnection>> BlockingConnection::Create(
    std::unique_ptr<Connection> connection,
    std::shared_ptr<Cancellation> cancellation) {
  absl::StatusOr<std::unique_ptr<UvEventLoop>> loop = UvEventLoop::Create();
  if (!loop.ok()) return loop.status();
  return std::unique_ptr<BlockingConnection>(new BlockingConnection(
      std::move(connection), std::move(cancellation), *std::move(loop)));
}

absl::StatusOr<size_t> BlockingConnection::Run(
    const std::function<Connection::IoResult()>& operation,
    absl::Duration limit) {
  std::optional<ErrorCode> stopped;
  const auto timer = loop_->StartTimer(
      limit, [&stopped] { stopped = ErrorCode::kResponseTimedOut; });
  std::optional<Cancellation::Listener> listener;
  if (cancellation_ != nullptr) {
    listener.emplace(cancellation_.get(), [this] { loop_->Post([] {}); });
  }
  while (true) {
    if (cancellation_ != nullptr && cancellation_->cancelled()) {
      stopped = ErrorCode::kCancelled;
    }
    if (stopped) return MakeStatus(*stopped, Phase::kSession, "");
    const Connection::IoResult result = operation();
    switch (result.progress) {
      case IoProgress::kDone:
        return result.bytes;
      case IoProgress::kFailed:
        return ToStatus(*result.error);
      case IoProgress::kWouldBlock:
        break;
    }
    bool ready = false;
    const auto watch =
        loop_->Watch(connection_->fd(), connection_->WaitInterest(),
                     [&ready] { ready = true; });
    loop_->RunUntil([&] {
      return ready || stopped ||
             (cancellation_ != nullptr && cancellation_->cancelled());
    });
  }
}

absl::StatusOr<size_t> BlockingConnection::Read(absl::Span<char> buffer,
                                                absl::Duration limit) {
  return Run([&] { return connection_->Read(buffer); }, limit);
}

absl::Status BlockingConnection::Write(absl::string_view data,
                                       absl::Duration limit) {
  const absl::Duration deadline = loop_->Now() + limit;
  while (!data.empty()) {
    const absl::StatusOr<size_t> written =
        Run([&] { return connection_->Write(data); }, deadline - loop_->Now());
    if (!written.ok()) return written.status();
    data.remove_prefix(*written);
  }
  return absl::OkStatus();
}

}  // namespace holdfast
