// SPDX-License-Identifier: MPL-2.0

// What ties a dialogue inside TLS to this very TLS (RFC 5056).

#ifndef HOLDFAST_CORE_TLS_CHANNEL_BINDING_H_
#define HOLDFAST_CORE_TLS_CHANNEL_BINDING_H_

#include <string>

#include "absl/strings/string_view.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct ChannelBinding {
  absl::string_view type;  // "tls-exporter", as registered with IANA
  std::string data;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_TLS_CHANNEL_BINDING_H_
