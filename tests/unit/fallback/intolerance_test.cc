// The list of what a failed handshake means, row by row.

#include "holdfast/fallback/intolerance.h"

#include <nspr.h>
#include <secerr.h>
#include <sslerr.h>

#include <iterator>
#include <ostream>
#include <string>

#include "gtest/gtest.h"

namespace holdfast {

std::ostream& operator<<(std::ostream& out, FailureClass failure) {
  return out << static_cast<int>(failure);
}

namespace {

using StreamEnd = HandshakeEvidence::StreamEnd;

constexpr uint8_t kWarning = 1;
constexpr uint8_t kFatal = 2;
const TlsVersionRange kTls12To13;

HandshakeEvidence HelloSent() {
  HandshakeEvidence evidence;
  evidence.client_hello_sent = true;
  return evidence;
}

HandshakeEvidence Alert(uint8_t description, uint8_t level = kFatal) {
  HandshakeEvidence evidence = HelloSent();
  evidence.alert = TlsAlert{level, description};
  evidence.first_bytes = std::string("\x15\x03\x03\x00\x02", 5);
  evidence.bytes_received = 7;
  return evidence;
}

HandshakeEvidence Ended(StreamEnd end) {
  HandshakeEvidence evidence = HelloSent();
  evidence.stream_end = end;
  return evidence;
}

HandshakeEvidence Sent(const std::string& bytes) {
  HandshakeEvidence evidence = HelloSent();
  evidence.first_bytes = bytes;
  evidence.bytes_received = bytes.size();
  return evidence;
}

HandshakeEvidence TimedOut() {
  HandshakeEvidence evidence = HelloSent();
  evidence.timed_out = true;
  return evidence;
}

HandshakeEvidence AfterServerHello(HandshakeEvidence evidence) {
  evidence.server_hello_accepted = true;
  evidence.server_hello_version = 0x0303;
  return evidence;
}

HandshakeEvidence Chose(uint16_t version) {
  HandshakeEvidence evidence = Sent("\x16\x03\x01");
  evidence.server_hello_version = version;
  return evidence;
}

HandshakeEvidence Found(int32_t nss_error) {
  HandshakeEvidence evidence = Sent("\x16\x03\x03");
  evidence.nss_error = nss_error;
  return evidence;
}

HandshakeEvidence ThroughProxy(HandshakeEvidence evidence) {
  evidence.through_proxy = true;
  return evidence;
}

HandshakeEvidence AskedForCertificate(HandshakeEvidence evidence) {
  evidence.client_certificate_requested = true;
  return AfterServerHello(evidence);
}

HandshakeEvidence ShowedCertificate(HandshakeEvidence evidence) {
  evidence.client_certificate_sent = true;
  return AskedForCertificate(std::move(evidence));
}

HandshakeEvidence WithSentinel(HandshakeEvidence evidence) {
  evidence.downgrade_sentinel = true;
  return evidence;
}

HandshakeEvidence WithWrongName(HandshakeEvidence evidence) {
  evidence.certificate_refused = true;
  evidence.certificate_problems = {
      {ErrorCode::kWrongName, "CN=a", "for a, not for b"}};
  return evidence;
}

struct Row {
  const char* name;
  HandshakeEvidence evidence;
  FailureClass failure;
  ErrorCode code;
};

class IntoleranceTable : public testing::TestWithParam<Row> {};

TEST_P(IntoleranceTable, IsJudgedByItsEvidence) {
  const Verdict verdict =
      Judge(GetParam().evidence, kTls12To13, ConnectionSecurity::kImplicitTls);
  EXPECT_EQ(verdict.failure, GetParam().failure);
  EXPECT_EQ(ErrorName(verdict.error.code), ErrorName(GetParam().code));
  EXPECT_EQ(verdict.error.phase, Phase::kHandshake);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, IntoleranceTable,
    testing::Values(
        Row{"ProtocolVersion", Alert(70), FailureClass::kVersionRefused,
            ErrorCode::kVersionRefused},
        Row{"HandshakeFailure", Alert(40), FailureClass::kHelloRefused,
            ErrorCode::kHelloRefused},
        Row{"IllegalParameter", Alert(47), FailureClass::kHelloRefused,
            ErrorCode::kHelloRefused},
        Row{"DecodeError", Alert(50), FailureClass::kHelloRefused,
            ErrorCode::kHelloRefused},
        Row{"InternalError", Alert(80), FailureClass::kHelloRefused,
            ErrorCode::kHelloRefused},
        Row{"UnexpectedMessage", Alert(10), FailureClass::kHelloRefused,
            ErrorCode::kHelloRefused},
        Row{"BadRecordMac", Alert(20), FailureClass::kHelloRefused,
            ErrorCode::kHelloRefused},
        Row{"DecryptError", Alert(51), FailureClass::kHelloRefused,
            ErrorCode::kHelloRefused},
        Row{"RecordOverflow", Alert(22), FailureClass::kHelloRefused,
            ErrorCode::kHelloRefused},
        Row{"UnsupportedExtension", Alert(110), FailureClass::kHelloRefused,
            ErrorCode::kHelloRefused},
        Row{"MissingExtension", Alert(109), FailureClass::kHelloRefused,
            ErrorCode::kHelloRefused},
        Row{"InsufficientSecurity", Alert(71), FailureClass::kHelloRefused,
            ErrorCode::kHelloRefused},
        Row{"NoApplicationProtocol", Alert(120), FailureClass::kAlpnRefused,
            ErrorCode::kAlpnRefused},
        Row{"UnrecognizedName", Alert(112), FailureClass::kFinal,
            ErrorCode::kNameRefused},
        Row{"AnAlertNotOnTheList", Alert(42), FailureClass::kFinal,
            ErrorCode::kHandshakeAlert},
        Row{"InappropriateFallback", Alert(86), FailureClass::kDowngradeRefused,
            ErrorCode::kDowngradeDetected},
        Row{"Fin", Ended(StreamEnd::kEof), FailureClass::kDropped,
            ErrorCode::kClosedDuringHandshake},
        Row{"Rst", Ended(StreamEnd::kReset), FailureClass::kDropped,
            ErrorCode::kResetDuringHandshake},
        Row{"Silence", TimedOut(), FailureClass::kSilent,
            ErrorCode::kSilentDuringHandshake},
        Row{"FinThroughAProxy", ThroughProxy(Ended(StreamEnd::kEof)),
            FailureClass::kInterrupted, ErrorCode::kClosedThroughProxy},
        Row{"RstThroughAProxy", ThroughProxy(Ended(StreamEnd::kReset)),
            FailureClass::kInterrupted, ErrorCode::kClosedThroughProxy},
        Row{"AWarningAndFinThroughAProxy", ThroughProxy([] {
              HandshakeEvidence evidence = Alert(40, kWarning);
              evidence.stream_end = StreamEnd::kEof;
              return evidence;
            }()),
            FailureClass::kInterrupted, ErrorCode::kClosedThroughProxy},
        Row{"AlertAndFinThroughAProxy", ThroughProxy([] {
              HandshakeEvidence evidence = Alert(70);
              evidence.stream_end = StreamEnd::kEof;
              return evidence;
            }()),
            FailureClass::kVersionRefused, ErrorCode::kVersionRefused},
        Row{"SilenceThroughAProxy", ThroughProxy(TimedOut()),
            FailureClass::kSilent, ErrorCode::kSilentDuringHandshake},
        Row{"FinAfterServerHello", AfterServerHello(Ended(StreamEnd::kEof)),
            FailureClass::kInterrupted, ErrorCode::kHandshakeInterrupted},
        Row{"SilenceAfterServerHello", AfterServerHello(TimedOut()),
            FailureClass::kFinal, ErrorCode::kHandshakeTimedOut},
        Row{"AlertAfterServerHello", AfterServerHello(Alert(80)),
            FailureClass::kFinal, ErrorCode::kHandshakeAlert},
        Row{"ClientCertificate", AskedForCertificate(Alert(40)),
            FailureClass::kFinal, ErrorCode::kClientCertificateRequired},
        Row{"ClientCertificateByABadOne", AskedForCertificate(Alert(42)),
            FailureClass::kFinal, ErrorCode::kClientCertificateRequired},
        Row{"ClientCertificateThatIsRefused", ShowedCertificate(Alert(48)),
            FailureClass::kFinal, ErrorCode::kClientCertificateRefused},
        Row{"AlertAboutNoClientCertificate", ShowedCertificate(Alert(80)),
            FailureClass::kFinal, ErrorCode::kHandshakeAlert},
        Row{"ClientCertificateInSoManyWords", AfterServerHello(Alert(116)),
            FailureClass::kFinal, ErrorCode::kClientCertificateRequired},
        Row{"FailureWithoutARequestForACertificate",
            AfterServerHello(Alert(40)), FailureClass::kFinal,
            ErrorCode::kHandshakeAlert},
        Row{"CloseNotifyAfterServerHello",
            [] {
              HandshakeEvidence evidence = AfterServerHello(Alert(0));
              evidence.nss_error = PR_END_OF_FILE_ERROR;
              return evidence;
            }(),
            FailureClass::kInterrupted, ErrorCode::kHandshakeInterrupted},
        // NSS takes it for the end before the FIN is there.
        Row{"CloseNotify",
            [] {
              HandshakeEvidence evidence = Alert(0, kWarning);
              evidence.nss_error = PR_END_OF_FILE_ERROR;
              return evidence;
            }(),
            FailureClass::kDropped, ErrorCode::kClosedDuringHandshake},
        Row{"WeakDiffieHellman",
            AfterServerHello(Found(SSL_ERROR_WEAK_SERVER_EPHEMERAL_DH_KEY)),
            FailureClass::kFinal, ErrorCode::kWeakServerKey},
        Row{"WeakCertificateKey",
            AfterServerHello(Found(SSL_ERROR_WEAK_SERVER_CERT_KEY)),
            FailureClass::kFinal, ErrorCode::kWeakCertificateKey},
        Row{"NoSecureRenegotiation", Found(SSL_ERROR_UNSAFE_NEGOTIATION),
            FailureClass::kFinal, ErrorCode::kUnsafeRenegotiation},
        Row{"EchoOfOurHello", Found(SSL_ERROR_RX_UNEXPECTED_CLIENT_HELLO),
            FailureClass::kFinal, ErrorCode::kBrokenTlsServer},
        Row{"BadKeyShare", AfterServerHello(Found(SEC_ERROR_INVALID_KEY)),
            FailureClass::kFinal, ErrorCode::kBrokenTlsServer},
        Row{"ServerHelloAboveTheOffer", Chose(0x0305), FailureClass::kFinal,
            ErrorCode::kBrokenTlsServer},
        Row{"ImapBanner", Sent("* OK ready\r\n"), FailureClass::kFinal,
            ErrorCode::kPlaintextOnTlsPort},
        Row{"SmtpBanner", Sent("220 mail ESMTP\r\n"), FailureClass::kFinal,
            ErrorCode::kPlaintextOnTlsPort},
        Row{"PopBanner", Sent("+OK ready\r\n"), FailureClass::kFinal,
            ErrorCode::kPlaintextOnTlsPort},
        Row{"NntpBanner", Sent("200 posting allowed\r\n"), FailureClass::kFinal,
            ErrorCode::kPlaintextOnTlsPort},
        Row{"BeginningOfABanner", Sent("+O"), FailureClass::kFinal,
            ErrorCode::kPlaintextOnTlsPort},
        Row{"Garbage", Sent("\xff\xfe\xfd garbage"), FailureClass::kFinal,
            ErrorCode::kBrokenTlsServer},
        Row{"ServerHelloBelowTheFloor", Chose(0x0301), FailureClass::kTooOld,
            ErrorCode::kServerTooOld},
        Row{"Ssl3ServerHello", Chose(0x0300), FailureClass::kTooOld,
            ErrorCode::kServerSpeaksSsl3}),
    [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

// Precedence, where two rows fit.
INSTANTIATE_TEST_SUITE_P(
    Precedence, IntoleranceTable,
    testing::Values(
        Row{"CertificateBeforeAlert", WithWrongName(Alert(70)),
            FailureClass::kFinal, ErrorCode::kWrongName},
        Row{"GoodCertificateThatTheClientRefuses",
            [] {
              HandshakeEvidence evidence = AfterServerHello(HelloSent());
              evidence.certificate_refused = true;
              return evidence;
            }(),
            FailureClass::kFinal, ErrorCode::kCertificateRefusedByClient},
        Row{"CertificateBeforeDowngrade", WithWrongName(Alert(86)),
            FailureClass::kFinal, ErrorCode::kWrongName},
        Row{"SentinelBeforeBrokenServer", WithSentinel(Chose(0x0303)),
            FailureClass::kDowngradeRefused, ErrorCode::kDowngradeDetected},
        Row{"TooOldBeforeSentinel", WithSentinel(Chose(0x0302)),
            FailureClass::kTooOld, ErrorCode::kServerTooOld},
        Row{"BannerBeforeFin",
            [] {
              HandshakeEvidence evidence = Sent("* BYE busy\r\n");
              evidence.stream_end = StreamEnd::kEof;
              return evidence;
            }(),
            FailureClass::kFinal, ErrorCode::kPlaintextOnTlsPort},
        Row{"AlertBeforeFin",
            [] {
              HandshakeEvidence evidence = Alert(70);
              evidence.stream_end = StreamEnd::kEof;
              return evidence;
            }(),
            FailureClass::kVersionRefused, ErrorCode::kVersionRefused},
        Row{"AWarningAndFinIsADrop",
            [] {
              HandshakeEvidence evidence = Alert(40, kWarning);
              evidence.stream_end = StreamEnd::kEof;
              return evidence;
            }(),
            FailureClass::kDropped, ErrorCode::kClosedDuringHandshake},
        Row{"CloseNotifyAndFinIsADrop",
            [] {
              HandshakeEvidence evidence = Alert(0, kFatal);
              evidence.stream_end = StreamEnd::kEof;
              return evidence;
            }(),
            FailureClass::kDropped, ErrorCode::kClosedDuringHandshake},
        Row{"PartOfAServerHelloAndFinIsADrop",
            [] {
              HandshakeEvidence evidence = Sent("\x16\x03\x03");
              evidence.stream_end = StreamEnd::kEof;
              return evidence;
            }(),
            FailureClass::kDropped, ErrorCode::kClosedDuringHandshake}),
    [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

// Precedence, pair by pair. A fact is one thing that may be known of a failed
// handshake; two that tell of the same thing cannot both hold.
enum class About {
  kCertificate,
  kAlert,
  kServerHello,
  kBytes,
  kNss,
  kEnd,
  kTime
};

struct Fact {
  const char* name;
  About about;
  void (*add)(HandshakeEvidence* evidence);
  ErrorCode code;             // by itself
  ErrorCode after_start_tls;  // the same by itself, after STARTTLS
};

constexpr Fact Either(const char* name, About about,
                      void (*add)(HandshakeEvidence* evidence),
                      ErrorCode code) {
  return {name, about, add, code, code};
}

void AddAlert(uint8_t description, HandshakeEvidence* evidence) {
  evidence->alert = TlsAlert{kFatal, description};
}

// The first of two is what a failure is called.
const Fact kByPrecedence[] = {
    Either(
        "wrong name", About::kCertificate,
        [](HandshakeEvidence* e) { *e = WithWrongName(*e); },
        ErrorCode::kWrongName),
    Either(
        "inappropriate_fallback", About::kAlert,
        [](HandshakeEvidence* e) { AddAlert(86, e); },
        ErrorCode::kDowngradeDetected),
    Either(
        "sentinel", About::kServerHello,
        [](HandshakeEvidence* e) {
          e->server_hello_version = 0x0303;
          e->downgrade_sentinel = true;
        },
        ErrorCode::kDowngradeDetected),
    {"banner", About::kBytes,
     [](HandshakeEvidence* e) { e->first_bytes = "* OK ready\r\n"; },
     ErrorCode::kPlaintextOnTlsPort, ErrorCode::kStartTlsInjection},
    {"garbage", About::kBytes,
     [](HandshakeEvidence* e) { e->first_bytes = "\xee\xee"; },
     ErrorCode::kBrokenTlsServer, ErrorCode::kStartTlsInjection},
    Either(
        "above the offer", About::kServerHello,
        [](HandshakeEvidence* e) { e->server_hello_version = 0x0305; },
        ErrorCode::kBrokenTlsServer),
    Either(
        "malformed", About::kNss,
        [](HandshakeEvidence* e) {
          e->nss_error = SSL_ERROR_RX_MALFORMED_SERVER_HELLO;
        },
        ErrorCode::kBrokenTlsServer),
    Either(
        "no RFC 5746", About::kNss,
        [](HandshakeEvidence* e) {
          e->nss_error = SSL_ERROR_UNSAFE_NEGOTIATION;
        },
        ErrorCode::kUnsafeRenegotiation),
    Either(
        "TLS 1.0", About::kServerHello,
        [](HandshakeEvidence* e) { e->server_hello_version = 0x0301; },
        ErrorCode::kServerTooOld),
    Either(
        "SSL 3", About::kServerHello,
        [](HandshakeEvidence* e) { e->server_hello_version = 0x0300; },
        ErrorCode::kServerSpeaksSsl3),
    Either(
        "protocol_version", About::kAlert,
        [](HandshakeEvidence* e) { AddAlert(70, e); },
        ErrorCode::kVersionRefused),
    Either(
        "decode_error", About::kAlert,
        [](HandshakeEvidence* e) { AddAlert(50, e); },
        ErrorCode::kHelloRefused),
    Either(
        "no_application_protocol", About::kAlert,
        [](HandshakeEvidence* e) { AddAlert(120, e); },
        ErrorCode::kAlpnRefused),
    Either(
        "unrecognized_name", About::kAlert,
        [](HandshakeEvidence* e) { AddAlert(112, e); },
        ErrorCode::kNameRefused),
    Either(
        "FIN", About::kEnd,
        [](HandshakeEvidence* e) { e->stream_end = StreamEnd::kEof; },
        ErrorCode::kClosedDuringHandshake),
    Either(
        "RST", About::kEnd,
        [](HandshakeEvidence* e) { e->stream_end = StreamEnd::kReset; },
        ErrorCode::kResetDuringHandshake),
    Either(
        "silence", About::kTime,
        [](HandshakeEvidence* e) { e->timed_out = true; },
        ErrorCode::kSilentDuringHandshake),
};

// And once a ServerHello was accepted.
const Fact kByLaterPrecedence[] = {
    Either(
        "wrong name", About::kCertificate,
        [](HandshakeEvidence* e) { *e = WithWrongName(*e); },
        ErrorCode::kWrongName),
    Either(
        "malformed", About::kNss,
        [](HandshakeEvidence* e) {
          e->nss_error = SSL_ERROR_RX_MALFORMED_CERTIFICATE;
        },
        ErrorCode::kBrokenTlsServer),
    Either(
        "weak DH", About::kNss,
        [](HandshakeEvidence* e) {
          e->nss_error = SSL_ERROR_WEAK_SERVER_EPHEMERAL_DH_KEY;
        },
        ErrorCode::kWeakServerKey),
    Either(
        "certificate_required", About::kAlert,
        [](HandshakeEvidence* e) { AddAlert(116, e); },
        ErrorCode::kClientCertificateRequired),
    Either(
        "internal_error", About::kAlert,
        [](HandshakeEvidence* e) { AddAlert(80, e); },
        ErrorCode::kHandshakeAlert),
    Either(
        "FIN", About::kEnd,
        [](HandshakeEvidence* e) { e->stream_end = StreamEnd::kEof; },
        ErrorCode::kHandshakeInterrupted),
    Either(
        "RST", About::kEnd,
        [](HandshakeEvidence* e) { e->stream_end = StreamEnd::kReset; },
        ErrorCode::kHandshakeInterrupted),
    Either(
        "silence", About::kTime,
        [](HandshakeEvidence* e) { e->timed_out = true; },
        ErrorCode::kHandshakeTimedOut),
};

// Judges `first` and `second` together (they may be the same) and expects what
// `first` is called. Returns false if they cannot both hold.
bool ExpectFirst(const Fact& first, const Fact& second,
                 HandshakeEvidence evidence) {
  if (&first != &second && first.about == second.about) return false;
  second.add(&evidence);
  first.add(&evidence);
  for (const ConnectionSecurity security :
       {ConnectionSecurity::kImplicitTls, ConnectionSecurity::kStartTls}) {
    const ErrorCode expected = security == ConnectionSecurity::kStartTls
                                   ? first.after_start_tls
                                   : first.code;
    EXPECT_EQ(ErrorName(Judge(evidence, kTls12To13, security).error.code),
              ErrorName(expected))
        << first.name << " and " << second.name;
  }
  return true;
}

TEST(IntolerancePrecedenceTest, TheFirstOfTwoFactsIsTheName) {
  int pairs = 0;
  for (const Fact& first : kByPrecedence) {
    for (const Fact* second = &first; second != std::end(kByPrecedence);
         ++second) {
      pairs += ExpectFirst(first, *second, HelloSent());
    }
  }
  EXPECT_EQ(pairs, 134);
}

TEST(IntolerancePrecedenceTest, ItHoldsAfterAServerHelloToo) {
  int pairs = 0;
  for (const Fact& first : kByLaterPrecedence) {
    for (const Fact* second = &first; second != std::end(kByLaterPrecedence);
         ++second) {
      pairs += ExpectFirst(first, *second, AfterServerHello(HelloSent()));
    }
  }
  EXPECT_EQ(pairs, 33);
}

TEST(IntoleranceTest, OnlyTheListIsIntolerance) {
  EXPECT_TRUE(IsIntolerance(FailureClass::kVersionRefused));
  EXPECT_TRUE(IsIntolerance(FailureClass::kHelloRefused));
  EXPECT_TRUE(IsIntolerance(FailureClass::kAlpnRefused));
  EXPECT_TRUE(IsIntolerance(FailureClass::kDropped));
  EXPECT_TRUE(IsIntolerance(FailureClass::kSilent));
  EXPECT_FALSE(IsIntolerance(FailureClass::kTooOld));
  EXPECT_FALSE(IsIntolerance(FailureClass::kDowngradeRefused));
  EXPECT_FALSE(IsIntolerance(FailureClass::kInterrupted));
  EXPECT_FALSE(IsIntolerance(FailureClass::kFinal));
}

TEST(IntoleranceTest, AfterStartTlsPlainBytesAreAlwaysAnInjection) {
  for (const char* bytes : {"* OK ready\r\n", "\xff garbage", "a"}) {
    const Verdict verdict =
        Judge(Sent(bytes), kTls12To13, ConnectionSecurity::kStartTls);
    EXPECT_EQ(verdict.error.code, ErrorCode::kStartTlsInjection);
    EXPECT_EQ(verdict.failure, FailureClass::kFinal);
  }
}

TEST(IntoleranceTest, TheServersOwnWordsAreKept) {
  const Verdict verdict = Judge(Sent("* BYE too many connections\r\n"),
                                kTls12To13, ConnectionSecurity::kImplicitTls);
  EXPECT_EQ(verdict.error.server_text, "* BYE too many connections");
}

TEST(IntoleranceTest, ARefusalOfOursSaysWhy) {
  const auto message = [](const HandshakeEvidence& evidence) {
    return Judge(evidence, kTls12To13, ConnectionSecurity::kImplicitTls)
        .error.Message();
  };
  EXPECT_EQ(
      message(AfterServerHello(Found(SSL_ERROR_WEAK_SERVER_EPHEMERAL_DH_KEY))),
      "We refuse the server because its Diffie-Hellman key is shorter "
      "than 2048 bits.");
  EXPECT_EQ(message(Chose(0x0301)),
            "The server speaks only TLS 1.0 here, which is below what is "
            "allowed.");
  EXPECT_EQ(message(Chose(0x0304 + 1)),
            "The server chose unknown version 0x0305, which it was not "
            "offered.");
  EXPECT_EQ(message(Found(SSL_ERROR_RX_UNEXPECTED_CLIENT_HELLO)),
            "The server's answer is not valid TLS "
            "(SSL_ERROR_RX_UNEXPECTED_CLIENT_HELLO).");
}

TEST(IntoleranceTest, AnotherAlertAtTheFirstReadWantsNoCertificate) {
  Error error = MakeError(ErrorCode::kTlsFailed, Phase::kSession);
  error.alert = TlsAlert{kFatal, 40};
  EXPECT_EQ(JudgeFirstRead(error).error.code, ErrorCode::kHandshakeAlert);
}

TEST(IntoleranceTest, ARefusedClientCertificateShowsAtTheFirstRead) {
  Error error = MakeError(ErrorCode::kTlsFailed, Phase::kSession);
  error.alert = TlsAlert{kFatal, 116};
  EXPECT_EQ(JudgeFirstRead(error).error.code,
            ErrorCode::kClientCertificateRequired);
  EXPECT_EQ(JudgeFirstRead(error).failure, FailureClass::kFinal);
  error.code = ErrorCode::kClientCertificateRefused;
  EXPECT_EQ(JudgeFirstRead(error).error.code,
            ErrorCode::kClientCertificateRefused);
}

}  // namespace
}  // namespace holdfast
