// What all negotiators share: where the dialogue stands, and that nothing heard
// in clear outlives the handshake.
//
//   greeting -> [capabilities, in clear] -> STARTTLS -> TLS -> capabilities
//   -> ready; with implicit TLS: greeting -> capabilities -> ready
//
// Inside TLS a command of the client may take the capabilities' place, or go
// with the question for them: Join().
//
// A protocol says what its commands are and what the server's lines mean.

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_DIALOGUE_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_DIALOGUE_H_

#include <string>
#include <vector>

#include "holdfast/protocols/dialogue/negotiator.h"

namespace holdfast {

// Thread safety: none.
class Dialogue : public Negotiator {
 public:
  Step Start() final { return Step(); }
  Step OnLine(absl::string_view line) final;
  Step OnTlsEstablished() final;
  std::string Join(const Step& step) final;
  bool ready() const final { return state_ == State::kReady; }
  const std::string& greeting() const final { return greeting_; }
  const std::vector<std::string>& capabilities() const final {
    return capabilities_;
  }

 protected:
  explicit Dialogue(ConnectionSecurity security)
      : in_clear_(security != ConnectionSecurity::kImplicitTls) {}

  // A line of the greeting, or of the answer to the command that was sent.
  virtual Step OnGreeting(absl::string_view line) = 0;
  virtual Step OnStartTlsAnswer(absl::string_view line) = 0;
  virtual Step OnCapabilityAnswer(absl::string_view line) = 0;
  // Commands, without CRLF.
  virtual std::string StartTlsCommand() = 0;
  virtual std::string CapabilityCommand() = 0;
  // Inside TLS, if the client has a command that needs no capabilities.
  enum class Question {
    kFirst,    // must be answered before any command
    kAlong,    // is put in front of the command
    kLeftOut,  // is not put
  };
  virtual Question question() const = 0;

  bool in_clear() const { return in_clear_; }

  // In clear, leave out of `greeting` what must not be believed.
  void KeepGreeting(std::string greeting) { greeting_ = std::move(greeting); }

  // What to do next. TLS is asked for even if it is not offered: an offer in
  // clear proves nothing.
  Step AskForTls();
  Step AskForCapabilities();
  Step AskForTlsOrCapabilities() {
    return in_clear_ ? AskForTls() : AskForCapabilities();
  }
  Step BeginTls();
  // The only way to a ready connection. In clear the list is dropped, and TLS
  // is asked for.
  Step CapabilitiesHeard(std::vector<std::string> capabilities);
  static Step NextLine() { return Step(); }
  static Step Send(absl::string_view command);
  // `message` takes the place of the error table's sentence.
  Step Fail(ErrorCode code, absl::string_view server_text,
            absl::string_view message = "") const;

 private:
  enum class State { kGreeting, kStartTls, kHandshake, kCapabilities, kReady };

  State state_ = State::kGreeting;
  bool in_clear_;
  std::string greeting_;
  std::vector<std::string> capabilities_;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_DIALOGUE_H_
