#include "holdfast/tools/lab/stream.h"

#include <netdb.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/tools/lab/openssl_ptr.h"

namespace holdfast::lab {
namespace {

constexpr size_t kChunk = 16 * 1024;

int ReadBio(BIO* bio, char* to, int size) {
  auto* socket = static_cast<SocketStream*>(BIO_get_data(bio));
  return static_cast<int>(socket->ReadInto(to, static_cast<size_t>(size)));
}

int WriteBio(BIO* bio, const char* from, int size) {
  auto* socket = static_cast<SocketStream*>(BIO_get_data(bio));
  const absl::string_view bytes(from, static_cast<size_t>(size));
  return socket->Write(bytes) ? size : -1;
}

long ControlBio(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// Lets OpenSSL read and write through a SocketStream.
BIO* NewBio(SocketStream* socket) {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "lab socket");
    BIO_meth_set_read(made, ReadBio);
    BIO_meth_set_write(made, WriteBio);
    BIO_meth_set_ctrl(made, ControlBio);
    return made;
  }();
  BIO* bio = BIO_new(method);
  BIO_set_data(bio, socket);
  BIO_set_init(bio, 1);
  return bio;
}

int ChooseAlpn(SSL*, const unsigned char** chosen, unsigned char* chosen_length,
               const unsigned char* offered, unsigned int offered_length,
               void* argument) {
  const auto& id = *static_cast<const std::string*>(argument);
  for (unsigned int i = 0; i < offered_length; i += offered[i] + 1) {
    if (offered[i] == id.size() &&
        std::memcmp(offered + i + 1, id.data(), id.size()) == 0) {
      *chosen = offered + i + 1;
      *chosen_length = offered[i];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

bool UseCertificate(SSL_CTX* context, const Certificate& certificate) {
  const OpensslPtr<BIO> chain = FromPem(certificate.chain_pem);
  const OpensslPtr<X509> leaf(
      PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) return false;
  while (X509* next =
             PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) return false;
  }
  ERR_clear_error();  // the end of the text counts as one
  const OpensslPtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(
      FromPem(certificate.key_pem).get(), nullptr, nullptr, nullptr));
  return SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

int AllowAnything(const SSL*, const SSL_CTX*, int, int, int, void*, void*) {
  return 1;
}

// Oakley's groups, of 768 or 1024 bits (RFC 2409, 6).
bool UseDiffieHellman(SSL_CTX* context, int bits) {
  const OpensslPtr<BIGNUM> prime(bits == 768
                                     ? BN_get_rfc2409_prime_768(nullptr)
                                     : BN_get_rfc2409_prime_1024(nullptr));
  const OpensslPtr<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  const OpensslPtr<BIGNUM> generator(BN_new());
  if (BN_set_word(generator.get(), 2) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_FFC_P,
                             prime.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_FFC_G,
                             generator.get()) != 1) {
    return false;
  }
  const OpensslPtr<OSSL_PARAM> parameters(
      OSSL_PARAM_BLD_to_param(builder.get()));
  const OpensslPtr<EVP_PKEY_CTX> maker(
      EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr));
  EVP_PKEY* group = nullptr;
  if (EVP_PKEY_fromdata_init(maker.get()) != 1 ||
      EVP_PKEY_fromdata(maker.get(), &group, EVP_PKEY_KEY_PARAMETERS,
                        parameters.get()) != 1) {
    return false;
  }
  // Even at level 0 OpenSSL would insist on 1024 bits.
  SSL_CTX_set_security_callback(context, AllowAnything);
  if (SSL_CTX_set0_tmp_dh_pkey(context, group) == 1) return true;
  EVP_PKEY_free(group);
  return false;
}

class TlsStream : public Stream {
 public:
  explicit TlsStream(OpensslPtr<SSL> ssl) : ssl_(std::move(ssl)) {}
  ~TlsStream() override {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }

  std::string Read() override {
    char buffer[kChunk];
    const int count = SSL_read(ssl_.get(), buffer, sizeof buffer);
    return count > 0 ? std::string(buffer, static_cast<size_t>(count)) : "";
  }
  bool Write(absl::string_view bytes) override {
    return bytes.empty() || SSL_write(ssl_.get(), bytes.data(),
                                      static_cast<int>(bytes.size())) > 0;
  }

 private:
  OpensslPtr<SSL> ssl_;
};

}  // namespace

absl::StatusOr<Address> Address::Resolve(const std::string& host,
                                         uint16_t port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found);
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat(host, ": ", gai_strerror(error)));
  }
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

void ClearText::Append(absl::string_view bytes) {
  while (!bytes.empty()) {
    if (in_record_ > 0) {
      const size_t skipped = std::min(in_record_, bytes.size());
      in_record_ -= skipped;
      bytes.remove_prefix(skipped);
      continue;
    }
    header_.push_back(bytes.front());
    bytes.remove_prefix(1);
    const bool may_be_record = header_[0] >= 0x14 && header_[0] <= 0x17 &&
                               (header_.size() < 2 || header_[1] == 3);
    if (may_be_record && header_.size() < 5) continue;
    if (may_be_record) {
      in_record_ = static_cast<size_t>(static_cast<uint8_t>(header_[3]) << 8 |
                                       static_cast<uint8_t>(header_[4]));
    } else {
      text_ += header_;
    }
    header_.clear();
  }
}

bool SocketStream::Connect(const Address& address) {
  // Bounds connect() too, which Abort() might be too early to end.
  const timeval patience = {10, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return connect(fd_.get(), address.get(), address.length) == 0;
}

ssize_t SocketStream::ReadInto(char* to, size_t size) {
  if (!unread_.empty()) {
    const size_t count = unread_.copy(to, size);
    unread_.erase(0, count);
    return static_cast<ssize_t>(count);
  }
  const ssize_t count = recv(fd_.get(), to, size, 0);
  if (count < 0 && errno == ECONNRESET) was_reset_ = true;
  if (count > 0) {
    std::lock_guard<std::mutex> lock(mutex_);
    clear_text_.Append({to, static_cast<size_t>(count)});
  }
  return count;
}

std::string SocketStream::Read() {
  char buffer[kChunk];
  const ssize_t count = ReadInto(buffer, sizeof buffer);
  return count > 0 ? std::string(buffer, static_cast<size_t>(count)) : "";
}

bool SocketStream::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) {
      // The kernel reports it once only: a read would find a plain end.
      if (errno == ECONNRESET) was_reset_ = true;
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

void SocketStream::FinishWriting() { shutdown(fd_.get(), SHUT_WR); }
void SocketStream::FinishReading() { shutdown(fd_.get(), SHUT_RD); }

void SocketStream::Finish() {
  FinishWriting();
  while (!Read().empty()) {
  }
  std::lock_guard<std::mutex> lock(mutex_);
  fd_.reset();
}

void SocketStream::Reset() {
  const linger at_once = {1, 0};
  std::lock_guard<std::mutex> lock(mutex_);
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd_.reset();
}

void SocketStream::Abort() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (fd_.valid()) shutdown(fd_.get(), SHUT_RDWR);
}

SocketStream* SocketStream::WaitForEither(SocketStream* one,
                                          SocketStream* other) {
  pollfd both[] = {{one->fd_.get(), POLLIN, 0}, {other->fd_.get(), POLLIN, 0}};
  while (poll(both, 2, -1) < 0 && errno == EINTR) {
  }
  return both[0].revents != 0 ? one : other;
}

std::string SocketStream::clear_text() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return clear_text_.text();
}

absl::StatusOr<TlsContext> TlsContext::Create(const Certificate& certificate,
                                              const TlsTerms& terms,
                                              absl::string_view alpn_id) {
  TlsContext made;
  made.alpn_id_ = std::make_shared<const std::string>(alpn_id);
  made.context_.reset(SSL_CTX_new(TLS_server_method()), OpensslDelete());
  SSL_CTX* context = made.context_.get();
  // Level 0 first: weak keys, and TLS 1.0 with its SHA-1, are refused above it.
  if (SSL_CTX_set_cipher_list(
          context, absl::StrCat(terms.ciphers, ":@SECLEVEL=0").c_str()) != 1 ||
      SSL_CTX_set_min_proto_version(
          context, static_cast<int>(terms.versions.min())) != 1 ||
      SSL_CTX_set_max_proto_version(
          context, static_cast<int>(terms.versions.max())) != 1 ||
      !UseCertificate(context, certificate) ||
      (terms.dh_bits != 0 && !UseDiffieHellman(context, terms.dh_bits))) {
    return OpensslError("cannot set up TLS");
  }
  SSL_CTX_set_alpn_select_cb(context, ChooseAlpn,
                             const_cast<std::string*>(made.alpn_id_.get()));
  if (terms.requires_client_certificate) {
    // Without an id for its sessions OpenSSL would fail on resumption.
    SSL_CTX_set_session_id_context(
        context, reinterpret_cast<const unsigned char*>("lab"), 3);
    SSL_CTX_set_verify(
        context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return made;
}

std::unique_ptr<Stream> TlsContext::Accept(SocketStream* socket) const {
  OpensslPtr<SSL> ssl(SSL_new(context_.get()));
  BIO* bio = NewBio(socket);
  SSL_set_bio(ssl.get(), bio, bio);
  if (SSL_accept(ssl.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return std::make_unique<TlsStream>(std::move(ssl));
}

}  // namespace holdfast::lab
