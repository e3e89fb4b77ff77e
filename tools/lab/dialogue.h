// What the lab's mail servers say, as data: the words of each protocol, and the
// script that a healthy server makes of them. A behaviour edits its script.

#ifndef HOLDFAST_TOOLS_LAB_DIALOGUE_H_
#define HOLDFAST_TOOLS_LAB_DIALOGUE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace holdfast::lab {

// How a port comes to speak TLS.
enum class Security { kImplicit, kStartTls };

struct Extra {
  absl::string_view verb;
  absl::string_view reply;
};

// All text is static and, where it is sent, ends with its line end; "$TAG"
// stands for the command's tag. What is empty does not exist in the protocol.
struct Words {
  absl::string_view protocol;
  absl::string_view alpn_id;  // of the IANA registry
  bool tagged = false;        // a command begins with a tag

  absl::string_view clear_greeting;
  absl::string_view tls_greeting;  // with implicit TLS
  absl::string_view refusal;       // a greeting: not now
  absl::string_view rejection;     // a greeting: never
  absl::string_view preauth;       // a greeting: signed in already
  absl::string_view referral;      // a greeting: go elsewhere

  absl::string_view capability_verb;
  absl::string_view clear_capabilities;
  absl::string_view tls_capabilities;
  absl::string_view quit_verb;
  absl::string_view quit;
  absl::Span<const Extra> extras;
  absl::string_view unknown;  // the reply to any other command

  absl::string_view starttls_verb;
  absl::string_view starttls_offer;  // as it stands in the lists above
  absl::string_view starttls_ok;
  absl::string_view starttls_refused;
  absl::string_view starttls_not_now;
  absl::string_view starttls_impossible;
  absl::string_view starttls_plus;  // go on, but nothing follows
  absl::string_view starttls_referral;

  absl::string_view injection;    // what an attacker would like to be believed
  absl::string_view unsolicited;  // what a server may say at any time
  absl::string_view filler;       // one line more of a list
  // The tag that Holdfast gives its first command: an attacker knows it too.
  absl::string_view first_tag;
};

// What a server does once it has answered.
enum class Then { kContinue, kClose, kStartTls };

struct Reply {
  std::string text;
  Then then = Then::kContinue;
  std::string later = {};    // sent a moment after the text, in its own segment
  std::string forever = {};  // sent over and over, until the client is gone
};

struct Command {
  std::string verb;
  Reply reply;
};

// The dialogue on one side of STARTTLS.
struct Phase {
  Reply greeting;
  std::vector<Command> commands;
  Reply unknown;
  bool drips = false;  // sends each byte by itself

  // Null if there is no such command.
  Reply* Find(absl::string_view verb);
};

struct Script {
  Words words;
  Security security = Security::kImplicit;
  Phase clear;
  Phase tls;  // its greeting is left out after STARTTLS

  // The one that a connection begins with.
  Phase& first() { return security == Security::kImplicit ? tls : clear; }
};

// A healthy server's. nullopt if the lab does not speak `protocol`.
std::optional<Script> FindScript(absl::string_view protocol, Security security);

// The answer to one line, given without its line end.
Reply Respond(const Words& words, const Phase& phase, absl::string_view line);

// `line` asks for TLS: the tag of that command, empty where there are none.
std::optional<std::string> AsksForTls(const Words& words,
                                      absl::string_view line);
// `line` is the answer that lets TLS begin.
bool LetsTlsBegin(const Words& words, absl::string_view tag,
                  absl::string_view line);

}  // namespace holdfast::lab

#endif  // HOLDFAST_TOOLS_LAB_DIALOGUE_H_
