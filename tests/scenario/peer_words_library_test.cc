// What hostile peers say, as clients of the library get it: words for people
// are fit to be shown, data is as it came, and documents hide nothing either
// way.

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/dialogue/protocol.h"
#include "holdfast/tests/helpers/c_handles.h"
#include "holdfast/tests/helpers/hostile.h"
#include "holdfast/tests/helpers/shown_text.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/lab_server.h"
#include "nlohmann/json.hpp"

namespace holdfast::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr char kHarm[] = "\x1b[31m";

// All documents and words for people that the library gave.
struct Told {
  std::vector<std::string> documents;

  void Hear(const holdfast_value* value) {
    documents.emplace_back(holdfast_value_json(value));
  }
};

class PeerWordsLibraryTest : public testing::TestWithParam<const char*> {
 protected:
  // Signs anybody in, and has `reply` for `verb`.
  void Start(const std::string& verb = "", const lab::Reply& reply = {}) {
    lab::LabOptions options;
    options.protocol = protocol();
    options.certificate = certificate_.certificate;
    options.behaviour.edit = [=](lab::Script* script) {
      if (!SpeakHostile("said")(script)) return false;
      for (const char* sign_in :
           {"AUTHENTICATE", "AUTH", "AUTHINFO", "LOGIN", "USER", "PASS"}) {
        script->tls.commands.push_back({sign_in, {SignedIn()}});
      }
      if (!verb.empty()) script->tls.commands.push_back({verb, reply});
      return true;
    };
    server_ = *lab::LabServer::Start(options);
    const ProtocolInfo& info = GetProtocolInfo(*ParseProtocol(protocol()));
    target_ =
        absl::StrCat(info.implicit_scheme, "://127.0.0.1:", server_->port());
  }

  std::string protocol() const { return GetParam(); }
  std::string SignedIn() const {
    const std::string words = Hostile("signed") + "\r\n";
    if (protocol() == "imap") return "$TAG OK " + words;
    if (protocol() == "pop3") return "+OK " + words;
    return (protocol() == "nntp" ? "281 " : "235 2.7.0 ") + words;
  }

  ClientPtr NewClient() {
    ClientPtr client(holdfast_client_new(nullptr));
    holdfast_client_set_system_roots(client.get(), 0, nullptr);
    holdfast_client_add_ca_file(
        client.get(), directory_.Write("ca.pem", certificate_.root_pem).c_str(),
        nullptr);
    holdfast_client_set_count(client.get(), HOLDFAST_COUNT_MAX_REDIALS, 0,
                              nullptr);
    holdfast_client_set_event_function(
        client.get(),
        [](void* told, const holdfast_value* event) {
          static_cast<Told*>(told)->Hear(event);
        },
        &told_, nullptr);
    holdfast_client_set_certificate_function(
        client.get(),
        [](void* told, holdfast_certificate_question* question) {
          static_cast<Told*>(told)->Hear(
              holdfast_certificate_question_value(question));
          holdfast_certificate_question_answer(question,
                                               HOLDFAST_CERTIFICATE_AS_FOUND);
        },
        &told_, nullptr);
    return client;
  }
  SessionPtr OpenSession() {
    const ClientPtr client = NewClient();
    const CredentialsPtr credentials(
        holdfast_credentials_new_password("alice", "pw", nullptr));
    return SessionPtr(holdfast_session_new(
        client.get(), nullptr, target_.c_str(), credentials.get(), nullptr));
  }
  // The command that asks for least.
  static holdfast_operation* Noop(holdfast_session* session) {
    const std::string protocol = GetParam();
    if (protocol == "imap") return holdfast_imap_noop(session);
    if (protocol == "pop3") return holdfast_pop3_noop(session);
    if (protocol == "nntp") return holdfast_nntp_group(session, "a.group");
    return holdfast_smtp_noop(session);
  }
  static const char* NoopVerb() {
    return GetParam() == std::string("nntp") ? "GROUP" : "NOOP";
  }

  // Waits for it, and looks at what it has for people.
  OperationPtr Done(holdfast_operation* begun) {
    OperationPtr operation(begun);
    holdfast_operation_wait(operation.get());
    told_.Hear(holdfast_operation_result(operation.get()));
    const holdfast_error* const error =
        holdfast_operation_error(operation.get());
    told_.documents.push_back(error != nullptr ? holdfast_error_json(error)
                                               : "{}");
    EXPECT_EQ(FirstUnshown(holdfast_error_message(error)), std::nullopt);
    EXPECT_EQ(FirstUnshown(holdfast_error_advice(error)), std::nullopt);
    return operation;
  }
  // The text of a document holds nothing that should not be shown; it is JSON.
  void ExpectDocumentsAreShown() const {
    for (const std::string& document : told_.documents) {
      EXPECT_EQ(FirstUnshown(document), std::nullopt);
      EXPECT_FALSE(
          nlohmann::json::parse(document, nullptr, false).is_discarded())
          << document;
    }
  }

  HostileCertificate certificate_ = MakeHostileCertificate();
  TempDir directory_;
  std::unique_ptr<lab::LabServer> server_;
  std::string target_;
  Told told_;
};

TEST_P(PeerWordsLibraryTest, ReportsEventsAndQuestionsAreForPeople) {
  Start();
  const SessionPtr session = OpenSession();
  const OperationPtr connected = Done(holdfast_session_connect(session.get()));
  ASSERT_EQ(holdfast_operation_error(connected.get()), nullptr)
      << holdfast_error_json(holdfast_operation_error(connected.get()));
  told_.Hear(holdfast_session_report(session.get()));
  EXPECT_THAT(told_.documents, Contains(HasSubstr("said>")));
  EXPECT_THAT(told_.documents, Contains(HasSubstr("subject>")));
  ExpectDocumentsAreShown();
  for (const std::string& document : told_.documents) {
    EXPECT_EQ(FirstUnshownInJson(document), std::nullopt);
  }
  // And the list of a session is data.
  std::vector<std::string> capabilities;
  for (size_t i = 0;
       const char* capability = holdfast_session_capability(session.get(), i);
       ++i) {
    capabilities.emplace_back(capability);
  }
  EXPECT_THAT(capabilities, Contains(HasSubstr(kHarm)));
}

TEST_P(PeerWordsLibraryTest, AnswersAreDataInDocumentsThatHideNothing) {
  const std::string reply = protocol() == "imap"   ? "$TAG NO "
                            : protocol() == "pop3" ? "-ERR "
                            : protocol() == "nntp" ? "411 "
                                                   : "550 5.0.0 ";
  Start(NoopVerb(), {reply + Hostile("refusal") + "\r\n"});
  const SessionPtr session = OpenSession();
  const OperationPtr refused = Done(Noop(session.get()));
  size_t size = 0;
  const char* const words = holdfast_value_bytes(
      holdfast_operation_result(refused.get()), "/words", &size);
  ASSERT_NE(words, nullptr) << told_.documents.back();
  EXPECT_THAT(std::string(words, size), HasSubstr(Hostile("refusal")));
  EXPECT_THAT(told_.documents, Contains(HasSubstr("refusal>\\u001b[31m")));
  ExpectDocumentsAreShown();
}

TEST_P(PeerWordsLibraryTest, AnAnswerThatIsNoneIsInTheError) {
  Start(NoopVerb(), {Hostile("nothing") + "\r\n"});
  const SessionPtr session = OpenSession();
  const OperationPtr ended = Done(Noop(session.get()));
  const holdfast_error* const error = holdfast_operation_error(ended.get());
  ASSERT_NE(error, nullptr);
  EXPECT_THAT(holdfast_error_server_text(error), HasSubstr(kHarm));
  EXPECT_THAT(holdfast_error_json(error), HasSubstr("nothing>"));
  EXPECT_EQ(FirstUnshownInJson(holdfast_error_json(error)), std::nullopt);
  ExpectDocumentsAreShown();
}

TEST_P(PeerWordsLibraryTest, AFarewellIsInTheError) {
  const std::string reply = protocol() == "imap"   ? "* BYE "
                            : protocol() == "pop3" ? "-ERR [SYS/TEMP] "
                            : protocol() == "nntp" ? "400 "
                                                   : "421 4.3.2 ";
  Start(NoopVerb(), {reply + Hostile("farewell") + "\r\n", lab::Then::kClose});
  const SessionPtr session = OpenSession();
  Done(Noop(session.get()));
  Done(Noop(session.get()));
  EXPECT_THAT(told_.documents, Contains(HasSubstr("farewell>")));
  ExpectDocumentsAreShown();
}

TEST_P(PeerWordsLibraryTest, AnErrorOfAConnectIsForPeople) {
  certificate_ = MakeHostileCertificate({absl::Now() - absl::Hours(1), false});
  Start();
  const ClientPtr client = NewClient();
  const OperationPtr failed =
      Done(holdfast_connect(client.get(), nullptr, target_.c_str()));
  const holdfast_error* const error = holdfast_operation_error(failed.get());
  EXPECT_THAT(holdfast_error_message(error), HasSubstr(R"(names>\x1b[31m)"));
  for (const std::string& document : told_.documents) {
    EXPECT_EQ(FirstUnshownInJson(document), std::nullopt);
  }
  EXPECT_THAT(told_.documents, Contains(HasSubstr("subject>")));
}

INSTANTIATE_TEST_SUITE_P(EachProtocol, PeerWordsLibraryTest,
                         testing::Values("imap", "pop3", "submission", "nntp"),
                         [](const auto& way) { return way.param; });

// What a client says of others, such as a proxy of its own.
TEST_P(PeerWordsLibraryTest, ReasonsOfTheClientAreForPeople) {
  Start();
  const ClientPtr client = NewClient();
  holdfast_client_set_socket_function(
      client.get(),
      [](void*, holdfast_socket_request* request) {
        holdfast_socket_request_answer(request, -1, 0,
                                       Hostile("socket").c_str());
      },
      nullptr, nullptr);
  Done(holdfast_connect(client.get(), nullptr, target_.c_str()));
  holdfast_client_set_socket_function(client.get(), nullptr, nullptr, nullptr);
  const CredentialsPtr credentials(holdfast_credentials_new(
      HOLDFAST_CREDENTIAL_PASSWORD,
      [](void*, holdfast_credentials_question* question) {
        holdfast_credentials_question_decline(question,
                                              Hostile("declined").c_str());
      },
      nullptr, nullptr));
  const SessionPtr session(holdfast_session_new(
      client.get(), nullptr, target_.c_str(), credentials.get(), nullptr));
  Done(holdfast_session_connect(session.get()));
  for (const char* marker : {"socket>", "declined>"}) {
    EXPECT_THAT(told_.documents, Contains(HasSubstr(marker)));
  }
  for (const std::string& document : told_.documents) {
    EXPECT_EQ(FirstUnshownInJson(document), std::nullopt);
  }
}

class PeerWordsImapTest : public PeerWordsLibraryTest {};

TEST_P(PeerWordsImapTest, NamesOfMailboxesAndNewsAreData) {
  const std::string harm = HostileUtf8("mailbox");
  const std::string quoted = absl::StrReplaceAll(harm, {{"\\", "\\\\"}});
  Start("LIST",
        {absl::StrCat("* LIST () \"/\" \"", quoted, "\"\r\n* OK [ALERT] ",
                      Hostile("alert"), "\r\n* 1 X", Hostile("other"),
                      "\r\n$TAG OK ", Hostile("done"), "\r\n")});
  const SessionPtr session = OpenSession();
  holdfast_imap_set_update_function(
      session.get(),
      [](void* told, const holdfast_value* update) {
        static_cast<Told*>(told)->Hear(update);
      },
      &told_, nullptr);
  const OperationPtr listed = Done(holdfast_imap_list(session.get(), "*"));
  EXPECT_STREQ(holdfast_value_text(holdfast_operation_result(listed.get()),
                                   "/mailboxes/0/name"),
               harm.c_str())
      << told_.documents.back();
  for (const char* marker : {"mailbox>", "alert>", "done>"}) {
    EXPECT_THAT(told_.documents, Contains(HasSubstr(marker)));
  }
  ExpectDocumentsAreShown();
}

INSTANTIATE_TEST_SUITE_P(Imap, PeerWordsImapTest, testing::Values("imap"));

TEST(PrintableInCTest, WritesWhatFits) {
  const std::string words = "a\x1b" + std::string("\u00fc\u202e") + "\xff\\";
  const std::string shown = "a\\x1bü\\u{202e}\\xff\\\\";
  char buffer[64];
  EXPECT_EQ(holdfast_printable(words.data(), words.size(), nullptr, 0),
            shown.size());
  for (size_t room = 1; room <= sizeof buffer; ++room) {
    std::memset(buffer, '#', sizeof buffer);
    EXPECT_EQ(holdfast_printable(words.data(), words.size(), buffer, room),
              shown.size());
    const std::string written = buffer;
    EXPECT_LT(written.size(), room);
    EXPECT_EQ(shown.substr(0, written.size()), written);
    EXPECT_EQ(FirstUnshown(written), std::nullopt);
    // No more is cut than the half of a character.
    EXPECT_GE(written.size() + 2, std::min(room, shown.size() + 1));
    EXPECT_TRUE(room == sizeof buffer || buffer[room] == '#');
  }
  EXPECT_EQ(holdfast_printable(nullptr, 5, buffer, sizeof buffer), 0u);
  EXPECT_STREQ(buffer, "");
}

}  // namespace
}  // namespace holdfast::test
