// Real handshakes with a TLS of another make, and answers made by hand.

#include "holdfast/core/tls/secure_socket.h"

#include <string>
#include <tuple>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/nss/nss_error.h"
#include "holdfast/tests/helpers/openssl_peer.h"
#include "holdfast/tests/helpers/socket_pair.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tests/helpers/tls_bytes.h"
#include "holdfast/tools/lab/client_hello.h"

namespace holdfast::test {
namespace {

using Progress = SecureSocket::Progress;
using StreamEnd = HandshakeEvidence::StreamEnd;
using testing::HasSubstr;

HandshakeProfile OnlyTls12() {
  HandshakeProfile profile;
  profile.versions = TlsVersionRange::Only(TlsVersion::kTls12);
  return profile;
}

HandshakeProfile ReducedToTls12() {
  HandshakeProfile profile = OnlyTls12();
  profile.reduced_from = TlsVersion::kTls13;
  return profile;
}

TrustOptions TrustOnly(const std::string& ca_file) {
  TrustOptions options;
  options.system_roots = false;
  options.ca_files = {ca_file};
  return options;
}

class SecureSocketTest : public testing::Test {
 protected:
  void Start(const HandshakeProfile& profile = {},
             const std::string& host = "localhost") {
    const absl::Status status =
        client_->StartTls(profile, *Host::Parse(host), trust_, absl::Now());
    ASSERT_TRUE(status.ok()) << status;
  }
  void Serve(const OpensslPeer::Adjust& adjust = nullptr,
             const lab::CertificateOptions& options = {}) {
    server_.emplace(std::move(pair_.server), *authority_.Issue(options),
                    adjust);
  }
  // Lets both sides talk until neither has more to say.
  Progress Handshake() {
    Progress progress = client_->Handshake();
    for (int i = 0; i < 10 && progress == Progress::kWouldBlock; ++i) {
      server_->Accept();
      progress = client_->Handshake();
    }
    server_->Accept();
    return progress;
  }
  // The client's hello is answered by `bytes`, made by hand.
  Progress Answer(const std::string& bytes) {
    EXPECT_EQ(client_->Handshake(), Progress::kWouldBlock);
    hello_ = ReadAll(pair_.server);
    SendAll(pair_.server, bytes);
    return client_->Handshake();
  }
  std::string ReadText() {
    char buffer[32 * 1024];
    const auto result = client_->Read(absl::MakeSpan(buffer));
    return result.progress == Progress::kDone
               ? std::string(buffer, result.bytes)
               : "";
  }
  SecureSocket::IoResult ReadOnce() {
    char buffer[100];
    return client_->Read(absl::MakeSpan(buffer));
  }
  std::string NssError() { return NssErrorName(client_->evidence().nss_error); }

  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  lab::CertificateAuthority authority_ = *lab::CertificateAuthority::Create();
  TempDir files_;
  std::shared_ptr<const Trust> trust_ = *Trust::Load(
      runtime_,
      TrustOnly(files_.Write("ca.pem", authority_.certificate_pem())));
  SocketPair pair_;
  std::unique_ptr<SecureSocket> client_ =
      *SecureSocket::Create(runtime_, std::move(pair_.client));
  std::optional<OpensslPeer> server_;
  std::string hello_;
};

TEST_F(SecureSocketTest, SpeaksTls13AndTellsWhatWasAgreed) {
  Serve();
  HandshakeProfile profile;
  profile.alpn = {"imap", "pop3", "smtp"};
  Start(profile);
  EXPECT_FALSE(client_->tls_established());
  ASSERT_EQ(Handshake(), Progress::kDone) << NssError();
  EXPECT_TRUE(client_->tls_established());
  const TlsInfo info = client_->tls_info();
  EXPECT_EQ(info.version, TlsVersion::kTls13);
  EXPECT_THAT(info.cipher, HasSubstr("TLS_AES_"));
  EXPECT_EQ(info.group, "x25519");
  EXPECT_EQ(info.alpn, "imap");
  EXPECT_EQ(server_->alpn_offered(), "imap,pop3,smtp");
  EXPECT_THAT(info.certificate.subject, HasSubstr("CN=localhost"));
  EXPECT_EQ(info.certificate.sha256.size(), 64u);
  EXPECT_EQ(client_->evidence().server_hello_version, 0x0304);
}

TEST_F(SecureSocketTest, MovesBytesBothWaysUntilThePoliteEnd) {
  Serve();
  Start();
  ASSERT_EQ(Handshake(), Progress::kDone);
  EXPECT_EQ(client_->Write("a1 NOOP\r\n").bytes, 9u);
  EXPECT_EQ(server_->Read(), "a1 NOOP\r\n");
  server_->Write("a1 OK\r\n");
  EXPECT_EQ(ReadText(), "a1 OK\r\n");
  EXPECT_EQ(ReadOnce().progress, Progress::kWouldBlock);
  EXPECT_EQ(client_->WaitInterest(), Interest::kRead);

  server_->Close(/*politely=*/true);
  const auto end = ReadOnce();
  EXPECT_EQ(end.progress, Progress::kDone);
  EXPECT_EQ(end.bytes, 0u);
  EXPECT_FALSE(client_->truncated());
}

TEST_F(SecureSocketTest, AnEndWithoutCloseNotifyIsATruncation) {
  Serve();
  Start();
  ASSERT_EQ(Handshake(), Progress::kDone);
  server_->Read();
  server_->Close(/*politely=*/false);
  EXPECT_EQ(ReadOnce().bytes, 0u);
  EXPECT_TRUE(client_->truncated());
}

TEST_F(SecureSocketTest, ShutdownSendsCloseNotify) {
  Serve();
  Start();
  ASSERT_EQ(Handshake(), Progress::kDone);
  client_->Shutdown();
  EXPECT_EQ(server_->Read(), "");
  EXPECT_NE(SSL_get_shutdown(server_->ssl()) & SSL_RECEIVED_SHUTDOWN, 0);
}

TEST_F(SecureSocketTest, TellsOfBytesThatTheKernelKnowsNothingOf) {
  Serve();
  Start();
  ASSERT_EQ(Handshake(), Progress::kDone);
  server_->Write("first");
  server_->Write("second");
  char buffer[3];
  EXPECT_EQ(client_->Read(absl::MakeSpan(buffer)).bytes, 3u);
  EXPECT_TRUE(client_->HasPendingBytes());
  EXPECT_EQ(ReadText(), "st");
  EXPECT_TRUE(client_->HasPendingBytes());  // a record not decrypted yet
  EXPECT_EQ(ReadText(), "second");
  EXPECT_EQ(ReadOnce().progress, Progress::kWouldBlock);
  EXPECT_FALSE(client_->HasPendingBytes());
}

TEST_F(SecureSocketTest, LargeWritesArriveWholeThoughTheSocketIsFull) {
  Serve();
  Start();
  ASSERT_EQ(Handshake(), Progress::kDone);
  const std::string text(3 << 20, 'x');
  absl::string_view rest = text;
  std::string arrived;
  bool blocked = false;
  while (!rest.empty()) {
    const auto result = client_->Write(rest);
    ASSERT_NE(result.progress, Progress::kFailed);
    rest.remove_prefix(result.bytes);
    if (result.progress == Progress::kDone) continue;
    blocked = true;
    EXPECT_NE(client_->WaitInterest(), Interest::kRead);
    arrived += server_->Read();
  }
  arrived += server_->Read();
  EXPECT_TRUE(blocked);
  EXPECT_EQ(arrived.size(), text.size());
}

TEST_F(SecureSocketTest, SpeaksTls12WithFalseStart) {
  Serve([](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  });
  Start();
  EXPECT_EQ(client_->Handshake(), Progress::kWouldBlock);
  server_->Accept();
  // Established, and bytes may go, before the server's Finished has come.
  ASSERT_EQ(client_->Handshake(), Progress::kDone) << NssError();
  EXPECT_TRUE(client_->tls_established());
  EXPECT_EQ(client_->Write("early").bytes, 5u);
  EXPECT_TRUE(server_->Accept());
  EXPECT_EQ(server_->Read(), "early");
  server_->Write("late");
  EXPECT_EQ(ReadText(), "late");
  EXPECT_EQ(client_->tls_info().version, TlsVersion::kTls12);
}

TEST_F(SecureSocketTest, AReducedOfferWaitsForTheServersFinished) {
  Serve([](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  });
  Start(ReducedToTls12());
  EXPECT_EQ(client_->Handshake(), Progress::kWouldBlock);
  server_->Accept();
  EXPECT_EQ(client_->Handshake(), Progress::kWouldBlock);
  EXPECT_EQ(Handshake(), Progress::kDone) << NssError();
  EXPECT_TRUE(client_->tls_established());
}

TEST_F(SecureSocketTest, AServerThatCanDoBetterRefusesAReducedOffer) {
  Serve();
  Start(ReducedToTls12());
  EXPECT_EQ(Handshake(), Progress::kFailed);
  const HandshakeEvidence evidence = client_->evidence();
  ASSERT_TRUE(evidence.alert);
  EXPECT_EQ(evidence.alert->description, 86);  // inappropriate_fallback
  EXPECT_EQ(NssError(), "SSL_ERROR_INAPPROPRIATE_FALLBACK_ALERT");
  EXPECT_FALSE(evidence.server_hello_accepted);
  EXPECT_TRUE(evidence.client_hello_sent);
}

TEST_F(SecureSocketTest, AChosenMaximumIsNoReducedOffer) {
  Serve();
  Start(OnlyTls12());
  EXPECT_EQ(Handshake(), Progress::kDone) << NssError();
  EXPECT_EQ(client_->tls_info().version, TlsVersion::kTls12);
}

TEST_F(SecureSocketTest, BothSentinelsEndAReducedOffer) {
  for (const char last : {0, 1}) {
    ServerHelloFields fields;
    fields.random = SentinelRandom(last);
    SocketPair pair;
    client_ = *SecureSocket::Create(runtime_, std::move(pair.client));
    pair_.server = std::move(pair.server);
    Start(ReducedToTls12());
    EXPECT_EQ(Answer(Record(22, ServerHelloMessage(fields))),
              Progress::kFailed);
    const HandshakeEvidence evidence = client_->evidence();
    EXPECT_TRUE(evidence.downgrade_sentinel);
    EXPECT_FALSE(evidence.server_hello_accepted);
    EXPECT_EQ(evidence.server_hello_version, 0x0303);
    EXPECT_EQ(NssError(), "SSL_ERROR_RX_MALFORMED_SERVER_HELLO");
  }
}

TEST_F(SecureSocketTest, ASentinelIsAsItShouldBeIfNoMoreWasWanted) {
  ServerHelloFields fields;
  fields.random = SentinelRandom(1);
  Start(OnlyTls12());
  EXPECT_EQ(Answer(Record(22, ServerHelloMessage(fields))),
            Progress::kWouldBlock);
  EXPECT_TRUE(client_->evidence().server_hello_accepted);
}

TEST_F(SecureSocketTest, ASentinelEndsAFullOfferThatWasAnsweredWithTls12) {
  ServerHelloFields fields;
  fields.random = SentinelRandom(1);
  Start();
  EXPECT_EQ(Answer(Record(22, ServerHelloMessage(fields))), Progress::kFailed);
  EXPECT_TRUE(client_->evidence().downgrade_sentinel);
}

TEST_F(SecureSocketTest, AServerHelloBelowTheOfferIsNotAccepted) {
  ServerHelloFields fields;
  fields.legacy_version = 0x0301;
  Start();
  EXPECT_EQ(Answer(Record(22, ServerHelloMessage(fields))), Progress::kFailed);
  const HandshakeEvidence evidence = client_->evidence();
  EXPECT_EQ(NssError(), "SSL_ERROR_UNSUPPORTED_VERSION");
  EXPECT_EQ(evidence.server_hello_version, 0x0301);
  EXPECT_FALSE(evidence.server_hello_accepted);
}

TEST_F(SecureSocketTest, ReportsAnAlertInClear) {
  Start();
  EXPECT_EQ(Answer(AlertRecord(2, 70)), Progress::kFailed);
  const HandshakeEvidence evidence = client_->evidence();
  ASSERT_TRUE(evidence.alert);
  EXPECT_EQ(evidence.alert->level, 2);
  EXPECT_EQ(evidence.alert->description, 70);
  EXPECT_EQ(NssError(), "SSL_ERROR_PROTOCOL_VERSION_ALERT");
  EXPECT_EQ(evidence.bytes_received, 7u);
  EXPECT_EQ(evidence.first_bytes, AlertRecord(2, 70));
  EXPECT_EQ(client_->Handshake(), Progress::kFailed);
}

TEST_F(SecureSocketTest, AFinAfterTheHelloIsAnEnd) {
  Start();
  EXPECT_EQ(client_->Handshake(), Progress::kWouldBlock);
  EXPECT_EQ(client_->WaitInterest(), Interest::kRead);
  ReadAll(pair_.server);
  pair_.server.reset();
  EXPECT_EQ(client_->Handshake(), Progress::kFailed);
  const HandshakeEvidence evidence = client_->evidence();
  EXPECT_EQ(evidence.stream_end, StreamEnd::kEof);
  EXPECT_TRUE(evidence.client_hello_sent);
  EXPECT_EQ(evidence.bytes_received, 0u);
  EXPECT_EQ(NssError(), "PR_END_OF_FILE_ERROR");
}

TEST_F(SecureSocketTest, AResetAfterTheHelloIsAReset) {
  Start();
  EXPECT_EQ(client_->Handshake(), Progress::kWouldBlock);
  pair_.server.reset();  // with the hello unread
  EXPECT_EQ(client_->Handshake(), Progress::kFailed);
  EXPECT_EQ(client_->evidence().stream_end, StreamEnd::kReset);
  EXPECT_EQ(NssError(), "PR_CONNECT_RESET_ERROR");
}

TEST_F(SecureSocketTest, AWarningAndThenAFinIsAnEndWithAnAlert) {
  Start();
  EXPECT_EQ(Answer(AlertRecord(1, 112)), Progress::kWouldBlock);
  pair_.server.reset();
  EXPECT_EQ(client_->Handshake(), Progress::kFailed);
  const HandshakeEvidence evidence = client_->evidence();
  EXPECT_EQ(evidence.stream_end, StreamEnd::kEof);
  ASSERT_TRUE(evidence.alert);
  EXPECT_EQ(evidence.alert->level, 1);
}

TEST_F(SecureSocketTest, AnAlertThatCameBeforeAFailedSendIsStillSeen) {
  Start();
  SendAll(pair_.server, AlertRecord(2, 80));
  pair_.server.reset();
  EXPECT_EQ(client_->Handshake(), Progress::kFailed);
  ASSERT_TRUE(client_->evidence().alert);
  EXPECT_EQ(client_->evidence().alert->description, 80);
  EXPECT_EQ(NssError(), "SSL_ERROR_INTERNAL_ERROR_ALERT");
  EXPECT_FALSE(client_->evidence().client_hello_sent);
}

TEST_F(SecureSocketTest, AServerThatHasHungUpBeforeTheHelloIsAReset) {
  Start();
  pair_.server.reset();
  EXPECT_EQ(client_->Handshake(), Progress::kFailed);
  EXPECT_EQ(client_->evidence().stream_end, StreamEnd::kReset);
  EXPECT_EQ(NssError(), "PR_CONNECT_RESET_ERROR");
}

TEST_F(SecureSocketTest, ABannerEndsTheHandshakeAtOnce) {
  Start();
  EXPECT_EQ(Answer("220 mail.example ESMTP\r\n"), Progress::kFailed);
  EXPECT_EQ(client_->evidence().first_bytes, "220 mail.example ESMTP\r\n");
  EXPECT_EQ(NssError(), "SSL_ERROR_RX_UNKNOWN_RECORD_TYPE");
}

TEST_F(SecureSocketTest, ABannerThatWasThereFirstIsNoInjection) {
  SendAll(pair_.server, "* OK ready\r\n");
  Start();
  EXPECT_EQ(client_->Handshake(), Progress::kFailed);
  EXPECT_EQ(client_->evidence().first_bytes, "* OK ready\r\n");
}

TEST_F(SecureSocketTest, TooFewBytesToTellAreWaitedOn) {
  Start();
  EXPECT_EQ(Answer("2"), Progress::kWouldBlock);
  EXPECT_EQ(client_->WaitInterest(), Interest::kRead);
  SendAll(pair_.server, "20 ");
  EXPECT_EQ(client_->Handshake(), Progress::kWouldBlock);
  SendAll(pair_.server, "m");
  EXPECT_EQ(client_->Handshake(), Progress::kFailed);
  EXPECT_EQ(client_->evidence().first_bytes, "220 m");
}

TEST_F(SecureSocketTest, OneByteAndThenTheEndIsJudgedToo) {
  Start();
  EXPECT_EQ(Answer("x"), Progress::kWouldBlock);
  pair_.server.reset();
  EXPECT_EQ(client_->Handshake(), Progress::kFailed);
  EXPECT_EQ(client_->evidence().first_bytes, "x");
  EXPECT_EQ(client_->evidence().stream_end, StreamEnd::kEof);
}

TEST_F(SecureSocketTest, GarbageInARecordIsRefused) {
  Start();
  EXPECT_EQ(Answer(Record(22, std::string(64, '\xff'))), Progress::kFailed);
  EXPECT_THAT(NssError(), HasSubstr("SSL_ERROR_RX_"));
}

TEST_F(SecureSocketTest, TheEchoOfOurHelloIsRefused) {
  Start();
  EXPECT_EQ(client_->Handshake(), Progress::kWouldBlock);
  SendAll(pair_.server, ReadAll(pair_.server));
  EXPECT_EQ(client_->Handshake(), Progress::kFailed);
  EXPECT_FALSE(client_->evidence().server_hello_version);
}

TEST_F(SecureSocketTest, ListsAllProblemsOfTheCertificate) {
  lab::CertificateOptions options;
  options.self_signed = true;
  options.dns_names = {"other.example"};
  options.not_after = absl::Now() - absl::Hours(1);
  options.not_before = absl::Now() - absl::Hours(2);
  Serve(nullptr, options);
  Start();
  EXPECT_EQ(Handshake(), Progress::kFailed);
  EXPECT_FALSE(client_->tls_established());
  const HandshakeEvidence evidence = client_->evidence();
  ASSERT_EQ(evidence.certificate_problems.size(), 3u);
  EXPECT_EQ(evidence.certificate_problems[0].code, ErrorCode::kWrongName);
  EXPECT_EQ(evidence.certificate_problems[1].code, ErrorCode::kExpired);
  EXPECT_EQ(evidence.certificate_problems[2].code, ErrorCode::kSelfSigned);
  EXPECT_EQ(NssError(), "SSL_ERROR_BAD_CERT_DOMAIN");
  EXPECT_TRUE(evidence.server_hello_accepted);
}

TEST_F(SecureSocketTest, ACertificateRefusedInTls12EndsItBeforeFalseStart) {
  Serve([](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  });
  Start({}, "other.example");
  EXPECT_EQ(Handshake(), Progress::kFailed);
  EXPECT_FALSE(client_->tls_established());
  EXPECT_EQ(client_->Write("secret").progress, Progress::kFailed);
}

TEST_F(SecureSocketTest, AnAddressIsCheckedAgainstTheCertificate) {
  Serve();
  Start({}, "127.0.0.1");
  EXPECT_EQ(Handshake(), Progress::kDone) << NssError();
  // SNI holds no addresses (RFC 6066, 3).
  EXPECT_EQ(SSL_get_servername(server_->ssl(), TLSEXT_NAMETYPE_host_name),
            nullptr);
}

TEST_F(SecureSocketTest, RefusesASmallDhGroup) {
  lab::CertificateOptions options;
  options.key_type = lab::KeyType::kRsa;
  Serve(
      [](SSL_CTX* context) {
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
        SSL_CTX_set_cipher_list(context, "DHE-RSA-AES128-GCM-SHA256");
        // Groups of our own size: OpenSSL picks 1024 bits at level 0.
        SSL_CTX_set_dh_auto(context, 2);
        SSL_CTX_set1_groups_list(context, "X25519");
      },
      options);
  Start();
  EXPECT_EQ(Handshake(), Progress::kFailed);
  EXPECT_EQ(NssError(), "SSL_ERROR_WEAK_SERVER_EPHEMERAL_DH_KEY");
}

// RC4, 3DES and worse: NSS has some of them on by default.
void ExpectNoWeakSuites(const lab::ClientHello& hello) {
  EXPECT_GT(hello.cipher_suites.size(), 5u);
  for (const uint16_t weak : {0x0004, 0x0005, 0x000a, 0x0016, 0xc012, 0xc008,
                              0xc011, 0xc007, 0x0000, 0x0009, 0x0041}) {
    EXPECT_FALSE(hello.OffersCipherSuite(weak)) << weak;
  }
}

TEST_F(SecureSocketTest, OffersNeitherRc4NorTripleDes) {
  HandshakeProfile legacy;
  legacy.versions =
      *TlsVersionRange::Create(TlsVersion::kTls10, TlsVersion::kTls13);
  for (const HandshakeProfile& profile :
       {HandshakeProfile(), OnlyTls12(), legacy}) {
    SocketPair pair;
    client_ = *SecureSocket::Create(runtime_, std::move(pair.client));
    Start(profile);
    ASSERT_EQ(client_->Handshake(), Progress::kWouldBlock);
    const auto hello = lab::ParseClientHello(ReadAll(pair.server));
    ASSERT_TRUE(hello.ok() && hello->has_value());
    ExpectNoWeakSuites(**hello);
    if (profile.versions.max() == TlsVersion::kTls13) {
      EXPECT_EQ((*hello)->session_id.size(), 32u)
          << "compatibility mode (RFC 8446, D.4)";
    }
  }
}

// A key of the server's, and the length of its name: 44 octets are the most
// that fit with compatibility mode, 76 without.
class CompactHelloTest
    : public SecureSocketTest,
      public testing::WithParamInterface<std::tuple<lab::KeyType, size_t>> {};

TEST_P(CompactHelloTest, IsSmallAndSpeaksTls13) {
  const auto& [key_type, length] = GetParam();
  HandshakeProfile compact;
  compact.compact = true;
  compact.alpn = {"imap"};
  const std::string name = "a." + std::string(30, 'b') + "." +
                           std::string(length - 41, 'c') + ".example";
  ASSERT_EQ(name.size(), length);
  ASSERT_TRUE(CompactHelloFits(*Host::Parse(name)));
  lab::CertificateOptions options;
  options.dns_names = {name};
  options.key_type = key_type;
  Start(compact, name);
  EXPECT_EQ(client_->Handshake(), Progress::kWouldBlock);
  char wire[2048];
  const ssize_t size = recv(pair_.server.get(), wire, sizeof wire, MSG_PEEK);
  EXPECT_LT(size, 256);
  EXPECT_GT(size, 200);
  const auto hello =
      lab::ParseClientHello(absl::string_view(wire, static_cast<size_t>(size)));
  ASSERT_TRUE(hello.ok() && hello->has_value());
  EXPECT_TRUE((*hello)->OffersTls13());
  EXPECT_TRUE((*hello)->alpn.empty());
  EXPECT_EQ((*hello)->session_id.size(), length == 44 ? 32u : 0u)
      << "compatibility mode (RFC 8446, D.4)";
  ExpectNoWeakSuites(**hello);
  Serve(nullptr, options);
  EXPECT_EQ(Handshake(), Progress::kDone) << NssError();
  EXPECT_EQ(client_->tls_info().version, TlsVersion::kTls13);
}

INSTANTIATE_TEST_SUITE_P(
    WithKeys, CompactHelloTest,
    testing::Combine(testing::Values(lab::KeyType::kP256, lab::KeyType::kP384,
                                     lab::KeyType::kRsa),
                     testing::Values(size_t{44}, size_t{76})));

TEST_F(SecureSocketTest, BytesThatFollowTheStartTlsAnswerAreAnInjection) {
  SendAll(pair_.server, "a1 OK begin\r\n");
  EXPECT_EQ(ReadText(), "a1 OK begin\r\n");
  SendAll(pair_.server, "* CAPABILITY EVIL\r\n");
  const absl::Status status =
      client_->StartTls({}, *Host::Parse("localhost"), trust_, absl::Now());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ErrorFromStatus(status).code, ErrorCode::kStartTlsInjection);
}

TEST_F(SecureSocketTest, BytesLeftOfTheStartTlsAnswerAreAnInjection) {
  SendAll(pair_.server, "a1 OK begin\r\n* EVIL");
  char answer[13];
  EXPECT_EQ(client_->Read(absl::MakeSpan(answer)).bytes, 13u);
  const absl::Status status =
      client_->StartTls({}, *Host::Parse("localhost"), trust_, absl::Now());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ErrorFromStatus(status).code, ErrorCode::kStartTlsInjection);
}

TEST_F(SecureSocketTest, TlsFollowsADialogueInClear) {
  SendAll(pair_.server, "* OK hello\r\n");
  EXPECT_EQ(ReadText(), "* OK hello\r\n");
  EXPECT_EQ(client_->Write("a1 STARTTLS\r\n").bytes, 13u);
  EXPECT_EQ(ReadAll(pair_.server), "a1 STARTTLS\r\n");
  Serve();
  Start();
  EXPECT_EQ(client_->evidence().bytes_received, 0u);
  ASSERT_EQ(Handshake(), Progress::kDone) << NssError();
  EXPECT_EQ(client_->evidence().first_bytes.front(), '\x16');
  EXPECT_EQ(client_->Write("a2 NOOP\r\n").bytes, 9u);
  EXPECT_EQ(server_->Read(), "a2 NOOP\r\n");
}

TEST_F(SecureSocketTest, APlaintextEndIsReportedAsSuch) {
  EXPECT_EQ(client_->Write("x").bytes, 1u);
  pair_.server.reset();
  const auto result = ReadOnce();
  EXPECT_EQ(result.progress, Progress::kFailed);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kConnectionReset);
  EXPECT_EQ(result.error->phase, Phase::kPlaintext);
  EXPECT_EQ(result.error->nss, "PR_CONNECT_RESET_ERROR");
}

TEST_F(SecureSocketTest, ARefusedClientCertificateShowsAtTheFirstRead) {
  Serve([](SSL_CTX* context) {
    SSL_CTX_set_verify(
        context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  });
  Start();
  ASSERT_EQ(Handshake(), Progress::kDone) << NssError();
  const auto result = ReadOnce();
  EXPECT_EQ(result.progress, Progress::kFailed);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kClientCertificateRequired);
  EXPECT_EQ(result.error->phase, Phase::kSession);
  ASSERT_TRUE(result.error->alert);
  EXPECT_EQ(result.error->alert->description, 116);
}

}  // namespace
}  // namespace holdfast::test
