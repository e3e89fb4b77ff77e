#include "holdfast/core/trust/host_match.h"

#include <arpa/inet.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace holdfast {

bool DnsNameMatches(absl::string_view presented, const Host& host) {
  if (host.is_ip_literal()) return false;
  const absl::string_view name = host.name();
  if (!absl::ConsumePrefix(&presented, "*.")) {
    return absl::EqualsIgnoreCase(presented, name);
  }
  // "*.com" would be for too much of the world.
  if (!absl::StrContains(presented, '.')) return false;
  const size_t dot = name.find('.');
  return dot != absl::string_view::npos &&
         absl::EqualsIgnoreCase(presented, name.substr(dot + 1));
}

bool AddressMatches(absl::string_view presented, const Host& host) {
  if (!host.is_ip_literal()) return false;
  const bool is_ipv6 = absl::StrContains(host.name(), ':');
  std::string address(is_ipv6 ? sizeof(in6_addr) : sizeof(in_addr), '\0');
  return inet_pton(is_ipv6 ? AF_INET6 : AF_INET, host.name().c_str(),
                   address.data()) == 1 &&
         presented == address;
}

}  // namespace holdfast
