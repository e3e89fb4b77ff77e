// What is said to a proxy until it passes bytes on: SOCKS 5 (RFC 1928, 1929)
// and HTTP CONNECT (RFC 9110, 9.3.6). Knows nothing of sockets.
//
//   auto dialogue = ProxyDialogue::Start(proxy, endpoint);
//   while (!dialogue->over()) {
//     Send(dialogue->TakeOutgoing());
//     bytes.remove_prefix(dialogue->Consume(bytes));
//   }

#ifndef HOLDFAST_CORE_NET_PROXY_DIALOGUE_H_
#define HOLDFAST_CORE_NET_PROXY_DIALOGUE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/string_view.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/secret_string.h"
#include "holdfast/core/net/proxy.h"

namespace holdfast {

// Thread safety: one thread at a time.
class ProxyDialogue {
 public:
  // Asks `proxy` for a connection to `server`, a name as a name.
  static std::unique_ptr<ProxyDialogue> Start(const Proxy& proxy,
                                              const Endpoint& server);
  virtual ~ProxyDialogue() = default;

  // What is to be sent now; empty: nothing before more was consumed.
  SecretString TakeOutgoing() { return std::move(outgoing_); }
  // Takes bytes of the proxy's answer and returns how many. Takes all of them,
  // or else it is over: what follows the answer is the server's. Keeps no more
  // than a few hundred bytes.
  size_t Consume(absl::string_view bytes);

  // The proxy has connected, or refused.
  bool over() const { return over_; }
  // kProxyRefused, kProxyAuthenticationRefused, kProxyFailed; unset if it has
  // connected.
  const std::optional<Error>& error() const { return error_; }

 protected:
  virtual void OnByte(char byte) = 0;

  void Send(SecretString text) { outgoing_ = std::move(text); }
  void Succeed() { over_ = true; }
  void Fail(ErrorCode code, absl::string_view message = "");

 private:
  SecretString outgoing_;
  bool over_ = false;
  std::optional<Error> error_;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_NET_PROXY_DIALOGUE_H_
