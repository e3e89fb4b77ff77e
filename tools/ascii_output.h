// Standard output and error where the locale is not one of UTF-8.

#ifndef HOLDFAST_TOOLS_ASCII_OUTPUT_H_
#define HOLDFAST_TOOLS_ASCII_OUTPUT_H_

#include <ostream>
#include <streambuf>
#include <string>

#include "absl/strings/string_view.h"
#include "holdfast/core/base/printable.h"

namespace holdfast {

// While it lives, what is written to `stream` and is not ASCII becomes escapes.
// Texts are written as a whole, so that no character comes in parts.
class AsciiOutput {
 public:
  explicit AsciiOutput(std::ostream* stream)
      : stream_(stream), filter_(stream->rdbuf()) {
    stream_->rdbuf(&filter_);
  }
  ~AsciiOutput() { stream_->rdbuf(filter_.target()); }
  AsciiOutput(const AsciiOutput&) = delete;
  AsciiOutput& operator=(const AsciiOutput&) = delete;

 private:
  class Filter : public std::streambuf {
   public:
    explicit Filter(std::streambuf* target) : target_(target) {}
    std::streambuf* target() const { return target_; }

   private:
    std::streamsize xsputn(const char* text, std::streamsize size) override {
      const std::string ascii =
          AsciiOnly(absl::string_view(text, static_cast<size_t>(size)));
      const auto all = static_cast<std::streamsize>(ascii.size());
      return target_->sputn(ascii.data(), all) == all ? size : 0;
    }
    int_type overflow(int_type c) override {
      if (traits_type::eq_int_type(c, traits_type::eof())) return 0;
      const char character = traits_type::to_char_type(c);
      return xsputn(&character, 1) == 1 ? c : traits_type::eof();
    }
    int sync() override { return target_->pubsync(); }

    std::streambuf* const target_;
  };

  std::ostream* const stream_;
  Filter filter_;
};

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_ASCII_OUTPUT_H_
