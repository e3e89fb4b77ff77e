// holdfast explain, the report of a failed connect, and what a trace may hold:
// the real command.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class ExplainTest : public testing::Test {
 protected:
  ExplainTest() : authority_(*lab::CertificateAuthority::Create()) {
    directory_.Write("ca.pem", authority_.certificate_pem());
  }

  std::unique_ptr<lab::LabServer> StartLab(const std::string& behaviour,
                                           lab::Security security) {
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    options.security = security;
    lab::CertificateOptions certificate;
    if (options.behaviour.rsa_bits != 0) {
      certificate.key_type = lab::KeyType::kRsa;
      certificate.rsa_bits = options.behaviour.rsa_bits;
    }
    options.certificate = *authority_.Issue(certificate);
    return lab::LabServer::Start(options).value();
  }

  std::vector<std::string> Arguments(const std::string& target,
                                     std::vector<std::string> options) const {
    options.insert(options.begin(), {"connect", "--no-system-roots", "--ca",
                                     directory_.Path("ca.pem"), "--cache",
                                     directory_.Path("hosts.db"), target});
    return options;
  }

  lab::CertificateAuthority authority_;
  TempDir directory_;
};

// explain CODE.
TEST_F(ExplainTest, ListsAllCodesOrTellsAllAboutOne) {
  const CommandResult list = RunHoldfast({"explain"});
  EXPECT_EQ(list.exit_code(), 0);
  EXPECT_THAT(list.process.out, HasSubstr("\ntls_intolerance\n"));
  const CommandResult one = RunHoldfast({"explain", "self_signed"});
  EXPECT_EQ(one.exit_code(), 0);
  EXPECT_THAT(one.process.out, HasSubstr("  Security      Anyone can make"));
}

TEST_F(ExplainTest, TellsTheSameAsJson) {
  EXPECT_GT(RunHoldfast({"--json", "explain"}).json.size(), 60u);
  const CommandResult one = RunHoldfast({"explain", "--json", "700"});
  EXPECT_EQ(one.json["code"], "closed_during_handshake");
  EXPECT_EQ(one.json["retry"], "automatic");
  EXPECT_EQ(one.json["fault"], "server_or_network");
}

TEST_F(ExplainTest, AnUnknownCodeIsAMistakeInUsageThatNamesTheNearest) {
  const CommandResult result = RunHoldfast({"explain", "self-singed\x1b"});
  EXPECT_EQ(result.exit_code(), 2);
  EXPECT_EQ(result.process.out, "");
  EXPECT_THAT(result.process.err, HasSubstr("nearest: self_signed"));
  EXPECT_THAT(result.process.err, Not(HasSubstr("\x1b")));
}

// explain --trace.
TEST_F(ExplainTest, ATraceBecomesATimelineAndItsDamageIsNamed) {
  const auto server = StartLab("tls13-fin", lab::Security::kImplicit);
  const std::string trace = directory_.Path("trace");
  RunHoldfast(Arguments(absl::StrCat("imaps://127.0.0.1:", server->port()),
                        {"--check", "--trace", trace}));
  const CommandResult whole = RunHoldfast({"explain", "--trace", trace});
  EXPECT_EQ(whole.exit_code(), 0);
  EXPECT_EQ(whole.process.err, "");
  EXPECT_THAT(whole.process.out,
              testing::AllOf(HasSubstr("sends the hello: full, TLS1.2 to"),
                             HasSubstr("PR_END_OF_FILE_ERROR"),
                             HasSubstr("the connection is ready")));
  directory_.Write("trace",
                   absl::StrCat("{\"ms\":\n", directory_.Read("trace")));
  const CommandResult damaged = RunHoldfast({"explain", "--trace", trace});
  EXPECT_EQ(damaged.exit_code(), 0);
  EXPECT_EQ(damaged.process.out, whole.process.out);
  EXPECT_EQ(damaged.process.err,
            "holdfast: line 1 is no line of a trace; it was left out\n");
}

TEST_F(ExplainTest, ATraceThatCannotBeReadIsALocalError) {
  for (const std::string& path : {directory_.Path("nothing"), directory_.path(),
                                  directory_.Write("empty", "")}) {
    const CommandResult result = RunHoldfast({"explain", "--trace", path});
    EXPECT_EQ(result.exit_code(), 4) << path;
    EXPECT_THAT(result.process.err, HasSubstr("trace_unreadable"));
  }
  EXPECT_EQ(RunHoldfast({"explain", "--trace", "x", "expired"}).exit_code(), 2);
  EXPECT_EQ(RunHoldfast({"explain", "--trace", "x", "--json"}).exit_code(), 2);
}

// The report of a failure.
struct Expected {
  const char* behaviour;
  lab::Security security;
  const char* scheme;
  std::vector<std::string> parts;  // PORT stands for the port
};

TEST_F(ExplainTest, AFailureIsReportedWithItsEvidenceAndAWayOn) {
  const Expected kCases[] = {
      {"dh-1024",
       lab::Security::kImplicit,
       "imaps",
       {"We refuse the server because its Diffie-Hellman key is shorter than "
        "2048 bits.",
        "Where         IMAP by implicit TLS, 127.0.0.1 port PORT, address "
        "127.0.0.1, in the TLS handshake",
        "Offered       full: TLS 1.2 to TLS 1.3, ALPN imap",
        "NSS           SSL_ERROR_WEAK_SERVER_EPHEMERAL_DH_KEY",
        "At fault      our own policy",
        "Run           openssl s_client -connect 127.0.0.1:PORT </dev/null"}},
      {"plaintext-banner",
       lab::Security::kImplicit,
       "imaps",
       {"Received      bytes that begin with \"* OK ", "Server said   * OK ",
        "Run           holdfast connect --check imap://127.0.0.1:PORT\n"}},
      {"ssh-banner",
       lab::Security::kImplicit,
       "imaps",
       {"Advice        This port belongs to an SSH server",
        "Run           holdfast connect --check --protocol imap 127.0.0.1\n"}},
      {"unrecognized-name",
       lab::Security::kImplicit,
       "imaps",
       {"Received      fatal alert unrecognized_name; bytes that begin with "
        "\"\\x15\\x03",
        "At fault      the server\n", "name_refused"}},
      {"starttls-stripped",
       lab::Security::kStartTls,
       "imap",
       {"Where         IMAP by STARTTLS, ", "in the dialogue before TLS",
        "starttls_refused",
        "Run           holdfast connect --check imaps://127.0.0.1:993\n"}},
  };
  for (const Expected& c : kCases) {
    SCOPED_TRACE(c.behaviour);
    const auto server = StartLab(c.behaviour, c.security);
    const std::string port = absl::StrCat(server->port());
    const CommandResult result = RunHoldfast(
        Arguments(absl::StrCat(c.scheme, "://127.0.0.1:", port), {"--check"}));
    EXPECT_NE(result.exit_code(), 0);
    for (std::string part : c.parts) {
      const size_t at = part.find("PORT");
      if (at != std::string::npos) part.replace(at, 4, port);
      EXPECT_THAT(result.process.out, HasSubstr(part));
    }
    EXPECT_THAT(result.process.out, HasSubstr("\n  1        full "));
  }
}

// Promise 14. How a password can look that somebody wrote down.
std::vector<std::string> Encodings(const std::string& secret) {
  std::string hex, spaced_hex, percent, quoted, unicode, utf16;
  for (unsigned char c : secret) {
    absl::StrAppendFormat(&hex, "%02x", c);
    absl::StrAppendFormat(&spaced_hex, "%02x ", c);
    absl::StrAppendFormat(&percent, "%%%02x", c);
    absl::StrAppendFormat(&quoted, "=%02x", c);
    absl::StrAppendFormat(&unicode, "\\u%04x", c);
    utf16 += {static_cast<char>(c), '\0'};
  }
  spaced_hex.pop_back();
  std::vector<std::string> forms = {secret,
                                    std::string(secret.rbegin(), secret.rend()),
                                    hex,
                                    spaced_hex,
                                    percent,
                                    quoted,
                                    unicode,
                                    utf16,
                                    absl::CEscape(secret),
                                    absl::WebSafeBase64Escape(secret)};
  // Base64 has three forms, by what stands before; its ends depend on what is
  // around.
  for (size_t before = 0; before < 3; ++before) {
    const std::string base64 =
        absl::Base64Escape(std::string(before, 'x') + secret);
    forms.push_back(base64.substr(before == 0 ? 0 : 4, base64.size() - 8));
  }
  return forms;
}

// The first form of `secret` that `text` holds, in any case; else "".
std::string FindSecret(const std::string& secret, const std::string& text) {
  const std::string lower = absl::AsciiStrToLower(text);
  for (const std::string& form : Encodings(secret)) {
    if (absl::StrContains(lower, absl::AsciiStrToLower(form))) return form;
  }
  return "";
}

TEST(FindSecretTest, KnowsEveryEncoding) {
  const std::string secret = "Tr0ub4dor&3/+?";
  for (const std::string& form : Encodings(secret)) {
    EXPECT_NE(FindSecret(secret, absl::StrCat("a ", form, " b")), "");
  }
  for (const char* user : {"", "a", "al", "ali"}) {
    const std::string plain = absl::StrCat(user, std::string(1, '\0'), "u",
                                           std::string(1, '\0'), secret);
    EXPECT_NE(FindSecret(secret, absl::Base64Escape(plain)), "") << user;
  }
  EXPECT_EQ(FindSecret(secret, "Tr0ub4dor"), "");
}

TEST_F(ExplainTest, NoTraceOrLogHoldsAPassword) {
  const std::string secret = "Tr0ub4dor&3/+?";
  const std::string sasl = absl::Base64Escape(absl::StrCat(
      std::string(1, '\0'), "alice", std::string(1, '\0'), secret));
  const std::string session =
      absl::StrCat("a1 LOGIN alice \"", secret, "\"\r\n", "a2 AUTHENTICATE ",
                   "PLAIN ", sasl, "\r\n", "a3 LOGOUT\r\n");
  for (const char* behaviour : {"healthy", "tls13-fin"}) {
    const auto server = StartLab(behaviour, lab::Security::kImplicit);
    ProcessOptions options;
    options.arguments = HoldfastCommand(
        Arguments(absl::StrCat("imaps://127.0.0.1:", server->port()),
                  {"--verbose", "--trace", directory_.Path("trace")}));
    options.input = session;
    const auto process = RunProcess(options);
    ASSERT_TRUE(process.ok()) << process.status();
    EXPECT_THAT(process->out, HasSubstr("a1 ")) << "the session took place";
    EXPECT_EQ(FindSecret(secret, process->err), "");
  }
  const std::string trace = directory_.Read("trace");
  EXPECT_THAT(trace, HasSubstr("\"ready\""));
  EXPECT_EQ(FindSecret(secret, trace), "");
  for (const char* name : {"hosts.db", "hosts.db-wal"}) {
    EXPECT_EQ(FindSecret(secret, directory_.Read(name)), "") << name;
  }
  const CommandResult wrong =
      RunHoldfast({"connect", absl::StrCat("imaps://alice:", secret, "@h")});
  EXPECT_EQ(wrong.exit_code(), 2);
  EXPECT_EQ(FindSecret(secret, wrong.process.err), "");
}

}  // namespace
}  // namespace holdfast::test
