// What the test programs in C share: a session, and waiting for its commands.
// They end with 1 if anything goes wrong.

#ifndef HOLDFAST_TESTS_C_PROGRAM_H_
#define HOLDFAST_TESTS_C_PROGRAM_H_

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "holdfast/holdfast.h"

static void Check(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "%s\n", what);
  exit(1);
}

// What comes of `command`, whatever the server says.
static const holdfast_value *Result(holdfast_operation *command) {
  Check(holdfast_operation_wait(command) == HOLDFAST_OK,
        holdfast_error_json(holdfast_operation_error(command)));
  return holdfast_operation_result(command);
}

// The server has agreed to `command`, of which nothing else is wanted.
static void Agreed(holdfast_operation *command) {
  const holdfast_value *result = Result(command);
  Check(holdfast_value_number(result, "/ok", 0) == 1,
        holdfast_value_json(result));
  holdfast_operation_free(command);
}

// `mechanism`: NULL is the best. The password is "pw".
static holdfast_session *OpenSession(const char *target, const char *user,
                                     const char *mechanism) {
  holdfast_client *client = holdfast_client_new(NULL);
  holdfast_client_add_ca_file(client, getenv("SSL_CERT_FILE"), NULL);
  holdfast_credentials *credentials =
      holdfast_credentials_new_password(user, "pw", NULL);
  holdfast_credentials_set_mechanism(credentials, mechanism, NULL);
  holdfast_session *session =
      holdfast_session_new(client, NULL, target, credentials, NULL);
  Check(session != NULL, "There is no session.");
  holdfast_credentials_free(credentials);
  holdfast_client_free(client);
  return session;
}

#endif  // HOLDFAST_TESTS_C_PROGRAM_H_
