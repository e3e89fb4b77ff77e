// Parsing of proxies.

#include "holdfast/core/net/proxy.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

constexpr size_t kMostSocksBytes = 255;  // a length is one byte (RFC 1929, 2)

absl::Status Invalid(absl::string_view why) {
  return MakeStatus(ErrorCode::kInvalidProxy, Phase::kSetup, why);
}

// The wording of RFC 3986, 2.1; nullopt if a "%" is not followed by two digits.
// It may hold a password: nothing of it is left behind.
std::optional<SecretString> PercentDecode(absl::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  while (!text.empty()) {
    if (text[0] != '%') {
      decoded.push_back(text[0]);
      text.remove_prefix(1);
      continue;
    }
    unsigned int byte = 0;
    if (text.size() < 3 || !absl::ascii_isxdigit(text[1]) ||
        !absl::ascii_isxdigit(text[2]) ||
        !absl::SimpleHexAtoi(text.substr(1, 2), &byte)) {
      Wipe(&decoded);
      return std::nullopt;
    }
    decoded.push_back(static_cast<char>(byte));
    text.remove_prefix(3);
  }
  return SecretString::Take(std::move(decoded));
}

absl::string_view Scheme(Proxy::Kind kind) {
  switch (kind) {
    case Proxy::Kind::kSocks5:
      return "socks5";
    case Proxy::Kind::kHttpConnect:
      return "http";
  }
  return "";
}

uint16_t DefaultPort(Proxy::Kind kind) {
  switch (kind) {
    case Proxy::Kind::kSocks5:
      return 1080;
    case Proxy::Kind::kHttpConnect:
      return 3128;
  }
  return 0;
}

std::optional<Proxy::Kind> KindOf(absl::string_view scheme) {
  const std::string lower = absl::AsciiStrToLower(scheme);
  if (lower == "socks5" || lower == "socks5h") return Proxy::Kind::kSocks5;
  if (lower == "http") return Proxy::Kind::kHttpConnect;
  return std::nullopt;
}

// What is wrong with them; empty if nothing is.
absl::string_view CredentialsFault(Proxy::Kind kind, absl::string_view user,
                                   absl::string_view password) {
  if (user.empty()) {
    return password.empty() ? "" : "There is a password, but no user name.";
  }
  switch (kind) {
    case Proxy::Kind::kSocks5:
      return user.size() > kMostSocksBytes || password.size() > kMostSocksBytes
                 ? "SOCKS 5 has no user names and passwords over 255 bytes."
                 : "";
    case Proxy::Kind::kHttpConnect: {  // RFC 7617, 2
      const auto is_control = [](char c) { return absl::ascii_iscntrl(c); };
      const bool bad =
          absl::StrContains(user, ':') ||
          std::any_of(user.begin(), user.end(), is_control) ||
          std::any_of(password.begin(), password.end(), is_control);
      return bad ? "HTTP has no user names with a colon, and no control "
                   "characters in user names and passwords."
                 : "";
    }
  }
  return "";
}

}  // namespace

Proxy::Proxy(Kind kind, Endpoint endpoint, std::string user,
             SecretString password)
    : kind_(kind),
      endpoint_(std::move(endpoint)),
      user_(std::move(user)),
      password_(std::make_shared<SecretString>(std::move(password))) {}

absl::StatusOr<Proxy> Proxy::Create(Kind kind, Endpoint endpoint,
                                    std::string user, SecretString password) {
  const absl::string_view fault = CredentialsFault(kind, user, password.view());
  if (!fault.empty()) return Invalid(fault);
  return Proxy(kind, std::move(endpoint), std::move(user), std::move(password));
}

absl::StatusOr<Proxy> Proxy::Parse(absl::string_view text) {
  const size_t scheme_end = text.find("://");
  const std::optional<Kind> kind = scheme_end == absl::string_view::npos
                                       ? std::nullopt
                                       : KindOf(text.substr(0, scheme_end));
  if (!kind) {
    return Invalid(
        "A proxy is written as socks5://HOST:PORT or "
        "http://HOST:PORT.");
  }
  absl::string_view rest = text.substr(scheme_end + 3);
  std::string user;
  SecretString password;
  if (const size_t at = rest.rfind('@'); at != absl::string_view::npos) {
    const absl::string_view info = rest.substr(0, at);
    const size_t colon = std::min(info.find(':'), info.size());
    std::optional<SecretString> name = PercentDecode(info.substr(0, colon));
    std::optional<SecretString> secret =
        PercentDecode(absl::StripPrefix(info.substr(colon), ":"));
    if (!name || !secret) {
      return Invalid(
          "A \"%\" in the proxy's user name or password is written "
          "as %25.");
    }
    user = std::string(name->view());
    password = *std::move(secret);
    rest.remove_prefix(at + 1);
  }
  // What HostPort says of it may repeat a password that stands there.
  const absl::StatusOr<HostPort> host =
      HostPort::Parse(absl::StripSuffix(rest, "/"));
  if (!host.ok()) return Invalid("The proxy's host or port is not valid.");
  return Create(*kind, {host->host, host->port.value_or(DefaultPort(*kind))},
                std::move(user), std::move(password));
}

std::string Proxy::ToString() const {
  return absl::StrCat(Scheme(kind_), "://", endpoint_.ToString());
}

}  // namespace holdfast
