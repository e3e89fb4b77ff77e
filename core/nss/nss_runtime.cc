// NSS starts without a database; whoever started it shuts it down.

#include "holdfast/core/nss/nss_runtime.h"

#include <nss.h>
#include <prerror.h>
#include <signal.h>

#include <mutex>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/nss/nss_error.h"
#include "holdfast/core/nss/nss_functions.h"

namespace holdfast {
namespace {

// Without a database, NSS's root module or settings of its own: trust comes
// from trust.h. NSS_INIT_OPTIMIZESPACE would look certificates up in tokens
// each time.
constexpr PRUint32 kInitFlags = NSS_INIT_READONLY | NSS_INIT_NOCERTDB |
                                NSS_INIT_NOMODDB | NSS_INIT_FORCEOPEN |
                                NSS_INIT_NOROOTINIT;

// Puts SIGPIPE back as it was: NSPR's start sets it to ignore, and a host
// application's signals are its own. Our sockets send with MSG_NOSIGNAL.
class SigpipeKeeper {
 public:
  SigpipeKeeper() { sigaction(SIGPIPE, nullptr, &saved_); }
  ~SigpipeKeeper() { sigaction(SIGPIPE, &saved_, nullptr); }
  SigpipeKeeper(const SigpipeKeeper&) = delete;
  SigpipeKeeper& operator=(const SigpipeKeeper&) = delete;

 private:
  struct sigaction saved_ = {};
};

class Runtime;

// NSS is one per process, so what we know of it must be as well: this is the
// only mutable static of the library.
struct ProcessState {
  std::mutex mutex;
  std::weak_ptr<NssRuntime> shared;
  // Set as long as NSS is ours, also while the runtime that holds it goes.
  NSSInitContext* context = nullptr;
  const Runtime* owner = nullptr;  // who shuts `context` down
};

ProcessState& State() {
  static auto* const state = new ProcessState;  // never destroyed: no order
  return *state;
}

class Runtime : public NssRuntime {
 public:
  explicit Runtime(bool is_guest) : is_guest_(is_guest) {}

  ~Runtime() override {
    ProcessState& state = State();
    std::lock_guard<std::mutex> lock(state.mutex);
    // A successor that started after our last reference went has taken over.
    if (state.owner != this) return;
    NSS_ShutdownContext(state.context);
    state.context = nullptr;
    state.owner = nullptr;
  }

  bool is_guest() const override { return is_guest_; }

 private:
  const bool is_guest_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<NssRuntime>> NssRuntime::Start() {
  ProcessState& state = State();
  std::lock_guard<std::mutex> lock(state.mutex);
  if (std::shared_ptr<NssRuntime> running = state.shared.lock()) return running;
  if (absl::Status usable = CheckNss(LoadedNss::OfThisProcess());
      !usable.ok()) {
    return usable;
  }

  const bool is_guest = state.context == nullptr && NSS_IsInitialized();
  if (!is_guest && state.context == nullptr) {
    SigpipeKeeper keeper;
    state.context =
        NSS_InitContext("", "", "", "", /*initParams=*/nullptr, kInitFlags);
    if (state.context == nullptr) {
      return MakeStatus(ErrorCode::kTlsSetupFailed, Phase::kSetup,
                        absl::StrCat("NSS could not be started: ",
                                     NssErrorName(PR_GetError())));
    }
  }
  auto runtime = std::make_shared<Runtime>(is_guest);
  if (!is_guest) state.owner = runtime.get();
  state.shared = runtime;
  return runtime;
}

}  // namespace holdfast
