#include "holdfast/tools/secret_command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast {
namespace {

constexpr size_t kMostBytes = 64 * 1024;

absl::Status Unreadable(absl::string_view why) {
  return MakeStatus(
      ErrorCode::kCredentialsUnreadable, Phase::kSetup,
      absl::StrCat("The command for the password or token ", why, "."));
}

// Ctrl-C reaches the commands of a terminal by itself, and in our group they
// may ask there. Elsewhere a group of its own lets all of a command be ended.
bool HasTerminal() {
  return UniqueFd(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)).valid();
}

// Returns 0, or errno. Its output goes to `out`.
int Spawn(const std::string& command, bool quiet, bool own_group, int out,
          pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                   O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  if (quiet) {
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
                                     O_WRONLY, 0);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // We block signals that are to end it, and may ignore SIGPIPE.
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigaddset(&signals, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(
      &attributes,
      static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                         (own_group ? POSIX_SPAWN_SETPGROUP : 0)));
  char shell[] = "sh", option[] = "-c";
  char* const arguments[] = {shell, option, const_cast<char*>(command.c_str()),
                             nullptr};
  const int error =
      posix_spawn(pid, "/bin/sh", &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

class SecretCommandImpl final : public SecretCommand {
 public:
  SecretCommandImpl(EventLoop* loop,
                    std::function<void(absl::StatusOr<SecretString>)> on_done)
      : loop_(loop), on_done_(std::move(on_done)) {}

  ~SecretCommandImpl() override {
    if (pid_ > 0) kill(own_group_ ? -pid_ : pid_, SIGTERM);
    Wipe(&output_);
  }

  void Run(const std::string& command, bool quiet) {
    int ends[2];
    int error = pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0 ? 0 : errno;
    if (error == 0) {
      read_end_ = UniqueFd(ends[0]);
      const UniqueFd write_end(ends[1]);
      fcntl(write_end.get(), F_SETFL, 0);  // the command may wait
      error = Spawn(command, quiet, own_group_, write_end.get(), &pid_);
    }
    if (error == 0) {
      pid_fd_ = UniqueFd(
          static_cast<int>(syscall(SYS_pidfd_open, pid_, /*flags=*/0)));
      error = pid_fd_.valid() ? 0 : errno;
    }
    if (error != 0) {
      failure_ = loop_->StartTimer(absl::ZeroDuration(), [this, error] {
        Finish(Unreadable(absl::StrCat("cannot be run: ",
                                       std::system_category().message(error))));
      });
      return;
    }
    output_watch_ =
        loop_->Watch(read_end_.get(), Interest::kRead, [this] { ReadSome(); });
    exit_watch_ =
        loop_->Watch(pid_fd_.get(), Interest::kRead, [this] { OnExit(); });
  }

 private:
  // What a pipe holds, and no more: a command may never stop. What is too much
  // is read too, so that it can end.
  void ReadSome() {
    ssize_t got = 0;
    size_t all_got = 0;
    do {
      if (size_ == output_.size()) {
        too_much_ = true;
        size_ = 0;
      }
      got = read(read_end_.get(), &output_[size_], output_.size() - size_);
      if (got <= 0) break;
      size_ += static_cast<size_t>(got);
      all_got += static_cast<size_t>(got);
    } while (all_got <= kMostBytes);
    if (got == 0) output_watch_.reset();
  }

  // Whoever still holds the pipe open is not waited for.
  void OnExit() {
    ReadSome();
    int status = 0;
    waitpid(std::exchange(pid_, 0), &status, /*options=*/0);
    if (!WIFEXITED(status)) {
      return Finish(
          Unreadable(absl::StrCat("was ended by signal ", WTERMSIG(status))));
    }
    if (WEXITSTATUS(status) != 0) {
      return Finish(Unreadable(
          absl::StrCat("ended with exit status ", WEXITSTATUS(status))));
    }
    if (too_much_) return Finish(Unreadable("printed too much"));
    SecretString line(FirstLine(absl::string_view(output_).substr(0, size_)));
    if (line.empty()) return Finish(Unreadable("printed no first line"));
    Finish(std::move(line));
  }

  void Finish(absl::StatusOr<SecretString> result) {
    output_watch_.reset();
    exit_watch_.reset();
    failure_.reset();
    // May destroy *this.
    const auto on_done = std::move(on_done_);
    on_done(std::move(result));
  }

  EventLoop* const loop_;
  std::function<void(absl::StatusOr<SecretString>)> on_done_;
  const bool own_group_ = !HasTerminal();
  pid_t pid_ = 0;  // 0 once it has ended
  UniqueFd read_end_;
  UniqueFd pid_fd_;
  // Of its final size: a string that grows leaves what it held behind.
  std::string output_ = std::string(kMostBytes, '\0');
  size_t size_ = 0;
  bool too_much_ = false;
  std::unique_ptr<EventLoop::Registration> output_watch_;
  std::unique_ptr<EventLoop::Registration> exit_watch_;
  std::unique_ptr<EventLoop::Registration> failure_;
};

}  // namespace

absl::string_view FirstLine(absl::string_view text) {
  return absl::StripSuffix(text.substr(0, text.find('\n')), "\r");
}

std::unique_ptr<SecretCommand> SecretCommand::Start(
    EventLoop* loop, const std::string& command, bool quiet,
    std::function<void(absl::StatusOr<SecretString>)> on_done) {
  auto started = std::make_unique<SecretCommandImpl>(loop, std::move(on_done));
  started->Run(command, quiet);
  return started;
}

}  // namespace holdfast
