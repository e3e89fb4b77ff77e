#include "holdfast/tools/lab/client_hello.h"

#include <algorithm>

#include "absl/status/status.h"

namespace holdfast::lab {
namespace {

constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kClientHelloMessage = 1;
constexpr size_t kRecordHeader = 5;
constexpr size_t kMessageHeader = 4;

enum Extension : uint16_t {
  kServerName = 0,
  kSupportedGroups = 10,
  kSignatureAlgorithms = 13,
  kAlpn = 16,
  kSupportedVersions = 43,
  kKeyShare = 51,
};

// Takes numbers and length-prefixed vectors from the front of `rest`. Reading
// past the end yields zeros and makes ok() false for good.
class Reader {
 public:
  explicit Reader(absl::string_view rest) : rest_(rest) {}

  bool ok() const { return ok_; }
  bool more() const { return ok_ && !rest_.empty(); }

  absl::string_view Bytes(size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const absl::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  size_t Number(size_t width) {
    size_t number = 0;
    for (const char byte : Bytes(width)) {
      number = number << 8 | static_cast<uint8_t>(byte);
    }
    return number;
  }
  uint16_t U16() { return static_cast<uint16_t>(Number(2)); }
  // A vector whose length stands before it in `width` bytes.
  Reader Vector(size_t width) { return Reader(Bytes(Number(width))); }
  absl::string_view All() { return Bytes(rest_.size()); }

 private:
  absl::string_view rest_;
  bool ok_ = true;
};

std::vector<uint16_t> Numbers(Reader list) {
  std::vector<uint16_t> numbers;
  while (list.more()) numbers.push_back(list.U16());
  return numbers;
}

void ReadExtension(uint16_t type, Reader body, ClientHello* hello) {
  switch (type) {
    case kServerName: {
      Reader names = body.Vector(2);
      names.Number(1);  // the one type there is, host_name
      hello->server_name = std::string(names.Vector(2).All());
      break;
    }
    case kSupportedGroups:
      hello->groups = Numbers(body.Vector(2));
      break;
    case kSignatureAlgorithms:
      hello->signature_schemes = Numbers(body.Vector(2));
      break;
    case kAlpn:
      for (Reader ids = body.Vector(2); ids.more();) {
        hello->alpn.emplace_back(ids.Vector(1).All());
      }
      break;
    case kSupportedVersions:
      hello->supported_versions = Numbers(body.Vector(1));
      break;
    case kKeyShare:
      for (Reader shares = body.Vector(2); shares.more();) {
        hello->key_shares.push_back(shares.U16());
        shares.Vector(2);
      }
      break;
    default:  // a number from the wire: most are of no interest here
      break;
  }
}

// The body of the message, after its header.
bool ReadBody(absl::string_view body, ClientHello* hello) {
  Reader reader(body);
  hello->legacy_version = reader.U16();
  reader.Bytes(32);  // random
  hello->session_id = std::string(reader.Vector(1).All());
  hello->cipher_suites = Numbers(reader.Vector(2));
  reader.Vector(1);  // compression methods
  if (!reader.more()) return reader.ok();
  Reader extensions = reader.Vector(2);
  while (extensions.more()) {
    const uint16_t type = extensions.U16();
    hello->extensions.push_back(type);
    ReadExtension(type, extensions.Vector(2), hello);
  }
  return reader.ok() && extensions.ok();
}

template <typename T>
bool Contains(const std::vector<T>& values, T value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

bool ClientHello::OffersVersion(uint16_t version) const {
  if (!supported_versions.empty()) {
    return Contains(supported_versions, version);
  }
  return version <= legacy_version;
}

bool ClientHello::OffersCipherSuite(uint16_t suite) const {
  return Contains(cipher_suites, suite);
}

bool ClientHello::HasExtension(uint16_t type) const {
  return Contains(extensions, type);
}

absl::StatusOr<std::optional<ClientHello>> ParseClientHello(
    absl::string_view bytes) {
  const absl::Status none = absl::InvalidArgumentError("not a ClientHello");
  ClientHello hello;
  std::string message;  // what the records carry
  absl::string_view rest = bytes;
  while (true) {
    // Judged by its first byte, so as not to wait for a header in plain text.
    if (!rest.empty() && rest[0] != kHandshakeRecord) return none;
    if (rest.size() < kRecordHeader) return std::nullopt;
    Reader record(rest);
    record.Number(1);
    const uint16_t version = record.U16();
    if (version >> 8 != 3) return none;
    if (hello.records++ == 0) hello.record_version = version;
    const absl::string_view payload = record.Vector(2).All();
    if (!record.ok()) return std::nullopt;
    if (payload.empty()) return none;
    message.append(payload.data(), payload.size());
    rest.remove_prefix(kRecordHeader + payload.size());
    if (message[0] != kClientHelloMessage) return none;
    if (message.size() < kMessageHeader) continue;
    Reader header(message);
    header.Number(1);
    const absl::string_view body = header.Vector(3).All();
    if (!header.ok()) continue;
    if (!ReadBody(body, &hello)) return none;
    hello.message_size = kMessageHeader + body.size();
    hello.wire = std::string(bytes.substr(0, bytes.size() - rest.size()));
    return hello;
  }
}

}  // namespace holdfast::lab
