#include "holdfast/protocols/sign_in/sasl_mechanism.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/dialogue/reply.h"

namespace holdfast {
namespace {

struct MechanismInfo {
  SaslMechanism mechanism;
  absl::string_view name;
  CredentialKind kind;
  bool binds_channel;
};

// In the order of the enum.
constexpr MechanismInfo kMechanisms[] = {
    {SaslMechanism::kScramSha256Plus, "SCRAM-SHA-256-PLUS",
     CredentialKind::kPassword, true},
    {SaslMechanism::kScramSha256, "SCRAM-SHA-256", CredentialKind::kPassword,
     false},
    {SaslMechanism::kScramSha1Plus, "SCRAM-SHA-1-PLUS",
     CredentialKind::kPassword, true},
    {SaslMechanism::kScramSha1, "SCRAM-SHA-1", CredentialKind::kPassword,
     false},
    {SaslMechanism::kExternal, "EXTERNAL", CredentialKind::kCertificate, false},
    {SaslMechanism::kOauthBearer, "OAUTHBEARER", CredentialKind::kToken, false},
    {SaslMechanism::kXoauth2, "XOAUTH2", CredentialKind::kToken, false},
    {SaslMechanism::kPlain, "PLAIN", CredentialKind::kPassword, false},
    {SaslMechanism::kLogin, "LOGIN", CredentialKind::kPassword, false},
    {SaslMechanism::kProtocolLogin, "USER/PASS", CredentialKind::kPassword,
     false},
    {SaslMechanism::kAnonymous, "ANONYMOUS", CredentialKind::kNone, false},
};

const MechanismInfo& InfoOf(SaslMechanism mechanism) {
  return kMechanisms[static_cast<size_t>(mechanism)];
}

void AddNames(absl::string_view names, std::set<SaslMechanism>* offered) {
  for (absl::string_view name : absl::StrSplit(names, ' ', absl::SkipEmpty())) {
    const std::optional<SaslMechanism> mechanism = ParseSaslMechanism(name);
    // It is a command of its own, and no server offers it by our name.
    if (mechanism && *mechanism != SaslMechanism::kProtocolLogin &&
        IsBuilt(*mechanism)) {
      offered->insert(*mechanism);
    }
  }
}

// One capability at a time; whether it rules the protocol's own command in is
// in `login`.
void ReadCapability(Protocol protocol, absl::string_view text, bool* login,
                    std::set<SaslMechanism>* offered) {
  switch (protocol) {
    case Protocol::kImap:
      if (absl::EqualsIgnoreCase(text, "LOGINDISABLED")) *login = false;
      if (absl::StartsWithIgnoreCase(text, "AUTH=")) {
        AddNames(text.substr(5), offered);
      }
      return;
    case Protocol::kPop3:  // RFC 5034, 6; RFC 2449, 6.2
      if (absl::EqualsIgnoreCase(text, "USER")) *login = true;
      if (ConsumeWord(&text, "SASL")) AddNames(text, offered);
      return;
    case Protocol::kNntp:  // RFC 4643, 2.1: "AUTHINFO USER SASL"
      if (ConsumeWord(&text, "AUTHINFO")) {
        for (absl::string_view word : absl::StrSplit(text, ' ')) {
          if (absl::EqualsIgnoreCase(word, "USER")) *login = true;
        }
      } else if (ConsumeWord(&text, "SASL")) {
        AddNames(text, offered);
      }
      return;
    case Protocol::kSmtp:
    case Protocol::kSubmission:  // RFC 4954, 3
      if (ConsumeWord(&text, "AUTH")) AddNames(text, offered);
      return;
  }
}

// Before any capability has been read.
bool HasLoginByDefault(Protocol protocol, bool any_capabilities) {
  switch (protocol) {
    case Protocol::kImap:
      return true;  // unless it says LOGINDISABLED (RFC 9051, 6.2.3)
    case Protocol::kPop3:
    case Protocol::kNntp:
      // A server from before there were lists.
      return !any_capabilities;
    case Protocol::kSmtp:
    case Protocol::kSubmission:
      return false;
  }
  return false;
}

absl::Status NoneInCommon(absl::string_view message) {
  return MakeStatus(ErrorCode::kNoCommonMechanism, Phase::kSession, message);
}

// Why `mechanism` cannot be used whatever the server says; empty if it can.
absl::string_view Obstacle(SaslMechanism mechanism,
                           const MechanismChoice& choice) {
  if (mechanism == SaslMechanism::kExternal &&
      !choice.client_certificate_sent) {
    return "needs a client certificate, which the server has not got";
  }
  if (!IsBuilt(mechanism)) {
    return "is not part of this build, which was made without libgsasl";
  }
  if (mechanism == SaslMechanism::kProtocolLogin &&
      choice.offered.count(mechanism) == 0) {
    return "is not offered by the server";
  }
  if (BindsChannel(mechanism) && !choice.has_channel_binding) {
    return "needs a channel binding, which this TLS connection does not give";
  }
  return choice.has_credentials(KindOf(mechanism))
             ? ""
             : "needs credentials that there are none of";
}

}  // namespace

absl::string_view SaslMechanismName(SaslMechanism mechanism) {
  return InfoOf(mechanism).name;
}

std::optional<SaslMechanism> ParseSaslMechanism(absl::string_view name) {
  for (const MechanismInfo& info : kMechanisms) {
    if (absl::EqualsIgnoreCase(info.name, name)) return info.mechanism;
  }
  return std::nullopt;
}

CredentialKind KindOf(SaslMechanism mechanism) {
  return InfoOf(mechanism).kind;
}

bool IsScram(SaslMechanism mechanism) {
  return mechanism <= SaslMechanism::kScramSha1;
}

bool IsBuilt(SaslMechanism mechanism) {
  return HOLDFAST_SCRAM || !IsScram(mechanism);
}

bool BindsChannel(SaslMechanism mechanism) {
  return InfoOf(mechanism).binds_channel;
}

std::set<SaslMechanism> OfferedMechanisms(
    Protocol protocol, absl::Span<const std::string> capabilities) {
  std::set<SaslMechanism> offered;
  bool login = HasLoginByDefault(protocol, !capabilities.empty());
  for (const std::string& capability : capabilities) {
    ReadCapability(protocol, capability, &login, &offered);
  }
  if (login) offered.insert(SaslMechanism::kProtocolLogin);
  return offered;
}

absl::StatusOr<SaslMechanism> ChooseMechanism(const MechanismChoice& choice) {
  if (choice.told) {
    const absl::string_view obstacle = Obstacle(*choice.told, choice);
    if (obstacle.empty()) return *choice.told;
    return NoneInCommon(
        absl::StrCat(SaslMechanismName(*choice.told), " ", obstacle, "."));
  }
  std::vector<absl::string_view> names;
  for (SaslMechanism mechanism : choice.offered) {
    if (Obstacle(mechanism, choice).empty()) return mechanism;
    names.push_back(SaslMechanismName(mechanism));
  }
  return NoneInCommon(
      names.empty()
          ? "The server offers no way to sign in that Holdfast knows."
          : absl::StrCat("The server offers only ", absl::StrJoin(names, ", "),
                         ", which the credentials at hand do not fit."));
}

}  // namespace holdfast
