// SPDX-License-Identifier: MPL-2.0

// What a connection's TLS is.

#ifndef HOLDFAST_CORE_TLS_TLS_INFO_H_
#define HOLDFAST_CORE_TLS_TLS_INFO_H_

#include <string>
#include <vector>

#include "holdfast/core/base/error.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/core/trust/certificate_decision.h"
#include "holdfast/core/trust/trust.h"

#pragma GCC visibility push(default)
namespace holdfast {

// What a completed handshake negotiated.
struct TlsInfo {
  TlsVersion version;
  std::string cipher;  // "TLS_AES_128_GCM_SHA256"
  std::string group;   // "x25519"; empty if none was used
  std::string alpn;    // empty if none was chosen
  bool resumed = false;
  CertificateInfo certificate;
  // All that were found. If there are any, the user accepts any certificate, or
  // the client has decided so.
  std::vector<CertificateProblem> certificate_problems;
  CertificateDecision certificate_decision = CertificateDecision::kAsFound;
  // All that the server sent, that certificate first.
  std::vector<CertificateInfo> chain = {};

  // By us, without a problem.
  bool certificate_verified() const {
    return certificate_problems.empty() &&
           certificate_decision != CertificateDecision::kConnectUnverified;
  }
  // By the client, although there are problems.
  bool certificate_vouched_for() const {
    return certificate_decision == CertificateDecision::kTrust &&
           !certificate_problems.empty();
  }
  // If not, whoever answers may read everything.
  bool server_is_known() const {
    return certificate_verified() || certificate_vouched_for();
  }
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_TLS_TLS_INFO_H_
