// Both dialogues read byte by byte: so they cannot take one that is not theirs,
// and it makes no difference how the bytes arrive.

#include "holdfast/core/net/proxy_dialogue.h"

#include <arpa/inet.h>

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/printable.h"

namespace holdfast {
namespace {

std::string Byte(size_t number) {
  return std::string(1, static_cast<char>(number));
}
std::string TwoBytes(uint16_t number) {
  return Byte(number >> 8) + Byte(number & 0xff);
}

std::string Refused(const Endpoint& server, absl::string_view why) {
  return absl::StrCat("The proxy would not connect to ", server.ToString(),
                      ": ", why, ".");
}

class Socks5Dialogue : public ProxyDialogue {
 public:
  Socks5Dialogue(const Proxy& proxy, const Endpoint& server)
      : proxy_(proxy), server_(server) {
    ProxyDialogue::Send(SecretString(
        has_credentials() ? absl::StrCat("\x05\x02", Byte(kNoSignIn), "\x02")
                          : absl::StrCat("\x05\x01", Byte(kNoSignIn))));
  }

 private:
  enum Method : uint8_t {
    kNoSignIn = 0,
    kPassword = 2,
    kNoneAcceptable = 0xff,
  };
  enum AddressType : uint8_t { kIpv4 = 1, kName = 3, kIpv6 = 4 };
  enum class Awaited { kMethod, kSignIn, kReply };

  bool has_credentials() const { return !proxy_.user().empty(); }
  uint8_t at(size_t index) const {
    return static_cast<uint8_t>(answer_[index]);
  }

  void OnByte(char byte) override {
    answer_.push_back(byte);
    switch (awaited_) {
      case Awaited::kMethod:
        return OnMethod();
      case Awaited::kSignIn:
        return OnSignIn();
      case Awaited::kReply:
        return OnReply();
    }
  }

  void OnMethod() {
    if (at(0) != 5) return FailAsOther();
    if (answer_.size() < 2) return;
    switch (at(1)) {
      case kNoSignIn:
        return SendRequest();
      case kPassword:
        if (has_credentials()) return SendCredentials();
        break;
      case kNoneAcceptable:
        return Fail(ErrorCode::kProxyAuthenticationRefused,
                    has_credentials() ? "The proxy does not take a user name "
                                        "and a password."
                                      : "The proxy wants a user name and a "
                                        "password.");
      default:
        break;
    }
    Fail(ErrorCode::kProxyFailed,
         "The proxy chose a way to sign in that it was not offered.");
  }

  void OnSignIn() {
    if (answer_.size() < 2) return;
    // Some say "5" in place of the version; only the status counts.
    if (at(1) == 0) return SendRequest();
    Fail(ErrorCode::kProxyAuthenticationRefused,
         "The proxy refused the user name or the password.");
  }

  void OnReply() {
    if (at(0) != 5) return FailAsOther();
    if (answer_.size() < 2) return;
    if (at(1) != 0) {
      return Fail(ErrorCode::kProxyRefused, Refused(server_, Meaning(at(1))));
    }
    // Then a byte without meaning, and the address that it connects from.
    if (answer_.size() >= 5 && answer_.size() == ReplySize()) Succeed();
  }

  // Once five bytes have come. An unknown kind of address has none.
  size_t ReplySize() {
    constexpr size_t kAround = 4 + 2;  // before the address; the port
    switch (at(3)) {
      case kIpv4:
        return kAround + 4;
      case kIpv6:
        return kAround + 16;
      case kName:
        return kAround + 1 + at(4);
      default:
        Fail(ErrorCode::kProxyFailed);
        return 0;
    }
  }

  void SendCredentials() {
    Await(Awaited::kSignIn,
          SecretString::Join({"\x01", Byte(proxy_.user().size()), proxy_.user(),
                              Byte(proxy_.password().size()),
                              proxy_.password()}));
  }

  void SendRequest() {
    Await(Awaited::kReply,
          SecretString(absl::StrCat("\x05\x01", Byte(0), Address(),
                                    TwoBytes(server_.port))));
  }

  std::string Address() const {
    const std::string& name = server_.host.name();  // at most 253 bytes
    in6_addr address;
    if (!server_.host.is_ip_literal()) {
      return absl::StrCat(Byte(kName), Byte(name.size()), name);
    }
    const auto bytes = reinterpret_cast<const char*>(&address);
    if (inet_pton(AF_INET, name.c_str(), &address) == 1) {
      return absl::StrCat(Byte(kIpv4), absl::string_view(bytes, 4));
    }
    inet_pton(AF_INET6, name.c_str(), &address);
    return absl::StrCat(Byte(kIpv6), absl::string_view(bytes, 16));
  }

  void Await(Awaited awaited, SecretString message) {
    awaited_ = awaited;
    answer_.clear();
    Send(std::move(message));
  }

  void FailAsOther() {
    Fail(ErrorCode::kProxyFailed,
         at(0) == 0     ? "The proxy speaks SOCKS 4, which knows no names."
         : at(0) == 'H' ? "The proxy speaks HTTP: write http:// for it."
                        : "What answers does not speak SOCKS 5.");
  }

  // RFC 1928, 6.
  static std::string Meaning(uint8_t code) {
    switch (code) {
      case 1:
        return "it failed";
      case 2:
        return "its rules do not allow that";
      case 3:
        return "there is no way to the server's network";
      case 4:
        return "the server is unreachable";
      case 5:
        return "the server refuses connections on this port";
      case 6:
        return "the time to live has expired";
      case 7:
        return "it does not make connections";
      case 8:
        return "it does not know this kind of address";
      default:
        return absl::StrCat("SOCKS code ", code);
    }
  }

  const Proxy proxy_;
  const Endpoint server_;
  Awaited awaited_ = Awaited::kMethod;
  std::string answer_;  // to what was sent last
};

class HttpDialogue : public ProxyDialogue {
 public:
  HttpDialogue(const Proxy& proxy, const Endpoint& server)
      : server_(server), has_credentials_(!proxy.user().empty()) {
    const std::string authority = server.ToString();
    const SecretString credentials = Credentials(proxy);
    Send(SecretString::Join({"CONNECT ", authority, " HTTP/1.1\r\nHost: ",
                             authority, "\r\n", credentials.view(), "\r\n"}));
  }

 private:
  static constexpr size_t kMostBytes = 16 * 1024;  // of header
  static constexpr size_t kMostOfLine = 200;       // is kept

  // RFC 7617. The field, or nothing.
  static SecretString Credentials(const Proxy& proxy) {
    if (proxy.user().empty()) return SecretString();
    const SecretString pair =
        SecretString::Join({proxy.user(), ":", proxy.password()});
    const SecretString encoded =
        SecretString::Take(absl::Base64Escape(pair.view()));
    return SecretString::Join(
        {"Proxy-Authorization: Basic ", encoded.view(), "\r\n"});
  }

  void OnByte(char byte) override {
    if (++bytes_ > kMostBytes) {
      return Fail(ErrorCode::kProxyFailed, "The proxy's answer does not end.");
    }
    if (byte == '\n') return OnLine();
    if (line_.size() < kMostOfLine) line_.push_back(byte);
    // What is not HTTP may never send a line.
    if (status_ == 0 && !BeginsLikeHttp()) {
      Fail(ErrorCode::kProxyFailed,
           line_[0] == 5 ? "The proxy speaks SOCKS: write socks5:// for it."
                         : "What answers does not speak HTTP.");
    }
  }

  bool BeginsLikeHttp() const {
    constexpr absl::string_view kVersion = "HTTP/1.";
    return absl::StartsWith(line_, kVersion) ||
           absl::StartsWith(kVersion, line_);
  }

  // A line ends by LF, mostly with a CR before it (RFC 9112, 2.2).
  void OnLine() {
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    const std::string line = std::exchange(line_, "");
    if (status_ == 0) return OnStatus(line);
    if (!line.empty()) return;  // a field: none has a meaning here
    // What comes before the final answer (RFC 9110, 15.2).
    if (status_ < 200) {
      status_ = 0;
      return;
    }
    Succeed();
  }

  // "HTTP/1.1 200 Connection established"
  void OnStatus(absl::string_view line) {
    constexpr size_t kCode = 9;
    if (line.size() < kCode + 3 || line[kCode - 1] != ' ' ||
        !absl::SimpleAtoi(line.substr(kCode, 3), &status_) || status_ < 100) {
      return Fail(ErrorCode::kProxyFailed, "What answers does not speak HTTP.");
    }
    if (status_ < 300) return;
    if (status_ == 407 || status_ == 401) {  // tinyproxy says 401
      return Fail(ErrorCode::kProxyAuthenticationRefused,
                  has_credentials_
                      ? "The proxy refused the user name or the password."
                      : "The proxy wants a user name and a password.");
    }
    Fail(ErrorCode::kProxyRefused,
         Refused(server_, Printable(line.substr(kCode))));
  }

  const Endpoint server_;
  const bool has_credentials_;
  size_t bytes_ = 0;
  std::string line_;
  int status_ = 0;  // 0: its line has not come
};

}  // namespace

std::unique_ptr<ProxyDialogue> ProxyDialogue::Start(const Proxy& proxy,
                                                    const Endpoint& server) {
  switch (proxy.kind()) {
    case Proxy::Kind::kSocks5:
      return std::make_unique<Socks5Dialogue>(proxy, server);
    case Proxy::Kind::kHttpConnect:
      return std::make_unique<HttpDialogue>(proxy, server);
  }
  return nullptr;
}

size_t ProxyDialogue::Consume(absl::string_view bytes) {
  size_t taken = 0;
  while (!over_ && taken < bytes.size()) OnByte(bytes[taken++]);
  return taken;
}

void ProxyDialogue::Fail(ErrorCode code, absl::string_view message) {
  over_ = true;
  error_ = MakeError(code, Phase::kConnect, message);
}

}  // namespace holdfast
