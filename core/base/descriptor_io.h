// Reading and writing descriptors of the embedder's or the user's: pipes,
// terminals, files, sockets, whether blocking or not.

#ifndef HOLDFAST_CORE_BASE_DESCRIPTOR_IO_H_
#define HOLDFAST_CORE_BASE_DESCRIPTOR_IO_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace holdfast {

struct DescriptorResult {
  enum class Kind { kDone, kWouldBlock, kFailed };

  Kind kind;
  size_t bytes = 0;      // kDone; of a read, 0 is the end of input
  int system_error = 0;  // kFailed: errno
};

// Neither ever waits, not even on a blocking descriptor, whose mode (shared
// with other processes) is left as it is. SIGPIPE is not raised for sockets;
// for a pipe it is the caller's to ignore. Only a terminal may make a write
// wait, for its user (Ctrl-S).
DescriptorResult ReadSome(int fd, absl::Span<char> buffer);
DescriptorResult WriteSome(int fd, absl::string_view data);

// The system has room for more, or a write would fail at once.
bool IsWritable(int fd);
// One end of a pipe: it can be written to, never read.
bool IsPipeForWriting(int fd);
// Nobody will ever read what is written to this pipe or socket.
bool HasNoReader(int fd);

// Tells whoever reads the other end that no more comes; sockets only.
void EndWriting(int fd);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_BASE_DESCRIPTOR_IO_H_
