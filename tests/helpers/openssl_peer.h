// A TLS server of another make, driven step by step on a socket: no thread.

#ifndef HOLDFAST_TESTS_HELPERS_OPENSSL_PEER_H_
#define HOLDFAST_TESTS_HELPERS_OPENSSL_PEER_H_

#include <openssl/ssl.h>

#include <functional>
#include <string>

#include "holdfast/core/base/unique_fd.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/openssl_ptr.h"

namespace holdfast::test {

class OpensslPeer {
 public:
  using Adjust = std::function<void(SSL_CTX*)>;

  // Speaks TLS 1.0 to 1.3 unless `adjust` says otherwise.
  OpensslPeer(UniqueFd fd, const lab::Certificate& certificate,
              const Adjust& adjust = nullptr);

  // Goes as far as it can; true once the handshake is complete.
  bool Accept();
  // What the client sent inside TLS so far.
  std::string Read();
  void Write(const std::string& text);
  // Ends the stream, with a close_notify or without.
  void Close(bool politely);

  SSL* ssl() const { return ssl_.get(); }
  // In the client's order, separated by commas.
  const std::string& alpn_offered() const { return alpn_offered_; }

 private:
  static int OnAlpn(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void* self);

  UniqueFd fd_;
  std::string alpn_offered_;
  lab::OpensslPtr<SSL_CTX> context_;
  lab::OpensslPtr<SSL> ssl_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_OPENSSL_PEER_H_
