// SPDX-License-Identifier: MPL-2.0

// A signed-in connection that comes back: it runs exchanges one after the
// other, and when its transport fails in the middle, dials again, signs in
// again, restores its state, and repeats the interrupted exchange if that is
// safe.
//
// Clients use the typed sessions (imap_session.h, pop3_session.h,
// smtp_session.h, nntp_session.h), which are built on this. Whoever has
// protocol code of his own uses redialer.h.

#ifndef HOLDFAST_PROTOCOLS_SESSION_SESSION_H_
#define HOLDFAST_PROTOCOLS_SESSION_SESSION_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "holdfast/protocols/connect/redialer.h"
#include "holdfast/protocols/dialogue/connection.h"
#include "holdfast/protocols/session/exchange.h"

#pragma GCC visibility push(default)
namespace holdfast {

// What a session must know of its protocol and of what the client does with it.
// Outlives the session. Thread safety: the loop's thread.
class SessionState {
 public:
  virtual ~SessionState() = default;

  // On a new connection, signed in, not the first one: the exchanges that bring
  // the state back, one after the other; null: it is back. The session asks
  // again when the one before is done.
  virtual std::shared_ptr<Exchange> NextRestoring() = 0;

  // Once all is restored: whether what the client did before still means the
  // same. An error (kMailboxChanged, kStateNotRestored) fails the exchange that
  // was interrupted, if any, else the next one; the session goes on.
  virtual absl::Status Restored() = 0;

  // Takes what the server sends while no exchange runs, as Consume() does.
  // Errors: kServerBusy if the server takes its leave; any ends the connection.
  virtual absl::StatusOr<size_t> OnUnasked(absl::string_view bytes) = 0;

  // The connection is gone, for whatever reason.
  virtual void OnLost() = 0;
};

struct SessionOptions {
  RedialOptions redial;
  // How long the server may be silent while an answer is due; then the
  // transport has failed. RFC 5321, 4.5.3.2, asks for minutes in some places:
  // exchanges say so themselves.
  absl::Duration patience = absl::Seconds(60);
  // How often one exchange is begun again; counted anew once it has waited for
  // news as long as `patience`.
  int max_repeats = 3;
};

// Thread safety: the loop's thread.
class Session {
 public:
  using Done = std::function<void(absl::Status)>;

  // The first connect begins with the first Run() or Connect(). Loop, services
  // and state outlive the session.
  static std::unique_ptr<Session> Create(Connector::Services services,
                                         SessionOptions options,
                                         SessionState* state);
  // With a redialer of the caller's, whose own options count then.
  static std::unique_ptr<Session> Create(EventLoop* loop,
                                         std::unique_ptr<Redialer> redialer,
                                         SessionOptions options,
                                         SessionState* state);
  // Destroying it closes the connection; no callback is called any more.
  virtual ~Session() = default;

  // Connects and signs in. Calls `on_done` once, never from inside this call.
  virtual void Connect(Done on_done) = 0;

  // Runs `exchange` after those before it; connects if there is no connection.
  // Calls `on_done` once, never from inside this call: OK when it is done,
  // whatever the server's answer. Errors: kOutcomeUnknown, kConnectionLost,
  // kMailboxChanged, kStateNotRestored, kSessionClosed, kCancelled; those of
  // the exchange, of the connect and of signing in. After an error the session
  // may be used on.
  virtual void Run(std::shared_ptr<Exchange> exchange, Done on_done) = 0;

  // The exchange that runs wants to send: Produce() is asked.
  virtual void Wake() = 0;
  // Reads no more until resumed, and takes no silence for a failure: for who
  // cannot take what comes as fast as it comes.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;

  // Ends the connection without a farewell. What was to run, and what is run
  // later, fails with kSessionClosed; what runs, and the server may have
  // carried out, with kOutcomeUnknown, as it does when it is cancelled.
  virtual void Close() = 0;

  virtual bool connected() const = 0;
  // Of the connection that there is; empty without one.
  virtual const std::vector<std::string>& capabilities() const = 0;
  // The first time, and after each loss; null before.
  virtual const ConnectReport* report() const = 0;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SESSION_SESSION_H_
