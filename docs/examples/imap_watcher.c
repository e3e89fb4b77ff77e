// SPDX-License-Identifier: 0BSD

// Waits for new mail in INBOX, in a plain poll(2) loop, and tells how many
// messages there are then.
//
//   imap_watcher imaps://mail.example.org alice < password

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "holdfast/holdfast.h"
#include "holdfast/paths.h"

struct Watcher {
  holdfast_session *session;
  holdfast_operation *idle;
  int done;
  int exit_code;
};

// A server's words may hold anything, also what a terminal obeys.
static void PrintWords(FILE *to, const char *words) {
  char shown[1024];
  holdfast_printable(words, words != NULL ? strlen(words) : 0, shown,
                     sizeof shown);
  fprintf(to, "%s\n", shown);
}

static void End(struct Watcher *watcher, const holdfast_error *error) {
  watcher->done = 1;
  if (error == NULL) return;
  watcher->exit_code = 1;
  fprintf(stderr, "%s\n", holdfast_error_message(error));
  PrintWords(stderr, holdfast_error_server_text(error));
}

// Each of these is told of the end of an operation, and frees it.
static void OnLoggedOut(void *data, holdfast_operation *logout) {
  End(data, holdfast_operation_error(logout));
  holdfast_operation_free(logout);
}

static void OnIdleEnded(void *data, holdfast_operation *idle) {
  struct Watcher *watcher = data;
  const holdfast_error *error = holdfast_operation_error(idle);
  if (error != NULL) {
    End(watcher, error);
  } else {
    holdfast_operation_on_done(holdfast_imap_logout(watcher->session),
                               OnLoggedOut, watcher);
  }
  watcher->idle = NULL;
  holdfast_operation_free(idle);
}

static void OnSelected(void *data, holdfast_operation *select) {
  struct Watcher *watcher = data;
  const holdfast_error *error = holdfast_operation_error(select);
  if (error != NULL) {
    End(watcher, error);
  } else {
    printf("%lld messages\n", (long long)holdfast_value_number(
                                  holdfast_operation_result(select),
                                  HOLDFAST_PATH_IMAP_MAILBOX_EXISTS, 0));
    fflush(stdout);
    watcher->idle = holdfast_imap_idle(watcher->session);
    holdfast_operation_on_done(watcher->idle, OnIdleEnded, watcher);
  }
  holdfast_operation_free(select);
}

static void OnUpdate(void *data, const holdfast_value *update) {
  struct Watcher *watcher = data;
  const char *kind =
      holdfast_value_text(update, HOLDFAST_PATH_IMAP_UPDATE_KIND);
  if (watcher->idle == NULL || strcmp(kind, "exists") != 0) return;
  printf("now %lld\n", (long long)holdfast_value_number(
                           update, HOLDFAST_PATH_IMAP_UPDATE_NUMBER, 0));
  holdfast_imap_end_idle(watcher->idle);
}

static void *OrExit(void *made, const holdfast_error *error) {
  if (made != NULL) return made;
  fprintf(stderr, "%s\n", holdfast_error_message(error));
  exit(1);
}

int main(int argc, char **argv) {
  char password[200];
  if (argc != 3 || fgets(password, sizeof password, stdin) == NULL) return 2;
  password[strcspn(password, "\n")] = '\0';

  holdfast_error *error = NULL;
  holdfast_loop *loop = holdfast_loop_new(&error);
  OrExit(loop, error);
  holdfast_client *client = holdfast_client_new(&error);
  OrExit(client, error);
  const char *file = getenv("SSL_CERT_FILE");
  if (file != NULL) holdfast_client_add_ca_file(client, file, NULL);
  holdfast_credentials *credentials =
      holdfast_credentials_new_password(argv[2], password, &error);
  OrExit(credentials, error);
  struct Watcher watcher = {0};
  watcher.session =
      holdfast_session_new(client, loop, argv[1], credentials, &error);
  OrExit(watcher.session, error);

  holdfast_imap_set_update_function(watcher.session, OnUpdate, &watcher, NULL);
  holdfast_operation_on_done(holdfast_imap_examine(watcher.session, "INBOX"),
                             OnSelected, &watcher);
  while (!watcher.done) {
    struct pollfd ready = {holdfast_loop_fd(loop), POLLIN, 0};
    poll(&ready, 1, holdfast_loop_timeout(loop));
    holdfast_loop_dispatch(loop);
  }

  holdfast_session_free(watcher.session);
  holdfast_credentials_free(credentials);
  holdfast_client_free(client);
  holdfast_loop_free(loop);
  return watcher.exit_code;
}
