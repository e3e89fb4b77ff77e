#include "holdfast/protocols/session/message_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast {
namespace {

class StringSource final : public MessageSource {
 public:
  explicit StringSource(std::string message) : message_(std::move(message)) {}

  uint64_t size() const override { return message_.size(); }
  absl::Status Rewind() override {
    read_ = 0;
    return absl::OkStatus();
  }
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    const size_t count = message_.copy(buffer.data(), buffer.size(), read_);
    read_ += count;
    return count;
  }

 private:
  const std::string message_;
  size_t read_ = 0;
};

absl::Status Unreadable(const std::string& path, absl::string_view why) {
  return MakeStatus(ErrorCode::kMessageUnreadable, Phase::kSetup,
                    absl::StrCat(path, ": ", why));
}

class FileSource final : public MessageSource {
 public:
  FileSource(UniqueFd fd, std::string path, uint64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

  uint64_t size() const override { return size_; }
  absl::Status Rewind() override {
    read_ = 0;
    return absl::OkStatus();
  }
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;

 private:
  absl::Status CheckSize() const;

  const UniqueFd fd_;
  const std::string path_;
  const uint64_t size_;
  uint64_t read_ = 0;
};

absl::Status FileSource::CheckSize() const {
  struct stat status;
  if (fstat(fd_.get(), &status) != 0) {
    return Unreadable(path_, std::strerror(errno));
  }
  return static_cast<uint64_t>(status.st_size) == size_
             ? absl::OkStatus()
             : Unreadable(path_, "its size has changed");
}

// Looks at the size before each piece: what was promised to the server cannot
// be taken back, and the last byte makes the command take effect.
absl::StatusOr<size_t> FileSource::Read(absl::Span<char> buffer) {
  if (absl::Status checked = CheckSize(); !checked.ok()) return checked;
  const size_t wanted = std::min<uint64_t>(buffer.size(), size_ - read_);
  if (wanted == 0) return 0;
  ssize_t count;
  do {
    count = pread(fd_.get(), buffer.data(), wanted, static_cast<off_t>(read_));
  } while (count < 0 && errno == EINTR);
  if (count < 0) return Unreadable(path_, std::strerror(errno));
  if (count == 0) return Unreadable(path_, "its size has changed");
  read_ += static_cast<uint64_t>(count);
  return static_cast<size_t>(count);
}

}  // namespace

std::unique_ptr<MessageSource> NewStringSource(std::string message) {
  return std::make_unique<StringSource>(std::move(message));
}

absl::StatusOr<std::unique_ptr<MessageSource>> OpenFileSource(
    const std::string& path) {
  // Non-blocking, so that a pipe without a writer is refused, not waited for.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status;
  if (!fd.valid() || fstat(fd.get(), &status) != 0) {
    return Unreadable(path, std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) return Unreadable(path, "it is not a file");
  return std::make_unique<FileSource>(std::move(fd), path,
                                      static_cast<uint64_t>(status.st_size));
}

}  // namespace holdfast
