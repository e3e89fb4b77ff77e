// A POP3 session on a network that fails at every place, before a real server:
// each message is got whole, the one deleted is gone, no other is.

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/session/imap/imap_session.h"
#include "holdfast/protocols/session/pop3_session.h"
#include "holdfast/tests/helpers/cutting_relay.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/fault_test.h"

namespace holdfast::test {
namespace {

using testing::AnyOf;
using testing::UnorderedElementsAre;

class Pop3FaultTest : public FaultTest {
 protected:
  // What a careful client does: gets what it has not got, by its identifier,
  // deletes the message "b", and leaves.
  void Work(uint16_t port, const std::string& user, const Cut* cut);
  // Once over the mailbox. False if the connection was lost on the way, so that
  // numbers and deletions are of no use any more.
  bool Pass();
  static bool MayBegin(const absl::Status& status);
  void Seed(const std::string& user);
  int MessagesOf(const std::string& user);
  std::unique_ptr<Pop3Session> Open(uint16_t port, const std::string& user) {
    return Pop3Session::Create(
        own_->services(),
        Options(absl::StrCat("pop3s://127.0.0.1:", port), user));
  }
  template <typename T, typename Start>
  absl::StatusOr<T> Do(Start start) {
    return own_->Await<absl::StatusOr<T>>(start);
  }

  std::unique_ptr<DovecotServer> dovecot_ =
      DovecotServer::Start({*authority_.Issue()}).value();
  CuttingRelay relay_{dovecot_->pop3s_port()};
  std::unique_ptr<Pop3Session> pop3_;
  std::map<std::string, std::string> got_;  // names, by identifier
};

void Pop3FaultTest::Seed(const std::string& user) {
  const auto imap = ImapSession::Create(
      own_->services(),
      {Options(absl::StrCat("imaps://127.0.0.1:", dovecot_->imaps_port()),
               user)});
  for (const char* name : {"a", "b", "c"}) {
    const auto appended = Do<ImapAppended>([&](auto done) {
      imap->Append("INBOX", {}, std::nullopt, NewStringSource(Message(name)),
                   std::move(done));
    });
    ASSERT_TRUE(appended.ok()) << appended.status();
  }
}

int Pop3FaultTest::MessagesOf(const std::string& user) {
  const auto pop3 = Open(dovecot_->pop3s_port(), user);
  const auto stat = Do<Pop3Stat>([&](auto done) { pop3->Stat(done); });
  EXPECT_TRUE(stat.ok()) << stat.status();
  return stat.ok() ? static_cast<int>(stat->messages) : -1;
}

bool Pop3FaultTest::Pass() {
  const auto list = Do<Pop3List>([&](auto done) { pop3_->UidList(done); });
  if (!list.ok()) return MayBegin(list.status());
  for (const Pop3Message& message : list->messages) {
    if (got_.count(message.unique_id) == 0) {
      StringSink sink;
      const auto got = Do<Pop3Answer>(
          [&](auto done) { pop3_->Retrieve(message, &sink, done); });
      if (!got.ok()) return MayBegin(got.status());
      got_[message.unique_id] = NameOf(sink.text());
    }
    if (got_[message.unique_id] != "b") continue;
    const auto marked =
        Do<Pop3Answer>([&](auto done) { pop3_->Delete(message, done); });
    if (!marked.ok()) return MayBegin(marked.status());
  }
  const auto left = Do<Pop3Answer>([&](auto done) { pop3_->Quit(done); });
  return left.ok() || MayBegin(left.status());
}

// The mark of a deletion was lost with its connection, or nobody knows.
bool Pop3FaultTest::MayBegin(const absl::Status& status) {
  EXPECT_THAT(CodeOf(status),
              AnyOf(ErrorCode::kOutcomeUnknown, ErrorCode::kStateNotRestored))
      << status;
  return false;
}

void Pop3FaultTest::Work(uint16_t port, const std::string& user,
                         const Cut* cut) {
  Seed(user);
  events_.clear();
  got_.clear();
  pop3_ = Open(port, user);
  const absl::Status connected = own_->Await<absl::Status>(
      [&](auto done) { pop3_->Connect(std::move(done)); });
  ASSERT_TRUE(connected.ok()) << connected;
  if (cut != nullptr) relay_.Arm(*cut);
  int passes = 1;
  while (!Pass() && passes < 4) ++passes;
  EXPECT_LT(passes, 4);
  pop3_.reset();
}

TEST_F(Pop3FaultTest, WithoutACutAllIsWell) {
  Work(relay_.port(), "whole", nullptr);
  EXPECT_EQ(MessagesOf("whole"), 2);
  EXPECT_EQ(Count("connection_lost"), 0u);
}

class Pop3FaultEverywhereTest
    : public Pop3FaultTest,
      public testing::WithParamInterface<Cut::Direction> {};

TEST_P(Pop3FaultEverywhereTest, EachMessageIsGotAndOnlyTheOneIsDeleted) {
  int cuts = 0;
  for (const Cut& cut : CutsOf(GetParam())) {
    SCOPED_TRACE(testing::PrintToString(cut));
    const std::string user = absl::StrCat("u", cuts);
    Work(relay_.port(), user, &cut);
    if (HasFatalFailure()) return;
    const bool has_cut = relay_.has_cut();
    EXPECT_LE(Count("connection_lost"), has_cut ? 1u : 0u);
    std::vector<std::string> names;
    for (const auto& [id, name] : got_) names.push_back(name);
    EXPECT_THAT(names, UnorderedElementsAre("a", "b", "c"));
    EXPECT_EQ(MessagesOf(user), 2);
    if (!has_cut) break;
    ++cuts;
  }
  EXPECT_GE(cuts, 12);  // six commands, each before and inside
}

INSTANTIATE_TEST_SUITE_P(Directions, Pop3FaultEverywhereTest,
                         testing::Values(Cut::Direction::kToServer,
                                         Cut::Direction::kToClient),
                         CutDirectionName);

}  // namespace
}  // namespace holdfast::test
