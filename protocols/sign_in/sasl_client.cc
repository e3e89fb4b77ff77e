#include "holdfast/protocols/sign_in/sasl_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/sign_in/scram_client.h"

namespace holdfast {
namespace {

absl::Status Unexpected(absl::string_view message) {
  return MakeStatus(ErrorCode::kUnexpectedResponse, Phase::kSession, message);
}

// All that there is to say fits in the first message: EXTERNAL, PLAIN,
// ANONYMOUS.
class OneMessage final : public SaslClient {
 public:
  explicit OneMessage(SecretString message) : message_(std::move(message)) {}

  std::optional<SecretString> InitialResponse() override {
    finished_ = true;
    return std::move(message_);
  }
  absl::StatusOr<SecretString> Respond(absl::string_view) override {
    return Unexpected("The server asks for more than the mechanism has.");
  }
  bool finished() const override { return finished_; }

 private:
  SecretString message_;
  bool finished_ = false;
};

// OAUTHBEARER and XOAUTH2: one message too, but the server explains a refusal
// in a challenge, and `acknowledgement` lets it go on to say no.
class Oauth final : public SaslClient {
 public:
  Oauth(SecretString message, absl::string_view acknowledgement)
      : message_(std::move(message)), acknowledgement_(acknowledgement) {}

  std::optional<SecretString> InitialResponse() override {
    finished_ = true;
    return std::move(message_);
  }
  absl::StatusOr<SecretString> Respond(absl::string_view challenge) override {
    if (!std::exchange(finished_, false)) {
      return Unexpected("The server explains a refusal twice.");
    }
    refusal_ = std::string(challenge);
    return SecretString(acknowledgement_);
  }
  bool finished() const override { return finished_; }
  std::string refusal() const override { return refusal_; }

 private:
  SecretString message_;
  const absl::string_view acknowledgement_;
  bool finished_ = false;
  std::string refusal_;
};

// The server asks for the user name, then for the password, in words that do
// not matter.
class Login final : public SaslClient {
 public:
  Login(absl::string_view user, const SecretString& password)
      : user_(user), password_(password.Copy()) {}

  std::optional<SecretString> InitialResponse() override {
    return std::nullopt;
  }
  absl::StatusOr<SecretString> Respond(absl::string_view) override {
    switch (++challenges_) {
      case 1:
        return SecretString(user_);
      case 2:
        return std::move(password_);
    }
    return Unexpected("The server asks for more than the mechanism has.");
  }
  bool finished() const override { return challenges_ >= 2; }

 private:
  const std::string user_;
  SecretString password_;
  int challenges_ = 0;
};

constexpr absl::string_view kSeparator = "\x01";
constexpr absl::string_view kNul("\0", 1);

}  // namespace

std::string SaslName(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"=", "=3D"}, {",", "=2C"}});
}

absl::StatusOr<std::unique_ptr<SaslClient>> NewSaslClient(
    const SaslParameters& parameters) {
  const absl::string_view user = parameters.user;
  const absl::string_view secret = parameters.secret->view();
  switch (parameters.mechanism) {
    case SaslMechanism::kScramSha256Plus:
    case SaslMechanism::kScramSha256:
    case SaslMechanism::kScramSha1Plus:
    case SaslMechanism::kScramSha1:
#if HOLDFAST_SCRAM
      return NewScramClient(parameters);
#else
      break;
#endif
    case SaslMechanism::kOauthBearer:
      return std::make_unique<Oauth>(
          SecretString::Join({"n,a=", SaslName(user), ",", kSeparator,
                              "auth=Bearer ", secret, kSeparator, kSeparator}),
          kSeparator);
    case SaslMechanism::kXoauth2:
      return std::make_unique<Oauth>(
          SecretString::Join({"user=", user, kSeparator, "auth=Bearer ", secret,
                              kSeparator, kSeparator}),
          "");
    case SaslMechanism::kPlain:
      return std::make_unique<OneMessage>(
          SecretString::Join({parameters.act_as, kNul, user, kNul, secret}));
    case SaslMechanism::kLogin:
      return std::make_unique<Login>(user, *parameters.secret);
    case SaslMechanism::kAnonymous:
      return std::make_unique<OneMessage>(SecretString(user));
    case SaslMechanism::kExternal:
      return std::make_unique<OneMessage>(SecretString(parameters.act_as));
    case SaslMechanism::kProtocolLogin:
      break;
  }
  return MakeStatus(ErrorCode::kNoCommonMechanism, Phase::kSession,
                    absl::StrCat("Holdfast has no messages for ",
                                 SaslMechanismName(parameters.mechanism), "."));
}

}  // namespace holdfast
