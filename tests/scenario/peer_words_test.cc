// Peers that mean harm by what they say: whatever the command prints, writes or
// remembers of it is fit to be shown, in each protocol and each place.

#include <sqlite3.h>
#include <sys/stat.h>

#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/dialogue/protocol.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/hostile.h"
#include "holdfast/tests/helpers/shown_text.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tests/helpers/terminal.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using lab::LabServer;
using lab::Script;
using lab::Security;
using lab::Then;
using testing::HasSubstr;
using testing::IsEmpty;
using Arguments = std::vector<std::string>;

constexpr char kPassword[] = "Corr3ct-H0rse-B4ttery";

// What a run has left for people and programs to read.
struct Output {
  std::string out;
  std::string err;
  std::string trace;

  std::string all() const { return absl::StrCat(out, err, trace); }
};

struct Way {
  std::string protocol;
  Security security;
};
std::ostream& operator<<(std::ostream& out, const Way& way) {
  return out << way.protocol << " by "
             << (way.security == Security::kImplicit ? "implicit TLS"
                                                     : "STARTTLS");
}

std::string UrlFor(const Way& way, uint16_t port) {
  const ProtocolInfo& info = GetProtocolInfo(*ParseProtocol(way.protocol));
  return absl::StrCat(
      way.security == Security::kImplicit ? info.implicit_scheme : info.name,
      "://127.0.0.1:", port);
}

class PeerWordsTest : public testing::TestWithParam<Way> {
 protected:
  PeerWordsTest() {
    setenv("LC_ALL", "C.UTF-8", 1);
    chmod(directory_.Write("password", absl::StrCat(kPassword, "\n")).c_str(),
          0600);
    TrustRootOf(hostile_);
  }

  void TrustRootOf(const HostileCertificate& certificate) {
    directory_.Write("ca.pem", certificate.root_pem);
  }

  // All that it says is hostile, and what `more` changes.
  static lab::Behaviour Hostilely(const lab::Edit& more = nullptr) {
    lab::Behaviour behaviour;
    behaviour.edit = [more](Script* script) {
      return SpeakHostile("said")(script) && (!more || more(script));
    };
    return behaviour;
  }
  void Start(lab::Behaviour behaviour) {
    lab::LabOptions options;
    options.behaviour = std::move(behaviour);
    options.protocol = GetParam().protocol;
    options.security = GetParam().security;
    options.certificate = hostile_.certificate;
    auto server = LabServer::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    url_ = UrlFor(GetParam(), server_->port());
  }
  void StartWithGreeting(const std::string& greeting) {
    Start(Hostilely([greeting](Script* script) {
      script->first().greeting = {greeting, Then::kClose};
      return true;
    }));
  }

  CommandResult Run(Arguments arguments) const {
    return RunHoldfast(std::move(arguments));
  }
  Arguments Connecting(Arguments own) const {
    own.insert(own.end(),
               {"--no-system-roots", "--ca", directory_.Path("ca.pem"),
                "--cache", directory_.Path("hosts.db"), url_});
    own.insert(own.end(), options_.begin(), options_.end());
    return own;
  }

  // The report, with all that --verbose and --trace tell, and the trace as a
  // timeline.
  Output Report() const {
    const std::string trace = directory_.Path("trace.jsonl");
    remove(trace.c_str());
    const CommandResult report =
        Run(Connecting({"connect", "--check", "--verbose", "--trace", trace}));
    Output output{report.process.out, report.process.err,
                  directory_.Read("trace.jsonl")};
    for (absl::string_view line :
         absl::StrSplit(output.trace, '\n', absl::SkipEmpty())) {
      EXPECT_EQ(FirstUnshownInJson(line), std::nullopt);
    }
    EXPECT_EQ(FirstUnshown(output.all()), std::nullopt);
    const CommandResult told = Run({"explain", "--trace", trace});
    EXPECT_EQ(told.exit_code(), 0) << told.process.err;
    EXPECT_EQ(FirstUnshown(told.process.out), std::nullopt);
    return output;
  }
  // The report as JSON, with letters as they are; what is said beside it is
  // looked at too.
  std::string Json() const {
    const CommandResult report =
        Run(Connecting({"connect", "--check", "--json"}));
    EXPECT_EQ(FirstUnshownInJson(report.process.out), std::nullopt);
    EXPECT_EQ(FirstUnshown(report.process.err), std::nullopt);
    return Readable(report);
  }
  static std::string Readable(const CommandResult& result) {
    return result.json.is_discarded() ? "" : result.json.dump();
  }
  // What a session that does not come about says. One that does is the server's
  // own bytes.
  std::string NoSession() const {
    const CommandResult session = Run(Connecting({"connect"}));
    EXPECT_EQ(session.process.out, "");
    EXPECT_EQ(FirstUnshown(session.process.err), std::nullopt);
    return session.process.err;
  }
  std::string Probe() const {
    const CommandResult text =
        Run(Connecting({"probe", "--delay", "1ms", "--verbose"}));
    EXPECT_EQ(FirstUnshown(text.process.out), std::nullopt);
    EXPECT_EQ(FirstUnshown(text.process.err), std::nullopt);
    const CommandResult json =
        Run(Connecting({"probe", "--delay", "1ms", "--json"}));
    EXPECT_EQ(FirstUnshownInJson(json.process.out), std::nullopt);
    EXPECT_EQ(FirstUnshown(json.process.err), std::nullopt);
    return absl::StrCat(text.process.out, Readable(json));
  }

  // Each of them; the server's words `marker` come through in all that have a
  // place for them.
  void ExpectWordsAreShown(const std::string& marker) const {
    EXPECT_THAT(Report().out, HasSubstr(marker));
    EXPECT_THAT(Json(), HasSubstr(marker));
    EXPECT_THAT(NoSession(), HasSubstr(marker));
    EXPECT_THAT(Probe(), HasSubstr(marker));
  }

  HostileCertificate hostile_ = MakeHostileCertificate();
  TempDir directory_;
  std::unique_ptr<LabServer> server_;
  std::string url_;
  Arguments options_;
};

// The certificate is good: its names are shown because all is well.
TEST_P(PeerWordsTest, ThoseOfAServerThatWorks) {
  Start(Hostilely());
  const Output report = Report();
  for (const char* marker : {"said>", "names>", "root>", kLetters}) {
    EXPECT_THAT(report.out, HasSubstr(marker));
  }
  EXPECT_THAT(report.out, HasSubstr(R"(names>\x1b[31m)"));
  const std::string json = Json();
  for (const char* marker :
       {"said>", "names>", "root>", "subject>", kLetters}) {
    EXPECT_THAT(json, HasSubstr(marker));
  }
  const std::string probe = Probe();
  for (const char* marker : {"names>", "root>", "subject>", kLetters}) {
    EXPECT_THAT(probe, HasSubstr(marker));
  }
  // There is a record of it by now.
  for (const Arguments& command :
       {Arguments{"cache", "list"}, Arguments{"cache", "show", "127.0.0.1"},
        Arguments{"cache", "explain", "127.0.0.1"}, Arguments{"cache", "stats"},
        Arguments{"cache", "verify"}}) {
    for (bool as_json : {false, true}) {
      Arguments arguments = command;
      if (as_json) arguments.push_back("--json");
      arguments.insert(arguments.end(),
                       {"--cache", directory_.Path("hosts.db")});
      const CommandResult result = Run(arguments);
      EXPECT_EQ(result.exit_code(), 0) << result.process.err;
      EXPECT_EQ(FirstUnshown(result.process.out), std::nullopt);
    }
  }
  EXPECT_THAT(Run({"cache", "export", "--cache", directory_.Path("hosts.db")})
                  .process.out,
              HasSubstr("127.0.0.1"));
}

TEST_P(PeerWordsTest, ThoseOfARefusedConnection) {
  Start(Hostilely([](Script* script) {
    script->first().greeting = {
        absl::StrReplaceAll(script->words.refusal,
                            {{"\r\n", Hostile(" refused") + "\r\n"}}),
        Then::kClose};
    return true;
  }));
  ExpectWordsAreShown("refused>");
}

TEST_P(PeerWordsTest, ThoseOfAGreetingThatIsNone) {
  StartWithGreeting(
      absl::StrCat(absl::string_view("\0", 1), Hostile("greeting"), "\r\n"));
  ExpectWordsAreShown("greeting>");
}

TEST_P(PeerWordsTest, ThoseOfALineThatIsCut) {
  StartWithGreeting(Hostile("half"));
  ExpectWordsAreShown("half>");
}

TEST_P(PeerWordsTest, ThoseOfAnAnswerThatIsNone) {
  Start(Hostilely([](Script* script) {
    // IMAP's would say it already.
    script->tls.greeting.text = absl::StrReplaceAll(
        script->tls.greeting.text, {{"[CAPABILITY", "[ALERT"}});
    *script->tls.Find(script->words.capability_verb) = {
        Hostile("answer") + "\r\n", Then::kClose};
    return true;
  }));
  ExpectWordsAreShown("answer>");
}

// Signing in: a refusal, what is no answer, and what is no challenge.
class PeerWordsSignInTest : public PeerWordsTest {
 protected:
  PeerWordsSignInTest() {
    options_ = {"--user", "alice", "--password-file",
                directory_.Path("password")};
  }

  // The server answers the command for signing in by `reply`.
  void StartWithAnswer(const std::string& reply, Then then = Then::kContinue) {
    Start(Hostilely([reply, then](Script* script) {
      for (const char* verb :
           {"AUTHENTICATE", "AUTH", "AUTHINFO", "LOGIN", "USER"}) {
        script->tls.commands.push_back({verb, {reply, then}});
      }
      return true;
    }));
  }
  void ExpectWordsAreShownToWhoSignsIn(const std::string& marker) const {
    EXPECT_THAT(Report().out, HasSubstr(marker));
    EXPECT_THAT(Json(), HasSubstr(marker));
    EXPECT_THAT(NoSession(), HasSubstr(marker));
  }

  static std::string Refusal() {
    const std::string& protocol = GetParam().protocol;
    if (protocol == "imap") return "$TAG NO ";
    if (protocol == "pop3") return "-ERR ";
    return protocol == "nntp" ? "481 " : "535-5.7.8 no\r\n535 5.7.8 ";
  }
};

TEST_P(PeerWordsSignInTest, ThoseOfARefusal) {
  StartWithAnswer(Refusal() + Hostile("refusal") + "\r\n");
  ExpectWordsAreShownToWhoSignsIn("refusal>");
}

TEST_P(PeerWordsSignInTest, ThoseOfNoAnswer) {
  StartWithAnswer(Hostile("nothing") + "\r\n");
  ExpectWordsAreShownToWhoSignsIn("nothing>");
}

TEST_P(PeerWordsSignInTest, ThoseOfAChallengeThatIsNone) {
  const std::string& protocol = GetParam().protocol;
  StartWithAnswer(absl::StrCat(protocol == "imap"   ? "+ "
                               : protocol == "pop3" ? "+ "
                               : protocol == "nntp" ? "383 "
                                                    : "334 ",
                               Hostile("challenge"), "\r\n"),
                  Then::kClose);
  Report();
  Json();
  NoSession();
}

class PeerWordsImplicitTest : public PeerWordsTest {};

// On a port for TLS: what looks like a greeting, and what like nothing.
TEST_P(PeerWordsImplicitTest, ThoseInPlaceOfTls) {
  for (const char* begin : {"220 ", "\x1b", "\u202e", "\xff\xfe"}) {
    lab::Behaviour behaviour;
    behaviour.on_accept =
        lab::Fault{lab::Fault::End::kFin, [begin](const lab::ClientHello&) {
                     return absl::StrCat(begin, Hostile("clear"), "\r\n");
                   }};
    Start(behaviour);
    const Output report = Report();
    EXPECT_THAT(report.out, HasSubstr("clear>"));
    EXPECT_THAT(report.err, HasSubstr("clear>"));
    EXPECT_THAT(report.trace, HasSubstr("clear>"));
    EXPECT_THAT(Json(), HasSubstr("clear>"));
    EXPECT_THAT(NoSession(), HasSubstr("clear>"));
    Probe();
  }
}

class PeerWordsStartTlsTest : public PeerWordsTest {
 protected:
  void StartWithAnswer(const std::string& answer) {
    Start(Hostilely([answer](Script* script) {
      *script->clear.Find(script->words.starttls_verb) = {answer};
      return true;
    }));
  }
  static std::string Spoilt(absl::string_view words) {
    return absl::StrReplaceAll(words,
                               {{"\r\n", " " + Hostile("starttls") + "\r\n"}});
  }
  static lab::Words WordsOfProtocol() {
    return lab::FindScript(GetParam().protocol, Security::kStartTls)->words;
  }
};

TEST_P(PeerWordsStartTlsTest, ThoseThatRefuseTls) {
  for (absl::string_view words :
       {WordsOfProtocol().starttls_refused, WordsOfProtocol().starttls_not_now,
        WordsOfProtocol().starttls_referral}) {
    if (words.empty()) continue;
    StartWithAnswer(Spoilt(words));
    ExpectWordsAreShown("starttls>");
  }
}

TEST_P(PeerWordsStartTlsTest, ThoseThatAreNoAnswer) {
  StartWithAnswer(Hostile("starttls") + "\r\n");
  ExpectWordsAreShown("starttls>");
}

// Behind the answer, and in place of TLS.
TEST_P(PeerWordsStartTlsTest, ThoseThatAreInjected) {
  StartWithAnswer(
      absl::StrCat(WordsOfProtocol().starttls_ok, Hostile("injected"), "\r\n"));
  EXPECT_THAT(Report().out, HasSubstr("injected>"));
  EXPECT_THAT(Json(), HasSubstr("injected>"));
  EXPECT_THAT(NoSession(), HasSubstr("injected>"));
  Probe();
}

std::vector<Way> Ways(std::vector<Security> securities) {
  std::vector<Way> ways;
  for (const ProtocolInfo& info : AllProtocols()) {
    for (Security security : securities) {
      ways.push_back({std::string(info.name), security});
    }
  }
  return ways;
}
std::string NameOf(const testing::TestParamInfo<Way>& info) {
  return info.param.protocol + (info.param.security == Security::kImplicit
                                    ? "_implicit"
                                    : "_starttls");
}

INSTANTIATE_TEST_SUITE_P(EachWay, PeerWordsTest,
                         testing::ValuesIn(Ways({Security::kImplicit,
                                                 Security::kStartTls})),
                         NameOf);
// SMTP's own port has no use for it; submission signs in by the same commands.
INSTANTIATE_TEST_SUITE_P(EachProtocol, PeerWordsSignInTest,
                         testing::Values(Way{"imap", Security::kImplicit},
                                         Way{"pop3", Security::kImplicit},
                                         Way{"submission", Security::kImplicit},
                                         Way{"nntp", Security::kImplicit}),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(EachProtocol, PeerWordsImplicitTest,
                         testing::ValuesIn(Ways({Security::kImplicit})),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(EachProtocol, PeerWordsStartTlsTest,
                         testing::ValuesIn(Ways({Security::kStartTls})),
                         NameOf);

// What has nothing to do with the protocol.
class PeerWordsOnceTest : public PeerWordsTest {};

TEST_P(PeerWordsOnceTest, ThoseOfACertificateThatIsRefused) {
  HostileCertificateOptions options;
  options.not_after = absl::Now() - absl::Hours(1);
  options.for_localhost = false;
  hostile_ = MakeHostileCertificate(options);
  TrustRootOf(hostile_);
  Start(Hostilely());
  const Output report = Report();
  for (const std::string& text :
       {report.out, report.err, report.trace, NoSession(), Probe()}) {
    EXPECT_THAT(text, HasSubstr("names>"));
  }
  EXPECT_THAT(report.out, HasSubstr(R"(names>\x1b[31m)"));
  EXPECT_THAT(Json(), HasSubstr("subject>"));
}

TEST_P(PeerWordsOnceTest, ThoseOfAnAuthorityThatNobodyKnows) {
  directory_.Write("ca.pem",
                   lab::CertificateAuthority::Create()->certificate_pem());
  Start(Hostilely());
  const Output report = Report();
  for (const std::string& text :
       {report.out, report.err, report.trace, NoSession(), Json(), Probe()}) {
    EXPECT_THAT(text, HasSubstr("root>"));
  }
}

TEST_P(PeerWordsOnceTest, ThoseOfACertificateThatIsAcceptedAllTheSame) {
  HostileCertificateOptions options;
  options.not_after = absl::Now() - absl::Hours(1);
  options.for_localhost = false;
  hostile_ = MakeHostileCertificate(options);
  Start(Hostilely());
  options_ = {"--danger-accept-any-certificate"};
  const Output report = Report();
  EXPECT_THAT(report.out, HasSubstr("NOT VERIFIED"));
  EXPECT_THAT(report.out, HasSubstr(R"(names>\x1b[31m)"));
  EXPECT_THAT(Json(), HasSubstr("subject>"));
}

TEST_P(PeerWordsOnceTest, ThoseOfAProxy) {
  lab::Behaviour behaviour;
  behaviour.on_accept = lab::Fault{
      lab::Fault::End::kFin, [](const lab::ClientHello&) {
        return absl::StrCat("HTTP/1.1 403 ", Hostile("proxy"), "\r\n\r\n");
      }};
  Start(behaviour);
  options_ = {"--proxy", absl::StrCat("http://127.0.0.1:", server_->port())};
  const Output report = Report();
  for (const std::string& text :
       {report.out, report.err, report.trace, Json(), NoSession(), Probe()}) {
    EXPECT_THAT(text, HasSubstr("proxy>"));
  }
}

// As a person sees it, with attempts as they happen, colours and the bar of a
// survey, whose sequences are the command's own.
TEST_P(PeerWordsOnceTest, ThoseOnATerminal) {
  const auto without_our_own = [](std::string text) {
    return absl::StrReplaceAll(text, {{"\x1b[31m\x1b[0m", ""},
                                      {"\x1b[31m", ""},
                                      {"\x1b[32m", ""},
                                      {"\x1b[33m", ""},
                                      {"\x1b[0m", ""},
                                      {"\r\x1b[K", ""},
                                      {"\r", ""}});
  };
  const std::string harm = absl::StrReplaceAll(
      Hostile("clear"), {{"\x1b[31m", "\x1b[1m"}, {"\r", "\x1b[2J"}});
  for (const char* begin : {"220 ", "\x1b[2J"}) {
    lab::Behaviour behaviour;
    behaviour.on_accept =
        lab::Fault{lab::Fault::End::kFin, [&](const lab::ClientHello&) {
                     return absl::StrCat(begin, harm, "\r\n");
                   }};
    Start(behaviour);
    for (const Arguments& own :
         {Arguments{"connect", "--check"}, Arguments{"connect"},
          Arguments{"connect", "--check", "--verbose"},
          Arguments{"probe", "--delay", "1ms"}}) {
      Arguments arguments = Connecting(own);
      arguments.insert(arguments.begin(), HoldfastPath());
      const TerminalResult result = RunOnTerminal(arguments, 100);
      EXPECT_EQ(FirstUnshown(without_our_own(result.text)), std::nullopt);
      const bool is_shown = absl::StrContains(result.text, "clear>");
      EXPECT_TRUE(is_shown || own[0] == "probe") << result.text;
    }
    directory_.Write("hosts.txt", url_ + "\n" + url_ + "\n");
    const TerminalResult survey =
        RunOnTerminal({HoldfastPath(), "probe", "--delay", "1ms", "--from",
                       directory_.Path("hosts.txt")},
                      100);
    EXPECT_EQ(FirstUnshown(without_our_own(survey.text)), std::nullopt);
  }
}

// There the second byte of "ß" begins a sequence that a terminal obeys.
TEST_P(PeerWordsOnceTest, ThoseWhereTheLocaleIsNotUtf8) {
  setenv("LC_ALL", "de_DE.ISO-8859-1", 1);
  Start(Hostilely());
  const Output report = Report();
  const CommandResult json = Run(Connecting({"connect", "--check", "--json"}));
  const CommandResult probe = Run(Connecting({"probe", "--delay", "1ms"}));
  for (const std::string& text :
       {report.all(), json.process.out, probe.process.out}) {
    for (char c : text) ASSERT_TRUE(absl::ascii_isascii(c)) << text;
  }
  EXPECT_THAT(report.out, HasSubstr(R"(Gr\u{fc}\u{df}e)"));
  EXPECT_THAT(Readable(json), HasSubstr(kLetters));
}

INSTANTIATE_TEST_SUITE_P(Imap, PeerWordsOnceTest,
                         testing::Values(Way{"imap", Security::kImplicit}),
                         NameOf);

// ---- Files of others --------------------------------------------------------

class FileWordsTest : public testing::Test {
 protected:
  // `arguments`, as text and as JSON.
  void ExpectShown(Arguments arguments, const std::string& marker,
                   bool has_json = true) {
    arguments.insert(arguments.end(), {"--cache", directory_.Path("hosts.db")});
    const CommandResult text = RunHoldfast(arguments, {{"LC_ALL", "C.UTF-8"}});
    EXPECT_EQ(FirstUnshown(text.process.out), std::nullopt);
    EXPECT_EQ(FirstUnshown(text.process.err), std::nullopt);
    EXPECT_THAT(text.process.out + text.process.err, HasSubstr(marker));
    if (!has_json) return;
    arguments.push_back("--json");
    const CommandResult json = RunHoldfast(arguments, {{"LC_ALL", "C.UTF-8"}});
    EXPECT_EQ(FirstUnshown(json.process.out), std::nullopt);
    EXPECT_EQ(FirstUnshown(json.process.err), std::nullopt);
  }

  TempDir directory_;
};

TEST_F(FileWordsTest, AnImportAndWhatItLeaves) {
  nlohmann::json record = {
      {"host", "mail.example.org"},
      {"port", 993},
      {"security", "implicit"},
      {"scope", HostileUtf8("scope")},
      {"proof", nullptr},
      {"reduction",
       {{"rung", "tls12"},
        {"reason", "closed_during_handshake"},
        {"origin", "observed"},
        {"expires_at",
         absl::FormatTime(absl::RFC3339_sec, absl::Now() + absl::Hours(12),
                          absl::UTCTimeZone())},
        {"lifetime_seconds", 86400}}},
      {"failures", 1},
      {"recoveries", 1},
      {"first_seen", "2026-01-01T00:00:00Z"},
      {"last_seen", "2026-01-01T00:00:00Z"}};
  const std::string good = record.dump() + "\n";
  record["host"] = HostileUtf8("host");
  record["reduction"]["reason"] = HostileUtf8("reason");
  const std::string file = directory_.Write(
      "import.jsonl", good + record.dump() + "\n" + Hostile("line") +
                          "\n{\"host\":\"" + Hostile("bytes") + "\"}\n");
  ExpectShown({"cache", "import", file}, "Imported 1");
  ExpectShown({"cache", "list"}, "scope>");
  ExpectShown({"cache", "show", "mail.example.org"}, "scope>");
  ExpectShown({"cache", "explain", "mail.example.org"}, "scope>");
  ExpectShown({"cache", "export"}, "scope>");
  ExpectShown({"cache", "explain", "unknown\u200b.example"}, "unknown");
  ExpectShown({"cache", "show", "unknown\u200b.example"}, "unknown");
}

// What SQLite finds in a file names what stands in it.
TEST_F(FileWordsTest, ACacheOfSomebodyElse) {
  ASSERT_EQ(RunHoldfast({"cache", "pin", "mail.example.org:993", "--rung",
                         "tls12", "--cache", directory_.Path("hosts.db")})
                .exit_code(),
            0);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(directory_.Path("hosts.db").c_str(), &db), SQLITE_OK);
  sqlite3_stmt* change = nullptr;
  ASSERT_EQ(
      sqlite3_prepare_v2(db, "UPDATE host SET host = ?", -1, &change, nullptr),
      SQLITE_OK);
  const std::string harm = HostileUtf8("row");
  sqlite3_bind_text(change, 1, harm.data(), static_cast<int>(harm.size()),
                    SQLITE_STATIC);
  EXPECT_EQ(sqlite3_step(change), SQLITE_DONE);
  sqlite3_finalize(change);
  sqlite3_close(db);
  ExpectShown({"cache", "verify"}, "row>");
  ExpectShown({"cache", "list"}, "");
}

TEST_F(FileWordsTest, ATraceAndASurveyOfSomebodyElse) {
  const std::string trace = directory_.Write(
      "trace.jsonl",
      nlohmann::json{
          {"holdfast", HostileUtf8("version")},
          {"target", HostileUtf8("target")},
          {"started", "2026-01-01"},
          {"pid",
           1}}.dump() +
          "\n" +
          nlohmann::json{{"ms", 1.0},
                         {"event", HostileUtf8("event")},
                         {"attempt", 1},
                         {"fields", {{"name", HostileUtf8("value")}}},
                         {"pid", 1}}
              .dump() +
          "\n" + Hostile("line") + "\n");
  for (const char* marker : {"version>", "target>", "event>", "value>"}) {
    ExpectShown({"explain", "--trace", trace}, marker, /*has_json=*/false);
  }
  const std::string hosts =
      directory_.Write("hosts.txt", Hostile("host") + "\n");
  ExpectShown({"probe", "--from", hosts}, "host>");
}

}  // namespace
}  // namespace holdfast::test
