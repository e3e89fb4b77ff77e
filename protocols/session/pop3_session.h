// SPDX-License-Identifier: MPL-2.0

// A POP3 session that comes back (RFC 1939, 2449).
//
//   auto pop3 = Pop3Session::Create(services, options);
//   pop3->UidList([&](absl::StatusOr<Pop3List> list) {
//     const Pop3Message first = list->messages.front();
//     pop3->Retrieve(first, &sink, [&](absl::StatusOr<Pop3Answer> answer) {
//       pop3->Delete(first, ...);
//       pop3->Quit(...);
//     });
//   });
//
// A refusal is an answer, not an error: see Pop3Answer::ok.

#ifndef HOLDFAST_PROTOCOLS_SESSION_POP3_SESSION_H_
#define HOLDFAST_PROTOCOLS_SESSION_POP3_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "holdfast/protocols/session/session.h"
#include "holdfast/protocols/session/text_block.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct Pop3Answer {
  bool ok = false;    // "+OK"; else "-ERR"
  std::string words;  // what follows
  // "SYS/TEMP", "IN-USE" (RFC 2449, 8; RFC 3206); empty if there is none.
  std::string code;
};

// A message is known by a number, which holds for one connection, and by an
// identifier, which holds for good.
struct Pop3Message {
  int number = 0;
  std::string unique_id = {};  // from UidList(); empty: not known
  uint64_t bytes = 0;          // from List()
};

struct Pop3Stat : Pop3Answer {
  uint64_t messages = 0;
  uint64_t bytes = 0;
};

struct Pop3List : Pop3Answer {
  std::vector<Pop3Message> messages;
};

// Numbers come from Stat(), List() or UidList() (or are 1, 2, ... if none was
// called before). Once the connection that they are of was lost, a message is
// asked for only if its identifier is known and still that of the number; else
// the call ends with kConnectionLost.
//
// Deletions are carried out by Quit() alone. If the connection is lost before,
// the server forgets them, and the next call ends with kStateNotRestored.
//
// Thread safety: the loop's thread. Callbacks are called once, never from
// inside the call; none after the session was destroyed. What is pointed to
// outlives the callback. Errors: those of Session::Run() and of sinks;
// kInvalidArgument, kServerBusy, kUnexpectedResponse, kLineTooLong,
// kTooMuchData.
class Pop3Session {
 public:
  template <typename T>
  using Done = std::function<void(absl::StatusOr<T>)>;
  // Makes the session that runs the exchanges.
  using Factory = std::function<std::unique_ptr<Session>(SessionState*)>;

  static std::unique_ptr<Pop3Session> Create(const Factory& factory);
  static std::unique_ptr<Pop3Session> Create(Connector::Services services,
                                             SessionOptions options) {
    return Create([&](SessionState* state) {
      return Session::Create(std::move(services), std::move(options), state);
    });
  }
  virtual ~Pop3Session() = default;

  virtual void Connect(Session::Done on_done) = 0;
  virtual void Stat(Done<Pop3Stat> on_done) = 0;
  // At most a million messages.
  virtual void List(Done<Pop3List> on_done) = 0;
  virtual void UidList(Done<Pop3List> on_done) = 0;
  virtual void Retrieve(Pop3Message message, BlockSink* sink,
                        Done<Pop3Answer> on_done) = 0;
  // The header and the first `lines` lines of the body.
  virtual void Top(Pop3Message message, uint32_t lines, BlockSink* sink,
                   Done<Pop3Answer> on_done) = 0;
  virtual void Delete(Pop3Message message, Done<Pop3Answer> on_done) = 0;
  // Takes all deletions back.
  virtual void Reset(Done<Pop3Answer> on_done) = 0;
  virtual void Noop(Done<Pop3Answer> on_done) = 0;
  // Carries deletions out and ends the connection. kOutcomeUnknown if it broke
  // off and there were any.
  virtual void Quit(Done<Pop3Answer> on_done) = 0;

  // The session below, for Close(), Wake() and what is known of the connection.
  virtual Session& session() = 0;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SESSION_POP3_SESSION_H_
