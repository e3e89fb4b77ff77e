// SPDX-License-Identifier: MPL-2.0

// A signed-in IMAP session that comes back by itself (RFC 9051; RFC 3501): it
// lists, selects, searches, fetches, appends and waits for news. What it has no
// function for, Run() sends.
//
//   std::unique_ptr<ImapSession> session =
//       ImapSession::Create(services, {session_options});
//   session->Select("INBOX", [&](absl::StatusOr<MailboxInfo> mailbox) { ... });
//   StringSink body;
//   session->FetchBody(uid, "", &body, [&](auto fetched) { ... });
//
// session.h says what happens when the connection is lost.

#ifndef HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_SESSION_H_
#define HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_SESSION_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "holdfast/protocols/session/imap/imap_command.h"
#include "holdfast/protocols/session/imap/imap_data.h"
#include "holdfast/protocols/session/message_source.h"
#include "holdfast/protocols/session/session.h"
#include "holdfast/protocols/session/text_block.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct ImapSessionOptions {
  SessionOptions session;
  // What the server says that belongs to no command; also while none runs. It
  // may not destroy the session.
  std::function<void(const ImapUpdate&)> on_update = {};
  // Servers may hang up after half an hour (RFC 9051, 6.3.13: at least every 29
  // minutes).
  absl::Duration idle_renewal = absl::Minutes(28);
};

// Takes what is fetched. Errors end the connection and the fetch. It may not
// destroy the session. Thread safety: the loop's thread.
class ImapFetchSink {
 public:
  virtual ~ImapFetchSink() = default;

  // The fetch begins, perhaps again, after a lost connection: what came before
  // comes once more.
  virtual void OnStart() {}
  // `section` has `size` bytes; they come next.
  virtual absl::Status OnSection(const std::string& section, uint64_t size) = 0;
  virtual absl::Status OnBytes(absl::string_view bytes) = 0;
  // All was heard of a message, whose sections came before; it always has its
  // UID.
  virtual absl::Status OnMessage(const ImapMessage& /*message*/) {
    return absl::OkStatus();
  }
};

// Each result holds the server's answer: a refusal (NO, BAD) is one too, and
// leaves the rest empty.
struct ImapMailboxes {
  ImapAnswer answer;
  std::vector<MailboxEntry> mailboxes;
};
struct ImapMailboxStatus {
  ImapAnswer answer;
  std::map<std::string, uint64_t> items;  // "MESSAGES", in upper case
};
struct ImapUids {
  ImapAnswer answer;
  std::vector<uint32_t> uids;
};
struct ImapFetched {
  ImapAnswer answer;
  uint64_t messages = 0;
};
// RFC 4315, 3; unset where the server does not tell.
struct ImapAppended {
  ImapAnswer answer;
  std::optional<uint32_t> uid_validity;
  std::optional<uint32_t> uid;
};
struct ImapCopied {
  ImapAnswer answer;
  std::optional<uint32_t> uid_validity;  // of the mailbox copied to
  std::string from_uids;                 // "3:5", in the order of
  std::string to_uids;                   // "101:103"
};
struct ImapEnabled {
  ImapAnswer answer;
  std::vector<std::string> enabled;
};

enum class ImapStore { kAdd, kRemove, kReplace };

// Waiting for news; destroying it ends that.
class ImapIdle {
 public:
  virtual ~ImapIdle() = default;
};

// Owns its connection. Commands run one after the other, each after those
// before it. Callbacks are called once, never from inside the call; they may
// destroy the session: then no other is called. What the functions may fail
// with stands at Session::Run(); kInvalidArgument for what cannot be sent.
// Thread safety: the loop's thread.
class ImapSession {
 public:
  template <typename T>
  using Done = std::function<void(absl::StatusOr<T>)>;
  // Makes the session that runs the exchanges.
  using Factory = std::function<std::unique_ptr<Session>(SessionState*)>;

  // Services outlive the session.
  static std::unique_ptr<ImapSession> Create(Connector::Services services,
                                             ImapSessionOptions options);
  // On a session of another make; the loop is of the services.
  static std::unique_ptr<ImapSession> Create(EventLoop* loop,
                                             ImapSessionOptions options,
                                             const Factory& factory);
  virtual ~ImapSession() = default;

  virtual void Connect(Session::Done on_done) = 0;

  // Mailbox names are UTF-8. What is selected is selected again on a new
  // connection.
  virtual void Select(absl::string_view mailbox, Done<MailboxInfo> on_done) = 0;
  // Read-only.
  virtual void Examine(absl::string_view mailbox,
                       Done<MailboxInfo> on_done) = 0;
  // Those that match `pattern`, with "*" and "%" (RFC 9051, 6.3.9).
  virtual void List(absl::string_view pattern, Done<ImapMailboxes> on_done) = 0;
  // `items`: "MESSAGES", "UNSEEN", ... (RFC 9051, 6.3.11).
  virtual void Status(absl::string_view mailbox,
                      const std::vector<std::string>& items,
                      Done<ImapMailboxStatus> on_done) = 0;

  // `criteria`: ImapCommand("UNSEEN SUBJECT").String("Grüße").
  virtual void UidSearch(const ImapCommand& criteria,
                         Done<ImapUids> on_done) = 0;
  // `items`: "FLAGS", "ENVELOPE", "BODY.PEEK[HEADER]". The sink outlives the
  // command. A text that is as long as a sink likes comes in sections only;
  // all else of one message may be 1 MiB.
  virtual void UidFetch(const ImapSet& uids,
                        const std::vector<std::string>& items,
                        ImapFetchSink* sink, Done<ImapFetched> on_done) = 0;
  // One section of a message, "" for all of it, without marking it as seen. No
  // such message: none was fetched.
  virtual void FetchBody(uint32_t uid, absl::string_view section,
                         BlockSink* sink, Done<ImapFetched> on_done) = 0;

  // The message's line ends are CRLF already, and it has no NUL. `date`: when
  // it was received; unset: now.
  virtual void Append(absl::string_view mailbox,
                      const std::vector<std::string>& flags,
                      std::optional<absl::Time> date,
                      std::shared_ptr<MessageSource> message,
                      Done<ImapAppended> on_done) = 0;
  // What becomes of the flags is told as updates.
  virtual void UidStore(const ImapSet& uids, ImapStore how,
                        const std::vector<std::string>& flags,
                        Done<ImapAnswer> on_done) = 0;
  virtual void UidCopy(const ImapSet& uids, absl::string_view mailbox,
                       Done<ImapCopied> on_done) = 0;
  // RFC 6851, and RFC 4315: servers that do not know them say BAD.
  virtual void UidMove(const ImapSet& uids, absl::string_view mailbox,
                       Done<ImapCopied> on_done) = 0;
  virtual void UidExpunge(const ImapSet& uids, Done<ImapAnswer> on_done) = 0;

  // RFC 5161. What was enabled is enabled again on a new connection.
  virtual void Enable(const std::vector<std::string>& capabilities,
                      Done<ImapEnabled> on_done) = 0;
  // RFC 2177: news come as updates, as soon as there are any, until what is
  // returned is destroyed; then `on_done` is called. Commands wait meanwhile.
  [[nodiscard]] virtual std::unique_ptr<ImapIdle> Idle(
      Done<ImapAnswer> on_done) = 0;
  virtual void Noop(Done<ImapAnswer> on_done) = 0;
  // After it nothing is restored. OK if the server hung up before it answered.
  virtual void Logout(Session::Done on_done) = 0;

  // Any other command, but none that selects or enables something: that could
  // not be restored. `on_loss` as in ImapExchange. `on_untagged` is given the
  // untagged responses; they are told as updates too.
  virtual void Run(const ImapCommand& command, OnLoss on_loss,
                   std::function<void(absl::string_view)> on_untagged,
                   Done<ImapAnswer> on_done) = 0;

  // For Close(), PauseReading(), capabilities() and the like.
  virtual Session& session() = 0;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_SESSION_H_
