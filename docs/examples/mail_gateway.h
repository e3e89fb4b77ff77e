// SPDX-License-Identifier: 0BSD

// A gateway: hands mail of other programs on, by SMTP code of its own that
// waits (docs/clients.md).

#ifndef HOLDFAST_DOCS_EXAMPLES_MAIL_GATEWAY_H_
#define HOLDFAST_DOCS_EXAMPLES_MAIL_GATEWAY_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/client/client.h"
#include "holdfast/protocols/connect/blocking_connection.h"
#include "holdfast/protocols/connect/redialer.h"

namespace holdfast::example {

struct QueuedMail {
  std::string sender;
  std::string recipient;
  std::string text;  // whole lines, which end with CRLF
};

// What becomes of a mail in the queue.
enum class Fate {
  kSent,      // delete it
  kRefused,   // give it back to its sender
  kNotSent,   // try again later
  kMaybeSent  // never by itself: keep it for a person to decide
};

// For a server whose keys are known: the present one, and the next.
ClientOptions PinnedTo(std::vector<std::string> pins);

// One line of JSON for a log. `what` is "connect" or the like.
std::string LogLine(absl::string_view what, const Error& error);
std::string LogLine(const Event& event);

// How a program that runs once ends (sysexits.h).
int ExitStatus(const Error& error);

// Thread safety: one thread.
class MailGateway {
 public:
  using Log = std::function<void(const std::string& line)>;

  // It waits, so that `options` name no loop. `cancellation` ends what runs,
  // from any thread; it may be null. Errors: those of ParseTarget() and
  // Client::Create().
  static absl::StatusOr<std::unique_ptr<MailGateway>> Create(
      ClientOptions options, const std::string& server,
      std::shared_ptr<CredentialsProvider> credentials, Log log,
      std::shared_ptr<Cancellation> cancellation = nullptr);

  // Waits until it is known.
  Fate Submit(const QueuedMail& mail);
  // What last ended a connection, or kept one from coming about; null: nothing.
  // If it cannot pass, nothing is sent before somebody has acted.
  const Error* error() const { return loss_ ? &loss_->error : nullptr; }

 private:
  MailGateway(std::unique_ptr<Client> client, const Target& server,
              std::shared_ptr<CredentialsProvider> credentials, Log log,
              std::shared_ptr<Cancellation> cancellation);

  absl::Status Reach();
  void Lose(const absl::Status& status);
  Fate Settle(int code);
  // The code of the last answer. Sets `ended` before the server can have all
  // of it.
  absl::StatusOr<int> Talk(const QueuedMail& mail, bool* ended);
  absl::StatusOr<int> Ask(absl::string_view command, absl::Duration limit);
  absl::StatusOr<std::string> Line(absl::Duration limit);

  const std::unique_ptr<Client> client_;
  const Log log_;
  const std::shared_ptr<Cancellation> cancellation_;
  const std::unique_ptr<Redialer> redialer_;
  std::optional<Loss> loss_;
  std::unique_ptr<BlockingConnection> server_;
  std::string heard_;  // of the next line
};

}  // namespace holdfast::example

#endif  // HOLDFAST_DOCS_EXAMPLES_MAIL_GATEWAY_H_
