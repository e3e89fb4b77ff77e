// A client with both libraries in one process: connects to an IMAP server in C,
// then in C++, which knows from the same file what the first has learned.
//
//   consumer_both URL CA_FILE CACHE_FILE

#include <cstdio>
#include <utility>

#include "holdfast/client/client.h"
#include "holdfast/holdfast.h"

namespace {

bool ConnectInC(const char* url, const char* ca_file, const char* cache_file) {
  holdfast_client* client = holdfast_client_new(nullptr);
  holdfast_cache* cache = holdfast_cache_open(cache_file, nullptr);
  holdfast_client_add_ca_file(client, ca_file, nullptr);
  holdfast_client_set_cache(client, cache, nullptr);
  holdfast_operation* connect = holdfast_connect(client, nullptr, url);
  const bool ok = holdfast_operation_wait(connect) == HOLDFAST_OK;
  const char* summary = holdfast_value_text(holdfast_operation_result(connect),
                                            "/diagnosis/summary");
  std::puts(summary != nullptr ? summary : "no report");
  holdfast_operation_free(connect);
  holdfast_cache_free(cache);
  holdfast_client_free(client);
  return ok;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  // NSS is one per process: who starts it first keeps it, and the other library
  // is its guest.
  const auto nss = holdfast::NssRuntime::Start();
  const auto target = holdfast::ParseTarget(argv[1]);
  if (!nss.ok() || (*nss)->is_guest() || !target.ok()) return 2;
  if (!ConnectInC(argv[1], argv[2], argv[3])) return 1;

  holdfast::ClientOptions options;
  options.ca_files = {argv[2]};
  options.cache_file = argv[3];
  const auto client = holdfast::Client::Create(std::move(options));
  if (!client.ok()) return 2;
  const holdfast::ConnectResult result = (*client)->Connect(*target);
  std::puts(holdfast::Diagnose(result.report).summary.c_str());
  return result.ok() ? 0 : 1;
}
