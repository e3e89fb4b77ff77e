// A private Dovecot: a real IMAP, POP3 and submission server on 127.0.0.1, run
// by whoever runs the tests, root included.

#ifndef HOLDFAST_TESTS_HELPERS_DOVECOT_SERVER_H_
#define HOLDFAST_TESTS_HELPERS_DOVECOT_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/tests/helpers/free_port.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"

namespace holdfast::test {

struct DovecotOptions {
  lab::Certificate certificate;
  // From TLS 1.2 up to this.
  TlsVersion max_version = TlsVersion::kTls13;
  // Where submitted mail goes, once somebody has signed in.
  uint16_t relay_port = 25;
  // Of SASL, in Dovecot's spelling.
  std::string mechanisms = "plain";
  std::string password = "pw";  // every user's
  // Clients are asked for a certificate, and who has one of this authority's is
  // who its common name says. Empty: they are not asked.
  std::string client_authority_pem = "";
};

// Thread safety: one thread.
class DovecotServer {
 public:
  // Listens when it returns. Errors: NotFound if Dovecot is not installed.
  static absl::StatusOr<std::unique_ptr<DovecotServer>> Start(
      const DovecotOptions& options);
  // Stops it; the test fails if that does not work.
  ~DovecotServer();

  // With implicit TLS, and with STARTTLS, which it insists on.
  uint16_t imaps_port() const { return ports_.imaps; }
  uint16_t imap_port() const { return ports_.imap; }
  uint16_t pop3s_port() const { return ports_.pop3s; }
  uint16_t pop3_port() const { return ports_.pop3; }
  uint16_t submissions_port() const { return ports_.submissions; }
  uint16_t submission_port() const { return ports_.submission; }
  std::string log() const { return directory_.Read("log"); }

  // Ends it. Errors: DeadlineExceeded if any of its processes survives.
  absl::Status Stop();

 private:
  struct Ports {
    uint16_t imaps = ReserveFreePort();
    uint16_t imap = ReserveFreePort();
    uint16_t pop3s = ReserveFreePort();
    uint16_t pop3 = ReserveFreePort();
    uint16_t submissions = ReserveFreePort();
    uint16_t submission = ReserveFreePort();
  };

  DovecotServer() = default;
  // In the language of the version that is installed.
  absl::StatusOr<std::string> Configuration(
      const DovecotOptions& options) const;

  TempDir directory_;
  Ports ports_;
  std::unique_ptr<Process> master_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_DOVECOT_SERVER_H_
