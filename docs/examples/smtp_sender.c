// SPDX-License-Identifier: 0BSD

// Sends a message, and tells what the server says of each recipient.
//
//   smtp_sender submissions://mail.example.org alice message.eml
//       alice@example.org bob@example.net < password

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "holdfast/holdfast.h"
#include "holdfast/paths.h"

// A server's words may hold anything, also what a terminal obeys.
static void PrintWords(FILE *to, const char *words) {
  char shown[1024];
  holdfast_printable(words, words != NULL ? strlen(words) : 0, shown,
                     sizeof shown);
  fprintf(to, "%s\n", shown);
}

static void Complain(const holdfast_error *error) {
  fprintf(stderr, "%s\n", holdfast_error_message(error));
  PrintWords(stderr, holdfast_error_server_text(error));
}

// `made`, unless it is NULL: then the program ends.
static void *OrExit(void *made, const holdfast_error *error) {
  if (made != NULL) return made;
  Complain(error);
  exit(1);
}

static holdfast_session *Open(const char *target, const char *user,
                              const char *password) {
  holdfast_error *error = NULL;
  holdfast_client *client = holdfast_client_new(&error);
  OrExit(client, error);
  const char *file = getenv("SSL_CERT_FILE");
  if (file != NULL) holdfast_client_add_ca_file(client, file, NULL);
  holdfast_credentials *credentials =
      holdfast_credentials_new_password(user, password, &error);
  OrExit(credentials, error);
  holdfast_session *session =
      holdfast_session_new(client, NULL, target, credentials, &error);
  OrExit(session, error);
  holdfast_credentials_free(credentials);
  holdfast_client_free(client);
  return session;
}

// Returns whether everybody gets the message. After an error the result holds
// what was known until then.
static int Report(const holdfast_value *sent, char **recipients) {
  int64_t all =
      holdfast_value_number(sent, HOLDFAST_PATH_SMTP_SEND_ACCEPTED, 0);
  const size_t count =
      holdfast_value_count(sent, HOLDFAST_PATH_SMTP_SEND_RECIPIENTS);
  for (size_t i = 0; i < count; ++i) {
    char path[64];
    snprintf(path, sizeof path,
             HOLDFAST_PATH_SMTP_SEND_RECIPIENTS_AT HOLDFAST_PATH_ANSWER_WORDS,
             i);
    printf("%s: ", recipients[i]);
    PrintWords(stdout, holdfast_value_text(sent, path));
    snprintf(path, sizeof path,
             HOLDFAST_PATH_SMTP_SEND_RECIPIENTS_AT HOLDFAST_PATH_ANSWER_OK, i);
    all = all && holdfast_value_number(sent, path, 0);
  }
  printf("%s: ",
         holdfast_value_number(sent, HOLDFAST_PATH_SMTP_SEND_ACCEPTED, 0)
             ? "accepted"
             : "not accepted");
  PrintWords(
      stdout,
      holdfast_value_text(
          sent, HOLDFAST_PATH_SMTP_SEND_LAST HOLDFAST_PATH_ANSWER_WORDS));
  const int64_t limit =
      holdfast_value_number(sent, HOLDFAST_PATH_SMTP_SEND_SIZE_LIMIT, -1);
  if (limit >= 0) printf("limit: %lld\n", (long long)limit);
  return all != 0;
}

int main(int argc, char **argv) {
  char password[200];
  if (argc < 6 || fgets(password, sizeof password, stdin) == NULL) return 2;
  password[strcspn(password, "\n")] = '\0';
  holdfast_session *session = Open(argv[1], argv[2], password);
  holdfast_error *error = NULL;
  holdfast_message *message = holdfast_message_open(argv[3], &error);
  OrExit(message, error);

  // The arguments end with NULL, as a list of recipients does.
  holdfast_operation *send = holdfast_smtp_send(
      session, argv[4], (const char *const *)(argv + 5), 0, message);
  if (holdfast_operation_wait(send) == HOLDFAST_OK) {
    holdfast_operation *quit = holdfast_smtp_quit(session);
    holdfast_operation_wait(quit);
    holdfast_operation_free(quit);
  } else {
    Complain(holdfast_operation_error(send));
  }
  const int all = Report(holdfast_operation_result(send), argv + 5);
  holdfast_operation_free(send);
  holdfast_message_free(message);
  holdfast_session_free(session);
  return all ? 0 : 1;
}
