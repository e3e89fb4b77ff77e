#include "holdfast/protocols/session/exchange.h"

namespace holdfast {

std::optional<absl::string_view> TakeLine(absl::string_view* bytes) {
  const size_t end = bytes->find('\n');
  if (end == absl::string_view::npos) return std::nullopt;
  absl::string_view line = bytes->substr(0, end);
  bytes->remove_prefix(end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

}  // namespace holdfast
