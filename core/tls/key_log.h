// SPDX-License-Identifier: MPL-2.0

// The secrets of connections, for whoever wants to read their own traffic in a
// packet capture. Written only where the user asked for it.

#ifndef HOLDFAST_CORE_TLS_KEY_LOG_H_
#define HOLDFAST_CORE_TLS_KEY_LOG_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/core/base/unique_fd.h"

#pragma GCC visibility push(default)
namespace holdfast {

// A file in NSS's key log format, as Wireshark reads it. It gets the secrets of
// TLS 1.3. Those of TLS 1.2 NSS gives to nobody: it writes them itself, if it
// was built to, to the file that $SSLKEYLOGFILE names when its first socket is
// made.
// Thread safety: every method may be called from any thread.
class KeyLog {
 public:
  // Opens `path` to append to it; a new file is its owner's alone. Errors:
  // kKeyLogUnwritable; kTlsSetupFailed if the loaded NSS gives no secrets.
  static absl::StatusOr<std::unique_ptr<KeyLog>> Open(const std::string& path);

  // A line; `client_random` and `secret` are bytes. A line that cannot be
  // written is lost.
  void Write(absl::string_view label, absl::string_view client_random,
             absl::string_view secret) const;

  // Anybody has written to the file since it was opened.
  bool HasGrown() const;

 private:
  KeyLog(UniqueFd fd, off_t size) : fd_(std::move(fd)), size_(size) {}

  const UniqueFd fd_;
  const off_t size_;  // when it was opened
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_TLS_KEY_LOG_H_
