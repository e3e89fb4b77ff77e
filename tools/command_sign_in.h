// Signing in as the options of `holdfast connect` say.

#ifndef HOLDFAST_TOOLS_COMMAND_SIGN_IN_H_
#define HOLDFAST_TOOLS_COMMAND_SIGN_IN_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "holdfast/core/base/event_log.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/dialogue/protocol.h"
#include "holdfast/protocols/sign_in/sign_in.h"
#include "holdfast/tools/report.h"

namespace holdfast {

struct SignInArguments {
  std::string user;              // --user
  std::string password_file;     // --password-file; "-": standard input
  std::string password_command;  // --password-command
  std::string token_command;     // --oauth-token-command
  std::string mechanism;         // --auth; empty: the strongest

  bool wanted() const { return !user.empty() || !mechanism.empty(); }
};
void AddSignInOptions(CLI::App* app, SignInArguments* arguments);

// What else the command was told, which not every way to sign in goes with.
struct SignInCircumstances {
  bool has_client_certificate = false;
  bool is_session = false;  // standard input belongs to it
};
// Throws CLI::ValidationError for options that do not go together.
void CheckSignInArguments(const SignInArguments& arguments,
                          const SignInCircumstances& circumstances);

// Thread safety: the loop's thread.
class CommandSignIn {
 public:
  struct Result {
    Authentication authentication;
    std::optional<Error> error;  // unset: signed in
    // The server may be taken leave of in its protocol's words.
    bool in_order = true;
    // What the server says that it can do now; empty: it did not say.
    std::vector<std::string> capabilities;
    // What the session is to begin with.
    std::string greeting;
    // For a log; see SignInEvent().
    std::optional<Event> event;
  };

  // Reads the password's file, whose dangers are told on standard error.
  // Errors: kCredentialsUnreadable.
  static absl::StatusOr<std::unique_ptr<CommandSignIn>> Prepare(
      const SignInArguments& arguments, bool has_client_certificate,
      bool quiet);

  virtual ~CommandSignIn() = default;

  // For the connect before Start(), which then takes the fewest round trips;
  // nullopt if it could not begin to sign in.
  virtual std::optional<SignInRequest> ForConnect(Protocol protocol) = 0;

  // Signs in on what `connected` holds. Calls `on_done` once, after `limit` at
  // the latest, never from inside this call. Commands for the password run only
  // now. Loop and connection outlive it.
  virtual void Start(EventLoop* loop, ConnectResult* connected,
                     Protocol protocol, absl::Duration limit,
                     std::function<void(Result)> on_done) = 0;
  // Ends it at once with kCancelled, and whatever command of the user's runs.
  // Nothing happens if it has ended, or not begun.
  virtual void Cancel() = 0;
};

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_COMMAND_SIGN_IN_H_
