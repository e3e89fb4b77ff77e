// A private nnrpd, INN's server for readers: a real NNTP server on 127.0.0.1,
// run by whoever runs the tests, root included.

#ifndef HOLDFAST_TESTS_HELPERS_INN_SERVER_H_
#define HOLDFAST_TESTS_HELPERS_INN_SERVER_H_

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

struct InnOptions {
  lab::Certificate certificate;
  // From TLS 1.2 up to this.
  TlsVersion max_version = TlsVersion::kTls13;
  // innd runs too: what is posted can be read at once. Else it is put aside.
  bool stores_posts = false;
};

// Has one group, test.local, with one article. Its only user is "alice", whose
// password is "pw". Thread safety: one thread.
class InnServer {
 public:
  // Listens when it returns. Errors: FailedPrecondition, on which a test is to
  // be skipped, if INN is not installed.
  static absl::StatusOr<std::unique_ptr<InnServer>> Start(
      const InnOptions& options);
  // Stops it; the test fails if that does not work.
  ~InnServer();

  uint16_t nntps_port() const { return nntps_port_; }
  uint16_t nntp_port() const { return nntp_port_; }  // offers STARTTLS

  // Ends it. Errors: DeadlineExceeded if any of its processes survives.
  absl::Status Stop();

 private:
  InnServer() = default;
  void Configure(const InnOptions& options) const;
  // A program of INN's, to be run as the user whose the files are.
  ProcessOptions Program(const std::vector<std::string>& arguments) const;
  absl::Status Run(const ProcessOptions& program) const;
  absl::Status StartDaemons(const InnOptions& options);
  // Starts a program that is to listen on `port`.
  absl::Status Listen(const std::vector<std::string>& arguments, uint16_t port,
                      std::unique_ptr<Process>* process) const;

  TempDir directory_;
  uint16_t nntps_port_ = ReserveFreePort();
  uint16_t nntp_port_ = ReserveFreePort();
  std::unique_ptr<Process> innd_;
  std::unique_ptr<Process> nntps_;
  std::unique_ptr<Process> nntp_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_INN_SERVER_H_
