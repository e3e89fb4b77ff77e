// SMTP's and submission's dialogue (RFC 5321, 3207, 6409): greeting, EHLO,
// STARTTLS, EHLO again, QUIT.

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_SMTP_NEGOTIATOR_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_SMTP_NEGOTIATOR_H_

#include <string>
#include <vector>

#include "holdfast/protocols/dialogue/dialogue.h"

namespace holdfast {

// A reply of one or more lines, all with the same code (RFC 5321, 4.2.1).
struct SmtpReply {
  int code = 0;  // 0: no line yet
  bool complete = false;
  std::vector<std::string> lines;  // as they came

  // False if `line` cannot belong to it.
  bool Add(absl::string_view line);
  int kind() const { return code / 100; }
  // The code and all lines' texts, enhanced codes with them.
  std::string Words() const;
};

// Capabilities are the lines of EHLO's answer but the first; none after HELO.
class SmtpNegotiator : public Dialogue {
 public:
  // `client_name` is what EHLO says: a domain or an address literal (RFC 5321,
  // 4.1.3).
  SmtpNegotiator(ConnectionSecurity security, std::string client_name)
      : Dialogue(security), client_name_(std::move(client_name)) {}

  std::string FarewellCommand() override { return "QUIT\r\n"; }
  bool EndsFarewell(absl::string_view line) const override;

 private:
  Step OnGreeting(absl::string_view line) override;
  Step OnStartTlsAnswer(absl::string_view line) override;
  Step OnCapabilityAnswer(absl::string_view line) override;
  std::string StartTlsCommand() override { return "STARTTLS"; }
  std::string CapabilityCommand() override { return "EHLO " + client_name_; }
  // RFC 5321, 4.1.1.1; RFC 3207, 4.2.
  Question question() const override { return Question::kFirst; }
  Step OnHelloRefused(const SmtpReply& reply);

  const std::string client_name_;
  SmtpReply reply_;  // the one that is coming in
  bool said_helo_ = false;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_SMTP_NEGOTIATOR_H_
