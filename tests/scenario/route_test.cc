// Ways to a server, with everything real: SOCKS 5 and HTTP proxies, sockets
// that the client makes, a connection that is there already, local addresses.
// An EOF or RST through a proxy never counts as intolerance; all else does.

#include "holdfast/core/net/route.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/cancellation.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/core/net/proxy_dialer.h"
#include "holdfast/core/net/socket_factory.h"
#include "holdfast/tests/helpers/free_port.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/in_process_test.h"
#include "holdfast/tests/helpers/own_loop.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/proxy_server.h"
#include "holdfast/tests/helpers/socket_pair.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kDropsTls13[] = "tls13-fin";

// Ends the first connection at its hello; is healthy after that.
lab::Behaviour EndsTheFirst() {
  lab::Behaviour behaviour;
  behaviour.on_hello = {
      {[](const lab::ClientHello&, int number) { return number == 1; },
       lab::Fault()}};
  return behaviour;
}

std::string Code(const ConnectResult& result) {
  return result.report.error ? std::string(ErrorName(result.report.error->code))
                             : "";
}

Route Through(const std::string& url) { return {*Proxy::Parse(url), {}}; }

// A plain TCP socket that listens on 127.0.0.1 and never answers.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(
        bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
        0);
    EXPECT_EQ(listen(fd_.get(), 8), 0);
    socklen_t length = sizeof address;
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  uint16_t port() const { return port_; }
  UniqueFd Accept() const {
    return UniqueFd(accept(fd_.get(), nullptr, nullptr));
  }

 private:
  UniqueFd fd_;
  uint16_t port_ = 0;
};

// Where a connection comes from.
std::string PeerOf(const UniqueFd& fd) {
  sockaddr_storage peer;
  socklen_t length = sizeof peer;
  const auto address = reinterpret_cast<sockaddr*>(&peer);
  EXPECT_EQ(getpeername(fd.get(), address, &length), 0);
  return SocketAddress(address, length).AddressText();
}

// A TCP connection to 127.0.0.1.
UniqueFd ConnectTo(uint16_t port) {
  const SocketAddress address =
      SocketAddress::FromLiteral(*Host::Parse("127.0.0.1"), port);
  UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(connect(fd.get(), address.get(), address.length()), 0);
  return fd;
}

// Passes bytes on between both until one of them ends.
void Relay(const UniqueFd& a, const UniqueFd& b) {
  const auto pass = [](int from, int to) {
    char buffer[4096];
    const ssize_t size = recv(from, buffer, sizeof buffer, 0);
    return size > 0 && send(to, buffer, size, MSG_NOSIGNAL) == size;
  };
  pollfd ends[] = {{a.get(), POLLIN, 0}, {b.get(), POLLIN, 0}};
  while (poll(ends, 2, -1) > 0) {
    if (ends[0].revents != 0 && !pass(a.get(), b.get())) return;
    if (ends[1].revents != 0 && !pass(b.get(), a.get())) return;
  }
}

class RouteTest : public InProcessTest {
 protected:
  ConnectResult Connect(uint16_t port, const Route& route,
                        const Way& way = {}) {
    return ConnectBlocking(RequestFor(port, way), cache_.get(), route);
  }

  // Over `dialer`, made for the loop that it is given.
  ConnectResult ConnectBy(
      uint16_t port,
      const std::function<std::unique_ptr<Dialer>(EventLoop*)>& make_dialer,
      bool fallback = true) {
    const auto own = *OwnLoop::Create(cache_.get());
    const auto dialer = make_dialer(own->loop());
    Connector::Services services = own->services();
    services.dialer = dialer.get();
    ConnectRequest request = RequestFor(port);
    request.policy.fallback = fallback;
    std::unique_ptr<Connector::Operation> operation;
    return own->Await<ConnectResult>([&](auto done) {
      operation = Connector(services).Connect(request, done);
    });
  }

  const std::unique_ptr<HostCache> cache_ = NewMemoryHostCache();
};

// Through each kind of proxy.
class ProxyRouteTest : public RouteTest,
                       public testing::WithParamInterface<Proxy::Kind> {
 protected:
  static std::unique_ptr<ProxyServer> StartProxy(
      ProxyServerOptions options = {}) {
    options.kind = GetParam();
    return ProxyServer::Start(options).value();
  }
  static std::string Url(uint16_t port) {
    return absl::StrCat(GetParam() == Proxy::Kind::kSocks5 ? "socks5" : "http",
                        "://127.0.0.1:", port);
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, ProxyRouteTest,
                         testing::Values(Proxy::Kind::kSocks5,
                                         Proxy::Kind::kHttpConnect),
                         [](const auto& kind) {
                           return kind.param == Proxy::Kind::kSocks5
                                      ? "Socks5"
                                      : "HttpConnect";
                         });

TEST_P(ProxyRouteTest, AHealthyServerIsReached) {
  const auto proxy = StartProxy();
  for (const Way& way : {kImplicitImap, kStartTlsImap,
                         Way{Protocol::kSmtp, ConnectionSecurity::kStartTls}}) {
    const auto server = StartLab("healthy", way);
    const ConnectResult result =
        Connect(server->port(), Through(proxy->url()), way);
    ASSERT_TRUE(result.ok()) << way.name() << ": " << result.status();
    EXPECT_EQ(result.report.tls->version, TlsVersion::kTls13);
    ASSERT_EQ(result.report.attempts.size(), 1u);
    EXPECT_TRUE(result.report.attempts[0].through_proxy);
    EXPECT_EQ(result.report.attempts[0].address, "127.0.0.1");
    EXPECT_EQ(server->connections(), 1);
  }
}

TEST_P(ProxyRouteTest, TheProxyLooksTheNameUp) {
  const auto proxy = StartProxy();
  const auto server = StartLab("healthy");
  ConnectRequest request = RequestFor(server->port());
  request.target.endpoint.host = *Host::Parse("localhost");
  bool looked_up = false;
  request.on_event = [&looked_up](const Event& event) {
    looked_up |= event.kind == EventKind::kLookupStarted;
  };
  const ConnectResult result =
      ConnectBlocking(request, nullptr, Through(proxy->url()));
  EXPECT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(looked_up);
}

TEST_P(ProxyRouteTest, AnAlertIsTheServersAndIsRecoveredFrom) {
  const auto proxy = StartProxy();
  const auto server = StartLab("tls13-alert-protocol-version");
  const ConnectResult result = Connect(server->port(), Through(proxy->url()));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(Rungs(result), ElementsAre("full", "tls12"));
  EXPECT_TRUE(ReductionIn(cache_.get()));
}

// It may be the way's as well: nothing is learned from it.
TEST_P(ProxyRouteTest, SilenceIsRecoveredFromAndNotRemembered) {
  const auto proxy = StartProxy();
  const auto server = StartLab("tls13-silent");
  ConnectRequest request = RequestFor(server->port());
  request.policy.hedge_delay = Scaled(absl::Milliseconds(200));
  const ConnectResult result =
      ConnectBlocking(request, cache_.get(), Through(proxy->url()));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result.report.tls->version, TlsVersion::kTls12);
  EXPECT_TRUE(cache_->List().empty());
  // What would have come of it otherwise.
  EXPECT_TRUE(ConnectBlocking(request, cache_.get()).ok());
  EXPECT_TRUE(ReductionIn(cache_.get()));
}

TEST_P(ProxyRouteTest, AnEndIsNobodysAndLeadsToTheSameAgainAlone) {
  const auto proxy = StartProxy();
  for (const Way& way : {kImplicitImap, kStartTlsImap}) {
    for (const char* behaviour :
         {kDropsTls13, "tls13-rst", "tls13-close-notify", "tls13-warning"}) {
      SCOPED_TRACE(way.name() + " " + behaviour);
      const auto server = StartLab(behaviour, way);
      const ConnectResult result =
          Connect(server->port(), Through(proxy->url()), way);
      EXPECT_EQ(Code(result), "closed_through_proxy");
      EXPECT_THAT(Rungs(result), ElementsAre("full", "full"));
      EXPECT_EQ(server->hellos().size(), 2u);
      EXPECT_TRUE(cache_->List().empty());
    }
  }
  // What would have come of it otherwise.
  const auto server = StartLab(kDropsTls13);
  const ConnectResult direct = Connect(server->port(), {});
  EXPECT_TRUE(direct.ok()) << direct.status();
  EXPECT_EQ(direct.report.fallback->rung, Rung::kTls12);
  EXPECT_FALSE(direct.report.attempts[0].through_proxy);
}

TEST_P(ProxyRouteTest, AnEndThatPassesIsNotTheLastWord) {
  const auto proxy = StartProxy();
  const auto server = StartLab(EndsTheFirst());
  const ConnectResult result = Connect(server->port(), Through(proxy->url()));
  EXPECT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(Rungs(result), ElementsAre("full", "full"));
}

TEST_P(ProxyRouteTest, TheProxysPasswordIsWhatItWants) {
  const auto server = StartLab("healthy");
  ProxyServerOptions options;
  options.user = "alice";
  options.password = "secret";
  const auto proxy = StartProxy(options);
  for (const char* credentials : {"", "alice:wrong@", "bob:secret@"}) {
    const ConnectResult result =
        Connect(server->port(), Through(proxy->url(credentials)));
    EXPECT_EQ(Code(result), "proxy_authentication_refused") << credentials;
    EXPECT_EQ(result.report.error->category(), ErrorCategory::kNetwork);
    EXPECT_EQ(result.report.attempts.size(), 1u);
  }
  EXPECT_EQ(server->connections(), 0);
  const ConnectResult result =
      Connect(server->port(), Through(proxy->url("alice:secret@")));
  EXPECT_TRUE(result.ok()) << result.status();
}

TEST_P(ProxyRouteTest, AServerThatTheProxyCannotReachIsAnErrorOfItsOwn) {
  const auto proxy = StartProxy();
  const ConnectResult result =
      Connect(ReserveFreePort(), Through(proxy->url()));
  EXPECT_EQ(Code(result), "proxy_refused");
  EXPECT_EQ(result.report.attempts[0].address, "127.0.0.1");
  EXPECT_TRUE(result.report.attempts[0].through_proxy);
}

TEST_P(ProxyRouteTest, AProxyThatIsNotThereIsNamedAndTriedOnce) {
  const ConnectResult result =
      Connect(993, Through(Url(ReserveFreePort())),
              {Protocol::kImap, ConnectionSecurity::kAuto});
  EXPECT_EQ(Code(result), "proxy_unreachable");
  EXPECT_THAT(result.report.error->message, HasSubstr("Connection refused"));
  EXPECT_EQ(result.report.attempts.size(), 1u);
}

TEST_P(ProxyRouteTest, AProxyThatHangsEndsAtTheDeadline) {
  const Listener hanging;
  ConnectRequest request = RequestFor(993);
  request.timeout = Scaled(absl::Milliseconds(300));
  const ConnectResult result =
      ConnectBlocking(request, nullptr, Through(Url(hanging.port())));
  EXPECT_EQ(Code(result), "proxy_timed_out");
  EXPECT_THAT(result.report.error->message, HasSubstr(Url(hanging.port())));
  ASSERT_EQ(result.report.attempts[0].dials.size(), 1u);
  EXPECT_EQ(result.report.attempts[0].dials[0].error->code,
            ErrorCode::kProxyTimedOut);
}

TEST_P(ProxyRouteTest, TheDialogueWithTheProxyCanBeCancelled) {
  const Listener hanging;
  ConnectRequest request = RequestFor(993);
  request.cancellation = std::make_shared<Cancellation>();
  UniqueFd connection;
  std::thread canceller([&, cancellation = request.cancellation] {
    connection = hanging.Accept();
    cancellation->Cancel();
  });
  const ConnectResult result =
      ConnectBlocking(request, nullptr, Through(Url(hanging.port())));
  canceller.join();
  EXPECT_EQ(Code(result), "cancelled");
}

TEST_F(RouteTest, AProxyOfTheOtherKindIsNoProxy) {
  ProxyServerOptions options;
  const auto socks = ProxyServer::Start(options).value();
  EXPECT_EQ(Code(Connect(993, Through(absl::StrCat("http://127.0.0.1:",
                                                   socks->port())))),
            "proxy_failed");
}

TEST_F(RouteTest, AnHttpProxyMayForbidThePort) {
  ProxyServerOptions options;
  options.kind = Proxy::Kind::kHttpConnect;
  options.only_port = 1;
  const auto proxy = ProxyServer::Start(options).value();
  const ConnectResult result = Connect(993, Through(proxy->url()));
  EXPECT_EQ(Code(result), "proxy_refused");
  EXPECT_THAT(result.report.error->message, HasSubstr("403"));
}

TEST_F(RouteTest, AProxyMayBeReachedThroughAnother) {
  ProxyServerOptions options;
  options.kind = Proxy::Kind::kHttpConnect;
  const auto first = ProxyServer::Start(options).value();
  const auto second = ProxyServer::Start({}).value();
  const auto server = StartLab("healthy");
  std::unique_ptr<Resolver> resolver;
  const ConnectResult result = ConnectBy(server->port(), [&](EventLoop* loop) {
    resolver = NewSystemResolver(loop);
    return NewProxyDialer(
        loop, resolver.get(),
        NewRouteDialer(loop, resolver.get(), Through(first->url())),
        *Proxy::Parse(second->url()));
  });
  EXPECT_TRUE(result.ok()) << result.status();
}

TEST_F(RouteTest, EachAttemptHasASocketOfTheFactorys) {
  const auto server = StartLab(kDropsTls13);
  int made = 0;
  const auto connect = [&](SocketPath path) {
    made = 0;
    return ConnectBy(server->port(), [&made, path](EventLoop* loop) {
      return NewFactoryDialer(
          loop, [&made, path](const Endpoint& endpoint, const auto& answer) {
            ++made;
            answer(FactorySocket(ConnectTo(endpoint.port), path));
          });
    });
  };
  const ConnectResult tunnel = connect(SocketPath::kThroughProxy);
  EXPECT_EQ(Code(tunnel), "closed_through_proxy");
  EXPECT_EQ(made, 2);
  EXPECT_TRUE(cache_->List().empty());

  const ConnectResult direct = connect(SocketPath::kDirect);
  EXPECT_TRUE(direct.ok()) << direct.status();
  EXPECT_EQ(direct.report.attempts.size(), static_cast<size_t>(made));
  EXPECT_GT(made, 1);
  EXPECT_EQ(direct.report.attempts[0].address, "127.0.0.1");
}

TEST_F(RouteTest, ASocketNeedsNoAddress) {
  const auto server = StartLab("tls13-alert-protocol-version");
  std::vector<std::thread> relays;
  ConnectResult result = ConnectBy(server->port(), [&relays](EventLoop* loop) {
    return NewFactoryDialer(loop, [&relays](const Endpoint& endpoint,
                                            const auto& answer) {
      SocketPair pair;
      relays.emplace_back(
          [near = std::move(pair.server), far = ConnectTo(endpoint.port)] {
            Relay(near, far);
          });
      answer(FactorySocket(std::move(pair.client), SocketPath::kThroughProxy));
    });
  });
  EXPECT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(Rungs(result), ElementsAre("full", "tls12"));
  EXPECT_EQ(result.report.attempts[0].address, "");
  EXPECT_TRUE(result.report.attempts[0].dials.empty());
  result.connection.reset();
  for (std::thread& relay : relays) relay.join();
}

TEST_F(RouteTest, AConnectionThatIsThereServesOneAttempt) {
  const auto connect = [this](uint16_t port, bool fallback) {
    return ConnectBy(
        port,
        [port](EventLoop* loop) {
          return NewConnectedDialer(
              loop, FactorySocket(ConnectTo(port), SocketPath::kDirect));
        },
        fallback);
  };
  const auto healthy = StartLab("healthy");
  EXPECT_TRUE(connect(healthy->port(), false).ok());

  const auto intolerant = StartLab(kDropsTls13);
  const ConnectResult result = connect(intolerant->port(), false);
  EXPECT_EQ(Code(result), "closed_during_handshake");
  EXPECT_EQ(result.report.attempts.size(), 1u);

  const ConnectResult vain = connect(intolerant->port(), true);
  EXPECT_EQ(Code(vain), "closed_during_handshake");
  ASSERT_EQ(vain.report.attempts.size(), 2u);
  EXPECT_EQ(vain.report.attempts[1].error->code, ErrorCode::kNoNewConnection);
  EXPECT_EQ(intolerant->connections(), 2);
}

TEST_F(RouteTest, ALocalAddressIsWhatTheServerSees) {
  const Listener server;
  const auto own = *OwnLoop::Create(
      nullptr, Route{std::nullopt, {*Host::Parse("127.0.0.2")}});
  std::unique_ptr<Dialer::Request> request;
  const DialResult result = own->Await<DialResult>([&](auto done) {
    const Endpoint endpoint{*Host::Parse("127.0.0.1"), server.port()};
    request = own->services().dialer->Dial(
        endpoint, {SocketAddress::FromLiteral(endpoint.host, endpoint.port)},
        done);
  });
  ASSERT_TRUE(result.fd.valid()) << result.error->Message();
  EXPECT_EQ(PeerOf(server.Accept()), "127.0.0.2");
}

TEST_F(RouteTest, ALocalAddressThatWillNotDoIsNamed) {
  const auto server = StartLab("healthy");
  const auto connect = [&](const char* bind) {
    return Connect(server->port(), {std::nullopt, {*Host::Parse(bind)}});
  };
  const ConnectResult foreign = connect("192.0.2.1");
  EXPECT_EQ(Code(foreign), "local_address_unusable");
  EXPECT_EQ(foreign.report.error->message,
            "192.0.2.1 is no address of this machine to connect from.");
  const ConnectResult other = connect("::1");
  EXPECT_EQ(Code(other), "local_address_unusable");
  EXPECT_THAT(other.report.error->message,
              HasSubstr("no IPv4 address is given to connect from"));
  EXPECT_EQ(server->connections(), 0);
}

// The command.
class RouteCommandTest : public RouteTest {
 protected:
  static CommandResult Run(const std::string& command, uint16_t port,
                           std::vector<std::string> options) {
    options.insert(options.begin(), {"--cache", "none", "--json", command});
    options.push_back(absl::StrCat("imaps://127.0.0.1:", port));
    return RunHoldfast(std::move(options));
  }
  std::string authority() const { return directory_.path() + "/ca.pem"; }
};

TEST_F(RouteCommandTest, ConnectReportsTheProxy) {
  const auto proxy = ProxyServer::Start({}).value();
  const auto healthy = StartLab("healthy");
  const CommandResult connected =
      Run("connect", healthy->port(),
          {"--check", "--ca", authority(), "--proxy", proxy->url()});
  EXPECT_EQ(connected.exit_code(), 0) << connected.process.out;
  EXPECT_EQ(connected.json.at("attempts").at(0).at("through_proxy"), true);

  const auto intolerant = StartLab(kDropsTls13);
  const CommandResult closed =
      Run("connect", intolerant->port(),
          {"--check", "--ca", authority(), "--proxy", proxy->url()});
  EXPECT_EQ(closed.exit_code(), 1);
  EXPECT_EQ(closed.json.at("error").at("code"), "closed_through_proxy");

  const CommandResult refused = RunHoldfast(
      {"connect", "--check", "--ca", authority(), "--proxy", proxy->url(),
       absl::StrCat("imaps://127.0.0.1:", ReserveFreePort())});
  EXPECT_THAT(refused.process.out,
              testing::AllOf(HasSubstr("through a proxy (127.0.0.1), before "
                                       "the server was reached"),
                             HasSubstr("127.0.0.1 (proxy)")));
}

TEST_F(RouteCommandTest, TheProxysPasswordIsNowhereToBeRead) {
  ProxyServerOptions options;
  options.kind = Proxy::Kind::kHttpConnect;
  options.user = "alice";
  options.password = "secret";
  const auto proxy = ProxyServer::Start(options).value();
  const auto server = StartLab("healthy");
  for (const char* credentials : {"alice:secret@", "bob:secret@"}) {
    const CommandResult result =
        Run("connect", server->port(),
            {"--check", "--verbose", "--ca", authority(), "--trace",
             directory_.Path("trace"), "--proxy", proxy->url(credentials)});
    EXPECT_EQ(result.exit_code(), credentials[0] == 'a' ? 0 : 1);
    const std::string words = absl::StrCat(
        result.process.out, result.process.err, directory_.Read("trace"));
    EXPECT_THAT(words, HasSubstr("through_proxy"));
    EXPECT_THAT(words, Not(HasSubstr("secret")));
    EXPECT_THAT(words, Not(HasSubstr("YWxpY2U6")));  // "alice:" in base64
  }
}

TEST_F(RouteCommandTest,
       AProbeClaimsNothingOfTheServerThatTheProxyMayHaveDone) {
  const auto proxy = ProxyServer::Start({}).value();
  const auto probe = [this](const auto& server,
                            const std::vector<std::string>& way) {
    std::vector<std::string> options = {"--ca", authority(), "--delay", "1ms"};
    options.insert(options.end(), way.begin(), way.end());
    return Run("probe", server->port(), options).json.at(0);
  };
  const auto intolerant = StartLab(kDropsTls13);
  const nlohmann::json direct = probe(intolerant, {});
  EXPECT_EQ(direct.at("verdict"), "intolerant");
  EXPECT_EQ(direct.at("versions").at("TLS1.3"), "dropped");
  const nlohmann::json through = probe(intolerant, {"--proxy", proxy->url()});
  EXPECT_EQ(through.at("verdict"), "broken");
  EXPECT_EQ(through.at("versions").at("TLS1.3"), nullptr);
  EXPECT_EQ(through.at("versions").at("TLS1.2"), "ok");
  EXPECT_EQ(through.at("through_proxy"), true);

  // Nor is a warning before the end a refusal.
  EXPECT_EQ(probe(StartLab("tls13-warning"), {"--proxy", proxy->url()})
                .at("versions")
                .at("TLS1.3"),
            nullptr);
  // Whatever may pass is tried again, as without a proxy.
  EXPECT_EQ(
      probe(StartLab(EndsTheFirst()), {"--proxy", proxy->url()}).at("verdict"),
      "healthy");

  const auto broken = StartLab("server-hello-fin");
  EXPECT_EQ(probe(broken, {}).at("versions").at("TLS1.2"), "dropped");
  EXPECT_EQ(
      probe(broken, {"--proxy", proxy->url()}).at("versions").at("TLS1.2"),
      nullptr);

  const nlohmann::json nobody =
      probe(intolerant,
            {"--proxy", absl::StrCat("http://127.0.0.1:", ReserveFreePort())});
  EXPECT_EQ(nobody.at("verdict"), "unreachable");
  EXPECT_EQ(nobody.at("address"), nullptr);
}

TEST_F(RouteCommandTest, WhatIsNoProxyOrAddressIsAMistakeInUsage) {
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{
           {"--proxy", "127.0.0.1:1080"},
           {"--proxy", "https://alice:secret@127.0.0.1"},
           {"--proxy", "http://alice:secret%@127.0.0.1"},
           {"--bind", "localhost"},
           {"--bind", "127.0.0.1", "--bind", "127.0.0.2"}}) {
    std::vector<std::string> arguments = {"connect", "--check"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.emplace_back("imaps://127.0.0.1:1");
    const CommandResult result = RunHoldfast(arguments);
    EXPECT_EQ(result.exit_code(), 2) << options[1];
    EXPECT_THAT(result.process.err, testing::StartsWith("holdfast: "));
    EXPECT_THAT(result.process.err, Not(HasSubstr("secret")));
  }
}

TEST_F(RouteCommandTest, BindTakesALocalAddressOfEachFamily) {
  const auto server = StartLab("healthy");
  const CommandResult result = Run(
      "connect", server->port(),
      {"--check", "--ca", authority(), "--bind", "127.0.0.2", "--bind", "::1"});
  EXPECT_EQ(result.exit_code(), 0) << result.process.out;
}

}  // namespace
}  // namespace holdfast::test
