// A command of the user's that prints a secret: a password manager's, or what
// fetches a token.

#ifndef HOLDFAST_TOOLS_SECRET_COMMAND_H_
#define HOLDFAST_TOOLS_SECRET_COMMAND_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/secret_string.h"

namespace holdfast {

// The first line of `text`, without its line end.
absl::string_view FirstLine(absl::string_view text);

// Destroying it ends the command. Thread safety: the loop's thread.
class SecretCommand {
 public:
  // Runs `command` by /bin/sh, and calls `on_done` once, never from inside this
  // call, with the first line that it wrote. Its standard input is empty, its
  // standard error ours, or nowhere if `quiet`. Errors: kCredentialsUnreadable,
  // also if it ends with another status than 0.
  [[nodiscard]] static std::unique_ptr<SecretCommand> Start(
      EventLoop* loop, const std::string& command, bool quiet,
      std::function<void(absl::StatusOr<SecretString>)> on_done);

  virtual ~SecretCommand() = default;
};

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_SECRET_COMMAND_H_
