// What tests of signing in are put together from.

#ifndef HOLDFAST_TESTS_HELPERS_SIGN_IN_PARTS_H_
#define HOLDFAST_TESTS_HELPERS_SIGN_IN_PARTS_H_

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "protocols/credentials.h"
#include "protocols/negotiator.h"

namespace holdfast::test {

// A dialogue that is over.
class ReadyNegotiator final : public Negotiator {
 public:
  ReadyNegotiator(std::string greeting, std::vector<std::string> capabilities)
      : greeting_(std::move(greeting)),
        capabilities_(std::move(capabilities)) {}
  Step Start() override { return {}; }
  Step OnLine(absl::string_view) override { return {}; }
  Step OnTlsEstablished() override { return {}; }
  std::string Join(const Step&) override { return ""; }
  bool ready() const override { return true; }
  const std::string& greeting() const override { return greeting_; }
  const std::vector<std::string>& capabilities() const override {
    return capabilities_;
  }
  std::string FarewellCommand() override { return ""; }
  bool EndsFarewell(absl::string_view) const override { return true; }

 private:
  const std::string greeting_;
  const std::vector<std::string> capabilities_;
};

// Gives one password after another, and notes what it was asked.
class ListProvider final : public CredentialsProvider {
 public:
  explicit ListProvider(std::deque<std::string> passwords)
      : passwords_(std::move(passwords)) {}
  bool Has(CredentialKind kind) const override {
    return kind == CredentialKind::kPassword;
  }
  const std::vector<CredentialsRequest>& asked() const { return asked_; }
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
