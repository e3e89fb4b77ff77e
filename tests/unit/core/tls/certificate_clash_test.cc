// Two servers that made themselves certificates of one name and serial number:
// each is known by its own anchor or pin. Where NSS's TLS layer cannot hold
// both, the error says what it is.

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/nss/nss_error.h"
#include "holdfast/core/tls/secure_socket.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/tests/helpers/certificate_maker.h"
#include "holdfast/tests/helpers/openssl_peer.h"
#include "holdfast/tests/helpers/socket_pair.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

using Progress = SecureSocket::Progress;

// An appliance with a connection to it.
struct Appliance {
  Appliance() {
    CertificateSpec spec = LeafSpec("localhost");
    spec.subject = {{"CN", "appliance"}};
    spec.serial = 1;
    certificate = MakeCertificate(spec);
  }

  Progress Connect(const std::shared_ptr<NssRuntime>& runtime,
                   TrustOptions options) {
    options.system_roots = false;
    SocketPair pair;
    client = *SecureSocket::Create(runtime, std::move(pair.client));
    server.emplace(std::move(pair.server),
                   lab::Certificate{certificate.Pem(), certificate.KeyPem(),
                                    certificate.Pem()});
    EXPECT_TRUE(client
                    ->StartTls(HandshakeProfile(), *Host::Parse("localhost"),
                               *Trust::Load(runtime, options), absl::Now())
                    .ok());
    Progress progress = client->Handshake();
    for (int i = 0; i < 8 && progress == Progress::kWouldBlock; ++i) {
      server->Accept();
      progress = client->Handshake();
    }
    return progress;
  }
  Progress ConnectByAnchor(const std::shared_ptr<NssRuntime>& runtime) {
    TrustOptions options;
    options.ca_files = {files.Write("ca.pem", certificate.Pem())};
    return Connect(runtime, options);
  }
  Progress ConnectByPin(const std::shared_ptr<NssRuntime>& runtime) {
    TrustOptions options;
    options.pins = {ReadCertificate(*runtime, certificate.der)->pin};
    return Connect(runtime, options);
  }

  TempDir files;
  MadeCertificate certificate;
  std::unique_ptr<SecureSocket> client;
  std::optional<OpensslPeer> server;
};

class CertificateClashTest : public testing::Test {
 protected:
  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  Appliance first_;
  Appliance second_;
};

TEST_F(CertificateClashTest, EachIsReachedByItsOwnAnchorOneAfterTheOther) {
  EXPECT_EQ(first_.ConnectByAnchor(runtime_), Progress::kDone);
  first_.client.reset();
  EXPECT_EQ(second_.ConnectByAnchor(runtime_), Progress::kDone);
  EXPECT_TRUE(second_.client->tls_info().certificate_verified());
}

TEST_F(CertificateClashTest, NeitherPassesForTheOther) {
  second_.certificate = first_.certificate;
  const Appliance other;
  TrustOptions options;
  options.ca_files = {first_.files.Write("other.pem", other.certificate.Pem())};
  EXPECT_EQ(first_.Connect(runtime_, options), Progress::kFailed);
}

TEST_F(CertificateClashTest, BothAtOnceAreReachedOrTheErrorSaysWhatItIs) {
  ASSERT_EQ(first_.ConnectByAnchor(runtime_), Progress::kDone);
  for (const bool by_pin : {false, true}) {
    const Progress progress = by_pin ? second_.ConnectByPin(runtime_)
                                     : second_.ConnectByAnchor(runtime_);
    if (progress == Progress::kDone) {
      EXPECT_TRUE(second_.client->tls_info().certificate_verified());
      EXPECT_NE(second_.client->tls_info().certificate.pin,
                first_.client->tls_info().certificate.pin);
      continue;
    }
    const ErrorCode code =
        ErrorCodeFromNss(second_.client->evidence().nss_error);
    EXPECT_EQ(code, ErrorCode::kCertificateClash);
    EXPECT_EQ(GetErrorInfo(code).category, ErrorCategory::kLocal);
  }
  // The one that was there is not disturbed.
  EXPECT_EQ(first_.client->tls_info().certificate.pin,
            ReadCertificate(*runtime_, first_.certificate.der)->pin);
}

}  // namespace
}  // namespace holdfast::test
