// SPDX-License-Identifier: MPL-2.0

// An NNTP session for reading and posting that comes back (RFC 3977).
//
//   auto nntp = NntpSession::Create(services, options);
//   nntp->Group("comp.lang.c++", [&](absl::StatusOr<NntpGroup> group) {
//     nntp->Article(group->last, &sink, [](absl::StatusOr<NntpArticle> article)
//     {
//       if (article.ok() && article->ok()) puts("read");
//     });
//   });
//
// A refusal is an answer, not an error: see NntpAnswer.

#ifndef HOLDFAST_PROTOCOLS_SESSION_NNTP_SESSION_H_
#define HOLDFAST_PROTOCOLS_SESSION_NNTP_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "holdfast/protocols/session/message_source.h"
#include "holdfast/protocols/session/session.h"
#include "holdfast/protocols/session/text_block.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct NntpAnswer {
  int code = 0;
  std::string words;  // what follows it

  bool ok() const { return code / 100 == 2; }
};

struct NntpGroup : NntpAnswer {
  std::string name;
  uint64_t count = 0;  // an estimate
  uint64_t first = 0;
  uint64_t last = 0;
};

struct NntpArticle : NntpAnswer {
  uint64_t number = 0;  // 0 if it was asked for by its message-id
  std::string message_id;
};

// A number in the group that is selected, or a message-id with its angle
// brackets.
using NntpArticleId = std::variant<uint64_t, std::string>;

struct NntpRange {
  uint64_t first = 1;
  std::optional<uint64_t> last = std::nullopt;  // unset: and all after it
};

// On a new connection the group is selected again; if the server refuses that,
// the next call ends with kStateNotRestored, and no group is selected.
//
// Thread safety: the loop's thread. Callbacks are called once, never from
// inside the call; none after the session was destroyed. What is pointed to
// outlives the callback. Errors: those of Session::Run() and of sinks;
// kInvalidArgument, kServerBusy after 400, kUnexpectedResponse, kLineTooLong.
class NntpSession {
 public:
  template <typename T>
  using Done = std::function<void(absl::StatusOr<T>)>;
  // Makes the session that runs the exchanges.
  using Factory = std::function<std::unique_ptr<Session>(SessionState*)>;

  static std::unique_ptr<NntpSession> Create(const Factory& factory);
  static std::unique_ptr<NntpSession> Create(Connector::Services services,
                                             SessionOptions options) {
    return Create([&](SessionState* state) {
      return Session::Create(std::move(services), std::move(options), state);
    });
  }
  virtual ~NntpSession() = default;

  virtual void Connect(Session::Done on_done) = 0;
  virtual void Group(std::string name, Done<NntpGroup> on_done) = 0;
  // Selects it too. A line each: an article's number.
  virtual void ListGroup(std::string name, NntpRange range, BlockSink* lines,
                         Done<NntpGroup> on_done) = 0;
  // A line each: number, subject, author, date, message-id, references, bytes,
  // lines, and more; tabs between them (RFC 3977, 8.3).
  virtual void Over(NntpRange range, BlockSink* lines,
                    Done<NntpAnswer> on_done) = 0;
  virtual void Article(NntpArticleId id, BlockSink* sink,
                       Done<NntpArticle> on_done) = 0;
  virtual void Head(NntpArticleId id, BlockSink* sink,
                    Done<NntpArticle> on_done) = 0;
  virtual void Body(NntpArticleId id, BlockSink* sink,
                    Done<NntpArticle> on_done) = 0;
  virtual void Stat(NntpArticleId id, Done<NntpArticle> on_done) = 0;
  // A line each: group, last and first number, whether one may post (RFC 3977,
  // 7.6.3). `wildmat` is "comp.lang.*,!*.c" (4.2); empty: all.
  virtual void ListActive(std::string wildmat, BlockSink* lines,
                          Done<NntpAnswer> on_done) = 0;
  // Line ends are made CRLF. Errors: kOutcomeUnknown if the connection was lost
  // between the article's end and the answer; kMessageUnreadable.
  virtual void Post(std::shared_ptr<MessageSource> article,
                    Done<NntpAnswer> on_done) = 0;
  // Ends the connection.
  virtual void Quit(Done<NntpAnswer> on_done) = 0;

  // The session below, for Close(), Wake() and what is known of the connection.
  virtual Session& session() = 0;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SESSION_NNTP_SESSION_H_
