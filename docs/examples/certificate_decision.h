// SPDX-License-Identifier: 0BSD

// A client that remembers which certificates its user has accepted.

#ifndef HOLDFAST_DOCS_EXAMPLES_CERTIFICATE_DECISION_H_
#define HOLDFAST_DOCS_EXAMPLES_CERTIFICATE_DECISION_H_

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "holdfast/client/client.h"
#include "holdfast/core/trust/certificate_decision.h"

namespace holdfast::example {

// Fingerprints that the user has accepted, by server.
class AcceptedCertificates {
 public:
  // For ClientOptions::on_certificate; *this outlives the client.
  CertificateDecider For(const Endpoint& server);
  // What the user is to be asked after a connect; nullopt: nothing.
  std::optional<CertificateQuestion> TakeQuestion();
  void Accept(const Endpoint& server, const CertificateQuestion& question);

 private:
  std::map<std::string, std::string> sha256_by_server_;
  std::optional<CertificateQuestion> question_;
};

// Connects; if the certificate has problems, and the user accepts it, connects
// again. `client` was made with what accepted->For(target.endpoint) returns.
ConnectResult ConnectOrAsk(
    Client* client, const Target& target, AcceptedCertificates* accepted,
    const std::function<bool(const CertificateQuestion&)>& user_accepts);

}  // namespace holdfast::example

#endif  // HOLDFAST_DOCS_EXAMPLES_CERTIFICATE_DECISION_H_
