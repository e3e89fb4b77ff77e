#include "holdfast/protocols/session/imap/imap_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/weak_handle.h"
#include "holdfast/protocols/session/imap/imap_exchange.h"
#include "holdfast/protocols/session/imap/imap_handlers.h"

namespace holdfast {
namespace {

// The mailbox that is selected.
struct Selected {
  std::string name;
  bool examined;  // read-only, as the client asked
  uint32_t uid_validity;
};

ImapCommand SelectCommand(absl::string_view name, bool examine) {
  return ImapCommand(examine ? "EXAMINE" : "SELECT").Mailbox(name);
}

ImapCommand EnableCommand(const std::vector<std::string>& capabilities) {
  ImapCommand command("ENABLE");
  for (const std::string& capability : capabilities) command.Words(capability);
  return command;
}

absl::string_view StoreItem(ImapStore how) {
  switch (how) {
    case ImapStore::kAdd:
      return "+FLAGS";
    case ImapStore::kRemove:
      return "-FLAGS";
    case ImapStore::kReplace:
      return "FLAGS";
  }
  return "";
}

// The one section that was asked for.
class BodySink final : public ImapFetchSink {
 public:
  explicit BodySink(BlockSink* sink) : sink_(sink) {}

  void OnStart() override { sink_->Begin(); }
  absl::Status OnSection(const std::string&, uint64_t size) override {
    sink_->OnSize(size);
    return absl::OkStatus();
  }
  absl::Status OnBytes(absl::string_view bytes) override {
    return sink_->Add(bytes);
  }

 private:
  BlockSink* const sink_;
};

// An exchange, and who collects what it brings.
template <typename Handler>
struct Restoring {
  std::shared_ptr<Handler> handler;
  std::shared_ptr<ImapExchange> exchange;  // null: nothing to restore
};

class ImapSessionImpl final : public ImapSession, private SessionState {
 public:
  ImapSessionImpl(EventLoop* loop, ImapSessionOptions options)
      : loop_(loop), options_(std::move(options)) {
    stream_.on_unasked = [this](absl::string_view text) {
      return OnUpdate(text);
    };
  }
  void MakeSession(const Factory& factory) { session_ = factory(this); }

  void Connect(Session::Done on_done) override {
    session_->Connect(std::move(on_done));
  }
  void Select(absl::string_view mailbox, Done<MailboxInfo> on_done) override {
    DoSelect(std::string(mailbox), false, std::move(on_done));
  }
  void Examine(absl::string_view mailbox, Done<MailboxInfo> on_done) override {
    DoSelect(std::string(mailbox), true, std::move(on_done));
  }
  void List(absl::string_view pattern, Done<ImapMailboxes> on_done) override;
  void Status(absl::string_view mailbox, const std::vector<std::string>& items,
              Done<ImapMailboxStatus> on_done) override;
  void UidSearch(const ImapCommand& criteria, Done<ImapUids> on_done) override;
  void UidFetch(const ImapSet& uids, const std::vector<std::string>& items,
                ImapFetchSink* sink, Done<ImapFetched> on_done) override;
  void FetchBody(uint32_t uid, absl::string_view section, BlockSink* sink,
                 Done<ImapFetched> on_done) override;
  void Append(absl::string_view mailbox, const std::vector<std::string>& flags,
              std::optional<absl::Time> date,
              std::shared_ptr<MessageSource> message,
              Done<ImapAppended> on_done) override;
  void UidStore(const ImapSet& uids, ImapStore how,
                const std::vector<std::string>& flags,
                Done<ImapAnswer> on_done) override;
  void UidCopy(const ImapSet& uids, absl::string_view mailbox,
               Done<ImapCopied> on_done) override {
    Copy("UID COPY", uids, mailbox, std::move(on_done));
  }
  void UidMove(const ImapSet& uids, absl::string_view mailbox,
               Done<ImapCopied> on_done) override {
    Copy("UID MOVE", uids, mailbox, std::move(on_done));
  }
  void UidExpunge(const ImapSet& uids, Done<ImapAnswer> on_done) override;
  void Enable(const std::vector<std::string>& capabilities,
              Done<ImapEnabled> on_done) override;
  std::unique_ptr<ImapIdle> Idle(Done<ImapAnswer> on_done) override;
  void Noop(Done<ImapAnswer> on_done) override {
    Run(ImapCommand("NOOP"), OnLoss::kRepeat, nullptr, std::move(on_done));
  }
  void Logout(Session::Done on_done) override;
  void Run(const ImapCommand& command, OnLoss on_loss,
           std::function<void(absl::string_view)> on_untagged,
           Done<ImapAnswer> on_done) override;
  Session& session() override { return *session_; }

 private:
  struct IdleState;
  class IdleHandle;

  std::shared_ptr<Exchange> NextRestoring() override;
  absl::Status Restored() override;
  absl::StatusOr<size_t> OnUnasked(absl::string_view bytes) override {
    return stream_.TakeUnasked(bytes);
  }
  void OnLost() override;

  absl::Status EnableRestored();
  absl::Status SelectRestored();
  void Forget();

  absl::Status OnUpdate(absl::string_view text);
  void Tell(const ImapUpdate& update) {
    if (options_.on_update) options_.on_update(update);
  }

  void DoSelect(std::string mailbox, bool examine, Done<MailboxInfo> on_done);
  void Copy(absl::string_view words, const ImapSet& uids,
            absl::string_view mailbox, Done<ImapCopied> on_done);
  void BeginIdle(const std::shared_ptr<IdleState>& idle);
  void OnIdleDone(const std::shared_ptr<IdleState>& idle, absl::Status status);

  // Runs `command`, and gives what `handler` has collected.
  template <typename Result>
  void Collect(ImapCommand command, OnLoss on_loss,
               std::shared_ptr<ImapCollector<Result>> handler,
               Done<Result> on_done);

  EventLoop* const loop_;
  const ImapSessionOptions options_;
  ImapStream stream_;

  std::optional<Selected> selected_;
  std::vector<std::string> enabled_;
  Restoring<ImapEnableHandler> enabling_;
  Restoring<ImapSelectHandler> selecting_;
  const WeakOwner<ImapSessionImpl> weak_{this};

  // Goes first: it uses all the rest.
  std::unique_ptr<Session> session_;
};

template <typename Result>
void ImapSessionImpl::Collect(ImapCommand command, OnLoss on_loss,
                              std::shared_ptr<ImapCollector<Result>> handler,
                              Done<Result> on_done) {
  auto exchange = std::make_shared<ImapExchange>(&stream_, std::move(command),
                                                 on_loss, handler);
  session_->Run(exchange, [exchange, handler, on_done = std::move(on_done)](
                              const absl::Status& status) {
    if (!status.ok()) return on_done(status);
    on_done(handler->Finish(exchange->answer()));
  });
}

void ImapSessionImpl::Run(const ImapCommand& command, OnLoss on_loss,
                          std::function<void(absl::string_view)> on_untagged,
                          Done<ImapAnswer> on_done) {
  auto exchange = std::make_shared<ImapExchange>(
      &stream_, command, on_loss,
      std::make_shared<ImapListener>(nullptr, std::move(on_untagged)));
  session_->Run(exchange, [exchange, on_done = std::move(on_done)](
                              const absl::Status& status) {
    if (!status.ok()) return on_done(status);
    on_done(exchange->answer());
  });
}

// From the moment that another mailbox is asked for, none is selected until the
// server agrees (RFC 9051, 6.3.2).
void ImapSessionImpl::DoSelect(std::string mailbox, bool examine,
                               Done<MailboxInfo> on_done) {
  Collect<MailboxInfo>(
      SelectCommand(mailbox, examine), OnLoss::kRepeat,
      std::make_shared<ImapSelectHandler>([this] { selected_.reset(); }),
      [this, mailbox, examine,
       on_done = std::move(on_done)](absl::StatusOr<MailboxInfo> info) {
        if (info.ok() && info->answer.ok()) {
          selected_ = Selected{mailbox, examine, info->uid_validity};
        }
        on_done(std::move(info));
      });
}

void ImapSessionImpl::Enable(const std::vector<std::string>& capabilities,
                             Done<ImapEnabled> on_done) {
  Collect<ImapEnabled>(
      EnableCommand(capabilities), OnLoss::kRepeat,
      std::make_shared<ImapEnableHandler>(&stream_),
      [this, on_done = std::move(on_done)](absl::StatusOr<ImapEnabled> result) {
        if (result.ok()) {
          enabled_.insert(enabled_.end(), result->enabled.begin(),
                          result->enabled.end());
        }
        on_done(std::move(result));
      });
}

std::shared_ptr<Exchange> ImapSessionImpl::NextRestoring() {
  if (enabling_.exchange == nullptr && !enabled_.empty()) {
    enabling_.handler = std::make_shared<ImapEnableHandler>(&stream_);
    enabling_.exchange = std::make_shared<ImapExchange>(
        &stream_, EnableCommand(enabled_), OnLoss::kRepeat, enabling_.handler);
    return enabling_.exchange;
  }
  if (selecting_.exchange == nullptr && selected_) {
    selecting_.handler = std::make_shared<ImapSelectHandler>(nullptr);
    selecting_.exchange = std::make_shared<ImapExchange>(
        &stream_, SelectCommand(selected_->name, selected_->examined),
        OnLoss::kRepeat, selecting_.handler);
    return selecting_.exchange;
  }
  return nullptr;
}

absl::Status ImapSessionImpl::Restored() {
  const absl::Status enabled = EnableRestored();
  const absl::Status selected = SelectRestored();
  return enabled.ok() ? selected : enabled;
}

absl::Status ImapSessionImpl::EnableRestored() {
  if (enabling_.exchange == nullptr) return absl::OkStatus();
  const ImapAnswer& answer = enabling_.exchange->answer();
  const std::vector<std::string> wanted = std::move(enabled_);
  enabled_ = enabling_.handler->Finish(answer).enabled;
  for (const std::string& name : wanted) {
    const bool back = std::any_of(
        enabled_.begin(), enabled_.end(), [&name](const std::string& enabled) {
          return absl::EqualsIgnoreCase(enabled, name);
        });
    if (back) continue;
    Error error = MakeError(ErrorCode::kStateNotRestored, Phase::kSession);
    error.server_text = answer.text;
    return ToStatus(error);
  }
  return absl::OkStatus();
}

absl::Status ImapSessionImpl::SelectRestored() {
  if (selecting_.exchange == nullptr) return absl::OkStatus();
  const MailboxInfo info =
      selecting_.handler->Finish(selecting_.exchange->answer());
  if (!info.answer.ok()) {
    selected_.reset();
    Error error = MakeError(ErrorCode::kStateNotRestored, Phase::kSession);
    error.server_text = info.answer.text;
    return ToStatus(error);
  }
  ImapUpdate update;
  update.kind = ImapUpdate::Kind::kRestored;
  update.number = info.exists;
  Tell(update);
  const uint32_t before =
      std::exchange(selected_->uid_validity, info.uid_validity);
  return before == info.uid_validity
             ? absl::OkStatus()
             : MakeStatus(ErrorCode::kMailboxChanged, Phase::kSession, "");
}

void ImapSessionImpl::OnLost() {
  stream_.Reset();
  enabling_ = {};
  selecting_ = {};
}

void ImapSessionImpl::Forget() {
  selected_.reset();
  enabled_.clear();
}

absl::Status ImapSessionImpl::OnUpdate(absl::string_view text) {
  const std::optional<ImapUpdate> update = ParseImapUpdate(text);
  if (!update) return UnexpectedImapResponse(text);
  Tell(*update);
  return absl::OkStatus();
}

void ImapSessionImpl::List(absl::string_view pattern,
                           Done<ImapMailboxes> on_done) {
  Collect<ImapMailboxes>(
      ImapCommand("LIST \"\"").Mailbox(pattern), OnLoss::kRepeat,
      std::make_shared<ImapListHandler>(&stream_), std::move(on_done));
}

void ImapSessionImpl::Status(absl::string_view mailbox,
                             const std::vector<std::string>& items,
                             Done<ImapMailboxStatus> on_done) {
  Collect<ImapMailboxStatus>(
      ImapCommand("STATUS").Mailbox(mailbox).List(items), OnLoss::kRepeat,
      std::make_shared<ImapStatusHandler>(), std::move(on_done));
}

void ImapSessionImpl::UidSearch(const ImapCommand& criteria,
                                Done<ImapUids> on_done) {
  Collect<ImapUids>(ImapCommand("UID SEARCH").Charset().Append(criteria),
                    OnLoss::kRepeat, std::make_shared<ImapSearchHandler>(),
                    std::move(on_done));
}

void ImapSessionImpl::UidFetch(const ImapSet& uids,
                               const std::vector<std::string>& items,
                               ImapFetchSink* sink, Done<ImapFetched> on_done) {
  const std::string words = absl::StrCat("(", absl::StrJoin(items, " "),
                                         items.empty() ? "" : " ", "UID)");
  Collect<ImapFetched>(ImapCommand("UID FETCH").Words(uids.text()).Words(words),
                       OnLoss::kRepeat,
                       std::make_shared<ImapFetchHandler>(sink, std::nullopt),
                       std::move(on_done));
}

void ImapSessionImpl::FetchBody(uint32_t uid, absl::string_view section,
                                BlockSink* sink, Done<ImapFetched> on_done) {
  const std::string words =
      absl::StrCat(uid, " (UID BODY.PEEK[", section, "])");
  const auto body = std::make_shared<BodySink>(sink);
  Collect<ImapFetched>(
      ImapCommand("UID FETCH").Words(words), OnLoss::kRepeat,
      std::make_shared<ImapFetchHandler>(body.get(), uid),
      [body, on_done = std::move(on_done)](absl::StatusOr<ImapFetched> result) {
        on_done(std::move(result));
      });
}

void ImapSessionImpl::Append(absl::string_view mailbox,
                             const std::vector<std::string>& flags,
                             std::optional<absl::Time> date,
                             std::shared_ptr<MessageSource> message,
                             Done<ImapAppended> on_done) {
  ImapCommand command = ImapCommand("APPEND").Mailbox(mailbox).List(flags);
  if (date) {
    command.String(absl::FormatTime("%d-%b-%Y %H:%M:%S +0000", *date,
                                    absl::UTCTimeZone()));
  }
  Collect<ImapAppended>(command.Message(std::move(message)), OnLoss::kUnknown,
                        std::make_shared<ImapAppendHandler>(),
                        std::move(on_done));
}

void ImapSessionImpl::UidStore(const ImapSet& uids, ImapStore how,
                               const std::vector<std::string>& flags,
                               Done<ImapAnswer> on_done) {
  Run(ImapCommand("UID STORE")
          .Words(uids.text())
          .Words(StoreItem(how))
          .List(flags),
      OnLoss::kUnknown, nullptr, std::move(on_done));
}

void ImapSessionImpl::Copy(absl::string_view words, const ImapSet& uids,
                           absl::string_view mailbox,
                           Done<ImapCopied> on_done) {
  Collect<ImapCopied>(ImapCommand(words).Words(uids.text()).Mailbox(mailbox),
                      OnLoss::kUnknown, std::make_shared<ImapCopyHandler>(),
                      std::move(on_done));
}

void ImapSessionImpl::UidExpunge(const ImapSet& uids,
                                 Done<ImapAnswer> on_done) {
  Run(ImapCommand("UID EXPUNGE").Words(uids.text()), OnLoss::kUnknown, nullptr,
      std::move(on_done));
}

void ImapSessionImpl::Logout(Session::Done on_done) {
  const auto exchange = std::make_shared<ImapExchange>(
      &stream_, ImapCommand("LOGOUT"), OnLoss::kDone,
      std::make_shared<ImapListener>([this] { Forget(); }, nullptr));
  session_->Run(exchange, std::move(on_done));
}

// One call of Idle(): commands that follow one another, so that none is older
// than the server allows.
struct ImapSessionImpl::IdleState {
  // A callback that destroys the session still holds the state.
  WeakHandle<ImapSessionImpl> session;
  Done<ImapAnswer> on_done;
  std::shared_ptr<ImapExchange> exchange;  // the present one
  std::unique_ptr<EventLoop::Registration> timer;
  bool renewing = false;  // the present one ends for the next one's sake
  bool ended = false;

  void EndCommand() const {
    exchange->End();
    if (const auto* const present = session.get()) present->session_->Wake();
  }
};

// The session's queue owns the state: it may be gone first.
class ImapSessionImpl::IdleHandle final : public ImapIdle {
 public:
  explicit IdleHandle(const std::shared_ptr<IdleState>& state)
      : state_(state) {}
  ~IdleHandle() override {
    const std::shared_ptr<IdleState> state = state_.lock();
    if (state == nullptr) return;
    state->ended = true;
    state->EndCommand();
  }

 private:
  const std::weak_ptr<IdleState> state_;
};

std::unique_ptr<ImapIdle> ImapSessionImpl::Idle(Done<ImapAnswer> on_done) {
  const auto idle = std::make_shared<IdleState>();
  idle->session = weak_.handle();
  idle->on_done = std::move(on_done);
  BeginIdle(idle);
  return std::make_unique<IdleHandle>(idle);
}

void ImapSessionImpl::BeginIdle(const std::shared_ptr<IdleState>& idle) {
  const auto on_start = [this, state = std::weak_ptr<IdleState>(idle)] {
    IdleState* const present = state.lock().get();
    present->timer = loop_->StartTimer(options_.idle_renewal, [present] {
      present->renewing = true;
      present->EndCommand();
    });
  };
  idle->renewing = false;
  idle->exchange = std::make_shared<ImapExchange>(
      &stream_, ImapCommand("IDLE").UntilEnded("DONE"), OnLoss::kRepeat,
      std::make_shared<ImapListener>(on_start, nullptr));
  idle->exchange->set_waiting_patience(options_.idle_renewal +
                                       options_.session.patience);
  session_->Run(idle->exchange, [this, idle](absl::Status status) {
    OnIdleDone(idle, std::move(status));
  });
}

void ImapSessionImpl::OnIdleDone(const std::shared_ptr<IdleState>& idle,
                                 absl::Status status) {
  idle->timer.reset();
  if (status.ok() && idle->renewing && !idle->ended &&
      idle->exchange->answer().ok()) {
    return BeginIdle(idle);
  }
  const Done<ImapAnswer> on_done = std::move(idle->on_done);
  if (!status.ok()) return on_done(status);
  on_done(idle->exchange->answer());
}

}  // namespace

std::unique_ptr<ImapSession> ImapSession::Create(Connector::Services services,
                                                 ImapSessionOptions options) {
  EventLoop* const loop = services.loop;
  const SessionOptions session = options.session;
  return Create(loop, std::move(options), [&](SessionState* state) {
    return Session::Create(std::move(services), session, state);
  });
}

std::unique_ptr<ImapSession> ImapSession::Create(EventLoop* loop,
                                                 ImapSessionOptions options,
                                                 const Factory& factory) {
  auto session = std::make_unique<ImapSessionImpl>(loop, std::move(options));
  session->MakeSession(factory);
  return session;
}

}  // namespace holdfast
