// The protocols: one table of names, URL schemes, ports and ALPN ids.

#ifndef HOLDFAST_PROTOCOLS_PROTOCOL_H_
#define HOLDFAST_PROTOCOLS_PROTOCOL_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/endpoint.h"

namespace holdfast {

enum class Protocol { kImap };

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
  Endpoint endpoint;
  ConnectionSecurity security;

  // "imaps://mail.example.org:993".
  std::string ToString() const;
};

// Reads "imaps://host[:port]" or "imap://host[:port]". Errors: kInvalidTarget,
// kInvalidHost.
absl::StatusOr<Target> ParseTarget(absl::string_view text);

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_PROTOCOL_H_
