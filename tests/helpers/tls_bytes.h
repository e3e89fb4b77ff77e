// TLS records made by hand, as a server sends them in clear.

#ifndef HOLDFAST_TESTS_HELPERS_TLS_BYTES_H_
#define HOLDFAST_TESTS_HELPERS_TLS_BYTES_H_

#include <cstdint>
#include <string>

namespace holdfast {

inline std::string Number(size_t value, int size) {
  std::string bytes;
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift & 0xff));
  }
  return bytes;
}

inline std::string Record(uint8_t type, const std::string& body) {
  return Number(type, 1) + Number(0x0303, 2) + Number(body.size(), 2) + body;
}

inline std::string AlertRecord(uint8_t level, uint8_t description) {
  return Record(21, Number(level, 1) + Number(description, 1));
}

inline std::string HandshakeMessage(uint8_t type, const std::string& body) {
  return Number(type, 1) + Number(body.size(), 3) + body;
}

struct ServerHelloFields {
  uint16_t legacy_version = 0x0303;
  std::string random = std::string(32, 'r');
  std::string session_id;
  uint16_t cipher_suite = 0xc02f;  // TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
  // Type, size and data of each; by default renegotiation_info (RFC 5746).
  std::string extensions = Number(0xff01, 2) + Number(1, 2) + Number(0, 1);
};

inline std::string ServerHelloMessage(const ServerHelloFields& fields = {}) {
  std::string body = Number(fields.legacy_version, 2) + fields.random +
                     Number(fields.session_id.size(), 1) + fields.session_id +
                     Number(fields.cipher_suite, 2) + Number(0, 1);
  if (!fields.extensions.empty()) {
    body += Number(fields.extensions.size(), 2) + fields.extensions;
  }
  return HandshakeMessage(2, body);
}

inline std::string SelectedVersionExtension(uint16_t version) {
  return Number(43, 2) + Number(2, 2) + Number(version, 2);
}

// The random that makes a ServerHello a HelloRetryRequest (RFC 8446, 4.1.3).
inline std::string RetryRandom() {
  return std::string(
      "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91"
      "\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C",
      32);
}

// A random with the sentinel of a server that could do TLS 1.3 (`last` is 1)
// or TLS 1.2 (0).
inline std::string SentinelRandom(char last) {
  return std::string(24, 'r') + "DOWNGRD" + std::string(1, last);
}

}  // namespace holdfast

#endif  // HOLDFAST_TESTS_HELPERS_TLS_BYTES_H_
