// Parsing of hosts: IP literals, IDNA, and the rules for DNS names.

#include "holdfast/core/base/endpoint.h"

#include <arpa/inet.h>
#include <idn2.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

constexpr size_t kMaxNameBytes = 253;  // RFC 1035, 2.3.4, in text form
constexpr size_t kMaxLabelBytes = 63;

// The canonical text of an address literal; nullopt if `text` is not one.
std::optional<std::string> CanonicalAddress(int family,
                                            const std::string& text) {
  unsigned char address[sizeof(in6_addr)];
  char canonical[INET6_ADDRSTRLEN];
  if (inet_pton(family, text.c_str(), address) != 1) return std::nullopt;
  return inet_ntop(family, address, canonical, sizeof canonical);
}

// Characters that IDNA 2008 keeps and the older, "transitional" mapping turns
// into others, so that a name would mean another host (UTS #46, 6).
bool HasDeviation(absl::string_view text) {
  constexpr absl::string_view kDeviations[] = {"\u00df", "\u1e9e", "\u03c2",
                                               "\u200c", "\u200d"};
  return std::any_of(
      std::begin(kDeviations), std::end(kDeviations),
      [text](absl::string_view d) { return absl::StrContains(text, d); });
}

// Lower-case ASCII. What is ASCII already is left as it is otherwise: an
// A-label is what DNS and certificates hold, whatever it decodes to.
absl::StatusOr<std::string> ToAscii(const std::string& text) {
  if (std::all_of(text.begin(), text.end(), absl::ascii_isascii)) {
    return absl::AsciiStrToLower(text);
  }
  auto lookup = [&text](int flags, char** ascii) {
    return idn2_lookup_u8(reinterpret_cast<const uint8_t*>(text.c_str()),
                          reinterpret_cast<uint8_t**>(ascii),
                          flags | IDN2_NFC_INPUT);
  };
  char* ascii = nullptr;
  int result = lookup(IDN2_NONTRANSITIONAL, &ascii);
  // Browsers accept symbols (UTS #46), which IDNA 2008 does not and libidn2
  // lets pass in its transitional mode only.
  if (result == IDN2_DISALLOWED && !HasDeviation(text)) {
    result = lookup(IDN2_TRANSITIONAL, &ascii);
  }
  if (result != IDN2_OK) {
    return absl::InvalidArgumentError(idn2_strerror(result));
  }
  std::string copy(ascii);
  idn2_free(ascii);
  return copy;
}

// What is wrong with a label; empty if nothing is. The underscore is no
// letter-digit-hyphen character, but hosts with it exist.
absl::string_view LabelFault(absl::string_view label) {
  if (label.empty()) return "a label is empty";
  if (label.size() > kMaxLabelBytes) return "a label is over 63 bytes long";
  if (label.front() == '-' || label.back() == '-') {
    return "a label begins or ends with a hyphen";
  }
  auto allowed = [](char c) {
    return absl::ascii_isdigit(c) || absl::ascii_islower(c) || c == '-' ||
           c == '_';
  };
  if (!std::all_of(label.begin(), label.end(), allowed)) {
    return "a character is not allowed in it";
  }
  return "";
}

// True for a last label that the system's resolver may take for part of an
// IPv4 address in one of its old notations ("127.1", "0x7f000001").
bool LooksNumeric(absl::string_view label) {
  const bool hex = absl::ConsumePrefix(&label, "0x");
  return std::all_of(label.begin(), label.end(), [hex](unsigned char c) {
    return hex ? absl::ascii_isxdigit(c) : absl::ascii_isdigit(c);
  });
}

// What is wrong with a lower-case ASCII name; empty if nothing is.
absl::string_view NameFault(absl::string_view name) {
  if (name.empty()) return "it is empty";
  if (name.size() > kMaxNameBytes) return "it is over 253 bytes long";
  const std::vector<absl::string_view> labels = absl::StrSplit(name, '.');
  for (absl::string_view label : labels) {
    if (absl::string_view fault = LabelFault(label); !fault.empty()) {
      return fault;
    }
  }
  if (LooksNumeric(labels.back())) {
    return "its end is a number, but it is not an IPv4 address";
  }
  return "";
}

absl::Status Invalid(absl::string_view text, absl::string_view why) {
  return MakeStatus(ErrorCode::kInvalidHost, Phase::kSetup,
                    absl::StrCat("\"", EscapeBytes(text),
                                 "\" is not a valid host: ", why, "."));
}

}  // namespace

absl::StatusOr<Host> Host::Parse(absl::string_view text) {
  // inet_pton and libidn2 read up to the first NUL.
  if (absl::StrContains(text, '\0')) {
    return Invalid(text, "a character is not allowed in it");
  }
  const bool bracketed =
      absl::StartsWith(text, "[") && absl::EndsWith(text, "]");
  const absl::string_view inner =
      bracketed ? text.substr(1, text.size() - 2) : text;
  if (bracketed || absl::StrContains(text, ':')) {
    if (absl::StrContains(inner, '%')) {
      return Invalid(text, "IPv6 addresses with a scope are not supported");
    }
    auto address = CanonicalAddress(AF_INET6, std::string(inner));
    if (!address) return Invalid(text, "it is not an IPv6 address");
    return Host(*std::move(address), Kind::kIpv6);
  }

  absl::StatusOr<std::string> name = ToAscii(std::string(text));
  if (!name.ok()) return Invalid(text, name.status().message());
  if (absl::EndsWith(*name, ".")) name->pop_back();
  if (auto address = CanonicalAddress(AF_INET, *name)) {
    return Host(*std::move(address), Kind::kIpv4);
  }
  if (absl::string_view fault = NameFault(*name); !fault.empty()) {
    return Invalid(text, fault);
  }
  return Host(*std::move(name), Kind::kDnsName);
}

std::string Host::ToUnicode() const {
  char* unicode = nullptr;
  if (is_ip_literal() ||
      idn2_to_unicode_8z8z(name_.c_str(), &unicode, 0) != IDN2_OK) {
    return name_;
  }
  const std::string copy(unicode);
  idn2_free(unicode);
  const absl::StatusOr<Host> back = Parse(copy);
  return back.ok() && *back == *this ? copy : name_;
}

std::string Host::ToString() const {
  return kind_ == Kind::kIpv6 ? absl::StrCat("[", name_, "]") : name_;
}

std::string Endpoint::ToString() const {
  return absl::StrCat(host.ToString(), ":", port);
}

absl::StatusOr<HostPort> HostPort::Parse(absl::string_view text) {
  const size_t colon = text.rfind(':');
  const bool bracketed = !text.empty() && text[0] == '[';
  const bool has_port =
      colon != absl::string_view::npos &&
      (bracketed ? text[colon - 1] == ']' : text.find(':') == colon);
  absl::StatusOr<Host> host =
      Host::Parse(has_port ? text.substr(0, colon) : text);
  if (!host.ok()) return host.status();
  if (!has_port) return HostPort{*std::move(host), std::nullopt};
  uint32_t port;
  if (!absl::SimpleAtoi(text.substr(colon + 1), &port) || port == 0 ||
      port > 65535) {
    return MakeStatus(ErrorCode::kInvalidTarget, Phase::kSetup,
                      absl::StrCat("\"", EscapeBytes(text),
                                   "\" has no valid port; it is 1 to 65535."));
  }
  return HostPort{*std::move(host), static_cast<uint16_t>(port)};
}

absl::string_view ConnectionSecurityName(ConnectionSecurity security) {
  switch (security) {
    case ConnectionSecurity::kImplicitTls:
      return "implicit";
    case ConnectionSecurity::kStartTls:
      return "starttls";
    case ConnectionSecurity::kAuto:
      return "auto";
    case ConnectionSecurity::kNone:
      return "none";
  }
  return "";
}

}  // namespace holdfast
