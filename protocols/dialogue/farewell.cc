#include "holdfast/protocols/dialogue/farewell.h"

#include <string>
#include <utility>

#include "holdfast/core/base/line_buffer.h"
#include "holdfast/protocols/dialogue/connection_parts.h"

namespace holdfast {
namespace {

using Progress = IoProgress;

class FarewellImpl : public Farewell {
 public:
  FarewellImpl(EventLoop* loop, std::unique_ptr<Connection> connection,
               absl::Duration limit, std::function<void()> on_done)
      : loop_(loop),
        connection_(std::move(connection)),
        on_done_(std::move(on_done)),
        unsent_(connection_->parts().negotiator->FarewellCommand()) {
    limit_ = loop_->StartTimer(limit, [this] { Finish(); });
    begin_ = loop_->StartTimer(absl::ZeroDuration(), [this] { Converse(); });
  }

 private:
  void Converse();
  bool Send();
  bool Receive();
  void Wait();
  void Finish();

  EventLoop* const loop_;
  std::unique_ptr<Connection> connection_;
  std::function<void()> on_done_;
  std::string unsent_;
  LineBuffer lines_;
  std::unique_ptr<EventLoop::Registration> limit_;
  std::unique_ptr<EventLoop::Registration> begin_;
  std::unique_ptr<EventLoop::Registration> watch_;
};

void FarewellImpl::Converse() {
  while (Send()) {
    while (std::optional<std::string> line = lines_.TakeLine()) {
      if (connection_->parts().negotiator->EndsFarewell(*line)) return Finish();
    }
    if (!Receive()) return;
  }
}

// Returns false if it waits, or is over.
bool FarewellImpl::Send() {
  while (!unsent_.empty()) {
    const Connection::IoResult result = connection_->Write(unsent_);
    if (result.progress != Progress::kDone) {
      result.progress == Progress::kWouldBlock ? Wait() : Finish();
      return false;
    }
    unsent_.erase(0, result.bytes);
  }
  return true;
}

// Returns false if it waits, or is over.
bool FarewellImpl::Receive() {
  char buffer[1024];
  const Connection::IoResult result = connection_->Read(absl::MakeSpan(buffer));
  if (result.progress == Progress::kWouldBlock) {
    Wait();
    return false;
  }
  if (result.progress == Progress::kFailed || result.bytes == 0 ||
      !lines_.Append(absl::string_view(buffer, result.bytes)).ok()) {
    Finish();
    return false;
  }
  return true;
}

void FarewellImpl::Wait() {
  watch_.reset();  // one watch per descriptor
  watch_ = loop_->Watch(connection_->fd(), connection_->WaitInterest(), [this] {
    watch_.reset();
    Converse();
  });
}

void FarewellImpl::Finish() {
  watch_.reset();
  limit_.reset();
  connection_->Shutdown();
  // May destroy *this.
  const auto on_done = std::move(on_done_);
  on_done();
}

}  // namespace

std::unique_ptr<Farewell> Farewell::Start(
    EventLoop* loop, std::unique_ptr<Connection> connection,
    absl::Duration limit, std::function<void()> on_done) {
  return std::make_unique<FarewellImpl>(loop, std::move(connection), limit,
                                        std::move(on_done));
}

}  // namespace holdfast
