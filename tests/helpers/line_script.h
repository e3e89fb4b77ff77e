// A session without a network: it plays a script with the exchanges that are
// run on it.

#ifndef HOLDFAST_TESTS_HELPERS_LINE_SCRIPT_H_
#define HOLDFAST_TESTS_HELPERS_LINE_SCRIPT_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/session/session.h"

namespace holdfast::test {

enum class Feeding { kWhole, kByteByByte };

// Loses its connection only when the script says so, or for an error.
class ScriptedSession final : public Session {
 public:
  ScriptedSession(SessionState* state, Feeding feeding)
      : state_(state), feeding_(feeding) {}

  // What the server can do from the next start of an exchange on.
  void Offer(std::vector<std::string> capabilities) {
    capabilities_ = std::move(capabilities);
  }

  // "C: ..." is a line that the client must send at this point, "S: ..." one
  // that the server sends, "C> ..." and "S> ..." the same without a line end;
  // "LOST" the connection's loss, upon which there is another one. Fails the
  // test where the client departs from it, at any time.
  void Play(const std::vector<std::string>& script);

  // The exchange that runs.
  std::shared_ptr<Exchange> running() { return running_; }
  // What each loss found.
  const std::vector<OnLoss>& losses() const { return losses_; }
  // What ended the connection before the script did; OK if nothing.
  const absl::Status& error() const { return error_; }

  void Connect(Done on_done) override { on_done(absl::OkStatus()); }
  void Run(std::shared_ptr<Exchange> exchange, Done on_done) override {
    jobs_.push_back({std::move(exchange), std::move(on_done)});
  }
  void Wake() override {}
  void PauseReading() override {}
  void ResumeReading() override {}
  void Close() override {}
  bool connected() const override { return true; }
  const std::vector<std::string>& capabilities() const override {
    return capabilities_;
  }
  const ConnectReport* report() const override { return nullptr; }

 private:
  struct Job {
    std::shared_ptr<Exchange> exchange;
    Done on_done;
  };

  // Sends what is to be sent, and goes on to what runs next.
  void Advance();
  bool StartNext();
  void Start(std::shared_ptr<Exchange> exchange);
  void Feed(const std::string& bytes);
  void Offer();
  void Lose(absl::Status error);
  void Complete(absl::Status status);

  SessionState* const state_;
  const Feeding feeding_;
  std::vector<std::string> capabilities_;
  std::deque<Job> jobs_;
  std::shared_ptr<Exchange> running_;
  bool restoring_ = false;
  absl::Status changed_;
  std::string input_;
  std::string sent_;
  std::vector<OnLoss> losses_;
  absl::Status error_;
};

// For Create() of a typed session; `*session` is what it runs on.
inline auto Scripted(Feeding feeding, ScriptedSession** session) {
  return [=](SessionState* state) {
    auto made = std::make_unique<ScriptedSession>(state, feeding);
    *session = made.get();
    return made;
  };
}

// Keeps what a callback was given.
template <typename T>
class Slot {
 public:
  auto Keeper() {
    return [this](absl::StatusOr<T> value) { value_ = std::move(value); };
  }
  bool called() const { return value_.has_value(); }
  const T& operator*() const { return **value_; }
  const T* operator->() const { return &**value_; }
  bool ok() const { return value_.has_value() && value_->ok(); }
  // Fails the test if there is none.
  Error error() const {
    if (called() && !ok()) return ErrorFromStatus(value_->status());
    ADD_FAILURE() << "no error";
    return MakeError(ErrorCode::kInternal, Phase::kSession);
  }

 private:
  std::optional<absl::StatusOr<T>> value_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_LINE_SCRIPT_H_
