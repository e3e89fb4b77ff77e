// Dials again, with growing pauses, until there is a connection that is signed
// in, or none is to be had.
//
//   redialer.Dial(std::nullopt, [](RedialResult result) { ... });   // at first
//   redialer.Dial(error, [](RedialResult result) { ... });  // when it was lost
//
// For clients with protocol code of their own, this is recovery in the middle:
// they tell what ended the connection, and are given the next one, to restore
// their state on. session.h does that for clients that have none.

#ifndef HOLDFAST_PROTOCOLS_REDIALER_H_
#define HOLDFAST_PROTOCOLS_REDIALER_H_

#include <functional>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "protocols/connector.h"
#include "protocols/credentials.h"
#include "protocols/sign_in.h"

namespace holdfast {

// When to dial again, and when to leave it.
struct RedialPolicy {
  // In a row, without a connection that was ready; 0: never.
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
  // Null: not signed in. Outlives the redialer.
  CredentialsProvider* credentials = nullptr;
  // Its protocol is the target's; its version the policy's minimum.
  std::optional<SaslMechanism> mechanism = std::nullopt;
  RedialPolicy policy = {};
  // 0 to 1, for the pauses; null: a random number.
  std::function<double()> random = {};
};

struct RedialResult {
  std::unique_ptr<Connection> connection;  // null if it failed
  // Of the last connect.
  ConnectReport report;
  SignInResult sign_in;
  std::optional<Error> error;  // the last one
  int dials = 0;

  bool ok() const { return connection != nullptr; }
};

// Thread safety: the loop's thread.
class Redialer {
 public:
  static std::unique_ptr<Redialer> Create(Connector::Services services,
                                          RedialOptions options);
  // Destroying it abandons the dialling; the callback is then never called.
  virtual ~Redialer() = default;

  // The first connection if `lost` is unset: dials once. Else a next one, after
  // `lost`: network failures are tried again, as the policy says; a
  // certificate, a sign of an attack, a refusal of the credentials never are.
  // Calls `on_done` once, never from inside this call; the callback may destroy
  // the redialer. One at a time.
  virtual void Dial(std::optional<Error> lost,
                    std::function<void(RedialResult)> on_done) = 0;
};

// Whether dialling again may mend it.
bool MayRedial(const Error& error);

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_REDIALER_H_
