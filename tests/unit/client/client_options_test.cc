// What a client refuses before it connects: options that cannot all be meant.

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/client/client.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/connect/redialer.h"
#include "holdfast/protocols/probe/probe.h"
#include "holdfast/protocols/session/imap/imap_session.h"
#include "holdfast/protocols/session/nntp_session.h"
#include "holdfast/protocols/session/pop3_session.h"
#include "holdfast/protocols/session/smtp_session.h"

namespace holdfast::test {
namespace {

using testing::HasSubstr;

ClientOptions Usable() {
  ClientOptions options;
  options.system_roots = false;
  options.danger_accept_any_certificate = true;
  options.cache_file = "";
  return options;
}

struct Refused {
  std::string name;
  std::function<void(ClientOptions*)> make;
  ErrorCode code;
  std::string says;
};

void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.name;
}

class RefusedOptionsTest : public testing::TestWithParam<Refused> {};

TEST_P(RefusedOptionsTest, AreNamed) {
  ClientOptions options = Usable();
  ASSERT_TRUE(Client::Create(options).ok());
  GetParam().make(&options);
  const auto client = Client::Create(std::move(options));
  ASSERT_FALSE(client.ok());
  const Error error = ErrorFromStatus(client.status());
  EXPECT_EQ(error.code, GetParam().code) << error.Message();
  EXPECT_THAT(error.Message(), HasSubstr(GetParam().says));
}

constexpr ErrorCode kInvalid = ErrorCode::kInvalidArgument;

CertificateVerifier AcceptAll() {
  return [](ServerCertificates, auto answer) { answer({}); };
}

void Verify(ClientOptions* options) {
  options->danger_accept_any_certificate = false;
  options->verifier = AcceptAll();
}

INSTANTIATE_TEST_SUITE_P(
    Combinations, RefusedOptionsTest,
    testing::Values(Refused{"VerifierAndAuthority",
                            [](ClientOptions* options) {
                              Verify(options);
                              options->ca_files = {"ca.pem"};
                            },
                            kInvalid, "verifier"},
                    Refused{"VerifierAndPin",
                            [](ClientOptions* options) {
                              Verify(options);
                              options->pins = {"sha256//x"};
                            },
                            kInvalid, "verifier"},
                    Refused{"VerifierAndTrust",
                            [](ClientOptions* options) {
                              Verify(options);
                              options->trust = Trust::Custom(AcceptAll());
                            },
                            kInvalid, "verifier"},
                    Refused{"TrustAndAnybody",
                            [](ClientOptions* options) {
                              options->trust = Trust::Custom(AcceptAll());
                            },
                            kInvalid, "loaded"},
                    Refused{"CertificateWithoutKey",
                            [](ClientOptions* options) {
                              options->client_certificate = "alice.pem";
                            },
                            kInvalid, "needs its key"},
                    Refused{"KeyWithoutCertificate",
                            [](ClientOptions* options) {
                              options->client_key = "alice.key";
                            },
                            kInvalid, "certificate"},
                    Refused{"SocketsAndProxy",
                            [](ClientOptions* options) {
                              options->socket_factory = [](const Endpoint&,
                                                           auto) {};
                              options->proxy = "socks5://127.0.0.1";
                            },
                            kInvalid, "socket factory"},
                    Refused{"SocketsAndLocalAddress",
                            [](ClientOptions* options) {
                              options->socket_factory = [](const Endpoint&,
                                                           auto) {};
                              options->bind_addresses = {"127.0.0.1"};
                            },
                            kInvalid, "socket factory"}),
    [](const auto& refused) { return refused.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Values, RefusedOptionsTest,
    testing::Values(
        Refused{"Proxy",
                [](ClientOptions* options) { options->proxy = "ftp://x"; },
                ErrorCode::kInvalidProxy, ""},
        Refused{"LocalAddress",
                [](ClientOptions* options) {
                  options->bind_addresses = {"example.org"};
                },
                kInvalid, "example.org"},
        Refused{"Versions",
                [](ClientOptions* options) {
                  options->min_version = TlsVersion::kTls13;
                  options->max_version = TlsVersion::kTls12;
                },
                ErrorCode::kInvalidVersionRange, ""},
        Refused{"Authority",
                [](ClientOptions* options) {
                  options->ca_files = {"/nowhere/ca.pem"};
                },
                ErrorCode::kTrustUnreadable, "/nowhere/ca.pem"},
        Refused{"NoTrust",
                [](ClientOptions* options) {
                  options->danger_accept_any_certificate = false;
                },
                ErrorCode::kNoTrustAnchors, ""},
        Refused{"Identity",
                [](ClientOptions* options) {
                  options->client_certificate = "/nowhere/alice.pem";
                  options->client_key = "/nowhere/alice.key";
                },
                ErrorCode::kClientIdentityUnusable, "/nowhere/alice"},
        Refused{"NoTime",
                [](ClientOptions* options) {
                  options->connect_timeout = absl::ZeroDuration();
                },
                kInvalid, "connect_timeout"},
        Refused{"NegativeTime",
                [](ClientOptions* options) {
                  options->hedge_delay = absl::Seconds(-1);
                },
                kInvalid, "hedge_delay"},
        Refused{"NoAttempt",
                [](ClientOptions* options) { options->max_attempts = 0; },
                kInvalid, "max_attempts"},
        Refused{"NegativeRedials",
                [](ClientOptions* options) { options->max_redials = -1; },
                kInvalid, "max_redials"}),
    [](const auto& refused) { return refused.param.name; });

TEST(ClientPiecesTest, ATargetOfAnotherProtocolIsNamed) {
  const auto client = Client::Create(Usable());
  ASSERT_TRUE(client.ok()) << client.status();
  const auto code = [](const absl::Status& status) {
    return ErrorFromStatus(status).code;
  };
  EXPECT_EQ(code((*client)->OpenImap("pop3://localhost", nullptr).status()),
            ErrorCode::kInvalidTarget);
  EXPECT_EQ(code((*client)->OpenPop3("imap://localhost", nullptr).status()),
            ErrorCode::kInvalidTarget);
  EXPECT_EQ(code((*client)->OpenSmtp("nntp://localhost", nullptr).status()),
            ErrorCode::kInvalidTarget);
  EXPECT_EQ(code((*client)->OpenNntp("smtp://localhost", nullptr).status()),
            ErrorCode::kInvalidTarget);
  EXPECT_EQ(code((*client)->Connect("localhost").status()),
            ErrorCode::kInvalidTarget);
  for (const char* target :
       {"smtp://localhost", "submissions://localhost", "localhost"}) {
    EXPECT_TRUE((*client)->OpenSmtp(target, nullptr).ok()) << target;
  }
}

// Whose loop it is, only that one can run it.
TEST(ClientPiecesTest, OnALoopOfAnotherItDoesNotWait) {
  const std::unique_ptr<UvEventLoop> loop = *UvEventLoop::Create();
  ClientOptions options = Usable();
  options.loop = loop.get();
  const auto client = Client::Create(std::move(options));
  ASSERT_TRUE(client.ok()) << client.status();
  const Target target = *ParseTarget("imaps://127.0.0.1");
  EXPECT_EQ((*client)->Connect(target).report.error->code, kInvalid);
  EXPECT_EQ((*client)->ConnectAndSignIn(target, nullptr).error->code, kInvalid);
  EXPECT_EQ((*client)->RunProbe(target).cause()->code, kInvalid);
  EXPECT_EQ(
      ErrorFromStatus((*client)->Connect("imaps://127.0.0.1").status()).code,
      kInvalid);
}

// Whatever the client is, a probe has nobody's name to give (promise 11).
TEST(ClientPiecesTest, WhatItHasReachesThePieces) {
  ClientOptions options = Usable();
  options.max_version = TlsVersion::kTls12;
  options.fallback = false;
  options.connect_timeout = absl::Seconds(7);
  options.max_redials = 2;
  options.scope = "home";
  const auto client = Client::Create(std::move(options));
  ASSERT_TRUE(client.ok()) << client.status();
  const Target target = *ParseTarget("imaps://localhost");
  const ConnectRequest connect = (*client)->RequestFor(target);
  EXPECT_EQ(connect.timeout, absl::Seconds(7));
  EXPECT_EQ(connect.scope, "home");
  EXPECT_FALSE(connect.policy.fallback);
  EXPECT_EQ(connect.policy.versions.max(), TlsVersion::kTls12);
  const ProbeRequest probe = (*client)->ProbeRequestFor(target);
  EXPECT_EQ(probe.timeout, absl::Seconds(7));
  EXPECT_FALSE(probe.fallback);
  EXPECT_EQ(probe.versions.max(), TlsVersion::kTls12);
  const RedialOptions redial = (*client)->RedialOptionsFor(
      target, NewPasswordProvider("alice", SecretString("pw")));
  EXPECT_EQ(redial.policy.max_redials, 2);
}

// Whatever the first one was made with, the two go together.
TEST(ClientPiecesTest, AnotherOneIsMadeOfWhatTheFirstHasRead) {
  ClientOptions options = Usable();
  options.scope = "home";
  options.max_redials = 2;
  const auto first = Client::Create(std::move(options));
  ASSERT_TRUE(first.ok()) << first.status();
  const auto loop = *UvEventLoop::Create();
  ClientOptions shared = (*first)->OptionsToShare();
  EXPECT_EQ(shared.loop, nullptr);
  EXPECT_EQ(shared.resolver, nullptr);
  EXPECT_EQ(shared.dialer, nullptr);
  shared.loop = loop.get();
  const auto second = Client::Create(std::move(shared));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*second)->loop(), loop.get());
  EXPECT_NE((*first)->loop(), loop.get());
  EXPECT_EQ((*second)->trust(), (*first)->trust());
  EXPECT_TRUE((*second)->trust()->danger_accepts_any_certificate());
  EXPECT_EQ((*second)->cache(), (*first)->cache());
  const Target target = *ParseTarget("imaps://localhost");
  EXPECT_EQ((*second)->RequestFor(target).scope, "home");
  EXPECT_EQ((*second)->RedialOptionsFor(target, nullptr).policy.max_redials, 2);
  // One of the loop's owner is not changed for another.
  EXPECT_EQ((*second)->OptionsToShare().loop, loop.get());
}

}  // namespace
}  // namespace holdfast::test
