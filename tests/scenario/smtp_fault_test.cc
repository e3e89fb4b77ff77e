// Mail sent over a network that fails at every place, through a real server:
// none is lost, none arrives twice.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/session/smtp_session.h"
#include "holdfast/tests/helpers/cutting_relay.h"
#include "holdfast/tests/helpers/fault_test.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/postfix_server.h"

namespace holdfast::test {
namespace {

struct SmtpFaults {
  Cut::Direction direction;
  bool data_only;  // DATA, else BDAT
};

class SmtpFaultTest : public FaultTest,
                      public testing::WithParamInterface<SmtpFaults> {
 protected:
  void SetUp() override {
    auto postfix = PostfixServer::Start({*authority_.Issue()});
    if (absl::IsFailedPrecondition(postfix.status())) {
      GTEST_SKIP() << postfix.status();
    }
    ASSERT_TRUE(postfix.ok()) << postfix.status();
    postfix_ = *std::move(postfix);
    relay_.emplace(postfix_->submissions_port());
  }
  // What a careful client does that can look into the mailbox; the messages'
  // names are `name` and a letter.
  void Work(const std::string& name, const Cut& cut);
  void Send(SmtpSession* smtp, const std::string& name);
  int Delivered(const std::string& name) const;
  // Whether it was, once the server had the time for it.
  bool WasDelivered(const std::string& name) const;

  std::unique_ptr<PostfixServer> postfix_;
  std::optional<CuttingRelay> relay_;
};

int SmtpFaultTest::Delivered(const std::string& name) const {
  // The server keeps its line ends as LF, and adds headers.
  const std::string sent = absl::StrReplaceAll(Message(name), {{"\r\n", "\n"}});
  const std::string body = sent.substr(sent.find("\n\n"));
  const std::vector<std::string> mail = postfix_->Delivered();
  return static_cast<int>(
      std::count_if(mail.begin(), mail.end(), [&](const std::string& text) {
        return absl::StrContains(text,
                                 absl::StrCat("\nSubject: ", name, "\n")) &&
               absl::EndsWith(text, body);
      }));
}

bool SmtpFaultTest::WasDelivered(const std::string& name) const {
  const absl::Time deadline = absl::Now() + Scaled(absl::Seconds(3));
  while (absl::Now() < deadline) {
    if (Delivered(name) > 0) return true;
    absl::SleepFor(absl::Milliseconds(20));
  }
  return false;
}

void SmtpFaultTest::Send(SmtpSession* smtp, const std::string& name) {
  const std::shared_ptr<MessageSource> message = NewStringSource(Message(name));
  SmtpEnvelope envelope{"alice@example.test", {"alice@example.test"}};
  envelope.data_only = GetParam().data_only;
  for (int i = 0; i < 3; ++i) {
    const auto sent = own_->Await<SmtpResult>(
        [&](auto done) { smtp->Send(envelope, message, std::move(done)); });
    if (sent.status.ok()) {
      EXPECT_TRUE(sent.accepted) << sent.last.words;
      return;
    }
    ASSERT_EQ(CodeOf(sent.status), ErrorCode::kOutcomeUnknown) << sent.status;
    if (WasDelivered(name)) return;
  }
  FAIL() << "not sent";
}

void SmtpFaultTest::Work(const std::string& name, const Cut& cut) {
  events_.clear();
  const auto smtp = SmtpSession::Create(
      own_->services(),
      Options(absl::StrCat("submissions://127.0.0.1:", relay_->port()),
              "alice@example.test"));
  const absl::Status connected = own_->Await<absl::Status>(
      [&](auto done) { smtp->Connect(std::move(done)); });
  ASSERT_TRUE(connected.ok()) << connected;
  relay_->Arm(cut);
  Send(smtp.get(), name + "a");
  Send(smtp.get(), name + "b");
  const auto left = own_->Await<absl::StatusOr<SmtpAnswer>>(
      [&](auto done) { smtp->Quit(std::move(done)); });
  EXPECT_TRUE(left.ok()) << left.status();
}

TEST_P(SmtpFaultTest, NoMessageIsLostAndNoneArrivesTwice) {
  int cuts = 0;
  for (Cut cut : CutsOf(GetParam().direction)) {
    // A server may take ten minutes for its answer to a message (RFC 5321,
    // 4.5.3.2.6); session_test.cc has what silence leads to.
    if (cut.kind == Cut::Kind::kSilence) cut.kind = Cut::Kind::kEnd;
    SCOPED_TRACE(testing::PrintToString(cut));
    const std::string name = absl::StrCat("m", cuts);
    Work(name, cut);
    if (HasFatalFailure()) return;
    EXPECT_LE(Count("connection_lost"), relay_->has_cut() ? 1u : 0u);
    for (const char* letter : {"a", "b"}) {
      EXPECT_TRUE(WasDelivered(name + letter)) << name << letter;
    }
    if (!relay_->has_cut()) break;
    ++cuts;
  }
  // Before and inside each record of two mails and QUIT: with DATA a mail takes
  // two, with BDAT it may take one.
  EXPECT_GE(cuts, GetParam().data_only ? 10 : 6);
  // Late ones would have come by now.
  for (int i = 0; i <= cuts; ++i) {
    for (const char* letter : {"a", "b"}) {
      EXPECT_EQ(Delivered(absl::StrCat("m", i, letter)), 1) << i << letter;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Faults, SmtpFaultTest,
    testing::Values(SmtpFaults{Cut::Direction::kToServer, true},
                    SmtpFaults{Cut::Direction::kToClient, true},
                    SmtpFaults{Cut::Direction::kToServer, false},
                    SmtpFaults{Cut::Direction::kToClient, false}),
    [](const auto& tested) {
      return absl::StrCat(tested.param.direction == Cut::Direction::kToServer
                              ? "to_server"
                              : "to_client",
                          tested.param.data_only ? "_data" : "_bdat");
    });

}  // namespace
}  // namespace holdfast::test
