// A session as C has it: what it works with, the session of its protocol, and
// how a command of that becomes an operation.
//
//   holdfast_operation* holdfast_imap_noop(holdfast_session* session) {
//     return Command<ImapSession>(
//         session, {}, [](ImapSession& imap, holdfast_operation& operation) {
//           imap.Noop(Ending{operation.progress});
//         });
//   }

#ifndef HOLDFAST_CLIENT_C_SESSION_H_
#define HOLDFAST_CLIENT_C_SESSION_H_

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "holdfast/client/c/client.h"
#include "holdfast/client/c/credentials.h"
#include "holdfast/client/c/error.h"
#include "holdfast/client/c/operation.h"
#include "holdfast/core/base/cancellation.h"
#include "holdfast/holdfast.h"
#include "holdfast/protocols/session/imap/imap_session.h"
#include "holdfast/protocols/session/nntp_session.h"
#include "holdfast/protocols/session/pop3_session.h"
#include "holdfast/protocols/session/smtp_session.h"
#include "nlohmann/json.hpp"

namespace holdfast::c {

// Thread safety: the loop's thread, but for what is said.
class SessionWork {
 public:
  // `credentials` may be null. Errors: those of the client's.
  static absl::StatusOr<std::shared_ptr<SessionWork>> Create(
      std::unique_ptr<Network> network, const Target& target,
      const holdfast_credentials* credentials);

  // Null if the target's protocol is another.
  template <typename Typed>
  Typed* Get() const {
    const auto* typed = std::get_if<std::unique_ptr<Typed>>(&typed_);
    return typed == nullptr ? nullptr : typed->get();
  }
  Session& session() const;
  void Connect(Session::Done on_done);

  // Of a new operation, which ends with the session at the latest.
  std::shared_ptr<Progress> Begin();
  // Ends all operations with kSessionClosed. Nobody's function is called from
  // then on.
  void Close();

  const Target& target() const { return target_; }
  const std::shared_ptr<Loop>& loop() const { return network_->loop; }
  // Any thread.
  Cancellation& cancellation() const { return *cancellation_; }

  // May be empty.
  std::function<void(const ImapUpdate&)> on_update;
  // Of the last connect, as it was last asked for.
  std::unique_ptr<holdfast_value> report;

 private:
  using AnySession =
      std::variant<std::unique_ptr<ImapSession>, std::unique_ptr<Pop3Session>,
                   std::unique_ptr<SmtpSession>, std::unique_ptr<NntpSession>>;

  SessionWork(std::unique_ptr<Network> network, const Target& target)
      : network_(std::move(network)), target_(target) {}
  absl::StatusOr<AnySession> Open(std::shared_ptr<CredentialsProvider> who);

  const std::unique_ptr<Network> network_;
  const Target target_;
  const std::shared_ptr<Cancellation> cancellation_ =
      std::make_shared<Cancellation>();
  std::vector<std::weak_ptr<Progress>> begun_;
  // Goes first: it uses all the rest.
  AnySession typed_;
};

// Ends an operation with what a session's callback is given. ToJson() of a
// result stands in the protocol's file.
struct Ending {
  std::shared_ptr<Progress> progress;
  // What the command uses.
  std::shared_ptr<void> kept = nullptr;

  template <typename T>
  void operator()(const absl::StatusOr<T>& result) const {
    result.ok() ? progress->Succeed(ToJson(*result))
                : progress->Fail(result.status());
  }
  void operator()(const absl::Status& status) const {
    status.ok() ? progress->Succeed(Progress::Json::object())
                : progress->Fail(status);
  }
};

// What may not be null.
struct Needed {
  const char* name;
  const void* value;
};

absl::Status InvalidArgument(absl::string_view sentence);
absl::Status NoSuchCommand(const Target& target);
absl::Status CheckNeeded(std::initializer_list<Needed> needed);
// A list that ends with NULL; NULL is an empty one.
std::vector<std::string> Texts(const char* const* texts);

template <typename T>
nlohmann::ordered_json OrNull(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

}  // namespace holdfast::c

struct holdfast_session {
  std::shared_ptr<holdfast::c::SessionWork> work;
};

namespace holdfast::c {

// Calls `begin`, which begins what ends the operation, and returns a status.
template <typename Begin>
holdfast_operation* BeginOn(holdfast_session* session,
                            std::initializer_list<Needed> needed,
                            const Begin& begin) noexcept {
  const std::shared_ptr<Loop> loop =
      session == nullptr ? nullptr : session->work->loop();
  return GuardOperation(loop, [&]() -> absl::StatusOr<holdfast_operation*> {
    if (session == nullptr) return Missing("session");
    if (absl::Status given = CheckNeeded(needed); !given.ok()) return given;
    std::unique_ptr<holdfast_operation> operation(
        new holdfast_operation{session->work->Begin()});
    absl::Status begun = begin(*session->work, *operation);
    if (!begun.ok()) return begun;
    return operation.release();
  });
}

// The same with a command of one protocol's session. `begin` may return nothing
// too.
template <typename Typed, typename Begin>
holdfast_operation* Command(holdfast_session* session,
                            std::initializer_list<Needed> needed,
                            const Begin& begin) noexcept {
  return BeginOn(
      session, needed,
      [&](SessionWork& work, holdfast_operation& operation) -> absl::Status {
        Typed* const typed = work.Get<Typed>();
        if (typed == nullptr) return NoSuchCommand(work.target());
        if constexpr (std::is_void_v<decltype(begin(*typed, operation))>) {
          begin(*typed, operation);
          return absl::OkStatus();
        } else {
          return begin(*typed, operation);
        }
      });
}

}  // namespace holdfast::c

#endif  // HOLDFAST_CLIENT_C_SESSION_H_
