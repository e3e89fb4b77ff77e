// Client certificates: which files are taken, and what a server of another make
// gets to see of them.

#include "holdfast/core/trust/client_identity.h"

#include <openssl/pem.h>
#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/tls/secure_socket.h"
#include "holdfast/tests/helpers/openssl_peer.h"
#include "holdfast/tests/helpers/socket_pair.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

using lab::FromPem;
using lab::KeyType;
using lab::OpensslPtr;
using Progress = SecureSocket::Progress;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

lab::CertificateOptions Alice(KeyType key_type) {
  lab::CertificateOptions options;
  options.common_name = "alice";
  options.dns_names = {};
  options.ip_addresses = {};
  options.extended_key_usage = "clientAuth";
  options.key_type = key_type;
  options.via_intermediate = true;
  return options;
}

class ClientIdentityTest : public testing::Test {
 protected:
  absl::StatusOr<std::shared_ptr<const ClientIdentity>> Load(
      const std::string& chain_pem, const std::string& key_pem) {
    return ClientIdentity::Load(runtime_, {files_.Write("chain.pem", chain_pem),
                                           files_.Write("key.pem", key_pem)});
  }
  // Why these files are not taken.
  std::string Refusal(const std::string& chain_pem,
                      const std::string& key_pem) {
    const auto identity = Load(chain_pem, key_pem);
    if (identity.ok()) return "";
    const Error error = ErrorFromStatus(identity.status());
    EXPECT_EQ(error.code, ErrorCode::kClientIdentityUnusable);
    // Whatever is wrong with the key, it is not shown.
    EXPECT_THAT(error.Message(), Not(HasSubstr(key_pem.substr(40, 20))));
    return error.Message();
  }

  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  lab::CertificateAuthority authority_ = *lab::CertificateAuthority::Create();
  TempDir files_;
};

TEST_F(ClientIdentityTest, OneFileMayHoldAll) {
  const lab::Certificate alice = *authority_.Issue(Alice(KeyType::kP256));
  const std::string file =
      files_.Write("all.pem", alice.chain_pem + alice.key_pem);
  EXPECT_TRUE(ClientIdentity::Load(runtime_, {file, file}).ok());
}

TEST_F(ClientIdentityTest, KeysInOtherFormsAreRefusedWithACommandThatConverts) {
  const lab::Certificate alice = *authority_.Issue(Alice(KeyType::kRsa));
  for (const char* form : {"RSA ", "EC ", "ENCRYPTED "}) {
    EXPECT_THAT(
        Refusal(alice.chain_pem,
                absl::StrReplaceAll(
                    alice.key_pem,
                    {{"PRIVATE KEY", absl::StrCat(form, "PRIVATE KEY")}})),
        HasSubstr("openssl pkcs8 -topk8 -nocrypt -in"));
  }
}

TEST_F(ClientIdentityTest, FilesThatWillNotDoAreNamed) {
  const lab::Certificate alice = *authority_.Issue(Alice(KeyType::kP256));
  const lab::Certificate bob = *authority_.Issue(Alice(KeyType::kP256));
  const lab::Certificate carol = *authority_.Issue(Alice(KeyType::kRsa));
  EXPECT_THAT(Refusal(alice.chain_pem, bob.key_pem),
              AllOf(HasSubstr("key.pem"), HasSubstr("another key")));
  EXPECT_THAT(Refusal(alice.chain_pem, carol.key_pem),
              HasSubstr("another key"));
  EXPECT_THAT(Refusal("", alice.key_pem), HasSubstr("no certificate"));
  EXPECT_THAT(Refusal(alice.chain_pem.substr(0, 300), alice.key_pem),
              AllOf(HasSubstr("chain.pem"), HasSubstr("damaged")));
  EXPECT_THAT(Refusal(alice.chain_pem, alice.chain_pem),
              HasSubstr("not hold one private key"));
  EXPECT_THAT(Refusal(alice.chain_pem, alice.key_pem + bob.key_pem),
              HasSubstr("not hold one private key"));
  EXPECT_THAT(Refusal(alice.chain_pem,
                      "-----BEGIN PRIVATE KEY-----\n"
                      "MAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n"
                      "-----END PRIVATE KEY-----\n"),
              HasSubstr("NSS does not take"));
  const auto missing = ClientIdentity::Load(
      runtime_, {files_.Path("no.pem"), files_.Path("no.pem")});
  EXPECT_THAT(ErrorFromStatus(missing.status()).Message(),
              AllOf(HasSubstr("no.pem"), HasSubstr("No such file")));
}

TEST_F(ClientIdentityTest, AKeyThatEverybodyMayReadIsToldOf) {
  const lab::Certificate alice = *authority_.Issue(Alice(KeyType::kP256));
  files_.Write("key.pem", alice.key_pem);
  chmod(files_.Path("key.pem").c_str(), 0600);
  EXPECT_FALSE((*Load(alice.chain_pem, alice.key_pem))->key_is_exposed());
  chmod(files_.Path("key.pem").c_str(), 0604);
  EXPECT_TRUE((*Load(alice.chain_pem, alice.key_pem))->key_is_exposed());
}

TEST(ClientCertificateAlertTest, DependsOnWhetherThereWasACertificate) {
  const auto read = [](uint8_t description, bool sent) {
    return ReadClientCertificateAlert({2, description}, sent);
  };
  for (const uint8_t either : {40, 42, 49, 116}) {
    EXPECT_EQ(read(either, true), ErrorCode::kClientCertificateRefused);
    EXPECT_EQ(read(either, false), ErrorCode::kClientCertificateRequired);
  }
  for (const uint8_t refusal : {43, 44, 45, 46, 48}) {
    EXPECT_EQ(read(refusal, true), ErrorCode::kClientCertificateRefused);
    EXPECT_EQ(read(refusal, false), std::nullopt);
  }
  EXPECT_EQ(read(80, true), std::nullopt);
}

// A handshake with an identity to show.
class PresentedIdentityTest
    : public ClientIdentityTest,
      public testing::WithParamInterface<std::tuple<KeyType, TlsVersion>> {
 protected:
  // The server asks, unless `mode` is SSL_VERIFY_NONE, and trusts `issuer`.
  Progress Connect(int mode, const lab::CertificateAuthority& issuer,
                   bool accept_any = false) {
    TrustOptions options;
    options.system_roots = false;
    options.danger_accept_any_certificate = accept_any;
    if (!accept_any) {
      options.ca_files = {files_.Write("ca.pem", authority_.certificate_pem())};
    }
    server_.emplace(
        std::move(pair_.server), *authority_.Issue(), [&](SSL_CTX* context) {
          SSL_CTX_set_verify(context, mode, nullptr);
          const OpensslPtr<X509> root(
              PEM_read_bio_X509(FromPem(issuer.certificate_pem()).get(),
                                nullptr, nullptr, nullptr));
          X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get());
        });
    const lab::Certificate alice =
        *authority_.Issue(Alice(std::get<0>(GetParam())));
    client_->SetIdentity(*Load(alice.chain_pem, alice.key_pem));
    HandshakeProfile profile;
    profile.versions = TlsVersionRange::Only(std::get<1>(GetParam()));
    EXPECT_TRUE(client_
                    ->StartTls(profile, *Host::Parse("localhost"),
                               *Trust::Load(runtime_, options), absl::Now())
                    .ok());
    Progress progress = client_->Handshake();
    for (int i = 0; i < 10 && progress == Progress::kWouldBlock; ++i) {
      server_->Accept();
      progress = client_->Handshake();
    }
    server_->Accept();
    return progress;
  }
  // Whom the server takes us for; empty: it does not know.
  std::string SeenByServer() const {
    const OpensslPtr<X509> seen(SSL_get1_peer_certificate(server_->ssl()));
    if (seen == nullptr) return "";
    char name[100] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(seen.get()), NID_commonName,
                              name, sizeof name);
    return name;
  }
  // The refusal, at the first read if not before.
  Error Refusal(Progress progress) {
    if (progress == Progress::kFailed) {
      const HandshakeEvidence evidence = client_->evidence();
      EXPECT_TRUE(evidence.client_certificate_requested);
      EXPECT_TRUE(evidence.client_certificate_sent);
      Error error = MakeError(ErrorCode::kInternal, Phase::kHandshake);
      error.alert = evidence.alert;
      if (error.alert) {
        error.code = ReadClientCertificateAlert(*error.alert, true)
                         .value_or(ErrorCode::kInternal);
      }
      return error;
    }
    char buffer[10];
    const auto result = client_->Read(absl::MakeSpan(buffer));
    EXPECT_EQ(result.progress, Progress::kFailed);
    return result.error.value_or(MakeError(ErrorCode::kInternal, {}));
  }

  SocketPair pair_;
  std::unique_ptr<SecureSocket> client_ =
      *SecureSocket::Create(runtime_, std::move(pair_.client));
  std::optional<OpensslPeer> server_;
};

INSTANTIATE_TEST_SUITE_P(
    KeysAndVersions, PresentedIdentityTest,
    testing::Combine(testing::Values(KeyType::kP256, KeyType::kRsa),
                     testing::Values(TlsVersion::kTls12, TlsVersion::kTls13)),
    [](const auto& suite) {
      return absl::StrCat(
          std::get<0>(suite.param) == KeyType::kRsa ? "Rsa" : "P256",
          std::get<1>(suite.param) == TlsVersion::kTls12 ? "Tls12" : "Tls13");
    });

constexpr int kRequired = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;

TEST_P(PresentedIdentityTest, AServerThatAsksIsShownTheWholeChain) {
  ASSERT_EQ(Connect(kRequired, authority_), Progress::kDone);
  EXPECT_TRUE(client_->client_certificate_sent());
  EXPECT_EQ(SeenByServer(), "alice");
  EXPECT_EQ(SSL_get_verify_result(server_->ssl()), X509_V_OK);
  server_->Write("* OK\r\n");
  char buffer[10];
  EXPECT_EQ(client_->Read(absl::MakeSpan(buffer)).bytes, 6u);
}

TEST_P(PresentedIdentityTest, AServerThatDoesNotAskIsShownNothing) {
  ASSERT_EQ(Connect(SSL_VERIFY_NONE, authority_), Progress::kDone);
  EXPECT_FALSE(client_->client_certificate_sent());
  EXPECT_EQ(SeenByServer(), "");
}

TEST_P(PresentedIdentityTest, AServerThatRefusesItIsToldApart) {
  const auto other = *lab::CertificateAuthority::Create("Another Root");
  const Error error = Refusal(Connect(kRequired, other));
  EXPECT_EQ(error.code, ErrorCode::kClientCertificateRefused);
  ASSERT_TRUE(error.alert);
  EXPECT_EQ(TlsAlertName(error.alert->description), "unknown_ca");
}

TEST_P(PresentedIdentityTest, AServerThatIsOnlyAcceptedIsShownNothing) {
  ASSERT_EQ(Connect(SSL_VERIFY_PEER, authority_, /*accept_any=*/true),
            Progress::kDone);
  EXPECT_TRUE(client_->evidence().client_certificate_requested);
  EXPECT_FALSE(client_->client_certificate_sent());
  EXPECT_EQ(SeenByServer(), "");
}

}  // namespace
}  // namespace holdfast::test
