#include "holdfast/client/c/message.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "holdfast/client/c/error.h"

namespace holdfast::c {
namespace {

absl::Status Unreadable(absl::string_view why) {
  return MakeStatus(ErrorCode::kMessageUnreadable, Phase::kSession,
                    absl::StrCat("The message cannot be read: ", why));
}

// Asks functions of the client's, for as long as the handle is there.
class FunctionSource final : public MessageSource {
 public:
  FunctionSource(uint64_t size, holdfast_message_rewind_function rewind,
                 holdfast_message_read_function read, void* data,
                 WeakHandle<holdfast_message> handle)
      : size_(size),
        rewind_(rewind),
        read_(read),
        data_(data),
        handle_(std::move(handle)) {}

  uint64_t size() const override { return size_; }
  absl::Status Rewind() override;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;

 private:
  const uint64_t size_;
  const holdfast_message_rewind_function rewind_;
  const holdfast_message_read_function read_;
  void* const data_;
  const WeakHandle<holdfast_message> handle_;
  uint64_t left_ = 0;  // until `size_`, which the server was promised
};

absl::Status FunctionSource::Rewind() {
  if (handle_.get() == nullptr) return Unreadable("it was freed.");
  if (rewind_(data_) != 0) return Unreadable("it does not begin again.");
  left_ = size_;
  return absl::OkStatus();
}

absl::StatusOr<size_t> FunctionSource::Read(absl::Span<char> buffer) {
  if (handle_.get() == nullptr) return Unreadable("it was freed.");
  const size_t wanted = std::min<uint64_t>(buffer.size(), left_);
  if (wanted == 0) return 0;
  const ptrdiff_t got = read_(data_, buffer.data(), wanted);
  if (got < 0) return Unreadable("its function says so.");
  const auto count = static_cast<size_t>(got);
  if (count > wanted) return Unreadable("more was read than was asked for.");
  if (count == 0) return Unreadable("it is shorter than was said.");
  left_ -= count;
  return count;
}

}  // namespace

void Sink::Begin() {
  if (forgotten_) return;
  text_.clear();
  if (begin_ != nullptr) begin_(data_);
}

void Sink::OnSize(uint64_t bytes) {
  if (!forgotten_ && on_size_ != nullptr) on_size_(size_data_, bytes);
}

absl::Status Sink::Add(absl::string_view piece) {
  if (forgotten_) return absl::OkStatus();
  if (add_ == nullptr) {
    text_.append(piece.data(), piece.size());
    return absl::OkStatus();
  }
  return add_(data_, piece.data(), piece.size()) == 0
             ? absl::OkStatus()
             : MakeStatus(ErrorCode::kOutputFailed, Phase::kSession, "");
}

SinkFiller::SinkFiller(const holdfast_sink* sink,
                       std::shared_ptr<Progress> progress, Form form)
    : sink_(sink->sink), progress_(std::move(progress)), form_(form) {}

void SinkFiller::Begin() {
  if (!progress_->done()) sink_->Begin();
}

void SinkFiller::OnSize(uint64_t bytes) {
  if (!progress_->done()) sink_->OnSize(bytes);
}

absl::Status SinkFiller::Add(absl::string_view piece) {
  if (progress_->done()) return absl::OkStatus();
  return sink_->Add(form_ == Form::kLines ? absl::StrCat(piece, "\n") : piece);
}

}  // namespace holdfast::c

using holdfast::c::FunctionSource;
using holdfast::c::GuardNew;
using holdfast::c::Missing;
using holdfast::c::Sink;

void holdfast_sink_free(holdfast_sink* sink) {
  if (sink != nullptr) sink->sink->Forget();
  delete sink;
}

holdfast_sink* holdfast_sink_new_memory(holdfast_error** error) {
  using Result = absl::StatusOr<std::unique_ptr<holdfast_sink>>;
  return GuardNew<holdfast_sink>(error, []() -> Result {
    return std::make_unique<holdfast_sink>(
        holdfast_sink{std::make_shared<Sink>()});
  });
}

int holdfast_sink_set_size_function(holdfast_sink* sink,
                                    holdfast_sink_size_function on_size,
                                    void* data, holdfast_error** error) {
  return holdfast::c::Guard(error, [=]() -> absl::Status {
    if (sink == nullptr) return Missing("sink");
    sink->sink->SetSizeFunction(on_size, data);
    return absl::OkStatus();
  });
}

const char* holdfast_sink_bytes(const holdfast_sink* sink, size_t* size) {
  const std::string* const text =
      sink == nullptr ? nullptr : sink->sink->text();
  if (size != nullptr) *size = text == nullptr ? 0 : text->size();
  return text == nullptr ? nullptr : text->c_str();
}

holdfast_sink* holdfast_sink_new(holdfast_sink_begin_function begin,
                                 holdfast_sink_add_function add, void* data,
                                 holdfast_error** error) {
  using Result = absl::StatusOr<std::unique_ptr<holdfast_sink>>;
  return GuardNew<holdfast_sink>(error, [&]() -> Result {
    if (begin == nullptr) return Missing("begin");
    if (add == nullptr) return Missing("add");
    return std::make_unique<holdfast_sink>(
        holdfast_sink{std::make_shared<Sink>(begin, add, data)});
  });
}

void holdfast_message_free(holdfast_message* message) { delete message; }

holdfast_message* holdfast_message_new_memory(const void* bytes, size_t size,
                                              holdfast_error** error) {
  using Result = absl::StatusOr<std::unique_ptr<holdfast_message>>;
  return GuardNew<holdfast_message>(error, [&]() -> Result {
    if (bytes == nullptr && size > 0) return Missing("bytes");
    return std::unique_ptr<holdfast_message>(
        new holdfast_message{holdfast::NewStringSource(
            std::string(static_cast<const char*>(bytes), size))});
  });
}

holdfast_message* holdfast_message_open(const char* path,
                                        holdfast_error** error) {
  using Result = absl::StatusOr<std::unique_ptr<holdfast_message>>;
  return GuardNew<holdfast_message>(error, [&]() -> Result {
    if (path == nullptr) return Missing("path");
    auto source = holdfast::OpenFileSource(path);
    if (!source.ok()) return source.status();
    return std::unique_ptr<holdfast_message>(
        new holdfast_message{*std::move(source)});
  });
}

holdfast_message* holdfast_message_new(uint64_t size,
                                       holdfast_message_rewind_function rewind,
                                       holdfast_message_read_function read,
                                       void* data, holdfast_error** error) {
  using Result = absl::StatusOr<std::unique_ptr<holdfast_message>>;
  return GuardNew<holdfast_message>(error, [&]() -> Result {
    if (rewind == nullptr) return Missing("rewind");
    if (read == nullptr) return Missing("read");
    std::unique_ptr<holdfast_message> message(new holdfast_message{});
    message->source = std::make_shared<FunctionSource>(size, rewind, read, data,
                                                       message->weak.handle());
    return message;
  });
}
