#include "holdfast/protocols/session/text_block.h"

#include <algorithm>

#include "holdfast/core/base/error.h"
#include "holdfast/protocols/session/exchange.h"

namespace holdfast {

BlockDecoder::State BlockDecoder::After(char c) const {
  switch (state_) {
    case State::kLineStart:
      if (c == '.') return State::kDot;
      break;
    case State::kDot:
      if (c == '\r') return State::kDotCr;
      break;
    case State::kDotCr:
      if (c == '\n') return State::kEnd;
      break;
    case State::kCr:
      if (c == '\n') return State::kLineStart;
      break;
    case State::kText:
    case State::kEnd:
      break;
  }
  return c == '\r' ? State::kCr : State::kText;
}

absl::StatusOr<size_t> BlockDecoder::Decode(absl::string_view bytes,
                                            BlockSink* sink) {
  size_t begin = 0;  // of what is to be handed on
  size_t at = 0;
  const auto hand_on = [&](size_t end) {
    if (begin >= end) return absl::OkStatus();
    return sink->Add(bytes.substr(begin, end - begin));
  };
  while (at < bytes.size() && state_ != State::kEnd) {
    if (state_ == State::kText) {
      at = std::min(bytes.find('\r', at), bytes.size());
      if (at == bytes.size()) break;
    }
    const State before = state_;
    state_ = After(bytes[at]);
    if (state_ == State::kDot) {
      // Handed on or not, it is never text.
      if (absl::Status status = hand_on(at); !status.ok()) return status;
      begin = at + 1;
    } else if (state_ == State::kDotCr || state_ == State::kEnd) {
      begin = at + 1;  // held back
    } else if (before == State::kDotCr) {
      // Not the end after all.
      if (absl::Status status = sink->Add("\r"); !status.ok()) return status;
    }
    ++at;
  }
  if (absl::Status status = hand_on(at); !status.ok()) return status;
  return at;
}

absl::StatusOr<std::string> BlockEncoder::Next() {
  // Encoded, text takes twice the room at most.
  char buffer[Exchange::kChunk / 2];
  std::string out;
  size_t taken = 0;
  while (unread_ > 0 && taken < sizeof(buffer)) {
    const size_t wanted = std::min<uint64_t>(sizeof(buffer) - taken, unread_);
    const absl::StatusOr<size_t> got =
        source_->Read(absl::MakeSpan(buffer, wanted));
    if (!got.ok()) return got.status();
    if (*got == 0) {
      return MakeStatus(ErrorCode::kMessageUnreadable, Phase::kSession,
                        "The message is shorter than it was said to be.");
    }
    Encode(absl::string_view(buffer, *got), &out);
    taken += *got;
    unread_ -= *got;
  }
  if (unread_ == 0) {
    done_ = true;
    if (!line_start_) out += "\r\n";
    if (form_ == Form::kDotted) out += ".\r\n";
  }
  return out;
}

void BlockEncoder::Encode(absl::string_view text, std::string* out) {
  for (const char c : text) {
    const bool ends_crlf = c == '\n' && after_cr_;
    after_cr_ = c == '\r';
    if (ends_crlf) continue;  // both were sent at the CR
    if (c == '\n' || c == '\r') {
      *out += "\r\n";
      line_start_ = true;
      continue;
    }
    if (c == '.' && line_start_ && form_ == Form::kDotted) *out += '.';
    *out += c;
    line_start_ = false;
  }
}

}  // namespace holdfast
