// What the lab answers to a ClientHello byte by byte, where its TLS library
// would not do wrong: alerts, ServerHellos that are odd or go no further, and
// bytes that are no answer at all.

#ifndef HOLDFAST_TOOLS_LAB_RAW_ANSWER_H_
#define HOLDFAST_TOOLS_LAB_RAW_ANSWER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "holdfast/tools/lab/client_hello.h"

namespace holdfast::lab {

// An alert by the name and number of RFC 8446, 6 ("unexpected_message").
struct NamedAlert {
  absl::string_view name;
  uint8_t number;
};
// Those with which servers refuse a hello that they do not like.
absl::Span<const NamedAlert> HelloRefusals();
// The number of any alert that the lab sends. `name` must be one.
uint8_t AlertNumber(absl::string_view name);

enum class AlertLevel : uint8_t { kWarning = 1, kFatal = 2 };
std::string AlertRecord(AlertLevel level, uint8_t number);
// In a record of SSL 3.
std::string Ssl3Alert(const ClientHello& hello);

// ServerHellos that a client may accept; nothing follows them.
std::string Tls12ServerHello(const ClientHello& hello);
// Its random says that the server can do TLS 1.3 (RFC 8446, 4.1.3).
std::string SentinelServerHello(const ClientHello& hello);
// The first bytes of one.
std::string PartOfServerHello(const ClientHello& hello);

// And that it must refuse.
std::string Ssl3ServerHello(const ClientHello& hello);
std::string Ssl2ServerHello(const ClientHello& hello);
std::string ServerHelloAboveOffer(const ClientHello& hello);  // 0x0305
std::string ServerHelloWithBadKeyShare(const ClientHello& hello);
// Without renegotiation_info (RFC 5746).
std::string UnsafeServerHello(const ClientHello& hello);

// No answers.
std::string Echo(const ClientHello& hello);
std::string Garbage(const ClientHello& hello);
std::string UnknownRecord(const ClientHello& hello);
std::string ApplicationData(const ClientHello& hello);
std::string SomeText(const ClientHello& hello);
std::string HttpError(const ClientHello& hello);
std::string SshBanner(const ClientHello& hello);

}  // namespace holdfast::lab

#endif  // HOLDFAST_TOOLS_LAB_RAW_ANSWER_H_
