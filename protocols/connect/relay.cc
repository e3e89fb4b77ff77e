#include "holdfast/protocols/connect/relay.h"

#include <errno.h>
#include <string.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/descriptor_io.h"

namespace holdfast {
namespace {

using Progress = IoProgress;

// Each direction holds so much at the most: enough for four TLS records.
constexpr size_t kBufferSize = 64 * 1024;
constexpr size_t kReadSize = 16 * 1024;
// After so many rounds the loop's other work has its turn.
constexpr int kRoundsAtOnce = 64;

// Bytes on their way in one direction.
class Buffer {
 public:
  bool empty() const { return begin_ == bytes_.size(); }
  bool HasRoom() const { return bytes_.size() - begin_ < kBufferSize; }
  absl::string_view view() const {
    return absl::string_view(bytes_).substr(begin_);
  }
  void Append(absl::string_view bytes) {
    bytes_.erase(0, std::exchange(begin_, 0));
    bytes_.append(bytes.data(), bytes.size());
  }
  void Consume(size_t count) { begin_ += count; }
  void Clear() { begin_ = bytes_.size(); }

 private:
  std::string bytes_;
  size_t begin_ = 0;
};

// What a descriptor is to be waited for.
struct Wanted {
  bool read = false;
  bool write = false;

  void Add(Interest interest) {
    read |= interest != Interest::kWrite;
    write |= interest != Interest::kRead;
  }
  bool operator==(const Wanted& other) const {
    return read == other.read && write == other.write;
  }
};

// One descriptor's watch, made anew only if what is wanted has changed.
class Watcher {
 public:
  void Set(EventLoop* loop, int fd, Wanted wanted,
           const EventLoop::Callback& on_ready) {
    if (wanted == wanted_) return;
    watch_.reset();  // one watch per descriptor
    wanted_ = wanted;
    if (!wanted.read && !wanted.write) return;
    watch_ = loop->Watch(fd,
                         wanted.read && wanted.write ? Interest::kReadWrite
                         : wanted.read               ? Interest::kRead
                                                     : Interest::kWrite,
                         on_ready);
  }
  void End() {
    watch_.reset();
    wanted_ = {};
  }

 private:
  Wanted wanted_;
  std::unique_ptr<EventLoop::Registration> watch_;
};

class RelayImpl : public Relay {
 public:
  RelayImpl(EventLoop* loop, std::unique_ptr<Connection> connection,
            RelayOptions options, std::function<void(RelayResult)> on_done)
      : loop_(loop),
        connection_(std::move(connection)),
        options_(std::move(options)),
        on_done_(std::move(on_done)),
        end_is_due_(options_.silence_before_end <= absl::ZeroDuration()) {
    inbound_.Append(options_.prelude);
    PumpSoon();
  }

 private:
  // Each moves what it can once, and returns whether it moved anything.
  bool ReadLocal();
  bool WriteRemote();
  bool SayEnd();
  bool ReadRemote();
  bool WriteLocal();
  void LoseReader();

  void PumpSoon();
  void Pump();
  bool IsOver() const;
  void Finish();
  void Wait();
  void AwaitSilence();
  void OnRemoteEnd();

  EventLoop* const loop_;
  const std::unique_ptr<Connection> connection_;
  const RelayOptions options_;
  std::function<void(RelayResult)> on_done_;
  RelayResult result_;

  Buffer outbound_;
  Buffer inbound_;
  bool local_ended_ = false;
  bool local_drained_ = false;  // there was nothing more to read just now
  bool local_gone_ = false;     // nobody reads `to` any more
  bool last_was_cr_ = false;
  bool end_is_due_;
  bool said_end_ = false;
  bool remote_ended_ = false;
  // Nothing can be sent any more, for this reason; there may be more to read.
  std::optional<Error> remote_refuses_;
  // What the last calls on the connection wait for.
  Wanted remote_wanted_;

  std::unique_ptr<EventLoop::Registration> begin_;
  std::unique_ptr<EventLoop::Registration> silence_;
  Watcher remote_watch_;
  Watcher from_watch_;
  Watcher to_watch_;
};

// LF without CR before it gets one, also where a read ended between the two.
std::string WithCrLf(absl::string_view bytes, bool* last_was_cr) {
  std::string lines;
  for (const char byte : bytes) {
    if (byte == '\n' && !*last_was_cr) lines += '\r';
    lines += byte;
    *last_was_cr = byte == '\r';
  }
  return lines;
}

bool RelayImpl::ReadLocal() {
  local_drained_ = local_ended_;
  if (local_ended_ || !outbound_.HasRoom()) return false;
  char buffer[kReadSize];
  const DescriptorResult read = ReadSome(options_.from, absl::MakeSpan(buffer));
  if (read.kind == DescriptorResult::Kind::kWouldBlock) {
    local_drained_ = true;
    return false;
  }
  // A failed read is a terminal or a peer that is gone: an end like others.
  if (read.kind == DescriptorResult::Kind::kFailed || read.bytes == 0) {
    local_ended_ = true;
    return true;
  }
  const absl::string_view bytes(buffer, read.bytes);
  outbound_.Append(options_.add_cr ? WithCrLf(bytes, &last_was_cr_)
                                   : std::string(bytes));
  return true;
}

bool RelayImpl::WriteRemote() {
  if (remote_refuses_) outbound_.Clear();
  if (outbound_.empty()) return SayEnd();
  Connection::IoResult write = connection_->Write(outbound_.view());
  switch (write.progress) {
    case Progress::kWouldBlock:
      remote_wanted_.Add(connection_->WaitInterest());
      return false;
    case Progress::kFailed:
      remote_refuses_ = std::move(write.error);
      return true;
    case Progress::kDone:
      break;
  }
  outbound_.Consume(write.bytes);
  result_.bytes_sent += write.bytes;
  return true;
}

bool RelayImpl::SayEnd() {
  if (!local_ended_ || said_end_ || !end_is_due_) return false;
  // TLS does not keep a close_notify that the kernel has no room for.
  if (!remote_refuses_ && !IsWritable(connection_->fd())) {
    remote_wanted_.write = true;
    return false;
  }
  connection_->Shutdown();
  said_end_ = true;
  return true;
}

bool RelayImpl::ReadRemote() {
  if (remote_ended_ || !inbound_.HasRoom()) return false;
  char buffer[kReadSize];
  Connection::IoResult read = connection_->Read(absl::MakeSpan(buffer));
  switch (read.progress) {
    case Progress::kWouldBlock:
      remote_wanted_.Add(connection_->WaitInterest());
      return false;
    case Progress::kFailed:
      result_.error = std::move(read.error);
      remote_ended_ = true;
      return true;
    case Progress::kDone:
      break;
  }
  silence_.reset();
  if (read.bytes == 0) {
    OnRemoteEnd();
    return true;
  }
  result_.bytes_received += read.bytes;
  if (!local_gone_) inbound_.Append(absl::string_view(buffer, read.bytes));
  return true;
}

// What the server sent before is still delivered.
void RelayImpl::OnRemoteEnd() {
  remote_ended_ = true;
  if (!connection_->truncated()) return;
  result_.error = remote_refuses_
                      ? *remote_refuses_
                      : MakeError(ErrorCode::kConnectionClosed, Phase::kSession,
                                  "The server cut the connection without "
                                  "saying that it was done (close_notify): "
                                  "what it sent may not be all.");
}

bool RelayImpl::WriteLocal() {
  if (local_gone_) return false;
  if (inbound_.empty()) {
    if (HasNoReader(options_.to)) LoseReader();
    return local_gone_;
  }
  const DescriptorResult write = WriteSome(options_.to, inbound_.view());
  switch (write.kind) {
    case DescriptorResult::Kind::kWouldBlock:
      return false;
    case DescriptorResult::Kind::kDone:
      inbound_.Consume(write.bytes);
      return true;
    case DescriptorResult::Kind::kFailed:
      break;
  }
  LoseReader();
  if (write.system_error != EPIPE && write.system_error != ECONNRESET) {
    result_.error =
        MakeError(ErrorCode::kOutputFailed, Phase::kSession,
                  absl::StrCat("What the server sent could not be written: ",
                               strerror(write.system_error), "."));
  }
  return true;
}

void RelayImpl::LoseReader() {
  local_gone_ = true;
  local_drained_ = false;  // it may have written something before it went
  inbound_.Clear();
}

// What there is for the server is still sent if nobody takes its answers: a
// client may say QUIT and go.
bool RelayImpl::IsOver() const {
  if (remote_ended_) return inbound_.empty();
  return local_gone_ && local_drained_ && outbound_.empty();
}

void RelayImpl::PumpSoon() {
  begin_ = loop_->StartTimer(absl::ZeroDuration(), [this] { Pump(); });
}

void RelayImpl::Pump() {
  begin_.reset();
  bool moved = true;
  for (int round = 0; moved && !IsOver(); ++round) {
    if (round == kRoundsAtOnce) return PumpSoon();
    remote_wanted_ = {};
    moved = ReadLocal();
    moved |= WriteRemote();
    moved |= ReadRemote();
    moved |= WriteLocal();
  }
  IsOver() ? Finish() : Wait();
}

void RelayImpl::Finish() {
  silence_.reset();
  remote_watch_.End();
  from_watch_.End();
  to_watch_.End();
  connection_->Shutdown();
  // May destroy *this.
  const auto on_done = std::move(on_done_);
  on_done(std::move(result_));
}

// A descriptor that is always ready, such as a file, never comes here: it has
// nothing to be waited for.
void RelayImpl::Wait() {
  AwaitSilence();
  const auto pump = [this] { Pump(); };
  remote_watch_.Set(loop_, connection_->fd(), remote_wanted_, pump);
  Wanted from = {!local_ended_ && outbound_.HasRoom(), false};
  // The end of a pipe that is written to is never readable, but by an error:
  // its reader has gone.
  Wanted to = {IsPipeForWriting(options_.to), !inbound_.empty()};
  if (options_.from == options_.to) from.write = std::exchange(to.write, false);
  from_watch_.Set(loop_, options_.from, from, pump);
  to_watch_.Set(loop_, options_.to, to, pump);
}

void RelayImpl::AwaitSilence() {
  const bool counts = local_ended_ && outbound_.empty() && inbound_.empty();
  if (!counts || end_is_due_ || silence_) return;
  silence_ = loop_->StartTimer(options_.silence_before_end, [this] {
    end_is_due_ = true;
    Pump();
  });
}

}  // namespace

std::unique_ptr<Relay> Relay::Start(EventLoop* loop,
                                    std::unique_ptr<Connection> connection,
                                    RelayOptions options,
                                    std::function<void(RelayResult)> on_done) {
  return std::make_unique<RelayImpl>(loop, std::move(connection),
                                     std::move(options), std::move(on_done));
}

}  // namespace holdfast
