// What is known of a TLS handshake that failed: facts only, from NSS and from
// the wire tap below it. What they mean is decided in fallback/intolerance.h.

#ifndef HOLDFAST_CORE_TLS_HANDSHAKE_EVIDENCE_H_
#define HOLDFAST_CORE_TLS_HANDSHAKE_EVIDENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/core/base/error.h"

namespace holdfast {

struct HandshakeEvidence {
  // How the byte stream from the server ended, if it did.
  enum class StreamEnd { kOpen, kEof, kReset };

  int32_t nss_error = 0;           // PRErrorCode
  bool client_hello_sent = false;  // every byte of it was taken by the kernel
  // The attempt's time ran out while it waited for the server.
  bool timed_out = false;
  StreamEnd stream_end = StreamEnd::kOpen;
  // Something that may end the stream by itself stood between.
  bool through_proxy = false;
  uint64_t bytes_received = 0;  // since TLS began
  std::string first_bytes;      // of these, at most 64
  // A ServerHello was accepted by NSS (SSL_GetPreliminaryChannelInfo).
  bool server_hello_accepted = false;
  // The version that the ServerHello on the wire chose (supported_versions
  // included), accepted or not; a HelloRetryRequest counts as one.
  std::optional<uint16_t> server_hello_version;
  // ServerHello.random ends in a downgrade sentinel (RFC 8446, 4.1.3).
  bool downgrade_sentinel = false;
  // The server asked for a client certificate, and whether it got one.
  bool client_certificate_requested = false;
  bool client_certificate_sent = false;
  // The last alert received in clear. If there was none, what NSS reported of
  // an encrypted one.
  std::optional<TlsAlert> alert;
  // Our side has refused the server's certificate, for these problems; if there
  // are none, by the client's decision.
  bool certificate_refused = false;
  std::vector<CertificateProblem> certificate_problems;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TLS_HANDSHAKE_EVIDENCE_H_
