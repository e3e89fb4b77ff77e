// The client's decision about a certificate, step by step before a server of
// another make: when it is asked for, and what the server sees before and
// after.

#include "holdfast/core/trust/certificate_decision.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/tls/secure_socket.h"
#include "holdfast/fallback/intolerance.h"
#include "holdfast/tests/helpers/openssl_peer.h"
#include "holdfast/tests/helpers/socket_pair.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

using lab::FromPem;
using lab::OpensslPtr;
using Decision = CertificateDecision;
using Progress = SecureSocket::Progress;
using testing::ElementsAre;
using testing::Field;

// For another host, expired, and nobody's.
lab::CertificateOptions Bad() {
  lab::CertificateOptions options;
  options.dns_names = {"elsewhere.example"};
  options.ip_addresses = {};
  options.not_before = absl::Now() - absl::Hours(48);
  options.not_after = absl::Now() - absl::Hours(24);
  options.self_signed = true;
  return options;
}

const auto kProblemsOfBad =
    ElementsAre(Field(&CertificateProblem::code, ErrorCode::kWrongName),
                Field(&CertificateProblem::code, ErrorCode::kExpired),
                Field(&CertificateProblem::code, ErrorCode::kSelfSigned));

struct Form {
  TlsVersion version;
  bool wants_client_certificate;
};

class CertificateDecisionTest : public testing::TestWithParam<Form> {
 protected:
  // Up to the question, which must come.
  void Begin(const lab::CertificateOptions& certificate) {
    server_.emplace(std::move(pair_.server), *authority_.Issue(certificate),
                    [this](SSL_CTX* context) { Adjust(context); });
    SSL_set_app_data(server_->ssl(), this);
    client_->SetIdentity(Alice());
    client_->AskAboutCertificate();
    TrustOptions options;
    options.system_roots = false;
    options.ca_files = {files_.Write("ca.pem", authority_.certificate_pem())};
    HandshakeProfile profile;
    profile.versions = TlsVersionRange::Only(GetParam().version);
    ASSERT_TRUE(client_
                    ->StartTls(profile, *Host::Parse("localhost"),
                               *Trust::Load(runtime_, options), absl::Now())
                    .ok());
    for (int i = 0; i < 4 && client_->certificate_question() == nullptr; ++i) {
      ASSERT_EQ(client_->Handshake(), Progress::kWouldBlock);
      server_->Accept();
      ++turns_;
    }
    ASSERT_NE(client_->certificate_question(), nullptr);
  }
  void Adjust(SSL_CTX* context) {
    SSL_CTX_set_info_callback(context, OnInfo);
    if (!GetParam().wants_client_certificate) return;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    const OpensslPtr<X509> root(
        PEM_read_bio_X509(FromPem(authority_.certificate_pem()).get(), nullptr,
                          nullptr, nullptr));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get());
  }
  static void OnInfo(const SSL* ssl, int where, int value) {
    auto* const test =
        static_cast<CertificateDecisionTest*>(SSL_get_app_data(ssl));
    if (where == SSL_CB_READ_ALERT) {
      test->alert_ = SSL_alert_desc_string_long(value);
    }
  }
  std::shared_ptr<const ClientIdentity> Alice() {
    lab::CertificateOptions options;
    options.common_name = "alice";
    options.extended_key_usage = "clientAuth";
    const lab::Certificate alice = *authority_.Issue(options);
    return *ClientIdentity::Load(runtime_,
                                 {files_.Write("alice.pem", alice.chain_pem),
                                  files_.Write("alice.key", alice.key_pem)});
  }
  Progress Finish() {
    Progress progress = client_->Handshake();
    for (int i = 0; i < 4 && progress == Progress::kWouldBlock; ++i) {
      server_->Accept();
      progress = client_->Handshake();
    }
    server_->Accept();
    return progress;
  }
  Progress Decide(Decision decision) {
    client_->Decide(decision);
    return Finish();
  }
  bool ServerSawClient() const {
    return OpensslPtr<X509>(SSL_get1_peer_certificate(server_->ssl())) !=
           nullptr;
  }
  void ExpectConnected(bool shows_client_certificate) {
    const bool shown =
        shows_client_certificate && GetParam().wants_client_certificate;
    EXPECT_EQ(client_->client_certificate_sent(), shown);
    EXPECT_EQ(ServerSawClient(), shown);
    client_->Write("a1 NOOP\r\n");
    EXPECT_EQ(server_->Read(), "a1 NOOP\r\n");
    server_->Write("a1 OK\r\n");
    char buffer[10];
    EXPECT_EQ(client_->Read(absl::MakeSpan(buffer)).bytes, 7u);
  }
  void ExpectRefused(ErrorCode code, const std::string& alert) {
    const HandshakeEvidence evidence = client_->evidence();
    const Verdict verdict =
        Judge(evidence, TlsVersionRange(), ConnectionSecurity::kImplicitTls);
    EXPECT_EQ(verdict.failure, FailureClass::kFinal);
    EXPECT_EQ(verdict.error.code, code);
    EXPECT_FALSE(client_->client_certificate_sent());
    EXPECT_FALSE(ServerSawClient());
    EXPECT_EQ(server_->Read(), "");
    EXPECT_EQ(alert_, alert);
  }

  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  lab::CertificateAuthority authority_ = *lab::CertificateAuthority::Create();
  TempDir files_;
  SocketPair pair_;
  std::unique_ptr<SecureSocket> client_ =
      *SecureSocket::Create(runtime_, std::move(pair_.client));
  std::optional<OpensslPeer> server_;
  int turns_ = 0;  // of the server, up to the question
  std::string alert_;
};

INSTANTIATE_TEST_SUITE_P(
    Forms, CertificateDecisionTest,
    testing::Values(Form{TlsVersion::kTls12, false},
                    Form{TlsVersion::kTls12, true},
                    Form{TlsVersion::kTls13, false},
                    Form{TlsVersion::kTls13, true}),
    [](const auto& suite) {
      return absl::StrCat(
          suite.param.version == TlsVersion::kTls12 ? "Tls12" : "Tls13",
          suite.param.wants_client_certificate ? "Mutual" : "");
    });

TEST_P(CertificateDecisionTest, TheQuestionTellsAllThatWasFound) {
  Begin(Bad());
  const CertificateQuestion& question = *client_->certificate_question();
  EXPECT_EQ(question.host, *Host::Parse("localhost"));
  EXPECT_THAT(question.problems, kProblemsOfBad);
  EXPECT_THAT(question.certificate.names, ElementsAre("elsewhere.example"));
  ASSERT_EQ(question.chain.size(), 1u);
  EXPECT_EQ(ReadCertificate(*runtime_, question.chain[0])->sha256,
            question.certificate.sha256);
}

TEST_P(CertificateDecisionTest, AGoodCertificateIsAskedAboutToo) {
  lab::CertificateOptions options;
  options.via_intermediate = true;
  Begin(options);
  EXPECT_THAT(client_->certificate_question()->problems, ElementsAre());
  EXPECT_EQ(client_->certificate_question()->chain.size(), 2u);
}

TEST_P(CertificateDecisionTest, BeforeTheAnswerTheServerGetsNothingOfOurs) {
  Begin({});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client_->Handshake(), Progress::kWouldBlock);
    EXPECT_NE(client_->certificate_question(), nullptr);
    server_->Accept();
  }
  EXPECT_FALSE(client_->tls_established());
  EXPECT_FALSE(ServerSawClient());
  EXPECT_EQ(server_->Read(), "");
  client_->Write("secret");
  EXPECT_EQ(server_->Read(), "");
}

// By its Finished where we can wait for it; else it has signed its key share.
TEST_P(CertificateDecisionTest, TheServerHasShownItsKeyBeforeTheQuestion) {
  Begin({});
  const bool sends_finished_last = GetParam().version == TlsVersion::kTls12 &&
                                   !GetParam().wants_client_certificate;
  EXPECT_EQ(turns_, sends_finished_last ? 3 : 2);
}

TEST_P(CertificateDecisionTest, AsFoundAGoodOneConnects) {
  Begin({});
  ASSERT_EQ(Decide(Decision::kAsFound), Progress::kDone);
  EXPECT_EQ(client_->certificate_question(), nullptr);
  EXPECT_TRUE(client_->tls_info().certificate_verified());
  EXPECT_FALSE(client_->tls_info().certificate_vouched_for());
  ExpectConnected(/*shows_client_certificate=*/true);
}

TEST_P(CertificateDecisionTest, AsFoundOneWithProblemsIsRefused) {
  Begin(Bad());
  ASSERT_EQ(Decide(Decision::kAsFound), Progress::kFailed);
  EXPECT_THAT(client_->evidence().certificate_problems, kProblemsOfBad);
  ExpectRefused(ErrorCode::kWrongName, "bad certificate");
}

TEST_P(CertificateDecisionTest, ARefusalOfOneWithProblemsHasTheirCode) {
  Begin(Bad());
  ASSERT_EQ(Decide(Decision::kRefuse), Progress::kFailed);
  EXPECT_THAT(client_->evidence().certificate_problems, kProblemsOfBad);
  ExpectRefused(ErrorCode::kWrongName, "bad certificate");
}

TEST_P(CertificateDecisionTest, AGoodOneThatIsRefusedIsTheClientsDoing) {
  Begin({});
  ASSERT_EQ(Decide(Decision::kRefuse), Progress::kFailed);
  ExpectRefused(ErrorCode::kCertificateRefusedByClient, "access denied");
}

TEST_P(CertificateDecisionTest, WhoeverIsOnlyConnectedToStaysUnknown) {
  for (const bool good : {false, true}) {
    SCOPED_TRACE(good);
    pair_ = SocketPair();
    client_ = *SecureSocket::Create(runtime_, std::move(pair_.client));
    Begin(good ? lab::CertificateOptions() : Bad());
    ASSERT_EQ(Decide(Decision::kConnectUnverified), Progress::kDone);
    const TlsInfo tls = client_->tls_info();
    EXPECT_FALSE(tls.certificate_verified());
    EXPECT_FALSE(tls.certificate_vouched_for());
    EXPECT_FALSE(tls.server_is_known());
    ExpectConnected(/*shows_client_certificate=*/false);
  }
}

TEST_P(CertificateDecisionTest, WhoeverIsTrustedIsKnownButNotVerified) {
  Begin(Bad());
  ASSERT_EQ(Decide(Decision::kTrust), Progress::kDone);
  const TlsInfo tls = client_->tls_info();
  EXPECT_THAT(tls.certificate_problems, kProblemsOfBad);
  EXPECT_FALSE(tls.certificate_verified());
  EXPECT_TRUE(tls.certificate_vouched_for());
  EXPECT_TRUE(tls.server_is_known());
  ExpectConnected(/*shows_client_certificate=*/true);
}

TEST_P(CertificateDecisionTest, AGoodOneThatIsTrustedIsVerified) {
  Begin({});
  ASSERT_EQ(Decide(Decision::kTrust), Progress::kDone);
  EXPECT_TRUE(client_->tls_info().certificate_verified());
  EXPECT_FALSE(client_->tls_info().certificate_vouched_for());
}

// What goes wrong after it was accepted is not the certificate's fault.
TEST_P(CertificateDecisionTest, AServerThatLeftMeanwhileIsNoBadCertificate) {
  Begin(Bad());
  server_->Close(/*politely=*/false);
  client_->Decide(Decision::kTrust);
  if (client_->Handshake() == Progress::kDone) return;  // sees it when it reads
  const Verdict verdict = Judge(client_->evidence(), TlsVersionRange(),
                                ConnectionSecurity::kImplicitTls);
  EXPECT_EQ(verdict.error.code, ErrorCode::kHandshakeInterrupted);
  EXPECT_THAT(verdict.error.certificate_problems, ElementsAre());
}

TEST_P(CertificateDecisionTest, ASecondDecisionIsTooLate) {
  Begin({});
  client_->Decide(Decision::kConnectUnverified);
  client_->Decide(Decision::kTrust);
  client_->Decide(Decision::kRefuse);
  ASSERT_EQ(Finish(), Progress::kDone);
  EXPECT_FALSE(client_->tls_info().server_is_known());
}

}  // namespace
}  // namespace holdfast::test
