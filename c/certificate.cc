// Questions about certificates as C answers them.

#include <memory>
#include <string>
#include <utility>

#include "c/client.h"
#include "c/error.h"
#include "c/value.h"
#include "core/certificate_decision.h"
#include "protocols/report_json.h"

struct holdfast_certificate_question {
  holdfast::CertificateQuestion question;
  std::function<void(holdfast::CertificateDecision)> answer;
  holdfast_value value;
};

namespace holdfast::c {
namespace {

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
      CertificateJson(question.certificate, question.problems);
  json["host"] = question.host.name();
  return json;
}

}  // namespace
}  // namespace holdfast::c

const holdfast_value* holdfast_certificate_question_value(
    const holdfast_certificate_question* question) {
  return question == nullptr ? nullptr : &question->value;
}

const unsigned char* holdfast_certificate_question_der(
    const holdfast_certificate_question* question, size_t index, size_t* size) {
  if (question == nullptr || index >= question->question.chain.size()) {
    return nullptr;
  }
  const std::string& der = question->question.chain[index];
  if (size != nullptr) *size = der.size();
  return reinterpret_cast<const unsigned char*>(der.data());
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
    settings->on_certificate = nullptr;
    if (on_certificate == nullptr) return absl::OkStatus();
    settings->on_certificate = [=](holdfast::CertificateQuestion question,
                                   auto answer) {
      holdfast_value value(holdfast::c::QuestionJson(question));
      on_certificate(
          data, new holdfast_certificate_question{
                    std::move(question), std::move(answer), std::move(value)});
    };
    return absl::OkStatus();
  });
}
