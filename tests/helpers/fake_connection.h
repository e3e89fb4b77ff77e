// A connection without a network: the test says what the server sends, when it
// ends, and reads what was sent to it.

#ifndef HOLDFAST_TESTS_HELPERS_FAKE_CONNECTION_H_
#define HOLDFAST_TESTS_HELPERS_FAKE_CONNECTION_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/protocols/dialogue/connection.h"
#include "holdfast/protocols/dialogue/connection_parts.h"
#include "holdfast/tests/helpers/ready_negotiator.h"

namespace holdfast::test {

// What a test looks at, and sets, while the connection owns the socket.
struct FakePeer {
  explicit FakePeer(int number) : fd(number) {}

  const int fd;
  bool established = true;
  bool client_certificate_sent = false;
  TlsInfo tls = {TlsVersion::kTls13, "", "", "", false, {}, {}};
  std::vector<std::string> capabilities;
  std::string unread;                // by us
  std::deque<std::string> answers;   // one for each write that was whole
  std::optional<ErrorCode> failure;  // of reading, once all is read
  bool closed = false;               // likewise
  size_t takes = 1000000;            // bytes that can be written now
  size_t takes_at_once = 1000000;
  std::string received;
  bool said_goodbye = false;
  bool gone = false;  // our side has destroyed it
};

class FakeSocket final : public SecureSocket {
 public:
  explicit FakeSocket(std::shared_ptr<FakePeer> peer)
      : peer_(std::move(peer)) {}
  ~FakeSocket() override { peer_->gone = true; }

  IoResult Read(absl::Span<char> buffer) override {
    std::string& text = peer_->unread;
    if (!text.empty()) {
      const size_t bytes = text.copy(buffer.data(), buffer.size());
      text.erase(0, bytes);
      return {Progress::kDone, bytes, std::nullopt};
    }
    if (peer_->failure) {
      return {Progress::kFailed, 0,
              MakeError(*peer_->failure, Phase::kSession)};
    }
    return {peer_->closed ? Progress::kDone : Progress::kWouldBlock, 0,
            std::nullopt};
  }
  IoResult Write(absl::string_view data) override {
    const absl::string_view part =
        data.substr(0, std::min(peer_->takes, peer_->takes_at_once));
    if (part.empty()) return {Progress::kWouldBlock, 0, std::nullopt};
    peer_->takes -= part.size();
    peer_->received.append(part.data(), part.size());
    if (part.size() == data.size() && !peer_->answers.empty()) {
      peer_->unread += peer_->answers.front();
      peer_->answers.pop_front();
    }
    return {Progress::kDone, part.size(), std::nullopt};
  }
  void SetKeyLog(std::shared_ptr<const KeyLog>) override {}
  void SetIdentity(std::shared_ptr<const ClientIdentity>) override {}
  void AskAboutCertificate() override {}
  absl::Status StartTls(const HandshakeProfile&, const Host&,
                        std::shared_ptr<const Trust>, absl::Time) override {
    return absl::OkStatus();
  }
  Progress Handshake() override { return Progress::kDone; }
  void SetWake(std::function<void()>) override {}
  bool wants_turn() const override { return false; }
  bool awaits_verdict() const override { return false; }
  std::vector<CertificateInfo> certificates() const override { return {}; }
  const CertificateQuestion* certificate_question() const override {
    return nullptr;
  }
  void Decide(CertificateDecision) override {}
  HandshakeEvidence evidence() const override { return {}; }
  TlsInfo tls_info() const override { return peer_->tls; }
  bool tls_established() const override { return peer_->established; }
  bool client_certificate_sent() const override {
    return peer_->client_certificate_sent;
  }
  std::optional<ChannelBinding> channel_binding() const override {
    return std::nullopt;
  }
  Interest WaitInterest() const override { return Interest::kRead; }
  bool HasPendingBytes() const override { return !peer_->unread.empty(); }
  bool truncated() const override { return false; }
  void Shutdown() override { peer_->said_goodbye = true; }
  int fd() const override { return peer_->fd; }

 private:
  const std::shared_ptr<FakePeer> peer_;
};

inline std::unique_ptr<Connection> FakeConnection(
    std::shared_ptr<FakePeer> peer) {
  auto negotiator =
      std::make_unique<ReadyNegotiator>("* OK", peer->capabilities);
  return NewConnection(std::make_unique<FakeSocket>(std::move(peer)),
                       std::move(negotiator), "");
}

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_FAKE_CONNECTION_H_
