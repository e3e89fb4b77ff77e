// Look-ups by the system and on threads that hang.

#include "holdfast/core/net/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <future>
#include <thread>

#include "holdfast/core/base/error.h"
#include "holdfast/core/base/uv_event_loop.h"

namespace holdfast {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

Endpoint At(absl::string_view host, uint16_t port = 993) {
  return Endpoint{*Host::Parse(host), port};
}

class ResolverTest : public ::testing::Test {
 protected:
  Resolver::Result Resolve(Resolver* resolver, const Endpoint& endpoint) {
    std::optional<Resolver::Result> result;
    const auto request = resolver->Resolve(
        endpoint,
        [&result](Resolver::Result r) { result.emplace(std::move(r)); });
    EXPECT_FALSE(result) << "called from inside Resolve()";
    loop_->RunUntil([&result] { return result.has_value(); });
    return *result;
  }
  std::vector<std::string> Texts(const Resolver::Result& result) {
    std::vector<std::string> texts;
    if (!result.ok()) return {std::string(result.status().message())};
    for (const auto& address : *result) texts.push_back(address.ToString());
    return texts;
  }

  std::unique_ptr<UvEventLoop> loop_ = *UvEventLoop::Create();
};

TEST_F(ResolverTest, AnIpLiteralIsItsOwnAddress) {
  const auto resolver = NewSystemResolver(loop_.get());
  EXPECT_THAT(Texts(Resolve(resolver.get(), At("192.0.2.1"))),
              ElementsAre("192.0.2.1:993"));
  EXPECT_THAT(Texts(Resolve(resolver.get(), At("2001:db8::1", 143))),
              ElementsAre("[2001:db8::1]:143"));
}

TEST_F(ResolverTest, LocalhostIsLoopback) {
  const auto resolver = NewSystemResolver(loop_.get());
  EXPECT_THAT(Texts(Resolve(resolver.get(), At("localhost"))),
              Contains("127.0.0.1:993"));
}

TEST_F(ResolverTest, ANameInInvalidIsNotFound) {
  const auto resolver = NewSystemResolver(loop_.get());
  const auto result = Resolve(resolver.get(), At("mail.invalid"));
  ASSERT_FALSE(result.ok());
  const Error error = ErrorFromStatus(result.status());
  EXPECT_EQ(error.code, ErrorCode::kHostNotFound);
  EXPECT_EQ(error.phase, Phase::kLookup);
  EXPECT_EQ(error.message,
            "Could not look up mail.invalid: Name or service not known.");
}

TEST_F(ResolverTest, OverridesAnswerForTheirEndpointsOnly) {
  int asked = 0;
  const auto resolver = NewOverrideResolver(
      loop_.get(),
      {{"mail.example:993", {*Host::Parse("192.0.2.1"), *Host::Parse("::1")}}},
      NewThreadResolver(loop_.get(), [&asked](const Endpoint& endpoint) {
        ++asked;
        return Resolver::Result({SocketAddress::FromLiteral(
            *Host::Parse("192.0.2.9"), endpoint.port)});
      }));
  EXPECT_THAT(Texts(Resolve(resolver.get(), At("MAIL.example."))),
              ElementsAre("192.0.2.1:993", "[::1]:993"));
  EXPECT_EQ(asked, 0);
  EXPECT_THAT(Texts(Resolve(resolver.get(), At("mail.example", 143))),
              ElementsAre("192.0.2.9:143"));
  EXPECT_EQ(asked, 1);
}

// Held by a look-up function. The future is ready when its last copy has gone,
// and so the thread that called it is through with the reply.
struct Witness {
  std::shared_ptr<void> held;
  std::future<void> gone;
};
Witness NewWitness() {
  auto promise = std::make_shared<std::promise<void>>();
  auto gone = promise->get_future();
  return {std::shared_ptr<void>(nullptr,
                                [promise](void*) { promise->set_value(); }),
          std::move(gone)};
}

TEST_F(ResolverTest, ALookUpThatHangsDelaysNeitherItsEndNorTheLoops) {
  std::promise<void> hang;
  Witness witness = NewWitness();
  auto resolver = NewThreadResolver(
      loop_.get(), [hung = hang.get_future().share(),
                    held = std::move(witness.held)](const Endpoint&) {
        hung.wait();
        return Resolver::Result(absl::UnknownError("too late"));
      });
  auto request = resolver->Resolve(
      At("mail.example"), [](Resolver::Result) { FAIL() << "abandoned"; });
  request.reset();
  resolver.reset();
  loop_.reset();
  // Its result meets neither request nor loop.
  hang.set_value();
  witness.gone.wait();
}

TEST_F(ResolverTest, ARequestMayGoAfterItsResultWasPosted) {
  Witness witness = NewWitness();
  auto resolver = NewThreadResolver(
      loop_.get(), [held = std::move(witness.held)](const Endpoint&) {
        return Resolver::Result(absl::UnknownError(""));
      });
  auto request = resolver->Resolve(
      At("mail.example"), [](Resolver::Result) { FAIL() << "abandoned"; });
  resolver.reset();
  witness.gone.wait();  // so it was posted
  request.reset();
  bool idle = false;
  loop_->Post([&idle] { idle = true; });
  loop_->RunUntil([&idle] { return idle; });
}

TEST_F(ResolverTest, ARequestMayGoInsideItsCallback) {
  const auto resolver = NewSystemResolver(loop_.get());
  std::unique_ptr<Resolver::Request> request;
  request = resolver->Resolve(
      At("127.0.0.1"), [&request](Resolver::Result) { request.reset(); });
  loop_->RunUntil([&request] { return request == nullptr; });
}

TEST_F(ResolverTest, AbandoningRacesWithResultsHarmlessly) {
  const auto resolver = NewThreadResolver(loop_.get(), [](const Endpoint&) {
    return Resolver::Result(absl::UnknownError(""));
  });
  for (int i = 0; i < 200; ++i) {
    auto request = resolver->Resolve(At("mail.example"), [](auto) {});
    if (i % 2 == 0) std::this_thread::yield();
  }
}

TEST_F(ResolverTest, ThreadsLeaveTheProgramsSignalsAlone) {
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  const auto resolver = NewThreadResolver(loop_.get(), [](const Endpoint&) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return Resolver::Result(absl::UnknownError(
        sigismember(&mask, SIGINT) == 1 ? "blocked" : "open"));
  });
  EXPECT_EQ(Resolve(resolver.get(), At("mail.example")).status().message(),
            "blocked");
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&after, SIGINT), 0);
}

TEST(SocketAddressTest, ComparesAddressAndPort) {
  const auto a = SocketAddress::FromLiteral(*Host::Parse("192.0.2.1"), 1);
  EXPECT_EQ(a, SocketAddress::FromLiteral(*Host::Parse("192.0.2.1"), 1));
  EXPECT_FALSE(a == SocketAddress::FromLiteral(*Host::Parse("192.0.2.1"), 2));
  EXPECT_FALSE(a == SocketAddress::FromLiteral(*Host::Parse("192.0.2.2"), 1));
  EXPECT_EQ(a.AddressText(), "192.0.2.1");
  EXPECT_EQ(a.family(), AF_INET);
}

}  // namespace
}  // namespace holdfast
