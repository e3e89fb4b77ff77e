// SPDX-License-Identifier: MPL-2.0

// The client's own word on a server's certificate, in place of the rule that
// one with problems ends the connect.
//
//   request.on_certificate = [&](CertificateQuestion question, auto answer) {
//     answer(known.count(question.certificate.sha256) > 0
//                ? CertificateDecision::kTrust
//                : CertificateDecision::kAsFound);
//   };

#ifndef HOLDFAST_CORE_TRUST_CERTIFICATE_DECISION_H_
#define HOLDFAST_CORE_TRUST_CERTIFICATE_DECISION_H_

#include <functional>
#include <string>
#include <vector>

#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/trust/trust.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct CertificateQuestion {
  Host host;                       // whose certificate it should be
  std::vector<std::string> chain;  // DER as the server sent it, the leaf first
  CertificateInfo certificate;     // the leaf
  // What can be read of the chain, the leaf first.
  std::vector<CertificateInfo> certificates;
  // All that Trust found; empty if it is good.
  std::vector<CertificateProblem> problems;
};

enum class CertificateDecision {
  // What Trust found decides, as if nobody had been asked.
  kAsFound,
  // Ends the connect, whatever was found: for clients with checks of their own
  // (DANE, a store of keys), which are stricter.
  kRefuse,
  // Connects as danger_accept_any_certificate does: the server may be anybody.
  // It gets no credentials and no client certificate.
  kConnectUnverified,
  // The client knows this certificate from elsewhere: its user has compared the
  // fingerprint, or it has a verifier of its own. Credentials may be sent.
  // With problems, the cache learns nothing all the same (promise 7), and the
  // report lists them.
  kTrust,
};

// Called on the loop's thread for each certificate that an attempt meets, also
// a good one. It may cancel the connect, but not destroy it. The server gets no
// application data and no client certificate before the answer, which may be
// given at once or later, on the loop's thread, and counts once: another, or
// one after the connect has ended, does nothing. An answer that is destroyed
// without a call is kRefuse.
using CertificateDecider = std::function<void(
    CertificateQuestion, std::function<void(CertificateDecision)> answer)>;

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_TRUST_CERTIFICATE_DECISION_H_
