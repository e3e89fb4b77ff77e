// The socket, with a WireTap on it and NSS's TLS on top once it has begun.

#include "holdfast/core/tls/secure_socket.h"

#include <nspr.h>
#include <pk11pub.h>
#include <secerr.h>
#include <sechash.h>
#include <ssl.h>
#include <sslerr.h>
#include <sslexp.h>
#include <sslproto.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "holdfast/core/nss/nss_error.h"
#include "holdfast/core/nss/nss_item.h"
#include "holdfast/core/nss/nss_ptr.h"
#include "holdfast/core/tls/tls_setup.h"
#include "holdfast/core/tls/wire_tap.h"

namespace holdfast {
namespace {

constexpr unsigned kMinDhBits = 2048;

constexpr uint8_t kCloseNotify = 0;

int ClampSize(size_t size) {
  return static_cast<int>(std::min<size_t>(size, INT_MAX));
}

// NSS picks the alert for the server by this.
PRErrorCode NssErrorFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::kWrongName:
      return SSL_ERROR_BAD_CERT_DOMAIN;
    case ErrorCode::kExpired:
    case ErrorCode::kNotYetValid:
    case ErrorCode::kAuthorityExpired:
      return SEC_ERROR_EXPIRED_CERTIFICATE;
    case ErrorCode::kUnknownIssuer:
    case ErrorCode::kMissingIntermediate:
      return SEC_ERROR_UNKNOWN_ISSUER;
    case ErrorCode::kDistrustedAuthority:
      return SEC_ERROR_UNTRUSTED_ISSUER;
    case ErrorCode::kSelfSigned:
      return SEC_ERROR_UNTRUSTED_CERT;
    case ErrorCode::kBadSignature:
      return SEC_ERROR_BAD_SIGNATURE;
    case ErrorCode::kRevoked:
      return SEC_ERROR_REVOKED_CERTIFICATE;
    case ErrorCode::kWeakSignature:
      return SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED;
    case ErrorCode::kPinMismatch:
      return SSL_ERROR_BAD_CERTIFICATE;
    case ErrorCode::kWeakCertificateKey:
      return SSL_ERROR_WEAK_SERVER_CERT_KEY;
    default:
      return SEC_ERROR_CERT_NOT_VALID;
  }
}

// As IANA names them.
std::string GroupName(SSLNamedGroup group) {
  switch (group) {
    case ssl_grp_none:
      return "";
    case ssl_grp_ec_curve25519:
      return "x25519";
    case ssl_grp_ec_secp256r1:
      return "secp256r1";
    case ssl_grp_ec_secp384r1:
      return "secp384r1";
    case ssl_grp_ec_secp521r1:
      return "secp521r1";
    case ssl_grp_ffdhe_2048:
      return "ffdhe2048";
    case ssl_grp_ffdhe_3072:
      return "ffdhe3072";
    case ssl_grp_ffdhe_custom:
      return "dh";
    default:
      return absl::StrCat("group ", static_cast<int>(group));
  }
}

// The OCSP responses that came with the certificate.
std::vector<std::string> StapledResponses(PRFileDesc* ssl) {
  std::vector<std::string> responses;
  const SECItemArray* const stapled = SSL_PeerStapledOCSPResponses(ssl);
  for (unsigned i = 0; stapled != nullptr && i < stapled->len; ++i) {
    responses.emplace_back(BytesOf(stapled->items[i]));
  }
  return responses;
}

// What the key log's format calls a secret of TLS 1.3, by the epoch that it
// belongs to (sslexp.h); empty if it has no name for it: keys that are updated
// follow from the first ones.
absl::string_view KeyLogLabel(PRUint16 epoch, bool client) {
  switch (epoch) {
    case 2:
      return client ? "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
                    : "SERVER_HANDSHAKE_TRAFFIC_SECRET";
    case 3:
      return client ? "CLIENT_TRAFFIC_SECRET_0" : "SERVER_TRAFFIC_SECRET_0";
    default:
      return "";
  }
}

// What a certificate's hash is made with for tls-server-end-point: the hash of
// its signature, but SHA-256 for the weak ones (RFC 5929, 4.1); SEC_OID_UNKNOWN
// if that leaves it open.
SECOidTag EndPointHash(SECOidTag signature) {
  switch (signature) {
    case SEC_OID_PKCS1_MD5_WITH_RSA_ENCRYPTION:
    case SEC_OID_PKCS1_SHA1_WITH_RSA_ENCRYPTION:
    case SEC_OID_ANSIX962_ECDSA_SHA1_SIGNATURE:
    case SEC_OID_PKCS1_SHA256_WITH_RSA_ENCRYPTION:
    case SEC_OID_ANSIX962_ECDSA_SHA256_SIGNATURE:
      return SEC_OID_SHA256;
    case SEC_OID_PKCS1_SHA384_WITH_RSA_ENCRYPTION:
    case SEC_OID_ANSIX962_ECDSA_SHA384_SIGNATURE:
      return SEC_OID_SHA384;
    case SEC_OID_PKCS1_SHA512_WITH_RSA_ENCRYPTION:
    case SEC_OID_ANSIX962_ECDSA_SHA512_SIGNATURE:
      return SEC_OID_SHA512;
    default:
      return SEC_OID_UNKNOWN;
  }
}

// `verified` is the certificate that was accepted, as DER.
std::optional<ChannelBinding> EndPointBinding(PRFileDesc* ssl,
                                              absl::string_view verified) {
  const NssPtr<CERTCertificate> leaf(SSL_PeerCertificate(ssl));
  if (leaf == nullptr || BytesOf(leaf->derCert) != verified) {
    return std::nullopt;
  }
  const SECOidTag hash = EndPointHash(
      SECOID_GetAlgorithmTag(&leaf->signatureWrap.signatureAlgorithm));
  if (hash == SEC_OID_UNKNOWN) return std::nullopt;
  std::string digest(HASH_ResultLenByOidTag(hash), '\0');
  if (PK11_HashBuf(hash, reinterpret_cast<unsigned char*>(digest.data()),
                   leaf->derCert.data,
                   static_cast<PRInt32>(leaf->derCert.len)) != SECSuccess) {
    return std::nullopt;
  }
  return ChannelBinding{"tls-server-end-point", std::move(digest)};
}

// The context is empty, which is the same as none in TLS 1.3 (RFC 8446, 7.5).
std::optional<ChannelBinding> ExporterBinding(PRFileDesc* ssl) {
  constexpr absl::string_view kLabel = "EXPORTER-Channel-Binding";
  std::string value(32, '\0');
  if (SSL_ExportKeyingMaterial(
          ssl, kLabel.data(), static_cast<unsigned>(kLabel.size()),
          /*hasContext=*/PR_FALSE, /*context=*/nullptr, /*contextLen=*/0,
          reinterpret_cast<unsigned char*>(value.data()),
          static_cast<unsigned>(value.size())) != SECSuccess) {
    return std::nullopt;
  }
  return ChannelBinding{"tls-exporter", std::move(value)};
}

class SecureSocketImpl final : public SecureSocket {
 public:
  SecureSocketImpl(std::shared_ptr<NssRuntime> runtime, UniqueFd fd)
      : runtime_(std::move(runtime)), tap_(std::move(fd)) {}

  IoResult Read(absl::Span<char> buffer) override;
  IoResult Write(absl::string_view data) override;
  void SetKeyLog(std::shared_ptr<const KeyLog> log) override {
    key_log_ = std::move(log);
  }
  void SetIdentity(std::shared_ptr<const ClientIdentity> identity) override {
    identity_ = std::move(identity);
  }
  void AskAboutCertificate() override { asks_ = true; }
  void SetWake(std::function<void()> wake) override { wake_ = std::move(wake); }
  absl::Status StartTls(const HandshakeProfile& profile, const Host& host,
                        std::shared_ptr<const Trust> trust,
                        absl::Time now) override;
  Progress Handshake() override;
  bool wants_turn() const override { return verification_ && wants_turn_; }
  bool awaits_verdict() const override { return verification_ && !wants_turn_; }
  const CertificateQuestion* certificate_question() const override {
    return question_ ? &*question_ : nullptr;
  }
  void Decide(CertificateDecision decision) override;
  HandshakeEvidence evidence() const override;
  std::vector<CertificateInfo> certificates() const override;
  TlsInfo tls_info() const override;
  bool tls_established() const override { return established_; }
  bool client_certificate_sent() const override {
    return client_certificate_sent_;
  }
  std::optional<ChannelBinding> channel_binding() const override;
  Interest WaitInterest() const override { return interest_; }
  bool HasPendingBytes() const override;
  bool truncated() const override { return truncated_; }
  void Shutdown() override;
  int fd() const override { return tap_.fd(); }

 private:
  // What the certificate is to be checked against.
  struct Expectation {
    Host host;
    std::shared_ptr<const Trust> trust;
    absl::Time now;
  };

  static SECStatus OnCertificate(void* self, PRFileDesc* ssl, PRBool, PRBool);
  static SECStatus OnClientCertificateRequest(void* self, PRFileDesc*,
                                              CERTDistNames*,
                                              CERTCertificate** certificate,
                                              SECKEYPrivateKey** key);
  static void OnFinished(PRFileDesc*, void* self);
  static void OnAlert(const PRFileDesc*, void* self, const SSLAlert* alert);
  static void OnSecret(PRFileDesc*, PRUint16 epoch,
                       SSLSecretDirection direction, PK11SymKey* secret,
                       void* self);

  absl::Status SetUpFailed(absl::string_view what) const;
  // False if there is no verdict yet.
  bool ContinueVerification();
  bool WaitsForDecision() const;
  void Ask();
  // What `decision` comes to, as NSS's error: 0 if the certificate is accepted.
  PRErrorCode Settle(CertificateDecision decision);
  // Tells NSS, which has been waiting for it.
  void Complete(CertificateDecision decision);
  SECStatus PresentIdentity(CERTCertificate** certificate,
                            SECKEYPrivateKey** key);
  Progress Fail(PRErrorCode error);
  Progress OnHandshakeDone();
  IoResult WouldBlock(PRInt16 wanted);
  IoResult Failed(PRErrorCode error) const;
  Interest AskInterest(PRInt16 wanted) const;

  const std::shared_ptr<NssRuntime> runtime_;
  WireTap tap_;
  NssPtr<PRFileDesc> ssl_;  // null as long as the connection is in clear
  std::optional<Expectation> expectation_;
  std::shared_ptr<const KeyLog> key_log_;           // null: none
  std::shared_ptr<const ClientIdentity> identity_;  // null: none

  bool established_ = false;
  bool finished_ = false;  // NSS has called the handshake so
  bool truncated_ = false;
  Interest interest_ = Interest::kRead;
  int32_t nss_error_ = 0;  // of the handshake
  std::string leaf_;       // the server's certificate once accepted, DER
  std::vector<CertificateProblem> problems_;
  CertificateDecision decision_ = CertificateDecision::kAsFound;
  bool refused_ = false;
  bool asks_ = false;
  std::function<void()> wake_ = [] {};
  std::unique_ptr<Verification> verification_;  // until there is a verdict
  bool wants_turn_ = false;
  std::vector<std::string> sent_chain_;  // for reports
  std::vector<std::string> chain_;       // not empty until it is decided about
  std::optional<CertificateQuestion> question_;
  bool client_certificate_requested_ = false;
  bool client_certificate_pending_ = false;  // until Decide()
  bool client_certificate_sent_ = false;
  bool has_read_ = false;  // bytes inside TLS
  std::optional<TlsAlert> alert_;
};

SecureSocket::IoResult SecureSocketImpl::Read(absl::Span<char> buffer) {
  const int size = ClampSize(buffer.size());
  const int got = ssl_ ? PR_Recv(ssl_.get(), buffer.data(), size, /*flags=*/0,
                                 PR_INTERVAL_NO_TIMEOUT)
                       : tap_.Receive(buffer.data(), size);
  if (got < 0) {
    const PRErrorCode error = PR_GetError();
    return error == PR_WOULD_BLOCK_ERROR ? WouldBlock(PR_POLL_READ)
                                         : Failed(error);
  }
  if (ssl_ && got > 0) has_read_ = true;
  if (ssl_ && got == 0 && size > 0) {
    truncated_ = !alert_ || alert_->description != kCloseNotify;
  }
  return {Progress::kDone, static_cast<size_t>(got), std::nullopt};
}

SecureSocket::IoResult SecureSocketImpl::Write(absl::string_view data) {
  if (data.empty()) return {Progress::kDone, 0, std::nullopt};
  const int size = ClampSize(data.size());
  const int sent = ssl_ ? PR_Send(ssl_.get(), data.data(), size, /*flags=*/0,
                                  PR_INTERVAL_NO_TIMEOUT)
                        : tap_.Send(data.data(), size);
  if (sent >= 0) {
    return {Progress::kDone, static_cast<size_t>(sent), std::nullopt};
  }
  const PRErrorCode error = PR_GetError();
  return error == PR_WOULD_BLOCK_ERROR ? WouldBlock(PR_POLL_WRITE)
                                       : Failed(error);
}

absl::Status SecureSocketImpl::StartTls(const HandshakeProfile& profile,
                                        const Host& host,
                                        std::shared_ptr<const Trust> trust,
                                        absl::Time now) {
  // Bytes that came in clear must not be taken for TLS's (or, later, for the
  // protocol's inside it). A server that speaks first where TLS should have
  // begun at once is another thing: a banner, which the handshake tells.
  if (tap_.used_in_clear() && tap_.HasUnreadBytes()) {
    return MakeStatus(ErrorCode::kStartTlsInjection, Phase::kPlaintext, "");
  }
  NssPtr<PRFileDesc> layer(tap_.NewLayer());
  if (layer == nullptr) return SetUpFailed("a layer");
  NssPtr<PRFileDesc> ssl(SSL_ImportFD(/*model=*/nullptr, layer.get()));
  if (ssl == nullptr) return SetUpFailed("a TLS socket");
  layer.release();  // TLS has pushed itself on top of it
  if (absl::Status applied = ApplyProfile(ssl.get(), profile, host);
      !applied.ok()) {
    return applied;
  }
  if (SSL_AuthCertificateHook(ssl.get(), OnCertificate, this) != SECSuccess ||
      SSL_GetClientAuthDataHook(ssl.get(), OnClientCertificateRequest, this) !=
          SECSuccess ||
      SSL_HandshakeCallback(ssl.get(), OnFinished, this) != SECSuccess ||
      SSL_AlertReceivedCallback(ssl.get(), OnAlert, this) != SECSuccess ||
      (key_log_ &&
       SSL_SecretCallback(ssl.get(), OnSecret, this) != SECSuccess) ||
      SSL_ResetHandshake(ssl.get(), /*asServer=*/PR_FALSE) != SECSuccess) {
    return SetUpFailed("a handshake");
  }
  ssl_ = std::move(ssl);
  expectation_ = Expectation{host, std::move(trust), now};
  tap_.BeginTls();
  return absl::OkStatus();
}

SecureSocket::Progress SecureSocketImpl::Handshake() {
  if (established_) return Progress::kDone;
  if (nss_error_ != 0) return Progress::kFailed;
  if (question_) return Progress::kWouldBlock;
  if (verification_) {
    if (!ContinueVerification()) return Progress::kWouldBlock;
    if (!asks_) Complete(CertificateDecision::kAsFound);
    if (nss_error_ != 0) return Progress::kFailed;
  }
  // Finished by a decision, it would wait for what comes after.
  if (finished_ || SSL_ForceHandshake(ssl_.get()) == SECSuccess) {
    return OnHandshakeDone();
  }
  const PRErrorCode error = PR_GetError();
  if (tap_.is_not_tls() && tap_.can_judge_bytes()) {
    return Fail(SSL_ERROR_RX_UNKNOWN_RECORD_TYPE);
  }
  if (error == PR_WOULD_BLOCK_ERROR) {
    if (asks_ && !verification_ && WaitsForDecision()) {
      Ask();
    } else {
      WouldBlock(PR_POLL_READ);
    }
    return Progress::kWouldBlock;
  }
  // Sending failed, but an alert that says why may have come before.
  if (error == PR_CONNECT_RESET_ERROR) tap_.ReadAhead();
  return Fail(error);
}

bool SecureSocketImpl::ContinueVerification() {
  switch (verification_->Continue()) {
    case Verification::Progress::kDone:
      problems_ = verification_->problems();
      verification_.reset();
      return true;
    case Verification::Progress::kWorking:
      wants_turn_ = true;
      return false;
    case Verification::Progress::kWaiting:
      break;
  }
  wants_turn_ = false;
  return false;
}

// While a verdict is all that NSS waits for, it wants no polling.
bool SecureSocketImpl::WaitsForDecision() const {
  PRInt16 ready = 0;
  return !chain_.empty() &&
         ssl_->methods->poll(ssl_.get(), PR_POLL_READ, &ready) == 0;
}

void SecureSocketImpl::Ask() {
  question_ = CertificateQuestion{
      expectation_->host, chain_, {}, certificates(), problems_};
  if (!question_->certificates.empty()) {
    question_->certificate = question_->certificates.front();
  }
}

void SecureSocketImpl::Decide(CertificateDecision decision) {
  if (!question_) return;
  question_.reset();
  Complete(decision);
}

void SecureSocketImpl::Complete(CertificateDecision decision) {
  const PRErrorCode error = Settle(decision);
  SECStatus done = SSL_AuthCertificateComplete(ssl_.get(), error);
  if (error != 0) {
    Fail(error);
    return;
  }
  if (std::exchange(client_certificate_pending_, false)) {
    CERTCertificate* certificate = nullptr;
    SECKEYPrivateKey* key = nullptr;
    const SECStatus presented = PresentIdentity(&certificate, &key);
    done =
        SSL_ClientCertCallbackComplete(ssl_.get(), presented, key, certificate);
  }
  if (done != SECSuccess && PR_GetError() != PR_WOULD_BLOCK_ERROR) {
    Fail(PR_GetError());
  }
}

SecureSocket::Progress SecureSocketImpl::OnHandshakeDone() {
  SSLChannelInfo channel;
  if (SSL_GetChannelInfo(ssl_.get(), &channel, sizeof channel) != SECSuccess) {
    return Fail(PR_GetError());
  }
  // NSS's own limit is 1023 bits, and the whole process's.
  if (channel.keaType == ssl_kea_dh && channel.keaKeyBits < kMinDhBits) {
    return Fail(SSL_ERROR_WEAK_SERVER_EPHEMERAL_DH_KEY);
  }
  // The certificate has been accepted by now, with False Start too.
  if (leaf_.empty()) return Fail(SSL_ERROR_NO_CERTIFICATE);
  established_ = true;
  alert_.reset();  // a warning that came on the way explains nothing later
  return Progress::kDone;
}

SecureSocket::Progress SecureSocketImpl::Fail(PRErrorCode error) {
  nss_error_ = error;
  return Progress::kFailed;
}

HandshakeEvidence SecureSocketImpl::evidence() const {
  HandshakeEvidence evidence;
  evidence.nss_error = nss_error_;
  evidence.client_hello_sent =
      tap_.hello_size() > 0 && tap_.bytes_sent() >= tap_.hello_size();
  evidence.stream_end = tap_.stream_end();
  evidence.bytes_received = tap_.bytes_received();
  evidence.first_bytes = tap_.first_bytes();
  SSLPreliminaryChannelInfo info;
  evidence.server_hello_accepted =
      ssl_ &&
      SSL_GetPreliminaryChannelInfo(ssl_.get(), &info, sizeof info) ==
          SECSuccess &&
      (info.valuesSet & ssl_preinfo_version) != 0;
  evidence.server_hello_version = tap_.parser().server_hello_version();
  evidence.downgrade_sentinel = tap_.parser().downgrade_sentinel();
  evidence.client_certificate_requested = client_certificate_requested_;
  evidence.client_certificate_sent = client_certificate_sent_;
  evidence.alert = tap_.parser().alert() ? tap_.parser().alert() : alert_;
  evidence.certificate_refused = refused_;
  if (refused_) evidence.certificate_problems = problems_;
  return evidence;
}

TlsInfo SecureSocketImpl::tls_info() const {
  TlsInfo info;
  SSLChannelInfo channel = {};
  SSLCipherSuiteInfo suite = {};
  SSL_GetChannelInfo(ssl_.get(), &channel, sizeof channel);
  SSL_GetCipherSuiteInfo(channel.cipherSuite, &suite, sizeof suite);
  info.version = static_cast<TlsVersion>(channel.protocolVersion);
  info.cipher = suite.cipherSuiteName;
  info.group = GroupName(channel.keaGroup);
  info.resumed = channel.resumed;
  SSLNextProtoState state;
  unsigned char alpn[255];
  unsigned length = 0;
  if (SSL_GetNextProto(ssl_.get(), &state, alpn, &length, sizeof alpn) ==
          SECSuccess &&
      state == SSL_NEXT_PROTO_SELECTED) {
    info.alpn.assign(reinterpret_cast<const char*>(alpn), length);
  }
  info.chain = certificates();
  if (!info.chain.empty()) info.certificate = info.chain.front();
  info.certificate_problems = problems_;
  info.certificate_decision = decision_;
  return info;
}

std::vector<CertificateInfo> SecureSocketImpl::certificates() const {
  std::vector<CertificateInfo> chain;
  for (const std::string& der : sent_chain_) {
    auto certificate = ReadCertificate(*runtime_, der);
    if (certificate.ok()) {
      chain.push_back(*std::move(certificate));
    } else if (chain.empty()) {
      break;  // what follows is not its own
    }
  }
  return chain;
}

std::optional<ChannelBinding> SecureSocketImpl::channel_binding() const {
  if (!established_) return std::nullopt;
  SSLChannelInfo channel = {};
  SSL_GetChannelInfo(ssl_.get(), &channel, sizeof channel);
  return channel.protocolVersion >= SSL_LIBRARY_VERSION_TLS_1_3
             ? ExporterBinding(ssl_.get())
             : EndPointBinding(ssl_.get(), leaf_);
}

bool SecureSocketImpl::HasPendingBytes() const {
  return tap_.buffered() > 0 || (ssl_ && SSL_DataPending(ssl_.get()) > 0);
}

void SecureSocketImpl::Shutdown() {
  if (ssl_) {
    PR_Shutdown(ssl_.get(), PR_SHUTDOWN_SEND);
  } else {
    tap_.EndSending();
  }
}

SECStatus SecureSocketImpl::OnCertificate(void* self, PRFileDesc* ssl, PRBool,
                                          PRBool) {
  auto* const socket = static_cast<SecureSocketImpl*>(self);
  NssPtr<CERTCertList> list(SSL_PeerCertificateChain(ssl));
  if (list == nullptr) return SECFailure;
  std::vector<std::string> chain;
  for (CERTCertListNode* node = CERT_LIST_HEAD(list);
       !CERT_LIST_END(node, list); node = CERT_LIST_NEXT(node)) {
    chain.emplace_back(BytesOf(node->cert->derCert));
  }
  const Expectation& expected = *socket->expectation_;
  socket->sent_chain_ = chain;
  socket->chain_ = chain;
  socket->verification_ = expected.trust->Begin(
      ServerCertificates{std::move(chain), StapledResponses(ssl), expected.host,
                         expected.now},
      socket->wake_);
  if (!socket->ContinueVerification() || socket->asks_) return SECWouldBlock;
  const PRErrorCode error = socket->Settle(CertificateDecision::kAsFound);
  if (error == 0) return SECSuccess;
  PR_SetError(error, 0);
  return SECFailure;
}

PRErrorCode SecureSocketImpl::Settle(CertificateDecision decision) {
  decision_ = decision;
  std::vector<std::string> chain = std::move(chain_);
  chain_.clear();
  switch (decision) {
    case CertificateDecision::kAsFound:
      refused_ = !problems_.empty() &&
                 !expectation_->trust->danger_accepts_any_certificate();
      break;
    case CertificateDecision::kRefuse:
      refused_ = true;
      break;
    case CertificateDecision::kConnectUnverified:
    case CertificateDecision::kTrust:
      break;
  }
  if (!refused_) {
    leaf_ = std::move(chain.front());
    return 0;
  }
  // The alert for a good one is access_denied (RFC 8446, 6.2).
  return problems_.empty() ? SEC_ERROR_UNTRUSTED_CERT
                           : NssErrorFor(problems_.front().code);
}

// NSS asks when OnCertificate has seen the server's. Where there is none to
// give, the handshake goes on without, and the server decides.
SECStatus SecureSocketImpl::OnClientCertificateRequest(
    void* self, PRFileDesc*, CERTDistNames*, CERTCertificate** certificate,
    SECKEYPrivateKey** key) {
  auto* const socket = static_cast<SecureSocketImpl*>(self);
  socket->client_certificate_requested_ = true;
  if (!socket->chain_.empty() && socket->identity_) {
    socket->client_certificate_pending_ = true;
    return SECWouldBlock;
  }
  return socket->PresentIdentity(certificate, key);
}

// Who is not known to be the server is not told who the client is.
SECStatus SecureSocketImpl::PresentIdentity(CERTCertificate** certificate,
                                            SECKEYPrivateKey** key) {
  const bool known =
      decision_ == CertificateDecision::kTrust ||
      (decision_ == CertificateDecision::kAsFound && problems_.empty());
  client_certificate_sent_ = identity_ && !leaf_.empty() && known &&
                             identity_->Present(certificate, key);
  return client_certificate_sent_ ? SECSuccess : SECFailure;
}

void SecureSocketImpl::OnFinished(PRFileDesc*, void* self) {
  static_cast<SecureSocketImpl*>(self)->finished_ = true;
}

void SecureSocketImpl::OnAlert(const PRFileDesc*, void* self,
                               const SSLAlert* alert) {
  static_cast<SecureSocketImpl*>(self)->alert_ =
      TlsAlert{alert->level, alert->description};
}

void SecureSocketImpl::OnSecret(PRFileDesc*, PRUint16 epoch,
                                SSLSecretDirection direction,
                                PK11SymKey* secret, void* self) {
  const auto* const socket = static_cast<SecureSocketImpl*>(self);
  const absl::string_view label =
      KeyLogLabel(epoch, direction == ssl_secret_write);
  if (label.empty() || PK11_ExtractKeyValue(secret) != SECSuccess) return;
  const SECItem* const value = PK11_GetKeyData(secret);
  socket->key_log_->Write(
      label, socket->tap_.client_random(),
      absl::string_view(reinterpret_cast<const char*>(value->data),
                        value->len));
}

absl::Status SecureSocketImpl::SetUpFailed(absl::string_view what) const {
  return MakeStatus(ErrorCode::kTlsSetupFailed, Phase::kHandshake,
                    absl::StrCat("NSS could not set up ", what, ": ",
                                 NssErrorName(PR_GetError())));
}

SecureSocket::IoResult SecureSocketImpl::WouldBlock(PRInt16 wanted) {
  interest_ = AskInterest(wanted);
  return {Progress::kWouldBlock, 0, std::nullopt};
}

Interest SecureSocketImpl::AskInterest(PRInt16 wanted) const {
  if (ssl_) {
    // TLS may have to send before it can read, and to read before it can send.
    PRInt16 ready = 0;
    wanted = ssl_->methods->poll(ssl_.get(), wanted, &ready);
  }
  if ((wanted & PR_POLL_WRITE) == 0) return Interest::kRead;
  return (wanted & PR_POLL_READ) != 0 ? Interest::kReadWrite : Interest::kWrite;
}

SecureSocket::IoResult SecureSocketImpl::Failed(PRErrorCode error) const {
  Error failure = MakeError(ErrorCodeFromNss(error),
                            ssl_ ? Phase::kSession : Phase::kPlaintext);
  failure.nss = NssErrorName(error);
  failure.alert = alert_;
  // A TLS 1.3 server refuses a client certificate, or the lack of one, only
  // after a handshake that looked complete to us.
  if (client_certificate_requested_ && !has_read_ && alert_) {
    failure.code = ReadClientCertificateAlert(*alert_, client_certificate_sent_)
                       .value_or(failure.code);
  }
  return {Progress::kFailed, 0, std::move(failure)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<SecureSocket>> SecureSocket::Create(
    std::shared_ptr<NssRuntime> runtime, UniqueFd fd) {
  if (!fd.valid()) {
    return MakeStatus(ErrorCode::kInternal, Phase::kSetup,
                      "A SecureSocket was given no socket.");
  }
  return std::make_unique<SecureSocketImpl>(std::move(runtime), std::move(fd));
}

}  // namespace holdfast
