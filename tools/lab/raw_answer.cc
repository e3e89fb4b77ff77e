#include "holdfast/tools/lab/raw_answer.h"

#include "absl/strings/str_cat.h"

namespace holdfast::lab {
namespace {

constexpr NamedAlert kHelloRefusals[] = {
    {"unexpected_message", 10},    {"bad_record_mac", 20},
    {"record_overflow", 22},       {"handshake_failure", 40},
    {"illegal_parameter", 47},     {"decode_error", 50},
    {"decrypt_error", 51},         {"protocol_version", 70},
    {"insufficient_security", 71}, {"internal_error", 80},
    {"missing_extension", 109},    {"unsupported_extension", 110}};
constexpr NamedAlert kOtherAlerts[] = {{"close_notify", 0},
                                       {"inappropriate_fallback", 86},
                                       {"unrecognized_name", 112},
                                       {"no_application_protocol", 120}};

enum RecordType : uint8_t {
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23,
  kHeartbeat = 24,  // of no use any more
};

constexpr uint16_t kSsl3 = 0x0300;
constexpr uint16_t kTls12 = 0x0303;

std::string U8(size_t number) {
  return std::string(1, static_cast<char>(number));
}
std::string U16(size_t number) { return U8(number >> 8) + U8(number & 0xff); }

std::string Record(uint8_t type, uint16_t version, absl::string_view payload) {
  return absl::StrCat(U8(type), U16(version), U16(payload.size()), payload);
}

std::string Extension(uint16_t type, absl::string_view body) {
  return absl::StrCat(U16(type), U16(body.size()), body);
}

std::string RenegotiationInfo() { return Extension(0xff01, U8(0)); }
std::string SelectedVersion(uint16_t version) {
  return Extension(43, U16(version));
}

// The first offered suite that TLS 1.2 can use.
uint16_t SuiteForTls12(const ClientHello& hello) {
  for (const uint16_t suite : hello.cipher_suites) {
    if (suite >> 8 == 0xc0 || suite >> 8 == 0xcc) return suite;
  }
  return 0x002f;
}

struct ServerHello {
  uint16_t version = kTls12;
  std::string random = std::string(32, 'r');
  std::string session_id = {};
  uint16_t suite = 0x002f;
  std::string extensions = {};
};

std::string ServerHelloRecord(const ServerHello& hello) {
  std::string body = absl::StrCat(U16(hello.version), hello.random,
                                  U8(hello.session_id.size()), hello.session_id,
                                  U16(hello.suite), U8(0));
  if (!hello.extensions.empty()) {
    absl::StrAppend(&body, U16(hello.extensions.size()), hello.extensions);
  }
  return Record(kHandshake, hello.version,
                absl::StrCat(U8(2), U8(0), U16(body.size()), body));
}

// For a client that offers TLS 1.3: the version stands in an extension.
std::string Tls13ServerHello(const ClientHello& hello, uint16_t version,
                             absl::string_view more_extensions) {
  return ServerHelloRecord(
      {kTls12, std::string(32, 'r'), hello.session_id, 0x1301,
       SelectedVersion(version) + std::string(more_extensions)});
}

}  // namespace

absl::Span<const NamedAlert> HelloRefusals() { return kHelloRefusals; }

uint8_t AlertNumber(absl::string_view name) {
  for (const NamedAlert& alert : kHelloRefusals) {
    if (alert.name == name) return alert.number;
  }
  for (const NamedAlert& alert : kOtherAlerts) {
    if (alert.name == name) return alert.number;
  }
  return 255;
}

std::string AlertRecord(AlertLevel level, uint8_t number) {
  return Record(kAlert, kTls12, U8(static_cast<uint8_t>(level)) + U8(number));
}

std::string Ssl3Alert(const ClientHello&) {
  return Record(kAlert, kSsl3, U8(2) + U8(40));
}

std::string Tls12ServerHello(const ClientHello& hello) {
  return ServerHelloRecord({kTls12, std::string(32, 'r'), "",
                            SuiteForTls12(hello), RenegotiationInfo()});
}

std::string SentinelServerHello(const ClientHello& hello) {
  return ServerHelloRecord({kTls12,
                            absl::StrCat(std::string(24, 'r'), "DOWNGRD\x01"),
                            "", SuiteForTls12(hello), RenegotiationInfo()});
}

std::string PartOfServerHello(const ClientHello& hello) {
  return Tls12ServerHello(hello).substr(0, 20);
}

std::string Ssl3ServerHello(const ClientHello&) {
  return ServerHelloRecord({kSsl3});
}

// The message SERVER-HELLO of the SSL 2 draft, with empty lists.
std::string Ssl2ServerHello(const ClientHello&) {
  const std::string message =
      absl::StrCat(U8(4), U8(0), U8(1), U16(2), U16(0), U16(0), U16(0));
  return absl::StrCat(U16(0x8000 | message.size()), message);
}

std::string ServerHelloAboveOffer(const ClientHello& hello) {
  return Tls13ServerHello(hello, 0x0305, "");
}

std::string ServerHelloWithBadKeyShare(const ClientHello& hello) {
  // x25519, but one byte in place of thirty-two.
  return Tls13ServerHello(hello, 0x0304,
                          Extension(51, U16(0x001d) + U16(1) + U8(9)));
}

std::string UnsafeServerHello(const ClientHello& hello) {
  ServerHello answer;
  answer.suite = SuiteForTls12(hello);
  return ServerHelloRecord(answer);
}

std::string Echo(const ClientHello& hello) { return hello.wire; }

std::string Garbage(const ClientHello&) { return std::string(64, '\xee'); }

std::string UnknownRecord(const ClientHello&) {
  return Record(kHeartbeat, kTls12, "what is this?");
}

std::string ApplicationData(const ClientHello&) {
  return Record(kApplicationData, kTls12, std::string(32, 'a'));
}

std::string SomeText(const ClientHello&) { return "What did you say?\r\n"; }

std::string HttpError(const ClientHello&) {
  return "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
}

std::string SshBanner(const ClientHello&) { return "SSH-2.0-lab\r\n"; }

}  // namespace holdfast::lab
