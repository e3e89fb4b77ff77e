// IMAP's dialogue (RFC 9051): greeting, STARTTLS, CAPABILITY, LOGOUT.

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_IMAP_NEGOTIATOR_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_IMAP_NEGOTIATOR_H_

#include <string>
#include <vector>

#include "holdfast/protocols/dialogue/dialogue.h"

namespace holdfast {

// Capabilities are the words of the CAPABILITY list.
class ImapNegotiator : public Dialogue {
 public:
  explicit ImapNegotiator(ConnectionSecurity security) : Dialogue(security) {}

  std::string FarewellCommand() override;
  bool EndsFarewell(absl::string_view line) const override;
  // Untagged data (RFC 9051, 7).
  bool MayComeUnasked(absl::string_view line) const override {
    return line.empty() || line[0] == '*';
  }

 private:
  Step OnGreeting(absl::string_view line) override;
  Step OnStartTlsAnswer(absl::string_view line) override;
  Step OnCapabilityAnswer(absl::string_view line) override;
  std::string StartTlsCommand() override { return Tagged("STARTTLS"); }
  std::string CapabilityCommand() override { return Tagged("CAPABILITY"); }
  // The list heard in clear is void (RFC 9051, 6.2.1), and sessions need one.
  Question question() const override { return Question::kAlong; }
  std::string Tagged(absl::string_view command);

  int commands_ = 0;
  std::string tag_;
  std::vector<std::string> heard_;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_IMAP_NEGOTIATOR_H_
