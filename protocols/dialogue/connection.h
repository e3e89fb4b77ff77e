// A ready connection: TLS is up, the certificate verified, the greeting heard.
//
// It never waits: Read() and Write() do what can be done now, and
// WaitInterest() says what to wait for on fd() after kWouldBlock.

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_CONNECTION_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_CONNECTION_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/core/tls/secure_socket.h"
#include "holdfast/protocols/dialogue/negotiator.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Ownership: owns its socket. Thread safety: one thread at a time.
class Connection {
 public:
  using IoResult = SecureSocket::IoResult;

  // `unread` was received after the dialogue's last line, and is read first.
  Connection(std::unique_ptr<SecureSocket> socket,
             std::unique_ptr<Negotiator> negotiator, std::string unread);
  ~Connection();

  IoResult Read(absl::Span<char> buffer);
  IoResult Write(absl::string_view data) { return socket_->Write(data); }
  Interest WaitInterest() const { return socket_->WaitInterest(); }
  // Bytes that a Read would return at once, of which the kernel knows nothing:
  // read them before waiting.
  bool HasPendingBytes() const {
    return !unread_.empty() || socket_->HasPendingBytes();
  }
  // The stream ended without close_notify: what came may not be all.
  bool truncated() const { return socket_->truncated(); }
  // Sends close_notify and ends the sending side.
  void Shutdown() { socket_->Shutdown(); }
  // For waiting only; closed with the connection.
  int fd() const { return socket_->fd(); }

  // What was read but is not the reader's is read again, first.
  void Unread(absl::string_view bytes) {
    unread_.insert(0, bytes.data(), bytes.size());
  }

  const SecureSocket& socket() const { return *socket_; }
  TlsInfo tls_info() const { return socket_->tls_info(); }
  // The server's greeting, without CRLF; without its capability list if that
  // was heard in clear. Like the list, as it came: core/base/printable.h has
  // what makes it fit to be shown.
  const std::string& greeting() const { return negotiator_->greeting(); }
  const std::vector<std::string>& capabilities() const {
    return negotiator_->capabilities();
  }
  // The protocol's own words for leaving; see farewell.h.
  Negotiator& negotiator() { return *negotiator_; }

 private:
  std::unique_ptr<SecureSocket> socket_;
  std::unique_ptr<Negotiator> negotiator_;
  std::string unread_;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_CONNECTION_H_
