// Text for people: rows, tables, dates and durations.

#ifndef HOLDFAST_TOOLS_TEXT_LAYOUT_H_
#define HOLDFAST_TOOLS_TEXT_LAYOUT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace holdfast {

// "5 min", "24 h", "30 days": one unit, rounded to the nearest, for reading.
std::string ApproximateText(absl::Duration duration);
// "in 5 min", "2 h ago", "never" (the infinite future).
std::string RelativeText(absl::Time time, absl::Time now);
// "2027-01-15 08:00 UTC".
std::string DateText(absl::Time time);

// An indented line with a name and a value.
std::string Row(absl::string_view name, absl::string_view value);
// The same, with line ends between words so that no line is longer than 80.
std::string WrappedRow(absl::string_view name, absl::string_view value);

// The columns of the terminal on `fd`; unlimited if it is none.
inline constexpr size_t kUnlimitedWidth = static_cast<size_t>(-1);
size_t TerminalWidth(int fd);

// A table with columns as wide as their widest cell; the first row is its head.
// If that is more than `width`, the widest of the columns that `may_cut` names
// are cut, with an ellipsis, but not below their heads.
std::string Table(const std::vector<std::vector<std::string>>& rows,
                  const std::vector<size_t>& may_cut, size_t width);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_TEXT_LAYOUT_H_
