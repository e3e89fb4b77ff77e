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
#include "absl/types/span.h"
#include "tools/lab/client_hello.h"
#include "tools/lab/stream.h"

namespace holdfast::lab {

// What a server does instead of its work.
struct Fault {
  enum class End { kFin, kReset, kSilence };

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

enum class Greeting { kUsual, kNone, kRefusal, kPreauth };
enum class AfterGreeting { kConverse, kSilence, kClose };

// A value type. As it is by default, the server is healthy. What is set takes
// effect in the order in which it stands here.
struct Behaviour {
  absl::string_view name = "healthy";
  absl::string_view explanation = "does everything right";
  std::optional<Fault> on_accept;  // before anything is read
  bool speaks_tls = true;
  std::vector<HelloRule> on_hello;  // the first that strikes is what happens
  TlsTerms tls;                     // of the lab's own TLS, not of an upstream
  Greeting greeting = Greeting::kUsual;
  AfterGreeting after_greeting = AfterGreeting::kConverse;

  // False if it needs the lab's own TLS session, and so cannot be had in front
  // of an upstream server.
  bool works_as_relay = true;
};

absl::Span<const Behaviour> AllBehaviours();

// Errors: NotFound.
absl::StatusOr<Behaviour> FindBehaviour(absl::string_view name);

}  // namespace holdfast::lab

#endif  // HOLDFAST_TOOLS_LAB_BEHAVIOUR_H_
