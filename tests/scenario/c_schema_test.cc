// What C reads is as docs/schema says: the documents of every function that has
// a result, before servers of the lab and real ones.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/paths.h"
#include "holdfast/tests/helpers/c_handles.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/free_port.h"
#include "holdfast/tests/helpers/inn_server.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tests/helpers/postfix_server.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Collects documents, and has tests/schemas look at them.
class Documents {
 public:
  void Add(const std::string& schema, const std::string& json) {
    // A line break stands in no text of JSON.
    absl::StrAppend(&lines_, R"({"schema": ")", schema, R"(", "document": )",
                    absl::StrReplaceAll(json, {{"\n", " "}}), "}\n");
  }
  void Add(const std::string& schema, const holdfast_value* value) {
    ASSERT_NE(value, nullptr) << schema;
    Add(schema, holdfast_value_json(value));
  }
  void Add(const std::string& schema, const OperationPtr& operation) {
    Add(schema, holdfast_operation_result(operation.get()));
  }
  ProcessResult Validate() const {
    const auto checked = RunProcess(
        {{HOLDFAST_SOURCE_DIR "/tests/schemas", "--documents"}, {}, lines_});
    EXPECT_TRUE(checked.ok()) << checked.status();
    return checked.ok() ? *checked : ProcessResult();
  }
  void ExpectValid() const {
    const ProcessResult checked = Validate();
    EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err << "\n"
                                    << lines_;
  }

 private:
  std::string lines_;
};

class CSchemaTest : public testing::Test {
 protected:
  CSchemaTest() {
    holdfast_client_set_system_roots(client_.get(), 0, nullptr);
    holdfast_client_add_ca_file(
        client_.get(),
        directory_.Write("ca.pem", authority_.certificate_pem()).c_str(),
        nullptr);
    holdfast_client_set_cache(client_.get(), cache_.get(), nullptr);
    holdfast_client_set_time(client_.get(), HOLDFAST_TIME_CONNECT,
                             ScaledMilliseconds(30'000), nullptr);
    holdfast_client_set_time(client_.get(), HOLDFAST_TIME_PATIENCE,
                             ScaledMilliseconds(60'000), nullptr);
  }

  std::unique_ptr<lab::LabServer> StartLab(const std::string& behaviour) {
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    options.certificate = *authority_.Issue();
    return lab::LabServer::Start(std::move(options)).value();
  }
  static std::string Url(const std::string& scheme, uint16_t port) {
    return absl::StrCat(scheme, "://127.0.0.1:", port);
  }

  // Waits for it; its result has this schema.
  OperationPtr Done(const std::string& schema, holdfast_operation* begun) {
    OperationPtr operation(begun);
    EXPECT_EQ(holdfast_operation_wait(operation.get()), HOLDFAST_OK)
        << schema << ": "
        << holdfast_error_json(holdfast_operation_error(operation.get()));
    documents_.Add(schema, operation);
    return operation;
  }
  // The same of one that fails.
  OperationPtr Failed(const std::string& schema, holdfast_operation* begun) {
    OperationPtr operation(begun);
    EXPECT_NE(holdfast_operation_wait(operation.get()), HOLDFAST_OK) << schema;
    documents_.Add(schema, operation);
    documents_.Add("error", holdfast_error_json(
                                holdfast_operation_error(operation.get())));
    return operation;
  }

  CredentialsPtr Password(const std::string& user, const std::string& password,
                          const char* mechanism = nullptr) {
    CredentialsPtr credentials(holdfast_credentials_new_password(
        user.c_str(), password.c_str(), nullptr));
    holdfast_credentials_set_mechanism(credentials.get(), mechanism, nullptr);
    return credentials;
  }
  SessionPtr Open(const std::string& target, const std::string& user,
                  const char* mechanism = nullptr) {
    SessionPtr session(
        holdfast_session_new(client_.get(), nullptr, target.c_str(),
                             Password(user, "pw", mechanism).get(), nullptr));
    EXPECT_NE(session, nullptr);
    return session;
  }
  static MessagePtr Text(const std::string& text) {
    return MessagePtr(
        holdfast_message_new_memory(text.data(), text.size(), nullptr));
  }

  // A callback's document; NULL is none.
  template <const char* kSchema>
  static void Collect(void* data, const holdfast_value* value) {
    if (value != nullptr) static_cast<Documents*>(data)->Add(kSchema, value);
  }
  static constexpr char kEvent[] = "event";
  static constexpr char kMessage[] = "imap-message";
  static constexpr char kUpdate[] = "imap-update";

  lab::CertificateAuthority authority_ = *lab::CertificateAuthority::Create();
  const TempDir directory_;
  const ClientPtr client_{holdfast_client_new(nullptr)};
  const CachePtr cache_{holdfast_cache_open(nullptr, nullptr)};
  Documents documents_;
};

TEST_F(CSchemaTest, WhatIsWrongIsTold) {
  documents_.Add("pop3-stat", R"({"ok": true, "words": "", "code": "",
                                  "messages": "two", "bytes": 1})");
  documents_.Add("report", "{}");
  const ProcessResult checked = documents_.Validate();
  EXPECT_EQ(checked.exit_code, 1) << checked.err;
  EXPECT_THAT(checked.out,
              AllOf(HasSubstr("document 1: /messages"),
                    HasSubstr("'diagnosis' is a required property")));
}

TEST_F(CSchemaTest, OfConnects) {
  const auto server = StartLab("tls13-fin");
  const std::string url = Url("imaps", server->port());
  holdfast_client_set_event_function(client_.get(), Collect<kEvent>,
                                     &documents_, nullptr);
  const OperationPtr connect =
      Done("report", holdfast_connect(client_.get(), nullptr, url.c_str()));
  const holdfast_value* report = holdfast_operation_result(connect.get());
  EXPECT_STREQ(holdfast_value_text(report, HOLDFAST_PATH_REPORT_FALLBACK_RUNG),
               "tls12");
  EXPECT_NE(holdfast_value_text(report, HOLDFAST_PATH_REPORT_TLS_CERTIFICATE
                                            HOLDFAST_PATH_CERTIFICATE_SHA256),
            nullptr);
  Done("report", holdfast_connect_any_way(
                     client_.get(), nullptr, HOLDFAST_IMAP,
                     absl::StrCat("127.0.0.1:", server->port()).c_str()));
  Done("probe", holdfast_probe(client_.get(), nullptr, url.c_str()));
  const std::string nobody = Url("imaps", ReserveFreePort());
  Done("probe", holdfast_probe(client_.get(), nullptr, nobody.c_str()));
  Failed("report", holdfast_connect(client_.get(), nullptr, nobody.c_str()));
  Failed("nothing", holdfast_connect(client_.get(), nullptr, "gopher://x"));

  holdfast_cache_pin(cache_.get(), "imaps://pinned.example", "home", "compact",
                     60, nullptr);
  const ValuePtr list(holdfast_cache_list(cache_.get(), nullptr));
  EXPECT_EQ(holdfast_value_count(list.get(), ""), 2u);
  documents_.Add("cache-list", list.get());
  const CachePtr unusable(holdfast_cache_open("/dev/null/cache", nullptr));
  const ValuePtr warnings(
      holdfast_cache_take_warnings(unusable.get(), nullptr));
  EXPECT_EQ(holdfast_value_count(warnings.get(), ""), 1u);
  documents_.Add("cache-warnings", warnings.get());
  documents_.ExpectValid();
}

TEST_F(CSchemaTest, OfCertificates) {
  const auto server = StartLab("healthy");
  const std::string url = Url("imaps", server->port());
  const ClientPtr stranger(holdfast_client_new(nullptr));
  holdfast_client_set_time(stranger.get(), HOLDFAST_TIME_CONNECT,
                           ScaledMilliseconds(30'000), nullptr);
  holdfast_client_set_cache(stranger.get(), cache_.get(), nullptr);
  Failed("report", holdfast_connect(stranger.get(), nullptr, url.c_str()));
  Done("probe", holdfast_probe(stranger.get(), nullptr, url.c_str()));
  holdfast_client_set_certificate_function(
      stranger.get(),
      [](void* data, holdfast_certificate_question* question) {
        static_cast<Documents*>(data)->Add(
            "certificate-question",
            holdfast_certificate_question_value(question));
        holdfast_certificate_question_answer(
            question, HOLDFAST_CERTIFICATE_CONNECT_UNVERIFIED);
      },
      &documents_, nullptr);
  const OperationPtr connect =
      Done("report", holdfast_connect(stranger.get(), nullptr, url.c_str()));
  EXPECT_EQ(holdfast_value_number(holdfast_operation_result(connect.get()),
                                  HOLDFAST_PATH_REPORT_TLS_CERTIFICATE
                                      HOLDFAST_PATH_CERTIFICATE_VERIFIED,
                                  -1),
            0);
  documents_.ExpectValid();
}

TEST_F(CSchemaTest, OfSigningIn) {
  const auto dovecot = DovecotServer::Start({*authority_.Issue()}).value();
  const std::string url = Url("imaps", dovecot->imaps_port());
  const auto connected = [&] {
    const OperationPtr connect =
        Done("report", holdfast_connect(client_.get(), nullptr, url.c_str()));
    return ConnectionPtr(holdfast_operation_take_connection(connect.get()));
  };
  const ConnectionPtr first = connected();
  Done("sign-in", holdfast_connection_sign_in(first.get(), nullptr,
                                              Password("alice", "pw").get()));
  const ConnectionPtr second = connected();
  Failed("sign-in",
         holdfast_connection_sign_in(second.get(), nullptr,
                                     Password("alice", "wrong").get()));
  documents_.ExpectValid();
}

TEST_F(CSchemaTest, OfImap) {
  const auto dovecot = DovecotServer::Start({*authority_.Issue()}).value();
  const SessionPtr session = Open(Url("imaps", dovecot->imaps_port()), "alice");
  holdfast_session* const imap = session.get();
  holdfast_imap_set_update_function(imap, Collect<kUpdate>, &documents_,
                                    nullptr);
  Done("nothing", holdfast_session_connect(imap));
  documents_.Add("report", holdfast_session_report(imap));
  const MessagePtr message = Text(
      "Subject: Gr\xfc\xdf"
      "e\r\n\r\nx\r\n");
  Done("imap-append",
       holdfast_imap_append(imap, "INBOX", nullptr, 0, message.get()));
  Done("imap-append",
       holdfast_imap_append(imap, "None", nullptr, 0, message.get()));
  Done("imap-mailbox", holdfast_imap_examine(imap, "INBOX"));
  Done("imap-mailbox", holdfast_imap_select(imap, "INBOX"));
  Done("imap-mailbox", holdfast_imap_select(imap, "None"));
  Done("imap-mailbox", holdfast_imap_select(imap, "INBOX"));
  Done("imap-list", holdfast_imap_list(imap, "*"));
  const char* const status[] = {"MESSAGES", "UNSEEN", nullptr};
  Done("imap-status", holdfast_imap_status(imap, "INBOX", status));
  Done("imap-search", holdfast_imap_search(imap, "ALL", nullptr));
  const char* const items[] = {"FLAGS",    "RFC822.SIZE",   "INTERNALDATE",
                               "ENVELOPE", "BODYSTRUCTURE", "BODY.PEEK[HEADER]",
                               nullptr};
  const OperationPtr fetch = Done(
      "imap-fetch",
      holdfast_imap_fetch(imap, "1:*", items, Collect<kMessage>, &documents_));
  EXPECT_EQ(holdfast_value_number(holdfast_operation_result(fetch.get()),
                                  HOLDFAST_PATH_IMAP_FETCH_MESSAGES, 0),
            1);
  const SinkPtr sink(holdfast_sink_new_memory(nullptr));
  Done("imap-fetch", holdfast_imap_fetch_body(imap, 1, "", sink.get()));
  Done("imap-run", holdfast_imap_run(imap, "CREATE Other", nullptr,
                                     HOLDFAST_ON_LOSS_UNKNOWN));
  Done("imap-run", holdfast_imap_run(imap, "LIST \"\" *", nullptr,
                                     HOLDFAST_ON_LOSS_REPEAT));
  Done("imap-copy", holdfast_imap_copy(imap, "1", "Other"));
  Done("imap-copy", holdfast_imap_move(imap, "1", "Other"));
  Done("imap-mailbox", holdfast_imap_select(imap, "Other"));
  const char* const deleted[] = {"\\Deleted", nullptr};
  Done("imap-answer",
       holdfast_imap_store(imap, "2", HOLDFAST_IMAP_REPLACE, deleted));
  Done("imap-answer", holdfast_imap_expunge(imap, "1:*"));
  const char* const wanted[] = {"CONDSTORE", nullptr};
  Done("imap-enable", holdfast_imap_enable(imap, wanted));
  Done("imap-answer", holdfast_imap_noop(imap));
  holdfast_operation* const idle = holdfast_imap_idle(imap);
  holdfast_imap_end_idle(idle);
  Done("imap-answer", idle);
  Done("nothing", holdfast_imap_logout(imap));
  documents_.ExpectValid();
}

TEST_F(CSchemaTest, OfPop3) {
  const auto dovecot = DovecotServer::Start({*authority_.Issue()}).value();
  {
    const SessionPtr imap = Open(Url("imaps", dovecot->imaps_port()), "alice");
    const MessagePtr message = Text("Subject: a\r\n\r\nx\r\n");
    Done("imap-append",
         holdfast_imap_append(imap.get(), "INBOX", nullptr, 0, message.get()));
  }
  const SessionPtr session = Open(Url("pop3s", dovecot->pop3s_port()), "alice");
  holdfast_session* const pop3 = session.get();
  Done("pop3-stat", holdfast_pop3_stat(pop3));
  Done("pop3-list", holdfast_pop3_list(pop3));
  const OperationPtr list = Done("pop3-list", holdfast_pop3_uid_list(pop3));
  char path[64];
  snprintf(path, sizeof path, HOLDFAST_PATH_POP3_LIST_MESSAGES_AT_UNIQUE_ID,
           size_t{0});
  const char* const id =
      holdfast_value_text(holdfast_operation_result(list.get()), path);
  ASSERT_NE(id, nullptr);
  const SinkPtr sink(holdfast_sink_new_memory(nullptr));
  Done("pop3-answer", holdfast_pop3_retrieve(pop3, 1, id, sink.get()));
  Done("pop3-answer", holdfast_pop3_top(pop3, 1, id, 0, sink.get()));
  Done("pop3-answer", holdfast_pop3_top(pop3, 9, nullptr, 0, sink.get()));
  Done("pop3-answer", holdfast_pop3_delete(pop3, 1, id));
  Done("pop3-answer", holdfast_pop3_reset(pop3));
  Done("pop3-answer", holdfast_pop3_noop(pop3));
  Done("pop3-answer", holdfast_pop3_quit(pop3));
  documents_.ExpectValid();
}

TEST_F(CSchemaTest, OfSmtp) {
  const auto postfix = PostfixServer::Start({*authority_.Issue()});
  if (absl::IsFailedPrecondition(postfix.status())) {
    GTEST_SKIP() << postfix.status();
  }
  ASSERT_TRUE(postfix.ok()) << postfix.status();
  const SessionPtr session = Open(
      Url("submissions", (*postfix)->submissions_port()), "alice@example.test");
  holdfast_session* const smtp = session.get();
  Done("smtp-answer", holdfast_smtp_noop(smtp));
  const MessagePtr message = Text("Subject: a\r\n\r\nx\r\n");
  const char* const recipients[] = {"alice@example.test", "nobody@example.test",
                                    nullptr};
  const OperationPtr sent =
      Done("smtp-send", holdfast_smtp_send(smtp, "alice@example.test",
                                           recipients, 0, message.get()));
  char path[64];
  snprintf(path, sizeof path,
           HOLDFAST_PATH_SMTP_SEND_RECIPIENTS_AT HOLDFAST_PATH_SMTP_ANSWER_CODE,
           size_t{1});
  EXPECT_EQ(
      holdfast_value_number(holdfast_operation_result(sent.get()), path, 0),
      550);
  Failed("smtp-send", holdfast_smtp_send(smtp, "alice@example.test", nullptr, 0,
                                         message.get()));
  Done("smtp-answer", holdfast_smtp_quit(smtp));
  documents_.ExpectValid();
}

TEST_F(CSchemaTest, OfNntp) {
  const auto inn = InnServer::Start({*authority_.Issue()});
  if (absl::IsFailedPrecondition(inn.status())) GTEST_SKIP() << inn.status();
  ASSERT_TRUE(inn.ok()) << inn.status();
  // INN offers SASL too, which has other users.
  const SessionPtr session =
      Open(Url("nntps", (*inn)->nntps_port()), "alice", "USER/PASS");
  holdfast_session* const nntp = session.get();
  const SinkPtr sink(holdfast_sink_new_memory(nullptr));
  Done("nntp-group", holdfast_nntp_group(nntp, "test.none"));
  Done("nntp-group", holdfast_nntp_group(nntp, "test.local"));
  Done("nntp-group",
       holdfast_nntp_list_group(nntp, "test.local", 1, 0, sink.get()));
  Done("nntp-answer", holdfast_nntp_over(nntp, 1, 0, sink.get()));
  Done("nntp-article", holdfast_nntp_article(nntp, 1, nullptr, sink.get()));
  Done("nntp-article", holdfast_nntp_head(nntp, 1, nullptr, sink.get()));
  Done("nntp-article", holdfast_nntp_body(nntp, 1, nullptr, sink.get()));
  Done("nntp-article", holdfast_nntp_stat(nntp, 1, nullptr));
  Done("nntp-article", holdfast_nntp_stat(nntp, 0, "<none@example.test>"));
  Done("nntp-answer", holdfast_nntp_list_active(nntp, nullptr, sink.get()));
  const MessagePtr article = Text(
      "From: alice@example.test\nNewsgroups: test.local\nSubject: a\n\nx\n");
  Done("nntp-answer", holdfast_nntp_post(nntp, article.get()));
  Done("nntp-answer", holdfast_nntp_quit(nntp));
  documents_.ExpectValid();
}

}  // namespace
}  // namespace holdfast::test
