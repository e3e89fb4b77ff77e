#include "protocols/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "protocols/begun_sign_in.h"

namespace holdfast {

Connection::Connection(std::unique_ptr<SecureSocket> socket,
                       std::unique_ptr<Negotiator> negotiator,
                       std::string unread)
    : socket_(std::move(socket)),
      negotiator_(std::move(negotiator)),
      unread_(std::move(unread)) {}

Connection::~Connection() = default;

void Connection::SetBegunSignIn(std::unique_ptr<BegunSignIn> begun) {
  begun_sign_in_ = std::move(begun);
}

std::unique_ptr<BegunSignIn> Connection::TakeBegunSignIn() {
  return std::move(begun_sign_in_);
}

Connection::IoResult Connection::Read(absl::Span<char> buffer) {
  if (unread_.empty()) return socket_->Read(buffer);
  const size_t bytes = std::min(buffer.size(), unread_.size());
  std::memcpy(buffer.data(), unread_.data(), bytes);
  unread_.erase(0, bytes);
  return IoResult{SecureSocket::Progress::kDone, bytes, std::nullopt};
}

}  // namespace holdfast
