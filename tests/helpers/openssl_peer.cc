// The peer's settings, and its steps on a socket that never blocks.

#include "holdfast/tests/helpers/openssl_peer.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

#include "gtest/gtest.h"

namespace holdfast::test {

using lab::FromPem;
using lab::OpensslPtr;

OpensslPeer::OpensslPeer(UniqueFd fd, const lab::Certificate& certificate,
                         const Adjust& adjust)
    : fd_(std::move(fd)), context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX_set_security_level(context_.get(), 0);
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
  SSL_CTX_set_dh_auto(context_.get(), 1);
  const OpensslPtr<BIO> chain = FromPem(certificate.chain_pem);
  OpensslPtr<X509> leaf(
      PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  EXPECT_EQ(SSL_CTX_use_certificate(context_.get(), leaf.get()), 1);
  while (X509* issuer =
             PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add0_chain_cert(context_.get(), issuer);
  }
  const OpensslPtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(
      FromPem(certificate.key_pem).get(), nullptr, nullptr, nullptr));
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context_.get(), key.get()), 1);
  SSL_CTX_set_alpn_select_cb(context_.get(), OnAlpn, this);
  if (adjust) adjust(context_.get());
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), fd_.get());
  ERR_clear_error();
}

bool OpensslPeer::Accept() {
  ERR_clear_error();
  return SSL_accept(ssl_.get()) == 1;
}

std::string OpensslPeer::Read() {
  std::string text;
  char buffer[16 * 1024];
  while (true) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), buffer, sizeof buffer);
    if (got <= 0) return text;
    text.append(buffer, static_cast<size_t>(got));
  }
}

void OpensslPeer::Write(const std::string& text) {
  EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
            static_cast<int>(text.size()));
}

void OpensslPeer::Close(bool politely) {
  if (politely) SSL_shutdown(ssl_.get());
  fd_.reset();
}

int OpensslPeer::OnAlpn(SSL*, const unsigned char** out,
                        unsigned char* out_size, const unsigned char* in,
                        unsigned in_size, void* self) {
  std::string& offered = static_cast<OpensslPeer*>(self)->alpn_offered_;
  offered.clear();
  for (unsigned i = 0; i < in_size; i += 1 + in[i]) {
    if (!offered.empty()) offered += ",";
    offered.append(reinterpret_cast<const char*>(in) + i + 1, in[i]);
  }
  *out = in + 1;
  *out_size = in[0];
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace holdfast::test
