// holdfast connect: reaches one server, recovering as needed.

#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "core/uv_event_loop.h"
#include "protocols/connector.h"
#include "protocols/farewell.h"
#include "tools/commands.h"
#include "tools/event_output.h"
#include "tools/report.h"
#include "tools/signal_watch.h"

namespace holdfast {
namespace {

// How long a server may take to answer LOGOUT: a courtesy, not worth more.
constexpr absl::Duration kFarewellLimit = absl::Seconds(2);

struct ConnectCommandOptions {
  std::string target;
  bool check = false;
  ConnectionOptions connection;
};

ExitStatus Report(const GlobalOptions& global, const ConnectReport& report) {
  std::cout << (global.json
                    ? JsonText(ConnectReportJson(report))
                    : ConnectReportText(report, absl::Now(),
                                        PainterFor(global, STDOUT_FILENO)));
  return report.error ? ExitStatusFor(*report.error) : kExitDone;
}

// What a connect needs that can fail before any network use.
absl::StatusOr<ConnectRequest> MakeRequest(
    const GlobalOptions& global, const Target& target,
    const ConnectCommandOptions& options) {
  absl::StatusOr<FallbackPolicy> policy = options.connection.Policy();
  if (!policy.ok()) return policy.status();
  absl::StatusOr<std::shared_ptr<NssRuntime>> runtime = NssRuntime::Start();
  if (!runtime.ok()) return runtime.status();
  absl::StatusOr<std::shared_ptr<const Trust>> trust =
      Trust::Load(*runtime, options.connection.trust);
  if (!trust.ok()) return trust.status();
  ConnectRequest request{target, *runtime, *trust};
  request.policy = *policy;
  request.timeout = options.connection.timeout;
  absl::Status output = SetUpOutput(global, options.connection, &request);
  if (!output.ok()) return output;
  return request;
}

// Everything that one run of the command works with.
class ConnectRun {
 public:
  ConnectRun(const GlobalOptions& global, std::unique_ptr<UvEventLoop> loop,
             const ConnectionOptions& options)
      : global_(global),
        loop_(std::move(loop)),
        signals_(loop_.get(), [this] { OnSignal(); }),
        cache_(OpenCache(global)),
        resolver_(NewOverrideResolver(loop_.get(), options.overrides,
                                      NewSystemResolver(loop_.get()))),
        dialer_(NewTcpDialer(loop_.get())),
        connector_(
            {loop_.get(), resolver_.get(), dialer_.get(), cache_.get()}) {}

  ConnectReport Check(ConnectRequest request) {
    operation_ =
        connector_.Connect(std::move(request), [this](ConnectResult result) {
          report_ = std::move(result.report);
          if (!result.connection) return;
          farewell_ = Farewell::Start(loop_.get(), std::move(result.connection),
                                      kFarewellLimit, [this] { Leave(); });
        });
    loop_->RunUntil([this] { return report_.has_value() && !farewell_; });
    return *std::move(report_);
  }

  const SignalWatch& signals() const { return signals_; }

 private:
  void OnSignal() {
    operation_->Cancel();
    Leave();
  }

  void Leave() {
    // The farewell may be what calls.
    leaving_ = std::move(farewell_);
  }

  const GlobalOptions& global_;
  const std::unique_ptr<UvEventLoop> loop_;
  SignalWatch signals_;
  const std::unique_ptr<HostCache> cache_;
  const std::unique_ptr<Resolver> resolver_;
  const std::unique_ptr<Dialer> dialer_;
  Connector connector_;
  std::unique_ptr<Connector::Operation> operation_;
  std::unique_ptr<Farewell> farewell_;
  std::unique_ptr<Farewell> leaving_;
  std::optional<ConnectReport> report_;
};

ExitStatus Connect(const GlobalOptions& global,
                   const ConnectCommandOptions& options) {
  const absl::StatusOr<Target> target = ParseTarget(options.target);
  if (!target.ok()) {
    const Error error = ErrorFromStatus(target.status());
    std::cerr << "holdfast: " << ErrorText(error);
    return kExitUsage;
  }
  absl::StatusOr<std::unique_ptr<UvEventLoop>> loop = UvEventLoop::Create();
  absl::StatusOr<ConnectRequest> request =
      MakeRequest(global, *target, options);
  const absl::Status ready = loop.ok() ? request.status() : loop.status();
  if (!ready.ok()) {
    ConnectReport report{*target};
    report.error = ErrorFromStatus(ready);
    if (report.error->code == ErrorCode::kInvalidVersionRange) {
      std::cerr << "holdfast: " << ErrorText(*report.error);
      return kExitUsage;
    }
    return Report(global, report);
  }
  ConnectRun run(global, *std::move(loop), options.connection);
  const ConnectReport report = run.Check(*std::move(request));
  const ExitStatus status = Report(global, report);
  std::cout.flush();
  run.signals().DieIfReceived();
  return status;
}

}  // namespace

void AddConnectCommand(CLI::App* app, const GlobalOptions* global, Run* run) {
  CLI::App* connect =
      app->add_subcommand("connect", "Reach a server, recovering as needed");
  auto options = std::make_shared<ConnectCommandOptions>();
  connect
      ->add_option("TARGET", options->target,
                   "imaps://HOST[:PORT], or imap:// for STARTTLS")
      ->required();
  connect
      ->add_flag("--check", options->check,
                 "Stop when the connection is ready, log out, report")
      ->required();
  AddConnectionOptions(connect, &options->connection);
  connect->footer(
      "Example:\n"
      "  holdfast connect --check --json imaps://mail.example.org");
  connect->callback([=] { *run = [=] { return Connect(*global, *options); }; });
}

}  // namespace holdfast
