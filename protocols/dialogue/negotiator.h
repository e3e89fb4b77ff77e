// One protocol's dialogue from the greeting to a ready connection, without I/O:
// it is fed lines and answers with what to do. The driver is attempt.h.

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_NEGOTIATOR_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_NEGOTIATOR_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/dialogue/protocol.h"

namespace holdfast {

// What the driver is to do next.
struct Step {
  enum class Kind {
    kContinue,  // send `send` if there is any, then feed the next line
    kStartTls,  // no byte may be unread; do the handshake
    kReady,     // done
    kFailed,    // give up: `error`
  };

  Kind kind = Kind::kContinue;
  // With its CRLF. In clear, nothing may be unread when it is sent but what
  // MayComeUnasked(): it would answer a command that the server cannot have
  // seen.
  std::string send;
  // `send` asks, inside TLS, what the server can do, before anything else is
  // said: a command that needs no answer to that may Join() it.
  bool joinable = false;
  std::optional<Error> error;
};

// Thread safety: none. Made anew for each attempt: nothing heard on an earlier
// one, or before TLS, is carried over.
class Negotiator {
 public:
  virtual ~Negotiator() = default;

  // The connection is up; with implicit TLS, inside TLS.
  virtual Step Start() = 0;
  // A line from the server, without its line end.
  virtual Step OnLine(absl::string_view line) = 0;
  // `line`, or the part of one that has come, belongs to no command of ours and
  // means nothing: it may be dropped.
  virtual bool MayComeUnasked(absl::string_view line) const {
    return line.empty();
  }
  // The handshake after kStartTls is done.
  virtual Step OnTlsEstablished() = 0;
  // A command goes out with `step`, the last one, which was joinable. Returns
  // what to send in front of it: IMAP's question, whose answer comes first and
  // is fed as ever. POP3 does not ask: it is ready, with no list.
  virtual std::string Join(const Step& step) = 0;
  // kReady was reached: no line is due any more.
  virtual bool ready() const = 0;

  // The server's greeting, with CRLF between its lines if it has several. What
  // must not be believed is left out if it was heard in clear: the capability
  // list (IMAP), the APOP timestamp (POP3).
  virtual const std::string& greeting() const = 0;
  // Heard inside TLS; complete once ready.
  virtual const std::vector<std::string>& capabilities() const = 0;

  // The command that leaves politely, with its CRLF, and whether `line` is the
  // answer that ends the dialogue.
  virtual std::string FarewellCommand() = 0;
  virtual bool EndsFarewell(absl::string_view line) const = 0;
};

// What SMTP's EHLO says by default: whoever signs in needs no name, and the
// machine's own is nobody's business.
constexpr absl::string_view kAnonymousClient = "[127.0.0.1]";

// With any `security` but kImplicitTls, STARTTLS is required. `client_name` is
// for SMTP's EHLO: a domain or an address literal (RFC 5321, 4.1.3).
std::unique_ptr<Negotiator> NewNegotiator(
    Protocol protocol, ConnectionSecurity security,
    std::string client_name = std::string(kAnonymousClient));

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_NEGOTIATOR_H_
