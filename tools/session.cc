#include "holdfast/tools/session.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace holdfast {
namespace {

// A server that works on an answer says something every ten seconds at the
// latest (Dovecot's "Hang in there.."). One that has been silent for longer
// waits for us.
constexpr absl::Duration kSilence = absl::Seconds(15);

}  // namespace

std::unique_ptr<Relay> StartSession(EventLoop* loop,
                                    std::unique_ptr<Connection> connection,
                                    absl::string_view greeting,
                                    std::function<void(RelayResult)> on_done) {
  // A reader that goes away is seen by the failing write.
  signal(SIGPIPE, SIG_IGN);
  RelayOptions options;
  options.from = STDIN_FILENO;
  options.to = STDOUT_FILENO;
  options.prelude = absl::StrCat(greeting, "\r\n");
  options.add_cr = isatty(STDIN_FILENO) != 0;
  options.silence_before_end = kSilence;
  return Relay::Start(loop, std::move(connection), std::move(options),
                      std::move(on_done));
}

void HoldStandardDescriptors() {
  int fd;
  do {
    fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  close(fd);
}

}  // namespace holdfast
