// Reads what a TLS server sends in clear: its ServerHello and its alerts.
//
// It watches and never judges: NSS decides what is acceptable. Bytes may come
// in pieces of any size; garbage ends the reading, never more.

#ifndef HOLDFAST_CORE_TLS_HANDSHAKE_PARSER_H_
#define HOLDFAST_CORE_TLS_HANDSHAKE_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "holdfast/core/base/error.h"

namespace holdfast {

// Thread safety: none.
class HandshakeParser {
 public:
  // The next bytes of the server's stream. Holds at most one handshake message
  // of 16 KiB; reads nothing more once the stream is encrypted or not TLS.
  void Feed(absl::string_view bytes);

  // The version that the last whole ServerHello or HelloRetryRequest chose: the
  // one of its supported_versions (RFC 8446, 4.2.1), else its legacy_version.
  std::optional<uint16_t> server_hello_version() const { return version_; }
  // That ServerHello's random ends in a sentinel of RFC 8446, 4.1.3.
  bool downgrade_sentinel() const { return downgrade_sentinel_; }
  // The last whole alert in clear.
  std::optional<TlsAlert> alert() const { return alert_; }

 private:
  void OnHeaderByte(uint8_t byte);
  void OnBody(absl::string_view bytes);
  void OnHandshake(absl::string_view bytes);
  void OnAlert(absl::string_view bytes);
  void OnServerHello(absl::string_view body);
  void Stop() { done_ = true; }

  bool done_ = false;
  std::string header_;    // of the current record, at most 5 bytes
  size_t body_left_ = 0;  // of the current record
  std::string message_;   // the current handshake message, or half an alert
  bool retry_requested_ = false;

  std::optional<uint16_t> version_;
  bool downgrade_sentinel_ = false;
  std::optional<TlsAlert> alert_;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TLS_HANDSHAKE_PARSER_H_
