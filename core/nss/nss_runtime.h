// SPDX-License-Identifier: MPL-2.0

// The lifetime of NSS, as a handle that is passed to whoever needs it.

#ifndef HOLDFAST_CORE_NSS_NSS_RUNTIME_H_
#define HOLDFAST_CORE_NSS_NSS_RUNTIME_H_

#include <memory>

#include "absl/status/statusor.h"

#pragma GCC visibility push(default)
namespace holdfast {

// NSS is up as long as one of these lives. If the process had NSS running
// already we are a guest: no trust, option, cipher default or signal handler of
// the process is changed, and NSS is not shut down.
// Thread safety: Start() and the destructor from any thread.
// Processes: a child that was forked while NSS ran must not go on with it, for
// its random numbers, and so its keys, are those of its siblings. Fork first,
// or fork and exec.
class NssRuntime {
 public:
  // Starts NSS without a database, or joins the one that runs. Shared: while a
  // runtime lives, every call returns the same one. Signal dispositions (NSPR
  // ignores SIGPIPE) are left as they were. Errors: kTlsSetupFailed; its
  // message names what the loaded NSS lacks, if it lacks something that
  // Holdfast calls.
  static absl::StatusOr<std::shared_ptr<NssRuntime>> Start();

  virtual ~NssRuntime() = default;
  virtual bool is_guest() const = 0;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_NSS_NSS_RUNTIME_H_
