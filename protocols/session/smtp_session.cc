#include "holdfast/protocols/session/smtp_session.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "holdfast/protocols/session/line_exchange.h"
#include "holdfast/protocols/session/smtp_transaction.h"

namespace holdfast {
namespace {

// "421" alone, or with words.
bool IsLeave(absl::string_view line) { return absl::StartsWith(line, "421"); }

// NOOP and QUIT.
class PlainExchange final : public Exchange {
 public:
  PlainExchange(absl::string_view verb, OnLoss on_loss)
      : verb_(verb), on_loss_(on_loss) {}

  absl::Status Start(const std::vector<std::string>&) override {
    reader_ = {};
    answer_.reset();
    unsent_ = absl::StrCat(verb_, "\r\n");
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> Produce() override {
    return std::exchange(unsent_, "");
  }
  absl::StatusOr<size_t> Consume(absl::string_view bytes) override;
  bool done() const override { return answer_.has_value(); }
  OnLoss on_loss() const override { return on_loss_; }

  SmtpAnswer answer() const { return answer_.value_or(SmtpAnswer()); }

 private:
  const absl::string_view verb_;  // a literal
  const OnLoss on_loss_;
  std::string unsent_;
  SmtpAnswerReader reader_;
  std::optional<SmtpAnswer> answer_;
};

absl::StatusOr<size_t> PlainExchange::Consume(absl::string_view bytes) {
  absl::StatusOr<size_t> taken = reader_.Consume(bytes);
  if (!taken.ok()) return taken;
  answer_ = reader_.Take();
  if (answer_ && IsLeave(answer_->words) && on_loss_ != OnLoss::kDone) {
    return ServerError(ErrorCode::kServerBusy, answer_->words);
  }
  return taken;
}

class SmtpSessionImpl final : public SmtpSession, public SessionState {
 public:
  explicit SmtpSessionImpl(const Factory& factory) : session_(factory(this)) {}

  void Connect(Session::Done on_done) override {
    session_->Connect(std::move(on_done));
  }
  void Send(SmtpEnvelope envelope, std::shared_ptr<MessageSource> message,
            Sent on_done) override {
    const auto transaction = std::make_shared<SmtpTransaction>(
        std::move(envelope), std::move(message));
    session_->Run(transaction, [transaction, on_done](absl::Status status) {
      SmtpResult result = transaction->result();
      result.status = std::move(status);
      on_done(std::move(result));
    });
  }
  void Noop(Answered on_done) override {
    RunPlain("NOOP", OnLoss::kRepeat, std::move(on_done));
  }
  void Quit(Answered on_done) override {
    RunPlain("QUIT", OnLoss::kDone, std::move(on_done));
  }
  Session& session() override { return *session_; }

  // Each mail starts from nothing.
  std::shared_ptr<Exchange> NextRestoring() override { return nullptr; }
  absl::Status Restored() override { return absl::OkStatus(); }
  void OnLost() override {}
  absl::StatusOr<size_t> OnUnasked(absl::string_view bytes) override {
    return ReadUnasked(bytes, IsLeave);
  }

 private:
  void RunPlain(absl::string_view verb, OnLoss on_loss, Answered on_done) {
    const auto exchange = std::make_shared<PlainExchange>(verb, on_loss);
    session_->Run(exchange, [exchange, on_done](absl::Status status) {
      status.ok() ? on_done(exchange->answer()) : on_done(std::move(status));
    });
  }

  std::unique_ptr<Session> session_;  // uses *this: goes first
};

}  // namespace

std::unique_ptr<SmtpSession> SmtpSession::Create(const Factory& factory) {
  return std::make_unique<SmtpSessionImpl>(factory);
}

}  // namespace holdfast
