#include "holdfast/client/c/credentials.h"

#include <string>
#include <utility>

#include "holdfast/client/c/error.h"
#include "holdfast/core/base/printable.h"

struct holdfast_credentials_question {
  holdfast::CredentialsRequest request;
  holdfast::CredentialsProvider::Answer answer;
};

namespace holdfast::c {
namespace {

int Bit(CredentialKind kind) {
  switch (kind) {
    case CredentialKind::kPassword:
      return HOLDFAST_CREDENTIAL_PASSWORD;
    case CredentialKind::kToken:
      return HOLDFAST_CREDENTIAL_TOKEN;
    case CredentialKind::kCertificate:
      return HOLDFAST_CREDENTIAL_CERTIFICATE;
    case CredentialKind::kNone:
      return HOLDFAST_CREDENTIAL_NONE;
  }
  return 0;
}

int ReasonNumber(CredentialsRequest::Reason reason) {
  switch (reason) {
    case CredentialsRequest::Reason::kFirst:
      return HOLDFAST_REASON_FIRST;
    case CredentialsRequest::Reason::kRefused:
      return HOLDFAST_REASON_REFUSED;
    case CredentialsRequest::Reason::kExpired:
      return HOLDFAST_REASON_EXPIRED;
  }
  return HOLDFAST_REASON_FIRST;
}

absl::Status Refused(const std::string& server_text) {
  Error error = MakeError(ErrorCode::kAuthenticationRefused, Phase::kSession);
  error.server_text = server_text;
  return ToStatus(error);
}

// Has one secret, and gives it once.
class OneSecret : public Provider {
 public:
  OneSecret(CredentialKind kind, std::string user, SecretString secret)
      : kind_(kind), user_(std::move(user)), secret_(std::move(secret)) {}

  bool Has(CredentialKind kind) const override { return kind == kind_; }

 private:
  void Ask(const CredentialsRequest& request, Answer answer) override {
    if (request.reason != CredentialsRequest::Reason::kFirst) {
      return answer(Refused(request.server_text));
    }
    answer(Credentials{user_, secret_.Copy()});
  }

  const CredentialKind kind_;
  const std::string user_;
  const SecretString secret_;
};

// Asks the client.
class Asking : public Provider {
 public:
  Asking(int kinds, holdfast_credentials_function ask, void* data)
      : kinds_(kinds), ask_(ask), data_(data) {}

  bool Has(CredentialKind kind) const override {
    return (kinds_ & Bit(kind)) != 0;
  }

 private:
  void Ask(const CredentialsRequest& request, Answer answer) override {
    ask_(data_, new holdfast_credentials_question{request, std::move(answer)});
  }

  const int kinds_;
  const holdfast_credentials_function ask_;
  void* const data_;
};

using Made = absl::StatusOr<std::unique_ptr<holdfast_credentials>>;

Made Make(std::unique_ptr<Provider> provider) {
  return std::make_unique<holdfast_credentials>(
      holdfast_credentials{std::move(provider)});
}

}  // namespace
}  // namespace holdfast::c

using holdfast::CredentialKind;
using holdfast::SecretString;
using holdfast::c::Guard;
using holdfast::c::GuardNew;
using holdfast::c::Made;
using holdfast::c::Make;
using holdfast::c::Missing;
using holdfast::c::OneSecret;

void holdfast_credentials_free(holdfast_credentials* credentials) {
  delete credentials;
}

holdfast_credentials* holdfast_credentials_new_password(
    const char* user, const char* password, holdfast_error** error) {
  return GuardNew<holdfast_credentials>(error, [=]() -> Made {
    if (user == nullptr) return Missing("user");
    if (password == nullptr) return Missing("password");
    return Make(std::make_unique<OneSecret>(CredentialKind::kPassword, user,
                                            SecretString(password)));
  });
}

holdfast_credentials* holdfast_credentials_new_token(const char* user,
                                                     const char* token,
                                                     holdfast_error** error) {
  return GuardNew<holdfast_credentials>(error, [=]() -> Made {
    if (user == nullptr) return Missing("user");
    if (token == nullptr) return Missing("token");
    return Make(std::make_unique<OneSecret>(CredentialKind::kToken, user,
                                            SecretString(token)));
  });
}

holdfast_credentials* holdfast_credentials_new_certificate(
    holdfast_error** error) {
  return GuardNew<holdfast_credentials>(error, []() -> Made {
    return Make(std::make_unique<OneSecret>(CredentialKind::kCertificate, "",
                                            SecretString()));
  });
}

holdfast_credentials* holdfast_credentials_new(
    int kinds, holdfast_credentials_function ask, void* data,
    holdfast_error** error) {
  return GuardNew<holdfast_credentials>(error, [=]() -> Made {
    if (ask == nullptr) return Missing("ask");
    return Make(std::make_unique<holdfast::c::Asking>(kinds, ask, data));
  });
}

int holdfast_credentials_set_mechanism(holdfast_credentials* credentials,
                                       const char* mechanism,
                                       holdfast_error** error) {
  return Guard(error, [=]() -> absl::Status {
    if (credentials == nullptr) return Missing("credentials");
    if (mechanism == nullptr) {
      credentials->provider->set_mechanism(std::nullopt);
      return absl::OkStatus();
    }
    if (const auto known = holdfast::ParseSaslMechanism(mechanism)) {
      credentials->provider->set_mechanism(known);
      return absl::OkStatus();
    }
    return holdfast::MakeStatus(
        holdfast::ErrorCode::kInvalidArgument, holdfast::Phase::kSetup,
        "\"" + holdfast::EscapeBytes(mechanism) +
            "\" is no mechanism that is known; write \"SCRAM-SHA-256\".");
  });
}

int holdfast_credentials_question_kind(
    const holdfast_credentials_question* question) {
  return question == nullptr ? 0 : holdfast::c::Bit(question->request.kind);
}

int holdfast_credentials_question_reason(
    const holdfast_credentials_question* question) {
  return question == nullptr
             ? HOLDFAST_REASON_FIRST
             : holdfast::c::ReasonNumber(question->request.reason);
}

const char* holdfast_credentials_question_server_text(
    const holdfast_credentials_question* question) {
  return question == nullptr ? "" : question->request.server_text.c_str();
}

const char* holdfast_credentials_question_mechanism(
    const holdfast_credentials_question* question) {
  // The names are literals.
  return question == nullptr
             ? ""
             : holdfast::SaslMechanismName(question->request.mechanism).data();
}

void holdfast_credentials_question_answer(
    holdfast_credentials_question* question, const char* user,
    const char* secret) {
  holdfast_credentials_question_answer_as(question, user, secret, nullptr);
}

void holdfast_credentials_question_answer_as(
    holdfast_credentials_question* question, const char* user,
    const char* secret, const char* act_as) {
  if (question == nullptr) return;
  const std::unique_ptr<holdfast_credentials_question> owned(question);
  Guard(nullptr, [&] {
    owned->answer(holdfast::Credentials{user != nullptr ? user : "",
                                        SecretString(secret ? secret : ""),
                                        act_as != nullptr ? act_as : ""});
    return absl::OkStatus();
  });
}

void holdfast_credentials_question_decline(
    holdfast_credentials_question* question, const char* why) {
  if (question == nullptr) return;
  const std::unique_ptr<holdfast_credentials_question> owned(question);
  Guard(nullptr, [&] {
    owned->answer(holdfast::MakeStatus(
        holdfast::ErrorCode::kCredentialsUnreadable, holdfast::Phase::kSession,
        holdfast::PrintableAgain(why != nullptr ? why : "")));
    return absl::OkStatus();
  });
}
