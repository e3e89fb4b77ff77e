// A message of any size that is made while it is read.

#ifndef HOLDFAST_TESTS_HELPERS_GENERATED_SOURCE_H_
#define HOLDFAST_TESTS_HELPERS_GENERATED_SOURCE_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "holdfast/protocols/session/message_source.h"

namespace holdfast::test {

class GeneratedSource final : public MessageSource {
 public:
  // `pattern` again and again; ends `lacking` bytes before its size.
  GeneratedSource(uint64_t size, std::string pattern, uint64_t lacking = 0)
      : size_(size), end_(size - lacking), pattern_(std::move(pattern)) {}

  uint64_t size() const override { return size_; }
  absl::Status Rewind() override {
    read_ = 0;
    return absl::OkStatus();
  }
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    const size_t count = std::min<uint64_t>(buffer.size(), end_ - read_);
    for (size_t i = 0; i < count; ++i) {
      buffer[i] = pattern_[read_++ % pattern_.size()];
    }
    return count;
  }

 private:
  const uint64_t size_;
  const uint64_t end_;
  const std::string pattern_;
  uint64_t read_ = 0;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_GENERATED_SOURCE_H_
