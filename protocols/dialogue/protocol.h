// SPDX-License-Identifier: MPL-2.0

// The protocols: one table of names, URL schemes, ports and ALPN ids.

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_PROTOCOL_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_PROTOCOL_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "holdfast/core/base/endpoint.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Submission (RFC 6409) is SMTP on ports of its own.
enum class Protocol { kImap, kPop3, kSmtp, kSubmission, kNntp };

struct ProtocolInfo {
  Protocol protocol;
  absl::string_view name;             // "imap": also the STARTTLS scheme
  absl::string_view implicit_scheme;  // "imaps"
  uint16_t implicit_port;             // RFC 8314, IANA service names
  uint16_t starttls_port;
  absl::string_view alpn;  // IANA registry of ALPN ids; empty if there is none
};

const ProtocolInfo& GetProtocolInfo(Protocol protocol);
absl::Span<const ProtocolInfo> AllProtocols();
// By name; nullopt for an unknown one.
std::optional<Protocol> ParseProtocol(absl::string_view name);

// What a person wants to reach.
struct Target {
  Protocol protocol;
  Endpoint endpoint;  // with kAuto and no port given, implicit TLS's own port
  ConnectionSecurity security;
  bool port_given = true;  // false: each way in has its own port

  // The same host by one way in: on the port given, else on that way's own.
  Target By(ConnectionSecurity way) const;

  // "imaps://mail.example.org:993"; with kAuto "mail.example.org", and the port
  // if it was given.
  std::string ToString() const;
};

// Reads "imaps://host[:port]" (implicit TLS), "imap://host[:port]" (STARTTLS),
// their like for every protocol, and a bare "host[:port]". A bare one needs
// `protocol`; its security is kAuto unless given. Where a scheme stands, what
// is given must agree with it; kSmtp agrees with submission. Errors:
// kInvalidTarget, kInvalidHost.
absl::StatusOr<Target> ParseTarget(
    absl::string_view text, std::optional<Protocol> protocol = std::nullopt,
    std::optional<ConnectionSecurity> security = std::nullopt);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_PROTOCOL_H_
