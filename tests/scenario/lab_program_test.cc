// The lab as a program, `holdfast-lab`, and as `holdfast lab`, which runs it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/behaviour.h"
#include "holdfast/tools/lab/stream.h"

namespace holdfast::lab {
namespace {

using ::holdfast::test::CommandResult;
using ::holdfast::test::HoldfastPath;
using ::holdfast::test::LongEnough;
using ::holdfast::test::Process;
using ::holdfast::test::ProcessOptions;
using ::holdfast::test::ProcessResult;
using ::holdfast::test::RunHoldfast;
using ::holdfast::test::RunProcess;
using ::holdfast::test::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A ClientHello of TLS 1.3, just complete enough to be taken for one.
std::string SmallClientHello() {
  const auto u8 = [](size_t n) { return std::string(1, static_cast<char>(n)); };
  const auto u16 = [&](size_t n) { return u8(n >> 8) + u8(n & 0xff); };
  const std::string versions = "\x03\x04\x03\x03";
  const std::string extensions =
      u16(43) + u16(versions.size() + 1) + u8(versions.size()) + versions;
  const std::string body = u16(0x0303) + std::string(32, 'r') + u8(0) + u16(4) +
                           u16(0x1301) + u16(0xc02b) + u8(1) + u8(0) +
                           u16(extensions.size()) + extensions;
  const std::string message = u8(1) + u8(0) + u16(body.size()) + body;
  return u8(22) + u16(0x0301) + u16(message.size()) + message;
}

TEST(LabProgramTest, ListsEveryBehaviourInALine) {
  const ProcessResult list =
      RunProcess({{HoldfastPath(), "lab", "--list"}}).value();
  EXPECT_EQ(list.exit_code, 0);
  const std::vector<std::string> lines =
      absl::StrSplit(list.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), AllBehaviours().size());
  ASSERT_GE(lines.size(), 40u);
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_THAT(lines[i], StartsWith(AllBehaviours()[i].name + " "));
    EXPECT_THAT(lines[i], HasSubstr(AllBehaviours()[i].explanation));
    EXPECT_LE(AllBehaviours()[i].explanation.size(), 75u) << lines[i];
  }
}

// The lab as a process, which ends by its own doing or fails the test.
class RunningLab {
 public:
  explicit RunningLab(const std::vector<std::string>& options) {
    ProcessOptions program;
    program.arguments = {HoldfastPath(), "lab"};
    program.arguments.insert(program.arguments.end(), options.begin(),
                             options.end());
    process = Process::Start(program).value();
    EXPECT_TRUE(process->WaitForOutput("\n")) << process->err();
    constexpr char kListening[] = "listening on 127.0.0.1:";
    const std::string said = process->out();
    EXPECT_THAT(said, StartsWith(kListening));
    uint32_t number = 0;
    EXPECT_TRUE(absl::SimpleAtoi(
        absl::StripPrefix(absl::StripSuffix(said, "\n"), kListening), &number));
    port = static_cast<uint16_t>(number);
  }

  UniqueFd Connect() const {
    const Address address = Address::Resolve("127.0.0.1", port).value();
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd.get(), address.get(), address.length), 0);
    return fd;
  }

  void ExpectCleanEnd(int signal) {
    process->Signal(signal);
    const auto ended = process->Wait(LongEnough());
    ASSERT_TRUE(ended.has_value());
    EXPECT_EQ(ended->exit_code, 0);
    EXPECT_EQ(ended->err, "");
  }

  std::unique_ptr<Process> process;
  uint16_t port = 0;
};

class LabBehaviourTest : public ::testing::TestWithParam<std::string> {
 protected:
  // For a mode and a protocol that has the case.
  std::vector<std::string> Options() const {
    const Behaviour behaviour = FindBehaviour(GetParam()).value();
    for (const char* protocol : {"imap", "nntp", "smtp"}) {
      for (const Security security :
           {Security::kImplicit, Security::kStartTls}) {
        if (!ScriptFor(behaviour, protocol, security).ok()) continue;
        return {"--behaviour",
                GetParam(),
                "--protocol",
                protocol,
                "--security",
                security == Security::kImplicit ? "implicit" : "starttls"};
      }
    }
    ADD_FAILURE() << GetParam() << " exists nowhere";
    return {};
  }
};

TEST_P(LabBehaviourTest, EndsCleanlyWithNobodyThere) {
  RunningLab(Options()).ExpectCleanEnd(SIGTERM);
}

TEST_P(LabBehaviourTest, EndsCleanlyInTheMiddleOfAConnection) {
  RunningLab lab(Options());
  const UniqueFd idle = lab.Connect();
  const UniqueFd busy = lab.Connect();
  const std::string hello = SmallClientHello();
  send(busy.get(), hello.data(), hello.size(), MSG_NOSIGNAL);
  const UniqueFd halfway = lab.Connect();
  send(halfway.get(), hello.data(), 20, MSG_NOSIGNAL);
  lab.ExpectCleanEnd(SIGTERM);
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Behaviour& behaviour : AllBehaviours()) {
    names.push_back(behaviour.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, LabBehaviourTest, ::testing::ValuesIn(Names()),
                         [](const auto& test) {
                           return absl::StrReplaceAll(test.param, {{"-", "_"}});
                         });

TEST(LabProgramTest, WritesWhatToTrustAndEndsOnAnInterruptToo) {
  TempDir directory;
  const std::string ca = directory.Path("ca.pem");
  RunningLab lab({"--ca-out", ca});
  EXPECT_THAT(directory.Read("ca.pem"), StartsWith("-----BEGIN CERT"));
  const CommandResult result = RunHoldfast(
      {"connect", "--check", "--json", "--no-system-roots", "--ca", ca,
       "--cache", "none", absl::StrCat("imaps://127.0.0.1:", lab.port)});
  EXPECT_EQ(result.exit_code(), 0) << result.process.out;
  lab.ExpectCleanEnd(SIGINT);
}

TEST(LabProgramTest, StandsInFrontOfAServer) {
  TempDir directory;
  const std::string ca = directory.Path("ca.pem");
  RunningLab upstream({"--behaviour", "tls12-only", "--ca-out", ca});
  RunningLab front({"--behaviour", "tls13-fin", "--upstream",
                    absl::StrCat("127.0.0.1:", upstream.port)});
  const CommandResult result = RunHoldfast(
      {"connect", "--check", "--json", "--no-system-roots", "--ca", ca,
       "--cache", "none", absl::StrCat("imaps://127.0.0.1:", front.port)});
  EXPECT_EQ(result.exit_code(), 0) << result.process.out;
  EXPECT_EQ(result.json.at("fallback").at("rung"), "tls12");
  front.ExpectCleanEnd(SIGTERM);
  upstream.ExpectCleanEnd(SIGTERM);
}

TEST(LabProgramTest, WrongOptionsAreAUsageError) {
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--behaviour", "nice"},
        {"--port", "65536"},
        {"--protocol", "gopher"},
        {"--security", "none"},
        {"--behaviour", "starttls-refused"},  // with implicit TLS
        {"--upstream", "nowhere"},
        {"--upstream", "localhost:1", "--ca-out", "ca.pem"},
        {"--upstream", "localhost:1", "--behaviour", "preauth"},
        {"--seed", "-1"},
        {"--frob"}}) {
    std::vector<std::string> arguments = {"lab"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const ProcessResult result = RunHoldfast(arguments).process;
    EXPECT_EQ(result.exit_code, 2) << result.out;
    EXPECT_THAT(result.err, AllOf(StartsWith("holdfast lab: "),
                                  HasSubstr("\nTry: holdfast lab --help\n")));
  }
}

TEST(LabProgramTest, WhatCannotBeHadIsALocalError) {
  RunningLab lab({});
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--port", absl::StrCat(lab.port)},
        {"--bind", "no-such-host.invalid"},
        {"--ca-out", "/no/such/folder/ca.pem"}}) {
    std::vector<std::string> arguments = {"lab"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const ProcessResult result = RunHoldfast(arguments).process;
    EXPECT_EQ(result.exit_code, 4) << result.out;
    EXPECT_THAT(result.err, StartsWith("holdfast lab: "));
    EXPECT_THAT(result.err, Not(HasSubstr("Try:")));
  }
}

TEST(LabProgramTest, HasNoGlobalOptions) {
  for (const char* option : {"--json", "--quiet"}) {
    const ProcessResult result = RunHoldfast({option, "lab"}).process;
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, StartsWith("holdfast: lab "));
  }
}

TEST(LabProgramTest, CallsItselfByTheNameThatItWasCalledBy) {
  EXPECT_THAT(RunProcess({{HOLDFAST_LAB, "--help"}})->out,
              HasSubstr("Usage: holdfast-lab "));
  EXPECT_THAT(RunProcess({{HOLDFAST_LAB, "--frob"}})->err,
              StartsWith("holdfast-lab: "));
  EXPECT_THAT(RunHoldfast({"lab", "--help"}).process.out,
              HasSubstr("Usage: holdfast lab "));
}

// Where `holdfast lab` looks for the program: a copy of the command, alone, in
// "bin", and a program in its place.
class LabPlaceTest : public ::testing::Test {
 protected:
  LabPlaceTest() : bin_(root() / "bin") {
    std::filesystem::create_directories(bin_);
    std::filesystem::copy(HoldfastPath(), bin_ / "holdfast");
  }

  std::filesystem::path root() const { return directory_.Path("root"); }
  ProcessResult RunLab() const {
    return RunProcess({{(bin_ / "holdfast").string(), "lab", "--list"}})
        .value();
  }
  static void Link(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    std::filesystem::create_symlink(HOLDFAST_LAB, folder / "holdfast-lab");
  }

  TempDir directory_;
  const std::filesystem::path bin_;
};

TEST_F(LabPlaceTest, NowhereIsALocalErrorThatSaysWhere) {
  const ProcessResult result = RunLab();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.err,
              AllOf(StartsWith("holdfast: the lab is not installed"),
                    HasSubstr((bin_ / "holdfast-lab").string()),
                    HasSubstr("/libexec/holdfast/holdfast-lab")));
}

TEST_F(LabPlaceTest, BesideTheCommand) {
  Link(bin_);
  EXPECT_EQ(RunLab().exit_code, 0);
}

TEST_F(LabPlaceTest, InLibexec) {
  Link(root() / "libexec" / "holdfast");
  EXPECT_THAT(RunLab().out, StartsWith("healthy "));
}

TEST_F(LabPlaceTest, WhatCannotBeRunIsALocalError) {
  directory_.Write("no-program", "");
  std::filesystem::create_symlink(directory_.Path("no-program"),
                                  bin_ / "holdfast-lab");
  const ProcessResult result = RunLab();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.err, HasSubstr("cannot be run"));
}

}  // namespace
}  // namespace holdfast::lab
