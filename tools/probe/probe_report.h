// What probes have found, for people and for programs.

#ifndef HOLDFAST_TOOLS_PROBE_PROBE_REPORT_H_
#define HOLDFAST_TOOLS_PROBE_PROBE_REPORT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "holdfast/protocols/probe/probe.h"
#include "holdfast/protocols/probe/probe_report_json.h"
#include "holdfast/tools/painter.h"

namespace holdfast {

// A table with a row for each, then each in words; ends with a line end.
std::string ProbeReportText(const std::vector<ProbeReport>& reports,
                            size_t width, const Painter& paint = Painter());
// A target as people write it: "imaps://bücher.example:993".
std::string ShownTarget(const Target& target);
// One line for a survey; the target takes `target_width` columns.
std::string SurveyLineText(const ProbeReport& report, size_t target_width,
                           const Painter& paint = Painter());
// "12 targets in 8 s: 9 healthy, 3 intolerant (2 of TLS 1.3, 1 of ALPN)."
std::string SurveySummaryText(const std::vector<ProbeReport>& reports,
                              absl::Duration taken);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_PROBE_PROBE_REPORT_H_
