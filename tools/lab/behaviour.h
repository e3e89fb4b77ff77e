// The ways in which the lab's server can misbehave: one table, in which each
// has a name and a line that explains it.

#ifndef HOLDFAST_TOOLS_LAB_BEHAVIOUR_H_
#define HOLDFAST_TOOLS_LAB_BEHAVIOUR_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "holdfast/tools/lab/client_hello.h"
#include "holdfast/tools/lab/dialogue.h"
#include "holdfast/tools/lab/stream.h"

namespace holdfast::lab {

// What a server does instead of its work.
struct Fault {
  // kGoOn: after the answer, it works as it should.
  enum class End { kFin, kReset, kSilence, kGoOn };

  End end = End::kFin;
  // What it sends first; null for nothing.
  std::function<std::string(const ClientHello&)> answer;
};

// A fault for some hellos.
struct HelloRule {
  // `number` counts the hellos that this server has seen, from 1.
  std::function<bool(const ClientHello& hello, int number)> strikes;
  Fault fault;
};

// Changes what a server says. False if the script has no such case: the
// protocol lacks it, or it happens before TLS and there is nothing before TLS.
using Edit = std::function<bool(Script* script)>;

// A value type. As it is by default, the server is healthy.
struct Behaviour {
  std::string name = "healthy";
  std::string explanation = "does everything right";
  std::optional<Fault> on_accept;     // before anything is read
  bool speaks_tls = true;             // if not, the dialogue is always in clear
  Edit edit;                          // null for none
  std::vector<HelloRule> on_hello;    // the first that strikes is what happens
  std::optional<Fault> one_in_three;  // of the other hellos, at random
  absl::Duration hello_delay;         // before a hello is answered
  TlsTerms tls;      // of the lab's own TLS, not of an upstream
  int rsa_bits = 0;  // of the key that the lab makes for itself; 0: P-256

  // False if it needs the lab's own dialogue or TLS session, and so cannot be
  // had in front of an upstream server.
  bool works_as_relay = true;
};

absl::Span<const Behaviour> AllBehaviours();

// Errors: NotFound.
absl::StatusOr<Behaviour> FindBehaviour(absl::string_view name);

// What a server of `behaviour` says. Errors: InvalidArgument if there is no
// such protocol, or no such case with it and `security`.
absl::StatusOr<Script> ScriptFor(const Behaviour& behaviour,
                                 absl::string_view protocol, Security security);

}  // namespace holdfast::lab

#endif  // HOLDFAST_TOOLS_LAB_BEHAVIOUR_H_
