// SPDX-License-Identifier: 0BSD

// Lists the mailboxes, then the subjects of the newest messages of INBOX, and
// prints the newest message.
//
//   imap_reader imaps://mail.example.org alice < password

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "holdfast/client/client.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/protocols/session/imap/imap_session.h"

using namespace holdfast;

// What `result` holds, or the end of the program.
template <typename T>
T OrExit(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  const Error error = ErrorFromStatus(result.status());
  std::cerr << error.Message() << "\n" << Printable(error.server_text) << "\n";
  std::exit(1);
}

// Gives a command, and waits for what comes of it. A refusal ends the program.
template <typename T>
T Get(Client* client, std::function<void(ImapSession::Done<T>)> command) {
  T result = OrExit(client->Await<absl::StatusOr<T>>(command));
  if (result.answer.ok()) return result;
  std::cerr << "The server refuses: " << Printable(result.answer.text) << "\n";
  std::exit(1);
}

// Keeps the one section that is asked for: the lines "Subject: ...".
class Subjects : public ImapFetchSink {
 public:
  void OnStart() override { text.clear(); }
  absl::Status OnSection(const std::string&, uint64_t) override { return {}; }
  absl::Status OnBytes(absl::string_view bytes) override {
    text.append(bytes.data(), bytes.size());
    return {};
  }
  std::string text;
};

int main(int argc, char** argv) {
  std::string password;
  if (argc != 3 || !std::getline(std::cin, password)) return 2;
  ClientOptions options;
  if (const char* file = std::getenv("SSL_CERT_FILE")) {
    options.ca_files = {file};
  }
  const auto client = OrExit(Client::Create(std::move(options)));
  const auto imap = OrExit(client->OpenImap(
      argv[1],
      NewPasswordProvider(argv[2], SecretString::Take(std::move(password)))));

  const auto list = Get<ImapMailboxes>(
      client.get(), [&](auto done) { imap->List("*", done); });
  for (const MailboxEntry& entry : list.mailboxes) {
    std::cout << Printable(entry.name) << "\n";
  }
  Get<MailboxInfo>(client.get(),
                   [&](auto done) { imap->Examine("INBOX", done); });
  std::vector<uint32_t> uids = Get<ImapUids>(client.get(), [&](auto done) {
                                 imap->UidSearch(ImapCommand("ALL"), done);
                               }).uids;
  if (uids.empty()) return 0;
  std::sort(uids.begin(), uids.end());
  if (uids.size() > 10) uids.erase(uids.begin(), uids.end() - 10);
  Subjects subjects;
  Get<ImapFetched>(client.get(), [&](auto done) {
    imap->UidFetch(*ImapSet::Of(uids), {"BODY.PEEK[HEADER.FIELDS (SUBJECT)]"},
                   &subjects, done);
  });
  StringSink newest;
  Get<ImapFetched>(client.get(), [&](auto done) {
    imap->FetchBody(uids.back(), "", &newest, done);
  });
  std::cout << subjects.text << newest.text();
  client->Await<absl::Status>([&](auto done) { imap->Logout(done); })
      .IgnoreError();
}
