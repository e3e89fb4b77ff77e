#include "holdfast/protocols/connect/tls_probe.h"

#include <utility>

#include "holdfast/core/tls/secure_socket.h"

namespace holdfast {
namespace {

// The types of a record that answers a ClientHello: alert and handshake
// (RFC 8446, 5.1).
bool IsTlsAnswer(absl::string_view bytes) {
  return !bytes.empty() && (bytes[0] == 0x15 || bytes[0] == 0x16);
}

class TlsProbeImpl : public TlsProbe {
 public:
  TlsProbeImpl(EventLoop* loop, Dialer* dialer, TlsProbeRequest request,
               std::function<void()> on_tls)
      : loop_(loop), request_(std::move(request)), on_tls_(std::move(on_tls)) {
    dial_ = dialer->Dial(
        request_.endpoint, request_.addresses,
        [this](DialResult result) { OnDialled(std::move(result)); });
  }

 private:
  void OnDialled(DialResult result);
  void ContinueHandshake();

  EventLoop* const loop_;
  const TlsProbeRequest request_;
  std::function<void()> on_tls_;
  std::unique_ptr<Dialer::Request> dial_;
  std::unique_ptr<SecureSocket> socket_;
  std::unique_ptr<EventLoop::Registration> watch_;
};

void TlsProbeImpl::OnDialled(DialResult result) {
  dial_.reset();
  if (!result.fd.valid()) return;
  absl::StatusOr<std::unique_ptr<SecureSocket>> socket =
      SecureSocket::Create(request_.runtime, std::move(result.fd));
  if (!socket.ok()) return;
  socket_ = *std::move(socket);
  if (socket_
          ->StartTls(HandshakeProfile(), request_.endpoint.host, request_.trust,
                     request_.now)
          .ok()) {
    ContinueHandshake();
  }
}

void TlsProbeImpl::ContinueHandshake() {
  watch_.reset();
  const SecureSocket::Progress progress = socket_->Handshake();
  if (IsTlsAnswer(socket_->evidence().first_bytes)) {
    // May destroy *this.
    const auto on_tls = std::move(on_tls_);
    return on_tls();
  }
  if (progress != SecureSocket::Progress::kWouldBlock) return;
  watch_ = loop_->Watch(socket_->fd(), socket_->WaitInterest(),
                        [this] { ContinueHandshake(); });
}

}  // namespace

std::unique_ptr<TlsProbe> TlsProbe::Start(EventLoop* loop, Dialer* dialer,
                                          TlsProbeRequest request,
                                          std::function<void()> on_tls) {
  return std::make_unique<TlsProbeImpl>(loop, dialer, std::move(request),
                                        std::move(on_tls));
}

}  // namespace holdfast
