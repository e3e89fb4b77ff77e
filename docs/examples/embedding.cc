// SPDX-License-Identifier: 0BSD

// The short examples of docs/embedding.md.

#include <uv.h>

#include <cstdio>
#include <utility>

#include "holdfast/client/client.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/connect/blocking_connection.h"
#include "holdfast/protocols/connect/plaintext_fd.h"
#include "holdfast/protocols/connect/redialer.h"
#include "holdfast/protocols/session/imap/imap_session.h"

namespace holdfast {

absl::Status InAFewWords() {
  auto client = Client::Create();
  if (!client.ok()) return client.status();
  auto connection = (*client)->Connect("imaps://mail.example.org");
  if (!connection.ok()) return connection.status();
  return absl::OkStatus();
}

absl::Status WithAReport(Client* client) {
  absl::StatusOr<Target> target = ParseTarget("imaps://mail.example.org");
  if (!target.ok()) return target.status();
  ConnectResult result = client->Connect(*target);
  Diagnosis diagnosis = Diagnose(result.report);
  puts(diagnosis.summary.c_str());
  for (const std::string& advice : diagnosis.advice) puts(advice.c_str());
  return result.status();
}

absl::StatusOr<std::unique_ptr<Client>> WithOptions() {
  ClientOptions options;
  options.ca_files = {"/etc/mail/company.pem"};
  options.connect_timeout = absl::Seconds(15);
  options.proxy = "socks5://127.0.0.1:9050";
  auto client = Client::Create(std::move(options));
  return client;
}

// A connect that does not wait.
class Connecting {
 public:
  Connecting(Client* client, const Target& target) {
    operation_ = client->StartConnect(target, [this](ConnectResult result) {
      if (!result.ok()) return Tell(Diagnose(result.report).summary);
      connection_ = std::move(result.connection);
    });
  }

 private:
  static void Tell(const std::string& text) { puts(text.c_str()); }

  std::unique_ptr<Connector::Operation> operation_;
  std::unique_ptr<Connection> connection_;
};

absl::Status OnOnesOwnLoop(uv_loop_t* uv) {
  absl::StatusOr<std::unique_ptr<UvEventLoop>> loop = UvEventLoop::Wrap(uv);
  if (!loop.ok()) return loop.status();
  ClientOptions options;
  options.loop = loop->get();
  auto client = Client::Create(std::move(options));
  return client.status();
}

// A mailbox that is followed on an event loop.
class Inbox {
 public:
  void Follow(Client* client,
              std::shared_ptr<CredentialsProvider> credentials) {
    auto imap = client->OpenImap(
        "imaps://mail.example.org", std::move(credentials),
        [this](const ImapUpdate& update) { OnUpdate(update); });
    if (!imap.ok()) return Tell(imap.status());
    imap_ = *std::move(imap);
    imap_->Examine("INBOX", [this](absl::StatusOr<MailboxInfo> inbox) {
      if (!inbox.ok()) return Tell(inbox.status());
      if (!inbox->answer.ok()) return Tell(Printable(inbox->answer.text));
      idle_ = imap_->Idle([](absl::StatusOr<ImapAnswer>) {});
    });
  }

 private:
  static void Tell(const absl::Status& status) { Tell(status.ToString()); }
  static void Tell(const std::string& text) { puts(text.c_str()); }
  void OnUpdate(const ImapUpdate& update) {
    const bool news = update.kind == ImapUpdate::Kind::kExists ||
                      update.kind == ImapUpdate::Kind::kRestored;
    if (news) messages_ = update.number;
  }

  uint32_t messages_ = 0;
  std::unique_ptr<ImapSession> imap_;
  std::unique_ptr<ImapIdle> idle_;
};

// A client's own store of tokens.
class TokenStore {
 public:
  using Done = std::function<void(absl::StatusOr<std::string>)>;
  virtual ~TokenStore() = default;
  virtual void Get(bool renewed, Done on_done) = 0;
};

class TokenProvider final : public CredentialsProvider {
 public:
  explicit TokenProvider(TokenStore* store) : store_(store) {}
  bool Has(CredentialKind kind) const override {
    return kind == CredentialKind::kToken;
  }

 private:
  void Ask(const CredentialsRequest& request, Answer answer) override {
    const bool renewed = request.reason != CredentialsRequest::Reason::kFirst;
    store_->Get(renewed, [answer](absl::StatusOr<std::string> token) {
      if (!token.ok()) return answer(token.status());
      answer(Credentials{"alice@example.org",
                         SecretString::Take(*std::move(token))});
    });
  }

  TokenStore* store_;
};

void SetLimitsAndListen(ClientOptions* options) {
  options->patience = absl::Seconds(30);
  options->max_redials = 10;
  options->connect_timeout = absl::Seconds(20);
  options->on_event = [](const Event& event) {
    puts(std::string(EventKindName(event.kind)).c_str());
  };
}

// Keeps a copy of what was sent.
class Sent {
 public:
  explicit Sent(ImapSession* imap) : imap_(imap) {}

  void Keep(std::shared_ptr<MessageSource> message, std::string id) {
    imap_->Append("Sent", {"\\Seen"}, std::nullopt, message,
                  [=](absl::StatusOr<ImapAppended> appended) {
                    if (!appended.ok() && IsUnknown(appended.status())) {
                      LookFor(message, id);
                    }
                  });
  }

 private:
  static bool IsUnknown(const absl::Status& status) {
    return ErrorFromStatus(status).code == ErrorCode::kOutcomeUnknown;
  }
  // "Sent" is the mailbox that is selected.
  void LookFor(std::shared_ptr<MessageSource> message, std::string id) {
    imap_->UidSearch(ImapCommand("HEADER Message-ID").String(id),
                     [=](absl::StatusOr<ImapUids> found) {
                       if (!found.ok() || !found->answer.ok()) return;
                       if (found->uids.empty()) Keep(message, id);
                     });
  }

  ImapSession* imap_;
};

absl::Status WaitForOwnCode(std::unique_ptr<Connection> connection) {
  auto blocking = BlockingConnection::Create(std::move(connection));
  if (!blocking.ok()) return blocking.status();
  absl::Status sent = (*blocking)->Write("a1 NOOP\r\n", absl::Seconds(30));
  if (!sent.ok()) return sent;
  char buffer[4096];
  absl::StatusOr<size_t> got =
      (*blocking)->Read(absl::MakeSpan(buffer), absl::Seconds(30));
  return got.status();
}

absl::StatusOr<FILE*> AsStream(std::unique_ptr<Connection> connection) {
  absl::StatusOr<UniqueFd> fd = TakePlaintextFd(std::move(connection));
  if (!fd.ok()) return fd.status();
  FILE* stream = fdopen(fd->release(), "r+");
  return stream;
}

// Protocol code of a client's own, on connections that come back.
class OwnClient {
 public:
  OwnClient(Client* client, const Target& target,
            std::shared_ptr<CredentialsProvider> credentials)
      : loop_(client->loop()),
        redialer_(client->NewRedialer(target, std::move(credentials))) {
    redialer_->Dial([this](RedialResult result) { Use(std::move(result)); });
  }
  virtual ~OwnClient() = default;

  // For the protocol code: what Read() or Write() failed with.
  void OnLost(const Error& error) {
    connection_.reset();
    redialer_->DialAgain({error, loop_->Now()}, [this](RedialResult result) {
      Use(std::move(result));
    });
  }

 private:
  void Use(RedialResult result) {
    if (!result.ok()) return GiveUp(*result.error);
    connection_ = std::move(result.connection);
    Restore(connection_.get());
  }
  // Selects what was selected, and settles the command that was interrupted.
  virtual void Restore(Connection* connection) = 0;
  virtual void GiveUp(const Error& error) = 0;

  EventLoop* loop_;
  std::unique_ptr<Redialer> redialer_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace holdfast
