// What an attempt must withstand before TLS, over a pair of sockets: bytes that
// come too early, too late, or one by one; and how long it holds an answer.

#include "holdfast/protocols/connect/attempt.h"

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/manual_event_loop.h"

namespace holdfast {
namespace {

// Connects to one end of a pair of sockets when told to.
class PairDialer : public Dialer {
 public:
  PairDialer() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    client_.reset(ends[0]);
    server_.reset(ends[1]);
  }

  std::unique_ptr<Request> Dial(
      const Endpoint&, std::vector<SocketAddress> addresses,
      std::function<void(DialResult)> on_result) override {
    address_ = addresses.front();
    answer_ = std::move(on_result);
    return std::make_unique<Request>();
  }

  void Connect(absl::Duration took = absl::ZeroDuration()) {
    answer_(DialResult{std::move(client_),
                       address_,
                       std::nullopt,
                       {{*address_, absl::ZeroDuration(), took, {}}}});
  }
  int client() const { return client_.get(); }
  int server() const { return server_.get(); }

 private:
  UniqueFd client_;
  UniqueFd server_;
  std::optional<SocketAddress> address_;
  std::function<void(DialResult)> answer_;
};

// One attempt, as its server sees it.
class ClearAttempt {
 public:
  explicit ClearAttempt(Protocol protocol) : client_(dialer_.client()) {
    AttemptRequest request{
        Target{protocol, Endpoint{*Host::Parse("mail.example.org"), 143},
               ConnectionSecurity::kStartTls},
        {},
        {SocketAddress::FromLiteral(*Host::Parse("192.0.2.1"), 143)},
        *NssRuntime::Start(),
        nullptr,
        absl::FromUnixSeconds(1800000000),
        /*key_log=*/nullptr,
        {[](EventKind, std::vector<std::pair<std::string, std::string>>) {}}};
    attempt_ = Attempt::Start(
        &loop_, &dialer_, std::move(request),
        [this](AttemptResult result) { result_ = std::move(result); });
  }

  // Sends `text` in one segment, and returns what the client says to it.
  std::string Say(absl::string_view text) {
    EXPECT_EQ(write(dialer_.server(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
    if (std::exchange(connected_, true)) {
      loop_.MarkReady(client_);
    } else {
      dialer_.Connect();
    }
    char buffer[256];
    const ssize_t size = read(dialer_.server(), buffer, sizeof(buffer));
    return std::string(buffer, size > 0 ? size : 0);
  }

  // "starttls_refused"; "" if it goes on.
  absl::string_view error() const {
    return result_ ? ErrorName(result_->outcome.error->code) : "";
  }
  std::string first_bytes() const {
    return result_->outcome.error->first_bytes;
  }

 private:
  ManualEventLoop loop_;
  PairDialer dialer_;
  const int client_;
  bool connected_ = false;
  std::optional<AttemptResult> result_;
  std::unique_ptr<Attempt> attempt_;
};

// How long the answer to a hedged offer is held, in which it may be beaten.
absl::Duration TimeHeld(absl::Duration dial_took) {
  ManualEventLoop loop;
  PairDialer dialer;
  const int client = dialer.client();
  AttemptPlan plan;
  plan.hold_answer = true;
  plan.hello_timeout = absl::Seconds(30);
  AttemptRequest request{
      *ParseTarget("imaps://mail.example.org"),
      plan,
      {SocketAddress::FromLiteral(*Host::Parse("192.0.2.1"), 993)},
      *NssRuntime::Start(),
      *Trust::Load(*NssRuntime::Start(), TrustOptions()),
      absl::FromUnixSeconds(1800000000),
      /*key_log=*/nullptr,
      {[](EventKind, std::vector<std::pair<std::string, std::string>>) {}}};
  bool done = false;
  const auto attempt = Attempt::Start(&loop, &dialer, std::move(request),
                                      [&](AttemptResult) { done = true; });
  dialer.Connect(dial_took);
  constexpr char kAlert[] = {0x15, 3, 1, 0, 2, 2, 70};
  EXPECT_EQ(write(dialer.server(), kAlert, sizeof kAlert),
            static_cast<ssize_t>(sizeof kAlert));
  loop.MarkReady(client);
  const absl::Duration answered = loop.Now();
  while (!done && loop.Now() < absl::Seconds(20)) {
    loop.Advance(absl::Milliseconds(1));
  }
  return loop.Now() - answered;
}

TEST(AttemptTest, AnAnswerIsHeldForARoundTripAndASecondAtMost) {
  EXPECT_EQ(TimeHeld(absl::Milliseconds(1)), absl::Milliseconds(50));
  EXPECT_EQ(TimeHeld(absl::Milliseconds(200)), absl::Milliseconds(200));
  // The way to the server was long in the making.
  EXPECT_EQ(TimeHeld(absl::Seconds(12)), absl::Seconds(1));
}

// How a server leads to TLS, and what it hears.
struct Exchange {
  Protocol protocol;
  std::vector<std::string> says;
  std::vector<std::string> hears;  // after each but the last
  std::string refusal;             // instead of the last
  std::string part;  // a line of an answer that goes on; empty if none can
};

std::ostream& operator<<(std::ostream& out, const Exchange& exchange) {
  return out << GetProtocolInfo(exchange.protocol).name;
}

class ClearAttemptTest : public testing::TestWithParam<Exchange> {
 protected:
  // Plays what comes before `says[count]`.
  static void PlayUpTo(size_t count, ClearAttempt* attempt) {
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(attempt->Say(GetParam().says[i]), GetParam().hears[i]);
    }
  }
};

TEST_P(ClearAttemptTest, AnAnswerThatComesBeforeItsCommandIsAnInjection) {
  const Exchange& exchange = GetParam();
  for (size_t i = 0; i < exchange.hears.size(); ++i) {
    for (const std::string& early : {exchange.says[i + 1], std::string("x")}) {
      SCOPED_TRACE(absl::StrCat(i, ": ", early));
      ClearAttempt attempt(exchange.protocol);
      PlayUpTo(i, &attempt);
      EXPECT_EQ(attempt.Say(exchange.says[i] + early), "");
      ASSERT_EQ(attempt.error(), "starttls_injection");
      EXPECT_EQ(attempt.first_bytes(), early);
    }
  }
}

TEST_P(ClearAttemptTest, BytesBehindTheAnswerToStartTlsAreAnInjection) {
  const Exchange& exchange = GetParam();
  for (const char* late : {"* CAPABILITY EVIL\r\n", "x", "\r", "\n"}) {
    SCOPED_TRACE(late);
    ClearAttempt attempt(exchange.protocol);
    PlayUpTo(exchange.hears.size(), &attempt);
    EXPECT_EQ(attempt.Say(exchange.says.back() + late), "");
    ASSERT_EQ(attempt.error(), "starttls_injection");
    EXPECT_EQ(attempt.first_bytes(), late);
  }
}

TEST_P(ClearAttemptTest, BytesThatComeOneByOneAreUnderstood) {
  const Exchange& exchange = GetParam();
  std::vector<std::string> says = exchange.says;
  says.back() = exchange.refusal;
  std::string heard;
  ClearAttempt attempt(exchange.protocol);
  for (const char byte : absl::StrJoin(says, "")) {
    EXPECT_EQ(attempt.error(), "");
    heard += attempt.Say(absl::string_view(&byte, 1));
  }
  EXPECT_EQ(heard, absl::StrJoin(exchange.hears, ""));
  EXPECT_EQ(attempt.error(), "starttls_refused");
}

TEST_P(ClearAttemptTest, ALineWithoutEndIsBounded) {
  ClearAttempt attempt(GetParam().protocol);
  PlayUpTo(GetParam().hears.size(), &attempt);
  EXPECT_EQ(attempt.Say(std::string(4096, 'x')), "");
  EXPECT_EQ(attempt.Say(std::string(4097, 'x')), "");
  EXPECT_EQ(attempt.error(), "line_too_long");
}

TEST_P(ClearAttemptTest, AnAnswerWithoutEndIsBounded) {
  if (GetParam().part.empty()) return;  // an answer is one line
  ClearAttempt attempt(GetParam().protocol);
  PlayUpTo(GetParam().hears.size(), &attempt);
  for (int i = 0; i < 1000 && attempt.error().empty(); ++i) {
    EXPECT_EQ(attempt.Say(GetParam().part), "");
  }
  EXPECT_EQ(attempt.error(), "too_much_data");
}

INSTANTIATE_TEST_SUITE_P(
    Protocols, ClearAttemptTest,
    testing::Values(Exchange{Protocol::kImap,
                             {"* OK hello\r\n", "hf1 OK go\r\n"},
                             {"hf1 STARTTLS\r\n"},
                             "hf1 NO no\r\n",
                             "* x\r\n"},
                    Exchange{Protocol::kPop3,
                             {"+OK hello\r\n", "+OK go\r\n"},
                             {"STLS\r\n"},
                             "-ERR no\r\n",
                             ""},
                    Exchange{Protocol::kSubmission,
                             {"220-hello\r\n220 hello\r\n",
                              "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"},
                             {"EHLO [127.0.0.1]\r\n", "STARTTLS\r\n"},
                             "502-no\r\n502 no\r\n",
                             "220-x\r\n"},
                    Exchange{Protocol::kNntp,
                             {"200 hello\r\n", "382 go\r\n"},
                             {"STARTTLS\r\n"},
                             "502 no\r\n",
                             ""}),
    [](const testing::TestParamInfo<Exchange>& test) {
      return std::string(GetProtocolInfo(test.param.protocol).name);
    });

}  // namespace
}  // namespace holdfast
