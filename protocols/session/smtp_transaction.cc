#include "holdfast/protocols/session/smtp_transaction.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/session/line_exchange.h"

namespace holdfast {
namespace {

constexpr int kClosing = 421;
constexpr int kStartText = 354;
constexpr size_t kLongestCommand = 512;  // RFC 5321, 4.5.3.1.4
// Their answers fit into any socket's buffer, so that a server that waits for
// us to read them still reads what we write.
constexpr size_t kMostAwaited = 128;

absl::Status Invalid(absl::string_view message) {
  return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSession, message);
}

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isascii);
}

// Whether it can stand between angle brackets as one mailbox: a local part may
// be a quoted string (RFC 5321, 4.1.2).
bool IsSendable(absl::string_view mailbox) {
  bool quoted = false;
  bool escaped = false;
  for (const char c : mailbox) {
    // Not even in quotes: a careless server would see the end there.
    if (absl::ascii_iscntrl(c) || c == '<' || c == '>') return false;
    if (c == ' ' && !quoted) return false;
    if (c == '"' && !escaped) quoted = !quoted;
    escaped = c == '\\' && quoted && !escaped;
  }
  return !quoted;
}

absl::StatusOr<std::string> PathCommand(absl::string_view verb,
                                        absl::string_view mailbox,
                                        absl::string_view parameters) {
  if (!IsSendable(mailbox)) {
    return Invalid("An address has a character that cannot be sent.");
  }
  // Extensions lengthen the line by what their parameters need.
  std::string line = absl::StrCat(verb, ":<", mailbox, ">");
  if (line.size() + 2 > kLongestCommand) {
    return Invalid("An address is longer than SMTP allows.");
  }
  absl::StrAppend(&line, parameters, "\r\n");
  return line;
}

// "5.1.1" of "550 5.1.1 No such user" (RFC 2034, 4).
std::string EnhancedCode(const SmtpReply& reply) {
  const absl::string_view text = reply.lines.front();
  if (text.size() < 4) return "";
  const absl::string_view word = text.substr(4, text.find(' ', 4) - 4);
  const std::vector<absl::string_view> parts = absl::StrSplit(word, '.');
  const bool valid =
      parts.size() == 3 && parts[0] == absl::StrCat(reply.kind()) &&
      std::all_of(parts.begin(), parts.end(), [](absl::string_view part) {
        return !part.empty() && part.size() <= 3 &&
               std::all_of(part.begin(), part.end(), absl::ascii_isdigit);
      });
  return valid ? std::string(word) : "";
}

}  // namespace

absl::StatusOr<size_t> SmtpAnswerReader::Consume(absl::string_view bytes) {
  absl::string_view rest = bytes;
  const absl::StatusOr<std::optional<absl::string_view>> line =
      TakeServerLine(&rest);
  if (!line.ok()) return line.status();
  if (!*line) return 0;
  if (!reply_.Add(**line)) {
    return ServerError(ErrorCode::kUnexpectedResponse, **line);
  }
  size_ += bytes.size() - rest.size();
  if (size_ > Exchange::kLongestLine) {
    return ServerError(ErrorCode::kTooMuchData, **line);
  }
  return bytes.size() - rest.size();
}

std::optional<SmtpAnswer> SmtpAnswerReader::Take() {
  if (!reply_.complete) return std::nullopt;
  size_ = 0;
  const SmtpReply reply = std::exchange(reply_, {});
  return SmtpAnswer{reply.code, EnhancedCode(reply), reply.Words()};
}

absl::Status SmtpTransaction::Start(
    const std::vector<std::string>& capabilities) {
  result_ = {};
  result_.recipients.resize(envelope_.recipients.size());
  reader_ = {};
  next_ = Part::kMail;
  awaited_.clear();
  asked_ = heard_ = 0;
  open_ = ended_ = decided_ = done_ = false;
  if (envelope_.recipients.empty()) return Invalid("There is no recipient.");
  absl::Status status = ReadExtensions(capabilities);
  status.Update(MailCommand().status());
  for (const std::string& recipient : envelope_.recipients) {
    if (recipient.empty()) return Invalid("A recipient's address is empty.");
    status.Update(PathCommand("RCPT TO", recipient, "").status());
  }
  status.Update(message_->Rewind());
  encoder_ =
      BlockEncoder(message_.get(), chunking_ ? BlockEncoder::Form::kPlain
                                             : BlockEncoder::Form::kDotted);
  return status;
}

absl::Status SmtpTransaction::ReadExtensions(
    const std::vector<std::string>& capabilities) {
  const auto offers = [&capabilities](absl::string_view keyword) {
    return FindCapability(capabilities, keyword).has_value();
  };
  pipelining_ = offers("PIPELINING");
  chunking_ = offers("CHUNKING") && !envelope_.data_only;
  mail_parameters_.clear();
  uint64_t limit = 0;  // or: none is said (RFC 1870, 4)
  if (const auto size = FindCapability(capabilities, "SIZE")) {
    absl::StrAppend(&mail_parameters_, " SIZE=", message_->size());
    if (!absl::SimpleAtoi(*size, &limit)) limit = 0;
  }
  if (limit > 0 && message_->size() > limit) {
    result_.size_limit = limit;
    done_ = true;
  }
  bool utf8 = envelope_.utf8_header || !IsAscii(envelope_.sender);
  for (const std::string& recipient : envelope_.recipients) {
    utf8 = utf8 || !IsAscii(recipient);
  }
  if (utf8 && !offers("SMTPUTF8")) {
    return Invalid("The server takes no addresses beyond ASCII (SMTPUTF8).");
  }
  if (envelope_.eight_bit && !offers("8BITMIME")) {
    return Invalid("The server takes no messages beyond ASCII (8BITMIME).");
  }
  if (envelope_.eight_bit) mail_parameters_ += " BODY=8BITMIME";
  if (utf8) mail_parameters_ += " SMTPUTF8";
  return absl::OkStatus();
}

absl::StatusOr<std::string> SmtpTransaction::MailCommand() const {
  return PathCommand("MAIL FROM", envelope_.sender, mail_parameters_);
}

bool SmtpTransaction::MayGoOn() const {
  if (done_ || next_ == Part::kNothing) return false;
  if (awaited_.empty()) return true;
  if (!pipelining_ || awaited_.size() >= kMostAwaited) return false;
  const bool is_message = next_ == Part::kData || next_ == Part::kChunk;
  return !is_message || !envelope_.all_or_none ||
         heard_ == envelope_.recipients.size();
}

absl::StatusOr<std::string> SmtpTransaction::Produce() {
  std::string out;
  while (out.size() < kChunk && MayGoOn()) {
    const absl::StatusOr<std::string> part = Send(next_);
    if (!part.ok()) return part.status();
    out += *part;
  }
  return out;
}

absl::StatusOr<std::string> SmtpTransaction::Send(Part part) {
  if (part != Part::kText) awaited_.push_back(part);
  switch (part) {
    case Part::kMail:
      next_ = Part::kRecipient;
      return MailCommand();
    case Part::kRecipient: {
      const std::string& recipient = envelope_.recipients[asked_++];
      if (asked_ == envelope_.recipients.size()) {
        next_ = chunking_ ? Part::kChunk : Part::kData;
      }
      return PathCommand("RCPT TO", recipient, "");
    }
    case Part::kData:
      next_ = Part::kNothing;
      return std::string("DATA\r\n");
    case Part::kChunk:
      return Chunk();
    case Part::kText:
      return Text();
    case Part::kNoText:
      next_ = Part::kNothing;
      awaited_.back() = Part::kText;
      return std::string(".\r\n");
    case Part::kReset:
      next_ = Part::kNothing;
      return std::string("RSET\r\n");
    case Part::kNothing:
      break;
  }
  return std::string();
}

absl::StatusOr<std::string> SmtpTransaction::Chunk() {
  const absl::StatusOr<std::string> text = encoder_.Next();
  if (!text.ok()) return text.status();
  if (encoder_.done()) {
    ended_ = true;
    next_ = Part::kNothing;
    awaited_.back() = Part::kText;
  }
  return absl::StrCat("BDAT ", text->size(), ended_ ? " LAST\r\n" : "\r\n",
                      *text);
}

absl::StatusOr<std::string> SmtpTransaction::Text() {
  absl::StatusOr<std::string> text = encoder_.Next();
  if (encoder_.done()) {
    ended_ = true;
    next_ = Part::kNothing;
    awaited_.push_back(Part::kText);
  }
  return text;
}

absl::StatusOr<size_t> SmtpTransaction::Consume(absl::string_view bytes) {
  absl::StatusOr<size_t> taken = reader_.Consume(bytes);
  if (!taken.ok()) return taken;
  if (std::optional<SmtpAnswer> answer = reader_.Take()) {
    const absl::Status heard = Hear(*std::move(answer));
    if (!heard.ok()) return heard;
  }
  return taken;
}

absl::Status SmtpTransaction::Hear(SmtpAnswer answer) {
  const Part part = awaited_.empty() ? Part::kNothing : awaited_.front();
  if (part == Part::kReset) {  // Whatever is said, the mail's fate is known.
    done_ = true;
    return absl::OkStatus();
  }
  if (answer.code == kClosing) {
    ended_ = false;  // it did not take what was sent (RFC 5321, 4.2.1)
    return ServerError(ErrorCode::kServerBusy, answer.words);
  }
  const int kind = answer.code / 100;
  const bool is_go_ahead = part == Part::kData && answer.code == kStartText;
  if (part == Part::kNothing ||
      (kind != 2 && kind != 4 && kind != 5 && !is_go_ahead)) {
    return ServerError(ErrorCode::kUnexpectedResponse, answer.words);
  }
  awaited_.pop_front();
  absl::Status status;
  switch (part) {
    case Part::kMail:
      open_ = answer.ok();
      if (!answer.ok()) Refuse(std::move(answer));
      break;
    case Part::kRecipient:
      HearRecipient(std::move(answer));
      break;
    case Part::kData:
      status = HearData(std::move(answer));
      break;
    case Part::kChunk:
      if (!answer.ok()) Refuse(std::move(answer));
      break;
    case Part::kText:
      HearEnd(std::move(answer));
      break;
    case Part::kNothing:
    case Part::kNoText:
    case Part::kReset:
      break;
  }
  GoOnAfterAnswer();
  return status;
}

void SmtpTransaction::HearRecipient(SmtpAnswer answer) {
  result_.recipients[heard_++] = answer;
  if (heard_ < envelope_.recipients.size()) return;
  const auto& all = result_.recipients;
  const auto is_ok = [](const SmtpAnswer& each) { return each.ok(); };
  const bool goes_on = envelope_.all_or_none
                           ? std::all_of(all.begin(), all.end(), is_ok)
                           : std::any_of(all.begin(), all.end(), is_ok);
  if (goes_on) return;
  Refuse(*std::find_if_not(all.rbegin(), all.rend(), is_ok));
}

absl::Status SmtpTransaction::HearData(SmtpAnswer answer) {
  if (answer.code == kStartText) {
    // It wants a message although it has nobody to give it to: it gets an empty
    // one (RFC 2920, 3.1).
    next_ = decided_ ? Part::kNoText : Part::kText;
    return absl::OkStatus();
  }
  if (answer.ok()) {
    return ServerError(ErrorCode::kUnexpectedResponse, answer.words);
  }
  Refuse(std::move(answer));
  return absl::OkStatus();
}

void SmtpTransaction::HearEnd(SmtpAnswer answer) {
  // After DATA the transaction has ended in any case (RFC 5321, 4.1.1.4), after
  // a failed BDAT it is undefined (RFC 3030, 2).
  if (!chunking_ || answer.ok()) open_ = false;
  if (decided_) return;
  decided_ = true;
  result_.accepted = answer.ok();
  result_.last = std::move(answer);
}

void SmtpTransaction::Refuse(SmtpAnswer answer) {
  next_ = Part::kNothing;
  if (!std::exchange(decided_, true)) result_.last = std::move(answer);
}

void SmtpTransaction::GoOnAfterAnswer() {
  if (!awaited_.empty() || next_ != Part::kNothing) return;
  if (std::exchange(open_, false)) {
    next_ = Part::kReset;
  } else {
    done_ = true;
  }
}

OnLoss SmtpTransaction::on_loss() const {
  if (done_) return OnLoss::kRepeat;  // and the session stays
  if (decided_) return OnLoss::kDone;
  return ended_ ? OnLoss::kUnknown : OnLoss::kRepeat;
}

// RFC 5321, 4.5.3.2.
std::optional<absl::Duration> SmtpTransaction::patience() const {
  if (ended_ && !decided_) return absl::Minutes(10);
  const Part part = awaited_.empty() ? next_ : awaited_.front();
  switch (part) {
    case Part::kMail:
    case Part::kRecipient:
      return absl::Minutes(5);
    case Part::kData:
      return absl::Minutes(2);
    case Part::kChunk:
    case Part::kText:
      return absl::Minutes(3);
    case Part::kNothing:
    case Part::kNoText:
    case Part::kReset:
      break;
  }
  return std::nullopt;
}

}  // namespace holdfast
