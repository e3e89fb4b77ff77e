// Records (RFC 8446, 5.1) are taken apart first, then the handshake messages
// in them (4), of which only the ServerHello (4.1.3) is kept.

#include "holdfast/core/tls/handshake_parser.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace holdfast {
namespace {

constexpr size_t kRecordHeader = 5;
constexpr size_t kMessageHeader = 4;
constexpr size_t kMaxMessage = 16 * 1024;

enum RecordType : uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
};
constexpr uint8_t kServerHello = 2;
constexpr uint16_t kSupportedVersions = 43;
constexpr uint16_t kTls13 = 0x0304;

// A HelloRetryRequest is a ServerHello with this random (RFC 8446, 4.1.3).
constexpr absl::string_view kRetryRandom(
    "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91"
    "\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C",
    32);

// Takes fields off the front of a message; all are empty once it is too short.
class Fields {
 public:
  explicit Fields(absl::string_view bytes) : rest_(bytes) {}

  absl::string_view Take(size_t size) {
    if (size > rest_.size()) return Fail();
    absl::string_view field = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return field;
  }
  size_t TakeNumber(size_t size) {
    size_t number = 0;
    for (const char byte : Take(size)) {
      number = number << 8 | static_cast<uint8_t>(byte);
    }
    return number;
  }
  // A field behind its own length, which is a number of `size` bytes.
  absl::string_view TakeVector(size_t size) { return Take(TakeNumber(size)); }

  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }

 private:
  absl::string_view Fail() {
    ok_ = false;
    return rest_ = absl::string_view();
  }

  absl::string_view rest_;
  bool ok_ = true;
};

// The version in the extension supported_versions, if it is there.
std::optional<uint16_t> SelectedVersion(absl::string_view extensions) {
  Fields fields(extensions);
  while (!fields.empty()) {
    const size_t type = fields.TakeNumber(2);
    const absl::string_view data = fields.TakeVector(2);
    if (type == kSupportedVersions && data.size() == 2) {
      return static_cast<uint16_t>(Fields(data).TakeNumber(2));
    }
  }
  return std::nullopt;
}

bool EndsInSentinel(absl::string_view random) {
  return absl::EndsWith(random, absl::string_view("DOWNGRD\x01", 8)) ||
         absl::EndsWith(random, absl::string_view("DOWNGRD\x00", 8));
}

}  // namespace

void HandshakeParser::Feed(absl::string_view bytes) {
  while (!done_ && !bytes.empty()) {
    if (body_left_ == 0) {
      OnHeaderByte(static_cast<uint8_t>(bytes.front()));
      bytes.remove_prefix(1);
      continue;
    }
    const absl::string_view body = bytes.substr(0, body_left_);
    bytes.remove_prefix(body.size());
    body_left_ -= body.size();
    OnBody(body);
  }
}

void HandshakeParser::OnHeaderByte(uint8_t byte) {
  const uint8_t last_type =
      header_.size() == kRecordHeader ? static_cast<uint8_t>(header_[0]) : 0;
  if (last_type != 0) header_.clear();
  header_.push_back(static_cast<char>(byte));
  if (header_.size() == 1) {
    // After a HelloRetryRequest comes a ChangeCipherSpec that changes nothing
    // (RFC 8446, D.4); else what follows one is encrypted.
    const bool readable = byte == kAlert || byte == kHandshake ||
                          (byte == kChangeCipherSpec && retry_requested_);
    if (!readable) return Stop();
    // A message may go on in the next record, but only of the same type.
    if (byte != last_type) message_.clear();
  }
  if (header_.size() < kRecordHeader) return;
  body_left_ = Fields(absl::string_view(header_).substr(3)).TakeNumber(2);
  if (body_left_ > kMaxMessage) Stop();
}

void HandshakeParser::OnBody(absl::string_view bytes) {
  switch (header_[0]) {
    case kAlert:
      return OnAlert(bytes);
    case kHandshake:
      return OnHandshake(bytes);
    default:
      return;
  }
}

void HandshakeParser::OnAlert(absl::string_view bytes) {
  for (const char byte : bytes) {
    message_.push_back(byte);
    if (message_.size() < 2) continue;
    alert_ = TlsAlert{static_cast<uint8_t>(message_[0]),
                      static_cast<uint8_t>(message_[1])};
    message_.clear();
  }
}

void HandshakeParser::OnHandshake(absl::string_view bytes) {
  while (!done_ && !bytes.empty()) {
    const bool in_header = message_.size() < kMessageHeader;
    const size_t size =
        in_header
            ? kMessageHeader
            : kMessageHeader +
                  Fields(absl::string_view(message_).substr(1)).TakeNumber(3);
    if (size > kMaxMessage) return Stop();
    const absl::string_view piece = bytes.substr(0, size - message_.size());
    bytes.remove_prefix(piece.size());
    message_.append(piece.data(), piece.size());
    if (in_header && message_.size() == kMessageHeader) continue;
    if (in_header || message_.size() < size) return;
    if (static_cast<uint8_t>(message_[0]) == kServerHello) {
      OnServerHello(absl::string_view(message_).substr(kMessageHeader));
    }
    message_.clear();
  }
}

void HandshakeParser::OnServerHello(absl::string_view body) {
  Fields fields(body);
  const auto legacy_version = static_cast<uint16_t>(fields.TakeNumber(2));
  const absl::string_view random = fields.Take(32);
  fields.TakeVector(1);  // session id
  fields.Take(3);        // cipher suite, compression
  // TLS 1.2 and older may have none.
  const absl::string_view extensions =
      fields.empty() ? "" : fields.TakeVector(2);
  if (!fields.ok()) return Stop();
  version_ = SelectedVersion(extensions).value_or(legacy_version);
  downgrade_sentinel_ = EndsInSentinel(random);
  retry_requested_ = random == kRetryRandom;
  // From here on TLS 1.3 is encrypted.
  if (*version_ >= kTls13 && !retry_requested_) Stop();
}

}  // namespace holdfast
