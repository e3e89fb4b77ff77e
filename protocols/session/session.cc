#include "holdfast/protocols/session/session.h"

#include <deque>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/weak_handle.h"

namespace holdfast {
namespace {

using Progress = IoProgress;

// Then others on the loop have their turn.
constexpr int kReadsAtOnce = 16;

// `code`, because of `error`.
absl::Status Lost(ErrorCode code, const Error& error) {
  Error told = MakeError(
      code, Phase::kSession,
      absl::StrCat(GetErrorInfo(code).sentence, " (", error.Message(), ")"));
  told.server_text = error.server_text;
  return ToStatus(told);
}

class SessionImpl final : public Session {
 public:
  SessionImpl(EventLoop* loop, std::unique_ptr<Redialer> redialer,
              SessionOptions options, SessionState* state)
      : loop_(loop),
        redialer_(std::move(redialer)),
        options_(std::move(options)),
        client_state_(state),
        created_(loop->Now()) {
    ListenForCancellation();
  }

  void Connect(Done on_done) override { Run(nullptr, std::move(on_done)); }
  void Run(std::shared_ptr<Exchange> exchange, Done on_done) override;
  void Wake() override { Soon(); }
  void PauseReading() override { paused_ = true; }
  void ResumeReading() override;
  void Close() override {
    End(MakeError(ErrorCode::kSessionClosed, Phase::kSession));
  }
  bool connected() const override { return connection_ != nullptr; }
  const std::vector<std::string>& capabilities() const override {
    return capabilities_;
  }
  const ConnectReport* report() const override { return report_.get(); }

 private:
  enum class State {
    kNoConnection,
    kDialling,
    kRestoring,  // `running_` is of the client's state, or null
    kIdle,
    kRunning,  // `running_` is the front job's
  };
  // What was asked for; the first one runs.
  struct Job {
    std::shared_ptr<Exchange> exchange;  // null: only a connection is wanted
    Done on_done;
    bool begun = false;
    int repeats = 0;  // and connections lost before it could begin
  };

  void ListenForCancellation();
  // Calls Proceed() from the loop.
  void Soon();
  void Proceed();

  void Dial();
  void OnDialled(RedialResult result);
  void Restore();
  void StartJob();
  void Start(std::shared_ptr<Exchange> exchange, State state);
  void Pump();
  bool Converse();
  void OnExchangeDone();

  // These return false if the connection was lost: then *this may be gone.
  bool Send();
  bool Receive();
  bool Feed();
  bool Produce();
  // Also if there is more to hear.
  bool HearUnasked();
  bool TakeUnasked();
  void Wait();
  void WatchSilence();
  void OnSilence();

  void Lose(Error error);
  void Leave();
  void Disconnect();
  // What becomes of the job that ran when the connection was lost with `error`.
  void SettleInterrupted(const Error& error);
  // These may destroy *this.
  void Complete(absl::Status status);
  // `first` is for the one that runs, or would be next.
  void CompleteAll(absl::Status first, const absl::Status& others);
  void End(Error error);
  void Finish();

  void Record(EventKind kind,
              std::vector<std::pair<std::string, std::string>> fields);

  EventLoop* const loop_;
  std::unique_ptr<Redialer> redialer_;
  const SessionOptions options_;
  SessionState* const client_state_;
  const absl::Duration created_;

  State state_ = State::kNoConnection;
  std::optional<Error> end_;  // closed or cancelled: nothing goes on
  std::deque<Job> jobs_;
  std::shared_ptr<Exchange> running_;
  std::optional<Loss> loss_;             // of the last connection
  bool left_ = false;                    // `loss_` is the end of a farewell
  std::optional<absl::Status> changed_;  // for the next exchange

  std::unique_ptr<Connection> connection_;
  std::vector<std::string> capabilities_;
  std::unique_ptr<ConnectReport> report_;
  std::string input_;   // received and not taken
  bool fresh_ = false;  // something of `input_` has not been offered yet
  std::string output_;  // produced and not sent
  bool can_send_ = true;
  bool paused_ = false;

  absl::Duration began_;  // `running_`
  absl::Duration last_progress_;
  absl::Duration silence_due_;
  std::unique_ptr<EventLoop::Registration> silence_;
  std::unique_ptr<EventLoop::Registration> watch_;
  std::unique_ptr<EventLoop::Registration> soon_;
  const WeakOwner<SessionImpl> weak_{this};
  std::optional<Cancellation::Listener> cancellation_;
};

void SessionImpl::ListenForCancellation() {
  const std::shared_ptr<Cancellation>& cancellation =
      options_.redial.connect.cancellation;
  if (cancellation == nullptr) return;
  cancellation_.emplace(
      cancellation.get(), [loop = loop_, self = weak_.handle()] {
        loop->Post([self] {
          if (auto* const session = self.get()) {
            session->End(MakeError(ErrorCode::kCancelled, Phase::kSession));
          }
        });
      });
}

void SessionImpl::Run(std::shared_ptr<Exchange> exchange, Done on_done) {
  jobs_.push_back({std::move(exchange), std::move(on_done)});
  Soon();
}

void SessionImpl::ResumeReading() {
  paused_ = false;
  last_progress_ = loop_->Now();
  Soon();
}

void SessionImpl::Soon() {
  if (soon_ != nullptr) return;
  soon_ = loop_->StartTimer(absl::ZeroDuration(), [this] {
    soon_.reset();
    Proceed();
  });
}

void SessionImpl::Proceed() {
  if (end_) return Finish();
  switch (state_) {
    case State::kNoConnection:
      return jobs_.empty() ? void() : Dial();
    case State::kDialling:
      return;
    case State::kRestoring:
    case State::kRunning:
      return Pump();
    case State::kIdle:
      // What the server has said of itself belongs to no command; and if it
      // has left, the command has no part in it.
      if (!HearUnasked()) return;
      return jobs_.empty() ? Wait() : StartJob();
  }
}

void SessionImpl::Dial() {
  state_ = State::kDialling;
  const auto on_done = [this](RedialResult result) {
    OnDialled(std::move(result));
  };
  // Who has left as it should comes back at once.
  loss_ && !left_ ? redialer_->DialAgain(*loss_, on_done)
                  : redialer_->Dial(on_done);
}

void SessionImpl::OnDialled(RedialResult result) {
  if (end_) return;
  report_ = std::make_unique<ConnectReport>(std::move(result.report));
  if (!result.ok()) {
    state_ = State::kNoConnection;
    return CompleteAll(ToStatus(*result.error), ToStatus(*result.error));
  }
  connection_ = std::move(result.connection);
  left_ = false;
  capabilities_ = result.sign_in.capabilities.empty()
                      ? connection_->capabilities()
                      : std::move(result.sign_in.capabilities);
  state_ = loss_ ? State::kRestoring : State::kIdle;
  can_send_ = true;
  loss_ ? Restore() : Proceed();
}

// Asks for one exchange after the other until the state is back.
void SessionImpl::Restore() {
  if (std::shared_ptr<Exchange> next = client_state_->NextRestoring()) {
    return Start(std::move(next), State::kRestoring);
  }
  const absl::Status restored = client_state_->Restored();
  if (!restored.ok()) changed_ = restored;
  state_ = State::kIdle;
  Record(EventKind::kStateRestored, {});
  Proceed();
}

void SessionImpl::StartJob() {
  watch_.reset();
  Job& job = jobs_.front();
  if (job.exchange == nullptr) return Complete(absl::OkStatus());
  if (changed_) return Complete(*std::exchange(changed_, std::nullopt));
  if (std::exchange(job.begun, true)) {
    Record(EventKind::kCommandRepeated, {});
  }
  Start(job.exchange, State::kRunning);
}

void SessionImpl::Start(std::shared_ptr<Exchange> exchange, State state) {
  state_ = state;
  running_ = std::move(exchange);
  began_ = loop_->Now();
  last_progress_ = began_;
  fresh_ = true;
  const absl::Status started = running_->Start(capabilities_);
  if (started.ok()) return Pump();
  running_.reset();
  state_ = State::kIdle;
  if (state == State::kRunning) return Complete(started);
  changed_ = started;
  Proceed();
}

// Sends and feeds until something must be waited for, or it is over.
void SessionImpl::Pump() {
  if (running_ == nullptr) return;
  for (int reads = 0; reads < kReadsAtOnce && !end_; ++reads) {
    if (!Converse() || running_ == nullptr) return;
    if (paused_) return Wait();
    const size_t had = input_.size();
    if (!Receive()) return;
    if (input_.size() == had) return Wait();
  }
  Soon();
}

// What can be done with what was received. False if the exchange is over, or
// the connection: then *this may be gone.
bool SessionImpl::Converse() {
  while (!end_) {
    if (!Send()) return false;
    const bool heard = fresh_ && !input_.empty() && !paused_;
    if (heard && !Feed()) return false;
    if (!running_->done() && output_.empty() && !Produce()) return false;
    if (running_->done() && output_.empty()) {
      OnExchangeDone();
      return false;
    }
    const bool can_go_on = (can_send_ && !output_.empty()) ||
                           (fresh_ && !input_.empty() && !paused_);
    if (!can_go_on) return true;
  }
  return true;
}

void SessionImpl::OnExchangeDone() {
  const std::shared_ptr<Exchange> done = std::move(running_);
  silence_.reset();
  if (state_ == State::kRestoring) return Restore();
  state_ = State::kIdle;
  if (done->on_loss() == OnLoss::kDone) Leave();
  Complete(absl::OkStatus());
}

bool SessionImpl::Send() {
  can_send_ = true;
  while (!output_.empty() && can_send_) {
    Connection::IoResult result = connection_->Write(output_);
    switch (result.progress) {
      case Progress::kDone:
        output_.erase(0, result.bytes);
        last_progress_ = loop_->Now();
        break;
      case Progress::kWouldBlock:
        can_send_ = false;
        break;
      case Progress::kFailed:
        Lose(*std::move(result.error));
        return false;
    }
  }
  return true;
}

// Reads once, if there is room and something to read.
bool SessionImpl::Receive() {
  if (input_.size() >= 2 * Exchange::kLongestLine) return true;
  char buffer[Exchange::kChunk];
  Connection::IoResult result = connection_->Read(absl::MakeSpan(buffer));
  switch (result.progress) {
    case Progress::kWouldBlock:
      return true;
    case Progress::kFailed:
      Lose(*std::move(result.error));
      return false;
    case Progress::kDone:
      break;
  }
  if (result.bytes == 0) {
    Lose(MakeError(ErrorCode::kConnectionClosed, Phase::kSession));
    return false;
  }
  last_progress_ = loop_->Now();
  input_.append(buffer, result.bytes);
  fresh_ = true;
  return true;
}

bool SessionImpl::Feed() {
  const absl::StatusOr<size_t> taken = running_->Consume(input_);
  if (!taken.ok()) {
    Lose(ErrorFromStatus(taken.status()));
    return false;
  }
  input_.erase(0, *taken);
  fresh_ = *taken > 0;
  if (*taken > 0 || input_.size() < Exchange::kLongestLine) return true;
  Lose(MakeError(ErrorCode::kLineTooLong, Phase::kSession));
  return false;
}

bool SessionImpl::Produce() {
  absl::StatusOr<std::string> more = running_->Produce();
  if (!more.ok()) {
    Lose(ErrorFromStatus(more.status()));
    return false;
  }
  output_ = *std::move(more);
  return true;
}

// Until there is nothing more; a server that never stops has its turns like
// everybody else.
bool SessionImpl::HearUnasked() {
  for (int reads = 0; reads < kReadsAtOnce; ++reads) {
    fresh_ = false;
    if (!Receive() || !TakeUnasked()) return false;
    if (!fresh_) return true;
  }
  Soon();
  return false;
}

bool SessionImpl::TakeUnasked() {
  size_t all_taken = 0;
  while (all_taken < input_.size()) {
    const absl::StatusOr<size_t> taken =
        client_state_->OnUnasked(absl::string_view(input_).substr(all_taken));
    if (!taken.ok()) {
      Lose(ErrorFromStatus(taken.status()));
      return false;
    }
    if (*taken == 0) break;
    all_taken += *taken;
  }
  input_.erase(0, all_taken);
  if (input_.size() < Exchange::kLongestLine) return true;
  Lose(MakeError(ErrorCode::kLineTooLong, Phase::kSession));
  return false;
}

void SessionImpl::Wait() {
  watch_.reset();
  if (running_ == nullptr) {
    // While nothing runs, the server may have something to say, or leave.
    watch_ =
        loop_->Watch(connection_->fd(), Interest::kRead, [this] { Proceed(); });
    return;
  }
  WatchSilence();
  if (paused_ && can_send_) return;
  Interest interest = Interest::kRead;
  if (!can_send_) interest = paused_ ? Interest::kWrite : Interest::kReadWrite;
  watch_ = loop_->Watch(connection_->fd(), interest, [this] { Pump(); });
}

// The timer is left alone for as long as it does not come too late: it is
// started anew when it finds that something has moved.
void SessionImpl::WatchSilence() {
  const absl::Duration due =
      last_progress_ + running_->patience().value_or(options_.patience);
  if (silence_ != nullptr && silence_due_ <= due) return;
  silence_due_ = due;
  silence_ = loop_->StartTimer(due - loop_->Now(), [this] { OnSilence(); });
}

void SessionImpl::OnSilence() {
  silence_.reset();
  const absl::Duration due =
      last_progress_ + running_->patience().value_or(options_.patience);
  if (paused_) last_progress_ = loop_->Now();
  if (paused_ || due > loop_->Now()) return WatchSilence();
  Lose(MakeError(ErrorCode::kResponseTimedOut, Phase::kSession));
}

void SessionImpl::Lose(Error error) {
  error.phase = Phase::kSession;
  const State state = state_;
  const bool expected =
      state == State::kRunning && running_->on_loss() == OnLoss::kDone;
  if (!expected) {
    Record(EventKind::kConnectionLost,
           {{"error", std::string(ErrorName(error.code))},
            {"message", error.Message()}});
  }
  Disconnect();
  loss_ = Loss{error, loop_->Now()};
  if (state == State::kRunning) return SettleInterrupted(error);
  // What is said unasked is not the fault of what waits.
  const bool may_pass =
      MayPass(error) ||
      (state == State::kIdle && error.code == ErrorCode::kUnexpectedResponse);
  if (!jobs_.empty() &&
      (!may_pass || ++jobs_.front().repeats > options_.max_repeats)) {
    return Complete(ToStatus(error));
  }
  Proceed();
}

// The server was told, and has nothing more to say.
void SessionImpl::Leave() {
  connection_->Shutdown();
  Disconnect();
  left_ = true;
  loss_ = Loss{MakeError(ErrorCode::kConnectionClosed, Phase::kSession),
               loop_->Now()};
}

void SessionImpl::Disconnect() {
  watch_.reset();
  silence_.reset();
  running_.reset();
  input_.clear();
  output_.clear();
  state_ = State::kNoConnection;
  if (connection_ == nullptr) return;
  connection_.reset();
  client_state_->OnLost();
}

void SessionImpl::SettleInterrupted(const Error& error) {
  Job& job = jobs_.front();
  switch (job.exchange->on_loss()) {
    case OnLoss::kDone:
      return Complete(absl::OkStatus());
    case OnLoss::kUnknown:
      return Complete(Lost(ErrorCode::kOutcomeUnknown, error));
    case OnLoss::kGiveUp:
      return Complete(MayPass(error) ? Lost(ErrorCode::kConnectionLost, error)
                                     : ToStatus(error));
    case OnLoss::kRepeat:
      if (job.exchange->waits_for_news() &&
          loop_->Now() - began_ >= options_.patience) {
        job.repeats = 0;
      }
      break;
  }
  if (!MayPass(error) || ++job.repeats > options_.max_repeats) {
    return Complete(ToStatus(error));
  }
  Proceed();
}

void SessionImpl::Complete(absl::Status status) {
  const Done on_done = std::move(jobs_.front().on_done);
  jobs_.pop_front();
  Soon();
  on_done(std::move(status));
}

void SessionImpl::CompleteAll(absl::Status first, const absl::Status& others) {
  const std::deque<Job> jobs = std::exchange(jobs_, {});
  const WeakHandle<SessionImpl> self = weak_.handle();
  for (const Job& job : jobs) {
    if (self.get() == nullptr) return;
    job.on_done(std::exchange(first, others));
  }
}

// Not from here: this may have been called from inside anything.
void SessionImpl::End(Error error) {
  if (!end_) end_ = std::move(error);
  Soon();
}

// That it was ended does not undo what the server may have done.
void SessionImpl::Finish() {
  const bool unknown =
      state_ == State::kRunning && running_->on_loss() == OnLoss::kUnknown;
  if (connection_ != nullptr) connection_->Shutdown();
  Disconnect();
  redialer_.reset();
  CompleteAll(
      unknown ? Lost(ErrorCode::kOutcomeUnknown, *end_) : ToStatus(*end_),
      ToStatus(*end_));
}

void SessionImpl::Record(
    EventKind kind, std::vector<std::pair<std::string, std::string>> fields) {
  const EventSink& sink = options_.redial.connect.on_event;
  if (sink) sink({kind, loop_->Now() - created_, 0, std::move(fields)});
}

}  // namespace

std::unique_ptr<Session> Session::Create(Connector::Services services,
                                         SessionOptions options,
                                         SessionState* state) {
  EventLoop* const loop = services.loop;
  std::unique_ptr<Redialer> redialer =
      Redialer::Create(std::move(services), options.redial);
  return Create(loop, std::move(redialer), std::move(options), state);
}

std::unique_ptr<Session> Session::Create(EventLoop* loop,
                                         std::unique_ptr<Redialer> redialer,
                                         SessionOptions options,
                                         SessionState* state) {
  return std::make_unique<SessionImpl>(loop, std::move(redialer),
                                       std::move(options), state);
}

}  // namespace holdfast
