#include "holdfast/protocols/dialogue/farewell.h"

#include <string>
#include <utility>

#include "holdfast/protocols/dialogue/connection_parts.h"
#include "holdfast/protocols/dialogue/line_channel.h"

namespace holdfast {
namespace {

class FarewellImpl : public Farewell {
 public:
  FarewellImpl(EventLoop* loop, std::unique_ptr<Connection> connection,
               absl::Duration limit, std::function<void()> on_done)
      : loop_(loop),
        connection_(std::move(connection)),
        on_done_(std::move(on_done)) {
    lines_.Queue(connection_->parts().negotiator->FarewellCommand());
    limit_ = loop_->StartTimer(limit, [this] { Finish(); });
    begin_ = loop_->StartTimer(absl::ZeroDuration(), [this] { Converse(); });
  }

 private:
  void Converse();
  bool GoOn(const IoResult& result);
  void Wait();
  void Finish();

  EventLoop* const loop_;
  std::unique_ptr<Connection> connection_;
  std::function<void()> on_done_;
  LineChannel lines_;
  std::unique_ptr<EventLoop::Registration> limit_;
  std::unique_ptr<EventLoop::Registration> begin_;
  std::unique_ptr<EventLoop::Registration> watch_;
};

void FarewellImpl::Converse() {
  while (GoOn(lines_.Send(connection_.get()))) {
    while (std::optional<std::string> line = lines_.TakeLine()) {
      if (connection_->parts().negotiator->EndsFarewell(*line)) return Finish();
    }
    const IoResult received = lines_.Receive(connection_.get());
    const bool ended =
        received.progress == IoProgress::kDone && received.bytes == 0;
    if (ended) return Finish();
    if (!GoOn(received)) return;
  }
}

// False if it waits, or is over.
bool FarewellImpl::GoOn(const IoResult& result) {
  if (result.progress == IoProgress::kWouldBlock) Wait();
  if (result.progress == IoProgress::kFailed) Finish();
  return result.progress == IoProgress::kDone;
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
