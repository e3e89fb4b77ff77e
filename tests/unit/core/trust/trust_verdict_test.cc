// How a verdict on a server's certificates comes: in slices of work, or from a
// verifier of the client's own, at once or later.

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/tls/secure_socket.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/tests/helpers/certificate_maker.h"
#include "holdfast/tests/helpers/openssl_peer.h"
#include "holdfast/tests/helpers/socket_pair.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

using Progress = SecureSocket::Progress;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

using Answer = std::function<void(std::vector<CertificateProblem>)>;

// A server's certificate below so many authorities, the root left out.
struct LongChain {
  explicit LongChain(int authorities) {
    std::vector<MadeCertificate> above = {
        MakeCertificate(AuthoritySpec("Root"))};
    root = above.front().Pem();
    for (int i = 0; i < authorities; ++i) {
      above.push_back(MakeCertificate(
          AuthoritySpec(absl::StrCat("Authority ", i)), &above.back()));
    }
    const MadeCertificate leaf =
        MakeCertificate(LeafSpec("localhost"), &above.back());
    server.key_pem = leaf.KeyPem();
    server.certificate_pem = leaf.Pem();
    server.chain_pem = leaf.Pem();
    for (size_t i = above.size(); i-- > 1;) server.chain_pem += above[i].Pem();
  }

  std::string root;
  lab::Certificate server;
};

class TrustVerdictTest : public testing::TestWithParam<TlsVersion> {
 protected:
  void Begin(const lab::Certificate& certificate,
             std::shared_ptr<const Trust> trust) {
    server_.emplace(std::move(pair_.server), certificate);
    HandshakeProfile profile;
    profile.versions = TlsVersionRange::Only(GetParam());
    client_->SetWake([this] { ++woken_; });
    ASSERT_TRUE(client_
                    ->StartTls(profile, *Host::Parse("localhost"),
                               std::move(trust), absl::Now())
                    .ok());
  }
  // Goes on until nothing more comes of it without `stop` or an answer.
  template <typename Stop>
  Progress Run(Stop stop) {
    Progress progress = client_->Handshake();
    for (int i = 0; i < 60 && progress == Progress::kWouldBlock && !stop();
         ++i) {
      server_->Accept();
      progress = client_->Handshake();
      turns_ += client_->wants_turn();
    }
    return progress;
  }
  Progress RunToTheVerdict() {
    return Run([this] { return client_->awaits_verdict(); });
  }
  void ExpectConversation() {
    client_->Write("a1 NOOP\r\n");
    server_->Accept();
    EXPECT_EQ(server_->Read(), "a1 NOOP\r\n");
  }
  std::shared_ptr<const Trust> TrustIn(const std::string& pem) {
    TrustOptions options;
    options.system_roots = false;
    options.ca_files = {files_.Write("ca.pem", pem)};
    return *Trust::Load(runtime_, options);
  }
  std::shared_ptr<const Trust> AskingTrust() {
    return Trust::Custom([this](ServerCertificates server, Answer answer) {
      asked_ = std::move(server);
      answer_ = std::move(answer);
    });
  }

  TempDir files_;
  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  SocketPair pair_;
  std::unique_ptr<SecureSocket> client_ =
      *SecureSocket::Create(runtime_, std::move(pair_.client));
  std::optional<OpensslPeer> server_;
  std::optional<ServerCertificates> asked_;
  Answer answer_;
  int woken_ = 0;
  int turns_ = 0;
};

TEST_P(TrustVerdictTest, AnOrdinaryChainTakesOneSlice) {
  const LongChain chain(1);
  Begin(chain.server, TrustIn(chain.root));
  EXPECT_EQ(RunToTheVerdict(), Progress::kDone);
  EXPECT_EQ(turns_, 0);
  EXPECT_TRUE(client_->tls_info().certificate_verified());
  EXPECT_EQ(client_->tls_info().chain.size(), 2u);
}

TEST_P(TrustVerdictTest, ALongChainIsCheckedInSlicesAndOthersHaveTheirTurn) {
  const LongChain chain(25);
  Begin(chain.server, TrustIn(chain.root));
  EXPECT_EQ(RunToTheVerdict(), Progress::kDone);
  EXPECT_GE(turns_, 2);
  EXPECT_TRUE(client_->tls_info().certificate_verified());
  ExpectConversation();
}

TEST_P(TrustVerdictTest, ALongChainThatIsBadIsRefusedAfterItsSlices) {
  const LongChain chain(25);
  const LongChain other(1);
  Begin(chain.server, TrustIn(other.root + LongChain(0).root));
  EXPECT_EQ(RunToTheVerdict(), Progress::kFailed);
  EXPECT_TRUE(client_->evidence().certificate_refused);
  EXPECT_FALSE(client_->evidence().certificate_problems.empty());
  EXPECT_EQ(client_->certificates().size(), 26u);
}

TEST_P(TrustVerdictTest, TheClientsVerifierIsGivenWhatTheServerSent) {
  const LongChain chain(1);
  Begin(chain.server, AskingTrust());
  EXPECT_EQ(RunToTheVerdict(), Progress::kWouldBlock);
  ASSERT_TRUE(asked_);
  EXPECT_EQ(asked_->chain.size(), 2u);
  EXPECT_EQ(asked_->host.name(), "localhost");
}

TEST_P(TrustVerdictTest, TheClientMayAcceptAtOnce) {
  const LongChain chain(0);
  Begin(chain.server, Trust::Custom([](ServerCertificates,
                                       const Answer& answer) { answer({}); }));
  EXPECT_EQ(RunToTheVerdict(), Progress::kDone);
  EXPECT_EQ(woken_, 0);
  EXPECT_TRUE(client_->tls_info().certificate_verified());
}

TEST_P(TrustVerdictTest, TheClientMayAcceptLater) {
  const LongChain chain(0);
  Begin(chain.server, AskingTrust());
  EXPECT_EQ(RunToTheVerdict(), Progress::kWouldBlock);
  EXPECT_TRUE(client_->awaits_verdict());
  // Nothing but the verdict changes that.
  server_->Accept();
  EXPECT_EQ(client_->Handshake(), Progress::kWouldBlock);
  answer_({});
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(RunToTheVerdict(), Progress::kDone);
  EXPECT_TRUE(client_->tls_info().certificate_verified());
  ExpectConversation();
}

TEST_P(TrustVerdictTest, TheClientMayRefuseLaterWithItsOwnProblems) {
  const LongChain chain(0);
  Begin(chain.server, AskingTrust());
  EXPECT_EQ(RunToTheVerdict(), Progress::kWouldBlock);
  answer_({{ErrorCode::kRevoked, "", "it is in our list"}});
  EXPECT_EQ(RunToTheVerdict(), Progress::kFailed);
  EXPECT_THAT(
      client_->evidence().certificate_problems,
      ElementsAre(Field(&CertificateProblem::code, ErrorCode::kRevoked)));
}

TEST_P(TrustVerdictTest, AnAnswerThatIsDroppedRefuses) {
  const LongChain chain(0);
  Begin(chain.server, AskingTrust());
  EXPECT_EQ(RunToTheVerdict(), Progress::kWouldBlock);
  answer_ = nullptr;
  EXPECT_EQ(RunToTheVerdict(), Progress::kFailed);
  EXPECT_THAT(client_->evidence().certificate_problems,
              ElementsAre(Field(&CertificateProblem::code,
                                ErrorCode::kCertificateRefusedByClient)));
}

TEST_P(TrustVerdictTest, AnAnswerAfterTheEndOrASecondOneDoesNothing) {
  const LongChain chain(0);
  Begin(chain.server, AskingTrust());
  EXPECT_EQ(RunToTheVerdict(), Progress::kWouldBlock);
  answer_({{ErrorCode::kRevoked, "", ""}});
  answer_({});
  EXPECT_EQ(RunToTheVerdict(), Progress::kFailed);
  client_.reset();
  answer_({});
  EXPECT_EQ(woken_, 1);
}

INSTANTIATE_TEST_SUITE_P(Versions, TrustVerdictTest,
                         testing::Values(TlsVersion::kTls12,
                                         TlsVersion::kTls13),
                         [](const auto& version) {
                           return version.param == TlsVersion::kTls12 ? "Tls12"
                                                                      : "Tls13";
                         });

}  // namespace
}  // namespace holdfast::test
