#include "protocols/protocol.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"

namespace holdfast {
namespace {

constexpr ProtocolInfo kProtocols[] = {
    {Protocol::kImap, "imap", "imaps", 993, 143, "imap"},
};

absl::Status InvalidTarget(absl::string_view text, absl::string_view why) {
  return MakeStatus(ErrorCode::kInvalidTarget, Phase::kSetup,
                    absl::StrCat("\"", EscapeBytes(text), "\" ", why, "."));
}

// Splits "host", "host:port", "[::1]" and "[::1]:port". A bare IPv6 address
// has no port.
void SplitPort(absl::string_view text, absl::string_view* host,
               std::optional<absl::string_view>* port) {
  *host = text;
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return;
  const bool bracketed = !text.empty() && text[0] == '[';
  const bool port_follows =
      bracketed ? colon > 0 && text[colon - 1] == ']' : text.find(':') == colon;
  if (!port_follows) return;
  *host = text.substr(0, colon);
  *port = text.substr(colon + 1);
}

}  // namespace

const ProtocolInfo& GetProtocolInfo(Protocol protocol) {
  return kProtocols[static_cast<size_t>(protocol)];
}

absl::Span<const ProtocolInfo> AllProtocols() { return kProtocols; }

std::optional<Protocol> ParseProtocol(absl::string_view name) {
  for (const ProtocolInfo& info : kProtocols) {
    if (info.name == name) return info.protocol;
  }
  return std::nullopt;
}

std::string Target::ToString() const {
  const ProtocolInfo& info = GetProtocolInfo(protocol);
  const absl::string_view scheme = security == ConnectionSecurity::kImplicitTls
                                       ? info.implicit_scheme
                                       : info.name;
  return absl::StrCat(scheme, "://", endpoint.ToString());
}

absl::StatusOr<Target> ParseTarget(absl::string_view text) {
  const size_t separator = text.find("://");
  if (separator == absl::string_view::npos) {
    return InvalidTarget(
        text, "has no scheme; write it as imaps://host or imap://host");
  }
  const std::string scheme = absl::AsciiStrToLower(text.substr(0, separator));
  absl::string_view rest = text.substr(separator + 3);
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  if (rest.find_first_of("/?#") != absl::string_view::npos) {
    return InvalidTarget(text, "goes on after host and port");
  }
  if (absl::StrContains(rest, '@')) {
    return InvalidTarget(text, "names a user; a target is host and port only");
  }
  absl::string_view host_text;
  std::optional<absl::string_view> port_text;
  SplitPort(rest, &host_text, &port_text);
  for (const ProtocolInfo& info : kProtocols) {
    const bool implicit = scheme == info.implicit_scheme;
    if (!implicit && scheme != info.name) continue;
    uint32_t port = implicit ? info.implicit_port : info.starttls_port;
    if (port_text &&
        (!absl::SimpleAtoi(*port_text, &port) || port == 0 || port > 65535)) {
      return InvalidTarget(text, "has no valid port; it is 1 to 65535");
    }
    absl::StatusOr<Host> host = Host::Parse(host_text);
    if (!host.ok()) return host.status();
    return Target{info.protocol,
                  Endpoint{*std::move(host), static_cast<uint16_t>(port)},
                  implicit ? ConnectionSecurity::kImplicitTls
                           : ConnectionSecurity::kStartTls};
  }
  return InvalidTarget(text, absl::StrCat("has an unknown scheme \"",
                                          EscapeBytes(scheme), "\""));
}

}  // namespace holdfast
