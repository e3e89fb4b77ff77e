// Somebody on the way between a client and a server, who sees and passes on
// every byte, and strikes where the test says.
//
//   Attack attack;
//   attack.place = Attack::Place::kAfterClientHello;
//   attack.end = Attack::End::kReset;
//   attack.first = 3;
//   auto attacker = Attacker::Start(attack, Security::kImplicit, server_port);

#ifndef HOLDFAST_TESTS_HELPERS_ATTACKER_H_
#define HOLDFAST_TESTS_HELPERS_ATTACKER_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "holdfast/tools/lab/client_hello.h"
#include "holdfast/tools/lab/dialogue.h"

namespace holdfast::test {

struct Attack {
  // In the order of a connection.
  enum class Place {
    kOnAccept,
    kGreeting,              // in its place; STARTTLS only
    kStartTlsAnswer,        // in its place; STARTTLS only
    kBehindStartTlsAnswer,  // in the same segment; STARTTLS only
    kAfterClientHello,      // which does not reach the server
    kAfterServerHello,      // its record passes, what follows does not
    kInServerFlight,        // in the middle of what follows
    kAfterFinished,         // the client's, which does reach the server
  };
  enum class End {
    kFin,
    kReset,
    kSilence,  // and the server's bytes go nowhere
    kGoOn,     // after the words, as if nothing had happened
  };

  Place place = Place::kAfterClientHello;
  // What is sent to the client in the server's name; null for nothing. The
  // hello is empty if there was none.
  std::function<std::string(const lab::ClientHello&)> words;
  // Has the hello changed on its way to the server, instead of all else; null
  // for not at all. Only kAfterClientHello.
  std::function<std::string(const lab::ClientHello&)> rewrite;
  End end = End::kFin;
  int first = std::numeric_limits<int>::max();  // strikes so many connections
  // Strikes only where the hello pleases; null for any. From
  // kAfterClientHello on.
  std::function<bool(const lab::ClientHello&)> only;
  // If not 0, the connections that it strikes go to this port: the attacker's
  // own server answers. Only kOnAccept, with nothing else to do.
  uint16_t own_server = 0;
  // How long each hello is kept before it goes on; null for not at all.
  std::function<absl::Duration(const lab::ClientHello&)> delay;
};

// Owns its threads. Thread safety: all functions may be called from any thread.
class Attacker {
 public:
  // In front of 127.0.0.1:`server_port`. Listens when it returns. Errors:
  // Unavailable.
  static absl::StatusOr<std::unique_ptr<Attacker>> Start(
      Attack attack, lab::Security security, uint16_t server_port,
      const std::string& protocol = "imap");
  // Cuts all connections and returns when every thread has ended.
  virtual ~Attacker() = default;

  virtual uint16_t port() const = 0;
  // How often he has struck.
  virtual int strikes() const = 0;
  // All that clients have sent, those struck included.
  virtual std::vector<lab::ClientHello> hellos() const = 0;
  // Of what clients have sent, what is not inside TLS records.
  virtual std::string received_in_clear() const = 0;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_ATTACKER_H_
