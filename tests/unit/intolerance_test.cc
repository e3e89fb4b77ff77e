// The list of what a failed handshake means, row by row.

#include "fallback/intolerance.h"

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

HandshakeEvidence WithSentinel(HandshakeEvidence evidence) {
  evidence.downgrade_sentinel = true;
  return evidence;
}

HandshakeEvidence WithWrongName(HandshakeEvidence evidence) {
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
        Row{"FinAfterServerHello", AfterServerHello(Ended(StreamEnd::kEof)),
            FailureClass::kInterrupted, ErrorCode::kHandshakeInterrupted},
        Row{"SilenceAfterServerHello", AfterServerHello(TimedOut()),
            FailureClass::kFinal, ErrorCode::kHandshakeTimedOut},
        Row{"AlertAfterServerHello", AfterServerHello(Alert(80)),
            FailureClass::kFinal, ErrorCode::kHandshakeAlert},
        Row{"ClientCertificate", AfterServerHello(Alert(40)),
            FailureClass::kFinal, ErrorCode::kClientCertificateRequired},
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
            ErrorCode::kServerTooOld}),
    [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

// Precedence, where two rows fit.
INSTANTIATE_TEST_SUITE_P(
    Precedence, IntoleranceTable,
    testing::Values(
        Row{"CertificateBeforeAlert", WithWrongName(Alert(70)),
            FailureClass::kFinal, ErrorCode::kWrongName},
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

TEST(IntoleranceTest, ARefusedClientCertificateShowsAtTheFirstRead) {
  Error error = MakeError(ErrorCode::kTlsFailed, Phase::kSession);
  error.alert = TlsAlert{kFatal, 116};
  EXPECT_EQ(JudgeFirstRead(error).error.code,
            ErrorCode::kClientCertificateRequired);
  EXPECT_EQ(JudgeFirstRead(error).failure, FailureClass::kFinal);
}

}  // namespace
}  // namespace holdfast
