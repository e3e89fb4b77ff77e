#include "holdfast/protocols/dialogue/protocol.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

// "smtps" is not in IANA's list of service names: port 465 was given to
// submissions (RFC 8314, 7.3), and people use it under both names. SMTP has no
// ALPN id.
constexpr ProtocolInfo kProtocols[] = {
    {Protocol::kImap, "imap", "imaps", 993, 143, "imap"},
    {Protocol::kPop3, "pop3", "pop3s", 995, 110, "pop3"},
    {Protocol::kSmtp, "smtp", "smtps", 465, 25, ""},
    {Protocol::kSubmission, "submission", "submissions", 465, 587, ""},
    {Protocol::kNntp, "nntp", "nntps", 563, 119, "nntp"},
};

// `text` for a message, without the user and password that people put into
// addresses (promise 14).
std::string Shown(absl::string_view text) {
  const size_t at = text.rfind('@');
  if (at == absl::string_view::npos) return EscapeBytes(text);
  const size_t scheme = text.substr(0, at).find("://");
  return EscapeBytes(absl::StrCat(
      scheme == absl::string_view::npos ? "" : text.substr(0, scheme + 3),
      "...", text.substr(at)));
}

absl::Status InvalidTarget(absl::string_view text, absl::string_view why) {
  return MakeStatus(ErrorCode::kInvalidTarget, Phase::kSetup,
                    absl::StrCat("\"", Shown(text), "\" ", why, "."));
}

uint16_t OwnPort(Protocol protocol, ConnectionSecurity security) {
  const ProtocolInfo& info = GetProtocolInfo(protocol);
  return security == ConnectionSecurity::kStartTls ? info.starttls_port
                                                   : info.implicit_port;
}

// What the text before "://" says.
struct Scheme {
  Protocol protocol;
  ConnectionSecurity security;

  bool AgreesWith(Protocol asked) const {
    return asked == protocol ||
           (asked == Protocol::kSmtp && protocol == Protocol::kSubmission);
  }
};

std::optional<Scheme> FindScheme(absl::string_view text) {
  for (const ProtocolInfo& info : kProtocols) {
    if (absl::EqualsIgnoreCase(text, info.implicit_scheme)) {
      return Scheme{info.protocol, ConnectionSecurity::kImplicitTls};
    }
    if (absl::EqualsIgnoreCase(text, info.name)) {
      return Scheme{info.protocol, ConnectionSecurity::kStartTls};
    }
  }
  return std::nullopt;
}

// Reads "host[:port]", which is all of `text` but a scheme.
absl::StatusOr<Target> ParseAuthority(absl::string_view text,
                                      absl::string_view authority,
                                      const Scheme& scheme) {
  authority = absl::StripSuffix(authority, "/");
  if (authority.find_first_of("/?#") != absl::string_view::npos) {
    return InvalidTarget(text, "goes on after host and port");
  }
  if (absl::StrContains(authority, '@')) {
    return InvalidTarget(text, "names a user; a target is host and port only");
  }
  absl::StatusOr<HostPort> parsed = HostPort::Parse(authority);
  if (!parsed.ok()) return parsed.status();
  const uint16_t port =
      parsed->port.value_or(OwnPort(scheme.protocol, scheme.security));
  return Target{scheme.protocol, Endpoint{std::move(parsed->host), port},
                scheme.security, parsed->port.has_value()};
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

Target Target::By(ConnectionSecurity way) const {
  Target target = *this;
  target.security = way;
  if (!port_given) target.endpoint.port = OwnPort(protocol, way);
  return target;
}

std::string Target::ToString() const {
  const ProtocolInfo& info = GetProtocolInfo(protocol);
  switch (security) {
    case ConnectionSecurity::kImplicitTls:
      return absl::StrCat(info.implicit_scheme, "://", endpoint.ToString());
    case ConnectionSecurity::kStartTls:
      return absl::StrCat(info.name, "://", endpoint.ToString());
    case ConnectionSecurity::kAuto:
    case ConnectionSecurity::kNone:
      break;
  }
  return port_given ? endpoint.ToString() : endpoint.host.ToString();
}

absl::StatusOr<Target> ParseTarget(absl::string_view text,
                                   std::optional<Protocol> protocol,
                                   std::optional<ConnectionSecurity> security) {
  if (security == ConnectionSecurity::kNone) {
    return InvalidTarget(text, "cannot be reached in plaintext");
  }
  const size_t separator = text.find("://");
  if (separator == absl::string_view::npos) {
    if (!protocol) {
      return InvalidTarget(text,
                           "has no scheme; write it as imaps://host or "
                           "imap://host, or name its protocol");
    }
    return ParseAuthority(
        text, text, {*protocol, security.value_or(ConnectionSecurity::kAuto)});
  }
  const absl::string_view scheme_text = text.substr(0, separator);
  const std::optional<Scheme> scheme = FindScheme(scheme_text);
  if (!scheme) {
    return InvalidTarget(text, absl::StrCat("has an unknown scheme \"",
                                            Shown(scheme_text), "\""));
  }
  if (protocol && !scheme->AgreesWith(*protocol)) {
    return InvalidTarget(
        text, absl::StrCat("does not speak ", GetProtocolInfo(*protocol).name));
  }
  if (security && *security != scheme->security) {
    return InvalidTarget(
        text, absl::StrCat("says itself how it is secured: ",
                           ConnectionSecurityName(scheme->security), ", not ",
                           ConnectionSecurityName(*security)));
  }
  return ParseAuthority(text, text.substr(separator + 3), *scheme);
}

}  // namespace holdfast
