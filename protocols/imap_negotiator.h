// IMAP's dialogue (RFC 9051): greeting, STARTTLS, CAPABILITY, LOGOUT.

#ifndef HOLDFAST_PROTOCOLS_IMAP_NEGOTIATOR_H_
#define HOLDFAST_PROTOCOLS_IMAP_NEGOTIATOR_H_

#include <string>
#include <vector>

#include "protocols/negotiator.h"

namespace holdfast {

class ImapNegotiator : public Negotiator {
 public:
  explicit ImapNegotiator(ConnectionSecurity security) : security_(security) {}

  Step Start() override;
  Step OnLine(absl::string_view line) override;
  Step OnTlsEstablished() override;
  const std::string& greeting() const override { return greeting_; }
  const std::vector<std::string>& capabilities() const override {
    return capabilities_;
  }
  std::string FarewellCommand() override;
  bool EndsFarewell(absl::string_view line) const override;

 private:
  enum class State { kGreeting, kStartTls, kHandshake, kCapability, kReady };

  Step OnGreeting(absl::string_view line);
  Step OnStartTlsAnswer(absl::string_view line);
  Step OnCapabilityAnswer(absl::string_view line);
  Step AskCapabilities();
  std::string NextTag();
  bool in_clear() const;

  const ConnectionSecurity security_;
  State state_ = State::kGreeting;
  int commands_ = 0;
  std::string tag_;
  std::string greeting_;
  std::vector<std::string> capabilities_;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_IMAP_NEGOTIATOR_H_
