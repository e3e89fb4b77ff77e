// One mail's way through SMTP, as an exchange: MAIL, RCPT for each recipient,
// the message by DATA or BDAT, and RSET if that failed.
//
//   MAIL RCPT RCPT DATA | text . |            with PIPELINING (RFC 2920)
//   MAIL RCPT RCPT BDAT 900 LAST |            and CHUNKING (RFC 3030)
//   MAIL | RCPT | RCPT | DATA | text . |      else ("|": an answer is waited
//   for)

#ifndef HOLDFAST_PROTOCOLS_SESSION_SMTP_TRANSACTION_H_
#define HOLDFAST_PROTOCOLS_SESSION_SMTP_TRANSACTION_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/protocols/dialogue/smtp_negotiator.h"
#include "holdfast/protocols/session/exchange.h"
#include "holdfast/protocols/session/message_source.h"
#include "holdfast/protocols/session/smtp_session.h"
#include "holdfast/protocols/session/text_block.h"

namespace holdfast {

// Puts an answer's lines together. Thread safety: none.
class SmtpAnswerReader {
 public:
  // As Exchange::Consume(). Errors: kUnexpectedResponse, kLineTooLong,
  // kTooMuchData.
  absl::StatusOr<size_t> Consume(absl::string_view bytes);
  // The answer, once, if it is complete.
  std::optional<SmtpAnswer> Take();

 private:
  SmtpReply reply_;
  size_t size_ = 0;
};

// Thread safety: none.
class SmtpTransaction final : public Exchange {
 public:
  SmtpTransaction(SmtpEnvelope envelope, std::shared_ptr<MessageSource> message)
      : envelope_(std::move(envelope)),
        message_(std::move(message)),
        encoder_(message_.get(), BlockEncoder::Form::kDotted) {}

  absl::Status Start(const std::vector<std::string>& capabilities) override;
  absl::StatusOr<std::string> Produce() override;
  absl::StatusOr<size_t> Consume(absl::string_view bytes) override;
  bool done() const override { return done_; }
  OnLoss on_loss() const override;
  std::optional<absl::Duration> patience() const override;

  // What is known.
  const SmtpResult& result() const { return result_; }

 private:
  // What is to be sent next, and what an answer is awaited to.
  enum class Part {
    kNothing,
    kMail,
    kRecipient,
    kData,
    kChunk,
    kText,    // after DATA; as awaited: the message's end
    kNoText,  // after DATA, when it has failed already
    kReset,
  };

  absl::Status ReadExtensions(const std::vector<std::string>& capabilities);
  bool MayGoOn() const;
  absl::StatusOr<std::string> Send(Part part);
  absl::StatusOr<std::string> MailCommand() const;
  absl::StatusOr<std::string> Chunk();
  absl::StatusOr<std::string> Text();
  absl::Status Hear(SmtpAnswer answer);
  void HearRecipient(SmtpAnswer answer);
  absl::Status HearData(SmtpAnswer answer);
  void HearEnd(SmtpAnswer answer);
  // Nothing more is sent of the mail.
  void Refuse(SmtpAnswer answer);
  void GoOnAfterAnswer();

  const SmtpEnvelope envelope_;
  const std::shared_ptr<MessageSource> message_;
  BlockEncoder encoder_;
  SmtpAnswerReader reader_;
  SmtpResult result_;

  bool pipelining_ = false;
  bool chunking_ = false;
  std::string mail_parameters_;

  Part next_ = Part::kMail;
  std::deque<Part> awaited_;
  size_t asked_ = 0;      // of the recipients
  size_t heard_ = 0;      // of their answers
  bool open_ = false;     // the server has a transaction
  bool ended_ = false;    // the message's end was produced
  bool decided_ = false;  // result_.last is
  bool done_ = false;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SESSION_SMTP_TRANSACTION_H_
