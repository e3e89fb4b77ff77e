// The lab seen by other clients than ours: `openssl s_client`, and bare
// sockets. And the helpers that start real servers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/free_port.h"
#include "holdfast/tests/helpers/inn_server.h"
#include "holdfast/tests/helpers/openssl_server.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/postfix_server.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/behaviour.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/client_hello.h"
#include "holdfast/tools/lab/dialogue.h"
#include "holdfast/tools/lab/lab_server.h"
#include "holdfast/tools/lab/stream.h"

namespace holdfast::lab {
namespace {

using ::holdfast::test::DovecotServer;
using ::holdfast::test::Eventually;
using ::holdfast::test::InnServer;
using ::holdfast::test::LongEnough;
using ::holdfast::test::OpensslServer;
using ::holdfast::test::PostfixServer;
using ::holdfast::test::Process;
using ::holdfast::test::ProcessOptions;
using ::holdfast::test::ProcessResult;
using ::holdfast::test::RunProcess;
using ::holdfast::test::Scaled;
using ::holdfast::test::TempDir;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr char kSession[] = "a CAPABILITY\nb LOGOUT\n";
constexpr char kLoggedOut[] = "b OK";

std::unique_ptr<LabServer> StartLab(absl::string_view behaviour,
                                    std::optional<Upstream> upstream = {}) {
  LabOptions options;
  options.behaviour = FindBehaviour(behaviour).value();
  options.upstream = std::move(upstream);
  return LabServer::Start(std::move(options)).value();
}

// s_client with a session to hold. With -quiet it stays until the server
// closes.
ProcessOptions ClientOptions(uint16_t port, const std::string& ca_file,
                             const std::vector<std::string>& options) {
  ProcessOptions client;
  client.arguments = {"openssl",
                      "s_client",
                      "-connect",
                      absl::StrCat("127.0.0.1:", port),
                      "-CAfile",
                      ca_file,
                      "-verify_return_error",
                      "-verify_hostname",
                      "localhost",
                      "-quiet",
                      "-crlf"};
  client.arguments.insert(client.arguments.end(), options.begin(),
                          options.end());
  client.input = kSession;
  return client;
}

// What came of a session.
ProcessResult Client(uint16_t port, const std::string& ca_pem,
                     const std::vector<std::string>& options = {},
                     const std::string& input = kSession) {
  TempDir directory;
  ProcessOptions client =
      ClientOptions(port, directory.Write("ca.pem", ca_pem), options);
  client.input = input;
  return RunProcess(client).value();
}

ProcessResult Client(const LabServer& lab,
                     const std::vector<std::string>& options = {}) {
  return Client(lab.port(), lab.ca_pem(), options);
}

// What a client has been told when it has waited a while after `condition`
// came true. It must still be waiting.
std::string ToldWhileWaiting(const LabServer& lab,
                             const std::vector<std::string>& options,
                             const std::function<bool()>& condition) {
  TempDir directory;
  const auto client =
      Process::Start(ClientOptions(lab.port(),
                                   directory.Write("ca.pem", lab.ca_pem()),
                                   options))
          .value();
  EXPECT_TRUE(Eventually(condition));
  EXPECT_FALSE(client->Wait(Scaled(absl::Milliseconds(300))).has_value());
  return client->out();
}

UniqueFd ConnectSocket(uint16_t port) {
  const Address address = Address::Resolve("127.0.0.1", port).value();
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(fd.get(), address.get(), address.length), 0);
  return fd;
}

CertificateAuthority NewAuthority() {
  return CertificateAuthority::Create().value();
}

// The lab alone.

TEST(LabTest, HealthyServerHoldsADialogue) {
  const auto lab = StartLab("healthy");
  const ProcessResult client = Client(*lab, {"-alpn", "http/1.1,imap"});
  EXPECT_THAT(client.out, StartsWith("* OK [CAPABILITY IMAP4rev1"));
  EXPECT_THAT(client.out, HasSubstr("* CAPABILITY IMAP4rev1"));
  EXPECT_THAT(client.out, HasSubstr("* BYE"));
  EXPECT_THAT(client.out, HasSubstr(kLoggedOut));
  EXPECT_THAT(lab->lines(), ElementsAre("a CAPABILITY", "b LOGOUT"));
  EXPECT_EQ(lab->connections(), 1);
  EXPECT_THAT(lab->hellos(), SizeIs(1));
  EXPECT_EQ(lab->received_in_clear(), "");
}

TEST(LabTest, UnknownAndEmptyCommandsAreBad) {
  const auto lab = StartLab("healthy");
  const ProcessResult client =
      Client(lab->port(), lab->ca_pem(), {}, "\n \nx\ny FROB\nb LOGOUT\n");
  EXPECT_THAT(client.out, HasSubstr("* BAD"));
  EXPECT_THAT(client.out, HasSubstr("x BAD"));
  EXPECT_THAT(client.out, HasSubstr("y BAD"));
  EXPECT_THAT(client.out, HasSubstr(kLoggedOut));
}

// What a TLS 1.3 hello meets, and how s_client calls that. A close without an
// alert and a reset have no text of their own in the alert cases and the other
// way round, so each is told from the others.
struct Tls13Case {
  std::string behaviour;
  std::string complaint;
};

class Tls13IntoleranceTest : public ::testing::TestWithParam<Tls13Case> {};

TEST_P(Tls13IntoleranceTest, FailsTls13ButServesTls12) {
  const auto lab = StartLab(GetParam().behaviour);
  const ProcessResult failed = Client(*lab);
  EXPECT_EQ(failed.out, "");
  EXPECT_THAT(failed.err, HasSubstr(GetParam().complaint));
  const ProcessResult served = Client(*lab, {"-tls1_2", "-fallback_scsv"});
  EXPECT_THAT(served.out, HasSubstr(kLoggedOut)) << served.err;
  ASSERT_THAT(lab->hellos(), SizeIs(2));
  EXPECT_TRUE(lab->hellos()[0].OffersTls13());
  EXPECT_FALSE(lab->hellos()[1].OffersTls13());
  EXPECT_TRUE(lab->hellos()[1].HasFallbackScsv());
}

INSTANTIATE_TEST_SUITE_P(
    Lab, Tls13IntoleranceTest,
    ::testing::Values(
        Tls13Case{"tls13-fin", "unexpected eof"},
        Tls13Case{"tls13-rst", "errno=104"},
        Tls13Case{"tls13-alert-protocol-version", "alert protocol version"},
        Tls13Case{"tls13-alert-handshake-failure", "alert handshake failure"}),
    [](const auto& test) {
      return absl::StrReplaceAll(test.param.behaviour, {{"-", "_"}});
    });

TEST(LabTest, CloseNotifyEndsATls13HelloWithoutAnAlertOfNote) {
  const auto lab = StartLab("tls13-close-notify");
  const ProcessResult client = Client(*lab);
  EXPECT_EQ(client.out, "");
  EXPECT_THAT(client.err, Not(HasSubstr("unexpected eof")));
  EXPECT_THAT(Client(*lab, {"-tls1_2"}).out, HasSubstr(kLoggedOut));
}

TEST(LabTest, SilentServersAcceptAndSayNothing) {
  for (const char* behaviour : {"tls13-silent", "silent-after-hello",
                                "silent-from-start", "silent-greeting"}) {
    SCOPED_TRACE(behaviour);
    const auto lab = StartLab(behaviour);
    EXPECT_EQ(
        ToldWhileWaiting(*lab, {}, [&] { return lab->connections() == 1; }),
        "");
  }
}

TEST(LabTest, SilenceForTls13ServesTls12) {
  const auto lab = StartLab("tls13-silent");
  EXPECT_THAT(Client(*lab, {"-tls1_2"}).out, HasSubstr(kLoggedOut));
}

// s_client's hello has 256 bytes and more with TLS 1.3, fewer with TLS 1.2 and
// one cipher suite.
const std::vector<std::string>& SmallHello() {
  static const auto& options = *new std::vector<std::string>{
      "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"};
  return options;
}

TEST(LabTest, SizeOfAHelloDecides) {
  for (const auto& [behaviour, complaint] :
       std::vector<std::pair<std::string, std::string>>{
           {"large-hello-fin", "unexpected eof"},
           {"large-hello-rst", "errno=104"},
           {"large-hello-alert", "alert decode error"}}) {
    SCOPED_TRACE(behaviour);
    const auto lab = StartLab(behaviour);
    EXPECT_THAT(Client(*lab).err, HasSubstr(complaint));
    EXPECT_THAT(Client(*lab, SmallHello()).out, HasSubstr(kLoggedOut));
    EXPECT_GE(lab->hellos().at(0).message_size, 256u);
    EXPECT_LT(lab->hellos().at(1).message_size, 256u);
  }
}

TEST(LabTest, SilenceForAHelloDependsOnItsSize) {
  // Without the keys of a kilobyte that OpenSSL sends from 3.5 on.
  const std::vector<std::string> usual = {"-groups", "X25519"};
  // As ALPN: names of 250 bytes, to make a hello as long as need be.
  const auto padding = [&](size_t names) {
    std::vector<std::string> options = usual;
    options.push_back("-alpn");
    options.push_back(absl::StrJoin(
        std::vector<std::string>(names, std::string(250, 'x')), ","));
    return options;
  };
  struct Case {
    const char* behaviour;
    std::vector<std::string> silent;
    std::vector<std::string> served;
  };
  for (const Case& c :
       std::vector<Case>{{"large-hello-silent", usual, SmallHello()},
                         {"hello-256-511-silent", usual, SmallHello()},
                         {"hello-256-511-silent", usual, padding(2)},
                         {"segment-hello-silent", padding(6), padding(2)}}) {
    SCOPED_TRACE(c.behaviour);
    const auto lab = StartLab(c.behaviour);
    EXPECT_EQ(ToldWhileWaiting(*lab, c.silent,
                               [&] { return lab->hellos().size() == 1; }),
              "");
    EXPECT_THAT(Client(*lab, c.served).out, HasSubstr(kLoggedOut));
  }
}

TEST(LabTest, ExtensionsAreRefused) {
  for (const auto& [behaviour, option, complaint] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"no-application-protocol", "-alpn",
            "alert no application protocol"},
           {"alpn-fin", "-alpn", "unexpected eof"},
           {"alpn-decode-error", "-alpn", "alert decode error"},
           {"alpn-unsupported-extension", "-alpn", "unsupported extension"},
           {"status-request-decode-error", "-status", "alert decode error"},
           {"status-request-unsupported-extension", "-status",
            "unsupported extension"}}) {
    SCOPED_TRACE(behaviour);
    const auto lab = StartLab(behaviour);
    std::vector<std::string> options = {option};
    if (option == "-alpn") options.push_back("imap");
    EXPECT_THAT(Client(*lab, options).err, HasSubstr(complaint));
    EXPECT_THAT(Client(*lab).out, HasSubstr(kLoggedOut));
  }
  for (const auto& [behaviour, complaint] :
       std::vector<std::pair<std::string, std::string>>{
           {"ticket-decode-error", "alert decode error"},
           {"ticket-unsupported-extension", "unsupported extension"}}) {
    const auto lab = StartLab(behaviour);
    EXPECT_THAT(Client(*lab).err, HasSubstr(complaint));
    EXPECT_THAT(Client(*lab, {"-no_ticket"}).out, HasSubstr(kLoggedOut));
  }
}

// Which of a hundred hellos a server of `seed` drops, as 'x'.
std::string FatesByChance(uint32_t seed, const std::string& hello) {
  LabOptions options;
  options.behaviour = FindBehaviour("drop-random-third").value();
  options.seed = seed;
  const auto lab = LabServer::Start(std::move(options)).value();
  std::string fates;
  for (int i = 0; i < 100; ++i) {
    const UniqueFd fd = ConnectSocket(lab->port());
    send(fd.get(), hello.data(), hello.size(), MSG_NOSIGNAL);
    char first;
    fates += recv(fd.get(), &first, 1, 0) == 1 ? '.' : 'x';
  }
  return fates;
}

TEST(LabTest, AThirdIsDroppedByChanceThatCanBeHadAgain) {
  const auto lab = StartLab("close-after-greeting");
  Client(*lab);
  const std::string hello = lab->hellos().at(0).wire;
  const std::string fates = FatesByChance(1, hello);
  EXPECT_EQ(fates, FatesByChance(1, hello));
  EXPECT_NE(fates, FatesByChance(2, hello));
  const auto dropped = std::count(fates.begin(), fates.end(), 'x');
  EXPECT_GT(dropped, 20) << fates;
  EXPECT_LT(dropped, 47) << fates;
}

TEST(LabTest, SlowMeansLateButHealthy) {
  const auto lab = StartLab("slow");
  const absl::Time begun = absl::Now();
  EXPECT_THAT(Client(*lab).out, HasSubstr(kLoggedOut));
  EXPECT_GE(absl::Now() - begun, absl::Seconds(3));
}

TEST(LabTest, ASlowServerNeedNotBeWaitedForToStop) {
  LabOptions options;
  options.behaviour = FindBehaviour("slow").value();
  options.behaviour.hello_delay = absl::Hours(1);
  auto lab = LabServer::Start(std::move(options)).value();
  TempDir directory;
  const auto client =
      Process::Start(ClientOptions(lab->port(),
                                   directory.Write("ca.pem", lab->ca_pem()),
                                   {}))
          .value();
  ASSERT_TRUE(Eventually([&] { return lab->hellos().size() == 1; }));
  lab.reset();  // not in an hour
}

TEST(LabTest, BlockedTls13ExposesTheReducedHelloAsADowngrade) {
  const auto lab = StartLab("tls13-blocked");
  EXPECT_EQ(Client(*lab).out, "");
  EXPECT_THAT(Client(*lab, {"-tls1_2", "-fallback_scsv"}).err,
              HasSubstr("alert inappropriate fallback"));
}

TEST(LabTest, DropsCountHellos) {
  for (const auto& [behaviour, fates] :
       std::vector<std::pair<std::string, std::vector<bool>>>{
           {"drop-first", {false, true, true}},
           {"drop-first-two", {false, false, true}},
           {"drop-every-third", {true, true, false, true}}}) {
    SCOPED_TRACE(behaviour);
    const auto lab = StartLab(behaviour);
    for (const bool served : fates) {
      EXPECT_EQ(absl::StrContains(Client(*lab).out, kLoggedOut), served);
    }
  }
}

TEST(LabTest, VersionsAreLimited) {
  const auto tls12 = StartLab("tls12-only");
  EXPECT_THAT(Client(*tls12).out, HasSubstr(kLoggedOut));
  EXPECT_THAT(Client(*tls12, {"-tls1_3"}).err,
              HasSubstr("alert protocol version"));
  const auto tls10 = StartLab("tls10-only");
  EXPECT_THAT(Client(*tls10, {"-tls1_2"}).err,
              HasSubstr("unsupported protocol"));
  EXPECT_THAT(Client(*tls10, {"-tls1", "-cipher", "DEFAULT@SECLEVEL=0"}).out,
              HasSubstr(kLoggedOut));
}

TEST(LabTest, ClientCertificateIsRequired) {
  const auto lab = StartLab("client-cert-required");
  EXPECT_THAT(Client(*lab).err, HasSubstr("alert certificate required"));
  EXPECT_THAT(Client(*lab, {"-tls1_2"}).err,
              HasSubstr("alert handshake failure"));
}

TEST(LabTest, NonsenseInsteadOfTls) {
  EXPECT_THAT(Client(*StartLab("garbage")).err,
              HasSubstr("wrong version number"));
  EXPECT_THAT(Client(*StartLab("close-on-accept")).err,
              HasSubstr("unexpected eof"));
  EXPECT_THAT(Client(*StartLab("partial-server-hello")).err,
              HasSubstr("unexpected eof"));
}

TEST(LabTest, SentinelIsADowngradeToATls13Client) {
  EXPECT_THAT(Client(*StartLab("sentinel")).err,
              HasSubstr("inappropriate fallback"));
}

TEST(LabTest, FirstRuleThatStrikesIsTheOne) {
  const auto lab = StartLab("tls13-fin-then-sentinel");
  EXPECT_THAT(Client(*lab).err, HasSubstr("unexpected eof"));
  // s_client made for TLS 1.2 alone does not look at the sentinel, and waits.
  EXPECT_EQ(ToldWhileWaiting(*lab, {"-tls1_2"},
                             [&] { return lab->hellos().size() == 2; }),
            "");
}

TEST(LabTest, GreetingsVary) {
  const auto busy = StartLab("greeting-bye");
  EXPECT_THAT(Client(*busy).out, StartsWith("* BYE"));
  const auto preauth = StartLab("preauth");
  EXPECT_THAT(Client(*preauth).out,
              AllOf(StartsWith("* PREAUTH"), HasSubstr(kLoggedOut)));
  const auto closes = StartLab("close-after-greeting");
  EXPECT_THAT(Client(*closes).out,
              AllOf(StartsWith("* OK"), Not(HasSubstr(kLoggedOut))));
  const auto mute = StartLab("silent-after-greeting");
  const std::string told =
      ToldWhileWaiting(*mute, {}, [&] { return mute->lines().size() == 2; });
  EXPECT_EQ(told, FindScript("imap", Security::kImplicit)->tls.greeting.text);
}

TEST(LabTest, WhatIsSentInClearIsKept) {
  const auto lab = StartLab("plaintext-banner");
  const UniqueFd fd = ConnectSocket(lab->port());
  const std::string sent = "a LOGIN alice pw\r\nb LOGOUT\r\n";
  ASSERT_EQ(send(fd.get(), sent.data(), sent.size(), 0),
            static_cast<ssize_t>(sent.size()));
  std::string received;
  char buffer[512];
  while (const ssize_t count = recv(fd.get(), buffer, sizeof buffer, 0)) {
    ASSERT_GT(count, 0);
    received.append(buffer, static_cast<size_t>(count));
  }
  EXPECT_THAT(received, AllOf(StartsWith("* OK"), HasSubstr(kLoggedOut)));
  EXPECT_EQ(lab->received_in_clear(), sent);
}

TEST(LabTest, HelloToAPlaintextServerIsNotClearText) {
  const auto lab = StartLab("plaintext-banner");
  EXPECT_THAT(Client(*lab).err, HasSubstr("wrong version number"));
  EXPECT_EQ(lab->received_in_clear(), "");
}

TEST(LabTest, StopsWhileConnectionsWait) {
  auto lab = StartLab("silent-from-start");
  const UniqueFd one = ConnectSocket(lab->port());
  const UniqueFd two = ConnectSocket(lab->port());
  ASSERT_TRUE(Eventually([&] { return lab->connections() == 2; }));
  lab.reset();
  char end;
  EXPECT_EQ(recv(one.get(), &end, 1, 0), 0);
}

TEST(LabTest, OptionsThatDoNotGoTogetherAreRefused) {
  LabOptions options;
  options.behaviour = FindBehaviour("preauth").value();
  options.upstream = Upstream{"127.0.0.1", 1};
  EXPECT_TRUE(absl::IsInvalidArgument(LabServer::Start(options).status()));
  options = {};
  options.protocol = "gopher";
  EXPECT_TRUE(absl::IsInvalidArgument(LabServer::Start(options).status()));
  EXPECT_TRUE(absl::IsNotFound(FindBehaviour("nice").status()));
}

// Every protocol, both ways in.

std::unique_ptr<LabServer> StartLab(absl::string_view behaviour,
                                    const std::string& protocol,
                                    Security security,
                                    std::optional<Upstream> upstream = {}) {
  LabOptions options;
  options.behaviour = FindBehaviour(behaviour).value();
  options.protocol = protocol;
  options.security = security;
  options.upstream = std::move(upstream);
  return LabServer::Start(std::move(options)).value();
}

// s_client's option; it knows submission as SMTP.
std::vector<std::string> Starttls(const std::string& protocol) {
  return {"-starttls", protocol == "submission" ? "smtp" : protocol};
}

const Words& WordsOf(const std::string& protocol) {
  static const auto& all = *new std::map<std::string, Words>([] {
    std::map<std::string, Words> words;
    for (const char* name : {"imap", "pop3", "smtp", "submission", "nntp"}) {
      words[name] = FindScript(name, Security::kImplicit)->words;
    }
    return words;
  }());
  return all.at(protocol);
}

// Asks for capabilities, and leaves.
std::string SessionOf(const std::string& protocol) {
  const Words& words = WordsOf(protocol);
  return absl::StrCat(words.tagged ? "a " : "", words.capability_verb, "\n",
                      words.tagged ? "b " : "", words.quit_verb, "\n");
}

std::string WithTag(absl::string_view text, absl::string_view tag) {
  return absl::StrReplaceAll(text, {{"$TAG", tag}});
}

class LabProtocolTest
    : public ::testing::TestWithParam<std::tuple<std::string, Security>> {
 protected:
  ProcessResult Talk(const LabServer& lab,
                     std::vector<std::string> options = {}) const {
    if (security_ == Security::kStartTls) {
      for (const std::string& option : Starttls(protocol_)) {
        options.push_back(option);
      }
    }
    return Client(lab.port(), lab.ca_pem(), options, SessionOf(protocol_));
  }

  const std::string protocol_ = std::get<0>(GetParam());
  const Security security_ = std::get<1>(GetParam());
  const Words words_ = WordsOf(protocol_);
};

TEST_P(LabProtocolTest, HealthyServerHoldsADialogue) {
  const auto lab = StartLab("healthy", protocol_, security_);
  const ProcessResult client = Talk(*lab);
  EXPECT_THAT(client.out, HasSubstr(WithTag(words_.tls_capabilities, "a")))
      << client.err;
  EXPECT_THAT(client.out, HasSubstr(WithTag(words_.quit, "b")));
  EXPECT_THAT(client.out, Not(HasSubstr(std::string(words_.starttls_offer))));
  EXPECT_THAT(lab->hellos(), SizeIs(1));
  EXPECT_EQ(lab->connections(), 1);
  const std::string clear = lab->received_in_clear();
  if (security_ == Security::kImplicit) {
    EXPECT_EQ(clear, "");
  } else {
    EXPECT_THAT(clear, EndsWith(absl::StrCat(words_.starttls_verb, "\r\n")));
  }
}

TEST_P(LabProtocolTest, HelloIsStruckWhereverItComes) {
  for (const auto& [behaviour, complaint] :
       std::vector<std::pair<std::string, std::string>>{
           {"tls13-fin", "unexpected eof"},
           {"tls13-rst", "errno=104"},
           {"tls13-alert-protocol-version", "alert protocol version"}}) {
    SCOPED_TRACE(behaviour);
    const auto lab = StartLab(behaviour, protocol_, security_);
    EXPECT_THAT(Talk(*lab).err, HasSubstr(complaint));
    EXPECT_THAT(Talk(*lab, {"-tls1_2"}).out,
                HasSubstr(WithTag(words_.quit, "b")));
    EXPECT_THAT(lab->hellos(), SizeIs(2));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Lab, LabProtocolTest,
    ::testing::Combine(
        ::testing::Values("imap", "pop3", "smtp", "submission", "nntp"),
        ::testing::Values(Security::kImplicit, Security::kStartTls)),
    [](const auto& test) {
      return absl::StrCat(std::get<0>(test.param),
                          std::get<1>(test.param) == Security::kImplicit
                              ? "_implicit"
                              : "_starttls");
    });

// A conversation in clear.
class ClearClient {
 public:
  explicit ClearClient(const LabServer& lab) : fd_(ConnectSocket(lab.port())) {
    const timeval patience = absl::ToTimeval(LongEnough());
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  void Send(const std::string& line) {
    const std::string bytes = line + "\r\n";
    send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  // How many segments with data have come.
  int segments() const {
    tcp_info info = {};
    socklen_t size = sizeof info;
    getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &info, &size);
    return static_cast<int>(info.tcpi_data_segs_in);
  }
  // One recv(); empty at the end.
  std::string Receive() {
    char buffer[4096];
    const ssize_t count = recv(fd_.get(), buffer, sizeof buffer, 0);
    return std::string(buffer, count > 0 ? static_cast<size_t>(count) : 0);
  }
  // All up to the end, or up to `size` bytes and not much more.
  std::string ReceiveUpTo(size_t size) {
    std::string all;
    while (all.size() < size) {
      const std::string more = Receive();
      if (more.empty()) break;
      all += more;
    }
    return all;
  }
  std::string Expect(const std::string& text) {
    const std::string received = ReceiveUpTo(text.size());
    EXPECT_EQ(received, text);
    return received;
  }

 private:
  UniqueFd fd_;
};

class LabStarttlsTest : public ::testing::TestWithParam<std::string> {
 protected:
  // A server that has `behaviour`, if there is one in this protocol.
  std::unique_ptr<LabServer> Start(absl::string_view behaviour) {
    const Behaviour found = FindBehaviour(behaviour).value();
    if (!ScriptFor(found, protocol_, Security::kStartTls).ok()) return nullptr;
    return StartLab(behaviour, protocol_, Security::kStartTls);
  }
  std::string Tagged(absl::string_view command) const {
    return absl::StrCat(words_.tagged ? "a " : "", command);
  }
  // What follows the greeting when STARTTLS is asked for.
  void ExpectAnswer(absl::string_view behaviour, absl::string_view answer) {
    SCOPED_TRACE(std::string(behaviour));
    const auto lab = Start(behaviour);
    ASSERT_NE(lab, nullptr);
    ClearClient client(*lab);
    client.Expect(std::string(words_.clear_greeting));
    client.Send(Tagged(words_.starttls_verb));
    client.Expect(WithTag(answer, "a"));
  }
  void ExpectGreeting(absl::string_view behaviour, absl::string_view greeting) {
    SCOPED_TRACE(std::string(behaviour));
    const auto lab = Start(behaviour);
    EXPECT_EQ(lab == nullptr, greeting.empty());
    if (lab != nullptr) ClearClient(*lab).Expect(std::string(greeting));
  }

  const std::string protocol_ = GetParam();
  const Words words_ = WordsOf(protocol_);
};

TEST_P(LabStarttlsTest, CapabilitiesAreOthersBeforeTls) {
  const auto lab = Start("healthy");
  ClearClient client(*lab);
  client.Expect(std::string(words_.clear_greeting));
  client.Send(Tagged(words_.capability_verb));
  client.Expect(WithTag(words_.clear_capabilities, "a"));
  EXPECT_THAT(std::string(words_.clear_capabilities),
              HasSubstr(std::string(words_.starttls_offer)));
  EXPECT_NE(words_.clear_capabilities, words_.tls_capabilities);
}

TEST_P(LabStarttlsTest, IsRefusedInEveryWay) {
  ExpectAnswer("starttls-refused", words_.starttls_refused);
  ExpectAnswer("starttls-unknown", words_.unknown);
  ExpectAnswer("starttls-not-now", words_.starttls_not_now);
  ExpectAnswer("starttls-plus", words_.starttls_plus);
  ExpectAnswer("starttls-nonsense", "bananas\r\n");
  if (!words_.starttls_impossible.empty()) {
    ExpectAnswer("starttls-impossible", words_.starttls_impossible);
  }
  if (!words_.starttls_referral.empty()) {
    ExpectAnswer("starttls-referral", words_.starttls_referral);
  }
}

TEST_P(LabStarttlsTest, AgreementIsFollowedByAnInjection) {
  const std::string injection(words_.injection);
  ExpectAnswer("inject-same-segment",
               absl::StrCat(words_.starttls_ok, injection));
  ExpectAnswer("inject-partial-line",
               absl::StrCat(words_.starttls_ok, injection.substr(0, 12)));
  ExpectAnswer("inject-later-segment",
               absl::StrCat(words_.starttls_ok, injection));
}

TEST_P(LabStarttlsTest, InjectionStandsInTheSegmentThatItIsNamedFor) {
  for (const bool same : {true, false}) {
    const auto lab =
        Start(same ? "inject-same-segment" : "inject-later-segment");
    ClearClient client(*lab);
    client.Receive();
    client.Send(Tagged(words_.starttls_verb));
    client.Expect(
        absl::StrCat(WithTag(words_.starttls_ok, "a"), words_.injection));
    EXPECT_EQ(client.segments(), same ? 2 : 3);  // the greeting is the first
  }
}

TEST_P(LabStarttlsTest, HiddenIsServedAndStrippedIsNot) {
  for (const bool hidden : {true, false}) {
    const auto lab = Start(hidden ? "starttls-hidden" : "starttls-stripped");
    ClearClient client(*lab);
    std::string told = client.Receive();
    client.Send(Tagged(words_.capability_verb));
    told += client.Receive();
    EXPECT_THAT(told, Not(HasSubstr(std::string(words_.starttls_offer))));
    client.Send(Tagged(words_.starttls_verb));
    client.Expect(WithTag(hidden ? words_.starttls_ok : words_.unknown, "a"));
  }
}

TEST_P(LabStarttlsTest, AgreementComesTooEarly) {
  const auto lab = Start("starttls-too-early");
  EXPECT_THAT(ClearClient(*lab).Receive(),
              AllOf(StartsWith(std::string(words_.clear_greeting)),
                    EndsWith(WithTag(words_.starttls_ok, words_.first_tag))));
}

TEST_P(LabStarttlsTest, GreetsInEveryWay) {
  ExpectGreeting("greeting-bye", words_.refusal);
  ExpectGreeting("greeting-refused", words_.rejection);
  ExpectGreeting("preauth", words_.preauth);
  ExpectGreeting("greeting-referral", words_.referral);
  ExpectGreeting("plaintext-busy", words_.refusal);
  const std::string greeting(words_.clear_greeting);
  if (!words_.unsolicited.empty()) {
    ExpectGreeting("unsolicited", absl::StrCat(greeting, words_.unsolicited));
  }
  std::string eight_bit = greeting;
  eight_bit.insert(greeting.size() - 2, " \0\x80\xff\xc3\xa4", 6);
  ExpectGreeting("eight-bit", eight_bit);
}

TEST_P(LabStarttlsTest, AgreesThenCloses) {
  const auto lab = Start("starttls-then-close");
  ClearClient client(*lab);
  client.Receive();
  client.Send(Tagged(words_.starttls_verb));
  EXPECT_EQ(client.ReceiveUpTo(1 << 20), WithTag(words_.starttls_ok, "a"));
}

TEST_P(LabStarttlsTest, NeverAnswers) {
  const auto lab = Start("starttls-silent");
  ClearClient client(*lab);
  client.Receive();
  client.Send(Tagged(words_.starttls_verb));
  client.Send(Tagged(words_.quit_verb));
  client.Expect(WithTag(words_.quit, "a"));
}

TEST_P(LabStarttlsTest, GoesOnWithoutEnd) {
  constexpr size_t kEnough = 1 << 20;
  const auto line = Start("endless-line");
  const std::string greeting = ClearClient(*line).ReceiveUpTo(kEnough);
  EXPECT_GE(greeting.size(), kEnough);
  EXPECT_THAT(greeting, Not(HasSubstr("\n")));

  for (const char* behaviour : {"endless-list", "thousands-of-lines"}) {
    SCOPED_TRACE(behaviour);
    const auto list = Start(behaviour);
    ClearClient client(*list);
    client.Receive();
    client.Send(Tagged(words_.capability_verb));
    const std::string lines = client.ReceiveUpTo(5000 * words_.filler.size());
    EXPECT_GE(lines.size(), 5000 * words_.filler.size());
    EXPECT_THAT(lines, HasSubstr(absl::StrCat(words_.filler, words_.filler)));
  }
}

// s_client would not find its way through this.
TEST_P(LabStarttlsTest, DripsAByteAtATime) {
  const auto lab = Start("drip-fed");
  ClearClient client(*lab);
  const std::string first = client.Receive();
  EXPECT_THAT(first, SizeIs(::testing::Lt(words_.clear_greeting.size())));
  client.Expect(std::string(words_.clear_greeting.substr(first.size())));
  client.Send(Tagged(words_.starttls_verb));
  client.Expect(WithTag(words_.starttls_ok, "a"));
}

TEST_P(LabStarttlsTest, CapabilitiesAreRefused) {
  const auto lab = Start("capabilities-refused");
  ClearClient client(*lab);
  client.Receive();
  client.Send(Tagged(words_.capability_verb));
  client.Expect(WithTag(words_.unknown, "a"));
  client.Send(Tagged(words_.starttls_verb));
  client.Expect(WithTag(words_.starttls_ok, "a"));
}

TEST_P(LabStarttlsTest, CapabilitiesAreToldOnlyInClear) {
  const auto lab = Start("capabilities-only-in-clear");
  EXPECT_THAT(Client(lab->port(), lab->ca_pem(), Starttls(protocol_),
                     SessionOf(protocol_))
                  .out,
              HasSubstr(WithTag(words_.unknown, "a")));
}

TEST_P(LabStarttlsTest, PlaintextComesInsteadOfTls) {
  const auto lab = Start("plaintext-after-hello");
  EXPECT_THAT(Client(lab->port(), lab->ca_pem(), Starttls(protocol_),
                     SessionOf(protocol_))
                  .err,
              HasSubstr("wrong version number"));
  EXPECT_THAT(lab->hellos(), SizeIs(1));
}

TEST_P(LabStarttlsTest, PlaintextBannerIsOfTheProtocol) {
  const auto lab = StartLab("plaintext-banner", protocol_, Security::kImplicit);
  ClearClient client(*lab);
  EXPECT_THAT(client.Receive(),
              StartsWith(std::string(words_.clear_greeting.substr(0, 4))));
  client.Send(Tagged(words_.starttls_verb));
  client.Expect(WithTag(words_.unknown, "a"));
}

TEST_P(LabStarttlsTest, TlsBytesComeFirst) {
  const auto lab = Start("tls-bytes-first");
  EXPECT_THAT(ClearClient(*lab).Receive(), StartsWith("\x15\x03"));
}

INSTANTIATE_TEST_SUITE_P(Lab, LabStarttlsTest,
                         ::testing::Values("imap", "pop3", "smtp", "submission",
                                           "nntp"),
                         [](const auto& test) { return test.param; });

// What is missing is missing for a reason: the protocol has no such thing.
TEST(LabScriptTest, EveryProtocolHasEveryCaseThatItCan) {
  std::vector<std::string> missing;
  for (const char* protocol : {"imap", "pop3", "smtp", "submission", "nntp"}) {
    for (const Behaviour& behaviour : AllBehaviours()) {
      if (ScriptFor(behaviour, protocol, Security::kStartTls).ok()) continue;
      missing.push_back(absl::StrCat(protocol, " ", behaviour.name));
    }
  }
  EXPECT_THAT(missing,
              UnorderedElementsAre(
                  "imap greeting-refused", "imap starttls-impossible",
                  "pop3 preauth", "pop3 greeting-referral", "pop3 unsolicited",
                  "pop3 starttls-impossible", "pop3 starttls-referral",
                  "smtp preauth", "smtp greeting-referral", "smtp unsolicited",
                  "smtp starttls-impossible", "smtp starttls-referral",
                  "submission preauth", "submission greeting-referral",
                  "submission unsolicited", "submission starttls-impossible",
                  "submission starttls-referral", "nntp preauth",
                  "nntp greeting-referral", "nntp unsolicited",
                  "nntp starttls-referral"));
}

TEST(LabScriptTest, WhatPrecedesTlsNeedsStarttls) {
  for (const char* behaviour : {"starttls-refused", "starttls-stripped",
                                "inject-same-segment", "starttls-too-early"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        ScriptFor(FindBehaviour(behaviour).value(), "imap", Security::kImplicit)
            .status()));
  }
}

// The hello, as read off the wire.

TEST(LabClientHelloTest, TellsWhatAClientOffers) {
  const auto lab = StartLab("garbage");
  Client(lab->port(), lab->ca_pem(),
         {"-servername", "mail.example.org", "-alpn", "imap,pop3", "-groups",
          "X25519:P-256", "-ciphersuites", "TLS_AES_128_GCM_SHA256", "-cipher",
          "ECDHE-ECDSA-AES128-GCM-SHA256", "-sigalgs",
          "ECDSA+SHA256:RSA-PSS+SHA256", "-tls1_3"});
  ASSERT_THAT(lab->hellos(), SizeIs(1));
  const ClientHello hello = lab->hellos()[0];
  EXPECT_EQ(hello.records, 1u);
  EXPECT_EQ(hello.record_version, 0x0301);
  EXPECT_EQ(hello.legacy_version, 0x0303);
  EXPECT_THAT(hello.session_id, SizeIs(32));
  EXPECT_THAT(hello.supported_versions, ElementsAre(0x0304));
  EXPECT_TRUE(hello.OffersTls13());
  EXPECT_FALSE(hello.OffersVersion(0x0303));
  EXPECT_FALSE(hello.HasFallbackScsv());
  EXPECT_EQ(hello.cipher_suites[0], 0x1301);
  EXPECT_THAT(hello.groups, ElementsAre(0x001d, 0x0017));
  EXPECT_THAT(hello.key_shares, ElementsAre(0x001d));
  EXPECT_THAT(hello.signature_schemes, ElementsAre(0x0403, 0x0804));
  EXPECT_THAT(hello.alpn, ElementsAre("imap", "pop3"));
  EXPECT_EQ(hello.server_name, "mail.example.org");
  EXPECT_TRUE(hello.HasExtension(51));
  EXPECT_FALSE(hello.HasExtension(5));
}

ClientHello AnyHello() {
  const auto lab = StartLab("close-after-greeting");
  Client(*lab);
  return lab->hellos().at(0);
}

TEST(LabClientHelloTest, WaitsForTheWholeHelloAndLeavesTheRest) {
  const std::string wire = AnyHello().wire;
  for (size_t length = 0; length < wire.size(); ++length) {
    const auto hello = ParseClientHello(wire.substr(0, length));
    ASSERT_TRUE(hello.ok()) << length;
    EXPECT_FALSE(hello->has_value()) << length;
  }
  const auto hello = ParseClientHello(wire + "more");
  ASSERT_TRUE(hello.ok() && hello->has_value());
  EXPECT_EQ((*hello)->wire, wire);
}

TEST(LabClientHelloTest, JoinsRecords) {
  const ClientHello whole = AnyHello();
  const std::string payload = whole.wire.substr(5);
  std::string wire;
  for (size_t i = 0; i < payload.size(); i += 100) {
    const std::string part = payload.substr(i, 100);
    wire += absl::StrCat(whole.wire.substr(0, 3), std::string(1, '\0'),
                         std::string(1, static_cast<char>(part.size())), part);
  }
  const auto hello = ParseClientHello(wire);
  ASSERT_TRUE(hello.ok() && hello->has_value());
  EXPECT_GT((*hello)->records, 1u);
  EXPECT_EQ((*hello)->wire, wire);
  EXPECT_EQ((*hello)->extensions, whole.extensions);
}

TEST(LabClientHelloTest, AnythingElseIsRefused) {
  const std::string wire = AnyHello().wire;
  std::string too_long_vector = wire;
  too_long_vector[43] = '\xff';  // the session id's length
  std::string server_hello = wire;
  server_hello[5] = 2;
  for (const std::string& bytes :
       {std::string("a LOGIN"), too_long_vector, server_hello,
        std::string("\x16\x03\x01\0\0", 5), std::string("\x16\x02\0\0\1", 5)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseClientHello(bytes).status()));
  }
}

// Certificates.

TEST(LabCertificateTest, ProblemsAreThoseAskedFor) {
  const CertificateAuthority authority = NewAuthority();
  const auto complaint = [&](const CertificateOptions& options) {
    LabOptions lab;
    lab.certificate = authority.Issue(options).value();
    const auto server = LabServer::Start(lab).value();
    return Client(server->port(), authority.certificate_pem()).err;
  };
  CertificateOptions expired;
  expired.not_before = absl::Now() - absl::Hours(2);
  expired.not_after = absl::Now() - absl::Hours(1);
  EXPECT_THAT(complaint(expired), HasSubstr("certificate has expired"));
  CertificateOptions future;
  future.not_before = absl::Now() + absl::Hours(1);
  EXPECT_THAT(complaint(future), HasSubstr("certificate is not yet valid"));
  CertificateOptions elsewhere;
  elsewhere.dns_names = {"elsewhere.test"};
  EXPECT_THAT(complaint(elsewhere), HasSubstr("hostname mismatch"));
  CertificateOptions self_signed;
  self_signed.self_signed = true;
  EXPECT_THAT(complaint(self_signed), HasSubstr("self-signed certificate"));
  CertificateOptions weak;
  weak.key_type = KeyType::kRsa;
  weak.rsa_bits = 1024;
  EXPECT_THAT(complaint(weak), HasSubstr("certificate key too weak"));
  CertificateOptions for_clients;
  for_clients.extended_key_usage = "clientAuth";
  EXPECT_THAT(complaint(for_clients), HasSubstr("certificate purpose"));
}

TEST(LabCertificateTest, GoodOnesVerify) {
  const CertificateAuthority authority = NewAuthority();
  std::vector<CertificateOptions> good(4);
  good[0].via_intermediate = true;
  good[1].key_type = KeyType::kP384;
  good[1].signature_hash = SignatureHash::kSha384;
  good[2].key_type = KeyType::kRsa;
  good[3].key_type = KeyType::kRsa;
  good[3].rsa_bits = 3072;
  for (const CertificateOptions& options : good) {
    LabOptions lab;
    lab.certificate = authority.Issue(options).value();
    const auto server = LabServer::Start(lab).value();
    const ProcessResult client =
        Client(server->port(), authority.certificate_pem());
    EXPECT_THAT(client.out, HasSubstr(kLoggedOut)) << client.err;
  }
}

// In front of real servers.

TEST(DovecotServerTest, ServesImapAndLeavesNothing) {
  const CertificateAuthority authority = NewAuthority();
  const auto dovecot =
      DovecotServer::Start({authority.Issue().value()}).value();
  const ProcessResult client =
      Client(dovecot->imaps_port(), authority.certificate_pem(), {"-tls1_3"},
             "a LOGIN alice pw\nb LOGOUT\n");
  EXPECT_THAT(client.out, HasSubstr("a OK")) << client.err << dovecot->log();
  EXPECT_THAT(client.out, HasSubstr(kLoggedOut));
  EXPECT_TRUE(dovecot->Stop().ok());
  EXPECT_FALSE(test::IsListening(dovecot->imaps_port()));
}

TEST(DovecotServerTest, SaysWhyItClosesOnTls13) {
  const CertificateAuthority authority = NewAuthority();
  const auto dovecot =
      DovecotServer::Start({authority.Issue().value(), TlsVersion::kTls12})
          .value();
  // Up to 2.3 Dovecot sends no alert in the handshake, it just closes.
  EXPECT_THAT(
      Client(dovecot->imaps_port(), authority.certificate_pem(), {"-tls1_3"})
          .err,
      AnyOf(HasSubstr("unexpected eof"), HasSubstr("alert protocol version")));
  EXPECT_TRUE(Eventually([&] {
    return absl::StrContains(dovecot->log(), "unsupported protocol");
  })) << dovecot->log();
}

// Real servers, each with a port for either way in, by s_client; and the lab in
// front of them.

struct RealServer {
  absl::Status status = {};
  uint16_t starttls_port = 0;
  uint16_t implicit_port = 0;
  std::shared_ptr<void> owner = {};
};

struct RealCase {
  std::string name;
  std::string protocol;
  // With a certificate, up to a version.
  std::function<RealServer(const Certificate&, TlsVersion)> start;
  std::string session;
  std::string answer;
};

std::ostream& operator<<(std::ostream& out, const RealCase& real) {
  return out << real.name;
}

RealServer StartDovecot(const Certificate& certificate, TlsVersion max,
                        uint16_t (DovecotServer::*starttls)() const,
                        uint16_t (DovecotServer::*implicit)() const) {
  auto server = DovecotServer::Start({certificate, max});
  if (!server.ok()) return {server.status()};
  std::shared_ptr<DovecotServer> dovecot = *std::move(server);
  return {{}, ((*dovecot).*starttls)(), ((*dovecot).*implicit)(), dovecot};
}

RealServer StartPostfix(const Certificate& certificate, TlsVersion max,
                        uint16_t (PostfixServer::*starttls)() const,
                        uint16_t (PostfixServer::*implicit)() const) {
  auto server = PostfixServer::Start({certificate, max});
  if (!server.ok()) return {server.status()};
  std::shared_ptr<PostfixServer> postfix = *std::move(server);
  return {{}, ((*postfix).*starttls)(), ((*postfix).*implicit)(), postfix};
}

RealServer StartInn(const Certificate& certificate, TlsVersion max) {
  auto server = InnServer::Start({certificate, max});
  if (!server.ok()) return {server.status()};
  std::shared_ptr<InnServer> inn = *std::move(server);
  return {{}, inn->nntp_port(), inn->nntps_port(), inn};
}

std::vector<RealCase> RealCases() {
  using D = DovecotServer;
  using P = PostfixServer;
  const auto dovecot = [](auto starttls, auto implicit) {
    return [=](const Certificate& certificate, TlsVersion max) {
      return StartDovecot(certificate, max, starttls, implicit);
    };
  };
  const auto postfix = [](auto starttls, auto implicit) {
    return [=](const Certificate& certificate, TlsVersion max) {
      return StartPostfix(certificate, max, starttls, implicit);
    };
  };
  // "AGFsaWNlAHB3" is alice and her password (RFC 4616).
  return {
      {"dovecot_imap", "imap", dovecot(&D::imap_port, &D::imaps_port),
       "a LOGIN alice pw\nb LOGOUT\n", "a OK"},
      {"dovecot_pop3", "pop3", dovecot(&D::pop3_port, &D::pop3s_port),
       "USER alice\nPASS pw\nQUIT\n", "+OK Logged in"},
      {"dovecot_submission", "submission",
       dovecot(&D::submission_port, &D::submissions_port),
       "EHLO client.test\nQUIT\n", "250-AUTH PLAIN"},
      {"postfix_smtp", "smtp", postfix(&P::smtp_port, &P::smtps_port),
       "EHLO client.test\nMAIL FROM:<bob@example.test>\n"
       "RCPT TO:<alice@example.test>\nQUIT\n",
       "250 2.1.5 Ok"},
      {"postfix_submission", "submission",
       postfix(&P::submission_port, &P::submissions_port),
       "EHLO client.test\nAUTH PLAIN AGFsaWNlAHB3\nQUIT\n",
       "235 2.7.0 Authentication successful"},
      {"inn", "nntp", StartInn,
       "AUTHINFO USER alice\nAUTHINFO PASS pw\nGROUP test.local\nQUIT\n",
       "211 1 1 1 test.local"},
  };
}

class RealServerTest : public ::testing::TestWithParam<RealCase> {
 protected:
  // A status that is not OK if the server cannot be had here: a failure unless
  // it says that the test is to be skipped.
  RealServer Start(TlsVersion max = TlsVersion::kTls13) {
    RealServer server = GetParam().start(authority_.Issue().value(), max);
    if (!absl::IsFailedPrecondition(server.status)) {
      EXPECT_TRUE(server.status.ok()) << server.status;
    }
    return server;
  }
  ProcessResult Talk(uint16_t port, std::vector<std::string> options) const {
    return Client(port, authority_.certificate_pem(), options,
                  GetParam().session);
  }
  std::vector<std::string> StarttlsAnd(const std::string& option) const {
    std::vector<std::string> options = Starttls(GetParam().protocol);
    options.push_back(option);
    return options;
  }

  const CertificateAuthority authority_ = NewAuthority();
};

TEST_P(RealServerTest, IsReachedBothWays) {
  const RealServer server = Start();
  if (!server.status.ok()) GTEST_SKIP() << server.status;
  const ProcessResult implicit = Talk(server.implicit_port, {"-tls1_3"});
  EXPECT_THAT(implicit.out, HasSubstr(GetParam().answer)) << implicit.err;
  const ProcessResult starttls =
      Talk(server.starttls_port, StarttlsAnd("-tls1_3"));
  EXPECT_THAT(starttls.out, HasSubstr(GetParam().answer)) << starttls.err;
}

TEST_P(RealServerTest, CanBeLimitedToTls12) {
  const RealServer server = Start(TlsVersion::kTls12);
  if (!server.status.ok()) GTEST_SKIP() << server.status;
  EXPECT_EQ(Talk(server.implicit_port, {"-tls1_3"}).out, "");
  EXPECT_THAT(Talk(server.starttls_port, StarttlsAnd("-tls1_3")).out,
              Not(HasSubstr(GetParam().answer)));
  EXPECT_THAT(Talk(server.implicit_port, {"-tls1_2"}).out,
              HasSubstr(GetParam().answer));
  EXPECT_THAT(Talk(server.starttls_port, StarttlsAnd("-tls1_2")).out,
              HasSubstr(GetParam().answer));
}

TEST_P(RealServerTest, LabInFrontStrikesTheHelloAfterStarttls) {
  const RealServer server = Start();
  if (!server.status.ok()) GTEST_SKIP() << server.status;
  const auto lab =
      StartLab("tls13-fin", GetParam().protocol, Security::kStartTls,
               Upstream{"127.0.0.1", server.starttls_port});
  const ProcessResult struck = Talk(lab->port(), StarttlsAnd("-tls1_3"));
  EXPECT_THAT(struck.err, HasSubstr("unexpected eof"));
  EXPECT_THAT(struck.out, Not(HasSubstr(GetParam().answer)));
  const ProcessResult served = Talk(lab->port(), StarttlsAnd("-tls1_2"));
  EXPECT_THAT(served.out, HasSubstr(GetParam().answer)) << served.err;
  EXPECT_THAT(lab->hellos(), SizeIs(2));
  EXPECT_THAT(lab->received_in_clear(), Not(HasSubstr("alice")));
}

INSTANTIATE_TEST_SUITE_P(Servers, RealServerTest,
                         ::testing::ValuesIn(RealCases()),
                         [](const auto& test) { return test.param.name; });

TEST(LabRelayTest, WhatEndsBeforeStarttlsIsPassedOn) {
  const CertificateAuthority authority = NewAuthority();
  const auto dovecot =
      DovecotServer::Start({authority.Issue().value()}).value();
  const auto lab = StartLab("tls13-fin", "imap", Security::kStartTls,
                            Upstream{"127.0.0.1", dovecot->imap_port()});
  ClearClient client(*lab);
  EXPECT_THAT(client.Receive(), StartsWith("* OK"));
  client.Send("a LOGOUT");
  EXPECT_THAT(client.ReceiveUpTo(1 << 20),
              AllOf(StartsWith("* BYE"), HasSubstr("a OK")));
  EXPECT_EQ(lab->received_in_clear(), "a LOGOUT\r\n");
}

TEST(LabRelayTest, DovecotIsReachedThroughWhatIsNotStruck) {
  const CertificateAuthority authority = NewAuthority();
  const auto dovecot =
      DovecotServer::Start({authority.Issue().value()}).value();
  const auto lab =
      StartLab("tls13-fin", Upstream{"127.0.0.1", dovecot->imaps_port()});
  EXPECT_THAT(Client(lab->port(), authority.certificate_pem()).err,
              HasSubstr("unexpected eof"));
  const ProcessResult client =
      Client(lab->port(), authority.certificate_pem(), {"-tls1_2"},
             "a LOGIN alice pw\nb LOGOUT\n");
  EXPECT_THAT(client.out, AllOf(HasSubstr("a OK"), HasSubstr(kLoggedOut)));
  // Untouched: it is Dovecot that sees through a reduced hello.
  Client(lab->port(), authority.certificate_pem(),
         {"-tls1_2", "-fallback_scsv"});
  EXPECT_TRUE(Eventually([&] {
    return absl::StrContains(dovecot->log(), "inappropriate fallback");
  })) << dovecot->log();
  EXPECT_THAT(lab->hellos(), SizeIs(3));
  EXPECT_EQ(lab->received_in_clear(), "");
}

TEST(LabRelayTest, BulkPassesBothWaysUntouched) {
  const CertificateAuthority authority = NewAuthority();
  const auto server =
      OpensslServer::Start(authority.Issue().value(), {"-rev", "-tls1_3"})
          .value();
  const auto lab = StartLab("healthy", Upstream{"127.0.0.1", server->port()});
  std::string sent, expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string line = absl::StrCat("line number ", i);
    absl::StrAppend(&sent, line, "\n");
    absl::StrAppend(&expected, std::string(line.rbegin(), line.rend()), "\n");
  }
  // -rev ends the connection at this line.
  const ProcessResult client = Client(lab->port(), authority.certificate_pem(),
                                      {"-nocommands"}, sent + "CLOSE\n");
  EXPECT_EQ(absl::StrReplaceAll(client.out, {{"\r", ""}}), expected);
}

TEST(LabRelayTest, UpstreamThatIsGoneMeansReset) {
  const auto lab =
      StartLab("healthy", Upstream{"127.0.0.1", test::ReserveFreePort()});
  EXPECT_THAT(Client(*lab).err, HasSubstr("errno=104"));
}

TEST(LabRelayTest, PassesOnHowTheUpstreamEnds) {
  for (const auto& [behaviour, complaint] :
       std::vector<std::pair<std::string, std::string>>{
           {"tls13-rst", "errno=104"}, {"tls13-fin", "unexpected eof"}}) {
    const auto upstream = StartLab(behaviour);
    const auto lab =
        StartLab("healthy", Upstream{"127.0.0.1", upstream->port()});
    EXPECT_THAT(Client(*lab).err, HasSubstr(complaint));
  }
}

TEST(ProcessTest, TellsHowAProgramEnded) {
  const ProcessResult result =
      RunProcess({{"sh", "-c", "cat; echo $WORD >&2; exit 7"},
                  {{"WORD", "hello"}},
                  "in\n"})
          .value();
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.out, "in\n");
  EXPECT_EQ(result.err, "hello\n");
  EXPECT_EQ(RunProcess({{"sh", "-c", "kill -9 $$"}})->signal, SIGKILL);
  EXPECT_TRUE(
      RunProcess({{"sleep", "1000"}}, absl::Milliseconds(50))->timed_out);
  EXPECT_TRUE(absl::IsNotFound(RunProcess({{"no-such-program"}}).status()));
}

TEST(ProcessTest, DoesNotOutliveTheProcessThatStartedIt) {
  TempDir directory;
  const pid_t crashing = fork();
  if (crashing == 0) {
    const auto sleeper = Process::Start({{"sleep", "1000"}});
    directory.Write("pid", absl::StrCat((*sleeper)->pid()));
    _exit(1);
  }
  waitpid(crashing, nullptr, 0);
  const pid_t sleeper = std::stoi(directory.Read("pid"));
  EXPECT_TRUE(Eventually([&] { return !test::IsAlive(sleeper); }));
}

TEST(ProcessTest, InputCanBeHeldOpen) {
  ProcessOptions options;
  options.arguments = {"cat"};
  options.input = std::nullopt;
  auto cat = Process::Start(options).value();
  cat->WriteInput("one\n");
  EXPECT_TRUE(cat->WaitForOutput("one"));
  EXPECT_THAT(cat->LivingGroup(), ElementsAre(cat->pid()));
  cat->CloseInput();
  EXPECT_EQ(cat->Wait(LongEnough())->exit_code, 0);
  EXPECT_THAT(cat->LivingGroup(), IsEmpty());
}

}  // namespace
}  // namespace holdfast::lab
