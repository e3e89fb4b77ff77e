#include "holdfast/tests/helpers/line_script.h"

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"

namespace holdfast::test {
namespace {

absl::Status Failed(ErrorCode code) {
  return MakeStatus(code, Phase::kSession, "");
}

// "C: text" as bytes.
std::string Bytes(const std::string& entry) {
  return entry.substr(3) + (entry[1] == ':' ? "\r\n" : "");
}

}  // namespace

void ScriptedSession::Play(const std::vector<std::string>& script) {
  for (size_t i = 0; i < script.size(); ++i) {
    Advance();
    if (script[i][0] == 'C') {
      const std::string expected = Bytes(script[i]);
      EXPECT_EQ(sent_.substr(0, expected.size()), expected);
      sent_.erase(0, expected.size());
    } else {
      EXPECT_EQ(sent_, "") << "sent before " << script[i];
      sent_.clear();
      if (script[i] == "LOST") {
        Lose(absl::OkStatus());
        continue;
      }
      std::string bytes = Bytes(script[i]);
      while (i + 1 < script.size() && script[i + 1][0] == 'S') {
        bytes += Bytes(script[++i]);
      }
      Feed(bytes);
    }
    if (testing::Test::HasFailure()) return;
  }
  Advance();
  EXPECT_EQ(sent_, "") << "sent at the end";
  EXPECT_EQ(input_, "") << "was not taken";
}

void ScriptedSession::Advance() {
  while (running_ != nullptr || StartNext()) {
    if (running_ == nullptr) continue;
    if (running_->done()) {
      const bool restored = restoring_;
      running_.reset();
      if (!restored) Complete(absl::OkStatus());
      continue;
    }
    absl::StatusOr<std::string> more = running_->Produce();
    if (!more.ok()) {
      Lose(more.status());
    } else if (!more->empty()) {
      EXPECT_LE(more->size(), 2 * Exchange::kChunk + 100);
      sent_ += *more;
    } else if (!running_->done()) {
      return;
    }
  }
}

// False if there is nothing to do.
bool ScriptedSession::StartNext() {
  if (jobs_.empty()) return false;
  if (restoring_) {
    std::shared_ptr<Exchange> next = state_->NextRestoring();
    restoring_ = next != nullptr;
    restoring_ ? Start(std::move(next)) : changed_.Update(state_->Restored());
    return true;
  }
  if (!changed_.ok()) {
    Complete(std::exchange(changed_, absl::OkStatus()));
  } else {
    Start(jobs_.front().exchange);
  }
  return true;
}

void ScriptedSession::Start(std::shared_ptr<Exchange> exchange) {
  running_ = std::move(exchange);
  const absl::Status started = running_->Start(capabilities_);
  if (started.ok()) return;
  running_.reset();
  Complete(started);
}

void ScriptedSession::Feed(const std::string& bytes) {
  if (feeding_ == Feeding::kWhole) {
    input_ += bytes;
    return Offer();
  }
  for (const char c : bytes) {
    input_ += c;
    Offer();
  }
}

void ScriptedSession::Offer() {
  while (!input_.empty()) {
    const absl::StatusOr<size_t> taken = running_ == nullptr
                                             ? state_->OnUnasked(input_)
                                             : running_->Consume(input_);
    if (!taken.ok()) return Lose(taken.status());
    ASSERT_LE(*taken, input_.size());
    if (*taken == 0) {
      EXPECT_LT(input_.size(), Exchange::kLongestLine);
      return;
    }
    input_.erase(0, *taken);
    Advance();
  }
}

void ScriptedSession::Lose(absl::Status error) {
  input_.clear();
  sent_.clear();
  error_ = error;
  const std::shared_ptr<Exchange> lost = std::move(running_);
  const bool was_restoring = std::exchange(restoring_, true);
  state_->OnLost();
  if (lost == nullptr || was_restoring) return;
  losses_.push_back(lost->on_loss());
  if (!error.ok()) return Complete(std::move(error));
  switch (losses_.back()) {
    case OnLoss::kRepeat:
      return;
    case OnLoss::kGiveUp:
      return Complete(Failed(ErrorCode::kConnectionLost));
    case OnLoss::kUnknown:
      return Complete(Failed(ErrorCode::kOutcomeUnknown));
    case OnLoss::kDone:
      return Complete(absl::OkStatus());
  }
}

void ScriptedSession::Complete(absl::Status status) {
  const Job job = std::move(jobs_.front());
  jobs_.pop_front();
  job.on_done(std::move(status));
}

}  // namespace holdfast::test
