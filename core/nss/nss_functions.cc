// The names are looked up as the loader would, from a table of what the
// library imports.

#include "holdfast/core/nss/nss_functions.h"

#include <dlfcn.h>
#include <nss.h>
#include <ssl.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

struct NeededFunction {
  const char* name;
  const char* since;  // the release of NSS that brought it
};

constexpr NeededFunction kNeeded[] = {
#define HOLDFAST_NSS_FUNCTION(name, since) {#name, since},
#include "holdfast/core/nss/nss_functions.inc"
#undef HOLDFAST_NSS_FUNCTION
};

// What a key log is made with.
constexpr char kSecretCallback[] = "SSL_SecretCallback";

absl::Status Missing(const std::string& what) {
  return MakeStatus(ErrorCode::kTlsSetupFailed, Phase::kSetup, what);
}

}  // namespace

LoadedNss LoadedNss::OfThisProcess() {
  return {
      NSS_GetVersion(),
      [](const char* name) { return dlsym(RTLD_DEFAULT, name) != nullptr; },
      [](const char* name) { return SSL_GetExperimentalAPI(name) != nullptr; }};
}

absl::Status CheckNss(const LoadedNss& nss) {
  // Every NSS has this function. If its name is not found, NSS was linked
  // statically: no function can be found by its name, and none is missing.
  if (!nss.has("NSS_IsInitialized")) return absl::OkStatus();
  const NeededFunction* first = nullptr;
  int others = 0;
  for (const NeededFunction& needed : kNeeded) {
    if (nss.has(needed.name)) continue;
    if (first != nullptr) {
      ++others;
    } else {
      first = &needed;
    }
  }
  if (first == nullptr) return absl::OkStatus();
  return Missing(absl::StrCat(
      "Holdfast cannot use the NSS that is loaded: version ", nss.version,
      " has no ", first->name, " (NSS ", first->since, " brought it)",
      others == 0 ? "." : absl::StrCat(", and lacks ", others, " more.")));
}

absl::Status CheckNssForKeyLog(const LoadedNss& nss) {
  if (nss.has_experimental(kSecretCallback)) return absl::OkStatus();
  return Missing(
      absl::StrCat("No key log can be had of the NSS that is loaded: version ",
                   nss.version, " has no ", kSecretCallback, "."));
}

std::string CompiledNssVersion() { return NSS_VERSION; }

}  // namespace holdfast
