#include "holdfast/protocols/session/imap/imap_exchange.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/dialogue/reply.h"

namespace holdfast {
namespace {

using Event = ImapReader::Event;
using Wait = ImapSegment::Wait;

bool IsBye(absl::string_view text) {
  return ConsumeWord(&text, "*") && ConsumeWord(&text, "BYE");
}

}  // namespace

absl::Status ImapStream::OnUnasked(absl::string_view text) {
  absl::Status heard = on_unasked ? on_unasked(text) : absl::OkStatus();
  if (!heard.ok() || !IsBye(text)) return heard;
  Error error = MakeError(ErrorCode::kServerBusy, Phase::kSession);
  error.server_text = std::string(absl::StripPrefix(text, "* "));
  return ToStatus(error);
}

absl::StatusOr<size_t> ImapStream::TakeUnasked(absl::string_view bytes) {
  const size_t size = bytes.size();
  while (!bytes.empty()) {
    const absl::StatusOr<Event> event = reader.Next(&bytes);
    if (!event.ok()) return event.status();
    if (*event != Event::kResponse) continue;
    if (!absl::StartsWith(reader.text(), "* "))
      return UnexpectedImapResponse(reader.text());
    if (absl::Status heard = OnUnasked(reader.text()); !heard.ok()) {
      return heard;
    }
  }
  return size;
}

ImapExchange::ImapExchange(ImapStream* stream, ImapCommand command,
                           OnLoss on_loss, std::shared_ptr<ImapHandler> handler)
    : stream_(stream),
      command_(std::move(command)),
      on_loss_(on_loss),
      handler_(handler != nullptr ? std::move(handler)
                                  : std::make_shared<ImapHandler>()) {}

absl::Status ImapExchange::Start(const std::vector<std::string>& capabilities) {
  segments_.clear();
  message_left_.reset();
  go_on_ = false;
  answer_ = ImapAnswer();
  answered_ = ended_;
  if (ended_) return absl::OkStatus();
  // Neither the negotiator's tags nor those of signing in begin with A.
  tag_ = absl::StrCat("A", ++stream_->tags);
  absl::StatusOr<std::deque<ImapSegment>> segments =
      command_.Encode(tag_, capabilities, stream_->utf8);
  if (!segments.ok()) return segments.status();
  segments_ = *std::move(segments);
  handler_->OnStart();
  return absl::OkStatus();
}

bool ImapExchange::MayProduce() const {
  if (segments_.empty()) return false;
  switch (segments_.front().wait) {
    case Wait::kNone:
      return true;
    case Wait::kGoOn:
      return go_on_;
    case Wait::kEnd:
      return go_on_ && ended_ && !answered_;
  }
  return false;
}

absl::StatusOr<std::string> ImapExchange::Produce() {
  std::string out;
  while (out.size() < kChunk && MayProduce()) {
    ImapSegment& segment = segments_.front();
    segment.wait = Wait::kNone;
    go_on_ = false;
    absl::StrAppend(&out, std::exchange(segment.text, ""));
    if (segment.message != nullptr) {
      const absl::Status read = ProduceMessage(segment.message.get(), &out);
      if (!read.ok()) return read;
      if (*message_left_ > 0) continue;
      message_left_.reset();
    }
    segments_.pop_front();
  }
  return out;
}

absl::Status ImapExchange::ProduceMessage(MessageSource* message,
                                          std::string* out) {
  if (!message_left_) message_left_ = message->size();
  if (*message_left_ == 0) return absl::OkStatus();
  const size_t before = out->size();
  out->resize(before + std::min<uint64_t>(*message_left_, kChunk));
  const absl::StatusOr<size_t> read =
      message->Read(absl::MakeSpan(*out).subspan(before));
  if (!read.ok()) return read.status();
  if (*read == 0) {
    return MakeStatus(ErrorCode::kMessageUnreadable, Phase::kSession,
                      "The message is shorter than it was said to be.");
  }
  out->resize(before + *read);
  *message_left_ -= *read;
  if (out->find('\0', before) == std::string::npos) return absl::OkStatus();
  return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSession,
                    "The message has a NUL in it, which IMAP cannot carry.");
}

absl::StatusOr<size_t> ImapExchange::Consume(absl::string_view bytes) {
  const size_t size = bytes.size();
  while (!bytes.empty() && !answered_) {
    const absl::StatusOr<Event> event =
        stream_->reader.Next(&bytes, handler_->max_text());
    if (!event.ok()) return event.status();
    absl::Status heard;
    switch (*event) {
      case Event::kNothing:
        break;
      case Event::kLiteral:
        heard = OnLiteral();
        break;
      case Event::kPiece:
        heard = handler_->OnPiece(stream_->reader.piece());
        break;
      case Event::kResponse:
        heard = OnResponse(stream_->reader.text());
        break;
    }
    if (!heard.ok()) return heard;
  }
  return size - bytes.size();
}

absl::Status ImapExchange::OnLiteral() {
  ImapReader& reader = stream_->reader;
  const absl::StatusOr<bool> in_pieces =
      handler_->OnLiteral(reader.text(), reader.literal_size());
  if (!in_pieces.ok()) return in_pieces.status();
  if (*in_pieces) reader.StreamLiteral();
  return absl::OkStatus();
}

absl::Status ImapExchange::OnResponse(absl::string_view text) {
  absl::string_view rest = text;
  if (ConsumeWord(&rest, "+")) return OnContinuation();
  if (absl::StartsWith(text, "* ")) return OnUntagged(text);
  if (absl::ConsumePrefix(&rest, absl::StrCat(tag_, " "))) {
    return OnTagged(rest);
  }
  return UnexpectedImapResponse(text);
}

absl::Status ImapExchange::OnContinuation() {
  const bool wanted =
      !segments_.empty() && !go_on_ && segments_.front().wait != Wait::kNone;
  if (!wanted) return UnexpectedImapResponse("+");
  go_on_ = true;
  return absl::OkStatus();
}

absl::Status ImapExchange::OnUntagged(absl::string_view text) {
  const bool leaving = on_loss_ == OnLoss::kDone && IsBye(text);
  if (leaving) return absl::OkStatus();
  const absl::StatusOr<bool> taken = handler_->OnUntagged(text);
  if (!taken.ok()) return taken.status();
  return *taken ? absl::OkStatus() : stream_->OnUnasked(text);
}

absl::Status ImapExchange::OnTagged(absl::string_view status) {
  std::optional<ImapAnswer> answer = ParseImapAnswer(status);
  // A command is not done before all of it was sent, but if it waits for its
  // end.
  const bool early = !segments_.empty() && segments_.front().wait != Wait::kEnd;
  if (!answer || (answer->ok() && early)) return UnexpectedImapResponse(status);
  answer_ = *std::move(answer);
  answered_ = true;
  return absl::OkStatus();
}

// A command that is refused early is over if nothing is owed to the server: of
// a literal that was announced, or asked for, all must come.
bool ImapExchange::done() const {
  return answered_ && (segments_.empty() || !MayProduce());
}

OnLoss ImapExchange::on_loss() const {
  const bool incomplete = !segments_.empty();
  return on_loss_ == OnLoss::kUnknown && incomplete ? OnLoss::kRepeat
                                                    : on_loss_;
}

bool ImapExchange::waits_for_news() const {
  return !segments_.empty() && go_on_ && !ended_ &&
         segments_.front().wait == Wait::kEnd;
}

std::optional<absl::Duration> ImapExchange::patience() const {
  return waits_for_news() ? std::make_optional(waiting_patience_)
                          : std::nullopt;
}

}  // namespace holdfast
