// SPDX-License-Identifier: 0BSD

#include "mail_notifier.h"

#include <algorithm>
#include <utility>

namespace holdfast::example {
namespace {

Error Refusal(const ImapAnswer& answer) {
  Error error = MakeError(ErrorCode::kUnexpectedResponse, Phase::kSession,
                          "The server does not let us watch the inbox.");
  error.server_text = answer.text;
  return error;
}

}  // namespace

InboxWatch::InboxWatch(Client* client, Options options)
    : client_(client),
      options_(std::move(options)),
      rest_(options_.first_rest) {
  Begin();
}

void InboxWatch::Begin() {
  resting_.reset();
  idle_.reset();
  auto imap = client_->OpenImap(
      options_.target, options_.credentials, [this](const ImapUpdate& update) {
        // What has come while the connection was lost, too.
        const bool is_news = update.kind == ImapUpdate::Kind::kExists ||
                             update.kind == ImapUpdate::Kind::kRestored;
        if (is_news && idle_ != nullptr) options_.on_messages(update.number);
      });
  if (!imap.ok()) return OnEnd(ErrorFromStatus(imap.status()));
  imap_ = *std::move(imap);
  imap_->Examine("INBOX", [this](absl::StatusOr<MailboxInfo> inbox) {
    if (!inbox.ok()) return OnEnd(ErrorFromStatus(inbox.status()));
    if (!inbox->answer.ok()) return OnEnd(Refusal(inbox->answer));
    OnExamined(*inbox);
  });
}

void InboxWatch::OnExamined(const MailboxInfo& inbox) {
  rest_ = options_.first_rest;
  options_.on_messages(inbox.exists);
  idle_ = imap_->Idle([this](absl::StatusOr<ImapAnswer> end) {
    OnEnd(end.ok() ? Refusal(*end) : ErrorFromStatus(end.status()));
  });
}

// If it may pass, the session has dialled as often as its policy lets it.
void InboxWatch::OnEnd(const Error& error) {
  options_.on_trouble(error);
  const bool may_pass =
      MayPass(error) || error.code == ErrorCode::kMailboxChanged;
  // A wrong password, given again and again, locks the account.
  wants_user_ = !may_pass && error.category() == ErrorCategory::kAuthentication;
  if (!may_pass) return;
  resting_ = client_->loop()->StartTimer(rest_, [this] { Begin(); });
  rest_ = std::min(rest_ * 2, options_.longest_rest);
}

void InboxWatch::OnNetworkChanged() {
  rest_ = options_.first_rest;
  if (!wants_user_) Begin();
}

void InboxWatch::OnUserActed() {
  wants_user_ = false;
  Begin();
}

InboxWatch* MailNotifier::Add(InboxWatch::Options options) {
  watches_.push_back(std::make_unique<InboxWatch>(client_, std::move(options)));
  return watches_.back().get();
}

void MailNotifier::OnNetworkChanged() {
  for (const auto& watch : watches_) watch->OnNetworkChanged();
}

}  // namespace holdfast::example
