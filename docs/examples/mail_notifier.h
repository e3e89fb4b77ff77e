// SPDX-License-Identifier: 0BSD

// A background notifier: new mail in many inboxes, on one thread
// (docs/clients.md).

#ifndef HOLDFAST_DOCS_EXAMPLES_MAIL_NOTIFIER_H_
#define HOLDFAST_DOCS_EXAMPLES_MAIL_NOTIFIER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/client/client.h"
#include "holdfast/protocols/session/imap/imap_session.h"

namespace holdfast::example {

// One inbox, for ever. Thread safety: the loop's thread.
class InboxWatch {
 public:
  struct Options {
    std::string target;
    std::shared_ptr<CredentialsProvider> credentials;
    // Between tries, once a session has given up; doubled each time.
    absl::Duration first_rest = absl::Minutes(5);
    absl::Duration longest_rest = absl::Hours(1);
    // Neither of these may call the watch, or destroy it. The number may be as
    // it was.
    std::function<void(uint32_t messages)> on_messages = {};
    // For the user's eyes, once each time that watching ends. Of a target that
    // cannot be read it is told before the constructor returns.
    std::function<void(const Error&)> on_trouble = {};
  };

  // The client outlives it.
  InboxWatch(Client* client, Options options);

  // Another network, or the computer has woken up: what there was is dead, and
  // what failed may work.
  void OnNetworkChanged();
  // The user has given other credentials.
  void OnUserActed();

 private:
  void Begin();
  void OnExamined(const MailboxInfo& inbox);
  // Why there is no watching now.
  void OnEnd(const Error& error);

  Client* const client_;
  const Options options_;
  absl::Duration rest_;
  bool wants_user_ = false;
  std::unique_ptr<EventLoop::Registration> resting_;
  std::unique_ptr<ImapSession> imap_;
  std::unique_ptr<ImapIdle> idle_;
};

// All inboxes. Thread safety: the loop's thread.
class MailNotifier {
 public:
  // The client outlives it.
  explicit MailNotifier(Client* client) : client_(client) {}

  InboxWatch* Add(InboxWatch::Options options);
  void OnNetworkChanged();

 private:
  Client* const client_;
  std::vector<std::unique_ptr<InboxWatch>> watches_;
};

}  // namespace holdfast::example

#endif  // HOLDFAST_DOCS_EXAMPLES_MAIL_NOTIFIER_H_
