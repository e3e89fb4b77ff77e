#include "holdfast/core/base/descriptor_io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace holdfast {
namespace {

// Which of `events` (error and hang-up included) are there now.
short ReadyEvents(int fd, short events) {
  pollfd entry = {fd, events, 0};
  return poll(&entry, 1, /*timeout=*/0) > 0 ? entry.revents : 0;
}

DescriptorResult FromReturnValue(ssize_t result) {
  using Kind = DescriptorResult::Kind;
  if (result >= 0) return {Kind::kDone, static_cast<size_t>(result), 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    return {Kind::kWouldBlock, 0, 0};
  }
  return {Kind::kFailed, 0, errno};
}

}  // namespace

DescriptorResult ReadSome(int fd, absl::Span<char> buffer) {
  if (ReadyEvents(fd, POLLIN) == 0) {
    return {DescriptorResult::Kind::kWouldBlock, 0, 0};
  }
  return FromReturnValue(read(fd, buffer.data(), buffer.size()));
}

DescriptorResult WriteSome(int fd, absl::string_view data) {
  const ssize_t sent =
      send(fd, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0 || errno != ENOTSOCK) return FromReturnValue(sent);
  if (!IsWritable(fd)) return {DescriptorResult::Kind::kWouldBlock, 0, 0};
  // A pipe that is ready takes at least this much without blocking (pipe(7)).
  return FromReturnValue(
      write(fd, data.data(), data.substr(0, PIPE_BUF).size()));
}

bool IsWritable(int fd) { return ReadyEvents(fd, POLLOUT) != 0; }

bool IsPipeForWriting(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) &&
         (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
}

bool HasNoReader(int fd) {
  return (ReadyEvents(fd, 0) & (POLLERR | POLLHUP)) != 0;
}

void EndWriting(int fd) { shutdown(fd, SHUT_WR); }

}  // namespace holdfast
