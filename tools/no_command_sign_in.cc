// In place of command_sign_in.cc in a build without HOLDFAST_SASL: there are no
// options to sign in with, so that nobody asks for it.

#include "core/error.h"
#include "tools/command_sign_in.h"

namespace holdfast {

void AddSignInOptions(CLI::App*, SignInArguments*) {}

void CheckSignInArguments(const SignInArguments&, const SignInCircumstances&) {}

absl::StatusOr<std::unique_ptr<CommandSignIn>> CommandSignIn::Prepare(
    const SignInArguments&, bool, bool) {
  return MakeStatus(ErrorCode::kInternal, Phase::kSetup,
                    "This build cannot sign in.");
}

}  // namespace holdfast
