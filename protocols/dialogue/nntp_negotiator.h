// NNTP's dialogue (RFC 3977, 4642): greeting, STARTTLS, CAPABILITIES, QUIT.

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_NNTP_NEGOTIATOR_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_NNTP_NEGOTIATOR_H_

#include <string>
#include <vector>

#include "holdfast/protocols/dialogue/dialogue.h"

namespace holdfast {

// Capabilities are the lines of CAPABILITIES; none if the server does not know
// it.
class NntpNegotiator : public Dialogue {
 public:
  explicit NntpNegotiator(ConnectionSecurity security) : Dialogue(security) {}

  std::string FarewellCommand() override { return "QUIT\r\n"; }
  bool EndsFarewell(absl::string_view line) const override;

 private:
  Step OnGreeting(absl::string_view line) override;
  Step OnStartTlsAnswer(absl::string_view line) override;
  Step OnCapabilityAnswer(absl::string_view line) override;
  std::string StartTlsCommand() override { return "STARTTLS"; }
  std::string CapabilityCommand() override { return "CAPABILITIES"; }
  // MODE-READER (RFC 3977, 5.3) decides what may be said at all.
  Question question() const override { return Question::kFirst; }

  bool in_list_ = false;
  std::vector<std::string> heard_;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_NNTP_NEGOTIATOR_H_
