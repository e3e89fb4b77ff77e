#include "holdfast/tests/helpers/terminal.h"

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast::test {

TerminalResult RunOnTerminal(const std::vector<std::string>& arguments,
                             int columns, absl::string_view input) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  winsize size = {};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  int terminal = -1;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, &size);
  if (pid == 0) {
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  TerminalResult result;
  const UniqueFd master(terminal);
  if (pid < 0) {
    ADD_FAILURE() << "there is no terminal to be had";
    return result;
  }
  EXPECT_EQ(write(terminal, input.data(), input.size()),
            static_cast<ssize_t>(input.size()));
  char buffer[4096];
  // A terminal that nobody has open any more ends with EIO.
  for (ssize_t n; (n = read(terminal, buffer, sizeof buffer)) > 0;) {
    result.text.append(buffer, static_cast<size_t>(n));
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

}  // namespace holdfast::test
