// Channel bindings on real TLS: what both sides see of one connection.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/dialogue/connection_parts.h"
#include "holdfast/protocols/sign_in/sign_in.h"
#include "holdfast/tests/helpers/manual_event_loop.h"
#include "holdfast/tests/helpers/openssl_peer.h"
#include "holdfast/tests/helpers/sasl_server.h"
#include "holdfast/tests/helpers/sign_in_parts.h"
#include "holdfast/tests/helpers/socket_pair.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

using Progress = SecureSocket::Progress;

class ChannelBindingTest : public testing::Test {
 protected:
  void Connect(TlsVersion version) {
    peer_.emplace(std::move(pair_.server), *authority_.Issue());
    HandshakeProfile profile;
    profile.versions = TlsVersionRange::Only(version);
    ASSERT_TRUE(
        socket_
            ->StartTls(profile, *Host::Parse("localhost"), trust_, absl::Now())
            .ok());
    EXPECT_FALSE(socket_->channel_binding());
    Progress progress = socket_->Handshake();
    for (int i = 0; i < 10 && progress == Progress::kWouldBlock; ++i) {
      peer_->Accept();
      progress = socket_->Handshake();
    }
    ASSERT_EQ(progress, Progress::kDone);
    peer_->Accept();
  }
  // By OpenSSL, on the server's side.
  std::string Exporter() {
    std::string value(32, '\0');
    const std::string label = "EXPORTER-Channel-Binding";
    EXPECT_EQ(SSL_export_keying_material(
                  peer_->ssl(), reinterpret_cast<unsigned char*>(value.data()),
                  value.size(), label.data(), label.size(), nullptr, 0, 1),
              1);
    return value;
  }
  std::string CertificateSha256() {
    std::string digest(32, '\0');
    EXPECT_EQ(
        X509_digest(SSL_get_certificate(peer_->ssl()), EVP_sha256(),
                    reinterpret_cast<unsigned char*>(digest.data()), nullptr),
        1);
    return digest;
  }
  static TrustOptions TrustOnly(const std::string& ca_file) {
    TrustOptions options;
    options.system_roots = false;
    options.ca_files = {ca_file};
    return options;
  }

  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  lab::CertificateAuthority authority_ = *lab::CertificateAuthority::Create();
  TempDir files_;
  std::shared_ptr<const Trust> trust_ = *Trust::Load(
      runtime_,
      TrustOnly(files_.Write("ca.pem", authority_.certificate_pem())));
  SocketPair pair_;
  std::unique_ptr<SecureSocket> socket_ =
      *SecureSocket::Create(runtime_, std::move(pair_.client));
  std::optional<OpensslPeer> peer_;
};

TEST_F(ChannelBindingTest, Tls13HasTheExporter) {
  Connect(TlsVersion::kTls13);
  const auto binding = socket_->channel_binding();
  ASSERT_TRUE(binding);
  EXPECT_EQ(binding->type, "tls-exporter");
  EXPECT_EQ(binding->data, Exporter());
}

TEST_F(ChannelBindingTest, Tls12HasTheServersEndPoint) {
  Connect(TlsVersion::kTls12);
  const auto binding = socket_->channel_binding();
  ASSERT_TRUE(binding);
  EXPECT_EQ(binding->type, "tls-server-end-point");
  EXPECT_EQ(binding->data, CertificateSha256());
}

TEST_F(ChannelBindingTest, PlusIsTakenAndBothSidesAgreeOnTheChannel) {
  for (const char* mechanism : {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"}) {
    pair_ = SocketPair();
    socket_ = *SecureSocket::Create(runtime_, std::move(pair_.client));
    Connect(TlsVersion::kTls13);
    SaslServer server(Protocol::kImap, Exporter());
    const std::unique_ptr<Connection> connection = NewConnection(
        std::move(socket_),
        std::make_unique<ReadyNegotiator>(
            "* OK", std::vector<std::string>{"SASL-IR", "AUTH=PLAIN",
                                             absl::StrCat("AUTH=", mechanism)}),
        "");
    ListProvider provider({"pw"});
    ManualEventLoop loop;
    std::optional<SignInResult> result;
    const auto sign_in = SignIn::Start(
        &loop, connection.get(), &provider, {Protocol::kImap},
        [&result](SignInResult done) { result = std::move(done); });
    loop.Advance(absl::ZeroDuration());
    for (int i = 0; i < 10 && !result; ++i) {
      peer_->Write(server.Answer(peer_->Read()));
      loop.MarkReady(connection->fd());
    }
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->ok()) << result->error->Message();
    EXPECT_TRUE(server.signed_in());
    EXPECT_EQ(SaslMechanismName(*result->mechanism), mechanism);
  }
}

}  // namespace
}  // namespace holdfast::test
