// SPDX-License-Identifier: 0BSD

// Lists the mailboxes, then the subjects of the newest messages of INBOX, and
// prints the newest message.
//
//   imap_reader imaps://mail.example.org alice < password

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "holdfast/holdfast.h"
#include "holdfast/paths.h"

enum { NEWEST = 10 };

// A server's words may hold anything, also what a terminal obeys.
static void PrintWords(FILE *to, const char *words) {
  char shown[1024];
  holdfast_printable(words, words != NULL ? strlen(words) : 0, shown,
                     sizeof shown);
  fprintf(to, "%s\n", shown);
}

// Prints why, and ends the program.
static void Fail(const holdfast_error *error) {
  fprintf(stderr, "%s\n", holdfast_error_message(error));
  PrintWords(stderr, holdfast_error_server_text(error));
  exit(1);
}

// What comes of `command`, when it is done. An error or a refusal ends the
// program.
static const holdfast_value *Result(holdfast_operation *command) {
  if (holdfast_operation_wait(command) != HOLDFAST_OK) {
    Fail(holdfast_operation_error(command));
  }
  const holdfast_value *result = holdfast_operation_result(command);
  if (holdfast_value_number(result, HOLDFAST_PATH_ANSWER_OK, 1)) return result;
  fprintf(stderr, "The server refuses: ");
  PrintWords(stderr, holdfast_value_text(result, HOLDFAST_PATH_ANSWER_WORDS));
  exit(1);
}

static holdfast_session *Open(const char *target, const char *user,
                              const char *password) {
  holdfast_error *error = NULL;
  holdfast_client *client = holdfast_client_new(&error);
  if (client == NULL) Fail(error);
  const char *file = getenv("SSL_CERT_FILE");
  if (file != NULL && holdfast_client_add_ca_file(client, file, &error)) {
    Fail(error);
  }
  holdfast_credentials *credentials =
      holdfast_credentials_new_password(user, password, &error);
  if (credentials == NULL) Fail(error);
  holdfast_session *session =
      holdfast_session_new(client, NULL, target, credentials, &error);
  if (session == NULL) Fail(error);
  // The session keeps what it needs of both.
  holdfast_credentials_free(credentials);
  holdfast_client_free(client);
  return session;
}

static void PrintMailboxes(holdfast_session *session) {
  holdfast_operation *list = holdfast_imap_list(session, "*");
  const holdfast_value *result = Result(list);
  const size_t count =
      holdfast_value_count(result, HOLDFAST_PATH_IMAP_LIST_MAILBOXES);
  for (size_t i = 0; i < count; ++i) {
    char path[64];
    snprintf(path, sizeof path, HOLDFAST_PATH_IMAP_LIST_MAILBOXES_AT_NAME, i);
    PrintWords(stdout, holdfast_value_text(result, path));
  }
  holdfast_operation_free(list);
}

static int ByNumber(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a;
  const int64_t y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

// Returns how many messages INBOX has; the last of `uids` are the newest ones.
static size_t Search(holdfast_session *session, int64_t **uids) {
  holdfast_operation *examine = holdfast_imap_examine(session, "INBOX");
  Result(examine);
  holdfast_operation_free(examine);
  holdfast_operation *search = holdfast_imap_search(session, "ALL", NULL);
  const holdfast_value *result = Result(search);
  const size_t count =
      holdfast_value_count(result, HOLDFAST_PATH_IMAP_SEARCH_UIDS);
  *uids = calloc(count + 1, sizeof **uids);
  for (size_t i = 0; i < count; ++i) {
    char path[64];
    snprintf(path, sizeof path, HOLDFAST_PATH_IMAP_SEARCH_UIDS_AT, i);
    (*uids)[i] = holdfast_value_number(result, path, 0);
  }
  qsort(*uids, count, sizeof **uids, ByNumber);
  holdfast_operation_free(search);
  return count;
}

struct Subjects {
  char lines[NEWEST][1000];
  size_t count;
};

static void OnMessage(void *data, const holdfast_value *message) {
  struct Subjects *subjects = data;
  if (message == NULL) {  // it begins, perhaps once more
    subjects->count = 0;
    return;
  }
  char path[64];
  snprintf(path, sizeof path, HOLDFAST_PATH_IMAP_MESSAGE_SECTIONS_AT_CONTENT,
           (size_t)0);
  const char *text = holdfast_value_text(message, path);
  if (text == NULL || subjects->count == NEWEST) return;
  snprintf(subjects->lines[subjects->count++], sizeof subjects->lines[0], "%s",
           text);
}

static void PrintSubjects(holdfast_session *session, const int64_t *uids,
                          size_t count) {
  static struct Subjects subjects;
  static const char *const items[] = {"BODY.PEEK[HEADER.FIELDS (SUBJECT)]",
                                      NULL};
  char set[NEWEST * 12] = "";
  for (size_t i = count > NEWEST ? count - NEWEST : 0; i < count; ++i) {
    snprintf(set + strlen(set), sizeof set - strlen(set), "%s%lld",
             set[0] != '\0' ? "," : "", (long long)uids[i]);
  }
  holdfast_operation *fetch =
      holdfast_imap_fetch(session, set, items, OnMessage, &subjects);
  Result(fetch);
  holdfast_operation_free(fetch);
  for (size_t i = 0; i < subjects.count; ++i) {
    fputs(subjects.lines[i], stdout);
  }
}

static void PrintMessage(holdfast_session *session, uint32_t uid) {
  holdfast_error *error = NULL;
  holdfast_sink *sink = holdfast_sink_new_memory(&error);
  if (sink == NULL) Fail(error);
  holdfast_operation *fetch = holdfast_imap_fetch_body(session, uid, "", sink);
  Result(fetch);
  holdfast_operation_free(fetch);
  size_t size;
  const char *bytes = holdfast_sink_bytes(sink, &size);
  fwrite(bytes, 1, size, stdout);
  holdfast_sink_free(sink);
}

int main(int argc, char **argv) {
  char password[200];
  if (argc != 3 || fgets(password, sizeof password, stdin) == NULL) return 2;
  password[strcspn(password, "\n")] = '\0';
  holdfast_session *session = Open(argv[1], argv[2], password);
  PrintMailboxes(session);
  int64_t *uids;
  const size_t count = Search(session, &uids);
  if (count > 0) {
    PrintSubjects(session, uids, count);
    PrintMessage(session, (uint32_t)uids[count - 1]);
  }
  free(uids);
  holdfast_operation *logout = holdfast_imap_logout(session);
  holdfast_operation_wait(logout);
  holdfast_operation_free(logout);
  holdfast_session_free(session);
  return 0;
}
