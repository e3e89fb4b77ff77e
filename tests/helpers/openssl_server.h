// `openssl s_server`: a TLS peer that is neither ours nor a mail server.

#ifndef HOLDFAST_TESTS_HELPERS_OPENSSL_SERVER_H_
#define HOLDFAST_TESTS_HELPERS_OPENSSL_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"

namespace holdfast::test {

// Serves one client at a time on 127.0.0.1 until it is destroyed.
class OpensslServer {
 public:
  // Listens when it returns. `options` are s_server's own, as {"-tls1_2"}.
  static absl::StatusOr<std::unique_ptr<OpensslServer>> Start(
      const lab::Certificate& certificate,
      const std::vector<std::string>& options = {});

  uint16_t port() const { return port_; }
  // What clients are told goes to its input, what they say to its output.
  Process& process() { return *process_; }

 private:
  OpensslServer() = default;

  TempDir directory_;
  uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_OPENSSL_SERVER_H_
