// SPDX-License-Identifier: MPL-2.0

// A proxy, as a person writes it down: where it is, what it speaks, and who we
// are to it.
//
//   absl::StatusOr<Proxy> proxy = Proxy::Parse("socks5://127.0.0.1:1080");
//
// Its user name and password go to it in clear, before TLS with the mail server
// begins: they are the proxy's own, and must never be the mail account's.

#ifndef HOLDFAST_CORE_NET_PROXY_H_
#define HOLDFAST_CORE_NET_PROXY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/secret_string.h"

#pragma GCC visibility push(default)
namespace holdfast {

// A value type; one that exists can be spoken to as it says.
class Proxy {
 public:
  enum class Kind {
    kSocks5,       // RFC 1928; port 1080 unless another is given
    kHttpConnect,  // RFC 9110, 9.3.6; Squid's port, 3128: none is assigned
  };

  // Reads "socks5://[USER[:PASSWORD]@]HOST[:PORT]", also with "socks5h", and
  // "http://…" likewise; what a URL does not allow is written as %XX in user
  // and password. Errors: kInvalidProxy, which does not repeat the text.
  //
  // By whatever scheme, the proxy looks the server's name up, and no look-up
  // for it leaves this machine.
  static absl::StatusOr<Proxy> Parse(absl::string_view text);

  // `user` may be empty: none. Errors: kInvalidProxy, for a user or password
  // that the proxy cannot be told.
  static absl::StatusOr<Proxy> Create(Kind kind, Endpoint endpoint,
                                      std::string user = "",
                                      SecretString password = SecretString());

  Kind kind() const { return kind_; }
  const Endpoint& endpoint() const { return endpoint_; }
  const std::string& user() const { return user_; }
  absl::string_view password() const { return password_->view(); }

  // "socks5://127.0.0.1:1080": without user and password.
  std::string ToString() const;

 private:
  Proxy(Kind kind, Endpoint endpoint, std::string user, SecretString password);

  Kind kind_;
  Endpoint endpoint_;
  std::string user_;
  std::shared_ptr<const SecretString> password_;  // wiped with the last copy
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_NET_PROXY_H_
