#include "holdfast/core/trust/pem.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace holdfast {

std::optional<std::vector<std::string>> ParsePem(absl::string_view text,
                                                 absl::string_view label) {
  const std::string begin_line = absl::StrCat("-----BEGIN ", label, "-----");
  const std::string end_line = absl::StrCat("-----END ", label, "-----");
  std::vector<std::string> blocks;
  while (true) {
    const size_t begin = text.find(begin_line);
    if (begin == absl::string_view::npos) return blocks;
    text.remove_prefix(begin + begin_line.size());
    const size_t end = text.find(end_line);
    std::string der;
    if (end == absl::string_view::npos ||
        !absl::Base64Unescape(text.substr(0, end), &der)) {
      return std::nullopt;
    }
    blocks.push_back(std::move(der));
    text.remove_prefix(end + end_line.size());
  }
}

}  // namespace holdfast
