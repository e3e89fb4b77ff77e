// A redialer that does what a test says.

#ifndef HOLDFAST_TESTS_HELPERS_FAKE_REDIALER_H_
#define HOLDFAST_TESTS_HELPERS_FAKE_REDIALER_H_

#include <utility>
#include <vector>

#include "holdfast/protocols/connect/redialer.h"

namespace holdfast::test {

// Each dial waits for the test to end it.
class FakeRedialer final : public Redialer {
 public:
  void Dial(Done on_done) override {
    ++first_dials;
    waiting = std::move(on_done);
  }
  void DialAgain(const Loss& loss, Done on_done) override {
    losses.push_back(loss.error.code);
    waiting = std::move(on_done);
  }

  int first_dials = 0;
  std::vector<ErrorCode> losses;
  Done waiting;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_FAKE_REDIALER_H_
