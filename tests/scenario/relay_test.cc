// Relays between a real connection, to a TLS server in this process, and
// descriptors.

#include "holdfast/protocols/connect/relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/connect/plaintext_fd.h"
#include "holdfast/tests/helpers/own_loop.h"
#include "holdfast/tests/helpers/patient_request.h"
#include "holdfast/tests/helpers/sanitizers.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/stream.h"

namespace holdfast {
namespace {

using lab::SocketStream;
using lab::Stream;

constexpr char kGreeting[] = "* OK [CAPABILITY IMAP4rev1] ready\r\n";

// Serves one client: the greeting, then `serve`. Closes orderly after that,
// unless `serve` has reset the socket.
class Server {
 public:
  using Serve = std::function<void(Stream*, SocketStream*)>;

  explicit Server(Serve serve)
      : authority_(*lab::CertificateAuthority::Create()),
        tls_(*lab::TlsContext::Create(*authority_.Issue(), {}, "imap")),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address),
                &length);
    listen(listener_.get(), 1);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      SocketStream client(UniqueFd(accept(listener_.get(), nullptr, nullptr)));
      const std::unique_ptr<Stream> tls = tls_.Accept(&client);
      if (tls == nullptr || !tls->Write(kGreeting)) return;
      serve(tls.get(), &client);
    });
  }
  ~Server() { thread_.join(); }

  std::unique_ptr<Connection> Connect() {
    TrustOptions options;
    options.system_roots = false;
    options.ca_files = {directory_.Write("ca", authority_.certificate_pem())};
    const std::shared_ptr<NssRuntime> nss = *NssRuntime::Start();
    const ConnectRequest request =
        test::Patient({*ParseTarget(absl::StrCat("imaps://127.0.0.1:", port_)),
                       nss, *Trust::Load(nss, options)});
    ConnectResult result = test::ConnectBlocking(request, nullptr);
    EXPECT_TRUE(result.ok()) << result.status();
    return std::move(result.connection);
  }

 private:
  test::TempDir directory_;
  lab::CertificateAuthority authority_;
  lab::TlsContext tls_;
  UniqueFd listener_;
  uint16_t port_ = 0;
  std::thread thread_;
};

void Echo(Stream* stream, SocketStream*) {
  while (true) {
    const std::string bytes = stream->Read();
    if (bytes.empty() || !stream->Write(bytes)) return;
  }
}

// Reads all up to the end of input, and answers only then.
void AnswerAtTheEnd(Stream* stream, SocketStream*) {
  std::string all;
  for (std::string more = stream->Read(); !more.empty(); more = stream->Read())
    all += more;
  stream->Write(absl::StrCat("heard: ", all));
}

struct Pair {
  Pair() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ours.reset(fds[0]);
    relayed.reset(fds[1]);
  }
  UniqueFd ours;
  UniqueFd relayed;
};

void WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

std::string ReadToTheEnd(int fd) {
  std::string all;
  char buffer[65536];
  ssize_t count;
  while ((count = read(fd, buffer, sizeof buffer)) > 0) {
    all.append(buffer, static_cast<size_t>(count));
  }
  if (count < 0) all += "(error)";
  return all;
}

int64_t ResidentKilobytes() {
  std::ifstream status("/proc/self/statm");
  int64_t size = 0, resident = 0;
  status >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE) / 1024;
}

class RelayTest : public testing::Test {
 protected:
  RelayTest() : loop_(*UvEventLoop::Create()) {}

  void Start(std::unique_ptr<Connection> connection, RelayOptions options) {
    relay_ = Relay::Start(loop_.get(), std::move(connection), options,
                          [this](RelayResult result) {
                            relay_.reset();
                            result_ = std::move(result);
                          });
  }
  void StartBoth(std::unique_ptr<Connection> connection,
                 RelayOptions options = {}) {
    options.from = options.to = pair_.relayed.get();
    Start(std::move(connection), options);
  }
  // Runs until the relay is done. Its descriptor is then closed.
  RelayResult Run() {
    const absl::Duration limit = test::Scaled(absl::Seconds(120));
    const absl::Time give_up = absl::Now() + limit;
    auto tick = loop_->StartTimer(limit, [] {});
    loop_->RunUntil([&] { return result_ || absl::Now() > give_up; });
    EXPECT_TRUE(result_) << "the relay did not end";
    pair_.relayed.reset();
    return result_ ? *result_ : RelayResult();
  }

  const std::unique_ptr<UvEventLoop> loop_;
  Pair pair_;
  std::unique_ptr<Relay> relay_;
  std::optional<RelayResult> result_;
};

TEST_F(RelayTest, CarriesEveryByteBothWays) {
  Server server(Echo);
  StartBoth(server.Connect());
  std::string bytes;
  for (int i = 0; i < 70000; ++i) bytes += static_cast<char>(i * 7 + i / 256);
  std::thread writer([&] {
    WriteAll(pair_.ours.get(), bytes);
    shutdown(pair_.ours.get(), SHUT_WR);
  });
  const RelayResult result = Run();
  writer.join();
  EXPECT_FALSE(result.error) << result.error->Message();
  EXPECT_EQ(result.bytes_sent, bytes.size());
  EXPECT_EQ(result.bytes_received, bytes.size());
  EXPECT_TRUE(ReadToTheEnd(pair_.ours.get()) == bytes);
}

TEST_F(RelayTest, BeginsWithThePreludeAndAddsCrWhereItIsMissing) {
  Server server(AnswerAtTheEnd);
  RelayOptions options;
  options.prelude = "hello\r\n";
  options.add_cr = true;
  StartBoth(server.Connect(), options);
  WriteAll(pair_.ours.get(), "one\ntwo\r\n\n");
  shutdown(pair_.ours.get(), SHUT_WR);
  Run();
  EXPECT_EQ(ReadToTheEnd(pair_.ours.get()),
            "hello\r\nheard: one\r\ntwo\r\n\r\n");
}

TEST_F(RelayTest, TheEndIsPassedOnOnlyAfterTheSilenceAskedFor) {
  Server server(AnswerAtTheEnd);
  RelayOptions options;
  options.silence_before_end = absl::Milliseconds(300);
  const absl::Time begun = absl::Now();
  StartBoth(server.Connect(), options);
  WriteAll(pair_.ours.get(), "bye");
  shutdown(pair_.ours.get(), SHUT_WR);
  Run();
  EXPECT_GE(absl::Now() - begun, absl::Milliseconds(300));
  EXPECT_EQ(ReadToTheEnd(pair_.ours.get()), "heard: bye");
}

TEST_F(RelayTest, WhatTheServerSaidBeforeItHungUpIsDelivered) {
  Server server([](Stream* stream, SocketStream*) { stream->Write("bye"); });
  StartBoth(server.Connect());
  const RelayResult result = Run();
  EXPECT_FALSE(result.error) << result.error->Message();
  EXPECT_EQ(ReadToTheEnd(pair_.ours.get()), "bye");
}

TEST_F(RelayTest, AnEndWithoutCloseNotifyIsAnError) {
  Server server([](Stream* stream, SocketStream* socket) {
    stream->Write("by");
    socket->FinishWriting();
  });
  StartBoth(server.Connect());
  const RelayResult result = Run();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kConnectionClosed);
  EXPECT_EQ(ReadToTheEnd(pair_.ours.get()), "by");
}

TEST_F(RelayTest, AResetIsAnError) {
  Server server([](Stream* stream, SocketStream* socket) {
    stream->Read();
    socket->Reset();
  });
  StartBoth(server.Connect());
  WriteAll(pair_.ours.get(), "x");
  const RelayResult result = Run();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kConnectionReset);
}

TEST_F(RelayTest, AClientMaySayItsLastWordAndGo) {
  std::string heard;
  {
    Server server([&heard](Stream* stream, SocketStream*) {
      for (std::string more = stream->Read(); !more.empty();
           more = stream->Read()) {
        heard += more;
      }
    });
    RelayOptions options;
    options.silence_before_end = test::Scaled(absl::Seconds(60));
    StartBoth(server.Connect(), options);
    WriteAll(pair_.ours.get(), std::string(100000, 'q'));
    pair_.ours.reset();
    const absl::Time begun = absl::Now();
    EXPECT_FALSE(Run().error);
    EXPECT_LT(absl::Now() - begun, test::Scaled(absl::Seconds(30)));
  }
  EXPECT_EQ(heard.size(), 100000u);
}

TEST_F(RelayTest, AReaderThatGoesEndsItWithoutAnError) {
  Server server([](Stream* stream, SocketStream*) {
    while (stream->Write(std::string(10000, 'x'))) {
    }
  });
  signal(SIGPIPE, SIG_IGN);
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const UniqueFd to(fds[1]);
  RelayOptions options;
  options.from = pair_.relayed.get();
  options.to = to.get();
  Start(server.Connect(), options);
  close(fds[0]);
  EXPECT_FALSE(Run().error);
}

TEST_F(RelayTest, LargeTransfersTakeNoMemoryAndLeaveTheLoopItsTurn) {
  constexpr size_t kSize = 100'000'000;
  Server server(Echo);
  StartBoth(server.Connect());
  const std::string chunk(100'000, 'x');
  std::thread writer([&] {
    for (size_t sent = 0; sent < kSize; sent += chunk.size()) {
      WriteAll(pair_.ours.get(), chunk);
    }
    shutdown(pair_.ours.get(), SHUT_WR);
  });
  size_t received = 0;
  std::thread reader([&] {
    std::string buffer(65536, '\0');
    ssize_t count;
    while ((count = read(pair_.ours.get(), buffer.data(), buffer.size())) > 0) {
      received += static_cast<size_t>(count);
    }
  });
  const int64_t before = ResidentKilobytes();
  int64_t most = before;
  size_t turns = 0;
  std::unique_ptr<EventLoop::Registration> timer;
  const std::function<void()> turn = [&] {
    if (++turns % 50 == 0) most = std::max(most, ResidentKilobytes());
    timer = loop_->StartTimer(absl::ZeroDuration(), turn);
  };
  turn();
  EXPECT_FALSE(Run().error);
  writer.join();
  reader.join();
  EXPECT_EQ(received, kSize);
  // A turn of the relay's moves 64 reads of 16 KiB at the most.
  EXPECT_GE(turns, kSize / (64 * 16 * 1024));
  if (!kAddressSanitizer) {
    EXPECT_LT(most - before, 20'000) << "kB more";
  }
}

// The whole life of a descriptor; `fd` is what a client would hold.
void ConverseOn(int fd) {
  WriteAll(fd, "over TLS");
  shutdown(fd, SHUT_WR);
  EXPECT_EQ(ReadToTheEnd(fd), "heard: over TLS");
}

TEST_F(RelayTest, APlaintextDescriptorIsServedByALoop) {
  Server server(AnswerAtTheEnd);
  const absl::StatusOr<UniqueFd> fd =
      TakePlaintextFd(loop_.get(), server.Connect());
  ASSERT_TRUE(fd.ok()) << fd.status();
  bool done = false;
  std::thread client([&] {
    ConverseOn(fd->get());
    loop_->Post([&done] { done = true; });
  });
  loop_->RunUntil([&done] { return done; });
  client.join();
}

TEST(PlaintextFdTest, IsServedByAThreadOfItsOwn) {
  Server server(AnswerAtTheEnd);
  const absl::StatusOr<UniqueFd> fd = TakePlaintextFd(server.Connect());
  ASSERT_TRUE(fd.ok()) << fd.status();
  ConverseOn(fd->get());
}

TEST(PlaintextFdTest, ShowsTheServersEndAsTheEndOfTheStream) {
  Server server([](Stream* stream, SocketStream*) {
    stream->Read();
    stream->Write("bye");
  });
  const absl::StatusOr<UniqueFd> fd = TakePlaintextFd(server.Connect());
  ASSERT_TRUE(fd.ok()) << fd.status();
  WriteAll(fd->get(), "more than it reads");
  EXPECT_EQ(ReadToTheEnd(fd->get()), "bye");
}

}  // namespace
}  // namespace holdfast
