// What tests of signing in are put together from.

#ifndef HOLDFAST_TESTS_HELPERS_SIGN_IN_PARTS_H_
#define HOLDFAST_TESTS_HELPERS_SIGN_IN_PARTS_H_

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/core/base/error.h"
#include "holdfast/protocols/sign_in/credentials.h"
#include "holdfast/tests/helpers/ready_negotiator.h"

namespace holdfast::test {

// Gives one password after another, and notes what it was asked.
class ListProvider final : public CredentialsProvider {
 public:
  explicit ListProvider(std::deque<std::string> passwords)
      : passwords_(std::move(passwords)) {}
  bool Has(CredentialKind asked_for) const override {
    return asked_for == kind;
  }
  const std::vector<CredentialsRequest>& asked() const { return asked_; }
  CredentialKind kind = CredentialKind::kPassword;
  // Answers are kept here if it is to answer later.
  bool later = false;
  Answer kept;

 private:
  void Ask(const CredentialsRequest& request, Answer answer) override {
    asked_.push_back(request);
    if (later) {
      kept = std::move(answer);
      return;
    }
    if (passwords_.empty()) {
      return answer(MakeStatus(ErrorCode::kCancelled, Phase::kSession, ""));
    }
    Credentials credentials{"alice", SecretString(passwords_.front())};
    passwords_.pop_front();
    answer(std::move(credentials));
  }

  std::deque<std::string> passwords_;
  std::vector<CredentialsRequest> asked_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_SIGN_IN_PARTS_H_
