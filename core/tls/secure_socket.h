// One client connection, non-blocking: plaintext first if need be, then TLS.
//
// A SecureSocket makes one attempt at TLS and is then used or thrown away; a
// retry is a new one (promise 3). It never waits: each call does what can be
// done now and says what to wait for.
//
//   socket->StartTls(profile, host, trust, now);
//   switch (socket->Handshake()) { ... kWouldBlock: wait for WaitInterest() }

#ifndef HOLDFAST_CORE_TLS_SECURE_SOCKET_H_
#define HOLDFAST_CORE_TLS_SECURE_SOCKET_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/io_result.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/core/nss/nss_runtime.h"
#include "holdfast/core/tls/channel_binding.h"
#include "holdfast/core/tls/handshake_evidence.h"
#include "holdfast/core/tls/handshake_profile.h"
#include "holdfast/core/tls/key_log.h"
#include "holdfast/core/tls/tls_info.h"
#include "holdfast/core/trust/certificate_decision.h"
#include "holdfast/core/trust/client_identity.h"
#include "holdfast/core/trust/trust.h"

namespace holdfast {

// Ownership: owns its descriptor. Thread safety: one thread at a time.
class SecureSocket {
 public:
  // `fd` is connected, non-blocking, and TCP_NODELAY is set by the dialer.
  static absl::StatusOr<std::unique_ptr<SecureSocket>> Create(
      std::shared_ptr<NssRuntime> runtime, UniqueFd fd);

  virtual ~SecureSocket() = default;

  using Progress = IoProgress;
  using IoResult = holdfast::IoResult;
  // In clear before StartTls, inside TLS once Handshake() was kDone. A Write
  // that moved less than all must be followed by one that begins with the rest.
  virtual IoResult Read(absl::Span<char> buffer) = 0;
  virtual IoResult Write(absl::string_view data) = 0;

  // The connection's secrets go to `log` (see there what it gets). Call it
  // before StartTls.
  virtual void SetKeyLog(std::shared_ptr<const KeyLog> log) = 0;
  // What a server that asks for it is shown, once its own certificate is
  // verified. Call it before StartTls; null: nothing.
  virtual void SetIdentity(std::shared_ptr<const ClientIdentity> identity) = 0;

  // The server's certificate is the caller's to decide on. Call it before
  // StartTls.
  virtual void AskAboutCertificate() = 0;
  // `wake` is called, on the loop's thread, when Handshake() is to be called
  // again though the network has nothing: a verdict has come
  // (awaits_verdict()). Call it before StartTls.
  virtual void SetWake(std::function<void()> wake) = 0;

  // Begins TLS. Call once. `host` goes into SNI (unless an IP literal) and is
  // checked against the certificate. Errors: kTlsSetupFailed;
  // kStartTlsInjection if, after a dialogue in clear, unread bytes are there.
  virtual absl::Status StartTls(const HandshakeProfile& profile,
                                const Host& host,
                                std::shared_ptr<const Trust> trust,
                                absl::Time now) = 0;
  // Drives the handshake. A first byte that no TLS record begins with ends it
  // at once (NSS itself would wait for more). kFailed: see evidence().
  virtual Progress Handshake() = 0;
  // After a kWouldBlock that waits for nothing: certificates are being checked,
  // and others have their turn in between. Call Handshake() again after that.
  virtual bool wants_turn() const = 0;
  // After a kWouldBlock that waits for the Trust's verdict, not for the
  // network.
  virtual bool awaits_verdict() const = 0;
  // Not null after a kWouldBlock that waits for Decide(), not for the network.
  // By then the handshake has come as far as it can, and the server has shown
  // that it holds the certificate's key (not yet where, in TLS 1.2, it wants a
  // client certificate, and the keys are exchanged by RSA). With TLS 1.2 that
  // takes the round trip that False Start would save.
  virtual const CertificateQuestion* certificate_question() const = 0;
  // Answers it; then call Handshake() again.
  virtual void Decide(CertificateDecision decision) = 0;
  // What is known so far; complete once Handshake() was kFailed.
  virtual HandshakeEvidence evidence() const = 0;
  // As the server sent them, its own first, without others that cannot be read;
  // empty until they came. Accepted or not.
  virtual std::vector<CertificateInfo> certificates() const = 0;
  // After Handshake() was kDone.
  virtual TlsInfo tls_info() const = 0;
  virtual bool tls_established() const = 0;
  // The server asked for a client certificate, and has got it.
  virtual bool client_certificate_sent() const = 0;
  // With TLS 1.3 "tls-exporter" (RFC 9266), below it "tls-server-end-point"
  // (RFC 5929, 4); "tls-unique" is not safe there (RFC 7627). nullopt before
  // the handshake is done, and for a certificate whose signature names no hash.
  virtual std::optional<ChannelBinding> channel_binding() const = 0;

  // What the last call that returned kWouldBlock waits for.
  virtual Interest WaitInterest() const = 0;
  // Bytes that a Read would return without touching the network; to be read
  // before waiting, for the kernel knows nothing of them.
  virtual bool HasPendingBytes() const = 0;
  // The stream ended by FIN without a close_notify (RFC 8446, 6.1).
  virtual bool truncated() const = 0;
  // Sends close_notify and ends the sending side. Never waits.
  virtual void Shutdown() = 0;

  virtual int fd() const = 0;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TLS_SECURE_SOCKET_H_
