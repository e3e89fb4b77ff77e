// Runs programs, to their end or in the background.
//
//   auto result = RunProcess({{"holdfast", "--version"}});
//   EXPECT_EQ(result->exit_code, 0);

#ifndef HOLDFAST_TESTS_HELPERS_PROCESS_H_
#define HOLDFAST_TESTS_HELPERS_PROCESS_H_

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {

struct ProcessOptions {
  std::vector<std::string> arguments;  // the program first; PATH is searched
  // On top of this process's environment.
  std::map<std::string, std::string> environment = {};
  // Standard input: this text and then its end, or, if unset, what
  // Process::WriteInput() is given.
  std::optional<std::string> input = "";
};

struct ProcessResult {
  int exit_code = -1;      // -1 if a signal ended it
  int signal = 0;          // that signal
  bool timed_out = false;  // it was killed because it took too long
  std::string out;
  std::string err;
};

// A running program, in a process group of its own. Its output goes to memory,
// so that it never waits for a reader. It is sent SIGTERM when the thread that
// started it dies. Thread safety: one thread.
class Process {
 public:
  // Errors: NotFound if there is no such program.
  static absl::StatusOr<std::unique_ptr<Process>> Start(
      const ProcessOptions& options);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  // Ends it if it still runs: by SIGTERM, and by SIGKILL if it takes too long
  // over that.
  ~Process();

  pid_t pid() const { return pid_; }
  // What it has written so far.
  std::string out() const;
  std::string err() const;
  void Signal(int signal) const;
  void WriteInput(absl::string_view text) const;
  void CloseInput() { input_.reset(); }

  // Waits for the end. Nullopt if it does not come in time.
  std::optional<ProcessResult> Wait(absl::Duration timeout);
  // Waits until it has written `text` to standard output. False if it ends, or
  // the time does, before that.
  bool WaitForOutput(absl::string_view text,
                     absl::Duration timeout = LongEnough());
  // Processes of its group that are alive, itself included.
  std::vector<pid_t> LivingGroup() const;
  // Ends it, and then what is left of its group, by SIGTERM. Errors:
  // DeadlineExceeded if that takes so long that SIGKILL is needed.
  absl::Status EndGroup();

 private:
  Process() = default;

  pid_t pid_ = -1;
  UniqueFd pid_fd_;
  UniqueFd input_;
  UniqueFd out_;
  UniqueFd err_;
  std::optional<ProcessResult> result_;
};

// False of a process that has ended, waited for or not.
bool IsAlive(pid_t pid);

// Runs a program to its end; kills it, and those of its children that stayed
// in its process group, after `timeout`.
absl::StatusOr<ProcessResult> RunProcess(const ProcessOptions& options,
                                         absl::Duration timeout = LongEnough());

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_PROCESS_H_
