// Whether the NSS that the process runs has what Holdfast needs of it.
//
// A program is compiled with one NSS and may run with another: an older one, or
// one that was built without some part. The loader as a rule looks for a
// function only when it is called first, and ends the process if there is none.
// So all are looked for before the first connection.

#ifndef HOLDFAST_CORE_NSS_NSS_FUNCTIONS_H_
#define HOLDFAST_CORE_NSS_NSS_FUNCTIONS_H_

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace holdfast {

// The NSS that the process runs, as far as it can be asked before it starts.
struct LoadedNss {
  // This process's. Thread safety: any thread.
  static LoadedNss OfThisProcess();

  std::string version;  // "3.87.1"
  // There is such a function, or such data, to link with.
  std::function<bool(const char* name)> has;
  // SSL_GetExperimentalAPI() knows this name (sslexp.h). Any release of NSS may
  // drop one.
  std::function<bool(const char* name)> has_experimental;
};

// Whether every connection can be made with this NSS. Errors: kTlsSetupFailed,
// naming what is missing.
absl::Status CheckNss(const LoadedNss& nss);

// Whether a key log can be had of it. Errors: as CheckNss().
absl::Status CheckNssForKeyLog(const LoadedNss& nss);

// The version of the headers that Holdfast was compiled with.
std::string CompiledNssVersion();

}  // namespace holdfast

#endif  // HOLDFAST_CORE_NSS_NSS_FUNCTIONS_H_
