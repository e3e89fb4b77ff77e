// SPDX-License-Identifier: MPL-2.0

// The ways to sign in, which of them a server offers, and which one to take.
// Pure functions.

#ifndef HOLDFAST_PROTOCOLS_SIGN_IN_SASL_MECHANISM_H_
#define HOLDFAST_PROTOCOLS_SIGN_IN_SASL_MECHANISM_H_

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "holdfast/protocols/dialogue/protocol.h"

#pragma GCC visibility push(default)
namespace holdfast {

// The strongest first.
enum class SaslMechanism {
  kScramSha256Plus,  // RFC 7677
  kScramSha256,
  kScramSha1Plus,  // RFC 5802
  kScramSha1,
  kExternal,     // who the client certificate says (RFC 4422, A)
  kOauthBearer,  // RFC 7628
  kXoauth2,      // what OAUTHBEARER was before it was a standard
  kPlain,        // RFC 4616
  kLogin,        // PLAIN in two steps, never a standard
  // The protocol's own command: LOGIN (IMAP), USER and PASS (POP3), AUTHINFO
  // USER and PASS (NNTP); SMTP has none.
  kProtocolLogin,
  kAnonymous,  // RFC 4505
};

// What a mechanism needs. kCertificate: to sign in as the client certificate
// says that TLS has shown the server.
enum class CredentialKind { kNone, kPassword, kToken, kCertificate };

// "SCRAM-SHA-256-PLUS", as registered with IANA; "USER/PASS" for
// kProtocolLogin.
absl::string_view SaslMechanismName(SaslMechanism mechanism);
// Without regard to case.
std::optional<SaslMechanism> ParseSaslMechanism(absl::string_view name);
CredentialKind KindOf(SaslMechanism mechanism);
bool IsScram(SaslMechanism mechanism);
// Whether this build knows more of it than its name: SCRAM needs libgsasl.
bool IsBuilt(SaslMechanism mechanism);
// Its messages hold a proof for this TLS connection only.
bool BindsChannel(SaslMechanism mechanism);

// What a server offers, read from the capabilities that it gave inside TLS. Of
// a mechanism that is unknown or not built nothing is kept.
std::set<SaslMechanism> OfferedMechanisms(
    Protocol protocol, absl::Span<const std::string> capabilities);

struct MechanismChoice {
  std::set<SaslMechanism> offered;
  std::function<bool(CredentialKind)> has_credentials;
  bool has_channel_binding = false;
  // Only this one, even if it is not offered: a list may be out of date. The
  // protocol's own command must be, though (RFC 9051, 6.2.3; RFC 2449, 6.3).
  std::optional<SaslMechanism> told = std::nullopt;
  bool client_certificate_sent = false;
};
// The strongest that both sides know, or the one told. Errors:
// kNoCommonMechanism, which says what the server offers.
absl::StatusOr<SaslMechanism> ChooseMechanism(const MechanismChoice& choice);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_SIGN_IN_SASL_MECHANISM_H_
