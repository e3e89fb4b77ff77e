#include "holdfast/tools/text_layout.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "holdfast/tools/text_width.h"

namespace holdfast {
namespace {

constexpr absl::string_view kGap = "  ";

// Takes `surplus` columns from the widest of those that may be cut, as far as
// their heads allow.
void Cut(std::vector<size_t>& widths, const std::vector<std::string>& heads,
         const std::vector<size_t>& may_cut, size_t surplus) {
  for (; surplus > 0; --surplus) {
    size_t* widest = nullptr;
    for (size_t i : may_cut) {
      const bool can = widths[i] > heads[i].size();
      if (can && (widest == nullptr || widths[i] > *widest)) {
        widest = &widths[i];
      }
    }
    if (widest == nullptr) return;
    --*widest;
  }
}

}  // namespace

std::string ApproximateText(absl::Duration duration) {
  const auto rounded = [duration](absl::Duration unit) {
    return (duration + unit / 2) / unit;
  };
  if (rounded(absl::Minutes(1)) < 1) return "less than a minute";
  if (rounded(absl::Minutes(1)) < 120) {
    return absl::StrCat(rounded(absl::Minutes(1)), " min");
  }
  if (rounded(absl::Hours(1)) < 48) {
    return absl::StrCat(rounded(absl::Hours(1)), " h");
  }
  return absl::StrCat(rounded(absl::Hours(24)), " days");
}

std::string RelativeText(absl::Time time, absl::Time now) {
  if (time == absl::InfiniteFuture()) return "never";
  if (time >= now) return absl::StrCat("in ", ApproximateText(time - now));
  return absl::StrCat(ApproximateText(now - time), " ago");
}

std::string DateText(absl::Time time) {
  if (time == absl::InfiniteFuture()) return "never";
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

std::string Row(absl::string_view name, absl::string_view value) {
  return absl::StrFormat("  %-13s %s\n", name, value);
}

std::string WrappedRow(absl::string_view name, absl::string_view value) {
  constexpr size_t kWidth = 80 - 16;  // what Row() leaves of a line
  std::string rows;
  std::string line;
  for (absl::string_view word : absl::StrSplit(value, ' ')) {
    if (!line.empty() && DisplayWidth(line) + 1 + DisplayWidth(word) > kWidth) {
      absl::StrAppend(&rows, Row(rows.empty() ? name : "", line));
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", word);
  }
  return absl::StrCat(rows, Row(rows.empty() ? name : "", line));
}

size_t TerminalWidth(int fd) {
  winsize size = {};
  if (isatty(fd) == 0 || ioctl(fd, TIOCGWINSZ, &size) != 0 ||
      size.ws_col == 0) {
    return kUnlimitedWidth;
  }
  return size.ws_col;
}

std::string Table(const std::vector<std::vector<std::string>>& rows,
                  const std::vector<size_t>& may_cut, size_t width) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  const size_t total =
      std::accumulate(widths.begin(), widths.end(), size_t{0}) +
      kGap.size() * (widths.size() - 1);
  if (total > width) Cut(widths, rows.front(), may_cut, total - width);
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      absl::StrAppend(&text, FittedTo(row[i], widths[i]), kGap);
    }
    absl::StrAppend(&text, row.back(), "\n");
  }
  return text;
}

}  // namespace holdfast
