// holdfast connect: reaches one server, recovering as needed; then a session,
// or, with --check, a report.

#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "holdfast/core/base/secret_file.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/dialogue/farewell.h"
#include "holdfast/tools/command_sign_in.h"
#include "holdfast/tools/commands.h"
#include "holdfast/tools/event_output.h"
#include "holdfast/tools/report.h"
#include "holdfast/tools/session.h"
#include "holdfast/tools/signal_watch.h"

namespace holdfast {
namespace {

// How long a server may take to answer LOGOUT: a courtesy, not worth more.
constexpr absl::Duration kFarewellLimit = absl::Seconds(2);

struct ConnectCommandOptions {
  std::string target;
  bool check = false;
  ConnectionOptions connection;
  ClientIdentityFiles identity;  // both empty: none
  SignInArguments sign_in;
};

// Errors that are reported without a report, such as those of a session, whose
// standard output belongs to the server.
ExitStatus Complain(const Error& error, ExitStatus status) {
  std::cerr << "holdfast: " << ErrorText(error);
  return status;
}

// A session that did not come about: the whole report goes where the errors of
// a session go.
ExitStatus ReportNoSession(const ConnectReport& report) {
  std::cerr << "holdfast: " << ConnectReportText(report, absl::Now());
  return ExitStatusFor(*report.error);
}

ExitStatus Report(const GlobalOptions& global, const ConnectReport& report,
                  const Authentication* authentication = nullptr) {
  std::cout << (global.json
                    ? JsonText(ConnectReportJson(report, authentication))
                    : ConnectReportText(report, absl::Now(),
                                        PainterFor(global, STDOUT_FILENO),
                                        authentication));
  return report.error ? ExitStatusFor(*report.error) : kExitDone;
}

// Null if none was named.
absl::StatusOr<std::shared_ptr<const ClientIdentity>> LoadIdentity(
    const ClientIdentityFiles& files) {
  if (files.certificate.empty()) return nullptr;
  const absl::StatusOr<std::shared_ptr<NssRuntime>> runtime =
      NssRuntime::Start();
  if (!runtime.ok()) return runtime.status();
  absl::StatusOr<std::shared_ptr<const ClientIdentity>> identity =
      ClientIdentity::Load(*runtime, files);
  if (identity.ok() && (*identity)->key_is_exposed()) {
    std::cerr << absl::StrCat("warning: ", ExposedFileWarning(files.key), "\n");
  }
  return identity;
}

// All that can fail before any network use.
absl::StatusOr<CommandClient> MakeClient(const GlobalOptions& global,
                                         const Target& target,
                                         const ConnectCommandOptions& options) {
  ClientOptions client = options.connection.client;
  SetCache(global, &client);
  absl::StatusOr<std::shared_ptr<const ClientIdentity>> identity =
      LoadIdentity(options.identity);
  if (!identity.ok()) return identity.status();
  client.identity = *std::move(identity);
  // A client that runs us for a session has no use for progress, nor a log.
  const bool warnings_only =
      global.json || (!options.check && isatty(STDERR_FILENO) == 0);
  absl::StatusOr<EventOutput> output =
      OpenEventOutput(global, options.connection, target, warnings_only);
  if (!output.ok()) return output.status();
  client.on_event = std::move(output->on_event);
  client.key_log = std::move(output->key_log);
  return NewCommandClient(options.connection, std::move(client));
}

// Null if nobody is to sign in.
absl::StatusOr<std::unique_ptr<CommandSignIn>> PrepareSignIn(
    const GlobalOptions& global, const ConnectCommandOptions& options) {
  if (!options.sign_in.wanted()) return nullptr;
  return CommandSignIn::Prepare(
      options.sign_in, !options.identity.certificate.empty(), global.quiet);
}

// Everything that one run of the command works with.
class ConnectRun {
 public:
  explicit ConnectRun(CommandClient client)
      : client_(std::move(client)), signals_(loop(), [this] { OnSignal(); }) {}

  // Reaches `target`, and signs in by `sign_in` unless that is null. What it
  // returns lives as long as this.
  const ConnectReport& Reach(const Target& target,
                             std::unique_ptr<CommandSignIn> sign_in) {
    const ConnectRequest request = client_.client->RequestFor(target);
    started_ = loop()->Now();
    on_event_ = request.on_event;
    const absl::Duration deadline = started_ + request.timeout;
    const std::optional<SignInRequest> early =
        sign_in != nullptr ? sign_in->ForConnect(target.protocol)
                           : std::nullopt;
    auto on_done = [this](ConnectResult result) {
      connected_ = std::move(result);
    };
    Connector connector(client_.client->services());
    operation_ = early ? connector.Connect(request, *early, on_done)
                       : connector.Connect(request, on_done);
    loop()->RunUntil([this] { return connected_.has_value(); });
    if (connected_->ok() && sign_in != nullptr && !is_over_) {
      SignIn(std::move(sign_in), deadline);
    }
    return connected_->report;
  }
  // Null if nobody was to sign in, or the server was not reached.
  const Authentication* authentication() const {
    return signed_in_ ? &signed_in_->authentication : nullptr;
  }

  // Leaves the server politely.
  void TakeLeave() {
    if (!connected_->ok() || is_over_) return;
    farewell_ = Farewell::Start(loop(), std::move(connected_->connection),
                                kFarewellLimit, [this] { is_over_ = true; });
    loop()->RunUntil([this] { return is_over_; });
  }

  // Hands the server over to standard input and output. Returns the error that
  // ended it; none after an orderly end, or a signal's.
  std::optional<Error> Converse() {
    std::optional<Error> error;
    if (!connected_->ok() || is_over_) return error;
    const std::string greeting =
        signed_in_ ? signed_in_->greeting : connected_->connection->greeting();
    session_ = StartSession(loop(), std::move(connected_->connection), greeting,
                            [this, &error](RelayResult result) {
                              error = std::move(result.error);
                              is_over_ = true;
                            });
    loop()->RunUntil([this] { return is_over_; });
    return error;
  }

  const SignalWatch& signals() const { return signals_; }

 private:
  // What it comes to goes into the report.
  void SignIn(std::unique_ptr<CommandSignIn> sign_in, absl::Duration deadline) {
    sign_in_ = std::move(sign_in);
    sign_in_->Start(loop(), &*connected_, connected_->report.target.protocol,
                    deadline - loop()->Now(),
                    [this](CommandSignIn::Result result) {
                      signed_in_ = std::move(result);
                    });
    loop()->RunUntil([this] { return signed_in_.has_value(); });
    sign_in_.reset();  // with the password
    if (signed_in_->event) {
      signed_in_->event->at = loop()->Now() - started_;
      on_event_(*signed_in_->event);
    }
    ConnectReport& report = connected_->report;
    report.error = signed_in_->error;
    report.capabilities = signed_in_->capabilities.empty()
                              ? connected_->connection->capabilities()
                              : signed_in_->capabilities;
    if (!signed_in_->in_order) connected_->connection.reset();
  }

  void OnSignal() {
    operation_->Cancel();
    if (sign_in_ != nullptr) sign_in_->Cancel();
    is_over_ = true;
  }

  UvEventLoop* loop() const { return client_.loop.get(); }

  const CommandClient client_;
  SignalWatch signals_;
  absl::Duration started_;  // loop time
  EventSink on_event_;
  std::unique_ptr<Connector::Operation> operation_;
  std::optional<ConnectResult> connected_;
  std::unique_ptr<CommandSignIn> sign_in_;  // while it runs
  std::optional<CommandSignIn::Result> signed_in_;
  std::unique_ptr<Farewell> farewell_;
  std::unique_ptr<Relay> session_;
  bool is_over_ = false;  // what follows the connect
};

ExitStatus Connect(const GlobalOptions& global,
                   const ConnectCommandOptions& options) {
  const absl::StatusOr<Target> target = ParseTarget(
      options.target, options.connection.protocol, options.connection.security);
  if (!target.ok()) {
    return Complain(ErrorFromStatus(target.status()), kExitUsage);
  }
  if (!options.check) HoldStandardDescriptors();
  absl::StatusOr<CommandClient> client = MakeClient(global, *target, options);
  absl::StatusOr<std::unique_ptr<CommandSignIn>> sign_in =
      PrepareSignIn(global, options);
  absl::Status ready = client.status();
  ready.Update(sign_in.status());
  if (!ready.ok()) {
    ConnectReport report{*target};
    report.error = ErrorFromStatus(ready);
    if (report.error->code == ErrorCode::kInvalidVersionRange) {
      return Complain(*report.error, kExitUsage);
    }
    return options.check ? Report(global, report) : ReportNoSession(report);
  }
  ConnectRun run(*std::move(client));
  const ConnectReport& report = run.Reach(*target, *std::move(sign_in));
  if (options.check) {
    run.TakeLeave();
    const ExitStatus status = Report(global, report, run.authentication());
    std::cout.flush();
    run.signals().DieIfReceived();
    return status;
  }
  if (report.error) run.TakeLeave();
  const std::optional<Error> error = run.Converse();
  run.signals().DieIfReceived();
  if (report.error) return ReportNoSession(report);
  return error ? Complain(*error, ExitStatusFor(*error)) : kExitDone;
}

}  // namespace

void AddConnectCommand(CLI::App* app, const GlobalOptions* global, Run* run) {
  CLI::App* connect =
      app->add_subcommand("connect", "Reach a server, recovering as needed");
  auto options = std::make_shared<ConnectCommandOptions>();
  connect
      ->add_option("TARGET", options->target,
                   "imaps://HOST[:PORT], imap://HOST or HOST")
      ->required();
  connect->add_flag("--check", options->check,
                    "Stop when ready, log out, report");
  connect
      ->add_option("--client-cert", options->identity.certificate,
                   "For servers that ask for one, in PEM")
      ->type_name("FILE");
  connect
      ->add_option("--client-key", options->identity.key,
                   "The certificate's key, in PEM (PKCS#8)")
      ->type_name("FILE");
  AddSignInOptions(connect, &options->sign_in);
  AddConnectionOptions(connect, &options->connection);
  connect->footer(
      "Without --check, standard input and output are the session.\n\n"
      "Example:\n"
      "  holdfast connect --user alice --password-file pw "
      "imaps://mail.example.org");
  connect->callback([=] {
    if (global->json && !options->check) {
      throw CLI::ValidationError(
          "--json goes with --check: a session has no report");
    }
    if (options->identity.certificate.empty() !=
        options->identity.key.empty()) {
      throw CLI::ValidationError(
          "--client-cert and --client-key go together; one file may hold both");
    }
    CheckSignInArguments(
        options->sign_in,
        {!options->identity.certificate.empty(), !options->check});
    *run = [=] { return Connect(*global, *options); };
  });
}

}  // namespace holdfast
