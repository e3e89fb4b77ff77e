// Preloaded into a process, it makes every name look-up hang.

#include <netdb.h>
#include <unistd.h>

extern "C" int getaddrinfo(const char*, const char*, const addrinfo*,
                           addrinfo**) {
  while (true) pause();
}
