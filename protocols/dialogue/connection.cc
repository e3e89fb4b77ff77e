#include "holdfast/protocols/dialogue/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "holdfast/protocols/dialogue/connection_parts.h"

namespace holdfast {

Connection::Connection(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

Connection::~Connection() = default;

IoResult Connection::Read(absl::Span<char> buffer) {
  std::string& unread = parts_->unread;
  if (unread.empty()) return parts_->socket->Read(buffer);
  const size_t bytes = std::min(buffer.size(), unread.size());
  std::memcpy(buffer.data(), unread.data(), bytes);
  unread.erase(0, bytes);
  return IoResult{IoProgress::kDone, bytes, std::nullopt};
}

IoResult Connection::Write(absl::string_view data) {
  return parts_->socket->Write(data);
}

Interest Connection::WaitInterest() const {
  return parts_->socket->WaitInterest();
}

bool Connection::HasPendingBytes() const {
  return !parts_->unread.empty() || parts_->socket->HasPendingBytes();
}

bool Connection::truncated() const { return parts_->socket->truncated(); }

void Connection::Shutdown() { parts_->socket->Shutdown(); }

int Connection::fd() const { return parts_->socket->fd(); }

void Connection::Unread(absl::string_view bytes) {
  parts_->unread.insert(0, bytes.data(), bytes.size());
}

TlsInfo Connection::tls_info() const { return parts_->socket->tls_info(); }

std::optional<ChannelBinding> Connection::channel_binding() const {
  return parts_->socket->channel_binding();
}

bool Connection::client_certificate_sent() const {
  return parts_->socket->client_certificate_sent();
}

const std::string& Connection::greeting() const {
  return parts_->negotiator->greeting();
}

const std::vector<std::string>& Connection::capabilities() const {
  return parts_->negotiator->capabilities();
}

}  // namespace holdfast
