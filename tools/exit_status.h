// The command's exit statuses, as docs/command.md lists them.

#ifndef HOLDFAST_TOOLS_EXIT_STATUS_H_
#define HOLDFAST_TOOLS_EXIT_STATUS_H_

#include "holdfast/core/base/error.h"

namespace holdfast {

enum ExitStatus {
  kExitDone = 0,
  kExitCouldNotConnect = 1,
  kExitUsage = 2,
  kExitRefusedForSafety = 3,
  kExitLocal = 4,
  kExitAuthentication = 5,
};

inline ExitStatus ExitStatusFor(const Error& error) {
  if (error.refused_for_safety()) return kExitRefusedForSafety;
  switch (error.category()) {
    case ErrorCategory::kLocal:
      return kExitLocal;
    case ErrorCategory::kAuthentication:
      return kExitAuthentication;
    case ErrorCategory::kDns:
    case ErrorCategory::kNetwork:
    case ErrorCategory::kTimeout:
    case ErrorCategory::kModeMismatch:
    case ErrorCategory::kStartTls:
    case ErrorCategory::kTlsIntolerance:
    case ErrorCategory::kTlsVersion:
    case ErrorCategory::kTlsProtocol:
    case ErrorCategory::kDowngrade:
    case ErrorCategory::kLocalPolicy:
    case ErrorCategory::kCertificate:
    case ErrorCategory::kClientCertificate:
    case ErrorCategory::kServerPolicy:
    case ErrorCategory::kProtocol:
      return kExitCouldNotConnect;
  }
  return kExitCouldNotConnect;
}

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_EXIT_STATUS_H_
