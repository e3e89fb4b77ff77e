// SPDX-License-Identifier: MPL-2.0

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

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/io_result.h"
#include "holdfast/core/tls/channel_binding.h"
#include "holdfast/core/tls/tls_info.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Ownership: owns its socket. Thread safety: one thread at a time.
class Connection {
 public:
  using IoResult = holdfast::IoResult;

  // What it is made of; for Holdfast's own files (connection_parts.h).
  struct Parts;
  explicit Connection(std::unique_ptr<Parts> parts);
  ~Connection();
  Parts& parts() { return *parts_; }

  IoResult Read(absl::Span<char> buffer);
  // One that moved less than all must be followed by one that begins with the
  // rest.
  IoResult Write(absl::string_view data);
  Interest WaitInterest() const;
  // Bytes that a Read would return at once, of which the kernel knows nothing:
  // read them before waiting.
  bool HasPendingBytes() const;
  // The stream ended without close_notify: what came may not be all.
  bool truncated() const;
  // Sends close_notify and ends the sending side.
  void Shutdown();
  // For waiting only; closed with the connection.
  int fd() const;

  // What was read but is not the reader's is read again, first.
  void Unread(absl::string_view bytes);

  TlsInfo tls_info() const;
  // For signing in by SCRAM-...-PLUS; nullopt if there is none.
  std::optional<ChannelBinding> channel_binding() const;
  // The server asked for a client certificate, and has got it.
  bool client_certificate_sent() const;
  // The server's greeting, without CRLF; without its capability list if that
  // was heard in clear. Like the list, as it came: core/base/printable.h has
  // what makes it fit to be shown.
  const std::string& greeting() const;
  const std::vector<std::string>& capabilities() const;

 private:
  const std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_CONNECTION_H_
