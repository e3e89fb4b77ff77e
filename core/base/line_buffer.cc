// Lines and their limits.

#include "holdfast/core/base/line_buffer.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

absl::Status TooLong(size_t limit) {
  return MakeStatus(
      ErrorCode::kLineTooLong, Phase::kPlaintext,
      absl::StrCat("The server sent a line of more than ", limit, " bytes."));
}

absl::Status TooMuch(size_t limit, absl::string_view unit) {
  return MakeStatus(ErrorCode::kTooMuchData, Phase::kPlaintext,
                    absl::StrCat("The server sent more than ", limit, " ", unit,
                                 " before the connection was ready."));
}

}  // namespace

absl::Status LineBuffer::Append(absl::string_view bytes) {
  total_ += bytes.size();
  if (total_ > limits_.total_bytes)
    return TooMuch(limits_.total_bytes, "bytes");

  bytes_.erase(0, taken_);
  scanned_ -= taken_;
  last_line_ -= taken_;
  taken_ = 0;
  bytes_.append(bytes.data(), bytes.size());

  for (; scanned_ < bytes_.size(); ++scanned_) {
    if (bytes_[scanned_] != '\n') continue;
    if (++lines_ > limits_.lines) return TooMuch(limits_.lines, "lines");
    if (LastLineBytes() > limits_.line_bytes)
      return TooLong(limits_.line_bytes);
    last_line_ = scanned_ + 1;
  }
  if (LastLineBytes() > limits_.line_bytes) return TooLong(limits_.line_bytes);
  return absl::OkStatus();
}

// A CR at the end may be half of a line end.
size_t LineBuffer::LastLineBytes() const {
  const absl::string_view line(&bytes_[last_line_], scanned_ - last_line_);
  return absl::StripSuffix(line, "\r").size();
}

std::optional<std::string> LineBuffer::TakeLine() {
  if (taken_ == last_line_) return std::nullopt;
  const size_t end = bytes_.find('\n', taken_);
  const absl::string_view line(&bytes_[taken_], end - taken_);
  taken_ = end + 1;
  return std::string(absl::StripSuffix(line, "\r"));
}

}  // namespace holdfast
