// Prints the overview of test.local and its first article, and posts another
// one, whose text comes from functions. The argument is the target; the user is
// alice.

#include "program.h"

static const char post[] =
    "From: alice@example.test\nNewsgroups: test.local\n"
    "Subject: From C\n\n.with a dot\n";

static int Rewind(void *data) {
  *(size_t *)data = 0;
  return 0;
}

// In small pieces.
static ptrdiff_t Read(void *data, void *buffer, size_t size) {
  size_t *read = data;
  size_t count = sizeof post - 1 - *read;
  if (count > size) count = size;
  if (count > 7) count = 7;
  memcpy(buffer, post + *read, count);
  *read += count;
  return (ptrdiff_t)count;
}

static void Print(const holdfast_sink *sink) {
  size_t size;
  const char *bytes = holdfast_sink_bytes(sink, &size);
  fwrite(bytes, 1, size, stdout);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  // INN offers SASL too, which has other users.
  holdfast_session *session = OpenSession(argv[1], "alice", "USER/PASS");
  holdfast_operation *group = holdfast_nntp_group(session, "test.local");
  const holdfast_value *result = Result(group);
  const uint64_t first = (uint64_t)holdfast_value_number(result, "/first", 0);
  printf("%s: %d\n", holdfast_value_text(result, "/name"),
         (int)holdfast_value_number(result, "/count", -1));
  holdfast_operation_free(group);

  holdfast_sink *sink = holdfast_sink_new_memory(NULL);
  Agreed(holdfast_nntp_list_active(session, "test.*", sink));
  Print(sink);
  Agreed(holdfast_nntp_over(session, first, 0, sink));
  Print(sink);
  Agreed(holdfast_nntp_article(session, first, NULL, sink));
  Print(sink);
  size_t whole;
  size_t header;
  size_t body;
  holdfast_sink_bytes(sink, &whole);
  Agreed(holdfast_nntp_head(session, first, NULL, sink));
  holdfast_sink_bytes(sink, &header);
  Agreed(holdfast_nntp_body(session, first, NULL, sink));
  holdfast_sink_bytes(sink, &body);
  Check(whole == header + 2 + body, "Parts are not the whole.");
  Agreed(holdfast_nntp_list_group(session, "test.local", first, first, sink));
  Print(sink);
  holdfast_sink_free(sink);
  holdfast_operation *stat = holdfast_nntp_stat(session, first, NULL);
  puts(holdfast_value_text(Result(stat), "/message_id"));
  Agreed(holdfast_nntp_stat(
      session, 0,
      holdfast_value_text(holdfast_operation_result(stat), "/message_id")));
  holdfast_operation_free(stat);

  size_t read = 0;
  holdfast_message *article =
      holdfast_message_new(sizeof post - 1, Rewind, Read, &read, NULL);
  Agreed(holdfast_nntp_post(session, article));
  holdfast_message_free(article);
  Agreed(holdfast_nntp_quit(session));
  holdfast_session_free(session);
  return 0;
}
