// Signing in to real servers: Dovecot, Postfix, INN.

#include "holdfast/protocols/sign_in/sign_in.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/inn_server.h"
#include "holdfast/tests/helpers/own_loop.h"
#include "holdfast/tests/helpers/patient_request.h"
#include "holdfast/tests/helpers/postfix_server.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

using testing::HasSubstr;
using M = SaslMechanism;

// Gives its one user and password, and counts how often it is asked.
class CountingProvider final : public CredentialsProvider {
 public:
  CountingProvider(std::string user, std::string password)
      : user_(std::move(user)), password_(std::move(password)) {}
  bool Has(CredentialKind kind) const override {
    return kind == CredentialKind::kPassword;
  }
  int asked() const { return asked_; }

 private:
  void Ask(const CredentialsRequest&, Answer answer) override {
    ++asked_;
    answer(Credentials{user_, SecretString(password_)});
  }

  const std::string user_;
  const std::string password_;
  int asked_ = 0;
};

// Those that this build has.
std::vector<SaslMechanism> Built(std::vector<SaslMechanism> mechanisms) {
  std::vector<SaslMechanism> built;
  std::copy_if(mechanisms.begin(), mechanisms.end(), std::back_inserter(built),
               IsBuilt);
  return built;
}

class RealSignInTest : public testing::Test {
 protected:
  std::unique_ptr<Connection> Connect(
      const std::string& target, bool accept_any = false,
      std::shared_ptr<const ClientIdentity> identity = {}) {
    TrustOptions options;
    options.system_roots = false;
    options.danger_accept_any_certificate = accept_any;
    if (!accept_any) {
      options.ca_files = {
          directory_.Write("ca.pem", authority_.certificate_pem())};
    }
    ConnectRequest request = Patient(
        {*ParseTarget(target), runtime_, *Trust::Load(runtime_, options)});
    request.identity = std::move(identity);
    ConnectResult result = ConnectBlocking(request, nullptr);
    EXPECT_TRUE(result.ok()) << result.status();
    return std::move(result.connection);
  }
  std::shared_ptr<const ClientIdentity> Identity(
      const lab::Certificate& certificate) {
    return *ClientIdentity::Load(
        runtime_, {directory_.Write("client.pem", certificate.chain_pem),
                   directory_.Write("client.key", certificate.key_pem)});
  }
  static SignInResult SignInWith(Connection* connection, Protocol protocol,
                                 std::optional<SaslMechanism> mechanism,
                                 const std::string& user = "alice",
                                 const std::string& password = "pw") {
    CountingProvider provider(user, password);
    SignInOptions options{protocol};
    options.mechanism = mechanism;
    options.max_tries = 1;
    return SignInBlocking(connection, &provider, options);
  }
  void StartDovecot(TlsVersion max_version = TlsVersion::kTls13) {
    DovecotOptions options{*authority_.Issue(), max_version};
    options.mechanisms = "plain login scram-sha-1 scram-sha-256";
    dovecot_ = DovecotServer::Start(options).value();
  }
  std::string Imaps() const {
    return absl::StrCat("imaps://127.0.0.1:", dovecot_->imaps_port());
  }
  std::string Pop3s() const {
    return absl::StrCat("pop3s://127.0.0.1:", dovecot_->pop3s_port());
  }

  lab::CertificateAuthority authority_ = *lab::CertificateAuthority::Create();
  TempDir directory_;
  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  std::unique_ptr<DovecotServer> dovecot_;
};

TEST_F(RealSignInTest, DovecotTakesEachMechanismInImapAndPop3) {
  StartDovecot();
  for (const SaslMechanism mechanism :
       Built({M::kScramSha256, M::kScramSha1, M::kPlain, M::kLogin,
              M::kProtocolLogin})) {
    SCOPED_TRACE(SaslMechanismName(mechanism));
    for (const Protocol protocol : {Protocol::kImap, Protocol::kPop3}) {
      const auto connection =
          Connect(protocol == Protocol::kImap ? Imaps() : Pop3s());
      const SignInResult result =
          SignInWith(connection.get(), protocol, mechanism);
      EXPECT_TRUE(result.ok())
          << result.error->Message() << result.error->server_text;
    }
  }
}

TEST_F(RealSignInTest, DovecotsStrongestIsTaken) {
  const SaslMechanism strongest = Built({M::kScramSha256, M::kPlain}).front();
  for (const TlsVersion version : {TlsVersion::kTls12, TlsVersion::kTls13}) {
    StartDovecot(version);
    const auto imap = Connect(Imaps());
    const SignInResult result =
        SignInWith(imap.get(), Protocol::kImap, std::nullopt);
    ASSERT_TRUE(result.ok()) << result.error->server_text;
    EXPECT_EQ(result.mechanism, strongest);
    EXPECT_EQ(result.round_trips, strongest == M::kPlain ? 1 : 3);
    EXPECT_THAT(result.capabilities, testing::Contains("IDLE"));
    const auto pop3 = Connect(Pop3s());
    EXPECT_EQ(SignInWith(pop3.get(), Protocol::kPop3, std::nullopt).mechanism,
              strongest);
  }
}

TEST_F(RealSignInTest, PlainTakesOneRoundTrip) {
  StartDovecot();
  const auto imap = Connect(Imaps());
  EXPECT_EQ(SignInWith(imap.get(), Protocol::kImap, M::kPlain).round_trips, 1);
  const auto pop3 = Connect(Pop3s());
  EXPECT_EQ(SignInWith(pop3.get(), Protocol::kPop3, M::kPlain).round_trips, 1);
}

TEST_F(RealSignInTest, AWrongPasswordIsRefusedInTheServersWords) {
  StartDovecot();
  const std::string wrong = "not-the-password";
  for (const SaslMechanism mechanism :
       Built({M::kScramSha256, M::kPlain, M::kProtocolLogin})) {
    SCOPED_TRACE(SaslMechanismName(mechanism));
    const auto connection = Connect(Imaps());
    const SignInResult result = SignInWith(connection.get(), Protocol::kImap,
                                           mechanism, "alice", wrong);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error->code, ErrorCode::kAuthenticationRefused);
    EXPECT_THAT(result.error->server_text, HasSubstr("uthentication failed"));
    EXPECT_EQ(ErrorFromStatus(ToStatus(*result.error)).category(),
              ErrorCategory::kAuthentication);
  }
}

TEST_F(RealSignInTest, AfterARefusalTheSameConnectionStillSignsIn) {
  StartDovecot();
  const auto connection = Connect(Imaps());
  class SecondIsRight final : public CredentialsProvider {
   public:
    bool Has(CredentialKind kind) const override {
      return kind == CredentialKind::kPassword;
    }

   private:
    void Ask(const CredentialsRequest& request, Answer answer) override {
      const bool first = request.reason == CredentialsRequest::Reason::kFirst;
      answer(Credentials{"alice", SecretString(first ? "wrong" : "pw")});
    }
  } provider;
  const SignInResult result =
      SignInBlocking(connection.get(), &provider, {Protocol::kImap});
  EXPECT_TRUE(result.ok()) << result.error->server_text;
  EXPECT_EQ(result.tries, 2);
}

TEST_F(RealSignInTest, ACertificateThatIsOnlyAcceptedGetsNoCredentials) {
  StartDovecot();
  const auto connection = Connect(Imaps(), /*accept_any=*/true);
  ASSERT_NE(connection, nullptr);
  CountingProvider provider("alice", "pw");
  const SignInResult result =
      SignInBlocking(connection.get(), &provider, {Protocol::kImap});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error->code, ErrorCode::kUnprotectedCredentials);
  EXPECT_EQ(provider.asked(), 0);
}

// Signs in by nothing but the client's certificate.
class CertificateProvider final : public CredentialsProvider {
 public:
  explicit CertificateProvider(std::string act_as)
      : act_as_(std::move(act_as)) {}
  bool Has(CredentialKind kind) const override {
    return kind == CredentialKind::kCertificate;
  }

 private:
  void Ask(const CredentialsRequest& request, Answer answer) override {
    if (request.reason != CredentialsRequest::Reason::kFirst) {
      return answer(MakeStatus(ErrorCode::kAuthenticationRefused,
                               Phase::kSession, request.server_text));
    }
    answer(Credentials{"", SecretString(), act_as_});
  }

  const std::string act_as_;
};

TEST_F(RealSignInTest, DovecotTakesTheUserOfTheClientCertificate) {
  for (const TlsVersion version : {TlsVersion::kTls12, TlsVersion::kTls13}) {
    DovecotOptions options{*authority_.Issue(), version};
    options.mechanisms = "plain external";
    options.client_authority_pem = authority_.certificate_pem();
    dovecot_ = DovecotServer::Start(options).value();
    lab::CertificateOptions alice;
    alice.common_name = "alice";
    alice.extended_key_usage = "clientAuth";
    for (const char* act_as : {"", "alice", "bob"}) {
      for (const Protocol protocol : {Protocol::kImap, Protocol::kPop3}) {
        const auto connection =
            Connect(protocol == Protocol::kImap ? Imaps() : Pop3s(),
                    /*accept_any=*/false, Identity(*authority_.Issue(alice)));
        ASSERT_NE(connection, nullptr);
        EXPECT_TRUE(connection->client_certificate_sent());
        CertificateProvider provider(act_as);
        const SignInResult result =
            SignInBlocking(connection.get(), &provider, {protocol});
        EXPECT_EQ(result.mechanism, M::kExternal);
        EXPECT_EQ(result.round_trips, 1);
        EXPECT_EQ(result.ok(), std::string(act_as) != "bob") << dovecot_->log();
      }
    }
    const auto stranger = Connect(Imaps());
    CertificateProvider provider("alice");
    const SignInResult result =
        SignInBlocking(stranger.get(), &provider, {Protocol::kImap});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error->code, ErrorCode::kNoCommonMechanism);
  }
}

TEST_F(RealSignInTest, PostfixTakesEachMechanism) {
  auto postfix = PostfixServer::Start({*authority_.Issue()});
  if (absl::IsFailedPrecondition(postfix.status())) {
    GTEST_SKIP() << postfix.status();
  }
  ASSERT_TRUE(postfix.ok()) << postfix.status();
  const std::string target =
      absl::StrCat("submissions://127.0.0.1:", (*postfix)->submissions_port());
  for (const SaslMechanism mechanism :
       Built({M::kScramSha256, M::kScramSha1, M::kPlain, M::kLogin})) {
    SCOPED_TRACE(SaslMechanismName(mechanism));
    const auto connection = Connect(target);
    const SignInResult result =
        SignInWith(connection.get(), Protocol::kSubmission, mechanism,
                   "alice@example.test");
    EXPECT_TRUE(result.ok())
        << result.error->Message() << result.error->server_text;
    const auto again = Connect(target);
    const SignInResult refused =
        SignInWith(again.get(), Protocol::kSubmission, mechanism,
                   "alice@example.test", "not-the-password");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error->code, ErrorCode::kAuthenticationRefused);
    EXPECT_THAT(refused.error->server_text, HasSubstr("535"));
  }
}

// It offers PLAIN too, but has nothing to check it with.
TEST_F(RealSignInTest, InnTakesUserAndPass) {
  auto inn = InnServer::Start({*authority_.Issue()});
  if (absl::IsFailedPrecondition(inn.status())) {
    GTEST_SKIP() << inn.status();
  }
  ASSERT_TRUE(inn.ok()) << inn.status();
  const std::string target =
      absl::StrCat("nntps://127.0.0.1:", (*inn)->nntps_port());
  const auto connection = Connect(target);
  ASSERT_NE(connection, nullptr);
  const SignInResult result =
      SignInWith(connection.get(), Protocol::kNntp, M::kProtocolLogin);
  EXPECT_TRUE(result.ok()) << result.error->Message()
                           << result.error->server_text;
  const auto again = Connect(target);
  ASSERT_NE(again, nullptr);
  const SignInResult refused = SignInWith(again.get(), Protocol::kNntp,
                                          M::kProtocolLogin, "alice", "nope");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error->code, ErrorCode::kAuthenticationRefused);
  EXPECT_THAT(refused.error->server_text, HasSubstr("481"));
}

}  // namespace
}  // namespace holdfast::test
