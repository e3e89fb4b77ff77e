// How many round trips it takes to be signed in, counted on the wire against
// real servers, and asserted exactly: the tables of docs/signing-in.md.

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/in_process_test.h"
#include "holdfast/tests/helpers/inn_server.h"
#include "holdfast/tests/helpers/postfix_server.h"
#include "holdfast/tests/helpers/turn_counter.h"

namespace holdfast::test {
namespace {

using M = SaslMechanism;
constexpr Protocol kImap = Protocol::kImap;
constexpr Protocol kPop3 = Protocol::kPop3;
constexpr Protocol kSubmission = Protocol::kSubmission;
constexpr Protocol kNntp = Protocol::kNntp;

struct Trips {
  int implicit_tls;
  int starttls;
};

class RoundTripsTest : public InProcessTest,
                       public testing::WithParamInterface<TlsVersion> {
 protected:
  // From the TCP connect until `options` have led to a signed-in connection.
  int TripsTo(uint16_t server_port, ConnectionSecurity security,
              const SignInOptions& options,
              const std::string& user = "alice@example.test") {
    const auto loop = *UvEventLoop::Create();
    TurnCounter relay(loop.get(), server_port);
    const auto resolver = NewSystemResolver(loop.get());
    const auto dialer = NewTcpDialer(loop.get());
    const auto cache = NewMemoryHostCache();
    Connector connector(
        {loop.get(), resolver.get(), dialer.get(), cache.get()});
    const auto provider = NewPasswordProvider(user, SecretString("pw"));
    ConnectRequest request =
        RequestFor(relay.port(), {options.protocol, security});

    std::optional<ConnectResult> connected;
    const auto operation = connector.Connect(
        std::move(request), {provider.get(), options},
        [&](ConnectResult result) { connected = std::move(result); });
    loop->RunUntil([&] { return connected.has_value(); });
    if (!connected->ok()) {
      ADD_FAILURE() << connected->status();
      return 0;
    }
    EXPECT_EQ(connected->report.tls->version, GetParam());
    EXPECT_EQ(connected->report.attempts.size(), 1u);
    std::optional<SignInResult> signed_in;
    int turns = 0;
    const auto sign_in = SignIn::Start(
        loop.get(), connected->connection.get(), provider.get(), options,
        [&](SignInResult result) {
          signed_in = std::move(result);
          turns = relay.turns();
        },
        std::move(connected->begun_sign_in));
    loop->RunUntil([&] { return signed_in.has_value(); });
    EXPECT_TRUE(signed_in->ok())
        << signed_in->error->Message() << signed_in->error->server_text;
    EXPECT_EQ(signed_in->tries, 1);
    return turns;
  }

  template <typename Server>
  void Expect(const Server& server, SignInOptions options, Trips trips) {
    SCOPED_TRACE(absl::StrCat(
        GetProtocolInfo(options.protocol).name, " ",
        options.mechanism ? SaslMechanismName(*options.mechanism) : "any"));
    EXPECT_EQ(TripsTo(PortOf(server, options.protocol, true),
                      ConnectionSecurity::kImplicitTls, options),
              trips.implicit_tls)
        << "implicit TLS";
    EXPECT_EQ(TripsTo(PortOf(server, options.protocol, false),
                      ConnectionSecurity::kStartTls, options),
              trips.starttls)
        << "STARTTLS";
  }

  static uint16_t PortOf(const DovecotServer& server, Protocol protocol,
                         bool implicit_tls) {
    if (protocol == kImap) {
      return implicit_tls ? server.imaps_port() : server.imap_port();
    }
    if (protocol == kPop3) {
      return implicit_tls ? server.pop3s_port() : server.pop3_port();
    }
    return implicit_tls ? server.submissions_port() : server.submission_port();
  }
  static uint16_t PortOf(const PostfixServer& server, Protocol,
                         bool implicit_tls) {
    return implicit_tls ? server.submissions_port() : server.submission_port();
  }
  static uint16_t PortOf(const InnServer& server, Protocol, bool implicit_tls) {
    return implicit_tls ? server.nntps_port() : server.nntp_port();
  }

  static SignInOptions Told(Protocol protocol, SaslMechanism mechanism,
                            std::vector<std::string> remembered = {}) {
    SignInOptions options{protocol, mechanism};
    options.remembered_capabilities = std::move(remembered);
    return options;
  }
};

TEST_P(RoundTripsTest, ToDovecot) {
  const auto postfix = PostfixServer::Start({*authority_.Issue()});
  DovecotOptions options{*authority_.Issue(), GetParam()};
  if (postfix.ok()) options.relay_port = (*postfix)->smtp_port();
  const auto dovecot = DovecotServer::Start(options).value();

  // The strict minimum.
  Expect(*dovecot, Told(kImap, M::kProtocolLogin), {4, 5});
  Expect(*dovecot, Told(kImap, M::kPlain, {"IMAP4rev1", "SASL-IR"}), {4, 5});
  Expect(*dovecot, Told(kPop3, M::kPlain), {4, 5});
  if (postfix.ok()) Expect(*dovecot, Told(kSubmission, M::kPlain), {5, 7});

  SignInOptions again{kImap};
  again.remembered_mechanism = M::kPlain;
  again.remembered_capabilities = {"IMAP4rev1", "SASL-IR"};
  Expect(*dovecot, again, {4, 5});

  // The list is heard first, where the greeting does not carry it.
  Expect(*dovecot, {kImap}, {4, 6});
  Expect(*dovecot, Told(kImap, M::kPlain), {4, 6});
  Expect(*dovecot, {kPop3}, {5, 6});
  if (postfix.ok()) Expect(*dovecot, {kSubmission}, {5, 7});

  // USER and PASS are two commands.
  Expect(*dovecot, Told(kPop3, M::kProtocolLogin), {5, 6});
}

TEST_P(RoundTripsTest, ToPostfix) {
  const auto postfix = PostfixServer::Start({*authority_.Issue(), GetParam()});
  if (absl::IsFailedPrecondition(postfix.status())) {
    GTEST_SKIP() << postfix.status();
  }
  ASSERT_TRUE(postfix.ok()) << postfix.status();
  Expect(**postfix, Told(kSubmission, M::kPlain), {5, 7});
}

// USER and PASS are two commands, and CAPABILITIES comes first.
TEST_P(RoundTripsTest, ToInn) {
  const auto inn = InnServer::Start({*authority_.Issue(), GetParam()});
  if (absl::IsFailedPrecondition(inn.status())) {
    GTEST_SKIP() << inn.status();
  }
  ASSERT_TRUE(inn.ok()) << inn.status();
  SignInOptions options = Told(kNntp, M::kProtocolLogin);
  EXPECT_EQ(TripsTo((*inn)->nntps_port(), ConnectionSecurity::kImplicitTls,
                    options, "alice"),
            6);
  EXPECT_EQ(TripsTo((*inn)->nntp_port(), ConnectionSecurity::kStartTls, options,
                    "alice"),
            7);
}

// False Start (RFC 7918) makes the handshake as short as TLS 1.3's.
INSTANTIATE_TEST_SUITE_P(Versions, RoundTripsTest,
                         testing::Values(TlsVersion::kTls12,
                                         TlsVersion::kTls13),
                         [](const testing::TestParamInfo<TlsVersion>& test) {
                           return test.param == TlsVersion::kTls13 ? "Tls13"
                                                                   : "Tls12";
                         });

}  // namespace
}  // namespace holdfast::test
