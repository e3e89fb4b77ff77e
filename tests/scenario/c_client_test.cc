// The C interface: clients, connections, errors, values, loops and the cache,
// in this process, before servers of the lab.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"
#include "holdfast/holdfast.h"
#include "holdfast/tests/helpers/c_handles.h"
#include "holdfast/tests/helpers/in_process_test.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StrEq;

std::string Text(const holdfast_operation* operation, const char* path) {
  const char* const text =
      holdfast_value_text(holdfast_operation_result(operation), path);
  return text != nullptr ? text : "(none)";
}

std::string ErrorNameOf(const holdfast_operation* operation) {
  return holdfast_error_name(holdfast_operation_error(operation));
}

class CClientTest : public InProcessTest {
 protected:
  CClientTest() {
    EXPECT_EQ(holdfast_client_set_system_roots(client_.get(), 0, nullptr), 0);
    EXPECT_EQ(
        holdfast_client_add_ca_file(
            client_.get(),
            directory_.Write("c.pem", authority_.certificate_pem()).c_str(),
            nullptr),
        0);
    EXPECT_EQ(holdfast_client_set_cache(client_.get(), cache_.get(), nullptr),
              0);
    EXPECT_EQ(holdfast_client_set_time(client_.get(), HOLDFAST_TIME_CONNECT,
                                       ScaledMilliseconds(30'000), nullptr),
              0);
  }

  static std::string Url(const lab::LabServer& server) {
    return absl::StrCat("imaps://127.0.0.1:", server.port());
  }
  OperationPtr Connect(const lab::LabServer& server) {
    return OperationPtr(
        holdfast_connect(client_.get(), nullptr, Url(server).c_str()));
  }
  ConnectionPtr Connected(const lab::LabServer& server) {
    const OperationPtr connect = Connect(server);
    EXPECT_EQ(holdfast_operation_wait(connect.get()), HOLDFAST_OK);
    return ConnectionPtr(holdfast_operation_take_connection(connect.get()));
  }

  const ClientPtr client_{holdfast_client_new(nullptr)};
  const CachePtr cache_{holdfast_cache_open(nullptr, nullptr)};
};

// ---- What is listed --------------------------------------------------------

// Of a file of the source tree.
std::string Contents(const std::string& path) {
  std::ifstream file(HOLDFAST_SOURCE_DIR + path);
  EXPECT_TRUE(file.is_open()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(CHeaderTest, EveryErrorHasItsConstantInOrder) {
  std::string constants = "  HOLDFAST_OK = 0,\n";
  for (const ErrorInfo& info : AllErrors()) {
    absl::StrAppend(&constants, "  HOLDFAST_E_",
                    absl::AsciiStrToUpper(info.name), " = ",
                    static_cast<int>(info.code), ",\n");
  }
  EXPECT_THAT(Contents("/client/c/holdfast.h"), HasSubstr(constants + "};\n"));
}

// What C++ can set, C can: each field of ClientOptions, and what sets it here.
TEST(CHeaderTest, EveryOptionOfAClientCanBeSet) {
  const std::map<std::string, std::string> by_field = {
      {"system_roots", "holdfast_client_set_system_roots("},
      {"ca_files", "holdfast_client_add_ca_file("},
      {"nss_database", "holdfast_client_set_nss_database("},
      {"pins", "holdfast_client_add_pin("},
      {"danger_accept_any_certificate",
       "holdfast_client_danger_accept_any_certificate("},
      {"verifier", "holdfast_client_set_verifier("},
      // A client shares it among all that it begins.
      {"trust", "holdfast_client_new("},
      {"on_certificate", "holdfast_client_set_certificate_function("},
      {"client_certificate", "holdfast_client_set_identity("},
      {"client_key", "holdfast_client_set_identity("},
      {"identity", "holdfast_client_set_identity("},
      {"min_version", "holdfast_client_set_versions("},
      {"max_version", "holdfast_client_set_versions("},
      {"fallback", "holdfast_client_set_fallback("},
      {"max_attempts", "HOLDFAST_COUNT_MAX_ATTEMPTS ="},
      {"addresses_for_proven_host",
       "HOLDFAST_COUNT_ADDRESSES_FOR_PROVEN_HOST ="},
      {"min_attempt", "HOLDFAST_TIME_MIN_ATTEMPT ="},
      {"hedge_delay", "HOLDFAST_TIME_HEDGE_DELAY ="},
      {"connect_timeout", "HOLDFAST_TIME_CONNECT ="},
      {"sign_in_timeout", "HOLDFAST_TIME_SIGN_IN ="},
      {"max_sign_in_tries", "HOLDFAST_COUNT_MAX_SIGN_IN_TRIES ="},
      {"patience", "HOLDFAST_TIME_PATIENCE ="},
      {"max_repeats", "HOLDFAST_COUNT_MAX_REPEATS ="},
      {"idle_renewal", "HOLDFAST_TIME_IDLE_RENEWAL ="},
      {"max_redials", "HOLDFAST_COUNT_MAX_REDIALS ="},
      {"first_redial_pause", "HOLDFAST_TIME_FIRST_REDIAL_PAUSE ="},
      {"longest_redial_pause", "HOLDFAST_TIME_LONGEST_REDIAL_PAUSE ="},
      {"pause_after_refusal", "HOLDFAST_TIME_PAUSE_AFTER_REFUSAL ="},
      {"proxy", "holdfast_client_set_proxy("},
      {"bind_addresses", "holdfast_client_add_bind_address("},
      {"socket_factory", "holdfast_client_set_socket_function("},
      {"cache_file", "holdfast_client_set_cache_file("},
      {"cache", "holdfast_client_set_cache("},
      {"scope", "holdfast_client_set_scope("},
      {"proof_lifetime", "HOLDFAST_TIME_PROOF_LIFETIME ="},
      {"first_version_lifetime", "HOLDFAST_TIME_FIRST_VERSION_LIFETIME ="},
      {"longest_version_lifetime", "HOLDFAST_TIME_LONGEST_VERSION_LIFETIME ="},
      {"first_feature_lifetime", "HOLDFAST_TIME_FIRST_FEATURE_LIFETIME ="},
      {"longest_feature_lifetime", "HOLDFAST_TIME_LONGEST_FEATURE_LIFETIME ="},
      {"on_event", "holdfast_client_set_event_function("},
      {"key_log", "holdfast_client_set_key_log_file("},
      // Each call is told on which.
      {"loop", "holdfast_loop_new("},
      {"resolver", "holdfast_client_set_resolver("},
      {"dialer", "holdfast_client_set_socket_function("},
      {"wall_clock", "holdfast_client_set_clock("}};
  const std::string header = Contents("/client/c/holdfast.h");
  std::istringstream lines(Contents("/client/client.h"));
  std::string line;
  while (std::getline(lines, line) && line != "struct ClientOptions {") {
  }
  size_t fields = 0;
  while (std::getline(lines, line) && line != "};") {
    const size_t end = line.find(" = ");
    if (end == std::string::npos || line.find("//") < end) continue;
    const size_t begin = line.rfind(' ', end - 1) + 1;
    const auto known = by_field.find(line.substr(begin, end - begin));
    ASSERT_NE(known, by_field.end()) << "C cannot set this: " << line;
    EXPECT_THAT(header, HasSubstr(known->second));
    ++fields;
  }
  EXPECT_EQ(fields, by_field.size());
}

// ---- Errors and values -----------------------------------------------------

TEST_F(CClientTest, AnErrorIsACodeWordsAndJson) {
  holdfast_error* given = nullptr;
  EXPECT_EQ(holdfast_client_set_versions(client_.get(), "1.3", "1.2", &given),
            HOLDFAST_E_INVALID_VERSION_RANGE);
  const ErrorPtr error(given);
  EXPECT_EQ(holdfast_error_code(error.get()), HOLDFAST_E_INVALID_VERSION_RANGE);
  EXPECT_STREQ(holdfast_error_name(error.get()), "invalid_version_range");
  EXPECT_STREQ(holdfast_error_category(error.get()), "local");
  EXPECT_THAT(holdfast_error_message(error.get()), HasSubstr("above"));
  EXPECT_THAT(holdfast_error_advice(error.get()), HasSubstr("--min-version"));
  EXPECT_THAT(holdfast_error_json(error.get()),
              HasSubstr(R"("code": "invalid_version_range")"));
}

TEST_F(CClientTest, WhatIsMissingOrWrongIsSaidAndHarmsNothing) {
  EXPECT_EQ(holdfast_client_add_ca_file(client_.get(), nullptr, nullptr),
            HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_EQ(
      holdfast_client_set_time(nullptr, HOLDFAST_TIME_CONNECT, 1, nullptr),
      HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_EQ(holdfast_client_set_time(client_.get(), HOLDFAST_TIME_CONNECT, 0,
                                     nullptr),
            HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_EQ(holdfast_client_set_versions(client_.get(), "2", "1.3", nullptr),
            HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_EQ(holdfast_client_add_pin(client_.get(), "md5//x", nullptr),
            HOLDFAST_E_INVALID_PIN);
  EXPECT_EQ(
      holdfast_client_set_identity(client_.get(), "/none", "/none", nullptr),
      HOLDFAST_E_CLIENT_IDENTITY_UNUSABLE);
  EXPECT_EQ(holdfast_client_set_count(client_.get(), HOLDFAST_COUNT_MAX_REDIALS,
                                      -1, nullptr),
            HOLDFAST_E_INVALID_ARGUMENT);
  for (const char* target : {"gopher://x", "imaps://", ""}) {
    const OperationPtr connect(
        holdfast_connect(client_.get(), nullptr, target));
    EXPECT_NE(holdfast_operation_wait(connect.get()), HOLDFAST_OK) << target;
  }
  const OperationPtr no_client(holdfast_connect(nullptr, nullptr, "imaps://x"));
  EXPECT_EQ(holdfast_operation_wait(no_client.get()),
            HOLDFAST_E_INVALID_ARGUMENT);
}

TEST(CNullTest, IsTakenEverywhere) {
  holdfast_error_free(nullptr);
  holdfast_client_free(nullptr);
  holdfast_cache_free(nullptr);
  holdfast_loop_free(nullptr);
  holdfast_operation_free(nullptr);
  holdfast_connection_free(nullptr);
  holdfast_credentials_free(nullptr);
  holdfast_value_free(nullptr);
  EXPECT_EQ(holdfast_error_code(nullptr), HOLDFAST_OK);
  EXPECT_STREQ(holdfast_error_message(nullptr), "");
  EXPECT_EQ(holdfast_operation_wait(nullptr), HOLDFAST_E_OUT_OF_RESOURCES);
  EXPECT_EQ(holdfast_error_code(holdfast_operation_error(nullptr)),
            HOLDFAST_E_OUT_OF_RESOURCES);
  EXPECT_EQ(holdfast_operation_take_connection(nullptr), nullptr);
  EXPECT_EQ(holdfast_value_text(nullptr, "/a"), nullptr);
  EXPECT_EQ(holdfast_connection_read(nullptr, nullptr, 0, 0, nullptr, nullptr),
            HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_EQ(
      holdfast_cache_pin(nullptr, "imaps://a", nullptr, "tls12", 1, nullptr),
      HOLDFAST_E_INVALID_ARGUMENT);
}

// ---- Every way that C++ has
// ---------------------------------------------------

TEST_F(CClientTest, ABareHostIsReachedByWhicheverWayThereIs) {
  for (const Way& way : {kImplicitImap, kStartTlsImap}) {
    const auto server = StartLab("healthy", way);
    const std::string host = absl::StrCat("127.0.0.1:", server->port());
    const OperationPtr connect(holdfast_connect_any_way(
        client_.get(), nullptr, HOLDFAST_IMAP, host.c_str()));
    ASSERT_EQ(holdfast_operation_wait(connect.get()), HOLDFAST_OK) << way;
    const size_t attempts = holdfast_value_count(
        holdfast_operation_result(connect.get()), "/attempts");
    EXPECT_EQ(
        Text(connect.get(),
             absl::StrCat("/attempts/", attempts - 1, "/security").c_str()),
        std::string(ConnectionSecurityName(way.security)));
  }
  for (const int protocol : {-1, 5}) {
    const OperationPtr none(holdfast_connect_any_way(client_.get(), nullptr,
                                                     protocol, "127.0.0.1"));
    EXPECT_EQ(holdfast_operation_wait(none.get()), HOLDFAST_E_INVALID_ARGUMENT);
  }
  const OperationPtr other(holdfast_connect_any_way(
      client_.get(), nullptr, HOLDFAST_POP3, "imaps://127.0.0.1"));
  EXPECT_EQ(holdfast_operation_wait(other.get()), HOLDFAST_E_INVALID_TARGET);
  holdfast_error* given = nullptr;
  EXPECT_EQ(holdfast_session_new_any_way(client_.get(), nullptr, HOLDFAST_IMAP,
                                         "pop3://127.0.0.1", nullptr, &given),
            nullptr);
  const ErrorPtr error(given);
  EXPECT_EQ(holdfast_error_code(error.get()), HOLDFAST_E_INVALID_TARGET);
}

TEST_F(CClientTest, AProbeTellsWhatTheServerChokesOn) {
  const auto server = StartLab("tls13-fin");
  const OperationPtr probe(
      holdfast_probe(client_.get(), nullptr, Url(*server).c_str()));
  ASSERT_EQ(holdfast_operation_wait(probe.get()), HOLDFAST_OK);
  EXPECT_EQ(Text(probe.get(), "/verdict"), "intolerant");
  EXPECT_EQ(Text(probe.get(), "/rungs/tls12/outcome"), "connected");
  const OperationPtr nobody(
      holdfast_probe(client_.get(), nullptr, "imaps://127.0.0.1:1"));
  ASSERT_EQ(holdfast_operation_wait(nobody.get()), HOLDFAST_OK);
  EXPECT_EQ(Text(nobody.get(), "/verdict"), "unreachable");
  const OperationPtr no_target(
      holdfast_probe(client_.get(), nullptr, "gopher://127.0.0.1"));
  EXPECT_EQ(holdfast_operation_wait(no_target.get()),
            HOLDFAST_E_INVALID_TARGET);
}

TEST_F(CClientTest, WhatIsGivenBackIsReadAgain) {
  const auto server = StartLab("healthy");
  const ConnectionPtr connection = Connected(*server);
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(holdfast_connection_unread(connection.get(), "later", 5, nullptr),
            HOLDFAST_OK);
  EXPECT_EQ(holdfast_connection_unread(connection.get(), "first,", 6, nullptr),
            HOLDFAST_OK);
  EXPECT_NE(holdfast_connection_pending(connection.get()), 0);
  char buffer[20];
  size_t got = 0;
  ASSERT_EQ(holdfast_connection_read(connection.get(), buffer, sizeof buffer, 0,
                                     &got, nullptr),
            HOLDFAST_OK);
  EXPECT_EQ(std::string(buffer, got), "first,later");
  EXPECT_EQ(holdfast_connection_unread(nullptr, "x", 1, nullptr),
            HOLDFAST_E_INVALID_ARGUMENT);
}

// ---- Connecting ------------------------------------------------------------

// By STARTTLS: there, however slow the server is, one attempt follows the
// other.
TEST_F(CClientTest, RecoversAndRemembers) {
  const auto server = StartLab("tls13-fin", kStartTlsImap);
  const auto connect = [&] {
    return OperationPtr(holdfast_connect(
        client_.get(), nullptr,
        absl::StrCat("imap://127.0.0.1:", server->port()).c_str()));
  };
  const OperationPtr first = connect();
  EXPECT_STREQ(holdfast_value_json(holdfast_operation_result(first.get())),
               "{}\n");
  ASSERT_EQ(holdfast_operation_wait(first.get()), HOLDFAST_OK);
  EXPECT_EQ(holdfast_operation_error(first.get()), nullptr);
  const holdfast_value* report = holdfast_operation_result(first.get());
  EXPECT_EQ(Text(first.get(), "/fallback/rung"), "tls12");
  EXPECT_EQ(holdfast_value_count(report, "/attempts"), 4u);
  EXPECT_EQ(holdfast_value_number(report, "/fallback/applied", -1), 1);
  EXPECT_EQ(holdfast_value_number(report, "/nothing", -1), -1);
  EXPECT_EQ(holdfast_value_number(report, "no pointer", -1), -1);
  EXPECT_EQ(Text(first.get(), "/attempts"), "(none)");
  EXPECT_STREQ(holdfast_value_key(report, "/target", 1), "host");
  EXPECT_EQ(holdfast_value_key(report, "/target", 99), nullptr);
  EXPECT_EQ(holdfast_value_key(report, "/attempts", 0), nullptr);
  size_t size = 0;
  EXPECT_STREQ(holdfast_value_bytes(report, "/target/host", &size),
               "127.0.0.1");
  EXPECT_EQ(size, 9u);
  EXPECT_THAT(holdfast_value_json(report), HasSubstr("\"attempts\": ["));

  const OperationPtr second = connect();
  ASSERT_EQ(holdfast_operation_wait(second.get()), HOLDFAST_OK);
  EXPECT_EQ(holdfast_value_count(holdfast_operation_result(second.get()),
                                 "/attempts"),
            1u);
}

TEST_F(CClientTest, AFailureHasTheReportToo) {
  const auto server = StartLab("tls13-fin");
  holdfast_client_set_fallback(client_.get(), 0, nullptr);
  const OperationPtr connect = Connect(*server);
  EXPECT_EQ(holdfast_operation_wait(connect.get()),
            HOLDFAST_E_CLOSED_DURING_HANDSHAKE);
  EXPECT_EQ(ErrorNameOf(connect.get()), "closed_during_handshake");
  EXPECT_EQ(Text(connect.get(), "/outcome"), "failed");
  EXPECT_EQ(holdfast_operation_take_connection(connect.get()), nullptr);
}

TEST_F(CClientTest, TheSettingsOfAClientCountForWhatBeginsLater) {
  const auto server = StartLab("healthy");
  ASSERT_EQ(holdfast_client_set_versions(client_.get(), "1.2", "1.2", nullptr),
            HOLDFAST_OK);
  const OperationPtr old = Connect(*server);
  ASSERT_EQ(holdfast_client_set_versions(client_.get(), "1.2", "1.3", nullptr),
            HOLDFAST_OK);
  ASSERT_EQ(holdfast_operation_wait(old.get()), HOLDFAST_OK);
  EXPECT_EQ(Text(old.get(), "/tls/version"), "TLS1.2");
  const OperationPtr now = Connect(*server);
  ASSERT_EQ(holdfast_operation_wait(now.get()), HOLDFAST_OK);
  EXPECT_EQ(Text(now.get(), "/tls/version"), "TLS1.3");
}

TEST_F(CClientTest, OneClientIsUsedByManyThreads) {
  const auto server = StartLab("healthy");
  std::atomic<int> connected = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const OperationPtr connect = Connect(*server);
      if (holdfast_operation_wait(connect.get()) == HOLDFAST_OK) ++connected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(connected, 4);
}

TEST_F(CClientTest, OperationsEndFromOtherThreads) {
  const auto server = StartLab("silent-after-hello");
  const OperationPtr connect = Connect(*server);
  std::thread other([&] { holdfast_operation_cancel(connect.get()); });
  EXPECT_EQ(holdfast_operation_wait(connect.get()), HOLDFAST_E_CANCELLED);
  other.join();
}

TEST_F(CClientTest, HandlesAreFreedInAnyOrder) {
  const auto server = StartLab("healthy");
  LoopPtr loop(holdfast_loop_new(nullptr));
  ClientPtr client(holdfast_client_new(nullptr));
  OperationPtr connect(
      holdfast_connect(client.get(), loop.get(), Url(*server).c_str()));
  client.reset();
  loop.reset();
  EXPECT_EQ(holdfast_operation_wait(connect.get()), HOLDFAST_E_UNKNOWN_ISSUER);
  connect.reset();

  OperationPtr abandoned = Connect(*server);
  abandoned.reset();
}

// ---- Loops -----------------------------------------------------------------

// What a program does that has a loop of its own.
void PollUntil(holdfast_loop* loop, const std::function<bool()>& done) {
  const absl::Time end = absl::Now() + LongEnough();
  while (!done() && absl::Now() < end) {
    const int timeout = holdfast_loop_timeout(loop);
    pollfd ready = {holdfast_loop_fd(loop), POLLIN, 0};
    poll(&ready, 1, timeout < 0 ? 1000 : std::min(timeout, 1000));
    holdfast_loop_dispatch(loop);
  }
  EXPECT_TRUE(done());
}

struct Ended {
  int calls = 0;
  int wait_inside = 0;
  bool frees = false;
};

void OnDone(void* data, holdfast_operation* operation) {
  auto* const ended = static_cast<Ended*>(data);
  ++ended->calls;
  EXPECT_TRUE(holdfast_operation_done(operation));
  ended->wait_inside = holdfast_operation_wait(operation);
  if (ended->frees) holdfast_operation_free(operation);
}

TEST_F(CClientTest, ManyConnectOnTheLoopOfAProgram) {
  const auto healthy = StartLab("healthy");
  const auto broken = StartLab("tls13-fin");
  const LoopPtr loop(holdfast_loop_new(nullptr));
  std::vector<Ended> ended(20);
  for (size_t i = 0; i < ended.size(); ++i) {
    ended[i].frees = true;
    const std::string url = Url(i % 2 == 0 ? *healthy : *broken);
    holdfast_operation_on_done(
        holdfast_connect(client_.get(), loop.get(), url.c_str()), OnDone,
        &ended[i]);
  }
  PollUntil(loop.get(), [&] {
    return std::all_of(ended.begin(), ended.end(),
                       [](const Ended& e) { return e.calls == 1; });
  });
}

TEST_F(CClientTest, WhoIsToldLateIsToldByTheLoop) {
  const auto server = StartLab("healthy");
  const LoopPtr loop(holdfast_loop_new(nullptr));
  const OperationPtr connect(
      holdfast_connect(client_.get(), loop.get(), Url(*server).c_str()));
  ASSERT_EQ(holdfast_operation_wait(connect.get()), HOLDFAST_OK);
  Ended ended;
  holdfast_operation_on_done(connect.get(), OnDone, &ended);
  EXPECT_EQ(ended.calls, 0);
  PollUntil(loop.get(), [&] { return ended.calls == 1; });
}

void WaitForAnother(void* data, holdfast_operation*) {
  auto** const other = static_cast<holdfast_operation**>(data);
  EXPECT_EQ(holdfast_operation_wait(*other), HOLDFAST_E_INVALID_ARGUMENT);
  *other = nullptr;
}

TEST_F(CClientTest, NobodyWaitsInsideACallback) {
  const auto healthy = StartLab("healthy");
  const auto silent = StartLab("silent-after-hello");
  const LoopPtr loop(holdfast_loop_new(nullptr));
  const OperationPtr waits(
      holdfast_connect(client_.get(), loop.get(), Url(*silent).c_str()));
  const OperationPtr ends(
      holdfast_connect(client_.get(), loop.get(), Url(*healthy).c_str()));
  holdfast_operation* other = waits.get();
  holdfast_operation_on_done(ends.get(), WaitForAnother, &other);
  EXPECT_EQ(holdfast_operation_wait(ends.get()), HOLDFAST_OK);
  EXPECT_EQ(other, nullptr);
}

TEST(CLoopTest, IsWokenByOtherThreads) {
  const LoopPtr loop(holdfast_loop_new(nullptr));
  holdfast_loop_dispatch(loop.get());
  std::thread other([&] { holdfast_loop_wake(loop.get()); });
  pollfd ready = {holdfast_loop_fd(loop.get()), POLLIN, 0};
  EXPECT_EQ(poll(&ready, 1, ScaledMilliseconds(30'000)), 1);
  other.join();
}

TEST_F(CClientTest, TheTimeoutCountsDownBetweenDispatches) {
  const auto server = StartLab("silent-after-hello");
  const LoopPtr loop(holdfast_loop_new(nullptr));
  const OperationPtr connect(
      holdfast_connect(client_.get(), loop.get(), Url(*server).c_str()));
  while (holdfast_loop_timeout(loop.get()) == 0) {
    holdfast_loop_dispatch(loop.get());
  }
  const int before = holdfast_loop_timeout(loop.get());
  absl::SleepFor(absl::Milliseconds(30));
  EXPECT_LT(holdfast_loop_timeout(loop.get()), before - 20);
}

void FreeTheOther(void* data, holdfast_operation*) {
  holdfast_operation_free(static_cast<OperationPtr*>(data)->release());
}

TEST_F(CClientTest, NobodyWaitsForWhatACallbackHasFreed) {
  const auto healthy = StartLab("healthy");
  const auto silent = StartLab("silent-after-hello");
  const LoopPtr loop(holdfast_loop_new(nullptr));
  OperationPtr waits(
      holdfast_connect(client_.get(), loop.get(), Url(*silent).c_str()));
  const OperationPtr ends(
      holdfast_connect(client_.get(), loop.get(), Url(*healthy).c_str()));
  holdfast_operation_on_done(ends.get(), FreeTheOther, &waits);
  EXPECT_EQ(holdfast_operation_wait(waits.get()), HOLDFAST_E_CANCELLED);
}

// ---- Connections -----------------------------------------------------------

TEST_F(CClientTest, AConnectionIsReadAndWrittenByWaiting) {
  const auto server = StartLab("healthy");
  const ConnectionPtr connection = Connected(*server);
  EXPECT_THAT(holdfast_connection_greeting(connection.get()),
              HasSubstr("* OK"));
  ASSERT_NE(holdfast_connection_capability(connection.get(), 0), nullptr);
  EXPECT_STREQ(holdfast_connection_capability(connection.get(), 0),
               "IMAP4rev1");
  EXPECT_EQ(holdfast_connection_capability(connection.get(), 999), nullptr);
  ASSERT_EQ(holdfast_connection_write(connection.get(), "a NOOP\r\n", 8,
                                      ScaledMilliseconds(5000), nullptr),
            HOLDFAST_OK);
  char buffer[200];
  size_t got = 0;
  ASSERT_EQ(holdfast_connection_read(connection.get(), buffer, sizeof buffer,
                                     ScaledMilliseconds(5000), &got, nullptr),
            HOLDFAST_OK);
  EXPECT_THAT(std::string(buffer, got), HasSubstr("a OK"));
  EXPECT_EQ(
      holdfast_connection_read(connection.get(), nullptr, 5, 1, &got, nullptr),
      HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_EQ(holdfast_connection_read(connection.get(), buffer, sizeof buffer, 1,
                                     &got, nullptr),
            HOLDFAST_E_RESPONSE_TIMED_OUT);
  holdfast_connection_shutdown(connection.get());
}

TEST_F(CClientTest, AConnectionIsReadWithoutWaiting) {
  const auto server = StartLab("healthy");
  const ConnectionPtr connection = Connected(*server);
  char buffer[200];
  size_t moved = 0;
  int code = holdfast_connection_try_read(connection.get(), buffer,
                                          sizeof buffer, &moved, nullptr);
  EXPECT_EQ(code, HOLDFAST_WOULD_BLOCK);
  ASSERT_EQ(holdfast_connection_try_write(connection.get(), "a NOOP\r\n", 8,
                                          &moved, nullptr),
            HOLDFAST_OK);
  EXPECT_EQ(moved, 8u);
  while ((code = holdfast_connection_try_read(
              connection.get(), buffer, sizeof buffer, &moved, nullptr)) ==
         HOLDFAST_WOULD_BLOCK) {
    pollfd ready = {holdfast_connection_fd(connection.get()),
                    holdfast_connection_events(connection.get()), 0};
    ASSERT_EQ(poll(&ready, 1, ScaledMilliseconds(30'000)), 1);
  }
  ASSERT_EQ(code, HOLDFAST_OK);
  EXPECT_THAT(std::string(buffer, moved), HasSubstr("a OK"));
}

TEST_F(CClientTest, AConnectionBecomesADescriptor) {
  const auto server = StartLab("healthy");
  int fd = -1;
  ASSERT_EQ(
      holdfast_connection_take_fd(Connected(*server).release(), &fd, nullptr),
      HOLDFAST_OK);
  ASSERT_EQ(write(fd, "a NOOP\r\n", 8), 8);
  char buffer[200];
  const ssize_t got = read(fd, buffer, sizeof buffer);
  ASSERT_GT(got, 0);
  EXPECT_THAT(std::string(buffer, static_cast<size_t>(got)), HasSubstr("a OK"));
  close(fd);
}

// ---- What the embedder controls --------------------------------------------

int FindLocalhost(void* data, const char* host, uint16_t port,
                  holdfast_addresses* addresses) {
  *static_cast<std::string*>(data) = absl::StrCat(host, ":", port);
  EXPECT_EQ(holdfast_addresses_add(addresses, "localhost"),
            HOLDFAST_E_INVALID_HOST);
  return holdfast_addresses_add(addresses, "127.0.0.1");
}
int FindNothing(void*, const char*, uint16_t, holdfast_addresses*) { return 1; }

TEST_F(CClientTest, NamesAreLookedUpByTheEmbedder) {
  const auto server = StartLab("healthy");
  const std::string host = absl::StrCat("localhost:", server->port());
  std::string asked;
  holdfast_client_set_resolver(client_.get(), FindLocalhost, &asked, nullptr);
  const OperationPtr connect(holdfast_connect(
      client_.get(), nullptr, absl::StrCat("imaps://", host).c_str()));
  EXPECT_EQ(holdfast_operation_wait(connect.get()), HOLDFAST_OK);
  EXPECT_EQ(asked, host);
  holdfast_client_set_resolver(client_.get(), FindNothing, nullptr, nullptr);
  const OperationPtr failed(
      holdfast_connect(client_.get(), nullptr, "imaps://mail.example"));
  EXPECT_EQ(holdfast_operation_wait(failed.get()), HOLDFAST_E_HOST_NOT_FOUND);
}

TEST_F(CClientTest, ProxiesAndLocalAddressesAreChecked) {
  EXPECT_EQ(holdfast_client_set_proxy(client_.get(), "gopher://x", nullptr),
            HOLDFAST_E_INVALID_PROXY);
  EXPECT_EQ(
      holdfast_client_add_bind_address(client_.get(), "localhost", nullptr),
      HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_EQ(
      holdfast_client_add_bind_address(client_.get(), "127.0.0.2", nullptr),
      HOLDFAST_OK);
  const auto server = StartLab("healthy");
  EXPECT_EQ(holdfast_operation_wait(Connect(*server).get()), HOLDFAST_OK);
  // Nobody listens there.
  EXPECT_EQ(
      holdfast_client_set_proxy(client_.get(), "socks5://127.0.0.1:1", nullptr),
      HOLDFAST_OK);
  const OperationPtr refused = Connect(*server);
  EXPECT_NE(holdfast_operation_wait(refused.get()), HOLDFAST_OK);
  EXPECT_THAT(holdfast_error_message(holdfast_operation_error(refused.get())),
              HasSubstr("proxy"));
}

// Makes the connections of a client, and counts them.
struct Sockets {
  int made = 0;
  int through_proxy = 0;
};

void MakeSocket(void* data, holdfast_socket_request* request) {
  auto* const sockets = static_cast<Sockets*>(data);
  ++sockets->made;
  EXPECT_STREQ(holdfast_socket_request_host(request), "127.0.0.1");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(holdfast_socket_request_port(request));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address),
            0);
  holdfast_socket_request_answer(request, fd, sockets->through_proxy, nullptr);
}

void MakeNoSocket(void*, holdfast_socket_request* request) {
  holdfast_socket_request_answer(request, -1, 0, "The tunnel is closed.");
}

TEST_F(CClientTest, SocketsAreMadeByTheEmbedder) {
  const auto server = StartLab("tls13-fin");
  Sockets sockets;
  holdfast_client_set_socket_function(client_.get(), MakeSocket, &sockets,
                                      nullptr);
  EXPECT_EQ(holdfast_operation_wait(Connect(*server).get()), HOLDFAST_OK);
  EXPECT_EQ(sockets.made, 4);

  // The end of a connection through a proxy says nothing of the server.
  ASSERT_EQ(holdfast_cache_forget_all(cache_.get(), nullptr, nullptr), 0);
  sockets = {0, 1};
  EXPECT_EQ(holdfast_operation_wait(Connect(*server).get()),
            HOLDFAST_E_CLOSED_THROUGH_PROXY);
  EXPECT_EQ(sockets.made, 2);

  holdfast_client_set_socket_function(client_.get(), MakeNoSocket, nullptr,
                                      nullptr);
  const OperationPtr none = Connect(*server);
  EXPECT_EQ(holdfast_operation_wait(none.get()), HOLDFAST_E_NETWORK_ERROR);
  EXPECT_STREQ(holdfast_error_message(holdfast_operation_error(none.get())),
               "The tunnel is closed.");
}

int64_t InThePast(void*) { return 1'000'000'000; }

TEST_F(CClientTest, TheClockIsTheEmbedders) {
  const auto server = StartLab("healthy");
  holdfast_client_set_clock(client_.get(), InThePast, nullptr, nullptr);
  const OperationPtr connect = Connect(*server);
  EXPECT_EQ(holdfast_operation_wait(connect.get()), HOLDFAST_E_NOT_YET_VALID);
}

void CollectEvent(void* data, const holdfast_value* event) {
  static_cast<std::set<std::string>*>(data)->insert(
      holdfast_value_text(event, "/event"));
  EXPECT_GE(holdfast_value_number(event, "/ms", -1), 0);
}

TEST_F(CClientTest, EventsTellWhatHappens) {
  const auto server = StartLab("tls13-fin");
  std::set<std::string> events;
  holdfast_client_set_event_function(client_.get(), CollectEvent, &events,
                                     nullptr);
  const OperationPtr connect = Connect(*server);
  ASSERT_EQ(holdfast_operation_wait(connect.get()), HOLDFAST_OK);
  EXPECT_THAT(events, testing::IsSupersetOf(
                          {"attempt_started", "handshake_failed", "ready"}));
}

struct Judge {
  int decision = HOLDFAST_CERTIFICATE_AS_FOUND;
  std::string sha256;
  std::vector<std::string> problems;
};

void Decide(void* data, holdfast_certificate_question* question) {
  auto* const judge = static_cast<Judge*>(data);
  const holdfast_value* value = holdfast_certificate_question_value(question);
  EXPECT_STREQ(holdfast_value_text(value, "/host"), "127.0.0.1");
  judge->sha256 = holdfast_value_text(value, "/sha256");
  for (size_t i = 0; i < holdfast_value_count(value, "/problems"); ++i) {
    judge->problems.emplace_back(holdfast_value_text(
        value, absl::StrCat("/problems/", i, "/code").c_str()));
  }
  size_t size = 0;
  EXPECT_NE(holdfast_certificate_question_der(question, 0, &size), nullptr);
  EXPECT_GT(size, 100u);
  EXPECT_EQ(holdfast_certificate_question_der(question, 9, &size), nullptr);
  holdfast_certificate_question_answer(question, judge->decision);
}

TEST_F(CClientTest, CertificatesAreDecidedUponByTheEmbedder) {
  const auto server = StartLab("healthy");
  const ClientPtr stranger(holdfast_client_new(nullptr));
  Judge judge;
  holdfast_client_set_certificate_function(stranger.get(), Decide, &judge,
                                           nullptr);
  const auto decide = [&](int decision) {
    judge = {decision, "", {}};
    const OperationPtr connect(
        holdfast_connect(stranger.get(), nullptr, Url(*server).c_str()));
    return holdfast_operation_wait(connect.get());
  };
  EXPECT_EQ(decide(HOLDFAST_CERTIFICATE_AS_FOUND), HOLDFAST_E_UNKNOWN_ISSUER);
  EXPECT_THAT(judge.problems, testing::ElementsAre("unknown_issuer"));
  EXPECT_EQ(judge.sha256.size(), 64u);
  EXPECT_EQ(decide(HOLDFAST_CERTIFICATE_TRUST), HOLDFAST_OK);
  EXPECT_EQ(decide(HOLDFAST_CERTIFICATE_CONNECT_UNVERIFIED), HOLDFAST_OK);
  EXPECT_EQ(decide(77), HOLDFAST_E_UNKNOWN_ISSUER);

  holdfast_client_set_certificate_function(client_.get(), Decide, &judge,
                                           nullptr);
  judge = {HOLDFAST_CERTIFICATE_REFUSE, "", {}};
  const OperationPtr refused = Connect(*server);
  EXPECT_EQ(holdfast_operation_wait(refused.get()),
            HOLDFAST_E_CERTIFICATE_REFUSED_BY_CLIENT);
}

// What the client's own verifier says, and what it saw.
struct Verifier {
  int code = 0;
  const char* detail = nullptr;
  bool later = false;
  holdfast_verification* pending = nullptr;
  int calls = 0;
};

void Verify(void* data, holdfast_verification* verification) {
  auto* const verifier = static_cast<Verifier*>(data);
  ++verifier->calls;
  EXPECT_STREQ(holdfast_verification_host(verification), "127.0.0.1");
  size_t size = 0;
  EXPECT_NE(holdfast_verification_certificate(verification, 0, &size), nullptr);
  EXPECT_GT(size, 100u);
  EXPECT_EQ(holdfast_verification_certificate(verification, 9, &size), nullptr);
  EXPECT_EQ(holdfast_verification_staple(verification, 0, &size), nullptr);
  if (verifier->later) {
    verifier->pending = verification;
  } else {
    holdfast_verification_answer(verification, verifier->code,
                                 verifier->detail);
  }
}

TEST_F(CClientTest, CertificatesAreVerifiedByTheEmbedderInOurPlace) {
  const auto server = StartLab("healthy");
  // It trusts nobody that could have issued this one.
  const ClientPtr stranger(holdfast_client_new(nullptr));
  Verifier verifier;
  ASSERT_EQ(
      holdfast_client_set_verifier(stranger.get(), Verify, &verifier, nullptr),
      HOLDFAST_OK);
  const auto verify = [&](int code, const char* detail) {
    verifier.code = code;
    verifier.detail = detail;
    return OperationPtr(
        holdfast_connect(stranger.get(), nullptr, Url(*server).c_str()));
  };
  EXPECT_EQ(holdfast_operation_wait(verify(0, nullptr).get()), HOLDFAST_OK);
  EXPECT_EQ(holdfast_operation_wait(
                verify(HOLDFAST_E_REVOKED, "it is in our list").get()),
            HOLDFAST_E_REVOKED);
  EXPECT_EQ(holdfast_operation_wait(verify(77, nullptr).get()),
            HOLDFAST_E_CERTIFICATE_REFUSED_BY_CLIENT);
  EXPECT_EQ(verifier.calls, 3);

  ASSERT_EQ(
      holdfast_client_set_verifier(stranger.get(), nullptr, nullptr, nullptr),
      HOLDFAST_OK);
  EXPECT_EQ(holdfast_operation_wait(verify(0, nullptr).get()),
            HOLDFAST_E_UNKNOWN_ISSUER);
  EXPECT_EQ(verifier.calls, 3);
}

TEST_F(CClientTest, AVerifierAndAuthoritiesAreNotBothMeant) {
  Verifier verifier;
  holdfast_client_set_verifier(client_.get(), Verify, &verifier, nullptr);
  const OperationPtr connect(
      holdfast_connect(client_.get(), nullptr, "imaps://127.0.0.1:1"));
  EXPECT_EQ(holdfast_operation_wait(connect.get()),
            HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_EQ(verifier.calls, 0);
}

TEST_F(CClientTest, AnEmbeddersVerdictMayComeAfterTheConnectHasEnded) {
  const auto server = StartLab("healthy");
  const ClientPtr stranger(holdfast_client_new(nullptr));
  Verifier verifier;
  verifier.later = true;
  holdfast_client_set_verifier(stranger.get(), Verify, &verifier, nullptr);
  holdfast_client_set_time(stranger.get(), HOLDFAST_TIME_CONNECT,
                           ScaledMilliseconds(2000), nullptr);
  const OperationPtr connect(
      holdfast_connect(stranger.get(), nullptr, Url(*server).c_str()));
  EXPECT_EQ(holdfast_operation_wait(connect.get()),
            HOLDFAST_E_CERTIFICATE_UNDECIDED);
  ASSERT_NE(verifier.pending, nullptr);
  holdfast_verification_answer(verifier.pending, 0, nullptr);
}

TEST_F(CClientTest, BadInputChangesNothing) {
  const auto server = StartLab("healthy");
  ASSERT_EQ(
      holdfast_client_set_proxy(client_.get(), "socks5://127.0.0.1:1", nullptr),
      HOLDFAST_OK);
  ASSERT_NE(holdfast_client_set_proxy(client_.get(), "sock5://x", nullptr),
            HOLDFAST_OK);
  // Not straight there.
  EXPECT_EQ(holdfast_operation_wait(Connect(*server).get()),
            HOLDFAST_E_PROXY_UNREACHABLE);
}

// ---- The cache -------------------------------------------------------------

TEST_F(CClientTest, TheCacheIsListedPinnedAndForgotten) {
  const auto server = StartLab("tls13-fin");
  ASSERT_EQ(holdfast_operation_wait(Connect(*server).get()), HOLDFAST_OK);
  const ValuePtr list(holdfast_cache_list(cache_.get(), nullptr));
  ASSERT_EQ(holdfast_value_count(list.get(), ""), 1u);
  EXPECT_STREQ(holdfast_value_text(list.get(), "/0/rung"), "tls12");
  EXPECT_EQ(holdfast_value_number(list.get(), "/0/port", 0), server->port());

  EXPECT_EQ(holdfast_cache_pin(cache_.get(), "imaps://pinned.example", nullptr,
                               "compact", 60, nullptr),
            HOLDFAST_OK);
  EXPECT_EQ(holdfast_cache_pin(cache_.get(), "imaps://pinned.example", nullptr,
                               "tls10", 60, nullptr),
            HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_EQ(holdfast_cache_pin(cache_.get(), "imaps://pinned.example", nullptr,
                               "compact", 0, nullptr),
            HOLDFAST_E_INVALID_ARGUMENT);
  const ValuePtr two(holdfast_cache_list(cache_.get(), nullptr));
  ASSERT_EQ(holdfast_value_count(two.get(), ""), 2u);
  EXPECT_STREQ(holdfast_value_text(two.get(), "/1/origin"), "pinned");

  int count = 0;
  EXPECT_EQ(holdfast_cache_forget(cache_.get(), "127.0.0.1", server->port(), 1,
                                  &count, nullptr),
            HOLDFAST_OK);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(holdfast_cache_forget_all(cache_.get(), &count, nullptr),
            HOLDFAST_OK);
  EXPECT_EQ(count, 1);
  const ValuePtr none(holdfast_cache_list(cache_.get(), nullptr));
  EXPECT_EQ(holdfast_value_count(none.get(), ""), 0u);
}

TEST_F(CClientTest, AFileThatCannotBeUsedIsAWarning) {
  const CachePtr cache(holdfast_cache_open("/dev/null/cache", nullptr));
  ASSERT_NE(cache, nullptr);
  const ValuePtr warnings(holdfast_cache_take_warnings(cache.get(), nullptr));
  ASSERT_EQ(holdfast_value_count(warnings.get(), ""), 1u);
  EXPECT_STREQ(holdfast_value_text(warnings.get(), "/0/code"),
               "cache_unusable");
}

TEST_F(CClientTest, AConnectLeavesWarningsToWhoAsksForThem) {
  const auto server = StartLab("healthy");
  const CachePtr cache(holdfast_cache_open("/dev/null/cache", nullptr));
  holdfast_client_set_cache(client_.get(), cache.get(), nullptr);
  ASSERT_EQ(holdfast_operation_wait(Connect(*server).get()), HOLDFAST_OK);
  const ValuePtr warnings(holdfast_cache_take_warnings(cache.get(), nullptr));
  EXPECT_EQ(holdfast_value_count(warnings.get(), ""), 1u);
}

// ---- Credentials -----------------------------------------------------------

struct Asked {
  int times = 0;
  holdfast_credentials_question* question = nullptr;
};

void Keep(void* data, holdfast_credentials_question* question) {
  auto* const asked = static_cast<Asked*>(data);
  ++asked->times;
  asked->question = question;
}

TEST_F(CClientTest, CredentialsAreAskedForAndAnsweredLater) {
  const auto server = StartLab("healthy");
  const ConnectionPtr connection = Connected(*server);
  Asked asked;
  const CredentialsPtr credentials(holdfast_credentials_new(
      HOLDFAST_CREDENTIAL_PASSWORD, Keep, &asked, nullptr));
  const LoopPtr loop(holdfast_loop_new(nullptr));
  const OperationPtr sign_in(holdfast_connection_sign_in(
      connection.get(), loop.get(), credentials.get()));
  PollUntil(loop.get(), [&] { return asked.question != nullptr; });
  EXPECT_EQ(holdfast_credentials_question_kind(asked.question),
            HOLDFAST_CREDENTIAL_PASSWORD);
  EXPECT_STREQ(holdfast_credentials_question_mechanism(asked.question),
               "PLAIN");
  EXPECT_EQ(holdfast_credentials_question_reason(asked.question),
            HOLDFAST_REASON_FIRST);
  holdfast_credentials_question_decline(asked.question, "The user went away.");
  EXPECT_EQ(holdfast_operation_wait(sign_in.get()),
            HOLDFAST_E_CREDENTIALS_UNREADABLE);
  EXPECT_STREQ(holdfast_error_message(holdfast_operation_error(sign_in.get())),
               "The user went away.");
}

TEST_F(CClientTest, SigningInEndsFromOtherThreads) {
  const auto server = StartLab("healthy");
  const ConnectionPtr connection = Connected(*server);
  Asked asked;
  const CredentialsPtr credentials(holdfast_credentials_new(
      HOLDFAST_CREDENTIAL_PASSWORD, Keep, &asked, nullptr));
  OperationPtr sign_in(holdfast_connection_sign_in(connection.get(), nullptr,
                                                   credentials.get()));
  std::thread other([&] { holdfast_operation_cancel(sign_in.get()); });
  EXPECT_EQ(holdfast_operation_wait(sign_in.get()), HOLDFAST_E_CANCELLED);
  other.join();
  sign_in.reset();
  // An answer that comes too late does nothing.
  holdfast_credentials_question_answer(asked.question, "alice", "pw");
}

TEST(CCredentialsTest, AMechanismIsOneThatIsKnown) {
  const CredentialsPtr credentials(
      holdfast_credentials_new_password("alice", "pw", nullptr));
  EXPECT_EQ(holdfast_credentials_set_mechanism(credentials.get(),
                                               "SCRAM-SHA-256", nullptr),
            HOLDFAST_OK);
  EXPECT_EQ(
      holdfast_credentials_set_mechanism(credentials.get(), "MAGIC", nullptr),
      HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_EQ(holdfast_credentials_new_password(nullptr, "pw", nullptr), nullptr);
}

}  // namespace
}  // namespace holdfast::test
