// The command with an NSS that lacks a function: told when it starts, as what
// it is.

#include <dlfcn.h>
#include <nss.h>
#include <ssl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class NssFunctionsScenarioTest : public testing::Test {
 protected:
  NssFunctionsScenarioTest()
      : authority_(*lab::CertificateAuthority::Create()) {
    directory_.Write("ca.pem", authority_.certificate_pem());
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour("healthy");
    options.certificate = *authority_.Issue();
    server_ = *lab::LabServer::Start(options);
  }

  // Runs the command with this process's libssl3, but with `function` under
  // another name of the same length.
  CommandResult ConnectWithout(const std::string& function,
                               std::vector<std::string> options = {}) {
    Dl_info library = {};
    EXPECT_NE(dladdr(reinterpret_cast<void*>(SSL_ImportFD), &library), 0);
    const std::string content = ReadFile(library.dli_fname);
    EXPECT_THAT(content, HasSubstr(function));
    std::string other = function;
    other.back() = '_';
    directory_.Write("libssl3.so",
                     absl::StrReplaceAll(content, {{function, other}}));

    const char* const path = std::getenv("LD_LIBRARY_PATH");
    std::vector<std::string> arguments = {
        "--json",
        "--cache",
        "none",
        "connect",
        "--check",
        "--ca",
        directory_.Path("ca.pem"),
        absl::StrCat("imaps://localhost:", server_->port())};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return RunHoldfast(
        arguments, {{"LD_LIBRARY_PATH",
                     absl::StrCat(directory_.path(), path != nullptr ? ":" : "",
                                  path != nullptr ? path : "")}});
  }

  const TempDir directory_;
  lab::CertificateAuthority authority_;
  std::unique_ptr<lab::LabServer> server_;
};

TEST_F(NssFunctionsScenarioTest, AFunctionThatNssLacksIsToldAtStart) {
  const CommandResult result = ConnectWithout("SSL_AlertReceivedCallback");
  EXPECT_EQ(result.process.exit_code, 4) << result.process.err;
  ASSERT_TRUE(result.json.is_object()) << result.process.out;
  const auto& error = result.json["error"];
  EXPECT_EQ(error["code"], "tls_setup_failed");
  EXPECT_EQ(error["category"], "local");
  EXPECT_EQ(error["phase"], "setup");
  EXPECT_THAT(error["message"].get<std::string>(),
              HasSubstr(" has no SSL_AlertReceivedCallback (NSS "));
  EXPECT_TRUE(result.json["attempts"].empty());
}

TEST_F(NssFunctionsScenarioTest, AnExperimentalFunctionIsMissedByAKeyLogOnly) {
  EXPECT_EQ(ConnectWithout("SSL_SecretCallback").process.exit_code, 0);
  const CommandResult result = ConnectWithout(
      "SSL_SecretCallback", {"--keylog", directory_.Path("keys")});
  EXPECT_EQ(result.process.exit_code, 4) << result.process.err;
  EXPECT_EQ(result.json["error"]["code"], "tls_setup_failed");
  EXPECT_FALSE(std::filesystem::exists(directory_.Path("keys")));
}

TEST_F(NssFunctionsScenarioTest, TheVersionNamesTheNssThatIsLoaded) {
  const CommandResult result = RunHoldfast({"--version"});
  EXPECT_EQ(result.process.exit_code, 0);
  EXPECT_THAT(result.process.out, StartsWith("holdfast "));
  EXPECT_THAT(result.process.out,
              HasSubstr(absl::StrCat("\nNSS ", NSSSSL_GetVersion(),
                                     " (built with ", NSS_VERSION, ")\n")));
}

}  // namespace
}  // namespace holdfast::test
