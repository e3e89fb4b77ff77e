// An IMAP session on a network that fails at every place, before a real
// server: no message is lost, none is there twice, nothing hangs, and what
// happened is told.

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/session/imap/imap_session.h"
#include "holdfast/tests/helpers/cutting_relay.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/fault_test.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {
namespace {

using testing::UnorderedElementsAre;

// Keeps what is fetched, by message.
class Keeper final : public ImapFetchSink {
 public:
  void OnStart() override { texts_.clear(); }
  absl::Status OnSection(const std::string&, uint64_t) override {
    texts_.emplace_back();
    return absl::OkStatus();
  }
  absl::Status OnBytes(absl::string_view bytes) override {
    texts_.back().append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const std::string& text : texts_) names.push_back(NameOf(text));
    return names;
  }

 private:
  std::vector<std::string> texts_;
};

class ImapFaultTest : public FaultTest {
 protected:
  // What a careful client does, as `user`, whose mailbox is empty.
  void Work(uint16_t port, const std::string& user, const Cut* cut);
  void Append(const std::string& name);
  std::vector<uint32_t> Search(const std::string& criteria);
  // Gives the command until its outcome is known; it does no harm twice.
  void Insist(
      const std::function<void(ImapSession::Done<ImapAnswer>)>& command);
  // Names.
  std::vector<std::string> MailOf(const std::string& user);
  std::unique_ptr<ImapSession> Open(uint16_t port, const std::string& user);

  std::unique_ptr<DovecotServer> dovecot_ =
      DovecotServer::Start({*authority_.Issue()}).value();
  CuttingRelay relay_{dovecot_->imaps_port()};
  std::unique_ptr<ImapSession> imap_;
  std::vector<ImapUpdate> updates_;
};

std::unique_ptr<ImapSession> ImapFaultTest::Open(uint16_t port,
                                                 const std::string& user) {
  ImapSessionOptions options{
      Options(absl::StrCat("imaps://127.0.0.1:", port), user)};
  options.on_update = [this](const ImapUpdate& update) {
    updates_.push_back(update);
  };
  return ImapSession::Create(own_->services(), std::move(options));
}

void ImapFaultTest::Insist(
    const std::function<void(ImapSession::Done<ImapAnswer>)>& command) {
  for (int i = 0; i < 3; ++i) {
    const auto answer = own_->Await<absl::StatusOr<ImapAnswer>>(command);
    if (answer.ok()) {
      EXPECT_TRUE(answer->ok()) << answer->text;
      return;
    }
    ASSERT_EQ(CodeOf(answer.status()), ErrorCode::kOutcomeUnknown)
        << answer.status();
  }
  FAIL() << "the outcome stays unknown";
}

std::vector<uint32_t> ImapFaultTest::Search(const std::string& criteria) {
  const auto found = own_->Await<absl::StatusOr<ImapUids>>([&](auto done) {
    imap_->UidSearch(ImapCommand(criteria), std::move(done));
  });
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() ? found->uids : std::vector<uint32_t>();
}

void ImapFaultTest::Append(const std::string& name) {
  for (int i = 0; i < 3; ++i) {
    std::shared_ptr<MessageSource> message = NewStringSource(Message(name));
    const auto appended =
        own_->Await<absl::StatusOr<ImapAppended>>([&](auto done) {
          imap_->Append("INBOX", {}, std::nullopt, message, std::move(done));
        });
    if (appended.ok()) {
      EXPECT_TRUE(appended->answer.ok()) << appended->answer.text;
      return;
    }
    ASSERT_EQ(CodeOf(appended.status()), ErrorCode::kOutcomeUnknown)
        << appended.status();
    if (!Search(absl::StrCat("HEADER Message-ID <", name, "@test>")).empty()) {
      return;
    }
  }
  FAIL() << "not appended";
}

void ImapFaultTest::Work(uint16_t port, const std::string& user,
                         const Cut* cut) {
  events_.clear();
  imap_ = Open(port, user);
  const absl::Status connected = own_->Await<absl::Status>(
      [&](auto done) { imap_->Connect(std::move(done)); });
  ASSERT_TRUE(connected.ok()) << connected;
  if (cut != nullptr) relay_.Arm(*cut);
  const auto inbox = own_->Await<absl::StatusOr<MailboxInfo>>(
      [&](auto done) { imap_->Select("INBOX", std::move(done)); });
  ASSERT_TRUE(inbox.ok()) << inbox.status();
  Append("a");
  Append("b");
  const std::vector<uint32_t> uids = Search("ALL");
  ASSERT_EQ(uids.size(), 2u);
  StringSink body;
  const auto fetched = own_->Await<absl::StatusOr<ImapFetched>>([&](auto done) {
    imap_->FetchBody(uids[0], "", &body, std::move(done));
  });
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(NameOf(body.text()), "a");
  const ImapSet second = *ImapSet::Parse(absl::StrCat(uids[1]));
  Insist([&](auto done) {
    imap_->UidStore(second, ImapStore::kAdd, {"\\Deleted"}, std::move(done));
  });
  Insist([&](auto done) { imap_->UidExpunge(second, std::move(done)); });
  Append("c");
  const size_t losses = Count("connection_lost");
  const absl::Status left = own_->Await<absl::Status>(
      [&](auto done) { imap_->Logout(std::move(done)); });
  EXPECT_TRUE(left.ok()) << left;
  // The end after LOGOUT is clean.
  EXPECT_EQ(Count("connection_lost"), losses);
  imap_.reset();
}

std::vector<std::string> ImapFaultTest::MailOf(const std::string& user) {
  imap_ = Open(dovecot_->imaps_port(), user);
  const auto inbox = own_->Await<absl::StatusOr<MailboxInfo>>(
      [&](auto done) { imap_->Examine("INBOX", std::move(done)); });
  EXPECT_TRUE(inbox.ok()) << inbox.status();
  Keeper keeper;
  const auto fetched = own_->Await<absl::StatusOr<ImapFetched>>([&](auto done) {
    imap_->UidFetch(*ImapSet::Parse("1:*"), {"BODY.PEEK[]"}, &keeper,
                    std::move(done));
  });
  EXPECT_TRUE(fetched.ok()) << fetched.status();
  imap_.reset();
  return keeper.Names();
}

TEST_F(ImapFaultTest, WithoutACutAllIsWell) {
  Work(relay_.port(), "whole", nullptr);
  EXPECT_THAT(MailOf("whole"), UnorderedElementsAre("a", "c"));
  EXPECT_EQ(Count("connection_lost"), 0u);
}

// No connection is taken for lost because it is silent, and however soon one is
// lost, idling goes on.
class ImapIdleFaultTest : public ImapFaultTest {
 protected:
  std::unique_ptr<ImapSession> OpenPatiently(uint16_t port) {
    ImapSessionOptions options{
        Options(absl::StrCat("imaps://127.0.0.1:", port), "alice")};
    options.session.patience = LongEnough();
    options.session.max_repeats = 1000;
    options.on_update = [this](const ImapUpdate& update) {
      updates_.push_back(update);
    };
    return ImapSession::Create(own_->services(), std::move(options));
  }
  // From another connection.
  void AppendElsewhere() {
    std::swap(imap_, other_);
    Append("a");
    std::swap(imap_, other_);
  }
  // Whether it is told that there are so many messages, as news or after so
  // many losses.
  bool HearsOf(uint32_t messages, size_t losses) {
    bool is_late = false;
    const auto limit =
        own_->loop()->StartTimer(LongEnough(), [&] { is_late = true; });
    const auto is_that = [&](const ImapUpdate& update) {
      return (update.kind == ImapUpdate::Kind::kExists ||
              update.kind == ImapUpdate::Kind::kRestored) &&
             update.number == messages;
    };
    own_->loop()->RunUntil([&] {
      return is_late ||
             (Count("connection_lost") == losses &&
              std::any_of(updates_.begin(), updates_.end(), is_that));
    });
    EXPECT_FALSE(is_late) << absl::StrJoin(events_, "\n");
    return !is_late;
  }

  std::unique_ptr<ImapSession> other_ = OpenPatiently(dovecot_->imaps_port());
};

TEST_F(ImapIdleFaultTest, IdlingGoesOnOnTheNextConnectionAndNothingIsMissed) {
  imap_ = OpenPatiently(relay_.port());
  const auto inbox = own_->Await<absl::StatusOr<MailboxInfo>>(
      [&](auto done) { imap_->Select("INBOX", std::move(done)); });
  ASSERT_TRUE(inbox.ok()) << inbox.status();
  std::optional<absl::StatusOr<ImapAnswer>> ended;
  auto idle = imap_->Idle(
      [&](absl::StatusOr<ImapAnswer> answer) { ended = std::move(answer); });
  uint32_t messages = 0;
  size_t losses = 0;
  for (const Cut::Kind kind : {Cut::Kind::kEnd, Cut::Kind::kReset}) {
    for (const bool inside : {false, true}) {
      AppendElsewhere();
      ASSERT_TRUE(HearsOf(++messages, losses));
      // News are lost with the connection, but not missed.
      relay_.Arm({Cut::Direction::kToClient, 0, inside, kind});
      AppendElsewhere();
      ASSERT_TRUE(HearsOf(++messages, ++losses));
    }
  }
  AppendElsewhere();
  EXPECT_TRUE(HearsOf(++messages, losses));
  EXPECT_FALSE(ended);
  idle.reset();
  own_->loop()->RunUntil([&] { return ended.has_value(); });
  EXPECT_TRUE(ended->ok()) << ended->status();
  EXPECT_EQ(Count("connection_lost"), losses);
}

class ImapFaultEverywhereTest
    : public ImapFaultTest,
      public testing::WithParamInterface<Cut::Direction> {};

TEST_P(ImapFaultEverywhereTest, NothingIsLostAndNothingIsThereTwice) {
  int cuts = 0;
  for (const Cut& cut : CutsOf(GetParam())) {
    SCOPED_TRACE(testing::PrintToString(cut));
    const std::string user = absl::StrCat("u", cuts);
    Work(relay_.port(), user, &cut);
    if (HasFatalFailure()) return;
    const bool has_cut = relay_.has_cut();
    EXPECT_LE(Count("connection_lost"), has_cut ? 1u : 0u);
    // What was lost while there was work left came back, signed in.
    EXPECT_EQ(Count("signed_in"), 1 + Count("connection_lost"));
    EXPECT_THAT(MailOf(user), UnorderedElementsAre("a", "c"));
    if (!has_cut) break;
    ++cuts;
  }
  EXPECT_GE(cuts, 16);  // ten commands, each before and inside
}

INSTANTIATE_TEST_SUITE_P(Directions, ImapFaultEverywhereTest,
                         testing::Values(Cut::Direction::kToServer,
                                         Cut::Direction::kToClient),
                         CutDirectionName);

}  // namespace
}  // namespace holdfast::test
