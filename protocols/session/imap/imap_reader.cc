#include "holdfast/protocols/session/imap/imap_reader.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/dialogue/reply.h"

namespace holdfast {
namespace {

constexpr absl::string_view kEnd = "\r\n";

// Words for people, which may end in "{3}" and mean no literal: those of tagged
// answers, requests to go on, and untagged status (RFC 9051, 7.1).
bool IsWords(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "* ")) return true;
  for (absl::string_view word : {"OK", "NO", "BAD", "BYE", "PREAUTH"}) {
    if (ConsumeWord(&text, word)) return true;
  }
  return false;
}

// The N of the header "{N}" that `line` ends with.
std::optional<absl::string_view> HeaderDigits(absl::string_view line) {
  const size_t open = line.rfind('{');
  if (open == absl::string_view::npos || line.back() != '}') {
    return std::nullopt;
  }
  const absl::string_view digits =
      line.substr(open + 1, line.size() - open - 2);
  return !digits.empty() &&
                 std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit)
             ? std::make_optional(digits)
             : std::nullopt;
}

absl::Status Unexpected(absl::string_view message) {
  return MakeStatus(ErrorCode::kUnexpectedResponse, Phase::kSession, message);
}

}  // namespace

absl::StatusOr<ImapReader::Event> ImapReader::Next(absl::string_view* bytes,
                                                   size_t max_text) {
  if (whole_) {
    text_.clear();
    line_ = 0;
    whole_ = false;
  }
  while (!bytes->empty()) {
    if (state_ == State::kText) {
      const absl::StatusOr<Event> event = ReadText(bytes, max_text);
      if (!event.ok() || *event != Event::kNothing) return event;
      continue;
    }
    piece_ = bytes->substr(0, std::min<uint64_t>(left_, bytes->size()));
    bytes->remove_prefix(piece_.size());
    left_ -= piece_.size();
    const State state = state_;
    if (left_ == 0) state_ = State::kText;
    if (state == State::kStreaming) return Event::kPiece;
    if (absl::Status kept = Append(piece_, max_text); !kept.ok()) return kept;
    line_ = text_.size();
  }
  return Event::kNothing;
}

absl::StatusOr<ImapReader::Event> ImapReader::ReadText(absl::string_view* bytes,
                                                       size_t max_text) {
  const size_t end = bytes->find('\n');
  const absl::string_view part =
      bytes->substr(0, end == absl::string_view::npos ? end : end + 1);
  bytes->remove_prefix(part.size());
  if (part.find('\0') != absl::string_view::npos) {
    return Unexpected("The server sent a NUL outside of a literal.");
  }
  if (absl::Status kept = Append(part, max_text); !kept.ok()) return kept;
  if (end == absl::string_view::npos) return Event::kNothing;
  return EndLine();
}

absl::StatusOr<ImapReader::Event> ImapReader::EndLine() {
  text_.pop_back();
  // One that ends a literal is no part of the line end.
  if (text_.size() > line_ && text_.back() == '\r') text_.pop_back();
  // What the literals before hold is no header.
  const absl::string_view line = absl::string_view(text_).substr(line_);
  const std::optional<absl::string_view> digits = HeaderDigits(line);
  if (!digits || IsWords(text_)) {
    whole_ = true;
    return Event::kResponse;
  }
  // 63 bits (RFC 9051, 4, "number64").
  int64_t size;
  if (!absl::SimpleAtoi(*digits, &size)) {
    return Unexpected("A literal's size is beyond all bounds.");
  }
  header_ = text_.size() - digits->size() - 2;
  // literal8 (RFC 3516, 4.4) is "~{N}".
  if (header_ > line_ && text_[header_ - 1] == '~') --header_;
  literal_size_ = left_ = static_cast<uint64_t>(size);
  text_.append(kEnd.data(), kEnd.size());
  line_ = text_.size();
  state_ = left_ == 0 ? State::kText : State::kKept;
  return Event::kLiteral;
}

void ImapReader::StreamLiteral() {
  text_.resize(header_);
  text_.push_back(kStreamed);
  line_ = text_.size();
  if (left_ > 0) state_ = State::kStreaming;
}

absl::Status ImapReader::Append(absl::string_view bytes, size_t max_text) {
  if (bytes.size() > max_text - std::min(max_text, text_.size())) {
    return MakeStatus(ErrorCode::kLineTooLong, Phase::kSession, "");
  }
  text_.append(bytes.data(), bytes.size());
  return absl::OkStatus();
}

}  // namespace holdfast
