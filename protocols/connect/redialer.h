// SPDX-License-Identifier: MPL-2.0

// Dials again, with growing pauses, until there is a connection that is signed
// in, or none is to be had.
//
//   redialer->Dial([](RedialResult result) { ... });           // at first
//   redialer->DialAgain(loss, [](RedialResult result) { ... });  // when lost
//
// For clients with protocol code of their own, this is recovery in the middle:
// they tell what ended the connection, and are given the next one, to restore
// their state on. session.h does that for clients that have none.

#ifndef HOLDFAST_PROTOCOLS_CONNECT_REDIALER_H_
#define HOLDFAST_PROTOCOLS_CONNECT_REDIALER_H_

#include <functional>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/sign_in/credentials.h"
#include "holdfast/protocols/sign_in/sign_in.h"

#pragma GCC visibility push(default)
namespace holdfast {

// When to dial again, and when to leave it.
struct RedialPolicy {
  // How many dials may fail, in a row, to bring one connection back; 0: none is
  // tried.
  int max_redials = 6;
  // The pause doubles from the first to the longest. A random part of up to
  // half is taken off it, so that a thousand clients of one server that went
  // away do not come back as one.
  absl::Duration first_pause = absl::Milliseconds(500);
  absl::Duration longest_pause = absl::Seconds(60);
  // The least after the server asked for peace: 421, BYE, [SYS/TEMP].
  absl::Duration pause_after_refusal = absl::Seconds(30);
};

struct RedialOptions {
  ConnectRequest connect;
  // Null: not signed in.
  std::shared_ptr<CredentialsProvider> credentials = nullptr;
  // As in SignInOptions.
  int max_sign_in_tries = 3;
  absl::Duration sign_in_timeout = absl::Seconds(60);
  RedialPolicy policy = {};
  // 0 to 1, for the pauses; null: a random number.
  std::function<double()> random = {};
};

struct RedialResult {
  std::unique_ptr<Connection> connection;  // null if it failed
  ConnectReport report;                    // of the last connect
  SignInResult sign_in;                    // likewise, if it came so far
  std::optional<Error> error;              // why it failed
  int dials = 0;

  bool ok() const { return connection != nullptr; }
};

// The end of a connection.
struct Loss {
  Error error;
  absl::Duration at;  // loop time: the pause is counted from here
};

// Thread safety: the loop's thread.
class Redialer {
 public:
  using Done = std::function<void(RedialResult)>;

  // The services outlive it.
  static std::unique_ptr<Redialer> Create(Connector::Services services,
                                          RedialOptions options);
  // Destroying it abandons the dialling; the callback is then never called.
  virtual ~Redialer() = default;

  // Both call `on_done` once, never from inside the call; the callback may
  // destroy the redialer. One at a time. ConnectRequest::cancellation ends them
  // wherever they are: kCancelled.
  //
  // Dials once.
  virtual void Dial(Done on_done) = 0;
  // Dials after a pause, and again if that fails with what may pass, as the
  // policy says. A certificate, a sign of an attack, a refusal of the
  // credentials end it at once.
  virtual void DialAgain(const Loss& loss, Done on_done) = 0;
};

// Whether dialling again may mend it: error_notes.inc says which errors pass. A
// refusal for safety never does; nor does an answer that is none, which would
// come again, and cost the credentials' being sent each time.
bool MayPass(const Error& error);

// Before the dial that follows `dials` others in a row, the last of which, or
// the connection that it gave, ended with `error`. `random` is 0 to 1.
absl::Duration RedialPause(const RedialPolicy& policy, const Error& error,
                           int dials, double random);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_CONNECT_REDIALER_H_
