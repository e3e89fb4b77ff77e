// The bottom of a connection: the socket itself, with an ear on what passes.
//
// It reads ahead, so that the first bytes of a server are known whole even if
// TLS refuses the first of them, and keeps them from TLS if no TLS record
// begins like that (NSS would take them for a length and wait for more).

#ifndef HOLDFAST_CORE_TLS_WIRE_TAP_H_
#define HOLDFAST_CORE_TLS_WIRE_TAP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/core/tls/handshake_evidence.h"
#include "holdfast/core/tls/handshake_parser.h"

struct PRFileDesc;

namespace holdfast {

// Ownership: owns the descriptor. Thread safety: one thread at a time.
class WireTap {
 public:
  // `fd` is connected and non-blocking.
  explicit WireTap(UniqueFd fd) : fd_(std::move(fd)) {}
  WireTap(const WireTap&) = delete;
  WireTap& operator=(const WireTap&) = delete;

  // An NSPR descriptor that reads and writes through this tap, to put TLS on;
  // owned by the caller. The tap must outlive it. Null if memory is short.
  PRFileDesc* NewLayer();

  // As NSPR's own: bytes moved, 0 at the end of the stream, or -1 with
  // PR_GetError() set (PR_WOULD_BLOCK_ERROR if nothing can be moved now; also
  // if the first bytes of TLS meet a reset, which the next Receive reports).
  int Receive(char* buffer, int size);
  int Send(const char* data, int size);
  // Ends the sending side (FIN).
  void EndSending();

  // TLS begins: what is counted and kept counts from here. There must be no
  // unread bytes, for they came in clear.
  void BeginTls();
  // Reads what the kernel has, as far as the buffer takes it.
  void ReadAhead();

  // Anything was read or sent before BeginTls().
  bool used_in_clear() const { return used_in_clear_; }
  // Bytes that wait to be read, here or in the kernel.
  bool HasUnreadBytes() const;
  size_t buffered() const { return end_ - begin_; }

  // TLS has begun, and the server's first byte is none of a TLS record. Such
  // bytes are never handed out: Receive says that it would block.
  bool is_not_tls() const;
  // Of bytes that are not TLS enough have come to tell what they are: five, a
  // line, or all that there will be.
  bool can_judge_bytes() const;

  // Since TLS began.
  uint64_t bytes_received() const { return bytes_received_; }
  uint64_t bytes_sent() const { return bytes_sent_; }
  const std::string& first_bytes() const { return first_bytes_; }
  // The size of the first record sent, its header included; 0 before.
  size_t hello_size() const;
  // ClientHello.random; empty before it was sent.
  absl::string_view client_random() const;
  HandshakeEvidence::StreamEnd stream_end() const { return stream_end_; }
  const HandshakeParser& parser() const { return parser_; }

  int fd() const { return fd_.get(); }

 private:
  int Fill();
  void Observe(absl::string_view bytes);

  UniqueFd fd_;
  bool in_tls_ = false;
  bool used_in_clear_ = false;

  // Bytes read ahead are buffer_[begin_, end_). There only while in use: ten
  // thousand idle connections need no buffer.
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;

  uint64_t bytes_received_ = 0;
  uint64_t bytes_sent_ = 0;
  std::string first_bytes_;
  std::string first_sent_;  // up to the end of ClientHello.random
  HandshakeEvidence::StreamEnd stream_end_ =
      HandshakeEvidence::StreamEnd::kOpen;
  HandshakeParser parser_;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TLS_WIRE_TAP_H_
