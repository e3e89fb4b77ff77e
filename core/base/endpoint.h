// SPDX-License-Identifier: MPL-2.0

// Where to connect and how: a parsed host, a host with a port, and the way in
// which the connection is to be secured.
//
//   absl::StatusOr<Host> host = Host::Parse("Mail.Example.ORG.");
//   Endpoint endpoint{*host, 993};          // "mail.example.org:993"

#ifndef HOLDFAST_CORE_BASE_ENDPOINT_H_
#define HOLDFAST_CORE_BASE_ENDPOINT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#pragma GCC visibility push(default)
namespace holdfast {

// A DNS name (A-labels, lower case, no trailing dot) or an IP literal in its
// canonical text form. A value type; a Host that exists is valid.
class Host {
 public:
  // Parses a DNS name (U-labels are converted by IDNA 2008, RFC 5891), an IPv4
  // address, or an IPv6 address with or without brackets. Errors: kInvalidHost.
  static absl::StatusOr<Host> Parse(absl::string_view text);

  const std::string& name() const { return name_; }
  // The name for people, in UTF-8: A-labels as the U-labels that they stand
  // for. What does not lead back to this host stays as it is.
  std::string ToUnicode() const;
  bool is_ip_literal() const { return kind_ != Kind::kDnsName; }
  // As in a URL: an IPv6 address stands in brackets.
  std::string ToString() const;

  friend bool operator==(const Host& a, const Host& b) {
    return a.name_ == b.name_;
  }
  friend bool operator!=(const Host& a, const Host& b) { return !(a == b); }

 private:
  enum class Kind { kDnsName, kIpv4, kIpv6 };
  Host(std::string name, Kind kind) : name_(std::move(name)), kind_(kind) {}

  std::string name_;
  Kind kind_;
};

struct Endpoint {
  Host host;
  uint16_t port;

  // "host:port", an IPv6 address in brackets.
  std::string ToString() const;

  friend bool operator==(const Endpoint& a, const Endpoint& b) {
    return a.host == b.host && a.port == b.port;
  }
};

// A host, with a port if one was given.
struct HostPort {
  Host host;
  std::optional<uint16_t> port;

  // Reads "host", "host:port", "[::1]" and "[::1]:port"; a bare IPv6 address
  // has no port. Errors: kInvalidHost, kInvalidTarget (the port).
  static absl::StatusOr<HostPort> Parse(absl::string_view text);
};

// How a connection is secured. There is no way to ask for plaintext by
// accident: kNone must be written out, and no failure ever leads to it.
enum class ConnectionSecurity {
  kImplicitTls,  // TLS from the first byte (RFC 8314)
  kStartTls,     // plaintext, then STARTTLS, required
  kAuto,         // implicit TLS, else STARTTLS; never plaintext
  kNone,
};

// "implicit", "starttls", "auto", "none".
absl::string_view ConnectionSecurityName(ConnectionSecurity security);

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_BASE_ENDPOINT_H_
