// One line on a terminal that says how far a survey is, written over itself.

#ifndef HOLDFAST_TOOLS_PROBE_PROBE_PROGRESS_H_
#define HOLDFAST_TOOLS_PROBE_PROBE_PROGRESS_H_

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "holdfast/tools/text_layout.h"
#include "holdfast/tools/text_width.h"

namespace holdfast {

class ProbeProgress {
 public:
  // On standard error; does nothing if `shown` is false.
  ProbeProgress(bool shown, size_t total) : shown_(shown), total_(total) {}
  ~ProbeProgress() { Clear(); }
  ProbeProgress(const ProbeProgress&) = delete;
  ProbeProgress& operator=(const ProbeProgress&) = delete;

  // `what` is under way.
  void Show(const std::string& what) {
    what_ = what;
    if (!shown_) return;
    const size_t columns = std::min<size_t>(TerminalWidth(STDERR_FILENO), 120);
    std::cerr << absl::StrCat("\r", FittedTo(Bar() + what_, columns - 1));
    visible_ = true;
  }
  void TargetDone() {
    ++done_;
    Show(what_);
  }
  // For something else to be written.
  void Clear() {
    if (visible_) std::cerr << "\r\x1b[K";  // ECMA-48: erase in line
    visible_ = false;
  }

 private:
  // "[####......] 4/10 "; empty if there is only one.
  std::string Bar() const {
    constexpr size_t kCells = 20;
    if (total_ < 2) return "";
    const size_t full = kCells * done_ / total_;
    return absl::StrCat("[", std::string(full, '#'),
                        std::string(kCells - full, '.'), "] ", done_, "/",
                        total_, " ");
  }

  const bool shown_;
  const size_t total_;
  size_t done_ = 0;
  bool visible_ = false;
  std::string what_;
};

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_PROBE_PROBE_PROGRESS_H_
