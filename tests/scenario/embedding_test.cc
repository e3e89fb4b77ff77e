// The documentation's examples in C++: the pages show what was compiled, and
// the programs do what they say, before real servers.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/session/imap/imap_session.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/fault_test.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/postfix_server.h"
#include "holdfast/tests/helpers/process.h"

namespace holdfast::test {
namespace {

namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// Without indentation, which a block has more of where it stands in a function.
std::string Flat(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::string line;
  while (std::getline(file, line)) {
    if (absl::StartsWith(line, "// SPDX-")) {
      std::getline(file, line);  // empty; pages do not show the licence
      continue;
    }
    absl::StrAppend(&text, absl::StripLeadingAsciiWhitespace(line), "\n");
  }
  return text;
}

std::vector<std::string> BlocksOf(const std::string& page) {
  std::vector<std::string> blocks;
  for (const char* begin : {"```cpp\n", "```c\n"}) {
    const std::vector<std::string> parts = absl::StrSplit(page, begin);
    for (size_t i = 1; i < parts.size(); ++i) {
      blocks.push_back(parts[i].substr(0, parts[i].find("```\n")));
    }
  }
  return blocks;
}

// The files of docs/examples are compiled with this test.
TEST(EmbeddingPagesTest, WhatTheyShowIsCompiled) {
  const fs::path docs = fs::path(HOLDFAST_SOURCE_DIR) / "docs";
  std::map<std::string, std::string> examples;
  for (const auto& entry : fs::directory_iterator(docs / "examples")) {
    examples[entry.path().filename()] = Flat(entry.path());
  }
  int blocks = 0;
  for (const auto& page : fs::directory_iterator(docs)) {
    if (page.path().extension() != ".md") continue;
    for (const std::string& block : BlocksOf(Flat(page.path()))) {
      ++blocks;
      const bool is_compiled = std::any_of(
          examples.begin(), examples.end(), [&block](const auto& example) {
            return absl::StrContains(example.second, block);
          });
      EXPECT_TRUE(is_compiled) << page.path() << ":\n" << block;
    }
  }
  EXPECT_GT(blocks, 10);
  // Programs are shown whole.
  for (const char* program : {"imap_reader.cc", "smtp_sender.cc"}) {
    EXPECT_THAT(BlocksOf(Flat(docs / "embedding.md")),
                testing::Contains(examples[program]));
  }
}

class EmbeddingTest : public FaultTest {
 protected:
  ProcessResult Run(std::vector<std::string> arguments,
                    const std::string& password) {
    const auto result = RunProcess(
        {std::move(arguments),
         {{"SSL_CERT_FILE",
           directory_.Write("ca.pem", authority_.certificate_pem())}},
         password + "\n"});
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : ProcessResult();
  }
};

class ReaderTest : public EmbeddingTest {
 protected:
  ReaderTest()
      : target_(absl::StrCat("imaps://127.0.0.1:", dovecot_->imaps_port())) {
    SessionOptions options = Options(target_, "alice");
    options.patience = LongEnough();
    imap_ = ImapSession::Create(own_->services(), {std::move(options)});
  }
  void Append(const std::string& name) {
    const auto appended =
        own_->Await<absl::StatusOr<ImapAppended>>([&](auto done) {
          imap_->Append("INBOX", {}, std::nullopt,
                        NewStringSource(Message(name)), std::move(done));
        });
    ASSERT_TRUE(appended.ok()) << appended.status();
  }
  ProcessResult Read(const std::string& password = "pw") {
    return Run({HOLDFAST_IMAP_READER, target_, "alice"}, password);
  }

  std::unique_ptr<DovecotServer> dovecot_ =
      DovecotServer::Start({*authority_.Issue()}).value();
  const std::string target_;
  std::unique_ptr<ImapSession> imap_;
};

TEST_F(ReaderTest, PrintsMailboxesSubjectsAndTheNewestMessage) {
  for (int i = 0; i < 11; ++i) Append("a");
  Append("b");
  const ProcessResult read = Read();
  EXPECT_EQ(read.exit_code, 0) << read.err;
  std::string subjects;
  for (int i = 0; i < 9; ++i) subjects += "Subject: a\r\n\r\n";
  subjects += "Subject: b\r\n\r\n";
  EXPECT_EQ(read.out, absl::StrCat("INBOX\n", subjects, Message("b")));
  EXPECT_EQ(read.err, "");
}

TEST_F(ReaderTest, AnEmptyMailboxHasNoNewestMessage) {
  const ProcessResult read = Read();
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_EQ(read.out, "INBOX\n");
}

TEST_F(ReaderTest, AWrongPasswordIsRefusedInTheServersWords) {
  const ProcessResult read = Read("wrong");
  EXPECT_EQ(read.exit_code, 1);
  EXPECT_EQ(read.out, "");
  EXPECT_THAT(read.err, HasSubstr("The server refused the credentials"));
  EXPECT_THAT(read.err, HasSubstr("AUTHENTICATIONFAILED"));
}

TEST_F(ReaderTest, WithoutArgumentsNothingIsDone) {
  EXPECT_EQ(Run({HOLDFAST_IMAP_READER}, "pw").exit_code, 2);
  EXPECT_EQ(Run({HOLDFAST_IMAP_READER, "nonsense", "alice"}, "pw").exit_code,
            1);
}

class SenderTest : public EmbeddingTest {
 protected:
  void SetUp() override {
    auto postfix = PostfixServer::Start({*authority_.Issue()});
    if (absl::IsFailedPrecondition(postfix.status())) {
      GTEST_SKIP() << postfix.status();
    }
    ASSERT_TRUE(postfix.ok()) << postfix.status();
    postfix_ = *std::move(postfix);
  }
  ProcessResult Send(const std::vector<std::string>& recipients,
                     const std::string& password = "pw",
                     const std::string& file = "") {
    std::vector<std::string> arguments = {
        HOLDFAST_SMTP_SENDER,
        absl::StrCat("submissions://127.0.0.1:", postfix_->submissions_port()),
        "alice@example.test",
        file.empty() ? directory_.Write("message.eml", Message("a")) : file,
        "alice@example.test"};
    arguments.insert(arguments.end(), recipients.begin(), recipients.end());
    return Run(std::move(arguments), password);
  }

  std::unique_ptr<PostfixServer> postfix_;
};

TEST_F(SenderTest, SendsAndTellsWhatTheServerSaysOfEachRecipient) {
  const ProcessResult sent = Send({"alice@example.test"});
  EXPECT_EQ(sent.exit_code, 0) << sent.err;
  const std::vector<std::string> lines =
      absl::StrSplit(sent.out, '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, ElementsAre(StartsWith("alice@example.test: 250 "),
                                 StartsWith("accepted: 250 ")));
  EXPECT_TRUE(Eventually([this] { return !postfix_->Delivered().empty(); }));
  EXPECT_THAT(postfix_->Delivered(), ElementsAre(HasSubstr("Subject: a\n")));
}

TEST_F(SenderTest, ARecipientWhoIsRefusedIsNamed) {
  const ProcessResult sent =
      Send({"alice@example.test", "nobody@example.test"});
  EXPECT_EQ(sent.exit_code, 1) << sent.err;
  EXPECT_THAT(sent.out, HasSubstr("\nnobody@example.test: 550 5.1.1 "));
  EXPECT_THAT(sent.out, HasSubstr("\naccepted: 250 "));
}

TEST_F(SenderTest, AWrongPasswordIsRefusedInTheServersWords) {
  const ProcessResult sent = Send({"alice@example.test"}, "wrong");
  EXPECT_EQ(sent.exit_code, 1);
  EXPECT_THAT(sent.err, HasSubstr("The server refused the credentials"));
  EXPECT_THAT(sent.err, HasSubstr("535 5.7.8"));
  EXPECT_THAT(sent.out, HasSubstr("not accepted"));
}

TEST_F(SenderTest, AMessageThatIsNotThereIsNotSent) {
  const ProcessResult sent =
      Send({"alice@example.test"}, "pw", directory_.Path("nowhere"));
  EXPECT_EQ(sent.exit_code, 1);
  EXPECT_THAT(sent.err, HasSubstr("nowhere"));
  EXPECT_EQ(sent.out, "");
}

}  // namespace
}  // namespace holdfast::test
