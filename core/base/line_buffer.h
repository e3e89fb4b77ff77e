// Bytes from a server, taken out line by line, bounded.

#ifndef HOLDFAST_CORE_BASE_LINE_BUFFER_H_
#define HOLDFAST_CORE_BASE_LINE_BUFFER_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace holdfast {

// What a server may send before the connection is ready.
struct LineLimits {
  size_t line_bytes = size_t{8} * 1024;  // without its end
  size_t lines = 1000;
  size_t total_bytes = size_t{256} * 1024;
};

// Thread safety: none.
class LineBuffer {
 public:
  explicit LineBuffer(LineLimits limits = {}) : limits_(limits) {}

  // Errors: kLineTooLong, kTooMuchData; the buffer is of no use after one.
  absl::Status Append(absl::string_view bytes);
  // The next line without its line end (CRLF; a bare LF is accepted), or
  // nullopt if there is no whole line.
  std::optional<std::string> TakeLine();
  // What was appended and not taken, part of a line included.
  absl::string_view rest() const {
    return absl::string_view(bytes_).substr(taken_);
  }

 private:
  size_t LastLineBytes() const;

  LineLimits limits_;
  std::string bytes_;
  size_t taken_ = 0;      // of bytes_
  size_t scanned_ = 0;    // of bytes_: checked against the limits
  size_t last_line_ = 0;  // where the line that has no end yet begins
  size_t lines_ = 0;
  size_t total_ = 0;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_BASE_LINE_BUFFER_H_
