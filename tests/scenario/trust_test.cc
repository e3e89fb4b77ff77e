// The command's options that say which certificates to accept, and what is
// refused whatever they say.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/free_port.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/nss_database.h"
#include "holdfast/tests/helpers/openssl_server.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/staple.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using lab::CertificateAuthority;
using lab::CertificateOptions;
using lab::LabServer;
using testing::ElementsAre;
using testing::HasSubstr;

// What s_server tells a client that it has shaken hands with.
constexpr char kNoGreeting[] = "This is no IMAP.\r\n";

// A group of 1024 bits, made for this test.
constexpr char kDh1024[] =
    "-----BEGIN DH PARAMETERS-----\n"
    "MIGHAoGBAMaijT8JYFnEb5rpkBiTP6c808HYBr44WLPnfZwZgz0J+9FTnr/lFJWd\n"
    "5tn7tk576BTtyYwSVLdP9I4rwDNLtL/jQNw56tNQtfcpI6UMtNjCeESEpb/KvXiK\n"
    "jjm5bgNk4a2sjWXWWfJ+04PhVo3qrR3vBha2zBdiZifXKriQOt6/AgEC\n"
    "-----END DH PARAMETERS-----\n";

class TrustScenarioTest : public testing::Test {
 protected:
  TrustScenarioTest() {
    directory_.Write("ca.pem", authority_.certificate_pem());
  }

  std::unique_ptr<LabServer> StartLab(const lab::Certificate& certificate) {
    lab::LabOptions options;
    options.certificate = certificate;
    return LabServer::Start(options).value();
  }
  std::unique_ptr<OpensslServer> StartOpenssl(
      const lab::Certificate& certificate, std::vector<std::string> options) {
    return OpensslServer::Start(certificate, options).value();
  }

  // connect --check to `port` with `options` alone, and a cache of its own.
  CommandResult Check(uint16_t port, std::vector<std::string> options,
                      bool json = true) {
    std::vector<std::string> arguments = {
        "connect",          "--check",
        "--cache",          directory_.Path("hosts.db"),
        "--resolve",        absl::StrCat("localhost:", port, ":127.0.0.1"),
        "--no-system-roots"};
    if (json) arguments.push_back("--json");
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back(absl::StrCat("imaps://localhost:", port));
    return RunHoldfast(std::move(arguments));
  }
  CommandResult CheckWithCa(uint16_t port) {
    return Check(port, {"--ca", directory_.Path("ca.pem")});
  }
  nlohmann::json CacheList() {
    return RunHoldfast({"cache", "list", "--json", "--cache",
                        directory_.Path("hosts.db")})
        .json;
  }

  static std::vector<std::string> Codes(const nlohmann::json& problems) {
    std::vector<std::string> codes;
    for (const auto& problem : problems) codes.push_back(problem["code"]);
    return codes;
  }

  const CertificateAuthority authority_ = *CertificateAuthority::Create();
  TempDir directory_;
};

TEST_F(TrustScenarioTest, APinAcceptsItsKeyAndNoOther) {
  const auto server = StartLab(*authority_.Issue());
  // The report of a mismatch says which pin would have matched.
  CommandResult refused = Check(
      server->port(), {"--ca", directory_.Path("ca.pem"), "--pin",
                       "sha256//" + absl::Base64Escape(std::string(32, 'x'))});
  EXPECT_EQ(refused.exit_code(), 3);
  EXPECT_THAT(Codes(refused.json["error"]["problems"]),
              ElementsAre("pin_mismatch"));
  EXPECT_EQ(refused.json["attempts"].size(), 1u);
  EXPECT_EQ(server->connections(), 1);
  const std::string detail = refused.json["error"]["problems"][0]["detail"];
  const size_t pin = detail.find("sha256//");
  ASSERT_NE(pin, std::string::npos) << detail;

  CommandResult accepted = Check(
      server->port(), {"--pin", detail.substr(pin, detail.find(',') - pin)});
  EXPECT_EQ(accepted.exit_code(), 0) << accepted.process.out;
  EXPECT_EQ(accepted.json["tls"]["certificate"]["verified"], true);
  EXPECT_EQ(CacheList().size(), 1u);  // a proof, as of any verified connection
}

TEST_F(TrustScenarioTest, AMalformedPinIsAUsageErrorBeforeAnyConnection) {
  const auto server = StartLab(*authority_.Issue());
  CommandResult result = Check(server->port(), {"--pin", "sha256//nonsense"});
  EXPECT_EQ(result.exit_code(), 2);
  EXPECT_THAT(result.process.err, HasSubstr("sha256//nonsense"));
  EXPECT_EQ(server->connections(), 0);
}

TEST_F(TrustScenarioTest, AnNssDatabaseIsTrusted) {
  const auto server = StartLab(*authority_.Issue());
  NssDatabase database;
  EXPECT_EQ(
      Check(server->port(),
            {"--nss-db", database.path(), "--ca",
             directory_.Write(
                 "other.pem",
                 CertificateAuthority::Create("Other")->certificate_pem())})
          .exit_code(),
      3);
  database.Add("ours", "C,,", authority_.certificate_pem());
  EXPECT_EQ(Check(server->port(), {"--nss-db", database.path()}).exit_code(),
            0);
}

TEST_F(TrustScenarioTest, AMissingNssDatabaseIsALocalErrorThatNamesIt) {
  const auto server = StartLab(*authority_.Issue());
  CommandResult result =
      Check(server->port(), {"--nss-db", directory_.Path("nowhere")});
  EXPECT_EQ(result.exit_code(), 4);
  EXPECT_EQ(result.json["error"]["code"], "trust_unreadable");
  EXPECT_THAT(std::string(result.json["error"]["message"]),
              HasSubstr(directory_.Path("nowhere")));
  EXPECT_EQ(server->connections(), 0);
}

TEST_F(TrustScenarioTest, AnyCertificateIsAcceptedLoudlyAndTeachesNothing) {
  CertificateOptions bad;
  bad.dns_names = {"elsewhere.example"};
  const auto server = StartLab(*authority_.Issue(bad));
  const std::vector<std::string> options = {"--danger-accept-any-certificate"};
  CommandResult result = Check(server->port(), options);
  EXPECT_EQ(result.exit_code(), 0) << result.process.out;
  const nlohmann::json certificate = result.json["tls"]["certificate"];
  EXPECT_EQ(certificate["verified"], false);
  EXPECT_THAT(Codes(certificate["problems"]),
              ElementsAre("wrong_name", "unknown_issuer"));
  EXPECT_EQ(result.json["diagnosis"]["warnings"][0]["code"],
            "certificate_not_verified");
  CommandResult text = Check(server->port(), options, /*json=*/false);
  EXPECT_THAT(text.process.out, HasSubstr("NOT VERIFIED, accepted"));
  EXPECT_THAT(text.process.out, testing::Not(HasSubstr(" verified;")));
  EXPECT_THAT(text.process.err, HasSubstr("certificate NOT VERIFIED"));
  EXPECT_TRUE(CacheList().empty());
}

// Promise 7, of a reduced attempt.
TEST_F(TrustScenarioTest, AnOverriddenCertificateWritesNoRecord) {
  const auto dovecot = DovecotServer::Start(DovecotOptions{*authority_.Issue(),
                                                           TlsVersion::kTls12})
                           .value();
  lab::LabOptions options;
  options.behaviour = *lab::FindBehaviour("tls13-alert-protocol-version");
  options.upstream = lab::Upstream{"127.0.0.1", dovecot->imaps_port()};
  const auto front = LabServer::Start(options).value();
  CommandResult any = Check(front->port(), {"--danger-accept-any-certificate"});
  EXPECT_EQ(any.exit_code(), 0) << any.process.out;
  EXPECT_EQ(any.json["fallback"]["rung"], "tls12");
  EXPECT_EQ(any.json["cache"]["recorded"], false);
  EXPECT_TRUE(CacheList().empty());
  // The option alone overrides nothing: a good certificate is verified.
  CommandResult good = Check(
      front->port(),
      {"--danger-accept-any-certificate", "--ca", directory_.Path("ca.pem")});
  EXPECT_EQ(good.json["tls"]["certificate"]["verified"], true);
  EXPECT_EQ(good.json["cache"]["recorded"], true);
}

// What we refuse ourselves, and say that we do.

TEST_F(TrustScenarioTest, AnRsaKeyOf1024BitsIsRefused) {
  CertificateOptions weak;
  weak.key_type = lab::KeyType::kRsa;
  weak.rsa_bits = 1024;
  const auto server = StartLab(*authority_.Issue(weak));
  CommandResult result = CheckWithCa(server->port());
  EXPECT_EQ(result.exit_code(), 3);
  EXPECT_EQ(result.json["error"]["code"], "weak_certificate_key");
  EXPECT_THAT(std::string(result.json["error"]["message"]),
              HasSubstr("1024 bits; we accept no fewer than 2048"));
  EXPECT_EQ(server->connections(), 1);
}

TEST_F(TrustScenarioTest, ASha1SignatureIsRefused) {
  CertificateOptions leaf;
  leaf.signature_hash = lab::SignatureHash::kSha1;
  CertificateOptions intermediate;
  intermediate.via_intermediate = true;
  intermediate.intermediate_signature_hash = lab::SignatureHash::kSha1;
  for (const CertificateOptions& weak : {leaf, intermediate}) {
    const auto server = StartLab(*authority_.Issue(weak));
    CommandResult result = CheckWithCa(server->port());
    EXPECT_EQ(result.exit_code(), 3);
    EXPECT_EQ(result.json["error"]["code"], "weak_signature");
    EXPECT_THAT(std::string(result.json["error"]["message"]),
                HasSubstr("SHA-1, which we refuse"));
    EXPECT_EQ(server->connections(), 1);
  }
}

TEST_F(TrustScenarioTest, ADhGroupOf1024BitsIsRefused) {
  CertificateOptions rsa;
  rsa.key_type = lab::KeyType::kRsa;
  const lab::Certificate certificate = *authority_.Issue(rsa);
  const auto check = [&](std::vector<std::string> options) {
    options.insert(options.end(), {"-tls1_2", "-cipher",
                                   "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"});
    const auto server = StartOpenssl(certificate, std::move(options));
    server->process().WriteInput(kNoGreeting);
    return Check(server->port(),
                 {"--ca", directory_.Path("ca.pem"), "--timeout",
                  ScaledOption(absl::Seconds(20))});
  };
  CommandResult weak = check({"-dhparam", directory_.Write("dh.pem", kDh1024)});
  EXPECT_EQ(weak.exit_code(), 3) << weak.process.out;
  EXPECT_EQ(weak.json["error"]["code"], "weak_server_key");
  EXPECT_THAT(std::string(weak.json["error"]["message"]),
              HasSubstr("We refuse"));
  EXPECT_EQ(weak.json["attempts"].size(), 1u);
  // The size alone is what is wrong: s_server speaks no IMAP afterwards.
  EXPECT_EQ(check({}).json["error"]["phase"], "session");
}

TEST_F(TrustScenarioTest, AStapledRevocationIsRefused) {
  const lab::Certificate leaf = *authority_.Issue();
  const auto check = [&](OcspStatus status, const std::string& version) {
    Staple staple;
    staple.status = status;
    const std::string file = directory_.Write(
        "staple.der",
        MakeStaple(staple, leaf.certificate_pem, authority_.certificate_pem(),
                   authority_.certificate_pem(), authority_.key_pem()));
    const auto server = StartOpenssl(leaf, {version, "-status_file", file});
    server->process().WriteInput(kNoGreeting);
    return Check(server->port(),
                 {"--ca", directory_.Path("ca.pem"), "--timeout",
                  ScaledOption(absl::Seconds(20))});
  };
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    CommandResult revoked = check(OcspStatus::kRevoked, version);
    EXPECT_EQ(revoked.exit_code(), 3) << version << revoked.process.out;
    EXPECT_EQ(revoked.json["error"]["code"], "revoked");
    EXPECT_EQ(revoked.json["attempts"].size(), 1u);
    EXPECT_EQ(check(OcspStatus::kGood, version).json["error"]["phase"],
              "session");
  }
}

TEST_F(TrustScenarioTest, BadNamesAreRefusedBeforeAnyConnection) {
  const auto server = StartLab(*authority_.Issue());
  for (const char* const host :
       {"local host", "localhost..", "-localhost", "local..host", "127.1",
        "[127.0.0.1]", "[::1%lo]", "", "\xff\xfe", "xn--\u00fc"}) {
    const CommandResult result =
        RunHoldfast({"connect", "--check", "--no-system-roots", "--ca",
                     directory_.Path("ca.pem"),
                     absl::StrCat("imaps://", host, ":", server->port())});
    EXPECT_EQ(result.exit_code(), 2) << host;
  }
  EXPECT_EQ(server->connections(), 0);
}

}  // namespace
}  // namespace holdfast::test
