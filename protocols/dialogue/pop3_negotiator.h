// POP3's dialogue (RFC 1939, 2449, 2595): greeting, STLS, CAPA, QUIT.

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_POP3_NEGOTIATOR_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_POP3_NEGOTIATOR_H_

#include <string>
#include <vector>

#include "holdfast/protocols/dialogue/dialogue.h"

namespace holdfast {

// Capabilities are the lines of CAPA; none if the server does not know it.
class Pop3Negotiator : public Dialogue {
 public:
  explicit Pop3Negotiator(ConnectionSecurity security) : Dialogue(security) {}

  std::string FarewellCommand() override { return "QUIT\r\n"; }
  bool EndsFarewell(absl::string_view line) const override;

 private:
  Step OnGreeting(absl::string_view line) override;
  Step OnStartTlsAnswer(absl::string_view line) override;
  Step OnCapabilityAnswer(absl::string_view line) override;
  std::string StartTlsCommand() override { return "STLS"; }
  std::string CapabilityCommand() override { return "CAPA"; }
  // Not along: without PIPELINING (RFC 2449, 6.6), which CAPA would tell, there
  // is one command at a time.
  Question question() const override { return Question::kLeftOut; }

  bool in_list_ = false;
  std::vector<std::string> heard_;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_POP3_NEGOTIATOR_H_
