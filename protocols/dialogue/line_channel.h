// Lines to and from a server, over whatever reads and writes without waiting:
// what attempts, signing in and farewells are made on.
//
//   lines.Queue("a1 LOGOUT\r\n");
//   if (lines.Send(connection).progress != IoProgress::kDone) ...  // wait
//   while (std::optional<std::string> line = lines.TakeLine()) ...
//   if (lines.Receive(connection).progress != IoProgress::kDone) ...

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_LINE_CHANNEL_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_LINE_CHANNEL_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/io_result.h"
#include "holdfast/core/base/line_buffer.h"
#include "holdfast/core/base/secret_string.h"

namespace holdfast {

// Thread safety: none.
class LineChannel {
 public:
  explicit LineChannel(LineLimits limits = {}) : lines_(limits) {}

  // After what is queued already. In one write with that, and wiped when it is
  // sent.
  void Queue(absl::string_view text, absl::string_view secret = "") {
    outgoing_ =
        SecretString::Join({outgoing_.view().substr(sent_), text, secret});
    sent_ = 0;
  }

  // kDone: all is sent. A Stream is a SecureSocket or a Connection.
  template <typename Stream>
  IoResult Send(Stream* stream) {
    while (sent_ < outgoing_.size()) {
      IoResult result = stream->Write(outgoing_.view().substr(sent_));
      if (result.progress != IoProgress::kDone) return result;
      sent_ += result.bytes;
    }
    outgoing_ = SecretString();
    sent_ = 0;
    return IoResult{IoProgress::kDone, 0, std::nullopt};
  }

  // Reads once. kDone without bytes: the end of the stream. kFailed: its error,
  // or kLineTooLong, kTooMuchData.
  template <typename Stream>
  IoResult Receive(Stream* stream) {
    char buffer[4096];
    IoResult result = stream->Read(absl::MakeSpan(buffer));
    if (result.progress != IoProgress::kDone) return result;
    const absl::Status added =
        lines_.Append(absl::string_view(buffer, result.bytes));
    if (added.ok()) return result;
    return IoResult{IoProgress::kFailed, 0, ErrorFromStatus(added)};
  }

  // Without its line end; nullopt if there is no whole line.
  std::optional<std::string> TakeLine() { return lines_.TakeLine(); }
  // What came and was not taken.
  absl::string_view rest() const { return lines_.rest(); }

 private:
  LineBuffer lines_;
  SecretString outgoing_;
  size_t sent_ = 0;  // of outgoing_
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_LINE_CHANNEL_H_
