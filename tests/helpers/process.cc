#include "holdfast/tests/helpers/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say so itself
}

extern char** environ;

namespace holdfast::test {
namespace {

// A file that exists only in memory.
UniqueFd MemoryFile(absl::string_view content = "") {
  UniqueFd fd(memfd_create("holdfast-test", MFD_CLOEXEC));
  while (!content.empty()) {
    const ssize_t count = write(fd.get(), content.data(), content.size());
    if (count < 0) std::abort();
    content.remove_prefix(static_cast<size_t>(count));
  }
  lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

// The whole file, its read position left alone.
std::string Content(int fd) {
  std::string content;
  char buffer[4096];
  while (true) {
    const ssize_t count =
        pread(fd, buffer, sizeof buffer, static_cast<off_t>(content.size()));
    if (count <= 0) return content;
    content.append(buffer, static_cast<size_t>(count));
  }
}

// This process's environment, `changes` made.
std::vector<std::string> Environment(
    const std::map<std::string, std::string>& changes) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string name(*entry, strcspn(*entry, "="));
    if (changes.count(name) == 0) result.push_back(*entry);
  }
  for (const auto& [name, value] : changes) {
    result.push_back(absl::StrCat(name, "=", value));
  }
  return result;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The child's way to its program; returns only if that fails. Between fork and
// exec there are system calls only: other threads may hold any lock.
void Exec(char* const* arguments, char* const* environment,
          const int descriptors[3], pid_t parent) {
  setpgid(0, 0);
  // A test that crashes must not leave its servers behind.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) return;
  // This process may ignore or block signals (NSS ignores SIGPIPE); its
  // children shall start as from a shell.
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int fd = 0; fd < 3; ++fd) dup2(descriptors[fd], fd);
  execvpe(arguments[0], arguments, environment);
}

// Starts a program with these as its first three descriptors. Returns an errno.
int Spawn(const ProcessOptions& options, const int descriptors[3], pid_t* pid) {
  std::vector<std::string> arguments = options.arguments;
  std::vector<std::string> environment = Environment(options.environment);
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  int report[2];  // closed by a successful exec, else told its errno
  if (pipe2(report, O_CLOEXEC) != 0) return errno;
  const UniqueFd reader(report[0]);
  UniqueFd writer(report[1]);
  const pid_t parent = getpid();
  *pid = fork();
  if (*pid == 0) {
    Exec(argument_pointers.data(), environment_pointers.data(), descriptors,
         parent);
    const int error = errno;
    _exit(write(writer.get(), &error, sizeof error) > 0 ? 127 : 126);
  }
  writer.reset();
  int error = *pid < 0 ? errno : 0;
  if (read(reader.get(), &error, sizeof error) > 0) waitpid(*pid, nullptr, 0);
  return error;
}

// The process group of `pid`; nullopt if it is dead or a zombie.
std::optional<pid_t> LivingGroupOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string stat;
  std::getline(file, stat);
  const size_t name_end = stat.rfind(')');  // a name may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  char state;
  int parent, group;
  if (sscanf(stat.c_str() + name_end + 1, " %c %d %d", &state, &parent,
             &group) != 3 ||
      state == 'Z' || state == 'X') {
    return std::nullopt;
  }
  return group;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Process>> Process::Start(
    const ProcessOptions& options) {
  std::unique_ptr<Process> process(new Process());
  process->out_ = MemoryFile();
  process->err_ = MemoryFile();
  UniqueFd input;
  if (options.input) {
    input = MemoryFile(*options.input);
  } else {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
      return absl::InternalError("no socket pair");
    }
    input.reset(pair[0]);
    process->input_.reset(pair[1]);
  }
  const int descriptors[] = {input.get(), process->out_.get(),
                             process->err_.get()};
  if (const int error = Spawn(options, descriptors, &process->pid_)) {
    process->pid_ = -1;
    return absl::NotFoundError(
        absl::StrCat(options.arguments[0], ": ", strerror(error)));
  }
  process->pid_fd_.reset(pidfd_open(process->pid_, 0));
  return process;
}

Process::~Process() {
  if (pid_ < 0) return;
  Signal(SIGTERM);
  if (Wait(Scaled(absl::Seconds(5)))) return;
  Signal(SIGKILL);
  Wait(absl::InfiniteDuration());
}

std::string Process::out() const { return Content(out_.get()); }
std::string Process::err() const { return Content(err_.get()); }

void Process::Signal(int signal) const {
  if (!result_) kill(pid_, signal);
}

void Process::WriteInput(absl::string_view text) const {
  send(input_.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

std::optional<ProcessResult> Process::Wait(absl::Duration timeout) {
  if (result_) return result_;
  const int milliseconds =
      timeout == absl::InfiniteDuration()
          ? -1
          : static_cast<int>(absl::ToInt64Milliseconds(timeout));
  pollfd ended = {pid_fd_.get(), POLLIN, 0};
  if (poll(&ended, 1, milliseconds) != 1) return std::nullopt;
  int status = 0;
  waitpid(pid_, &status, 0);
  ProcessResult result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.out = out();
  result.err = err();
  result_ = result;
  return result_;
}

bool Process::WaitForOutput(absl::string_view text, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (true) {
    const bool ended = Wait(absl::Milliseconds(10)).has_value();
    if (absl::StrContains(out(), text)) return true;
    if (ended || absl::Now() >= deadline) return false;
  }
}

std::vector<pid_t> Process::LivingGroup() const {
  std::vector<pid_t> living;
  DIR* directory = opendir("/proc");
  while (const dirent* entry = readdir(directory)) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(entry->d_name, &pid) && LivingGroupOf(pid) == pid_) {
      living.push_back(pid);
    }
  }
  closedir(directory);
  return living;
}

absl::Status Process::EndGroup() {
  const absl::Time deadline = absl::Now() + LongEnough();
  Signal(SIGTERM);
  Wait(deadline - absl::Now());
  std::vector<pid_t> living = LivingGroup();
  for (const pid_t pid : living) kill(pid, SIGTERM);
  while (!living.empty() && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
    living = LivingGroup();
  }
  for (const pid_t pid : living) kill(pid, SIGKILL);
  if (living.empty()) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("had to be killed: ", absl::StrJoin(living, " ")));
}

bool IsAlive(pid_t pid) { return LivingGroupOf(pid).has_value(); }

absl::StatusOr<ProcessResult> RunProcess(const ProcessOptions& options,
                                         absl::Duration timeout) {
  absl::StatusOr<std::unique_ptr<Process>> process = Process::Start(options);
  if (!process.ok()) return process.status();
  if (std::optional<ProcessResult> result = (*process)->Wait(timeout)) {
    return *std::move(result);
  }
  kill(-(*process)->pid(), SIGKILL);
  ProcessResult result = *(*process)->Wait(absl::InfiniteDuration());
  result.timed_out = true;
  return result;
}

}  // namespace holdfast::test
