// The lab: a mail server that misbehaves on purpose, alone or in front of a
// real server.
//
//   LabOptions options;
//   options.behaviour = *FindBehaviour("tls13-fin");
//   auto server = LabServer::Start(options);
//   // … connect to (*server)->port(), trusting (*server)->ca_pem() …
//   EXPECT_EQ((*server)->hellos().size(), 2);

#ifndef HOLDFAST_TOOLS_LAB_LAB_SERVER_H_
#define HOLDFAST_TOOLS_LAB_LAB_SERVER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "holdfast/tools/lab/behaviour.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/client_hello.h"
#include "holdfast/tools/lab/dialogue.h"

namespace holdfast::lab {

// Where the real server is that the lab stands in front of.
struct Upstream {
  std::string host;
  uint16_t port;
};

struct LabOptions {
  Behaviour behaviour;
  std::string protocol = "imap";
  Security security = Security::kImplicit;
  std::string bind_address = "127.0.0.1";
  uint16_t port = 0;  // 0: any that is free
  // If set, what no fault takes is relayed there, byte by byte, instead of
  // being answered here. It is taken to have the same `security`.
  std::optional<Upstream> upstream;
  // Of what the behaviour leaves to chance, so that it can be had again.
  uint32_t seed = 1;
  // If unset, one for localhost, of an authority made for this server.
  std::optional<Certificate> certificate;
};

// Owns its threads: one that accepts and one for each connection. Thread
// safety: all functions may be called from any thread.
class LabServer {
 public:
  // Listens when it returns. Errors: InvalidArgument (the options do not go
  // together: see ScriptFor()), NotFound (a name has no address), Unavailable
  // (no such port to be had).
  static absl::StatusOr<std::unique_ptr<LabServer>> Start(LabOptions options);
  // Cuts all connections and returns when every thread has ended.
  virtual ~LabServer() = default;

  virtual uint16_t port() const = 0;
  // What to trust in order to trust this server; empty if it was given a
  // certificate.
  virtual const std::string& ca_pem() const = 0;

  // Accepted so far.
  virtual int connections() const = 0;
  // In the order in which they came.
  virtual std::vector<ClientHello> hellos() const = 0;
  // All that clients have sent outside TLS records. If they are to be trusted,
  // nothing with implicit TLS, and what leads up to STARTTLS otherwise.
  virtual std::string received_in_clear() const = 0;
  // The lines that clients have sent to the lab's own dialogue.
  virtual std::vector<std::string> lines() const = 0;
};

}  // namespace holdfast::lab

#endif  // HOLDFAST_TOOLS_LAB_LAB_SERVER_H_
