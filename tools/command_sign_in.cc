#include "holdfast/tools/command_sign_in.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/secret_file.h"
#include "holdfast/tools/secret_command.h"

namespace holdfast {
namespace {

// What the options name, when the gate lets somebody ask for it.
class ArgumentsProvider final : public CredentialsProvider {
 public:
  ArgumentsProvider(SignInArguments arguments, SecretString password,
                    bool has_client_certificate, bool quiet)
      : arguments_(std::move(arguments)),
        password_(std::move(password)),
        has_client_certificate_(has_client_certificate),
        quiet_(quiet) {}

  void set_loop(EventLoop* loop) { loop_ = loop; }
  // Nobody else has to be asked.
  bool answers_at_once() const {
    return arguments_.password_command.empty() &&
           arguments_.token_command.empty();
  }
  // A command of the user's runs.
  bool is_waiting() const { return command_ != nullptr; }
  void Stop() { command_.reset(); }

  bool Has(CredentialKind kind) const override {
    switch (kind) {
      case CredentialKind::kNone:
        // Never because nothing better fits.
        return ParseSaslMechanism(arguments_.mechanism) ==
               SaslMechanism::kAnonymous;
      case CredentialKind::kPassword:
        return !arguments_.password_file.empty() ||
               !arguments_.password_command.empty();
      case CredentialKind::kToken:
        return !arguments_.token_command.empty();
      case CredentialKind::kCertificate:
        return has_client_certificate_;
    }
    return false;
  }

 private:
  void Ask(const CredentialsRequest& request, Answer answer) override {
    const bool is_first = request.reason == CredentialsRequest::Reason::kFirst;
    // A token that has expired can be replaced, once. The same password again
    // would only lock the account.
    const bool may_renew =
        request.reason == CredentialsRequest::Reason::kExpired &&
        request.kind == CredentialKind::kToken &&
        !std::exchange(renewed_, true);
    if (!is_first && !may_renew) {
      Error refused =
          MakeError(ErrorCode::kAuthenticationRefused, Phase::kSession);
      refused.server_text = request.server_text;
      return answer(ToStatus(refused));
    }
    switch (request.kind) {
      case CredentialKind::kNone:
        return answer(Credentials{arguments_.user, SecretString()});
      case CredentialKind::kCertificate:
        return answer(Credentials{"", SecretString(), arguments_.user});
      case CredentialKind::kPassword:
        if (arguments_.password_command.empty()) {
          return answer(Credentials{arguments_.user, password_.Copy()});
        }
        return Run(arguments_.password_command, std::move(answer));
      case CredentialKind::kToken:
        return Run(arguments_.token_command, std::move(answer));
    }
  }

  void Run(const std::string& command, Answer answer) {
    command_ = SecretCommand::Start(
        loop_, command, quiet_,
        [this, answer](absl::StatusOr<SecretString> secret) {
          const auto ended = std::move(command_);
          if (!secret.ok()) return answer(secret.status());
          answer(Credentials{arguments_.user, *std::move(secret)});
        });
  }

  const SignInArguments arguments_;
  const SecretString password_;  // of the file
  const bool has_client_certificate_;
  const bool quiet_;
  EventLoop* loop_ = nullptr;
  std::unique_ptr<SecretCommand> command_;
  bool renewed_ = false;
};

// After these the connection is as it was (sign_in.h); the last one comes
// before anything is sent.
bool LeavesConnectionInOrder(const Error& error) {
  return error.code == ErrorCode::kNoCommonMechanism ||
         error.code == ErrorCode::kUnprotectedCredentials ||
         error.code == ErrorCode::kAuthenticationRefused ||
         error.code == ErrorCode::kCredentialsUnreadable;
}

// What a client that finds the session signed in is to hear first (RFC 9051,
// 7.1.4). The other protocols have no word for it: there it is the server's
// greeting, but that POP3's would offer APOP by its timestamp (RFC 1939, 7).
std::string GreetingAfter(const SignInResult& result,
                          const Connection& connection, Protocol protocol) {
  switch (protocol) {
    case Protocol::kImap:
      if (absl::StartsWithIgnoreCase(connection.greeting(), "* PREAUTH")) break;
      return absl::StrCat(
          "* PREAUTH ",
          result.capabilities.empty()
              ? ""
              : absl::StrCat("[CAPABILITY ",
                             absl::StrJoin(result.capabilities, " "), "] "),
          "signed in");
    case Protocol::kPop3:
      return "+OK signed in";
    case Protocol::kSmtp:
    case Protocol::kSubmission:
    case Protocol::kNntp:
      break;
  }
  return connection.greeting();
}

class CommandSignInImpl final : public CommandSignIn {
 public:
  CommandSignInImpl(const SignInArguments& arguments, SecretString password,
                    bool has_client_certificate, bool quiet)
      : user_(arguments.user),
        mechanism_(ParseSaslMechanism(arguments.mechanism)),
        provider_(arguments, std::move(password), has_client_certificate,
                  quiet) {}

  // What the strongest mechanism is, only the server's list can say; and a
  // command is not to run for each of several attempts.
  std::optional<SignInRequest> ForConnect(Protocol protocol) override {
    if (!mechanism_ || !provider_.answers_at_once()) return std::nullopt;
    return SignInRequest{&provider_, OptionsFor(protocol)};
  }

  void Start(EventLoop* loop, ConnectResult* connected, Protocol protocol,
             absl::Duration limit,
             std::function<void(Result)> on_done) override {
    connection_ = connected->connection.get();
    protocol_ = protocol;
    on_done_ = std::move(on_done);
    provider_.set_loop(loop);
    sign_in_ = SignIn::Start(
        loop, connection_, &provider_, OptionsFor(protocol),
        [this](SignInResult result) { Finish(std::move(result)); },
        std::move(connected->begun_sign_in));
    deadline_ = loop->StartTimer(limit, [this] { OnDeadline(); });
  }

  void Cancel() override { Abandon(ErrorCode::kCancelled); }

 private:
  SignInOptions OptionsFor(Protocol protocol) const {
    return {protocol, mechanism_};
  }

  void OnDeadline() {
    if (!provider_.is_waiting()) return Abandon(ErrorCode::kResponseTimedOut);
    Abandon(ErrorCode::kCredentialsUnreadable,
            "The command for the password or token did not end in time.");
  }

  void Abandon(ErrorCode code, absl::string_view message = "") {
    if (sign_in_ == nullptr) return;
    sign_in_.reset();
    SignInResult result;
    result.error = MakeError(code, Phase::kSession, message);
    Finish(std::move(result));
  }

  void Finish(SignInResult signed_in) {
    deadline_.reset();
    provider_.Stop();
    Result result;
    result.authentication.user = user_;
    if (signed_in.mechanism) {
      result.authentication.mechanism =
          std::string(SaslMechanismName(*signed_in.mechanism));
    }
    result.event = SignInEvent(signed_in, absl::ZeroDuration());
    result.authentication.tries = signed_in.tries;
    result.authentication.round_trips = signed_in.round_trips;
    result.greeting = GreetingAfter(signed_in, *connection_, protocol_);
    result.capabilities = std::move(signed_in.capabilities);
    result.in_order =
        !signed_in.error || LeavesConnectionInOrder(*signed_in.error);
    result.error = std::move(signed_in.error);
    // May destroy *this, and so the SignIn that calls.
    const auto on_done = std::move(on_done_);
    on_done(std::move(result));
  }

  const std::string user_;
  const std::optional<SaslMechanism> mechanism_;
  ArgumentsProvider provider_;
  Connection* connection_ = nullptr;
  Protocol protocol_ = Protocol::kImap;
  std::function<void(Result)> on_done_;
  std::unique_ptr<SignIn> sign_in_;
  std::unique_ptr<EventLoop::Registration> deadline_;
};

void Require(bool condition, const std::string& otherwise) {
  if (!condition) throw CLI::ValidationError(otherwise);
}

}  // namespace

void AddSignInOptions(CLI::App* app, SignInArguments* arguments) {
  app->add_option("--user", arguments->user, "Sign in as this user")
      ->type_name("NAME");
  app->add_option("--password-file", arguments->password_file,
                  "Its first line is the password")
      ->type_name("FILE");
  app->add_option("--password-command", arguments->password_command,
                  "Its first line of output is the password")
      ->type_name("COMMAND");
  app->add_option("--oauth-token-command", arguments->token_command,
                  "Its first line of output is an OAuth token")
      ->type_name("COMMAND");
  app->add_option("--auth", arguments->mechanism,
                  "Sign in by this SASL mechanism only")
      ->type_name("MECHANISM")
      ->check([](const std::string& name) {
        return ParseSaslMechanism(name)
                   ? ""
                   : "\"" + name + "\" is no mechanism that Holdfast knows";
      });
}

void CheckSignInArguments(const SignInArguments& arguments,
                          const SignInCircumstances& circumstances) {
  std::vector<std::string> secrets;
  if (!arguments.password_file.empty()) secrets.push_back("--password-file");
  if (!arguments.password_command.empty()) {
    secrets.push_back("--password-command");
  }
  if (!arguments.token_command.empty()) {
    secrets.push_back("--oauth-token-command");
  }
  Require(secrets.size() < 2,
          absl::StrCat("Only one of ", absl::StrJoin(secrets, " and "),
                       " can say what to sign in with"));
  Require(secrets.empty() || !arguments.user.empty(),
          absl::StrJoin(secrets, "") + " needs --user NAME");
  Require(arguments.password_file != "-" || !circumstances.is_session,
          "--password-file - goes with --check: in a session, standard input "
          "is for the server");
  if (!arguments.wanted()) return;
  const std::optional<SaslMechanism> mechanism =
      ParseSaslMechanism(arguments.mechanism);
  if (!mechanism) {
    return Require(!secrets.empty() || circumstances.has_client_certificate,
                   "--user needs --password-file, --password-command, "
                   "--oauth-token-command or --client-cert");
  }
  const std::string by =
      absl::StrCat("--auth ", SaslMechanismName(*mechanism), " needs ");
  const CredentialKind kind = KindOf(*mechanism);
  if (kind == CredentialKind::kCertificate) {
    Require(circumstances.has_client_certificate,
            by + "--client-cert and --client-key");
  }
  if (kind == CredentialKind::kToken) {
    Require(!arguments.token_command.empty(), by + "--oauth-token-command");
  }
  if (kind == CredentialKind::kPassword) {
    Require(!secrets.empty() && arguments.token_command.empty(),
            by + "--password-file or --password-command");
  }
}

absl::StatusOr<std::unique_ptr<CommandSignIn>> CommandSignIn::Prepare(
    const SignInArguments& arguments, bool has_client_certificate, bool quiet) {
  SecretString password;
  const std::string& path = arguments.password_file;
  if (!path.empty()) {
    const absl::StatusOr<SecretFile> file =
        path == "-" ? ReadSecret(STDIN_FILENO, "standard input",
                                 ErrorCode::kCredentialsUnreadable)
                    : ReadSecretFile(path, ErrorCode::kCredentialsUnreadable);
    if (!file.ok()) return file.status();
    if (file->is_exposed) {
      std::cerr << absl::StrCat("warning: ", ExposedFileWarning(path), "\n");
    }
    password = SecretString(FirstLine(file->content.view()));
    if (password.empty()) {
      return MakeStatus(ErrorCode::kCredentialsUnreadable, Phase::kSetup,
                        absl::StrCat("The first line of \"", EscapeBytes(path),
                                     "\" is empty."));
    }
  }
  return std::make_unique<CommandSignInImpl>(arguments, std::move(password),
                                             has_client_certificate, quiet);
}

}  // namespace holdfast
