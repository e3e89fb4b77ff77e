#include "holdfast/protocols/sign_in/credentials.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/sign_in/credentials_gate.h"

namespace holdfast {
namespace {

absl::Status Unprotected(absl::string_view why) {
  return MakeStatus(ErrorCode::kUnprotectedCredentials, Phase::kSession,
                    absl::StrCat("No credentials were sent: ", why, "."));
}

class PasswordProvider final : public CredentialsProvider {
 public:
  PasswordProvider(std::string user, SecretString password,
                   std::optional<SaslMechanism> mechanism)
      : user_(std::move(user)),
        password_(std::move(password)),
        mechanism_(mechanism) {}

  std::optional<SaslMechanism> mechanism() const override { return mechanism_; }

  bool Has(CredentialKind kind) const override {
    return kind == CredentialKind::kPassword;
  }

 private:
  void Ask(const CredentialsRequest& request, Answer answer) override {
    if (request.reason == CredentialsRequest::Reason::kFirst) {
      return answer(Credentials{user_, password_.Copy()});
    }
    Error refused =
        MakeError(ErrorCode::kAuthenticationRefused, Phase::kSession);
    refused.server_text = request.server_text;
    answer(ToStatus(refused));
  }

  const std::string user_;
  const SecretString password_;
  const std::optional<SaslMechanism> mechanism_;
};

}  // namespace

absl::Status CredentialsGate::Ask(const SecureSocket& socket, TlsVersion floor,
                                  CredentialsProvider* provider,
                                  const CredentialsRequest& request,
                                  CredentialsProvider::Answer answer) {
  if (!socket.tls_established()) {
    return Unprotected("the connection is in clear");
  }
  const TlsInfo tls = socket.tls_info();
  if (!tls.server_is_known()) {
    return Unprotected("the server's certificate is not verified");
  }
  if (tls.version < floor) {
    return Unprotected(absl::StrCat(
        "the connection uses ", TlsVersionText(tls.version),
        ", and the least allowed for them is ", TlsVersionText(floor)));
  }
  provider->Ask(request, std::move(answer));
  return absl::OkStatus();
}

std::unique_ptr<CredentialsProvider> NewPasswordProvider(
    std::string user, SecretString password,
    std::optional<SaslMechanism> mechanism) {
  return std::make_unique<PasswordProvider>(std::move(user),
                                            std::move(password), mechanism);
}

}  // namespace holdfast
