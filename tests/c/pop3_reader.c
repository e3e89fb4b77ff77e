// Reads the first message of a mailbox into a sink of its own, prints it, and
// deletes it. The arguments are the target and the user, whose password is
// "pw".

#include "program.h"

struct Text {
  char *bytes;
  size_t size;
};

static void Begin(void *data) {
  struct Text *text = data;
  text->size = 0;
}

static int Add(void *data, const char *bytes, size_t size) {
  struct Text *text = data;
  char *more = realloc(text->bytes, text->size + size);
  if (more == NULL) return -1;
  memcpy(more + text->size, bytes, size);
  text->bytes = more;
  text->size += size;
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  holdfast_session *session = OpenSession(argv[1], argv[2], NULL);
  holdfast_operation *stat = holdfast_pop3_stat(session);
  printf("%d messages\n",
         (int)holdfast_value_number(Result(stat), "/messages", -1));
  holdfast_operation_free(stat);
  holdfast_operation *sizes = holdfast_pop3_list(session);
  printf("%d bytes\n",
         (int)holdfast_value_number(Result(sizes), "/messages/0/bytes", -1));
  holdfast_operation_free(sizes);
  Agreed(holdfast_pop3_noop(session));

  holdfast_operation *list = holdfast_pop3_uid_list(session);
  const char *id = holdfast_value_text(Result(list), "/messages/0/unique_id");
  Check(id != NULL, "There is no message.");
  struct Text text = {NULL, 0};
  holdfast_sink *sink = holdfast_sink_new(Begin, Add, &text, NULL);
  Agreed(holdfast_pop3_top(session, 1, id, 0, sink));
  const size_t header = text.size;
  Agreed(holdfast_pop3_retrieve(session, 1, id, sink));
  Check(header < text.size, "The header is as long as the message.");
  fwrite(text.bytes, 1, text.size, stdout);
  holdfast_sink_free(sink);
  free(text.bytes);
  Agreed(holdfast_pop3_delete(session, 1, id));
  Agreed(holdfast_pop3_reset(session));
  Agreed(holdfast_pop3_delete(session, 1, id));
  holdfast_operation_free(list);
  Agreed(holdfast_pop3_quit(session));
  holdfast_session_free(session);
  return 0;
}
