#include "holdfast/protocols/sign_in/begun_sign_in.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "holdfast/protocols/sign_in/credentials_gate.h"

namespace holdfast {
namespace {

bool Has(const std::vector<std::string>& capabilities, absl::string_view name) {
  return std::any_of(capabilities.begin(), capabilities.end(),
                     [name](const std::string& capability) {
                       return absl::EqualsIgnoreCase(capability, name);
                     });
}

// Whether the first command can be made before the server has said what it can
// do.
bool NeedsNoList(SaslMechanism mechanism, const SignInOptions& options) {
  // It tells the server what was seen of its list (RFC 5802, 6).
  if (IsScram(mechanism)) return false;
  switch (options.protocol) {
    case Protocol::kImap:
      // These two send nothing with the command that needs SASL-IR (RFC 4959).
      return mechanism == SaslMechanism::kProtocolLogin ||
             mechanism == SaslMechanism::kLogin ||
             Has(options.remembered_capabilities, "SASL-IR");
    case Protocol::kPop3:
      return true;
    case Protocol::kSmtp:
    case Protocol::kSubmission:
    case Protocol::kNntp:
      return false;
  }
  return false;
}

// That can be begun with; nullopt: none, or nobody signs in.
std::optional<SaslMechanism> MechanismToBeginWith(
    const SignInRequest& request, const SecureSocket& socket,
    const Negotiator& negotiator) {
  const SignInOptions& options = request.options;
  const std::optional<SaslMechanism> mechanism =
      options.mechanism ? options.mechanism : options.remembered_mechanism;
  if (!mechanism || !NeedsNoList(*mechanism, options) ||
      absl::StartsWithIgnoreCase(negotiator.greeting(), "* PREAUTH")) {
    return std::nullopt;
  }
  MechanismChoice choice;
  choice.offered =
      OfferedMechanisms(options.protocol, options.remembered_capabilities);
  choice.has_credentials = [&request](CredentialKind kind) {
    return request.provider->Has(kind);
  };
  choice.told = mechanism;
  choice.client_certificate_sent = socket.client_certificate_sent();
  return ChooseMechanism(choice).ok() ? mechanism : std::nullopt;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Authenticator>> NewAuthenticator(
    Protocol protocol, SaslMechanism mechanism, Credentials credentials,
    std::vector<std::string> capabilities, const SecureSocket& socket,
    int attempt) {
  return Authenticator::Create(
      {protocol, mechanism, std::move(credentials.user),
       std::move(credentials.secret), std::move(credentials.act_as),
       std::move(capabilities), socket.channel_binding(),
       absl::StrCat("auth", attempt)});
}

BegunSignInPtr BegunSignIn::Begin(const SignInRequest& request,
                                  const SecureSocket& socket,
                                  const Negotiator& negotiator) {
  const std::optional<SaslMechanism> mechanism =
      MechanismToBeginWith(request, socket, negotiator);
  if (!mechanism) return nullptr;
  const SignInOptions& options = request.options;
  BegunSignInPtr begun(new BegunSignIn(*mechanism));
  const absl::Status asked = CredentialsGate::Ask(
      socket, options.min_version, request.provider,
      {KindOf(*mechanism), *mechanism},
      [pending = begun->pending_](absl::StatusOr<Credentials> answer) {
        if (pending->then) return pending->then(std::move(answer));
        pending->answer = std::move(answer);
      });
  if (!asked.ok()) return nullptr;
  std::optional<absl::StatusOr<Credentials>>& answer = begun->pending_->answer;
  if (!answer || !answer->ok()) return begun;
  absl::StatusOr<std::unique_ptr<Authenticator>> authenticator =
      NewAuthenticator(options.protocol, *mechanism, **std::move(answer),
                       options.remembered_capabilities, socket, 1);
  if (authenticator.ok()) {
    begun->authenticator_ = *std::move(authenticator);
    begun->command_ = begun->authenticator_->Start().send;
  } else {
    answer = authenticator.status();
  }
  return begun;
}

void BegunSignInDeleter::operator()(BegunSignIn* begun) const { delete begun; }

void BegunSignIn::WhenAnswered(CredentialsProvider::Answer then) {
  if (!pending_->answer) {
    pending_->then = std::move(then);
    return;
  }
  then(*std::exchange(pending_->answer, std::nullopt));
}

}  // namespace holdfast
