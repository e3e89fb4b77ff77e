// SPDX-License-Identifier: 0BSD

// The short examples of docs/embedding.md.

#include <uv.h>

#include <cstdio>
#include <utility>

#include "holdfast/core/base/printable.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/connect/blocking_connection.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/connect/plaintext_fd.h"
#include "holdfast/protocols/connect/redialer.h"
#include "holdfast/protocols/session/imap/imap_session.h"

namespace holdfast {

// A connect that does not wait.
class Connecting {
 public:
  Connecting(Connector::Services services, ConnectRequest request)
      : connector_(std::move(services)) {
    operation_ = connector_.Connect(request, [this](ConnectResult result) {
      if (!result.ok()) return Tell(Diagnose(result.report).summary);
      connection_ = std::move(result.connection);
    });
  }

 private:
  static void Tell(const std::string& text) { puts(text.c_str()); }

  Connector connector_;
  std::unique_ptr<Connector::Operation> operation_;
  std::unique_ptr<Connection> connection_;
};

absl::Status OnOnesOwnLoop(uv_loop_t* uv, HostCache* cache) {
  absl::StatusOr<std::unique_ptr<UvEventLoop>> loop = UvEventLoop::Wrap(uv);
  if (!loop.ok()) return loop.status();
  std::unique_ptr<Resolver> resolver = NewSystemResolver(loop->get());
  std::unique_ptr<Dialer> dialer = NewTcpDialer(loop->get());
  Connector::Services services{loop->get(), resolver.get(), dialer.get(),
                               cache};
  Connector connector(services);
  return absl::OkStatus();
}

// A mailbox that is followed on an event loop.
class Inbox {
 public:
  Inbox(Connector::Services services, ImapSessionOptions options) {
    options.on_update = [this](const ImapUpdate& update) {
      const bool news = update.kind == ImapUpdate::Kind::kExists ||
                        update.kind == ImapUpdate::Kind::kRestored;
      if (news) Look(update.number);
    };
    imap_ = ImapSession::Create(std::move(services), std::move(options));
    imap_->Examine("INBOX", [this](absl::StatusOr<MailboxInfo> inbox) {
      if (!inbox.ok()) return Tell(inbox.status());
      if (!inbox->answer.ok()) return Tell(Printable(inbox->answer.text));
      idle_ = imap_->Idle([](absl::StatusOr<ImapAnswer>) {});
    });
  }

 private:
  static void Tell(const absl::Status& status) { Tell(status.ToString()); }
  static void Tell(const std::string& text) { puts(text.c_str()); }
  void Look(uint32_t messages) { messages_ = messages; }

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

void SetLimitsAndListen(ImapSessionOptions* options) {
  options->session.patience = absl::Seconds(30);
  options->session.redial.policy.max_redials = 10;
  options->session.redial.connect.timeout = absl::Seconds(20);
  options->session.redial.connect.on_event = [](const Event& event) {
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
  OwnClient(Connector::Services services, RedialOptions options)
      : loop_(services.loop),
        redialer_(Redialer::Create(std::move(services), std::move(options))) {
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
