#include "holdfast/client/c/connection.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/client/c/client.h"
#include "holdfast/client/c/credentials.h"
#include "holdfast/client/c/error.h"
#include "holdfast/client/c/operation.h"
#include "holdfast/core/base/weak_handle.h"
#include "holdfast/protocols/connect/plaintext_fd.h"
#include "holdfast/protocols/connect/report_json.h"
#include "holdfast/protocols/probe/probe_report_json.h"
#include "holdfast/protocols/sign_in/sign_in.h"

namespace holdfast::c {
namespace {

// A connect on its way; abandoned with its operation.
struct Connecting {
  std::unique_ptr<Network> network;
  std::unique_ptr<Connector::Operation> operation = nullptr;
};

absl::StatusOr<holdfast_operation*> Connect(
    const holdfast_client* client, const std::shared_ptr<Loop>& loop,
    const absl::StatusOr<Target>& target) {
  if (!target.ok()) return target.status();
  absl::StatusOr<std::unique_ptr<Network>> network = NewNetwork(client, loop);
  if (!network.ok()) return network.status();
  const auto work =
      std::make_shared<Connecting>(Connecting{*std::move(network)});
  const auto progress = std::make_shared<Progress>(loop);
  const auto cancellation = std::make_shared<Cancellation>();
  const auto made = std::make_shared<std::unique_ptr<holdfast_connection>>();
  Client& front = *work->network->client;
  const TlsVersion min_version =
      front.RequestFor(*target).policy.versions.min();
  work->operation = front.StartConnect(
      *target,
      [=](ConnectResult result) {
        auto report = ConnectReportJson(result.report);
        if (!result.ok()) {
          return progress->Fail(result.status(), std::move(report));
        }
        *made = std::make_unique<holdfast_connection>();
        (*made)->open = std::make_shared<OpenConnection>(
            OpenConnection{result.report.target.protocol, min_version,
                           std::move(result.connection)});
        progress->Succeed(std::move(report));
      },
      cancellation);
  return new holdfast_operation{progress, work, cancellation, made};
}

// A probe on its way; abandoned with its operation.
struct Probing {
  std::unique_ptr<Network> network;
  std::unique_ptr<Probe> probe = nullptr;
};

absl::StatusOr<holdfast_operation*> StartProbe(
    const holdfast_client* client, const std::shared_ptr<Loop>& loop,
    const char* text) {
  const absl::StatusOr<Target> target = ReadTarget(text);
  if (!target.ok()) return target.status();
  absl::StatusOr<std::unique_ptr<Network>> network = NewNetwork(client, loop);
  if (!network.ok()) return network.status();
  const auto work = std::make_shared<Probing>(Probing{*std::move(network)});
  const auto progress = std::make_shared<Progress>(loop);
  Client& front = *work->network->client;
  work->probe = Probe::Start(front.services(), front.ProbeRequestFor(*target),
                             [progress](const ProbeReport& report) {
                               progress->Succeed(ProbeReportJson(report));
                             });
  return new holdfast_operation{progress, work};
}

// Signing in on its way. Thread safety: the loop's thread.
class SigningIn {
 public:
  SigningIn(std::shared_ptr<OpenConnection> open,
            std::shared_ptr<CredentialsProvider> provider,
            std::shared_ptr<Progress> progress,
            std::shared_ptr<Cancellation> cancellation)
      : open_(std::move(open)),
        provider_(std::move(provider)),
        progress_(std::move(progress)),
        cancellation_(std::move(cancellation)) {}

  void Start(std::optional<SaslMechanism> mechanism) {
    SignInOptions options{open_->protocol, mechanism};
    options.min_version = open_->min_version;
    UvEventLoop* const loop = progress_->loop().get();
    sign_in_ = SignIn::Start(
        loop, open_->connection.get(), provider_.get(), std::move(options),
        [progress = progress_](const SignInResult& result) {
          result.ok() ? progress->Succeed(Json(result))
                      : progress->Fail(ToStatus(*result.error), Json(result));
        });
    listener_.emplace(cancellation_.get(), [this, loop] {
      loop->Post([self = weak_.handle()] {
        if (auto* const signing_in = self.get()) signing_in->Cancel();
      });
    });
  }

 private:
  static Progress::Json Json(const SignInResult& result) {
    return {{"mechanism",
             result.mechanism ? SaslMechanismName(*result.mechanism) : ""},
            {"tries", result.tries},
            {"round_trips", result.round_trips},
            {"capabilities", result.capabilities}};
  }

  void Cancel() {
    sign_in_.reset();
    // May destroy *this.
    const std::shared_ptr<Progress> progress = progress_;
    progress->Fail(MakeStatus(ErrorCode::kCancelled, Phase::kSession, ""));
  }

  const std::shared_ptr<OpenConnection> open_;
  const std::shared_ptr<CredentialsProvider> provider_;
  const std::shared_ptr<Progress> progress_;
  const std::shared_ptr<Cancellation> cancellation_;
  std::unique_ptr<SignIn> sign_in_;
  std::optional<Cancellation::Listener> listener_;
  const WeakOwner<SigningIn> weak_{this};
};

absl::StatusOr<holdfast_operation*> StartSignIn(
    holdfast_connection* connection, const std::shared_ptr<Loop>& loop,
    const holdfast_credentials* credentials) {
  if (connection == nullptr) return Missing("connection");
  if (credentials == nullptr) return Missing("credentials");
  const auto progress = std::make_shared<Progress>(loop);
  const auto cancellation = std::make_shared<Cancellation>();
  const auto work = std::make_shared<SigningIn>(
      connection->open, credentials->provider, progress, cancellation);
  work->Start(credentials->provider->mechanism());
  return new holdfast_operation{progress, work, cancellation};
}

// POLLIN, POLLOUT or both.
short PollEvents(Interest interest) {
  switch (interest) {
    case Interest::kRead:
      return POLLIN;
    case Interest::kWrite:
      return POLLOUT;
    case Interest::kReadWrite:
      return POLLIN | POLLOUT;
  }
  return 0;
}

// When to stop waiting, whatever becomes of the wall clock.
class TimeLimit {
 public:
  // Negative: never.
  explicit TimeLimit(int milliseconds)
      : endless_(milliseconds < 0),
        end_(Clock::now() + std::chrono::milliseconds(milliseconds)) {}
  // For poll(2).
  int left() const {
    if (endless_) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now());
    return static_cast<int>(std::max<int64_t>(left.count(), 0));
  }

 private:
  using Clock = std::chrono::steady_clock;

  const bool endless_;
  const Clock::time_point end_;
};

// Repeats `move`, which reads or writes, until it has moved something.
// A BlockingConnection would need a loop, and with it three descriptors, for
// each connection.
absl::StatusOr<size_t> Wait(Connection* connection, const TimeLimit& limit,
                            const std::function<Connection::IoResult()>& move) {
  while (true) {
    const Connection::IoResult result = move();
    switch (result.progress) {
      case IoProgress::kDone:
        return result.bytes;
      case IoProgress::kFailed:
        return ToStatus(*result.error);
      case IoProgress::kWouldBlock:
        break;
    }
    pollfd ready = {connection->fd(), PollEvents(connection->WaitInterest()),
                    0};
    const int polled = poll(&ready, 1, limit.left());
    if (polled == 0) {
      return MakeStatus(ErrorCode::kResponseTimedOut, Phase::kSession, "");
    }
    if (polled < 0 && errno != EINTR) {
      return MakeStatus(ErrorCode::kOutOfResources, Phase::kSession, "");
    }
  }
}

absl::Status WriteAll(Connection* connection, absl::string_view data,
                      const TimeLimit& limit) {
  while (!data.empty()) {
    const absl::StatusOr<size_t> written =
        Wait(connection, limit, [&] { return connection->Write(data); });
    if (!written.ok()) return written.status();
    data.remove_prefix(*written);
  }
  return absl::OkStatus();
}

// Calls `move`, which reads or writes.
template <typename Move>
int Try(holdfast_connection* connection, const void* bytes, size_t* moved,
        holdfast_error** error, const Move& move) noexcept {
  bool would_block = false;
  const int code = Guard(error, [&]() -> absl::Status {
    if (connection == nullptr) return Missing("connection");
    if (bytes == nullptr) return Missing("bytes");
    if (moved == nullptr) return Missing("number of bytes");
    const Connection::IoResult result = move(*connection->open->connection);
    *moved = result.bytes;
    would_block = result.progress == IoProgress::kWouldBlock;
    return result.error ? ToStatus(*result.error) : absl::OkStatus();
  });
  return would_block ? HOLDFAST_WOULD_BLOCK : code;
}

}  // namespace
}  // namespace holdfast::c

using holdfast::Connection;
using holdfast::c::Guard;
using holdfast::c::GuardOperation;
using holdfast::c::Missing;

holdfast_operation* holdfast_connect(const holdfast_client* client,
                                     holdfast_loop* loop, const char* target) {
  return GuardOperation(loop, [=](const auto& own) {
    return holdfast::c::Connect(client, own, holdfast::c::ReadTarget(target));
  });
}

holdfast_operation* holdfast_connect_any_way(const holdfast_client* client,
                                             holdfast_loop* loop, int protocol,
                                             const char* host) {
  return GuardOperation(loop, [=](const auto& own) {
    return holdfast::c::Connect(client, own,
                                holdfast::c::ReadHost(protocol, host));
  });
}

holdfast_operation* holdfast_probe(const holdfast_client* client,
                                   holdfast_loop* loop, const char* target) {
  return GuardOperation(loop, [=](const auto& own) {
    return holdfast::c::StartProbe(client, own, target);
  });
}

void holdfast_connection_free(holdfast_connection* connection) {
  delete connection;
}

holdfast_operation* holdfast_connection_sign_in(
    holdfast_connection* connection, holdfast_loop* loop,
    const holdfast_credentials* credentials) {
  return GuardOperation(loop, [=](const auto& own) {
    return holdfast::c::StartSignIn(connection, own, credentials);
  });
}

int holdfast_connection_read(holdfast_connection* connection, void* buffer,
                             size_t size, int timeout, size_t* got,
                             holdfast_error** error) {
  return Guard(error, [=]() -> absl::Status {
    if (connection == nullptr) return Missing("connection");
    if (got == nullptr) return Missing("got");
    if (buffer == nullptr || size == 0) return Missing("buffer");
    Connection* const open = connection->open->connection.get();
    const absl::StatusOr<size_t> read =
        holdfast::c::Wait(open, holdfast::c::TimeLimit(timeout), [=] {
          return open->Read(absl::MakeSpan(static_cast<char*>(buffer), size));
        });
    if (read.ok()) *got = *read;
    return read.status();
  });
}

int holdfast_connection_write(holdfast_connection* connection,
                              const void* bytes, size_t size, int timeout,
                              holdfast_error** error) {
  return Guard(error, [=]() -> absl::Status {
    if (connection == nullptr) return Missing("connection");
    if (bytes == nullptr && size > 0) return Missing("bytes");
    return holdfast::c::WriteAll(
        connection->open->connection.get(),
        absl::string_view(static_cast<const char*>(bytes), size),
        holdfast::c::TimeLimit(timeout));
  });
}

int holdfast_connection_try_read(holdfast_connection* connection, void* buffer,
                                 size_t size, size_t* got,
                                 holdfast_error** error) {
  return holdfast::c::Try(
      connection, buffer, got, error, [=](Connection& open) {
        return open.Read(absl::MakeSpan(static_cast<char*>(buffer), size));
      });
}

int holdfast_connection_try_write(holdfast_connection* connection,
                                  const void* bytes, size_t size, size_t* sent,
                                  holdfast_error** error) {
  return holdfast::c::Try(
      connection, bytes, sent, error, [=](Connection& open) {
        return open.Write(
            absl::string_view(static_cast<const char*>(bytes), size));
      });
}

int holdfast_connection_fd(const holdfast_connection* connection) {
  return connection == nullptr ? -1 : connection->open->connection->fd();
}

short holdfast_connection_events(const holdfast_connection* connection) {
  if (connection == nullptr) return 0;
  return holdfast::c::PollEvents(connection->open->connection->WaitInterest());
}

int holdfast_connection_pending(const holdfast_connection* connection) {
  return connection != nullptr &&
         connection->open->connection->HasPendingBytes();
}

int holdfast_connection_truncated(const holdfast_connection* connection) {
  return connection != nullptr && connection->open->connection->truncated();
}

int holdfast_connection_unread(holdfast_connection* connection,
                               const void* bytes, size_t size,
                               holdfast_error** error) {
  return Guard(error, [=]() -> absl::Status {
    if (connection == nullptr) return Missing("connection");
    if (bytes == nullptr && size > 0) return Missing("bytes");
    connection->open->connection->Unread(
        absl::string_view(static_cast<const char*>(bytes), size));
    return absl::OkStatus();
  });
}

void holdfast_connection_shutdown(holdfast_connection* connection) {
  if (connection != nullptr) connection->open->connection->Shutdown();
}

const char* holdfast_connection_greeting(
    const holdfast_connection* connection) {
  return connection == nullptr
             ? ""
             : connection->open->connection->greeting().c_str();
}

const char* holdfast_connection_capability(
    const holdfast_connection* connection, size_t index) {
  if (connection == nullptr) return nullptr;
  const std::vector<std::string>& list =
      connection->open->connection->capabilities();
  return index < list.size() ? list[index].c_str() : nullptr;
}

int holdfast_connection_take_fd(holdfast_connection* connection, int* fd,
                                holdfast_error** error) {
  const std::unique_ptr<holdfast_connection> owned(connection);
  return Guard(error, [&]() -> absl::Status {
    if (connection == nullptr) return Missing("connection");
    if (fd == nullptr) return Missing("fd");
    auto taken =
        holdfast::TakePlaintextFd(std::move(connection->open->connection));
    if (!taken.ok()) return taken.status();
    *fd = taken->release();
    return absl::OkStatus();
  });
}
