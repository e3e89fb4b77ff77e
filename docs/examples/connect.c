// SPDX-License-Identifier: 0BSD

// Reaches a mail server, recovering as needed, remembers it in a file, and says
// what came of it.
//
//   connect imaps://mail.example.org hosts.db

#include <stdio.h>
#include <stdlib.h>

#include "holdfast/holdfast.h"
#include "holdfast/paths.h"

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  holdfast_error *error = NULL;
  holdfast_client *client = holdfast_client_new(&error);
  holdfast_cache *cache = holdfast_cache_open(argv[2], &error);
  holdfast_client_set_cache(client, cache, &error);
  const char *ca_file = getenv("SSL_CERT_FILE");
  if (ca_file != NULL) holdfast_client_add_ca_file(client, ca_file, &error);

  holdfast_operation *connect = holdfast_connect(client, NULL, argv[1]);
  const int code = holdfast_operation_wait(connect);
  const holdfast_value *report = holdfast_operation_result(connect);
  const char *summary =
      holdfast_value_text(report, HOLDFAST_PATH_REPORT_DIAGNOSIS_SUMMARY);
  puts(summary != NULL
           ? summary
           : holdfast_error_message(holdfast_operation_error(connect)));

  holdfast_operation_free(connect);
  holdfast_cache_free(cache);
  holdfast_client_free(client);
  holdfast_error_free(error);
  return code == HOLDFAST_OK ? 0 : 1;
}
