// SPDX-License-Identifier: MPL-2.0

// A file descriptor that is closed when its owner goes.

#ifndef HOLDFAST_CORE_BASE_UNIQUE_FD_H_
#define HOLDFAST_CORE_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

#pragma GCC visibility push(default)
namespace holdfast {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_BASE_UNIQUE_FD_H_
