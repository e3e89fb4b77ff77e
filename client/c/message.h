// Messages as C gives them, and where what comes is put.

#ifndef HOLDFAST_CLIENT_C_MESSAGE_H_
#define HOLDFAST_CLIENT_C_MESSAGE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "holdfast/client/c/operation.h"
#include "holdfast/core/base/weak_handle.h"
#include "holdfast/holdfast.h"
#include "holdfast/protocols/session/message_source.h"
#include "holdfast/protocols/session/text_block.h"

namespace holdfast::c {

// What a sink's handle shares with the commands that fill it.
class Sink {
 public:
  Sink() = default;  // keeps all in memory
  Sink(holdfast_sink_begin_function begin, holdfast_sink_add_function add,
       void* data)
      : begin_(begin), add_(add), data_(data) {}

  void Begin();
  void OnSize(uint64_t bytes);
  void SetSizeFunction(holdfast_sink_size_function on_size, void* data) {
    on_size_ = on_size;
    size_data_ = data;
  }
  // Errors: kOutputFailed.
  absl::Status Add(absl::string_view piece);
  // The handle is gone: what comes is dropped.
  void Forget() { forgotten_ = true; }

  // Null if it does not keep it.
  const std::string* text() const { return add_ ? nullptr : &text_; }

 private:
  const holdfast_sink_begin_function begin_ = nullptr;
  const holdfast_sink_add_function add_ = nullptr;
  void* const data_ = nullptr;
  holdfast_sink_size_function on_size_ = nullptr;
  void* size_data_ = nullptr;
  std::string text_;
  bool forgotten_ = false;
};

// Fills a sink for as long as an operation runs.
class SinkFiller final : public BlockSink {
 public:
  // kLines: what comes are lines without line ends; each gets an LF.
  enum class Form { kText, kLines };

  SinkFiller(const holdfast_sink* sink, std::shared_ptr<Progress> progress,
             Form form);

  void Begin() override;
  void OnSize(uint64_t bytes) override;
  absl::Status Add(absl::string_view piece) override;

 private:
  const std::shared_ptr<Sink> sink_;
  const std::shared_ptr<Progress> progress_;
  const Form form_;
};

}  // namespace holdfast::c

struct holdfast_sink {
  std::shared_ptr<holdfast::c::Sink> sink;
};

struct holdfast_message {
  std::shared_ptr<holdfast::MessageSource> source;
  const holdfast::WeakOwner<holdfast_message> weak{this};
};

#endif  // HOLDFAST_CLIENT_C_MESSAGE_H_
