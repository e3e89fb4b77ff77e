#include "holdfast/protocols/dialogue/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace holdfast {

Connection::Connection(std::unique_ptr<SecureSocket> socket,
                       std::unique_ptr<Negotiator> negotiator,
                       std::string unread)
    : socket_(std::move(socket)),
      negotiator_(std::move(negotiator)),
      unread_(std::move(unread)) {}

Connection::~Connection() = default;

Connection::IoResult Connection::Read(absl::Span<char> buffer) {
  if (unread_.empty()) return socket_->Read(buffer);
  const size_t bytes = std::min(buffer.size(), unread_.size());
  std::memcpy(buffer.data(), unread_.data(), bytes);
  unread_.erase(0, bytes);
  return IoResult{SecureSocket::Progress::kDone, bytes, std::nullopt};
}

}  // namespace holdfast
