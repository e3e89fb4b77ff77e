// A private Dovecot: a real IMAP server on 127.0.0.1, run by whoever runs the
// tests, root included.

#ifndef HOLDFAST_TESTS_HELPERS_DOVECOT_SERVER_H_
#define HOLDFAST_TESTS_HELPERS_DOVECOT_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/tls_version.h"
#include "tests/helpers/process.h"
#include "tests/helpers/temp_dir.h"
#include "tools/lab/certificate_authority.h"

namespace holdfast::test {

struct DovecotOptions {
  lab::Certificate certificate;
  // From TLS 1.2 up to this.
  TlsVersion max_version = TlsVersion::kTls13;
};

// Every user's password is "pw". Thread safety: one thread.
class DovecotServer {
 public:
  // Listens when it returns. Errors: NotFound if Dovecot is not installed.
  static absl::StatusOr<std::unique_ptr<DovecotServer>> Start(
      const DovecotOptions& options);
  // Stops it; the test fails if that does not work.
  ~DovecotServer();

  uint16_t imaps_port() const { return imaps_port_; }
  uint16_t imap_port() const { return imap_port_; }  // STARTTLS
  std::string log() const { return directory_.Read("log"); }

  // Ends it. Errors: DeadlineExceeded if any of its processes survives.
  absl::Status Stop();

 private:
  DovecotServer() = default;

  TempDir directory_;
  uint16_t imaps_port_ = 0;
  uint16_t imap_port_ = 0;
  std::unique_ptr<Process> master_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_DOVECOT_SERVER_H_
