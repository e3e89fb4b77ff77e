// SPDX-License-Identifier: 0BSD

#include "mail_reader.h"

#include <optional>
#include <utility>

#include "holdfast/core/base/printable.h"

namespace holdfast::example {
namespace {

Diagnosis InWords(std::string text, absl::string_view advice = "") {
  Diagnosis diagnosis;
  diagnosis.summary = std::move(text);
  if (!advice.empty()) diagnosis.advice.emplace_back(advice);
  return diagnosis;
}

// The server's own words, which may be anything.
Diagnosis TroubleOf(const ImapAnswer& answer) {
  return InWords(Printable(answer.text));
}

// In words for a person. Who could not be reached is in the report of the
// connect; what came later is in the error alone.
Diagnosis Explain(const Error& error, const ConnectReport* report) {
  if (report != nullptr && error.category() == ErrorCategory::kAuthentication) {
    ConnectReport signed_out = *report;
    signed_out.error = error;
    return Diagnose(signed_out);
  }
  if (report != nullptr && report->error) return Diagnose(*report);
  return InWords(error.Message(), GetErrorInfo(error.code).advice);
}

}  // namespace

MailReader::MailReader(Connector::Services services, ConnectRequest imap,
                       ConnectRequest smtp,
                       std::shared_ptr<CredentialsProvider> credentials,
                       ReaderView* view)
    : services_(std::move(services)),
      imap_request_(std::move(imap)),
      smtp_request_(std::move(smtp)),
      credentials_(std::move(credentials)),
      view_(view),
      smtp_(SmtpSession::Create(services_,
                                Limits(smtp_request_, &smtp_accepted_))) {}

// Somebody sits and waits.
SessionOptions MailReader::Limits(const ConnectRequest& request,
                                  AcceptedCertificates* accepted) const {
  SessionOptions options{{request, credentials_}};
  options.redial.connect.timeout = absl::Seconds(15);
  options.redial.connect.on_certificate =
      accepted->For(request.target.endpoint);
  options.redial.policy.max_redials = 2;
  options.patience = absl::Seconds(20);
  return options;
}

std::shared_ptr<Cancellation> MailReader::Open() {
  imap_request_.cancellation = std::make_shared<Cancellation>();
  imap_ =
      ImapSession::Create(services_, {Limits(imap_request_, &imap_accepted_)});
  imap_->Select("INBOX", [this](absl::StatusOr<MailboxInfo> inbox) {
    if (!inbox.ok()) {
      return OnTrouble(inbox.status(), imap_->session(), &imap_accepted_,
                       [this] { Open(); });
    }
    const ImapAnswer& answer = inbox->answer;
    if (!answer.ok()) return view_->ShowTrouble(TroubleOf(answer));
    view_->ShowInbox(inbox->exists);
  });
  return imap_request_.cancellation;
}

void MailReader::Show(uint32_t uid) {
  const auto text = std::make_shared<StringSink>();
  imap_->FetchBody(uid, "", text.get(),
                   [this, uid, text](absl::StatusOr<ImapFetched> fetched) {
                     if (!fetched.ok()) {
                       return OnTrouble(fetched.status(), imap_->session(),
                                        &imap_accepted_,
                                        [this, uid] { Show(uid); });
                     }
                     const ImapAnswer& answer = fetched->answer;
                     if (!answer.ok()) {
                       return view_->ShowTrouble(TroubleOf(answer));
                     }
                     view_->ShowText(text->text());
                   });
}

void MailReader::Send(SmtpEnvelope envelope,
                      std::shared_ptr<MessageSource> message) {
  smtp_->Send(envelope, message, [=](SmtpResult sent) {
    const auto again = [=] { Send(envelope, message); };
    if (sent.status.ok()) return view_->ShowSent(sent);
    const Error error = ErrorFromStatus(sent.status);
    if (error.code == ErrorCode::kOutcomeUnknown) {
      return view_->AskToSendAgain(error, [again](bool yes) {
        if (yes) again();
      });
    }
    OnTrouble(sent.status, smtp_->session(), &smtp_accepted_, again);
  });
}

void MailReader::OnTrouble(const absl::Status& status, const Session& session,
                           AcceptedCertificates* accepted,
                           std::function<void()> again) {
  const Error error = ErrorFromStatus(status);
  const std::optional<CertificateQuestion> question = accepted->TakeQuestion();
  if (error.code == ErrorCode::kCancelled) return;  // the user's own doing
  if (!question) return view_->ShowTrouble(Explain(error, session.report()));
  const Endpoint server = session.report()->target.endpoint;
  view_->AskToTrust(*question, [=](bool trusted) {
    if (!trusted) return;
    accepted->Accept(server, *question);
    again();
  });
}

}  // namespace holdfast::example
