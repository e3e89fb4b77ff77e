// A sink that keeps lines.

#ifndef HOLDFAST_TESTS_HELPERS_LINES_SINK_H_
#define HOLDFAST_TESTS_HELPERS_LINES_SINK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "holdfast/protocols/session/text_block.h"

namespace holdfast::test {

class LinesSink final : public BlockSink {
 public:
  void Begin() override { lines.clear(); }
  absl::Status Add(absl::string_view line) override {
    lines.emplace_back(line);
    return absl::OkStatus();
  }

  std::vector<std::string> lines;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_LINES_SINK_H_
