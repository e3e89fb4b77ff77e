// The lab's byte streams: a socket, and TLS on one. Blocking, and plain: one
// thread for each connection.

#ifndef HOLDFAST_TOOLS_LAB_STREAM_H_
#define HOLDFAST_TOOLS_LAB_STREAM_H_

#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/tools/lab/certificate_authority.h"

struct ssl_ctx_st;

namespace holdfast::lab {

// A place to listen at or to connect to.
struct Address {
  sockaddr_storage storage = {};
  socklen_t length = 0;

  // Looks `host` up. Errors: NotFound.
  static absl::StatusOr<Address> Resolve(const std::string& host,
                                         uint16_t port);
  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};

class Stream {
 public:
  virtual ~Stream() = default;
  // Waits for bytes; empty once no more will come.
  virtual std::string Read() = 0;
  // False if the peer is gone.
  virtual bool Write(absl::string_view bytes) = 0;
};

// Keeps what is not inside TLS records: what somebody on the way could read.
class ClearText {
 public:
  void Append(absl::string_view bytes);
  const std::string& text() const { return text_; }

 private:
  std::string header_;    // of a record, perhaps: not complete yet
  size_t in_record_ = 0;  // bytes of a record still to come
  std::string text_;
};

// A TCP socket. Thread safety: one thread reads and one writes; Abort() and
// clear_text() may be called from any.
class SocketStream : public Stream {
 public:
  explicit SocketStream(UniqueFd fd) : fd_(std::move(fd)) {}

  bool Connect(const Address& address);
  std::string Read() override;
  bool Write(absl::string_view bytes) override;
  // As read(2): at most `size` bytes, 0 at the end, -1 after an error.
  ssize_t ReadInto(char* to, size_t size);
  // Has `bytes` read again, before anything else.
  void Unread(std::string bytes) { unread_ = std::move(bytes); }

  // Sends FIN, and stays until the peer is done too: closing while its bytes
  // are under way would turn the FIN into a RST.
  void Finish();
  // Sends RST.
  void Reset();
  void FinishWriting();
  void FinishReading();
  // Ends whatever waits on the stream.
  void Abort();
  // Waits until one of two has bytes to read, or has ended, and returns it.
  static SocketStream* WaitForEither(SocketStream* one, SocketStream* other);

  // The peer sent RST.
  bool was_reset() const { return was_reset_; }
  std::string clear_text() const;

 private:
  UniqueFd fd_;
  std::string unread_;
  std::atomic<bool> was_reset_ = false;
  mutable std::mutex mutex_;
  ClearText clear_text_;  // guarded by mutex_
};

// How the lab's TLS server is set up.
struct TlsTerms {
  TlsVersionRange versions;
  bool requires_client_certificate = false;
  std::string ciphers = "DEFAULT";  // up to TLS 1.2, as OpenSSL lists them
  // Of Diffie-Hellman: 768 or 1024 (RFC 2409), which nobody should use any
  // more; 0: left to OpenSSL.
  int dh_bits = 0;
};

// A TLS server's settings. Thread safety: immutable.
class TlsContext {
 public:
  // `alpn_id` is chosen if the client offers it. No key is too weak, no
  // version too old: refusing is for the client.
  static absl::StatusOr<TlsContext> Create(const Certificate& certificate,
                                           const TlsTerms& terms,
                                           absl::string_view alpn_id);

  // Shakes hands as the server. `socket` must outlive the stream, which sends
  // close_notify when it is destroyed. Null if it fails.
  std::unique_ptr<Stream> Accept(SocketStream* socket) const;

 private:
  std::shared_ptr<const std::string> alpn_id_;
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace holdfast::lab

#endif  // HOLDFAST_TOOLS_LAB_STREAM_H_
