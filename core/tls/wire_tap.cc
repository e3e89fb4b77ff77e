// The tap proper, and below it the table of functions by which NSPR sees it.

#include "holdfast/core/tls/wire_tap.h"

#include <nspr.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace holdfast {
namespace {

constexpr size_t kBufferSize = 16 * 1024;
constexpr size_t kFirstBytesKept = 64;
constexpr size_t kRecordHeader = 5;
// Of a ClientHello in its record, up to the end of its random: headers of the
// record and the message, and the version come before it (RFC 8446, 4.1.2).
constexpr size_t kRandomSize = 32;
constexpr size_t kSentPrefix = kRecordHeader + 4 + 2 + kRandomSize;

using StreamEnd = HandshakeEvidence::StreamEnd;

PRErrorCode NsprErrorFromErrno(int error) {
  switch (error) {
    case EAGAIN:
      return PR_WOULD_BLOCK_ERROR;
    case ECONNRESET:
    case EPIPE:
      return PR_CONNECT_RESET_ERROR;
    case ETIMEDOUT:
      return PR_IO_TIMEOUT_ERROR;
    case EHOSTUNREACH:
      return PR_HOST_UNREACHABLE_ERROR;
    case ENETUNREACH:
    case ENETDOWN:
      return PR_NETWORK_UNREACHABLE_ERROR;
    case ENOBUFS:
    case ENOMEM:
      return PR_INSUFFICIENT_RESOURCES_ERROR;
    default:
      return PR_IO_ERROR;
  }
}

// The result of a system call that moves bytes, as NSPR has it.
int Report(ssize_t result) {
  if (result >= 0) return static_cast<int>(result);
  PR_SetError(NsprErrorFromErrno(errno), errno);
  return -1;
}

template <typename Call>
ssize_t RetryInterrupted(const Call& call) {
  ssize_t result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace

int WireTap::Receive(char* buffer, int size) {
  if (is_not_tls()) {
    ReadAhead();
    PR_SetError(PR_WOULD_BLOCK_ERROR, 0);
    return -1;
  }
  if (buffered() == 0) {
    const int got = Fill();
    if (got <= 0) return got;
    if (is_not_tls()) return Receive(buffer, size);
  }
  const size_t count = std::min(buffered(), static_cast<size_t>(size));
  std::memcpy(buffer, buffer_.get() + begin_, count);
  begin_ += count;
  return static_cast<int>(count);
}

int WireTap::Send(const char* data, int size) {
  const int sent = Report(RetryInterrupted([&] {
    return ::send(fd_.get(), data, static_cast<size_t>(size), MSG_NOSIGNAL);
  }));
  if (sent < 0 && PR_GetError() == PR_CONNECT_RESET_ERROR) {
    stream_end_ = StreamEnd::kReset;
    // What the server sent before is still there to be read, and may say why:
    // TLS shall read it, and then the reset. (Also, NSS 3.87 leaks a hello that
    // cannot be sent.)
    if (in_tls_ && bytes_sent_ == 0) PR_SetError(PR_WOULD_BLOCK_ERROR, 0);
  }
  if (sent <= 0) return sent;
  if (!in_tls_) used_in_clear_ = true;
  bytes_sent_ += static_cast<uint64_t>(sent);
  const auto count = static_cast<size_t>(sent);
  first_sent_.append(data, std::min(count, kSentPrefix - first_sent_.size()));
  return sent;
}

void WireTap::EndSending() { ::shutdown(fd_.get(), SHUT_WR); }

void WireTap::BeginTls() {
  in_tls_ = true;
  bytes_received_ = 0;
  bytes_sent_ = 0;
  first_bytes_.clear();
  first_sent_.clear();
}

void WireTap::ReadAhead() {
  while (Fill() > 0) {
  }
}

bool WireTap::HasUnreadBytes() const {
  char byte;
  return buffered() > 0 ||
         ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool WireTap::is_not_tls() const {
  // The types of a record are 20 to 23 (RFC 8446, 5.1).
  return in_tls_ && !first_bytes_.empty() &&
         (first_bytes_[0] < 0x14 || first_bytes_[0] > 0x17);
}

bool WireTap::can_judge_bytes() const {
  return first_bytes_.size() >= kRecordHeader ||
         first_bytes_.find('\n') != std::string::npos ||
         stream_end_ != StreamEnd::kOpen;
}

absl::string_view WireTap::client_random() const {
  if (first_sent_.size() < kSentPrefix) return {};
  return absl::string_view(first_sent_).substr(kSentPrefix - kRandomSize);
}

size_t WireTap::hello_size() const {
  if (first_sent_.size() < kRecordHeader) return 0;
  return kRecordHeader + (static_cast<uint8_t>(first_sent_[3]) << 8 |
                          static_cast<uint8_t>(first_sent_[4]));
}

// Reads once from the kernel behind what is buffered. Returns as Receive; -1
// and PR_WOULD_BLOCK_ERROR also if the buffer is full.
int WireTap::Fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (buffer_ == nullptr) buffer_ = std::make_unique<char[]>(kBufferSize);
  if (end_ == kBufferSize) {
    PR_SetError(PR_WOULD_BLOCK_ERROR, 0);
    return -1;
  }
  const int got = Report(RetryInterrupted([&] {
    return ::recv(fd_.get(), buffer_.get() + end_, kBufferSize - end_, 0);
  }));
  if (got > 0) {
    const absl::string_view bytes(buffer_.get() + end_,
                                  static_cast<size_t>(got));
    end_ += bytes.size();
    Observe(bytes);
    return got;
  }
  if (buffered() == 0) buffer_.reset();
  if (got == 0 && stream_end_ == StreamEnd::kReset) {
    // The kernel tells of a reset once, and of an orderly end from then on.
    PR_SetError(PR_CONNECT_RESET_ERROR, ECONNRESET);
    return -1;
  }
  if (got == 0) {
    stream_end_ = StreamEnd::kEof;
  } else if (PR_GetError() == PR_CONNECT_RESET_ERROR) {
    stream_end_ = StreamEnd::kReset;
  }
  return got;
}

void WireTap::Observe(absl::string_view bytes) {
  if (!in_tls_) used_in_clear_ = true;
  bytes_received_ += bytes.size();
  const absl::string_view kept =
      bytes.substr(0, kFirstBytesKept - first_bytes_.size());
  first_bytes_.append(kept.data(), kept.size());
  if (in_tls_) parser_.Feed(bytes);
}

namespace {

WireTap* TapOf(PRFileDesc* layer) {
  return reinterpret_cast<WireTap*>(layer->secret);
}

PRStatus Close(PRFileDesc* layer) {
  layer->dtor(layer);  // the socket itself is the tap's
  return PR_SUCCESS;
}

PRInt32 Read(PRFileDesc* layer, void* buffer, PRInt32 size) {
  return TapOf(layer)->Receive(static_cast<char*>(buffer), size);
}

PRInt32 Write(PRFileDesc* layer, const void* data, PRInt32 size) {
  return TapOf(layer)->Send(static_cast<const char*>(data), size);
}

PRInt32 Recv(PRFileDesc* layer, void* buffer, PRInt32 size, PRIntn flags,
             PRIntervalTime) {
  if (flags == 0) return Read(layer, buffer, size);
  PR_SetError(PR_OPERATION_NOT_SUPPORTED_ERROR, 0);
  return -1;
}

PRInt32 Send(PRFileDesc* layer, const void* data, PRInt32 size, PRIntn,
             PRIntervalTime) {
  return Write(layer, data, size);
}

PRStatus Shutdown(PRFileDesc* layer, PRIntn how) {
  if (how != PR_SHUTDOWN_RCV) TapOf(layer)->EndSending();
  return PR_SUCCESS;
}

// Nothing is known to be ready; whoever asks is told to wait as it asked.
PRInt16 Poll(PRFileDesc*, PRInt16 wanted, PRInt16* ready) {
  *ready = 0;
  return wanted;
}

// NSS asks for the peer only to look up sessions by it, in a cache that is not
// used, but takes none but internet addresses.
PRStatus GetName(PRFileDesc*, PRNetAddr* address) {
  return PR_InitializeNetAddr(PR_IpAddrLoopback, 0, address);
}

PRStatus GetSocketOption(PRFileDesc*, PRSocketOptionData* data) {
  if (data->option == PR_SockOpt_Nonblocking) {
    data->value.non_blocking = PR_TRUE;
    return PR_SUCCESS;
  }
  PR_SetError(PR_OPERATION_NOT_SUPPORTED_ERROR, 0);
  return PR_FAILURE;
}

// The only one that NSS sets is TCP_NODELAY, which the dialer has set.
PRStatus SetSocketOption(PRFileDesc*, const PRSocketOptionData*) {
  return PR_SUCCESS;
}

// What TLS needs of the layer below; the rest stays null.
PRIOMethods MakeMethods() {
  PRIOMethods methods = {};
  methods.file_type = PR_DESC_LAYERED;
  methods.close = Close;
  methods.read = Read;
  methods.write = Write;
  methods.shutdown = Shutdown;
  methods.recv = Recv;
  methods.send = Send;
  methods.poll = Poll;
  methods.getsockname = GetName;
  methods.getpeername = GetName;
  methods.getsocketoption = GetSocketOption;
  methods.setsocketoption = SetSocketOption;
  return methods;
}

}  // namespace

PRFileDesc* WireTap::NewLayer() {
  static const PRIOMethods methods = MakeMethods();
  static const PRDescIdentity identity =
      PR_GetUniqueIdentity("holdfast wire tap");
  PRFileDesc* layer = PR_CreateIOLayerStub(identity, &methods);
  if (layer != nullptr) {
    layer->secret = reinterpret_cast<PRFilePrivate*>(this);
  }
  return layer;
}

}  // namespace holdfast
