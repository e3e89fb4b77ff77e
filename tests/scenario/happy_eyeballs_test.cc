// RFC 8305 from end to end: a first address that never answers costs no more
// than the stagger, and the report names every address.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/patient_request.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

constexpr char kDeadAddress[] = "127.0.0.2";

// A listener on kDeadAddress whose queue is full: further SYNs are dropped.
class BlackHole {
 public:
  explicit BlackHole(uint16_t port) {
    address_.sin_family = AF_INET;
    address_.sin_port = htons(port);
    inet_pton(AF_INET, kDeadAddress, &address_.sin_addr);
    listener_ = NewSocket();
    EXPECT_EQ(bind(listener_.get(), generic(), sizeof address_), 0);
    EXPECT_EQ(listen(listener_.get(), /*backlog=*/0), 0);
    // One more than the backlog fits; the rest waits for ever.
    for (int i = 0; i < 4; ++i) {
      fillers_.push_back(NewSocket());
      connect(fillers_.back().get(), generic(), sizeof address_);
    }
  }

  // Sockets that still try to reach it, its own ones left out.
  int Trying() const {
    const std::string peer = absl::StrFormat(
        "%08X:%04X", address_.sin_addr.s_addr, ntohs(address_.sin_port));
    int trying = 0;
    std::ifstream table("/proc/net/tcp");
    for (std::string line; std::getline(table, line);) {
      const std::vector<std::string> columns =
          absl::StrSplit(line, ' ', absl::SkipEmpty());
      trying += columns.size() > 3 && columns[2] == peer &&
                columns[3] == "02";  // SYN_SENT
    }
    return trying - fillers_waiting_;
  }
  void CountFillers() { fillers_waiting_ = Trying(); }

 private:
  static UniqueFd NewSocket() {
    return UniqueFd(
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  }
  const sockaddr* generic() const {
    return reinterpret_cast<const sockaddr*>(&address_);
  }

  sockaddr_in address_ = {};
  UniqueFd listener_;
  std::vector<UniqueFd> fillers_;
  int fillers_waiting_ = 0;
};

class HappyEyeballsTest : public testing::Test {
 protected:
  HappyEyeballsTest() {
    directory_.Write("ca.pem", authority_.certificate_pem());
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour("healthy");
    options.certificate = *authority_.Issue();
    server_ = lab::LabServer::Start(options).value();
    hole_ = std::make_unique<BlackHole>(server_->port());
    hole_->CountFillers();
  }

  const lab::CertificateAuthority authority_ =
      *lab::CertificateAuthority::Create();
  TempDir directory_;
  std::unique_ptr<lab::LabServer> server_;
  std::unique_ptr<BlackHole> hole_;
};

TEST_F(HappyEyeballsTest, ADeadFirstAddressCostsNoMoreThanTheStagger) {
  const std::string here = absl::StrCat("localhost:", server_->port());
  CommandResult result = RunHoldfast(
      {"connect", "--check", "--json", "--cache", "none", "--no-system-roots",
       "--ca", directory_.Path("ca.pem"), "--resolve",
       absl::StrCat(here, ":", kDeadAddress), "--resolve",
       absl::StrCat(here, ":127.0.0.1"), "imaps://" + here});
  EXPECT_EQ(result.exit_code(), 0) << result.process.out;
  ASSERT_EQ(result.json["attempts"].size(), 1u);
  const nlohmann::json& attempt = result.json["attempts"][0];
  EXPECT_EQ(attempt["address"], "127.0.0.1");
  ASSERT_EQ(attempt["addresses"].size(), 2u);
  const nlohmann::json& dead = attempt["addresses"][0];
  EXPECT_EQ(dead["address"], kDeadAddress);
  EXPECT_EQ(dead["outcome"], "cancelled");
  EXPECT_EQ(dead["error"]["code"], "cancelled");
  EXPECT_GE(dead["milliseconds"], 250);
  EXPECT_LT(dead["milliseconds"], 250 + ScaledMilliseconds(500));
  const nlohmann::json& live = attempt["addresses"][1];
  EXPECT_EQ(live["address"], "127.0.0.1");
  EXPECT_EQ(live["outcome"], "connected");
  EXPECT_TRUE(live["error"].is_null());
}

TEST_F(HappyEyeballsTest, AddressesThatFailAreAllReported) {
  const std::string here = absl::StrCat("localhost:", server_->port());
  CommandResult result =
      RunHoldfast({"connect", "--check", "--json", "--cache", "none",
                   "--no-system-roots", "--ca", directory_.Path("ca.pem"),
                   "--timeout", ScaledOption(absl::Seconds(1)), "--resolve",
                   absl::StrCat(here, ":", kDeadAddress), "--resolve",
                   absl::StrCat(here, ":127.0.0.3"), "imaps://" + here});
  EXPECT_EQ(result.exit_code(), 1) << result.process.out;
  const nlohmann::json& addresses = result.json["attempts"][0]["addresses"];
  ASSERT_EQ(addresses.size(), 2u);
  EXPECT_EQ(addresses[0]["error"]["code"], "connect_timed_out");
  EXPECT_EQ(addresses[1]["error"]["code"], "connection_refused");
}

TEST_F(HappyEyeballsTest, TheLoserIsClosedWhenTheWinnerConnects) {
  auto loop = *UvEventLoop::Create();
  const auto runtime = *NssRuntime::Start();
  TrustOptions trust;
  trust.system_roots = false;
  trust.ca_files = {directory_.Path("ca.pem")};
  const Target target =
      *ParseTarget(absl::StrCat("imaps://localhost:", server_->port()));
  const auto resolver = NewOverrideResolver(
      loop.get(),
      {{target.endpoint.ToString(),
        {*Host::Parse(kDeadAddress), *Host::Parse("127.0.0.1")}}},
      NewSystemResolver(loop.get()));
  const auto dialer = NewTcpDialer(loop.get());
  const auto cache = NewMemoryHostCache();
  Connector connector({loop.get(), resolver.get(), dialer.get(), cache.get()});
  ConnectRequest request =
      Patient({target, runtime, *Trust::Load(runtime, trust)});
  bool tried = false;
  request.on_event = [&tried](const Event& event) {
    if (event.kind == EventKind::kTcpConnected) tried = true;
  };
  std::optional<ConnectResult> result;
  const auto operation = connector.Connect(
      request, [&result](ConnectResult r) { result = std::move(r); });
  int most = 0;
  loop->RunUntil([&] {
    if (!tried) most = std::max(most, hole_->Trying());
    return result.has_value();
  });
  ASSERT_TRUE(result->ok()) << result->status();
  EXPECT_EQ(most, 1) << "the dead address was never tried";
  EXPECT_EQ(hole_->Trying(), 0);
}

}  // namespace
}  // namespace holdfast::test
