// `holdfast connect TARGET` as a session: in pipes, on a terminal, and under
// real mail clients that could not reach the server alone.

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kLogin[] = "a0 LOGIN alice pw\r\n";
constexpr char kMessage[] =
    "From: Bob <bob@example.test>\r\n"
    "To: Alice <alice@example.test>\r\n"
    "Subject: Through the relay\r\n"
    "Message-ID: <one@example.test>\r\n"
    "Date: Sat, 21 Nov 2026 05:00:00 +0000\r\n"
    "\r\n"
    "The one message.\r\n";

std::string AppendCommand(absl::string_view message) {
  return absl::StrCat("a1 APPEND INBOX {", message.size(), "+}\r\n", message,
                      "\r\n");
}

// One authority, one Dovecot that speaks TLS 1.2, and in front of it a lab that
// drops all who offer more.
class SessionTest : public testing::Test {
 protected:
  SessionTest() : authority_(*lab::CertificateAuthority::Create()) {
    directory_.Write("ca.pem", authority_.certificate_pem());
    dovecot_ =
        DovecotServer::Start({*authority_.Issue(), TlsVersion::kTls12}).value();
    front_ = StartLab("tls13-fin", dovecot_.get());
  }

  std::unique_ptr<lab::LabServer> StartLab(const std::string& behaviour,
                                           const DovecotServer* upstream) {
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    options.certificate = *authority_.Issue();
    if (upstream != nullptr) {
      options.upstream = lab::Upstream{"127.0.0.1", upstream->imaps_port()};
    }
    return lab::LabServer::Start(options).value();
  }

  std::vector<std::string> Arguments(const std::string& target,
                                     std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"connect", "--no-system-roots", "--ca",
                                     directory_.Path("ca.pem"), "--cache",
                                     directory_.Path("hosts.db"), target});
    return HoldfastCommand(std::move(options));
  }
  static std::string Imaps(uint16_t port) {
    return absl::StrCat("imaps://127.0.0.1:", port);
  }
  std::string Direct() { return Imaps(dovecot_->imaps_port()); }
  // What a client is to run in place of a connection.
  std::string TunnelCommand() {
    return absl::StrJoin(Arguments(Imaps(front_->port())), " ");
  }

  ProcessResult Run(const std::string& target, std::string input) {
    ProcessOptions options;
    options.arguments = Arguments(target);
    options.input = std::move(input);
    return RunToItsEnd(options);
  }
  ProcessResult RunToItsEnd(const ProcessOptions& options) {
    absl::StatusOr<ProcessResult> result =
        RunProcess(options, Scaled(absl::Seconds(60)));
    if (!result.ok()) {
      ADD_FAILURE() << result.status();
      return {};
    }
    EXPECT_FALSE(result->timed_out) << result->out << result->err;
    return *std::move(result);
  }
  ProcessResult RunShell(const std::string& script, std::string input) {
    ProcessOptions options;
    options.arguments = {"sh", "-c", script};
    options.input = std::move(input);
    options.environment = {{"HOME", directory_.path()}};
    return RunToItsEnd(options);
  }

  std::unique_ptr<Process> Start(const std::vector<std::string>& arguments) {
    ProcessOptions options;
    options.arguments = arguments;
    options.input = std::nullopt;
    return *Process::Start(options);
  }

  void DeliverMessage() {
    const ProcessResult result =
        Run(Direct(),
            absl::StrCat(kLogin, AppendCommand(kMessage), "a2 LOGOUT\r\n"));
    ASSERT_THAT(result.out, HasSubstr("a1 OK")) << result.err;
  }

  lab::CertificateAuthority authority_;
  TempDir directory_;
  std::unique_ptr<DovecotServer> dovecot_;
  std::unique_ptr<lab::LabServer> front_;
};

TEST_F(SessionTest, InAPipeAllAnswersComeAndNothingElse) {
  const ProcessResult result =
      Run(Imaps(front_->port()), "a1 NOOP\r\na2 LOGOUT\r\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("* OK [CAPABILITY IMAP4rev1 "));
  EXPECT_THAT(result.out, HasSubstr("ready.\r\na1 OK "));
  EXPECT_THAT(result.out, HasSubstr("\r\n* BYE Logging out\r\na2 OK "));
  EXPECT_THAT(result.out, EndsWith("\r\n"));
  EXPECT_EQ(result.err, "");
}

TEST_F(SessionTest, AfterStartTlsTheGreetingHasNoCapabilitiesFromTheClear) {
  const ProcessResult result =
      Run(absl::StrCat("imap://127.0.0.1:", dovecot_->imap_port()),
          "a1 NOOP\r\na2 LOGOUT\r\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("* OK Dovecot ready.\r\na1 OK "));
  EXPECT_THAT(result.out, HasSubstr("a2 OK "));
}

TEST_F(SessionTest, BytesAreCarriedAsTheyAre) {
  // LF alone, NUL and 8-bit bytes inside a literal.
  std::string body = "Subject: bytes\r\n\r\n";
  for (int byte = 1; byte < 256; ++byte) body += static_cast<char>(byte);
  const ProcessResult result =
      Run(Direct(), absl::StrCat(kLogin, AppendCommand(body),
                                 "a2 SELECT INBOX\r\n"
                                 "a3 FETCH 1 BODY[TEXT]\r\na4 LOGOUT\r\n"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  // Dovecot keeps a lone LF as it is sent back, as CRLF.
  EXPECT_THAT(result.out, HasSubstr(body.substr(body.find("\x0b"))));
}

// Dovecot stops in the middle of an answer when it sees the end of the stream.
TEST_F(SessionTest, AnAnswerIsNotCutByTheEndOfInput) {
  constexpr size_t kSize = 20'000'000;
  std::string body = "Subject: large\r\n\r\n";
  while (body.size() < kSize) body.append(70, 'x').append("\r\n");
  const ProcessResult result =
      Run(Direct(), absl::StrCat(kLogin, AppendCommand(body),
                                 "a2 SELECT INBOX\r\n"
                                 "a3 FETCH 1 BODY[]\r\na4 LOGOUT\r\n"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GT(result.out.size(), body.size());
  EXPECT_THAT(result.out, HasSubstr("a3 OK Fetch completed"));
  EXPECT_THAT(result.out, HasSubstr("a4 OK Logout completed"));
}

TEST_F(SessionTest, AServerThatCutsTheConnectionIsAnError) {
  auto server = StartLab("healthy", dovecot_.get());
  auto process = Start(Arguments(Imaps(server->port())));
  ASSERT_TRUE(process->WaitForOutput("ready."));
  server.reset();
  const std::optional<ProcessResult> result = process->Wait(LongEnough());
  ASSERT_TRUE(result) << "it did not end";
  EXPECT_EQ(result->exit_code, 1);
  EXPECT_THAT(result->err, HasSubstr("(connection_closed)"));
}

TEST_F(SessionTest, SignalsEndItAtOnce) {
  for (const int signal : {SIGINT, SIGTERM}) {
    auto process = Start(Arguments(Direct()));
    ASSERT_TRUE(process->WaitForOutput("ready"));
    process->Signal(signal);
    const std::optional<ProcessResult> result = process->Wait(LongEnough());
    ASSERT_TRUE(result) << "it did not end";
    EXPECT_EQ(result->signal, signal);
    EXPECT_EQ(result->err, "");
  }
}

TEST_F(SessionTest, AReaderThatGoesEndsItQuietly) {
  const ProcessResult result =
      RunShell(absl::StrCat("{ ", absl::StrJoin(Arguments(Direct()), " "),
                            "; echo status $? >&2; } | head -n 1"),
               "a1 NOOP\r\na2 NOOP\r\n");
  EXPECT_THAT(result.out, StartsWith("* OK "));
  EXPECT_EQ(result.err, "status 0\n");
}

TEST_F(SessionTest, OutputThatCannotBeWrittenIsALocalError) {
  const ProcessResult result =
      RunShell(absl::StrCat(absl::StrJoin(Arguments(Direct()), " "),
                            " >/dev/full; echo status $?"),
               "a1 LOGOUT\r\n");
  EXPECT_EQ(result.out, "status 4\n");
  EXPECT_THAT(result.err, HasSubstr("(output_failed)"));
}

TEST_F(SessionTest, ClosedStandardDescriptorsAreNotTakenForOthers) {
  const std::string command = absl::StrJoin(Arguments(Direct()), " ");
  EXPECT_EQ(RunShell(command + " >&-", "a1 LOGOUT\r\n").exit_code, 0);
  const ProcessResult result = RunShell(command + " <&- | head -n 1", "");
  EXPECT_THAT(result.out, StartsWith("* OK "));
  EXPECT_EQ(result.err, "");
}

TEST_F(SessionTest, JsonGoesOnlyWithCheck) {
  std::vector<std::string> arguments = Arguments(Direct());
  arguments.push_back("--json");
  ProcessOptions options;
  options.arguments = arguments;
  const ProcessResult result = RunToItsEnd(options);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("--check"));
}

TEST_F(SessionTest, AFailureToConnectIsToldOnStandardErrorOnly) {
  const auto dropper = StartLab("tls13-fin", dovecot_.get());
  std::vector<std::string> arguments = Arguments(Imaps(dropper->port()));
  arguments.push_back("--no-fallback");
  ProcessOptions options;
  options.arguments = arguments;
  const ProcessResult result = RunToItsEnd(options);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("holdfast: Could not connect to imaps"));
  EXPECT_THAT(result.err, HasSubstr("  Error         closed_during_handshake"));
}

TEST_F(SessionTest, TheTimeoutCoversReachingTheServerOnly) {
  const absl::Duration timeout = Scaled(absl::Seconds(1));
  auto process =
      Start(Arguments(Direct(), {"--timeout", absl::FormatDuration(timeout)}));
  ASSERT_TRUE(process->WaitForOutput("ready"));
  EXPECT_FALSE(process->Wait(1.5 * timeout));
  process->WriteInput("a1 LOGOUT\r\n");
  EXPECT_TRUE(process->WaitForOutput("a1 OK"));
}

// A pseudo-terminal; the test is who sits before it.
class Terminal {
 public:
  Terminal() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
    grantpt(master_.get());
    unlockpt(master_.get());
  }
  std::string name() const { return ptsname(master_.get()); }
  void Type(absl::string_view text) {
    EXPECT_EQ(write(master_.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }
  // True once `text` was shown.
  bool WaitFor(absl::string_view text) {
    const absl::Time deadline = absl::Now() + LongEnough();
    while (!absl::StrContains(shown_, text) && absl::Now() < deadline) {
      ReadShown();
      absl::SleepFor(absl::Milliseconds(10));
    }
    return absl::StrContains(shown_, text);
  }
  // Takes what is shown now.
  void ReadShown() {
    char buffer[4096];
    ssize_t count;
    while ((count = read(master_.get(), buffer, sizeof buffer)) > 0) {
      shown_.append(buffer, static_cast<size_t>(count));
    }
  }
  const std::string& shown() const { return shown_; }

 private:
  UniqueFd master_;
  std::string shown_;
};

TEST_F(SessionTest, OnATerminalLinesGetTheirCrLfAndEditingStays) {
  const auto server = StartLab("healthy", nullptr);
  Terminal terminal;
  const std::string command = absl::Substitute(
      "exec $0 <$1 >$1 2>$1",
      absl::StrJoin(Arguments(Imaps(server->port())), " "), terminal.name());
  auto process = Start({"sh", "-c", command});
  ASSERT_TRUE(terminal.WaitFor("ready\r")) << terminal.shown();
  EXPECT_THAT(terminal.shown(), HasSubstr("attempt 1")) << "no progress";
  terminal.Type("a1 NOPO\x7f\x7fOP\n");
  EXPECT_TRUE(terminal.WaitFor("a1 OK NOOP completed")) << terminal.shown();
  EXPECT_THAT(server->lines(), testing::Contains("a1 NOOP"));
  terminal.Type("a2 LOGOUT\n");
  const std::optional<ProcessResult> result = process->Wait(LongEnough());
  ASSERT_TRUE(result) << terminal.shown();
  EXPECT_EQ(result->exit_code, 0) << terminal.shown();
}

// Whether an open file blocks, from a text of /proc/PID/fdinfo.
bool Blocks(const std::string& info) {
  const size_t flags = info.find("flags:");
  return flags != std::string::npos &&
         (std::stoi(info.substr(flags + 6), nullptr, 8) & O_NONBLOCK) == 0;
}

// The descriptors of a user's shell are the same open files as ours.
TEST_F(SessionTest, ATerminalIsLeftBlockingThroughoutAndAfter) {
  Terminal terminal;
  const std::string script = absl::Substitute(
      "exec <$1 >$1; $0; cat /proc/$$$$/fdinfo/0 >&2; true",
      absl::StrJoin(Arguments(Direct()), " "), terminal.name());
  auto shell = Start({"sh", "-c", script});
  ASSERT_TRUE(terminal.WaitFor("ready.")) << terminal.shown();
  terminal.Type("a1 NOOP\n");
  ASSERT_TRUE(terminal.WaitFor("a1 OK")) << terminal.shown();
  for (const char* fd : {"0", "1"}) {
    std::ifstream info(absl::StrCat("/proc/", shell->pid(), "/fdinfo/", fd));
    EXPECT_TRUE(Blocks(std::string(std::istreambuf_iterator<char>(info), {})));
  }
  terminal.Type("a2 LOGOUT\n");
  const std::optional<ProcessResult> result = shell->Wait(LongEnough());
  ASSERT_TRUE(result) << terminal.shown();
  EXPECT_TRUE(Blocks(result->err)) << result->err;
}

// Real clients. Each is first shown to fail alone: OpenSSL and GnuTLS offer TLS
// 1.3, for which the lab hangs up.
class MailClientTest : public SessionTest {
 protected:
  // The mailboxes of a configuration for mbsync; `how` reaches the server.
  std::string MbsyncConfiguration(const std::string& how) {
    return directory_.Write("mbsyncrc",
                            absl::Substitute(R"(
IMAPAccount lab
$0
User alice
Pass pw

IMAPStore far
Account lab

MaildirStore near
Path $1/
Inbox $1/inbox

Channel all
Far :far:
Near :near:
SyncState *
)",
                                             how, directory_.path()));
  }
  ProcessResult Mbsync(const std::string& how) {
    return RunShell(
        absl::StrCat("mkdir -p ", directory_.Path("inbox"), " && mbsync -c ",
                     MbsyncConfiguration(how), " all"),
        "");
  }
  // What mbsync has brought.
  std::string Inbox() {
    return RunShell(
               absl::StrCat("cat ", directory_.Path("inbox"), "/new/* 2>&1"),
               "")
        .out;
  }

  ProcessResult Fetchmail(const std::string& how) {
    const std::string file = directory_.Write(
        "fetchmailrc",
        absl::Substitute(
            "poll 127.0.0.1 protocol IMAP $0 auth password user \"alice\" "
            "password \"pw\" sslproto \"\" mda \"/bin/cat\" keep\n",
            how));
    chmod(file.c_str(), 0600);
    return RunShell(
        absl::StrCat("fetchmail --nodetach -f ", file, " --pidfile ",
                     directory_.Path("pid"), " --idfile ",
                     directory_.Path("ids"), " --nosyslog"),
        "");
  }
};

TEST_F(MailClientTest, MbsyncReachesTheServerByItsTunnel) {
  DeliverMessage();
  const ProcessResult alone = Mbsync(absl::Substitute(
      "Host 127.0.0.1\nPort $0\nSSLType IMAPS\nCertificateFile $1",
      front_->port(), directory_.Path("ca.pem")));
  EXPECT_NE(alone.exit_code, 0);
  EXPECT_THAT(Inbox(), Not(HasSubstr("The one message.")));

  const ProcessResult through =
      Mbsync(absl::Substitute("Tunnel \"$0\"", TunnelCommand()));
  EXPECT_EQ(through.exit_code, 0) << through.out << through.err;
  EXPECT_THAT(Inbox(), HasSubstr("The one message."));
}

TEST_F(MailClientTest, FetchmailReachesTheServerByItsPlugin) {
  DeliverMessage();
  const ProcessResult alone =
      Fetchmail(absl::Substitute("service $0 ssl sslcertck sslcertfile $1",
                                 front_->port(), directory_.Path("ca.pem")));
  EXPECT_NE(alone.exit_code, 0);
  EXPECT_THAT(alone.out, Not(HasSubstr("The one message.")));

  const ProcessResult through =
      Fetchmail(absl::Substitute("plugin \"$0\"", TunnelCommand()));
  EXPECT_EQ(through.exit_code, 0) << through.out << through.err;
  EXPECT_THAT(through.out, HasSubstr("The one message."));
}

}  // namespace
}  // namespace holdfast::test
