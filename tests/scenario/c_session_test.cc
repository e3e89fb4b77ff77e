// Sessions of the C interface: programs in C, which are clean under valgrind;
// results, errors, and handles freed in any order; before real servers.

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/c_handles.h"
#include "holdfast/tests/helpers/cutting_relay.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/fault_test.h"
#include "holdfast/tests/helpers/inn_server.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/postfix_server.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/sanitizers.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// The text or number there; "-" if there is none.
std::string At(const holdfast_value* value, const char* path) {
  if (const char* text = holdfast_value_text(value, path)) return text;
  const int64_t number = holdfast_value_number(value, path, -1);
  return number < 0 ? "-" : absl::StrCat(number);
}
std::string At(const OperationPtr& operation, const char* path) {
  return At(holdfast_operation_result(operation.get()), path);
}

std::string BytesOf(const SinkPtr& sink) {
  size_t size = 0;
  const char* const bytes = holdfast_sink_bytes(sink.get(), &size);
  return std::string(bytes, size);
}

class CSessionTest : public testing::Test {
 protected:
  std::string ca_file() const {
    return directory_.Write("ca.pem", authority_.certificate_pem());
  }

  // `loop` may be null.
  SessionPtr Open(const std::string& target, holdfast_loop* loop = nullptr,
                  const char* password = "pw", const char* user = "alice") {
    const ClientPtr client(holdfast_client_new(nullptr));
    holdfast_client_set_system_roots(client.get(), 0, nullptr);
    holdfast_client_add_ca_file(client.get(), ca_file().c_str(), nullptr);
    holdfast_client_set_time(client.get(), HOLDFAST_TIME_CONNECT,
                             ScaledMilliseconds(30'000), nullptr);
    holdfast_client_set_time(client.get(), HOLDFAST_TIME_PATIENCE,
                             ScaledMilliseconds(60'000), nullptr);
    const CredentialsPtr credentials(
        holdfast_credentials_new_password(user, password, nullptr));
    holdfast_error* error = nullptr;
    SessionPtr session(holdfast_session_new(client.get(), loop, target.c_str(),
                                            credentials.get(), &error));
    EXPECT_NE(session, nullptr) << holdfast_error_message(error);
    return session;
  }
  // To nobody.
  SessionPtr OpenNowhere(holdfast_loop* loop = nullptr,
                         const std::string& scheme = "imaps") {
    return Open(absl::StrCat(scheme, "://127.0.0.1:", ReserveFreePort()), loop);
  }

  // Waits for it, and returns its code.
  static int Wait(const OperationPtr& operation) {
    return holdfast_operation_wait(operation.get());
  }
  static OperationPtr Done(holdfast_operation* begun) {
    OperationPtr operation(begun);
    EXPECT_EQ(Wait(operation), HOLDFAST_OK)
        << holdfast_error_json(holdfast_operation_error(operation.get()));
    return operation;
  }
  static std::string MessageOf(const OperationPtr& operation) {
    return holdfast_error_message(holdfast_operation_error(operation.get()));
  }

  // Started when it is first asked for.
  const DovecotServer& dovecot() {
    if (dovecot_ == nullptr) {
      dovecot_ = DovecotServer::Start({*authority_.Issue()}).value();
    }
    return *dovecot_;
  }
  std::string Imaps(uint16_t port) const {
    return absl::StrCat("imaps://127.0.0.1:", port);
  }
  std::string Dovecot() { return Imaps(dovecot().imaps_port()); }
  static MessagePtr Text(const std::string& text) {
    return MessagePtr(
        holdfast_message_new_memory(text.data(), text.size(), nullptr));
  }
  static OperationPtr Append(const SessionPtr& session,
                             const std::string& text) {
    const MessagePtr message = Text(text);
    return Done(holdfast_imap_append(session.get(), "INBOX", nullptr, -1,
                                     message.get()));
  }

  lab::CertificateAuthority authority_ = *lab::CertificateAuthority::Create();
  TempDir directory_;

 private:
  std::unique_ptr<DovecotServer> dovecot_;
};

// ---- Results ---------------------------------------------------------------

// By STARTTLS: however slow the server is, no second offer is made beside the
// first.
TEST_F(CSessionTest, CommandsTellWhatCameOfThem) {
  const SessionPtr session =
      Open(absl::StrCat("imap://127.0.0.1:", dovecot().imap_port()));
  holdfast_session* const imap = session.get();
  EXPECT_EQ(holdfast_session_connected(imap), 0);
  EXPECT_EQ(holdfast_session_report(imap), nullptr);
  EXPECT_EQ(holdfast_session_capability(imap, 0), nullptr);
  Done(holdfast_session_connect(imap));
  EXPECT_EQ(holdfast_session_connected(imap), 1);
  EXPECT_EQ(holdfast_value_count(holdfast_session_report(imap), "/attempts"),
            1u);
  EXPECT_NE(holdfast_session_capability(imap, 0), nullptr);
  EXPECT_EQ(holdfast_session_capability(imap, 999), nullptr);

  const char* const flags[] = {"\\Flagged", nullptr};
  const MessagePtr message = Text(
      "Subject: Gr\xfc\xdf"
      "e\r\n\r\nx\r\n");
  const OperationPtr appended =
      Done(holdfast_imap_append(imap, "INBOX", flags, 0, message.get()));
  EXPECT_EQ(At(appended, "/uid"), "1");
  const OperationPtr selected = Done(holdfast_imap_select(imap, "INBOX"));
  EXPECT_EQ(At(selected, "/exists"), "1");
  EXPECT_EQ(At(selected, "/uid_next"), "2");
  EXPECT_EQ(At(selected, "/read_only"), "0");
  EXPECT_EQ(At(selected, "/uid_validity"), At(appended, "/uid_validity"));
  EXPECT_EQ(At(Done(holdfast_imap_list(imap, "*")), "/mailboxes/0/name"),
            "INBOX");
  const char* const items[] = {"MESSAGES", nullptr};
  EXPECT_EQ(
      At(Done(holdfast_imap_status(imap, "INBOX", items)), "/items/MESSAGES"),
      "1");

  Done(holdfast_imap_run(imap, "CREATE Other", nullptr,
                         HOLDFAST_ON_LOSS_UNKNOWN));
  const OperationPtr copied = Done(holdfast_imap_copy(imap, "1", "Other"));
  EXPECT_EQ(At(copied, "/from_uids"), "1");
  EXPECT_EQ(At(copied, "/to_uids"), "1");
  EXPECT_EQ(At(Done(holdfast_imap_move(imap, "1", "Other")), "/to_uids"), "2");
  Done(holdfast_imap_select(imap, "Other"));
  const char* const deleted[] = {"\\Deleted", nullptr};
  Done(holdfast_imap_store(imap, "2", HOLDFAST_IMAP_REPLACE, deleted));
  Done(holdfast_imap_expunge(imap, "1:*"));
  EXPECT_EQ(At(Done(holdfast_imap_run(imap, "LSUB \"\" ?", items,
                                      HOLDFAST_ON_LOSS_REPEAT)),
               "/kind"),
            "OK");
  const char* const wanted[] = {"CONDSTORE", nullptr};
  EXPECT_EQ(At(Done(holdfast_imap_enable(imap, wanted)), "/enabled/0"),
            "CONDSTORE");
  EXPECT_EQ(At(Done(holdfast_imap_noop(imap)), "/ok"), "1");
  EXPECT_EQ(At(Done(holdfast_imap_search(imap, "ALL", nullptr)), "/uids/0"),
            "1");
  Done(holdfast_imap_logout(imap));
}

TEST_F(CSessionTest, SearchesForStrings) {
  const SessionPtr session = Open(Dovecot());
  Append(session, "Subject: one two\r\n\r\n");
  Append(session, "Subject: two\r\n\r\n");
  Done(holdfast_imap_select(session.get(), "INBOX"));
  const char* const strings[] = {"two", "one two", nullptr};
  const OperationPtr found = Done(
      holdfast_imap_search(session.get(), "SUBJECT ? NOT SUBJECT ?", strings));
  EXPECT_EQ(At(found, "/uids/0"), "2");
  EXPECT_EQ(
      holdfast_value_count(holdfast_operation_result(found.get()), "/uids"),
      1U);
  for (const char* wrong : {"SUBJECT ?", "ALL", "? ? ?"}) {
    const OperationPtr failed(
        holdfast_imap_search(session.get(), wrong, strings));
    EXPECT_EQ(Wait(failed), HOLDFAST_E_INVALID_ARGUMENT) << wrong;
  }
}

struct Fetched {
  int begins = 0;
  std::vector<std::string> messages = {};
  std::string dumped = "";

  static void Add(void* data, const holdfast_value* message) {
    auto* const self = static_cast<Fetched*>(data);
    if (message == nullptr) {
      ++self->begins;
      return self->messages.clear();
    }
    self->messages.push_back(absl::StrCat(
        At(message, "/uid"), " ", At(message, "/size"), " ",
        At(message, "/flags/0"), " ", At(message, "/sections/0/name"), " ",
        At(message, "/sections/0/content"), At(message, "/sections/1/name")));
    self->dumped = holdfast_value_json(message);
  }
};

TEST_F(CSessionTest, AFetchGivesMessagesWhoseBytesStayAsTheyAre) {
  const SessionPtr session = Open(Dovecot());
  Append(session, "Subject: a\r\n\r\n");
  Append(session,
         "Subject: Gr\xfc\xdf"
         "e\r\n\r\n");
  Done(holdfast_imap_examine(session.get(), "INBOX"));
  const char* const items[] = {"RFC822.SIZE", "FLAGS", "BODY.PEEK[HEADER]",
                               "BODY.PEEK[TEXT]", nullptr};
  Fetched fetched;
  const OperationPtr done = Done(
      holdfast_imap_fetch(session.get(), "1:*", items, Fetched::Add, &fetched));
  EXPECT_EQ(At(done, "/messages"), "2");
  EXPECT_EQ(fetched.begins, 1);
  EXPECT_THAT(fetched.messages,
              ElementsAre("1 14 \\Recent BODY[HEADER] Subject: a\r\n\r\nBODY"
                          "[TEXT]",
                          "2 18 \\Recent BODY[HEADER] Subject: Gr\xfc\xdf"
                          "e\r\n\r\nBODY[TEXT]"));
  EXPECT_THAT(fetched.dumped, HasSubstr(R"(Gr\ufffd\ufffde)"));
}

TEST_F(CSessionTest, SectionsTooLongForAFetchAreForASink) {
  const SessionPtr session = Open(Dovecot());
  const std::string text =
      absl::StrCat("Subject: a\r\n\r\n", std::string(1100000, 'x'), "\r\n");
  Append(session, text);
  Done(holdfast_imap_examine(session.get(), "INBOX"));
  const char* const items[] = {"BODY.PEEK[]", nullptr};
  Fetched fetched;
  const OperationPtr fetch(
      holdfast_imap_fetch(session.get(), "1", items, Fetched::Add, &fetched));
  EXPECT_EQ(Wait(fetch), HOLDFAST_E_TOO_MUCH_DATA);
  EXPECT_THAT(fetched.messages, ElementsAre());
  const SinkPtr sink(holdfast_sink_new_memory(nullptr));
  const OperationPtr done =
      Done(holdfast_imap_fetch_body(session.get(), 1, "", sink.get()));
  EXPECT_EQ(At(done, "/messages"), "1");
  EXPECT_TRUE(BytesOf(sink) == text);
  EXPECT_EQ(At(Done(holdfast_imap_fetch_body(session.get(), 9, "", sink.get())),
               "/messages"),
            "0");
  EXPECT_EQ(BytesOf(sink), "");
}

TEST_F(CSessionTest, AMailboxMayHaveAnyName) {
  const SessionPtr session = Open(Dovecot());
  const char* const name[] = {"Entwürfe", nullptr};
  const OperationPtr created = Done(holdfast_imap_run(
      session.get(), "CREATE @", name, HOLDFAST_ON_LOSS_UNKNOWN));
  EXPECT_EQ(At(created, "/ok"), "1");
  const OperationPtr list = Done(holdfast_imap_list(session.get(), "Entw*"));
  EXPECT_EQ(At(list, "/mailboxes/0/name"), "Entwürfe");
  EXPECT_EQ(At(list, "/mailboxes/0/encoded_name"), "Entw&APw-rfe");
  const char* const names[] = {"Entwürfe", "Müll", nullptr};
  EXPECT_EQ(At(Done(holdfast_imap_run(session.get(), "RENAME @ @", names,
                                      HOLDFAST_ON_LOSS_UNKNOWN)),
               "/ok"),
            "1");
  for (const char* words : {"CREATE", "RENAME @ @ @"}) {
    const OperationPtr refused(holdfast_imap_run(session.get(), words, names,
                                                 HOLDFAST_ON_LOSS_UNKNOWN));
    EXPECT_EQ(Wait(refused), HOLDFAST_E_INVALID_ARGUMENT) << words;
  }
}

TEST_F(CSessionTest, ASinkIsToldHowMuchIsToCome) {
  const SessionPtr session = Open(Dovecot());
  const std::string text = "Subject: a\r\n\r\nA message.\r\n";
  Append(session, text);
  Done(holdfast_imap_examine(session.get(), "INBOX"));
  const SinkPtr sink(holdfast_sink_new_memory(nullptr));
  uint64_t size = 0;
  ASSERT_EQ(holdfast_sink_set_size_function(
                sink.get(),
                [](void* data, uint64_t bytes) {
                  *static_cast<uint64_t*>(data) = bytes;
                },
                &size, nullptr),
            HOLDFAST_OK);
  Done(holdfast_imap_fetch_body(session.get(), 1, "", sink.get()));
  EXPECT_EQ(size, text.size());
  EXPECT_EQ(BytesOf(sink), text);
  EXPECT_EQ(holdfast_sink_set_size_function(nullptr, nullptr, nullptr, nullptr),
            HOLDFAST_E_INVALID_ARGUMENT);
}

TEST_F(CSessionTest, ARefusalIsAnAnswer) {
  const SessionPtr session = Open(Dovecot());
  const MessagePtr message = Text("Subject: a\r\n\r\n");
  const OperationPtr append = Done(
      holdfast_imap_append(session.get(), "None", nullptr, -1, message.get()));
  EXPECT_EQ(At(append, "/ok"), "0");
  EXPECT_EQ(At(append, "/kind"), "NO");
  EXPECT_EQ(At(append, "/code"), "TRYCREATE");
  EXPECT_THAT(At(append, "/words"), HasSubstr("exist"));
}

TEST_F(CSessionTest, AWrongPasswordIsAnErrorInTheServersWords) {
  const SessionPtr session = Open(Dovecot(), nullptr, "wrong");
  const OperationPtr noop(holdfast_imap_noop(session.get()));
  EXPECT_EQ(Wait(noop), HOLDFAST_E_AUTHENTICATION_REFUSED);
  EXPECT_THAT(holdfast_error_server_text(holdfast_operation_error(noop.get())),
              HasSubstr("AUTHENTICATIONFAILED"));
}

TEST_F(CSessionTest, WhetherALostAppendWasCarriedOutIsNotKnown) {
  CuttingRelay relay(dovecot().imaps_port());
  const SessionPtr session = Open(Imaps(relay.port()));
  Done(holdfast_session_connect(session.get()));
  // With LITERAL+ all goes to the server at once, which answers once.
  relay.Arm({Cut::Direction::kToClient, 0, false, Cut::Kind::kReset});
  const MessagePtr message = Text("Subject: a\r\n\r\n");
  const OperationPtr append(
      holdfast_imap_append(session.get(), "INBOX", nullptr, -1, message.get()));
  EXPECT_EQ(Wait(append), HOLDFAST_E_OUTCOME_UNKNOWN) << MessageOf(append);
  EXPECT_EQ(At(Done(holdfast_imap_noop(session.get())), "/ok"), "1");
}

TEST_F(CSessionTest, AMailThatIsNotSentTellsWhatIsKnownOfIt) {
  const auto postfix = PostfixServer::Start({*authority_.Issue()});
  if (absl::IsFailedPrecondition(postfix.status())) {
    GTEST_SKIP() << postfix.status();
  }
  ASSERT_TRUE(postfix.ok()) << postfix.status();
  const SessionPtr smtp = Open(
      absl::StrCat("submissions://127.0.0.1:", (*postfix)->submissions_port()),
      nullptr, "pw", "alice@example.test");
  EXPECT_EQ(At(Done(holdfast_smtp_noop(smtp.get())), "/code"), "250");
  const MessagePtr message = Text("Subject: a\r\n\r\n");
  const OperationPtr send(holdfast_smtp_send(smtp.get(), "alice@example.test",
                                             nullptr, 0, message.get()));
  EXPECT_EQ(Wait(send), HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_EQ(At(send, "/accepted"), "0");
  EXPECT_EQ(At(send, "/last/code"), "0");
  EXPECT_EQ(At(Done(holdfast_smtp_quit(smtp.get())), "/code"), "221");
}

// ---- What is given wrong ---------------------------------------------------

TEST_F(CSessionTest, WhatIsMissingOrOfAnotherProtocolIsSaidInASentence) {
  const SessionPtr session = OpenNowhere(nullptr, "pop3s");
  holdfast_session* const pop3 = session.get();
  const SinkPtr sink(holdfast_sink_new_memory(nullptr));
  const std::vector<OperationPtr> of_others = [&] {
    std::vector<OperationPtr> all;
    all.emplace_back(holdfast_imap_noop(pop3));
    all.emplace_back(holdfast_smtp_noop(pop3));
    all.emplace_back(holdfast_nntp_quit(pop3));
    return all;
  }();
  for (const OperationPtr& operation : of_others) {
    EXPECT_EQ(Wait(operation), HOLDFAST_E_INVALID_ARGUMENT);
    EXPECT_THAT(MessageOf(operation), StartsWith("A session with pop3s://"));
    EXPECT_THAT(MessageOf(operation), EndsWith(" has no such command."));
  }
  holdfast_error* error = nullptr;
  EXPECT_EQ(holdfast_imap_set_update_function(pop3, nullptr, nullptr, &error),
            HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_THAT(holdfast_error_message(error), HasSubstr("no such command"));
  holdfast_error_free(error);

  const OperationPtr no_sink(holdfast_pop3_retrieve(pop3, 1, nullptr, nullptr));
  EXPECT_EQ(Wait(no_sink), HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_THAT(MessageOf(no_sink), HasSubstr("\"sink\""));
  const OperationPtr no_session(holdfast_session_connect(nullptr));
  EXPECT_EQ(Wait(no_session), HOLDFAST_E_INVALID_ARGUMENT);
  EXPECT_THAT(MessageOf(no_session), HasSubstr("\"session\""));
}

TEST_F(CSessionTest, ArgumentsThatMeanNothingAreRefused) {
  const SessionPtr session = OpenNowhere();
  holdfast_session* const imap = session.get();
  const std::vector<OperationPtr> all = [&] {
    std::vector<OperationPtr> begun;
    begun.emplace_back(holdfast_imap_select(imap, nullptr));
    begun.emplace_back(holdfast_imap_expunge(imap, nullptr));
    begun.emplace_back(holdfast_imap_expunge(imap, "one"));
    begun.emplace_back(holdfast_imap_copy(imap, "1", nullptr));
    begun.emplace_back(holdfast_imap_move(imap, "1", nullptr));
    begun.emplace_back(holdfast_imap_store(imap, "1", 7, nullptr));
    begun.emplace_back(holdfast_imap_run(imap, "NOOP", nullptr, 7));
    begun.emplace_back(holdfast_imap_run(imap, nullptr, nullptr, 0));
    begun.emplace_back(
        holdfast_imap_fetch(imap, "1", nullptr, nullptr, nullptr));
    begun.emplace_back(
        holdfast_imap_append(imap, "INBOX", nullptr, -1, nullptr));
    return begun;
  }();
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(Wait(all[i]), HOLDFAST_E_INVALID_ARGUMENT) << i;
  }
  EXPECT_EQ(
      holdfast_session_new(nullptr, nullptr, "imaps://x", nullptr, nullptr),
      nullptr);
  const ClientPtr client(holdfast_client_new(nullptr));
  EXPECT_EQ(
      holdfast_session_new(client.get(), nullptr, "nonsense", nullptr, nullptr),
      nullptr);
  EXPECT_EQ(holdfast_message_open("/nowhere", nullptr), nullptr);
  EXPECT_EQ(holdfast_message_new(1, nullptr, nullptr, nullptr, nullptr),
            nullptr);
  EXPECT_EQ(holdfast_message_new_memory(nullptr, 1, nullptr), nullptr);
  EXPECT_EQ(holdfast_sink_new(nullptr, nullptr, nullptr, nullptr), nullptr);
}

TEST_F(CSessionTest, WithoutAHandleNothingHappens) {
  holdfast_session_free(nullptr);
  holdfast_session_cancel(nullptr);
  holdfast_imap_end_idle(nullptr);
  holdfast_sink_free(nullptr);
  holdfast_message_free(nullptr);
  EXPECT_EQ(holdfast_session_connected(nullptr), 0);
  EXPECT_EQ(holdfast_session_report(nullptr), nullptr);
  size_t size = 1;
  EXPECT_EQ(holdfast_sink_bytes(nullptr, &size), nullptr);
  EXPECT_EQ(size, 0U);
}

// ---- Messages and sinks ----------------------------------------------------

// Gives a message by functions, or fails to.
struct Source {
  std::string text;
  size_t given = 0;
  bool rewinds = true;
  ptrdiff_t last = 0;  // what is returned at the end
  std::function<void()> on_read = [] {};

  MessagePtr Message(uint64_t size) {
    return MessagePtr(holdfast_message_new(
        size,
        [](void* data) {
          auto* const self = static_cast<Source*>(data);
          self->given = 0;
          return self->rewinds ? 0 : -1;
        },
        [](void* data, void* buffer, size_t wanted) {
          auto* const self = static_cast<Source*>(data);
          self->on_read();
          const size_t count =
              self->text.copy(static_cast<char*>(buffer),
                              std::min<size_t>(wanted, 5), self->given);
          self->given += count;
          return count > 0 ? static_cast<ptrdiff_t>(count) : self->last;
        },
        this, nullptr));
  }
};

TEST_F(CSessionTest, AMessageComesFromFunctions) {
  const SessionPtr session = Open(Dovecot());
  Source source{"Subject: a\r\n\r\nfrom functions\r\n and more"};
  const size_t size = source.text.size() - 9;
  const MessagePtr message = source.Message(size);
  const OperationPtr appended = Done(
      holdfast_imap_append(session.get(), "INBOX", nullptr, -1, message.get()));
  EXPECT_EQ(At(appended, "/ok"), "1");
  Done(holdfast_imap_examine(session.get(), "INBOX"));
  const SinkPtr sink(holdfast_sink_new_memory(nullptr));
  Done(holdfast_imap_fetch_body(session.get(), 1, "", sink.get()));
  EXPECT_EQ(BytesOf(sink), source.text.substr(0, size));
}

TEST_F(CSessionTest, AMessageThatCannotBeReadIsNotSent) {
  const SessionPtr session = Open(Dovecot());
  const auto code_of = [&](Source* source, uint64_t size) {
    const MessagePtr message = source->Message(size);
    const OperationPtr append(holdfast_imap_append(session.get(), "INBOX",
                                                   nullptr, -1, message.get()));
    return Wait(append);
  };
  Source is_short{"Subject: a\r\n"};
  EXPECT_EQ(code_of(&is_short, 1000), HOLDFAST_E_MESSAGE_UNREADABLE);
  Source fails{"Subject: a\r\n"};
  fails.last = -1;
  EXPECT_EQ(code_of(&fails, 1000), HOLDFAST_E_MESSAGE_UNREADABLE);
  Source boasts{"Subject: a\r\n"};
  boasts.last = 1000000;
  EXPECT_EQ(code_of(&boasts, 1000), HOLDFAST_E_MESSAGE_UNREADABLE);
  Source stuck{"Subject: a\r\n"};
  stuck.rewinds = false;
  EXPECT_EQ(code_of(&stuck, 12), HOLDFAST_E_MESSAGE_UNREADABLE);
}

TEST_F(CSessionTest, FunctionsOfAMessageThatWasFreedAreNotCalled) {
  const SessionPtr session = Open(Dovecot());
  Source source{"Subject: a\r\n\r\n"};
  int reads = 0;
  MessagePtr message = source.Message(source.text.size());
  source.on_read = [&] {
    ++reads;
    message.reset();
  };
  for (int expected = 1; expected >= 0; --expected) {
    const OperationPtr append(holdfast_imap_append(session.get(), "INBOX",
                                                   nullptr, -1, message.get()));
    if (expected == 0) message.reset();
    EXPECT_EQ(Wait(append), HOLDFAST_E_MESSAGE_UNREADABLE);
    EXPECT_EQ(reads, expected);
    reads = 0;
    message = source.Message(source.text.size());
  }
}

// Counts what comes, and frees what it is told to.
struct Counter {
  size_t bytes = 0;
  int begins = 0;
  int result = 0;
  std::function<void()> on_add = [] {};

  SinkPtr Sink() {
    return SinkPtr(holdfast_sink_new(
        [](void* data) {
          ++static_cast<Counter*>(data)->begins;
          static_cast<Counter*>(data)->bytes = 0;
        },
        [](void* data, const char*, size_t size) {
          auto* const self = static_cast<Counter*>(data);
          self->bytes += size;
          self->on_add();
          return self->result;
        },
        this, nullptr));
  }
};

class CSinkTest : public CSessionTest {
 protected:
  void SetUp() override {
    Append(session_, absl::StrCat("Subject: a\r\n\r\n",
                                  std::string(200000, 'x'), "\r\n"));
    Done(holdfast_imap_examine(session_.get(), "INBOX"));
  }
  OperationPtr Fetch(const SinkPtr& sink) {
    return OperationPtr(
        holdfast_imap_fetch_body(session_.get(), 1, "", sink.get()));
  }

  SessionPtr session_ = Open(Dovecot());
  Counter counter_;
};

TEST_F(CSinkTest, OneThatRefusesEndsTheCommand) {
  counter_.result = 1;
  const SinkPtr sink = counter_.Sink();
  const OperationPtr fetch = Fetch(sink);
  EXPECT_EQ(Wait(fetch), HOLDFAST_E_OUTPUT_FAILED);
  EXPECT_EQ(counter_.begins, 1);
  EXPECT_EQ(At(Done(holdfast_imap_noop(session_.get())), "/ok"), "1");
}

TEST_F(CSinkTest, WhatComesForOneThatWasFreedIsDropped) {
  SinkPtr sink = counter_.Sink();
  size_t first = 0;
  counter_.on_add = [&] {
    first = counter_.bytes;
    sink.reset();
  };
  const OperationPtr fetch = Fetch(sink);
  EXPECT_EQ(Wait(fetch), HOLDFAST_OK);
  EXPECT_GT(first, 0U);
  EXPECT_EQ(counter_.bytes, first);
}

// A message with a dot at the beginning of a line comes in pieces.
TEST_F(CSinkTest, TheSessionMayBeFreedFromInsideOne) {
  Append(session_, Message("a"));
  SessionPtr pop3 =
      Open(absl::StrCat("pop3s://127.0.0.1:", dovecot().pop3s_port()));
  const SinkPtr sink = counter_.Sink();
  int adds = 0;
  counter_.on_add = [&] {
    ++adds;
    pop3.reset();
  };
  const OperationPtr retrieve(
      holdfast_pop3_retrieve(pop3.get(), 2, nullptr, sink.get()));
  EXPECT_EQ(Wait(retrieve), HOLDFAST_E_SESSION_CLOSED);
  EXPECT_EQ(adds, 1);
}

TEST_F(CSinkTest, MessagesAreGivenForAsLongAsTheOperationIsThere) {
  Append(session_, "Subject: b\r\n\r\n");
  Done(holdfast_imap_examine(session_.get(), "INBOX"));
  struct Abandoned {
    OperationPtr operation;
    int messages = 0;
  } abandoned;
  abandoned.operation.reset(holdfast_imap_fetch(
      session_.get(), "1:*", nullptr,
      [](void* data, const holdfast_value* message) {
        if (message == nullptr) return;
        ++static_cast<Abandoned*>(data)->messages;
        static_cast<Abandoned*>(data)->operation.reset();
      },
      &abandoned));
  Done(holdfast_imap_noop(session_.get()));
  EXPECT_EQ(abandoned.messages, 1);
}

// ---- Freeing, waiting, cancelling ------------------------------------------

TEST_F(CSessionTest, OperationsEndWhenTheirSessionIsFreed) {
  SessionPtr session = Open(Dovecot());
  Done(holdfast_imap_examine(session.get(), "INBOX"));
  const OperationPtr idle(holdfast_imap_idle(session.get()));
  const OperationPtr noop(holdfast_imap_noop(session.get()));
  int told = 0;
  holdfast_operation_on_done(
      noop.get(),
      [](void* data, holdfast_operation* operation) {
        ++*static_cast<int*>(data);
        EXPECT_EQ(holdfast_error_code(holdfast_operation_error(operation)),
                  HOLDFAST_E_SESSION_CLOSED);
      },
      &told);
  session.reset();
  EXPECT_EQ(Wait(noop), HOLDFAST_E_SESSION_CLOSED);
  EXPECT_EQ(Wait(idle), HOLDFAST_E_SESSION_CLOSED);
  holdfast_imap_end_idle(idle.get());
  EXPECT_EQ(told, 0);
}

TEST_F(CSessionTest, WhatEndsWithItsSessionIsToldByTheLoop) {
  const LoopPtr loop(holdfast_loop_new(nullptr));
  SessionPtr session = OpenNowhere(loop.get());
  const OperationPtr noop(holdfast_imap_noop(session.get()));
  int told = 0;
  holdfast_operation_on_done(
      noop.get(),
      [](void* data, holdfast_operation*) { ++*static_cast<int*>(data); },
      &told);
  session.reset();
  holdfast_loop_dispatch(loop.get());
  EXPECT_EQ(told, 1);
}

TEST_F(CSessionTest, AnOperationMayBeFreedFirstAndIsCarriedOut) {
  const SessionPtr session = Open(Dovecot());
  const MessagePtr message = Text("Subject: a\r\n\r\n");
  holdfast_operation_free(
      holdfast_imap_append(session.get(), "INBOX", nullptr, -1, message.get()));
  EXPECT_EQ(At(Done(holdfast_imap_examine(session.get(), "INBOX")), "/exists"),
            "1");
}

TEST_F(CSessionTest, TheLoopMayBeFreedFirst) {
  LoopPtr loop(holdfast_loop_new(nullptr));
  SessionPtr session = Open(Dovecot(), loop.get());
  const OperationPtr noop(holdfast_imap_noop(session.get()));
  loop.reset();
  EXPECT_EQ(Wait(noop), HOLDFAST_OK);
  const OperationPtr pending(holdfast_imap_noop(session.get()));
  session.reset();
  EXPECT_EQ(Wait(pending), HOLDFAST_E_SESSION_CLOSED);
}

// What a callback frees.
struct Handles {
  SessionPtr session;
  OperationPtr first = nullptr;
  OperationPtr second = nullptr;
  int told = 0;
  int waited = -1;

  static void FreeAll(void* data, holdfast_operation*) {
    auto* const self = static_cast<Handles*>(data);
    ++self->told;
    self->session.reset();
    self->first.reset();
    self->second.reset();
  }
};

TEST_F(CSessionTest, CallbacksMayFreeTheSessionAndTheirOwnOperation) {
  const LoopPtr loop(holdfast_loop_new(nullptr));
  Handles handles{Open(Dovecot(), loop.get())};
  handles.first.reset(holdfast_imap_noop(handles.session.get()));
  handles.second.reset(holdfast_imap_noop(handles.session.get()));
  holdfast_operation_on_done(handles.first.get(), Handles::FreeAll, &handles);
  holdfast_operation_on_done(handles.second.get(), Handles::FreeAll, &handles);
  EXPECT_EQ(holdfast_operation_wait(handles.first.get()), HOLDFAST_OK);
  for (int i = 0; i < 3; ++i) holdfast_loop_dispatch(loop.get());
  EXPECT_EQ(handles.told, 1);
}

TEST_F(CSessionTest, UpdatesMayFreeTheSession) {
  Handles handles{Open(Dovecot())};
  holdfast_imap_set_update_function(
      handles.session.get(),
      [](void* data, const holdfast_value*) {
        Handles::FreeAll(data, nullptr);
      },
      &handles, nullptr);
  const OperationPtr select(
      holdfast_imap_select(handles.session.get(), "INBOX"));
  const OperationPtr run(holdfast_imap_run(handles.session.get(), "CAPABILITY",
                                           nullptr, HOLDFAST_ON_LOSS_REPEAT));
  EXPECT_EQ(Wait(run), HOLDFAST_E_SESSION_CLOSED);
  EXPECT_EQ(handles.told, 1);
}

TEST_F(CSessionTest, ACallbackCannotWait) {
  Handles handles{Open(Dovecot())};
  handles.first.reset(holdfast_imap_noop(handles.session.get()));
  handles.second.reset(holdfast_imap_noop(handles.session.get()));
  holdfast_operation_on_done(
      handles.first.get(),
      [](void* data, holdfast_operation*) {
        auto* const self = static_cast<Handles*>(data);
        self->waited = holdfast_operation_wait(self->second.get());
      },
      &handles);
  EXPECT_EQ(Wait(handles.second), HOLDFAST_OK);
  EXPECT_EQ(handles.waited, HOLDFAST_E_INVALID_ARGUMENT);
}

TEST_F(CSessionTest, AnIdleEndsWhenItIsEndedOrFreed) {
  const SessionPtr session = Open(Dovecot());
  Done(holdfast_imap_examine(session.get(), "INBOX"));
  OperationPtr idle(holdfast_imap_idle(session.get()));
  holdfast_imap_end_idle(idle.get());
  EXPECT_EQ(Wait(idle), HOLDFAST_OK);
  EXPECT_EQ(At(idle, "/ok"), "1");
  idle.reset(holdfast_imap_idle(session.get()));
  const OperationPtr noop(holdfast_imap_noop(session.get()));
  holdfast_imap_end_idle(noop.get());  // is none
  idle.reset();
  EXPECT_EQ(Wait(noop), HOLDFAST_OK);
}

TEST_F(CSessionTest, AnotherThreadCancelsWhatRuns) {
  const SessionPtr session = Open(Dovecot());
  Done(holdfast_imap_examine(session.get(), "INBOX"));
  const OperationPtr idle(holdfast_imap_idle(session.get()));
  std::atomic<bool> cancelled = false;
  std::thread other([&] {
    absl::SleepFor(absl::Milliseconds(50));
    holdfast_operation_cancel(idle.get());  // of a command: nothing
    absl::SleepFor(Scaled(absl::Milliseconds(50)));
    cancelled = true;
    holdfast_session_cancel(session.get());
  });
  EXPECT_EQ(Wait(idle), HOLDFAST_E_CANCELLED);
  EXPECT_TRUE(cancelled) << "it ended for something else";
  other.join();
  const OperationPtr later(holdfast_imap_noop(session.get()));
  EXPECT_EQ(Wait(later), HOLDFAST_E_CANCELLED);
}

// ---- Programs in C ---------------------------------------------------------

// Each as it is, and under valgrind.
class CProgramTest : public CSessionTest,
                     public testing::WithParamInterface<bool> {
 protected:
  ProcessOptions Program(std::vector<std::string> arguments,
                         const std::string& password = "pw") const {
    if (GetParam()) {
      arguments.insert(
          arguments.begin(),
          {"valgrind", "-q", "--error-exitcode=99", leak_check_,
           "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
           "--suppressions=" HOLDFAST_SOURCE_DIR "/tests/valgrind.supp"});
    }
    return {
        std::move(arguments), {{"SSL_CERT_FILE", ca_file()}}, password + "\n"};
  }
  ProcessResult Run(std::vector<std::string> arguments,
                    const std::string& password = "pw") const {
    const auto result =
        RunProcess(Program(std::move(arguments), password), ProgramLimit());
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : ProcessResult();
  }

  // valgrind is slow, too.
  static absl::Duration ProgramLimit() { return 2 * LongEnough(); }

  const char* leak_check_ = "--leak-check=full";
};
// valgrind is for what is released.
#ifdef NDEBUG
constexpr bool kReleased = !kAddressSanitizer;
#else
constexpr bool kReleased = false;
#endif
INSTANTIATE_TEST_SUITE_P(, CProgramTest,
                         kReleased ? testing::ValuesIn({false, true})
                                   : testing::ValuesIn({false}),
                         [](const auto& mode) {
                           return mode.param ? "Valgrind" : "Plain";
                         });

// By STARTTLS: there, however slow valgrind is, one attempt follows the other.
TEST_P(CProgramTest, AConnectRecoversAndRemembers) {
  lab::LabOptions options;
  options.security = lab::Security::kStartTls;
  options.behaviour = *lab::FindBehaviour("tls13-fin");
  options.certificate = *authority_.Issue();
  const auto server = lab::LabServer::Start(std::move(options)).value();
  const std::vector<std::string> program = {
      HOLDFAST_C_CONNECT, absl::StrCat("imap://127.0.0.1:", server->port()),
      directory_.path() + "/hosts.db"};
  EXPECT_THAT(Run(program).out, HasSubstr("with TLS 1.2 in 4 attempts"));
  const ProcessResult second = Run(program);
  EXPECT_THAT(second.out, HasSubstr("with TLS 1.2 in 1 attempt."));
  EXPECT_EQ(second.exit_code, 0) << second.err;
}

TEST_P(CProgramTest, TheReaderPrintsMailboxesSubjectsAndTheNewestMessage) {
  const SessionPtr session = Open(Dovecot());
  for (int i = 0; i < 11; ++i) Append(session, Message("a"));
  Append(session, Message("b"));
  const ProcessResult read = Run({HOLDFAST_C_IMAP_READER, Dovecot(), "alice"});
  EXPECT_EQ(read.exit_code, 0) << read.err;
  std::string subjects;
  for (int i = 0; i < 9; ++i) subjects += "Subject: a\r\n\r\n";
  subjects += "Subject: b\r\n\r\n";
  EXPECT_EQ(read.out, absl::StrCat("INBOX\n", subjects, Message("b")));
  EXPECT_EQ(read.err, "");
}

TEST_P(CProgramTest, TheReaderTellsOfAWrongPassword) {
  leak_check_ = "--leak-check=no";  // a program that exits frees nothing
  const ProcessResult read =
      Run({HOLDFAST_C_IMAP_READER, Dovecot(), "alice"}, "wrong");
  EXPECT_EQ(read.exit_code, 1);
  EXPECT_EQ(read.out, "");
  EXPECT_THAT(read.err, HasSubstr("The server refused the credentials"));
  EXPECT_THAT(read.err, HasSubstr("AUTHENTICATIONFAILED"));
}

TEST_P(CProgramTest, TheWatcherHearsOfNewMailInAPollLoop) {
  const SessionPtr session = Open(Dovecot());
  Append(session, Message("a"));
  const auto watcher =
      Process::Start(Program({HOLDFAST_C_IMAP_WATCHER, Dovecot(), "alice"}));
  ASSERT_TRUE(watcher.ok());
  ASSERT_TRUE((*watcher)->WaitForOutput("1 messages\n", ProgramLimit()))
      << (*watcher)->err();
  Append(session, Message("b"));
  const auto ended = (*watcher)->Wait(ProgramLimit());
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->exit_code, 0) << ended->err;
  EXPECT_EQ(ended->out, "1 messages\nnow 2\n");
  EXPECT_EQ(ended->err, "");
}

TEST_P(CProgramTest, ThePop3ReaderPrintsAndDeletesTheFirstMessage) {
  const SessionPtr session = Open(Dovecot());
  Append(session, Message("a"));
  Append(session, Message("b"));
  const ProcessResult read = Run(
      {HOLDFAST_C_POP3_READER,
       absl::StrCat("pop3s://127.0.0.1:", dovecot().pop3s_port()), "alice"});
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_EQ(read.out, absl::StrCat("2 messages\n", Message("a").size(),
                                   " bytes\n", Message("a")));
  EXPECT_EQ(read.err, "");
  EXPECT_EQ(At(Done(holdfast_imap_examine(session.get(), "INBOX")), "/exists"),
            "1");
}

TEST_P(CProgramTest, TheSenderTellsWhatTheServerSaysOfEachRecipient) {
  const auto postfix = PostfixServer::Start({*authority_.Issue()});
  if (absl::IsFailedPrecondition(postfix.status())) {
    GTEST_SKIP() << postfix.status();
  }
  ASSERT_TRUE(postfix.ok()) << postfix.status();
  const auto send = [&](const std::string& recipient,
                        const std::string& password) {
    return Run(
        {HOLDFAST_C_SMTP_SENDER,
         absl::StrCat("submissions://127.0.0.1:",
                      (*postfix)->submissions_port()),
         "alice@example.test", directory_.Write("message.eml", Message("a")),
         "alice@example.test", "alice@example.test", recipient},
        password);
  };
  const ProcessResult sent = send("nobody@example.test", "pw");
  EXPECT_EQ(sent.exit_code, 1) << sent.err;
  EXPECT_EQ(sent.err, "");
  const std::vector<std::string> lines =
      absl::StrSplit(sent.out, '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, ElementsAre(StartsWith("alice@example.test: 250 "),
                                 StartsWith("nobody@example.test: 550 5.1.1 "),
                                 StartsWith("accepted: 250 ")));
  const ProcessResult refused = send("alice@example.test", "wrong");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("535 5.7.8"));
  EXPECT_THAT(refused.out, HasSubstr("not accepted"));
}

TEST_P(CProgramTest, TheNewsReaderPrintsAndPosts) {
  const auto inn = InnServer::Start({*authority_.Issue()});
  if (absl::IsFailedPrecondition(inn.status())) GTEST_SKIP() << inn.status();
  ASSERT_TRUE(inn.ok()) << inn.status();
  const ProcessResult read =
      Run({HOLDFAST_C_NEWS_READER,
           absl::StrCat("nntps://127.0.0.1:", (*inn)->nntps_port())});
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_THAT(read.out, StartsWith("test.local: 1\ntest.local "));
  EXPECT_THAT(read.out, HasSubstr("\n1\tHello\tAlice"));
  EXPECT_THAT(read.out,
              EndsWith("\r\n\r\nHello, group.\r\n1\n<1@example.test>\n"));
  EXPECT_EQ(read.err, "");
}

}  // namespace
}  // namespace holdfast::test
