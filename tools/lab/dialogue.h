// What the lab's mail servers say, as data: one script for each protocol. A
// behaviour decides which part of its script a server leaves out.

#ifndef HOLDFAST_TOOLS_LAB_DIALOGUE_H_
#define HOLDFAST_TOOLS_LAB_DIALOGUE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace holdfast::lab {

// What a server does once it has answered.
enum class Then { kContinue, kClose };

struct Command {
  absl::string_view verb;
  absl::string_view reply;  // "$TAG" stands for the command's tag
  Then then = Then::kContinue;
};

// All text is static.
struct Script {
  absl::string_view protocol;  // "imap"
  absl::string_view alpn_id;   // of the IANA registry
  bool tagged;                 // a command begins with a tag
  absl::string_view greeting;
  absl::string_view refusal;  // instead: not now
  absl::string_view preauth;  // instead: signed in already
  absl::Span<const Command> commands;
  absl::string_view unknown;  // the reply to any other command
};

// Null if the lab does not speak `protocol`.
const Script* FindScript(absl::string_view protocol);

struct Reply {
  std::string bytes;
  Then then = Then::kContinue;
};

// The answer to one line, given without its line end.
Reply Respond(const Script& script, absl::string_view line);

}  // namespace holdfast::lab

#endif  // HOLDFAST_TOOLS_LAB_DIALOGUE_H_
