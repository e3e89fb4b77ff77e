// Questions about certificates, and their verification, as C answers them.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/client/c/client.h"
#include "holdfast/client/c/error.h"
#include "holdfast/client/c/value.h"
#include "holdfast/core/trust/certificate_decision.h"
#include "holdfast/protocols/connect/report_json.h"

struct holdfast_certificate_question {
  holdfast::CertificateQuestion question;
  std::function<void(holdfast::CertificateDecision)> answer;
  holdfast_value value;
};

struct holdfast_verification {
  holdfast::ServerCertificates server;
  std::function<void(std::vector<holdfast::CertificateProblem>)> answer;
};

namespace holdfast::c {
namespace {

// One of several in DER; null beyond the last.
const unsigned char* BytesAt(const std::vector<std::string>& list, size_t index,
                             size_t* size) {
  if (index >= list.size()) return nullptr;
  if (size != nullptr) *size = list[index].size();
  return reinterpret_cast<const unsigned char*>(list[index].data());
}

// What `code` says of a certificate; none if it is 0.
std::vector<CertificateProblem> ProblemsOf(int code, const char* detail) {
  if (code == 0) return {};
  CertificateProblem problem = {ErrorCode::kCertificateRefusedByClient, "", ""};
  for (const ErrorInfo& known : AllErrors()) {
    if (static_cast<int>(known.code) == code &&
        known.category == ErrorCategory::kCertificate) {
      problem.code = known.code;
    }
  }
  problem.detail = detail != nullptr
                       ? detail
                       : std::string(GetErrorInfo(problem.code).sentence);
  return {problem};
}

// What is none of the constants is refused.
CertificateDecision Decision(int number) {
  switch (number) {
    case HOLDFAST_CERTIFICATE_AS_FOUND:
      return CertificateDecision::kAsFound;
    case HOLDFAST_CERTIFICATE_CONNECT_UNVERIFIED:
      return CertificateDecision::kConnectUnverified;
    case HOLDFAST_CERTIFICATE_TRUST:
      return CertificateDecision::kTrust;
    default:
      return CertificateDecision::kRefuse;
  }
}

nlohmann::ordered_json QuestionJson(const CertificateQuestion& question) {
  nlohmann::ordered_json json =
      CertificateJson(question.certificates, question.problems);
  json["host"] = question.host.name();
  return json;
}

}  // namespace
}  // namespace holdfast::c

using holdfast::ClientOptions;

const holdfast_value* holdfast_certificate_question_value(
    const holdfast_certificate_question* question) {
  return question == nullptr ? nullptr : &question->value;
}

const unsigned char* holdfast_certificate_question_der(
    const holdfast_certificate_question* question, size_t index, size_t* size) {
  if (question == nullptr) return nullptr;
  return holdfast::c::BytesAt(question->question.chain, index, size);
}

void holdfast_certificate_question_answer(
    holdfast_certificate_question* question, int decision) {
  if (question == nullptr) return;
  const std::unique_ptr<holdfast_certificate_question> owned(question);
  holdfast::c::Guard(nullptr, [&] {
    owned->answer(holdfast::c::Decision(decision));
    return absl::OkStatus();
  });
}

int holdfast_client_set_certificate_function(
    holdfast_client* client, holdfast_certificate_function on_certificate,
    void* data, holdfast_error** error) {
  return holdfast::c::Set(client, error, [=](holdfast::c::Settings* settings) {
    settings->options.on_certificate = nullptr;
    if (on_certificate == nullptr) return absl::OkStatus();
    settings->options.on_certificate =
        [=](holdfast::CertificateQuestion question, auto answer) {
          holdfast_value value(holdfast::c::QuestionJson(question));
          on_certificate(data, new holdfast_certificate_question{
                                   std::move(question), std::move(answer),
                                   std::move(value)});
        };
    return absl::OkStatus();
  });
}

const char* holdfast_verification_host(
    const holdfast_verification* verification) {
  return verification == nullptr ? nullptr
                                 : verification->server.host.name().c_str();
}

const unsigned char* holdfast_verification_certificate(
    const holdfast_verification* verification, size_t index, size_t* size) {
  if (verification == nullptr) return nullptr;
  return holdfast::c::BytesAt(verification->server.chain, index, size);
}

const unsigned char* holdfast_verification_staple(
    const holdfast_verification* verification, size_t index, size_t* size) {
  if (verification == nullptr) return nullptr;
  return holdfast::c::BytesAt(verification->server.stapled, index, size);
}

void holdfast_verification_answer(holdfast_verification* verification, int code,
                                  const char* detail) {
  if (verification == nullptr) return;
  const std::unique_ptr<holdfast_verification> owned(verification);
  holdfast::c::Guard(nullptr, [&] {
    owned->answer(holdfast::c::ProblemsOf(code, detail));
    return absl::OkStatus();
  });
}

int holdfast_client_set_verifier(holdfast_client* client,
                                 holdfast_verifier verifier, void* data,
                                 holdfast_error** error) {
  return holdfast::c::SetTrust(client, error, [=](ClientOptions* options) {
    options->verifier = nullptr;
    if (verifier == nullptr) return absl::OkStatus();
    options->verifier = [=](holdfast::ServerCertificates server, auto answer) {
      verifier(data,
               new holdfast_verification{std::move(server), std::move(answer)});
    };
    return absl::OkStatus();
  });
}
