// Each protocol with each mechanism against a server of another make.

#include "holdfast/tests/helpers/sasl_server.h"

#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "holdfast/core/nss/nss_runtime.h"
#include "holdfast/protocols/sign_in/authenticator.h"

namespace holdfast::test {
namespace {

using M = SaslMechanism;

const std::string kExporter(32, '\x5a');

class SaslServerTest
    : public testing::TestWithParam<std::tuple<Protocol, SaslMechanism>> {
 protected:
  static AuthenticatorOptions Options(const std::string& password) {
    AuthenticatorOptions options{std::get<0>(GetParam()),
                                 std::get<1>(GetParam()), "alice",
                                 SecretString(password)};
    options.capabilities = {"SASL-IR"};
    options.channel_binding = ChannelBinding{"tls-exporter", kExporter};
    // gsasl's server insists on 'n' where it could do better than 'y'.
    if (options.mechanism == M::kScramSha256 ||
        options.mechanism == M::kScramSha1) {
      options.channel_binding.reset();
    }
    return options;
  }
  // Lets both talk to the end.
  static AuthStep Talk(AuthenticatorOptions options, SaslServer* server) {
    auto client = Authenticator::Create(std::move(options));
    EXPECT_TRUE(client.ok()) << client.status();
    AuthStep step = (*client)->Start();
    for (int i = 0; i < 10 && step.kind == AuthStep::Kind::kContinue; ++i) {
      const std::string answer = server->Answer(std::string(step.send.view()));
      step = (*client)->OnLine(absl::StripSuffix(answer, "\r\n"));
    }
    return step;
  }

  std::shared_ptr<NssRuntime> nss_ = *NssRuntime::Start();
};

class PasswordTest : public SaslServerTest {};
class BoundTest : public SaslServerTest {};

TEST_P(SaslServerTest, TheRightPasswordIsTaken) {
  SaslServer server(std::get<0>(GetParam()), kExporter);
  const AuthStep step = Talk(Options("pw"), &server);
  EXPECT_EQ(step.kind, AuthStep::Kind::kDone)
      << (step.error ? step.error->Message() + step.error->server_text : "");
  EXPECT_TRUE(server.signed_in());
}

TEST_P(PasswordTest, AWrongPasswordIsRefused) {
  SaslServer server(std::get<0>(GetParam()), kExporter);
  const AuthStep step = Talk(Options("wrong"), &server);
  EXPECT_EQ(step.kind, AuthStep::Kind::kRefused);
  ASSERT_TRUE(step.error);
  EXPECT_EQ(step.error->code, ErrorCode::kAuthenticationRefused);
  EXPECT_FALSE(server.signed_in());
}

TEST_P(BoundTest, AnotherTlsConnectionsBindingIsRefused) {
  SaslServer server(std::get<0>(GetParam()), std::string(32, '\x11'));
  EXPECT_NE(Talk(Options("pw"), &server).kind, AuthStep::Kind::kDone);
  EXPECT_FALSE(server.signed_in());
}

const auto kProtocols = testing::Values(Protocol::kImap, Protocol::kPop3,
                                        Protocol::kSubmission, Protocol::kNntp);

std::string NameOf(
    const testing::TestParamInfo<std::tuple<Protocol, SaslMechanism>>& test) {
  return absl::StrReplaceAll(
      absl::StrCat(GetProtocolInfo(std::get<0>(test.param)).name, "_",
                   SaslMechanismName(std::get<1>(test.param))),
      {{"-", "_"}});
}

INSTANTIATE_TEST_SUITE_P(
    All, SaslServerTest,
    testing::Combine(kProtocols,
                     testing::Values(M::kScramSha256Plus, M::kScramSha256,
                                     M::kScramSha1Plus, M::kScramSha1,
                                     M::kPlain, M::kLogin, M::kAnonymous)),
    NameOf);
INSTANTIATE_TEST_SUITE_P(
    All, PasswordTest,
    testing::Combine(kProtocols,
                     testing::Values(M::kScramSha256Plus, M::kScramSha256,
                                     M::kScramSha1Plus, M::kScramSha1,
                                     M::kPlain, M::kLogin)),
    NameOf);
INSTANTIATE_TEST_SUITE_P(All, BoundTest,
                         testing::Combine(kProtocols,
                                          testing::Values(M::kScramSha256Plus,
                                                          M::kScramSha1Plus)),
                         NameOf);

}  // namespace
}  // namespace holdfast::test
