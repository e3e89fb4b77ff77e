// The front door, before the lab and a real server.

#include "holdfast/client/client.h"

#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/connect/redialer.h"
#include "holdfast/protocols/probe/probe.h"
#include "holdfast/protocols/session/imap/imap_session.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/in_process_test.h"
#include "holdfast/tests/helpers/openssl_server.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {
namespace {

class ClientTest : public InProcessTest {
 protected:
  ClientOptions Options() const {
    ClientOptions options;
    options.trust = trust_;
    options.cache_file = "";
    options.connect_timeout = LongEnough();
    options.hedge_delay = LongEnough();
    return options;
  }
  static std::unique_ptr<Client> Make(ClientOptions options) {
    auto client = Client::Create(std::move(options));
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }
  static std::string Url(const std::string& scheme, uint16_t port) {
    return absl::StrCat(scheme, "://127.0.0.1:", port);
  }

  const std::shared_ptr<CredentialsProvider> alice_ =
      NewPasswordProvider("alice", SecretString("pw"));
};

TEST_F(ClientTest, RecoversRemembersAndReports) {
  const auto server = StartLab("tls13-fin");
  const std::string file = directory_.path() + "/hosts.db";
  ClientOptions options = Options();
  options.cache_file = file;
  const Target target = *ParseTarget(Url("imaps", server->port()));
  {
    const auto client = Make(options);
    const ConnectResult first = client->Connect(target);
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_TRUE(first.report.fallback->applied());
    EXPECT_GT(first.report.attempts.size(), 1u);
  }
  const ConnectResult second = Make(options)->Connect(target);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(second.report.fallback->from_cache);
  EXPECT_EQ(second.report.attempts.size(), 1u);
}

TEST_F(ClientTest, InAFewWordsItIsAConnectionOrTheCause) {
  const auto server = StartLab("healthy");
  const auto client = Make(Options());
  auto connection = client->Connect(Url("imaps", server->port()));
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ((*connection)->tls_info().version, TlsVersion::kTls13);
  const auto refused = client->Connect(Url("imap", server->port()));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(ErrorFromStatus(refused.status()).code,
            ErrorCode::kTlsOnPlaintextPort);
}

TEST_F(ClientTest, AnotherThreadEndsAWait) {
  const auto server = StartLab("tls13-silent");
  const auto client = Make(Options());
  const auto cancellation = std::make_shared<Cancellation>();
  std::thread other([&] { cancellation->Cancel(); });
  const ConnectResult result =
      client->Connect(*ParseTarget(Url("imaps", server->port())), cancellation);
  other.join();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.report.error->code, ErrorCode::kCancelled);
}

TEST_F(ClientTest, OnALoopOfItsOwnersItCallsBack) {
  const auto server = StartLab("healthy");
  const auto loop = *UvEventLoop::Create();
  ClientOptions options = Options();
  options.loop = loop.get();
  const auto client = Make(std::move(options));
  std::optional<ConnectResult> result;
  const auto operation = client->StartConnect(
      *ParseTarget(Url("imaps", server->port())),
      [&result](ConnectResult given) { result = std::move(given); });
  EXPECT_FALSE(result);
  loop->RunUntil([&result] { return result.has_value(); });
  EXPECT_TRUE(result->ok()) << result->status();
}

TEST_F(ClientTest, AProbeTellsWhatTheServerChokesOn) {
  const auto server = StartLab("tls13-fin");
  const auto client = Make(Options());
  const ProbeReport report =
      client->RunProbe(*ParseTarget(Url("imaps", server->port())));
  EXPECT_EQ(Diagnose(report).verdict, ProbeVerdict::kIntolerant);
}

// Of a server that insists on a client certificate a probe hears that there is
// none: it shows none, whatever the client has (promise 11).
TEST_F(ClientTest, AProbeShowsNoClientCertificate) {
  const lab::Certificate alice = *authority_.Issue();
  ClientOptions options = Options();
  options.client_certificate =
      directory_.Write("alice.pem", alice.certificate_pem);
  options.client_key = directory_.Write("alice.key", alice.key_pem);
  const auto client = Make(std::move(options));
  const auto server =
      OpensslServer::Start(*authority_.Issue(), {"-Verify", "1"});
  ASSERT_TRUE(server.ok()) << server.status();
  const Target target = *ParseTarget(Url("imaps", (*server)->port()));
  EXPECT_NE(client->RequestFor(target).identity, nullptr);
  const ProbeReport report = client->RunProbe(target);
  ASSERT_NE(report.cause(), nullptr);
  EXPECT_EQ(report.cause()->code, ErrorCode::kClientCertificateRequired);
}

TEST_F(ClientTest, WhatItHasReadIsSharedAlsoWithoutTheFiles) {
  const lab::Certificate alice = *authority_.Issue();
  ClientOptions options = Options();
  options.trust = nullptr;
  options.system_roots = false;
  options.ca_files = {
      directory_.Write("own.pem", authority_.certificate_pem())};
  options.client_certificate =
      directory_.Write("alice.pem", alice.certificate_pem);
  options.client_key = directory_.Write("alice.key", alice.key_pem);
  const auto first = Make(std::move(options));
  for (const char* name : {"own.pem", "alice.pem", "alice.key"}) {
    ASSERT_EQ(std::remove(directory_.Path(name).c_str()), 0);
  }
  const auto second = Make(first->OptionsToShare());
  const auto server = StartLab("healthy");
  const Target target = *ParseTarget(Url("imaps", server->port()));
  EXPECT_TRUE(second->Connect(target).ok());
  EXPECT_NE(second->RequestFor(target).identity, nullptr);
  EXPECT_EQ(second->RequestFor(target).identity,
            first->RequestFor(target).identity);
}

TEST_F(ClientTest, SignsInAndOpensSessions) {
  const auto dovecot = DovecotServer::Start({*authority_.Issue()});
  ASSERT_TRUE(dovecot.ok()) << dovecot.status();
  const auto client = Make(Options());
  const std::string url = Url("imaps", (*dovecot)->imaps_port());
  const RedialResult signed_in =
      client->ConnectAndSignIn(*ParseTarget(url), alice_);
  ASSERT_TRUE(signed_in.ok()) << signed_in.error->Message();
  EXPECT_EQ(signed_in.sign_in.tries, 1);

  auto imap = client->OpenImap(url, alice_);
  ASSERT_TRUE(imap.ok()) << imap.status();
  const auto list = client->Await<absl::StatusOr<ImapMailboxes>>(
      [&](auto done) { (*imap)->List("*", std::move(done)); });
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(list->mailboxes,
              testing::Contains(testing::Field(&MailboxEntry::name, "INBOX")));
}

TEST_F(ClientTest, AWrongPasswordIsSentOnce) {
  const auto dovecot = DovecotServer::Start({*authority_.Issue()});
  ASSERT_TRUE(dovecot.ok()) << dovecot.status();
  const auto client = Make(Options());
  const RedialResult refused = client->ConnectAndSignIn(
      *ParseTarget(Url("imaps", (*dovecot)->imaps_port())),
      NewPasswordProvider("alice", SecretString("wrong")));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error->code, ErrorCode::kAuthenticationRefused);
  EXPECT_EQ(refused.sign_in.tries, 1);
  EXPECT_EQ(refused.dials, 1);
}

}  // namespace
}  // namespace holdfast::test
