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

MailReader::MailReader(Server imap, Server smtp,
                       std::shared_ptr<CredentialsProvider> credentials,
                       ReaderView* view)
    : imap_server_(std::move(imap)),
      smtp_server_(std::move(smtp)),
      credentials_(std::move(credentials)),
      view_(view) {}

absl::StatusOr<std::unique_ptr<MailReader>> MailReader::Create(
    ClientOptions options, const std::string& imap, const std::string& smtp,
    std::shared_ptr<CredentialsProvider> credentials, ReaderView* view) {
  const absl::StatusOr<Target> inbox = ParseTarget(imap, Protocol::kImap);
  if (!inbox.ok()) return inbox.status();
  const absl::StatusOr<Target> outbox = ParseTarget(smtp, Protocol::kSmtp);
  if (!outbox.ok()) return outbox.status();
  std::unique_ptr<MailReader> reader(
      new MailReader({imap, inbox->endpoint}, {smtp, outbox->endpoint},
                     std::move(credentials), view));
  Server* const first = &reader->imap_server_;
  Server* const second = &reader->smtp_server_;
  absl::Status status = MakeClient(first, std::move(options));
  if (!status.ok()) return status;
  // The authorities and the cache are read once.
  status = MakeClient(second, first->client->OptionsToShare());
  if (!status.ok()) return status;
  reader->smtp_ = *second->client->OpenSmtp(smtp, reader->credentials_);
  return reader;
}

// A person waits.
absl::Status MailReader::MakeClient(Server* server, ClientOptions options) {
  options.connect_timeout = absl::Seconds(15);
  options.max_redials = 2;
  options.patience = absl::Seconds(20);
  options.on_certificate = server->accepted.For(server->endpoint);
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Create(std::move(options));
  if (!client.ok()) return client.status();
  server->client = *std::move(client);
  return absl::OkStatus();
}

std::shared_ptr<Cancellation> MailReader::Open() {
  const auto cancellation = std::make_shared<Cancellation>();
  // Its name was read before.
  imap_ = *imap_server_.client->OpenImap(imap_server_.name, credentials_, {},
                                         cancellation);
  imap_->Select("INBOX", [this](absl::StatusOr<MailboxInfo> inbox) {
    if (!inbox.ok()) {
      return OnTrouble(inbox.status(), imap_->session(), &imap_server_,
                       [this] { Open(); });
    }
    const ImapAnswer& answer = inbox->answer;
    if (!answer.ok()) return view_->ShowTrouble(TroubleOf(answer));
    view_->ShowInbox(inbox->exists);
  });
  return cancellation;
}

void MailReader::Show(uint32_t uid) {
  const auto text = std::make_shared<StringSink>();
  imap_->FetchBody(uid, "", text.get(),
                   [this, uid, text](absl::StatusOr<ImapFetched> fetched) {
                     if (!fetched.ok()) {
                       return OnTrouble(fetched.status(), imap_->session(),
                                        &imap_server_,
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
    OnTrouble(sent.status, smtp_->session(), &smtp_server_, again);
  });
}

void MailReader::OnTrouble(const absl::Status& status, const Session& session,
                           Server* server, std::function<void()> again) {
  const Error error = ErrorFromStatus(status);
  const std::optional<CertificateQuestion> question =
      server->accepted.TakeQuestion();
  if (error.code == ErrorCode::kCancelled) return;  // the user's own doing
  if (!question) return view_->ShowTrouble(Explain(error, session.report()));
  view_->AskToTrust(*question, [=](bool trusted) {
    if (!trusted) return;
    server->accepted.Accept(server->endpoint, *question);
    again();
  });
}

}  // namespace holdfast::example
