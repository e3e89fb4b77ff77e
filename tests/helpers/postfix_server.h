// A private Postfix: a real SMTP and submission server on 127.0.0.1. It cannot
// be had without root.

#ifndef HOLDFAST_TESTS_HELPERS_POSTFIX_SERVER_H_
#define HOLDFAST_TESTS_HELPERS_POSTFIX_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/tests/helpers/free_port.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"

namespace holdfast::test {

struct PostfixOptions {
  lab::Certificate certificate;
  // From TLS 1.2 up to this.
  TlsVersion max_version = TlsVersion::kTls13;
};

// Delivers mail for alice@example.test, whose password is "pw", and throws away
// all other. Thread safety: one thread.
class PostfixServer {
 public:
  // Listens when it returns. Errors: FailedPrecondition, on which a test is to
  // be skipped, without root or if Postfix is not installed.
  static absl::StatusOr<std::unique_ptr<PostfixServer>> Start(
      const PostfixOptions& options);
  // Stops it; the test fails if that does not work.
  ~PostfixServer();

  uint16_t smtp_port() const { return ports_.smtp; }  // offers STARTTLS
  uint16_t smtps_port() const { return ports_.smtps; }
  // For those who sign in, which needs TLS.
  uint16_t submission_port() const { return ports_.submission; }
  uint16_t submissions_port() const { return ports_.submissions; }
  std::string log() const { return directory_.Read("maillog"); }
  // What has been delivered to alice, with the headers that Postfix adds.
  std::vector<std::string> Delivered() const;

  // Ends it. Errors: DeadlineExceeded if any of its processes survives.
  absl::Status Stop();

 private:
  struct Ports {
    uint16_t smtp = ReserveFreePort();
    uint16_t smtps = ReserveFreePort();
    uint16_t submission = ReserveFreePort();
    uint16_t submissions = ReserveFreePort();
  };

  PostfixServer() = default;
  absl::Status Configure(const PostfixOptions& options) const;

  TempDir directory_;
  Ports ports_;
  std::unique_ptr<Process> master_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_POSTFIX_SERVER_H_
