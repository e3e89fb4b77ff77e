#include "holdfast/core/trust/object_id.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace holdfast {

std::string ObjectIdText(absl::string_view content) {
  std::string text;
  uint64_t arc = 0;
  for (const char c : content) {
    const auto byte = static_cast<uint8_t>(c);
    arc = arc << 7 | (byte & 0x7f);
    if ((byte & 0x80) != 0) continue;
    if (text.empty()) {
      const uint64_t first = arc < 80 ? arc / 40 : 2;
      absl::StrAppend(&text, first, ".", arc - first * 40);
    } else {
      absl::StrAppend(&text, ".", arc);
    }
    arc = 0;
  }
  return text;
}

}  // namespace holdfast
