// An NNTP session on a network that fails at every place, before a real server:
// each article that is posted is there once, whole, and what is read is whole.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/session/nntp_session.h"
#include "holdfast/tests/helpers/cutting_relay.h"
#include "holdfast/tests/helpers/fault_test.h"
#include "holdfast/tests/helpers/inn_server.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::EndsWith;

// The subjects of an overview, in order.
class SubjectSink final : public BlockSink {
 public:
  void Begin() override { subjects.clear(); }
  absl::Status Add(absl::string_view line) override {
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    subjects.push_back(fields.at(1));
    return absl::OkStatus();
  }
  std::vector<std::string> subjects;
};

class NntpFaultTest : public FaultTest,
                      public testing::WithParamInterface<Cut::Direction> {
 protected:
  void SetUp() override {
    auto inn = InnServer::Start(
        {*authority_.Issue(), TlsVersion::kTls13, /*stores_posts=*/true});
    if (absl::IsFailedPrecondition(inn.status())) GTEST_SKIP() << inn.status();
    ASSERT_TRUE(inn.ok()) << inn.status();
    inn_ = *std::move(inn);
    relay_.emplace(inn_->nntps_port());
  }
  // What a careful client does: reads, and posts two articles, whose names are
  // `name` and a letter.
  void Work(const std::string& name, const Cut* cut);
  void Read();
  void Post(const std::string& name);
  // Whether the server has it.
  bool IsThere(const std::string& name);
  std::vector<std::string> Subjects();
  std::unique_ptr<NntpSession> Open(uint16_t port);
  template <typename T, typename Start>
  absl::StatusOr<T> Do(Start start) {
    return own_->Await<absl::StatusOr<T>>(start);
  }

  std::unique_ptr<InnServer> inn_;
  std::optional<CuttingRelay> relay_;
  std::unique_ptr<NntpSession> nntp_;
};

std::unique_ptr<NntpSession> NntpFaultTest::Open(uint16_t port) {
  // INN offers SASL, which knows other users than AUTHINFO USER does.
  SessionOptions options = Options(absl::StrCat("nntps://127.0.0.1:", port),
                                   "alice", SaslMechanism::kProtocolLogin);
  return NntpSession::Create(own_->services(), std::move(options));
}

bool NntpFaultTest::IsThere(const std::string& name) {
  const auto found = Do<NntpArticle>([&](auto done) {
    nntp_->Stat(absl::StrCat("<", name, "@test>"), std::move(done));
  });
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() && found->ok();
}

void NntpFaultTest::Post(const std::string& name) {
  const std::shared_ptr<MessageSource> article = NewStringSource(
      "From: alice@example.test\r\nNewsgroups: test.local\r\n" + Message(name));
  for (int i = 0; i < 3; ++i) {
    const auto posted = Do<NntpAnswer>(
        [&](auto done) { nntp_->Post(article, std::move(done)); });
    if (posted.ok()) {
      // Not "441 435 Duplicate" either: nothing is posted again for nothing.
      EXPECT_EQ(posted->code, 240) << posted->words;
      return;
    }
    ASSERT_EQ(CodeOf(posted.status()), ErrorCode::kOutcomeUnknown)
        << posted.status();
    if (IsThere(name)) return;
  }
  FAIL() << "not posted";
}

void NntpFaultTest::Read() {
  const auto group = Do<NntpGroup>(
      [&](auto done) { nntp_->Group("test.local", std::move(done)); });
  ASSERT_TRUE(group.ok()) << group.status();
  EXPECT_TRUE(group->ok()) << group->words;
  SubjectSink overview;
  const auto over = Do<NntpAnswer>([&](auto done) {
    nntp_->Over({1, 1}, &overview, std::move(done));
  });
  ASSERT_TRUE(over.ok()) << over.status();
  EXPECT_THAT(overview.subjects, ElementsAre("Hello"));
  StringSink text;
  const auto article = Do<NntpArticle>(
      [&](auto done) { nntp_->Article(uint64_t{1}, &text, std::move(done)); });
  ASSERT_TRUE(article.ok()) << article.status();
  EXPECT_EQ(article->message_id, "<1@example.test>");
  EXPECT_THAT(text.text(), EndsWith("\r\n\r\nHello, group.\r\n"));
}

void NntpFaultTest::Work(const std::string& name, const Cut* cut) {
  events_.clear();
  nntp_ = Open(relay_->port());
  const absl::Status connected = own_->Await<absl::Status>(
      [&](auto done) { nntp_->Connect(std::move(done)); });
  ASSERT_TRUE(connected.ok()) << connected;
  if (cut != nullptr) relay_->Arm(*cut);
  Read();
  Post(name + "a");
  Post(name + "b");
  const size_t losses = Count("connection_lost");
  const auto left =
      Do<NntpAnswer>([&](auto done) { nntp_->Quit(std::move(done)); });
  EXPECT_TRUE(left.ok()) << left.status();
  // The end after QUIT is clean.
  EXPECT_EQ(Count("connection_lost"), losses);
  nntp_.reset();
}

// As the group has them; each article is read, and whole.
std::vector<std::string> NntpFaultTest::Subjects() {
  nntp_ = Open(inn_->nntps_port());
  const auto group = Do<NntpGroup>(
      [&](auto done) { nntp_->Group("test.local", std::move(done)); });
  EXPECT_TRUE(group.ok()) << group.status();
  SubjectSink overview;
  const auto over = Do<NntpAnswer>(
      [&](auto done) { nntp_->Over({2}, &overview, std::move(done)); });
  EXPECT_TRUE(over.ok()) << over.status();
  for (const std::string& name : overview.subjects) {
    StringSink text;
    const auto article = Do<NntpArticle>([&](auto done) {
      nntp_->Article(absl::StrCat("<", name, "@test>"), &text, std::move(done));
    });
    EXPECT_TRUE(article.ok() && article->ok()) << name;
    const std::string sent = Message(name);
    EXPECT_THAT(text.text(), EndsWith(sent.substr(sent.find("\r\n\r\n"))));
  }
  nntp_.reset();
  return overview.subjects;
}

TEST_P(NntpFaultTest, EachArticleIsReadWholeAndPostedOnce) {
  std::vector<std::string> names;
  int cuts = 0;
  for (const Cut& cut : CutsOf(GetParam())) {
    SCOPED_TRACE(testing::PrintToString(cut));
    const std::string name = absl::StrCat("n", cuts);
    Work(name, &cut);
    if (HasFatalFailure()) return;
    names.insert(names.end(), {name + "a", name + "b"});
    const bool has_cut = relay_->has_cut();
    EXPECT_LE(Count("connection_lost"), has_cut ? 1u : 0u);
    // What was lost while there was work left came back, signed in.
    EXPECT_EQ(Count("signed_in"), 1 + Count("connection_lost"));
    if (!has_cut) break;
    ++cuts;
  }
  EXPECT_EQ(Count("connection_lost"), 0u);  // of the last, which was not cut
  EXPECT_GE(cuts, 16);  // eight records to the server, before and inside
  EXPECT_THAT(Subjects(), ElementsAreArray(names));
}

INSTANTIATE_TEST_SUITE_P(Directions, NntpFaultTest,
                         testing::Values(Cut::Direction::kToServer,
                                         Cut::Direction::kToClient),
                         CutDirectionName);

}  // namespace
}  // namespace holdfast::test
