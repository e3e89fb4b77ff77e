// What a probe has found, for programs.

#ifndef HOLDFAST_PROTOCOLS_PROBE_PROBE_REPORT_JSON_H_
#define HOLDFAST_PROTOCOLS_PROBE_PROBE_REPORT_JSON_H_

#include "holdfast/protocols/probe/probe.h"
#include "nlohmann/json.hpp"

namespace holdfast {

// One object of docs/command.md's array. All texts in it are printable
// (core/base/printable.h).
nlohmann::ordered_json ProbeReportJson(const ProbeReport& report);

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_PROBE_PROBE_REPORT_JSON_H_
