// Two connected non-blocking sockets, and bytes in and out of one of them.

#ifndef HOLDFAST_TESTS_HELPERS_SOCKET_PAIR_H_
#define HOLDFAST_TESTS_HELPERS_SOCKET_PAIR_H_

#include <sys/socket.h>

#include <string>

#include "gtest/gtest.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast {

struct SocketPair {
  SocketPair() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    client.reset(fds[0]);
    server.reset(fds[1]);
  }

  UniqueFd client;
  UniqueFd server;
};

// All that waits to be read.
inline std::string ReadAll(const UniqueFd& fd) {
  std::string bytes;
  char buffer[4096];
  while (true) {
    const ssize_t got = recv(fd.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(got));
  }
}

inline void SendAll(const UniqueFd& fd, const std::string& bytes) {
  EXPECT_EQ(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

}  // namespace holdfast

#endif  // HOLDFAST_TESTS_HELPERS_SOCKET_PAIR_H_
