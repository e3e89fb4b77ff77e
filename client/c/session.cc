#include "holdfast/client/c/session.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "holdfast/protocols/connect/report_json.h"

namespace holdfast::c {

absl::StatusOr<std::shared_ptr<SessionWork>> SessionWork::Create(
    std::unique_ptr<Network> network, const Target& target,
    const holdfast_credentials* credentials) {
  const std::shared_ptr<SessionWork> work(
      new SessionWork(std::move(network), target));
  absl::StatusOr<AnySession> session =
      work->Open(credentials == nullptr ? nullptr : credentials->provider);
  if (!session.ok()) return session.status();
  work->typed_ = *std::move(session);
  return work;
}

absl::StatusOr<SessionWork::AnySession> SessionWork::Open(
    std::shared_ptr<CredentialsProvider> who) {
  Client& client = *network_->client;
  switch (target_.protocol) {
    case Protocol::kImap:
      return client.OpenImap(
          target_, std::move(who),
          [this](const ImapUpdate& update) {
            // It may be replaced from inside.
            const auto tell = on_update;
            if (tell) tell(update);
          },
          cancellation_);
    case Protocol::kPop3:
      return client.OpenPop3(target_, std::move(who), cancellation_);
    case Protocol::kSmtp:
    case Protocol::kSubmission:
      return client.OpenSmtp(target_, std::move(who), cancellation_);
    case Protocol::kNntp:
      return client.OpenNntp(target_, std::move(who), cancellation_);
  }
  return NoSuchCommand(target_);
}

Session& SessionWork::session() const {
  return std::visit(
      [](const auto& typed) -> Session& { return typed->session(); }, typed_);
}

void SessionWork::Connect(Session::Done on_done) {
  std::visit([&](const auto& typed) { typed->Connect(std::move(on_done)); },
             typed_);
}

std::shared_ptr<Progress> SessionWork::Begin() {
  begun_.erase(std::remove_if(begun_.begin(), begun_.end(),
                              [](const std::weak_ptr<Progress>& begun) {
                                return begun.expired();
                              }),
               begun_.end());
  const auto progress = std::make_shared<Progress>(loop());
  begun_.push_back(progress);
  return progress;
}

void SessionWork::Close() {
  on_update = nullptr;
  for (const std::weak_ptr<Progress>& begun : begun_) {
    if (const std::shared_ptr<Progress> progress = begun.lock()) {
      progress->FailSoon(
          MakeStatus(ErrorCode::kSessionClosed, Phase::kSession, ""));
    }
  }
  session().Close();
}

absl::Status InvalidArgument(absl::string_view sentence) {
  return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSetup, sentence);
}

absl::Status NoSuchCommand(const Target& target) {
  return InvalidArgument(absl::StrCat("A session with ", target.ToString(),
                                      " has no such command."));
}

absl::Status CheckNeeded(std::initializer_list<Needed> needed) {
  for (const Needed& argument : needed) {
    if (argument.value == nullptr) return Missing(argument.name);
  }
  return absl::OkStatus();
}

std::vector<std::string> Texts(const char* const* texts) {
  std::vector<std::string> all;
  while (texts != nullptr && *texts != nullptr) all.emplace_back(*texts++);
  return all;
}

namespace {

// `read` gives the target, or says why there is none.
template <typename Read>
holdfast_session* NewSession(const holdfast_client* client, holdfast_loop* loop,
                             const holdfast_credentials* credentials,
                             holdfast_error** error,
                             const Read& read) noexcept {
  using Result = absl::StatusOr<std::unique_ptr<holdfast_session>>;
  return GuardNew<holdfast_session>(error, [&]() -> Result {
    const absl::StatusOr<Target> target = read();
    if (!target.ok()) return target.status();
    const absl::StatusOr<std::shared_ptr<Loop>> on = Loop::Of(loop);
    if (!on.ok()) return on.status();
    absl::StatusOr<std::unique_ptr<Network>> network = NewNetwork(client, *on);
    if (!network.ok()) return network.status();
    auto work = SessionWork::Create(*std::move(network), *target, credentials);
    if (!work.ok()) return work.status();
    return std::make_unique<holdfast_session>(
        holdfast_session{*std::move(work)});
  });
}

}  // namespace
}  // namespace holdfast::c

using holdfast::ConnectReport;
using holdfast::c::Ending;
using holdfast::c::Loop;
using holdfast::c::SessionWork;

holdfast_session* holdfast_session_new(const holdfast_client* client,
                                       holdfast_loop* loop, const char* target,
                                       const holdfast_credentials* credentials,
                                       holdfast_error** error) {
  return holdfast::c::NewSession(client, loop, credentials, error, [target] {
    return holdfast::c::ReadTarget(target);
  });
}

holdfast_session* holdfast_session_new_any_way(
    const holdfast_client* client, holdfast_loop* loop, int protocol,
    const char* host, const holdfast_credentials* credentials,
    holdfast_error** error) {
  return holdfast::c::NewSession(client, loop, credentials, error, [=] {
    return holdfast::c::ReadHost(protocol, host);
  });
}

void holdfast_session_free(holdfast_session* session) {
  if (session == nullptr) return;
  holdfast::c::GuardValue(0, [session] {
    session->work->Close();
    const std::shared_ptr<Loop> loop = session->work->loop();
    loop->DropLater(std::move(session->work));
    return 0;
  });
  delete session;
}

void holdfast_session_cancel(holdfast_session* session) {
  if (session == nullptr) return;
  holdfast::c::GuardValue(0, [session] {
    session->work->cancellation().Cancel();
    return 0;
  });
}

int holdfast_session_connected(const holdfast_session* session) {
  return session != nullptr && session->work->session().connected() ? 1 : 0;
}

const holdfast_value* holdfast_session_report(holdfast_session* session) {
  if (session == nullptr) return nullptr;
  return holdfast::c::GuardValue<const holdfast_value*>(
      nullptr, [&work = *session->work]() -> const holdfast_value* {
        const ConnectReport* const report = work.session().report();
        if (report == nullptr) return nullptr;
        work.report = std::make_unique<holdfast_value>(
            holdfast::ConnectReportJson(*report));
        return work.report.get();
      });
}

const char* holdfast_session_capability(const holdfast_session* session,
                                        size_t index) {
  if (session == nullptr) return nullptr;
  const std::vector<std::string>& list =
      session->work->session().capabilities();
  return index < list.size() ? list[index].c_str() : nullptr;
}

holdfast_operation* holdfast_session_connect(holdfast_session* session) {
  return holdfast::c::BeginOn(
      session, {}, [](SessionWork& work, holdfast_operation& operation) {
        work.Connect(Ending{operation.progress});
        return absl::OkStatus();
      });
}
