// A dialogue that is over, for connections that are made up.

#ifndef HOLDFAST_TESTS_HELPERS_READY_NEGOTIATOR_H_
#define HOLDFAST_TESTS_HELPERS_READY_NEGOTIATOR_H_

#include <string>
#include <utility>
#include <vector>

#include "holdfast/protocols/dialogue/negotiator.h"

namespace holdfast::test {

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

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_READY_NEGOTIATOR_H_
