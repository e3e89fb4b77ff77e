// SPDX-License-Identifier: 0BSD

// Sends a message, and tells what the server says of each recipient.
//
//   smtp_sender submissions://mail.example.org alice message.eml
//       alice@example.org bob@example.net < password

#include <cstdlib>
#include <iostream>

#include "holdfast/client/client.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/protocols/session/smtp_session.h"

using namespace holdfast;

void Complain(const absl::Status& status) {
  const Error error = ErrorFromStatus(status);
  std::cerr << error.Message() << "\n" << Printable(error.server_text) << "\n";
}

// What `result` holds, or the end of the program.
template <typename T>
T OrExit(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  Complain(result.status());
  std::exit(1);
}

int main(int argc, char** argv) {
  std::string password;
  if (argc < 6 || !std::getline(std::cin, password)) return 2;
  ClientOptions options;
  if (const char* file = std::getenv("SSL_CERT_FILE")) {
    options.ca_files = {file};
  }
  const auto client = OrExit(Client::Create(std::move(options)));
  const auto smtp = OrExit(client->OpenSmtp(
      argv[1],
      NewPasswordProvider(argv[2], SecretString::Take(std::move(password)))));

  const std::shared_ptr<MessageSource> message =
      OrExit(OpenFileSource(argv[3]));
  const SmtpEnvelope envelope{argv[4], {argv + 5, argv + argc}};
  const SmtpResult sent = client->Await<SmtpResult>(
      [&](auto done) { smtp->Send(envelope, message, done); });
  if (sent.status.ok()) {
    const auto quit = [&](auto done) { smtp->Quit(done); };
    client->Await<absl::StatusOr<SmtpAnswer>>(quit).IgnoreError();
  } else {
    Complain(sent.status);
  }
  bool all = sent.accepted;
  for (size_t i = 0; i < sent.recipients.size(); ++i) {
    const SmtpAnswer& answer = sent.recipients[i];
    std::cout << envelope.recipients[i] << ": " << Printable(answer.words)
              << "\n";
    all = all && answer.ok();
  }
  std::cout << (sent.accepted ? "accepted: " : "not accepted: ")
            << Printable(sent.last.words) << "\n";
  if (sent.size_limit) std::cout << "limit: " << *sent.size_limit << "\n";
  return all ? 0 : 1;
}
