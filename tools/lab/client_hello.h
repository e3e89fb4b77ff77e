// Reads a ClientHello off the wire (RFC 8446, 4.1.2): what a behaviour decides
// by, and what a test asserts that a client offered.

#ifndef HOLDFAST_TOOLS_LAB_CLIENT_HELLO_H_
#define HOLDFAST_TOOLS_LAB_CLIENT_HELLO_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace holdfast::lab {

// A value type. Numbers are those on the wire, in the order offered.
struct ClientHello {
  std::string wire;         // its records, headers included
  size_t message_size = 0;  // what the records carry of it, header included
  size_t records = 0;
  uint16_t record_version = 0;  // of the first record
  uint16_t legacy_version = 0;
  std::string session_id;
  std::vector<uint16_t> cipher_suites;
  std::vector<uint16_t> extensions;
  std::vector<uint16_t> supported_versions;  // empty if not sent
  std::vector<uint16_t> groups;              // supported_groups
  std::vector<uint16_t> key_shares;          // the groups of key_share
  std::vector<uint16_t> signature_schemes;
  std::vector<std::string> alpn;
  std::optional<std::string> server_name;

  // By supported_versions, or by legacy_version where that was not sent.
  bool OffersVersion(uint16_t version) const;
  bool OffersTls13() const { return OffersVersion(0x0304); }
  bool OffersCipherSuite(uint16_t suite) const;
  // TLS_FALLBACK_SCSV (RFC 7507).
  bool HasFallbackScsv() const { return OffersCipherSuite(0x5600); }
  bool HasExtension(uint16_t type) const;
};

// The ClientHello at the start of `bytes`, what follows it left alone; nullopt
// if it is not complete yet. Errors: InvalidArgument if it is none.
absl::StatusOr<std::optional<ClientHello>> ParseClientHello(
    absl::string_view bytes);

}  // namespace holdfast::lab

#endif  // HOLDFAST_TOOLS_LAB_CLIENT_HELLO_H_
