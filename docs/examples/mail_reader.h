// SPDX-License-Identifier: 0BSD

// An interactive reader: one account, on the loop of the program's window
// (docs/clients.md).

#ifndef HOLDFAST_DOCS_EXAMPLES_MAIL_READER_H_
#define HOLDFAST_DOCS_EXAMPLES_MAIL_READER_H_

#include <functional>
#include <memory>
#include <string>

#include "certificate_decision.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/session/imap/imap_session.h"
#include "holdfast/protocols/session/smtp_session.h"

namespace holdfast::example {

// The window. None of these waits for the user: `answer` is called later.
class ReaderView {
 public:
  using Answer = std::function<void(bool)>;

  virtual ~ReaderView() = default;
  virtual void ShowInbox(uint32_t messages) = 0;
  virtual void ShowText(const std::string& text) = 0;
  // Whom the server refused is in the result.
  virtual void ShowSent(const SmtpResult& sent) = 0;
  virtual void ShowTrouble(const Diagnosis& trouble) = 0;
  // With the problems and the fingerprint.
  virtual void AskToTrust(const CertificateQuestion& question,
                          Answer answer) = 0;
  // The server may have the message already.
  virtual void AskToSendAgain(const Error& error, Answer answer) = 0;
};

// Thread safety: the loop's thread, which is the window's.
class MailReader {
 public:
  // Services and view outlive it.
  MailReader(Connector::Services services, ConnectRequest imap,
             ConnectRequest smtp,
             std::shared_ptr<CredentialsProvider> credentials,
             ReaderView* view);

  // Drops the IMAP connection, whatever it is doing, and opens INBOX anew: at
  // first, when the network has changed or the computer woken up, and for
  // "Stop". What is returned ends the new session, from any thread.
  std::shared_ptr<Cancellation> Open();
  void Show(uint32_t uid);
  void Send(SmtpEnvelope envelope, std::shared_ptr<MessageSource> message);

 private:
  SessionOptions Limits(const ConnectRequest& request,
                        AcceptedCertificates* accepted) const;
  void OnTrouble(const absl::Status& status, const Session& session,
                 AcceptedCertificates* accepted, std::function<void()> again);

  const Connector::Services services_;
  ConnectRequest imap_request_;
  const ConnectRequest smtp_request_;
  const std::shared_ptr<CredentialsProvider> credentials_;
  ReaderView* const view_;
  AcceptedCertificates imap_accepted_;
  AcceptedCertificates smtp_accepted_;
  std::unique_ptr<ImapSession> imap_;
  std::unique_ptr<SmtpSession> smtp_;
};

}  // namespace holdfast::example

#endif  // HOLDFAST_DOCS_EXAMPLES_MAIL_READER_H_
