/* A client in C that embeds the installed library: connects to a server twice,
   the second time on a loop of its own, and says what came of it.

     consumer_c URL CA_FILE */

#include <poll.h>
#include <stdio.h>

#include "holdfast/holdfast.h"

static int Print(holdfast_operation *connect) {
  const char *summary = holdfast_value_text(holdfast_operation_result(connect),
                                            "/diagnosis/summary");
  const int failed = holdfast_operation_error(connect) != NULL;
  puts(summary != NULL ? summary : "no report");
  holdfast_operation_free(connect);
  return failed;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  holdfast_client *client = holdfast_client_new(NULL);
  holdfast_cache *cache = holdfast_cache_open(NULL, NULL);
  holdfast_loop *loop = holdfast_loop_new(NULL);
  if (holdfast_client_add_ca_file(client, argv[2], NULL) != HOLDFAST_OK ||
      holdfast_client_set_cache(client, cache, NULL) != HOLDFAST_OK) {
    return 2;
  }
  holdfast_operation *connect = holdfast_connect(client, NULL, argv[1]);
  holdfast_operation_wait(connect);
  int failed = Print(connect);

  connect = holdfast_connect(client, loop, argv[1]);
  while (!holdfast_operation_done(connect)) {
    struct pollfd ready = {holdfast_loop_fd(loop), POLLIN, 0};
    poll(&ready, 1, holdfast_loop_timeout(loop));
    holdfast_loop_dispatch(loop);
  }
  failed |= Print(connect);
  holdfast_loop_free(loop);
  holdfast_cache_free(cache);
  holdfast_client_free(client);
  return failed;
}
