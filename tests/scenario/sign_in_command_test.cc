// `holdfast connect --user` against real servers: what is signed in, where the
// password comes from, and where it never goes.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/substitute.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/openssl_server.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/postfix_server.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Words = std::vector<std::string>;

constexpr char kPassword[] = "Corr3ct-H0rse-B4ttery";
constexpr char kWrong[] = "Wr0ng-H0rse-B4ttery";

class SignInCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_.Write("ca.pem", authority_.certificate_pem());
    PasswordFile("password", absl::StrCat(kPassword, "\nanother line\n"));
    PasswordFile("wrong", absl::StrCat(kWrong, "\r\n"));
    StartDovecot();
  }

  void StartDovecot(DovecotOptions options = {}) {
    options.certificate = *authority_.Issue();
    options.password = kPassword;
    if (options.mechanisms == "plain") {
      options.mechanisms = "plain login scram-sha-1 scram-sha-256";
    }
    dovecot_ = DovecotServer::Start(options).value();
  }

  // Dovecot writes its log by a process of its own, a little later.
  bool IsLogged(const std::string& text) const {
    return Eventually([&] { return absl::StrContains(dovecot_->log(), text); });
  }

  // Its owner's alone.
  std::string PasswordFile(const std::string& name, const std::string& text) {
    const std::string path = directory_.Write(name, text);
    chmod(path.c_str(), 0600);
    return path;
  }
  std::string Password() const { return directory_.Path("password"); }
  std::string Wrong() const { return directory_.Path("wrong"); }

  static std::string Url(const std::string& scheme, uint16_t port) {
    return absl::StrCat(scheme, "://127.0.0.1:", port);
  }
  std::string Imaps() const { return Url("imaps", dovecot_->imaps_port()); }

  Words Arguments(const std::string& target, Words options) const {
    Words arguments = {"connect",
                       target,
                       "--no-system-roots",
                       "--ca",
                       directory_.Path("ca.pem"),
                       "--cache",
                       "none"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return arguments;
  }
  CommandResult Check(const std::string& target, Words options) const {
    options.insert(options.begin(), "--check");
    return RunHoldfast(Arguments(target, std::move(options)));
  }
  Words Alice(Words options = {}) const {
    options.insert(options.begin(),
                   {"--user", "alice", "--password-file", Password()});
    return options;
  }
  Words Command(const std::string& command, Words options = {}) const {
    options.insert(options.begin(),
                   {"--user", "alice", "--password-command", command});
    return options;
  }

  ProcessOptions Program(const std::string& target, Words options) const {
    ProcessOptions program;
    program.arguments = HoldfastCommand(Arguments(target, std::move(options)));
    return program;
  }
  ProcessResult Session(const std::string& target, const std::string& input,
                        Words options) const {
    ProcessOptions program = Program(target, std::move(options));
    program.input = input;
    return *RunProcess(program);
  }

  // Files of a client certificate for `name`.
  Words ClientCertificate(const std::string& name) {
    lab::CertificateOptions options;
    options.common_name = name;
    options.extended_key_usage = "clientAuth";
    const lab::Certificate certificate = *authority_.Issue(options);
    return {"--client-cert",
            directory_.Write("client.pem", certificate.chain_pem),
            "--client-key", PasswordFile("client.key", certificate.key_pem)};
  }

  lab::CertificateAuthority authority_ = *lab::CertificateAuthority::Create();
  TempDir directory_;
  std::unique_ptr<DovecotServer> dovecot_;
};

// --- Signing in

TEST_F(SignInCommandTest, CheckSignsInAndReportsHow) {
  for (const std::string& target : {Imaps(), Url("imap", dovecot_->imap_port()),
                                    Url("pop3s", dovecot_->pop3s_port()),
                                    Url("pop3", dovecot_->pop3_port())}) {
    SCOPED_TRACE(target);
    const CommandResult result = Check(target, Alice({"--json"}));
    EXPECT_EQ(result.exit_code(), 0) << result.process.out;
    EXPECT_EQ(result.json["outcome"], "connected");
    const nlohmann::json& authentication = result.json["authentication"];
    EXPECT_EQ(authentication["outcome"], "signed_in");
    EXPECT_EQ(authentication["user"], "alice");
    EXPECT_EQ(authentication["mechanism"], "SCRAM-SHA-256");
    EXPECT_EQ(authentication["tries"], 1);
    EXPECT_GE(authentication["round_trips"], 2);
  }
  EXPECT_TRUE(IsLogged("imap(alice)")) << dovecot_->log();
  EXPECT_TRUE(IsLogged("pop3(alice)")) << dovecot_->log();
}

TEST_F(SignInCommandTest, CheckTellsPeopleTooAndLogsOut) {
  const CommandResult result = Check(Imaps(), Alice({"--auth", "PLAIN"}));
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_THAT(result.process.out,
              HasSubstr("Signed in     as alice, by PLAIN in 1 round trip\n"));
  // What the server can do for those who are signed in.
  EXPECT_THAT(result.process.out, HasSubstr("NAMESPACE"));
  EXPECT_TRUE(IsLogged("Logged out")) << dovecot_->log();
}

TEST_F(SignInCommandTest, WithoutAUserNobodySignsIn) {
  const CommandResult result = Check(Imaps(), {"--json"});
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_TRUE(result.json.contains("authentication"));
  EXPECT_TRUE(result.json["authentication"].is_null());
  EXPECT_THAT(dovecot_->log(), Not(HasSubstr("alice")));
}

TEST_F(SignInCommandTest, SubmissionIsSignedIn) {
  auto postfix = PostfixServer::Start({*authority_.Issue()});
  if (absl::IsFailedPrecondition(postfix.status())) {
    GTEST_SKIP() << postfix.status();
  }
  ASSERT_TRUE(postfix.ok()) << postfix.status();
  DovecotOptions options;
  options.relay_port = (*postfix)->smtp_port();
  StartDovecot(options);
  const std::string dovecots = Url("submissions", dovecot_->submissions_port());
  EXPECT_EQ(
      Check(dovecots, Alice({"--json"})).json["authentication"]["outcome"],
      "signed_in");
  const ProcessResult session =
      Session(dovecots, "MAIL FROM:<alice@localhost.test>\r\nQUIT\r\n",
              Alice({"--auth", "plain"}));
  EXPECT_EQ(session.exit_code, 0) << session.err;
  EXPECT_THAT(session.out, AllOf(StartsWith("220 "), HasSubstr("\r\n250 ")));

  Words words = {"--user", "alice@example.test", "--password-file",
                 PasswordFile("postfix", "pw")};
  const ProcessResult mail =
      Session(Url("submission", (*postfix)->submission_port()),
              "EHLO client.test\r\nMAIL FROM:<alice@example.test>\r\n"
              "RCPT TO:<alice@example.test>\r\nQUIT\r\n",
              words);
  EXPECT_EQ(mail.exit_code, 0) << mail.err;
  EXPECT_THAT(mail.out, AllOf(StartsWith("220 "), HasSubstr("250 2.1.5")));
}

TEST_F(SignInCommandTest, AnImapSessionBeginsWithPreauth) {
  const ProcessResult result =
      Session(Imaps(), "a1 SELECT INBOX\r\na2 LOGOUT\r\n", Alice());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("* PREAUTH [CAPABILITY IMAP4rev1 "));
  const std::string greeting =
      result.out.substr(0, result.out.find("\r\n") + 2);
  EXPECT_THAT(greeting, AllOf(HasSubstr(" IDLE "), Not(HasSubstr("AUTH=")),
                              EndsWith("] signed in\r\n")));
  EXPECT_THAT(result.out, AllOf(HasSubstr("a1 OK "), HasSubstr("a2 OK ")));
  EXPECT_EQ(result.err, "");
}

TEST_F(SignInCommandTest, APop3SessionBeginsInItsTransaction) {
  const ProcessResult result =
      Session(Url("pop3", dovecot_->pop3_port()), "STAT\r\nQUIT\r\n", Alice());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("+OK signed in\r\n+OK 0 0\r\n"));
}

// Its configuration holds no password, and asks for none.
TEST_F(SignInCommandTest, MbsyncFindsItsTunnelSignedIn) {
  const std::string message = "Subject: one\r\n\r\nThe one message.\r\n";
  ASSERT_EQ(Session(Imaps(),
                    absl::StrCat("a1 APPEND INBOX {", message.size(), "+}\r\n",
                                 message, "\r\na2 LOGOUT\r\n"),
                    Alice())
                .exit_code,
            0);
  const Words command = HoldfastCommand(Arguments(Imaps(), Alice()));
  const std::string configuration =
      directory_.Write("mbsyncrc", absl::Substitute(R"(
IMAPAccount lab
Tunnel "$0"
User alice

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
                                                    absl::StrJoin(command, " "),
                                                    directory_.path()));
  mkdir(directory_.Path("inbox").c_str(), 0700);
  const auto mbsync = RunProcess({{"mbsync", "-c", configuration, "all"}});
  ASSERT_TRUE(mbsync.ok());
  EXPECT_EQ(mbsync->exit_code, 0) << mbsync->out << mbsync->err;
  EXPECT_THAT(
      RunProcess({{"grep", "-r", "The one", directory_.Path("inbox")}})->out,
      HasSubstr("The one message."));
}

TEST_F(SignInCommandTest, AuthTakesThatMechanismOnly) {
  for (const char* name : {"plain", "LOGIN", "SCRAM-SHA-1", "user/pass"}) {
    const CommandResult result =
        Check(Imaps(), Alice({"--json", "--auth", name}));
    EXPECT_EQ(result.exit_code(), 0) << result.process.out;
    EXPECT_EQ(result.json["authentication"]["mechanism"],
              absl::AsciiStrToUpper(name));
  }
  const CommandResult result =
      Check(Imaps(), Alice({"--json", "--auth", "SCRAM-SHA-256-PLUS"}));
  EXPECT_EQ(result.exit_code(), 5);
  EXPECT_EQ(result.json["error"]["code"], "authentication_refused");
}

// --- Where the password comes from

TEST_F(SignInCommandTest, ACommandPrintsThePassword) {
  const CommandResult result =
      Check(Imaps(), Command(absl::StrCat("echo ask alice >&2; printf '",
                                          kPassword, "\\r\\nnot this'")));
  EXPECT_EQ(result.exit_code(), 0) << result.process.out;
  EXPECT_THAT(result.process.err, HasSubstr("ask alice\n"));
}

TEST_F(SignInCommandTest, ACommandHasNoStandardInput) {
  const ProcessResult result =
      Session(Imaps(), "a1 LOGOUT\r\n",
              Command(absl::StrCat("cat >&2; echo ", kPassword)));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("a1 OK"));
  EXPECT_EQ(result.err, "");
}

TEST_F(SignInCommandTest, ACommandThatStaysBehindIsNotWaitedFor) {
  const CommandResult result = Check(
      Imaps(),
      Command(absl::StrCat("sleep 1000 & echo $! >", directory_.Path("pid"),
                           "; echo ", kPassword)));
  EXPECT_EQ(result.exit_code(), 0) << result.process.out;
  pid_t pid = 0;
  ASSERT_TRUE(absl::SimpleAtoi(directory_.Read("pid"), &pid));
  kill(pid, SIGKILL);
}

TEST_F(SignInCommandTest, ACommandThatFailsIsALocalError) {
  const struct {
    const char* command;
    const char* complaint;
  } kCases[] = {
      {"echo secret; exit 3", "ended with exit status 3"},
      {"no-such-program-here", "ended with exit status 127"},
      {"kill -9 $$", "was ended by signal 9"},
      {"true", "printed no first line"},
      {"echo; echo second", "printed no first line"},
      {"head -c 100000 /dev/zero | tr '\\0' x", "printed too much"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.command);
    const CommandResult result = Check(Imaps(), Command(c.command, {"--json"}));
    EXPECT_EQ(result.exit_code(), 4);
    EXPECT_EQ(result.json["outcome"], "failed");
    EXPECT_EQ(result.json["authentication"]["outcome"], "failed");
    EXPECT_EQ(result.json["error"]["code"], "credentials_unreadable");
    EXPECT_THAT(result.json["error"]["message"].get<std::string>(),
                HasSubstr(c.complaint));
  }
}

TEST_F(SignInCommandTest, ACommandHasTheTimeOfTheConnect) {
  const CommandResult result =
      Check(Imaps(), Command("sleep 1000", {"--json", "--timeout",
                                            ScaledOption(absl::Seconds(1))}));
  EXPECT_EQ(result.exit_code(), 4);
  EXPECT_EQ(result.json["error"]["code"], "credentials_unreadable");
  EXPECT_THAT(result.json["error"]["message"].get<std::string>(),
              HasSubstr("in time"));
}

TEST_F(SignInCommandTest, SignalsEndTheCommandToo) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string pid_file = directory_.Path("pid");
    unlink(pid_file.c_str());
    auto process = *Process::Start(Program(
        Imaps(),
        Command(absl::StrCat("echo $$ >", pid_file, "; exec sleep 1000"),
                {"--check"})));
    ASSERT_TRUE(Eventually(
        [&] { return absl::StrContains(directory_.Read("pid"), "\n"); }));
    const pid_t pid = std::stoi(directory_.Read("pid"));
    EXPECT_TRUE(IsAlive(pid));
    process->Signal(signal);
    const auto result = process->Wait(LongEnough());
    ASSERT_TRUE(result) << "it did not end";
    EXPECT_EQ(result->signal, signal);
    EXPECT_THAT(result->out, HasSubstr("cancelled"));
    EXPECT_TRUE(Eventually([pid] { return !IsAlive(pid); }));
  }
}

TEST_F(SignInCommandTest, StandardInputHoldsThePasswordOfACheck) {
  ProcessOptions program =
      Program(Imaps(), {"--check", "--user", "alice", "--password-file", "-"});
  program.input = absl::StrCat(kPassword, "\n");
  const ProcessResult result = *RunProcess(program);
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_THAT(result.out, HasSubstr("Signed in"));
}

TEST_F(SignInCommandTest, APasswordFileIsReadBeforeAnythingIsSent) {
  for (const std::string& path :
       {directory_.Path("none"), PasswordFile("empty", "\nsecond\n")}) {
    const CommandResult result =
        Check(Url("imaps", 1),
              {"--json", "--user", "alice", "--password-file", path});
    EXPECT_EQ(result.exit_code(), 4);
    EXPECT_EQ(result.json["error"]["code"], "credentials_unreadable");
    EXPECT_THAT(result.json["error"]["message"].get<std::string>(),
                HasSubstr(path));
  }
}

TEST_F(SignInCommandTest, APasswordFileThatEverybodyMayReadIsWarnedOf) {
  EXPECT_THAT(Check(Imaps(), Alice()).process.err, Not(HasSubstr("warning")));
  chmod(Password().c_str(), 0644);
  const CommandResult result = Check(Imaps(), Alice());
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_THAT(result.process.err,
              HasSubstr(absl::StrCat("warning: everybody on this machine can "
                                     "read \"",
                                     Password(), "\"")));
}

TEST_F(SignInCommandTest, QuietSilencesTheCommandToo) {
  const CommandResult result = Check(
      Imaps(),
      Command(absl::StrCat("echo noise >&2; echo ", kPassword), {"--quiet"}));
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_EQ(result.process.err, "");
}

// --- Refusals

TEST_F(SignInCommandTest, ARefusalHasTheServersWords) {
  const Words wrong = {"--user", "alice", "--password-file", Wrong()};
  Words json = wrong;
  json.push_back("--json");
  const CommandResult result = Check(Imaps(), json);
  EXPECT_EQ(result.exit_code(), 5);
  EXPECT_EQ(result.json["outcome"], "failed");
  EXPECT_EQ(result.json["error"]["code"], "authentication_refused");
  EXPECT_EQ(result.json["error"]["category"], "authentication");
  EXPECT_THAT(result.json["error"]["server_text"].get<std::string>(),
              HasSubstr("uthentication failed"));
  EXPECT_EQ(result.json["authentication"]["outcome"], "failed");
  EXPECT_EQ(result.json["authentication"]["mechanism"], "SCRAM-SHA-256");
  EXPECT_EQ(result.json["authentication"]["tries"], 1);
  // The connection was made all the same.
  EXPECT_EQ(result.json["tls"]["version"], "TLS1.3");
  EXPECT_EQ(result.json["attempts"][0]["outcome"], "connected");

  const CommandResult people = Check(Imaps(), wrong);
  EXPECT_EQ(people.exit_code(), 5);
  EXPECT_THAT(people.process.out,
              AllOf(StartsWith("Connected, but could not sign in to imaps"),
                    HasSubstr("  Server said   [AUTHENTICATIONFAILED]")));
  const ProcessResult session = Session(Imaps(), "a1 NOOP\r\n", wrong);
  EXPECT_EQ(session.exit_code, 5);
  EXPECT_EQ(session.out, "");
  EXPECT_THAT(session.err, HasSubstr("uthentication failed"));
}

TEST_F(SignInCommandTest, ARefusedPasswordIsNotAskedForAgain) {
  const std::string asked = directory_.Path("asked");
  const CommandResult result = Check(
      Imaps(), Command(absl::StrCat("echo x >>", asked, "; echo ", kWrong)));
  EXPECT_EQ(result.exit_code(), 5);
  EXPECT_EQ(directory_.Read("asked"), "x\n");
}

TEST_F(SignInCommandTest, AnUnverifiedServerGetsNothing) {
  const std::string asked = directory_.Path("asked");
  for (const char* mode : {"--check", "--quiet"}) {
    ProcessOptions program = Program(
        Imaps(), Command(absl::StrCat("echo x >>", asked, "; echo ", kPassword),
                         {mode, "--danger-accept-any-certificate"}));
    // Without --ca: nothing vouches for the server.
    const auto ca =
        std::find(program.arguments.begin(), program.arguments.end(), "--ca");
    program.arguments.erase(ca, ca + 2);
    const ProcessResult result = *RunProcess(program);
    EXPECT_EQ(result.exit_code, 3) << result.out << result.err;
    if (program.arguments.back() == "--danger-accept-any-certificate" &&
        std::string(mode) == "--check") {
      EXPECT_THAT(result.out,
                  HasSubstr("No credentials were sent: the "
                            "server's certificate is not verified"));
    }
  }
  EXPECT_EQ(directory_.Read("asked"), "");
  EXPECT_THAT(dovecot_->log(), Not(HasSubstr("alice")));
}

// --- Tokens

std::string Line(Process& process, const std::string& text) {
  if (!process.WaitForOutput(text)) return "";
  const std::string out = process.out();
  const size_t begin = out.find(text);
  return out.substr(begin, out.find('\n', begin) - begin);
}

TEST_F(SignInCommandTest, AnExpiredTokenIsFetchedOnceMore) {
  for (const bool good : {true, false}) {
    const std::string count = directory_.Path("count");
    unlink(count.c_str());
    auto openssl = OpensslServer::Start(*authority_.Issue()).value();
    Process& server = openssl->process();
    server.WriteInput(
        "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n");
    auto client = *Process::Start(Program(
        Url("imaps", openssl->port()),
        {"--check", "--json", "--user", "alice", "--oauth-token-command",
         absl::StrCat("echo x >>", count, "; echo token$(wc -l <", count,
                      ")")}));
    const auto token = [&](const std::string& tag) {
      std::string message;
      const std::string line =
          Line(server, absl::StrCat(tag, " AUTHENTICATE XOAUTH2 "));
      absl::Base64Unescape(
          absl::StripTrailingAsciiWhitespace(line.substr(line.rfind(' ') + 1)),
          &message);
      return message;
    };
    EXPECT_THAT(token("auth1"), HasSubstr("auth=Bearer token1\x01"));
    server.WriteInput("+ eyJzdGF0dXMiOiI0MDEifQ==\r\nauth1 NO no\r\n");
    EXPECT_THAT(token("auth2"), HasSubstr("auth=Bearer token2\x01"));
    server.WriteInput(good ? "auth2 OK [CAPABILITY IDLE] in\r\n"
                           : "+ eyJzdGF0dXMiOiI0MDEifQ==\r\nauth2 NO no\r\n");
    const auto result = client->Wait(LongEnough());
    ASSERT_TRUE(result);
    EXPECT_EQ(result->exit_code, good ? 0 : 5) << result->out;
    EXPECT_EQ(directory_.Read("count"), "x\nx\n");
  }
}

// --- Client certificates

TEST_F(SignInCommandTest, ACertificateIsEnoughToSignIn) {
  DovecotOptions options;
  options.mechanisms = "plain external";
  options.client_authority_pem = authority_.certificate_pem();
  StartDovecot(options);
  const auto check = [this](const std::string& name, Words more) {
    Words words = ClientCertificate(name);
    words.push_back("--json");
    words.insert(words.end(), more.begin(), more.end());
    return Check(Imaps(), words);
  };
  // By the certificate's name, or by the one that it is for.
  for (const Words& who :
       {Words{"--auth", "EXTERNAL"}, Words{"--user", "alice"}}) {
    const CommandResult result = check("alice", who);
    EXPECT_EQ(result.exit_code(), 0) << result.process.out;
    EXPECT_EQ(result.json["authentication"]["mechanism"], "EXTERNAL");
    EXPECT_EQ(result.json["authentication"]["round_trips"], 1);
  }
  EXPECT_TRUE(IsLogged("imap(alice)")) << dovecot_->log();
  // Never as somebody else than was asked for.
  EXPECT_EQ(check("bob", {"--user", "alice"}).exit_code(), 5);
  // It is only shown, where nobody is to sign in.
  EXPECT_TRUE(check("alice", {}).json["authentication"].is_null());
}

TEST_F(SignInCommandTest, ACertificateThatIsRefusedIsToldApart) {
  for (const char* behaviour :
       {"client-cert-required", "client-cert-required-tls12"}) {
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    options.certificate = *authority_.Issue();
    const auto lab = lab::LabServer::Start(options).value();
    const std::string target = Url("imaps", lab->port());
    Words words = ClientCertificate("alice");
    words.push_back("--json");
    const CommandResult refused = Check(target, words);
    EXPECT_EQ(refused.exit_code(), 1);
    EXPECT_EQ(refused.json["error"]["code"], "client_certificate_refused");
    EXPECT_EQ(Check(target, {"--json"}).json["error"]["code"],
              "client_certificate_required");
  }
}

TEST_F(SignInCommandTest, ACertificateThatCannotBeUsedIsALocalError) {
  Words words = ClientCertificate("alice");
  words[3] = Wrong();
  words.push_back("--json");
  const CommandResult result = Check(Imaps(), words);
  EXPECT_EQ(result.exit_code(), 4);
  EXPECT_EQ(result.json["error"]["code"], "client_identity_unusable");
  words = ClientCertificate("alice");
  chmod(directory_.Path("client.key").c_str(), 0644);
  EXPECT_THAT(Check(Imaps(), words).process.err,
              HasSubstr("warning: everybody on this machine can read"));
}

// --- Usage

TEST_F(SignInCommandTest, OptionsThatDoNotGoTogetherAreMistakesInUsage) {
  const struct {
    Words options;
    const char* complaint;
  } kCases[] = {
      {{"--user", "alice"}, "--user needs --password-file"},
      {{"--password-file", "f"}, "--password-file needs --user NAME"},
      {{"--password-command", "c"}, "--password-command needs --user NAME"},
      {{"--oauth-token-command", "c"},
       "--oauth-token-command needs --user NAME"},
      {{"--user", "a", "--password-file", "f", "--password-command", "c"},
       "Only one of --password-file and --password-command"},
      {{"--user", "a", "--password-file", "f", "--oauth-token-command", "c"},
       "Only one of --password-file and --oauth-token-command"},
      {{"--user", "a", "--password-file", "f", "--auth", "ROT13"},
       "\"ROT13\" is no mechanism"},
      {{"--auth", "PLAIN"}, "--auth PLAIN needs --password-file"},
      {{"--user", "a", "--auth", "PLAIN"}, "--auth PLAIN needs --password"},
      {{"--user", "a", "--oauth-token-command", "c", "--auth", "PLAIN"},
       "--auth PLAIN needs --password-file"},
      {{"--user", "a", "--password-file", "f", "--auth", "XOAUTH2"},
       "--auth XOAUTH2 needs --oauth-token-command"},
      {{"--auth", "EXTERNAL"}, "--auth EXTERNAL needs --client-cert"},
      {{"--client-cert", "f"}, "--client-cert and --client-key go together"},
      {{"--client-key", "f"}, "--client-cert and --client-key go together"},
      {{"--user", "a", "--password-file", "-"},
       "--password-file - goes with --check"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(absl::StrJoin(c.options, " "));
    const ProcessResult result = Session(Imaps(), "", c.options);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(c.complaint));
  }
}

// POP3 takes a first message from every server: its list is not asked for.
TEST_F(SignInCommandTest, AuthTakesTheFewestRoundTrips) {
  const std::string pop3 = Url("pop3", dovecot_->pop3_port());
  const auto any = Check(pop3, Alice({"--json"}));
  EXPECT_FALSE(any.json["capabilities"].empty());
  for (const Words& source :
       {Words{"--password-file", Password()},
        Words{"--password-command", "cat " + Password()}}) {
    Words options = {"--user", "alice", "--auth", "PLAIN", "--json"};
    options.insert(options.end(), source.begin(), source.end());
    const auto told = Check(pop3, options);
    EXPECT_EQ(told.exit_code(), 0) << told.process.err;
    EXPECT_EQ(told.json["capabilities"].empty(),
              source[0] == "--password-file");
  }
}

// --- What is told of it

TEST_F(SignInCommandTest, VerboseAndTraceTellHowItWent) {
  const std::string trace = directory_.Path("trace");
  const CommandResult good =
      Check(Imaps(), Alice({"--verbose", "--trace", trace, "--auth", "PLAIN"}));
  EXPECT_EQ(good.exit_code(), 0);
  EXPECT_THAT(good.process.err, HasSubstr("signed_in"));
  EXPECT_THAT(directory_.Read("trace"),
              AllOf(HasSubstr("\"signed_in\""), HasSubstr("PLAIN"),
                    Not(HasSubstr(kPassword))));

  const CommandResult bad =
      Check(Imaps(), {"--user", "alice", "--password-file", Wrong(),
                      "--verbose", "--trace", trace});
  EXPECT_EQ(bad.exit_code(), 5);
  EXPECT_THAT(bad.process.err, HasSubstr("sign_in_failed"));
  EXPECT_THAT(
      directory_.Read("trace"),
      AllOf(HasSubstr("\"sign_in_failed\""),
            HasSubstr("authentication_refused"), Not(HasSubstr(kWrong))));
}

// --- Where the password never goes

// `secret` in every form that it may have been brought into.
Words Forms(const std::string& secret) {
  Words forms = {secret, absl::BytesToHexString(secret)};
  std::string upper = absl::AsciiStrToUpper(absl::BytesToHexString(secret));
  forms.push_back(upper);
  // Base64 at each of its three offsets, without what neighbours decide.
  for (size_t offset = 0; offset < 3; ++offset) {
    const std::string encoded =
        absl::Base64Escape(std::string(offset, '\0') + secret);
    forms.push_back(encoded.substr(4, secret.size()));
  }
  return forms;
}

TEST_F(SignInCommandTest, ThePasswordIsNowhereToBeRead) {
  const struct {
    const char* password;
    int exit_code;
  } kCases[] = {{kPassword, 0}, {kWrong, 5}};
  for (const auto& c : kCases) {
    for (const char* mechanism : {"PLAIN", "LOGIN", "USER/PASS"}) {
      for (const Words& source :
           {Words{"--password-file", PasswordFile("a-file", c.password)},
            Words{"--password-command",
                  absl::StrCat("cat ", directory_.Path("a-file"))}}) {
        for (const char* form : {"--json", "--verbose"}) {
          Words options = {"--user",  "alice",    "--auth",
                           mechanism, "--trace",  directory_.Path("trace"),
                           form,      "--verbose"};
          options.insert(options.end(), source.begin(), source.end());
          const CommandResult result = Check(Imaps(), options);
          EXPECT_EQ(result.exit_code(), c.exit_code);
          const std::string all = absl::StrCat(
              result.process.out, result.process.err, directory_.Read("trace"));
          EXPECT_THAT(all, HasSubstr("handshake_done"));
          EXPECT_THAT(all, HasSubstr(c.exit_code == 0 ? "signed_in"
                                                      : "sign_in_failed"));
          for (const std::string& secret : Forms(c.password)) {
            EXPECT_THAT(all, Not(HasSubstr(secret)));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace holdfast::test
