// SPDX-License-Identifier: MPL-2.0

// An SMTP or submission session that comes back (RFC 5321, 6409).
//
//   auto smtp = SmtpSession::Create(services, options);
//   smtp->Send({"alice@example.org", {"bob@example.org"}},
//   NewStringSource(text),
//              [](SmtpResult result) {
//                if (result.accepted) puts("sent");
//              });
//
// A refusal is an answer, not an error: see SmtpResult.

#ifndef HOLDFAST_PROTOCOLS_SESSION_SMTP_SESSION_H_
#define HOLDFAST_PROTOCOLS_SESSION_SMTP_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "holdfast/protocols/session/message_source.h"
#include "holdfast/protocols/session/session.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct SmtpEnvelope {
  // Mailboxes without angle brackets. An empty sender is the null one, of
  // notices (RFC 5321, 4.5.5).
  std::string sender;
  std::vector<std::string> recipients;
  // What the message holds; the server must be able to take it: bytes beyond
  // ASCII (RFC 6152), UTF-8 in its header (RFC 6531).
  bool eight_bit = false;
  bool utf8_header = false;
  // If one recipient is refused, nobody gets it. Costs a round trip.
  bool all_or_none = false;
  // DATA, even if the server knows BDAT (RFC 3030).
  bool data_only = false;
};

struct SmtpAnswer {
  int code = 0;  // 0: none was heard
  // "5.1.1" (RFC 3463); empty if the server gave none.
  std::string enhanced;
  // All of it, with the codes, lines joined by spaces.
  std::string words;

  bool ok() const { return code / 100 == 2; }
};

struct SmtpResult {
  // What kept the server from deciding; then the rest is what was known until
  // then: answers to recipients.
  absl::Status status;
  // The server has taken the message, for the recipients whose answer is ok().
  bool accepted = false;
  // To each recipient, in the envelope's order.
  std::vector<SmtpAnswer> recipients;
  // What decided: to the message (with the words that name it in the server's
  // queue), or the refusal. If it took the message after refusing all
  // recipients, nobody gets it.
  SmtpAnswer last;
  // The message is larger than this, the most that the server takes (RFC 1870):
  // nothing was sent.
  std::optional<uint64_t> size_limit;
};

// Thread safety: the loop's thread. Callbacks are called once, never from
// inside the call; none after the session was destroyed.
class SmtpSession {
 public:
  using Sent = std::function<void(SmtpResult)>;
  using Answered = std::function<void(absl::StatusOr<SmtpAnswer>)>;
  // Makes the session that runs the exchanges.
  using Factory = std::function<std::unique_ptr<Session>(SessionState*)>;

  static std::unique_ptr<SmtpSession> Create(const Factory& factory);
  static std::unique_ptr<SmtpSession> Create(Connector::Services services,
                                             SessionOptions options) {
    return Create([&](SessionState* state) {
      return Session::Create(std::move(services), std::move(options), state);
    });
  }
  virtual ~SmtpSession() = default;

  virtual void Connect(Session::Done on_done) = 0;
  // Line ends are made CRLF. Errors: kOutcomeUnknown if the connection was lost
  // between the message's end and the answer; kInvalidArgument for an address
  // that cannot be sent, no recipient, or contents that the server does not
  // offer to take; kServerBusy after 421; kMessageUnreadable; those of
  // Session::Run().
  virtual void Send(SmtpEnvelope envelope,
                    std::shared_ptr<MessageSource> message, Sent on_done) = 0;
  virtual void Noop(Answered on_done) = 0;
  // Ends the connection.
  virtual void Quit(Answered on_done) = 0;

  // The session below, for Close(), Wake() and what is known of the connection.
  virtual Session& session() = 0;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SESSION_SMTP_SESSION_H_
