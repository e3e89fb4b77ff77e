// SPDX-License-Identifier: 0BSD

#include "certificate_decision.h"

#include <utility>

namespace holdfast::example {

CertificateDecider AcceptedCertificates::For(const Endpoint& server) {
  return [this, server](CertificateQuestion question, auto answer) {
    if (question.problems.empty()) {
      return answer(CertificateDecision::kAsFound);
    }
    const auto accepted = sha256_by_server_.find(server.ToString());
    if (accepted != sha256_by_server_.end() &&
        accepted->second == question.certificate.sha256) {
      return answer(CertificateDecision::kTrust);
    }
    // No server waits for as long as a person thinks: this connect ends.
    question_ = std::move(question);
    answer(CertificateDecision::kRefuse);
  };
}

std::optional<CertificateQuestion> AcceptedCertificates::TakeQuestion() {
  return std::exchange(question_, std::nullopt);
}

void AcceptedCertificates::Accept(const Endpoint& server,
                                  const CertificateQuestion& question) {
  sha256_by_server_[server.ToString()] = question.certificate.sha256;
}

ConnectResult ConnectOrAsk(
    Client* client, const Target& target, AcceptedCertificates* accepted,
    const std::function<bool(const CertificateQuestion&)>& user_accepts) {
  ConnectResult result = client->Connect(target);
  const std::optional<CertificateQuestion> question = accepted->TakeQuestion();
  if (!question || !user_accepts(*question)) return result;
  accepted->Accept(target.endpoint, *question);
  return client->Connect(target);
}

}  // namespace holdfast::example
