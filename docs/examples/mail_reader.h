// SPDX-License-Identifier: 0BSD

// An interactive reader: one account, on the loop of the program's window
// (docs/clients.md).

#ifndef HOLDFAST_DOCS_EXAMPLES_MAIL_READER_H_
#define HOLDFAST_DOCS_EXAMPLES_MAIL_READER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "certificate_decision.h"
#include "holdfast/client/client.h"
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
  // `options` name the window's loop; it and the view outlive the reader.
  // `imap` and `smtp` are read by ParseTarget(). Errors: those of that, and of
  // Client::Create().
  static absl::StatusOr<std::unique_ptr<MailReader>> Create(
      ClientOptions options, const std::string& imap, const std::string& smtp,
      std::shared_ptr<CredentialsProvider> credentials, ReaderView* view);

  // Drops the IMAP connection, whatever it is doing, and opens INBOX anew: at
  // first, when the network has changed or the computer woken up, and for
  // "Stop". What is returned ends the new session, from any thread.
  std::shared_ptr<Cancellation> Open();
  void Show(uint32_t uid);
  void Send(SmtpEnvelope envelope, std::shared_ptr<MessageSource> message);

 private:
  // Each has a client of its own, for what is accepted of one server is
  // accepted of no other.
  struct Server {
    std::string name;
    Endpoint endpoint;
    AcceptedCertificates accepted = {};
    std::unique_ptr<Client> client = nullptr;
  };

  MailReader(Server imap, Server smtp,
             std::shared_ptr<CredentialsProvider> credentials,
             ReaderView* view);
  static absl::Status MakeClient(Server* server, ClientOptions options);
  void OnTrouble(const absl::Status& status, const Session& session,
                 Server* server, std::function<void()> again);

  Server imap_server_;
  Server smtp_server_;
  const std::shared_ptr<CredentialsProvider> credentials_;
  ReaderView* const view_;
  std::unique_ptr<ImapSession> imap_;
  std::unique_ptr<SmtpSession> smtp_;
};

}  // namespace holdfast::example

#endif  // HOLDFAST_DOCS_EXAMPLES_MAIL_READER_H_
